//! A walk over any HDF5 file ends, keeps its budget, and speaks only of bytes that are there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    content::Content,
    hdf5::{self, File, limit},
    limits::{Budget, Limits},
};

fuzz_target!(|file: &[u8]| {
    let size = file.len() as u64;
    let content = Content::from(file.to_vec());
    let Ok(Some(base)) = hdf5::locate(&content) else {
        return;
    };
    let mut budget = Budget::new(&Limits::default());
    budget.objects = 50_000;
    let Ok(file) = File::read(&content, base, &mut budget) else {
        return;
    };
    assert!(file.problems.len() <= limit::PROBLEMS && file.objects <= 50_000);
    assert!(file.complete || !(file.problems.is_empty() && file.unread.is_empty()));
    for region in &file.regions {
        assert!(region.range.start < region.range.end && region.range.end <= size);
    }
    for value in file.attributes.iter().flat_map(|attribute| &attribute.values) {
        assert!(value.start <= value.end && value.end <= size);
    }
});
