//! The fs-verity digests that the signer of a model signed.

use weightlock_artifact::evidence::Kind;
use weightlock_signing::{oms::VerifiedStatement, predicate::verity::SignedVerity};

use super::Case;

impl Case {
    /// The list that the signer of the model signed for exactly the files of the model's signature.
    pub(in super::super) fn verity_digests(&self, verified: &VerifiedStatement) -> Option<SignedVerity> {
        self.first_signed(Kind::Verity, |evidence| {
            SignedVerity::check(verified, evidence).ok()
        })
    }
}
