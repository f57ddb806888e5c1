//! Controls as CSV (RFC 4180): a line for each control and check.
//!
//! Spreadsheets take a cell that begins with `=`, `+`, `-`, `@` or a tabulator for a formula, and names of files and signers come from
//! strangers. Such a cell gets an apostrophe before it, which spreadsheets do not show; line breaks and control characters are shown
//! as they are everywhere, and every cell is quoted.

use super::{BasisTold, ControlTold, Exported};
use crate::text::Shown;

const HEAD: [&str; 19] = [
    "model",
    "digest",
    "time",
    "decision",
    "mode",
    "tier",
    "policies",
    "framework",
    "control",
    "title",
    "shows",
    "standing of the control",
    "check",
    "state",
    "standing",
    "says",
    "evidence",
    "command",
    "beyond any tool",
];

pub(super) fn render(exported: &Exported) -> String {
    let mut text = line(HEAD.map(str::to_owned));
    for control in &exported.controls {
        if control.basis.is_empty() {
            text += &line(cells(exported, control, None));
        }
        for basis in &control.basis {
            text += &line(cells(exported, control, Some(basis)));
        }
    }
    text
}

fn cells(exported: &Exported, control: &ControlTold, basis: Option<&BasisTold>) -> [String; 19] {
    let of = |told: fn(&BasisTold) -> String| basis.map_or_else(String::new, told);
    let word = |standing: weightlock_artifact::standing::Standing| standing.word().to_lowercase();
    let policies: Vec<String> = exported
        .policies
        .iter()
        .map(|it| format!("{} {} {}", it.layer, it.source, it.digest))
        .collect();
    [
        exported.target.clone(),
        exported.digest.clone(),
        exported.time.clone(),
        exported.decision.word().to_owned(),
        exported.mode.clone(),
        exported.tier.clone(),
        policies.join("; "),
        control.framework.clone(),
        control.control.clone(),
        control.title.clone(),
        control.shows.clone(),
        word(control.standing),
        of(|basis| basis.check.clone()),
        of(|basis| basis.state.clone()),
        basis.map_or_else(String::new, |basis| word(basis.standing)),
        of(|basis| basis.says.clone()),
        of(|basis| basis.evidence.join(" ")),
        control.command.clone(),
        control.beyond.clone(),
    ]
}

fn line(cells: [String; 19]) -> String {
    cells.map(|cell| quoted(&cell)).join(",") + "\r\n"
}

/// A cell that no spreadsheet takes for a formula.
fn quoted(cell: &str) -> String {
    let shown = Shown(cell).to_string().replace('"', "\"\"");
    let guard = if begins_formula(&shown) { "'" } else { "" };
    format!("\"{guard}{shown}\"")
}

/// Also behind blanks, which some programs pass over, and in the wide forms that some take for the same sign.
fn begins_formula(text: &str) -> bool {
    let first = text.trim_start().trim_start_matches('"').chars().next();
    first.is_some_and(|first| "=+-@|\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_breaks_its_line() {
        for (cell, wanted) in [
            ("plain", "\"plain\""),
            ("", "\"\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("  =1", "\"'  =1\""),
            ("\"=1", "\"'\"\"=1\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a,b", "\"a,b\""),
            ("a=b", "\"a=b\""),
        ] {
            assert_eq!(quoted(cell), wanted, "{cell:?}");
        }
        for hostile in ["a\r\n=1", "\t=1", "\u{1b}[31m", "\0"] {
            let cell = quoted(hostile);
            assert!(!cell.contains(['\r', '\n', '\t', '\u{1b}', '\0']), "{cell:?}");
        }
    }
}
