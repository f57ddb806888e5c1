//! `pickle-dotted-name`: an import leads through attributes.

use super::verdict::{self, Reach};
use crate::{
    Severity,
    imports::Grade,
    observation::pickle::{Seen, Use},
    rules::{Check, Context, Judgement, Rule},
};

/// An import leads through attributes.
pub(super) const RULE: Rule = Rule {
    id: "pickle-dotted-name",
    title: "an import leads through attributes",
    worst: Severity::High,
    cwe: 470,
    what: "the name of an import has dots, and is not one of the nested classes that libraries pickle",
    why: "every module that imports os leads to os.system through its attributes, so the module that is named says nothing",
    example: "`os.system` imported from `torch.serialization`",
    fix: "do not load the file",
    references: &["GHSA-5j3x-jp52-966f"],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Name { name, used } = seen else {
        return None;
    };
    let unvouched = matches!(
        name.known.grade,
        Grade::Unlisted | Grade::Unknown | Grade::Dangerous
    );
    // A method that a list lets be kept, such as one that a default dictionary makes its values with.
    let kept = name.known.may_be_held
        && !name.global.computed
        && verdict::reach(name, used) != Reach::Called
        && !matches!(used, Use::Changed);
    if !name.has_dots() || !unvouched || kept {
        return None;
    }
    let reason = format!(
        "{}, a name that leads through attributes",
        verdict::describe(name, used)
    );
    Some(Judgement::new(Severity::High, reason).named(name.dotted()))
}
