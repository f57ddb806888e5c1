//! From what a file says about a blob to who signed it.

use std::sync::Arc;

use weightlock_artifact::digest::{Algorithm, Digest};

use super::{Blob, BlobRefusal, Needs, algorithm_of, evidence};
use crate::{
    bundle::{Bundle, Content, Material, MessageDigest},
    certificate::{Certificate, Profile, UnixTime, validate},
    cosign::{
        bundle::{self as old, LogEntry, OldBundle},
        detached::Vouched,
    },
    envelope::Envelope,
    key::{Algorithm as KeyAlgorithm, PublicKey, SignatureError},
    sigstore::{Artifact, SigstoreRefusal, TrustRoot, Whom},
    verifier::{IdentityTrust, Signer},
};

/// From which kind of file a signature was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// A Sigstore bundle.
    Bundle,
    /// cosign's old bundle.
    OldBundle,
    /// A signature by itself, or an envelope by itself.
    Detached,
}

/// What a signature covers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Signed {
    /// The blob's bytes.
    Message {
        /// The signature.
        signature: Vec<u8>,
        /// The digest that the bundle says it covers. Only bundles say so; [`Form::Bundle`] must.
        digest: Option<Digest>,
    },
    /// A statement.
    Envelope(Envelope),
}

/// A signature with all that came along with it, whatever files that was. Nothing in it has been checked.
#[derive(Clone, Debug)]
pub struct BlobSignature {
    /// From which kind of file.
    pub form: Form,
    /// What is signed.
    pub signed: Signed,
    /// A fingerprint of the key, if the bundle has one.
    pub hint: Option<String>,
    /// The signer's certificates or key, if they came along.
    pub vouched: Option<Vouched>,
    /// What a log said, in an old bundle.
    pub log_entry: Option<LogEntry>,
    /// What a clock said, in a file of its own: a DER `TimeStampResp`.
    pub timestamp: Option<Vec<u8>>,
    /// The bundle as it was read, where logs, clocks or identities have a part in it.
    pub(super) logged: Option<Bundle>,
}

impl BlobSignature {
    /// A signature, or an envelope, by itself.
    #[must_use]
    pub const fn alone(form: Form, signed: Signed) -> Self {
        Self {
            form,
            signed,
            hint: None,
            vouched: None,
            log_entry: None,
            timestamp: None,
            logged: None,
        }
    }

    /// A signature over the blob that is a file by itself.
    #[must_use]
    pub const fn detached(signature: Vec<u8>) -> Self {
        Self::alone(
            Form::Detached,
            Signed::Message {
                signature,
                digest: None,
            },
        )
    }

    /// An envelope that is a file by itself.
    #[must_use]
    pub const fn envelope(envelope: Envelope) -> Self {
        Self::alone(Form::Detached, Signed::Envelope(envelope))
    }

    /// The key in the signer's certificate, or the one that came along. Nobody has vouched for it yet.
    #[must_use]
    pub fn leaf_key(&self) -> Option<PublicKey> {
        match self.vouched.as_ref()? {
            Vouched::Key(key) => Some(key.clone()),
            Vouched::Certificates(chain) => chain.first()?.public_key().ok(),
        }
    }

    /// With the certificates that were given beside it. Some may have come along already: then the first must be the
    /// same, and a key in its place must be the certificate's.
    ///
    /// # Errors
    /// [`BlobRefusal::WhichCertificate`] when they are not.
    pub fn with_certificates(mut self, given: Vec<Certificate>) -> Result<Self, BlobRefusal> {
        let other = BlobRefusal::WhichCertificate(
            "the given certificate is not the one that came with the signature",
        );
        let Some(leaf) = given.first() else {
            return Err(BlobRefusal::WhichCertificate("no certificate was given"));
        };
        match &self.vouched {
            Some(Vouched::Certificates(own)) if own.first() != Some(leaf) => return Err(other),
            Some(Vouched::Key(key)) if leaf.public_key().ok().as_ref() != Some(key) => return Err(other),
            // What a bundle brings is judged as it stands; the same certificate given again changes nothing.
            Some(_) if self.logged.is_some() => return Ok(self),
            _ => {}
        }
        self.vouched = Some(Vouched::Certificates(given));
        Ok(self)
    }

    /// With the timestamp that was given beside it.
    ///
    /// # Errors
    /// [`BlobRefusal::Timestamps`] for a bundle, which has a place of its own for timestamps.
    pub fn with_timestamp(mut self, response: Vec<u8>) -> Result<Self, BlobRefusal> {
        if self.form == Form::Bundle {
            return Err(BlobRefusal::Timestamps);
        }
        self.timestamp = Some(response);
        Ok(self)
    }

