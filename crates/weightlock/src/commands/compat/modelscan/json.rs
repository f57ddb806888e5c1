//! The report for programs: its members in its order, written as Python's `json` writes them, for scripts search it as
//! text. `weightlock_version` and `rule` are ours.

use std::{io, path::Path};

use serde::Serialize;
use serde_json::ser::Formatter;
use weightlock_signing::certificate::UnixTime;

use super::{REFERENCE_VERSION, SEVERITIES, Scanned, arguments::Typed, word};
use crate::text::Shown;

#[derive(Serialize)]
struct Document {
    summary: Summary,
    issues: Vec<Issue>,
    errors: Vec<Problem>,
}

#[derive(Serialize)]
struct Summary {
    total_issues_by_severity: BySeverity,
    total_issues: usize,
    input_path: String,
    absolute_path: String,
    modelscan_version: &'static str,
    weightlock_version: &'static str,
    timestamp: String,
    scanned: Files,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<Skipped>,
}

#[derive(Serialize)]
struct BySeverity {
    #[serde(rename = "LOW")]
    low: usize,
    #[serde(rename = "MEDIUM")]
    medium: usize,
    #[serde(rename = "HIGH")]
    high: usize,
    #[serde(rename = "CRITICAL")]
    critical: usize,
}

#[derive(Serialize)]
struct Files {
    total_scanned: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scanned_files: Vec<String>,
}

#[derive(Serialize)]
struct Skipped {
    total_skipped: usize,
    skipped_files: Vec<Problem>,
}

#[derive(Serialize)]
struct Issue {
    description: String,
    operator: String,
    module: String,
    source: String,
    scanner: &'static str,
    severity: &'static str,
    rule: &'static str,
}

#[derive(Serialize)]
struct Problem {
    category: &'static str,
    description: String,
    source: String,
}

/// One line of JSON. `path` is absolute; places in the report are relative to it, or to the folder of a file.
pub(super) fn render(scanned: &Scanned, typed: &Typed, path: &Path, now: UnixTime) -> String {
    let folder = if path.is_file() {
        path.parent().unwrap_or(path)
    } else {
        path
    };
    let folder = Shown(&folder.to_string_lossy()).to_string();
    let relative = |source: &str| {
        let rest = source.strip_prefix(&folder).unwrap_or(source);
        rest.trim_start_matches('/').to_owned()
    };
    let [low, medium, high, critical] = SEVERITIES.map(|(severity, _)| scanned.count(severity));
    let problem = |category, description: &str, source: &str| Problem {
        category,
        description: description.to_owned(),
        source: relative(source),
    };
    let skipped = typed.show_skipped.then(|| Skipped {
        total_skipped: scanned.skipped.len(),
        skipped_files: scanned
            .skipped
            .iter()
            .map(|(source, why)| problem("SCAN_NOT_SUPPORTED", why, source))
            .collect(),
    });
    let typed_path = typed.path.as_deref().unwrap_or(path).to_string_lossy();
    let document = Document {
        summary: Summary {
            total_issues_by_severity: BySeverity {
                low,
                medium,
                high,
                critical,
            },
            total_issues: scanned.issues.len(),
            input_path: Shown(&typed_path).to_string(),
            absolute_path: folder.clone(),
            modelscan_version: REFERENCE_VERSION,
            weightlock_version: env!("CARGO_PKG_VERSION"),
            timestamp: now.to_string(),
            scanned: Files {
                total_scanned: scanned.files.len(),
                scanned_files: scanned.files.iter().map(|(name, _)| relative(name)).collect(),
            },
            skipped,
        },
        issues: scanned
            .issues
            .iter()
            .map(|issue| Issue {
                description: issue.description.clone(),
                operator: issue.operator.clone(),
                module: issue.module.clone(),
                source: relative(&issue.source),
                scanner: "weightlock",
                severity: word(issue.severity.0),
                rule: issue.rule,
            })
            .collect(),
        errors: scanned
            .errors
            .iter()
            .map(|error| problem(error.code, &error.why, &error.place))
            .collect(),
    };
    let mut bytes = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, Spaced);
    // Writing to memory does not fail, and nothing in the document can refuse to be written.
    let written = document.serialize(&mut writer);
    written.map_or_else(
        |_| String::new(),
        |()| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

/// `{"a": 1, "b": [2, 3]}`
struct Spaced;

impl Formatter for Spaced {
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        separate(writer, first)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        separate(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

fn separate<W: ?Sized + io::Write>(writer: &mut W, first: bool) -> io::Result<()> {
    if first { Ok(()) } else { writer.write_all(b", ") }
}
