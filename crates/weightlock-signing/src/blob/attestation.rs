//! Statements about blobs: in-toto v0.1 and v1 (`attest-blob`, `verify-blob-attestation`).
//!
//! cosign writes v0.1 to this day and reads both; the two differ in nothing but `_type` for what is read here. A
//! statement may name several subjects, each by several digests; it is about a blob when one of them is the blob's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weightlock_artifact::digest::{Algorithm, Digest};

use super::{
    BlobRefusal,
    verify::{BlobSignature, NEEDS_IDENTITY, Signed, Trust, identified, logged, signer_of},
};
use crate::{
    envelope::{Envelope, IN_TOTO},
    json::{self, JsonError, Object},
    key::{Hash, PublicKey, SignatureError},
    sigstore::Artifact,
    verifier::Signer,
};

const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
const STATEMENT_V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// Subjects that a refusal names.
const MOST_NAMED: usize = 3;

/// A claim about blobs. Whether anybody signed it is another type: [`VerifiedAttestation`].
#[derive(Clone, PartialEq, Debug)]
pub struct Attestation {
    /// What it is about; at least one.
    pub subjects: Vec<AttestedSubject>,
    /// The kind of claim, a URI.
    pub predicate_type: String,
    /// The claim.
    pub predicate: Value,
}

/// One thing that a statement is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AttestedSubject {
    /// What the signer called it. From a stranger; nothing is decided by it.
    pub name: String,
    /// Its digests by algorithm, in hexadecimal digits as written.
    pub digests: BTreeMap<String, String>,
}

impl AttestedSubject {
    /// Whether it is the thing with this digest.
    #[must_use]
    pub fn is(&self, digest: &Digest) -> bool {
        let named = self.digests.get(digest.algorithm().name());
        named.is_some_and(|hex| Digest::from_hex(digest.algorithm(), hex).is_ok_and(|named| named == *digest))
    }
}

impl Attestation {
    /// Reads a statement. **Nobody's signature is checked.**
    ///
    /// # Errors
    /// [`BlobRefusal`] names the first rule broken.
    pub fn parse_unverified(payload: &[u8]) -> Result<Self, BlobRefusal> {
        let wire: WireStatement = json::read(payload).map_err(BlobRefusal::StatementSyntax)?;
        if wire.kind != STATEMENT_V1 && wire.kind != STATEMENT_V0_1 {
            return Err(BlobRefusal::StatementType { found: wire.kind });
        }
        let subjects = wire.subject.into_iter().map(|Object(subject)| AttestedSubject {
            name: subject.name,
            digests: subject.digest,
        });
        let subjects: Vec<_> = subjects.collect();
        if subjects.is_empty() {
            return Err(BlobRefusal::NoSubject);
        }
        Ok(Self {
            subjects,
            predicate_type: wire.predicate_type,
            predicate: wire.predicate,
        })
    }
}

/// A statement about a blob whose signature was checked. Only [`verify_attestation`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedAttestation {
    attestation: Attestation,
    signer: Signer,
    about: Option<Digest>,
}

impl VerifiedAttestation {
    /// What is claimed.
    #[must_use]
    pub const fn attestation(&self) -> &Attestation {
        &self.attestation
    }

    /// Who claims it.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The blob that it was found to be about; none when that was not asked.
    #[must_use]
    pub const fn about(&self) -> Option<&Digest> {
        self.about.as_ref()
    }
}

/// What a statement must say.
#[derive(Clone, Debug)]
pub struct Checks {
    /// The kind of claim, a URI.
    pub predicate_type: String,
    /// A digest that one of its subjects must have. `None` asks for nobody's blob: the statement is then true of
    /// *something*, and says nothing about the file at hand.
    pub subject: Option<Digest>,
}

/// Checks who signed a statement, and that it is about the blob.
///
/// 1. The file holds an attestation, not a signature over the blob.
/// 2. The payload is of the type of in-toto statements.
/// 3. Its signer is the one the caller trusts, as for [`super::verify`], and the signature covers it.
/// 4. It makes the kind of claim that was asked for, and one of its subjects is the blob.
///
/// # Errors
/// [`BlobRefusal`] names the first rule that is broken.
pub fn verify_attestation(
    signature: &BlobSignature,
    trust: &Trust,
    checks: &Checks,
) -> Result<VerifiedAttestation, BlobRefusal> {
    let Signed::Envelope(envelope) = &signature.signed else {
        return Err(BlobRefusal::Content {
            found: "a signature",
            wanted: "an attestation",
        });
    };
    if envelope.payload_type != IN_TOTO {
        return Err(BlobRefusal::PayloadType {
            found: envelope.payload_type.clone(),
        });
    }
    let signer = signer(signature, envelope, trust)?;
    let attestation = Attestation::parse_unverified(&envelope.payload)?;
    checks.hold(&attestation)?;
    Ok(VerifiedAttestation {
        attestation,
        signer,
        about: checks.subject,
    })
}

