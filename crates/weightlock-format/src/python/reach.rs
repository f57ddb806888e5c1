//! When a function runs: by its name, because loaders call it, or because a function that runs sooner calls it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    facts::{Reach, Source},
    value::Origin,
};

/// Methods and functions that loaders call to make or load an object.
const ON_LOAD: &[&str] = &[
    "from_pretrained",
    "_from_pretrained",
    "from_config",
    "_from_config",
    "from_dict",
    "model_fn",
    "initialize",
    "load_context",
    "_load_pyfunc",
    "load_model",
    "setup",
    "load",
    "build",
    "get_config",
    "from_hparams",
    "restore_from",
    "_split_generators",
    "_info",
    "_generate_examples",
];

/// Methods and functions that serving software calls to use a model.
const ON_USE: &[&str] = &[
    "forward",
    "call",
    "predict",
    "predict_stream",
    "execute",
    "handle",
    "preprocess",
    "inference",
    "postprocess",
    "input_fn",
    "predict_fn",
    "output_fn",
    "transform_fn",
    "generate",
    "_forward",
    "tokenize",
    "_tokenize",
    "encode",
    "decode",
    "transform",
    "fit_transform",
    "__call__",
];

/// When a function of that name runs, as far as the name tells.
pub(super) fn of_name(name: &str, is_method: bool) -> Reach {
    if ON_USE.contains(&name) {
        return Reach::Use;
    }
    // What a scoring script of a hosted endpoint is made of.
    if name == "init" && !is_method {
        return Reach::Construct;
    }
    let is_special = name.starts_with("__") && name.ends_with("__");
    if ON_LOAD.contains(&name) || is_special && (is_method || matches!(name, "__getattr__" | "__dir__")) {
        return Reach::Construct;
    }
    Reach::Call
}

/// Whoever is called runs as soon as the caller; then every call is told when it happens.
pub(super) fn spread(source: &mut Source, edges: &BTreeSet<(Option<usize>, usize)>) {
    let mut callees: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut queue = VecDeque::new();
    for &(caller, callee) in edges {
        match caller {
            Some(caller) => callees.entry(caller).or_default().push(callee),
            None => queue.push_back((callee, Reach::Import)),
        }
    }
    let roots = source.functions.iter().enumerate();
    queue.extend(
        roots
            .filter(|(_, function)| function.reach < Reach::Call)
            .map(|(at, function)| (at, function.reach)),
    );
    let mut spread = BTreeSet::new();
    while let Some((at, reach)) = queue.pop_front() {
        let Some(function) = source.functions.get_mut(at) else {
            continue;
        };
        function.reach = function.reach.min(reach);
        if spread.insert((at, reach)) {
            queue.extend(
                callees
                    .get(&at)
                    .into_iter()
                    .flatten()
                    .map(|&callee| (callee, reach)),
            );
        }
    }
    let functions = &source.functions;
    let reach_in = |function: Option<usize>| {
        let function = function.and_then(|at| functions.get(at));
        function.map_or(Reach::Import, |function| function.reach)
    };
    source
        .calls
        .iter_mut()
        .for_each(|call| call.reach = reach_in(call.function));
    source
        .stores
        .iter_mut()
        .for_each(|store| store.reach = reach_in(store.function));
    source
        .calls
        .retain(|call| !call.origin.has(Origin::SHADOWED) || call.reach == Reach::Import);
}
