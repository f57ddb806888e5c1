//! [`Difference`]: how a model differs from what was locked.

use std::collections::BTreeMap;

use weightlock_artifact::{digest::Digest, drift::Drift, path::ArtifactPath};

use super::{Entry, Files, Line, LockedSigner};

/// Everything in which one entry differs from another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The files.
    pub drift: Drift,
    /// The digests, locked and found, when the files differ in anything.
    pub digest: Option<(Digest, Digest)>,
    /// The places.
    pub place: Option<(String, String)>,
    /// The sources, locked and found, when they differ.
    pub source: Option<(Option<Line>, Option<Line>)>,
    /// The revisions, likewise.
    pub revision: Option<(Option<Line>, Option<Line>)>,
    /// Signers that were locked and are not there now.
    pub signers_gone: Vec<LockedSigner>,
    /// Signers that are there now and were not locked.
    pub signers_new: Vec<LockedSigner>,
    /// The verdict is another, or rests on something else.
    pub verdict: bool,
}

impl Difference {
    /// How `found` differs from what was `locked`.
    #[must_use]
    pub fn between(locked: &Entry, found: &Entry) -> Self {
        let unequal =
            |one: &Option<Line>, other: &Option<Line>| (one != other).then(|| (one.clone(), other.clone()));
        let digests = (locked.files.digest(), found.files.digest());
        Self {
            drift: drift(&locked.files, &found.files),
            digest: (locked.files != found.files).then_some(digests),
            place: (locked.place != found.place)
                .then(|| (locked.place.as_str().to_owned(), found.place.as_str().to_owned())),
            source: unequal(&locked.source, &found.source),
            revision: unequal(&locked.revision, &found.revision),
            signers_gone: missing(&locked.signers, &found.signers),
            signers_new: missing(&found.signers, &locked.signers),
            verdict: locked.verdict != found.verdict,
        }
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.digest.is_none()
            && self.place.is_none()
            && self.source.is_none()
            && self.revision.is_none()
            && self.signers_gone.is_empty()
            && self.signers_new.is_empty()
            && !self.verdict
    }

    /// Whether somebody who vouched for the locked model does not vouch for this one. Where nobody was known, nobody is missed.
    #[must_use]
    pub const fn has_other_signer(&self) -> bool {
        !self.signers_gone.is_empty()
    }

    /// Whether it comes from somewhere else than the locked one was said to come from.
    #[must_use]
    pub const fn has_other_source(&self) -> bool {
        matches!(self.source, Some((Some(_), _)))
    }
}

fn missing(of: &[LockedSigner], among: &[LockedSigner]) -> Vec<LockedSigner> {
    let is_missing = |signer: &&LockedSigner| !among.iter().any(|other| signer.is_same(other));
    of.iter().filter(is_missing).cloned().collect()
}

fn drift(locked: &Files, found: &Files) -> Drift {
    Drift::between(&digests(locked), &digests(found), &BTreeMap::new())
}

/// Digests by path. One file has no name of its own in a lock; it is told as `(file)`.
fn digests(files: &Files) -> BTreeMap<ArtifactPath, Digest> {
    match files {
        Files::Folder(manifest) => manifest
            .files()
            .iter()
            .map(|file| (file.path.clone(), *file.sha256()))
            .collect(),
        Files::File { digest, .. } => ArtifactPath::parse("(file)")
            .map(|name| (name, *digest))
            .into_iter()
            .collect(),
    }
}
