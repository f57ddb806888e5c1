//! `mlflow-foreign-loader`: MLflow model is loaded by a module that is no flavour of MLflow.

use crate::{
    Severity,
    observation::config::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// MLflow model is loaded by a module that is no flavour of MLflow.
pub(super) const RULE: Rule = Rule {
    id: "mlflow-foreign-loader",
    title: "MLflow model is loaded by a module that is no flavour of MLflow",
    worst: Severity::High,
    cwe: 829,
    what: "the description of an MLflow model, or a file that its flavour reads, names a module to load it that is none of MLflow or of the flavour",
    why: "MLflow imports the module, from the folder of the model or from the machine, and calls it",
    example: "`loader_module: os` in MLmodel",
    fix: "load the model with the module of its flavour, or read the module before it is imported",
    references: &[],
    check: Check::Config(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::LoaderModule { module } = seen else {
        return None;
    };
    let reason = format!("the model is loaded by the module {module:?}, which no flavour of MLflow uses");
    Some(Judgement::new(Severity::High, reason).named(module))
}
