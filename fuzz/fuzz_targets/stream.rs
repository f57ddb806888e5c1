//! Decoders: the first byte chooses one, and what comes out can be read again at any offset.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    container::stream::{Coder, Kind, Packed},
    content::Content,
    limits::{Budget, Limits},
};

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, rest)) = bytes.split_first() else {
        return;
    };
    let source = Content::from(rest.to_vec());
    let packed = match choice {
        b'd' => Packed::new(source, vec![Coder::Deflate]),
        b'6' => Packed::new(source, vec![Coder::Deflate64]),
        b'l' => Packed::new(source, vec![Coder::ZipLzma { size: None }]),
        b'2' => Packed::new(source, vec![Coder::Lzma2 { window: 18 }]),
        _ => match Kind::of(rest) {
            Some(kind) => Packed::stream(source, kind),
            None => return,
        },
    };
    let mut limits = Limits::default();
    // Nothing is held, so that later reads decode again.
    limits.held = 0;
    let mut budget = Budget::new(&limits);
    budget.inflated = 4 << 20;
    let opened = packed.open(&limits, &mut budget);
    assert!(opened.content.size() <= 4 << 20);
    let head = packed.head(64);
    if let Ok(again) = opened.content.read(0, head.len()) {
        assert!(head.starts_with(&again));
    }
    let _ = opened.content.tail(64);
});
