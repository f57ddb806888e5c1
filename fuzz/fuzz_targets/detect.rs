//! Detection is total, content that is code is loadable under any name, and what is a pickle or a container could be unpickled.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use weightlock_artifact::path::ArtifactPath;
use weightlock_format::{
    content::Content, detect::Format, loadable::loadable, model, unpickled::could_be_unpickled,
};

fuzz_target!(|content: &[u8]| {
    let _ = Format::of_tail(content);
    let format = Format::of(content);
    for name in ["README.md", "LICENSE", "logo.png", "model.safetensors", "config.json", "x"] {
        let name = ArtifactPath::parse(name).expect("a plain name");
        let loadable = loadable(&name, content);
        assert!(loadable.is_some() || !(format.is_code() || format.is_container()));
        let could = could_be_unpickled(&name, &Content::from(content.to_vec())).expect("memory can be read");
        assert!(could || !(format == Format::Pickle || format.is_container()));
        let facts = model::examine(&name, &mut Cursor::new(content)).expect("memory can be read");
        let _ = model::summarise(&[(name, facts)]);
    }
});
