//! in-toto statements v1 about a model, of kinds other than its OMS signature: one verifier for all evidence.
//!
//! The first subject is the model, by the digest of its canonical manifest (a model of one file: of its bytes); the
//! files follow. Evidence belongs to a model when its *first* subject is the model's, so that a statement about one
//! shared file cannot be passed off as one about the whole, and when it names every file ([`Model`]).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    manifest::{Manifest, Subject},
};

#[cfg(feature = "sign")]
use crate::oms::{SigningError, SigningMaterial, sign_payload};
use crate::{
    bundle::{Bundle, Material},
    envelope::{Envelope, IN_TOTO},
    json::{self, Object},
    refusal::Refusal,
    verifier::{Signer, Trust, signer_of},
};

const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
/// The version before, which cosign and builders of SLSA provenance v0.2 write. It has the same members.
const STATEMENT_V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// What a statement must be about: a model as it is now.
///
/// A folder goes by the digest of a text, its canonical manifest, and any file can have that text for its content. A
/// statement about such a file, a clean scan of it say, knows nothing of what lies in the folder. So a statement about a
/// folder must name each of its files as well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Model {
    digest: Digest,
    files: BTreeSet<Digest>,
}

impl Model {
    /// A model that is one file, by the SHA-256 of its bytes.
    #[must_use]
    pub const fn file(sha256: Digest) -> Self {
        Self {
            digest: sha256,
            files: BTreeSet::new(),
        }
    }

    /// A folder of files.
    #[must_use]
    pub fn folder(manifest: &Manifest) -> Self {
        Self {
            digest: manifest.digest(),
            files: manifest.files().iter().map(|file| *file.sha256()).collect(),
        }
    }

    /// What names it.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// A claim about a model. Whether anybody signed it is another type: [`VerifiedEvidence`].
#[derive(Clone, PartialEq, Debug)]
pub struct Statement {
    /// What it is about; the model first.
    pub subjects: Vec<Subject>,
    /// The kind of claim, a URI.
    pub predicate_type: String,
    /// The claim.
    pub predicate: Value,
}

/// A statement whose signature was checked. Only [`verify_evidence`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedEvidence {
    statement: Statement,
    envelope: Envelope,
    signer: Signer,
}

/// What a bundle says before anybody's signature is checked: for telling what lies there, and never for believing it.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The statement in it.
    pub statement: Statement,
    /// Who is said to have signed it.
    pub material: Material,
}

/// Reads the statement in a bundle. **Nobody's signature is checked.**
///
/// # Errors
/// [`Refusal`] names the first rule that is broken.
pub fn read_unverified(bundle: &[u8]) -> Result<Claimed, Refusal> {
    let bundle = Bundle::parse(bundle)?;
    let material = bundle.material.clone();
    let envelope = bundle.into_envelope()?;
    if envelope.payload_type != IN_TOTO {
        return Err(Refusal::PayloadType {
            found: envelope.payload_type,
        });
    }
    Ok(Claimed {
        statement: Statement::parse(&envelope.payload)?,
        material,
    })
}

impl VerifiedEvidence {
    /// What is claimed.
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Who claims it.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The signed bytes, with their signature.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Whether it is about this model.
    #[must_use]
    pub fn is_about(&self, model: &Model) -> bool {
        self.statement.is_about(model)
    }
}

/// Checks who signed a piece of evidence, and reads it. What it claims is for its own predicate to judge.
///
/// # Errors
/// [`Refusal`] names the first rule that is broken, as for [`crate::oms::verify`].
pub fn verify_evidence(bundle: &[u8], trust: &Trust) -> Result<VerifiedEvidence, Refusal> {
    let (envelope, signer) = signer_of(Bundle::parse(bundle)?, trust)?;
    match &signer {
        Signer::Key(key) => key.verify(&envelope.signed_bytes(), &envelope.signature),
        Signer::Certificate(path) => path
            .public_key()
            .verify(&envelope.signed_bytes(), &envelope.signature),
        // Checked with the rest of its evidence.
        Signer::Identity { .. } => Ok(()),
    }
    .map_err(Refusal::Signature)?;
    Ok(VerifiedEvidence {
        statement: Statement::parse(&envelope.payload)?,
        envelope,
        signer,
    })
}

