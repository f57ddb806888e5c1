//! What a class or function that a configuration names is: [`standing`].
//!
//! Default deny: a function must be listed with its module, a class by its name within Keras. Names outside Keras are
//! judged by what [`crate::imports`] knows of them; whatever it knows, none belongs into a configuration.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use crate::{
    imports::{self, Capability, Grade},
    observation::keras::{Reference, ReferenceKind},
};

/// What a name is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// An ordinary part of Keras.
    Known,
    /// It runs code, fetches, reads or writes files, or turns a protection off.
    Unsafe,
    /// It belongs to a module that no configuration of Keras has any business with.
    Foreign,
    /// Code that does not come with the file, of a module that is stated.
    Custom,
    /// Code that does not come with the file, of a name only.
    CustomName,
    /// A name of Keras itself that is on no list: too new, or made up.
    Unlisted,
}

/// First parts of the modules of Keras and of the libraries of its makers, whose classes it serializes.
const FAMILIES: &[&str] = &[
    "keras",
    "keras_core",
    "keras_cv",
    "keras_hub",
    "keras_nlp",
    "tf_keras",
    "tensorflow",
];

/// Functions of Keras that fetch, load, save or run things, or turn off what protects from that, under whatever module
/// of Keras they can be reached.
const UNSAFE: &[&str] = &[
    "CustomObjectScope",
    "SafeModeScope",
    "audio_dataset_from_directory",
    "clone_model",
    "custom_object_scope",
    "deserialize",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "download_file",
    "enable_unsafe_deserialization",
    "exec",
    "export_model",
    "export_onnx",
    "export_saved_model",
    "extract_archive",
    "extract_open_archive",
    "from_config",
    "func_load",
    "get_custom_objects",
    "get_file",
    "get_json_type",
    "image_dataset_from_directory",
    "import_module",
    "in_safe_mode",
    "load_data",
    "load_img",
    "load_model",
    "load_weights",
    "load_weights_only",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "model_to_dot",
    "numpy_function",
    "plot_model",
    "print_msg",
    "py_func",
    "py_function",
    "register_keras_serializable",
    "resolve_hostname",
    "run",
    "save_img",
    "save_model",
    "save_weights",
    "set_backend",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "unpack_archive",
    "urlretrieve",
];

/// Modules of Keras whose functions compute; a name in one of them that is on no list is too new rather than bad.
const COMPUTING: &[&str] = &[
    "keras.activations",
    "keras.constraints",
    "keras.initializers",
    "keras.losses",
    "keras.metrics",
    "keras.ops",
    "keras.ops.image",
    "keras.ops.linalg",
    "keras.ops.nn",
    "keras.ops.numpy",
    "keras.random",
    "keras.regularizers",
    "keras.src.activations.activations",
    "keras.src.losses.losses",
    "keras.src.ops.core",
    "keras.src.ops.image",
    "keras.src.ops.linalg",
    "keras.src.ops.math",
    "keras.src.ops.nn",
    "keras.src.ops.numpy",
    "tf_keras.src.activations",
    "tf_keras.src.losses",
];

/// Parts of TensorFlow's interface whose functions compute.
const TENSORFLOW_COMPUTING: &[&str] = &[
    "__operators__",
    "audio",
    "bitwise",
    "dtypes",
    "image",
    "linalg",
    "math",
    "nn",
    "quantization",
    "ragged",
    "random",
    "sets",
    "shape",
    "signal",
    "sparse",
    "strings",
];

/// Functions at the top of TensorFlow's interface that do more than compute.
const TENSORFLOW_UNSAFE: &[&str] = &[
    "Print",
    "function",
    "import_graph_def",
    "load_library",
    "load_op_library",
    "numpy_function",
    "print",
    "py_func",
    "py_function",
    "read_file",
    "write_file",
];

static CLASSES: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| words(include_str!("known/classes.txt")).collect());

static FUNCTIONS: LazyLock<BTreeMap<&'static str, BTreeSet<&'static str>>> = LazyLock::new(|| {
    let mut modules = BTreeMap::<_, BTreeSet<_>>::new();
    for line in lines(include_str!("known/functions.txt")) {
        let mut words = line.split_ascii_whitespace();
        if let Some(module) = words.next() {
            modules.entry(module).or_default().extend(words);
        }
    }
    modules
});

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#'))
}

