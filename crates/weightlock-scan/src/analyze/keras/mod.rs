//! Keras: the configuration of a model, wherever it lies: `config.json` of a `.keras` archive, attributes of an HDF5
//! file, an architecture file, the metadata of a SavedModel.
//!
//! Loading a model makes objects out of a tree of JSON objects that name a class or function each. So the whole tree
//! is walked, whatever the key, and everything that is named is put down; a key that occurs twice counts with both of
//! its values.

mod code;
mod walk;

use weightlock_format::{
    Problem,
    json::{
        Limits as JsonLimits,
        tree::{Node, NodeId, Tree},
    },
    limits::Limits,
};

use self::{code::Marshalled, walk::Walk};
use super::{Examination, Subject};
use crate::{coverage::Gap, observation::keras::Seen};

/// Bytes of a configuration. That of a model with some thousand layers has one megabyte.
const MOST_BYTES: u64 = super::json::BYTES as u64;
/// Values of a configuration. That of a model with some thousand layers has a hundred thousand.
const MOST_VALUES: u64 = 400_000;

/// Whether a text may be a configuration: an object, or an array of them, in any encoding.
pub(super) fn may_be_configuration(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let first = text
        .iter()
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0 | 0xfe | 0xff));
    matches!(first, Some(b'{' | b'['))
}

/// Whether a text is a Keras configuration: an object with a class and its configuration somewhere in it.
fn is_configuration(tree: &Tree) -> bool {
    tree.nodes()
        .any(|(id, node)| matches!(node, Node::Object(_)) && is_object(tree, id))
}

/// Examines `config.json` of a `.keras` archive.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    match subject.content.whole(usize::try_from(MOST_BYTES).unwrap_or(0)) {
        Ok(Some(text)) => {
            exam.explain(0..size);
            let tree = read(&text, exam);
            judge(&tree, 0, "", exam);
        }
        Ok(None) => {
            let what = "bytes of a Keras configuration";
            let limit = MOST_BYTES;
            exam.unread(0..size, Gap::Limit { what, limit });
        }
        Err(error) => exam.unread(0..size, Gap::Unreadable(error.to_string())),
    }
}

/// Whether a text has the key of a class, or a key that is spelt so that it does not show.
fn may_name_classes(text: &[u8]) -> bool {
    const KEY: &[u8] = b"class_name";
    let hides_letter = |escape: &[u8]| matches!(escape, [b'\\', b'u', b'0', b'0', b'5'..=b'7', _]);
    text.windows(KEY.len()).any(|window| window == KEY) || text.windows(6).any(hides_letter)
}

/// What a text of a configuration in YAML is, when it is marshalled code.
pub(super) fn code_in(text: &str, limits: &Limits) -> Option<Seen> {
    match code::find(text, limits) {
        Marshalled::Code(survey) => Some(Seen::Code {
            reached: Some(survey.reached),
        }),
        Marshalled::Broken | Marshalled::No => None,
    }
}

/// Examines `text` when it is the configuration of a model. It begins at `at` of the content and is what `field`
/// holds; that is empty when it is the whole content.
pub(crate) fn examine(text: &[u8], at: u64, field: &str, exam: &mut Examination<'_>) {
    let tree = read(text, exam);
    let was_limited = matches!(tree.problem(), Some(Problem::LimitExceeded { .. }));
    if was_limited || is_configuration(&tree) {
        judge(&tree, at, field, exam);
    }
}

fn read(text: &[u8], exam: &Examination<'_>) -> Tree {
    let limits = JsonLimits {
        bytes: MOST_BYTES,
        depth: exam.limits.nesting as u64,
        values: exam.limits.objects.min(MOST_VALUES),
    };
    Tree::read(text, limits)
}

fn judge(tree: &Tree, at: u64, field: &str, exam: &mut Examination<'_>) {
    if let Some(problem) = tree.problem() {
        if let Problem::LimitExceeded {
            offset, what, limit, ..
        } = problem
        {
            // What is read elsewhere as JSON or as an attribute is not read as a model from here on.
            exam.gap(at.saturating_add(*offset), 0, Gap::Limit { what, limit: *limit });
        }
        exam.problem(moved(problem.clone(), at));
    }
    Walk::new(tree, at, field, exam).all();
}

fn moved(problem: Problem, by: u64) -> Problem {
    match problem {
        Problem::Malformed { offset, fault } => Problem::Malformed {
            offset: offset.saturating_add(by),
            fault,
        },
        Problem::LimitExceeded {
            offset,
            what,
            asked,
            limit,
        } => Problem::LimitExceeded {
            offset: offset.saturating_add(by),
            what,
            asked,
            limit,
        },
        other => other,
    }
}

/// Whether an object names a class and brings what it is made from.
fn is_object(tree: &Tree, id: NodeId) -> bool {
    let has = |key| tree.all(id, key).next().is_some();
    tree.texts(id, "class_name").next().is_some()
        && (has("config") || has("module") || has("registered_name"))
}
