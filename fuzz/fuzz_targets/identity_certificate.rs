//! An identity has one name and one issuer, neither of which can write to a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_signing::identity::{Identity, Required};

fuzz_target!(|der: &[u8]| {
    let Ok(identity) = Identity::of_certificate(der) else { return };
    let texts = [identity.name().as_str(), identity.issuer()].into_iter();
    for text in texts.chain(identity.claims().map(|(_, value)| value)) {
        assert!(!text.is_empty() && !text.chars().any(char::is_control));
    }
    let exactly = Required::exactly(identity.name().as_str(), identity.issuer());
    assert!(exactly.check(&identity).is_ok());
    let other = Required::exactly(format!("{}x", identity.name()), identity.issuer());
    assert!(other.check(&identity).is_err());
});
