//! Links and reason codes in Markdown pages.

use std::path::Path;

use super::{Sources, Stale};

/// Links to files that do not exist. Addresses and anchors are not followed.
pub(super) fn broken_links(page: &Path, text: &str) -> Vec<Stale> {
    let folder = page.parent().unwrap_or(page);
    let mut stale = Vec::new();
    for (line, number) in prose_lines(text) {
        for target in link_targets(line) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !target.contains("://") && !folder.join(file).exists() {
                stale.push(Stale {
                    line: number,
                    what: format!("link to {target}, which does not exist"),
                });
            }
        }
    }
    stale
}

/// Lines outside fenced code.
fn prose_lines(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut fenced = false;
    text.lines().zip(1..).filter(move |(line, _)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The targets of `[text](target)`.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](")
        .filter_map(|(at, _)| line[at + 2..].split(')').next())
}

/// Reason codes which no source defines. `WL-AREA-NAME` is the name of the form itself.
pub(super) fn unknown_codes(text: &str, sources: &Sources) -> Vec<Stale> {
    let mut stale = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        for code in codes(line) {
            if code != "WL-AREA-NAME" && !sources.has_code(code) {
                stale.push(Stale {
                    line: number,
                    what: format!("no source defines the code {code}"),
                });
            }
        }
    }
    stale
}

fn codes(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("WL-").filter_map(|(at, _)| {
        let rest = &line[at..];
        let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let code = rest[..end].trim_end_matches('-');
        (code.matches('-').count() >= 2).then_some(code)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::sources;
    use super::*;

    #[test]
    fn links_to_files_that_exist_pass_and_others_are_named() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let good = "[a](Cargo.toml) [b](src/main.rs#x) [c](https://example.com/none) [d](#here)\n```\n[e](none)\n```\n";
        assert!(broken_links(&page, good).is_empty());
        assert_eq!(broken_links(&page, "text\n[a](none.md)")[0].line, 2);
    }

    #[test]
    fn codes_must_exist() {
        assert!(
            unknown_codes(
                "see `WL-SIG-UNSIGNED`, the form WL-AREA-NAME, and WL- alone",
                &sources()
            )
            .is_empty()
        );
        assert_eq!(unknown_codes("see WL-SIG-NEVER.", &sources()).len(), 1);
    }
}
