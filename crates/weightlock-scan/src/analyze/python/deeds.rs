//! What a call or an assignment in source does.

use weightlock_format::python::{Call, How, Origin, Source, Store, Value, What as Is};

use super::{files, function_name, names, policy};
use crate::{
    observation::python::{Deed, Given, What},
    reach::{self, Escape},
};

/// What `call` does, if it is anything that a model has to account for.
pub(super) fn of_call(call: &Call) -> Option<What> {
    match &call.how {
        How::Called => called(call),
        How::Attribute => Some(What::Reflection),
        How::Imported => names::of_module(&call.name),
        How::Passed(to) => handed(call, to),
        _ => runs(&call.name),
    }
}

fn called(call: &Call) -> Option<What> {
    let name = call.name.as_str();
    if names::is_unknown_member(name) {
        return Some(What::ComputedMember);
    }
    if let Some(what) = import(call) {
        return Some(what);
    }
    if name == "logging.config.dictConfig" && names_factory(call) {
        return Some(What::Execute);
    }
    let public = names::public(name);
    if let Some(what) = files::of_call(call, &public) {
        return Some(what);
    }
    if names::evaluates(&public) {
        return expression(call);
    }
    match names::of(name) {
        Some(What::Process) if is_tool(call) => Some(What::Tool),
        Some(What::Source) if is_misnamed(call) => Some(What::Execute),
        Some(What::Execute) if is_harmless_code(call) => None,
        Some(What::Deserialize) if makes_objects(call) => Some(What::Execute),
        Some(What::Deserialize) if is_safe_load(call) => None,
        Some(What::Network) if call.arguments_origin().has(Origin::ENVIRONMENT) => Some(What::Exfiltrate),
        None if sends(name) && call.arguments_origin().has(Origin::ENVIRONMENT) => Some(What::Exfiltrate),
        // `files` has seen what it is given.
        Some(What::Write) => None,
        None => policy::of(call, &public),
        what => what,
    }
}

/// An expression is code when it leads out of what it is about, or is hidden.
fn expression(call: &Call) -> Option<What> {
    let texts = call.arguments.iter().filter(|argument| {
        let is_hidden = argument.value.origin.has(Origin::DECODED);
        is_hidden || argument.value.as_text().is_some_and(policy::reaches_out)
    });
    (texts.count() > 0).then_some(What::Execute)
}

/// A callable that is handed over may be called by whoever gets it. Only what runs something counts.
fn handed(call: &Call, to: &str) -> Option<What> {
    let looks_into = [
        "builtins.vars",
        "inspect.getmembers",
        "functools.reduce",
        "builtins.map",
        "inspect.getattr_static",
    ];
    if names::is_module(&call.name) && looks_into.contains(&to) {
        return Some(What::ComputedMember);
    }
    let only_looks = matches!(
        to,
        "builtins.isinstance"
            | "builtins.issubclass"
            | "builtins.hasattr"
            | "builtins.getattr"
            | "builtins.callable"
            | "builtins.print"
            | "builtins.repr"
            | "builtins.id"
            | "builtins.type"
            | "inspect.signature"
            | "inspect.getsource"
            | "functools.wraps"
            | "functools.update_wrapper"
            | "unittest.mock.patch.object"
            | "typing.cast"
    );
    (!only_looks).then(|| runs(&call.name))?
}

/// What matters of a callable that is handed over and perhaps never called.
fn runs(name: &str) -> Option<What> {
    // Types, handed over to be compared with.
    if matches!(name, "types.FunctionType" | "types.LambdaType" | "types.CodeType") {
        return None;
    }
    let what = names::of(name)?;
    matches!(what, What::Process | What::Execute | What::Native).then_some(what)
}

fn import(call: &Call) -> Option<What> {
    let is_import = matches!(
        call.name.as_str(),
        "builtins.__import__"
            | "importlib.import_module"
            | "importlib.__import__"
            | "pkgutil.resolve_name"
            | "pydoc.locate"
    );
    if !is_import {
        return None;
    }
    let name = call.argument(0, "name")?;
    let is_relative = name.as_text().is_some_and(|name| name.starts_with('.'));
    let is_built = name.origin.has(Origin::ASSEMBLED) || name.origin.has(Origin::DECODED);
    match name.as_text() {
        Some(_) if is_built && !is_relative => Some(What::HiddenImport),
        Some(_) => None,
        // A name that is partly written is of a package that is known: `f'.{name}'`, `'transformers.' + name`.
        None if name.origin.has(Origin::ASSEMBLED) => None,
        None => Some(What::ComputedImport),
    }
}