/// Signs a statement and returns the bundle.
///
/// # Errors
/// [`SigningError`]: the key does not belong to the certificate, or does not sign.
#[cfg(feature = "sign")]
pub fn sign_evidence(
    statement: &Statement,
    signer: &dyn crate::key::Signer,
    material: &SigningMaterial,
) -> Result<Vec<u8>, SigningError> {
    sign_payload(statement.to_payload(), signer, material)
}

/// The SHA-256 of the first subject as it is written, of any kind of statement.
pub(crate) fn first_subject(payload: &[u8]) -> Result<String, Refusal> {
    #[derive(Deserialize)]
    struct Subjects {
        #[serde(default)]
        subject: Vec<Object<WireSubject>>,
    }
    let read: Subjects = json::read(payload).map_err(Refusal::StatementSyntax)?;
    let first = read
        .subject
        .into_iter()
        .next()
        .ok_or(Refusal::Subjects { found: 0 })?;
    Ok(first.0.digest.0.sha256)
}

/// Signs a payload that was made by [`payload`], or that [`Statement::parse_unverified`] has read, and returns the bundle.
///
/// # Errors
/// [`SigningError`]: the payload is no statement, or as for [`sign_evidence`].
#[cfg(feature = "sign")]
pub fn sign_statement_payload(
    payload: Vec<u8>,
    signer: &dyn crate::key::Signer,
    material: &SigningMaterial,
) -> Result<Vec<u8>, SigningError> {
    Statement::parse(&payload)?;
    sign_payload(payload, signer, material)
}

/// The payload of a statement: compact JSON with a fixed order of members. The predicate is taken as it serialises, so that
/// a document's own text can be signed unchanged.
#[must_use]
pub fn payload(subjects: &[Subject], predicate_type: &str, predicate: &impl Serialize) -> Vec<u8> {
    let subjects = subjects.iter().map(|subject| WireSubject {
        name: subject.name.clone(),
        digest: Object(WireDigest {
            sha256: subject.sha256.hex(),
        }),
    });
    let wire = WireStatement {
        kind: STATEMENT_V1.to_owned(),
        subject: subjects.map(Object).collect(),
        predicate_type: predicate_type.to_owned(),
        predicate,
    };
    // Serialising these types to memory cannot fail: keys are strings, and there is no I/O.
    serde_json::to_vec(&wire).unwrap_or_default()
}

impl Statement {
    /// The payload to sign.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        payload(&self.subjects, &self.predicate_type, &self.predicate)
    }

    /// Whether it is about this model: its *first* subject is, and every file of a folder is among the others.
    #[must_use]
    pub fn is_about(&self, model: &Model) -> bool {
        self.is_first_about(model) && self.names_files_of(model)
    }

    /// Whether its first subject has the digest of this model.
    #[must_use]
    pub fn is_first_about(&self, model: &Model) -> bool {
        self.subjects
            .first()
            .is_some_and(|first| first.sha256 == model.digest)
    }

    /// Whether every file of this model is among its subjects.
    fn names_files_of(&self, model: &Model) -> bool {
        let named: BTreeSet<_> = self.subjects.iter().skip(1).map(|one| one.sha256).collect();
        model.files.is_subset(&named)
    }

    /// Reads a statement that nobody has signed yet, or whose signature somebody else has checked.
    ///
    /// # Errors
    /// [`Refusal`]: too large, no strict JSON, another document, or a subject without SHA-256.
    pub fn parse_unverified(payload: &[u8]) -> Result<Self, Refusal> {
        if payload.len() > Bundle::MAX_BYTES {
            return Err(Refusal::TooLarge {
                limit: Bundle::MAX_BYTES,
            });
        }
        Self::parse(payload)
    }

    fn parse(payload: &[u8]) -> Result<Self, Refusal> {
        let wire: WireStatement<Value> = json::read(payload).map_err(Refusal::StatementSyntax)?;
        if !matches!(wire.kind.as_str(), STATEMENT_V1 | STATEMENT_V0_1) {
            return Err(Refusal::StatementType { found: wire.kind });
        }
        let subjects = wire.subject.into_iter().map(|Object(subject)| {
            let sha256 = Digest::from_hex(Algorithm::Sha256, &subject.digest.0.sha256);
            Ok(Subject {
                name: subject.name,
                sha256: sha256.map_err(|_| Refusal::SubjectDigest)?,
            })
        });
        let subjects = subjects.collect::<Result<Vec<_>, Refusal>>()?;
        if subjects.is_empty() {
            return Err(Refusal::Subjects { found: 0 });
        }
        Ok(Self {
            subjects,
            predicate_type: wire.predicate_type,
            predicate: wire.predicate,
        })
    }
}

