//! A trust root that is read can be described, and written it is the same root.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_signing::sigstore::TrustRoot;

fuzz_target!(|text: &[u8]| {
    let Ok(root) = TrustRoot::from_json(text) else { return };
    let again = TrustRoot::from_json(root.to_json()).expect("what was read can be read again");
    assert_eq!(again.digest(), root.digest());
    assert_eq!(again.authorities(), root.authorities());
});
