//! Nobody forges: a bundle that verifies under the throw-away root has a signature that its services saw.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use weightlock_signing::{
    bundle::{Bundle, Content},
    identity::danger,
    sigstore::{Artifact, TrustRoot, Whom},
};

const ROOT: &[u8] = include_bytes!("../../testdata/sigstore/trusted_root.json");

static KNOWN: OnceLock<(TrustRoot, Vec<Vec<u8>>)> = OnceLock::new();

fn known() -> (TrustRoot, Vec<Vec<u8>>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/sigstore");
    let files = std::fs::read_dir(folder).expect("test data");
    let bundles = files.filter_map(|file| Bundle::parse(&std::fs::read(file.ok()?.path()).ok()?).ok());
    let signatures = bundles.map(|bundle| signature(&bundle).to_vec()).collect();
    (TrustRoot::from_json(ROOT).expect("test data"), signatures)
}

fn signature(bundle: &Bundle) -> &[u8] {
    match &bundle.content {
        Content::Envelope(envelope) => &envelope.signature,
        Content::Message(message) => &message.signature,
    }
}

fuzz_target!(|text: &[u8]| {
    let Ok(bundle) = Bundle::parse(text) else { return };
    let (root, signatures) = KNOWN.get_or_init(known);
    let anybody = danger::any_identity();
    if root.verify(&bundle, Artifact::Bytes(b"test"), Whom::Identity(&anybody)).is_ok() {
        assert!(signatures.iter().any(|known| known == signature(&bundle)));
    }
});
