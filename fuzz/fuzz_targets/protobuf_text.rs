//! Protocol buffers as text: every step goes on, every message that ends had begun, nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::protobuf::text::{Event, Reader};

/// Deeper than this nothing is read.
const DEPTH: usize = 20;

fuzz_target!(|file: &[u8]| {
    let mut reader = Reader::new(file, DEPTH);
    let (mut open, mut events) = (0_usize, 0_usize);
    while let Ok(Some(event)) = reader.next() {
        events += 1;
        assert!(events <= file.len() + 1, "an event without a byte of its own");
        match event {
            Event::Open(_) => open += 1,
            Event::Close => open = open.checked_sub(1).expect("a message that had begun"),
            Event::Scalar(name, value) => assert!(name.len() <= file.len() && value.len() <= 2 * file.len()),
        }
        assert!(open <= DEPTH);
    }
});
