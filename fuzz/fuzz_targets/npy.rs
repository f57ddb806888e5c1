//! Headers of arrays and files of arrays never claim bytes that are not there without saying so; nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    content::Content,
    ndarrays::Arrays,
    numpy::{Data, Header},
};

fuzz_target!(|file: &[u8]| {
    let size = file.len() as u64;
    let content = Content::from(file.to_vec());
    if let Ok(header) = Header::read(&content, 0) {
        assert!(header.range.end <= size);
        if let Data::Values(range) = &header.data {
            assert!(range.end <= size || !header.problems.is_empty());
        }
    }
    for arrays in [Arrays::of_mxnet(&content), Arrays::of_paddle(&content)].into_iter().flatten() {
        assert!(arrays.end <= size && arrays.data.iter().all(|range| range.end <= size));
    }
});
