//! [`StandIn`]: a leaf table whose leaves may stand in for the digests of files.
//!
//! A signed table says "these are the leaves of the file with this digest". Whoever signs it may be mistaken, or may have
//! signed leaves of other bytes than those that were scanned and reviewed under the digest. So a table stands in only when
//!
//! 1. the signer of the model signed it, for exactly the files of the model's signature ([`SignedTable`]), and
//! 2. its leaves were worked out once from bytes with these digests, on this machine ([`StandIn::derive`], or a load that
//!    compares both).
//!
//! That these leaves belong to this digest stays true for ever, whatever becomes of the files. So the second may have been
//! long ago: [`StandIn::remember`] notes it in a private folder, which is as trustworthy as the user.
//!
//! Another verifier's word for it (a verification summary that names the table) comes with verdicts.

use std::num::NonZeroU64;

use weightlock_artifact::{
    digest::{
        Algorithm, Digest,
        engine::{Observer, Settings},
    },
    inventory::{Entry, Inventory, Root, Scope},
    leaf::LEAF,
    manifest::ManifestFile,
    measure::{Wanted, measure},
};
use weightlock_signing::{oms::model::VerifiedModel, predicate::leaves::SignedTable};

use super::notes::Kind;
use crate::{Error, folder::PrivateFolder};

const PIECE: NonZeroU64 = NonZeroU64::new(LEAF).expect("a leaf has bytes");

const DERIVED: Kind = Kind {
    name: "leaves",
    form: "weightlock-leaves-derived-v1",
};

/// A signed table whose leaves are known to be those of the signed files.
#[derive(Debug)]
pub struct StandIn(SignedTable);

impl StandIn {
    /// Reads every file of the table once, from a model that has them, and compares digest and leaves.
    ///
    /// # Errors
    /// [`Error::OtherLeaves`] names the first file whose size, digest or leaves are others; and what else went wrong.
    pub fn derive(
        table: SignedTable,
        root: Root,
        settings: Settings,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let inventory = Inventory::walk(root, &Scope::model())?;
        let files = table.table().manifest().files();
        let other = |file: &ManifestFile| Error::OtherLeaves {
            name: file.path.as_str().to_owned(),
        };
        let entries: Vec<&Entry> = files
            .iter()
            .map(|file| {
                let entry = if table.is_single() {
                    inventory.entries().first()
                } else {
                    inventory.entry(&file.path)
                };
                let entry = entry.filter(|entry| entry.stamp.size == file.size);
                entry.ok_or_else(|| other(file))
            })
            .collect::<Result<_, _>>()?;
        let settings = Settings {
            algorithm: Algorithm::Sha256,
            ..settings
        };
        let measured = measure(
            &inventory,
            &entries,
            Wanted::Both(PIECE),
            &settings,
            observer,
            None,
        )?;
        for (file, measured) in files.iter().zip(&measured) {
            let signed = table.table().file(&file.path).map(|(_, leaves)| leaves);
            let found = measured.pieces.iter().map(Digest::as_bytes);
            let same = signed.is_some_and(|signed| found.eq(signed.iter().map(<[u8; 32]>::as_slice)));
            if !same || measured.whole.as_ref() != Some(file.sha256()) {
                return Err(other(file));
            }
        }
        Ok(Self(table))
    }

    /// A table whose leaves were found to be those of every file of a model, beside the signed digests
    /// ([`Leaves::Beside`](weightlock_signing::oms::model::Leaves::Beside)).
    pub(super) fn found(table: SignedTable, model: &VerifiedModel) -> Option<Self> {
        let comparison = model.comparison();
        // The table may have files that this signature does not list.
        let every = table.table().manifest().files().len() == comparison.checked;
        // Files that were not read prove nothing.
        let read = comparison.bytes_vouched == 0;
        let all = every && read && model.is_complete() && comparison.leaves_hold;
        all.then_some(Self(table))
    }

    /// Notes in a private folder that the leaves were derived, for later processes of this user.
    ///
    /// # Errors
    /// [`Error::Folder`].
    pub fn remember(&self, folder: &PrivateFolder) -> Result<(), Error> {
        DERIVED.note(folder, self.0.sha256())
    }

    /// The table, if it was noted in this folder that its leaves were derived; the table back if not.
    ///
    /// # Errors
    /// The table, when nothing is known of it.
    pub fn remembered(table: SignedTable, folder: &PrivateFolder) -> Result<Self, SignedTable> {
        if DERIVED.is_noted(folder, table.sha256()) {
            Ok(Self(table))
        } else {
            Err(table)
        }
    }

    /// The table.
    #[must_use]
    pub const fn table(&self) -> &SignedTable {
        &self.0
    }
}
