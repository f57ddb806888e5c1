//! `torchscript-python-operator`: a TorchScript program calls Python.

use crate::{
    Severity,
    observation::torch::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A TorchScript program calls Python.
pub(super) const RULE: Rule = Rule {
    id: "torchscript-python-operator",
    title: "TorchScript program calls Python",
    worst: Severity::High,
    cwe: 94,
    what: "the code of a TorchScript archive calls a function of the Python interpreter: ^name, or an operator such as \
           prim::PythonOp",
    why: "PyTorch never exports such a program, because it is not bound to what TorchScript can do",
    example: "y = ^Evil()(x) in code/__torch__.py",
    fix: "do not load the model; ask the publisher for one that PyTorch itself exported",
    references: &[],
    check: Check::Torch(check),
};

/// Operators that call into Python, whatever their library calls them.
const OPERATORS: &[&str] = &["PythonOp", "IgnoredPythonOp", "ConcretePythonOp", "python_op"];

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let name = match seen {
        Seen::PythonOperator { name } => format!("^{name}"),
        Seen::Operator { library, name } if OPERATORS.contains(&name.as_str()) => {
            format!("{library}::{name}")
        }
        _ => return None,
    };
    let reason = "the program calls a function of Python";
    Some(Judgement::new(Severity::High, reason).named(name))
}