fn words(table: &'static str) -> impl Iterator<Item = &'static str> {
    lines(table).flat_map(str::split_ascii_whitespace)
}

/// What `reference` names.
pub(super) fn standing(reference: &Reference) -> Standing {
    let name = reference.name.as_str();
    let standing = match (reference.kind, reference.module.as_deref()) {
        (ReferenceKind::TensorflowSymbol, _) => tensorflow(name),
        (_, None) => nameless(reference),
        // Keras looks up what module and name are together, wherever the line between them is drawn.
        (kind, Some(module)) => match name.rsplit_once('.') {
            Some((inner, name)) => in_module(reference, kind, &format!("{module}.{inner}"), name),
            None => in_module(reference, kind, module, name),
        },
    };
    // What was registered under a name of another package comes before what the module has.
    match (standing, package(reference)) {
        (Standing::Known, Some(package)) if !is_family(package) => Standing::Custom,
        _ => standing,
    }
}

/// The package of a name that was registered; older versions write that name in place of the class.
fn package(reference: &Reference) -> Option<&str> {
    let registered = reference
        .registered
        .as_deref()
        .filter(|registered| registered.contains('>'));
    let (package, _) = registered.unwrap_or(&reference.name).split_once('>')?;
    Some(package)
}

fn in_module(reference: &Reference, kind: ReferenceKind, module: &str, name: &str) -> Standing {
    if FUNCTIONS.get(module).is_some_and(|names| names.contains(name)) {
        return Standing::Known;
    }
    let import = imports::look_up(module, name);
    if import.grade == Grade::Dangerous && import.capabilities.iter().any(|&one| one != Capability::Reflect) {
        return Standing::Unsafe;
    }
    let root = module.split('.').next().unwrap_or(module);
    if FAMILIES.contains(&root) {
        return match kind {
            _ if UNSAFE.contains(&name) || name.starts_with("load_") => Standing::Unsafe,
            ReferenceKind::Class if CLASSES.contains(name) => Standing::Known,
            ReferenceKind::Class if matches!(root, "keras_cv" | "keras_hub" | "keras_nlp") => Standing::Known,
            ReferenceKind::Class if root == "tensorflow" && name.ends_with("Spec") => Standing::Known,
            ReferenceKind::Class if is_part_of_models(module) => Standing::Unlisted,
            ReferenceKind::Class => Standing::Foreign,
            _ if COMPUTING.contains(&module) => Standing::Unlisted,
            _ => Standing::Foreign,
        };
    }
    match import.grade {
        Grade::Unknown => custom(reference, kind, module),
        // Functions of a model's own code are written with the module `builtins` when they have no other.
        Grade::Unlisted if module == "builtins" && kind == ReferenceKind::Function => Standing::Custom,
        _ => Standing::Foreign,
    }
}

/// Whether models are made of what a module of Keras has, rather than loaded, saved or watched by it.
fn is_part_of_models(module: &str) -> bool {
    const TOOLS: &[&str] = &[
        "backend",
        "callbacks",
        "config",
        "datasets",
        "export",
        "saving",
        "testing",
        "tools",
        "trainers",
        "tree",
        "utils",
        "wrappers",
    ];
    let mut parts = module.split('.');
    let is_keras = parts.next() != Some("tensorflow") || module.split('.').any(|part| part == "keras");
    is_keras && !parts.any(|part| TOOLS.contains(&part))
}

/// A name of a module that nobody knows.
fn custom(reference: &Reference, kind: ReferenceKind, module: &str) -> Standing {
    let is_packaged = reference
        .registered
        .as_deref()
        .is_some_and(|name| name.contains('>'));
    let is_own = matches!(module, "__main__" | "__mp_main__" | "builtins");
    match kind {
        _ if is_packaged || is_own => Standing::Custom,
        ReferenceKind::Class if reference.registered.is_some() => Standing::Custom,
        _ => Standing::Foreign,
    }
}

/// A name without a module: Keras looks among its own and what was registered.
fn nameless(reference: &Reference) -> Standing {
    let name = reference.name.as_str();
    if UNSAFE.contains(&name) {
        return Standing::Unsafe;
    }
    let package = package(reference);
    match reference.kind {
        _ if package.is_some_and(|package| !is_family(package)) => Standing::Custom,
        ReferenceKind::Class if CLASSES.contains(name) || package.is_some() => Standing::Known,
        ReferenceKind::Function
            if FUNCTIONS
                .get("builtins")
                .is_some_and(|names| names.contains(name)) =>
        {
            Standing::Known
        }
        _ => Standing::CustomName,
    }
}

/// Whether a package under which classes are registered is one of Keras' own.
fn is_family(package: &str) -> bool {
    FAMILIES.contains(&package.to_ascii_lowercase().as_str())
}

/// A symbol of TensorFlow's public interface.
fn tensorflow(symbol: &str) -> Standing {
    let symbol = ["compat.v1.", "compat.v2.", "tf."]
        .iter()
        .find_map(|prefix| symbol.strip_prefix(prefix))
        .unwrap_or(symbol);
    match symbol.rsplit_once('.') {
        None if TENSORFLOW_UNSAFE.contains(&symbol) => Standing::Unsafe,
        None => Standing::Known,
        Some((_, name)) if TENSORFLOW_UNSAFE.contains(&name) || UNSAFE.contains(&name) => Standing::Unsafe,
        Some((module, _)) => {
            let root = module.split('.').next().unwrap_or(module);
            match root {
                "io" | "saved_model" | "raw_ops" | "data" | "summary" | "lookup" | "config" | "train" => {
                    Standing::Unsafe
                }
                _ if TENSORFLOW_COMPUTING.contains(&root) => Standing::Known,
                "keras" => {
                    let known = FUNCTIONS.get(module);
                    let name = symbol.rsplit('.').next().unwrap_or(symbol);
                    if known.is_some_and(|names| names.contains(name)) {
                        Standing::Known
                    } else {
                        Standing::Foreign
                    }
                }
                _ => Standing::Foreign,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: ReferenceKind, module: Option<&str>, name: &str, registered: Option<&str>) -> Standing {
        standing(&Reference {
            kind,
            module: module.map(str::to_owned),
            name: name.to_owned(),
            registered: registered.map(str::to_owned),
        })
    }

    #[test]
    fn tables_are_sorted_out() {
        assert!(CLASSES.len() > 500 && CLASSES.contains("Dense"));
        for code in [
            "Lambda",
            "TorchModuleWrapper",
            "TFSMLayer",
            "TFOpLambda",
            "function",
        ] {
            assert!(!CLASSES.contains(code), "{code}");
        }
        for (module, names) in FUNCTIONS.iter() {
            for name in names {
                assert!(!UNSAFE.contains(name), "{module}.{name}");
            }
        }
    }

    #[test]
    fn classes() {
        let class = |module, name, registered| of(ReferenceKind::Class, module, name, registered);
        assert_eq!(class(Some("keras.layers"), "Dense", None), Standing::Known);
        assert_eq!(
            class(
                Some("keras.src.models.functional"),
                "Functional",
                Some("Functional")
            ),
            Standing::Known
        );
        assert_eq!(class(None, "Dense", None), Standing::Known);
        assert_eq!(class(Some("keras.layers"), "Denser", None), Standing::Unlisted);
        assert_eq!(
            class(Some("keras_hub.src.models.x"), "XBackbone", None),
            Standing::Known
        );
        assert_eq!(
            class(Some("mine.layers"), "Dense", Some("mine>Dense")),
            Standing::Custom
        );
        assert_eq!(class(Some("mine.layers"), "Dense", None), Standing::Foreign);
        assert_eq!(class(None, "Mine", Some("mine>Mine")), Standing::Custom);
        assert_eq!(class(None, "mine>Mine", None), Standing::Custom);
        assert_eq!(class(None, "Mine", None), Standing::CustomName);
        assert_eq!(class(Some("subprocess"), "Popen", None), Standing::Unsafe);
        assert_eq!(class(Some("json"), "JSONDecoder", Some("x>y")), Standing::Foreign);
        assert_eq!(class(Some("keras_evil"), "Dense", None), Standing::Foreign);
    }

    #[test]
    fn functions() {
        let function = |module, name| of(ReferenceKind::Function, module, name, Some("function"));
        assert_eq!(function(Some("keras.activations"), "relu"), Standing::Known);
        assert_eq!(function(Some("builtins"), "mean_squared_error"), Standing::Known);
        assert_eq!(function(Some("builtins"), "exec"), Standing::Unsafe);
        assert_eq!(function(Some("builtins"), "my_loss"), Standing::Custom);
        assert_eq!(function(Some("os"), "system"), Standing::Unsafe);
        assert_eq!(
            function(Some("keras.src.utils.file_utils"), "get_file"),
            Standing::Unsafe
        );
        assert_eq!(function(Some("keras"), "utils.get_file"), Standing::Unsafe);
        assert_eq!(function(Some("keras"), "activations.relu"), Standing::Known);
        assert_eq!(function(Some("keras.utils"), "anything"), Standing::Foreign);
        assert_eq!(function(Some("keras.activations"), "newest"), Standing::Unlisted);
        assert_eq!(
            function(Some("keras.activations"), "deserialize"),
            Standing::Unsafe
        );
        assert_eq!(function(Some("__main__"), "my_loss"), Standing::Custom);
        assert_eq!(function(Some("somewhere"), "run"), Standing::Foreign);
        assert_eq!(function(None, "my_loss"), Standing::CustomName);
        assert_eq!(function(None, "relu"), Standing::Known);
    }

    #[test]
    fn symbols_of_tensorflow() {
        let symbol = |name| of(ReferenceKind::TensorflowSymbol, None, name, None);
        for known in [
            "math.multiply",
            "reshape",
            "__operators__.getitem",
            "nn.relu",
            "compat.v1.shape",
            "keras.activations.relu",
        ] {
            assert_eq!(symbol(known), Standing::Known, "{known}");
        }
        for bad in [
            "io.write_file",
            "py_function",
            "raw_ops.PyFunc",
            "compat.v1.py_func",
            "keras.utils.get_file",
        ] {
            assert_eq!(symbol(bad), Standing::Unsafe, "{bad}");
        }
        assert_eq!(symbol("keras.utils.plot"), Standing::Foreign);
        assert_eq!(symbol("unheard.of"), Standing::Foreign);
    }
}
