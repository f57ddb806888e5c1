//! Source text never exhausts the stack, and no fact lies beyond its end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    limits::Limits,
    python::{Kind, read},
};

fuzz_target!(|text: &[u8]| {
    let (kind, text) = match text.split_first() {
        Some((1, rest)) => (Kind::Program, rest),
        Some((2, rest)) => (Kind::Cell, rest),
        _ => (Kind::Module, text),
    };
    if let Ok(source) = read(text, kind, &Limits::default()) {
        let size = text.len() as u64;
        assert!(source.calls.iter().all(|call| call.offset <= size));
        assert!(source.broken.iter().all(|(offset, _)| *offset <= size));
    }
});
