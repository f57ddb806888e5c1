//! Keys that services keep: Vault's transit engine against a stand-in that can lie, AWS KMS against moto, which checks
//! the signature of every call.

use std::{sync::Arc, time::Duration};

use weightlock_peers::{
    moto::{Moto, REGION},
    vault::{Lie, TOKEN, Trouble, Vault},
};
use weightlock_signing::{
    certificate::UnixTime,
    key::{
        Algorithm, SignError, Signer,
        kms::{
            KmsError,
            aws::{self, AwsSigner, Credentials},
            vault::{self, VaultSigner},
        },
        reference::KeyReference,
    },
};
use weightlock_transport::{
    Secret, Url,
    http::{Client, Settings},
};

const MESSAGE: &[u8] = b"what is signed";

fn client() -> Client {
    Client::new(Settings::default())
}

fn settings(server: &Vault) -> vault::Settings {
    vault::Settings {
        address: Url::parse(&server.url()).unwrap(),
        token: Secret::new(TOKEN),
        namespace: None,
        engine: "transit".to_owned(),
    }
}

fn open_with(client: &Client, settings: vault::Settings, name: &str) -> Result<VaultSigner, KmsError> {
    match KeyReference::parse(format!("hashivault://{name}")).unwrap() {
        KeyReference::Vault(key) => VaultSigner::open(client, settings, &key),
        other => panic!("{other:?}"),
    }
}

fn open(server: &Vault, name: &str) -> Result<VaultSigner, KmsError> {
    open_with(&client(), settings(server), name)
}

/// The code, after it was made sure that the token is nowhere in the error.
fn code(error: &KmsError) -> &'static str {
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(TOKEN), "{shown}");
    error.code().as_str()
}

fn sign_code(signer: &dyn Signer) -> &'static str {
    let error = signer.sign(MESSAGE).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(TOKEN), "{shown}");
    error.code().as_str()
}

#[test]
fn every_kind_of_key_of_vault_signs() {
    let server = Vault::start();
    for (kind, algorithm) in [
        ("ecdsa-p256", Algorithm::P256),
        ("ecdsa-p384", Algorithm::P384),
        ("ecdsa-p521", Algorithm::P521),
        ("ed25519", Algorithm::Ed25519),
    ] {
        server.create(kind, kind);
        let signer = open(&server, kind).unwrap();
        assert_eq!(signer.public_key().algorithm(), algorithm);
        let signature = signer.sign(MESSAGE).unwrap();
        signer.public_key().verify(MESSAGE, &signature).unwrap();
        assert!(signer.public_key().verify(b"something else", &signature).is_err());
        assert_eq!(server.asked()["prehashed"], algorithm != Algorithm::Ed25519);
        let digest = signer.sign_digest(&[7; 32]);
        match algorithm {
            Algorithm::P256 => signer
                .public_key()
                .verify_digest(&[7; 32], &digest.unwrap())
                .unwrap(),
            Algorithm::Ed25519 => assert!(matches!(digest, Err(SignError::NeedsMessage))),
            _ => assert!(matches!(digest, Err(SignError::Failed)), "too short"),
        }
    }
}

#[test]
fn a_key_that_is_rotated_in_between_stays_the_one_that_was_opened() {
    let server = Vault::start();
    server.create("release", "ecdsa-p256");
    let before = open(&server, "release").unwrap();
    server.rotate("release");
    let after = open(&server, "release").unwrap();
    assert_ne!(before.public_key(), after.public_key());
    for signer in [before, after] {
        let signature = signer.sign(MESSAGE).unwrap();
        signer.public_key().verify(MESSAGE, &signature).unwrap();
    }
}

#[test]
fn vault_refuses_and_says_why() {
    let server = Vault::start();
    server.create("release", "ecdsa-p256");
    server.create("other", "aes256-gcm96");
    let wrong_token = vault::Settings {
        token: Secret::new("hvs.wrong"),
        ..settings(&server)
    };
    let elsewhere = vault::Settings {
        engine: "team/transit".to_owned(),
        ..settings(&server)
    };
    let error = open_with(&client(), wrong_token, "release").unwrap_err();
    assert_eq!(code(&error), "WL-KMS-DENIED");
    assert!(error.to_string().contains("permission denied"), "{error}");
    assert_eq!(code(&open(&server, "missing").unwrap_err()), "WL-KMS-KEY-MISSING");
    assert_eq!(
        code(&open_with(&client(), elsewhere, "release").unwrap_err()),
        "WL-KMS-KEY-MISSING"
    );
    assert_eq!(
        code(&open(&server, "other").unwrap_err()),
        "WL-KMS-UNSUPPORTED-KEY"
    );
    let signer = open(&server, "release").unwrap();
    server.delete("release");
    assert_eq!(sign_code(&signer), "WL-KMS-KEY-MISSING");
}