/// Who signed the statement.
fn signer(signature: &BlobSignature, envelope: &Envelope, trust: &Trust) -> Result<Signer, BlobRefusal> {
    if let Trust::Identity { trust, timestamp } = trust {
        let bundle = signature.evidence(None)?;
        return identified(&bundle, Artifact::Sha256(of_itself(envelope)?), trust, *timestamp);
    }
    let signer = signer_of(signature, trust)?;
    let key = match &signer {
        Signer::Key(key) => key,
        Signer::Certificate(path) => path.public_key(),
        Signer::Identity { .. } => return Err(NEEDS_IDENTITY),
    };
    check_signature(envelope, key).map_err(BlobRefusal::Signature)?;
    if let Trust::LoggedKey { key, root, timestamp } = trust {
        logged(
            signature,
            key,
            (root, *timestamp),
            Artifact::Sha256(of_itself(envelope)?),
        )?;
    }
    Ok(signer)
}

/// The first SHA-256 among its subjects: a statement is held against itself here, and against the blob by [`Checks`].
fn of_itself(envelope: &Envelope) -> Result<Digest, BlobRefusal> {
    let claimed = Attestation::parse_unverified(&envelope.payload)?;
    let mut digests = claimed
        .subjects
        .iter()
        .filter_map(|subject| subject.digests.get(Algorithm::Sha256.name()));
    let first = digests.find_map(|hex| Digest::from_hex(Algorithm::Sha256, hex).ok());
    first.ok_or(BlobRefusal::NoSubject)
}

impl Checks {
    /// Asks for this kind of claim about the blob with this digest.
    #[must_use]
    pub fn about(predicate_type: impl Into<String>, subject: Digest) -> Self {
        Self {
            predicate_type: predicate_type.into(),
            subject: Some(subject),
        }
    }

    /// What the statement says, once it is known who says it.
    fn hold(&self, attestation: &Attestation) -> Result<(), BlobRefusal> {
        if attestation.predicate_type != self.predicate_type {
            return Err(BlobRefusal::PredicateType {
                found: attestation.predicate_type.clone(),
                wanted: self.predicate_type.clone(),
            });
        }
        match &self.subject {
            Some(digest) if !attestation.subjects.iter().any(|subject| subject.is(digest)) => {
                let claimed = attestation.subjects.iter().take(MOST_NAMED).map(|subject| {
                    let named = subject.digests.get(digest.algorithm().name());
                    format!(
                        "{} {}",
                        subject.name,
                        named.map_or("without such a digest", String::as_str)
                    )
                });
                Err(BlobRefusal::Subject {
                    found: *digest,
                    claimed: claimed.collect(),
                })
            }
            _ => Ok(()),
        }
    }
}

/// With the hash of the key's curve, or with SHA-256: see the module on which hash.
fn check_signature(envelope: &Envelope, key: &PublicKey) -> Result<(), SignatureError> {
    let covered = envelope.signed_bytes();
    key.verify(&covered, &envelope.signature).or_else(|error| {
        key.dangerous_verify_with_hash(Hash::Sha256, &covered, &envelope.signature)
            .map_err(|_| error)
    })
}

/// A statement (in-toto v1) about one blob, to be signed: compact JSON with a fixed order of members.
#[must_use]
pub fn statement(name: &str, digest: &Digest, predicate_type: &str, predicate: Value) -> Vec<u8> {
    let digests = BTreeMap::from([(digest.algorithm().name().to_owned(), digest.hex())]);
    let wire = WireStatement {
        kind: STATEMENT_V1.to_owned(),
        subject: vec![Object(WireSubject {
            name: name.to_owned(),
            digest: digests,
        })],
        predicate_type: predicate_type.to_owned(),
        predicate,
    };
    // Strings and JSON values: writing them to memory cannot fail.
    serde_json::to_vec(&wire).unwrap_or_default()
}

/// Reads a predicate that somebody wrote: any one JSON value that every reader reads alike.
///
/// # Errors
/// [`JsonError`] for a repeated key, and for what is no JSON.
pub fn predicate(text: &[u8]) -> Result<Value, JsonError> {
    json::refuse_repeated_keys(text)?;
    Ok(serde_json::from_slice(text)?)
}

/// The predicate of cosign's type `custom`: any text, with the time it was written down (RFC 3339).
#[must_use]
pub fn custom_predicate(text: &str, time: &str) -> Value {
    json!({ "Data": text, "Timestamp": time })
}

#[derive(Deserialize, Serialize)]
struct WireStatement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Object<WireSubject>>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Value,
}

#[derive(Deserialize, Serialize)]
struct WireSubject {
    #[serde(default)]
    name: String,
    digest: BTreeMap<String, String>,
}
