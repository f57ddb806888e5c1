//! Names by which a template leaves its data: the insides of Python objects, and what lies behind them.

/// Whether `name` belongs to the insides of Python objects, which no template has business with: two underscores in
/// front (or, as in `_Class__name`, in the middle), and those that are spelt without.
pub(super) fn is_internal(name: &str) -> bool {
    let name = name.trim();
    name.starts_with("__") || name.starts_with('_') && name.contains("__") || INTERNALS.contains(&name)
}

/// Whether `name` is private by Python's convention; the sandbox refuses such attributes.
pub(super) fn is_private(name: &str) -> bool {
    name.trim().starts_with('_')
}

/// Whether `name`, found behind the insides of an object, runs programs or code, or reads files.
pub(super) fn is_reach(name: &str) -> bool {
    REACH.contains(&name.trim())
}

/// Whether a function called `name` runs code where a loader makes Python's own functions available to templates.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name) || is_internal(name)
}

/// Whether a method called so runs programs or code, whatever it belongs to.
pub(super) fn is_deed(name: &str) -> bool {
    const DEEDS: &[&str] = &[
        "popen",
        "Popen",
        "system",
        "check_output",
        "check_call",
        "getoutput",
        "import_module",
        "load_module",
        "execv",
        "execve",
        "spawnl",
    ];
    DEEDS.contains(&name)
}

/// Whether a piece of text could be a part of such a name.
pub(super) fn is_suspect(text: &str) -> bool {
    let text = text.trim();
    let bare = text.trim_matches(|character: char| !character.is_alphanumeric());
    let is_joined = text.starts_with('_') || text.ends_with('_');
    text.contains("__")
        || !text.is_empty() && text.trim_matches('_').is_empty()
        || is_internal(text)
        || STEMS.contains(&bare)
        || is_joined
            && !bare.is_empty()
            && STEMS
                .iter()
                .any(|stem| stem.starts_with(bare) || stem.ends_with(bare))
}

/// Attributes of frames, functions, generators, tracebacks and types.
const INTERNALS: &[&str] = &[
    "mro",
    "gi_frame",
    "gi_code",
    "gi_yieldfrom",
    "cr_frame",
    "cr_code",
    "cr_await",
    "cr_origin",
    "ag_frame",
    "ag_code",
    "ag_await",
    "f_globals",
    "f_locals",
    "f_builtins",
    "f_back",
    "f_code",
    "f_trace",
    "func_globals",
    "func_code",
    "func_closure",
    "func_defaults",
    "func_dict",
    "im_func",
    "im_class",
    "im_self",
    "tb_frame",
    "tb_next",
    "co_code",
    "co_consts",
];

/// The words of Python's internal names, without their underscores.
const STEMS: &[&str] = &[
    "class",
    "base",
    "bases",
    "mro",
    "subclasses",
    "globals",
    "builtins",
    "init",
    "import",
    "getattribute",
    "getattr",
    "getitem",
    "dict",
    "code",
    "func",
    "self",
    "module",
    "loader",
    "spec",
    "reduce",
    "reduce_ex",
    "closure",
];

const REACH: &[&str] = &[
    "os",
    "posix",
    "nt",
    "sys",
    "subprocess",
    "commands",
    "pty",
    "socket",
    "ctypes",
    "shutil",
    "importlib",
    "builtins",
    "__import__",
    "import_module",
    "load_module",
    "exec_module",
    "popen",
    "Popen",
    "system",
    "spawn",
    "spawnl",
    "spawnv",
    "posix_spawn",
    "execl",
    "execv",
    "execve",
    "execvp",
    "fork",
    "startfile",
    "check_output",
    "check_call",
    "getoutput",
    "getstatusoutput",
    "eval",
    "exec",
    "execfile",
    "compile",
    "open",
    "linecache",
    "runpy",
    "run_path",
    "urlopen",
    "FileLoader",
    "get_data",
];

const BUILTINS: &[&str] = &[
    "eval",
    "exec",
    "compile",
    "open",
    "getattr",
    "setattr",
    "globals",
    "locals",
    "vars",
    "breakpoint",
    "execfile",
    "os",
    "sys",
    "subprocess",
    "importlib",
    "builtins",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for name in [
            "__class__",
            " __globals__\n",
            "_TemplateReference__context",
            "gi_frame",
            "mro",
        ] {
            assert!(is_internal(name), "{name}");
        }
        for name in [
            "role",
            "content",
            "tool_calls",
            "_",
            "_name",
            "class",
            "index0",
            "a__b",
        ] {
            assert!(!is_internal(name), "{name}");
        }
        for piece in [
            "__cla",
            "ss__",
            "class--",
            "_cl",
            "_",
            "__",
            "class",
            "_class",
            "subclasses",
        ] {
            assert!(is_suspect(piece), "{piece}");
        }
        for piece in [
            "",
            "user",
            "tool_",
            "<|im_start|>",
            "content",
            "-",
            "--",
            "default",
            "_x_y",
        ] {
            assert!(!is_suspect(piece), "{piece}");
        }
    }
}
