//! The page `docs/bom-scorecard.md`: how it was judged, a table of all, a table by folder, and every wrong claim.

use std::fmt::Write as _;

use super::{Column, Outcome, Scorecard};

/// How many of the folders are published models; they come last.
const PUBLISHED: usize = 2;

const INTRO: &str = "\
# Scorecard of bills of materials

Written by `cargo xtask bench-bom`; not by hand. Weightlock and four other tools on the twelve folders of
[`vectors`](../crates/weightlock-bom/testdata/vectors/expected.json) and on two models that were published as packages
([answers](../xtask/peers/bom/real.json)). The folders were made for Weightlock's own tests, and some of the tools were made for other
work: syft lists packages, aisbom looks for dangerous files, airom looks for uses of models in source code. So the
facts that others miss say what they are *not* for; wrong claims, digests, validity and cost are the fairer comparison.

Each tool is pinned, comes from PyPI or npm as the newest that is packaged there (syft 1.18.1 is behind its own releases, which
could not be built from the Go module proxy: a module that it needs is not there), runs in an environment of its own, calls nobody, and is asked for CycloneDX, which all of
them write by default. The folders have names that tell nothing. All documents are read by [one reader](../xtask/peers/bom/score.py),
which knows no tool:

- A **fact** counts wherever it stands: in a member, a property, a description, inside a longer text. A short value (a number of up to
  three digits, a word of up to four letters) must stand under a name that tells what it is, because it would be found by chance. A
  package counts with name and version in one object, or as a package URL. That something comes from a file counts where the
  component names the file. What a document says of the tools that made it is not looked at.
- A **wrong claim** counts once a document, however often it is made there. These are looked for: the model has the name of its parent,
  or shares a reference with it; two models for one file; a name that is encoded twice; a data set that is called a model;
  evaluation data in the list of training data; a list of training data that leaves some out (one that is not there at all is a missing
  fact); a licence, an ancestor, or a component that no file names; a program of the machine that made the document; a
  digest that no file has; a number of parameters that is off by more than a hundredth; a path on somebody's machine
  out of the metadata; two components with one reference.
- **Files with digest**: files of the folder whose SHA-256 is in the document. Git's own files in a folder are no part of a
  model for Weightlock.
- **Valid**: by the official JSON schema of the version that the document names. **References**: each `bom-ref` is defined once, as the
  specification wants and the schema cannot see, and every dependency resolves.
- **Names the folder**: the document has the path of the folder on the machine that made it. Some tools mean that.

Asked by its usual command line, syft lists no files and aisbom no files but weights; cdxgen is told not to install the packages that a
folder names, which it would do to look at them, and adds what is installed on the machine by itself.

Time and peak memory are of the second run, warm, the sum over the twelve small folders and each published model; a tool's whole
tree of processes counts.
";

/// The table of all tools.
pub(super) fn summary(card: &Scorecard) -> String {
    let mut text = String::from(
        "| tool | facts right | wrong claims | files with digest | valid | references | names the folder | 12 small folders | MiniLM, 91 MB | SmolLM2, 98 MB | peak memory |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for column in &card.tools {
        let sum = |count: &dyn Fn(&Outcome) -> usize| column.results.iter().map(count).sum::<usize>();
        let facts = sum(&|it| it.facts);
        let missing = sum(&|it| it.missing.len());
        let small = column.results.len().saturating_sub(PUBLISHED);
        let (vectors, published) = column.results.split_at(small);
        let seconds: f64 = vectors.iter().map(|it| it.sample.wall).sum();
        let times: Vec<String> = published
            .iter()
            .map(|it| format!("{:.2} s", it.sample.wall))
            .collect();
        let memory = column.results.iter().map(|it| it.sample.rss_kb).max();
        let _ = writeln!(
            text,
            "| {} {} | {} of {facts} | {} | {} of {} | {} of {} | {} of {} | {} | {seconds:.2} s | {} | {} MB |",
            column.name,
            column.version,
            facts.saturating_sub(missing),
            sum(&|it| it.wrong.len()),
            sum(&|it| it.digests.0),
            sum(&|it| it.digests.1),
            sum(&|it| usize::from(it.faults.schema.is_none())),
            column.results.len(),
            sum(&|it| usize::from(it.faults.references.is_none())),
            column.results.len(),
            sum(&|it| usize::from(it.names_host)),
            times.join(" | "),
            memory.unwrap_or_default() / 1000,
        );
    }
    text
}

