//! What the two scanners have in common: arguments as they were typed, levels of the log, an answer with a foreign
//! exit code, and how they write where something is.

use std::{collections::BTreeSet, ffi::OsString};

use clap::{Args, ValueEnum};
use weightlock_scan::{FileReport, Finding, Report, Severity, Trail, coverage::Unread};

use crate::{
    diagnostic::Diagnostic,
    exit::Exit,
    reply::Reply,
    terminal::{self, Paint},
    text::{Shown, counted},
};

/// The arguments of the other tool, as they were typed: they are not those of this one.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(super) struct Arguments {
    /// What that tool would be given; `--help` tells
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) arguments: Vec<OsString>,
}

/// From what level on something is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(super) enum Level {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

/// The levels as both tools list them in a usage error.
pub(super) const LEVELS: &str = "'CRITICAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG'";

/// Text for standard output, and the other tool's number.
pub(super) fn told(text: String, number: u8) -> Reply {
    Reply::verbatim("compat", text).with_exit(Exit::Foreign(number))
}

/// One of our own reasons on standard error, nothing on standard output, and the other tool's number.
pub(super) fn refused(reason: &Diagnostic, paint: Paint, number: u8) -> Reply {
    terminal::say(&reason.text(paint, false));
    told(String::new(), number)
}

/// `FILE:MEMBER`: both tools join with a colon.
pub(super) fn place(trail: &Trail) -> String {
    Shown(&trail.as_str().replace("!/", ":")).to_string()
}

/// Module and name of what a pickle imports.
pub(super) fn import(finding: &Finding) -> Option<(String, String)> {
    let name = finding.name.as_deref()?;
    let (module, name) = name.rsplit_once('.')?;
    (finding.rule.starts_with("pickle-")).then(|| (Shown(module).to_string(), Shown(name).to_string()))
}

/// The findings of a file that make the answer no, the worst first.
pub(super) fn failing<'a>(report: &'a Report, file: &'a FileReport) -> Vec<&'a Finding> {
    let mut failing: Vec<&Finding> = file.findings.iter().filter(|one| report.fails(one)).collect();
    failing.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    failing
}

/// Low findings of names: what picklescan calls suspicious.
pub(super) fn suspicious(report: &Report) -> BTreeSet<(String, String)> {
    let findings = report.files.iter().flat_map(|file| &file.findings);
    findings
        .filter(|finding| finding.severity == Severity::Low && !report.fails(finding))
        .filter_map(|finding| Some((place(&finding.place.trail), finding.name.clone()?)))
        .collect()
}

/// Something that was not examined.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Missed {
    /// Where.
    pub(super) place: String,
    /// The stable reason code.
    pub(super) code: &'static str,
    /// What, and why not.
    pub(super) why: String,
}

/// Gaps that are told of one file.
const MOST_GAPS: usize = 5;

/// Everything that was not examined, in order of names; of one file the first gaps.
pub(super) fn missed(report: &Report) -> Vec<Missed> {
    let mut all: Vec<Missed> = report
        .not_examined
        .iter()
        .map(|one| Missed {
            place: Shown(&one.name).to_string(),
            code: one.code.as_str(),
            why: Shown(&one.why).to_string(),
        })
        .collect();
    for file in &report.files {
        let gaps = &file.coverage.gaps;
        all.extend(gaps.iter().take(MOST_GAPS).map(gap));
        let more = gaps.len().saturating_sub(MOST_GAPS) as u64;
        let more = more.saturating_add(file.coverage.gaps_left_out);
        if let Some(first) = gaps.first().filter(|_| more > 0) {
            all.push(Missed {
                place: Shown(&file.file).to_string(),
                code: first.gap.code().as_str(),
                why: format!("{more} more ranges were not read; weightlock scan --coverage shows them"),
            });
        }
    }
    all
}

fn gap(gap: &Unread) -> Missed {
    let bytes = counted(usize::try_from(gap.bytes).unwrap_or(usize::MAX), "byte");
    Missed {
        place: place(&gap.trail),
        code: gap.gap.code().as_str(),
        why: format!("{bytes} from offset {} not read: {}", gap.offset, Shown(&gap.why)),
    }
}
