//! cosign's encrypted private key: PEM `ENCRYPTED SIGSTORE PRIVATE KEY`, before version 1.13 `… COSIGN …`.
//!
//! ```text
//! {"kdf":{"name":"scrypt","params":{"N":65536,"r":8,"p":1},"salt":"<base64, 32 bytes>"},
//!  "cipher":{"name":"nacl/secretbox","nonce":"<base64, 24 bytes>"},"ciphertext":"<base64>"}
//! ```
//!
//! key = scrypt(password, salt, N, r, p, 32 bytes); cipher XSalsa20-Poly1305 in NaCl's layout, tag first; inside is
//! a PKCS#8 key. N is 32768, 65536 or 131072 with r = 8 and p = 1, as in cosign; anything else is refused before
//! memory is taken.
//!
//! The box is put together here from the `salsa20` and `poly1305` crates: the crate that offers it whole has no
//! release on the current traits, the one before it is deprecated.

use base64::{Engine, engine::general_purpose::STANDARD};
use poly1305::Poly1305;
use salsa20::{
    XSalsa20,
    cipher::{KeyIvInit, StreamCipher},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KdfRefusal, KeyError, Password};

/// The label cosign writes now.
pub(super) const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
/// The label of its first versions.
pub(super) const OLD_LABEL: &str = "ENCRYPTED COSIGN PRIVATE KEY";

/// The costs that cosign accepts; it writes the second.
const COSTS: [(u64, u8); 3] = [(32_768, 15), (65_536, 16), (131_072, 17)];
const BLOCK_SIZE: u32 = 8;
const PARALLELISM: u32 = 1;
const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Why the content of a cosign key is not what cosign writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CosignKeyError {
    /// Not the JSON object shown in the module's description.
    #[error("its JSON cannot be read")]
    Json,
    /// A field is not base64.
    #[error("`{field}` is not base64")]
    Base64 {
        /// The field.
        field: &'static str,
    },
    /// A field has the wrong length.
    #[error("`{field}` has the wrong length")]
    Length {
        /// The field.
        field: &'static str,
    },
}

#[derive(Serialize, Deserialize)]
struct Wire {
    kdf: WireKdf,
    cipher: WireCipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct WireKdf {
    name: String,
    params: WireScrypt,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct WireScrypt {
    #[serde(rename = "N")]
    n: u64,
    r: u64,
    p: u64,
}

#[derive(Serialize, Deserialize)]
struct WireCipher {
    name: String,
    nonce: String,
}

/// A key file whose parameters are within the limits, not yet decrypted.
pub(super) struct Sealed {
    log_n: u8,
    salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_BYTES],
    tag: [u8; TAG_BYTES],
    ciphertext: Vec<u8>,
}

impl Sealed {
    /// Reads the JSON and checks everything that can be checked without the password.
    pub(super) fn parse(json: &[u8]) -> Result<Self, KeyError> {
        let wire: Wire = serde_json::from_slice(json).map_err(|_| KeyError::Cosign(CosignKeyError::Json))?;
        if wire.kdf.name != "scrypt" {
            return Err(KeyError::UnsupportedEncryption {
                what: "key derivation of another kind".into(),
            });
        }
        if wire.cipher.name != "nacl/secretbox" {
            return Err(KeyError::UnsupportedEncryption {
                what: "cipher of another kind".into(),
            });
        }
        let mut boxed = decode("ciphertext", &wire.ciphertext)?;
        let tag = *boxed
            .first_chunk()
            .ok_or(KeyError::Cosign(CosignKeyError::Length { field: "ciphertext" }))?;
        boxed.drain(..TAG_BYTES);
        Ok(Self {
            log_n: wire.kdf.params.log_n()?,
            salt: decode_array("salt", &wire.kdf.salt)?,
            nonce: decode_array("nonce", &wire.cipher.nonce)?,
            tag,
            ciphertext: boxed,
        })
    }

