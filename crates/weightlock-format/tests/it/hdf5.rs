//! HDF5: what a walk says lies inside the content.

use weightlock_format::{
    content::Content,
    hdf5::{self, File},
    limits::{Budget, Limits},
};

/// Found by fuzzing: an attribute whose message says that it is longer than the file.
#[test]
fn no_value_of_an_attribute_lies_behind_the_end() {
    let seed = include_bytes!("../../../../fuzz/corpus/hdf5/attribute_beyond_the_end");
    let content = Content::from(seed.to_vec());
    let base = hdf5::locate(&content).unwrap().unwrap();
    let file = File::read(&content, base, &mut Budget::new(&Limits::default())).unwrap();
    let values = file.attributes.iter().flat_map(|attribute| &attribute.values);
    for value in values {
        assert!(
            value.start <= value.end && value.end <= content.size(),
            "{value:?} of {}",
            content.size()
        );
    }
    assert!(!file.complete);
}
