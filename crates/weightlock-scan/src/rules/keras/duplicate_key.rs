//! `keras-duplicate-key`: a key occurs twice in an object of the configuration.

use super::quoted;
use crate::{
    Severity,
    observation::keras::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Two values for one key.
pub(super) const RULE: Rule = Rule {
    id: "keras-duplicate-key",
    title: "Keras configuration has a key twice",
    worst: Severity::Medium,
    cwe: 436,
    what: "an object of the configuration has the same key more than once",
    why: "Python takes the last value, other readers the first: what was examined need not be what is loaded",
    example: "`\"class_name\": \"Dense\", \"class_name\": \"Lambda\"`",
    fix: "treat the file as hostile: no library writes it; both values were examined here",
    references: &[],
    check: Check::Keras(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::DuplicateKey { key } = seen else {
        return None;
    };
    Some(
        Judgement::new(
            Severity::Medium,
            format!("the key {} occurs twice in one object", quoted(key)),
        )
        .named(key),
    )
}
