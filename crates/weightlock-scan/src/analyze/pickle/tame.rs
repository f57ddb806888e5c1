//! Calls of reflective names whose constant arguments tell what they reach, and that it is harmless.
//!
//! `functools.partial(torch.nn.LayerNorm, eps=1e-6)` is a part of ordinary models; `functools.partial(os.system, …)`
//! is an attack. What such a call gives may still be called later, which is judged on its own.

use std::collections::VecDeque;

use weightlock_format::pickle::{Global, Instance, Op, Value, Values, View};

use crate::{imports, observation::pickle::Name};

/// Whether calling `name` with `args` reaches only what a list vouches for, and calls nothing.
pub(super) fn is_tame(name: &Name, args: Value, values: &Values) -> bool {
    let View::Tuple(items) = values.view(args) else {
        return false;
    };
    match (name.global.resolved(), items.kept) {
        (Some(("functools", "partial")), [target, ..]) => is_held(*target, values),
        (Some(("dill._dill", name)), args) => is_dill_value(name, args, values),
        (Some(("operator" | "_operator", "getitem")), &[of, parameters]) => {
            is_annotation(of, parameters, values)
        }
        (Some(("builtins", "getattr")), &[object, attribute]) => {
            is_tame_attribute(object, attribute, false, values) || is_method(object, attribute, values)
        }
        (Some(("builtins", "type")), &[_]) => true,
        // Who calls `list[int]` calls `list`.
        (Some(("types", "GenericAlias")), &[origin, parameters]) => {
            is_silent_type(origin, values) && are_silent_types(parameters, values)
        }
        // What they load is examined: the bytes are here.
        (Some(_), &[bytes]) if loads_its_bytes(name) => matches!(values.view(bytes), View::Bytes),
        // With a second argument it would call the first.
        (Some(("builtins", "iter")), &[over]) => is_plain(over, values),
        (Some(("operator" | "_operator", "itemgetter")), keys) => {
            keys.iter().all(|&key| is_constant(key, values))
        }
        _ => false,
    }
}

/// Whether it loads the bytes that it is given, as tensors and models in pickles are kept by their libraries: then what
/// it does is what lies in the bytes.
pub(super) fn loads_its_bytes(name: &Name) -> bool {
    matches!(
        name.global.resolved(),
        Some(
            ("torch.storage", "_load_from_bytes")
                | (
                    "keras.saving.pickle_utils"
                        | "keras.src.saving.pickle_utils"
                        | "tf_keras.src.saving.pickle_utils",
                    "deserialize_model_from_bytecode"
                )
        )
    )
}

/// Whether it is `functools.partial`.
pub(super) fn is_partial(name: &Name) -> bool {
    name.global.resolved() == Some(PARTIAL)
}

const PARTIAL: (&str, &str) = ("functools", "partial");

fn is_partial_at(value: Value, values: &Values) -> bool {
    values.global(value).and_then(|global| global.resolved()) == Some(PARTIAL)
}

/// Whether it is a name that may be called with anything: a list vouches for it.
pub(super) fn is_listed(value: Value, values: &Values) -> bool {
    let name = values.global(value).map(Name::new);
    name.is_some_and(|name| name.is_vouched() && !name.known.calls_arguments)
}

/// Whether a call is a `functools.partial` of a name that may be called with anything.
pub(super) fn is_part_of_listed(callable: Value, args: Value, values: &Values) -> bool {
    let target = values.view(args).items().and_then(|items| items.first());
    is_partial_at(callable, values) && target.is_some_and(|&target| is_listed(target, values))
}

/// Classes of Python that keep what they are given, and call nothing of it.
const KEEPERS: &[(&str, &str)] = &[
    ("argparse", "Namespace"),
    ("builtins", "dict"),
    ("builtins", "frozenset"),
    ("builtins", "list"),
    ("builtins", "set"),
    ("builtins", "tuple"),
    ("collections", "OrderedDict"),
    ("collections", "deque"),
    ("types", "SimpleNamespace"),
];

/// Whether names that it is given are not called.
pub(super) fn keeps_arguments(name: &Name) -> bool {
    name.global.resolved().is_some_and(|pair| KEEPERS.contains(&pair))
}

/// Whether it is a mapping or sequence of Python: what it holds is not called, and its methods are its own.
pub(super) fn is_mapping(name: &Name) -> bool {
    let is_namespace = matches!(
        name.global.resolved(),
        Some(("argparse" | "types", "Namespace" | "SimpleNamespace"))
    );
    keeps_arguments(name) && !is_namespace || is_defaultdict(name)
}

/// Whether it is `collections.defaultdict`.
pub(super) fn is_defaultdict(name: &Name) -> bool {
    name.global.resolved() == Some(("collections", "defaultdict"))
}

/// How deep in the arguments of a class of Python objects lie whose methods it calls. Deeper ones are kept as they are;
/// those in a container that becomes a mapping are pairs, and what is in a pair is kept.
pub(super) fn looked_into(name: &Name) -> usize {
    match name.global.resolved() {
        // A time zone is asked later, when times are compared, and its own class is on a list.
        Some(("datetime", "datetime" | "time")) => 0,
        Some(("builtins", "dict") | ("collections", "OrderedDict" | "defaultdict")) => 2,
        Some(pair) if KEEPERS.contains(&pair) => 1,
        _ => usize::MAX,
    }
}

