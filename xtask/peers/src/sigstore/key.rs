//! The keys of the services: ECDSA on P-256 with SHA-256, as the public instances use.

use p256::ecdsa::{
    DerSignature, Signature, SigningKey, VerifyingKey,
    signature::{Signer as _, Verifier as _, hazmat::PrehashVerifier as _},
};

use super::{der, digest};

/// A key pair of a service.
pub(super) struct Key {
    secret: SigningKey,
    /// The SubjectPublicKeyInfo in DER.
    pub(super) spki: Vec<u8>,
}

impl Key {
    pub(super) fn generate() -> Self {
        loop {
            let mut scalar = [0; 32];
            getrandom::fill(&mut scalar).expect("the operating system has random numbers");
            if let Ok(secret) = SigningKey::from_slice(&scalar) {
                let point = secret.verifying_key().to_sec1_point(false);
                let spki = der::sequence(&[algorithm(), der::bits(point.as_bytes())]);
                return Self { secret, spki };
            }
        }
    }

    /// The pair as PKCS#8, for a foreign program that stands in for the service.
    pub(super) fn to_pem(&self) -> String {
        let scalar = self.secret.to_bytes();
        let pair = der::sequence(&[der::integer(&[1]), der::octets(&scalar)]);
        let key = der::sequence(&[der::integer(&[0]), algorithm(), der::octets(&pair)]);
        der::pem("PRIVATE KEY", &key)
    }

    /// What logs are called by: SHA-256 of the SubjectPublicKeyInfo.
    pub(super) fn id(&self) -> [u8; 32] {
        digest(&self.spki)
    }

    /// A signature in DER.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.secret.sign(message);
        signature.as_bytes().to_vec()
    }

    /// A signature as JOSE has it: r and s, 32 bytes each (RFC 7518 section 3.4).
    pub(super) fn sign_jose(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.secret.sign(message);
        signature.to_bytes().to_vec()
    }

    /// The coordinates of the public point.
    pub(super) fn coordinates(&self) -> (Vec<u8>, Vec<u8>) {
        let point = self.secret.verifying_key().to_sec1_point(false);
        let bytes = point.as_bytes();
        (bytes[1..33].to_vec(), bytes[33..].to_vec())
    }
}

/// The AlgorithmIdentifier of P-256 keys.
fn algorithm() -> Vec<u8> {
    der::sequence(&[der::oid("1.2.840.10045.2.1"), der::oid("1.2.840.10045.3.1.7")])
}

/// The public point of a SubjectPublicKeyInfo, if it is on P-256.
fn point(spki: &[u8]) -> Option<VerifyingKey> {
    let mut inside = der::expect(&mut &*spki, 0x30)?.content;
    if der::take(&mut inside)?.whole != algorithm() {
        return None;
    }
    let (unused, point) = der::expect(&mut inside, 0x03)?.content.split_first()?;
    (*unused == 0).then(|| VerifyingKey::from_sec1_bytes(point).ok())?
}

/// Whether this is a key that the services take.
pub(super) fn is_key(spki: &[u8]) -> bool {
    point(spki).is_some()
}

/// Checks a DER signature of a message.
pub(super) fn verifies(spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let signature = DerSignature::try_from(signature);
    point(spki)
        .zip(signature.ok())
        .is_some_and(|(key, signature)| key.verify(message, &signature).is_ok())
}

/// Checks a DER signature of a message that was hashed before.
pub(super) fn verifies_digest(spki: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let signature = Signature::from_der(signature);
    point(spki)
        .zip(signature.ok())
        .is_some_and(|(key, signature)| key.verify_prehash(digest, &signature).is_ok())
}

/// Checks a signature as JOSE has it.
pub(super) fn verifies_jose(spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let signature = Signature::from_slice(signature);
    point(spki)
        .zip(signature.ok())
        .is_some_and(|(key, signature)| key.verify(message, &signature).is_ok())
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}
