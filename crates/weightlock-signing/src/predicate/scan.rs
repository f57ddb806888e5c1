//! `urn:weightlock:scan:v1`: "this is what a scanner found in the model".
//!
//! ```json
//! {"examinedOn": "2026-11-22T12:00:00Z",
//!  "scanner": {"name": "weightlock", "version": "0.1.0", "rules": "<hex>"}, "profile": "default",
//!  "threshold": "medium", "outcome": "no", "complete": true,
//!  "coverage": {"files": 3, "bytes": 1234, "contents": 5, "explained": 1000, "data": 234, "unread": 0},
//!  "findings": [{"rule": "…", "severity": "high", "place": "a.pt!/data.pkl", "offset": 7, "reason": "…"}],
//!  "findingsLeftOut": 0, "unread": [{"code": "WL-SCAN-…", "place": "…", "offset": 0, "bytes": 9, "why": "…"}],
//!  "unreadLeftOut": 0}
//! ```
//!
//! Places are relative to the model. A scan that could not read everything is stated as such (`complete`); whether that
//! is enough is for whoever relies on it.

use serde::{Deserialize, Serialize};
use weightlock_artifact::manifest::Subject;

use crate::{
    json::{self, JsonError, Object},
    refusal::Refusal,
    statement::{Statement, VerifiedEvidence},
};

/// The predicate type.
pub const PREDICATE_TYPE: &str = "urn:weightlock:scan:v1";

/// Findings, and gaps, that one statement lists; the others are counted.
pub const MOST_LISTED: usize = 1000;

/// What a scanner found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scan {
    /// When the scan ended, in RFC 3339, as the scanner says..
    pub examined_on: Option<String>,
    /// What examined and judged.
    pub scanner: Scanner,
    /// What had to be vouched for: `default`, `strict` or `weights-only`.
    pub profile: String,
    /// The severity from which on a finding decides.
    pub threshold: String,
    /// `yes`, `no` or `no-answer`.
    pub outcome: String,
    /// Every byte was examined.
    pub complete: bool,
    /// Sums.
    pub coverage: Coverage,
    /// Findings, at most [`MOST_LISTED`].
    pub findings: Vec<Finding>,
    /// Findings that are not listed.
    pub findings_left_out: u64,
    /// Ranges that were not examined, at most [`MOST_LISTED`].
    pub unread: Vec<Unread>,
    /// Ranges that are not listed.
    pub unread_left_out: u64,
}

/// What examined and judged.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct Scanner {
    /// The program.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The version of its rules.
    pub rules: String,
}

/// Sums over all files.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize, Serialize)]
pub struct Coverage {
    /// Files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Files and everything in them.
    pub contents: u64,
    /// Bytes that a reader took apart.
    pub explained: u64,
    /// Bytes that a format declares as data.
    pub data: u64,
    /// Bytes that were not examined.
    pub unread: u64,
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// The file and the members of containers in it, joined with `!/`.
    pub place: String,
    /// Offset in the innermost content.
    pub offset: Option<u64>,
    /// What was seen.
    pub reason: String,
}

/// Bytes that were not examined.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct Unread {
    /// The reason code.
    pub code: String,
    /// The content.
    pub place: String,
    /// The first byte.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
    /// The reason.
    pub why: String,
}

/// Why a statement about a scan is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotBelieved {
    /// The statement is of another kind.
    #[error("the statement is not about a scan")]
    Kind,
    /// The statement cannot be read.
    #[error("the statement about the scan cannot be read")]
    Statement(#[source] Refusal),
}

/// The statement about a scan: its subjects are the model's.
#[must_use]
pub fn statement(subjects: Vec<Subject>, scan: &Scan) -> Statement {
    let wire = Wire {
        examined_on: scan.examined_on.clone(),
        scanner: Object(scan.scanner.clone()),
        profile: scan.profile.clone(),
        threshold: scan.threshold.clone(),
        outcome: scan.outcome.clone(),
        complete: scan.complete,
        coverage: Object(scan.coverage),
        findings: scan.findings.iter().cloned().map(Object).collect(),
        findings_left_out: scan.findings_left_out,
        unread: scan.unread.iter().cloned().map(Object).collect(),
        unread_left_out: scan.unread_left_out,
    };
    Statement {
        subjects,
        predicate_type: PREDICATE_TYPE.to_owned(),
        // Serialising this type cannot fail: its keys are strings.
        predicate: serde_json::to_value(wire).unwrap_or_default(),
    }
}