/// A program that tells of the machine or converts media, started without a shell.
fn is_tool(call: &Call) -> bool {
    const TOOLS: &[&str] = &[
        "git",
        "nvidia-smi",
        "nvcc",
        "rocm-smi",
        "rocminfo",
        "hipcc",
        "ffmpeg",
        "ffprobe",
        "sox",
        "lscpu",
        "uname",
        "which",
        "where",
        "ldconfig",
        "sysctl",
        "gcc",
        "g++",
        "clang",
        "ninja",
        "cmake",
        "hostname",
        "lspci",
        "tasklist",
        "nproc",
    ];
    if call.keyword("shell").is_some_and(|shell| !shell.is_bool(false))
        || !call.name.starts_with("subprocess.")
    {
        return false;
    }
    let Some(Is::Items(words)) = call.argument(0, "args").map(|value| &value.what) else {
        return false;
    };
    let program = words.first().and_then(Value::as_text);
    program.is_some_and(|program| TOOLS.contains(&program.rsplit('/').next().unwrap_or_default()))
}

/// Code that is written down and has no call, such as `eval('1 + 1')`; functions that take code only as text.
fn is_harmless_code(call: &Call) -> bool {
    let takes_callables = ["timeit.timeit", "timeit.repeat", "cProfile.run", "profile.run"];
    let code = call.argument(0, "stmt");
    if takes_callables.contains(&call.name.as_str()) {
        return code.is_none_or(|code| code.as_text().is_none());
    }
    let is_open = |value: &Value| !value.origin.has(Origin::ASSEMBLED) && !value.origin.has(Origin::DECODED);
    let is_named = !call.origin.has(Origin::ASSEMBLED) && !call.origin.has(Origin::DECODED);
    // Imports that are written down; what they import is examined as source of its own.
    let imports = |text: &str| {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.all(|line| {
            (line.starts_with("from ") || line.starts_with("import ")) && !line.contains([';', '(', '\\'])
        })
    };
    if is_named && code.is_some_and(|code| is_open(code) && code.as_text().is_some_and(imports)) {
        return true;
    }
    // A sum, a list of numbers: nothing with a name.
    let is_plain = |text: &str| !text.contains(|letter: char| letter.is_alphabetic() || letter == '_');
    code.is_some_and(|code| code.as_text().is_some_and(is_plain))
}

/// A configuration that names a function which runs what it is given, for `logging` to call.
fn names_factory(call: &Call) -> bool {
    let mut left: Vec<&Value> = call.arguments.iter().map(|argument| &argument.value).collect();
    while let Some(value) = left.pop() {
        match &value.what {
            Is::Items(items) | Is::Any(items) => left.extend(items.iter()),
            Is::Table(entries) => left.extend(entries.iter().map(|(_, value)| value)),
            Is::Text(text) if runs(text).is_some() => return true,
            _ => {}
        }
    }
    false
}

/// YAML that is written down and has tags of the language: loading it makes the objects that it names.
fn makes_objects(call: &Call) -> bool {
    let text = call.argument(0, "stream").and_then(Value::as_text);
    call.name.starts_with("yaml.")
        && text.is_some_and(|text| text.contains("!!python/"))
        && !is_safe_load(call)
}

/// A source file that is not called like one, so that nobody reads it as one, or that lies nowhere near the model.
fn is_misnamed(call: &Call) -> bool {
    let mut texts = call
        .arguments
        .iter()
        .filter_map(|argument| argument.value.as_path());
    texts.any(|text| {
        let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let is_odd = name.contains('.') && !name.to_ascii_lowercase().ends_with(".py");
        let is_elsewhere = matches!(reach::escape(text), Some(Escape::Absolute | Escape::Remote));
        (is_odd || is_elsewhere)
            && !matches!(
                call.name.as_str(),
                "runpy.run_module" | "logging.config.fileConfig"
            )
    })
}

