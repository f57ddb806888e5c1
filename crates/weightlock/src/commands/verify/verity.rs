//! The fs-verity digests that the signer of a model signed.

use weightlock_artifact::evidence::{EvidenceName, Kind};
use weightlock_signing::{
    oms::VerifiedStatement, predicate::verity::SignedVerity, statement::verify_evidence,
};

use super::Case;

impl Case {
    /// The list that the signer of the model signed for exactly the files of the model's signature.
    pub(in super::super) fn verity_digests(&self, verified: &VerifiedStatement) -> Option<SignedVerity> {
        let store = &self.found.store;
        let listing = store.list().ok()?;
        let mut statements = listing
            .evidence
            .iter()
            .filter(|(name, _)| matches!(name, EvidenceName::Statement(Kind::Verity, _)));
        statements.find_map(|(name, _)| {
            let evidence = verify_evidence(&store.read(name).ok()?, &self.trust).ok()?;
            SignedVerity::check(verified, &evidence).ok()
        })
    }
}
