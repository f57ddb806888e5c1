//! Programs: no loader of models runs one, and none belongs in a model.
//!
//! What follows the header of a program is not taken apart. A model that was put behind a program, as llamafile does
//! it, is looked for and examined.

use memchr::memmem;
use weightlock_format::{
    content::Content,
    detect::Format,
    executable::{self, Kind},
};

use super::{Examination, Role, Subject};
use crate::{
    coverage::Gap,
    observation::embedded::{Seen, Spot},
};

/// Bytes in which a model behind a program is looked for.
const SEARCHED_BYTES: u64 = 512 << 20;
/// Bytes searched at once.
const WINDOW_BYTES: usize = 1 << 20;
/// Formats that are put behind programs and have no directory at the end.
const BEHIND: &[&[u8]] = &[b"GGUF", b"7z\xbc\xaf\x27\x1c"];

/// Examines a program.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let program = match executable::recognise(&subject.content, 0) {
        Ok(Some(program)) => program,
        Ok(None) => return exam.unread(0..size, Gap::UnknownFormat),
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    let is_text = program.kind == Kind::Script;
    exam.observe_at(
        0,
        Seen::Executable {
            program,
            place: Spot::Whole,
        },
    );
    if is_text && size <= exam.limits.text as u64 {
        // A script says all it does in its text; who reads the finding reads the text.
        exam.explain(0..size);
    } else {
        exam.unread(0..size, Gap::UnsupportedFormat("the code of a program"));
    }
    if let Some(at) = behind(&subject.content) {
        exam.observe_at(
            at,
            Seen::Hidden {
                format: Format::Gguf,
                place: Spot::Unclaimed,
            },
        );
        exam.inner(
            &format!("model at byte {at}"),
            subject.content.since(at),
            Role::Plain,
        );
    }
}

/// Where a model begins behind the program.
fn behind(content: &Content) -> Option<u64> {
    let mut at = 1_u64;
    while at < content.size().min(SEARCHED_BYTES) {
        let window = content.read(at, WINDOW_BYTES).ok()?;
        let hits = BEHIND
            .iter()
            .flat_map(|magic| memmem::find_iter(&window, magic).map(|hit| hit as u64));
        let mut hits: Vec<u64> = hits.map(|hit| at.saturating_add(hit)).collect();
        hits.sort_unstable();
        if let Some(hit) = hits.into_iter().find(|&hit| is_model(content, hit)) {
            return Some(hit);
        }
        at = at.saturating_add(window.len().saturating_sub(16).max(1) as u64);
    }
    None
}

/// A magic number alone may be a constant of the program: a version must follow.
fn is_model(content: &Content, at: u64) -> bool {
    let head = content.read(at, 32).unwrap_or_default();
    match &head[..] {
        [b'G', b'G', b'U', b'F', 1..=3, 0, 0, 0, ..] | [b'G', b'G', b'U', b'F', 0, 0, 0, 1..=3, ..] => {
            head.len() > 24
        }
        [b'7', b'z', _, _, _, _, 0, 2..=4, ..] => true,
        _ => false,
    }
}
