//! Lists of minimum elements by `sbom-tools`, and SPDX 3 by its SHACL model, on every folder with what its makers know of it.
//!
//! CISA 2026 takes an explicit unknown in place of a hash. CycloneDX has no way to write one there: the schema wants hexadecimal
//! digits. So the document says `weightlock:unknown` `digest`, and the scorer, which reads no properties, misses a hash of
//! exactly those things. Each must be one whose bytes are not in the folder; every other finding is an error here.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use weightlock_peers::{Peer, program, scanners::repository};

use super::{testdata, vectors};

/// What a finding is about, and its requirement.
type Finding = (String, String);

fn errors(scorer: &Path, standard: &str, document: &Path) -> BTreeSet<Finding> {
    let output = Command::new(scorer)
        .args(["--no-color", "validate", "--standard", standard, "-o", "summary"])
        .arg(document)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Status:"), "{standard}: {text}");
    let findings = text.lines().filter(|line| line.starts_with("[ERROR]"));
    let parsed = findings.map(|line| {
        let parts: Vec<&str> = line.split(" | ").collect();
        let [_, requirement, what] = parts.as_slice() else {
            panic!("{standard}: a finding in another form: {line}");
        };
        (what.trim().to_owned(), requirement.trim().to_owned())
    });
    parsed.collect()
}

/// Every component, also those within others and the ancestors of models.
fn components(document: &Value) -> Vec<&Value> {
    let mut due: Vec<&Value> = vec![&document["metadata"]["component"]];
    due.extend(document["components"].as_array().into_iter().flatten());
    let mut all = Vec::new();
    while let Some(component) = due.pop() {
        all.push(component);
        due.extend(component["components"].as_array().into_iter().flatten());
        due.extend(
            component["pedigree"]["ancestors"]
                .as_array()
                .into_iter()
                .flatten(),
        );
    }
    all
}

fn says_unknown_digest(component: &Value) -> bool {
    let mut properties = component["properties"].as_array().into_iter().flatten();
    properties.any(|it| it["name"] == "weightlock:unknown" && it["value"] == "digest")
}

/// The things whose hash cannot be there: the document says so of each, and they are neither a file nor what it is about.
fn without_bytes(document: &Value) -> BTreeSet<String> {
    let main = &document["metadata"]["component"];
    let all = components(document).into_iter();
    let unknown = all.filter(|it| says_unknown_digest(it));
    unknown
        .map(|component| {
            assert_ne!(component["type"], "file", "a file is always hashed: {component}");
            assert_ne!(
                component["bom-ref"], main["bom-ref"],
                "the subject is always hashed"
            );
            assert_eq!(component["hashes"], Value::Null, "unknown and known: {component}");
            component["name"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn the_scorer_finds_no_error_but_hashes_of_what_the_document_says_is_not_there() {
    let Some(scorer) = program(Peer::SbomTools) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, model) in vectors() {
        let path = folder.path().join(format!("{name}.cdx.json"));
        make(&name, &model, "cyclonedx", &["--layout", "scorer-first"], &path);
        let document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let absent = without_bytes(&document);
        for standard in ["bsi-ai", "ai-act", "cisa-2026"] {
            for (what, requirement) in errors(&scorer, standard, &path) {
                let is_hash = requirement == "CISA 2026 Minimum Elements: Component Hash Value"
                    || requirement == "BSI/G7 SBOM-for-AI — Models / Model hash value";
                assert!(
                    is_hash && absent.contains(&what),
                    "{name}: {standard}: {what}: {requirement}"
                );
            }
        }
        // Everything that is in the folder has its hash, whatever the scorer looks at.
        for component in components(&document) {
            let is_file = component["type"] == "file";
            assert!(
                !is_file || component["hashes"][0]["alg"] == "SHA-256",
                "{name}: {component}"
            );
        }
    }
}

/// A document with a hash taken away, so that it is known that the scorer looks, and that nothing of ours excuses it.
#[test]
fn a_hash_that_could_be_there_is_missed() {
    let Some(scorer) = program(Peer::SbomTools) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base.cdx.json");
    let model = testdata().join("vectors/models/base");
    make("base", &model, "cyclonedx", &["--layout", "scorer-first"], &path);
    let mut document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let name = document["components"][0]["name"].as_str().unwrap().to_owned();
    for place in ["/metadata/component", "/components/0"] {
        let model = document.pointer_mut(place).unwrap().as_object_mut().unwrap();
        model.remove("hashes").unwrap();
    }
    fs::write(&path, document.to_string()).unwrap();
    let found = errors(&scorer, "cisa-2026", &path);
    assert!(found.iter().any(|(what, _)| *what == name), "{found:?}");
    assert!(!without_bytes(&document).contains(&name));
}

/// The SHACL model takes many seconds a document, so that the core lane has only two of them.
#[test]
fn every_spdx_3_document_fits_the_shacl_model() {
    let Some(python) = program(Peer::BomTools) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> = vectors()
        .into_iter()
        .map(|(name, model)| {
            let path = folder.path().join(format!("{name}.spdx.json"));
            make(&name, &model, "spdx", &[], &path);
            path
        })
        .collect();
    let output = Command::new(python)
        .arg("-I")
        .arg(repository().join("xtask/peers/bom/validate.py"))
        .arg(repository().join("testdata/schemas"))
        .args(&files)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert_eq!(
        told.lines().filter(|it| it.ends_with(": valid")).count(),
        12,
        "{told}"
    );
}

/// Makes a document of a folder with its committed facts.
fn make(name: &str, model: &Path, format: &str, more: &[&str], path: &Path) {
    let made = Command::new(env!("CARGO_BIN_EXE_weightlock"))
        .args(["bom", "--format", format])
        .args(more)
        .arg("--facts")
        .arg(testdata().join(format!("facts/{name}.yaml")))
        .arg("-o")
        .args([path, model])
        .env("SOURCE_DATE_EPOCH", "1780272000")
        .output()
        .unwrap();
    assert!(matches!(made.status.code(), Some(0 | 3)), "{name}: {made:?}");
}
