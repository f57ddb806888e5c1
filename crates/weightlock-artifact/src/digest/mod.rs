//! Digests: an [`Algorithm`] with its bytes, and one-shot hashing of bytes in memory.
//!
//! SHA-256 identifies; BLAKE3 is offered for speed; BLAKE2b, SHA-384 and SHA-512 are read where other tools
//! wrote them. Weaker algorithms have no name here, so they cannot be asked for.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};
use sha2::Digest as _;

#[cfg(feature = "fs")]
pub mod cpu;
#[cfg(feature = "fs")]
mod destination;
#[cfg(feature = "fs")]
pub mod engine;
#[cfg(feature = "fs")]
mod mapped;
pub mod sha256;
pub mod verity;

/// A digest algorithm that Weightlock computes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4): the default, and the only one used for identity.
    Sha256,
    /// SHA-384 (FIPS 180-4), read only.
    Sha384,
    /// SHA-512 (FIPS 180-4), read only.
    Sha512,
    /// BLAKE2b with a 64-byte digest (RFC 7693), read only; OMS calls it `blake2b`.
    Blake2b,
    /// BLAKE3 with a 32-byte digest.
    Blake3,
}

impl Algorithm {
    /// Every algorithm, in the order documentation lists them.
    pub const ALL: [Self; 5] = [
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Blake2b,
        Self::Blake3,
    ];

    /// The name used in OMS `hash_type`, in in-toto digest sets and in `name:hex` text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Blake2b => "blake2b",
            Self::Blake3 => "blake3",
        }
    }

    /// Digest length in bytes.
    #[must_use]
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake3 => 32,
            Self::Sha384 => 48,
            Self::Sha512 | Self::Blake2b => 64,
        }
    }

    /// Digest of bytes in memory.
    #[must_use]
    pub fn digest(self, bytes: &[u8]) -> Digest {
        let mut hasher = Hasher::new(self);
        hasher.update(bytes);
        hasher.finish()
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text names no algorithm that Weightlock computes; MD5, SHA-1, CRC and truncated digests are among these.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no supported digest algorithm is called {0:?}; sha256, sha384, sha512, blake2b and blake3 are")]
pub struct UnknownAlgorithm(pub String);

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm(name.chars().take(64).collect()))
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The bytes of one digest and the algorithm that made them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    /// Unused tail bytes are zero, so that derived equality holds.
    bytes: [u8; 64],
}

/// Why text or bytes are not a digest of the expected algorithm.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// The length does not fit the algorithm.
    #[error("a {algorithm} digest has {} bytes, not {found}", .algorithm.digest_bytes())]
    Length {
        /// The algorithm asked for.
        algorithm: Algorithm,
        /// Bytes found.
        found: usize,
    },
    /// A character is not a hexadecimal digit.
    #[error("a digest is written in hexadecimal digits")]
    NotHex,
}

impl Digest {
    /// Wraps digest bytes.
    ///
    /// # Errors
    /// [`DigestError::Length`] when the length does not fit the algorithm.
    pub fn new(algorithm: Algorithm, digest: &[u8]) -> Result<Self, DigestError> {
        if digest.len() != algorithm.digest_bytes() {
            return Err(DigestError::Length {
                algorithm,
                found: digest.len(),
            });
        }
        let mut bytes = [0; 64];
        bytes[..digest.len()].copy_from_slice(digest);
        Ok(Self { algorithm, bytes })
    }

    /// Wraps a SHA-256 state that is already 32 bytes long.
    #[must_use]
    pub fn sha256(digest: [u8; 32]) -> Self {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&digest);
        Self {
            algorithm: Algorithm::Sha256,
            bytes,
        }
    }

    /// Wraps a BLAKE3 root that is already 32 bytes long.
    #[must_use]
    pub fn blake3(digest: [u8; 32]) -> Self {
        Self {
            algorithm: Algorithm::Blake3,
            ..Self::sha256(digest)
        }
    }

    /// Reads hexadecimal text, either case.
    ///
    /// # Errors
    /// [`DigestError`] when the text is no digest of that algorithm.
    pub fn from_hex(algorithm: Algorithm, hex: &str) -> Result<Self, DigestError> {
        let wanted = algorithm.digest_bytes();
        if hex.len() != wanted * 2 {
            return Err(DigestError::Length {
                algorithm,
                found: hex.len() / 2,
            });
        }
        let mut bytes = [0; 64];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let (high, low) = (hex_value(pair[0])?, hex_value(pair[1])?);
            *byte = high << 4 | low;
        }
        Ok(Self { algorithm, bytes })
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The raw digest bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.digest_bytes()]
    }

    /// Lower-case hexadecimal text.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(self.as_bytes())
    }
}

