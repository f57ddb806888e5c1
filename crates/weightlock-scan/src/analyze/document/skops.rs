//! skops ([persistence format](https://skops.readthedocs.io/en/stable/persistence.html)): `schema.json` of a zip archive
//! is a tree of nodes, each with the module and class that it rebuilds and the kind of node that does it.
//!
//! ```text
//! node = { "__module__": text, "__class__": text, "__loader__": kind, "content": … }
//! ```
//!
//! The loader trusts a list of types and asks for all others; what is on no list of [`crate::imports`] is told here.
//! Some kinds call what their content names instead of their declared type, and are judged by that.

use std::collections::BTreeSet;

use weightlock_format::json::tree::{Node, NodeId, Tree};

use super::super::Examination;
use crate::{
    analyze::python,
    imports::{Grade, look_up},
    observation::config::{Seen, SkopsFault, SkopsNode},
    reach,
};

/// Kinds of nodes of protocols 0 to 2.
const KINDS: &[&str] = &[
    "DictNode",
    "DefaultDictNode",
    "ListNode",
    "SetNode",
    "TupleNode",
    "BytesNode",
    "BytearrayNode",
    "SliceNode",
    "FunctionNode",
    "MethodNode",
    "PartialNode",
    "TypeNode",
    "ConstructorFromReduceNode",
    "ObjectNode",
    "JsonNode",
    "OperatorFuncNode",
    "NdArrayNode",
    "MaskedArrayNode",
    "DTypeNode",
    "RandomStateNode",
    "RandomGeneratorNode",
    "SparseMatrixNode",
    "QuantileForestNode",
    "SGDNode",
    "TreeNode",
    "LossNode",
    "CachedNode",
];

/// Whether the document is a skops schema.
pub(super) fn is_schema(tree: &Tree) -> bool {
    ["__class__", "__module__", "__loader__"]
        .iter()
        .all(|key| tree.all(0, key).next().is_some())
}

/// Functions of `operator` that compute with what they are given. All others that a node may name call, look up names,
/// or lead out of the module (`__call__`, `__loader__`, `_compare_digest`).
const OPERATORS: &[&str] = &[
    "itemgetter",
    "abs",
    "add",
    "and_",
    "concat",
    "contains",
    "countOf",
    "eq",
    "floordiv",
    "ge",
    "getitem",
    "gt",
    "index",
    "indexOf",
    "inv",
    "invert",
    "is_",
    "is_not",
    "le",
    "length_hint",
    "lshift",
    "lt",
    "matmul",
    "mod",
    "mul",
    "ne",
    "neg",
    "not_",
    "or_",
    "pos",
    "pow",
    "rshift",
    "sub",
    "truediv",
    "truth",
    "xor",
];

/// Keys of which a reader that takes the first sees another node than one that takes the last.
const DECIDING: &[&str] = &[
    "__class__",
    "__module__",
    "__loader__",
    "module_path",
    "function",
    "content",
    "func",
    "obj",
    "attrs",
    "protocol",
];

/// Judges every node of a schema: of a key that occurs twice, every value.
pub(super) fn judge(tree: &Tree, exam: &mut Examination<'_>) {
    for id in tree.duplicates() {
        if tree.key(id).is_some_and(|key| DECIDING.contains(&key)) {
            exam.problem(tree.duplicate(id));
        }
    }
    for (id, node) in tree.nodes() {
        if matches!(node, Node::Object(_)) {
            let mut told = BTreeSet::new();
            for loader in tree.texts(id, "__loader__") {
                for (name, fault) in faults(tree, id, loader) {
                    if told.insert(name.clone()) {
                        let loader = loader.to_owned();
                        let seen = Seen::Skops(SkopsNode { loader, name, fault });
                        exam.put(Some(tree.offset(id)), Some(tree.path(id)), seen);
                    }
                }
            }
        }
        for file in tree.texts(id, "file") {
            if let Some(how) = reach::escape(file) {
                exam.put(
                    Some(tree.offset(id)),
                    Some(tree.path(id)),
                    Seen::EscapingPath {
                        path: file.to_owned(),
                        how,
                    },
                );
            }
        }
    }
}

/// Names that are tried for one node. A key that occurs more often than a few times hides nothing that the duplicates
/// do not tell.
const MOST_NAMES: usize = 64;

