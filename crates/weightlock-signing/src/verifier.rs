//! Who signed a bundle, as far as the caller's trust goes.

use crate::{
    bundle::{Bundle, Material},
    certificate::{Certificate, Profile, UnixTime, ValidatedPath, validate},
    envelope::{Envelope, IN_TOTO},
    key::{OmsKey, PublicKey},
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

/// Finds the signer of a bundle: its method is the one the caller trusts, a hint
/// names the caller's key, and a certificate has a valid path to one of the caller's roots. The payload is an in-toto
/// statement. Its signature is *not* checked here.
pub(crate) fn signer_of(bundle: Bundle, trust: &Trust) -> Result<(Envelope, Signer), Refusal> {
    let signer = signer(&bundle.material, trust)?;
    if bundle.envelope.payload_type != IN_TOTO {
        return Err(Refusal::PayloadType {
            found: bundle.envelope.payload_type,
        });
    }
    Ok((bundle.envelope, signer))
}

/// Whether the holder of this key made the bundle's signature. Says nothing about trust: it is for knowing one's own.
#[must_use]
pub fn is_signed_by(bundle: &[u8], key: &PublicKey) -> bool {
    Bundle::parse(bundle).is_ok_and(|bundle| {
        key.verify(&bundle.envelope.signed_bytes(), &bundle.envelope.signature)
            .is_ok()
    })
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
