//! `hdf5-external-file`: an HDF5 file takes data from another file.

use weightlock_format::hdf5::ForeignKind;

use super::quoted;
use crate::{
    Severity,
    observation::keras::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A link or dataset of another file.
pub(super) const RULE: Rule = Rule {
    id: "hdf5-external-file",
    title: "HDF5 file takes data from another file",
    worst: Severity::High,
    cwe: 73,
    what: "an external link, a dataset whose raw data lies in another file, a virtual dataset, or a link of an \
           application's own class",
    why: "reading the model reads the other file, of whatever kind: its bytes become weights, and leave with them; what \
          is loaded is not what was examined or signed",
    example: "a dataset with the external file `/etc/passwd`",
    fix: "ask for a file that holds its data, or copy it with `h5repack` where that does no harm",
    references: &[],
    check: Check::Keras(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Foreign { kind, path, file } = seen else {
        return None;
    };
    let (severity, what) = match kind {
        ForeignKind::ExternalLink => (Severity::High, "is a link into"),
        ForeignKind::ExternalData => (Severity::High, "has its data in"),
        ForeignKind::Virtual => (Severity::High, "is composed from"),
        _ => (Severity::Medium, "is a link that an application follows, to"),
    };
    let reason = format!("{} {what} {}", quoted(path), quoted(file));
    Some(Judgement::new(severity, reason).named(file))
}
