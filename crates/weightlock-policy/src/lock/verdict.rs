//! [`LockedVerdict`]: the verdict that allowed a model, as a lock remembers it.

use weightlock_artifact::digest::{Algorithm, Digest};

use crate::{
    layer::Policy,
    level::{Mode, Tier},
    summary,
    verdict::{Decision, Verdict},
};

/// A verdict that allowed a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LockedVerdict {
    /// SHA-256 of everything that it rests on, and of nothing that differs from one day to the next.
    pub digest: Digest,
    /// The digest of the policies that were applied.
    pub policies: Digest,
    /// In which mode.
    pub mode: Mode,
    /// Of which tier.
    pub tier: Tier,
}

impl LockedVerdict {
    /// What a lock remembers of a verdict; `None` of one that does not allow the model.
    #[must_use]
    pub fn of(verdict: &Verdict, policy: &Policy) -> Option<Self> {
        (verdict.decision == Decision::Allow).then(|| Self {
            digest: basis(verdict, policy),
            policies: summary::digest_of(policy),
            mode: verdict.mode,
            tier: verdict.tier,
        })
    }
}

/// The model, the policies, mode and tier, what was waived or left out, and the evidence. The time is no part of it, so that the same
/// model, evidence and policy have the same lock tomorrow.
fn basis(verdict: &Verdict, policy: &Policy) -> Digest {
    let mut text = format!(
        "weightlock-locked-verdict-v1\nmodel {}\npolicies {}\nmode {}\ntier {}\n",
        verdict.digest,
        summary::digest_of(policy),
        verdict.mode,
        verdict.tier
    );
    for asked in &verdict.asked {
        if asked.skipped {
            text += &format!("skipped {}\n", asked.check.name());
        }
        for used in &asked.waived {
            text += &format!("waived {} {}\n", asked.check.name(), used.waiver.parts().waives);
        }
    }
    for evidence in verdict.evidence() {
        text += &format!("evidence {evidence}\n");
    }
    Algorithm::Sha256.digest(text.as_bytes())
}
