//! [`Report`]: what one run learnt of all its files, and the forms it is written in.
//!
//! Each form is a pure function from a report to text, in a file of its own. The same report gives the same bytes,
//! whatever the order of work was. Names, reasons and constructs quote strangers: each writer makes them harmless in
//! its own way, after [`weightlock_artifact::text::Shown`] has taken control characters and what turns text around.

mod fingerprint;
pub mod github;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;

use std::collections::BTreeSet;

use weightlock_artifact::{
    digest::{Algorithm, hex},
    reason::{Code, Outcome},
};

pub use self::fingerprint::Fingerprint;
use crate::{FileReport, Finding, Profile, Severity, coverage::Unread, imports, rules};

/// What one run learnt.
#[derive(Clone, Debug)]
pub struct Report {
    /// The version of the program.
    pub version: &'static str,
    /// What had to be vouched for.
    pub profile: Profile,
    /// Findings at or above it decide.
    pub threshold: Severity,
    /// The files that were examined, in order of names.
    pub files: Vec<FileReport>,
    /// What was to be examined and was not, in order of names.
    pub not_examined: Vec<NotExamined>,
    /// Files that the user left out, in order.
    pub left_out: Vec<String>,
    /// Names that never belong to a model, such as `.git`, in order.
    pub passed_over: Vec<String>,
    /// Findings of an earlier run, when one was given.
    pub baseline: Option<BTreeSet<Fingerprint>>,
    /// Where the signed statement about this report lies, when one was made.
    pub evidence: Option<String>,
}

/// Something that was to be examined and was not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NotExamined {
    /// Its name.
    pub name: String,
    /// The reason code.
    pub code: Code,
    /// The reason, in one sentence.
    pub why: String,
    /// It could not be opened or read; otherwise it is no plain file.
    pub failed: bool,
}

/// Sums over all files.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Totals {
    /// Files examined.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Contents: the files and everything in them.
    pub contents: u64,
    /// Bytes that a reader took apart, of all contents.
    pub explained: u64,
    /// Bytes that a format declares as data, of all contents.
    pub data: u64,
    /// Bytes that were not examined, of all contents.
    pub unread: u64,
    /// Gaps, also those that are not listed.
    pub gaps: u64,
    /// Findings by severity, in the order of [`Severity::ALL`], also those that are not listed.
    pub findings: [u64; 5],
    /// Findings at or above the threshold, also those that are not listed: no baseline has them.
    pub failing: u64,
    /// Findings that the baseline has, of any severity.
    pub known: u64,
}

impl Totals {
    /// Findings of one severity.
    #[must_use]
    pub fn of(&self, severity: Severity) -> u64 {
        Severity::ALL
            .iter()
            .zip(self.findings)
            .find_map(|(one, count)| (*one == severity).then_some(count))
            .unwrap_or_default()
    }
}

impl Report {
    /// Sums over all files.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for file in &self.files {
            let coverage = &file.coverage;
            let listed = coverage.gaps.len() as u64;
            for (sum, more) in [
                (&mut totals.files, 1),
                (&mut totals.bytes, file.size),
                (&mut totals.contents, coverage.contents),
                (&mut totals.explained, coverage.explained),
                (&mut totals.data, coverage.data),
                (&mut totals.unread, coverage.unread),
                (&mut totals.gaps, listed.saturating_add(coverage.gaps_left_out)),
            ] {
                *sum = sum.saturating_add(more);
            }
            for finding in &file.findings {
                let counts = Severity::ALL.iter().zip(&mut totals.findings);
                for (_, count) in counts.filter(|(severity, _)| **severity == finding.severity) {
                    *count = count.saturating_add(1);
                }
                let known = self.is_known(finding);
                totals.known = totals.known.saturating_add(u64::from(known));
                totals.failing = totals.failing.saturating_add(u64::from(self.fails(finding)));
            }
            // No baseline can have what is not listed.
            let left_out = &file.findings_left_out;
            for (sum, more) in totals.findings.iter_mut().zip(left_out.by_severity()) {
                *sum = sum.saturating_add(*more);
            }
            totals.failing = totals.failing.saturating_add(left_out.at_least(self.threshold));
        }
        totals
    }

    /// Whether the baseline has a finding.
    #[must_use]
    pub fn is_known(&self, finding: &Finding) -> bool {
        self.baseline
            .as_ref()
            .is_some_and(|known| known.contains(&Fingerprint::of(finding)))
    }

    /// Whether a finding makes the answer no: at or above the threshold, and not in the baseline.
    #[must_use]
    pub fn fails(&self, finding: &Finding) -> bool {
        finding.severity >= self.threshold && !self.is_known(finding)
    }

    /// Everything that was not examined within the files that were.
    pub fn gaps(&self) -> impl Iterator<Item = &Unread> {
        self.files.iter().flat_map(|file| &file.coverage.gaps)
    }

    /// Whether every byte of everything that was to be examined was.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.not_examined.is_empty() && self.files.iter().all(|file| file.coverage.is_complete())
    }

    /// Why the answer is not yes; `None` when it is. A finding wins over what could not be opened, that over what
    /// could not be read.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        if self.totals().failing > 0 {
            return Some(Outcome::No);
        }
        if self.not_examined.iter().any(|one| one.failed) {
            return Some(Outcome::CouldNotWork);
        }
        (self.files.is_empty() || !self.is_complete()).then_some(Outcome::NoAnswer)
    }
}

