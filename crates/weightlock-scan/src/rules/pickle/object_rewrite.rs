//! `pickle-object-rewrite`: loading changes something that it did not make.

use super::verdict;
use crate::{
    Severity,
    imports::Grade,
    observation::pickle::{Seen, Use},
    rules::{Check, Context, Judgement, Rule},
};

/// Loading changes something that it did not make.
pub(super) const RULE: Rule = Rule {
    id: "pickle-object-rewrite",
    title: "loading changes a module, a class or a method",
    worst: Severity::High,
    cwe: 915,
    what: "the pickle sets attributes or items of something that it imports, puts a function of its own choice where Python \
           looks for a method, or puts items into a tensor",
    why: "a changed module or class runs the attacker's code long after loading, and an object that lies about its methods \
          runs it at the next step; items in a tensor corrupt the memory of loaders",
    example: "a state with the key `__setstate__` and the value `os.system`, followed by another BUILD",
    fix: "do not load the file",
    references: &["CVE-2026-24747"],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let high = |reason| Some(Judgement::new(Severity::High, reason));
    match seen {
        Seen::Name { name, used } => {
            let hook = matches!(used, Use::State { hook: true, .. }) && name.known.grade != Grade::Dangerous;
            if !hook && !matches!(used, Use::Changed) {
                return None;
            }
            high(verdict::describe(name, used)).map(|judgement| judgement.named(name.dotted()))
        }
        Seen::Hook { of, key } => high(format!("puts the result of a call into {of} as {key}")),
        Seen::Address { of, key } => high(format!("puts an address in memory into {of} as {key}")),
        Seen::Shared { finder } => {
            let finder = finder.dotted();
            high(format!("changes what {finder} gave, which others share"))
                .map(|judgement| judgement.named(finder))
        }
        Seen::Items { maker } => {
            let reason = format!(
                "puts items into what {} gave, which is no container",
                maker.dotted()
            );
            high(reason).map(|judgement| judgement.named(maker.dotted()))
        }
        _ => None,
    }
}
