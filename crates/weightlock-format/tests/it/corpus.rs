//! The seeds of the fuzz targets, replayed by every test run: what a fuzzer once found stays found.

use std::{fs, io::Cursor, path::Path};

use weightlock_artifact::path::ArtifactPath;
use weightlock_format::{
    config,
    content::Content,
    detect::Format,
    gguf, hdf5, json,
    limits::{Budget, Limits},
    loadable::loadable,
    marshal, model, reason, safetensors,
};

/// Every seed of a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let seeds: Vec<Vec<u8>> = files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect();
    assert!(!seeds.is_empty(), "{} holds no seed", folder.display());
    seeds
}

#[test]
fn safetensors_header() {
    let parsed = seeds("safetensors_header")
        .iter()
        .filter(|seed| safetensors::Header::read(&mut Cursor::new(seed)).is_ok())
        .count();
    assert!(parsed > 0, "at least one seed is a readable file");
}

#[test]
fn gguf_header() {
    let parsed = seeds("gguf_header")
        .iter()
        .filter(|seed| gguf::Header::read(&mut Cursor::new(seed)).is_ok())
        .count();
    assert!(parsed > 0, "at least one seed is a readable file");
}

#[test]
fn config_json() {
    for seed in seeds("config_json") {
        let _ = (
            json::parse(&seed),
            config::ModelConfig::parse(&seed),
            config::TokenizerConfig::parse(&seed),
        );
        let _ = (
            config::AdapterConfig::parse(&seed),
            config::Card::parse(&seed),
            safetensors::index::Index::parse(&seed),
        );
    }
}

#[test]
fn detect() {
    let name = ArtifactPath::parse("README.md").unwrap();
    for seed in seeds("detect") {
        let format = Format::of(&seed);
        assert!(
            !format.is_code() || loadable(&name, &seed).is_some(),
            "{format:?} must not hide behind prose"
        );
        assert!(model::examine(&name, &mut Cursor::new(&seed)).is_ok());
    }
}

#[test]
fn hdf5() {
    let walked = seeds("hdf5")
        .into_iter()
        .map(Content::from)
        .filter(|seed| {
            let base = hdf5::locate(seed).unwrap();
            let mut budget = Budget::new(&Limits::default());
            base.is_some_and(|base| hdf5::File::read(seed, base, &mut budget).is_ok_and(|file| file.complete))
        })
        .count();
    assert!(walked >= 10, "the seeds are files that libraries wrote: {walked}");
}

#[test]
fn marshal() {
    let read = seeds("marshal")
        .iter()
        .filter(|seed| marshal::read(seed, 0, &Limits::default()).is_ok())
        .count();
    assert!(read >= 5, "at least one seed of each layout is readable");
}

#[test]
fn every_code_is_explained_once() {
    let codes = [
        reason::TRUNCATED,
        reason::MALFORMED,
        reason::DUPLICATE,
        reason::RANGE,
        reason::UNSUPPORTED,
        reason::LIMIT,
        reason::UNREADABLE,
    ];
    for code in codes {
        assert_eq!(
            reason::EXPLANATIONS
                .iter()
                .filter(|entry| entry.code == code)
                .count(),
            1,
            "{code}"
        );
    }
    assert_eq!(reason::EXPLANATIONS.len(), codes.len());
}
