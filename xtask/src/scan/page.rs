//! The page `docs/scan-scorecard.md`: a table of all, a table per scanner, and every difference with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use weightlock_peers::scanners::{Answer, Case, Verdict};

use super::{Column, Scorecard};

/// Names that are written out for a group of differences; the list in JSON has all.
const SHOWN: usize = 4;

const INTRO: &str = "\
# Scan scorecard

Written by `cargo xtask bench-scan`; not by hand. Weightlock and four other scanners on the corpus of
[`testdata/scan`](../testdata/scan/make.py): `dev`; `varied`, the same cases with other names, payloads and compression;
and `benign_libs`, written by the real libraries. The corpus was made for Weightlock's own tests, so the recall of the
others is that on *these* attacks; false alarms and times are the fairer comparison.

Each scanner runs in an environment of its own, with pinned versions and the extras of its own that read more formats
(`picklescan[7z]`, `modelscan[h5py]`; TensorFlow is left out), and is asked about each file by its own command line. Fickling reads one pickle;
archives go to its function `scan_zip_archive`, as its command for the hub does. Modelaudit's answers depend on the Python
packages beside it.

| word | what the scanner did |
|---|---|
| refused | said that the file is dangerous, whatever its exit code |
| warned | reported something, and let the file pass |
| no answer | said that it cannot read the file or does not support it, or broke off with an error of its own |
| crashed | ended with an exception that nobody caught or by a signal, or did not end |
| clean | said that nothing is wrong: on a malicious file, a miss |

A file that is not supported is never counted as missed.
";

/// The table of all scanners.
pub(super) fn summary(card: &Scorecard) -> String {
    let mut text = String::from(
        "| scanner | malicious: refused | missed | warned | no answer | crashed | suspicious: reported | benign: false alarms | warned | no answer, crashed | all files | folder `dev` | peak memory |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for column in &card.columns {
        let count = |label: &str, verdicts: &[Verdict]| {
            card.of(column)
                .filter(|(case, answer)| case.label == label && verdicts.contains(&answer.verdict))
                .count()
        };
        let total = |label: &str| {
            card.corpus
                .cases
                .iter()
                .filter(|case| case.label == label)
                .count()
        };
        let seconds: f64 = column.answers.iter().map(|answer| answer.seconds).sum();
        let memory = column
            .answers
            .iter()
            .map(|answer| answer.rss_kb)
            .max()
            .unwrap_or_default();
        let folder = column.folder.as_ref().map_or_else(
            || "has no such run".to_owned(),
            |sample| format!("{:.2} s, {} MB", sample.wall, sample.rss_kb / 1000),
        );
        use Verdict::{Clean, Crashed, NoAnswer, Refused, Warned};
        let _ = writeln!(
            text,
            "| {} {} | {} of {} | {} | {} | {} | {} | {} of {} | {} of {} | {} | {} | {seconds:.1} s | {folder} | {} MB |",
            column.name,
            column.version,
            count("malicious", &[Refused]),
            total("malicious"),
            count("malicious", &[Clean]),
            count("malicious", &[Warned]),
            count("malicious", &[NoAnswer]),
            count("malicious", &[Crashed]),
            count("suspicious", &[Refused, Warned]),
            total("suspicious"),
            count("benign", &[Refused]),
            total("benign"),
            count("benign", &[Warned]),
            count("benign", &[NoAnswer, Crashed]),
            memory / 1000,
        );
    }
    text
}

/// The whole page.
pub(super) fn render(card: &Scorecard) -> String {
    let mut text = INTRO.to_owned();
    let _ = writeln!(text, "\n{}, {}.\n", card.machine, card.date);
    text += "```text\ncargo xtask ci --lane frameworks            installs the scanners, and tests against this page\n\
             cargo xtask bench-scan --date 2026-01-31    writes this page\n```\n\n## All\n\n";
    text += &summary(card);
    text += "\nTimes are sums over all files without the start of Python, then one whole run over a folder; they compare \
             within a column.\n";
    for column in &card.columns {
        text += &table(card, column);
    }
    text += &unlike_label(card);
    for column in card.columns.iter().skip(1) {
        text += &differences(card, column);
    }
    text
}

