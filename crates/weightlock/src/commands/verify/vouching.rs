//! What a guarded load may believe the kernel: the fs-verity digests that the signer of the model signed, and where it is noted
//! that they were worked out on this machine.

use std::fs;

use weightlock_artifact::evidence::{EvidenceName, Kind};
use weightlock_runtime::{folder::PrivateFolder, guard::verity::Vouching};
use weightlock_signing::{
    oms::VerifiedStatement, predicate::verity::SignedVerity, statement::verify_evidence,
};

use super::Case;
use crate::context::cache_folder;

/// The folder of notes, in that of caches: unlike a cache, what is noted never ages.
const NOTES: &str = "notes";

/// Nothing where there is no such list, none that counts, or no place for notes: then every file is read.
pub(super) fn find(case: &Case, verified: &VerifiedStatement) -> Option<Vouching> {
    let signed = signed(case, verified)?;
    let folder = cache_folder()?;
    fs::create_dir_all(&folder).ok()?;
    let notes = PrivateFolder::open(&folder.join(NOTES)).ok()?;
    Some(Vouching::new(signed, notes))
}

/// The list that the signer of the model signed for exactly the files of the model's signature.
fn signed(case: &Case, verified: &VerifiedStatement) -> Option<SignedVerity> {
    let store = &case.found.store;
    let listing = store.list().ok()?;
    let mut statements = listing
        .evidence
        .iter()
        .filter(|(name, _)| matches!(name, EvidenceName::Statement(Kind::Verity, _)));
    statements.find_map(|(name, _)| {
        let evidence = verify_evidence(&store.read(name).ok()?, &case.trust).ok()?;
        SignedVerity::check(verified, &evidence).ok()
    })
}
