//! Encrypted PKCS#8 keys (RFC 5958 section 3) with PBES2 (RFC 8018 section 6.2).
//!
//! Key derivation PBKDF2 (with a hash of the SHA-2 family) or scrypt, cipher AES-128/192/256 in CBC or GCM mode. What
//! OpenSSL 1.0 wrote (HMAC-SHA-1, triple DES), PBES1 and everything else is refused by name; OpenSSL converts it. The
//! cost parameters come from the file and are limited **before** any of them is used and before a password is asked for: a stranger's key
//! must not be able to fill the memory or to stop a build machine for an hour.

use der::{Decode, ErrorKind, Reader, SliceReader, asn1::OctetStringRef};
use pkcs5::pbes2::{Kdf, PBES2_OID, Parameters, Pbkdf2Prf, ScryptParams};
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::{KeyError, OpenError, Password, PasswordNeeded};

/// Key derivation parameters that are refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KdfRefusal {
    /// PBKDF2 with too many rounds.
    #[error("the key asks for {iterations} rounds of PBKDF2; at most {MAX_PBKDF2_ITERATIONS} are done")]
    Pbkdf2Iterations {
        /// The number asked for.
        iterations: u32,
    },
    /// PBKDF2 with zero rounds: no protection.
    #[error("the key asks for no round of PBKDF2")]
    Pbkdf2None,
    /// scrypt parameters outside the algorithm's own rules.
    #[error("the scrypt parameters of the key are invalid")]
    ScryptInvalid,
    /// scrypt with too much memory.
    #[error("the key asks for {bytes} bytes of memory; at most {MAX_SCRYPT_BYTES} are given")]
    ScryptMemory {
        /// 128 · N · r.
        bytes: u64,
    },
    /// scrypt with too much work.
    #[error("the key asks for {work} steps of scrypt; at most {MAX_SCRYPT_WORK} are done")]
    ScryptWork {
        /// N · r · p.
        work: u64,
    },
    /// A cosign key with other parameters than cosign accepts.
    #[error("the key asks for scrypt with N={n}, r={r}, p={p}, which cosign does not use")]
    CosignParameters {
        /// Cost.
        n: u64,
        /// Block size.
        r: u64,
        /// Parallelism.
        p: u64,
    },
}

/// RFC 8018 names ten million for especially critical keys; several seconds here. OpenSSL writes 2048.
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;
/// Twice what the most expensive key of cosign needs. OpenSSL writes 16 MiB.
const MAX_SCRYPT_BYTES: u64 = 256 << 20;
/// Four times the most expensive key of cosign; some two seconds.
const MAX_SCRYPT_WORK: u64 = 1 << 22;

