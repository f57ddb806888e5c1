//! `tensorflow-operator`: a graph reaches files, Python or other machines.

use crate::{
    Severity,
    observation::tensorflow::{Reach, Seen},
    rules::{Check, Context, Judgement, Rule},
};

/// A graph reaches files, Python or other machines.
pub(super) const RULE: Rule = Rule {
    id: "tensorflow-operator",
    title: "a graph reaches files, Python or other machines",
    worst: Severity::High,
    cwe: 829,
    what: "a node of the graph, or of a function in its library, is an operator that does more than compute: it reads or \
           writes files, calls Python functions, or talks to other machines",
    why: "a graph is a program, and its operators run with the rights of the process; the name of the node says nothing",
    example: "a node of the type `WriteFile` in a function of a SavedModel",
    fix: "do not load the model; export it again without the operator. Save and restore of the model's own weights is \
          never reported",
    references: &[],
    check: Check::Tensorflow(check),
};

const fn says(reach: Reach) -> (Severity, &'static str) {
    match reach {
        Reach::Python => (Severity::High, "calls Python functions of the process"),
        Reach::FileWrite => (Severity::High, "writes files"),
        Reach::FileRead => (Severity::High, "reads files and lists folders"),
        Reach::DataSet => (Severity::Medium, "reads data sets from disk"),
        Reach::Network => (Severity::High, "talks to other machines"),
        Reach::HostCallback => (Severity::High, "calls code on the host of an accelerator"),
    }
}

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Operator {
        operator,
        reach,
        node,
        target,
    } = seen
    else {
        return None;
    };
    let (severity, does) = says(*reach);
    let what = match target {
        Some(target) => format!("node `{node}` {does}: `{target}`"),
        None => format!("node `{node}` {does}"),
    };
    Some(Judgement::new(severity, what).named(operator))
}
