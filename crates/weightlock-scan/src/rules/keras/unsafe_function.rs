//! `keras-unsafe-function`: the configuration names something that does harm when it is called.

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

/// A name that does harm.
pub(super) const RULE: Rule = Rule {
    id: "keras-unsafe-function",
    title: "Keras configuration names a function that does harm",
    worst: Severity::Critical,
    cwe: 502,
    what: "a layer, loss, initializer or other object is a function or class that starts programs, runs code, fetches, \
           loads or writes files, or turns off what protects from that",
    why: "Keras imports what the configuration names and calls it with arguments of the configuration, some of it while \
          the model is loaded and in safe mode",
    example: "a layer with `module` `keras.utils` and the function `get_file`",
    fix: "do not load the model; it was made to attack whoever does",
    references: &["CVE-2025-1550", "CVE-2025-8747", "CVE-2025-9906"],
    check: Check::Keras(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Reference(reference) = seen else {
        return None;
    };
    (standing(reference) == Standing::Unsafe).then(|| {
        let name = full_name(reference);
        Judgement::new(
            Severity::Critical,
            format!("loading the model calls {}", quoted(&name)),
        )
        .named(name)
    })
}
