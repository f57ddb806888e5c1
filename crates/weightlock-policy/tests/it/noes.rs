//! A no is not taken back by a further policy, by a limit of age, or by a verdict about another model: of every policy and all
//! evidence, and each way of them by itself.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;
use weightlock_artifact::evidence::Kind;
use weightlock_policy::{
    Decision, Evidence, IdentityId, LayerKind, Policy, Situation,
    evidence::{
        AdvisoryMatch, AdvisoryReport, ApprovalFact, CardFact, Content, EvaluationFact, Holds, Measured,
        ModelFacts, ReviewFact, StatementFact,
    },
    judge,
    summary::{NotEnough, Summary, VERIFIER},
};
use weightlock_scan::Severity;

use crate::given::{advisories, digest, found, good, judged, layer, now, statement};

const PEOPLE: [&str; 3] = ["ann", "bob", "cay"];
const KINDS: [&str; 4] = ["scan", "card", "evaluation", "review"];
/// Demands, and what is said that bears on them: a yes and a no, by their numbers in [`contents`]. By themes, as few evidence of all kinds
/// would ever be enough.
const THEMES: [(&[&str], &[usize]); 6] = [
    (
        &[
            "scan = { below = \"medium\", by = \"signed\" }",
            "scan = { below = \"medium\" }",
            "coverage = true",
        ],
        &[0, 1],
    ),
    (&["card = true", "card = { signed = false }"], &[7, 8]),
    (
        &["evaluation = [{ metric = \"accuracy\", dataset = \"held-out\", at-least = 0.9 }]"],
        &[4, 4, 5, 6],
    ),
    (&["review = { reviewers = 1 }"], &[9, 10]),
    (
        &["advisories = { below = \"critical\", by = \"signed\" }"],
        &[2, 3],
    ),
    (&["approvals = { count = 1 }"], &[11, 12]),
];
const AGES: [&str; 3] = ["1d", "20d", "300d"];
const TIMES: [Option<&str>; 7] = [
    None,
    Some("2025-11-22T11:00:00Z"),
    Some("2026-11-01T11:00:00Z"),
    Some("2026-11-22T10:00:00Z"),
    Some("2026-11-22T11:00:00Z"),
    Some("2026-11-22T23:59:59Z"),
    Some("2026-12-24T00:00:00Z"),
];

/// One policy, by what is drawn for it.
#[derive(Clone, Debug)]
struct Drawn {
    known: [bool; 3],
    /// Of each kind, whether it is named who counts, and who.
    signers: [Option<[bool; 3]>; 4],
    /// Of the demands of its theme.
    demands: [bool; 3],
    theme: usize,
    ages: [Option<usize>; 5],
}

impl Drawn {
    /// Most people are known, and most of them count.
    fn of(theme: usize) -> impl Strategy<Value = Self> {
        let most = || {
            let one = || prop::bool::weighted(0.8);
            [one(), one(), one()]
        };
        let signers = || prop::option::weighted(0.9, most());
        let age = || prop::option::weighted(0.2, 0..AGES.len());
        (
            most(),
            [signers(), signers(), signers(), signers()],
            (0..THEMES[theme].0.len(), any::<[bool; 3]>()),
            [age(), age(), age(), age(), age()],
        )
            .prop_map(move |(known, signers, (first, mut demands), ages)| {
                // Who demands nothing allows nothing, and proves nothing.
                demands[first] = true;
                Self {
                    known,
                    signers,
                    demands,
                    theme,
                    ages,
                }
            })
    }

    fn knows(&self, person: usize) -> bool {
        self.known[person]
    }

    fn text(&self) -> String {
        let mut text = "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n".to_owned();
        let people = |which: &[bool; 3]| -> Vec<String> {
            let known = (0..3).filter(|person| which[*person] && self.knows(*person));
            known.map(|person| format!("{:?}", PEOPLE[person])).collect()
        };
        for name in people(&[true; 3]) {
            let name = name.trim_matches('"');
            text += &format!("[identity.{name}]\nkey = \"{name}.pub\"\n");
        }
        text += "[signers]\n";
        for (kind, who) in KINDS.iter().zip(&self.signers) {
            let who = who.as_ref().map(people).unwrap_or_default();
            if !who.is_empty() {
                text += &format!("{kind} = [{}]\n", who.join(", "));
            }
        }
        text += "[require]\n";
        let mut keys = BTreeSet::new();
        let demands = THEMES[self.theme]
            .0
            .iter()
            .zip(&self.demands)
            .filter(|(_, it)| **it);
        for (demand, _) in demands {
            if keys.insert(demand.split(' ').next()) {
                text += &format!("{demand}\n");
            }
        }
        let of = KINDS.iter().chain(&["advisories"]).zip(&self.ages);
        let ages: Vec<String> = of
            .filter_map(|(of, age)| Some(format!("{of} = {:?}", AGES[(*age)?])))
            .collect();
        if !ages.is_empty() {
            text += &format!("max-age = {{ {} }}\n", ages.join(", "));
        }
        text
    }
}