    /// What logs and clocks say, as a bundle.
    pub(super) fn evidence(&self, digest: Option<&Digest>) -> Result<Bundle, BlobRefusal> {
        match &self.logged {
            Some(bundle) => Ok(bundle.clone()),
            None => evidence::bundle(self, digest),
        }
    }
}

impl From<OldBundle> for BlobSignature {
    fn from(bundle: OldBundle) -> Self {
        let signed = match bundle.content {
            old::Content::Message(signature) => Signed::Message {
                signature,
                digest: None,
            },
            old::Content::Envelope(envelope) => Signed::Envelope(envelope),
        };
        Self {
            vouched: bundle.vouched,
            log_entry: bundle.log_entry,
            ..Self::alone(Form::OldBundle, signed)
        }
    }
}

impl TryFrom<Bundle> for BlobSignature {
    type Error = BlobRefusal;

    fn try_from(bundle: Bundle) -> Result<Self, BlobRefusal> {
        let (hint, vouched) = match &bundle.material {
            Material::PublicKey { hint } => (hint.clone(), None),
            Material::Certificates(chain) | Material::Sigstore(chain) => {
                let chain: Result<Vec<_>, _> = chain.iter().map(|der| Certificate::from_der(der)).collect();
                (None, Some(Vouched::Certificates(chain?)))
            }
        };
        let signed = match &bundle.content {
            Content::Envelope(envelope) => Signed::Envelope(envelope.clone()),
            Content::Message(message) => Signed::Message {
                signature: message.signature.clone(),
                digest: message.digest.as_ref().map(digest_of).transpose()?,
            },
        };
        Ok(Self {
            hint,
            vouched,
            logged: bundle.is_logged().then_some(bundle),
            ..Self::alone(Form::Bundle, signed)
        })
    }
}

/// Protobuf's names of the hashes that signatures are made over (`HashAlgorithm`).
const HASHES: [(&str, Algorithm); 3] = [
    ("SHA2_256", Algorithm::Sha256),
    ("SHA2_384", Algorithm::Sha384),
    ("SHA2_512", Algorithm::Sha512),
];

fn digest_of(message: &MessageDigest) -> Result<Digest, BlobRefusal> {
    let unusable = || BlobRefusal::NamedDigest {
        named: message.algorithm.clone(),
    };
    let known = HASHES.iter().find(|(name, _)| *name == message.algorithm);
    let (_, algorithm) = known.ok_or_else(unusable)?;
    Digest::new(*algorithm, &message.bytes).map_err(|_| unusable())
}

/// A digest as a bundle names it.
#[cfg(feature = "sign")]
pub(super) fn named_digest(digest: &Digest) -> MessageDigest {
    let name = HASHES
        .iter()
        .find(|(_, algorithm)| *algorithm == digest.algorithm())
        .map_or(HASHES[0].0, |(name, _)| name);
    MessageDigest {
        algorithm: name.to_owned(),
        bytes: digest.as_bytes().to_vec(),
    }
}

/// Whose signature counts. There is no variant for "anybody".
#[derive(Clone, Debug)]
pub enum Trust {
    /// The holder of this key, of any kind.
    Key(PublicKey),
    /// The holder of this key, if a log or a clock of this root says when it was used.
    LoggedKey {
        /// The key.
        key: PublicKey,
        /// Logs and clocks that are believed.
        root: Arc<TrustRoot>,
        /// A clock (RFC 3161) must have said when; what a log says of the time is not enough.
        timestamp: bool,
    },
    /// Whoever has a certificate that leads to one of these roots, and that is for this name if one is given.
    Roots {
        /// Self-signed roots, and intermediates that may help to build a path. Only the roots are trusted.
        certificates: Vec<Certificate>,
        /// When every certificate must be valid.
        at: UnixTime,
        /// How strictly the signer's purposes are read.
        profile: Profile,
        /// The e-mail address, URI or host name that the certificate must be for, exactly.
        name: Option<String>,
    },
    /// Whoever could show this identity to an authority of this root, when they signed.
    Identity {
        /// Whose signature counts, and who is believed about it.
        trust: IdentityTrust,
        /// A clock (RFC 3161) must have said when; what a log says of the time is not enough.
        timestamp: bool,
    },
}

impl Trust {
    /// What has to be known of the blob to check this signature.
    #[must_use]
    pub fn needs(&self, signature: &BlobSignature) -> Needs {
        match self {
            Self::Key(key) | Self::LoggedKey { key, .. } => Needs::of_key(key),
            Self::Roots { .. } => signature
                .leaf_key()
                .map_or_else(Needs::name, |key| Needs::of_key(&key)),
            // Sigstore's certificates are for P-256; other keys sign what a SHA-256 does not tell.
            Self::Identity { .. } => match signature.leaf_key() {
                Some(key) if key.algorithm() != KeyAlgorithm::P256 => Needs::name().and_bytes(),
                _ => Needs::name(),
            },
        }
    }
}

