//! Blobs and statements that identities signed, in every form that cosign writes: bundles of each version, the old bundle
//! with a log's promise, detached files with a timestamp. The services are those of the tests; nothing is asked online.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use weightlock_artifact::digest::{Algorithm, hex};
use weightlock_peers::sigstore::{Account, BundleVersion, Rekor, Signed, Sigstore};
use weightlock_signing::{
    IdentityTrust, Signer,
    blob::{Blob, BlobRefusal, BlobSignature, Checks, Needs, Trust, statement, verify, verify_attestation},
    bundle::Bundle,
    certificate::Certificate,
    cosign::{bundle::OldBundle, detached, timestamp},
    identity::Required,
    sigstore::{TrustRoot, Without},
};

use super::tree::Tree;

const BLOB: &[u8] = b"a blob";
const WHO: &str = "signer@example.com";
const TYPE: &str = "https://example.com/x";

struct Place {
    sigstore: Sigstore,
    account: Account,
}

impl Place {
    fn new() -> Self {
        Self {
            sigstore: Sigstore::start(),
            account: Account::email(WHO),
        }
    }

    fn bundle(&self, signed: Signed<'_>, version: BundleVersion, rekor: Rekor, timestamp: bool) -> Value {
        let text = self
            .sigstore
            .bundle(&self.account, signed, version, rekor, timestamp);
        serde_json::from_str(&text).unwrap()
    }

    fn root(&self) -> TrustRoot {
        TrustRoot::from_json(self.sigstore.trusted_root().as_bytes()).unwrap()
    }

    fn trust_in(&self, name: &str, issuer: &str, root: TrustRoot) -> Trust {
        Trust::Identity {
            trust: IdentityTrust {
                required: Required::exactly(name, issuer),
                root: Arc::new(root),
            },
            timestamp: false,
        }
    }

    fn trust(&self) -> Trust {
        self.trust_in(WHO, self.sigstore.issuer(), self.root())
    }
}

fn blob(bytes: &[u8]) -> Blob {
    Blob::read(&mut &*bytes, &Needs::name()).unwrap()
}

fn read(text: &[u8]) -> Result<BlobSignature, BlobRefusal> {
    if OldBundle::is_one(text) {
        Ok(OldBundle::parse(text)?.into())
    } else {
        BlobSignature::try_from(Bundle::parse(text)?)
    }
}

fn told<T>(answer: Result<T, BlobRefusal>) -> &'static str {
    match answer {
        Ok(_) => "accepted",
        Err(refusal) => refusal.code().as_str(),
    }
}

fn ask(text: &Value, bytes: &[u8], trust: &Trust) -> &'static str {
    ask_signature(read(text.to_string().as_bytes()), bytes, trust)
}

fn ask_signature(signature: Result<BlobSignature, BlobRefusal>, bytes: &[u8], trust: &Trust) -> &'static str {
    told(signature.and_then(|signature| verify(&blob(bytes), &signature, trust)))
}

fn unbase64(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

fn certificate(bundle: &Value) -> Certificate {
    let material = &bundle["verificationMaterial"];
    let raw = match material.get("certificate") {
        Some(certificate) => &certificate["rawBytes"],
        None => &material["x509CertificateChain"]["certificates"][0]["rawBytes"],
    };
    Certificate::from_der(&unbase64(raw)).unwrap()
}

/// The same in the words of cosign before bundles.
fn old(bundle: &Value) -> Value {
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    let number = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    let signature = match bundle.get("messageSignature") {
        Some(message) => message["signature"].clone(),
        None => json!(STANDARD.encode(bundle["dsseEnvelope"].to_string())),
    };
    json!({
        "base64Signature": signature,
        "cert": STANDARD.encode(certificate(bundle).to_pem()),
        "rekorBundle": {
            "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {
                "body": entry["canonicalizedBody"],
                "integratedTime": number(&entry["integratedTime"]),
                "logIndex": number(&entry["logIndex"]),
                "logID": hex(&unbase64(&entry["logId"]["keyId"])),
            },
        },
    })
}

