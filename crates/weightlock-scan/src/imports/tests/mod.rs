mod gadgets;
mod stdlib;

use std::collections::BTreeSet;

use super::*;

fn grade(module: &str, name: &str) -> Grade {
    look_up(module, name).grade
}

#[test]
fn grades_what_is_known() {
    assert_eq!(grade("collections", "OrderedDict"), Grade::Core);
    assert_eq!(grade("torch._utils", "_rebuild_tensor_v2"), Grade::TorchWeights);
    assert_eq!(grade("numpy.core.multiarray", "_reconstruct"), Grade::Numpy);
    assert_eq!(grade("numpy._core.multiarray", "_reconstruct"), Grade::Numpy);
    assert_eq!(grade("posix", "system"), Grade::Dangerous);
    assert_eq!(grade("os", "no_such_name"), Grade::Unlisted);
    assert_eq!(grade("__main__", "Model"), Grade::Unknown);
    assert_eq!(grade("nobody.knows", "run"), Grade::Unknown);
}

#[test]
fn names_of_python_2_are_judged_as_todays() {
    assert_eq!(grade("__builtin__", "eval"), Grade::Dangerous);
    assert_eq!(grade("__builtin__", "set"), Grade::Core);
    assert_eq!(grade("commands", "getoutput"), Grade::Dangerous);
    assert_eq!(grade("copy_reg", "_reconstructor"), Grade::Core);
}

#[test]
fn modules_that_run_when_they_are_imported_are_dangerous_whatever_the_name() {
    for module in [
        "unittest.__main__",
        "nobody.knows.__main__",
        "antigravity",
        "idlelib.idle",
    ] {
        for name in ["main", "no_such_name", "a.b"] {
            let import = look_up(module, name);
            assert_eq!(import.grade, Grade::Dangerous, "{module} {name}");
            assert!(import.can(Capability::Execute), "{module} {name}");
        }
    }
    assert_eq!(grade("__main__", "main"), Grade::Unknown);
    assert_eq!(grade("nobody.__main__x", "main"), Grade::Unknown);
    assert_eq!(grade("json", "webbrowser"), Grade::Dangerous);
}

#[test]
fn dots_lead_out_and_are_never_vouched_for() {
    for (module, name, can) in [
        ("builtins", "eval.__call__", Capability::Execute),
        ("torch.serialization", "os.system", Capability::Process),
        ("collections", "_sys.modules.get", Capability::Import),
        (
            "collections",
            "OrderedDict.__init__.__globals__",
            Capability::Reflect,
        ),
        // Below the module, in a module of several parts, and in one whose own name begins with an underscore.
        ("torch", "utils.cpp_extension.load", Capability::Execute),
        (
            "logging",
            "os.path.sys.importlib.util.spec_from_file_location",
            Capability::Import,
        ),
        (
            "json",
            "decoder.scanner._importlib._bootstrap._load",
            Capability::Import,
        ),
        ("subprocess", "_posixsubprocess.fork_exec", Capability::Process),
        ("random", "_os.system.__call__", Capability::Process),
    ] {
        let import = look_up(module, name);
        assert_eq!(import.grade, Grade::Dangerous, "{module} {name}");
        assert!(import.can(can), "{module} {name}");
    }
    // More parts than any real name has cost a bounded search, and are vouched for by nothing.
    let long = "a.".repeat(100_000) + "b";
    assert_eq!(grade("collections", &long), Grade::Unlisted);
    assert_eq!(grade("collections", "OrderedDict.fromkeys"), Grade::Unlisted);
    assert_eq!(grade("collections", "OrderedDict."), Grade::Unlisted);
    assert_eq!(grade("nobody.knows", "A.b"), Grade::Unknown);
}

#[test]
fn no_entry_is_a_prefix_or_a_pattern() {
    for table in TABLES {
        for (module, line) in table.lines() {
            let plain = |name: &str| {
                name.split('.').all(|part| {
                    !part.is_empty()
                        && !part.starts_with(|first: char| first.is_ascii_digit())
                        && part.chars().all(|c| c == '_' || c.is_alphanumeric())
                })
            };
            assert!(plain(module), "{}: {module}", table.file);
            for (code, name) in table::entries(line) {
                assert!(plain(name), "{}: {module} {name}", table.file);
                assert!(
                    table::read_code(code).is_some(),
                    "{}: {module} @{code}",
                    table.file
                );
            }
        }
    }
}

