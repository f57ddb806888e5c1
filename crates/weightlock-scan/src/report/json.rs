//! The report as the result of the JSON document that every verb writes. Members are only added within a version of
//! its schema.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Fingerprint, Report, Totals, rules_version};
use crate::{FileReport, Finding, Severity, coverage::Unread};

/// What a scan found out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scanned {
    /// What examined and judged.
    pub tool: Tool,
    /// `default`, `strict` or `weights-only`.
    pub profile: String,
    /// Findings at or above this severity decide.
    pub threshold: String,
    /// Every byte of everything that was to be examined was examined.
    pub complete: bool,
    /// Sums over all files.
    pub totals: Sums,
    /// The files that were examined, in order of names.
    pub files: Vec<ScannedFile>,
    /// What was to be examined and was not.
    pub not_examined: Vec<Skipped>,
    /// Files that were left out because they were not asked for.
    pub left_out: Vec<String>,
    /// Names that never belong to a model, such as `.git`.
    pub passed_over: Vec<String>,
    /// An earlier report was given, whose findings are known.
    pub baseline: bool,
    /// Where the signed statement about this result lies, when one was made.
    pub evidence: Option<String>,
}

/// What examined and judged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `weightlock`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The version of its set of rules.
    pub rules: String,
}

/// Sums over all files.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// Files examined.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
    /// The files and everything in them.
    pub contents: u64,
    /// Bytes that a reader took apart. Bytes of what was decompressed count as well.
    pub explained: u64,
    /// Bytes that a format declares as data of tensors or pictures.
    pub data: u64,
    /// Bytes that were not examined.
    pub unread: u64,
    /// Ranges that were not examined.
    pub gaps: u64,
    /// Findings by severity.
    pub findings: Counts,
    /// Findings at or above the threshold that no baseline knows.
    pub failing: u64,
    /// Findings that the baseline knows.
    pub known: u64,
}

/// Findings by severity.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Code runs on load, reached by a call.
    pub critical: u64,
    /// A dangerous capability, a file outside the folder, hidden executable content.
    pub high: u64,
    /// Cannot be vouched for, readers disagree, the format or resources are abused.
    pub medium: u64,
    /// Needs an opt-in or outside code.
    pub low: u64,
    /// Context.
    pub info: u64,
}

/// One file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScannedFile {
    /// Its name, joined with the target as it was typed.
    pub file: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it is by content.
    pub format: String,
    /// What it can do.
    pub findings: Vec<Found>,
    /// Findings that are not listed: the worst thousand of a file are.
    pub findings_left_out: u64,
    /// The worst severity of those that are not listed.
    pub worst_left_out: Option<String>,
    /// What was examined.
    pub coverage: Account,
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The rule; `weightlock explain RULE` tells more.
    pub rule: String,
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// `low`, `medium` or `high`.
    pub confidence: String,
    /// The CWE number of the weakness.
    pub cwe: u16,
    /// The file and the members of containers in it, joined with `!/`.
    pub trail: String,
    /// Offset in the innermost content, of the decompressed bytes where it was compressed.
    pub offset: Option<u64>,
    /// The opcode or field.
    pub construct: Option<String>,
    /// The name that it resolves to.
    pub name: Option<String>,
    /// What was seen.
    pub reason: String,
    /// What to do.
    pub fix: String,
    /// The same as long as the finding is.
    pub fingerprint: String,
    /// The baseline has it.
    pub known: bool,
}

/// The account of a file and all that lies in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Every byte was examined.
    pub complete: bool,
    /// The file and everything in it.
    pub contents: u64,
    /// Bytes that a reader took apart.
    pub explained: u64,
    /// Bytes that a format declares as data.
    pub data: u64,
    /// Bytes that were not examined.
    pub unread: u64,
    /// What was not examined.
    pub gaps: Vec<NotRead>,
    /// Gaps that are not listed.
    pub gaps_left_out: u64,
}

/// Bytes that were not examined.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotRead {
    /// The content.
    pub trail: String,
    /// The first byte.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
    /// The reason code; `weightlock explain CODE` tells more.
    pub code: String,
    /// The reason in words.
    pub why: String,
}

/// Something that was to be examined and was not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// The reason code.
    pub code: String,
    /// The reason in words.
    pub why: String,
}

