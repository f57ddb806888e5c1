//! Chat templates: parsed, followed, never rendered.
//!
//! A template lies in a GGUF file, in JSON, or in a file of its own. Whatever the place, it is a content of its own
//! with the role [`Role::Template`](super::Role::Template), so offsets count within the template and the trail names
//! the field.

mod flow;
mod fold;
mod format;
mod names;
mod value;

use weightlock_artifact::digest::Algorithm;
use weightlock_format::{Fault, Problem, jinja};

use super::{Examination, Subject, Template};
use crate::coverage::Gap;

/// Whether loaders take a file of this name for a chat template.
pub(crate) fn is_template(trail: &str) -> bool {
    let name = trail
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    [".jinja", ".jinja2", ".j2"]
        .iter()
        .any(|ending| name.ends_with(ending))
        || name.contains("chat_template") && !name.ends_with(".json") && !name.ends_with(".py")
}

/// The name under which loaders find the template in a file: `additional_chat_templates/rag.jinja` is `rag`.
pub(crate) fn name_of(trail: &str) -> &str {
    let name = trail.rsplit(['/', '\\']).next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some(("chat_template", _)) | None => "default",
        Some((stem, _)) => stem,
    }
}

/// Remembers a template of the model, so that those of its files can be compared.
pub(crate) fn remember(name: &str, text: &[u8], exam: &mut Examination<'_>) {
    if let Ok(digest) = Algorithm::Sha256.digest(text).as_bytes().try_into() {
        exam.template(Template {
            name: name.to_owned(),
            digest,
        });
    }
}

/// Examines a file that loaders take for a template.
pub(crate) fn file(subject: &Subject, exam: &mut Examination<'_>) {
    if let Ok(Some(text)) = subject.content.whole(exam.limits.text) {
        remember(name_of(subject.trail.as_str()), &text, exam);
    }
    analyze(subject, exam);
}

/// Examines the source of a template.
pub(crate) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let text = match subject.content.whole(exam.limits.text) {
        Ok(Some(text)) => text,
        Ok(None) => {
            let problem = Problem::LimitExceeded {
                offset: 0,
                what: "the size of a template",
                asked: size,
                limit: exam.limits.text as u64,
            };
            return exam.gave_up(problem.into(), subject);
        }
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    if let Err(error) = std::str::from_utf8(&text) {
        exam.problem(Problem::Malformed {
            offset: error.valid_up_to() as u64,
            fault: Fault::Jinja(jinja::Fault::Encoding),
        });
    }
    // llama.cpp takes any bytes. Behind a broken one, offsets count it as three.
    let text = String::from_utf8_lossy(&text);
    let (template, problem) = match jinja::Template::parse(&text) {
        Ok(template) => (template, None),
        Err((template, problem)) => (template, Some(problem)),
    };
    let outcome = flow::follow(&template);
    for (offset, seen) in outcome.seen {
        exam.put(Some(offset), Some(construct(&text, offset)), seen);
    }
    exam.explain(0..problem.as_ref().map_or(size, Problem::offset));
    if let Some(problem) = problem {
        exam.gave_up(problem.into(), subject);
    }
    if outcome.exhausted {
        let problem = Problem::LimitExceeded {
            offset: 0,
            what: "the work of following a template",
            asked: u64::MAX,
            limit: flow::FUEL,
        };
        exam.problem(problem);
        exam.unread(
            0..size,
            Gap::Limit {
                what: "steps of following a template",
                limit: flow::FUEL,
            },
        );
    }
}

/// The words of the template at `offset`, for people.
fn construct(text: &str, offset: u64) -> String {
    const CHARACTERS: usize = 40;
    let rest = usize::try_from(offset).ok().and_then(|offset| text.get(offset..));
    let line = rest.unwrap_or_default().lines().next().unwrap_or_default();
    line.chars().take(CHARACTERS).collect()
}

#[cfg(test)]
mod tests;
