//! Private keys: reading, making, writing, and what is refused.

use weightlock_signing::key::{
    Algorithm, KeyError, OpenError, Password, PasswordNeeded, PemError, PrivateKey, PublicKey, Random,
    RandomError, Signer, SystemRandom,
};

use super::{Repeatable, data, no_password, private};

const ALL: [Algorithm; 4] = [
    Algorithm::P256,
    Algorithm::P384,
    Algorithm::P521,
    Algorithm::Ed25519,
];

fn refusal(pem: &[u8]) -> KeyError {
    match PrivateKey::from_pem(pem, no_password).expect_err("a refusal") {
        OpenError::Key(error) => error,
        OpenError::Password(_) => panic!("a password was asked for"),
    }
}

fn with_password(pem: &[u8], password: &str) -> Result<PrivateKey, OpenError<()>> {
    PrivateKey::from_pem(pem, |_| Ok(Password::new(password)))
}

#[test]
fn vectors_give_the_public_key_beside_them() {
    for name in ["p256", "p384", "p521", "other-p256"] {
        let key = private(&format!("keys/{name}.key.pem"));
        assert_eq!(
            key.public_key().to_pem().into_bytes(),
            data(&format!("keys/{name}.pub.pem"))
        );
        let signature = key.sign(b"message").unwrap();
        assert_eq!(key.public_key().verify(b"message", &signature), Ok(()));
        assert_eq!(
            key.sign(b"message").unwrap(),
            signature,
            "RFC 6979 is deterministic"
        );
    }
}

#[test]
fn an_encrypted_pkcs8_key_opens_with_its_password_only() {
    let pem = data("keys/p256-encrypted.key.pem");
    let key = PrivateKey::from_pem(&pem, |needed| {
        assert_eq!(needed, PasswordNeeded::Pkcs8);
        Ok::<_, ()>(Password::new("vector"))
    })
    .unwrap();
    assert_eq!(key.public_key().algorithm(), Algorithm::P256);
    for wrong in ["", "Vector", "vector "] {
        let error = with_password(&pem, wrong).unwrap_err();
        assert_eq!(error, OpenError::Key(KeyError::WrongPassword), "{wrong:?}");
    }
    let cannot = PrivateKey::from_pem(&pem, |_| Err("no terminal")).unwrap_err();
    assert_eq!(cannot, OpenError::Password("no terminal"));
}

#[test]
fn every_kind_is_generated_written_and_read_back() {
    for algorithm in ALL {
        let key = PrivateKey::generate(algorithm, &mut SystemRandom).unwrap();
        assert_eq!(key.public_key().algorithm(), algorithm);
        let again = PrivateKey::from_pem(key.to_pkcs8_pem().as_bytes(), no_password).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        let public = PublicKey::from_pem(key.public_key().to_pem().as_bytes()).unwrap();
        let signature = again.sign(b"x").unwrap();
        assert_eq!(public.verify(b"x", &signature), Ok(()));
        assert!(public.verify(b"y", &signature).is_err());
    }
}

#[test]
fn randomness_is_an_argument() {
    struct Broken;
    impl Random for Broken {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError)
        }
    }
    /// A generator that is stuck at zero, which is no private number.
    struct Stuck;
    impl Random for Stuck {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
            bytes.fill(0);
            Ok(())
        }
    }
    for algorithm in ALL {
        let twice = [1, 1].map(|seed| PrivateKey::generate(algorithm, &mut Repeatable(seed)).unwrap());
        assert_eq!(twice[0].public_key(), twice[1].public_key());
        assert_eq!(
            PrivateKey::generate(algorithm, &mut Broken).unwrap_err(),
            RandomError
        );
    }
    assert_eq!(
        PrivateKey::generate(Algorithm::P256, &mut Stuck).unwrap_err(),
        RandomError
    );
}

#[test]
fn the_wrong_kind_of_file_is_named() {
    assert_eq!(refusal(&data("keys/p256.pub.pem")), KeyError::IsPublic);
    assert_eq!(refusal(&data("pki/leaf.cert.pem")), KeyError::IsCertificate);
    assert_eq!(
        refusal(&data("keys/rsa2048.key.pem")),
        KeyError::UnsupportedAlgorithm {
            algorithm: "RSA".into()
        }
    );
    assert_eq!(
        refusal(&data("keys/secp256k1.key.pem")),
        KeyError::UnsupportedCurve {
            curve: "secp256k1".into()
        }
    );
    assert_eq!(refusal(b""), KeyError::Pem(PemError::NoBlock));
    let two = [data("keys/p256.key.pem"), data("keys/p384.key.pem")].concat();
    assert_eq!(refusal(&two), KeyError::SeveralKeys);
}

#[test]
fn openssl_parameters_and_certificates_around_the_key_do_not_matter() {
    let parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let text = [
        &parameters[..],
        &data("keys/p256.key.pem"),
        &data("pki/leaf.cert.pem"),
    ]
    .concat();
    assert!(PrivateKey::from_pem(&text, no_password).is_ok());
}

#[test]
fn the_old_encryption_is_refused_with_its_own_hint() {
    let old = b"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAQID\n\
                -----END EC PRIVATE KEY-----\n";
    let error = refusal(old);
    assert_eq!(error, KeyError::LegacyEncryption);
    assert!(error.hint().unwrap().contains("openssl pkcs8 -topk8"));
}

#[test]
fn halves_that_do_not_belong_together_are_refused() {
    // The stored point of another key, in a SEC1 file.
    let text = String::from_utf8(data("keys/p256.key.pem")).unwrap();
    let other = String::from_utf8(data("keys/other-p256.key.pem")).unwrap();
    let decode = |text: &str| {
        use base64::Engine;
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        base64::engine::general_purpose::STANDARD.decode(body).unwrap()
    };
    let (mut der, other) = (decode(&text), decode(&other));
    let point = der.len() - 64;
    der[point..].copy_from_slice(&other[point..]);
    let pem = to_pem("EC PRIVATE KEY", &der);
    assert_eq!(refusal(pem.as_bytes()), KeyError::Mismatch);
    // Zero, and the order of the curve, are no private numbers.
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    for scalar in [[0; 32], order, [0xff; 32]] {
        der[7..39].copy_from_slice(&scalar);
        let error = refusal(to_pem("EC PRIVATE KEY", &der).as_bytes());
        assert_eq!(
            error,
            KeyError::InvalidScalar {
                algorithm: Algorithm::P256
            }
        );
    }
    der.push(0);
    assert_eq!(
        refusal(to_pem("EC PRIVATE KEY", &der).as_bytes()),
        KeyError::TrailingData
    );
}

fn to_pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let base64 = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

#[test]
fn no_secret_is_shown() {
    let key = private("keys/p256.key.pem");
    let shown = format!("{key:?} {:?}", Password::new("canary"));
    assert!(!shown.contains("canary"));
    // The first bytes of the private number, in the usual spellings.
    for spelling in ["f6cc9df3", "F6CC9DF3", "246, 204, 157"] {
        assert!(!shown.contains(spelling), "{shown}");
    }
}