/// Decrypts an `EncryptedPrivateKeyInfo` to the DER of its PKCS#8 key.
pub(super) fn decrypt<E>(
    der: &[u8],
    password: impl FnOnce(PasswordNeeded) -> Result<Password, E>,
) -> Result<Zeroizing<Vec<u8>>, OpenError<E>> {
    let (parameters, ciphertext) = read(der)?;
    check_kdf(&parameters.kdf).map_err(KeyError::Kdf)?;
    if parameters
        .kdf
        .pbkdf2()
        .is_some_and(|kdf| kdf.prf == Pbkdf2Prf::HmacWithSha1)
    {
        return Err(KeyError::UnsupportedEncryption {
            what: "PBKDF2 with SHA-1".to_owned(),
        }
        .into());
    }
    let password = password(PasswordNeeded::Pkcs8).map_err(OpenError::Password)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = parameters
        .decrypt_in_place(password.as_bytes(), &mut buffer)
        .map_err(|error| match error {
            pkcs5::Error::DecryptFailed => KeyError::WrongPassword,
            _ => KeyError::Malformed {
                what: "encryption parameters",
            },
        })?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

/// `EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm, encryptedData OCTET STRING }`
fn read(der: &[u8]) -> Result<(Parameters, &[u8]), KeyError> {
    let malformed = |_| KeyError::Malformed {
        what: "EncryptedPrivateKeyInfo",
    };
    let mut reader = SliceReader::new(der).map_err(malformed)?;
    let (algorithm, data) = reader
        .sequence(|inner| {
            Ok::<_, der::Error>((
                AlgorithmIdentifierRef::decode(inner)?,
                <&OctetStringRef>::decode(inner)?,
            ))
        })
        .map_err(malformed)?;
    if !reader.is_finished() {
        return Err(KeyError::TrailingData);
    }
    if algorithm.oid != PBES2_OID {
        return Err(KeyError::UnsupportedEncryption {
            what: format!("algorithm {}", algorithm.oid),
        });
    }
    let parameters = algorithm.parameters.ok_or(KeyError::Malformed {
        what: "encryption parameters",
    })?;
    let parameters = Parameters::try_from(parameters).map_err(|error| match error.kind() {
        ErrorKind::OidUnknown { oid } => KeyError::UnsupportedEncryption {
            what: format!("algorithm {oid}"),
        },
        _ => KeyError::Malformed {
            what: "encryption parameters",
        },
    })?;
    Ok((parameters, data.as_bytes()))
}

fn check_kdf(kdf: &Kdf) -> Result<(), KdfRefusal> {
    match kdf {
        Kdf::Pbkdf2(parameters) => match parameters.iteration_count {
            0 => Err(KdfRefusal::Pbkdf2None),
            iterations if iterations > MAX_PBKDF2_ITERATIONS => {
                Err(KdfRefusal::Pbkdf2Iterations { iterations })
            }
            _ => Ok(()),
        },
        Kdf::Scrypt(parameters) => check_scrypt(parameters),
        // A kind that a later version of the crate knows has no limit here yet.
        _ => Err(KdfRefusal::ScryptInvalid),
    }
}

fn check_scrypt(parameters: &ScryptParams) -> Result<(), KdfRefusal> {
    let n = parameters.cost_parameter;
    let (r, p) = (
        u64::from(parameters.block_size),
        u64::from(parameters.parallelization),
    );
    if n < 2 || !n.is_power_of_two() || r == 0 || p == 0 {
        return Err(KdfRefusal::ScryptInvalid);
    }
    let bytes = n.saturating_mul(r).saturating_mul(128);
    if bytes > MAX_SCRYPT_BYTES {
        return Err(KdfRefusal::ScryptMemory { bytes });
    }
    let work = n.saturating_mul(r).saturating_mul(p);
    if work > MAX_SCRYPT_WORK {
        return Err(KdfRefusal::ScryptWork { work });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pkcs5::pbes2::{Pbkdf2Params, Salt};

    use super::*;

    fn scrypt(cost_parameter: u64, block_size: u16, parallelization: u16) -> Result<(), KdfRefusal> {
        let salt = Salt::new([1; 8]).unwrap();
        check_kdf(&Kdf::Scrypt(ScryptParams {
            salt,
            cost_parameter,
            block_size,
            parallelization,
            key_length: None,
        }))
    }

    fn pbkdf2(iterations: u32) -> Result<(), KdfRefusal> {
        let parameters = Pbkdf2Params::hmac_sha256(2048, &[1; 8]).unwrap();
        check_kdf(&Kdf::Pbkdf2(Pbkdf2Params {
            iteration_count: iterations,
            ..parameters
        }))
    }

    #[test]
    fn each_limit_holds_at_its_edge() {
        assert_eq!(pbkdf2(10_000_000), Ok(()));
        assert_eq!(
            pbkdf2(10_000_001),
            Err(KdfRefusal::Pbkdf2Iterations {
                iterations: 10_000_001
            })
        );
        assert_eq!(pbkdf2(0), Err(KdfRefusal::Pbkdf2None));

        assert_eq!(scrypt(16384, 8, 1), Ok(()));
        assert_eq!(scrypt(262_144, 8, 1), Ok(()));
        assert_eq!(scrypt(262_144, 8, 2), Ok(()));
        assert_eq!(
            scrypt(262_144, 8, 3),
            Err(KdfRefusal::ScryptWork { work: 3 << 21 })
        );
        assert_eq!(
            scrypt(524_288, 8, 1),
            Err(KdfRefusal::ScryptMemory { bytes: 512 << 20 })
        );
        assert_eq!(
            scrypt(1 << 63, 65535, 1),
            Err(KdfRefusal::ScryptMemory { bytes: u64::MAX })
        );
        for (n, r, p) in [(0, 8, 1), (1, 8, 1), (16383, 8, 1), (16384, 0, 1), (16384, 8, 0)] {
            assert_eq!(scrypt(n, r, p), Err(KdfRefusal::ScryptInvalid), "{n} {r} {p}");
        }
    }
}
