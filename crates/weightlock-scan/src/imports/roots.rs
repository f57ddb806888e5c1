//! The packages whose modules are known, so that a name of theirs that is on no list is suspect.
//!
//! This is the only place that looks at a part of a module's name, and it can only make an answer worse.

use super::table::Table;

/// Roots of the standard library.
const PYTHON: Table = Table::new("roots_stdlib", include_str!("table/roots_stdlib.list"));

/// Lists of one root a line, in order.
const LISTS: [Table; 3] = [
    Table::new("roots_libraries", include_str!("table/roots_libraries.list")),
    PYTHON,
    Table::new("reviewed", include_str!("reviewed/roots_libraries.list")),
];

/// Whether `module` belongs to the standard library, of any version.
pub fn is_of_python(module: &str) -> bool {
    let root = module.split('.').next().unwrap_or(module);
    PYTHON.line(root).is_some()
}

/// Whether `module` belongs to the standard library, of any version, or to a known library.
pub(super) fn is_known(module: &str) -> bool {
    let root = module.split('.').next().unwrap_or(module);
    LISTS.iter().any(|list| list.line(root).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_root_and_nothing_else() {
        for list in LISTS {
            assert!(list.lines().is_sorted_by(|a, b| a.0 < b.0), "{}", list.file);
            for (root, _) in list.lines() {
                assert!(is_known(root) && is_known(&format!("{root}.module")), "{root}");
                assert!(!is_known(&format!("{root}_zz")), "{root}");
            }
        }
        assert!(!is_known("") && !is_known("#") && !is_known("zzzz"));
    }
}
