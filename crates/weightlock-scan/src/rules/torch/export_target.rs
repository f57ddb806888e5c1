//! `torch-export-target`: an exported program calls a function of Python that is no operator.

use crate::{
    Severity,
    imports::{Grade, look_up},
    observation::torch::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// An exported program calls a function of Python.
pub(super) const RULE: Rule = Rule {
    id: "torch-export-target",
    title: "exported program calls a function that is no operator",
    worst: Severity::High,
    cwe: 470,
    what: "a target in the graph of an exported program is neither an operator below torch.ops nor one of the functions \
           on numbers that exports use",
    why: "the loader looks the target up in Python, attribute by attribute, and the graph calls what it finds: from torch \
          every module that PyTorch imports can be reached",
    example: "\"target\": \"torch.serialization.os.system\" in models/model.json",
    fix: "do not load the program; export the model again from source that you trust",
    references: &[],
    check: Check::Torch(check),
};

/// Functions on symbolic numbers, by the first part of the target.
const NUMBERS: &[&str] = &["_operator", "math", "operator"];

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::ExportTarget { target } = seen else {
        return None;
    };
    let is_plain = |name: &str| !name.contains('.') && !name.starts_with("__");
    let (root, rest) = target.split_once('.').unwrap_or((target, ""));
    if NUMBERS.contains(&root) && is_plain(rest) && !REFLECTIVE.contains(&rest) {
        return None;
    }
    if root != "torch" && !NUMBERS.contains(&root) {
        // Today's loader looks nothing else up, and no exporter writes the name of what does harm.
        let (module, name) = target.rsplit_once('.')?;
        let does_harm = look_up(module, name).grade == Grade::Dangerous;
        let reason = "the target is no operator, and names a function that does harm";
        return does_harm.then(|| Judgement::new(Severity::High, reason).named(target.as_str()));
    }
    if root == "torch" && is_plain(rest) && (rest.starts_with("sym_") || rest.starts_with("_sym_")) {
        return None;
    }
    let reason = "the target is looked up in Python and called, and is no operator";
    Some(Judgement::new(Severity::High, reason).named(target.as_str()))
}

/// Functions of `operator` that reach whatever they are told.
const REFLECTIVE: &[&str] = &["attrgetter", "call", "itemgetter", "methodcaller"];
