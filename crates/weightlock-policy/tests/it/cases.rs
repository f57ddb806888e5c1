//! The case table: every kind of evidence in every state it can be in × tier × mode × waiver, each with the code that it must
//! give. What must come out stands in [`STATES`] and [`expected`], and nowhere in the code that is tested.

use weightlock_artifact::{evidence::Kind, reason::Code};
use weightlock_policy::{
    Decision, Evidence, Layer, LayerKind, Mode, Policy, SignedWaivers, Situation, Tier, WaiverList,
    check::Check,
    evidence::{
        AdvisoryMatch, ApprovalFact, CardFact, Content, Describes, EvaluationFact, Holds, Measured,
        ProvenanceFact, ReviewFact, ScanFact, StatementFact,
    },
    judge, reason,
};
use weightlock_scan::Severity;

use crate::given::{DEMANDS, PEOPLE, WORDS, codes, digest, found, good, layer, now};

/// What came of a demand.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Gives {
    Met,
    No(Code),
    /// Not waivable, whatever is written.
    Never(Code),
    /// No answer, and not waivable.
    Unknown(Code),
    /// No answer, and waivable.
    Open(Code),
}

type Spoil = fn(&mut Evidence);
type Wrong = fn(&mut Evidence, Kind);

fn of_kind(evidence: &mut Evidence, kind: Kind, spoil: impl Fn(&mut StatementFact)) {
    evidence
        .statements
        .iter_mut()
        .filter(|it| it.kind == kind)
        .for_each(spoil);
}

fn missing(evidence: &mut Evidence, kind: Kind) {
    evidence.statements.retain(|it| it.kind != kind);
}

fn foreign(evidence: &mut Evidence, kind: Kind) {
    of_kind(evidence, kind, |it| {
        it.by = crate::given::by("stranger");
        it.signer = Some("stranger".into());
    });
}

fn nobodys(evidence: &mut Evidence, kind: Kind) {
    of_kind(evidence, kind, |it| {
        it.by.clear();
        it.signer = None;
        it.signed_by = None;
    });
}

fn elsewhere(evidence: &mut Evidence, kind: Kind) {
    let holds = Holds::No {
        code: reason::BOM,
        why: "another digest".into(),
        is_other: true,
    };
    of_kind(evidence, kind, |it| it.holds = holds.clone());
}

fn malformed(evidence: &mut Evidence, kind: Kind) {
    let holds = Holds::No {
        code: reason::BOM,
        why: "it has no subject".into(),
        is_other: false,
    };
    of_kind(evidence, kind, |it| it.holds = holds.clone());
}

fn old(evidence: &mut Evidence, kind: Kind) {
    let made = "2026-11-20T12:00:00Z".parse().unwrap();
    of_kind(evidence, kind, |it| it.made = Some(made));
}

fn undated(evidence: &mut Evidence, kind: Kind) {
    of_kind(evidence, kind, |it| it.made = None);
}

fn of_tomorrow(evidence: &mut Evidence, kind: Kind) {
    let made = "2026-11-23T12:00:00Z".parse().unwrap();
    of_kind(evidence, kind, |it| it.made = Some(made));
}

/// What can be wrong with a statement of whatever kind.
const WRONG: [(&str, Wrong); 8] = [
    ("missing", missing),
    ("of a stranger", foreign),
    ("of nobody", nobodys),
    ("about something else", elsewhere),
    ("malformed", malformed),
    ("old", old),
    ("undated", undated),
    ("of tomorrow", of_tomorrow),
];

/// The kinds of statements, and the codes that each of [`WRONG`] must give.
const KINDS: [(Kind, &[Gives]); 7] = [
    (Kind::Oms, &[Gives::Never(reason::SIGNATURE)]),
    (
        Kind::Scan,
        &[Gives::No(reason::SCAN), Gives::Never(reason::COVERAGE)],
    ),
    (Kind::Bom, &[Gives::No(reason::BOM)]),
    (Kind::Card, &[Gives::No(reason::CARD)]),
    (Kind::Provenance, &[Gives::No(reason::PROVENANCE)]),
    (Kind::Evaluation, &[Gives::No(reason::EVALUATION)]),
    (
        Kind::Review,
        &[Gives::No(reason::APPROVAL), Gives::No(reason::REVIEW)],
    ),
];

fn says(evidence: &mut Evidence, content: Content) {
    let same = std::mem::discriminant(&content);
    for it in &mut evidence.statements {
        if std::mem::discriminant(&it.content) == same {
            it.content = content.clone();
        }
    }
}

