//! The standard library of CPython 3.8 to 3.14: every module has an answer, and what does harm in any version is known.

use super::super::{Capability::*, *};

fn modules() -> impl Iterator<Item = &'static str> {
    let list = include_str!("../table/modules_stdlib.list").lines();
    list.filter(|line| !line.starts_with('#'))
}

#[test]
fn every_module_of_the_standard_library_has_an_answer() {
    let unknown: Vec<_> = modules()
        .filter(|module| {
            let grade = look_up(module, "no_such_name").grade;
            grade != Grade::Unlisted && started(module).is_none()
        })
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(modules().count() > 900 && modules().is_sorted_by(|a, b| a < b));
    assert_eq!(look_up("no_such_module", "no_such_name").grade, Grade::Unknown);
}

/// Modules that are in some versions or on some platforms only.
#[test]
fn modules_of_other_versions_and_platforms_are_listed() {
    for module in [
        // Removed in 3.9 to 3.14.
        "asynchat",
        "binhex",
        "crypt",
        "distutils.core",
        "dummy_threading",
        "formatter",
        "imp",
        "lib2to3.pgen2.driver",
        "nis",
        "parser",
        "pipes",
        "symbol",
        "telnetlib",
        "uu",
        // New in 3.9 to 3.14.
        "annotationlib",
        "compression.zstd",
        "concurrent.interpreters",
        "graphlib",
        "string.templatelib",
        "tomllib",
        "zoneinfo",
        // Of one platform.
        "_scproxy",
        "_winapi",
        "msvcrt",
        "nt",
        "posix",
        "pwd",
        "winreg",
        // Of compiled code, and what is not meant to be imported.
        "_ctypes",
        "_imp",
        "_interpreters",
        "_io",
        "_pickle",
        "_posixsubprocess",
        "ensurepip",
        "idlelib.run",
        "turtledemo",
        "venv",
    ] {
        assert!(modules().any(|known| known == module), "{module}");
        assert_eq!(look_up(module, "no_such_name").grade, Grade::Unlisted, "{module}");
    }
}

/// For each version names that came or went with it, under the module that pickles of that version name.
#[test]
fn what_does_harm_in_a_version_is_dangerous() {
    for (module, name, can) in [
        ("builtins", "eval", Execute),
        ("builtins", "exec", Execute),
        ("builtins", "compile", Execute),
        ("builtins", "__import__", Import),
        ("builtins", "open", FileWrite),
        ("builtins", "breakpoint", Interpreter),
        ("builtins", "getattr", Reflect),
        ("builtins", "anext", Reflect),
        ("os", "system", Process),
        ("os", "startfile", Process),
        ("os", "posix_spawn", Process),
        ("posix", "posix_spawnp", Process),
        ("posix", "execv", Process),
        ("posix", "open", FileWrite),
        ("posix", "unlink", FileWrite),
        ("nt", "system", Process),
        ("nt", "spawnv", Process),
        ("nt", "startfile", Process),
        ("nt", "open", FileWrite),
        ("nt", "unlink", FileWrite),
        ("_winapi", "CreateProcess", Process),
        ("_posixsubprocess", "fork_exec", Process),
        ("_io", "open", FileWrite),
        ("_io", "open_code", FileWrite),
        ("_pickle", "loads", Execute),
        ("_pickle", "Unpickler", Execute),
        ("_imp", "create_dynamic", Import),
        ("_interpreters", "run_string", Execute),
        ("_xxsubinterpreters", "run_string", Execute),
        ("imp", "load_source", Import),
        ("imp", "load_dynamic", Import),
        ("pipes", "Template", Process),
        ("telnetlib", "Telnet", Network),
        ("nntplib", "NNTP", Network),
        ("distutils.spawn", "spawn", Process),
        ("distutils.core", "run_setup", Execute),
        ("lib2to3.pgen2.driver", "load_grammar", FileRead),
        ("cgi", "test", Reflect),
        ("smtpd", "SMTPServer", Network),
        ("importlib.resources", "read_text", Import),
        ("concurrent.interpreters", "create", Execute),
        ("annotationlib", "call_evaluate_function", Execute),
        ("sys", "remote_exec", Execute),
        ("pdb", "run", Execute),
        ("_pyrepl.pager", "pipe_pager", Process),
        ("idlelib.run", "Executive", Execute),
        ("ensurepip", "bootstrap", Process),
        ("venv", "create", Process),
        ("test.support.script_helper", "assert_python_ok", Process),
    ] {
        let import = look_up(module, name);
        assert!(import.can(can), "{module} {name}: {import:?}");
    }
}

/// What compiled modules call the functions of `os`, and a neighbour that does nothing.
#[test]
fn aliases_are_what_they_stand_for() {
    for module in ["os", "posix", "nt"] {
        for name in [
            "system", "open", "unlink", "mkdir", "rename", "chmod", "putenv", "_exit",
        ] {
            let (alias, real) = (look_up(module, name), look_up("os", name));
            assert_eq!(alias.capabilities, real.capabilities, "{module} {name}");
        }
        assert_eq!(look_up(module, "getpid").grade, Grade::Unlisted, "{module}");
    }
}

#[test]
fn kinds_tell_functions_that_are_spelled_like_classes() {
    for (module, name, kind) in [
        ("winreg", "OpenKey", Kind::Function),
        ("_winapi", "TerminateProcess", Kind::Function),
        ("xml.dom.minidom", "parseString", Kind::Function),
        ("json.encoder", "JSONEncoder", Kind::Class),
    ] {
        assert_eq!(look_up(module, name).kind, kind, "{module} {name}");
    }
}

#[test]
fn the_version_has_a_digest() {
    assert!(VERSION.parse::<u64>().is_ok_and(|version| version > 1));
    assert!(DIGEST.len() == 64 && DIGEST.chars().all(|c| c.is_ascii_hexdigit()));
}
