//! `compiled-python-module`: a model comes with Python code of which there is no source.

use crate::{
    Severity,
    observation::marshal::{Seen, line},
    rules::{Check, Context, Judgement, Rule},
};

/// Compiled Python beside a model.
pub(super) const RULE: Rule = Rule {
    id: "compiled-python-module",
    title: "compiled Python module",
    worst: Severity::High,
    cwe: 829,
    what: "a `.pyc` file, or one with that content; worse when its code names functions that run programs or code, \
           reach the network or write files",
    why: "nobody reads byte code in a review, it can differ from the source beside it, and Python imports it like source",
    example: "`__pycache__/modeling.cpython-311.pyc` whose code calls `os.system`",
    fix: "delete compiled files from the model, and keep only source that was reviewed",
    references: &[],
    check: Check::Marshal(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Module { reached } = seen;
    Some(match reached {
        None => Judgement::new(Severity::Medium, "compiled Python code that could not be read"),
        Some(reached) if reached.is_empty() => {
            Judgement::new(Severity::Medium, "compiled Python code, which nobody can review")
        }
        Some(reached) => {
            let names = line(reached, 8);
            Judgement::new(Severity::High, format!("compiled Python code that names {names}")).named(names)
        }
    })
}
