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
fn files_of_cosign() {
    use weightlock_signing::cosign::{bundle::OldBundle, detached, envelope, timestamp};
    let bundles = accepted("cosign_bundle", |text| OldBundle::parse(text).is_ok());
    assert!((4..seeds("cosign_bundle").len()).contains(&bundles));
    let count = |reads: &dyn Fn(&[u8]) -> bool| accepted("cosign_detached", reads);
    assert!(count(&|file| detached::read_signature(file).is_ok()) >= 2);
    assert!(count(&|file| detached::read_certificate(file).is_ok()) >= 2);
    assert!(count(&|file| envelope::read(file).is_ok()) >= 1);
    assert!(count(&|file| timestamp::read(file).is_ok()) >= 1);
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
fn identities_and_their_evidence() {
    use weightlock_signing::{bundle::Bundle, identity::Identity, sigstore::TrustRoot};
    let bundles = accepted("sigstore_bundle", |text| Bundle::parse(text).is_ok());
    assert!((10..seeds("sigstore_bundle").len()).contains(&bundles));
    let roots = accepted("sigstore_root", |text| TrustRoot::from_json(text).is_ok());
    assert!((2..seeds("sigstore_root").len()).contains(&roots));
    let named = accepted("identity_certificate", |der| {
        Identity::of_certificate(der).is_ok()
    });
    assert!(named >= 2);
    // Each begins with a form and a place.
    let whole = accepted("sigstore_evidence", |input| {
        input.len() > 2 && input[0] < 10 && input[1] < 7
    });
    assert_eq!(whole, seeds("sigstore_evidence").len());
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
fn answers_of_key_services() {
    use weightlock_signing::key::kms::{aws, vault};
    assert!(accepted("kms_answers", |answer| vault::Latest::parse(answer).is_ok()) >= 2);
    assert!(accepted("kms_answers", |answer| aws::Known::parse(answer).is_ok()) >= 1);
    let signature = |answer: &[u8]| vault::signature(answer, 1).is_ok() || aws::signature(answer).is_ok();
    assert!(accepted("kms_answers", signature) >= 2);
}

#[test]
fn statements_of_others() {
    use weightlock_signing::{predicate::Predicate, predicate::Wanted, statement::Statement};
    let statements = accepted("statement", |text| Statement::parse_unverified(text).is_ok());
    assert!(statements >= 2);
    let any = Wanted::parse("urn:any:type").unwrap();
    let predicates = accepted("statement", |seed| {
        Predicate::read(&seed[1..], &any, "now").is_ok()
    });
    assert!((3..seeds("statement").len()).contains(&predicates));
}

/// The first byte chooses the reader.
#[cfg(feature = "online")]
#[test]
fn answers_of_services() {
    use weightlock_signing::{
        certificate::UnixTime,
        sigstore::{
            oidc::Token,
            sign::{
                LogVersion, SigningConfig,
                answers::{Asked, read_chain, read_entry, read_token},
            },
        },
    };
    let count = |reader: u8, takes: &dyn Fn(&[u8]) -> bool| {
        accepted("keyless_answers", |seed| {
            seed.split_first()
                .is_some_and(|(first, rest)| *first == reader && takes(rest))
        })
    };
    let entry = |version, text: &[u8]| read_entry(text, version, "hashedrekord").is_ok();
    let asked = Asked::new(b"signature", [1; 8]);
    let token = |text: &[u8]| {
        let text = weightlock_transport::Secret::new(text);
        Token::parse(&text, "sigstore", UnixTime(1_795_262_400)).is_ok()
    };
    assert_eq!(count(b'c', &|text| read_chain(text).is_ok()), 1);
    assert_eq!(count(b'1', &|text| entry(LogVersion::First, text)), 1);
    assert_eq!(count(b'2', &|text| entry(LogVersion::Second, text)), 1);
    assert_eq!(count(b't', &|text| read_token(text, &asked).is_ok()), 1);
    assert_eq!(count(b's', &|text| SigningConfig::parse(text).is_ok()), 1);
    assert_eq!(count(b'j', &token), 1);
}
