//! What holds of every policy and all evidence.

use proptest::prelude::*;
use weightlock_artifact::evidence::Kind;
use weightlock_bom::slsa::Level;
use weightlock_policy::{
    Decision, Document, Evidence, LayerKind, Mode, Policy, Situation, WaiverList,
    evidence::{
        AdvisoryMatch, AdvisoryReport, ApprovalFact, CardFact, Content, Describes, EvaluationFact, Holds,
        Measured, ReviewFact, ScanFact, StatementFact,
    },
    judge,
};

use weightlock_scan::Severity;

use crate::given::{
    DEMANDS, PEOPLE, WORDS, advisories, by, digest, good, judged, layer, now, policy, statement,
};

/// Some of the demands, by line.
fn demands(which: &[bool]) -> String {
    let lines: Vec<&str> = DEMANDS.trim().lines().collect();
    let some = lines.iter().zip(which).filter(|(_, wanted)| **wanted);
    some.map(|(line, _)| format!("{line}\n")).collect()
}

const LINES: usize = 14;

/// Evidence of which parts are missing.
fn without(gone: &[bool]) -> Evidence {
    let mut evidence = good();
    let mut number = 0;
    evidence.statements.retain(|_| {
        number += 1;
        !gone[number - 1]
    });
    if gone[8] {
        evidence.advisories.clear();
    }
    if gone[9] {
        evidence.model.revision = None;
    }
    if gone[10] {
        evidence.model.licenses.clear();
    }
    evidence
}

/// What somebody whose word does not count could put beside it.
fn foreign() -> impl Strategy<Value = StatementFact> {
    let content = prop_oneof![
        Just((Kind::Oms, Content::Signature)),
        Just((Kind::Scan, Content::Scan(ScanFact::default()))),
        Just((
            Kind::Scan,
            Content::Scan(ScanFact {
                unread: vec!["x".into()],
                ..ScanFact::default()
            })
        )),
        Just((Kind::Bom, Content::Bom(Describes::This))),
        Just((Kind::Card, Content::Card(CardFact::default()))),
        Just((
            Kind::Card,
            Content::Card(CardFact {
                missing: vec!["x".into()],
                ..CardFact::default()
            })
        )),
        Just((Kind::Review, Content::Review(ReviewFact::Approves))),
        Just((Kind::Review, Content::Review(ReviewFact::Rejects))),
        Just((Kind::Other, Content::Other)),
    ];
    (content, 0..4_usize, any::<bool>()).prop_map(|((kind, content), who, dated)| {
        let mut it = statement(kind, "stranger", content);
        match who {
            0 => it.by.clear(),
            1 => it.by = by("lab"),
            2 => it.by = by("no-such"),
            _ => {}
        }
        if who == 1 && kind == Kind::Evaluation {
            it.by.clear();
        }
        if !dated {
            it.made = None;
        }
        it
    })
}