/// A yes or a no of each kind.
fn contents() -> Vec<(Kind, Content)> {
    let report = |found| {
        let report = AdvisoryReport {
            made: None,
            found,
            ..advisories()
        };
        (Kind::Scan, Content::Advisories(report))
    };
    let measured = |value, failed| {
        let values = vec![Measured {
            metric: "accuracy".into(),
            dataset: Some("held-out".into()),
            value,
        }];
        (
            Kind::Evaluation,
            Content::Evaluation(EvaluationFact { values, failed }),
        )
    };
    let card = |missing: &[&str]| {
        let card = CardFact {
            missing: missing.iter().map(|it| (*it).to_owned()).collect(),
            contradictions: Vec::new(),
        };
        (Kind::Card, Content::Card(card))
    };
    let critical = AdvisoryMatch {
        id: "CVE-2026-1".into(),
        aliases: Vec::new(),
        package: "torch".into(),
        severity: Some(Severity::Critical),
    };
    vec![
        (
            Kind::Scan,
            Content::Scan(weightlock_policy::evidence::ScanFact::default()),
        ),
        (
            Kind::Scan,
            Content::Scan(found("pickle-global-import", Severity::Critical)),
        ),
        report(Ok(vec![])),
        report(Ok(vec![critical])),
        measured(0.95, false),
        measured(0.95, true),
        measured(0.5, false),
        card(&[]),
        card(&["its licence"]),
        (Kind::Review, Content::Review(ReviewFact::Approves)),
        (Kind::Review, Content::Review(ReviewFact::Rejects)),
        (Kind::Review, Content::Approval(ApprovalFact::Approves)),
        (Kind::Review, Content::Approval(ApprovalFact::Rejects)),
    ]
}

/// Statements, by what they say, who makes them, when, and whether they can be read.
type Said = Vec<(usize, usize, usize, bool)>;

fn said(theme: usize) -> impl Strategy<Value = Said> {
    let one = (
        prop::sample::select(THEMES[theme].1),
        0..PEOPLE.len(),
        0..TIMES.len(),
        prop::bool::weighted(0.95),
    );
    prop::collection::vec(one, 1..5)
}

