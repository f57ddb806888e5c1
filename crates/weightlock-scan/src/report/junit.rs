//! JUnit XML, as build servers read it: a suite per file, a failure per finding that decides, an error per gap.
//!
//! Findings that do not decide are in the suite's output, so that nothing is hidden and nothing else turns red.

use weightlock_artifact::text::Shown;

use super::{Report, answer, left_out};
use crate::{FileReport, Finding};

/// Writes the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let suites: Vec<Suite> = report
        .files
        .iter()
        .map(|file| suite(file, report))
        .chain(not_examined(report))
        .collect();
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).fold(0, usize::saturating_add);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"weightlock scan\" tests=\"{}\" failures=\"{}\" \
         errors=\"{}\">\n",
        sum(|suite| suite.cases.len()),
        sum(Suite::failures),
        sum(Suite::errors)
    );
    for suite in &suites {
        suite.write(&mut text);
    }
    text.push_str(&format!(
        "  <system-out>{}</system-out>\n</testsuites>\n",
        escaped(&answer(report))
    ));
    text
}

struct Suite {
    name: String,
    cases: Vec<Case>,
    output: Vec<String>,
}

struct Case {
    name: String,
    result: Result<(), Trouble>,
}

struct Trouble {
    /// `failure` or `error`.
    element: &'static str,
    kind: String,
    message: String,
    text: String,
}

fn suite(file: &FileReport, report: &Report) -> Suite {
    let (failing, other): (Vec<_>, Vec<_>) = file.findings.iter().partition(|finding| report.fails(finding));
    let mut cases: Vec<Case> = failing.into_iter().map(case).collect();
    let mut output: Vec<String> = other.into_iter().map(line).collect();
    if let Some(text) = left_out(file) {
        if file.findings_left_out.at_least(report.threshold) > 0 {
            cases.push(failed("findings left out", text));
        } else {
            output.push(text);
        }
    }
    if cases.is_empty() {
        cases.push(passed("findings"));
    }
    cases.push(coverage(file));
    Suite {
        name: file.file.clone(),
        cases,
        output,
    }
}

fn not_examined(report: &Report) -> Option<Suite> {
    let cases: Vec<Case> = report
        .not_examined
        .iter()
        .map(|one| Case {
            name: one.name.clone(),
            result: Err(Trouble {
                element: "error",
                kind: one.code.to_string(),
                message: one.why.clone(),
                text: format!("{}: {}", one.name, one.why),
            }),
        })
        .collect();
    (!cases.is_empty()).then(|| Suite {
        name: "not examined".to_owned(),
        cases,
        output: Vec::new(),
    })
}

fn case(finding: &Finding) -> Case {
    Case {
        name: finding.rule.to_owned(),
        result: Err(Trouble {
            element: "failure",
            kind: finding.rule.to_owned(),
            message: finding.reason.clone(),
            text: format!("{}\n{}", line(finding), finding.fix),
        }),
    }
}

fn failed(name: &str, text: String) -> Case {
    Case {
        name: name.to_owned(),
        result: Err(Trouble {
            element: "failure",
            kind: name.to_owned(),
            message: text.clone(),
            text,
        }),
    }
}

fn passed(name: &str) -> Case {
    Case {
        name: name.to_owned(),
        result: Ok(()),
    }
}

fn coverage(file: &FileReport) -> Case {
    let coverage = &file.coverage;
    let Some(first) = coverage.gaps.first() else {
        return passed("coverage");
    };
    let lines = coverage.gaps.iter().take(MOST_GAPS).map(|gap| {
        format!(
            "{} {}: {} bytes from offset {}: {}",
            gap.gap.code(),
            Shown(gap.trail.as_str()),
            gap.bytes,
            gap.offset,
            Shown(&gap.why)
        )
    });
    Case {
        name: "coverage".to_owned(),
        result: Err(Trouble {
            element: "error",
            kind: first.gap.code().to_string(),
            message: format!("{} bytes were not examined: {}", coverage.unread, first.why),
            text: lines.collect::<Vec<_>>().join("\n"),
        }),
    }
}

/// Gaps that are written for one file; JSON has more.
const MOST_GAPS: usize = 20;

fn line(finding: &Finding) -> String {
    let offset = finding.place.offset.map(|offset| format!(" offset {offset}"));
    format!(
        "{} {} {}{}: {}",
        finding.severity.as_str(),
        finding.rule,
        Shown(finding.place.trail.as_str()),
        offset.unwrap_or_default(),
        Shown(&finding.reason)
    )
}

impl Suite {
    fn failures(&self) -> usize {
        self.count("failure")
    }

    fn errors(&self) -> usize {
        self.count("error")
    }

    fn count(&self, element: &str) -> usize {
        let is = |case: &&Case| matches!(&case.result, Err(trouble) if trouble.element == element);
        self.cases.iter().filter(is).count()
    }

    fn write(&self, text: &mut String) {
        let name = escaped(&self.name);
        text.push_str(&format!(
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
            self.cases.len(),
            self.failures(),
            self.errors()
        ));
        for case in &self.cases {
            let head = format!(
                "    <testcase classname=\"{name}\" name=\"{}\"",
                escaped(&case.name)
            );
            text.push_str(&match &case.result {
                Ok(()) => format!("{head}/>\n"),
                Err(trouble) => format!(
                    "{head}>\n      <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n    </testcase>\n",
                    trouble.element,
                    escaped(&trouble.kind),
                    escaped(&trouble.message),
                    lines(&trouble.text)
                ),
            });
        }
        if !self.output.is_empty() {
            text.push_str(&format!(
                "    <system-out>{}</system-out>\n",
                lines(&self.output.join("\n"))
            ));
        }
        text.push_str("  </testsuite>\n");
    }
}

/// Text of several lines of our own making.
fn lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// One line of text that XML takes as text: also `U+FFFE` and `U+FFFF` are no characters there.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in Shown(text).to_string().chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Severity,
        report::tests::{file, hostile, report, thinned},
    };

    #[test]
    fn a_clean_file_has_two_cases_that_pass() {
        insta::assert_snapshot!(render(&report(vec![file("a", vec![], 0)])), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="weightlock scan" tests="2" failures="0" errors="0">
          <testsuite name="a" tests="2" failures="0" errors="0">
            <testcase classname="a" name="findings"/>
            <testcase classname="a" name="coverage"/>
          </testsuite>
          <system-out>clean: no finding at or above medium; every byte is accounted for</system-out>
        </testsuites>
        "#);
    }

    #[test]
    fn what_is_not_listed_fails_where_it_decides() {
        let text = render(&thinned(Severity::High));
        assert!(text.contains("failures=\"1\""), "{text}");
        assert!(
            text.contains("message=\"1 more finding not listed, the worst high\""),
            "{text}"
        );
        let text = render(&thinned(Severity::Low));
        assert!(text.contains("failures=\"0\""), "{text}");
        assert!(
            text.contains("1 more finding not listed, the worst low"),
            "{text}"
        );
    }

    #[test]
    fn text_of_strangers_stays_text() {
        let text = render(&hostile());
        assert!(text.contains("tests=\"5\" failures=\"1\" errors=\"2\""), "{text}");
        assert!(
            !text.contains("<b>") && !text.contains("]]>") && !text.contains('\u{1b}'),
            "{text}"
        );
        assert_eq!(text.matches("<testcase ").count(), 5);
        assert!(
            text.contains("low broken-format d/a b.pt offset 3: plain"),
            "{text}"
        );
        assert!(escaped("\u{ffff}\0").contains('\u{fffd}'));
        assert!(!escaped("\0").contains('\0'));
    }
}
