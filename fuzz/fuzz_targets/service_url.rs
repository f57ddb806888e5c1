//! An address is read or refused; what is read has a host and no credentials, and what is put below it stays there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_transport::Url;

fuzz_target!(|text: &str| {
    let (address, segment) = text.split_once('\n').unwrap_or((text, "x"));
    let Ok(url) = Url::parse(address) else { return };
    assert_eq!(url.as_str(), address);
    assert!(!url.host().is_empty() && !url.authority().contains('@'));
    assert!(url.path().starts_with('/') && url.as_str().starts_with(url.origin()));
    let Ok(below) = url.below([segment]) else { return };
    assert_eq!(below.origin(), url.origin());
    let path = url.path().trim_end_matches('/');
    let last = below.path().strip_prefix(path).unwrap();
    assert!(last.starts_with('/') && !last[1..].contains('/'));
});