fn measured(evidence: &mut Evidence, value: f64, failed: bool) {
    let values = vec![Measured {
        metric: "accuracy".into(),
        dataset: Some("held-out".into()),
        value,
    }];
    says(evidence, Content::Evaluation(EvaluationFact { values, failed }));
}

fn made_by(evidence: &mut Evidence, builder: &str, faults: &[&str]) {
    let faults = faults.iter().map(|it| (*it).to_owned()).collect();
    let builder = builder.to_owned();
    says(evidence, Content::Provenance(ProvenanceFact { builder, faults }));
}

fn vulnerable(evidence: &mut Evidence, severity: Option<Severity>) {
    evidence.advisories[0].found = Ok(vec![AdvisoryMatch {
        id: "CVE-2026-0001".into(),
        aliases: vec!["GHSA-aaaa-bbbb-cccc".into()],
        package: "pkg:pypi/torch@2.0".into(),
        severity,
    }]);
}

/// What statements and files can say, and the code that it must give.
const STATES: &[(&str, Spoil, Gives)] = &[
    ("all well", |_| {}, Gives::Met),
    (
        "scan: low",
        |e| says(e, Content::Scan(found("archive-path-escape", Severity::Low))),
        Gives::Met,
    ),
    (
        "scan: medium",
        |e| says(e, Content::Scan(found("archive-path-escape", Severity::Medium))),
        Gives::No(reason::SCAN),
    ),
    (
        "scan: more than is listed",
        |e| {
            says(
                e,
                Content::Scan(ScanFact {
                    unlisted: Some(Severity::High),
                    ..ScanFact::default()
                }),
            )
        },
        Gives::No(reason::SCAN),
    ),
    (
        "scan: not all read",
        |e| {
            says(
                e,
                Content::Scan(ScanFact {
                    unread: vec!["a.zip".into()],
                    ..ScanFact::default()
                }),
            )
        },
        Gives::Unknown(reason::COVERAGE),
    ),
    (
        "scan: bad now, good when signed",
        |e| e.scan = Some(found("archive-path-escape", Severity::Critical)),
        Gives::No(reason::SCAN),
    ),
    (
        "scan: good now",
        |e| e.scan = Some(ScanFact::default()),
        Gives::Met,
    ),
    (
        "bom: of another model",
        |e| says(e, Content::Bom(Describes::Other("sha256:…".into()))),
        Gives::No(reason::BOM),
    ),
    (
        "bom: of nothing",
        |e| says(e, Content::Bom(Describes::Nothing)),
        Gives::No(reason::BOM),
    ),
    (
        "card: lacks something",
        |e| {
            says(
                e,
                Content::Card(CardFact {
                    missing: vec!["limitations".into()],
                    ..CardFact::default()
                }),
            )
        },
        Gives::No(reason::CARD),
    ),
    (
        "card: contradicts",
        |e| {
            says(
                e,
                Content::Card(CardFact {
                    contradictions: vec!["7B, and it has 1B".into()],
                    ..CardFact::default()
                }),
            )
        },
        Gives::No(reason::CARD),
    ),
    (
        "provenance: another builder",
        |e| made_by(e, "https://farm.example.org/v2", &[]),
        Gives::No(reason::PROVENANCE),
    ),
    (
        "provenance: no builder",
        |e| made_by(e, "", &[]),
        Gives::No(reason::PROVENANCE),
    ),
    (
        "provenance: not all files",
        |e| made_by(e, "https://farm.example.org/v1", &["config.json was not made"]),
        Gives::No(reason::PROVENANCE),
    ),
    ("evaluation: at the line", |e| measured(e, 0.9, false), Gives::Met),
    (
        "evaluation: below",
        |e| measured(e, 0.89, false),
        Gives::No(reason::EVALUATION),
    ),
    (
        "evaluation: no number",
        |e| measured(e, f64::NAN, false),
        Gives::No(reason::EVALUATION),
    ),
    (
        "evaluation: failed",
        |e| measured(e, 0.99, true),
        Gives::No(reason::EVALUATION),
    ),
    (
        "review: rejects",
        |e| says(e, Content::Review(ReviewFact::Rejects)),
        Gives::No(reason::REVIEW),
    ),
    (
        "review: of other code",
        |e| says(e, Content::Review(ReviewFact::OtherCode)),
        Gives::No(reason::REVIEW),
    ),
    (
        "no code comes along",
        |e| {
            e.model.code.clear();
            says(e, Content::Review(ReviewFact::OtherCode));
        },
        Gives::Met,
    ),
    (
        "approval: rejected",
        |e| says(e, Content::Approval(ApprovalFact::Rejects)),
        Gives::No(reason::APPROVAL),
    ),
    (
        "license: denied",
        |e| e.model.licenses[0].expression = Some("CC-BY-NC-4.0".into()),
        Gives::No(reason::LICENSE),
    ),
    (
        "license: another beside it",
        |e| {
            let mut other = e.model.licenses[0].clone();
            other.expression = Some("GPL-3.0-only".into());
            e.model.licenses.push(other);
        },
        Gives::No(reason::LICENSE),
    ),
    (
        "license: none",
        |e| e.model.licenses.clear(),
        Gives::Open(reason::LICENSE),
    ),
    (
        "license: only where the signer left it out",
        |e| e.model.licenses[0].counts = false,
        Gives::Open(reason::LICENSE),
    ),
    (
        "license: allowed beside, where the signer left it out",
        |e| {
            let mut other = e.model.licenses[0].clone();
            other.counts = false;
            e.model.licenses.push(other);
        },
        Gives::Met,
    ),
    (
        "license: denied where the signer left it out",
        |e| {
            let mut other = e.model.licenses[0].clone();
            (other.expression, other.counts) = (Some("GPL-3.0-only".into()), false);
            e.model.licenses.push(other);
        },
        Gives::No(reason::LICENSE),
    ),
    (
        "license: words",
        |e| e.model.licenses[0].expression = None,
        Gives::Open(reason::LICENSE),
    ),
    (
        "format: denied",
        |e| e.model.files[0].formats.push("pickle".into()),
        Gives::No(reason::FORMAT),
    ),
    (
        "revision: a branch",
        |e| e.model.revision.as_mut().unwrap().is_pinned = false,
        Gives::No(reason::REVISION),
    ),
    (
        "revision: not known",
        |e| e.model.revision = None,
        Gives::No(reason::REVISION),
    ),
    (
        "advisories: none given",
        |e| e.advisories.clear(),
        Gives::No(reason::ADVISORY),
    ),
    (
        "advisories: high",
        |e| vulnerable(e, Some(Severity::High)),
        Gives::Met,
    ),
    (
        "advisories: critical",
        |e| vulnerable(e, Some(Severity::Critical)),
        Gives::No(reason::ADVISORY),
    ),
    (
        "advisories: not rated",
        |e| vulnerable(e, None),
        Gives::No(reason::ADVISORY),
    ),
    (
        "advisories: old",
        |e| e.advisories[0].made = Some("2026-10-01T00:00:00Z".parse().unwrap()),
        Gives::No(reason::ADVISORY),
    ),
    (
        "advisories: undated",
        |e| e.advisories[0].made = None,
        Gives::No(reason::ADVISORY),
    ),
    (
        "advisories: not readable",
        |e| e.advisories[0].found = Err("it ends in the middle".into()),
        Gives::Never(reason::UNREADABLE),
    ),
];

