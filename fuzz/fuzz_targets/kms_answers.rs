//! Answers of key services, and files with access keys, are read or refused; a key that was read can be written and read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_signing::key::{
    PublicKey,
    kms::{
        aws::{self, Credentials, Known},
        vault::{self, Latest},
    },
};

fuzz_target!(|answer: &[u8]| {
    let again = |key: &PublicKey| assert_eq!(&PublicKey::from_pem(key.to_pem().as_bytes()).unwrap(), key);
    if let Ok(latest) = Latest::parse(answer) {
        again(&latest.public_key);
    }
    if let Ok(known) = Known::parse(answer) {
        again(&known.public_key);
        assert!(known.public_key.algorithm().oms_allowed());
    }
    let _ = vault::signature(answer, 1);
    let _ = aws::signature(answer);
    if let Ok(text) = std::str::from_utf8(answer)
        && let Ok(found) = Credentials::from_file(text, "default")
    {
        assert!(!found.id.is_empty() && !found.secret.is_empty());
        assert!(text.contains("[default]") || text.contains("default"));
    }
});
