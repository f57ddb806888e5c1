//! Lock files: nothing panics, and what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_policy::{Lock, lock::Difference};

fuzz_target!(|bytes: &[u8]| {
    let Ok(lock) = Lock::parse(bytes) else { return };
    let text = lock.to_text().expect("what was read is not too large");
    assert_eq!(text.as_bytes(), bytes);
    let mut before = None;
    for (name, entry) in lock.models() {
        assert_eq!(lock.model(name), Some(entry));
        assert!(Difference::between(entry, entry).is_empty());
        if let Some(before) = before.replace(entry) {
            let is_same = Difference::between(before, entry).digest.is_none();
            assert_eq!(is_same, before.files == entry.files);
        }
    }
});