/// What stands in for an unmet demand.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Waiving {
    None,
    /// In the policy itself.
    Unsigned,
    /// In a file that its approver signed.
    Signed,
    /// In a file that somebody else signed.
    SignedByOther,
    Expired,
    NotYet,
    OfAnotherModel,
}

const WAIVING: [Waiving; 7] = [
    Waiving::None,
    Waiving::Unsigned,
    Waiving::Signed,
    Waiving::SignedByOther,
    Waiving::Expired,
    Waiving::NotYet,
    Waiving::OfAnotherModel,
];

/// Exceptions from everything that can be waived.
fn waivers(how: Waiving) -> String {
    let (granted, expires) = match how {
        Waiving::Expired => ("2026-11-01", "2026-11-21"),
        Waiving::NotYet => ("2026-11-23", "2026-12-01"),
        _ => ("2026-11-01", "2026-12-01"),
    };
    let model = if how == Waiving::OfAnotherModel {
        "other"
    } else {
        "model"
    };
    let all = Check::ALL.into_iter().filter(|check| check.is_waivable());
    all.map(|check| {
        format!(
            "[[waiver]]\nwaives = \"{}\"\ndigest = \"{}\"\nowner = \"ann\"\napprover = \"ciso\"\nreason = \"r\"\n\
             granted = {granted}\nexpires = {expires}\n",
            check.code(),
            digest(model)
        )
    })
    .collect()
}

