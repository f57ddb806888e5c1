//! The packages whose modules are known, so that a name of theirs that is on no list is suspect.
//!
//! This is the only place that looks at a part of a module's name, and it can only make an answer worse.

/// Whether `module` belongs to the standard library, of any version, or to a known library.
pub(super) fn is_known(module: &str) -> bool {
    let root = module.split('.').next().unwrap_or(module);
    [
        include_str!("table/roots_libraries.list"),
        include_str!("table/roots_stdlib.list"),
        include_str!("reviewed/roots_libraries.list"),
    ]
    .iter()
    .flat_map(|list| list.lines())
    .filter(|line| !line.starts_with('#'))
    .any(|line| line == root)
}
