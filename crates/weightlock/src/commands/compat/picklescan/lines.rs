//! What picklescan prints: a line for each dangerous name, then the summary.

use std::collections::{BTreeMap, BTreeSet};

use weightlock_scan::{Finding, Report, Severity, imports::Grade};

use super::super::peer::{self, Level};
use crate::text::Shown;

/// The report in its words.
#[derive(Debug)]
pub(super) struct Summary {
    errors: Vec<String>,
    dangers: Vec<String>,
    scanned: usize,
    infected: usize,
    suspicious: usize,
    /// Names and picklescan's word for each; empty unless they were asked for.
    globals: BTreeMap<String, &'static str>,
}

impl Summary {
    pub(super) fn of(report: &Report, strict: bool, imported: BTreeMap<String, Grade>) -> Self {
        let mut dangers = Vec::new();
        let mut told = BTreeSet::new();
        let mut infected = 0;
        for file in &report.files {
            let failing = peer::failing(report, file);
            infected += usize::from(!failing.is_empty());
            for finding in failing {
                let line = danger(finding, strict);
                if told.insert(line.clone()) {
                    dangers.push(line);
                }
            }
        }
        let mut errors: Vec<String> = peer::missed(report)
            .iter()
            .map(|one| format!("ERROR: {}: {}", one.place, one.why))
            .collect();
        if report.files.is_empty() && errors.is_empty() {
            errors.push("ERROR: nothing was scanned, so nothing is known".to_owned());
        }
        Self {
            errors,
            dangers,
            scanned: report.files.len(),
            infected,
            suspicious: peer::suspicious(report).len(),
            globals: globals(report, imported),
        }
    }

    /// The lines for standard output, from a level on.
    pub(super) fn text(&self, level: Level) -> String {
        let mut text = String::new();
        let mut tell = |at: Level, line: &str| {
            if at >= level {
                text += line;
                text.push('\n');
            }
        };
        self.errors.iter().for_each(|line| tell(Level::Error, line));
        self.dangers.iter().for_each(|line| tell(Level::Warning, line));
        tell(Level::Info, "----------- SCAN SUMMARY -----------");
        for (what, count) in [
            ("Scanned files", self.scanned),
            ("Infected files", self.infected),
            ("Suspicious globals", self.suspicious),
            ("Dangerous globals", self.dangers.len()),
        ] {
            tell(Level::Info, &format!("{what}: {count}"));
        }
        if !self.globals.is_empty() {
            tell(Level::Info, "All globals found:");
        }
        for (name, word) in &self.globals {
            tell(Level::Info, &format!("  * {name} - {word}"));
        }
        text
    }
}

/// A dangerous name, or what else is dangerous.
fn danger(finding: &Finding, strict: bool) -> String {
    let place = peer::place(&finding.place.trail);
    let promoted = if strict && finding.severity < Severity::Medium {
        " (promoted by --strict)"
    } else {
        ""
    };
    match peer::import(finding) {
        Some((module, name)) => format!("{place}: dangerous import '{module} {name}' FOUND{promoted}"),
        None => format!(
            "{place}: dangerous content '{}' FOUND{promoted}: {}",
            finding.rule,
            Shown(&finding.reason)
        ),
    }
}

/// A name is as bad as the worst that was found of it; of the others the lists decide.
fn globals(report: &Report, imported: BTreeMap<String, Grade>) -> BTreeMap<String, &'static str> {
    let mut failing = BTreeSet::new();
    let mut low = BTreeSet::new();
    for finding in report.files.iter().flat_map(|file| &file.findings) {
        match &finding.name {
            Some(name) if report.fails(finding) => failing.insert(name.as_str()),
            Some(name) if finding.severity == Severity::Low => low.insert(name.as_str()),
            _ => false,
        };
    }
    let word = |name: &str, grade| match grade {
        Grade::Dangerous => "dangerous",
        _ if failing.contains(name) => "dangerous",
        Grade::Unlisted | Grade::Unknown => "suspicious",
        _ if low.contains(name) => "suspicious",
        _ => "innocuous",
    };
    let named = imported.into_iter().map(|(name, grade)| {
        let word = word(&name, grade);
        (Shown(&name).to_string(), word)
    });
    named.collect()
}
