//! A manifest has one text: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_artifact::manifest::Manifest;

fuzz_target!(|text: &[u8]| {
    if let Ok(manifest) = Manifest::parse(text) {
        assert_eq!(manifest.to_text().as_bytes(), text);
        for file in manifest.files() {
            assert_eq!(manifest.file(&file.path), Some(file));
        }
    }
});
