//! `onnx-python-operator`: an operator calls Python.

use crate::{
    Severity,
    observation::onnx::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// An operator calls Python.
pub(super) const RULE: Rule = Rule {
    id: "onnx-python-operator",
    title: "an operator calls Python",
    worst: Severity::Critical,
    cwe: 94,
    what: "the graph uses an operator whose body is a Python function that is named in the model or registered by the \
           program",
    why: "a runtime with that operator imports the module and calls the function when the model runs",
    example: "a node `PyOp` with the attributes `module` = `os` and `compute` = `system`",
    fix: "do not load the model; export it again without Python operators",
    references: &[],
    check: Check::Onnx(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::PythonOperator { operator, target } = seen else {
        return None;
    };
    let reason = match target {
        Some(target) => format!("the operator calls the Python function `{target}`"),
        None => "the operator calls a Python function of the program".to_owned(),
    };
    let name = target.as_ref().unwrap_or(operator);
    Some(Judgement::new(Severity::Critical, reason).named(name))
}
