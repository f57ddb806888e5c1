//! The generated pages: `docs/reference/**/*.md` and `docs/schemas/*.json`, made from the program's own definitions; and the
//! types of the wheel's documents, made from the same schemas.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::{Arg, ArgAction, Command, CommandFactory as _};
use weightlock::environment::{Origin, VARIABLES};
use weightlock::{cli::Cli, exit::Exit, explanations, reference};
use weightlock_bom::graph::{Arity, Property};
use weightlock_scan::rules::{self, Rule};

use super::{compliance, python};
use crate::workspace::files_below;

/// What a page begins with, so that nobody mends it by hand.
const MADE: &str = "<!-- Made by `cargo xtask docs` from the sources. -->\n\n";

/// A generated file: path below the root, and content.
pub(super) struct Page {
    pub(super) path: String,
    pub(super) text: String,
}

/// Every generated file.
pub(super) fn pages() -> Result<Vec<Page>> {
    let page = |name: &str, text: String| Page {
        path: format!("docs/reference/{name}.md"),
        text: format!("{MADE}{text}"),
    };
    let mut pages = vec![
        page("verbs", verbs()),
        page("codes", codes()),
        page("environment", environment()),
        page("properties", properties()),
        page("rules/README", rule_list()),
    ];
    pages.extend(rules::all().map(|rule| page(&format!("rules/{}", rule.id), rule_page(rule))));
    let schemas = reference::schemas().into_iter().chain(reference::forms());
    pages.extend(schemas.map(|(name, schema)| Page {
        path: format!("docs/schemas/{name}.json"),
        text: format!("{:#}\n", schema.as_value()),
    }));
    pages.push(Page {
        path: compliance::PATH.to_owned(),
        text: compliance::page(),
    });
    pages.push(Page {
        path: python::PATH.to_owned(),
        text: python::module()?,
    });
    Ok(pages)
}

/// Writes every generated file, and removes generated ones that are no longer made.
pub(super) fn write(root: &Path) -> Result<usize> {
    let pages = pages()?;
    for page in &pages {
        let path = root.join(&page.path);
        let folder = path.parent().unwrap_or(root);
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&path, &page.text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    for left in left_over(root, &pages)? {
        fs::remove_file(root.join(&left)).with_context(|| format!("cannot remove {left}"))?;
    }
    Ok(pages.len())
}

/// Generated files that differ from what would be made now.
pub(super) fn stale(root: &Path) -> Result<Vec<String>> {
    let pages = pages()?;
    let differs = |page: &&Page| fs::read_to_string(root.join(&page.path)).ok().as_ref() != Some(&page.text);
    let mut stale: Vec<String> = pages
        .iter()
        .filter(differs)
        .map(|page| page.path.clone())
        .collect();
    stale.extend(left_over(root, &pages)?);
    Ok(stale)
}

fn left_over(root: &Path, pages: &[Page]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (folder, ending) in [("docs/reference", "md"), ("docs/schemas", "json")] {
        if root.join(folder).is_dir() {
            found.extend(files_below(&root.join(folder), ending)?);
        }
    }
    let names = found.iter().map(|file| {
        file.strip_prefix(root)
            .unwrap_or(file)
            .to_string_lossy()
            .into_owned()
    });
    Ok(names
        .filter(|name| pages.iter().all(|page| page.path != *name))
        .collect())
}

/// What can be known about a component.
fn properties() -> String {
    let mut text = String::from(
        "# Properties\n\nWhat can be known about a component of a bill of materials. In documents a property that their format has no place \
         for is named `weightlock:` with the name below. Where one value is possible, two are a conflict, and both are shown.\n\n\
         | property | values | meaning |\n|---|---|---|\n",
    );
    for property in Property::ALL {
        let values = match property.arity() {
            Arity::One => "one",
            Arity::Many => "several",
        };
        let _ = writeln!(
            text,
            "| `{}` | {values} | {} |",
            property.name(),
            property.meaning()
        );
    }
    text
}

fn verbs() -> String {
    let mut parser = Cli::command();
    parser.build();
    let mut text = String::from("# Verbs and flags\n\nFlags that every verb has stand at the end.\n");
    for verb in shown(&parser) {
        describe(verb, &mut text);
    }
    text += "\n## Flags of every verb\n\n";
    flags(
        parser.get_arguments().filter(|flag| flag.is_global_set()),
        &mut text,
    );
    text
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set() && below.get_name() != "help")
}

