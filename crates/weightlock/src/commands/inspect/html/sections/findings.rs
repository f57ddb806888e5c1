//! What the scanner found, with the evidence for it, and what was not examined.

use weightlock_scan::Severity;

use super::{Markup, Report, beyond, more, nothing, table};
use crate::{
    commands::inspect::html::report::{Finding, Gap, Scanned},
    text::{Size, counted, quoted},
};

/// Findings on the page; the scan keeps a thousand of each file.
const MOST: usize = 200;
/// Gaps on the page.
const MOST_GAPS: usize = 150;

pub(super) fn write(page: &mut Markup, report: &Report<'_>) {
    let scanned = &report.scanned;
    let target = quoted(&report.inspection.target);
    page.says("p", &[("class", "lead")], &sums(scanned));
    if scanned.findings.is_empty() && scanned.left_out == 0 {
        nothing(page, "Nothing was found in what was examined.");
    }
    for (at, finding) in scanned.findings.iter().take(MOST).enumerate() {
        one(page, at.saturating_add(1), finding);
    }
    let left_out = beyond(scanned.findings.len(), MOST).saturating_add(scanned.left_out);
    more(page, left_out, "finding", &format!("weightlock scan {target}"));
    page.says("h3", &[], "What was not examined");
    gaps(page, scanned, &target);
}

fn sums(scanned: &Scanned) -> String {
    let by_severity = Severity::ALL.iter().rev().filter_map(|severity| {
        let count = scanned
            .findings
            .iter()
            .filter(|it| it.severity == *severity)
            .count();
        (count > 0).then(|| format!("{count} {}", severity.as_str()))
    });
    let listed: Vec<String> = by_severity.collect();
    let found = if listed.is_empty() {
        "no finding".to_owned()
    } else {
        listed.join(", ")
    };
    let files = usize::try_from(scanned.files).unwrap_or(usize::MAX);
    format!(
        "{}: {found}. Examined: {}; {} taken apart, {} declared as data, {} not examined.",
        "What loading these files can do",
        counted(files, "file"),
        Size(scanned.explained),
        Size(scanned.data),
        Size(scanned.unread)
    )
}

fn one(page: &mut Markup, number: usize, finding: &Finding) {
    page.element("article", &[("class", "finding")], |it| {
        it.element("h3", &[], |it| {
            it.text(&format!("{number}. "));
            severity(it, finding.severity);
            it.text(" ");
            it.name(finding.rule);
        });
        it.says("p", &[("class", "says")], &finding.reason);
        it.element("dl", &[], |list| {
            entry(list, "Where", |it| {
                it.name(&finding.place);
                if let Some(offset) = finding.offset {
                    it.text(&format!(", byte {offset}"));
                }
            });
            if let Some(construct) = &finding.construct {
                entry(list, "Seen", |it| it.name(construct));
            }
            if let Some(name) = &finding.name {
                entry(list, "Leads to", |it| it.name(name));
            }
            entry(list, "How sure", |it| {
                it.text(&format!("{}; CWE-{}", finding.confidence, finding.cwe));
            });
            entry(list, "What to do", |it| it.text(finding.fix));
        });
    });
}

fn entry(list: &mut Markup, name: &'static str, content: impl FnOnce(&mut Markup)) {
    list.element("div", &[], |it| {
        it.says("dt", &[], name);
        it.element("dd", &[], content);
    });
}

fn severity(page: &mut Markup, severity: Severity) {
    let (class, word) = match severity {
        Severity::Critical => ("badge failed", "CRITICAL"),
        Severity::High => ("badge failed", "HIGH"),
        Severity::Medium => ("badge warning", "MEDIUM"),
        Severity::Low => ("badge declared", "LOW"),
        Severity::Info => ("badge unknown", "INFO"),
    };
    page.says("span", &[("class", class)], word);
}

fn gaps(page: &mut Markup, scanned: &Scanned, target: &str) {
    if scanned.gaps.is_empty() && scanned.gaps_left_out == 0 {
        return nothing(page, "Every byte of every file of the model is accounted for.");
    }
    let columns = ["Where", "Bytes", "Why"];
    table(page, "What was not examined, and why", &columns, |it| {
        for gap in scanned.gaps.iter().take(MOST_GAPS) {
            it.row(&[
                &|cell| cell.name(&gap.place),
                &|cell| match gap.bytes {
                    Some((offset, bytes)) => cell.text(&format!("{bytes} from byte {offset}")),
                    None => cell.text("all of it"),
                },
                &|cell| why(cell, gap),
            ]);
        }
    });
    let left_out = beyond(scanned.gaps.len(), MOST_GAPS).saturating_add(scanned.gaps_left_out);
    more(
        page,
        left_out,
        "gap",
        &format!("weightlock scan --coverage {target}"),
    );
}

fn why(cell: &mut Markup, gap: &Gap) {
    if let Some(code) = &gap.code {
        cell.name(code);
        cell.text(": ");
    }
    cell.text(&gap.why);
}
