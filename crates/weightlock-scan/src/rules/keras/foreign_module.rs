//! `keras-foreign-module`: the configuration names something outside Keras.

use super::{
    full_name,
    known::{Standing, standing},
    quoted,
};
use crate::{
    Severity,
    observation::keras::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A module that no configuration has any business with.
pub(super) const RULE: Rule = Rule {
    id: "keras-foreign-module",
    title: "Keras configuration names a module outside Keras",
    worst: Severity::High,
    cwe: 829,
    what: "an object of the configuration is a function or class of a module that does not belong to Keras, or a \
           function of Keras that is no part of a model",
    why: "Keras imports the module and calls what is named in it; any installed package is within reach",
    example: "an initializer with `module` `ctypes.util`",
    fix: "do not load the model before it is known what the name is there for; models of Keras' own layers need none",
    references: &["CVE-2025-1550"],
    check: Check::Keras(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Reference(reference) = seen else {
        return None;
    };
    (standing(reference) == Standing::Foreign).then(|| {
        let name = full_name(reference);
        let reason = format!("{} does not belong into a configuration of Keras", quoted(&name));
        Judgement::new(Severity::High, reason).named(name)
    })
}
