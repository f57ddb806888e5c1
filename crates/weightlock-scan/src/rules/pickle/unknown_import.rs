//! `pickle-unknown-import`: loading imports a name that nothing vouches for.

use super::verdict::{self, Reach};
use crate::{
    Confidence, Severity,
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

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
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
        Grade::Unlisted if reach == Reach::Called => (
            Severity::Medium,
            format!("{described}, a class of a known library that is on no list of harmless ones"),
        ),
        Grade::Unlisted if name.known.may_be_held && !matches!(used, Use::Changed) => return None,
        Grade::Unlisted => (
            Severity::Low,
            format!("{described}, which is on no list of harmless names"),
        ),
        Grade::Unknown if module == "__main__" => (
            Severity::Medium,
            format!("{described}, which is whatever the program that loads the file calls so"),
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
