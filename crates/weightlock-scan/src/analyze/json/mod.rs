//! JSON: configurations of models and tokenizers, indices of split models, and anything else that is written so.
//!
//! The text is walked once and not kept. On the way, chat templates are queued as contents of their own, strings are
//! looked through for secrets, and what [`hub`] knows of the folders of model hubs is collected. A file that nobody
//! knows is explained as JSON: it has no effect but that of the program that reads it.

mod hub;

use weightlock_format::{
    Problem,
    json::{
        Limits,
        walk::{Step, Token, Walk},
    },
};

use super::{Examination, Role, Subject, document, indicator, metadata, template};
use crate::coverage::Gap;

/// Bytes of a file that are walked. The largest published tokenizers have 34 MB.
pub(super) const BYTES: usize = 40 << 20;
/// Values that are walked. The largest published tokenizers have two million.
const VALUES: u64 = 8_000_000;

/// Examines JSON.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let text = match subject.content.whole(BYTES) {
        Ok(Some(text)) => text,
        Ok(None) => {
            let problem = Problem::LimitExceeded {
                offset: 0,
                what: "the size of a JSON text",
                asked: size,
                limit: BYTES as u64,
            };
            return exam.gave_up(problem.into(), subject);
        }
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    let limits = Limits {
        bytes: BYTES as u64,
        depth: exam.limits.nesting as u64,
        values: VALUES,
    };
    let mut walk = Walk::new(&text, limits);
    let mut hub = hub::Hub::new(subject.trail.base_name());
    let mut asked = document::Asked::default();
    let mut name = String::new();
    let end = loop {
        match walk.next() {
            Ok(Some((offset, token))) => {
                hub.see(&walk, offset, &token, exam);
                asked.see(&walk, offset, &token, exam);
                if let Token::Text(text) = token {
                    indicator::look(&text, Some(offset), || Some(walk.path()), exam);
                    if is_serialized(&walk) {
                        for bytes in metadata::lenient_base64(&text) {
                            exam.inner(&walk.path(), bytes.into(), Role::Pickle);
                        }
                        continue;
                    }
                    metadata::carried(&text, offset, || walk.path(), exam);
                    if is_template(&walk) {
                        queue_template(&walk, text, &mut name, exam);
                    }
                }
            }
            Ok(None) => break None,
            Err(problem) => break Some(problem),
        }
    };
    hub.conclude(exam);
    asked.conclude(&text, exam);
    for (key, problem) in walk.duplicates() {
        if hub::decides(key) {
            exam.problem(problem.clone());
        }
    }
    exam.explain(0..end.as_ref().map_or(size, Problem::offset));
    if let Some(problem) = end {
        exam.gave_up(problem.into(), subject);
    }
}

/// Whether the value is an object as Stable-Baselines3 keeps it beside its weights: a pickle in base64, which loading
/// the model runs.
fn is_serialized(walk: &Walk<'_>) -> bool {
    matches!(walk.way().next_back(), Some(Step::Key(key)) if key == ":serialized:")
}

/// Whether the value lies under a key that names chat templates, at any depth.
fn is_template(walk: &Walk<'_>) -> bool {
    walk.way()
        .any(|step| matches!(step, Step::Key(key) if key.contains("chat_template")))
}

/// Queues a template. In a list of named ones, the name comes before.
fn queue_template(walk: &Walk<'_>, text: String, name: &mut String, exam: &mut Examination<'_>) {
    let last = match walk.way().next_back() {
        Some(Step::Key(key)) => key,
        _ => "",
    };
    if last == "name" {
        *name = text;
        return;
    }
    let called = match last {
        "template" if !name.is_empty() => std::mem::take(name),
        "template" => "default".to_owned(),
        key if key.contains("chat_template") || key.is_empty() => "default".to_owned(),
        key => key.to_owned(),
    };
    template::remember(&called, text.as_bytes(), exam);
    exam.inner(&walk.path(), text.into_bytes().into(), Role::Template);
}
