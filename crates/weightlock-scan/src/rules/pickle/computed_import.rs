//! `pickle-computed-import`: the name of an import is made while loading.

use super::verdict;
use crate::{
    Severity,
    observation::pickle::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// The name of an import is made while loading.
pub(super) const RULE: Rule = Rule {
    id: "pickle-computed-import",
    title: "an import is named by a call",
    worst: Severity::High,
    cwe: 470,
    what: "the module or the name of an import is the result of a call, not a constant",
    why: "no honest pickler does this; it hides from a scanner what is imported",
    example: "`builtins.str('posix')` as the module of an import",
    fix: "do not load the file",
    references: &[],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::Name { name, used } if name.global.computed => {
            let reason = format!(
                "{}, a name that is computed while loading",
                verdict::describe(name, used)
            );
            Some(Judgement::new(Severity::High, reason).named(name.dotted()))
        }
        _ => None,
    }
}
