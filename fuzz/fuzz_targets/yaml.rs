//! YAML never gives more than its events, and nothing beyond its end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{limits::Limits, yaml::read};

fuzz_target!(|text: &[u8]| {
    if let Ok(stream) = read(text, &Limits::default()) {
        let size = text.len() as u64;
        assert!(stream.scalars.len() <= text.len().saturating_mul(2).saturating_add(2));
        assert!(stream.scalars.iter().all(|scalar| scalar.offset <= size && scalar.path.len() <= 1024));
        assert!(stream.broken.iter().all(|problem| problem.offset() <= size));
    }
});