    /// Decrypts to the DER of a PKCS#8 key.
    pub(super) fn open(&self, password: &Password) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let key = derive(password, &self.salt, self.log_n)?;
        let mut cipher = XSalsa20::new((&*key).into(), (&self.nonce).into());
        let expected = tag(&mut cipher, &self.ciphertext);
        let differing = expected
            .iter()
            .zip(&self.tag)
            .fold(0, |seen, (a, b)| seen | (a ^ b));
        if differing != 0 {
            return Err(KeyError::WrongPassword);
        }
        let mut plain = Zeroizing::new(self.ciphertext.clone());
        cipher.apply_keystream(&mut plain);
        Ok(plain)
    }
}

/// Encrypts a PKCS#8 key as cosign does. The salt and nonce must be fresh random bytes.
pub(super) fn seal(
    pkcs8: &[u8],
    password: &Password,
    salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_BYTES],
) -> Result<Vec<u8>, KeyError> {
    let (n, log_n) = COSTS[1];
    let key = derive(password, &salt, log_n)?;
    let mut cipher = XSalsa20::new((&*key).into(), (&nonce).into());
    // The key of the authenticator is the start of the key stream: taken here, used once the text is encrypted.
    let authenticator = authenticator(&mut cipher);
    let mut ciphertext = Zeroizing::new(pkcs8.to_vec());
    cipher.apply_keystream(&mut ciphertext);
    let mut boxed = authenticator.compute_unpadded(&ciphertext).to_vec();
    boxed.extend_from_slice(&ciphertext);
    let wire = Wire {
        kdf: WireKdf {
            name: "scrypt".into(),
            params: WireScrypt {
                n,
                r: BLOCK_SIZE.into(),
                p: PARALLELISM.into(),
            },
            salt: STANDARD.encode(salt),
        },
        cipher: WireCipher {
            name: "nacl/secretbox".into(),
            nonce: STANDARD.encode(nonce),
        },
        ciphertext: STANDARD.encode(boxed),
    };
    serde_json::to_vec(&wire).map_err(|_| KeyError::Cosign(CosignKeyError::Json))
}

impl WireScrypt {
    fn log_n(&self) -> Result<u8, KeyError> {
        let usual = (self.r, self.p) == (BLOCK_SIZE.into(), PARALLELISM.into());
        let known = COSTS.iter().find(|(n, _)| usual && *n == self.n);
        let refused = KdfRefusal::CosignParameters {
            n: self.n,
            r: self.r,
            p: self.p,
        };
        known.map(|(_, log_n)| *log_n).ok_or(KeyError::Kdf(refused))
    }
}

fn derive(password: &Password, salt: &[u8], log_n: u8) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let invalid = KeyError::Kdf(KdfRefusal::ScryptInvalid);
    let parameters = scrypt::Params::new(log_n, BLOCK_SIZE, PARALLELISM).map_err(|_| invalid.clone())?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password.as_bytes(), salt, &parameters, &mut *key).map_err(|_| invalid)?;
    Ok(key)
}

/// NaCl's secretbox: the first 32 bytes of the key stream are the one-time key of Poly1305.
fn authenticator(cipher: &mut XSalsa20) -> Poly1305 {
    use poly1305::universal_hash::KeyInit;
    let mut one_time = Zeroizing::new([0; 32]);
    cipher.apply_keystream(&mut *one_time);
    Poly1305::new((&*one_time).into())
}

fn tag(cipher: &mut XSalsa20, ciphertext: &[u8]) -> [u8; TAG_BYTES] {
    authenticator(cipher).compute_unpadded(ciphertext).into()
}

fn decode(field: &'static str, text: &str) -> Result<Vec<u8>, KeyError> {
    STANDARD
        .decode(text)
        .map_err(|_| KeyError::Cosign(CosignKeyError::Base64 { field }))
}

fn decode_array<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], KeyError> {
    let bytes = decode(field, text)?;
    bytes
        .try_into()
        .map_err(|_| KeyError::Cosign(CosignKeyError::Length { field }))
}
