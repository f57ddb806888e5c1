//! The seeds of the fuzz targets, replayed by every test run: what a fuzzer once found stays found.

use std::{fs, io::Cursor, path::Path};

use weightlock_artifact::path::ArtifactPath;
use weightlock_format::{
    config,
    container::{
        sevenzip,
        stream::{End, Kind, Packed},
        tar, zip,
    },
    content::Content,
    detect::Format,
    gguf, hdf5, image, json,
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
            config::Card::read(&seed),
            safetensors::index::Index::parse(&seed),
        );
    }
}

#[test]
fn layout() {
    let mut files = 0;
    for seed in seeds("layout") {
        let _ = (image::layout_version(&seed), image::licenses(&seed));
        if let Ok(image::Document::Manifest(manifest)) = image::Document::parse(&seed) {
            files += manifest.files().map_or(0, |files| files.len());
        }
    }
    assert!(files > 10, "at least one seed is a readable manifest");
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
        reason::IMAGE_NAME,
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

#[test]
fn pickle() {
    use weightlock_format::pickle::{self, Frames};
    let limits = Limits::default();
    let whole = |seed: &Vec<u8>| {
        let content = Content::from(seed.clone());
        let mut budget = Budget::new(&limits);
        let stream = pickle::read(&content, 0, Frames::Ignored, &limits, &mut budget, &mut ()).unwrap();
        let _ = pickle::next_stream(&content, stream.range.end);
        stream.broken.is_none()
    };
    assert!(
        seeds("pickle").iter().filter(|seed| whole(seed)).count() > 5,
        "most seeds are whole pickles"
    );
}

#[test]
fn containers() {
    let limits = Limits::default();
    let mut read = 0;
    for seed in seeds("zip") {
        let archive = zip::Archive::read(&seed.into(), &limits, &mut Budget::new(&limits)).unwrap();
        read += archive.members.len();
    }
    for seed in seeds("tar") {
        read += tar::Archive::read(&seed.into(), &limits).unwrap().members.len();
    }
    for seed in seeds("sevenzip") {
        let archive = sevenzip::Archive::read(&seed.into(), &limits, &mut Budget::new(&limits)).unwrap();
        read += archive.members.len();
    }
    assert!(read > 20, "the seeds are archives");
    for seed in seeds("stream") {
        let Some(kind) = Kind::of(&seed[1..]) else {
            continue;
        };
        let opened = Packed::stream(seed[1..].to_vec().into(), kind).open(&limits, &mut Budget::new(&limits));
        assert_eq!(opened.end, End::Whole, "{kind:?}");
    }
}