/// What is wrong with a node.
fn faults(tree: &Tree, id: NodeId, loader: &str) -> Vec<(String, SkopsFault)> {
    let declared: Vec<(&str, &str)> = pairs(tree, &[id], "__module__", &[id], "__class__");
    let contents: Vec<NodeId> = tree.all(id, "content").take(MOST_NAMES).collect();
    match loader {
        "FunctionNode" => {
            // Protocol 0 takes the function from the content, later ones what is declared; the file says which.
            let inner = pairs(tree, &contents, "module_path", &contents, "function");
            let is_old = !inner.is_empty();
            let outer = declared.into_iter().filter_map(|(module, class)| {
                told(module, class).filter(|(_, fault)| !is_old || *fault == SkopsFault::Dangerous)
            });
            let inner = inner
                .into_iter()
                .filter_map(|(module, function)| told(module, function));
            outer.chain(inner).collect()
        }
        "MethodNode" => contents
            .iter()
            .flat_map(|&content| methods(tree, content, &declared))
            .collect(),
        _ => declared
            .into_iter()
            .filter_map(|(module, class)| declared_fault(loader, module, class))
            .collect(),
    }
}

/// Every text under one key with every text under the other.
fn pairs<'t>(
    tree: &'t Tree,
    first: &[NodeId],
    key: &str,
    second: &[NodeId],
    other: &str,
) -> Vec<(&'t str, &'t str)> {
    let texts = |ids: &[NodeId], key: &str| -> Vec<&'t str> {
        let all = ids.iter().flat_map(|&id| tree.texts(id, key).collect::<Vec<_>>());
        all.collect::<BTreeSet<_>>()
            .into_iter()
            .take(MOST_NAMES)
            .collect()
    };
    let (first, second) = (texts(first, key), texts(second, other));
    first
        .iter()
        .flat_map(|&one| second.iter().map(move |&two| (one, two)))
        .collect()
}

fn told(module: &str, name: &str) -> Option<(String, SkopsFault)> {
    of_name(module, name).map(|fault| (format!("{module}.{name}"), fault))
}

/// What is wrong with a node that builds what it declares.
fn declared_fault(loader: &str, module: &str, class: &str) -> Option<(String, SkopsFault)> {
    let name = || format!("{module}.{class}");
    match loader {
        // What it makes is called later, with operands that it carries.
        "OperatorFuncNode" if matches!(module, "operator" | "_operator") && OPERATORS.contains(&class) => {
            None
        }
        "OperatorFuncNode" => Some((name(), SkopsFault::Dangerous)),
        "PartialNode" if module == "functools" && class == "partial" => None,
        "SliceNode" | "JsonNode"
            if module == "builtins"
                && matches!(class, "slice" | "str" | "int" | "float" | "bool" | "NoneType") =>
        {
            None
        }
        _ if !KINDS.contains(&loader) => Some((name(), SkopsFault::UnknownKind)),
        _ => told(module, class),
    }
}

/// A method is taken from its object, whatever type the node declares.
fn methods(tree: &Tree, content: NodeId, declared: &[(&str, &str)]) -> Vec<(String, SkopsFault)> {
    let objects: Vec<NodeId> = tree.all(content, "obj").take(MOST_NAMES).collect();
    let of = pairs(tree, &objects, "__module__", &objects, "__class__");
    let functions: BTreeSet<&str> = tree.texts(content, "func").take(MOST_NAMES).collect();
    let mut found = Vec::new();
    for function in functions {
        if of.is_empty() {
            found.push((function.to_owned(), SkopsFault::Disagrees));
        }
        for &(module, class) in &of {
            let name = format!("{module}.{class}.{function}");
            let fault = if declared != [(module, class)] {
                Some(SkopsFault::Disagrees)
            } else if function.starts_with('_') || function.contains('.') {
                Some(SkopsFault::Dangerous)
            } else {
                of_name(module, class)
            };
            found.extend(fault.map(|fault| (name, fault)));
        }
    }
    found
}

/// What is wrong with a type or function of that name.
fn of_name(module: &str, name: &str) -> Option<SkopsFault> {
    let import = look_up(module, name);
    let whole = format!("{module}.{name}");
    match import.grade {
        Grade::Core | Grade::TorchWeights | Grade::Numpy | Grade::LibraryClass | Grade::LibraryFunction => {
            None
        }
        Grade::Dangerous => Some(SkopsFault::Dangerous),
        _ if python::deed_of(&whole).is_some() => Some(SkopsFault::Dangerous),
        // Modules that others import: `sklearn.os`, `numpy.f2py.os`.
        _ if module
            .split('.')
            .skip(1)
            .any(|part| matches!(part, "os" | "sys" | "subprocess" | "builtins" | "importlib")) =>
        {
            Some(SkopsFault::Dangerous)
        }
        Grade::Unlisted
            if matches!(
                module.split('.').next(),
                Some("sklearn" | "numpy" | "scipy" | "pandas" | "xgboost" | "lightgbm" | "catboost")
            ) =>
        {
            Some(SkopsFault::Unlisted)
        }
        _ => Some(SkopsFault::Untrusted),
    }
}
