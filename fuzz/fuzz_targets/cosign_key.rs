//! The JSON inside a cosign key is accepted with cosign's own parameters only, before a password is asked for.
#![no_main]

use std::fmt::Write as _;

use libfuzzer_sys::fuzz_target;
use weightlock_signing::key::{KeyError, OpenError, Password, PrivateKey};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64, so that the fuzzer works on the JSON and not on its wrapping.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for place in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

fuzz_target!(|json: &[u8]| {
    let mut pem = String::new();
    for label in ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        pem.clear();
        let _ = write!(
            pem,
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            base64(json)
        );
        let opened = PrivateKey::from_pem(pem.as_bytes(), |_| Err::<Password, ()>(()));
        let Err(error) = opened else {
            panic!("an encrypted key opened without a password")
        };
        // Base64 of ours is never the fault.
        assert!(json.is_empty() || !matches!(error, OpenError::Key(KeyError::Pem(_))) || json.len() > 40_000);
    }
});
