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
        let store = &self.found.store;
        let listing = store.list().ok()?;
        let mut statements = listing
            .evidence
            .iter()
            .filter(|(name, _)| matches!(name, EvidenceName::Statement(Kind::Leaves, _)));
        statements.find_map(|(name, _)| {
            let bundle = store.read(name).ok()?;
            let evidence = verify_evidence(&bundle, &self.trust).ok()?;
            SignedTable::check(verified, &evidence, &named_table(store, &evidence)?).ok()
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