/// A policy that demands everything of tier medium and higher, in staging and production.
fn policy(mode: Mode, tier: Tier, how: Waiving) -> Policy {
    let head = PEOPLE
        .replace("\"development\"", &format!("\"{mode}\""))
        .replace("\"low\"", &format!("\"{tier}\""));
    let demands = DEMANDS.trim();
    // A demand stands under one mode or one tier; a signature is always demanded.
    let mut text = format!("{head}\n[require]\nsignature = true\nmax-age = {{ oms = \"1d\" }}\n");
    for section in ["modes.staging", "tiers.high"] {
        text.push_str(&format!("\n[{section}.require]\n{demands}\n"));
    }
    if how == Waiving::Unsigned {
        text.push_str(&waivers(how));
    }
    let signed = match how {
        Waiving::None | Waiving::Unsigned => None,
        _ => Some(SignedWaivers {
            source: "waivers.toml".into(),
            digest: digest("waivers"),
            waivers: WaiverList::parse(format!("version = 1\n{}", waivers(how)).as_bytes(), &WORDS)
                .unwrap()
                .0,
            signed_by: [if how == Waiving::SignedByOther {
                "release"
            } else {
                "ciso"
            }
            .to_owned()]
            .into(),
        }),
    };
    Policy::new([Layer {
        waivers: signed,
        ..layer(LayerKind::Named, &text)
    }])
}

/// The rule of the whole table.
fn expected(gives: Gives, mode: Mode, tier: Tier, how: Waiving) -> (Decision, Option<Code>) {
    let is_signature = gives == Gives::Never(reason::SIGNATURE);
    if !is_signature && mode < Mode::Staging && tier < Tier::High {
        return (Decision::Allow, None);
    }
    let is_waived = match how {
        Waiving::Signed => true,
        Waiving::Unsigned => mode != Mode::Production,
        _ => false,
    };
    match gives {
        Gives::Met => (Decision::Allow, None),
        Gives::No(_) | Gives::Open(_) if is_waived => (Decision::Allow, None),
        Gives::No(code) | Gives::Never(code) => (Decision::Deny, Some(code)),
        Gives::Unknown(code) | Gives::Open(code) => (Decision::Quarantine, Some(code)),
    }
}

#[test]
fn every_row_gives_its_code() {
    let (mut rows, mut denials) = (0_u32, 0_u32);
    for mode in Mode::ALL {
        for tier in Tier::ALL {
            for how in WAIVING {
                let policy = policy(mode, tier, how);
                let mut row = |name: &str, spoil: &dyn Fn(&mut Evidence), gives: &[Gives]| {
                    let mut evidence = good();
                    spoil(&mut evidence);
                    let verdict = judge(&policy, &evidence, &Situation::at(now()));
                    let all: Vec<_> = gives.iter().map(|it| expected(*it, mode, tier, how)).collect();
                    let mut wanted: Vec<Code> = all.iter().filter_map(|(_, code)| *code).collect();
                    wanted.sort();
                    let at = format!("{name}, {mode}, {tier}, {how:?}: {verdict:#?}");
                    assert_eq!(codes(&verdict), wanted, "{at}");
                    assert_eq!(
                        Some(verdict.decision),
                        all.iter().map(|(it, _)| *it).max(),
                        "{at}"
                    );
                    for reason in verdict.reasons() {
                        assert!(reason.place.as_ref().is_some_and(|place| place.line > 1), "{at}");
                    }
                    rows += 1;
                    denials += u32::from(verdict.decision != Decision::Allow);
                };
                for (name, spoil, gives) in STATES {
                    row(name, spoil, &[*gives]);
                }
                for (kind, gives) in KINDS {
                    for (what, wrong) in WRONG {
                        row(
                            &format!("{kind} {what}"),
                            &|evidence| wrong(evidence, kind),
                            gives,
                        );
                    }
                }
            }
        }
    }
    assert_eq!(rows, 5_985, "the table has shrunk");
    assert!(denials * 5 >= rows * 2, "{denials} of {rows}");
}

#[test]
fn a_demand_holds_in_stricter_modes_and_of_higher_tiers() {
    for mode in Mode::ALL {
        for tier in Tier::ALL {
            let mut bare = good();
            bare.statements.retain(|it| it.kind == Kind::Oms);
            let situation = Situation {
                mode: Some(mode),
                tier: Some(tier),
                ..Situation::at(now())
            };
            let verdict = judge(
                &policy(Mode::Development, Tier::Low, Waiving::None),
                &bare,
                &situation,
            );
            let is_denied = mode >= Mode::Staging || tier == Tier::High;
            assert_eq!(verdict.decision == Decision::Deny, is_denied, "{mode} {tier}");
            // What is asked for never loosens.
            let strict = judge(
                &policy(Mode::Production, Tier::High, Waiving::None),
                &bare,
                &situation,
            );
            assert_eq!(
                (strict.decision, strict.mode, strict.tier),
                (Decision::Deny, Mode::Production, Tier::High)
            );
        }
    }
}
