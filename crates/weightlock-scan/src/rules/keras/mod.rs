//! Rules on what a Keras model configuration or an HDF5 file asks for.

mod duplicate_key;
mod external_file;
mod foreign_module;
mod format_mismatch;
mod hdf5_external_file;
mod known;
mod lambda;
mod torch_module_wrapper;
mod unknown_class;
mod unsafe_function;

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &lambda::RULE,
    &unsafe_function::RULE,
    &foreign_module::RULE,
    &torch_module_wrapper::RULE,
    &external_file::RULE,
    &unknown_class::RULE,
    &format_mismatch::RULE,
    &duplicate_key::RULE,
    &hdf5_external_file::RULE,
];

/// A stranger's name, made short and harmless to show.
fn quoted(name: &str) -> String {
    let mut short: String = name.chars().take(96).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    format!("`{}`", weightlock_artifact::text::Shown(&short))
}

/// The name that a reference resolves to.
fn full_name(reference: &crate::observation::keras::Reference) -> String {
    match (&reference.module, &reference.registered) {
        (Some(module), _) => format!("{module}.{}", reference.name),
        (None, Some(registered)) if registered.contains('>') => registered.clone(),
        (None, _) => reference.name.clone(),
    }
}
