//! The tar archives of PyTorch before 0.1.10: pickles with the bytes of storages and the shapes of tensors between them.
//!
//! ```text
//! storages = pickle:count (pickle:(key, location, class) i64:elements, elements × itemsize bytes){count} pickle:views
//! tensors  = pickle:count (pickle:(key, storage, class) i32:n 4 bytes, i64:size{n} i64:stride{n} i64:offset){count}
//! pickle   = one pickle; persistent ids are the keys above
//! ```
//!
//! Every one of these pickles is loaded, so each is examined; what lies between is stepped over by its own numbers.

use weightlock_format::{
    pickle::{Stream, Value, Values, View},
    torch::storage::element_bytes,
};

use crate::analyze::{
    Examination, Role, Subject,
    pickle::{self, Companion, Id},
};

/// What a member of such an archive is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TarPart {
    /// The storages.
    Storages,
    /// The shapes of tensors.
    Tensors,
    /// The object.
    Object,
}

/// The names of a PyTorch archive.
const NAMES: [(&str, TarPart); 3] = [
    ("storages", TarPart::Storages),
    ("tensors", TarPart::Tensors),
    ("pickle", TarPart::Object),
];

/// Whether an archive with members called `names` is one of PyTorch's.
pub(crate) fn is_torch<'a>(names: impl Iterator<Item = &'a str> + Clone) -> bool {
    NAMES
        .iter()
        .all(|(wanted, _)| names.clone().any(|name| name == *wanted))
}

/// The role of the member `name` of such an archive.
pub(crate) fn role(name: &str) -> Role {
    let part = NAMES.iter().find(|(known, _)| *known == name);
    part.map_or(Role::Plain, |&(_, part)| Role::TorchTar(part))
}

/// Examines a member.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>, part: TarPart) {
    let mut at = 0;
    if part != TarPart::Object {
        at = records(subject, exam, part).unwrap_or_else(|broken_at| broken_at);
    }
    match at {
        0 => pickle::analyze_from(subject, exam, 0, &mut Keys),
        _ => {
            if let Some(found) = pickle::behind(subject, exam, at, None) {
                pickle::analyze_from(subject, exam, found, &mut Keys);
            }
        }
    }
}

/// Persistent ids are keys: numbers, or texts of digits.
struct Keys;

impl Companion for Keys {
    fn id(&self, id: Value, values: &Values) -> Id {
        let is_digits = |text: String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match values.view(id) {
            View::Int(_) | View::Long => Id::Legal,
            View::Text if values.text(id, 32).is_some_and(is_digits) => Id::Legal,
            _ => Id::Illegal,
        }
    }
}

/// Steps through the records, and tells where they end, or, as an error, where no record could be read.
fn records(subject: &Subject, exam: &mut Examination<'_>, part: TarPart) -> Result<u64, u64> {
    let count = stream(subject, exam, 0)?;
    let mut at = count.range.end;
    let count = match count.root.map(|root| count.values.view(root)) {
        Some(View::Int(count)) => count,
        _ => return Err(at),
    };
    for _ in 0..count {
        let described = stream(subject, exam, at)?;
        at = described.range.end;
        let end = match part {
            TarPart::Storages => storage(subject, exam, at, &described),
            _ => shape(subject, at),
        };
        let end = end.filter(|&end| end <= subject.content.size()).ok_or(at)?;
        if part == TarPart::Tensors {
            exam.explain(at..end);
        }
        at = end;
    }
    Ok(at)
}

/// Examines the stream at `at`; where it breaks, as an error.
fn stream(subject: &Subject, exam: &mut Examination<'_>, at: u64) -> Result<Stream, u64> {
    let stream = pickle::stream(subject, exam, at, &mut Keys).ok_or(at)?;
    match stream.root {
        Some(_) => Ok(stream),
        None => Err(stream.range.end),
    }
}

fn number(subject: &Subject, at: u64) -> Option<u64> {
    let bytes = subject.content.read(at, 8).ok()?;
    Some(u64::from_le_bytes(*bytes.first_chunk()?))
}

/// Where the storage at `at` ends.
fn storage(subject: &Subject, exam: &mut Examination<'_>, at: u64, described: &Stream) -> Option<u64> {
    let values = &described.values;
    let class = *values.view(described.root?).items()?.get(2)?;
    let (module, name) = values.global(class)?.resolved()?;
    let start = at.checked_add(8)?;
    let bytes = number(subject, at)?.checked_mul(element_bytes(module, name)?)?;
    let end = start
        .checked_add(bytes)
        .filter(|&end| end <= subject.content.size())?;
    exam.explain(at..start);
    exam.data(start..end, &format!("storage@{start}"), subject);
    Some(end)
}

/// Where the shape at `at` ends.
fn shape(subject: &Subject, at: u64) -> Option<u64> {
    let dimensions = number(subject, at)? & u64::from(u32::MAX);
    let numbers = dimensions.checked_mul(2)?.checked_add(2)?;
    at.checked_add(numbers.checked_mul(8)?)
}
