//! Markdown for a job summary or a comment.
//!
//! Everything a stranger wrote stands in a code span whose fence is longer than any row of backticks in it: no link, no
//! HTML, no mention, no picture comes out of a file name.

use weightlock_artifact::text::{Shown, Size};

use super::{Report, Totals, answer, by_severity, counted, left_out};
use crate::Finding;

/// Lines under one heading; JSON has all.
const MOST: usize = 100;

/// Writes the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let totals = report.totals();
    let mut text = format!("## weightlock scan\n\n**{}**\n\n", answer(report));
    text.push_str(&sums(&totals));
    findings(report, &mut text);
    unread(report, &mut text);
    list(
        "Left out, not examined",
        report.left_out.iter().map(|name| code(name)),
        &mut text,
    );
    text.push_str(
        "\nA scan is the fast first filter, not the verdict: it says what a file can do when it is loaded, not who made \
         it.\n",
    );
    text
}

fn sums(totals: &Totals) -> String {
    let found = match by_severity(totals) {
        none if none.is_empty() => "none".to_owned(),
        some => some,
    };
    format!(
        "| files | bytes | explained | data | unread | findings |\n|---|---|---|---|---|---|\n| {} | {} | {} | {} | {} | \
         {found} |\n",
        totals.files,
        Size(totals.bytes),
        Size(totals.explained),
        Size(totals.data),
        Size(totals.unread)
    )
}

fn findings(report: &Report, text: &mut String) {
    for file in report.files.iter().filter(|file| !file.findings.is_empty()) {
        let lines = file.findings.iter().rev().map(|finding| line(finding, report));
        list(&code(&file.file), left_out(file).into_iter().chain(lines), text);
    }
}

fn line(finding: &Finding, report: &Report) -> String {
    let offset = finding.place.offset.map(|offset| format!(", offset {offset}"));
    let known = if report.is_known(finding) { " (known)" } else { "" };
    format!(
        "**{}** {}{known}: {} at {}{}",
        finding.severity.as_str(),
        code(finding.rule),
        code(&finding.reason),
        code(finding.place.trail.as_str()),
        offset.unwrap_or_default()
    )
}

fn unread(report: &Report, text: &mut String) {
    let gaps = report.gaps().map(|gap| {
        format!(
            "{} {}, {} bytes from offset {}: {}",
            code(gap.gap.code().as_str()),
            code(gap.trail.as_str()),
            gap.bytes,
            gap.offset,
            code(&gap.why)
        )
    });
    let others = report.not_examined.iter().map(|one| {
        format!(
            "{} {}: {}",
            code(one.code.as_str()),
            code(&one.name),
            code(&one.why)
        )
    });
    list("Not examined", gaps.chain(others), text);
}

fn list(heading: &str, lines: impl Iterator<Item = String>, text: &mut String) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("\n### {heading}\n\n"));
    for line in lines.iter().take(MOST) {
        text.push_str(&format!("- {line}\n"));
    }
    if let Some(more) = lines.len().checked_sub(MOST).filter(|more| *more > 0) {
        text.push_str(&format!("- and {}\n", counted(more as u64, "more line")));
    }
}

/// Text as a code span.
fn code(text: &str) -> String {
    let text = Shown(text).to_string();
    let longest = text
        .split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest.saturating_add(1));
    // A space on both sides is taken off again, and keeps a backtick at the edge apart from the fence.
    if text.is_empty() || text.starts_with('`') || text.ends_with('`') || text.starts_with(' ') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Severity,
        report::tests::{file, hostile, report, thinned},
    };

    #[test]
    fn what_is_not_listed_is_told() {
        let text = render(&thinned(Severity::High));
        assert!(
            text.contains("- 1 more finding not listed, the worst high\n"),
            "{text}"
        );
        assert!(
            text.contains("**refused: 1 finding at or above medium**"),
            "{text}"
        );
    }

    #[test]
    fn a_clean_folder_takes_a_few_lines() {
        insta::assert_snapshot!(render(&report(vec![file("a", vec![], 0)])), @r"
        ## weightlock scan

        **clean: no finding at or above medium; every byte is accounted for**

        | files | bytes | explained | data | unread | findings |
        |---|---|---|---|---|---|
        | 1 | 100 B | 100 B | 0 B | 0 B | none |

        A scan is the fast first filter, not the verdict: it says what a file can do when it is loaded, not who made it.
        ");
    }

    #[test]
    fn a_code_span_cannot_be_left() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code(""), "`  `");
        assert_eq!(code("a\n# b"), "`a\\n# b`");
    }

    /// What is left of a line when its code spans are taken out is ours.
    fn outside_code(line: &str) -> String {
        let mut rest = line;
        let mut outside = String::new();
        while let Some(start) = rest.find('`') {
            outside.push_str(&rest[..start]);
            let fence = rest[start..].chars().take_while(|one| *one == '`').count();
            let after = &rest[start + fence..];
            let closing = "`".repeat(fence);
            let mut at = 0;
            loop {
                let end = at + after[at..].find(&closing).expect("every span is closed");
                let run = after[end..].chars().take_while(|one| *one == '`').count();
                if run == fence {
                    rest = &after[end + fence..];
                    break;
                }
                at = end + run;
            }
        }
        outside + rest
    }

    #[test]
    fn text_of_strangers_is_only_in_code() {
        let text = render(&hostile());
        for line in text.lines() {
            let ours = outside_code(line);
            assert!(
                !ours.contains("<b>") && !ours.contains("http") && !ours.contains('@'),
                "{line}"
            );
        }
        assert!(text.contains("<b>x</b>"), "nothing is left out");
        assert!(!text.contains('\u{1b}'));
    }
}