/// The whole page.
pub(super) fn render(card: &Scorecard) -> String {
    let mut text = INTRO.to_owned();
    let _ = writeln!(text, "\n{}, {}.\n", card.machine, card.date);
    text += "```text\ncargo xtask ci --all --lane scorer            installs the tools, and tests against this page\n\
             cargo xtask bench-bom --date 2026-01-31       writes this page\n```\n\n## All\n\n";
    text += &summary(card);
    text += "\n| tool | command |\n|---|---|\n";
    for column in &card.tools {
        let _ = writeln!(
            text,
            "| {} {} | `{}` |",
            column.name, column.version, column.command
        );
    }
    text += &by_folder(card);
    text += "\n## Wrong claims\n\n";
    for column in &card.tools {
        text += &listed(column, |it| {
            let told = it.wrong.iter();
            told.map(|(label, example)| format!("{label}: {example}"))
                .collect()
        });
    }
    text += "\n## Not valid, or with references that do not hold\n\n";
    for column in &card.tools {
        text += &listed(column, |it| {
            let faults = [&it.faults.schema, &it.faults.references];
            faults.into_iter().flatten().cloned().collect()
        });
    }
    text += "\n## What Weightlock does not say\n\n";
    for column in card.tools.iter().take(1) {
        text += &listed(column, |it| it.missing.clone());
    }
    text
}

/// Facts right, by folder and tool.
fn by_folder(card: &Scorecard) -> String {
    let names: Vec<&str> = card.tools.iter().map(|it| it.name.as_str()).collect();
    let mut text = format!(
        "\n## Facts right, by folder\n\n| folder | asked for | {} |\n|---|---|{}\n",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    let Some(first) = card.tools.first() else {
        return text;
    };
    for (at, outcome) in first.results.iter().enumerate() {
        let right = card.tools.iter().map(|column| {
            let own = column.results.get(at);
            own.map_or(0, |it| it.facts.saturating_sub(it.missing.len()))
                .to_string()
        });
        let right: Vec<String> = right.collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            outcome.subject,
            outcome.facts,
            right.join(" | ")
        );
    }
    text
}

/// What there is to tell of the documents of a tool, one line a kind, with the folders.
fn listed(column: &Column, told: impl Fn(&Outcome) -> Vec<String>) -> String {
    let mut text = format!("### {}\n\n", column.name);
    let mut any = false;
    for outcome in &column.results {
        for line in told(outcome) {
            any = true;
            let _ = writeln!(text, "- {}: {}", outcome.subject, harmless(&line));
        }
    }
    if !any {
        text += "- nothing\n";
    }
    text.push('\n');
    text
}

/// Text of others in a line of a page.
fn harmless(text: &str) -> String {
    let mut line: String = text
        .chars()
        .map(|character| match character {
            '<' => '‹',
            '`' => '\'',
            '[' => '(',
            ']' => ')',
            '*' | '_' => '-',
            other if other.is_control() => ' ',
            other => other,
        })
        .take(160)
        .collect();
    if text.chars().count() > 160 {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use weightlock_peers::boms::Faults;

    use super::*;
    use crate::bench::Sample;

    fn card() -> Scorecard {
        let outcome = |missing: &[&str]| Outcome {
            subject: "base".to_owned(),
            facts: 3,
            missing: missing.iter().map(ToString::to_string).collect(),
            wrong: vec![("a claim".to_owned(), "[x](y)".to_owned())],
            digests: (1, 2),
            names_host: true,
            faults: Faults::default(),
            code: Some(0),
            sample: Sample {
                wall: 0.5,
                rss_kb: 9000,
                ..Sample::default()
            },
        };
        let column = |name: &str, missing: &[&str]| Column {
            name: name.to_owned(),
            version: "1".to_owned(),
            command: "it FOLDER".to_owned(),
            results: (0..3).map(|_| outcome(missing)).collect(),
        };
        Scorecard {
            machine: "a machine".to_owned(),
            date: "today".to_owned(),
            tools: vec![column("weightlock", &[]), column("other", &["a", "b"])],
        }
    }

    #[test]
    fn every_tool_has_its_row() {
        let summary = summary(&card());
        let ours =
            "| weightlock 1 | 9 of 9 | 3 | 3 of 6 | 3 of 3 | 3 of 3 | 3 | 0.50 s | 0.50 s | 0.50 s | 9 MB |";
        assert!(summary.contains(ours), "{summary}");
        assert!(summary.contains("| other 1 | 3 of 9 |"), "{summary}");
    }

    #[test]
    fn words_of_others_cannot_break_the_page() {
        let page = render(&card());
        assert!(page.contains("- base: a claim: (x)(y)"), "{page}");
        assert!(page.contains("| base | 3 | 3 | 1 |"), "{page}");
    }
}
