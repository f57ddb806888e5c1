//! `pickle-unknown-import`: loading imports a name that nothing vouches for.

use super::verdict::{self, Reach};
use crate::{
    Confidence, Profile, Severity,
    imports::Grade,
    observation::pickle::{Seen, Use},
    rules::{Check, Context, Judgement, Rule},
};

/// Loading imports a name that nothing vouches for.
pub(super) const RULE: Rule = Rule {
    id: "pickle-unknown-import",
    title: "loading imports a name that nothing vouches for",
    worst: Severity::High,
    cwe: 502,
    what: "the pickle imports a name that is on no list: of a package that is not known, of the program itself, or of a \
           known library but not among what its own pickles use",
    why: "what is not known cannot be vouched for; a list of bad names always misses one",
    example: "a call of `helpers.load_weights`, which comes with nobody knows which package",
    fix: "read the source of the package that the name comes from, or ask the publisher for the weights as safetensors",
    references: &[],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, context: &Context<'_>) -> Option<Judgement> {
    let Seen::Name { name, used } = seen else {
        return None;
    };
    let (module, last) = name.global.resolved()?;
    let reach = verdict::reach(name, used);
    let described = verdict::describe(name, used);
    let (severity, reason) = match verdict::known(name, used).grade {
        Grade::Unlisted if last.contains('.') => return None,
        Grade::Unlisted if reach == Reach::Called && verdict::is_function(name, used) => (
            Severity::High,
            format!("{described}, a function of a known library that is on no list of harmless ones"),
        ),
        Grade::Unlisted if reach == Reach::Called && reaches_out(last, used) => (
            Severity::High,
            format!(
                "{described}, a class of a known library that is on no list of harmless ones, and that is given a file or starts programs"
            ),
        ),
        Grade::Unlisted if reach == Reach::Called => (
            Severity::Medium,
            format!("{described}, a class of a known library that is on no list of harmless ones"),
        ),
        Grade::Unlisted if name.known.may_be_held && !matches!(used, Use::Changed) => {
            let severity = match context.profile {
                Profile::Default => return None,
                Profile::Strict => Severity::Medium,
                Profile::WeightsOnly => Severity::High,
            };
            (severity, format!("{described}, a function of a known library"))
        }
        Grade::Unlisted => (
            Severity::Low,
            format!("{described}, which is on no list of harmless names"),
        ),
        Grade::Unknown if module == "__main__" => (
            Severity::Medium,
            format!("{described}, which is whatever the program that loads the file calls so"),
        ),
        Grade::Unknown if reach == Reach::Called && verdict::is_function(name, used) && tells_harm(last) => (
            Severity::High,
            format!(
                "{described}, of a package that is not known, which by its name runs or loads what it is given"
            ),
        ),
        Grade::Unknown if reach == Reach::Called || matches!(used, Use::Changed) => (
            Severity::Medium,
            format!("{described}, of a package that is not known"),
        ),
        Grade::Unknown => (
            Severity::Low,
            format!("{described}, of a package that is not known"),
        ),
        _ => return None,
    };
    let judgement = Judgement::new(severity, reason).confidence(Confidence::Medium);
    Some(judgement.named(name.dotted()))
}

/// Whether the constructor of a class is given a path or an address, or is called after what starts programs.
fn reaches_out(name: &str, used: &Use) -> bool {
    const PARTS: &[&str] = &[
        "command",
        "createprocess",
        "executor",
        "popen",
        "shellexecute",
        "spawn",
        "subprocess",
        "threadpool",
        "unpickler",
    ];
    let name = name.to_ascii_lowercase();
    match used {
        Use::Called {
            bare: false,
            names_file,
            ..
        } => *names_file || PARTS.iter().any(|part| name.contains(part)),
        _ => false,
    }
}

/// Whether the name of a function says that it runs, imports or loads what it is given. It can only make a verdict
/// worse: what is not known is reported anyhow.
fn tells_harm(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "cmd",
        "cmdline",
        "command",
        "commands",
        "dlopen",
        "eval",
        "exec",
        "execfile",
        "execute",
        "getoutput",
        "popen",
        "rmtree",
        "shell",
        "spawn",
        "subprocess",
        "system",
        "unpickle",
        "urlopen",
        "urlretrieve",
    ];
    const PHRASES: &[&str] = &[
        "check_output",
        "dynamic_import",
        "exec_module",
        "import_by",
        "import_class",
        "import_file",
        "import_from",
        "import_module",
        "import_object",
        "import_path",
        "import_string",
        "import_symbol",
        "load_class",
        "load_function",
        "load_library",
        "load_module",
        "load_obj",
        "load_pickle",
        "load_source",
        "pickle_load",
        "run_code",
        "run_path",
        "run_process",
        "run_script",
    ];
    let name = name.to_ascii_lowercase();
    name.split(['_', '.']).any(|word| WORDS.contains(&word))
        || PHRASES.iter().any(|phrase| name.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::tells_harm;

    #[test]
    fn names_tell() {
        for name in [
            "run_command",
            "_exec",
            "Tools.system",
            "safe_eval",
            "import_string",
            "load_object",
        ] {
            assert!(tells_harm(name), "{name}");
        }
        for name in [
            "evaluate",
            "rebuild",
            "load_weights",
            "executor",
            "make_model",
            "systematic",
            "retrieval",
        ] {
            assert!(!tells_harm(name), "{name}");
        }
    }
}
