//! What a stranger's files say about themselves: the first byte chooses the name of a file, the others are its bytes. Nothing
//! fails, conflicts and limits included, and nothing is verified but what was counted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_artifact::path::ArtifactPath;
use weightlock_bom::extract::{Content, File, Files, describe, limit};

/// A name for each source. The order is that of the seeds: new names go to the end.
const NAMES: &str = include_str!("../../crates/weightlock-bom/testdata/names.txt");

struct One {
    files: Vec<File>,
    bytes: Vec<u8>,
}

impl Files for One {
    fn files(&self) -> &[File] {
        &self.files
    }

    fn open(&self, _: &ArtifactPath) -> std::io::Result<Content> {
        Ok(self.bytes.clone().into())
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, bytes)) = data.split_first() else { return };
    let chosen = usize::from(first) % NAMES.lines().count();
    let name = NAMES.lines().nth(chosen).expect("one of them");
    let path = ArtifactPath::parse(name).expect("a path");
    let file = File {
        path,
        size: bytes.len() as u64,
        sha256: None,
    };
    let one = One {
        files: vec![file],
        bytes: bytes.to_vec(),
    };
    let graph = describe(&one, &|| false).expect("memory does not fail");
    assert!(graph.components().len() <= limit::COMPONENTS);
    assert!(graph.relations().count() <= limit::RELATIONS);
    drop(graph.conflicts());
});
