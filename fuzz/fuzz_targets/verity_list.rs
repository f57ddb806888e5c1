//! A list of fs-verity digests: what is read is written in one form, which reads as the same list.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_signing::predicate::verity::VerityList;

fuzz_target!(|bytes: &[u8]| {
    let Ok(list) = VerityList::parse(bytes) else {
        return;
    };
    let text = list.to_text();
    assert_eq!(
        VerityList::parse(text.as_bytes()).expect("it reads its own form"),
        list
    );
    assert!(list.manifest().files().len() <= bytes.len());
});
