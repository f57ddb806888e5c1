//! Who signed a bundle, as far as the caller's trust goes.

use std::sync::Arc;

use weightlock_artifact::digest::{Algorithm, Digest};

use crate::{
    bundle::{Bundle, Material},
    certificate::{Certificate, Profile, UnixTime, ValidatedPath, validate},
    envelope::{Envelope, IN_TOTO},
    identity::{Identity, Required},
    key::PublicKey,
    refusal::Refusal,
    sigstore::{Artifact, Proven, TrustRoot, Whom},
    statement,
};

/// What the caller trusts. There is no variant for "anybody".
#[derive(Clone, Debug)]
pub enum Trust {
    /// The holder of this key.
    Key(PublicKey),
    /// Whoever has a certificate that leads to one of these roots.
    Roots {
        /// Self-signed roots, and intermediates that may help to build a path. Only the roots are trusted.
        certificates: Vec<Certificate>,
        /// When every certificate must be valid.
        at: UnixTime,
        /// How strictly the leaf's purposes are read.
        profile: Profile,
    },
    /// Whoever could show this identity to an authority of this root, when they signed.
    Identity(IdentityTrust),
}

/// An identity, and who is believed about identities.
#[derive(Clone, Debug)]
pub struct IdentityTrust {
    /// Whose signature counts.
    pub required: Required,
    /// Authorities, logs and clocks that are believed.
    pub root: Arc<TrustRoot>,
}

/// Who made a signature, as far as it was checked.
#[derive(Clone, Debug)]
pub enum Signer {
    /// The holder of this key.
    Key(PublicKey),
    /// The subject of the first certificate of this path.
    Certificate(ValidatedPath),
    /// This identity, by a certificate that lasted for minutes.
    Identity {
        /// Who.
        identity: Identity,
        /// What else was proven.
        proven: Proven,
    },
}

impl Signer {
    /// Whether two signatures were made by the same: with the same key, or by the same identity of the same issuer, whose
    /// keys last for one signature.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Identity { identity, .. }, Self::Identity { identity: other, .. }) => {
                identity.name() == other.name() && identity.issuer() == other.issuer()
            }
            (one, other) => one
                .long_lived_key()
                .is_some_and(|key| Some(key) == other.long_lived_key()),
        }
    }

    /// The key, unless it lasted for one signature.
    fn long_lived_key(&self) -> Option<&PublicKey> {
        match self {
            Self::Key(key) => Some(key),
            Self::Certificate(path) => Some(path.public_key()),
            Self::Identity { .. } => None,
        }
    }
}

/// Whether an identity made the bundle's signature over its statement, as far as this root goes. As [`is_signed_by`], it is
/// for knowing one's own.
#[must_use]
pub fn is_signed_by_identity(bundle: &Bundle, identity: &Required, root: &TrustRoot) -> bool {
    first_subject(bundle).is_ok_and(|subject| {
        root.verify(bundle, Artifact::Sha256(subject), Whom::Identity(identity))
            .is_ok()
    })
}

/// Finds the signer of a bundle: its method is the one the caller trusts, a hint names the caller's key, and a
/// certificate has a valid path to one of the caller's roots. The payload is an in-toto statement. For keys and
/// certificates its signature is *not* checked here; for identities everything is.
pub(crate) fn signer_of(bundle: Bundle, trust: &Trust) -> Result<(Envelope, Signer), Refusal> {
    let signer = signer(&bundle, trust)?;
    let envelope = bundle.into_envelope()?;
    if envelope.payload_type != IN_TOTO {
        return Err(Refusal::PayloadType {
            found: envelope.payload_type,
        });
    }
    Ok((envelope, signer))
}

/// Whether the holder of this key made the bundle's signature. Says nothing about trust: it is for knowing one's own.
#[must_use]
pub fn is_signed_by(bundle: &[u8], key: &PublicKey) -> bool {
    let envelope = Bundle::parse(bundle).and_then(Bundle::into_envelope);
    envelope.is_ok_and(|envelope| key.verify(&envelope.signed_bytes(), &envelope.signature).is_ok())
}

fn signer(bundle: &Bundle, trust: &Trust) -> Result<Signer, Refusal> {
    match (&bundle.material, trust) {
        (Material::PublicKey { hint }, Trust::Key(key)) => {
            check_hint(hint.as_deref(), key)?;
            Ok(Signer::Key(key.clone()))
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
            Ok(Signer::Certificate(path))
        }
        (Material::Sigstore(_), Trust::Identity(trust)) => identified(bundle, trust),
        (Material::Sigstore(_), Trust::Key(_)) => Err(Refusal::NeedsIdentity {
            wanted: "a public key",
        }),
        (Material::Sigstore(_), Trust::Roots { .. }) => Err(Refusal::NeedsIdentity {
            wanted: "a certificate chain",
        }),
        (Material::PublicKey { .. }, Trust::Identity(_)) => Err(Refusal::Method {
            found: "a key",
            wanted: "an identity",
        }),
        (Material::Certificates(_), Trust::Identity(_)) => Err(Refusal::Method {
            found: "a certificate",
            wanted: "an identity",
        }),
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

/// A statement is its own artifact: what it is about is for its reader to compare.
fn identified(bundle: &Bundle, trust: &IdentityTrust) -> Result<Signer, Refusal> {
    let subject = first_subject(bundle)?;
    let proven = trust
        .root
        .verify(bundle, Artifact::Sha256(subject), Whom::Identity(&trust.required))?;
    match proven.identity().cloned() {
        Some(identity) => Ok(Signer::Identity { identity, proven }),
        None => Err(Refusal::Method {
            found: "a key",
            wanted: "an identity",
        }),
    }
}

fn first_subject(bundle: &Bundle) -> Result<Digest, Refusal> {
    let claimed = statement::first_subject(&bundle.envelope()?.payload)?;
    Digest::from_hex(Algorithm::Sha256, &claimed).map_err(|_| Refusal::SubjectDigest)
}

fn check_hint(hint: Option<&str>, key: &PublicKey) -> Result<(), Refusal> {
    let expected = key.hint_pem();
    match hint {
        Some(hint) if hint != expected && hint != key.hint_der() => Err(Refusal::KeyMismatch {
            found: hint.to_owned(),
            expected,
        }),
        _ => Ok(()),
    }
}
