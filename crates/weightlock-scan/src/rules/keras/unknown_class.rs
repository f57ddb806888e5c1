//! `keras-unknown-class`: the configuration names code that does not come with the file.

use super::{
    full_name,
    known::{Standing, standing},
    quoted,
};
use crate::{
    Confidence, Severity,
    observation::keras::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A class or function of the model's own.
pub(super) const RULE: Rule = Rule {
    id: "keras-unknown-class",
    title: "Keras configuration names code from elsewhere",
    worst: Severity::Medium,
    cwe: 829,
    what: "an object of the configuration is a class or function that is not Keras' own and does not come with the file",
    why: "the model cannot be loaded without code that was not examined, and whoever provides it decides what runs",
    example: "a layer registered as `my_package>MyAttention`",
    fix: "read the code that the model needs before it is installed or registered, and scan it with the model",
    references: &[],
    check: Check::Keras(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Reference(reference) = seen else {
        return None;
    };
    let name = full_name(reference);
    let judgement = match standing(reference) {
        Standing::Custom => {
            let reason = format!("{} is code that does not come with the file", quoted(&name));
            Judgement::new(Severity::Medium, reason)
        }
        Standing::CustomName => {
            let reason = format!(
                "{} must be registered by code that does not come with the file",
                quoted(&name)
            );
            Judgement::new(Severity::Low, reason)
        }
        Standing::Unlisted => {
            let reason = format!("{} is not among the names of Keras that are known", quoted(&name));
            Judgement::new(Severity::Info, reason).confidence(Confidence::Low)
        }
        Standing::Known | Standing::Unsafe | Standing::Foreign => return None,
    };
    Some(judgement.named(name))
}
