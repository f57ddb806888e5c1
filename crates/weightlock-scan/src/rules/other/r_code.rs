//! `r-code`: an R object holds code that reaches beyond it.

use weightlock_format::rds::Within;

use crate::{
    Severity,
    observation::other::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// An R object holds code.
pub(super) const RULE: Rule = Rule {
    id: "r-code",
    title: "an R object holds code that reaches beyond it",
    worst: Severity::Critical,
    cwe: 502,
    what: "a promise, a call or a function in the object calls `system`, `eval`, `source` or a function like them",
    why: "a promise runs when somebody looks at the value, for example when it is printed; calls and functions run when \
          the model is used",
    example: "a promise whose code is `system(\"id\")`",
    fix: "do not load the object; ask the publisher for the numbers in a format without code",
    references: &["CVE-2024-27322"],
    check: Check::Other(check),
};

/// Functions that start programs, load code or reach the network and files.
const REACHING: [&str; 33] = [
    "system",
    "system2",
    "shell",
    "shell.exec",
    "pipe",
    "source",
    "sys.source",
    "dyn.load",
    "library.dynam",
    "loadNamespace",
    "install.packages",
    "download.file",
    "url",
    "socketConnection",
    "socketSelect",
    "serverSocket",
    "readRDS",
    "load",
    "attach",
    "unserialize",
    "file.remove",
    "file.copy",
    "file.rename",
    "unlink",
    "writeLines",
    "writeBin",
    "cat",
    "sink",
    "Sys.setenv",
    "reg.finalizer",
    "setHook",
    "processx::run",
    "callr::r",
];

/// Functions that run what they are given: ordinary in functions of packages, and not in values.
const EVALUATING: [&str; 10] = [
    "eval",
    "evalq",
    "eval.parent",
    "parse",
    "str2lang",
    "str2expression",
    "do.call",
    "match.fun",
    "get",
    ".Call",
];

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::RCall { function, within } = seen else {
        return None;
    };
    let reaches = REACHING.contains(&function.as_str());
    let evaluates = EVALUATING.contains(&function.as_str());
    let (severity, place) = match within {
        Within::Promise if reaches || evaluates => (
            Severity::Critical,
            "a promise, which runs when its value is looked at",
        ),
        Within::Value if reaches => (Severity::High, "a call that is kept as a value"),
        Within::Value if matches!(function.as_str(), "eval" | "evalq" | "parse") => {
            (Severity::High, "a call that is kept as a value")
        }
        Within::Closure if reaches && function != "cat" => (Severity::High, "a function of the object"),
        Within::Closure if evaluates => (Severity::Info, "a function of the object"),
        _ => return None,
    };
    let reason = format!("{place} calls the function");
    Some(Judgement::new(severity, reason).named(function))
}