#[test]
fn bundles_of_every_version_and_old_ones() {
    let (place, stranger) = (Place::new(), Sigstore::start());
    let trust = place.trust();
    let forms = [
        place.bundle(Signed::Message(BLOB), BundleVersion::V01, Rekor::First, false),
        place.bundle(Signed::Message(BLOB), BundleVersion::V02, Rekor::First, false),
        place.bundle(Signed::Message(BLOB), BundleVersion::V03, Rekor::First, true),
        place.bundle(Signed::Message(BLOB), BundleVersion::V03, Rekor::Second, true),
    ];
    let mut all = forms.to_vec();
    all.push(old(&forms[0]));
    for form in &all {
        assert_eq!(ask(form, BLOB, &trust), "accepted", "{form}");
        assert_ne!(ask(form, b"a blog", &trust), "accepted", "{form}");
        let issuer = place.sigstore.issuer();
        let other = place.trust_in("other@example.com", issuer, place.root());
        assert_eq!(ask(form, BLOB, &other), "WL-ID-MISMATCH", "{form}");
        let other = place.trust_in(WHO, "https://issuer.example.com", place.root());
        assert_eq!(ask(form, BLOB, &other), "WL-ID-ISSUER", "{form}");
        let root = TrustRoot::from_json(stranger.trusted_root().as_bytes()).unwrap();
        let other = place.trust_in(WHO, issuer, root);
        assert_ne!(ask(form, BLOB, &other), "accepted", "{form}");
    }
}

#[test]
fn a_key_does_not_stand_in_for_an_identity_nor_the_other_way_round() {
    let place = Place::new();
    let form = place.bundle(Signed::Message(BLOB), BundleVersion::V03, Rekor::First, false);
    let key = certificate(&form).public_key().unwrap();
    // The key of the certificate is the key that signed: who has it has signed.
    assert_eq!(ask(&form, BLOB, &Trust::Key(key)), "accepted");
    let other = super::private("keys/p256.key.pem").public_key().clone();
    assert_eq!(
        ask(&form, BLOB, &Trust::Key(other.clone())),
        "WL-SIG-KEY-MISMATCH"
    );
    let signed = weightlock_signing::blob::sign(
        &blob(BLOB),
        &super::private("keys/p256.key.pem"),
        &weightlock_signing::oms::SigningMaterial::Key,
    );
    let bundle = signed.unwrap().to_bundle().unwrap();
    assert_eq!(
        ask_signature(read(&bundle), BLOB, &place.trust()),
        "WL-SIG-METHOD"
    );
    let logged = Trust::LoggedKey {
        key: other,
        root: Arc::new(place.root()),
        timestamp: false,
    };
    assert_eq!(ask_signature(read(&bundle), BLOB, &logged), "WL-LOG-MISSING");
}

