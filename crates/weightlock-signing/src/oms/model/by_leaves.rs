//! Listed files by their signed leaves: in place of their digests, or beside them.
//!
//! Leaves are hashed on all lanes and all processors, also those of one file; a digest is one stream. Whether leaves may
//! stand in for digests is not decided here: who signed them may be mistaken about them.

use std::num::NonZeroU64;

use weightlock_artifact::{
    Error,
    digest::Algorithm,
    inventory::{Entry, Inventory},
    leaf::LEAF,
    measure::{Measured, Wanted},
};

use super::Work;
use crate::{oms::VerifiedStatement, predicate::leaves::SignedTable};

const PIECE: NonZeroU64 = NonZeroU64::new(LEAF).expect("a leaf has bytes");

/// Signed leaves of the files of a model.
#[derive(Clone, Copy, Debug)]
pub enum Leaves<'a> {
    /// The caller knows that they are the leaves of the bytes with the listed digests. Files are compared by them alone.
    StandIn(&'a SignedTable),
    /// Files are compared by their digests, and their leaves are worked out in the same read:
    /// [`Comparison::leaves_hold`](super::Comparison::leaves_hold) tells.
    Beside(&'a SignedTable),
}

impl<'a> Leaves<'a> {
    /// The table.
    #[must_use]
    pub const fn table(self) -> &'a SignedTable {
        match self {
            Self::StandIn(table) | Self::Beside(table) => table,
        }
    }

    /// Measures listed files. Second, whether every one of them that was read has the signed leaves.
    ///
    /// A file that differs from its leaves is read again for the digest that a refusal names. One that has the listed digest
    /// then has changed meanwhile.
    pub(super) fn measure(
        self,
        inventory: &Inventory,
        entries: &[&Entry],
        work: &mut Work<'_>,
    ) -> Result<(Vec<Measured>, bool), Error> {
        let wanted = match self {
            Self::StandIn(_) => Wanted::Pieces(PIECE),
            Self::Beside(_) => Wanted::Both(PIECE),
        };
        let mut measured = work.measure_listed(inventory, entries, wanted, Algorithm::Sha256)?;
        let holds: Vec<bool> = entries
            .iter()
            .zip(&measured)
            .map(|(entry, measured)| measured.vouched || self.hold(entry, measured))
            .collect();
        let all = holds.iter().all(|holds| *holds);
        if matches!(self, Self::Beside(_)) {
            return Ok((measured, all));
        }
        let others: Vec<&Entry> = entries
            .iter()
            .zip(&holds)
            .filter(|(_, holds)| !**holds)
            .map(|(entry, _)| *entry)
            .collect();
        let mut again = work
            .measure(inventory, &others, Wanted::Whole, Algorithm::Sha256)?
            .into_iter();
        for ((entry, measured), holds) in entries.iter().zip(&mut measured).zip(holds) {
            let listed = self.table().file(&entry.path).map(|(file, _)| *file.sha256());
            if measured.vouched {
                continue;
            }
            if holds {
                measured.whole = listed;
                continue;
            }
            measured.whole = again.next().and_then(|again| again.whole);
            if measured.whole == listed || measured.whole.is_none() {
                return Err(Error::Changed {
                    path: inventory.root().join(entry.path.as_str()),
                    offset: None,
                });
            }
        }
        Ok((measured, all))
    }

    /// Whether a file has the signed size and the signed leaves.
    fn hold(self, entry: &Entry, measured: &Measured) -> bool {
        let signed = self.table().file(&entry.path);
        signed.is_some_and(|(file, leaves)| {
            let found = measured.pieces.iter().map(|piece| piece.as_bytes());
            file.size == entry.stamp.size && found.eq(leaves.iter().map(<[u8; 32]>::as_slice))
        })
    }

    /// Whether they are of this very signature.
    pub(super) fn are_of(self, verified: &VerifiedStatement) -> bool {
        self.table().is_of(verified)
    }
}