/// Loading that is told to take no objects.
fn is_safe_load(call: &Call) -> bool {
    let is = |keyword: &str, wanted: bool| call.keyword(keyword).is_some_and(|value| value.is_bool(wanted));
    match call.name.as_str() {
        "torch.load" => is("weights_only", true),
        "numpy.load" => !is("allow_pickle", true),
        "keras.models.load_model" | "tensorflow.keras.models.load_model" | "keras.saving.load_model" => {
            !is("safe_mode", false)
        }
        "skops.io.load" => !is("trusted", true),
        "yaml.load" | "yaml.load_all" => {
            let loader = call.argument(1, "Loader").map(|value| &value.what);
            matches!(loader, Some(Is::Global(name)) if name.contains("Safe") || name.contains("Base"))
        }
        _ => false,
    }
}

/// Methods that send what they are given.
fn sends(name: &str) -> bool {
    const SENDING: &[&str] = &[
        ".send", ".sendall", ".sendto", ".post", ".put", ".request", ".urlopen", ".Request",
    ];
    let is_network = [
        "socket.",
        "requests.",
        "urllib.",
        "httpx.",
        "http.client.",
        "aiohttp.",
    ];
    is_network.iter().any(|module| name.starts_with(module))
        && SENDING.iter().any(|method| name.ends_with(method))
}

/// What storing a value under a global does.
pub(super) fn of_store(store: &Store, source: &Source) -> Option<Deed> {
    let key = store.key.as_deref();
    let loads = [
        "LD_PRELOAD",
        "LD_AUDIT",
        "PYTHONSTARTUP",
        "PYTHONPATH",
        "PYTHONHOME",
        "DYLD_INSERT_LIBRARIES",
        "BASH_ENV",
        "BROWSER",
        "PYTHONBREAKPOINT",
    ];
    let matters = match store.target.as_str() {
        "os.environ" => key.is_some_and(|key| loads.contains(&key)),
        "builtins" | "pickle" | "sys" => key.is_some_and(|key| {
            matches!(
                key,
                "__import__"
                    | "open"
                    | "print"
                    | "exec"
                    | "eval"
                    | "Unpickler"
                    | "loads"
                    | "load"
                    | "meta_path"
                    | "excepthook"
            )
        }),
        _ => false,
    };
    matters.then(|| Deed {
        what: What::Interpreter,
        name: format!("{}.{}", store.target, key.unwrap_or_default()),
        how: "is set".to_owned(),
        reach: store.reach,
        function: function_name(source, store.function),
        assembled: false,
        given: Given::Plain,
    })
}

/// Source text that is written down, perhaps encoded, and handed to what runs it.
pub(super) fn source_inside(call: &Call) -> Option<(&'static str, Vec<u8>)> {
    let name = match call.name.as_str() {
        "builtins.exec" => "exec",
        "builtins.eval" => "eval",
        "builtins.compile" => "compile",
        _ => return None,
    };
    let inside = bytes(call.argument(0, "source")?)?;
    (call.how == How::Called && !inside.is_empty()).then_some((name, inside))
}

/// A template that is written down, perhaps encoded.
pub(super) fn template_inside(call: &Call) -> Option<(&'static str, Vec<u8>)> {
    const MAKERS: &[&str] = &[
        "jinja2.Template",
        "jinja2.environment.Template",
        "jinja2.Environment.from_string",
        "jinja2.environment.Environment.from_string",
        "jinja2.nativetypes.NativeEnvironment.from_string",
        "jinja2.nativetypes.NativeTemplate",
    ];
    let is_maker = call.how == How::Called && MAKERS.contains(&call.name.as_str());
    let inside = bytes(is_maker.then(|| call.argument(0, "source"))??)?;
    (!inside.is_empty()).then_some(("template", inside))
}

/// A pickle that is written down, perhaps encoded, and handed to what loads it.
pub(super) fn pickle_inside(call: &Call) -> Option<(&'static str, Vec<u8>)> {
    const LOADERS: &[&str] = &[
        "pickle.loads",
        "pickle.Unpickler",
        "dill.loads",
        "dill.Unpickler",
        "cloudpickle.loads",
        "multiprocessing.reduction.ForkingPickler.loads",
    ];
    let is_loader = call.how == How::Called && LOADERS.contains(&&*names::public(&call.name));
    let inside = bytes(is_loader.then(|| call.argument(0, "data"))??)?;
    (!inside.is_empty()).then_some(("pickle", inside))
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    value.alternatives().iter().find_map(|value| match &value.what {
        Is::Text(text) => Some(text.as_bytes().to_vec()),
        Is::Bytes(bytes) => Some(bytes.to_vec()),
        _ => None,
    })
}
