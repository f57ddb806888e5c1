//! `torchscript-unknown-operator`: a TorchScript program uses an operator that nobody can vouch for.

use crate::{
    Severity,
    observation::torch::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A TorchScript program uses an unknown operator.
pub(super) const RULE: Rule = Rule {
    id: "torchscript-unknown-operator",
    title: "PyTorch program uses an unknown operator",
    worst: Severity::Medium,
    cwe: 829,
    what: "the code of a TorchScript archive or exported program uses an operator or class of a native library that is none of PyTorch's \
           own, or handles a namespace of operators so that what it calls cannot be told",
    why: "the operator is native code from outside the file, and does whatever its library does",
    example: "ops.evil_ops.run(x) in code/__torch__.py",
    fix: "find out which library provides the operator, and load the model only with a copy of it that you trust",
    references: &[],
    check: Check::Torch(check),
};

/// Libraries of operators that PyTorch and its sister projects bring.
const KNOWN: &[&str] = &[
    "_c10d_functional",
    "_export",
    "_quantized",
    "_torch_sparse",
    "aten",
    "c10d",
    "c10d_functional",
    "dist_rpc",
    "export",
    "fbgemm",
    "higher_order",
    "image",
    "inductor",
    "ipex",
    "ipex_prepack",
    "metal",
    "metal_prepack",
    "mkl",
    "mkldnn",
    "mkldnn_prepacked",
    "onednn",
    "prepacked",
    "prim",
    "prims",
    "profiler",
    "pyg",
    "quantized",
    "quantized_decomposed",
    "rnnt",
    "sparse",
    "static_runtime",
    "symm_mem",
    "torch_cluster",
    "torch_scatter",
    "torch_sparse",
    "torch_spline_conv",
    "torchaudio",
    "torchaudio_sox",
    "torchtext",
    "torchvision",
    "video_reader",
    "vulkan",
    "vulkan_prepack",
    "vulkan_quantized",
    "xnnpack",
];

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::Operator { library, name } if !KNOWN.contains(&library.as_str()) => {
            let reason = "the operator is of a library that is not known";
            Some(Judgement::new(Severity::Medium, reason).named(format!("{library}::{name}")))
        }
        Seen::NativeClass { library, name } if !KNOWN.contains(&library.as_str()) => {
            let reason = "the class is of a native library that is not known";
            Some(Judgement::new(Severity::Medium, reason).named(format!("{library}::{name}")))
        }
        Seen::Namespace { name } => {
            let reason = "a namespace of operators is handled as a value, so what is called cannot be told";
            Some(Judgement::new(Severity::Medium, reason).named(name.as_str()))
        }
        _ => None,
    }
}
