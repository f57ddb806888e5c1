//! From a bundle and what the caller trusts to a statement that somebody known has signed.

use crate::{
    bundle::{Bundle, Material},
    certificate::{Certificate, Profile, UnixTime, ValidatedPath, validate},
    envelope::{Envelope, IN_TOTO},
    key::{Hash, OmsKey, PublicKey, SignatureError},
    oms::{ModelStatement, PREDICATE_TYPE_0_2, legacy, parse},
    refusal::Refusal,
};

/// What the caller trusts. There is no variant for "anybody".
#[derive(Clone, Debug)]
pub enum Trust {
    /// The holder of this key.
    Key(OmsKey),
    /// Whoever has a certificate that leads to one of these roots.
    Roots {
        /// Self-signed roots, and intermediates that may help to build a path. Only the roots are trusted.
        certificates: Vec<Certificate>,
        /// When every certificate must be valid.
        at: UnixTime,
        /// How strictly the leaf's purposes are read.
        profile: Profile,
    },
}

/// Who made a signature, as far as it was checked.
#[derive(Clone, Debug)]
pub enum Signer {
    /// The holder of this key.
    Key(PublicKey),
    /// The subject of the first certificate of this path.
    Certificate(ValidatedPath),
}

impl Signer {
    /// The key that made the signature.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        match self {
            Self::Key(key) => key,
            Self::Certificate(path) => path.public_key(),
        }
    }
}

/// A statement whose signature was checked. Only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedStatement {
    statement: ModelStatement,
    signer: Signer,
}

impl VerifiedStatement {
    /// What was signed.
    #[must_use]
    pub const fn statement(&self) -> &ModelStatement {
        &self.statement
    }

    /// Who signed it.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }
}

/// Checks who signed a model's statement, and what it says. The model itself is not looked at.
///
/// 1. The bundle is read: bounded, no repeated keys, exactly one signature, material of one kind.
/// 2. Its method is the one the caller trusts. A hint, if there is one, names the caller's key.
/// 3. For certificates: a path from the leaf to one of the caller's roots is valid.
/// 4. The payload is an in-toto statement, and the signature covers it with the hash of the key's curve. Only a
///    statement of the form 0.2 may be covered in that version's own encoding.
/// 5. The statement is read and does not contradict itself.
///
/// # Errors
/// [`Refusal`] names the first rule that is broken.
pub fn verify(bundle: &[u8], trust: &Trust) -> Result<VerifiedStatement, Refusal> {
    let bundle = Bundle::parse(bundle)?;
    let signer = signer(&bundle.material, trust)?;
    check_signature(&bundle.envelope, &signer)?;
    let statement = parse::statement(&bundle.envelope.payload)?;
    Ok(VerifiedStatement { statement, signer })
}

fn signer(material: &Material, trust: &Trust) -> Result<Signer, Refusal> {
    match (material, trust) {
        (Material::PublicKey { hint }, Trust::Key(key)) => {
            check_hint(hint.as_deref(), key)?;
            Ok(Signer::Key(key.as_public_key().clone()))
        }
        (
            Material::Certificates(chain),
            Trust::Roots {
                certificates,
                at,
                profile,
            },
        ) => {
            let mut chain = chain.iter().map(|der| Certificate::from_der(der));
            let leaf = chain.next().ok_or(Refusal::NoMaterial)??;
            let candidates = chain.collect::<Result<Vec<_>, _>>()?;
            let path = validate(&leaf, &candidates, certificates, *at, *profile)?;
            OmsKey::try_from(path.public_key().clone())?;
            Ok(Signer::Certificate(path))
        }
        (Material::Sigstore, _) => Err(Refusal::NeedsIdentity),
        (Material::PublicKey { .. }, Trust::Roots { .. }) => Err(Refusal::Method {
            found: "a key",
            wanted: "a certificate chain",
        }),
        (Material::Certificates(_), Trust::Key(_)) => Err(Refusal::Method {
            found: "a certificate",
            wanted: "a public key",
        }),
    }
}

fn check_hint(hint: Option<&str>, key: &OmsKey) -> Result<(), Refusal> {
    let key = key.as_public_key();
    let expected = key.hint_pem();
    match hint {
        Some(hint) if hint != expected && hint != key.hint_der() => Err(Refusal::KeyMismatch {
            found: hint.to_owned(),
            expected,
        }),
        _ => Ok(()),
    }
}

fn check_signature(envelope: &Envelope, signer: &Signer) -> Result<(), Refusal> {
    if envelope.payload_type != IN_TOTO {
        return Err(Refusal::PayloadType {
            found: envelope.payload_type.clone(),
        });
    }
    let key = signer.public_key();
    match key.verify(&envelope.signed_bytes(), &envelope.signature) {
        Ok(()) => Ok(()),
        Err(current) => match check_as_version_0_2(envelope, signer) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(Refusal::Signature(current)),
        },
    }
}

/// `None` when the payload is not a statement of that version.
fn check_as_version_0_2(envelope: &Envelope, signer: &Signer) -> Option<Result<(), SignatureError>> {
    let claimed = parse::predicate_type(&envelope.payload).ok()?;
    (claimed == PREDICATE_TYPE_0_2).then(|| {
        let covered = legacy::signed_bytes(envelope);
        match signer {
            Signer::Key(key) => key.verify(&covered, &envelope.signature),
            // That version hashed with SHA-256 for certificates, whatever the curve.
            Signer::Certificate(path) => {
                path.public_key()
                    .dangerous_verify_with_hash(Hash::Sha256, &covered, &envelope.signature)
            }
        }
    })
}
