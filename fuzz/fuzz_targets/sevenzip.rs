//! The 7z reader: the header is read within limits, and every folder is opened.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    container::sevenzip::Archive,
    content::Content,
    limits::{Budget, Limits},
};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let mut budget = Budget::new(&limits);
    budget.inflated = 4 << 20;
    let content = Content::from(bytes.to_vec());
    let Ok(archive) = Archive::read(&content, &limits, &mut budget) else {
        return;
    };
    for folder in &archive.folders {
        if let Ok(packed) = folder.packed(&content) {
            let _ = packed.open(&limits, &mut budget);
        }
    }
});
