//! Statements about the model: who signed each, whether it is about these bytes, and what it says as far as policies ask.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;
use weightlock_artifact::{evidence::Kind, inventory::RootKind};
use weightlock_bom::{
    document::read::described::{Describes, describes},
    provenance::{
        Provenance,
        evaluation::Evaluation,
        review::{CustomCode, Decision, NotCovered, Review},
    },
    slsa::{Expected, covers},
};
use weightlock_policy::{
    IdentityId,
    evidence::{
        ApprovalFact, Content, EvaluationFact, Holds, Measured, ProvenanceFact, ReviewFact, ScanFact,
        StatementFact,
    },
};
use weightlock_scan::Severity;
use weightlock_signing::{
    NotCounted, Signer, SignersByKind,
    predicate::{
        reason::ABOUT,
        scan,
        types::{self, APPROVAL, CUSTOM, EVALUATION, REVIEW, SLSA_1, TEST_RESULT, VULN},
    },
    statement::{Model, Statement, VerifiedEvidence},
};

use super::{
    advisories,
    people::{self, People},
    signatures::proven_time,
};
use crate::{
    commands::{
        evidence::found::{self, Found},
        subject::Hashed,
    },
    diagnostic::Diagnostic,
};

/// A statement that was looked at, with its text for those that need more of it.
pub(super) struct Looked {
    pub(super) fact: StatementFact,
    /// Its signed text, when somebody of the policies signed it.
    pub(super) statement: Option<Statement>,
}

/// Everything about the model that statements are compared with.
pub(super) struct About<'a> {
    pub(super) hashed: &'a Hashed,
    pub(super) model: Model,
    pub(super) code: &'a CustomCode,
}

/// Looks at every statement but signatures of the files.
pub(super) fn look(about: &About<'_>, people: &People) -> Result<Vec<Looked>, Diagnostic> {
    let found = Found::about(about.hashed.root())?;
    let statements = found.iter().filter(|it| it.kind != Some(Kind::Oms));
    Ok(statements.map(|it| about.look(it, people)).collect())
}

