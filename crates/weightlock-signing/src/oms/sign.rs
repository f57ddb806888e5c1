//! From a statement to a signed bundle.

use crate::{
    bundle::{Bundle, Content, Material},
    certificate::Certificate,
    envelope::{Envelope, IN_TOTO, pre_authentication_encoding},
    key::{OmsKey, PublicKey, SignError, Signer},
    oms::ModelStatement,
    refusal::Refusal,
};

/// What a bundle tells about the signing key.
#[derive(Clone, Debug)]
pub enum SigningMaterial {
    /// A fingerprint of the key.
    Key,
    /// The certificate of the key and the chain above it, leaf first.
    Certificates(Vec<Certificate>),
}

/// Why a statement was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The key cannot make model signatures, or the bundle cannot be written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The key did not sign.
    #[error("the key did not sign")]
    Key(#[from] SignError),
    /// The certificate is for another key.
    #[error("the certificate belongs to another key than the one that signs")]
    CertificateKey,
}

impl SigningError {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> weightlock_artifact::reason::Code {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Key(error) => error.code(),
            Self::CertificateKey => crate::reason::CERTIFICATE_KEY,
        }
    }
}

impl SigningMaterial {
    /// What the bundle says about this key.
    fn for_key(&self, key: &PublicKey) -> Result<Material, SigningError> {
        match self {
            Self::Key => Ok(Material::PublicKey {
                hint: Some(key.hint_pem()),
            }),
            Self::Certificates(chain) => {
                let leaf = chain.first().ok_or(Refusal::CertificateCount { found: 0 })?;
                if leaf.public_key().map_err(Refusal::from)? != *key {
                    return Err(SigningError::CertificateKey);
                }
                Ok(Material::Certificates(
                    chain.iter().map(|one| one.as_der().to_vec()).collect(),
                ))
            }
        }
    }
}

/// Signs a statement and returns the bundle to write as `model.sig`.
///
/// # Errors
/// [`SigningError`]: the key is not on P-256, P-384 or P-521, does not belong to the certificate, or does not sign.
pub fn sign_statement(
    statement: &ModelStatement,
    signer: &dyn Signer,
    material: &SigningMaterial,
) -> Result<Vec<u8>, SigningError> {
    OmsKey::try_from(signer.public_key().clone()).map_err(Refusal::from)?;
    sign_payload(statement.to_payload(), signer, material)
}

/// Signs the payload of an in-toto statement, whatever it claims, and returns the bundle.
pub(crate) fn sign_payload(
    payload: Vec<u8>,
    signer: &dyn Signer,
    material: &SigningMaterial,
) -> Result<Vec<u8>, SigningError> {
    let material = material.for_key(signer.public_key())?;
    let signature = signer.sign(&pre_authentication_encoding(IN_TOTO, &payload))?;
    let envelope = Envelope {
        payload_type: IN_TOTO.to_owned(),
        payload,
        signature,
    };
    Ok(Bundle::new(material, Content::Envelope(envelope)).to_json()?)
}
