//! What `scan` shows a person: findings as a compiler shows errors, grouped by file, then three lines that sum up.
//!
//! Everything is shown, whatever the threshold. Of many findings alike in one file the first are told, the others
//! counted; why a rule matters is said once.

use std::collections::BTreeSet;

use weightlock_scan::{
    FileReport, Finding, Report, Severity,
    coverage::Unread,
    report::{self, NotExamined},
    rules,
};

use crate::{
    context::Context,
    terminal::{Paint, Style},
    text::{Shown, Size, counted},
};

/// Findings of one rule and severity that are told of one file.
const MOST_ALIKE: usize = 3;

/// Gaps that are told of one file, and names of one list.
const MOST_LISTED: usize = 5;

/// The result for standard output.
pub(super) fn render(report: &Report, coverage: bool, context: &Context) -> String {
    let mut page = Page {
        report,
        coverage,
        verbose: context.verbose,
        paint: context.out,
        explained: BTreeSet::new(),
        text: String::new(),
    };
    if report.files.is_empty() && report.not_examined.iter().all(|one| one.failed) {
        // There is nothing to sum up; what went wrong is told beside the result.
        page.names("left out by --only", &report.left_out);
        return page.text;
    }
    for file in &report.files {
        page.file(file);
    }
    for one in report.not_examined.iter().filter(|one| !one.failed) {
        page.not_examined(one);
    }
    page.summary();
    page.text
}

struct Page<'a> {
    report: &'a Report,
    coverage: bool,
    verbose: bool,
    paint: Paint,
    /// Rules whose reasons were given.
    explained: BTreeSet<&'static str>,
    text: String,
}

