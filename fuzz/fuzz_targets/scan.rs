//! The whole scan of any bytes: it ends, keeps its budgets, accounts for every byte, and gives the same answer twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_scan::{Settings, scan};

fuzz_target!(|file: &[u8]| {
    let settings = Settings::default();
    let first = scan("file", file.to_vec().into(), &settings);
    assert_eq!(first, scan("file", file.to_vec().into(), &settings));
    let coverage = &first.coverage;
    assert!(coverage.contents >= 1);
    if coverage.contents == 1 {
        assert_eq!(
            coverage.explained + coverage.data + coverage.unread,
            file.len() as u64
        );
    }
    assert_eq!(
        coverage.is_complete(),
        coverage.gaps.is_empty() && coverage.gaps_left_out == 0
    );
});