/// Of every entry that vouches for a name: neither a shorter nor a longer name, nor a module above or below, is
/// vouched for by it.
#[test]
fn look_up_answers_by_equality_only() {
    let vouched =
        |module: &str, name: &str| listed(module, name).is_some_and(|import| import.grade < Grade::Dangerous);
    for table in TABLES {
        // Of the generated tables a part, since all of them have one form.
        let step = if table.file.starts_with("reviewed/") {
            1
        } else {
            16
        };
        for (module, line) in table.lines().step_by(step) {
            for (code, name) in table::entries(line) {
                if !vouched(module, name) {
                    continue;
                }
                let grade = table::read_code(code).unwrap().grade;
                assert_eq!(look_up(module, name).grade, grade, "{module} {name}");
                assert!(!vouched(module, &format!("{name}_zz")));
                assert!(!vouched(module, &format!("{name}.zz")));
                assert!(!vouched(&format!("{module}.zz"), name));
                assert!(!vouched(&format!("{module}_zz"), name));
                assert!(!vouched(module, &format!(" {name}")) && !vouched(module, &format!("{name} ")));
            }
        }
    }
}

#[test]
fn tables_are_in_order_and_each_name_is_decided_once() {
    let mut seen = BTreeSet::new();
    for table in TABLES {
        let modules: Vec<_> = table.lines().map(|(module, _)| module).collect();
        assert!(modules.is_sorted_by(|a, b| a < b), "{}", table.file);
        for (module, line) in table.lines() {
            for (code, name) in table::entries(line) {
                assert!(
                    seen.insert((module, name)),
                    "{}: {module} {name} again",
                    table.file
                );
                let import = table::read_code(code).unwrap();
                assert_eq!(
                    import.grade == Grade::Dangerous,
                    !import.capabilities.is_empty(),
                    "{module} {name}"
                );
            }
        }
    }
}

#[test]
fn a_class_with_reach_in_its_init_is_ordinary_without_it() {
    let import = Import {
        grade: Grade::Dangerous,
        kind: Kind::Class,
        capabilities: &[Capability::FileWrite],
        bare_capabilities: &[],
        calls_arguments: false,
        executes_template: false,
        may_be_held: false,
    };
    assert_eq!(import.bare().grade, Grade::LibraryClass);
    assert_eq!(look_up("builtins", "eval").bare().grade, Grade::Dangerous);
    assert_eq!(look_up("subprocess", "Popen").bare().grade, Grade::Dangerous);
}

/// The search goes by bytes, so that a table must have no character of several.
#[test]
fn tables_are_plain_text() {
    for table in TABLES {
        assert!(
            table
                .lines()
                .all(|(module, line)| module.is_ascii() && line.is_ascii()),
            "{}",
            table.file
        );
    }
}

#[test]
fn classes_are_told_by_what_they_reach() {
    // Reach in `__init__` alone, reach in the state, and none.
    let arguments = look_up("transformers.training_args", "TrainingArguments");
    assert_eq!(
        (arguments.grade, arguments.bare().grade),
        (Grade::Dangerous, Grade::LibraryClass)
    );
    let unpickler = look_up(
        "torch.utils.data.datapipes.datapipe",
        "_IterDataPipeSerializationWrapper",
    );
    assert_eq!(unpickler.bare().grade, Grade::Dangerous);
    assert_eq!(look_up("sklearn.svm._classes", "SVC").grade, Grade::LibraryClass);
    assert!(look_up("scipy.stats._continuous_distns", "norm_gen").executes_template);
    assert!(!unpickler.executes_template);
}

#[test]
fn functions_without_reach_may_be_held_and_not_called() {
    let score = look_up("sklearn.feature_selection._univariate_selection", "f_classif");
    assert!(score.may_be_held && score.grade == Grade::Unlisted);
    for (module, name) in [
        ("sklearn.datasets", "fetch_openml"),
        ("os", "system"),
        ("os", "getcwd"),
        ("a", "b"),
    ] {
        assert!(!look_up(module, name).may_be_held, "{module} {name}");
    }
}

/// For each capability a name that has it, and a neighbour that has not.
#[test]
fn capabilities_are_told() {
    use Capability::*;
    for (capability, with, without) in [
        (Execute, ("timeit", "timeit"), ("timeit", "default_timer")),
        (
            Process,
            ("_osx_support", "_read_output"),
            ("_osx_support", "compiler_fixup"),
        ),
        (
            Import,
            ("logging.config", "_resolve"),
            ("logging.config", "valid_ident"),
        ),
        (Reflect, ("operator", "attrgetter"), ("operator", "add")),
        (
            Load,
            ("torch.serialization", "load"),
            ("torch.serialization", "_get_layout"),
        ),
        (
            FileWrite,
            ("distutils.file_util", "write_file"),
            ("distutils.util", "strtobool"),
        ),
        (FileRead, ("linecache", "getlines"), ("linecache", "clearcache")),
        (
            Network,
            ("ssl", "get_server_certificate"),
            ("ssl", "PEM_cert_to_DER_cert"),
        ),
        (Interpreter, ("atexit", "register"), ("atexit", "_ncallbacks")),
        (Memory, ("ctypes", "memmove"), ("ctypes", "sizeof")),
    ] {
        assert!(look_up(with.0, with.1).can(capability), "{with:?}");
        let neighbour = look_up(without.0, without.1);
        assert!(
            !neighbour.can(capability) && neighbour.grade != Grade::Unknown,
            "{without:?}"
        );
    }
}