impl Page<'_> {
    fn file(&mut self, file: &FileReport) {
        // The worst first; within a severity in the order of the bytes.
        let mut findings: Vec<&Finding> = file.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let mut told: Vec<((&str, Severity), usize)> = Vec::new();
        for finding in findings {
            let key = (finding.rule, finding.severity);
            let at = told.iter().position(|(one, _)| *one == key).unwrap_or(told.len());
            if at == told.len() {
                told.push((key, 0));
            }
            if let Some((_, count)) = told.get_mut(at) {
                *count += 1;
                if *count <= MOST_ALIKE || self.verbose {
                    self.finding(finding);
                }
            }
        }
        for ((rule, severity), count) in told {
            if count > MOST_ALIKE && !self.verbose {
                self.text += &format!(
                    "{}[{rule}]: {} more in {}; -v shows all\n",
                    severity.as_str(),
                    count - MOST_ALIKE,
                    Shown(&file.file)
                );
            }
        }
        if let Some(left_out) = report::left_out(file) {
            self.text += &format!("left out: {left_out}: {}\n", Shown(&file.file));
        }
        self.gaps(file);
        if self.coverage {
            self.account(file);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let head = format!("{}[{}]", finding.severity.as_str(), finding.rule);
        let known = if self.report.is_known(finding) {
            " (known)"
        } else {
            ""
        };
        self.text += &format!(
            "{}{known}: {}\n",
            self.paint.apply(style(finding.severity), &head),
            Shown(&finding.reason)
        );
        let mut place = Shown(finding.place.trail.as_str()).to_string();
        if let Some(offset) = finding.place.offset {
            place += &format!("   offset {offset}");
        }
        if let Some(construct) = &finding.construct {
            place += &format!("   {}", Shown(construct));
        }
        self.line("-->", &place);
        if let Some(name) = &finding.name
            && !finding.reason.contains(name.as_str())
        {
            self.line("= name:", &Shown(name).to_string());
        }
        if self.explained.insert(finding.rule) {
            if let Some(rule) = rules::all().find(|rule| rule.id == finding.rule) {
                self.line("= why:", rule.why);
            }
            self.line("= help:", &format!("weightlock explain {}", finding.rule));
        }
    }

    fn line(&mut self, mark: &str, text: &str) {
        // `= why:` has its equals sign painted, and its word not.
        let (sign, word) = mark.split_at(mark.find(' ').unwrap_or(mark.len()));
        self.text += &format!("  {}{word} {text}\n", self.paint.apply(Style::Frame, sign));
    }

    fn gaps(&mut self, file: &FileReport) {
        let coverage = &file.coverage;
        let most = if self.coverage { usize::MAX } else { MOST_LISTED };
        for gap in coverage.gaps.iter().take(most) {
            self.gap(gap);
        }
        let more = (coverage.gaps.len().saturating_sub(most) as u64).saturating_add(coverage.gaps_left_out);
        if more > 0 {
            let shows = if self.coverage {
                ""
            } else {
                "; --coverage shows them"
            };
            self.text += &format!("unread: {more} more ranges in {}{shows}\n", Shown(&file.file));
        }
    }

    fn gap(&mut self, gap: &Unread) {
        let code = gap.gap.code();
        let head = self.paint.apply(Style::Strong, &format!("unread[{code}]"));
        self.text += &format!("{head}: {}\n", Shown(&gap.why));
        let place = format!(
            "{}   {} from offset {}",
            Shown(gap.trail.as_str()),
            bytes(gap.bytes),
            gap.offset
        );
        self.line("-->", &place);
        if self.explained.insert(code.as_str()) {
            self.line("= help:", &format!("weightlock explain {code}"));
        }
    }

    fn not_examined(&mut self, one: &NotExamined) {
        let head = self
            .paint
            .apply(Style::Strong, &format!("not examined[{}]", one.code));
        self.text += &format!("{head}: {}\n", Shown(&one.why));
        self.line("-->", &Shown(&one.name).to_string());
        if self.explained.insert(one.code.as_str()) {
            self.line("= help:", &format!("weightlock explain {}", one.code));
        }
    }

    fn account(&mut self, file: &FileReport) {
        let coverage = &file.coverage;
        self.text += &format!(
            "coverage {}: {}, {} explained, {} data, {} unread, {}\n",
            Shown(&file.file),
            bytes(file.size),
            bytes(coverage.explained),
            bytes(coverage.data),
            bytes(coverage.unread),
            counted(
                usize::try_from(coverage.contents).unwrap_or(usize::MAX),
                "content"
            )
        );
    }

    fn summary(&mut self) {
        let report = self.report;
        let totals = report.totals();
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text += &format!(
            "{}, {}: {} explained, {} data, {} unread\n",
            counted(usize::try_from(totals.files).unwrap_or(usize::MAX), "file"),
            Size(totals.bytes),
            Size(totals.explained),
            Size(totals.data),
            Size(totals.unread)
        );
        let found = report::by_severity(&totals);
        if !found.is_empty() {
            let known = match totals.known {
                0 => String::new(),
                known => format!("; {known} known from the baseline"),
            };
            self.text += &format!(
                "findings: {found}{known} (threshold {})\n",
                report.threshold.as_str()
            );
        }
        self.names("left out by --only", &report.left_out);
        self.names("never part of a model", &report.passed_over);
        if let Some(path) = &report.evidence {
            self.text += &format!("evidence: {}\n", Shown(path));
        }
        self.text += "a scan is the fast first filter, not the verdict: weightlock verify says who made it\n";
        if report.outcome().is_none() {
            let answer = report::answer(report);
            let (word, rest) = answer.split_at(answer.find(':').unwrap_or(answer.len()));
            self.text += &format!("{}{rest}\n", self.paint.apply(Style::Good, word));
        }
    }

    fn names(&mut self, why: &str, names: &[String]) {
        if names.is_empty() {
            return;
        }
        let most = if self.coverage || self.verbose {
            usize::MAX
        } else {
            MOST_LISTED
        };
        let some: Vec<String> = names
            .iter()
            .take(most)
            .map(|name| Shown(name).to_string())
            .collect();
        let more = match names.len().saturating_sub(most) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        self.text += &format!(
            "not examined: {} {why}: {}{more}\n",
            counted(names.len(), "name"),
            some.join(", ")
        );
    }
}

fn bytes(count: u64) -> String {
    if count < 1024 {
        counted(usize::try_from(count).unwrap_or(usize::MAX), "byte")
    } else {
        Size(count).to_string()
    }
}

const fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => Style::Error,
        Severity::Medium => Style::Strong,
        Severity::Low | Severity::Info => Style::Frame,
    }
}
