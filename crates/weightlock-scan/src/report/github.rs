//! Annotations as GitHub's workflow commands: `::error file=F,title=T::message`, one a line.
//!
//! A command begins at the start of a line, so no stranger's text may begin one: everything is one line, `%`, CR and LF
//! are percent-encoded, and in properties `:` and `,` as well.

use weightlock_artifact::text::Shown;

use super::{Report, answer, left_out};
use crate::{FileReport, Finding, Severity};

/// Gaps that are written for one file; JSON has more.
const MOST_GAPS: usize = 10;

/// Writes the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    for file in &report.files {
        for finding in &file.findings {
            text.push_str(&command(
                level(finding, report),
                &file.file,
                &title(finding),
                &message(finding),
            ));
        }
        if let Some(left_out) = left_out(file) {
            let level = if file.findings_left_out.at_least(report.threshold) > 0 {
                "error"
            } else {
                "warning"
            };
            text.push_str(&command(level, &file.file, "findings left out", &left_out));
        }
        gaps(file, &mut text);
    }
    for one in &report.not_examined {
        text.push_str(&command(
            "error",
            &one.name,
            &format!("not examined: {}", one.code),
            &one.why,
        ));
    }
    text.push_str(&format!("weightlock scan: {}\n", answer(report)));
    text
}

fn gaps(file: &FileReport, text: &mut String) {
    for gap in file.coverage.gaps.iter().take(MOST_GAPS) {
        text.push_str(&command(
            "error",
            &file.file,
            &format!("unread: {}", gap.gap.code()),
            &format!(
                "{} bytes from offset {} of {}: {}",
                gap.bytes, gap.offset, gap.trail, gap.why
            ),
        ));
    }
}

fn level(finding: &Finding, report: &Report) -> &'static str {
    if report.fails(finding) {
        "error"
    } else if finding.severity == Severity::Info || report.is_known(finding) {
        "notice"
    } else {
        "warning"
    }
}

fn title(finding: &Finding) -> String {
    format!("{} ({})", finding.rule, finding.severity.as_str())
}

fn message(finding: &Finding) -> String {
    let offset = finding.place.offset.map(|offset| format!(" offset {offset}"));
    format!(
        "{}: {}{}; {}",
        finding.reason,
        finding.place.trail,
        offset.unwrap_or_default(),
        finding.fix
    )
}

fn command(level: &str, file: &str, title: &str, message: &str) -> String {
    format!(
        "::{level} file={},title={}::{}\n",
        property(file),
        property(title),
        data(message)
    )
}

fn data(text: &str) -> String {
    Shown(text)
        .to_string()
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{HOSTILE, file, hostile, report, thinned};

    #[test]
    fn one_line_for_each_finding_and_gap_and_nothing_for_a_clean_file() {
        let text = render(&report(vec![file("a", vec![], 0)]));
        assert_eq!(
            text,
            "weightlock scan: clean: no finding at or above medium; every byte is accounted for\n"
        );
        let text = render(&hostile());
        let levels: Vec<_> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(
            levels,
            ["::warning", "::error", "::error", "::error", "weightlock"]
        );
    }

    #[test]
    fn what_is_not_listed_is_told() {
        let text = render(&thinned(Severity::Medium));
        assert!(
            text.contains(
                "::error file=a,title=findings left out::1 more finding not listed, the worst medium\n"
            ),
            "{text}"
        );
        assert!(render(&thinned(Severity::Low)).contains("::warning file=a,title=findings left out"));
    }

    #[test]
    fn a_name_cannot_end_its_property_or_begin_a_command() {
        let line = command("error", "a,title=x::y", "t", HOSTILE);
        assert!(
            line.starts_with("::error file=a%2Ctitle=x%3A%3Ay,title=t::"),
            "{line}"
        );
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.contains("%250A") && !line.contains('\u{1b}'), "{line}");
    }
}
