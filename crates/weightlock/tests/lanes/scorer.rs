//! What others say of our documents, and what our reader makes of theirs: `sbom-tools`, the SHACL model of SPDX 3, and four
//! tools that write bills of materials too.
#![expect(
    clippy::unwrap_used,
    reason = "what a test did not expect should stop it loudly"
)]

#[path = "scorer/documents.rs"]
mod documents;
#[path = "scorer/scorecard.rs"]
mod scorecard;
#[path = "scorer/standards.rs"]
mod standards;

use std::path::{Path, PathBuf};

/// The folders of vectors, and the answers and facts beside them.
fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../weightlock-bom/testdata")
}

/// Every folder of the vectors, with its name.
fn vectors() -> Vec<(String, PathBuf)> {
    let mut all: Vec<(String, PathBuf)> = std::fs::read_dir(testdata().join("vectors/models"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    all.sort();
    assert_eq!(all.len(), 12);
    all
}
