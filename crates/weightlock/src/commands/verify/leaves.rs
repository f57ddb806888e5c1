//! The signed leaf table of a model, and what this user knows of it.

use std::fs;

use weightlock_artifact::evidence::{ContentPrefix, EvidenceName, Kind, Store};
use weightlock_runtime::folder::PrivateFolder;
use weightlock_signing::{
    oms::VerifiedStatement,
    predicate::leaves::{self, SignedTable},
    statement::{VerifiedEvidence, verify_evidence},
};

use super::Case;
use crate::context;

impl Case {
    /// The leaf table that the signer of the model signed for exactly the files of the model's signature.
    pub(in super::super) fn leaf_table(&self, verified: &VerifiedStatement) -> Option<SignedTable> {
        self.first_signed(Kind::Leaves, |evidence| {
            SignedTable::check(verified, evidence, &named_table(&self.found.store, evidence)?).ok()
        })
    }

    /// What is made of the first evidence of a kind that is signed by whom the caller trusts, and of which something can be
    /// made. What cannot is passed over: it only serves to do less.
    pub(super) fn first_signed<T>(
        &self,
        kind: Kind,
        read: impl Fn(&VerifiedEvidence) -> Option<T>,
    ) -> Option<T> {
        let store = &self.found.store;
        let listing = store.list().ok()?;
        listing.evidence.iter().find_map(|(name, _)| match name {
            EvidenceName::Statement(found, _) if *found == kind => {
                read(&verify_evidence(&store.read(name).ok()?, &self.trust).ok()?)
            }
            _ => None,
        })
    }
}

fn named_table(store: &Store, evidence: &VerifiedEvidence) -> Option<Vec<u8>> {
    let digest = leaves::named_table(evidence).ok()?;
    let prefix: ContentPrefix = digest.hex().get(..16)?.parse().ok()?;
    store.read(&EvidenceName::Leaves(prefix)).ok()
}

/// Where it is noted which tables have the leaves of the files they name, and which fs-verity digests are those of their files:
/// below the caches, since all of it can be worked out again. `None` where there can be no such folder.
pub(crate) fn notes() -> Option<PrivateFolder> {
    let folder = context::cache_folder()?;
    fs::create_dir_all(&folder).ok()?;
    PrivateFolder::open(&folder.join("notes")).ok()
}
