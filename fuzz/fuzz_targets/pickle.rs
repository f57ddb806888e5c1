//! The machine stays within its limits, tells events in order and inside the stream, and both readings of frames end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    content::Content,
    limits::{Budget, Limits},
    pickle::{self, Event, Frames, Inline, Listing, Observer, Op, Value, Values},
};

/// Checks the order of events, and answers every BUILD with something else.
#[derive(Default)]
struct Checked {
    last: u64,
    builds: u64,
}

impl Observer for Checked {
    fn see(&mut self, event: &Event, values: &Values) {
        assert!(event.offset >= self.last || event.op == Op::Stop);
        self.last = self.last.max(event.offset);
        let _ = values.is_full();
    }

    fn after_build(&mut self, object: Value, state: Value, next: u64, values: &Values) -> Inline {
        assert!(next > self.last);
        let _ = (values.view(object), values.item(state, "shape"));
        self.builds += 1;
        match self.builds % 4 {
            0 => Inline::Data(next % 7),
            1 => Inline::Pickle,
            _ => Inline::Opcodes,
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let content = Content::from(bytes.to_vec());
    let mut limits = Limits::default();
    limits.opcodes = 20_000;
    limits.entries = 5_000;
    for frames in [Frames::Ignored, Frames::Dropped] {
        let mut budget = Budget::new(&limits);
        let stream = pickle::read(&content, 0, frames, &limits, &mut budget, &mut Checked::default()).unwrap();
        assert!(stream.range.end <= bytes.len() as u64 && stream.opcodes <= limits.opcodes + 1);
        // Both: a stream that states a protocol which does not exist, and ends.
        assert!(stream.root.is_some() || stream.broken.is_some());
        if let Some(root) = stream.root {
            let mut steps = 10_000;
            let _ = (stream.values.globals_in(root, &mut steps), stream.values.text(root, 100));
        }
    }
    let mut listing = Listing::new(&content, 100);
    let mut budget = Budget::new(&limits);
    pickle::read(&content, 0, Frames::Ignored, &limits, &mut budget, &mut listing).unwrap();
    assert!(listing.rows().len() <= 100);
    if let Some(next) = pickle::next_stream(&content, 1) {
        assert!(next >= 1 && next < bytes.len() as u64);
    }
    let _ = (pickle::is_stream(&content), pickle::padding(&content, 0));
});
