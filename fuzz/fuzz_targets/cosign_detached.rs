//! Files that lie beside a blob: signature, certificate, envelope, timestamp. Each reader is given the same bytes; what it
//! reads can be written and read again, and no signature that is not known verifies.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use weightlock_signing::{
    blob::{Blob, BlobSignature, Needs, Trust, verify},
    cosign::{detached, envelope, timestamp},
    key::PublicKey,
};

const KEY: &[u8] = include_bytes!("../../testdata/oms/reference-1.1.1/keys/p256.pub.pem");
const BLOB: &[u8] = b"a blob";

static KNOWN: OnceLock<(Trust, Blob, Vec<Vec<u8>>)> = OnceLock::new();

fn known() -> (Trust, Blob, Vec<Vec<u8>>) {
    let key = PublicKey::from_pem(KEY).expect("test data");
    let blob = Blob::read(&mut &*BLOB, &Needs::of_key(&key)).expect("bytes in memory");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/cosign_detached");
    let files = std::fs::read_dir(folder).expect("the corpus is beside the target");
    let read = files.filter_map(|file| detached::read_signature(&std::fs::read(file.ok()?.path()).ok()?).ok());
    (Trust::Key(key), blob, read.collect())
}

fuzz_target!(|file: &[u8]| {
    if let Ok(signature) = detached::read_signature(file) {
        let written = detached::write_signature(&signature);
        assert_eq!(detached::read_signature(written.as_bytes()).ok(), Some(signature.clone()));
        let (trust, blob, signatures) = KNOWN.get_or_init(known);
        let alone = BlobSignature::detached(signature.clone());
        assert!(verify(blob, &alone, trust).is_err() || signatures.contains(&signature));
    }
    if let Ok(chain) = detached::read_certificate(file) {
        let first = chain.first().expect("at least one is read");
        let written = detached::write_certificate(first);
        let read = detached::read_certificate(written.as_bytes()).expect("what is written is read");
        assert_eq!(read.as_slice(), std::slice::from_ref(first));
    }
    if let Ok(read) = envelope::read(file) {
        assert_eq!(envelope::read(&envelope::write(&read)).ok(), Some(read));
    }
    if let Ok(read) = timestamp::read(file) {
        assert_eq!(timestamp::read(&timestamp::write(&read)).ok(), Some(read));
    }
});
