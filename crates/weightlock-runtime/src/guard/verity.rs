//! [`read`]: a guarded load in which files are not read for whose bytes the kernel answers ([`verity`](crate::verity)).
//!
//! Which fs-verity digest belongs to a file is what the signer of the model says, in a statement beside the signature
//! ([`SignedVerity`]). Whoever signs it may be mistaken, or may have signed digests of other bytes than those that were scanned
//! and reviewed. So, as for [leaves](super::leaves), a file is not read only when
//!
//! 1. the signer of the model signed its fs-verity digest, in a list of exactly the files of the model's signature,
//! 2. this digest was worked out once on this machine from bytes with the signed SHA-256; that was noted,
//! 3. the kernel says now, of the descriptor that was opened below the root and is handed out, that the file has it.
//!
//! Every other file is read and hashed as ever. One that only lacks the second is hashed in both ways in that read, and the
//! next load finds the note. What a model has, lacks and ignores is compared as ever: see [`compare`](super::compare).

use weightlock_artifact::{
    digest::{
        Algorithm, Digest, Hasher,
        engine::{Observer, Settings},
        verity::VerityDigest,
    },
    inventory::{Entry, Inventory, Root, Stamp},
    measure::Need,
    path::ArtifactPath,
};
use weightlock_signing::{
    oms::{
        VerifiedStatement,
        model::{Mismatch, Rules},
    },
    predicate::verity::SignedVerity,
};

use super::{Freezer, Guarded, Leaves, allow_descriptors, notes::Kind, read_by};
use crate::{Error, folder::PrivateFolder, sealed::Sealed, verity::is_settled};

const DERIVED: Kind = Kind {
    name: "verity",
    form: "weightlock-verity-derived-v1",
};

/// What may be believed of fs-verity digests: signed for a model, and noted in a folder of this user.
#[derive(Debug)]
pub struct Vouching<'a> {
    /// The list of the model's signer.
    pub signed: SignedVerity,
    /// The notes of this user: which digests of it were worked out here.
    pub notes: &'a PrivateFolder,
}

/// As [`guard::read`](super::read), but for files for which the kernel answers. Those are not read: what is handed out is the
/// file itself, open for reading. How many bytes that were is told by
/// [`bytes_vouched`](weightlock_signing::oms::model::Comparison::bytes_vouched).
///
/// # Errors
/// As [`guard::read`](super::read). A list of another model's digests changes nothing: then everything is read.
pub fn read(
    verified: &VerifiedStatement,
    vouching: &Vouching<'_>,
    root: Root,
    rules: &Rules<'_>,
    leaves: Option<Leaves<'_>>,
    settings: Settings,
    observer: &dyn Observer,
) -> Result<Result<Guarded, Mismatch>, Error> {
    let asking = vouching.signed.is_of(verified).then(|| Asking::new(vouching));
    let freezer = Freezer {
        asking,
        ..Freezer::default()
    };
    read_by(freezer, verified, root, rules, leaves, settings, observer)
}

/// Asks the kernel, file by file.
pub(super) struct Asking<'a> {
    vouching: &'a Vouching<'a>,
    /// Files that are not read.
    found: Vec<(ArtifactPath, Sealed)>,
    /// Pairs that were worked out now.
    pairs: Vec<Digest>,
}

impl<'a> Asking<'a> {
    const fn new(vouching: &'a Vouching<'a>) -> Self {
        Self {
            vouching,
            found: Vec::new(),
            pairs: Vec::new(),
        }
    }

    /// What is to be read of these files.
    pub(super) fn needs(&mut self, inventory: &Inventory, entries: &[&Entry]) -> Vec<Need> {
        allow_descriptors(entries.len() as u64);
        entries
            .iter()
            .map(|entry| self.need(inventory, entry).unwrap_or(Need::Bytes))
            .collect()
    }

    /// `None` for whatever reason: then the file is read, and what is wrong with it is told.
    fn need(&mut self, inventory: &Inventory, entry: &Entry) -> Option<Need> {
        let (file, digest) = self.vouching.signed.file(&entry.path)?;
        let handle = inventory.root().open_file(&entry.path).ok()?;
        let same = Stamp::of(&handle).ok()? == entry.stamp && entry.stamp.size == file.size;
        if !same || !is_settled(&handle) {
            return None;
        }
        let sealed = Sealed::by_kernel(handle, digest, file.size)?;
        if !DERIVED.is_noted(self.vouching.notes, &pair(file.sha256(), digest)) {
            return Some(Need::BytesAndVerity);
        }
        self.found.push((entry.path.clone(), sealed));
        Some(Need::Nothing(*file.sha256()))
    }

    /// Keeps what is true for ever: bytes with this SHA-256 have this fs-verity digest.
    pub(super) fn worked_out(&mut self, sha256: &Digest, verity: &VerityDigest) {
        self.pairs.push(pair(sha256, verity));
    }

    /// The files that were not read. What was worked out is noted; where that fails, it is worked out again next time.
    pub(super) fn into_files(self) -> Vec<(ArtifactPath, Sealed)> {
        for pair in &self.pairs {
            let _: Result<(), Error> = DERIVED.note(self.vouching.notes, pair);
        }
        self.found
    }
}

/// Names a pair of digests of the same bytes.
fn pair(sha256: &Digest, verity: &VerityDigest) -> Digest {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    hasher.update(sha256.as_bytes());
    hasher.update(verity.as_bytes());
    hasher.finish()
}
