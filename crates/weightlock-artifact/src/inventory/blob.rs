//! [`BlobName`]: the digest that the name of a stored file is, in caches that name files by their content.
//!
//! Hub caches name files of git LFS by SHA-256, others by git's SHA-1 of `blob <size>\0<bytes>`. A name is whatever the cache wrote:
//! recomputing it shows damage and exchange, and not who made the file. SHA-1 names can be forged, and are believed by nobody.

use std::{fmt, io};

use sha1::{Digest as _, Sha1};

use crate::digest::{Algorithm, Digest, Hasher};

/// The digest that a name is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BlobName {
    /// 64 digits: SHA-256 of the bytes.
    Sha256(Digest),
    /// 40 digits: git's name of the bytes.
    Git([u8; 20]),
}

impl BlobName {
    /// Reads a name; `None` for one that is no digest in small letters.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if !name.bytes().all(is_hex) {
            return None;
        }
        match name.len() {
            64 => Digest::from_hex(Algorithm::Sha256, name).ok().map(Self::Sha256),
            40 => {
                let mut bytes = [0; 20];
                for (at, byte) in bytes.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(name.get(2 * at..2 * at + 2)?, 16).ok()?;
                }
                Some(Self::Git(bytes))
            }
            _ => None,
        }
    }

    /// What the name of these bytes is, of the same kind as this one. `size` is how many there are.
    ///
    /// # Errors
    /// The reader's.
    pub fn of_same_kind(&self, size: u64, mut bytes: impl io::Read) -> io::Result<Self> {
        let mut hasher = match self {
            Self::Sha256(_) => Either::Sha256(Box::new(Hasher::new(Algorithm::Sha256))),
            Self::Git(_) => {
                let mut hasher = Sha1::new();
                hasher.update(format!("blob {size}\0"));
                Either::Git(hasher)
            }
        };
        let mut buffer = vec![0; BUFFER];
        loop {
            let count = match bytes.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else {
                return Ok(hasher.finish());
            };
            hasher.update(part);
        }
    }
}

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

enum Either {
    Sha256(Box<Hasher>),
    Git(Sha1),
}

impl Either {
    fn update(&mut self, part: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(part),
            Self::Git(hasher) => hasher.update(part),
        }
    }

    fn finish(self) -> BlobName {
        match self {
            Self::Sha256(hasher) => BlobName::Sha256(hasher.finish()),
            Self::Git(hasher) => BlobName::Git(hasher.finalize().into()),
        }
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digest) => write!(f, "{digest}"),
            Self::Git(bytes) => write!(f, "git:{}", crate::digest::hex(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `git hash-object`, `sha256sum`.
    #[test]
    fn names_are_recomputed_as_git_and_lfs_have_them() {
        for (name, bytes) in [
            ("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", ""),
            ("ce013625030ba8dba906f756967f9e9ca394464a", "hello\n"),
            (
                "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
                "hello\n",
            ),
        ] {
            let known = BlobName::parse(name).unwrap();
            let again = known.of_same_kind(bytes.len() as u64, bytes.as_bytes()).unwrap();
            assert_eq!(again, known, "{name}");
            let other = known.of_same_kind(1, &b"x"[..]).unwrap();
            assert_ne!(other, known);
            assert!(known.to_string().ends_with(name));
        }
    }

    #[test]
    fn what_is_no_digest_is_no_name() {
        let hex = "ab".repeat(32);
        assert!(BlobName::parse(&hex).is_some());
        for name in [
            "",
            "main",
            &hex[1..],
            &hex.to_uppercase(),
            &"é".repeat(20),
            &format!("{hex}ab"),
        ] {
            assert_eq!(BlobName::parse(name), None, "{name}");
        }
    }
}
