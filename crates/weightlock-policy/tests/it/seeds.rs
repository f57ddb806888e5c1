//! The seeds of the fuzz target `policy`: each is what it is a seed for.

use std::{fs, path::Path};

use weightlock_policy::{Document, WaiverList, summary::Summary};

use crate::given::WORDS;

#[test]
fn every_seed_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/policy");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        let (first, rest) = bytes.split_first().unwrap();
        match first % 3 {
            // The policies to begin with name formats that the words of these tests do not have.
            0 => {
                let text = String::from_utf8_lossy(rest).replace(", \"executable\"", "");
                let read = Document::parse(text.as_bytes(), &WORDS);
                assert!(read.is_ok(), "{}: {read:?}", file.display());
            }
            1 => assert!(WaiverList::parse(rest, &WORDS).is_ok(), "{}", file.display()),
            _ => {
                let value = serde_json::from_slice(rest).unwrap();
                assert!(Summary::read(&value).is_ok(), "{}", file.display());
            }
        }
        count += 1;
    }
    assert!(count >= 7, "only {count} seeds");
}
