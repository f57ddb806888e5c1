//! skops ([persistence format](https://skops.readthedocs.io/en/stable/persistence.html)): `schema.json` of a zip archive
//! is a tree of nodes, each with the module and class that it rebuilds and the kind of node that does it.
//!
//! ```text
//! node = { "__module__": text, "__class__": text, "__loader__": kind, "content": … }
//! ```
//!
//! The loader trusts a list of types and asks for all others; what is on no list of [`crate::imports`] is told here.
//! Some kinds call what their content names instead of their declared type, and are judged by that.

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

/// Judges every node of a schema.
pub(super) fn judge(tree: &Tree, exam: &mut Examination<'_>) {
    for (id, node) in tree.nodes() {
        if !matches!(node, Node::Object(_)) {
            continue;
        }
        for loader in tree.texts(id, "__loader__") {
            for module in tree.texts(id, "__module__") {
                for class in tree.texts(id, "__class__") {
                    let found = fault(tree, id, loader, module, class);
                    if let Some((name, fault)) = found {
                        let seen = Seen::Skops(SkopsNode {
                            loader: loader.to_owned(),
                            name,
                            fault,
                        });
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

fn fault(tree: &Tree, id: NodeId, loader: &str, module: &str, class: &str) -> Option<(String, SkopsFault)> {
    let name = format!("{module}.{class}");
    match loader {
        "FunctionNode" => {
            let content = tree.all(id, "content").next()?;
            let module = tree.texts(content, "module_path").next().unwrap_or(module);
            let function = tree.texts(content, "function").next().unwrap_or(class);
            of_name(module, function).map(|fault| (format!("{module}.{function}"), fault))
        }
        "MethodNode" => method(tree, id, &name),
        // What it makes is called later, with operands that it carries.
        "OperatorFuncNode" if matches!(class, "call" | "methodcaller" | "attrgetter") => {
            Some((name, SkopsFault::Dangerous))
        }
        "OperatorFuncNode" if module == "operator" || module == "_operator" => None,
        "PartialNode" if name == "functools.partial" => None,
        "SliceNode" | "JsonNode"
            if module == "builtins"
                && matches!(class, "slice" | "str" | "int" | "float" | "bool" | "NoneType") =>
        {
            None
        }
        _ if !KINDS.contains(&loader) => Some((name, SkopsFault::UnknownKind)),
        _ => of_name(module, class).map(|fault| (name, fault)),
    }
}

/// A method is taken from its object, whatever type the node declares.
fn method(tree: &Tree, id: NodeId, declared: &str) -> Option<(String, SkopsFault)> {
    let content = tree.all(id, "content").next()?;
    let function = tree.texts(content, "func").next().unwrap_or_default();
    let object = tree.all(content, "obj").next();
    let part = |key| {
        object
            .and_then(|object| tree.texts(object, key).next())
            .unwrap_or_default()
    };
    let (module, class) = (part("__module__"), part("__class__"));
    let actual = format!("{module}.{class}");
    let name = format!("{actual}.{function}");
    if actual != declared {
        return Some((name, SkopsFault::Disagrees));
    }
    let fault = if function.starts_with('_') || function.contains('.') {
        Some(SkopsFault::Dangerous)
    } else {
        of_name(module, class)
    };
    fault.map(|fault| (name, fault))
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