#[test]
fn a_vault_that_lies_gives_no_signature() {
    let server = Vault::start();
    server.create("release", "ecdsa-p256");
    server.create("edwards", "ed25519");
    for name in ["release", "edwards"] {
        let signer = open(&server, name).unwrap();
        for (lie, code) in [
            (Lie::AnotherKey, "WL-KMS-BAD-SIGNATURE"),
            (Lie::AnotherVersion, "WL-KMS-ANSWER"),
            (Lie::NoSignature, "WL-KMS-ANSWER"),
        ] {
            server.lie(Some(lie));
            assert_eq!(sign_code(&signer), code, "{name} {lie:?}");
        }
        server.lie(Some(Lie::AnotherType));
        assert_eq!(code(&open(&server, name).unwrap_err()), "WL-KMS-ANSWER");
        server.lie(None);
        assert!(signer.sign(MESSAGE).is_ok());
    }
}

#[test]
fn a_vault_in_trouble_gives_no_signature() {
    let server = Vault::start();
    server.create("release", "ecdsa-p256");
    let hasty = Client::new(Settings {
        whole: Duration::from_millis(700),
        ..Settings::default()
    });
    let signer = open_with(&hasty, settings(&server), "release").unwrap();
    for (trouble, expected) in [
        (Trouble::Fails, "WL-NET-STATUS"),
        (Trouble::Slow(Duration::from_secs(3)), "WL-NET-TIMEOUT"),
        (Trouble::Huge(8 << 20), "WL-NET-TOO-LARGE"),
        (Trouble::Page, "WL-KMS-ANSWER"),
        (Trouble::CutOff(20), "WL-NET-PROTOCOL"),
        (
            Trouble::Redirects("http://127.0.0.1:1/".to_owned()),
            "WL-NET-REDIRECT",
        ),
    ] {
        server.trouble(Some(trouble.clone()));
        assert_eq!(sign_code(&signer), expected, "{trouble:?}");
        let error = open_with(&hasty, settings(&server), "release").unwrap_err();
        assert_eq!(code(&error), expected, "{trouble:?}");
        assert_eq!(server.requests(), 2, "nothing is tried twice: {trouble:?}");
    }
}

#[test]
fn a_vault_that_is_not_there_is_said() {
    let server = Vault::start();
    let settings = settings(&server);
    drop(server);
    let error = open_with(&client(), settings, "release").unwrap_err();
    assert!(
        ["WL-NET-CONNECT", "WL-NET-PROTOCOL"].contains(&code(&error)),
        "{error:?}"
    );
}

#[test]
fn the_token_is_not_sent_in_the_open() {
    let server = Vault::start();
    let plain = vault::Settings {
        address: Url::parse("http://vault.example:8200").unwrap(),
        ..settings(&server)
    };
    let error = open_with(&client(), plain, "release").unwrap_err();
    assert_eq!(code(&error), "WL-NET-PLAIN-SECRET");
}

fn of_aws(moto: &Moto) -> aws::Settings {
    aws::Settings {
        endpoint: Some(Url::parse(moto.url()).unwrap()),
        region: Some(REGION.to_owned()),
        credentials: Credentials {
            id: moto.id.clone(),
            secret: Secret::new(moto.secret.as_str()),
            session: None,
        },
        clock: Arc::new(|| {
            let since = std::time::UNIX_EPOCH.elapsed().unwrap();
            UnixTime(since.as_secs())
        }),
    }
}

