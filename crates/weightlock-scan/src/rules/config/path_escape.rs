//! `config-path-escape`: a configuration names a file outside the folder.

use crate::{
    Severity,
    observation::config::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A configuration names a file outside the folder.
pub(super) const RULE: Rule = Rule {
    id: "config-path-escape",
    title: "configuration names a file outside the model's folder",
    worst: Severity::High,
    cwe: 22,
    what: "a file name in an index, a list of modules or a pointer file is absolute, climbs above the folder, or names \
           a server",
    why: "the loader opens, and a converter may overwrite, a file of the machine that is no part of the model",
    example: "`weight_map` of model.safetensors.index.json with `../../other/model.bin`",
    fix: "do not load the model with this file; take it from its original publisher",
    references: &[],
    check: Check::Config(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::EscapingPath { path, how } = seen else {
        return None;
    };
    let reason = format!("the file name {path:?} {how}");
    Some(Judgement::new(Severity::High, reason).named(path))
}