fn evidence(said: &Said, layers: &[&Drawn]) -> Evidence {
    let contents = contents();
    let statements = said
        .iter()
        .enumerate()
        .map(|(number, (what, who, when, is_read))| {
            let (kind, content) = contents[*what].clone();
            let by = layers.iter().enumerate().filter(|(_, layer)| layer.knows(*who));
            let made = TIMES[*when].map(|time| time.parse().unwrap());
            let content = match content {
                Content::Advisories(report) => Content::Advisories(AdvisoryReport { made, ..report }),
                other => other,
            };
            StatementFact {
                id: digest(&number.to_string()),
                made,
                by: by
                    .map(|(layer, _)| IdentityId {
                        layer,
                        name: PEOPLE[*who].to_owned(),
                    })
                    .collect(),
                holds: if *is_read {
                    Holds::Yes
                } else {
                    Holds::No {
                        code: weightlock_policy::reason::SIGNATURE,
                        why: "cut short".into(),
                        is_other: false,
                    }
                },
                ..statement(kind, PEOPLE[*who], content)
            }
        });
    Evidence {
        statements: statements.collect(),
        advisories: Vec::new(),
        card: Some(CardFact::default()),
        ..good()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    /// Whoever adds a policy to the floor, with whatever people and limits, takes nothing back.
    #[test]
    fn a_further_policy_silences_nobody(
        (floor, upper, said) in (0..THEMES.len()).prop_flat_map(|it| (Drawn::of(it), Drawn::of(it), said(it))),
    ) {
        let below = || layer(LayerKind::Floor, &floor.text());
        let alone = judged(&Policy::new([below()]), &evidence(&said, &[&floor]));
        let both = Policy::new([below(), layer(LayerKind::Named, &upper.text())]);
        let both = judged(&both, &evidence(&said, &[&floor, &upper]));
        if alone.decision != Decision::Allow {
            prop_assert_ne!(both.decision, Decision::Allow, "{}\n{}", floor.text(), upper.text());
        }
    }

    /// A limit of age only ever asks for more.
    #[test]
    fn a_limit_of_age_allows_nothing(
        (policy, said) in (0..THEMES.len()).prop_flat_map(|it| (Drawn::of(it), said(it))),
        ages in any::<[Option<u8>; 5]>(),
    ) {
        let unlimited = Drawn { ages: [None; 5], ..policy.clone() };
        let limited = Drawn { ages: ages.map(|age| age.map(|it| usize::from(it) % AGES.len())), ..policy };
        let of = |it: &Drawn| {
            judged(&Policy::new([layer(LayerKind::Named, &it.text())]), &evidence(&said, &[it])).decision
        };
        if of(&unlimited) != Decision::Allow {
            prop_assert_ne!(of(&limited), Decision::Allow, "{}", limited.text());
        }
    }

    /// One more rejection, or a test that failed, never allows: nothing but a newer word of the same signer takes either back.
    #[test]
    fn one_more_no_allows_nothing(
        (policy, said) in (0..THEMES.len()).prop_flat_map(|it| (Drawn::of(it), said(it))),
        no in prop::sample::select(&[5_usize, 10, 12][..]),
        who in 0..PEOPLE.len(),
        when in 0..TIMES.len(),
    ) {
        let before = evidence(&said, &[&policy]);
        let after = evidence(&[&said[..], &[(no, who, when, true)]].concat(), &[&policy]);
        let of = |it: &Evidence| judged(&Policy::new([layer(LayerKind::Named, &policy.text())]), it).decision;
        if of(&before) != Decision::Allow {
            prop_assert_ne!(of(&after), Decision::Allow);
        }
    }
}

/// A model of a namespace.
fn of_namespace(namespace: &str) -> ModelFacts {
    ModelFacts {
        namespace: Some(namespace.to_owned()),
        licenses: Vec::new(),
        ..good().model
    }
}

/// What a verdict about a model of one namespace is worth for the same bytes under another.
fn replayed(text: &str, evidence: &Evidence) -> (Decision, Decision, Result<(), NotEnough>) {
    let policy = Policy::new([layer(LayerKind::Named, text)]);
    let of = |namespace| Evidence {
        model: ModelFacts {
            licenses: evidence.model.licenses.clone(),
            ..of_namespace(namespace)
        },
        ..evidence.clone()
    };
    let situation = Situation::at(now());
    let plain = judge(&policy, &of("acme"), &situation);
    let strict = judge(&policy, &of("medical"), &situation);
    let summary: Value = plain.summary(&policy, VERIFIER, "0.1.0");
    let worth =
        Summary::read(&summary).and_then(|it| it.stands_for(&policy, &of("medical").model, &situation));
    (plain.decision, strict.decision, worth)
}

const HEAD: &str = "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[identity.ann]\nkey = \"ann.pub\"\n[signers]\nscan = [\"ann\"]\n";

/// A rule may demand nothing but that what the others rest on is young.
#[test]
fn a_verdict_stands_in_for_no_stricter_age() {
    let text = format!(
        "{HEAD}[require]\nadvisories = {{ below = \"critical\", by = \"signed\" }}\n[[rule]]\nname = \"young\"\n\
         when = {{ namespace = \"medical\" }}\nrequire = {{ max-age = {{ advisories = \"1d\" }} }}\n"
    );
    for (made, expected) in [
        ("2026-11-01T00:00:00Z", Decision::Deny),
        ("2026-11-22T10:00:00Z", Decision::Allow),
    ] {
        let report = AdvisoryReport {
            made: Some(made.parse().unwrap()),
            ..advisories()
        };
        let evidence = Evidence {
            statements: vec![statement(Kind::Scan, "ann", Content::Advisories(report))],
            advisories: Vec::new(),
            ..good()
        };
        let (plain, strict, worth) = replayed(&text, &evidence);
        assert_eq!((plain, strict), (Decision::Allow, expected));
        assert!(matches!(worth, Err(NotEnough::Demands(_))), "{worth:?}");
    }
}

/// Several rules may stand in one line.
#[test]
fn demands_of_one_line_are_told_apart() {
    let text = format!(
        "rule = [ {{ name = \"a\", when = {{ namespace = \"acme\" }}, require = {{ licenses = {{ allow = [\"MIT\"] }} }} }}, \
         {{ name = \"b\", when = {{ namespace = \"medical\" }}, require = {{ licenses = {{ allow = [\"Apache-2.0\"] }} }} }} ]\n{HEAD}"
    );
    let mut evidence = good();
    evidence.statements.clear();
    evidence.model.licenses[0].expression = Some("MIT".into());
    let (plain, strict, worth) = replayed(&text, &evidence);
    assert_eq!((plain, strict), (Decision::Allow, Decision::Deny));
    assert!(matches!(worth, Err(NotEnough::Demands(_))), "{worth:?}");
}