/// A blob whose signature was checked. Only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedBlob {
    signer: Signer,
}

impl VerifiedBlob {
    /// Who signed it.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }
}

/// Checks who signed a blob.
///
/// 1. The file holds a signature, not an attestation.
/// 2. Its signer is the one the caller trusts: a hint names the caller's key; a certificate has a valid path to one of
///    the caller's roots, may sign, and is for the name that was asked for.
/// 3. A digest that the bundle names is the blob's, and goes with the key.
/// 4. The signature verifies over the blob.
///
/// For identities [`TrustRoot::verify`] takes the place of 2 to 4; for a key that must be logged it comes on top.
///
/// # Errors
/// [`BlobRefusal`] names the first rule that is broken.
pub fn verify(blob: &Blob, signature: &BlobSignature, trust: &Trust) -> Result<VerifiedBlob, BlobRefusal> {
    let Signed::Message {
        signature: bytes,
        digest,
    } = &signature.signed
    else {
        return Err(BlobRefusal::Content {
            found: "an attestation",
            wanted: "a signature",
        });
    };
    if let Trust::Identity { trust, timestamp } = trust {
        let sha256 = blob.sha256().ok_or(BlobRefusal::NotRead(KeyAlgorithm::P256))?;
        let artifact = match blob.bytes() {
            Some(bytes) => Artifact::Bytes(bytes),
            None => Artifact::Sha256(*sha256),
        };
        let bundle = signature.evidence(Some(sha256))?;
        let signer = identified(&bundle, artifact, trust, *timestamp)?;
        return Ok(VerifiedBlob { signer });
    }
    let signer = signer_of(signature, trust)?;
    let key = match &signer {
        Signer::Key(key) => key,
        Signer::Certificate(path) => path.public_key(),
        Signer::Identity { .. } => return Err(NEEDS_IDENTITY),
    };
    let covered = covered(blob, key, signature.form, digest.as_ref())?;
    check(blob, key, &covered, bytes).map_err(BlobRefusal::Signature)?;
    if let Trust::LoggedKey { key, root, timestamp } = trust {
        let sha256 = blob.sha256().ok_or(BlobRefusal::NotRead(key.algorithm()))?;
        let artifact = match blob.bytes() {
            Some(bytes) => Artifact::Bytes(bytes),
            None => Artifact::Sha256(*sha256),
        };
        logged(signature, key, (root, *timestamp), artifact)?;
    }
    Ok(VerifiedBlob { signer })
}

/// What a signature of an identity is refused with where something else is trusted.
pub(super) const NEEDS_IDENTITY: BlobRefusal = BlobRefusal::Method {
    found: "a Sigstore identity",
    wanted: "a key or a certificate chain",
};

/// Everything about an identity's signature, by the root's rules.
pub(super) fn identified(
    bundle: &Bundle,
    artifact: Artifact<'_>,
    trust: &IdentityTrust,
    timestamp: bool,
) -> Result<Signer, BlobRefusal> {
    let method = |found| BlobRefusal::Method {
        found,
        wanted: "an identity",
    };
    match bundle.material {
        Material::Sigstore(_) => {}
        Material::PublicKey { .. } => return Err(method("a key")),
        Material::Certificates(_) => return Err(method("a certificate that no log and no clock speaks for")),
    }
    let proven = trust
        .root
        .verify(bundle, artifact, Whom::Identity(&trust.required))?;
    if timestamp && !evidence::has_timestamp(bundle) {
        return Err(BlobRefusal::NoTimestamp);
    }
    match proven.identity().cloned() {
        Some(identity) => Ok(Signer::Identity { identity, proven }),
        None => Err(method("a key")),
    }
}

/// What a log and a clock say of a key's signature; one of them must say something, also for a root without logs.
pub(super) fn logged(
    signature: &BlobSignature,
    key: &PublicKey,
    (root, timestamp): (&TrustRoot, bool),
    artifact: Artifact<'_>,
) -> Result<(), BlobRefusal> {
    let bundle = signature
        .logged
        .as_ref()
        .ok_or(BlobRefusal::Sigstore(SigstoreRefusal::NoLogEntry))?;
    let proven = root.verify(bundle, artifact, Whom::Key(key))?;
    if !proven.logged() && proven.times().is_empty() {
        return Err(BlobRefusal::Sigstore(SigstoreRefusal::NoLogEntry));
    }
    if timestamp && !evidence::has_timestamp(bundle) {
        return Err(BlobRefusal::NoTimestamp);
    }
    Ok(())
}

