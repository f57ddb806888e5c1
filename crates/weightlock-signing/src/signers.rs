//! [`SignersByKind`]: whose statements count. A valid signature says who made a statement; whether that signer may say such
//! things about a model is asked here, by kind of evidence.
//!
//! Rejected: one list of trusted signers for everything. The key of a scanner, which lies on a build server, could then
//! sign reviews, and a reviewer could sign provenance.

use std::collections::BTreeMap;

use weightlock_artifact::{digest::Digest, evidence::Kind, reason::Code};

use crate::{
    predicate::{
        document::{self, PredicateError},
        reason, types,
    },
    refusal::Refusal,
    statement::{Model, VerifiedEvidence, read_unverified, verify_evidence},
    verifier::Trust,
};

/// Whose statements count, for each kind of evidence.
#[derive(Clone, Default, Debug)]
pub struct SignersByKind {
    default: Vec<Trust>,
    kinds: BTreeMap<Kind, Vec<Trust>>,
}

/// Why a statement does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotCounted {
    /// It cannot be read, or nobody whose word counts signed it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody may make such statements.
    #[error("nobody was named whose statements of the kind {0} count")]
    Nobody(Kind),
    /// It lies under the name of another kind.
    #[error("it is a statement of the kind {found} under the name of the kind {named}")]
    Kind {
        /// What it is.
        found: Kind,
        /// What its name says.
        named: Kind,
    },
    /// It is about something else.
    #[error("it is about another model, or about another state of this one")]
    About {
        /// What it is about.
        found: Digest,
        /// The model.
        model: Digest,
    },
    /// It names the digest of a folder and not the files: it may be about a file that has the folder's manifest for its
    /// content, which says nothing about the folder.
    #[error("it names the digest of the folder and not its files, so it may be about a mere list of them")]
    FilesNotNamed,
    /// It does not say what its type promises.
    #[error(transparent)]
    Predicate(#[from] PredicateError),
}

impl NotCounted {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Nobody(_) => reason::NOBODY,
            Self::Kind { .. } => reason::KIND,
            Self::About { .. } | Self::FilesNotNamed => reason::ABOUT,
            Self::Predicate(error) => error.code(),
        }
    }
}

impl SignersByKind {
    /// The same signers for every kind. Without any, nothing counts.
    #[must_use]
    pub fn new(default: impl IntoIterator<Item = Trust>) -> Self {
        Self {
            default: default.into_iter().collect(),
            kinds: BTreeMap::new(),
        }
    }

    /// Names one more signer for a kind. As soon as a kind has a signer of its own, those for every kind no longer count
    /// for it.
    #[must_use]
    pub fn with(mut self, kind: Kind, trust: Trust) -> Self {
        self.kinds.entry(kind).or_default().push(trust);
        self
    }

    /// Whose statements of a kind count.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &[Trust] {
        self.kinds.get(&kind).unwrap_or(&self.default)
    }

    /// Whether a statement counts: somebody who may make such statements signed it, it is about this model, and its predicate
    /// is what its type promises. `named` is the kind in the name it lies under.
    ///
    /// 1. The bundle is read. Its predicate type says of which kind it is, and that must be the kind of its name.
    /// 2. One of the signers for that kind made the signature. What was read in step 1 is then signed.
    /// 3. The first subject is the model; of a folder, every file is a subject too.
    /// 4. The predicate has what the specification of its type demands.
    ///
    /// # Errors
    /// [`NotCounted`] names the first rule that is broken.
    pub fn judge(
        &self,
        bundle: &[u8],
        named: Option<Kind>,
        model: &Model,
    ) -> Result<VerifiedEvidence, NotCounted> {
        let evidence = self.signed(bundle, named)?;
        let statement = evidence.statement();
        let first = statement.subjects.first();
        if let Some(found) = first.filter(|_| !statement.is_first_about(model)) {
            return Err(NotCounted::About {
                found: found.sha256,
                model: *model.digest(),
            });
        }
        if !statement.is_about(model) {
            return Err(NotCounted::FilesNotNamed);
        }
        document::check(&statement.predicate_type, &statement.predicate)?;
        Ok(evidence)
    }

    /// Whether a statement counts, whatever it is about: for statements about things that are not at hand. Rules 1, 2 and 4 of
    /// [`judge`](Self::judge).
    ///
    /// # Errors
    /// [`NotCounted`] names the first rule that is broken.
    pub fn vouch(&self, bundle: &[u8], named: Option<Kind>) -> Result<VerifiedEvidence, NotCounted> {
        let evidence = self.signed(bundle, named)?;
        let statement = evidence.statement();
        document::check(&statement.predicate_type, &statement.predicate)?;
        Ok(evidence)
    }

    /// Steps 1 and 2.
    fn signed(&self, bundle: &[u8], named: Option<Kind>) -> Result<VerifiedEvidence, NotCounted> {
        let kind = types::kind_of(&read_unverified(bundle)?.statement.predicate_type);
        if let Some(named) = named.filter(|named| *named != kind) {
            return Err(NotCounted::Kind { found: kind, named });
        }
        self.verify(kind, bundle)
    }

    /// Step 2. Of several refusals the one is told that came furthest: another key than one's own says little.
    fn verify(&self, kind: Kind, bundle: &[u8]) -> Result<VerifiedEvidence, NotCounted> {
        let mut told = NotCounted::Nobody(kind);
        for trust in self.of(kind) {
            match verify_evidence(bundle, trust) {
                Ok(evidence) => return Ok(evidence),
                Err(refusal) if matches!(told, NotCounted::Nobody(_)) || is_near(&refusal) => {
                    told = refusal.into();
                }
                Err(_) => {}
            }
        }
        Err(told)
    }
}

