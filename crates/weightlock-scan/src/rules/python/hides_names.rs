//! `source-hides-names`: model code hides what it uses.

use crate::{
    Severity,
    observation::python::{Reach, Seen, What},
    rules::{Check, Context, Judgement, Rule},
};

/// Model code hides what it uses.
pub(super) const RULE: Rule = Rule {
    id: "source-hides-names",
    title: "model code hides what it uses",
    worst: Severity::High,
    cwe: 506,
    what: "source puts the name of a module or function together from pieces, decodes it, or walks to it over the insides of the interpreter",
    why: "names are hidden from those who would search for them, and from no one else",
    example: "`__import__('o' + 's')`, or `().__class__.__base__.__subclasses__()`",
    fix: "read the code that is named and decide whether to run it at all; prefer a model that needs none, and run what remains in a sandbox without network",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Deed(deed) = seen else {
        return None;
    };
    let severity = match (deed.what, deed.reach) {
        (What::HiddenImport | What::ComputedMember, Reach::Import | Reach::Construct | Reach::Use) => {
            Severity::High
        }
        (What::HiddenImport | What::ComputedMember, _) => Severity::Medium,
        (What::Reflection, Reach::Import) => Severity::High,
        (What::Reflection, Reach::Construct | Reach::Use) => Severity::Medium,
        (What::Reflection, _) => Severity::Low,
        (What::ComputedImport, Reach::Import) => Severity::Medium,
        (What::ComputedImport, _) => Severity::Info,
        _ => return None,
    };
    Some(super::judge(deed, severity))
}