proptest! {
    #[test]
    fn removing_evidence_never_allows(
        asked in prop::collection::vec(any::<bool>(), LINES),
        gone in prop::collection::vec(any::<bool>(), 11),
        more in prop::collection::vec(any::<bool>(), 11),
    ) {
        let policy = policy(&format!("{PEOPLE}\n[require]\n{}", demands(&asked)));
        let less: Vec<bool> = gone.iter().zip(&more).map(|(one, other)| *one || *other).collect();
        let before = judged(&policy, &without(&gone)).decision;
        let after = judged(&policy, &without(&less)).decision;
        prop_assert!(after >= before, "{before} became {after}");
    }

    #[test]
    fn foreign_evidence_changes_nothing(
        asked in prop::collection::vec(any::<bool>(), LINES),
        gone in prop::collection::vec(any::<bool>(), 11),
        foreign in prop::collection::vec(foreign(), 0..6),
    ) {
        let policy = policy(&format!("{PEOPLE}\n[require]\n{}", demands(&asked)));
        let evidence = without(&gone);
        let mut with = evidence.clone();
        with.statements.extend(foreign);
        let (before, after) = (judged(&policy, &evidence), judged(&policy, &with));
        prop_assert_eq!(before.decision, after.decision);
        prop_assert_eq!(crate::given::codes(&before), crate::given::codes(&after));
        prop_assert_eq!(before.checks(), after.checks());
    }

    #[test]
    fn no_layer_loosens_another(
        floor in prop::collection::vec(any::<bool>(), LINES),
        upper in prop::collection::vec(any::<bool>(), LINES),
        gone in prop::collection::vec(any::<bool>(), 11),
        kind in prop_oneof![Just(LayerKind::User), Just(LayerKind::Environment), Just(LayerKind::Named)],
    ) {
        let document = |which: &[bool]| format!("{PEOPLE}\n[require]\n{}", demands(which));
        let both = Policy::new([layer(kind, &document(&upper)), layer(LayerKind::Floor, &document(&floor))]);
        let alone = Policy::new([layer(LayerKind::Floor, &document(&floor))]);
        // Whoever is known is known to both layers.
        let mut evidence = without(&gone);
        for it in &mut evidence.statements {
            let second: Vec<_> = it.by.iter().cloned().map(|id| weightlock_policy::IdentityId { layer: 1, ..id }).collect();
            it.by.extend(second);
        }
        if judged(&alone, &evidence).decision != Decision::Allow && floor.iter().take(13).any(|it| *it) {
            prop_assert_ne!(judged(&both, &evidence).decision, Decision::Allow);
        }
    }

    /// What the floor leaves out, another policy cannot fill in: the mode, the tier, signers, builders.
    #[test]
    fn what_the_floor_does_not_say_no_other_layer_says_for_it(
        floor in prop::collection::vec(any::<bool>(), LINES),
        upper in prop::collection::vec(any::<bool>(), LINES),
        silent in prop::collection::vec(any::<bool>(), 11),
        asked in prop_oneof![Just(None), Just(Some(Mode::Development)), Just(Some(Mode::Production))],
    ) {
        prop_assume!(floor.iter().take(13).any(|it| *it));
        let said = ["mode = ", "default-tier = ", "oms = ", "scan = [", "bom = [", "card = [", "provenance = [", "evaluation = [", "review = [",
            "builder = ", "builder-level = "];
        let mut left_out: Vec<&str> = said.iter().zip(&silent).filter(|(_, gone)| **gone).map(|(line, _)| *line).collect();
        if left_out.iter().any(|it| it.starts_with("builder")) {
            left_out.extend(["builder = ", "builder-level = "]);
        }
        let people: Vec<&str> = PEOPLE.lines().filter(|line| !left_out.iter().any(|it| line.starts_with(it))).collect();
        let below = format!("{}\n[require]\n{}", people.join("\n"), demands(&floor));
        let above = format!("{PEOPLE}\n[require]\n{}", demands(&upper));
        let mut evidence = good();
        for it in &mut evidence.statements {
            let second: Vec<_> = it.by.iter().cloned().map(|id| weightlock_policy::IdentityId { layer: 1, ..id }).collect();
            it.by.extend(second);
        }
        let situation = Situation { mode: asked, ..Situation::at(now()) };
        let alone = judge(&Policy::new([layer(LayerKind::Floor, &below)]), &evidence, &situation);
        let both = Policy::new([layer(LayerKind::Floor, &below), layer(LayerKind::Named, &above)]);
        let both = judge(&both, &evidence, &situation);
        prop_assert!(both.mode >= alone.mode && both.tier >= alone.tier);
        if alone.decision != Decision::Allow {
            prop_assert_ne!(both.decision, Decision::Allow);
        }
    }

    #[test]
    fn no_bytes_panic_and_none_but_a_policy_is_one(text in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(document) = Document::parse(&text, &WORDS) {
            prop_assert!(document.demands.len() <= text.len());
        }
        let _ = WaiverList::parse(&text, &WORDS);
    }

    #[test]
    fn a_damaged_policy_is_refused_or_no_milder(at in 0..1_900_usize, byte in any::<u8>()) {
        let whole = format!("{PEOPLE}\n[require]\n{DEMANDS}");
        let mut text = whole.clone().into_bytes();
        if let Some(place) = text.get_mut(at) {
            *place = byte;
        }
        // Whatever it says now, a model without any evidence is not allowed by it.
        let mut nothing = good();
        nothing.statements.clear();
        nothing.advisories.clear();
        nothing.model.revision = None;
        nothing.model.licenses.clear();
        if let Ok(text) = String::from_utf8(text)
            && Document::parse(text.as_bytes(), &WORDS).is_ok()
        {
            prop_assert_eq!(judged(&policy(&text), &nothing).decision, Decision::Deny);
        }
    }
}

