//! `torchscript-remote-call`: a TorchScript program calls functions of other processes.

use crate::{
    Severity,
    observation::torch::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A TorchScript program calls other processes.
pub(super) const RULE: Rule = Rule {
    id: "torchscript-remote-call",
    title: "TorchScript program calls other processes",
    worst: Severity::High,
    cwe: 918,
    what: "the code of a TorchScript archive uses an operator that runs functions on other workers of a cluster, or \
           exchanges tensors with them",
    why: "a model for inference has no reason to; in a cluster it reaches every worker",
    example: "ops.prim.rpc_sync(\"worker1\", f, args) in code/__torch__.py",
    fix: "run the model only where its publisher may run code on all workers, or ask for a version without these calls",
    references: &["CVE-2024-5480"],
    check: Check::Torch(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Operator { library, name } = seen else {
        return None;
    };
    let (severity, reason) = match (library.as_str(), name.as_str()) {
        ("prim" | "aten", "rpc_sync" | "rpc_async" | "rpc_remote") => {
            (Severity::High, "the program runs functions on other workers")
        }
        ("c10d" | "dist_rpc", _) => (Severity::Medium, "the program exchanges data with other workers"),
        _ => return None,
    };
    Some(Judgement::new(severity, reason).named(format!("{library}::{name}")))
}