impl From<&Report> for Scanned {
    fn from(report: &Report) -> Self {
        Self {
            tool: Tool {
                name: "weightlock".to_owned(),
                version: report.version.to_owned(),
                rules: rules_version(),
            },
            profile: report.profile.as_str().to_owned(),
            threshold: report.threshold.as_str().to_owned(),
            complete: report.is_complete(),
            totals: Sums::from(&report.totals()),
            files: report.files.iter().map(|file| self::file(file, report)).collect(),
            not_examined: report
                .not_examined
                .iter()
                .map(|one| Skipped {
                    name: one.name.clone(),
                    code: one.code.to_string(),
                    why: one.why.clone(),
                })
                .collect(),
            left_out: report.left_out.clone(),
            passed_over: report.passed_over.clone(),
            baseline: report.baseline.is_some(),
            evidence: report.evidence.clone(),
        }
    }
}

impl From<&Totals> for Sums {
    fn from(totals: &Totals) -> Self {
        Self {
            files: totals.files,
            bytes: totals.bytes,
            contents: totals.contents,
            explained: totals.explained,
            data: totals.data,
            unread: totals.unread,
            gaps: totals.gaps,
            findings: Counts {
                critical: totals.of(Severity::Critical),
                high: totals.of(Severity::High),
                medium: totals.of(Severity::Medium),
                low: totals.of(Severity::Low),
                info: totals.of(Severity::Info),
            },
            failing: totals.failing,
            known: totals.known,
        }
    }
}

fn file(file: &FileReport, report: &Report) -> ScannedFile {
    let coverage = &file.coverage;
    ScannedFile {
        file: file.file.clone(),
        size: file.size,
        format: word(&file.format),
        findings: file
            .findings
            .iter()
            .map(|finding| found(finding, report.is_known(finding)))
            .collect(),
        findings_left_out: file.findings_left_out.total(),
        worst_left_out: file
            .findings_left_out
            .worst()
            .map(|severity| severity.as_str().to_owned()),
        coverage: Account {
            complete: coverage.is_complete(),
            contents: coverage.contents,
            explained: coverage.explained,
            data: coverage.data,
            unread: coverage.unread,
            gaps: coverage.gaps.iter().map(NotRead::from).collect(),
            gaps_left_out: coverage.gaps_left_out,
        },
    }
}

/// One finding in JSON.
#[must_use]
pub fn found(finding: &Finding, known: bool) -> Found {
    Found {
        rule: finding.rule.to_owned(),
        severity: finding.severity.as_str().to_owned(),
        confidence: finding.confidence.as_str().to_owned(),
        cwe: finding.cwe,
        trail: finding.place.trail.to_string(),
        offset: finding.place.offset,
        construct: finding.construct.clone(),
        name: finding.name.clone(),
        reason: finding.reason.clone(),
        fix: finding.fix.to_owned(),
        fingerprint: Fingerprint::of(finding).to_string(),
        known,
    }
}

impl From<&Unread> for NotRead {
    fn from(unread: &Unread) -> Self {
        Self {
            trail: unread.trail.to_string(),
            offset: unread.offset,
            bytes: unread.bytes,
            code: unread.gap.code().to_string(),
            why: unread.why.clone(),
        }
    }
}

/// The word that serde has for a value without fields.
pub(super) fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{hostile, thinned};

    #[test]
    fn everything_is_there_as_it_is() {
        let scanned = Scanned::from(&hostile());
        assert_eq!((scanned.totals.files, scanned.totals.failing), (2, 1));
        assert!(!scanned.complete);
        let [first, second] = scanned.files.as_slice() else {
            panic!("two files")
        };
        assert_eq!(first.format, "pickle");
        assert_eq!(first.findings.len(), 2);
        assert_eq!(second.coverage.gaps[0].code, "WL-SCAN-UNCLAIMED");
        assert_eq!(scanned.not_examined.len() + scanned.left_out.len(), 2);
        assert_eq!(
            (first.findings_left_out, first.worst_left_out.as_deref()),
            (0, None)
        );
        let thinned = Scanned::from(&thinned(Severity::High));
        let file = &thinned.files[0];
        assert_eq!(
            (file.findings_left_out, file.worst_left_out.as_deref()),
            (1, Some("high"))
        );
        assert_eq!((thinned.totals.findings.high, thinned.totals.failing), (2, 1));
    }
}