#[test]
fn one_signature_by_two_names_is_one_signer() {
    let text = format!(
        "{PEOPLE}\n[identity.again]\nkey = \"release.pub\"\n[require]\nsignature = {{ signers = 2 }}\n"
    )
    .replace("oms = [\"release\"]", "oms = [\"release\", \"again\"]");
    let mut evidence = good();
    let mut second = evidence.statements[0].clone();
    second.by = by("again");
    evidence.statements.push(second.clone());
    assert_eq!(judged(&policy(&text), &evidence).decision, Decision::Deny);
    second.signer = Some("somebody else".into());
    second.marks = ["somebody else".into()].into();
    evidence.statements.push(second);
    assert_eq!(judged(&policy(&text), &evidence).decision, Decision::Allow);
}

#[test]
fn a_layer_that_names_signers_is_heard_and_one_that_leaves_it_to_others_is_not_in_the_way() {
    let silent = "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[require]\nsignature = true\n";
    let floor = &silent.replace("[require]", "delegates = [\"oms\"]\n[require]");
    let strict = format!("{PEOPLE}\n[require]\nsignature = true\n")
        .replace("oms = [\"release\"]", "oms = [\"stranger\"]");
    let document = format!("{PEOPLE}\n[require]\nsignature = true\n");
    let mut evidence = good();
    for it in &mut evidence.statements {
        let second: Vec<_> = it
            .by
            .iter()
            .cloned()
            .map(|id| weightlock_policy::IdentityId { layer: 1, ..id })
            .collect();
        it.by = second.into_iter().collect();
    }
    let decided = |floor: &str| {
        judged(
            &Policy::new([layer(LayerKind::Floor, floor), layer(LayerKind::Named, &document)]),
            &evidence,
        )
        .decision
    };
    assert_eq!(decided(floor), Decision::Allow);
    assert_eq!(decided(&strict), Decision::Deny);
    // What a layer demands and is silent about, no other layer says for it.
    assert_eq!(decided(silent), Decision::Deny);
    // Nobody says whose signature counts: then nobody's does.
    let alone = Policy::new([layer(LayerKind::Floor, floor)]);
    assert_eq!(judged(&alone, &evidence).decision, Decision::Deny);
}

#[test]
fn a_rule_whose_condition_cannot_be_told_holds() {
    let text = format!(
        "{PEOPLE}\n[require]\nsignature = true\n[[rule]]\nwhen = {{ namespace = \"evil\" }}\ndeny = \"stolen\"\n"
    );
    let mut evidence = good();
    assert_eq!(judged(&policy(&text), &evidence).decision, Decision::Allow);
    evidence.model.namespace = Some("evil".into());
    assert_eq!(judged(&policy(&text), &evidence).decision, Decision::Deny);
    evidence.model.namespace = None;
    assert_eq!(judged(&policy(&text), &evidence).decision, Decision::Quarantine);
}

#[test]
fn a_policy_that_demands_nothing_allows_nothing() {
    for text in [
        "version = 1\n",
        "version = 1\n[require]\nmax-age = { scan = \"1d\" }\n",
        PEOPLE,
    ] {
        let verdict = judged(&policy(text), &good());
        assert_eq!(verdict.decision, Decision::Deny, "{text}");
        assert_eq!(
            crate::given::codes(&verdict),
            [weightlock_policy::reason::UNDEFINED]
        );
    }
    assert_eq!(judged(&Policy::default(), &good()).decision, Decision::Deny);
}

#[test]
fn a_later_word_of_a_signer_takes_back_the_earlier() {
    let text = format!("{PEOPLE}\n[require]\nreview = true\n");
    let review = |said, made: Option<&str>| StatementFact {
        made: made.map(|it| it.parse().unwrap()),
        ..statement(Kind::Review, "reviewer", Content::Review(said))
    };
    use ReviewFact::{Approves, Rejects};
    let (early, late) = (Some("2026-11-22T09:00:00Z"), Some("2026-11-22T10:00:00Z"));
    for (one, other, decision) in [
        ((Approves, early), (Rejects, late), Decision::Deny),
        ((Rejects, early), (Approves, late), Decision::Allow),
        ((Rejects, early), (Approves, early), Decision::Deny),
        ((Rejects, None), (Approves, late), Decision::Deny),
        ((Approves, None), (Approves, late), Decision::Allow),
    ] {
        for turned in [false, true] {
            let mut evidence = good();
            evidence.statements.retain(|it| it.kind != Kind::Review);
            let mut both = vec![review(one.0, one.1), review(other.0, other.1)];
            if turned {
                both.reverse();
            }
            evidence.statements.extend(both);
            assert_eq!(
                judged(&policy(&text), &evidence).decision,
                decision,
                "{one:?} {other:?}"
            );
        }
    }
}