fn open_aws(settings: aws::Settings, id: &str) -> Result<AwsSigner, KmsError> {
    match KeyReference::parse(format!("awskms:///{id}")).unwrap() {
        KeyReference::Aws(key) => AwsSigner::open(&client(), settings, &key),
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys_of_aws_sign_and_the_vendors_library_agrees() {
    let Some(moto) = Moto::start() else { return };
    for (spec, name, algorithm) in [
        ("ECC_NIST_P256", "ECDSA_SHA_256", Algorithm::P256),
        ("ECC_NIST_P384", "ECDSA_SHA_384", Algorithm::P384),
        ("ECC_NIST_P521", "ECDSA_SHA_512", Algorithm::P521),
    ] {
        let id = moto.create(&spec.to_lowercase(), spec, "SIGN_VERIFY");
        let arn = format!("arn:aws:kms:{REGION}:123456789012:key/{id}");
        for named in [id, arn, format!("alias/{}", spec.to_lowercase())] {
            let signer = open_aws(of_aws(&moto), &named).unwrap();
            assert_eq!(signer.public_key().algorithm(), algorithm);
            let signature = signer.sign(MESSAGE).unwrap();
            signer.public_key().verify(MESSAGE, &signature).unwrap();
            let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
            let agreed = moto.python(&format!(
                "print(client('kms').verify(KeyId='{named}', Message=b'what is signed', MessageType='RAW', \
                 SigningAlgorithm='{name}', Signature=bytes.fromhex('{hex}'))['SignatureValid'])"
            ));
            assert_eq!(agreed.trim(), "True", "{named}");
        }
    }
}

#[test]
fn aws_refuses_and_says_why() {
    let Some(moto) = Moto::start() else { return };
    let _ = moto.create("release", "ECC_NIST_P256", "SIGN_VERIFY");
    let _ = moto.create("rsa", "RSA_2048", "SIGN_VERIFY");
    let _ = moto.create("bitcoin", "ECC_SECG_P256K1", "SIGN_VERIFY");
    let mut forged = of_aws(&moto);
    forged.credentials.secret = Secret::new("hunter2-canary");
    let mut unknown = of_aws(&moto);
    unknown.credentials.id = "AKIAUNKNOWN".to_owned();
    for settings in [forged, unknown] {
        let error = open_aws(settings, "alias/release").unwrap_err();
        assert_eq!(code(&error), "WL-KMS-DENIED", "{error}");
        assert!(!format!("{error:?}").contains("hunter2-canary"));
    }
    let refused = |id: &str| code(&open_aws(of_aws(&moto), id).unwrap_err());
    assert_eq!(refused("alias/missing"), "WL-KMS-KEY-MISSING");
    assert_eq!(refused("alias/rsa"), "WL-KMS-UNSUPPORTED-KEY");
    assert_eq!(refused("alias/bitcoin"), "WL-KMS-UNSUPPORTED-KEY");
    let nowhere = aws::Settings {
        region: None,
        ..of_aws(&moto)
    };
    assert_eq!(
        code(&open_aws(nowhere, "alias/release").unwrap_err()),
        "WL-KMS-SETTING"
    );
}

#[test]
fn an_alias_that_is_moved_in_between_changes_nothing() {
    let Some(moto) = Moto::start() else { return };
    let _ = moto.create("release", "ECC_NIST_P256", "SIGN_VERIFY");
    let other = moto.create("other", "ECC_NIST_P256", "SIGN_VERIFY");
    let signer = open_aws(of_aws(&moto), "alias/release").unwrap();
    let _ = moto.python(&format!(
        "client('kms').update_alias(AliasName='alias/release', TargetKeyId='{other}')"
    ));
    let signature = signer.sign(MESSAGE).unwrap();
    signer.public_key().verify(MESSAGE, &signature).unwrap();
    let moved = open_aws(of_aws(&moto), "alias/release").unwrap();
    assert_ne!(moved.public_key(), signer.public_key());
}

#[test]
fn a_service_that_hashes_the_digest_again_is_asked_with_the_message() {
    let Some(moto) = Moto::as_released() else { return };
    let _ = moto.create("release", "ECC_NIST_P384", "SIGN_VERIFY");
    let signer = open_aws(of_aws(&moto), "alias/release").unwrap();
    for length in [1, 4096] {
        let message = vec![7; length];
        signer
            .public_key()
            .verify(&message, &signer.sign(&message).unwrap())
            .unwrap();
    }
    let error = signer.sign(&[7; 4097]).unwrap_err();
    assert_eq!(error.code().as_str(), "WL-KMS-ANSWER", "{error:?}");
    let error = signer.sign_digest(&[7; 48]).unwrap_err();
    assert!(matches!(error, SignError::NeedsMessage), "{error:?}");
}