/// Who signed, if it is one whose signature counts. The signature itself is not checked.
pub(super) fn signer_of(signature: &BlobSignature, trust: &Trust) -> Result<Signer, BlobRefusal> {
    match trust {
        Trust::Key(key) | Trust::LoggedKey { key, .. } => {
            check_key(signature, key)?;
            Ok(Signer::Key(key.clone()))
        }
        Trust::Roots {
            certificates,
            at,
            profile,
            name,
        } => {
            let Some(Vouched::Certificates(chain)) = &signature.vouched else {
                return Err(BlobRefusal::Method {
                    found: "a key",
                    wanted: "a certificate chain",
                });
            };
            let Some((leaf, candidates)) = chain.split_first() else {
                return Err(BlobRefusal::WhichCertificate(
                    "no certificate came with the signature",
                ));
            };
            let path = validate(leaf, candidates, certificates, *at, *profile)?;
            if let Some(wanted) = name {
                check_name(leaf, wanted)?;
            }
            Ok(Signer::Certificate(path))
        }
        Trust::Identity { .. } => Err(NEEDS_IDENTITY),
    }
}

/// A key decides alone. What came along may only agree: a hint, the key itself, or a certificate of the same key.
fn check_key(signature: &BlobSignature, key: &PublicKey) -> Result<(), BlobRefusal> {
    let mismatch = |found: String| {
        Err(BlobRefusal::KeyMismatch {
            found,
            expected: key.hint_der(),
        })
    };
    if let Some(hint) = &signature.hint
        && *hint != key.hint_der()
        && *hint != key.hint_pem()
    {
        return mismatch(hint.clone());
    }
    let came = match &signature.vouched {
        None => return Ok(()),
        Some(Vouched::Key(came)) => Some(came.clone()),
        Some(Vouched::Certificates(chain)) => chain.first().and_then(|leaf| leaf.public_key().ok()),
    };
    match came {
        Some(came) if came == *key => Ok(()),
        Some(came) => mismatch(came.hint_der()),
        None => mismatch("a key of another kind".to_owned()),
    }
}

fn check_name(leaf: &Certificate, wanted: &str) -> Result<(), BlobRefusal> {
    if leaf.alternative_names().any(|name| name == wanted) {
        return Ok(());
    }
    Err(BlobRefusal::Name {
        found: leaf.alternative_names().map(str::to_owned).collect(),
        wanted: wanted.to_owned(),
    })
}

/// The hashes that the signature may have been made over, in the order they are tried.
fn covered(
    blob: &Blob,
    key: &PublicKey,
    form: Form,
    claimed: Option<&Digest>,
) -> Result<Vec<Algorithm>, BlobRefusal> {
    let own = algorithm_of(key.algorithm().hash());
    let Some(claimed) = claimed else {
        return match form {
            // cosign refuses such a bundle as well.
            Form::Bundle => Err(BlobRefusal::Algorithm {
                named: None,
                key: key.algorithm(),
            }),
            Form::OldBundle | Form::Detached if own == Algorithm::Sha256 => Ok(vec![own]),
            Form::OldBundle | Form::Detached => Ok(vec![own, Algorithm::Sha256]),
        };
    };
    let algorithm = claimed.algorithm();
    if algorithm != own && algorithm != Algorithm::Sha256 {
        return Err(BlobRefusal::Algorithm {
            named: Some(algorithm.name().to_owned()),
            key: key.algorithm(),
        });
    }
    // An Ed25519 signature covers the bytes; the digest beside it is still held against them.
    let found = blob
        .digest(algorithm)
        .ok_or(BlobRefusal::NotRead(key.algorithm()))?;
    if found != claimed {
        return Err(BlobRefusal::Digest {
            claimed: *claimed,
            found: *found,
        });
    }
    Ok(vec![algorithm])
}

fn check(blob: &Blob, key: &PublicKey, hashes: &[Algorithm], signature: &[u8]) -> Result<(), SignatureError> {
    if key.algorithm() == KeyAlgorithm::Ed25519 {
        let bytes = blob.bytes().ok_or(SignatureError::Mismatch)?;
        return key.verify(bytes, signature);
    }
    let mut first = None;
    for digest in hashes.iter().filter_map(|algorithm| blob.digest(*algorithm)) {
        match key.verify_digest(digest.as_bytes(), signature) {
            Ok(()) => return Ok(()),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or(SignatureError::Mismatch))
}
