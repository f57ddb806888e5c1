//! cosign's old bundle: what is read can be written and read again; and nobody forges: under a known key only the blob
//! that its holder signed verifies, and only with a signature that is known.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use weightlock_signing::{
    blob::{Blob, BlobSignature, Checks, Needs, Signed, Trust, verify, verify_attestation},
    cosign::bundle::{Content, OldBundle},
    key::PublicKey,
};

const KEY: &[u8] = include_bytes!("../../testdata/oms/reference-1.1.1/keys/p256.pub.pem");
const BLOB: &[u8] = b"a blob";

static KNOWN: OnceLock<(Trust, Blob, Vec<Content>)> = OnceLock::new();

/// The seeds are all that was ever signed with this key, as far as the fuzzer can know.
fn known() -> (Trust, Blob, Vec<Content>) {
    let key = PublicKey::from_pem(KEY).expect("test data");
    let blob = Blob::read(&mut &*BLOB, &Needs::of_key(&key)).expect("bytes in memory");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/cosign_bundle");
    let files = std::fs::read_dir(folder).expect("the corpus is beside the target");
    let read = files.filter_map(|file| OldBundle::parse(&std::fs::read(file.ok()?.path()).ok()?).ok());
    (Trust::Key(key), blob, read.map(|bundle| bundle.content).collect())
}

fuzz_target!(|text: &[u8]| {
    let Ok(bundle) = OldBundle::parse(text) else { return };
    assert!(OldBundle::is_one(text));
    let written = bundle.to_json();
    let again = OldBundle::parse(&written).expect("what is written is read");
    assert_eq!(again.content, bundle.content);
    assert_eq!(again.log_entry, bundle.log_entry);
    let (trust, blob, contents) = KNOWN.get_or_init(known);
    let content = bundle.content.clone();
    let signature = BlobSignature::from(bundle);
    let checks = Checks::about("https://example.com/x", *blob.sha256().expect("was asked for"));
    let verified = match &signature.signed {
        Signed::Message { .. } => verify(blob, &signature, trust).is_ok(),
        Signed::Envelope(_) => verify_attestation(&signature, trust, &checks).is_ok(),
    };
    assert!(!verified || contents.contains(&content));
});
