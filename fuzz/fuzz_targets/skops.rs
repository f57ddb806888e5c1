//! A skops schema, a notebook, a configuration in JSON: scanned twice the same, and never out of bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_scan::{Settings, scan};

fuzz_target!(|text: &[u8]| {
    let settings = Settings::default();
    let report = scan("schema.json", text.to_vec().into(), &settings);
    assert_eq!(report, scan("schema.json", text.to_vec().into(), &settings));
});