impl Scorecard {
    /// Each file with the answer of a scanner.
    pub(super) fn of<'a>(&'a self, column: &'a Column) -> impl Iterator<Item = (&'a Case, &'a Answer)> {
        self.corpus.cases.iter().zip(&column.answers)
    }
}

/// Verdicts of one scanner by label and class.
fn table(card: &Scorecard, column: &Column) -> String {
    let mut rows: BTreeMap<(&str, &str), [usize; Verdict::ALL.len()]> = BTreeMap::new();
    for (case, answer) in card.of(column) {
        let row = rows.entry((&case.label, &case.class)).or_default();
        for (count, verdict) in row.iter_mut().zip(Verdict::ALL) {
            *count += usize::from(verdict == answer.verdict);
        }
    }
    let names = Verdict::ALL.map(Verdict::name).join(" | ");
    let mut text = format!(
        "\n## {} {}\n\n| label | class | {names} |\n|---|---|",
        column.name, column.version
    );
    text += &"---|".repeat(Verdict::ALL.len());
    text.push('\n');
    for label in ["malicious", "suspicious", "benign"] {
        for ((_, class), counts) in rows.iter().filter(|((of, _), _)| *of == label) {
            let counts = counts.map(|count| {
                if count == 0 {
                    String::new()
                } else {
                    count.to_string()
                }
            });
            let _ = writeln!(text, "| {label} | {class} | {} |", counts.join(" | "));
        }
    }
    text
}

/// Where Weightlock does not say what the label asks for.
fn unlike_label(card: &Scorecard) -> String {
    let Some(ours) = card.columns.first() else {
        return String::new();
    };
    let mut text = "\n## Where Weightlock does not say what the label asks for\n\n".to_owned();
    let mut any = false;
    for (case, answer) in card.of(ours) {
        let as_labelled = match case.label.as_str() {
            "malicious" => answer.verdict == Verdict::Refused,
            "suspicious" => matches!(answer.verdict, Verdict::Refused | Verdict::Warned),
            _ => answer.verdict == Verdict::Clean,
        };
        if !as_labelled {
            any = true;
            let _ = writeln!(
                text,
                "- `{}` ({}, {}): {}; {}",
                case.file,
                case.label,
                case.note,
                answer.verdict.name(),
                answer.why
            );
        }
    }
    text += if any {
        "\nRaw bytes without a header are data only beside the model that declares them: alone they have no answer.\n"
    } else {
        "Nowhere.\n"
    };
    text
}

/// Differences of one kind: which verdicts, on files of which label and class.
#[derive(Default)]
struct Group<'a> {
    count: usize,
    names: Vec<&'a str>,
    reasons: BTreeSet<String>,
    theirs: BTreeMap<&'a str, usize>,
}

/// Where another scanner differs, grouped, with the reason on each side.
fn differences(card: &Scorecard, column: &Column) -> String {
    let mut groups: BTreeMap<(u8, &str, Verdict, Verdict), Group<'_>> = BTreeMap::new();
    let ours = card.columns.first().map_or(&[][..], |ours| &ours.answers);
    for ((case, theirs), ours) in card.of(column).zip(ours) {
        if ours.verdict == theirs.verdict {
            continue;
        }
        let label = ["malicious", "suspicious", "benign"]
            .iter()
            .position(|label| *label == case.label)
            .and_then(|position| u8::try_from(position).ok())
            .unwrap_or(u8::MAX);
        let group = groups
            .entry((label, &case.class, ours.verdict, theirs.verdict))
            .or_default();
        group.count += 1;
        group.reasons.insert(our_reason(case, ours));
        *group.theirs.entry(&theirs.why).or_default() += 1;
        if !case.file.starts_with("varied/") {
            group
                .names
                .push(case.file.split_once('/').map_or(&*case.file, |(_, name)| name));
        }
    }
    let total: usize = groups.values().map(|group| group.count).sum();
    let mut text = format!(
        "\n## Differences from {}: {total} of {} files\n\n\
         | label, class | Weightlock | {} | files | why Weightlock says so | what {} says |\n|---|---|---|---|---|---|\n",
        column.name,
        card.corpus.cases.len(),
        column.name,
        column.name
    );
    for ((label, class, ours, theirs), group) in &groups {
        let label = ["malicious", "suspicious", "benign"]
            .get(usize::from(*label))
            .unwrap_or(&"");
        let _ = writeln!(
            text,
            "| {label}, {class} | {} | {} | {}: {} | {} | {} |",
            ours.name(),
            theirs.name(),
            group.count,
            some(&group.names, "`"),
            cell(&some(
                &group.reasons.iter().map(String::as_str).collect::<Vec<_>>(),
                ""
            )),
            cell(&frequent(&group.theirs)),
        );
    }
    text
}

