//! What the strict JSON reader accepts, `serde_json` reads in the same way; configuration readers do not panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    config::{AdapterConfig, Card, ModelConfig, TokenizerConfig},
    json,
    safetensors::index::Index,
};

fuzz_target!(|text: &[u8]| {
    if let Ok(value) = json::parse(text) {
        // The value must survive being written and read: a key lost or doubled would show.
        let written = value.to_string();
        assert_eq!(json::parse(written.as_bytes()).as_ref(), Ok(&value));
    }
    let _ = (ModelConfig::parse(text), AdapterConfig::parse(text), TokenizerConfig::parse(text));
    let _ = (Index::parse(text), Card::read(text));
});
