//! The report for people. That there are no issues is said only where everything was read.

use super::{NOTHING_SCANNED, SEVERITIES, Scanned, word};

pub(super) fn render(scanned: &Scanned, show_skipped: bool) -> String {
    let mut text = String::from("\n--- Summary ---\n");
    if scanned.issues.is_empty() {
        text += match scanned.number() {
            0 => "\n No issues found! 🎉",
            NOTHING_SCANNED if scanned.errors.is_empty() => "\n No verdict: nothing was scanned",
            _ => "\n No verdict: not everything could be read",
        };
    } else {
        issues(scanned, &mut text);
    }
    if !scanned.errors.is_empty() {
        text += "\n\n--- Errors --- ";
        for (index, error) in scanned.errors.iter().enumerate() {
            text += &format!(
                "\n\nError {}:\nThe following error was raised during scan of file {}: \n{} ({})",
                index + 1,
                error.place,
                error.why,
                error.code
            );
        }
    }
    if !scanned.skipped.is_empty() {
        text += &format!(
            "\n\n--- Skipped --- \n\nTotal skipped: {} - run with --show-skipped to see the full list.",
            scanned.skipped.len()
        );
    }
    if show_skipped && !scanned.skipped.is_empty() {
        text += "\n\nSkipped files list:\n";
        for (source, why) in &scanned.skipped {
            text += &format!("\nThe following file {source} was skipped during a ModelScan scan: \n{why}");
        }
    }
    text
}

fn issues(scanned: &Scanned, text: &mut String) {
    *text += &format!(
        "\nTotal Issues: {}\n\nTotal Issues By Severity:\n",
        scanned.issues.len()
    );
    for (severity, word) in SEVERITIES {
        *text += &format!("\n    - {word}: {}", scanned.count(severity));
    }
    *text += "\n\n--- Issues by Severity ---";
    let mut last = None;
    for issue in &scanned.issues {
        let word = word(issue.severity.0);
        if last.replace(word) != Some(word) {
            *text += &format!("\n\n--- {word} ---");
        }
        *text += &format!(
            "\n\nUnsafe operator found:\n  - Severity: {word}\n  - Description: {}\n  - Source: {}\n  - Rule: {}",
            issue.description, issue.source, issue.rule
        );
    }
}
