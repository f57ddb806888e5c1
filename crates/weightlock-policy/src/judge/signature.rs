//! Signed by those who count, and unchanged.

use weightlock_artifact::evidence::Kind;

use super::{Answer, Case};
use crate::{check::Check, evidence::Content, people::People, verdict::Reason};

impl Case<'_> {
    pub(super) fn signature(&self, layer: usize, signers: u32, by: &[String]) -> Answer {
        let signatures = self.candidates(Kind::Oms, |content| {
            matches!(content, Content::Signature).then_some(())
        });
        let mut statements = self.evidence.statements.iter();
        if statements.all(|statement| statement.kind != Kind::Oms) {
            let why = "the model is unsigned: there is no signature of its files";
            return Answer::because(Reason::no(Check::Signature.code(), why));
        }
        if signatures.good.is_empty() {
            return Answer::no(signatures.lack(Check::Signature, "signature"));
        }
        let asked = signatures
            .good
            .iter()
            .map(|(statement, ())| *statement)
            .filter(|statement| self.policy.is_by(layer, by, statement));
        let counted = People::of(&self.evidence.statements).first_of_each(asked);
        let evidence = counted.iter().map(|statement| statement.id);
        if (counted.len() as u64) < u64::from(signers) {
            let wanted = if by.is_empty() {
                String::new()
            } else {
                format!(" of {}", by.join(", "))
            };
            return Answer::because(
                Reason::no(
                    Check::Signature.code(),
                    format!(
                        "{} of {signers} demanded signers{wanted} signed it",
                        counted.len()
                    ),
                )
                .of(evidence),
            );
        }
        let who: Vec<&str> = counted
            .iter()
            .filter_map(|statement| statement.signed_by.as_deref())
            .collect();
        Answer::met(format!("signed by {}", who.join(", ")), evidence)
    }

    /// Whether one of these identities of a layer signed the model, with a signature that counts.
    pub(super) fn is_signed_by(&self, layer: usize, by: &[String]) -> bool {
        !by.is_empty() && self.signature(layer, 1, by).reasons.is_empty()
    }

    /// Whether anybody who counts signed the model.
    pub(super) fn is_signed(&self) -> bool {
        self.signature(0, 1, &[]).reasons.is_empty()
    }
}
