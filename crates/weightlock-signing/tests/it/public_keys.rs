//! Reading public keys: the vectors, and everything that is refused.

use weightlock_signing::key::{Algorithm, KeyError, OmsKey, PemError, PublicKey};

use super::data;

fn refusal(pem: &[u8]) -> KeyError {
    PublicKey::from_pem(pem).expect_err("a refusal")
}

fn pem(label: &str, base64: &str) -> Vec<u8> {
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n").into_bytes()
}

fn edited(edit: impl FnOnce(&mut Vec<u8>)) -> Result<PublicKey, KeyError> {
    let mut der = PublicKey::from_pem(&data("keys/p256.pub.pem"))
        .unwrap()
        .to_spki_der()
        .to_vec();
    edit(&mut der);
    PublicKey::from_spki_der(&der)
}

#[test]
fn vectors_are_read_and_written_byte_for_byte() {
    for (name, algorithm, hint_pem, hint_der) in [
        (
            "keys/p256.pub.pem",
            Algorithm::P256,
            "963893f47a4dcd513b8485ccffca22b51687155e07ac6f3118bf45de85d8b427",
            "CZOezB5dDOCLSGr5awZ/oAvIAYc13qaq84GokbqGjLo=",
        ),
        (
            "keys/p384.pub.pem",
            Algorithm::P384,
            "f4b6e15a49ccbbabe8aa1ce15881747f66c0fa3c3f10e507b58b1a2ac25eec42",
            "2HE685YNJs7+CJLBlQpKAd6JVtUTfNdpvyBUxKDH8NQ=",
        ),
        (
            "keys/p521.pub.pem",
            Algorithm::P521,
            "0c4ca05ce8bcd1dc036a87afd4b2a78c729822f236a76f6642c030ca8aaf0915",
            "uR7YIi6DUKGvKiVlygd/3R5JMcQfXKc6GM+z8OPWTbE=",
        ),
    ] {
        let text = data(name);
        let key = PublicKey::from_pem(&text).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.to_pem().into_bytes(), text, "{name}");
        assert_eq!(PublicKey::from_spki_der(key.to_spki_der()).unwrap(), key);
        assert_eq!(
            (key.hint_pem().as_str(), key.hint_der().as_str()),
            (hint_pem, hint_der)
        );
        assert!(OmsKey::try_from(key).is_ok());
    }
}

#[test]
fn other_kinds_are_refused_by_name() {
    let rsa = refusal(&data("keys/rsa2048.pub.pem"));
    assert_eq!(
        rsa,
        KeyError::UnsupportedAlgorithm {
            algorithm: "RSA (2048 bits)".into()
        }
    );
    assert_eq!(rsa.code().as_str(), "WL-KEY-UNSUPPORTED-ALGORITHM");
    let wallet = refusal(&data("keys/secp256k1.pub.pem"));
    assert_eq!(
        wallet,
        KeyError::UnsupportedCurve {
            curve: "secp256k1".into()
        }
    );
    assert_eq!(wallet.code().as_str(), "WL-KEY-UNSUPPORTED-CURVE");
    let ed448 = pem(
        "PUBLIC KEY",
        "MEMwBQYDK2VxAzoAOb3eIe7SYBwfbH9X/aclOAMNcCp/TAZ/j6d1DYk1e1wqC27EO5rXQfg0qE1mqhhJdPmIBN2XHPgA",
    );
    assert_eq!(
        refusal(&ed448),
        KeyError::UnsupportedAlgorithm {
            algorithm: "Ed448".into()
        }
    );
}

#[test]
fn the_wrong_kind_of_file_is_named() {
    assert_eq!(refusal(&data("pki/leaf.cert.pem")), KeyError::IsCertificate);
    assert!(KeyError::IsCertificate.hint().is_some());
    assert_eq!(refusal(&data("keys/p256.key.pem")), KeyError::IsPrivate);
    assert_eq!(refusal(&data("keys/p256-encrypted.key.pem")), KeyError::IsPrivate);
    assert_eq!(refusal(b"not a key"), KeyError::Pem(PemError::NoBlock));
    assert_eq!(
        refusal(&vec![b'x'; 70_000]),
        KeyError::Pem(PemError::TooLarge { limit: 65_536 })
    );
    assert_eq!(
        refusal(&data("keys/p256.pub.pem").repeat(2)),
        KeyError::SeveralKeys
    );
    assert_eq!(
        refusal(&pem("CERTIFICATE REQUEST", "AQID")),
        KeyError::NotAKey {
            label: "CERTIFICATE REQUEST".into()
        }
    );
}

#[test]
fn broken_keys_are_refused() {
    let point = KeyError::InvalidPoint {
        algorithm: Algorithm::P256,
    };
    assert!(edited(|_| ()).is_ok());
    assert_eq!(edited(|der| *der.last_mut().unwrap() ^= 1), Err(point.clone()));
    assert_eq!(edited(|der| der.push(0)), Err(KeyError::TrailingData));
    assert!(matches!(
        edited(|der| der.truncate(90)),
        Err(KeyError::Malformed { .. })
    ));
    // Hybrid, compact and unknown forms of the point.
    for form in [0, 1, 5, 6, 7, 8] {
        assert_eq!(edited(|der| der[26] = form), Err(point.clone()), "form {form}");
    }
    // The BIT STRING claims unused bits.
    assert!(edited(|der| der[25] = 1).is_err());
    // P-384 named, P-256 point given.
    let mut der = PublicKey::from_pem(&data("keys/p256.pub.pem"))
        .unwrap()
        .to_spki_der()
        .to_vec();
    der.splice(13..23, *b"\x06\x05\x2b\x81\x04\x00\x22");
    der[1] -= 3;
    der[3] -= 3;
    let wrong = PublicKey::from_spki_der(&der);
    assert_eq!(
        wrong,
        Err(KeyError::InvalidPoint {
            algorithm: Algorithm::P384
        })
    );
}

#[test]
fn the_point_at_infinity_is_refused() {
    let mut der = b"\x30\x19\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x02\x00".to_vec();
    der.push(0);
    assert_eq!(
        PublicKey::from_spki_der(&der),
        Err(KeyError::InvalidPoint {
            algorithm: Algorithm::P256
        })
    );
}

#[test]
fn a_compressed_point_is_the_same_key() {
    let key = PublicKey::from_pem(&data("keys/p256.pub.pem")).unwrap();
    let der = key.to_spki_der();
    let mut compressed = b"\x30\x39\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x22\x00".to_vec();
    compressed.push(2 + (der[der.len() - 1] & 1));
    compressed.extend_from_slice(&der[27..59]);
    let same = PublicKey::from_spki_der(&compressed).unwrap();
    assert_eq!((same.to_pem(), same.hint_der()), (key.to_pem(), key.hint_der()));
}

#[test]
fn ed25519_is_read_and_kept_from_oms() {
    // RFC 8410 section 10.1.
    let text = pem(
        "PUBLIC KEY",
        "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
    );
    let key = PublicKey::from_pem(&text).unwrap();
    assert_eq!(key.to_pem().into_bytes(), text);
    let refused = OmsKey::try_from(key).unwrap_err();
    assert_eq!(refused.code().as_str(), "WL-KEY-NOT-FOR-OMS");
    // All zeros has order four: one signature would fit many messages.
    let weak = pem(
        "PUBLIC KEY",
        "MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    assert_eq!(
        refusal(&weak),
        KeyError::InvalidPoint {
            algorithm: Algorithm::Ed25519
        }
    );
}
