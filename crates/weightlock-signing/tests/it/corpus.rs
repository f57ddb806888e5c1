//! The seeds of the fuzz targets, replayed by every test run: what a fuzzer once found stays found.

use std::{fs, path::Path};

use weightlock_signing::{
    certificate::Certificate,
    key::{OpenError, PrivateKey, PublicKey, uri::Uri},
};

use super::no_password;

/// Every seed of a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let seeds: Vec<Vec<u8>> = files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect();
    assert!(!seeds.is_empty(), "{} holds no seed", folder.display());
    seeds
}

/// How many seeds of a target a reader accepts: some, and not all for the targets with hostile seeds.
fn accepted(target: &str, accepts: impl Fn(&[u8]) -> bool) -> usize {
    seeds(target).iter().filter(|seed| accepts(seed)).count()
}

#[test]
fn keys() {
    let public = |text: &[u8]| PublicKey::from_pem(text).is_ok() || PublicKey::from_spki_der(text).is_ok();
    assert!(accepted("pem_key", public) >= 5);
    let private = |text: &[u8]| PrivateKey::from_pem(text, no_password).is_ok();
    assert!(accepted("pem_key", private) >= 4);
}

#[test]
fn cosign_keys() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let asks = |label: &str, content: &[u8]| {
        let body = STANDARD.encode(content);
        let pem = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        matches!(
            PrivateKey::from_pem(pem.as_bytes(), no_password),
            Err(OpenError::Password(_))
        )
    };
    assert!(accepted("cosign_key", |json| asks("ENCRYPTED SIGSTORE PRIVATE KEY", json)) >= 1);
    assert!(accepted("cosign_key", |der| asks("ENCRYPTED PRIVATE KEY", der)) >= 2);
}

#[test]
fn bundles_and_statements() {
    use weightlock_signing::{bundle::Bundle, oms::ModelStatement};
    let bundles = accepted("oms_bundle", |text| Bundle::parse(text).is_ok());
    assert!((15..seeds("oms_bundle").len()).contains(&bundles));
    let statements = accepted("oms_statement", |text| {
        ModelStatement::parse_unverified(text).is_ok()
    });
    assert!((30..seeds("oms_statement").len()).contains(&statements));
}

#[test]
fn certificates() {
    let read =
        |bytes: &[u8]| Certificate::from_der(bytes).is_ok() || Certificate::chain_from_pem(bytes).is_ok();
    assert!(accepted("certificate", read) >= 10);
}

#[test]
fn uris() {
    let parsed = |text: &[u8]| std::str::from_utf8(text).is_ok_and(|text| Uri::parse(text).is_ok());
    assert!(accepted("pkcs11_uri", parsed) >= 2);
}

#[test]
fn signatures() {
    let keys = ["p256", "p384", "p521"].map(|name| super::private(&format!("keys/{name}.key.pem")));
    let verifies = |signature: &[u8]| {
        use weightlock_signing::key::Signer;
        keys.iter()
            .any(|key| Signer::public_key(key).verify(b"a message", signature).is_ok())
    };
    assert!(accepted("der_signature", verifies) >= 3);
}

#[test]
fn references() {
    use weightlock_signing::key::reference::KeyReference;
    let read = |text: &[u8]| std::str::from_utf8(text).is_ok_and(|text| KeyReference::parse(text).is_ok());
    let references = accepted("key_reference", read);
    assert!((9..seeds("key_reference").len()).contains(&references));
}

#[cfg(feature = "online")]
#[test]
fn answers_of_services() {
    use weightlock_signing::key::kms::{aws, vault};
    assert!(accepted("kms_answers", |answer| vault::Latest::parse(answer).is_ok()) >= 2);
    assert!(accepted("kms_answers", |answer| aws::Known::parse(answer).is_ok()) >= 1);
    let signature = |answer: &[u8]| vault::signature(answer, 1).is_ok() || aws::signature(answer).is_ok();
    assert!(accepted("kms_answers", signature) >= 2);
}
