//! Every signature that verifies has the one shortest encoding, and none verifies over another message.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use weightlock_signing::key::PublicKey;

static KEYS: OnceLock<Vec<PublicKey>> = OnceLock::new();

/// A DER INTEGER of a non-negative number, from the start of `bytes`, if it is the shortest; and what follows.
fn shortest_integer(bytes: &[u8]) -> Option<&[u8]> {
    let [2, length @ 0..=0x7f, rest @ ..] = bytes else {
        return None;
    };
    let (number, rest) = rest.split_at_checked(usize::from(*length))?;
    match number {
        [0, 0x80..=0xff, ..] | [1..=0x7f, ..] => Some(rest),
        _ => None,
    }
}

/// `SEQUENCE { INTEGER, INTEGER }` and nothing else, written out a second time here.
fn is_canonical(signature: &[u8]) -> bool {
    let body = match signature {
        [0x30, length @ 0..=0x7f, body @ ..] if body.len() == usize::from(*length) => body,
        [0x30, 0x81, length @ 0x80..=0xff, body @ ..] if body.len() == usize::from(*length) => body,
        _ => return false,
    };
    shortest_integer(body)
        .and_then(shortest_integer)
        .is_some_and(<[u8]>::is_empty)
}

fuzz_target!(|signature: &[u8]| {
    let keys = KEYS.get_or_init(|| {
        let files = [
            &include_bytes!("../../crates/weightlock-signing/testdata/keys/p256.pub.pem")[..],
            include_bytes!("../../crates/weightlock-signing/testdata/keys/p384.pub.pem"),
            include_bytes!("../../crates/weightlock-signing/testdata/keys/p521.pub.pem"),
        ];
        files
            .iter()
            .map(|pem| PublicKey::from_pem(pem).expect("test data"))
            .collect()
    });
    for key in keys {
        if key.verify(b"a message", signature).is_ok() {
            assert!(is_canonical(signature));
            assert!(key.verify(b"another message", signature).is_err());
        }
    }
});
