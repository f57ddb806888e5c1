//! What others state about a model that matters to its card: statements that count, signed cards, and who signed the model.

use weightlock_artifact::evidence::Kind;
use weightlock_bom::card::{
    check::{Counted, SignedBy},
    statement::CardStatement,
};
use weightlock_signing::{
    Signer, SignersByKind, Trust, oms,
    predicate::types::{CUSTOM, kind_of},
    statement::VerifiedEvidence,
};

use crate::{
    commands::{
        evidence::found::{Found, Why},
        subject::Hashed,
        target, verify,
    },
    diagnostic::Diagnostic,
};

/// The statements about a model, judged.
#[derive(Default)]
pub(super) struct Judged {
    counted: Vec<(String, VerifiedEvidence, String)>,
    /// Statements that do not count, with the reason. They change no answer.
    pub(super) others: Vec<(String, Why)>,
}

/// A signed card that counts.
pub(super) struct SignedCard {
    pub(super) name: String,
    pub(super) signer: String,
    pub(super) statement: CardStatement,
}

impl Judged {
    /// Judges every statement about the model.
    pub(super) fn of(hashed: &Hashed, signers: &SignersByKind) -> Result<Self, Diagnostic> {
        let mut judged = Self::default();
        // Whoever may sign cards may do so in cosign's wrapper, and nobody else.
        let of_cards = SignersByKind::new(signers.of(Kind::Card).to_vec());
        let model = hashed.model();
        for found in Found::about(hashed.root())? {
            let is_custom = found
                .claimed()
                .is_ok_and(|claimed| claimed.statement.predicate_type == CUSTOM);
            let signers = if is_custom { &of_cards } else { signers };
            match found.judged(signers, &model) {
                Ok(evidence) => {
                    let signer = verify::SignedBy::from(evidence.signer()).text();
                    judged.counted.push((found.name.clone(), evidence, signer));
                }
                Err(why) => judged.others.push((found.name.clone(), why)),
            }
        }
        Ok(judged)
    }

    /// What counts, for checking a card.
    pub(super) fn statements(&self) -> Vec<Counted<'_>> {
        let counted = self.counted.iter();
        counted
            .map(|(name, evidence, signer)| Counted {
                name,
                kind: kind_of(&evidence.statement().predicate_type),
                predicate: &evidence.statement().predicate,
                signer,
            })
            .collect()
    }

    /// The signed cards that count.
    pub(super) fn cards(&self) -> Vec<SignedCard> {
        let read = |(name, evidence, signer): &(String, VerifiedEvidence, String)| {
            let statement = evidence.statement();
            let read = match statement.predicate_type.as_str() {
                CUSTOM => CardStatement::custom(&statement.predicate),
                other if kind_of(other) == Kind::Card => CardStatement::read(&statement.predicate),
                _ => None,
            };
            Some(SignedCard {
                name: name.clone(),
                signer: signer.clone(),
                statement: read?,
            })
        };
        self.counted.iter().filter_map(read).collect()
    }
}

/// Who signed the model, when one whose signature counts signed exactly the files that were hashed.
///
/// # Errors
/// The reason why nobody did, for telling it: it changes no answer.
pub(super) fn signer(hashed: &Hashed, trust: &Trust) -> Result<SignedBy, String> {
    let found = target::signature(hashed.root(), None).map_err(|told| told.message().to_owned())?;
    let verified = oms::verify(&found.bundle, trust).map_err(|refusal| refusal.to_string())?;
    if hashed.is_exactly(verified.statement().files()) {
        Ok(named(verified.signer()))
    } else {
        Err("the signature is not over the files as they are now".to_owned())
    }
}

/// A signer by the names that a card may use.
pub(in crate::commands) fn named(signer: &Signer) -> SignedBy {
    let (names, is_named) = match signer {
        Signer::Key(key) => (vec![key.hint_pem()], false),
        Signer::Certificate(path) => {
            let leaf = path.leaf();
            let subject = leaf.subject();
            let parts = subject
                .split(',')
                .filter_map(|part| Some(part.split_once('=')?.1.trim().to_owned()));
            let others = leaf.alternative_names().map(str::to_owned);
            (parts.chain(others).chain([subject.clone()]).collect(), true)
        }
        Signer::Identity { identity, .. } => (vec![identity.name().to_string()], true),
    };
    SignedBy {
        shown: verify::SignedBy::from(signer).text(),
        names,
        is_named,
    }
}