/// One verb, and those below it after it. The depth is that of our own definition.
fn describe(command: &Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(text, "\n## {name}\n\n{about}\n");
    if shown(command).next().is_none() {
        let usage = command.clone().render_usage().to_string();
        let _ = writeln!(text, "```text\n{}\n```\n", usage.trim_start_matches("Usage: "));
        flags(command.get_arguments().filter(|flag| !flag.is_global_set()), text);
    }
    for below in shown(command) {
        describe(below, text);
    }
}

fn flags<'a>(flags: impl Iterator<Item = &'a Arg>, text: &mut String) {
    let rows: Vec<String> = flags
        .filter(|flag| !flag.is_hide_set() && !matches!(flag.get_id().as_str(), "help" | "version"))
        .map(row)
        .collect();
    if !rows.is_empty() {
        let _ = writeln!(text, "| flag | meaning |\n|---|---|\n{}", rows.join("\n"));
    }
}

fn row(flag: &Arg) -> String {
    let takes_value = matches!(flag.get_action(), ArgAction::Set | ArgAction::Append);
    let value = flag
        .get_value_names()
        .filter(|_| takes_value)
        .map(|names| names.join(" "));
    let short = flag.get_short().map(|short| format!("-{short}"));
    let long = flag.get_long().map(|long| format!("--{long}"));
    let aliases = flag.get_visible_aliases().unwrap_or_default();
    let aliases = aliases.into_iter().map(|alias| format!("--{alias}"));
    let mut names = short
        .into_iter()
        .chain(long)
        .chain(aliases)
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(value) = value {
        names = format!("{names} {value}").trim_start().to_owned();
    }
    let mut meaning = flag.get_help().map(ToString::to_string).unwrap_or_default();
    let possible: Vec<String> = flag
        .get_possible_values()
        .iter()
        .filter(|_| takes_value)
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !possible.is_empty() {
        meaning += &format!(": {}", possible.join(", "));
    }
    let defaults: Vec<_> = flag
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    if takes_value && !defaults.is_empty() {
        meaning += &format!(" [default: {}]", defaults.join(" "));
    }
    if let Some(variable) = flag.get_env() {
        meaning += &format!(" (also `{}`)", variable.to_string_lossy());
    }
    format!("| `{}` | {} |", cell(&names), cell(&meaning.replace('\n', " ")))
}

fn codes() -> String {
    let mut text = String::from(
        "# Reason codes\n\nEvery refusal names one. `weightlock explain CODE` prints the same on any machine.\n\n\
         | code | answer | what |\n|---|---|---|\n",
    );
    let mut all: Vec<_> = explanations::all().collect();
    all.sort_by_key(|one| one.code);
    for one in &all {
        let exit = Exit::from(one.outcome);
        let _ = writeln!(
            text,
            "| [{0}](#{1}) | {2} ({3}) | {4} |",
            one.code,
            anchor(one.code.as_str()),
            exit.word(),
            exit.number(),
            cell(one.what)
        );
    }
    for one in all {
        let exit = Exit::from(one.outcome);
        let _ = write!(
            text,
            "\n## {}\n\n{}\n\n- Why: {}\n- Example: {}\n- What to do: {}\n- Answer: {} (exit {})\n",
            one.code,
            prose(one.what),
            prose(one.why),
            prose(one.example),
            prose(one.fix),
            exit.word(),
            exit.number()
        );
    }
    text
}

