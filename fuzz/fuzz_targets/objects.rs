//! R, Torch7, MessagePack, UBJSON, XML, over any bytes: each ends, ranges lie inside the file, nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    content::Content,
    limits::{Budget, Limits},
    msgpack, rds, torch7, ubjson, xml,
};

fuzz_target!(|file: &[u8]| {
    let limits = Limits::default();
    let content = Content::from(file.to_vec());
    let size = file.len() as u64;
    let inside = |end: Result<u64, weightlock_format::Error>| {
        if let Ok(end) = end {
            assert!(end <= size);
        }
    };
    let mut budget = Budget::new(&limits);
    inside(rds::read(&content, &limits, &mut budget, &mut |fact| {
        if let rds::Fact::Data(range) = fact {
            assert!(range.start <= range.end && range.end <= size);
        }
    }));
    inside(torch7::read(&content, &limits, &mut budget, &mut |_| ()));
    inside(msgpack::read(&content, &limits, &mut budget, &mut |_| ()));
    inside(ubjson::read(&content, &limits, &mut budget, &mut |range| {
        assert!(range.start <= range.end && range.end <= size);
    }));
    let _ = xml::read(&content, &limits, &mut budget, &mut |_| ());
});