/// The rule that decided, or what a harmless file is.
fn our_reason(case: &Case, ours: &Answer) -> String {
    match ours.verdict {
        Verdict::Clean => case.note.clone(),
        _ => ours.why.split(": ").next().unwrap_or_default().to_owned(),
    }
}

/// The first few.
fn some(names: &[&str], quote: &str) -> String {
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("{quote}{name}{quote}"))
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(more) = names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = write!(text, ", {more} more");
    }
    text
}

/// What is said most often.
fn frequent(said: &BTreeMap<&str, usize>) -> String {
    let mut said: Vec<_> = said.iter().filter(|(words, _)| !words.is_empty()).collect();
    said.sort_by_key(|(words, count)| (std::cmp::Reverse(**count), **words));
    let words = said.first().map(|(words, _)| **words).unwrap_or_default();
    match said.len() {
        0 => "nothing".to_owned(),
        1 => words.to_owned(),
        more => format!("{words} (and {} more)", more - 1),
    }
}

/// Text of others in a cell of a table.
fn cell(text: &str) -> String {
    let harmless: String = text
        .chars()
        .map(|character| match character {
            '|' => '¦',
            '`' => '\'',
            '<' => '‹',
            '[' => '(',
            ']' => ')',
            other if other.is_control() => ' ',
            other => other,
        })
        .collect();
    harmless.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use weightlock_peers::scanners::Corpus;

    use super::*;

    fn answer(verdict: Verdict, why: &str) -> Answer {
        Answer {
            verdict,
            why: why.to_owned(),
            seconds: 0.5,
            rss_kb: 9000,
        }
    }

    fn card() -> Scorecard {
        let case = |file: &str, label: &str| Case {
            file: file.to_owned(),
            label: label.to_owned(),
            class: "kind".to_owned(),
            note: "a note".to_owned(),
        };
        let column = |name, answers| Column {
            name,
            version: "1".to_owned(),
            answers,
            folder: None,
        };
        Scorecard {
            machine: "a machine".to_owned(),
            date: "today".to_owned(),
            corpus: Corpus {
                folder: PathBuf::new(),
                cases: vec![case("dev/a.pkl", "malicious"), case("dev/b.pkl", "benign")],
            },
            columns: vec![
                column(
                    "weightlock",
                    vec![
                        answer(Verdict::Refused, "a-rule: because"),
                        answer(Verdict::Clean, ""),
                    ],
                ),
                column(
                    "other",
                    vec![
                        answer(Verdict::NoAnswer, "no | idea"),
                        answer(Verdict::Refused, "[x](y)"),
                    ],
                ),
            ],
        }
    }

    #[test]
    fn what_is_not_supported_is_not_missed() {
        let summary = summary(&card());
        assert!(
            summary.contains("| weightlock 1 | 1 of 1 | 0 | 0 | 0 | 0 |"),
            "{summary}"
        );
        assert!(
            summary.contains("| other 1 | 0 of 1 | 0 | 0 | 1 | 0 | 0 of 0 | 1 of 1 |"),
            "{summary}"
        );
    }

    #[test]
    fn every_difference_has_both_reasons_and_cannot_break_the_table() {
        let page = render(&card());
        assert!(
            page.contains("| malicious, kind | refused | no answer | 1: `a.pkl` | a-rule | no ¦ idea |"),
            "{page}"
        );
        assert!(
            page.contains("| benign, kind | clean | refused | 1: `b.pkl` | a note | (x)(y) |"),
            "{page}"
        );
        assert!(page.contains("Nowhere."));
    }
}
