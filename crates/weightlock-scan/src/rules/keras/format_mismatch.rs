//! `keras-format-mismatch`: an HDF5 file is called `.keras`.

use crate::{
    Severity,
    observation::keras::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// The old format under the name of the new one.
pub(super) const RULE: Rule = Rule {
    id: "keras-format-mismatch",
    title: "HDF5 file is called .keras",
    worst: Severity::Medium,
    cwe: 436,
    what: "a file with the name of Keras' zip format has the content of the older HDF5 format",
    why: "Keras opens it as what it is, and `safe_mode`, which people rely on with `.keras` files, does not apply",
    example: "`model.keras` that begins with the signature of HDF5",
    fix: "rename it and treat it as an HDF5 model, or ask for it in the zip format",
    references: &["CVE-2025-9905"],
    check: Check::Keras(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    matches!(seen, Seen::FormatMismatch).then(|| {
        Judgement::new(
            Severity::Medium,
            "the content is HDF5, and the name is that of the zip format",
        )
    })
}
