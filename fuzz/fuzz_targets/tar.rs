//! The tar reader: members and structure lie in the file, and every byte is owned or foreign.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{container::tar::Archive, content::Content, limits::Limits};

fuzz_target!(|bytes: &[u8]| {
    let content = Content::from(bytes.to_vec());
    let Ok(archive) = Archive::read(&content, &Limits::default()) else {
        return;
    };
    let mut owned = vec![false; bytes.len()];
    let data = archive.members.iter().map(|member| &member.data);
    for range in data.chain(&archive.structure).chain(&archive.foreign) {
        let (start, end) = (range.start as usize, range.end as usize);
        owned[start..end].fill(true);
    }
    assert!(owned.iter().all(|owned| *owned));
});