/// The version of the set of rules: the start of the SHA-256 of what the rules say of themselves and of the version of
/// the table of imports. With the version of the program it names how files were judged.
#[must_use]
pub fn rules_version() -> String {
    let mut text = format!("imports {}\n", imports::VERSION);
    for rule in rules::all() {
        text.push_str(&format!(
            "{} {} {} {}\n{}\n",
            rule.id,
            rule.worst.as_str(),
            rule.cwe,
            rule.what,
            rule.fix
        ));
    }
    let digest = Algorithm::Sha256.digest(text.as_bytes());
    hex(digest.as_bytes().get(..8).unwrap_or_default())
}

/// `1 file`, `2 files`.
fn counted(count: u64, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// Says how many findings of a file are not listed, and how bad they are; `None` when all are.
#[must_use]
pub fn left_out(file: &FileReport) -> Option<String> {
    let worst = file.findings_left_out.worst()?;
    Some(format!(
        "{} not listed, the worst {}",
        counted(file.findings_left_out.total(), "more finding"),
        worst.as_str()
    ))
}

/// `1 critical, 2 low`; empty when there is no finding.
#[must_use]
pub fn by_severity(totals: &Totals) -> String {
    let counts = Severity::ALL.iter().rev().filter_map(|severity| {
        let count = totals.of(*severity);
        (count > 0).then(|| format!("{count} {}", severity.as_str()))
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// The answer in one sentence, for forms that people read.
#[must_use]
pub fn answer(report: &Report) -> String {
    let totals = report.totals();
    let threshold = report.threshold.as_str();
    let unread = if report.is_complete() {
        ""
    } else {
        "; and not everything could be read"
    };
    match report.outcome() {
        Some(Outcome::No) => {
            format!(
                "refused: {} at or above {threshold}{unread}",
                counted(totals.failing, "finding")
            )
        }
        None if totals.known > 0 => {
            format!("passed: no new finding at or above {threshold}; every byte is accounted for")
        }
        None => format!("clean: no finding at or above {threshold}; every byte is accounted for"),
        Some(Outcome::CouldNotWork) => {
            let failed = report.not_examined.iter().filter(|one| one.failed).count();
            format!("no answer: {} not opened", counted(failed as u64, "target"))
        }
        Some(_) if report.files.is_empty() => "no answer: nothing was examined".to_owned(),
        Some(_) => "no answer: no finding decides, and not everything could be read".to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use weightlock_format::detect::Format;

    use super::*;
    use crate::{
        Confidence, LeftOut, Place, Trail,
        coverage::{Coverage, Gap},
    };

    /// A finding of the one rule that every version has, in `trail` of `file`.
    pub(crate) fn finding(severity: Severity, trail: Trail, offset: Option<u64>, reason: &str) -> Finding {
        Finding {
            place: Place { trail, offset },
            rule: "broken-format",
            severity,
            confidence: Confidence::High,
            cwe: 20,
            construct: Some("REDUCE".to_owned()),
            name: Some("posix.system".to_owned()),
            reason: reason.to_owned(),
            fix: "write the file again",
        }
    }

    /// A file with these findings, and with this many unread bytes.
    pub(crate) fn file(name: &str, findings: Vec<Finding>, unread: u64) -> FileReport {
        let mut coverage = Coverage {
            contents: 1,
            explained: 100,
            ..Coverage::default()
        };
        if unread > 0 {
            coverage.add_gap(Unread {
                trail: Trail::file(name),
                offset: 100,
                bytes: unread,
                why: Gap::Unclaimed.to_string(),
                gap: Gap::Unclaimed,
            });
        }
        FileReport {
            file: name.to_owned(),
            size: unread.saturating_add(100),
            format: Format::Pickle,
            findings,
            findings_left_out: LeftOut::default(),
            coverage,
            claims: Vec::new(),
            templates: Vec::new(),
        }
    }

    /// A report of these files.
    pub(crate) fn report(files: Vec<FileReport>) -> Report {
        Report {
            version: "1.2.3",
            profile: Profile::Default,
            threshold: Severity::Medium,
            files,
            not_examined: Vec::new(),
            left_out: Vec::new(),
            passed_over: Vec::new(),
            baseline: None,
            evidence: None,
        }
    }

    /// Text that every form must make harmless.
    pub(crate) const HOSTILE: &str =
        "<b>x</b> [l](http://h) `c` | %0A ::error:: {0} ]]> @all\u{1b}[2J\n::error::\u{202e}";

    /// A report with everything in it, and with hostile text wherever a stranger may put some.
    pub(crate) fn hostile() -> Report {
        let trail = Trail::file("d/a b.pt").member(HOSTILE);
        let mut worst = finding(Severity::Critical, trail, Some(7), HOSTILE);
        worst.construct = Some(HOSTILE.to_owned());
        worst.name = Some(HOSTILE.to_owned());
        let direct = finding(Severity::Low, Trail::file("d/a b.pt"), Some(3), "plain");
        let mut report = report(vec![
            file("d/a b.pt", vec![direct, worst], 0),
            file(HOSTILE, Vec::new(), 9),
        ]);
        report.not_examined.push(NotExamined {
            name: HOSTILE.to_owned(),
            code: crate::coverage::UNREADABLE,
            why: HOSTILE.to_owned(),
            failed: false,
        });
        report.left_out.push(HOSTILE.to_owned());
        report
    }

    #[test]
    fn a_finding_wins_over_what_is_unread_and_the_sentence_says_both() {
        let bad = || finding(Severity::High, Trail::file("a"), None, "x");
        let mild = || finding(Severity::Low, Trail::file("a"), None, "x");
        let outcome = |files| report(files).outcome();
        assert_eq!(outcome(vec![file("a", vec![mild()], 0)]), None);
        assert_eq!(outcome(vec![]), Some(Outcome::NoAnswer));
        assert_eq!(outcome(vec![file("a", vec![mild()], 1)]), Some(Outcome::NoAnswer));
        let both = report(vec![file("a", vec![bad()], 1)]);
        assert_eq!(both.outcome(), Some(Outcome::No));
        assert_eq!(
            answer(&both),
            "refused: 1 finding at or above medium; and not everything could be read"
        );
    }

    #[test]
    fn what_could_not_be_opened_is_no_clean_answer_and_no_finding() {
        let mut report = report(vec![file("a", vec![], 0)]);
        report.not_examined.push(NotExamined {
            name: "b".to_owned(),
            code: crate::coverage::UNREADABLE,
            why: "no".to_owned(),
            failed: false,
        });
        assert_eq!(report.outcome(), Some(Outcome::NoAnswer));
        report.not_examined.iter_mut().for_each(|one| one.failed = true);
        assert_eq!(report.outcome(), Some(Outcome::CouldNotWork));
        assert_eq!(answer(&report), "no answer: 1 target not opened");
        report.files = vec![file(
            "a",
            vec![finding(Severity::High, Trail::file("a"), None, "x")],
            0,
        )];
        assert_eq!(report.outcome(), Some(Outcome::No));
    }

    /// A report of a file with one finding listed, that the baseline knows, and one left out.
    pub(crate) fn thinned(left_out: Severity) -> Report {
        let known = finding(Severity::High, Trail::file("a"), Some(1), "x");
        let mut report = report(vec![file("a", vec![known.clone()], 0)]);
        report.baseline = Some(BTreeSet::from([Fingerprint::of(&known)]));
        report.files[0].findings_left_out.add(left_out);
        report
    }

    #[test]
    fn what_is_not_listed_is_in_no_baseline_and_decides() {
        let mild = thinned(Severity::Low);
        assert_eq!(mild.outcome(), None);
        let bad = thinned(Severity::Medium);
        assert_eq!(bad.outcome(), Some(Outcome::No));
        assert_eq!((bad.totals().failing, bad.totals().known), (1, 1));
        assert_eq!(by_severity(&bad.totals()), "1 high, 1 medium");
        assert_eq!(
            left_out(&bad.files[0]).unwrap(),
            "1 more finding not listed, the worst medium"
        );
        assert_eq!(left_out(&file("b", vec![], 0)), None);
    }

    #[test]
    fn a_baseline_covers_the_finding_it_knows_and_nothing_else() {
        let old = finding(Severity::High, Trail::file("a"), Some(1), "x");
        let new = finding(Severity::High, Trail::file("a"), Some(2), "x");
        let mut report = report(vec![file("a", vec![old.clone()], 0)]);
        report.baseline = Some(BTreeSet::from([Fingerprint::of(&old)]));
        assert_eq!(report.outcome(), None);
        assert!(answer(&report).starts_with("passed: no new finding"));
        assert_eq!(
            (report.totals().known, report.totals().of(Severity::High)),
            (1, 1)
        );
        report.files = vec![file("a", vec![old.clone(), new], 0)];
        assert_eq!(report.outcome(), Some(Outcome::No));
        report.files = vec![file("a", vec![old], 5)];
        assert_eq!(
            report.outcome(),
            Some(Outcome::NoAnswer),
            "a baseline covers no gap"
        );
    }
}
