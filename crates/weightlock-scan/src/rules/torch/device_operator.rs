//! `executorch-unknown-operator`: a program for devices needs native code that nobody can vouch for.

use crate::{
    Severity,
    observation::torch::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A program for devices needs unknown native code.
pub(super) const RULE: Rule = Rule {
    id: "executorch-unknown-operator",
    title: "ExecuTorch program needs unknown native code",
    worst: Severity::Low,
    cwe: 829,
    what: "an ExecuTorch program names an operator or a backend that is none of those that the project brings",
    why: "the application must be built with native code from elsewhere, which gets the blobs of the file; it does \
          whatever its author wrote",
    example: "an operator evil_ops::run, or a delegate EvilBackend",
    fix: "find out who provides the operator or backend, and build it only from source that you trust",
    references: &[],
    check: Check::Torch(check),
};

/// Libraries of operators that ExecuTorch brings.
const LIBRARIES: &[&str] = &[
    "aten",
    "cadence",
    "cortex_m",
    "dim_order_ops",
    "et_vk",
    "executorch_prim",
    "llama",
    "quantized_decomposed",
    "torchao",
];

/// Backends that ExecuTorch brings.
const BACKENDS: &[&str] = &[
    "AoTIBackend",
    "ArmBackend",
    "BackendWithCompilerDemo",
    "CoreMLBackend",
    "CudaBackend",
    "EnnBackend",
    "EthosUBackend",
    "MPSBackend",
    "MetalBackend",
    "NeuropilotBackend",
    "NXPNeutronBackend",
    "NeutronBackend",
    "OpenvinoBackend",
    "QnnBackend",
    "TOSABackend",
    "VGFBackend",
    "VgfBackend",
    "VulkanBackend",
    "XnnpackBackend",
];

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::DeviceOperator { name } => {
            let library = name.split("::").next().unwrap_or_default();
            let reason = "the operator is of a library that is not known";
            (!LIBRARIES.contains(&library))
                .then(|| Judgement::new(Severity::Low, reason).named(name.as_str()))
        }
        Seen::DeviceBackend { name } => {
            let reason = "the backend is not known";
            (!BACKENDS.contains(&name.as_str()))
                .then(|| Judgement::new(Severity::Low, reason).named(name.as_str()))
        }
        _ => None,
    }
}
