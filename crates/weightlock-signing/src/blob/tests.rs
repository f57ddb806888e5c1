//! Blobs signed and checked with keys of every kind, in every form that needs no bundle.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use super::*;
use crate::{
    cosign::{bundle::OldBundle, detached},
    key::{PrivateKey, Signer as _, SystemRandom},
    oms::SigningMaterial,
};

fn key(algorithm: KeyAlgorithm) -> PrivateKey {
    PrivateKey::generate(algorithm, &mut SystemRandom).unwrap()
}

fn blob(bytes: &[u8], key: &PublicKey) -> Blob {
    Blob::read(&mut &*bytes, &Needs::of_key(key)).unwrap()
}

const KINDS: [KeyAlgorithm; 4] = [
    KeyAlgorithm::P256,
    KeyAlgorithm::P384,
    KeyAlgorithm::P521,
    KeyAlgorithm::Ed25519,
];

#[test]
fn a_digest_is_signed_as_the_message_would_be() {
    for kind in KINDS {
        let key = key(kind);
        let digest = kind.hash().digest(b"a blob");
        let by_digest = key.sign_digest(&digest);
        if kind == KeyAlgorithm::Ed25519 {
            assert!(matches!(by_digest, Err(crate::key::SignError::NeedsMessage)));
            assert!(key.public_key().verify_digest(&digest, &[0; 64]).is_err());
            continue;
        }
        assert_eq!(by_digest.unwrap(), key.sign(b"a blob").unwrap());
        assert!(
            key.sign_digest(&digest[1..]).is_err(),
            "a digest of another length"
        );
    }
}

#[test]
fn every_kind_of_key_in_every_form() {
    for kind in KINDS {
        let (key, other) = (key(kind), key(kind));
        let trust = Trust::Key(key.public_key().clone());
        let same = blob(b"a blob", key.public_key());
        let changed = blob(b"a blog", key.public_key());
        let signed = sign(&same, &key, &SigningMaterial::Key).unwrap();
        let old = OldBundle::parse(&signed.to_old_bundle()).unwrap();
        let alone = detached::read_signature(&signed.to_signature_file()).unwrap();
        for signature in [
            signed.as_signature(),
            BlobSignature::from(old),
            BlobSignature::detached(alone),
        ] {
            let form = signature.form;
            assert!(verify(&same, &signature, &trust).is_ok(), "{kind} {form:?}");
            let code = verify(&changed, &signature, &trust).unwrap_err().code();
            let expected = match form {
                Form::Bundle => reason::DIGEST,
                _ => crate::reason::INVALID,
            };
            assert_eq!(code, expected, "{kind} {form:?}");
            let stranger = Trust::Key(other.public_key().clone());
            let code = verify(&same, &signature, &stranger).unwrap_err().code();
            assert_eq!(code, crate::reason::INVALID, "{kind} {form:?}");
        }
    }
}

/// cosign verifies with SHA-256 whatever the curve; what was signed so is accepted, another hash is not.
#[test]
fn sha256_is_accepted_from_larger_curves_and_no_other() {
    use ecdsa::signature::hazmat::PrehashSigner as _;
    let secret = p384::ecdsa::SigningKey::from_slice(&[7; 48]).unwrap();
    let point = secret.verifying_key().to_sec1_point(false);
    let public = PublicKey::from_point(KeyAlgorithm::P384, point.as_bytes()).unwrap();
    let trust = Trust::Key(public.clone());
    let read = blob(b"a blob", &public);
    for (algorithm, accepted) in [
        (Algorithm::Sha256, true),
        (Algorithm::Sha384, true),
        (Algorithm::Sha512, false),
    ] {
        let digest = algorithm.digest(b"a blob");
        let made: p384::ecdsa::DerSignature = secret.sign_prehash(digest.as_bytes()).unwrap();
        let alone = BlobSignature::detached(made.as_bytes().to_vec());
        assert_eq!(verify(&read, &alone, &trust).is_ok(), accepted, "{algorithm}");
        let mut bundled = alone;
        bundled.form = Form::Bundle;
        bundled.signed = Signed::Message {
            signature: made.as_bytes().to_vec(),
            digest: Some(digest),
        };
        assert_eq!(verify(&read, &bundled, &trust).is_ok(), accepted, "{algorithm}");
    }
}

