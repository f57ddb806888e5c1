//! `cargo xtask docs`: writes the generated pages. With `--check`, what all documents say is checked against the
//! sources.
//!
//! Five things go stale first: the generated pages, the features table, links between pages, reason codes named in
//! prose, and the benchmark table. Each check says the file, and the line where there is one.

mod compliance;
mod features;
mod prose;
mod python;
mod reference;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::args::Args;
use crate::workspace::{Metadata, files_below};
use crate::{bench, bom, say};

/// Something a page says that is not so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stale {
    /// 1-based line.
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// Writes the generated pages, or checks the documents and prints what is stale.
pub(crate) fn run(raw: &[String]) -> Result<bool> {
    let args = Args::parse(raw, &["--check"], &[])?.no_words()?;
    let root = Metadata::load()?.workspace_root;
    if !args.has("--check") {
        say(&format!("{} pages written", reference::write(&root)?));
        return Ok(true);
    }
    let sources = Sources::load(&root)?;
    let mut stale = 0;
    let pages = pages(&root)?;
    for page in &pages {
        let text = read(page)?;
        let mut found = prose::broken_links(page, &text);
        found.extend(prose::unknown_codes(&text, &sources));
        if page.ends_with("docs/features.md") {
            found.extend(features::check(&text, &sources));
        }
        for one in &found {
            let shown = page.strip_prefix(&root).unwrap_or(page);
            say(&format!("{}:{}: {}", shown.display(), one.line, one.what));
        }
        stale += found.len();
    }
    for page in reference::stale(&root)? {
        say(&format!("{page}: differs from the sources; run cargo xtask docs"));
        stale += 1;
    }
    if !bench::page_is_current(&root)? {
        say(
            "docs/benchmarks.md: the table differs from docs/benchmarks.json; run cargo xtask bench --render",
        );
        stale += 1;
    }
    if !bom::page_is_current(&root)? {
        say(
            "docs/bom-scorecard.md: differs from docs/bom-scorecard.json; run cargo xtask bench-bom --render",
        );
        stale += 1;
    }
    say(&format!("{} pages, {stale} stale", pages.len()));
    Ok(stale == 0)
}

fn pages(root: &Path) -> Result<Vec<PathBuf>> {
    let mut pages = files_below(&root.join("docs"), "md")?;
    let top = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    pages.extend(
        top.iter()
            .map(|name| root.join(name))
            .filter(|path| path.is_file()),
    );
    Ok(pages)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The Rust files of the repository, and the tests of the wheel: path below the root, and text.
#[derive(Debug, Default)]
pub(crate) struct Sources(Vec<(String, String)>);

impl Sources {
    fn load(root: &Path) -> Result<Self> {
        let mut files = files_below(&root.join("crates"), "rs")?;
        files.extend(files_below(&root.join("xtask"), "rs")?);
        files.extend(files_below(&root.join("crates/weightlock-python/tests"), "py")?);
        let named = files.into_iter().map(|file| {
            let name = file
                .strip_prefix(root)
                .unwrap_or(&file)
                .to_string_lossy()
                .into_owned();
            Ok((name, read(&file)?))
        });
        Ok(Self(named.collect::<Result<_>>()?))
    }

    /// Whether `file::function` names a test. The file is relative to `crates/`, or to the root.
    pub(crate) fn has_test(&self, name: &str) -> bool {
        let Some((file, function)) = name.rsplit_once("::") else {
            return false;
        };
        let in_crates = format!("crates/{file}");
        self.0
            .iter()
            .filter(|(path, _)| path == file || *path == in_crates)
            .any(|(path, text)| {
                if path.ends_with(".py") {
                    is_python_test(text, function)
                } else {
                    is_test(text, function)
                }
            })
    }

    /// Whether a reason code is written in the product's sources.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        let quoted = format!("\"{code}\"");
        self.0
            .iter()
            .any(|(path, text)| path.starts_with("crates/") && text.contains(&quoted))
    }
}

/// Whether `text` defines `function` under a `#[test]` attribute or in a `proptest!` block.
fn is_test(text: &str, function: &str) -> bool {
    let lines = text.lines().collect::<Vec<_>>();
    let wanted = format!("fn {function}(");
    lines.iter().enumerate().any(|(at, line)| {
        let attributes = || {
            lines[..at]
                .iter()
                .rev()
                .take_while(|line| !line.trim().is_empty())
                .take(8)
        };
        line.trim_start().starts_with(&wanted) && attributes().any(|above| above.trim() == "#[test]")
    })
}

/// Whether `text` defines `function` where `unittest` looks for tests.
fn is_python_test(text: &str, function: &str) -> bool {
    let wanted = format!("    def {function}(self)");
    function.starts_with("test_") && text.lines().any(|line| line.starts_with(&wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn sources() -> Sources {
        let text =
            "#[test]\nfn passes() {}\n\nfn helper() {}\nconst C: Code = Code::new(\"WL-SIG-UNSIGNED\");\n";
        let python = "class A(Case):\n    def test_it_works(self) -> None:\n        pass\n    def help(self) -> None:\n";
        Sources(vec![
            ("crates/weightlock-x/src/a.rs".to_owned(), text.to_owned()),
            ("crates/weightlock-x/tests/a.py".to_owned(), python.to_owned()),
        ])
    }

    #[test]
    fn a_test_is_found_by_file_and_function() {
        assert!(sources().has_test("weightlock-x/src/a.rs::passes"));
        assert!(sources().has_test("crates/weightlock-x/src/a.rs::passes"));
        assert!(sources().has_test("weightlock-x/tests/a.py::test_it_works"));
    }

    #[test]
    fn helpers_missing_functions_and_other_files_are_no_tests() {
        for name in [
            "weightlock-x/src/a.rs::helper",
            "weightlock-x/src/a.rs::gone",
            "weightlock-x/tests/a.py::help",
            "weightlock-x/tests/a.py::test_gone",
            "b.rs::passes",
            "passes",
        ] {
            assert!(!sources().has_test(name), "{name}");
        }
    }
}
