//! `secret-in-metadata`: a key or token was published with the model.

use crate::{
    Confidence, Severity,
    observation::indicator::{Indicator, Seen},
    rules::{Check, Context, Judgement, Rule},
};

/// A secret in metadata.
pub(super) const RULE: Rule = Rule {
    id: "secret-in-metadata",
    title: "metadata holds a secret",
    worst: Severity::Low,
    cwe: 798,
    what: "a text of the metadata or of a configuration holds a private key, or a token in the form of a known service",
    why: "whoever has the model has the secret; and whoever has the secret may be able to change the model",
    example: "a hub token in the training arguments that were stored with the weights",
    fix: "revoke the secret, and publish the model without it",
    references: &[],
    check: Check::Indicator(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    matches!(seen.what, Indicator::PrivateKey | Indicator::Token).then(|| {
        let reason = format!(
            "the text holds {} that begins with {:?}",
            seen.what, seen.beginning
        );
        Judgement::new(Severity::Low, reason).confidence(Confidence::Medium)
    })
}
