//! Certificates, log entries and timestamps with a stranger's bytes in them: the first byte chooses a bundle, the second
//! what of it is replaced, and the rest goes there, within the base64 that hides it. Only the certificate, body and promise
//! that services gave out may verify; a timestamp may be wrapped differently, but says the same time.
#![no_main]

use std::sync::OnceLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use weightlock_signing::{
    bundle::Bundle,
    certificate::UnixTime,
    identity::danger,
    sigstore::{Artifact, TrustRoot, Whom},
};

const ROOT: &[u8] = include_bytes!("../../testdata/sigstore/trusted_root.json");
const FORMS: usize = 10;
const PLACES: [&str; 7] = [
    "/verificationMaterial/certificate/rawBytes",
    "/verificationMaterial/x509CertificateChain/certificates/0/rawBytes",
    "/verificationMaterial/tlogEntries/0/canonicalizedBody",
    "/verificationMaterial/tlogEntries/0/inclusionPromise/signedEntryTimestamp",
    "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp",
    "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope",
    "/dsseEnvelope/payload",
];

static KNOWN: OnceLock<(TrustRoot, Vec<Value>)> = OnceLock::new();

fn known() -> (TrustRoot, Vec<Value>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/sigstore");
    let forms = (0..FORMS).map(|form| {
        let text = std::fs::read(format!("{folder}/form-{form}.sigstore.json")).expect("test data");
        serde_json::from_slice(&text).expect("test data")
    });
    (TrustRoot::from_json(ROOT).expect("test data"), forms.collect())
}

fn times(root: &TrustRoot, bundle: &Value) -> Option<Vec<UnixTime>> {
    let bundle = Bundle::parse(bundle.to_string().as_bytes()).ok()?;
    let anybody = danger::any_identity();
    let proven = root.verify(&bundle, Artifact::Bytes(b"test"), Whom::Identity(&anybody)).ok()?;
    Some(proven.times().to_vec())
}

fuzz_target!(|input: &[u8]| {
    let [form, place, bytes @ ..] = input else { return };
    let (root, forms) = KNOWN.get_or_init(known);
    let whole = &forms[usize::from(*form) % FORMS];
    let place = PLACES[usize::from(*place) % PLACES.len()];
    let mut changed = whole.clone();
    let Some(there) = changed.pointer_mut(place) else { return };
    let text = if place.ends_with("envelope") {
        String::from_utf8_lossy(bytes).into_owned()
    } else {
        STANDARD.encode(bytes)
    };
    let same = *there == Value::String(text.clone());
    *there = text.into();
    if let Some(found) = times(root, &changed) {
        assert!(same || place.ends_with("signedTimestamp") || place.ends_with("checkpoint/envelope"));
        assert_eq!(Some(found), times(root, whole));
    }
});
