//! `custom-operator`: a model needs native code outside the file.

use crate::{
    Severity,
    observation::tensorflow::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A model for a device needs native code outside the file.
pub(super) const RULE: Rule = Rule {
    id: "custom-operator",
    title: "a model needs native code outside the file",
    worst: Severity::Medium,
    cwe: 829,
    what: "a TensorFlow or TensorFlow Lite model uses an operator that its runtime has not got, or a Core ML model a class of the \
           app; an operator of full TensorFlow that reaches files or Python is Medium, anything else Low",
    why: "the model runs only where that code is present, and the code can do anything",
    example: "the custom operator `FlexPyFunc`; a custom layer of the class `EvilLayer`",
    fix: "load the model only with code from somebody you trust as much as the interpreter",
    references: &[],
    check: Check::Tensorflow(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::CustomOperator { operator, reach } => {
            let (severity, reason) = match reach {
                Some(_) => (
                    Severity::Medium,
                    "an operator of full TensorFlow that reaches files, Python or other machines",
                ),
                None => (Severity::Low, "an operator that the interpreter has not got"),
            };
            Some(Judgement::new(severity, reason).named(operator))
        }
        Seen::ForeignOperator { operator, node } => {
            let reason = format!("node `{node}` is an operator of native code beside TensorFlow");
            Some(Judgement::new(Severity::Low, reason).named(operator))
        }
        Seen::CustomClass { class } => {
            let reason = "a layer or model that is a class of native code in the app";
            Some(Judgement::new(Severity::Low, reason).named(class))
        }
        _ => None,
    }
}
