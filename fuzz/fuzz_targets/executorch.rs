//! ExecuTorch programs: blobs lie in the file, and shared tables do not multiply the work.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    content::Content,
    executorch,
    limits::{Budget, Limits},
};

fuzz_target!(|file: &[u8]| {
    let limits = Limits::default();
    let content = Content::from(file.to_vec());
    if let Ok(program) = executorch::read(&content, &limits, &mut Budget::new(&limits)) {
        let size = file.len() as u64;
        assert!(program.blobs.iter().all(|blob| blob.end <= size));
    }
});
