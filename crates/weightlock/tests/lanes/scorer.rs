//! What an independent scorer says of our documents: `sbom-tools`, on every folder with what its makers know of it.
//!
//! CISA 2026 takes an explicit unknown in place of a hash. CycloneDX has no way to write one, so that the hash of a thing whose
//! bytes are not there (a data set, a package, the model that an environment serves) is all that the scorer may find missing.
#![expect(
    clippy::unwrap_used,
    reason = "what a test did not expect should stop it loudly"
)]

use std::{fs, path::PathBuf, process::Command};

use weightlock_peers::{Peer, program};

fn errors(scorer: &PathBuf, standard: &str, document: &PathBuf) -> Vec<String> {
    let output = Command::new(scorer)
        .args(["--no-color", "validate", "--standard", standard, "-o", "summary"])
        .arg(document)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Status:"), "{standard}: {text}");
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("[ERROR]") {
            found.push(format!("{line} {}", lines.next().unwrap_or_default()));
        }
    }
    found
}

#[test]
fn the_scorer_finds_no_error_that_a_document_could_mend() {
    let Some(scorer) = program(Peer::SbomTools) else {
        return;
    };
    let testdata = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../weightlock-bom/testdata");
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(testdata.join("vectors/models")).unwrap() {
        let model = entry.unwrap().path();
        let name = model.file_name().unwrap().to_str().unwrap().to_owned();
        let document = folder.path().join(format!("{name}.cdx.json"));
        let made = Command::new(env!("CARGO_BIN_EXE_weightlock"))
            .args(["bom", "--layout", "scorer-first", "--facts"])
            .arg(testdata.join(format!("facts/{name}.yaml")))
            .arg("-o")
            .args([&document, &model])
            .env("SOURCE_DATE_EPOCH", "1780272000")
            .output()
            .unwrap();
        assert!(matches!(made.status.code(), Some(0 | 3)), "{name}: {made:?}");
        for standard in ["bsi-ai", "ai-act", "cisa-2026"] {
            let mut found = errors(&scorer, standard, &document);
            found.retain(|it| {
                !(it.contains("Hash Value") || name == "serving-env" && it.contains("Model hash value"))
            });
            assert_eq!(found, Vec::<String>::new(), "{name}: {standard}");
        }
        seen += 1;
    }
    assert_eq!(seen, 12);
}