/// Rules, the worst first.
fn rule_list() -> String {
    let mut text = String::from(
        "# Rules of the scanner\n\nA finding names one. `weightlock explain RULE` prints the same on any machine, \
         `weightlock scan --rules` all of them.\n\n| rule | worst | what |\n|---|---|---|\n",
    );
    let mut all: Vec<_> = rules::all().collect();
    all.sort_by_key(|rule| (std::cmp::Reverse(rule.worst), rule.id));
    for rule in all {
        let _ = writeln!(
            text,
            "| [{0}]({0}.md) | {1} | {2} |",
            rule.id,
            rule.worst.as_str(),
            cell(rule.title)
        );
    }
    text
}

fn rule_page(rule: &Rule) -> String {
    let mut text = format!(
        "# {}\n\n{}: {}.\n\n- Why: {}\n- Example: {}\n- What to do: {}\n- Worst severity: {}\n- Weakness: CWE-{}\n",
        rule.id,
        prose(rule.title),
        prose(rule.what),
        prose(rule.why),
        prose(rule.example),
        prose(rule.fix),
        rule.worst.as_str(),
        rule.cwe
    );
    if !rule.references.is_empty() {
        let _ = writeln!(text, "- Known from: {}", rule.references.join(", "));
    }
    text += "\n[All rules](README.md)\n";
    text
}

fn anchor(code: &str) -> String {
    code.to_lowercase()
}

fn environment() -> String {
    let mut text = String::from(
        "# Environment variables\n\nA flag on the command line wins over its variable. `weightlock doctor` shows which are set.\n\n\
         | variable | meaning |\n|---|---|\n",
    );
    for variable in VARIABLES {
        let secret = if variable.origin == Origin::Secret {
            " (secret: never shown)"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "| `{}` | {}{secret} |",
            variable.name,
            cell(variable.meaning)
        );
    }
    text
}

/// Text for a table.
fn cell(text: &str) -> String {
    prose(text).replace('|', "\\|")
}

/// Text whose `<`, `*` and `_` are themselves; what stands between backticks stays.
fn prose(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    let escaped = pieces.map(|(number, piece)| {
        if number % 2 == 0 {
            piece.replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_")
        } else {
            piece.to_owned()
        }
    });
    escaped.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_code_and_variable_has_its_place() {
        let pages = pages().unwrap();
        let text = |name: &str| &pages.iter().find(|page| page.path == name).unwrap().text;
        for verb in [
            "## weightlock sign",
            "## weightlock key generate",
            "`--password-file FILE`",
        ] {
            assert!(text("docs/reference/verbs.md").contains(verb), "{verb}");
        }
        assert!(text("docs/reference/codes.md").contains("\n## WL-SIG-TAMPERED\n"));
        assert!(text("docs/reference/environment.md").contains("| `WEIGHTLOCK_PASSWORD` |"));
        assert!(text("docs/reference/rules/broken-format.md").contains("\n# broken-format\n"));
        assert!(
            text("docs/reference/rules/README.md").contains("| [broken-format](broken-format.md) | medium |")
        );
        assert!(text("docs/schemas/verify.json").contains("\"additionalProperties\": false"));
    }

    #[test]
    fn a_changed_a_missing_and_a_forgotten_page_are_stale() {
        let root = tempfile::tempdir().unwrap();
        let made = write(root.path()).unwrap();
        assert_eq!(stale(root.path()).unwrap(), Vec::<String>::new());
        fs::write(root.path().join("docs/reference/codes.md"), "edited").unwrap();
        fs::remove_file(root.path().join("docs/schemas/verify.json")).unwrap();
        fs::write(root.path().join("docs/schemas/gone.json"), "{}").unwrap();
        let stale = stale(root.path()).unwrap();
        assert_eq!(
            stale,
            [
                "docs/reference/codes.md",
                "docs/schemas/verify.json",
                "docs/schemas/gone.json"
            ]
        );
        assert_eq!(write(root.path()).unwrap(), made);
        assert!(!root.path().join("docs/schemas/gone.json").exists());
    }

    #[test]
    fn markdown_of_others_is_text() {
        assert_eq!(prose("a <b> `c_<d>` e_f*"), "a &lt;b> `c_<d>` e\\_f\\*");
        assert_eq!(cell("a|b"), "a\\|b");
    }
}
