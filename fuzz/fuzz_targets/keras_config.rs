//! JSON as Python reads it keeps every key, and what is said of it as a Keras configuration is the same twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::json::{self, Limits, tree::Tree};
use weightlock_scan::{Settings, scan};

fuzz_target!(|text: &[u8]| {
    let tree = Tree::read(text, Limits::default());
    for (id, _) in tree.nodes() {
        let _ = tree.path(id);
    }
    if json::parse(text).is_ok() {
        assert!(tree.problem().is_none() && tree.duplicates().is_empty());
    }
    let settings = Settings::default();
    let report = scan("config.json", text.to_vec().into(), &settings);
    assert_eq!(report, scan("config.json", text.to_vec().into(), &settings));
});