impl About<'_> {
    fn look(&self, found: &Found, people: &People) -> Looked {
        let bundle = found.bundle().unwrap_or_default();
        let mut looked = Looked {
            fact: StatementFact {
                id: people::sha256(bundle),
                name: found.name.clone(),
                kind: found.kind.unwrap_or(Kind::Other),
                by: BTreeSet::new(),
                signer: None,
                marks: BTreeSet::new(),
                signed_by: None,
                made: None,
                holds: Holds::Yes,
                content: Content::Other,
            },
            statement: None,
        };
        let claimed = match found.claimed() {
            Ok(claimed) => claimed,
            Err(why) => {
                looked.fact.holds = refused(&why);
                return looked;
            }
        };
        // A kind goes by the signed type. cosign's wrapper holds cards, as far as policies ask.
        let predicate_type = claimed.statement.predicate_type;
        let is_card = predicate_type == CUSTOM;
        looked.fact.kind = if is_card {
            Kind::Card
        } else {
            types::kind_of(&predicate_type)
        };
        let mut signed = None;
        for (id, trust) in people.all() {
            let signers = SignersByKind::new([trust.clone()]);
            match signers.judge(bundle, found.kind, &self.model) {
                Ok(evidence) => {
                    looked.sign(id, evidence.signer());
                    signed = Some(evidence);
                }
                // The signature is theirs: the rules about content come after it.
                Err(
                    why @ (NotCounted::About { .. } | NotCounted::FilesNotNamed | NotCounted::Predicate(_)),
                ) => {
                    if let Ok(evidence) = weightlock_signing::statement::verify_evidence(bundle, trust) {
                        looked.sign(id, evidence.signer());
                    }
                    looked.fact.holds = Holds::No {
                        code: why.code(),
                        why: found::Why::from(&why).why,
                        is_other: !matches!(why, NotCounted::Predicate(_)),
                    };
                }
                Err(_) => {}
            }
        }
        if looked.fact.by.is_empty() {
            looked.fact.signed_by = Some(found::said_signer(&claimed.material) + ", which was not checked");
        }
        if let Some(named) = signed
            .as_ref()
            .and_then(|it| self.other_kind_of_file(it.statement()))
        {
            looked.fact.holds = Holds::No {
                code: ABOUT,
                why: format!("it is about {named}, and what a single file is goes by its name, too"),
                is_other: true,
            };
            signed = None;
        }
        if let Some(evidence) = signed {
            self.read(&mut looked, &evidence);
        } else {
            // What a statement says that nobody signed, or that is about something else, decides nothing; its kind is told.
            looked.fact.content = kind_only(looked.fact.kind, &predicate_type);
        }
        looked
    }

    /// The name of another kind of file: a digest binds the bytes of a model of one file and not its name, and a text that was harmless
    /// as notes is a program under another name.
    fn other_kind_of_file<'s>(&self, statement: &'s Statement) -> Option<&'s str> {
        if !matches!(self.hashed.root().kind(), RootKind::File(_)) {
            return None;
        }
        let named = statement.subjects.first()?.name.as_str();
        (extension(named) != extension(&self.hashed.root().base_name())).then_some(named)
    }

    fn read(&self, looked: &mut Looked, evidence: &VerifiedEvidence) {
        let statement = evidence.statement();
        match self.content(statement, evidence) {
            Ok(content) => looked.fact.content = content,
            Err((content, why)) => {
                looked.fact.content = content;
                looked.fact.holds = Holds::No {
                    code: weightlock_signing::predicate::reason::PREDICATE,
                    why,
                    is_other: false,
                };
            }
        }
        let time = || {
            stated_time(
                looked.fact.kind,
                &statement.predicate,
                says_no(&looked.fact.content),
            )
        };
        looked.fact.made = proven_time(evidence.signer()).or_else(time);
        looked.statement = Some(statement.clone());
    }

    /// What it says. What cannot be read is of its kind, and says nothing.
    fn content(
        &self,
        statement: &Statement,
        evidence: &VerifiedEvidence,
    ) -> Result<Content, (Content, String)> {
        let predicate = &statement.predicate;
        let predicate_type = statement.predicate_type.as_str();
        let none = || kind_only(types::kind_of(predicate_type), predicate_type);
        match (types::kind_of(predicate_type), predicate_type) {
            (Kind::Scan, scan::PREDICATE_TYPE) => match scan::read(evidence) {
                Ok(scan) => Ok(Content::Scan(scanned(&scan))),
                Err(error) => Err((none(), error.to_string())),
            },
            (Kind::Scan, VULN) => Ok(Content::Advisories(advisories::in_predicate(predicate))),
            (Kind::Bom, _) => match describes(predicate, &self.hashed.subjects()) {
                Ok(found) => Ok(Content::Bom(described(found))),
                Err(error) => Err((none(), error.to_string())),
            },
            (Kind::Provenance, SLSA_1) => {
                Ok(Content::Provenance(self.provenance(statement, evidence.signer())))
            }
            (Kind::Evaluation, EVALUATION | TEST_RESULT) => match evaluation(predicate_type, predicate) {
                Ok(evaluation) => Ok(Content::Evaluation(evaluation)),
                Err(why) => Err((none(), why)),
            },
            (Kind::Review, REVIEW) => match self.review(predicate) {
                Ok(review) => Ok(Content::Review(review)),
                Err(why) => Err((none(), why)),
            },
            (Kind::Verdict, _) => Ok(Content::Other),
            (Kind::Review, APPROVAL) => match approval(predicate) {
                Some(approval) => Ok(Content::Approval(approval)),
                None => Err((none(), "it neither approves nor rejects".to_owned())),
            },
            _ => Ok(none()),
        }
    }

    fn provenance(&self, statement: &Statement, signer: &Signer) -> ProvenanceFact {
        let mut faults = Vec::new();
        if let Err(refused) = covers(&statement.subjects, &self.hashed.subjects()) {
            faults.push(refused.to_string());
        }
        let provenance = match Provenance::read(&statement.predicate) {
            Ok(provenance) => provenance,
            Err(error) => {
                faults.push(error.to_string());
                return ProvenanceFact {
                    builder: String::new(),
                    faults,
                };
            }
        };
        if let Err(refused) = Expected::default().signed(&provenance, None, signer) {
            faults.push(refused.to_string());
        }
        ProvenanceFact {
            builder: provenance.builder,
            faults,
        }
    }

    fn review(&self, predicate: &Value) -> Result<ReviewFact, String> {
        let review = Review::read(predicate).map_err(|error| error.to_string())?;
        if review.decision == Decision::Rejected {
            return Ok(ReviewFact::Rejects);
        }
        match self.code.covered_by(&review) {
            Ok(()) => Ok(ReviewFact::Approves),
            Err(NotCovered::Rejected) => Ok(ReviewFact::Rejects),
            Err(_) => Ok(ReviewFact::OtherCode),
        }
    }
}

impl Looked {
    fn sign(&mut self, id: &IdentityId, signer: &Signer) {
        self.fact.by.insert(id.clone());
        self.fact.signer = Some(people::distinct(signer));
        self.fact.marks = people::marks(signer);
        self.fact.signed_by = Some(people::shown(signer));
    }
}

fn refused(why: &found::Why) -> Holds {
    Holds::No {
        code: why.code,
        why: why.why.clone(),
        is_other: false,
    }
}

/// A statement of a kind that says nothing good.
fn kind_only(kind: Kind, predicate_type: &str) -> Content {
    match kind {
        Kind::Scan if predicate_type == scan::PREDICATE_TYPE => Content::Scan(ScanFact {
            unread: vec!["nothing of it is believed".to_owned()],
            ..ScanFact::default()
        }),
        Kind::Bom => Content::Bom(weightlock_policy::evidence::Describes::Nothing),
        Kind::Card => Content::Card(weightlock_policy::evidence::CardFact {
            missing: vec!["anything that is believed".to_owned()],
            ..Default::default()
        }),
        Kind::Provenance => Content::Provenance(ProvenanceFact {
            faults: vec!["it is of a type or version that is not judged".to_owned()],
            ..ProvenanceFact::default()
        }),
        Kind::Evaluation => Content::Evaluation(EvaluationFact::default()),
        Kind::Review if predicate_type == APPROVAL => Content::Approval(ApprovalFact::Rejects),
        Kind::Review => Content::Review(ReviewFact::OtherCode),
        _ => Content::Other,
    }
}