/// Of statements of one kind the newest counts, with every other one that could be the newest.
#[test]
fn the_newest_word_counts_and_whatever_could_be_newer() {
    let scan = |clean: bool| {
        let mut scan = ScanFact::default();
        if !clean {
            scan.findings
                .insert("pickle-global-import".into(), Severity::Critical);
        }
        (Kind::Scan, "scanner", Content::Scan(scan))
    };
    let card = |clean: bool| {
        let contradictions = if clean {
            vec![]
        } else {
            vec!["it is another".into()]
        };
        let card = CardFact {
            contradictions,
            ..CardFact::default()
        };
        (Kind::Card, "release", Content::Card(card))
    };
    let evaluation = |clean: bool| {
        let measured = Measured {
            metric: "accuracy".into(),
            dataset: None,
            value: if clean { 0.9 } else { 0.1 },
        };
        let evaluation = EvaluationFact {
            values: vec![measured],
            failed: false,
        };
        (Kind::Evaluation, "lab", Content::Evaluation(evaluation))
    };
    type Make<'m> = &'m dyn Fn(bool) -> (Kind, &'static str, Content);
    let makes: [(&str, Make<'_>); 4] = [
        ("scan = { below = \"medium\" }", &scan),
        (
            "coverage = true\nscan = { below = \"medium\", by = \"signed\" }",
            &scan,
        ),
        ("card = true", &card),
        (
            "evaluation = [{ metric = \"accuracy\", at-least = 0.5 }]",
            &evaluation,
        ),
    ];
    let (early, late) = (Some("2026-11-22T09:00:00Z"), Some("2026-11-22T10:00:00Z"));
    for (demand, make) in makes {
        let text = format!("{PEOPLE}\n[require]\n{demand}\n");
        for (one, other, decision) in [
            ((true, early), (false, late), Decision::Deny),
            ((false, early), (true, late), Decision::Allow),
            ((false, late), (true, late), Decision::Deny),
            ((false, None), (true, late), Decision::Deny),
            ((false, None), (true, None), Decision::Deny),
            ((true, None), (true, late), Decision::Allow),
        ] {
            for turned in [false, true] {
                let mut both = [one, other].map(|(clean, made)| {
                    let (kind, who, content) = make(clean);
                    StatementFact {
                        made: made.map(|it| it.parse().unwrap()),
                        ..statement(kind, who, content)
                    }
                });
                if turned {
                    both.reverse();
                }
                let mut evidence = good();
                evidence.statements.retain(|it| it.kind != both[0].kind);
                evidence.statements.extend(both);
                let found = judged(&policy(&text), &evidence).decision;
                assert_eq!(found, decision, "{demand} {one:?} {other:?} {turned}");
            }
        }
    }
}

/// A report that the caller names can be about anything; a signed one is about these bytes, and its newer twin takes it back.
#[test]
fn reports_count_by_who_vouches_for_them() {
    let either = "advisories = { below = \"critical\" }";
    let signed = "advisories = { below = \"critical\", by = \"signed\" }";
    let report = |about: &str, is_bad: bool, hour: u8| {
        let found = AdvisoryMatch {
            id: "CVE-2026-1".into(),
            aliases: vec![],
            package: "torch".into(),
            severity: Some(if is_bad { Severity::Critical } else { Severity::Low }),
        };
        let report = AdvisoryReport {
            about: about.into(),
            made: Some(format!("2026-11-22T{hour:02}:00:00Z").parse().unwrap()),
            found: Ok(vec![found]),
            ..advisories()
        };
        statement(Kind::Scan, "scanner", Content::Advisories(report))
    };
    let by_stranger = StatementFact {
        by: by("stranger"),
        ..report("image", false, 9)
    };
    let cases: [(&str, bool, Vec<StatementFact>, Decision); 9] = [
        (either, true, vec![], Decision::Allow),
        (signed, true, vec![], Decision::Deny),
        (signed, false, vec![report("image", false, 9)], Decision::Allow),
        (signed, false, vec![by_stranger], Decision::Deny),
        (either, true, vec![report("image", true, 9)], Decision::Deny),
        (
            signed,
            false,
            vec![report("image", true, 9), report("image", false, 10)],
            Decision::Allow,
        ),
        (
            signed,
            false,
            vec![report("image", false, 9), report("image", true, 10)],
            Decision::Deny,
        ),
        (
            signed,
            false,
            vec![report("image", true, 9), report("lock file", false, 10)],
            Decision::Deny,
        ),
        (
            signed,
            false,
            vec![report("", true, 9), report("", false, 10)],
            Decision::Deny,
        ),
    ];
    for (demand, is_named, statements, decision) in cases {
        let mut evidence = good();
        if !is_named {
            evidence.advisories.clear();
        }
        evidence.statements.extend(statements.clone());
        let found = judged(&policy(&format!("{PEOPLE}\n[require]\n{demand}\n")), &evidence);
        assert_eq!(found.decision, decision, "{demand} {is_named} {statements:#?}");
    }
}

/// A verdict stands in for the demands of every layer, so that each has to say whose.
#[test]
fn whoever_chooses_a_policy_does_not_choose_whose_verdict_stands_in_for_the_floor() {
    let naming = PEOPLE.replace("[signers]", "[signers]\nverdict = [\"release\"]");
    let leaving = PEOPLE.replace(
        "[identity.release]",
        "delegates = [\"verdict\"]\n[identity.release]",
    );
    let rules = "version = 1\n[[rule]]\nwhen = { namespace = \"evil\" }\ndeny = \"stolen\"\n";
    let mut both = by("release");
    both.extend(
        by("release")
            .into_iter()
            .map(|id| weightlock_policy::IdentityId { layer: 1, ..id }),
    );
    for (floor, counts) in [
        (format!("{PEOPLE}\n[require]\nsignature = true\n"), false),
        (rules.to_owned(), false),
        (format!("{naming}\n[require]\nsignature = true\n"), true),
        (format!("{leaving}\n[require]\nsignature = true\n"), true),
        // It demands nothing, so that nothing of it is stood in for.
        ("version = 1\n".to_owned(), true),
    ] {
        let above = format!("{naming}\n[require]\nsignature = true\n");
        let policy = Policy::new([layer(LayerKind::Floor, &floor), layer(LayerKind::Named, &above)]);
        assert_eq!(policy.counts(Kind::Verdict, &both), counts, "{floor}");
    }
}

/// A date to come makes nothing the last word, and a later word that cannot be read is not passed over.
#[test]
fn neither_a_date_to_come_nor_a_garbled_word_hides_a_no() {
    let approval = |said, made: &str, holds: Holds| StatementFact {
        made: Some(made.parse().unwrap()),
        holds,
        ..statement(Kind::Review, "ciso", Content::Approval(said))
    };
    let garbled = || Holds::No {
        code: weightlock_policy::reason::APPROVAL,
        why: "it neither approves nor rejects".into(),
        is_other: false,
    };
    use ApprovalFact::{Approves, Rejects};
    let (early, late, to_come) = (
        "2026-11-22T09:00:00Z",
        "2026-11-22T10:00:00Z",
        "2096-10-02T00:00:00Z",
    );
    let cases = [
        (vec![approval(Approves, early, Holds::Yes)], Decision::Allow),
        (
            vec![
                approval(Approves, to_come, Holds::Yes),
                approval(Rejects, late, Holds::Yes),
            ],
            Decision::Deny,
        ),
        (
            vec![
                approval(Approves, early, Holds::Yes),
                approval(Rejects, late, garbled()),
            ],
            Decision::Deny,
        ),
        (
            vec![
                approval(Approves, late, Holds::Yes),
                approval(Rejects, early, garbled()),
            ],
            Decision::Allow,
        ),
        (
            vec![
                approval(Approves, late, Holds::Yes),
                approval(Rejects, to_come, garbled()),
            ],
            Decision::Deny,
        ),
    ];
    let policy = policy(&format!("{PEOPLE}\n[require]\napprovals = {{ count = 1 }}\n"));
    for (statements, decision) in cases {
        let mut evidence = good();
        evidence.statements.retain(|it| it.kind != Kind::Review);
        evidence.statements.extend(statements.clone());
        assert_eq!(judged(&policy, &evidence).decision, decision, "{statements:#?}");
    }
}

#[test]
fn a_denied_format_is_excused_by_a_signature_of_those_who_are_named() {
    let text = format!(
        "{PEOPLE}\n[require]\nformats = {{ deny = [\"pickle\"], unless-signed-by = [\"release\"] }}\n"
    );
    let mut evidence = good();
    evidence.model.files[0].formats.push("pickle".into());
    assert_eq!(judged(&policy(&text), &evidence).decision, Decision::Allow);
    evidence.statements[0].holds = Holds::No {
        code: weightlock_policy::reason::SIGNATURE,
        why: "changed".into(),
        is_other: true,
    };
    assert_eq!(judged(&policy(&text), &evidence).decision, Decision::Deny);
}

/// Who has several keys, certificates or names is one person, also where only a third signature shows it.
#[test]
fn one_person_counts_once() {
    let text = |kind: &str, demand: &str| {
        format!(
            "version = 1\nmode = \"development\"\n[identity.staff]\nkey = \"staff.pub\"\n[signers]\n{kind} = [\"staff\"]\n\
             [require]\n{demand}\n"
        )
    };
    let cases: [(&[&[&str]], bool); 7] = [
        (&[&["key 1", "ann"], &["key 2", "bob"]], true),
        (&[&["key 1", "ann"], &["key 2", "ann"]], false),
        (&[&["key 1", "ann"], &["key 1", "bob"]], false),
        (&[&["key 1", "a@b"], &["key 2", "a@b"], &["key 2", "x"]], false),
        (&[&["key 1", "ann"], &["key 2", "bob"], &["key 1", "bob"]], false),
        (&[&["key 1", "ann"], &["key 1", "ann"], &["key 2", "bob"]], true),
        (&[&["key 1"], &[]], false),
    ];
    for (kind, word, demand, content) in [
        (
            Kind::Oms,
            "oms",
            "signature = { signers = 2 }",
            Content::Signature,
        ),
        (
            Kind::Review,
            "review",
            "approvals = { count = 2 }",
            Content::Approval(ApprovalFact::Approves),
        ),
        (
            Kind::Review,
            "review",
            "review = { reviewers = 2 }",
            Content::Review(ReviewFact::Approves),
        ),
    ] {
        for (signers, holds) in cases {
            let mut evidence = good();
            evidence.model.code = vec!["code.py".to_owned()];
            let signed = signers.iter().enumerate().map(|(at, marks)| StatementFact {
                id: digest(&format!("{at}")),
                signer: Some(format!("{at}")),
                marks: marks.iter().map(|mark| (*mark).to_owned()).collect(),
                ..statement(kind, "staff", content.clone())
            });
            evidence.statements = signed.collect();
            let found = judged(&policy(&text(word, demand)), &evidence).decision;
            let wanted = if holds { Decision::Allow } else { Decision::Deny };
            assert_eq!(found, wanted, "{demand} {signers:?}");
        }
    }
}

/// Provenance of a builder that is not demanded reaches no level, and the verdict says of what does not count why.
#[test]
fn a_level_is_that_of_a_builder_who_is_demanded() {
    let text = |more: &str| format!("{PEOPLE}[require]\n{more}\n");
    let evidence = good();
    let builder = evidence.statements.iter().find_map(|it| match &it.content {
        Content::Provenance(found) => Some(found.builder.clone()),
        _ => None,
    });
    let builder = builder.unwrap();
    let level = |more: &str| judged(&policy(&text(more)), &evidence).level;
    let known = level("provenance = { level = 1 }");
    assert!(known > Level::L0);
    assert_eq!(
        level(&format!(
            "provenance = {{ level = 1, builders = [\"{builder}\"] }}"
        )),
        known
    );
    assert_eq!(
        level("provenance = { level = 1, builders = [\"https://good\"] }"),
        Level::L0
    );

    let policy = policy(&text("provenance = { level = 1 }\nmax-age = { review = \"1h\" }"));
    let mut evidence = good();
    for it in evidence
        .statements
        .iter_mut()
        .filter(|it| it.kind == Kind::Review)
    {
        it.made = Some("2026-11-22T09:00:00Z".parse().unwrap());
    }
    let told = judged(&policy, &evidence).not_counted(&policy, &evidence);
    for it in &evidence.statements {
        let is_counted = !told.contains_key(&it.id);
        assert_eq!(is_counted, it.kind != Kind::Review, "{}: {told:?}", it.name);
    }
}
