use serde_json::json;

use super::*;

const HEX: &str = "d167f7fbdd42c9fa440b0e9fa73a50e31ee39be543d7a673ff0e27c6b4de312a";

fn quantized() -> Value {
    json!({
        "buildDefinition": {
            "buildType": "https://example.org/buildtypes/ml/quantize/v1",
            "externalParameters": {"quantization": "Q8_0", "empty": "", "nothing": null},
            "internalParameters": {"deterministic": true},
            "resolvedDependencies": [
                {"name": "base-model", "uri": "hf://acme/chat@1", "digest": {"sha256": HEX}, "annotations": {"role": "base-model", "path": "a.safetensors"}},
                {"name": "base-model", "uri": "hf://acme/chat@1", "digest": {"sha256": HEX.to_uppercase()}, "annotations": {"path": "b.safetensors", "n": 1}},
                {"uri": "git+https://example.org/x", "digest": {"gitCommit": "ab"}}
            ],
            "later": [{}]
        },
        "runDetails": {"builder": {"id": "https://example.org/b", "version": {"x": "1"}}, "metadata": {"startedOn": "2026-06-01T00:00:00Z"}}
    })
}

#[test]
fn what_is_read_is_written_again() {
    let read = Provenance::read(&quantized()).unwrap();
    assert_eq!(read.external_parameters.len(), 1, "unset and empty are the same");
    assert_eq!(read.started.as_deref(), Some("2026-06-01T00:00:00Z"));
    assert_eq!(read.dependencies.len(), 3);
    assert_eq!(read.dependencies[1].sha256().unwrap().hex(), HEX);
    assert_eq!(read.dependencies[2].role(), Role::Material);
    let written = read.to_predicate();
    assert_eq!(Provenance::read(&written).unwrap(), read);
    assert!(written["runDetails"]["metadata"].get("finishedOn").is_none());
}

#[test]
fn files_of_one_parent_are_one_parent() {
    let read = Provenance::read(&quantized()).unwrap();
    let parents = read.parents();
    assert_eq!(parents.len(), 1);
    assert_eq!(
        (parents[0].name(), parents[0].uri()),
        ("base-model", Some("hf://acme/chat@1"))
    );
    assert_eq!((parents[0].files().count(), parents[0].digest()), (2, None));

    let folder = Resource::named("chat", Role::BaseModel).with_sha256(&Algorithm::Sha256.digest(b"manifest"));
    let file = Resource::named("chat", Role::BaseModel)
        .with_sha256(&Algorithm::Sha256.digest(b"file"))
        .with(PATH, "w.bin");
    let other = Resource::named("lora", Role::Adapter).with_sha256(&Algorithm::Sha256.digest(b"lora"));
    let provenance = Provenance {
        dependencies: vec![file, folder, other],
        ..Provenance::default()
    };
    let parents = provenance.parents();
    assert_eq!(parents.len(), 2);
    assert_eq!(parents[0].digest(), Some(Algorithm::Sha256.digest(b"manifest")));
    assert_eq!((parents[1].name(), parents[1].role), ("lora", Role::Adapter));
}

#[test]
fn what_is_missing_or_of_another_kind_is_named() {
    let place = |change: fn(&mut Value)| {
        let mut value = quantized();
        change(&mut value);
        Provenance::read(&value).unwrap_err().place
    };
    assert_eq!(place(|value| *value = json!([])), "predicate");
    assert_eq!(
        place(|value| value["buildDefinition"] = Value::Null),
        "buildDefinition"
    );
    assert_eq!(
        place(|value| value["buildDefinition"]["buildType"] = "".into()),
        "buildDefinition.buildType"
    );
    assert_eq!(
        place(|value| value["buildDefinition"]["externalParameters"] = json!([1])),
        "buildDefinition.externalParameters"
    );
    assert_eq!(
        place(|value| value["buildDefinition"]["resolvedDependencies"] = json!({})),
        "buildDefinition.resolvedDependencies"
    );
    assert_eq!(
        place(|value| value["buildDefinition"]["resolvedDependencies"][0] = json!("x")),
        "buildDefinition.resolvedDependencies[]"
    );
    assert_eq!(
        place(|value| value["runDetails"]["builder"] = json!({})),
        "runDetails.builder.id"
    );
    assert_eq!(
        place(|value| value["runDetails"]["metadata"] = json!("x")),
        "runDetails.metadata"
    );
}

