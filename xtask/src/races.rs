//! `cargo xtask races`: loads beside a process that changes the model, many times, and the record of it.
//!
//! The tests are those of every test run (`tests/it` of the runtime and of the binary, on the shared ground of
//! `weightlock_peers::races`); here they make more rounds and write down what they saw. `docs/races.md` is made from that.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use weightlock_peers::races::{RESULTS, ROUNDS};

use crate::args::Args;
use crate::bench;
use crate::say;
use crate::workspace::{Metadata, cargo};

const PAGE: &str = "docs/races.md";
const BEGIN: &str = "<!-- races:begin; made by cargo xtask races -->\n";
const END: &str = "<!-- races:end -->\n";

/// Free-running rounds in one process; the whole binary makes a part of them besides.
const MANY: &str = "10000";

/// The tests: package, and the names that select them.
const TESTS: [(&str, &[&str]); 2] = [("weightlock-runtime", &[]), ("weightlock", &["races::"])];

/// Runs the tests and writes the page.
pub(crate) fn run(raw: &[String]) -> Result<bool> {
    let args = Args::parse(raw, &["--no-write"], &["--rounds", "--date"])?.no_words()?;
    let root = Metadata::load()?.workspace_root;
    let results = root.join("target/races");
    let _ = fs::remove_dir_all(&results);
    fs::create_dir_all(&results).with_context(|| format!("cannot make {}", results.display()))?;
    let rounds = args.value("--rounds").unwrap_or(MANY);
    for (package, filter) in TESTS {
        let select = ["test", "--locked", "-p", package, "--test", "it", "--"];
        let ran = Command::new(cargo())
            .args(select)
            .args(filter)
            .current_dir(&root)
            .env(RESULTS, &results)
            .env(ROUNDS, rounds)
            .status()
            .context("cannot run cargo")?;
        if !ran.success() {
            say(&format!("the races of {package} failed; nothing is recorded"));
            return Ok(false);
        }
    }
    let told = told(&results, &bench::machine::describe())?;
    say(&told);
    if !args.has("--no-write") {
        let date = bench::date(&args)?;
        let page = fs::read_to_string(root.join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
        let page = render(&page, &format!("Run of {date}. {told}"))?;
        fs::write(root.join(PAGE), page).with_context(|| format!("cannot write {PAGE}"))?;
    }
    Ok(true)
}

/// What the tests wrote down.
fn told(results: &Path, machine: &str) -> Result<String> {
    let read = |name: &str| {
        let path = results.join(name);
        fs::read_to_string(&path).with_context(|| format!("{name} was not written: was a test skipped?"))
    };
    let rounds = [
        "rounds-library-Folder.md",
        "rounds-library-HubCache.md",
        "rounds-run-Folder.md",
        "rounds-run-HubCache.md",
    ]
    .into_iter()
    .map(read)
    .collect::<Result<String>>()?;
    Ok(format!(
        "{machine}\n\n### Free-running rounds\n\n| loads | rounds | verified, and every byte compared | refused | of these, because something changed meanwhile |\n\
         |---|---|---|---|---|\n{rounds}\n### Halted in one process, by callbacks\n\n{}\n\
         ### `weightlock run`, halted by SIGSTOP\n\n{}\n",
        read("halted-library.md")?,
        read("halted-run.md")?
    ))
}

/// The page with what lies between its markers made anew.
fn render(page: &str, told: &str) -> Result<String> {
    let Some((before, rest)) = page.split_once(BEGIN) else {
        bail!("{PAGE} has no begin marker");
    };
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("{PAGE} has no end marker"))?;
    Ok(format!("{before}{BEGIN}\n{told}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_between_the_markers_is_made_anew() {
        let page = format!("above\n{BEGIN}old\n{END}below\n");
        let once = render(&page, "new\n").unwrap();
        assert_eq!(once, format!("above\n{BEGIN}\nnew\n{END}below\n"));
        assert!(render("no markers", "new").is_err());
    }

    #[test]
    fn a_result_that_is_missing_is_an_error() {
        let results = tempfile::tempdir().unwrap();
        assert!(told(results.path(), "a machine").is_err());
    }
}