/// What a signed document describes.
fn described(found: Describes) -> weightlock_policy::evidence::Describes {
    use weightlock_policy::evidence::Describes as Fact;
    match found {
        Describes::This => Fact::This,
        Describes::Another { stated, .. } => Fact::Other(stated.to_string()),
        Describes::Nothing => Fact::Nothing,
    }
}

/// A signed scan.
fn scanned(scan: &scan::Scan) -> ScanFact {
    let mut fact = ScanFact::default();
    for finding in &scan.findings {
        // A severity of a later version is as bad as can be.
        let severity = Severity::of(&finding.severity).unwrap_or(Severity::Critical);
        let worst = fact.findings.entry(finding.rule.clone()).or_insert(severity);
        *worst = (*worst).max(severity);
    }
    if scan.findings_left_out > 0 {
        fact.unlisted = Some(Severity::Critical);
    }
    let unread = scan
        .unread
        .iter()
        .map(|one| format!("{}: {}", one.place, one.why));
    fact.unread = unread.collect();
    if fact.unread.is_empty() && (!scan.complete || scan.coverage.unread > 0 || scan.unread_left_out > 0) {
        fact.unread
            .push("it says that not everything was read".to_owned());
    }
    fact
}

fn evaluation(predicate_type: &str, predicate: &Value) -> Result<EvaluationFact, String> {
    if predicate_type == TEST_RESULT {
        // in-toto's test result has words and no numbers.
        return match predicate.get("result").and_then(Value::as_str) {
            Some("PASSED" | "WARNED") => Ok(EvaluationFact::default()),
            Some("FAILED") => Ok(EvaluationFact {
                failed: true,
                ..EvaluationFact::default()
            }),
            _ => Err("it has none of the results PASSED, WARNED and FAILED".to_owned()),
        };
    }
    let read: Evaluation = serde_json::from_value(predicate.clone()).map_err(|error| error.to_string())?;
    let mut values = Vec::new();
    for one in &read.results {
        let name = |data: &weightlock_bom::provenance::evaluation::Data| {
            data.kind.clone().or_else(|| data.name.clone())
        };
        values.push(Measured {
            metric: one.metric.clone(),
            dataset: one.dataset.as_ref().and_then(name),
            // What is no number is within no bounds.
            value: one.value.trim().parse().unwrap_or(f64::NAN),
        });
    }
    Ok(EvaluationFact {
        values,
        failed: false,
    })
}

/// `{"decision": "approved" | "rejected", "date": …}`.
fn approval(predicate: &Value) -> Option<ApprovalFact> {
    match predicate.get("decision").and_then(Value::as_str)? {
        "approved" => Some(ApprovalFact::Approves),
        "rejected" => Some(ApprovalFact::Rejects),
        _ => None,
    }
}

/// When a statement was made, as its signer says: the time that its kind has a place for.
///
/// Of a no that names a day only, the day's end: it could have been said at any time of it.
fn stated_time(kind: Kind, predicate: &Value, is_no: bool) -> Option<Timestamp> {
    let places: &[&str] = match kind {
        Kind::Scan => &["/examinedOn", "/metadata/scanFinishedOn"],
        Kind::Bom => &["/metadata/timestamp", "/creationInfo/created"],
        // cosign's wrapper has its own place for it.
        Kind::Card => &["/date", "/Timestamp"],
        Kind::Provenance => &["/runDetails/metadata/finishedOn"],
        Kind::Evaluation | Kind::Review | Kind::Other => &["/date"],
        Kind::Verdict => &["/timeVerified"],
        _ => &[],
    };
    let text = places.iter().find_map(|place| predicate.pointer(place)?.as_str());
    let text = text?;
    let is_day = text.parse::<Timestamp>().is_err();
    let time = time(text)?;
    if is_no && is_day {
        return time.checked_add(DAY).ok();
    }
    Some(time)
}

/// Just before the next day.
const DAY: SignedDuration = SignedDuration::from_secs(24 * 60 * 60 - 1);

/// Whether it takes something back.
const fn says_no(content: &Content) -> bool {
    matches!(
        content,
        Content::Approval(ApprovalFact::Rejects) | Content::Review(ReviewFact::Rejects)
    )
}

/// The end of a name behind its last dot, in small letters.
fn extension(name: &str) -> Option<String> {
    let base = name.rsplit('/').next()?;
    base.rsplit_once('.').map(|(_, end)| end.to_lowercase())
}

/// A time in RFC 3339, or the start of a day.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let day: Date = text.parse().ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