/// The seeds of the fuzz target: each is read by the reader that it is for.
#[test]
fn the_seeds_of_the_fuzz_target_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/provenance");
    let seed = |name: &str| std::fs::read(folder.join(name)).unwrap().split_off(1);
    for name in ["golden", "recorded"] {
        let read = Provenance::read(&serde_json::from_slice(&seed(name)).unwrap()).unwrap();
        assert_eq!(Provenance::read(&read.to_predicate()).unwrap(), read, "{name}");
    }
    let review = serde_json::from_slice(&seed("review")).unwrap();
    assert!(review::Review::read(&review).is_ok());
    assert!(description::Description::parse(&seed("description")).is_ok());
    assert!(crate::slsa::BuilderList::parse(&seed("builders")).is_ok());
    assert!(crate::slsa::Requirements::parse(&seed("requirements")).is_ok());
    assert_eq!(evaluation::model_index::read(&seed("readme")).unwrap().len(), 2);
    assert_eq!(evaluation::results::read(&seed("results")).unwrap().len(), 1);
    assert_eq!(
        evaluation::harness::read(&seed("harness")).unwrap().results.len(),
        2
    );
    assert_eq!(git::Index::parse(&seed("index"), false).unwrap().entries.len(), 2);
    assert!(git::Head::parse(&seed("head")).is_some());
    assert_eq!(git::packed_refs(&seed("packed")).count(), 1);
    assert!(git::loose(&seed("object")).unwrap().tree().is_some());
    let url = git::remote_url(&seed("config"), "origin").unwrap();
    assert_eq!(
        git::source_uri(&url).as_deref(),
        Some("git+https://github.com/acme/models")
    );
}

/// Every reader of this module and of `slsa`, on bytes that are nearly right.
fn read_everything(bytes: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        let _ = review::Review::read(&value);
        if let Ok(read) = Provenance::read(&value) {
            assert_eq!(Provenance::read(&read.to_predicate()).unwrap(), read);
            let _ = (read.parents().len(), crate::slsa::Source::of(&read, None));
            let _ = crate::slsa::Expected::default().content(&read, None);
        }
    }
    let _ = crate::slsa::Requirements::parse(bytes);
    let _ = crate::slsa::BuilderList::parse(bytes);
    let _ = description::Description::parse(bytes);
    let _ = (
        evaluation::model_index::read(bytes),
        evaluation::results::read(bytes),
    );
    let _ = evaluation::harness::read(bytes);
    let _ = (git::Head::parse(bytes), git::packed_refs(bytes).count());
    for sha256 in [false, true] {
        let _ = git::Index::parse(bytes, sha256);
    }
    let _ = git::loose(bytes).and_then(|object| object.tree());
    let _ = git::remote_url(bytes, "origin").and_then(|url| git::source_uri(&url));
    let _ = command::one(&String::from_utf8_lossy(bytes), command::Folders::default());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_that_is_nearly_right_stops_a_reader(
        seed in 0..14_usize,
        changes in proptest::collection::vec((0..4096_usize, proptest::num::u8::ANY), 0..6),
        length in 0..8192_usize,
    ) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/provenance");
        let names = [
            "golden", "recorded", "review", "requirements", "builders", "description", "readme", "harness", "results",
            "index", "config", "head", "packed", "object",
        ];
        let mut bytes = std::fs::read(folder.join(names[seed])).unwrap().split_off(1);
        for (at, byte) in changes {
            let size = bytes.len();
            if let Some(place) = bytes.get_mut(at % size.max(1)) {
                *place = byte;
            }
        }
        bytes.truncate(length);
        read_everything(&bytes);
    }
}

/// Names are looked up, and not compared with each other: a statement of some megabytes has many.
#[test]
fn many_parents_are_told_apart_at_once() {
    let count = 100_000;
    let provenance = Provenance {
        dependencies: (0..count)
            .map(|number| Resource::named(format!("a model with a long name {number}"), Role::BaseModel))
            .collect(),
        ..Provenance::default()
    };
    let began = std::time::Instant::now();
    assert_eq!(provenance.parents().len(), count);
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}
