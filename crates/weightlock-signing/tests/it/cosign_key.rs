//! cosign's encrypted keys, both ways, and every limit.

use weightlock_signing::key::{
    Algorithm, CosignKeyError, KdfRefusal, KeyError, OpenError, Password, PasswordNeeded, PrivateKey,
};

use super::{Repeatable, data};

const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";

fn open(pem: &[u8], password: &str) -> Result<PrivateKey, OpenError<()>> {
    PrivateKey::from_pem(pem, |needed| {
        assert_eq!(needed, PasswordNeeded::Cosign);
        Ok(Password::new(password))
    })
}

/// The JSON inside of a key file, edited.
fn edited(edit: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text = String::from_utf8(data("cosign/sealed.key")).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let mut json = serde_json::from_slice(&STANDARD.decode(body).unwrap()).unwrap();
    edit(&mut json);
    let body = STANDARD.encode(serde_json::to_vec(&json).unwrap());
    format!("-----BEGIN {LABEL}-----\n{body}\n-----END {LABEL}-----\n").into_bytes()
}

/// The refusal of an edited file; no password may be asked for.
fn refused_unopened(edit: impl FnOnce(&mut serde_json::Value)) -> KeyError {
    match PrivateKey::from_pem(&edited(edit), |_| Err(())) {
        Err(OpenError::Key(error)) => error,
        Err(OpenError::Password(())) => panic!("a password was asked for"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn a_key_sealed_by_cosigns_library_opens() {
    let key = open(&data("cosign/sealed.key"), "canary password").unwrap();
    assert_eq!(key.public_key().to_pem().into_bytes(), data("cosign/sealed.pub"));
    let old = String::from_utf8(data("cosign/sealed.key"))
        .unwrap()
        .replace("SIGSTORE", "COSIGN");
    assert!(open(old.as_bytes(), "canary password").is_ok());
    let wrong = open(&data("cosign/sealed.key"), "canary  password").unwrap_err();
    assert_eq!(wrong, OpenError::Key(KeyError::WrongPassword));
}

#[test]
fn every_kind_of_key_goes_round() {
    for (algorithm, password) in [(Algorithm::P256, ""), (Algorithm::Ed25519, "pass wörd")] {
        let key = PrivateKey::generate(algorithm, &mut Repeatable(3)).unwrap();
        let pem = key
            .to_cosign_pem(&Password::new(password), &mut Repeatable(9))
            .unwrap();
        assert!(pem.starts_with(&format!("-----BEGIN {LABEL}-----\n")));
        assert_eq!(
            open(pem.as_bytes(), password).unwrap().public_key(),
            key.public_key()
        );
        assert!(matches!(
            open(pem.as_bytes(), "other"),
            Err(OpenError::Key(KeyError::WrongPassword))
        ));
    }
}

#[test]
fn parameters_are_refused_before_a_password_is_asked_for() {
    for (n, r, p) in [
        (16_384, 8, 1),
        (262_144, 8, 1),
        (65_536, 9, 1),
        (65_536, 8, 2),
        (u64::MAX, 8, 1),
        (0, 0, 0),
    ] {
        let refused =
            refused_unopened(|json| json["kdf"]["params"] = serde_json::json!({"N": n, "r": r, "p": p}));
        assert_eq!(refused, KeyError::Kdf(KdfRefusal::CosignParameters { n, r, p }));
        assert_eq!(refused.code().as_str(), "WL-KEY-KDF-LIMIT");
    }
}

#[test]
fn damage_is_told_apart_from_a_wrong_password() {
    type Edit = fn(&mut serde_json::Value);
    let cases: [(Edit, CosignKeyError); 8] = [
        (
            |json| drop(json.as_object_mut().unwrap().remove("kdf")),
            CosignKeyError::Json,
        ),
        (
            |json| json["kdf"]["params"]["N"] = (-1).into(),
            CosignKeyError::Json,
        ),
        (
            |json| json["kdf"]["salt"] = "!".into(),
            CosignKeyError::Base64 { field: "salt" },
        ),
        (
            |json| json["kdf"]["salt"] = "AAAA".into(),
            CosignKeyError::Length { field: "salt" },
        ),
        (
            |json| json["cipher"]["nonce"] = "AAAA".into(),
            CosignKeyError::Length { field: "nonce" },
        ),
        (
            |json| json["ciphertext"] = "AAAA".into(),
            CosignKeyError::Length { field: "ciphertext" },
        ),
        (
            |json| json["ciphertext"] = "A".into(),
            CosignKeyError::Base64 { field: "ciphertext" },
        ),
        (|json| *json = 1.into(), CosignKeyError::Json),
    ];
    for (edit, why) in cases {
        assert_eq!(refused_unopened(edit), KeyError::Cosign(why));
    }
    for field in ["kdf", "cipher"] {
        let refused = refused_unopened(|json| json[field]["name"] = "other".into());
        assert!(matches!(refused, KeyError::UnsupportedEncryption { .. }));
    }
}
