//! `torch-export-expression`: an exported program holds a text that loading evaluates.

use crate::{
    Severity,
    observation::torch::{Evaluated, Seen},
    rules::{Check, Context, Judgement, Rule},
};

/// An exported program holds code.
pub(super) const RULE: Rule = Rule {
    id: "torch-export-expression",
    title: "exported program holds an expression that is code",
    worst: Severity::Critical,
    cwe: 95,
    what: "an expr_str in the graph of an exported program is more than an expression over sizes: it has strings, \
           attributes, indices or calls that exports never write",
    why: "the loader hands the text to SymPy, which evaluates it as Python when the program is loaded",
    example: "\"expr_str\": \"__import__('os').system('…')\" in models/model.json",
    fix: "do not load the program; export the model again from source that you trust",
    references: &[],
    check: Check::Torch(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::ExportExpression { text, evaluated } = seen else {
        return None;
    };
    let (severity, reason) = match evaluated {
        Evaluated::Program => (
            Severity::Critical,
            "loading evaluates the text, and it is a program",
        ),
        Evaluated::UnknownCall => (
            Severity::Medium,
            "loading evaluates the text, and it calls an unknown function",
        ),
    };
    Some(Judgement::new(severity, reason).named(text.as_str()))
}
