//! From what a file says about a blob to who signed it.

use weightlock_artifact::digest::{Algorithm, Digest};

use super::{Blob, BlobRefusal, algorithm_of};
use crate::{
    bundle::{Bundle, Material},
    certificate::{Certificate, Profile, UnixTime, validate},
    cosign::{
        bundle::{self as old, OldBundle},
        detached::Vouched,
    },
    envelope::Envelope,
    key::{Algorithm as KeyAlgorithm, PublicKey, SignatureError},
    refusal::Refusal,
    verifier::Signer,
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
}

impl BlobSignature {
    /// A signature by itself.
    #[must_use]
    pub const fn detached(signature: Vec<u8>) -> Self {
        Self {
            form: Form::Detached,
            signed: Signed::Message {
                signature,
                digest: None,
            },
            hint: None,
            vouched: None,
        }
    }

    /// An envelope by itself.
    #[must_use]
    pub const fn envelope(envelope: Envelope) -> Self {
        Self {
            form: Form::Detached,
            signed: Signed::Envelope(envelope),
            hint: None,
            vouched: None,
        }
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
            _ => {}
        }
        self.vouched = Some(Vouched::Certificates(given));
        Ok(self)
    }
}

impl From<OldBundle> for BlobSignature {
    fn from(bundle: OldBundle) -> Self {
        Self {
            form: Form::OldBundle,
            signed: match bundle.content {
                old::Content::Message(signature) => Signed::Message {
                    signature,
                    digest: None,
                },
                old::Content::Envelope(envelope) => Signed::Envelope(envelope),
            },
            hint: None,
            vouched: bundle.vouched,
        }
    }
}

impl TryFrom<Bundle> for BlobSignature {
    type Error = BlobRefusal;

    fn try_from(bundle: Bundle) -> Result<Self, BlobRefusal> {
        let (hint, vouched) = match bundle.material {
            Material::PublicKey { hint } => (hint, None),
            Material::Certificates(chain) => {
                let chain: Result<Vec<_>, _> = chain.iter().map(|der| Certificate::from_der(der)).collect();
                (None, Some(Vouched::Certificates(chain?)))
            }
            Material::Sigstore => return Err(Refusal::NeedsIdentity.into()),
        };
        Ok(Self {
            form: Form::Bundle,
            signed: Signed::Envelope(bundle.envelope),
            hint,
            vouched,
        })
    }
}

/// Whose signature counts. There is no variant for "anybody".
#[derive(Clone, Debug)]
pub enum Trust {
    /// The holder of this key, of any kind.
    Key(PublicKey),
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
    let signer = signer_of(signature, trust)?;
    let key = signer.public_key();
    let covered = covered(blob, key, signature.form, digest.as_ref())?;
    check(blob, key, &covered, bytes).map_err(BlobRefusal::Signature)?;
    Ok(VerifiedBlob { signer })
}

/// Who signed, if it is one whose signature counts. The signature itself is not checked.
pub(super) fn signer_of(signature: &BlobSignature, trust: &Trust) -> Result<Signer, BlobRefusal> {
    match trust {
        Trust::Key(key) => {
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
