//! Any bytes as a TensorFlow Lite model: buffers and gaps lie inside the file, nothing panics, budgets hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    content::Content,
    limits::{Budget, Limits},
    tflite,
};

fuzz_target!(|file: &[u8]| {
    let limits = Limits::default();
    let mut budget = Budget::new(&limits);
    let content = Content::from(file.to_vec());
    if let Ok(model) = tflite::read(&content, &limits, &mut budget) {
        for range in model.buffers.iter().chain(&model.gaps) {
            assert!(range.start <= range.end && range.end <= file.len() as u64);
        }
    }
});
