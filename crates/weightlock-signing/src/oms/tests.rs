//! Statements written and read: names of shards in both forms, what covers a file and what does not.

use serde_json::{Value, json};

use super::*;

fn statement(
    method: &str,
    shard_size: Value,
    algorithm: &str,
    names: &[&str],
) -> Result<ModelStatement, String> {
    let digests: Vec<_> = names
        .iter()
        .map(|name| Algorithm::Sha256.digest(name.as_bytes()))
        .collect();
    let all: Vec<u8> = digests
        .iter()
        .flat_map(|digest| digest.as_bytes().to_vec())
        .collect();
    let resources: Vec<Value> = names
        .iter()
        .zip(&digests)
        .map(|(name, digest)| json!({"name": name, "algorithm": algorithm, "digest": digest.hex()}))
        .collect();
    let text = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "m", "digest": {"sha256": Algorithm::Sha256.digest(&all).hex()}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": method, "hash_type": "sha256", "allow_symlinks": false, "shard_size": shard_size,
            },
            "resources": resources,
        },
    });
    ModelStatement::parse_unverified(text.to_string().as_bytes())
        .map_err(|refusal| refusal.code().as_str().to_owned())
}

fn shards(names: &[&str]) -> Result<ModelStatement, String> {
    statement("shards", json!(10), "sha256", names)
}

#[test]
fn shards_cover_a_file_from_start_to_end_in_any_order() {
    for names in [
        &["w:0:10"][..],
        &["w:0:3"],
        &["w:0:10", "w:10:20", "w:20:21"],
        &["w:10:15", "w:0:10"],
        &["a:b:0:10", "a:b:10:11"],
        &["w:0:10", "v:0:1", "w:10:20"],
        &[".:0:10", ".:10:11"],
    ] {
        assert!(shards(names).is_ok(), "{names:?}");
    }
    for names in [
        &["w"][..],
        &["w:0"],
        &["w:0:0"],
        &["w:0:11"],
        &["w:5:10"],
        &["w:10:20"],
        &["w:0:10", "w:20:30"],
        &["w:0:9", "w:10:20"],
        &["w:00:10"],
        &["w:+0:10"],
        &["w:0:0x9"],
        &["w:-10:0"],
        &["w:0:10 "],
        &["w:18446744073709551610:18446744073709551615"],
        &["w:0:18446744073709551616"],
    ] {
        assert_eq!(shards(names).unwrap_err(), "WL-SIG-SHARDS", "{names:?}");
    }
    assert_eq!(shards(&["w:0:10", "w:0:9"]).unwrap_err(), "WL-SIG-DUPLICATE");
    assert_eq!(shards(&["../w:0:10"]).unwrap_err(), "WL-SIG-RESOURCE-NAME");
    assert_eq!(shards(&[":0:10"]).unwrap_err(), "WL-SIG-RESOURCE-NAME");
}

#[test]
fn shards_by_index_tell_no_size() {
    let indexed = |names: &[&str]| statement("file-shard-10", Value::Null, "sha256", names);
    let read = indexed(&["w:shard-1", "w:shard-0", "x:shard-y:shard-0"]).unwrap();
    let Files::Named(files) = read.files() else {
        panic!("{read:?}")
    };
    assert_eq!(files.len(), 2);
    for claim in files.values() {
        assert!(matches!(claim, FileClaim::Shards { size: None, .. }));
    }
    assert!(!read.omits_empty_files());
    for names in [
        &["w:shard-1"][..],
        &["w:shard-0", "w:shard-2"],
        &["w:shard-"],
        &["w:shard-00"],
        &["w:0:10"],
    ] {
        assert_eq!(indexed(names).unwrap_err(), "WL-SIG-SHARDS", "{names:?}");
    }
}

#[test]
fn a_shard_size_is_a_whole_number_however_written() {
    for size in [json!(10), json!(10.0), json!(1e1)] {
        assert!(
            statement("shards", size.clone(), "sha256-sharded-10", &["w:0:10"]).is_ok(),
            "{size}"
        );
    }
    for size in [json!(0), json!(-10), json!(10.5), json!(1e300), Value::Null] {
        let refused = statement("shards", size.clone(), "sha256", &["w:0:10"]).unwrap_err();
        assert_eq!(refused, "WL-SIG-SHARDS", "{size}");
    }
    assert_eq!(
        statement("shards", json!(10), "sha256-sharded-11", &["w:0:10"]).unwrap_err(),
        "WL-SIG-ALGORITHM"
    );
    assert_eq!(
        statement("file-shard-0", Value::Null, "sha256", &["w:shard-0"]).unwrap_err(),
        "WL-SIG-SHARDS"
    );
}

#[test]
fn one_file_without_a_name_is_the_only_one() {
    let files = |names: &[&str]| statement("files", Value::Null, "sha256", names);
    assert!(matches!(files(&["."]).unwrap().files(), Files::Single(_)));
    assert_eq!(files(&[".", "w"]).unwrap_err(), "WL-SIG-RESOURCE-NAME");
    assert_eq!(files(&["w", "w"]).unwrap_err(), "WL-SIG-DUPLICATE");
    for name in ["", "/w", "a/../w", "./w", "a//w", "w/", "w\0"] {
        assert_eq!(files(&[name]).unwrap_err(), "WL-SIG-RESOURCE-NAME", "{name:?}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    let size = NonZeroU64::new(10).unwrap();
    let digest = |text: &str| Algorithm::Blake3.digest(text.as_bytes());
    let path = |name: &str| ArtifactPath::parse(name).unwrap();
    let whole = |name: &str| (path(name), FileClaim::Whole(digest(name)));
    let pieces = FileClaim::Shards {
        digests: vec![digest("0"), digest("1")],
        size: Some(14),
    };
    for (method, files) in [
        (
            Method::Files,
            Files::Named(BTreeMap::from([whole("a.txt"), whole("a-b/c"), whole("a/b")])),
        ),
        (Method::Files, Files::Single(FileClaim::Whole(digest("x")))),
        (
            Method::Shards(size),
            Files::Named(BTreeMap::from([(path("a:b"), pieces.clone())])),
        ),
        (Method::Shards(size), Files::Single(pieces)),
    ] {
        let serialization = Serialization {
            method,
            algorithm: Algorithm::Blake3,
            allow_symlinks: true,
            ignore_paths: vec![path(".git"), path("cache")],
        };
        let written = ModelStatement::new("m", serialization, files);
        let payload = written.to_payload();
        assert_eq!(ModelStatement::parse_unverified(&payload).unwrap(), written);
        assert_eq!(written.to_payload(), payload);
    }
}