/// Whether a `defaultdict` makes its values with a silent name, or a `partial` of one: whatever looks into it calls that.
pub(super) fn is_tame_factory(factory: Value, values: &Values) -> bool {
    match values.view(factory) {
        View::Instance(instance) => {
            let is_partial = is_partial_at(instance.callable, values);
            let of = values.view(instance.args).items().and_then(|items| items.first());
            is_partial && of.is_some_and(|&of| is_silent_type(of, values))
        }
        _ => true,
    }
}

/// Whether it is a name that is judged well enough by being held: no call is made of it here.
fn is_held(value: Value, values: &Values) -> bool {
    if let View::Instance(instance) = values.view(value) {
        let getattr = values
            .global(instance.callable)
            .and_then(|global| global.resolved());
        return match values.view(instance.args).items() {
            Some(&[object, attribute]) if getattr == Some(("builtins", "getattr")) => {
                is_method(object, attribute, values)
            }
            _ => false,
        };
    }
    let Some(name) = values.global(value).map(Name::new) else {
        return false;
    };
    let plain = name.known.grade != imports::Grade::Dangerous && !name.global.computed && !name.has_dots();
    name.is_vouched() || plain
}

/// Methods of modules that other objects keep: adapters, and wrappers of `forward`.
const METHODS: &[&str] = &[
    "_load_state_hook_ignore_shapes",
    "forward",
    "prepare_inputs_for_generation",
];

/// Whether it is a method that may be kept, of an object that was made without its `__init__` of a class that a list
/// vouches for. To take one runs no code; what is taken may not be called.
fn is_method(object: Value, attribute: Value, values: &Values) -> bool {
    let View::Instance(instance) = values.view(object) else {
        return false;
    };
    let Some(name) = class_of(instance, values).map(Name::new) else {
        return false;
    };
    // What a distribution executes of its state is judged with its state.
    let is_known = name.known.grade == imports::Grade::LibraryClass || name.known.executes_template;
    let is_class = is_known && !name.global.computed && !name.has_dots();
    let (Some((module, class)), Some(attribute)) = (name.global.resolved(), values.text(attribute, 64))
    else {
        return false;
    };
    let known = || imports::look_up(module, &format!("{class}.{attribute}"));
    is_class && (METHODS.contains(&attribute.as_str()) || known().may_be_held)
}

/// The class of an object that was made without its `__init__`.
fn class_of<'a>(instance: &Instance, values: &'a Values) -> Option<&'a Global> {
    let callable = values.global(instance.callable)?;
    let first = || values.view(instance.args).items()?.first().copied();
    match instance.op {
        Op::NewObj | Op::NewObjEx => Some(callable),
        _ if callable.resolved() == Some(("copyreg", "_reconstructor")) => values.global(first()?),
        _ => None,
    }
}

/// Types that dill names instead of importing them, and that make plain values only.
const DILL_TYPES: &[&str] = &[
    "NoneType",
    "bool",
    "bytearray",
    "bytes",
    "complex",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "object",
    "range",
    "set",
    "slice",
    "str",
    "tuple",
];

/// Whether it is what dill calls for an array or for a plain type.
fn is_dill_value(name: &str, args: &[Value], values: &Values) -> bool {
    let resolved = |value| values.global(value).and_then(|global| global.resolved());
    match (name, args) {
        ("_create_array", &[function, _, _, _]) => matches!(
            resolved(function),
            Some(("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct"))
        ),
        ("_load_type", &[name]) => values
            .text(name, 32)
            .is_some_and(|name| DILL_TYPES.contains(&name.as_str())),
        _ => false,
    }
}

/// Whether it is a type with parameters, such as `typing.List[int]`.
fn is_annotation(of: Value, parameters: Value, values: &Values) -> bool {
    let is_typing = |value| {
        let resolved = values.global(value).and_then(|global| global.resolved());
        resolved.is_some_and(|(module, _)| module == "typing")
    };
    is_typing(of) && is_silent_type(of, values) && are_silent_types(parameters, values)
}

/// Whether it is a name that is silent in every profile.
fn is_silent_type(value: Value, values: &Values) -> bool {
    let name = values.global(value).map(Name::new);
    name.is_some_and(|name| name.known.is_silent() && !name.global.computed && !name.has_dots())
}

/// The same of one or several.
fn are_silent_types(value: Value, values: &Values) -> bool {
    let items = values.view(value).items();
    items.map_or_else(
        || is_silent_type(value, values),
        |items| items.iter().all(|&item| is_silent_type(item, values)),
    )
}

/// Whether the state that a `functools.partial` is given holds a function as harmless as it must be when it is made.
/// Anything but `(function, args, kwargs, dict)` is not known to.
pub(super) fn is_tame_partial_state(state: Value, values: &Values) -> bool {
    match values.view(state) {
        View::Tuple(items) => items
            .kept
            .first()
            .is_some_and(|&function| is_held(function, values)),
        _ => false,
    }
}