/// An entry that nobody proves is nobody's word, also for a root that has no logs.
#[test]
fn a_key_that_must_be_logged_needs_the_word_of_a_log_or_a_clock() {
    let place = Place::new();
    let private = super::private("keys/p256.key.pem");
    let key = private.public_key().clone();
    let material = weightlock_signing::oms::SigningMaterial::Key;
    let signed = weightlock_signing::blob::sign(&blob(BLOB), &private, &material).unwrap();
    let mut bundle: Value = serde_json::from_slice(&signed.to_bundle().unwrap()).unwrap();
    let body = json!({"kind": "hashedrekord", "apiVersion": "0.0.1", "spec": {
        "data": {"hash": {"algorithm": "sha256", "value": Algorithm::Sha256.digest(BLOB).hex()}},
        "signature": {
            "content": bundle["messageSignature"]["signature"],
            "publicKey": {"content": STANDARD.encode(key.to_pem())},
        },
    }});
    bundle["verificationMaterial"]["tlogEntries"] = json!([{
        "logIndex": "1",
        "logId": {"keyId": STANDARD.encode([0; 32])},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
        "canonicalizedBody": STANDARD.encode(body.to_string()),
    }]);
    let logged = |root: TrustRoot, timestamp| Trust::LoggedKey {
        key: key.clone(),
        root: Arc::new(root),
        timestamp,
    };
    let without = || place.root().dangerously(Without::Log);
    assert_eq!(ask(&bundle, BLOB, &Trust::Key(key.clone())), "accepted");
    assert_ne!(ask(&bundle, BLOB, &logged(place.root(), false)), "accepted");
    assert_eq!(ask(&bundle, BLOB, &logged(without(), false)), "WL-LOG-MISSING");

    bundle["verificationMaterial"]["tlogEntries"] = json!([place.sigstore.logged(&body)]);
    assert_eq!(ask(&bundle, BLOB, &logged(place.root(), false)), "accepted");
    assert_eq!(
        ask(&bundle, BLOB, &logged(place.root(), true)),
        "WL-BLOB-TIMESTAMP"
    );
    let stamp = place
        .sigstore
        .stamped(&unbase64(&bundle["messageSignature"]["signature"]));
    bundle["verificationMaterial"]["timestampVerificationData"] =
        json!({"rfc3161Timestamps": [{"signedTimestamp": STANDARD.encode(stamp)}]});
    assert_eq!(ask(&bundle, BLOB, &logged(place.root(), true)), "accepted");
    bundle["verificationMaterial"]["tlogEntries"] = json!([]);
    assert_eq!(ask(&bundle, BLOB, &logged(place.root(), false)), "WL-LOG-MISSING");
    assert_eq!(ask(&bundle, BLOB, &logged(without(), false)), "accepted");
}

/// A signature, a certificate and a timestamp, each in its file; nothing is logged, so the log must be given up.
#[test]
fn detached_files_with_a_timestamp() {
    let place = Place::new();
    let form = place.bundle(Signed::Message(BLOB), BundleVersion::V03, Rekor::Second, true);
    let alone = BlobSignature::detached(unbase64(&form["messageSignature"]["signature"]));
    let leaf = certificate(&form);
    let data = &form["verificationMaterial"]["timestampVerificationData"];
    let response = unbase64(&data["rfc3161Timestamps"][0]["signedTimestamp"]);
    let response = timestamp::read(&timestamp::write(&response)).unwrap();
    let certificates = detached::read_certificate(detached::write_certificate(&leaf).as_bytes()).unwrap();
    let certified = alone.clone().with_certificates(certificates).unwrap();
    let timed = certified.clone().with_timestamp(response.clone()).unwrap();

    let issuer = place.sigstore.issuer();
    let unlogged = place.trust_in(WHO, issuer, place.root().dangerously(Without::Log));
    let answer = verify(&blob(BLOB), &timed, &unlogged).unwrap();
    assert!(matches!(answer.signer(), Signer::Identity { identity, .. } if identity.name().as_str() == WHO));
    assert_ne!(ask_signature(Ok(timed.clone()), b"a blog", &unlogged), "accepted");
    assert_ne!(
        ask_signature(Ok(timed), BLOB, &place.trust()),
        "accepted",
        "no log was given up"
    );
    assert_ne!(
        ask_signature(Ok(certified.clone()), BLOB, &unlogged),
        "accepted",
        "no time is known"
    );
    assert_eq!(ask_signature(Ok(alone), BLOB, &unlogged), "WL-SIG-METHOD");
    let other = place.bundle(Signed::Message(b"x"), BundleVersion::V03, Rekor::Second, true);
    let data = &other["verificationMaterial"]["timestampVerificationData"];
    let foreign = unbase64(&data["rfc3161Timestamps"][0]["signedTimestamp"]);
    let foreign = certified.with_timestamp(foreign).unwrap();
    assert_eq!(ask_signature(Ok(foreign), BLOB, &unlogged), "WL-TIME-INVALID");
    let bundled = read(form.to_string().as_bytes()).unwrap();
    let beside = bundled.with_timestamp(response);
    assert_eq!(told(beside), "WL-BLOB-TIMESTAMP");
}

