//! Calls of reflective names whose constant arguments tell what they reach, and that it is harmless.
//!
//! `functools.partial(torch.nn.LayerNorm, eps=1e-6)` is a part of ordinary models; `functools.partial(os.system, …)`
//! is an attack. What such a call gives may still be called later, which is judged on its own.

use weightlock_format::pickle::{Value, Values, View};

use crate::{imports, observation::pickle::Name};

/// Whether calling `name` with `args` reaches only what a list vouches for, and calls nothing.
pub(super) fn is_tame(name: &Name, args: Value, values: &Values) -> bool {
    let View::Tuple(items) = values.view(args) else {
        return false;
    };
    match (name.global.resolved(), items.kept) {
        (Some(("functools", "partial")), [target, ..]) => is_held(*target, values),
        (Some(("builtins", "getattr")), &[object, attribute]) => is_tame_attribute(object, attribute, values),
        (Some(("builtins", "type")), &[_]) => true,
        // What they load is examined: the bytes are here.
        (Some(_), &[bytes]) if loads_its_bytes(name) => matches!(values.view(bytes), View::Bytes),
        // With a second argument it would call the first.
        (Some(("builtins", "iter")), &[over]) => is_plain(over, values),
        (Some(("operator" | "_operator", "itemgetter")), keys) => {
            keys.iter().all(|&key| is_constant(key, values))
        }
        // What is done with the attribute is judged when the getter is called.
        (Some(("operator" | "_operator", "attrgetter")), names) => names.iter().all(|&name| {
            values
                .text(name, 200)
                .is_some_and(|name| !name.starts_with('_') && !name.contains('.'))
        }),
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
                    "keras.saving.pickle_utils" | "keras.src.saving.pickle_utils",
                    "deserialize_model_from_bytecode"
                )
        )
    )
}

/// Whether it is a name that is judged well enough by being held: no call is made of it here.
fn is_held(value: Value, values: &Values) -> bool {
    let Some(name) = values.global(value).map(Name::new) else {
        return false;
    };
    let plain = name.known.grade != imports::Grade::Dangerous && !name.global.computed && !name.has_dots();
    name.is_vouched() || plain
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
        (Some(("builtins", "getattr")), &[object, attribute]) => is_tame_attribute(object, attribute, values),
        _ => false,
    }
}

/// Whether the attribute of a name is itself on a list, as a class in a class is.
fn is_tame_attribute(object: Value, attribute: Value, values: &Values) -> bool {
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
    known.is_silent() || listed
}

/// Whether a text among the arguments of a call is a path from the root or out of the folder, an address, or the name
/// of a file: what a constructor does with one is more than to keep it.
pub(super) fn names_file(args: Value, values: &Values) -> bool {
    let items = values.view(args).items().unwrap_or_default();
    let text = |&value: &Value| values.text(value, MOST_PATH);
    items.iter().filter_map(text).any(|text| is_file(&text))
}

/// Bytes of a text that may be a path.
const MOST_PATH: usize = 4096;

fn is_file(text: &str) -> bool {
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
            assert!(is_file(text), "{text}");
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
            assert!(!is_file(text), "{text}");
        }
    }
}
