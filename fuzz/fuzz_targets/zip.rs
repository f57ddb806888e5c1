//! The zip reader: every member of what it finds is opened, and lies in the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    container::zip::{Archive, chain},
    content::Content,
    limits::{Budget, Limits},
};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let mut budget = Budget::for_file(&limits, 1 << 20);
    budget.inflated = 4 << 20;
    let content = Content::from(bytes.to_vec());
    if let Ok(Some(parts)) = chain(&content) {
        for part in parts {
            assert!(part.start <= part.end && part.end <= content.size());
        }
    }
    let Ok(archive) = Archive::read(&content, &limits, &mut budget) else {
        return;
    };
    for view in archive.members.iter().flat_map(|member| &member.views) {
        assert!(view.data.end <= content.size());
        if let Ok(packed) = view.packed(&content) {
            let _ = packed.open(&limits, &mut budget);
        }
    }
    for range in &archive.structure {
        assert!(range.start <= range.end && range.end <= content.size());
    }
});