const fn hex_value(digit: u8) -> Result<u8, DigestError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(DigestError::NotHex),
    }
}

/// Lower-case hexadecimal text of bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

impl fmt::Display for Digest {
    /// `sha256:<hex>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One stream of bytes on its way to a [`Digest`].
///
/// This is the plain one-stream implementation of every algorithm; many SHA-256 streams at once go through
/// the lanes of the engine instead.
#[derive(Clone, Debug)]
pub struct Hasher(State);

#[derive(Clone, Debug)]
enum State {
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Blake2b(Box<blake2::Blake2b512>),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    /// A stream without bytes so far.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            Algorithm::Sha384 => State::Sha384(sha2::Sha384::new()),
            Algorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
            Algorithm::Blake2b => State::Blake2b(Box::default()),
            Algorithm::Blake3 => State::Blake3(Box::default()),
        })
    }

    /// Appends bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha384(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
            State::Blake2b(state) => state.update(bytes),
            State::Blake3(state) => {
                state.update(bytes);
            }
        }
    }

    /// The digest of all bytes given so far.
    #[must_use]
    pub fn finish(self) -> Digest {
        let (algorithm, length, mut bytes) = match self.0 {
            State::Sha256(state) => return Digest::sha256(state.finalize().into()),
            State::Blake3(state) => (Algorithm::Blake3, 32, {
                let mut bytes = [0; 64];
                bytes[..32].copy_from_slice(state.finalize().as_bytes());
                bytes
            }),
            State::Sha384(state) => (Algorithm::Sha384, 48, {
                let mut bytes = [0; 64];
                bytes[..48].copy_from_slice(&state.finalize());
                bytes
            }),
            State::Sha512(state) => (Algorithm::Sha512, 64, state.finalize().into()),
            State::Blake2b(state) => (Algorithm::Blake2b, 64, state.finalize().into()),
        };
        bytes[length..].fill(0);
        Digest { algorithm, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published digests of the empty message and of `abc`.
    #[test]
    fn known_answers() {
        for (name, message, hex) in [
            (
                "sha256",
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "sha256",
                "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "sha384",
                "abc",
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                "sha512",
                "abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
            (
                "blake2b",
                "abc",
                "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
            ),
            (
                "blake3",
                "",
                "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            ),
        ] {
            let algorithm: Algorithm = name.parse().unwrap();
            let digest = algorithm.digest(message.as_bytes());
            assert_eq!(digest.to_string(), format!("{name}:{hex}"));
            assert_eq!(Digest::from_hex(algorithm, &hex.to_uppercase()), Ok(digest));
            assert_eq!(Digest::new(algorithm, digest.as_bytes()), Ok(digest));
        }
    }

    #[test]
    fn weak_and_misspelt_algorithms_have_no_name() {
        for name in [
            "md5",
            "sha1",
            "sha224",
            "SHA256",
            "sha-256",
            "",
            "sha256-sharded-1000",
        ] {
            assert!(name.parse::<Algorithm>().is_err(), "{name}");
        }
    }

    #[test]
    fn refuses_wrong_lengths_and_digits() {
        let short = Digest::from_hex(Algorithm::Sha256, "ab");
        assert_eq!(
            short,
            Err(DigestError::Length {
                algorithm: Algorithm::Sha256,
                found: 1
            })
        );
        assert_eq!(
            Digest::from_hex(Algorithm::Sha256, &"zz".repeat(32)),
            Err(DigestError::NotHex)
        );
        assert_eq!(
            Digest::from_hex(Algorithm::Sha256, &"é".repeat(32)),
            Err(DigestError::NotHex)
        );
        assert!(Digest::new(Algorithm::Sha512, &[0; 32]).is_err());
    }
}
