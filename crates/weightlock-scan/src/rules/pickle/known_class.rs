//! `pickle-known-class`: loading makes objects of a known library.

use super::verdict;
use crate::{
    Profile, Severity,
    imports::Grade,
    observation::pickle::{Seen, Use},
    rules::{Check, Context, Judgement, Rule},
};

/// Loading makes objects of a known library.
pub(super) const RULE: Rule = Rule {
    id: "pickle-known-class",
    title: "loading makes objects of a library",
    worst: Severity::High,
    cwe: 502,
    what: "the pickle makes objects of classes that a known library's own pickles use; information by default, reported \
           with the profiles that allow plain values and tensors only; a constructor that is given a path or an address \
           is reported with every profile",
    why: "the file needs that library to be loaded, and runs its code, which is harmless as far as is known",
    example: "a pickled scikit-learn pipeline",
    fix: "nothing by default; with a strict profile, ask the publisher for a format that holds no objects",
    references: &[],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, context: &Context<'_>) -> Option<Judgement> {
    let Seen::Name { name, used } = seen else {
        return None;
    };
    let listed = matches!(
        verdict::known(name, used).grade,
        Grade::LibraryClass | Grade::LibraryFunction
    );
    let tame = matches!(used, Use::Called { tame: true, .. });
    if !(listed || tame) || matches!(used, Use::Changed) {
        return None;
    }
    let opens = matches!(used, Use::Called { names_file: true, .. });
    if opens && !tame && verdict::known(name, used).grade == Grade::LibraryClass {
        let reason = format!(
            "{}: a constructor of a library is given a path or an address",
            verdict::describe(name, used)
        );
        return Some(Judgement::new(Severity::High, reason).named(name.dotted()));
    }
    let severity = match context.profile {
        Profile::Default => Severity::Info,
        Profile::Strict => Severity::Medium,
        Profile::WeightsOnly => Severity::High,
    };
    let reason = format!("uses {}, of a known library", name.dotted());
    Some(Judgement::new(severity, reason).named(name.dotted()))
}