/// The signer was found, and something else is wrong.
const fn is_near(refusal: &Refusal) -> bool {
    !matches!(
        refusal,
        Refusal::KeyMismatch { .. } | Refusal::Method { .. } | Refusal::NeedsIdentity { .. }
    )
}

#[cfg(feature = "sign")]
#[cfg(test)]
mod tests {
    use serde_json::json;
    use weightlock_artifact::{
        digest::Algorithm,
        manifest::{Manifest, ManifestFile, Subject},
        path::ArtifactPath,
    };

    use super::*;
    use crate::{
        key::{Algorithm as KeyAlgorithm, PrivateKey, SystemRandom},
        oms::SigningMaterial,
        statement::{Statement, sign_evidence},
    };

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyAlgorithm::P256, &mut SystemRandom).unwrap()
    }

    fn trust(key: &PrivateKey) -> Trust {
        Trust::Key(key.public_key().clone())
    }

    fn model() -> Digest {
        Algorithm::Sha256.digest(b"model")
    }

    fn bundle(key: &PrivateKey, predicate_type: &str, predicate: serde_json::Value) -> Vec<u8> {
        let file = Algorithm::Sha256.digest(b"file");
        let subjects = [("m", model()), ("a", file)].map(|(name, sha256)| Subject {
            name: name.to_owned(),
            sha256,
        });
        let statement = Statement {
            subjects: subjects.to_vec(),
            predicate_type: predicate_type.to_owned(),
            predicate,
        };
        sign_evidence(&statement, key, &SigningMaterial::Key).unwrap()
    }

    fn code(signers: &SignersByKind, bundle: &[u8], named: Kind) -> Result<(), Code> {
        let judged = signers.judge(bundle, Some(named), &Model::file(model()));
        judged.map(|_| ()).map_err(|why| why.code())
    }

    #[test]
    fn a_signer_counts_for_its_kinds_and_no_other() {
        let (reviewer, anybody) = (key(), key());
        let signers = SignersByKind::new([trust(&anybody)]).with(Kind::Review, trust(&reviewer));
        let by = |key: &PrivateKey, predicate_type: &str| bundle(key, predicate_type, json!({}));
        let (review, card) = (types::REVIEW, types::CARD);
        assert_eq!(code(&signers, &by(&reviewer, review), Kind::Review), Ok(()));
        assert_eq!(code(&signers, &by(&anybody, card), Kind::Card), Ok(()));
        for (key, predicate_type, kind) in [(&anybody, review, Kind::Review), (&reviewer, card, Kind::Card)] {
            let refused = code(&signers, &by(key, predicate_type), kind);
            assert_eq!(refused, Err(crate::reason::KEY_MISMATCH), "{predicate_type}");
        }
        // Under another name it stays what it is.
        assert_eq!(
            code(&signers, &by(&anybody, review), Kind::Card),
            Err(reason::KIND)
        );
        let nobody = SignersByKind::default().with(Kind::Review, trust(&reviewer));
        assert_eq!(
            code(&nobody, &by(&anybody, card), Kind::Card),
            Err(reason::NOBODY)
        );
        let two = SignersByKind::new([trust(&anybody), trust(&reviewer)]);
        assert_eq!(code(&two, &by(&reviewer, card), Kind::Card), Ok(()));
    }

    #[test]
    fn only_a_sound_statement_about_the_model_counts() {
        let key = key();
        let signers = SignersByKind::new([trust(&key)]);
        let lacking = bundle(&key, types::SLSA_1, json!({"buildDefinition": {}}));
        assert_eq!(code(&signers, &lacking, Kind::Provenance), Err(reason::PREDICATE));
        let good = bundle(&key, types::CARD, json!({}));
        let about = |content: &[u8]| {
            let judged = signers.judge(&good, None, &Model::file(Algorithm::Sha256.digest(content)));
            judged.map(|_| ()).map_err(|why| why.code())
        };
        assert_eq!(about(b"model"), Ok(()));
        assert_eq!(
            about(b"file"),
            Err(reason::ABOUT),
            "a file of the model is not the model"
        );
        assert_eq!(
            code(&signers, &good[1..], Kind::Card),
            Err(crate::reason::MALFORMED)
        );
        let text = String::from_utf8(good).unwrap();
        let changed = text.replacen("\"payload\":\"ey", "\"payload\":\"eY", 1);
        assert!(code(&signers, changed.as_bytes(), Kind::Card).is_err());
    }

    /// A file can have a folder's manifest for its content, and then has its digest.
    #[test]
    fn a_statement_about_a_list_of_files_is_none_about_the_files() {
        let key = key();
        let signers = SignersByKind::new([trust(&key)]);
        let file = |name: &str| {
            let path = ArtifactPath::parse(name.to_owned()).unwrap();
            ManifestFile::new(path, 1, Algorithm::Sha256.digest(name.as_bytes())).unwrap()
        };
        let manifest = Manifest::new(["a", "b"].map(file)).unwrap();
        let judged = |subjects: &[Subject]| {
            let statement = Statement {
                subjects: subjects.to_vec(),
                predicate_type: types::CARD.to_owned(),
                predicate: json!({}),
            };
            let bundle = sign_evidence(&statement, &key, &SigningMaterial::Key).unwrap();
            let judged = signers.judge(&bundle, Some(Kind::Card), &Model::folder(&manifest));
            judged.map(|_| ()).map_err(|why| why.code())
        };
        let whole = manifest.subjects("m");
        assert_eq!(judged(&whole), Ok(()));
        assert_eq!(judged(&whole[..1]), Err(reason::ABOUT));
        assert_eq!(judged(&whole[..2]), Err(reason::ABOUT));
        assert_eq!(judged(&whole[1..]), Err(reason::ABOUT));
    }
}