#[test]
fn a_bundle_without_digest_is_refused() {
    let key = key(KeyAlgorithm::P256);
    let read = blob(b"a blob", key.public_key());
    let mut signature = sign(&read, &key, &SigningMaterial::Key).unwrap().as_signature();
    if let Signed::Message { digest, .. } = &mut signature.signed {
        *digest = None;
    }
    let trust = Trust::Key(key.public_key().clone());
    assert_eq!(
        verify(&read, &signature, &trust).unwrap_err().code(),
        reason::ALGORITHM
    );
}

#[test]
fn what_came_along_must_agree_with_the_key() {
    let (key, other) = (key(KeyAlgorithm::P256), key(KeyAlgorithm::P256));
    let read = blob(b"a blob", key.public_key());
    let trust = Trust::Key(key.public_key().clone());
    let plain = sign(&read, &key, &SigningMaterial::Key).unwrap().as_signature();
    let answer = |signature: &BlobSignature| verify(&read, signature, &trust).map_err(|why| why.code());
    for hint in [key.public_key().hint_der(), key.public_key().hint_pem()] {
        let hinted = BlobSignature {
            hint: Some(hint),
            ..plain.clone()
        };
        assert!(answer(&hinted).is_ok());
    }
    let mut wrong = plain.clone();
    wrong.hint = Some(other.public_key().hint_der());
    assert_eq!(answer(&wrong).unwrap_err(), crate::reason::KEY_MISMATCH);
    let mut came = plain;
    came.vouched = Some(detached::Vouched::Key(key.public_key().clone()));
    assert!(answer(&came).is_ok());
    came.vouched = Some(detached::Vouched::Key(other.public_key().clone()));
    assert_eq!(answer(&came).unwrap_err(), crate::reason::KEY_MISMATCH);
}

#[test]
fn statements_are_signed_and_held_against_the_blob() {
    for kind in KINDS {
        let key = key(kind);
        let trust = Trust::Key(key.public_key().clone());
        let digest = Algorithm::Sha256.digest(b"a blob");
        let payload = statement(
            "blob",
            &digest,
            "https://example.com/x",
            serde_json::json!({"a": 1}),
        );
        let signed = sign_statement(payload, &key, &SigningMaterial::Key).unwrap();
        let old = OldBundle::parse(&signed.to_old_bundle()).unwrap();
        let alone = crate::cosign::envelope::read(&signed.to_signature_file()).unwrap();
        for signature in [
            signed.as_signature(),
            BlobSignature::from(old),
            BlobSignature::envelope(alone),
        ] {
            let ask =
                |checks: Checks| verify_attestation(&signature, &trust, &checks).map_err(|why| why.code());
            assert!(ask(Checks::about("https://example.com/x", digest)).is_ok());
            let wrong_type = ask(Checks::about("https://example.com/y", digest));
            assert_eq!(wrong_type.unwrap_err(), reason::PREDICATE_TYPE);
            let another = Algorithm::Sha256.digest(b"a blog");
            let wrong_blob = ask(Checks::about("https://example.com/x", another));
            assert_eq!(wrong_blob.unwrap_err(), reason::SUBJECT);
            let read = blob(b"a blob", key.public_key());
            assert_eq!(
                verify(&read, &signature, &trust).unwrap_err().code(),
                reason::CONTENT
            );
        }
    }
}

#[test]
fn more_than_is_held_is_refused_while_reading() {
    let mut endless = io::repeat(0).take(Blob::MAX_HELD as u64 + 1);
    let read = Blob::read(&mut endless, &Needs::name().and_bytes());
    assert!(matches!(read, Err(BlobError::TooLargeToHold)));
}