/// Whether `value` is an attribute that a list vouches for, taken with `getattr`: the unpickler of a class that is a
/// method of it, such as `zoneinfo.ZoneInfo._unpickle`.
pub(super) fn is_listed_attribute(value: Value, values: &Values) -> bool {
    let View::Instance(instance) = values.view(value) else {
        return false;
    };
    let getattr = values
        .global(instance.callable)
        .and_then(|global| global.resolved());
    let items = values.view(instance.args).items().unwrap_or_default();
    match (getattr, items) {
        (Some(("builtins", "getattr")), &[object, attribute]) => {
            is_tame_attribute(object, attribute, true, values)
        }
        (Some(("dill._dill", "_load_type")), args) => is_dill_value("_load_type", args, values),
        _ => false,
    }
}

/// Whether the attribute of a name is itself on a list, as a class in a class is: on one of what may be `called`, or
/// else of what may be kept.
fn is_tame_attribute(object: Value, attribute: Value, called: bool, values: &Values) -> bool {
    let Some((module, name)) = values.global(object).and_then(|global| global.resolved()) else {
        return false;
    };
    let Some(attribute) = values.text(attribute, 200) else {
        return false;
    };
    let known = imports::look_up(module, &format!("{name}.{attribute}"));
    let listed = matches!(
        known.grade,
        imports::Grade::LibraryClass | imports::Grade::LibraryFunction
    );
    known.is_silent() || listed || !called && known.may_be_held
}

/// Whether a text among the arguments of a call, or in a container among them, is a path from the root or out of the
/// folder, an address, or the name of a file: what a constructor does with one is more than to keep it.
pub(super) fn names_file(args: Value, values: &Values) -> bool {
    // What lies on top comes first, so that nothing hides it.
    let mut open = VecDeque::from([args]);
    for _ in 0..MOST_ARGUMENTS {
        let Some(value) = open.pop_front() else {
            break;
        };
        if is_file(value, values) {
            return true;
        }
        let items = values.view(value).items().unwrap_or_default();
        open.extend(items.iter().take(MOST_ARGUMENTS.saturating_sub(open.len())));
    }
    false
}

/// Arguments, and what is in them, that are looked at for paths.
const MOST_ARGUMENTS: usize = 10_000;

/// The same of one value; and whether `pathlib` made it, or a call that gives a text: no pickler hands a constructor one.
pub(super) fn is_file(value: Value, values: &Values) -> bool {
    if let View::Instance(instance) = values.view(value) {
        let resolved = values
            .global(instance.callable)
            .and_then(|global| global.resolved());
        return resolved.is_some_and(|(module, _)| matches!(module, "pathlib" | "pathlib._local"));
    }
    values
        .text(value, MOST_PATH)
        .is_some_and(|text| values.is_made(value) || is_path(&text))
}

/// Bytes of a text that may be a path.
const MOST_PATH: usize = 4096;

fn is_path(text: &str) -> bool {
    let is_line = !text.contains(['\n', ' ', '<']);
    let begins = ["/", "~/", "./", "../", "\\\\"]
        .iter()
        .any(|start| text.starts_with(start));
    let drive = matches!(text.as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    let extension = text.rsplit_once('.').map_or("", |(_, extension)| extension);
    let ends = EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known));
    text.len() > 1 && is_line && (begins || drive || ends || text.contains("://"))
}

/// Extensions of libraries, programs, models and tables.
const EXTENSIONS: &[&str] = &[
    "bin",
    "ckpt",
    "csv",
    "db",
    "dll",
    "dylib",
    "gguf",
    "gz",
    "h5",
    "hdf5",
    "joblib",
    "json",
    "model",
    "npy",
    "npz",
    "onnx",
    "parquet",
    "pickle",
    "pkl",
    "pt",
    "pth",
    "py",
    "pyd",
    "safetensors",
    "sh",
    "so",
    "sqlite",
    "tar",
    "txt",
    "ubj",
    "yaml",
    "yml",
    "zip",
];

/// Whether it is a container or a constant of the interpreter itself, or made by a class that is silent everywhere.
fn is_plain(value: Value, values: &Values) -> bool {
    match values.view(value) {
        View::Instance(instance) => values
            .global(instance.callable)
            .is_some_and(|global| Name::new(global).known.is_silent()),
        View::Text | View::Bytes => true,
        view => view.items().is_some(),
    }
}

fn is_constant(value: Value, values: &Values) -> bool {
    matches!(
        values.view(value),
        View::None | View::Bool(_) | View::Int(_) | View::Text
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_other_texts() {
        for text in [
            "/x",
            "~/x",
            "./lib",
            "../x",
            "C:\\x",
            "\\\\host\\x",
            "https://example.org",
            "evil.SO",
            "a/b.json",
        ] {
            assert!(is_path(text), "{text}");
        }
        for text in [
            "",
            "/",
            "no",
            "linear",
            "</s>",
            "/ or not",
            "1.5",
            "cuda:0",
            "bert-base/uncased",
            "a.b.Class",
        ] {
            assert!(!is_path(text), "{text}");
        }
    }
}