#[derive(Deserialize, Serialize)]
struct WireStatement<P> {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Object<WireSubject>>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: P,
}

#[derive(Deserialize, Serialize)]
struct WireSubject {
    #[serde(default)]
    name: String,
    digest: Object<WireDigest>,
}

#[derive(Deserialize, Serialize)]
struct WireDigest {
    sha256: String,
}

#[cfg(feature = "sign")]
#[cfg(test)]
mod tests {
    use weightlock_artifact::reason::Code;

    use super::*;
    use crate::key::{Algorithm as KeyAlgorithm, PrivateKey, SystemRandom};

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyAlgorithm::P256, &mut SystemRandom).unwrap()
    }

    fn statement() -> Statement {
        let sha256 = Algorithm::Sha256.digest(b"model");
        Statement {
            subjects: vec![Subject {
                name: "tiny".to_owned(),
                sha256,
            }],
            predicate_type: "urn:weightlock:test:v1".to_owned(),
            predicate: serde_json::json!({"answer": 42}),
        }
    }

    fn trust(key: &PrivateKey) -> Trust {
        Trust::Key(key.public_key().clone())
    }

    fn refused(bundle: &[u8], trust: &Trust) -> Code {
        verify_evidence(bundle, trust).unwrap_err().code()
    }

    #[test]
    fn what_is_signed_is_read_back() {
        let key = key();
        let bundle = sign_evidence(&statement(), &key, &SigningMaterial::Key).unwrap();
        let read = verify_evidence(&bundle, &trust(&key)).unwrap();
        assert_eq!(*read.statement(), statement());
        assert!(read.is_about(&Model::file(Algorithm::Sha256.digest(b"model"))));
        assert!(!read.is_about(&Model::file(Algorithm::Sha256.digest(b"other"))));
    }

    #[test]
    fn another_signer_and_another_payload_are_refused() {
        let (key, other) = { (key(), key()) };
        let bundle = sign_evidence(&statement(), &key, &SigningMaterial::Key).unwrap();
        assert_eq!(refused(&bundle, &trust(&other)), crate::reason::KEY_MISMATCH);
        let mut changed = statement();
        changed.predicate = serde_json::json!({"answer": 43});
        let changed = sign_evidence(&changed, &other, &SigningMaterial::Key).unwrap();
        assert_eq!(refused(&changed, &trust(&key)), crate::reason::KEY_MISMATCH);
    }

    #[test]
    fn evidence_about_nothing_is_refused() {
        let key = key();
        let nothing = Statement {
            subjects: Vec::new(),
            ..statement()
        };
        let bundle = sign_evidence(&nothing, &key, &SigningMaterial::Key).unwrap();
        assert_eq!(refused(&bundle, &trust(&key)), crate::reason::SUBJECT);
    }
}