#[test]
fn a_timestamp_can_be_demanded() {
    let place = Place::new();
    let demanded = match place.trust() {
        Trust::Identity { trust, .. } => Trust::Identity {
            trust,
            timestamp: true,
        },
        other => other,
    };
    let with = place.bundle(Signed::Message(BLOB), BundleVersion::V03, Rekor::First, true);
    let without = place.bundle(Signed::Message(BLOB), BundleVersion::V03, Rekor::First, false);
    assert_eq!(ask(&with, BLOB, &demanded), "accepted");
    assert_eq!(ask(&without, BLOB, &demanded), "WL-BLOB-TIMESTAMP");
    assert_eq!(ask(&without, BLOB, &place.trust()), "accepted");
}

#[test]
fn statements_in_bundles_and_in_old_bundles() {
    let place = Place::new();
    let digest = Algorithm::Sha256.digest(BLOB);
    let payload = statement("blob", &digest, TYPE, json!({}));
    let form = place.bundle(
        Signed::Statement(&payload),
        BundleVersion::V01,
        Rekor::First,
        false,
    );
    for form in [form.clone(), old(&form)] {
        let ask = |trust: &Trust, checks: &Checks| {
            let signature = read(form.to_string().as_bytes());
            told(signature.and_then(|signature| verify_attestation(&signature, trust, checks)))
        };
        let (trust, right) = (place.trust(), Checks::about(TYPE, digest));
        assert_eq!(ask(&trust, &right), "accepted", "{form}");
        let other = place.trust_in("other@example.com", place.sigstore.issuer(), place.root());
        assert_eq!(ask(&other, &right), "WL-ID-MISMATCH");
        let wrong = Checks::about(TYPE, Algorithm::Sha256.digest(b"a blog"));
        assert_eq!(ask(&trust, &wrong), "WL-BLOB-SUBJECT");
        assert_eq!(
            ask(&trust, &Checks::about("urn:y", digest)),
            "WL-BLOB-PREDICATE-TYPE"
        );
        let read = read(form.to_string().as_bytes()).unwrap();
        assert_eq!(told(verify(&blob(BLOB), &read, &trust)), "WL-BLOB-CONTENT");
    }
}

/// An old bundle of an identity, changed in every way its tree has: all refused by a rule of the changed place, but for
/// members that are not known. The bytes are new in every run, so which of these rules comes first is not always the same.
#[test]
fn changed_old_bundles_of_an_identity() {
    let place = Place::new();
    let trust = place.trust();
    let form = old(&place.bundle(Signed::Message(BLOB), BundleVersion::V01, Rekor::First, false));
    for mutation in Tree::from(form).mutations() {
        let answer = ask_signature(read(mutation.tree.text().as_bytes()), BLOB, &trust);
        let rules: &[&str] = match mutation.place.split('.').next().unwrap_or_default() {
            _ if mutation.kind == "unknown member" => &["accepted"],
            "" => &["WL-SIG-MALFORMED", "WL-BLOB-MALFORMED"],
            "base64Signature" => &["WL-SIG-MALFORMED", "WL-BLOB-MALFORMED", "WL-SIG-INVALID"],
            "cert" => &["WL-BLOB-MALFORMED", "WL-CERT-", "WL-SIG-METHOD"],
            _ => &["WL-BLOB-MALFORMED", "WL-BLOB-LOG-ENTRY", "WL-LOG-"],
        };
        assert!(
            rules.iter().any(|rule| answer.starts_with(rule)),
            "{} {}: {answer}: {}",
            mutation.place,
            mutation.kind,
            mutation.tree.text()
        );
    }
}
