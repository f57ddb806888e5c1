//! A PKCS#11 URI is parsed or refused; its text form names the same token and object, and never holds the PIN.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_signing::key::uri::Uri;

fuzz_target!(|text: &str| {
    let Ok(uri) = Uri::parse(text) else { return };
    let shown = uri.to_string();
    assert!(!shown.contains("pin-value="));
    if let Ok(again) = Uri::parse(&shown) {
        assert_eq!(again.to_string(), shown);
        assert_eq!(
            (again.token, again.object, again.id),
            (uri.token, uri.object, uri.id)
        );
    } else {
        // Escaping makes text up to three times longer, and only that may push it over the limit.
        assert!(shown.len() > Uri::MAX_BYTES);
    }
});
