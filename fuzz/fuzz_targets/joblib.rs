//! Pickles with arrays between their opcodes: what is skipped lies behind the BUILD that announces it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    content::Content,
    joblib::{Wrapper, wrapper},
    limits::{Budget, Limits},
    pickle::{Event, Frames, Inline, Observer, Value, Values, read},
    torch::tensor::look,
};

struct Follower<'a>(&'a Content);

impl Observer for Follower<'_> {
    fn see(&mut self, event: &Event, values: &Values) {
        let _ = look(event, values);
    }

    fn after_build(&mut self, object: Value, state: Value, next: u64, values: &Values) -> Inline {
        match wrapper(self.0, values, object, state, next) {
            Some(Wrapper::Values { padding, data }) => {
                assert!(padding.start == next && padding.end == data.start && data.start <= data.end);
                Inline::Data(data.end - next)
            }
            Some(Wrapper::Pickle) => Inline::Pickle,
            _ => Inline::Opcodes,
        }
    }
}

fuzz_target!(|file: &[u8]| {
    let limits = Limits::default();
    let content = Content::from(file.to_vec());
    let mut follower = Follower(&content);
    let mut budget = Budget::new(&limits);
    if let Ok(stream) = read(&content, 0, Frames::default(), &limits, &mut budget, &mut follower) {
        assert!(stream.range.end <= file.len() as u64);
    }
});
