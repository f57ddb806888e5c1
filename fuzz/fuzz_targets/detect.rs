//! Detection is total, and content that is code is loadable under any name.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use weightlock_artifact::path::ArtifactPath;
use weightlock_format::{detect::Format, loadable::loadable, model};

fuzz_target!(|content: &[u8]| {
    let _ = Format::of_tail(content);
    let format = Format::of(content);
    for name in ["README.md", "LICENSE", "logo.png", "model.safetensors", "config.json", "x"] {
        let name = ArtifactPath::parse(name).expect("a plain name");
        let loadable = loadable(&name, content);
        assert!(loadable.is_some() || !(format.is_code() || format.is_container()));
        let facts = model::examine(&name, &mut Cursor::new(content)).expect("memory can be read");
        let _ = model::summarise(&[(name, facts)]);
    }
});
