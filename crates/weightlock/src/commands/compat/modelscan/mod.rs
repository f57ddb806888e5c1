//! `weightlock compat modelscan …`: the command line of ModelScan.
//!
//! Its arguments ([`arguments`]), its report as text ([`console`]) and as JSON ([`json`]), and its exit codes: 0 no
//! issues, 1 issues, 2 errors, 3 nothing it can scan, 4 usage. What is an issue is decided by our rules. What nobody
//! could read is an error. See `docs/compat/modelscan.md`.

mod arguments;
mod console;
mod json;

use std::{
    ffi::OsString,
    path::{self, Path},
};

use weightlock_artifact::write::{Existing, write_whole};
use weightlock_format::detect::Format;
use weightlock_scan::{Finding, Profile, Report, Severity};

use self::arguments::{Answer, Form, SETTINGS, Typed};
use super::peer::{self, Level, Missed, refused, told};
use crate::{commands::scan, context::Context, diagnostic::Diagnostic, reply::Reply, text::Shown};

/// The release whose command line is reproduced.
const REFERENCE_VERSION: &str = "0.8.8";

const ISSUES: u8 = 1;
const ERRORS: u8 = 2;
const NOTHING_SCANNED: u8 = 3;
const USAGE: u8 = 4;

pub(super) fn run(words: &[OsString], context: &Context) -> Reply {
    match arguments::parse(words) {
        Ok(typed) => answer(&typed, context),
        Err(Answer::Told(text)) => told(text, 0),
        Err(Answer::Wrong(text)) => told(text, USAGE),
        Err(Answer::Refused(reason)) => refused(&reason, context.err, USAGE),
    }
}

fn answer(typed: &Typed, context: &Context) -> Reply {
    let Some(typed_path) = &typed.path else {
        let wrong = arguments::wrong("Command line must include a path");
        return told(format!("{}{wrong}", settings_line()), USAGE);
    };
    if !typed_path.exists() {
        let shown = typed_path.to_string_lossy();
        return told(
            arguments::wrong(&format!("Path '{}' does not exist.", Shown(&shown))),
            USAGE,
        );
    }
    let path = path::absolute(typed_path).unwrap_or_else(|_| typed_path.clone());
    let judged = (Profile::Default, Severity::Medium);
    let report = match scan::of_path(&path, &|_| true, judged, context) {
        Ok(report) => report,
        Err(reason) => return refused(&reason, context.err, ERRORS),
    };
    let scanned = Scanned::of(&report);
    let result = match typed.reporting_format {
        Form::Json => json::render(&scanned, typed, &path, context.now()),
        Form::Console => console::render(&scanned, typed.show_skipped),
    };
    match typed.output_file.as_deref().map(|file| write(file, &result)) {
        Some(Err(reason)) => refused(&reason, context.err, ERRORS),
        _ => told(
            format!("{}{}{result}\n", settings_line(), scanned.log(typed.log)),
            scanned.number(),
        ),
    }
}

fn write(file: &Path, result: &str) -> Result<(), Diagnostic> {
    Ok(write_whole(
        file,
        result.trim_start().as_bytes(),
        0o644,
        Existing::Replaced,
    )?)
}

/// What it says first. Its settings name its own scanners and globals, so they cannot be followed here.
fn settings_line() -> String {
    let file = path::absolute(SETTINGS).unwrap_or_else(|_| SETTINGS.into());
    let shown = file.to_string_lossy();
    if file.is_file() {
        format!(
            "Detected settings file. Not using {}: the rules are those of weightlock. \n\n",
            Shown(&shown)
        )
    } else {
        format!(
            "No settings file detected at {}. Using defaults. \n\n",
            Shown(&shown)
        )
    }
}

/// A report in its words.
#[derive(Debug)]
struct Scanned {
    /// Place and format of what was examined.
    files: Vec<(String, Format)>,
    /// The worst first, each once.
    issues: Vec<Issue>,
    errors: Vec<Missed>,
    /// Places and why nothing was looked for there.
    skipped: Vec<(String, &'static str)>,
}

/// A finding that makes the answer no.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Issue {
    severity: std::cmp::Reverse<Severity>,
    source: String,
    rule: &'static str,
    description: String,
    module: String,
    operator: String,
}

impl Scanned {
    fn of(report: &Report) -> Self {
        let is_known = |format: &Format| !matches!(format, Format::Unknown | Format::Empty);
        let shown = |name: &str| Shown(name).to_string();
        let files = report.files.iter().map(|file| (shown(&file.file), file.format));
        let (known, unknown): (Vec<_>, Vec<_>) = files.partition(|(_, format)| is_known(format));
        let mut skipped: Vec<_> = unknown
            .into_iter()
            .map(|(name, _)| (name, "Model Scan did not scan file"))
            .collect();
        let passed_over = report.passed_over.iter();
        skipped.extend(passed_over.map(|name| (shown(name), "The name never belongs to a model")));
        let issues = report.files.iter().flat_map(|file| peer::failing(report, file));
        let mut issues: Vec<Issue> = issues.map(Issue::of).collect();
        issues.sort();
        issues.dedup();
        Self {
            files: known,
            issues,
            errors: peer::missed(report),
            skipped,
        }
    }

    /// Issues win over errors, so that no error hides them.
    fn number(&self) -> u8 {
        if !self.issues.is_empty() {
            ISSUES
        } else if self.files.is_empty() {
            NOTHING_SCANNED
        } else if !self.errors.is_empty() {
            ERRORS
        } else {
            0
        }
    }

    fn count(&self, severity: Severity) -> usize {
        self.of_severity(severity).count()
    }

    fn of_severity(&self, severity: Severity) -> impl Iterator<Item = &Issue> {
        self.issues
            .iter()
            .filter(move |issue| issue.severity.0 == severity)
    }

    /// Its lines before the report.
    fn log(&self, level: Level) -> String {
        let mut log = String::new();
        for one in self.errors.iter().filter(|_| level <= Level::Error) {
            log += &format!("Not read {}: {}\n", one.place, one.why);
        }
        for (file, format) in self.files.iter().filter(|_| level <= Level::Info) {
            log += &format!("Scanning {file} using {} model scan\n", scanner(*format));
        }
        log
    }
}

/// The name of what reads a format: `weightlock.pickle`.
fn scanner(format: Format) -> String {
    let word = serde_json::to_value(format).ok();
    let word = word.as_ref().and_then(|word| word.as_str());
    format!("weightlock.{}", word.unwrap_or_default())
}

impl Issue {
    fn of(finding: &Finding) -> Self {
        let (module, operator) = peer::import(finding).unwrap_or_else(|| {
            let construct = finding.construct.as_deref().unwrap_or(finding.rule);
            (String::new(), Shown(construct).to_string())
        });
        let description = if module.is_empty() {
            Shown(&finding.reason).to_string()
        } else {
            format!("Use of unsafe operator '{operator}' from module '{module}'")
        };
        Self {
            severity: std::cmp::Reverse(finding.severity),
            source: peer::place(&finding.place.trail),
            rule: finding.rule,
            description,
            module,
            operator,
        }
    }
}

/// Its words, the least first.
const SEVERITIES: [(Severity, &str); 4] = [
    (Severity::Low, "LOW"),
    (Severity::Medium, "MEDIUM"),
    (Severity::High, "HIGH"),
    (Severity::Critical, "CRITICAL"),
];

fn word(severity: Severity) -> &'static str {
    let known = SEVERITIES.iter().find(|(one, _)| *one == severity);
    known.map_or("LOW", |(_, word)| word)
}
