//! `keras-external-file`: a layer reads a file, or loads another model.

use super::quoted;
use crate::{
    Severity,
    observation::keras::Seen,
    reach,
    rules::{Check, Context, Judgement, Rule},
};

/// A layer that reads what is not in the file.
pub(super) const RULE: Rule = Rule {
    id: "keras-external-file",
    title: "Keras layer reads a file outside the model",
    worst: Severity::High,
    cwe: 73,
    what: "a layer's configuration holds a path that is absolute, climbs out of the folder or names a server, or the \
           layer loads another model from a path",
    why: "loading the model reads the file, which gives its content to whoever sees the vocabulary, and fetches or runs \
          what lies there",
    example: "a StringLookup layer with the vocabulary `/etc/passwd`",
    fix: "ask for a model that brings its vocabulary and assets with it",
    references: &["CVE-2025-12058"],
    check: Check::Keras(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    Some(match seen {
        Seen::File { key, path } => {
            let what = format!("{} of a layer is {}", quoted(key), quoted(path));
            match reach::escape(path) {
                Some(escape) => Judgement::new(Severity::High, format!("{what}, which {escape}")),
                None => Judgement::new(Severity::Low, format!("{what}, a file beside the model")),
            }
            .named(path)
        }
        Seen::OtherModel { class } => {
            let reason = format!(
                "a layer of the class {} loads another model from a path",
                quoted(class)
            );
            Judgement::new(Severity::High, reason).named(class)
        }
        _ => return None,
    })
}
