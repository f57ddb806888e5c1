//! `pickle-persistent-id`: the program that loads is asked for an object.

use crate::{
    Severity,
    observation::pickle::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// The program that loads is asked for an object.
pub(super) const RULE: Rule = Rule {
    id: "pickle-persistent-id",
    title: "persistent id of an unknown kind",
    worst: Severity::High,
    cwe: 502,
    what: "the pickle hands an id to the program that loads it, and the container it lies in defines no such ids; in a \
           PyTorch container only storages are ids",
    why: "what the id does is up to the program; older PyTorch containers take source code from it",
    example: "an id that is the tuple (`module`, a class, a file, source code)",
    fix: "load the file only with the program that it was written for",
    references: &[],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::Persistent { id, torch: true } => {
            let reason = format!("the persistent id {id} is not that of a storage");
            Some(Judgement::new(Severity::High, reason))
        }
        Seen::Persistent { id, torch: false } => {
            let reason = format!("the program that loads is asked for the object of the id {id}");
            Some(Judgement::new(Severity::Medium, reason))
        }
        _ => None,
    }
}
