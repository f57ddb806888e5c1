//! What follows from several files. Each rule sees everything that was read, so none depends on the order of reading.
//!
//! What is worked out here is *inferred*, and its source names the rule; what is only put together from claims of files
//! keeps their standing. Rules run in the order of [`RULES`], since some build on others: a name can only be told from a
//! parent's when the parents are known.

mod digests;
mod kind;
mod names;
mod packages;
mod parameters;
mod parents;
mod shards;
mod steps;
mod task;

use super::draft::Draft;
use crate::graph::{Kind, Ref};

/// Every rule.
const RULES: &[fn(&mut Draft)] = &[
    kind::conclude,
    parents::conclude,
    names::conclude,
    steps::conclude,
    task::conclude,
    shards::conclude,
    parameters::conclude,
    packages::conclude,
    digests::conclude,
];

/// Runs every rule.
pub(super) fn conclude(draft: &mut Draft) {
    for rule in RULES {
        rule(draft);
    }
}

/// The models that were read: all but those that are only named as what one was made from.
fn models(draft: &Draft) -> Vec<Ref> {
    let components = draft.graph().components().iter();
    components
        .filter(|(name, it)| it.kind == Kind::Model && !name.as_str().starts_with("parent:"))
        .map(|(name, _)| name.clone())
        .collect()
}
