//! From a blob or a statement to a signature.

use weightlock_artifact::{digest::Digest, reason::Code};

use super::{Blob, BlobSignature, Form, Signed, algorithm_of, reason, verify::named_digest};
use crate::{
    bundle::{Bundle, Content, Material, MessageSignature},
    certificate::Certificate,
    cosign::{
        bundle::{self as old, OldBundle},
        detached::{self, Vouched},
        envelope,
    },
    envelope::{Envelope, IN_TOTO, pre_authentication_encoding},
    key::{Algorithm as KeyAlgorithm, PublicKey, SignError, Signer},
    oms::SigningMaterial,
    refusal::Refusal,
};

/// Why a blob was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningFailure {
    /// The key did not sign.
    #[error("the key did not sign")]
    Key(#[from] SignError),
    /// The certificate is for another key.
    #[error("the certificate belongs to another key than the one that signs")]
    CertificateKey,
    /// The blob is what a statement's signature covers.
    #[error("the file holds an encoded statement: a signature over the file would be one over the statement")]
    Encoding,
    /// The blob was not read in the way that this key needs. Not reachable with [`super::Needs::of_key`].
    #[error("the blob was not read as signatures by {0} need it")]
    NotRead(KeyAlgorithm),
}

impl SigningFailure {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Key(error) => error.code(),
            Self::CertificateKey => crate::reason::CERTIFICATE_KEY,
            Self::Encoding => reason::CONTENT,
            Self::NotRead(_) => reason::ALGORITHM,
        }
    }
}

/// A signature that was just made, to be written in one form or several.
#[derive(Clone, Debug)]
pub struct SignedBlob {
    signed: Signed,
    key: PublicKey,
    chain: Vec<Certificate>,
}

/// Signs a blob.
///
/// # Errors
/// [`SigningFailure`]: the key does not belong to the certificate, or does not sign; or the blob is an encoded statement.
pub fn sign(
    blob: &Blob,
    signer: &dyn Signer,
    material: &SigningMaterial,
) -> Result<SignedBlob, SigningFailure> {
    blob.check_signable()?;
    let chain = chain_of(signer, material)?;
    let algorithm = signer.public_key().algorithm();
    let digest = blob.digest(algorithm_of(algorithm.hash()));
    let (signature, named) = match (algorithm, digest) {
        (KeyAlgorithm::Ed25519, _) => {
            let bytes = blob.bytes().ok_or(SigningFailure::NotRead(algorithm))?;
            (signer.sign(bytes)?, blob.sha256())
        }
        (_, Some(digest)) => (digest_signature(blob, digest, signer)?, Some(digest)),
        (_, None) => return Err(SigningFailure::NotRead(algorithm)),
    };
    Ok(SignedBlob {
        signed: Signed::Message {
            signature,
            digest: named.copied(),
        },
        key: signer.public_key().clone(),
        chain,
    })
}

/// Signs the payload of an in-toto statement, whatever it claims.
///
/// # Errors
/// [`SigningFailure`], as for [`sign`].
pub fn sign_statement(
    payload: Vec<u8>,
    signer: &dyn Signer,
    material: &SigningMaterial,
) -> Result<SignedBlob, SigningFailure> {
    let chain = chain_of(signer, material)?;
    let signature = signer.sign(&pre_authentication_encoding(IN_TOTO, &payload))?;
    Ok(SignedBlob {
        signed: Signed::Envelope(Envelope {
            payload_type: IN_TOTO.to_owned(),
            payload,
            signature,
        }),
        key: signer.public_key().clone(),
        chain,
    })
}

/// By its digest; or by its bytes, for a key that takes no digests, if they are held.
fn digest_signature(blob: &Blob, digest: &Digest, signer: &dyn Signer) -> Result<Vec<u8>, SignError> {
    match (signer.sign_digest(digest.as_bytes()), blob.bytes()) {
        (Err(SignError::NeedsMessage), Some(bytes)) => signer.sign(bytes),
        (answer, _) => answer,
    }
}

fn chain_of(signer: &dyn Signer, material: &SigningMaterial) -> Result<Vec<Certificate>, SigningFailure> {
    let SigningMaterial::Certificates(chain) = material else {
        return Ok(Vec::new());
    };
    let own = chain.first().and_then(|leaf| leaf.public_key().ok());
    if own.as_ref() == Some(signer.public_key()) {
        Ok(chain.clone())
    } else {
        Err(SigningFailure::CertificateKey)
    }
}

impl SignedBlob {
    /// What is signed, and the signature.
    #[must_use]
    pub const fn signed(&self) -> &Signed {
        &self.signed
    }

    /// A Sigstore bundle v0.3. The chain goes with it, without its root: that one is the verifier's to know.
    ///
    /// # Errors
    /// [`Refusal`] when this content has no bundle.
    pub fn to_bundle(&self) -> Result<Vec<u8>, Refusal> {
        let content = match &self.signed {
            Signed::Envelope(envelope) => Content::Envelope(envelope.clone()),
            Signed::Message { signature, digest } => Content::Message(MessageSignature {
                digest: digest.as_ref().map(named_digest),
                signature: signature.clone(),
            }),
        };
        let material = match self.chain.split_first() {
            None => Material::PublicKey {
                hint: Some(self.key.hint_der()),
            },
            Some((leaf, above)) => {
                let above = above.iter().filter(|one| one.subject() != one.issuer());
                let chain = std::iter::once(leaf).chain(above);
                Material::Certificates(chain.map(|one| one.as_der().to_vec()).collect())
            }
        };
        Bundle::new(material, content).to_json()
    }

    /// cosign's old bundle. A certificate goes with it; the chain above it has no place there.
    #[must_use]
    pub fn to_old_bundle(&self) -> Vec<u8> {
        let content = match &self.signed {
            Signed::Message { signature, .. } => old::Content::Message(signature.clone()),
            Signed::Envelope(envelope) => old::Content::Envelope(envelope.clone()),
        };
        let bundle = OldBundle {
            content,
            vouched: self.vouched(),
            log_entry: None,
        };
        bundle.to_json()
    }

    /// The signature by itself, as `--output-signature` writes it: base64, or for a statement the envelope.
    #[must_use]
    pub fn to_signature_file(&self) -> Vec<u8> {
        match &self.signed {
            Signed::Message { signature, .. } => detached::write_signature(signature).into_bytes(),
            Signed::Envelope(signed) => envelope::write(signed),
        }
    }

    /// The certificate by itself, as `--output-certificate` writes it, if there is one.
    #[must_use]
    pub fn to_certificate_file(&self) -> Option<Vec<u8>> {
        let leaf = self.chain.first()?;
        Some(detached::write_certificate(leaf).into_bytes())
    }

    /// The key that signed.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    fn vouched(&self) -> Option<Vouched> {
        (!self.chain.is_empty()).then(|| Vouched::Certificates(self.chain.clone()))
    }

    /// As it will be read back, for checking one's own work.
    #[must_use]
    pub fn as_signature(&self) -> BlobSignature {
        BlobSignature {
            vouched: self.vouched(),
            ..BlobSignature::alone(Form::Bundle, self.signed.clone())
        }
    }
}
