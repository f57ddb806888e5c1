//! [`Finding`]: one answer to what a file can do, with the evidence for it.

use serde::Serialize;

use crate::{Confidence, Place, Severity};

/// Something a rule does not let pass, and where.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// The rule's stable id.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The CWE number of the weakness.
    pub cwe: u16,
    /// The opcode or the field that was seen: `REDUCE`, `config.layers[2].class_name`.
    pub construct: Option<String>,
    /// The name that it resolves to: `posix.system`. A stranger's text.
    pub name: Option<String>,
    /// What was seen, in one line. May quote a stranger's text.
    pub reason: String,
    /// What to do about it.
    pub fix: &'static str,
}
