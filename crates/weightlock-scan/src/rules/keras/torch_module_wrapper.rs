//! `keras-torch-module-wrapper`: a layer is a pickled PyTorch module.

use crate::{
    Severity,
    observation::keras::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A layer that is unpickled.
pub(super) const RULE: Rule = Rule {
    id: "keras-torch-module-wrapper",
    title: "Keras layer is a pickled PyTorch module",
    worst: Severity::High,
    cwe: 502,
    what: "a layer of the class `TorchModuleWrapper`, whose configuration holds a PyTorch module",
    why: "Keras loads the module with `torch.load`, which runs the code of its pickle",
    example: "a model of Keras with the PyTorch backend that wraps a layer of PyTorch",
    fix: "ask for a model of Keras' own layers, or for the PyTorch part as safetensors with its source",
    references: &["CVE-2025-49655"],
    check: Check::Keras(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    matches!(seen, Seen::TorchModule).then(|| {
        Judgement::new(
            Severity::High,
            "a layer is a PyTorch module that loading unpickles",
        )
        .named("torch.load")
    })
}
