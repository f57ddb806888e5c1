//! Marshalled data of any kind is read to an end within its bytes, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{limits::Limits, marshal};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    for read in [
        marshal::read(bytes, 0, &limits),
        marshal::read_module(bytes, &limits),
    ] {
        let Ok(marshalled) = read else {
            continue;
        };
        assert!(!marshalled.codes.is_empty() && marshalled.size <= bytes.len() as u64);
        for &(start, length) in marshalled.codes.iter().flat_map(|code| &code.bytes) {
            assert!(start + length <= bytes.len() as u64);
        }
    }
});
