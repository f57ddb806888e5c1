//! Python expressions in configurations, which a loader evaluates: `$…` of the
//! [bundles of MONAI](https://docs.monai.io/en/stable/config_syntax.html), `activation` of Ultralytics.
//!
//! They are judged as source. The names of modules that such a loader has at hand are imported before them, and the
//! references of MONAI (`@network#0`, `@a::b`) are names.

use super::super::{Examination, Role};

/// Modules that an expression finds without importing them, or that another expression imports for it.
const AT_HAND: &[&str] = &[
    "os",
    "sys",
    "subprocess",
    "shutil",
    "importlib",
    "pickle",
    "torch",
];

/// Queues the expression that the value under `key` is, if it is one.
pub(super) fn look(key: &str, text: &str, path: &str, exam: &mut Examination<'_>) {
    let code = match text.strip_prefix('$') {
        // `${…}` is an interpolation.
        Some(code) if !code.starts_with(['{', '(']) || code.starts_with("(") && code.contains('@') => code,
        _ if key == "activation" && text.contains('(') => text,
        _ => return,
    };
    // Amounts of money and variables of a shell are no expressions.
    if !code.contains(['(', '.', '@']) && !code.trim_start().starts_with("import ") {
        return;
    }
    let code = without_references(code.trim());
    let imports: String = AT_HAND.iter().map(|name| format!("import {name}\n")).collect();
    let source = format!("{imports}{code}\n");
    if weightlock_format::python::read(
        source.as_bytes(),
        weightlock_format::python::Kind::Module,
        exam.limits,
    )
    .is_ok()
    {
        exam.inner(path, source.into_bytes().into(), Role::Python);
    }
}

/// The expression with a name in place of each reference.
fn without_references(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        let begins = rest
            .peek()
            .is_some_and(|next| next.is_alphanumeric() || matches!(next, '_' | '#' | ':'));
        if c == '@' && begins && !before.is_alphanumeric() {
            out.push_str("reference");
            while rest
                .next_if(|next| next.is_alphanumeric() || matches!(next, '_' | '#' | ':' | '@'))
                .is_some()
            {}
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_names() {
        assert_eq!(
            without_references("@a::b#0.to(@device)"),
            "reference.to(reference)"
        );
        assert_eq!(without_references("x @ y"), "x @ y");
    }
}
