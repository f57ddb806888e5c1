//! A compressed stream that stands for itself: what comes out is examined next.

use weightlock_format::container::stream::{Kind, Packed};

use super::{Examination, Role, Subject};
use crate::coverage::Gap;

/// Extensions that are taken off for the name of what comes out, so that it is known by its own.
const EXTENSIONS: &[(&str, &str)] = &[
    (".tgz", ".tar"),
    (".tbz2", ".tar"),
    (".txz", ".tar"),
    (".tzst", ".tar"),
    (".gz", ""),
    (".bz2", ""),
    (".xz", ""),
    (".lzma", ""),
    (".zst", ""),
    (".lz4", ""),
    (".zlib", ""),
    (".z", ""),
];

/// Examines a compressed stream.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let kind = subject.content.read(0, 32).ok().and_then(|head| Kind::of(&head));
    let Some(kind) = kind else {
        return exam.unread(0..size, Gap::UnknownFormat);
    };
    let packed = Packed::stream(subject.content.clone(), kind);
    exam.unpack(
        0..size,
        &name(subject.trail.base_name(), kind),
        packed,
        Role::Plain,
    );
}

fn name(base: &str, kind: Kind) -> String {
    let shorter = EXTENSIONS.iter().find_map(|(extension, instead)| {
        let stem_bytes = base.len().checked_sub(extension.len())?;
        let (stem, end) = base.split_at_checked(stem_bytes)?;
        (!stem.is_empty() && end.eq_ignore_ascii_case(extension)).then(|| format!("{stem}{instead}"))
    });
    shorter.unwrap_or_else(|| format!("{} stream", kind.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_known_by_its_own_name() {
        for (base, expected) in [
            ("config.json.gz", "config.json"),
            ("model.TGZ", "model.tar"),
            ("model.joblib", "zlib stream"),
            (".gz", "zlib stream"),
        ] {
            assert_eq!(name(base, Kind::Zlib), expected);
        }
    }
}
