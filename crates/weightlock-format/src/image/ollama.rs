//! The configuration of a model of Ollama, which no digest of the model's files covers.
//!
//! Ollama reads it for what it shows of a model, and for little that it does. Taken are the members that it knows, except those that
//! have another machine answer; everything else is refused, also in other capitals, which its reader does not tell apart.

use super::{Fault, Named, Problem, fault, folded, object};

/// What Ollama shows of a model, checks before it loads it (`requires`), or takes out of its own stock by name (`renderer`, `parser`):
/// none of it names bytes or places.
const KNOWN: [&str; 18] = [
    "architecture",
    "base_name",
    "capabilities",
    "context_length",
    "created",
    "embedding_length",
    "file_type",
    "model_families",
    "model_family",
    "model_format",
    "model_type",
    "os",
    "parent_model",
    "parser",
    "renderer",
    "requires",
    "rootfs",
    "variant",
];

/// Checks that the configuration of a model of Ollama adds nothing to its layers.
///
/// # Errors
/// [`Fault::Elsewhere`] for `remote_host` and `remote_model`, [`Fault::Setting`] for what is not known, and what is wrong with its text.
pub fn check_config(config: &[u8]) -> Result<(), Problem> {
    let map = object(config)?;
    let unknown = |key: &&String| !KNOWN.contains(&key.as_str());
    match map.keys().find(unknown) {
        None => Ok(()),
        Some(key) if folded(key).starts_with("remote") => Err(fault(Fault::Elsewhere(Named::new(key)))),
        Some(key) => Err(fault(Fault::Setting(Named::new(key)))),
    }
}