/// Reads what a signed statement says of a scan. The caller has checked *whose* statement it is.
///
/// # Errors
/// [`NotBelieved`] when the statement is of another kind or cannot be read.
pub fn read(evidence: &VerifiedEvidence) -> Result<Scan, NotBelieved> {
    let statement = evidence.statement();
    if statement.predicate_type != PREDICATE_TYPE {
        return Err(NotBelieved::Kind);
    }
    parse(&statement.predicate).map_err(|error| NotBelieved::Statement(Refusal::StatementSyntax(error)))
}

/// Reads the predicate itself. Nobody's signature is checked.
pub(super) fn parse(predicate: &serde_json::Value) -> Result<Scan, JsonError> {
    let wire: Wire = json::read(predicate.to_string().as_bytes())?;
    Ok(Scan {
        examined_on: wire.examined_on,
        scanner: wire.scanner.0,
        profile: wire.profile,
        threshold: wire.threshold,
        outcome: wire.outcome,
        complete: wire.complete,
        coverage: wire.coverage.0,
        findings: wire.findings.into_iter().map(|Object(one)| one).collect(),
        findings_left_out: wire.findings_left_out,
        unread: wire.unread.into_iter().map(|Object(one)| one).collect(),
        unread_left_out: wire.unread_left_out,
    })
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    examined_on: Option<String>,
    scanner: Object<Scanner>,
    profile: String,
    threshold: String,
    outcome: String,
    complete: bool,
    coverage: Object<Coverage>,
    findings: Vec<Object<Finding>>,
    findings_left_out: u64,
    unread: Vec<Object<Unread>>,
    unread_left_out: u64,
}

#[cfg(feature = "sign")]
#[cfg(test)]
mod tests {
    use weightlock_artifact::digest::Algorithm;

    use super::*;
    use crate::{
        Trust,
        key::{Algorithm as KeyAlgorithm, PrivateKey, SystemRandom},
        oms::SigningMaterial,
        predicate::leaves,
        statement::{sign_evidence, verify_evidence},
    };

    fn scan() -> Scan {
        Scan {
            examined_on: Some("2026-11-22T12:00:00Z".to_owned()),
            scanner: Scanner {
                name: "weightlock".to_owned(),
                version: "1".to_owned(),
                rules: "ab".to_owned(),
            },
            profile: "default".to_owned(),
            threshold: "medium".to_owned(),
            outcome: "no".to_owned(),
            complete: false,
            coverage: Coverage {
                files: 1,
                unread: 9,
                ..Coverage::default()
            },
            findings: vec![Finding {
                rule: "r".to_owned(),
                severity: "high".to_owned(),
                place: "a!/b".to_owned(),
                offset: None,
                reason: "x".to_owned(),
            }],
            findings_left_out: 2,
            unread: vec![Unread {
                code: "WL-SCAN-UNCLAIMED".to_owned(),
                place: "a".to_owned(),
                offset: 1,
                bytes: 9,
                why: "y".to_owned(),
            }],
            unread_left_out: 3,
        }
    }

    fn signed(statement: &Statement) -> VerifiedEvidence {
        let key = PrivateKey::generate(KeyAlgorithm::P256, &mut SystemRandom).unwrap();
        let bundle = sign_evidence(statement, &key, &SigningMaterial::Key).unwrap();
        let trust = Trust::Key(key.public_key().clone());
        verify_evidence(&bundle, &trust).unwrap()
    }

    fn subjects() -> Vec<Subject> {
        vec![Subject {
            name: "m".to_owned(),
            sha256: Algorithm::Sha256.digest(b"m"),
        }]
    }

    #[test]
    fn what_is_stated_is_read_back() {
        let evidence = signed(&statement(subjects(), &scan()));
        assert_eq!(read(&evidence).unwrap(), scan());
        assert!(evidence.statement().predicate["findingsLeftOut"] == 2);
    }

    #[test]
    fn another_kind_and_a_statement_without_its_members_are_not_believed() {
        let other = leaves::statement(subjects(), b"table");
        assert!(matches!(read(&signed(&other)), Err(NotBelieved::Kind)));
        let mut cut = statement(subjects(), &scan());
        cut.predicate.as_object_mut().unwrap().remove("complete");
        assert!(matches!(read(&signed(&cut)), Err(NotBelieved::Statement(_))));
    }
}
