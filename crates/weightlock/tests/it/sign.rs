//! `weightlock sign`.

use std::{fs, os::unix::fs::symlink, time::Duration};

use crate::run::{Place, Ran, key};

#[test]
fn writes_one_signature_into_the_model_and_evidence_on_request() {
    let place = Place::with_model();
    let signed = place.sign(&["--leaves"]).yes();
    assert!(
        signed.stdout.starts_with("signed m: 3 files, 2.5 MiB\n"),
        "{signed:?}"
    );
    assert!(!place.sign(&[]).yes().stdout.contains("not signed"));
    assert!(place.path("m/model.sig").is_file());
    let evidence = fs::read_dir(place.path("m/.weightlock/evidence"))
        .unwrap()
        .count();
    let tables = fs::read_dir(place.path("m/.weightlock/leaves")).unwrap().count();
    assert_eq!((evidence, tables), (1, 1));
    place.verify(&[]).yes();
}

#[test]
fn fs_verity_digests_are_signed_on_request_and_change_no_answer() {
    let place = Place::with_model();
    let signed = place.sign(&["--fs-verity", "--leaves"]).yes();
    assert!(
        signed
            .stdout
            .contains("  fs-verity  m/.weightlock/evidence/verity-"),
        "{signed:?}"
    );
    let names = fs::read_dir(place.path("m/.weightlock/evidence")).unwrap();
    let mut kinds: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.split_once('-').unwrap().0.to_owned())
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["leaves", "verity"]);
    place.verify(&[]).yes();
}

#[test]
fn fs_verity_digests_need_whole_files_by_sha256() {
    let place = Place::with_model();
    place
        .sign(&["--fs-verity", "--algorithm", "blake3"])
        .refused(2, "WL-CLI-USAGE")
        .says("by their SHA-256");
    assert_eq!(place.sign(&["--fs-verity", "--shards", "1MiB"]).code, 2);
    assert_eq!(place.sign(&["--fs-verity", "--incremental"]).code, 2);
    assert!(!place.path("m/model.sig").exists());
}

#[test]
fn a_single_file_and_a_wish_sign_beside() {
    let place = Place::with_model();
    fs::copy(place.path("m/model.safetensors"), place.path("w.safetensors")).unwrap();
    let signing = key("p256.key.pem");
    place
        .run(["sign", "--key", signing.to_str().unwrap(), "w.safetensors"])
        .yes();
    assert!(place.path("w.safetensors.weightlock/model.sig").is_file());
    place.sign(&["--beside"]).yes();
    assert!(place.path("m.weightlock/model.sig").is_file());
    assert!(!place.path("m/model.sig").exists());
    place.verify(&[]).yes();
}

#[test]
fn needs_a_method_and_a_model() {
    let place = Place::with_model();
    place
        .run(["sign", "m"])
        .refused(2, "WL-CLI-USAGE")
        .says("weightlock key generate");
    place
        .run(["sign", "key"])
        .refused(2, "WL-CLI-USAGE")
        .says("the model to work on is missing");
    place
        .run(["sign", "keys", "m"])
        .refused(2, "WL-CLI-USAGE")
        .says("there is no method \"keys\"");
    place
        .run(["sign", "sigstore", "m"])
        .refused(2, "WL-CLI-USAGE")
        .says("--trust-config");
    assert_eq!(place.run(["sign"]).code, 2);
    assert!(!place.path("m/model.sig").exists());
}

#[test]
fn replaces_its_own_signature_and_nobody_elses() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place.sign(&[]).yes();
    let before = fs::read(place.path("m/model.sig")).unwrap();
    place
        .run_with_key("sign", "p384.key.pem", &[])
        .refused(1, "WL-SIG-EXISTS");
    assert_eq!(fs::read(place.path("m/model.sig")).unwrap(), before);
    place.run_with_key("sign", "p384.key.pem", &["--replace"]).yes();
    place.run_with_key("verify", "p384.pub.pem", &[]).yes();
    place.write("m/model.sig", "rubbish");
    place.sign(&[]).refused(1, "WL-SIG-EXISTS");
}

#[test]
fn the_same_model_gives_the_same_payload_under_every_curve_it_may_use() {
    let place = Place::with_model();
    let mut payloads = Vec::new();
    for name in ["p256", "p384", "p521"] {
        place
            .run_with_key("sign", &format!("{name}.key.pem"), &["--replace"])
            .yes();
        place
            .run_with_key("verify", &format!("{name}.pub.pem"), &[])
            .yes();
        let bundle: serde_json::Value =
            serde_json::from_slice(&fs::read(place.path("m/model.sig")).unwrap()).unwrap();
        payloads.push(bundle["dsseEnvelope"]["payload"].as_str().unwrap().to_owned());
    }
    assert!(payloads.windows(2).all(|pair| pair[0] == pair[1]));
    for (name, reason) in [
        ("rsa2048.key.pem", "WL-KEY-UNSUPPORTED-ALGORITHM"),
        ("secp256k1.key.pem", "WL-KEY-UNSUPPORTED-CURVE"),
    ] {
        place
            .run_with_key("sign", name, &["--replace"])
            .refused(3, reason);
    }
}

#[test]
fn shards_and_other_digests_verify_too_and_weak_ones_have_no_name() {
    for more in [
        &["--shards", "1MiB"][..],
        &["--algorithm", "blake3"],
        &["--algorithm", "blake2b", "--shards", "100000"],
    ] {
        let place = Place::with_model();
        place.sign(more).yes();
        place.verify(&[]).yes();
        place.flip("m/model.safetensors", 1_500_000, 1);
        let refused = place.verify(&[]).refused(1, "WL-SIG-TAMPERED");
        if more.contains(&"--shards") {
            refused.says("layers.0.weight");
        }
    }
    let place = Place::with_model();
    for weak in ["md5", "sha1", "sha224", "SHA256"] {
        assert_eq!(place.sign(&["--algorithm", weak]).code, 2, "{weak}");
    }
    assert_eq!(place.sign(&["--shards", "0"]).code, 2);
}

#[test]
fn what_cannot_be_vouched_for_is_not_signed() {
    let place = Place::with_model();
    symlink("config.json", place.path("m/link.json")).unwrap();
    place.sign(&[]).refused(1, "WL-ART-SYMLINK").says("link.json");
    place.sign(&["--allow-symlinks"]).yes();
    place.verify(&[]).refused(1, "WL-SIG-TAMPERED");
    place.verify(&["--allow_symlinks"]).yes();
    symlink("/etc/hostname", place.path("m/outside")).unwrap();
    place
        .sign(&["--allow-symlinks"])
        .refused(1, "WL-ART-LINK-OUTSIDE");
    let empty = Place::new();
    empty.write("m/.git/HEAD", "x");
    empty.sign(&[]).refused(3, "WL-SIG-NOTHING-TO-SIGN");
    empty
        .run(["sign", "--key", "no.key", "m"])
        .refused(4, "WL-IO-NOT-FOUND");
}

#[test]
fn ignored_paths_are_recorded_and_honoured_only_while_harmless() {
    let place = Place::with_model();
    place.write("m/notes/picture.png", "\u{89}PNG\r\n");
    place
        .sign(&["--ignore-paths", "m/notes"])
        .yes()
        .says("not signed notes/picture.png");
    place
        .verify(&[])
        .yes()
        .says("ignored    1 file: notes/picture.png");
    place.write("m/notes/modeling.py", "import os");
    place
        .verify(&[])
        .refused(1, "WL-SIG-IGNORED-LOADABLE")
        .says("notes/modeling.py");
    place
        .sign(&["--ignore-paths", "elsewhere"])
        .refused(2, "WL-CLI-USAGE")
        .says("is not inside m");
}

#[test]
fn an_incremental_signature_reads_only_what_is_newer() {
    let place = Place::with_model();
    place.sign(&["--incremental"]).refused(2, "WL-CLI-USAGE");
    std::thread::sleep(Duration::from_millis(30));
    place.sign(&[]).yes();
    std::thread::sleep(Duration::from_millis(30));
    place.write("m/config.json", "{\"model_type\": \"changed\"}");
    let signed = place.sign(&["--incremental", "--json"]);
    assert_eq!(signed.json()["result"]["reused"], 2, "{signed:?}");
    place.verify(&[]).yes();
    assert_eq!(place.sign(&["--incremental", "--paranoid"]).code, 2);
    // A change that puts the old time back is seen by its change time.
    let weights = place.path("m/model.safetensors");
    let before = fs::metadata(&weights).unwrap().modified().unwrap();
    place.flip("m/model.safetensors", 5000, 1);
    fs::File::options()
        .write(true)
        .open(&weights)
        .unwrap()
        .set_modified(before)
        .unwrap();
    let signed = place.sign(&["--incremental", "--json"]);
    assert_eq!(signed.json()["result"]["reused"], 2, "{signed:?}");
    place.verify(&[]).yes();
    place
        .run_with_key("sign", "p384.key.pem", &["--incremental"])
        .refused(1, "WL-SIG-EXISTS");
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::with_model();
    let dry = place.sign(&["--dry-run", "--leaves"]).yes();
    assert!(dry.stdout.starts_with("would sign m"), "{dry:?}");
    assert!(!place.path("m/model.sig").exists() && !place.path("m/.weightlock").exists());
}

#[test]
fn passwords_come_from_files_and_variables_and_are_never_shown() {
    let place = Place::with_model();
    place
        .run_with_key("sign", "p256-encrypted.key.pem", &[])
        .refused(2, "WL-CLI-NO-PASSWORD");
    place.write("password", "vector\n");
    place
        .run_with_key("sign", "p256-encrypted.key.pem", &["--password-file", "password"])
        .yes();
    let with = |variable: &str, value: &str| {
        let signing = key("p256-encrypted.key.pem");
        let mut command = place.command(["sign", "m", "--replace", "--key", signing.to_str().unwrap()]);
        Ran::of(command.env(variable, value))
    };
    with("WEIGHTLOCK_PASSWORD", "vector").yes();
    with("COSIGN_PASSWORD", "vector").yes();
    let wrong = with("WEIGHTLOCK_PASSWORD", "canary-5f1e");
    assert_ne!(wrong.code, 0);
    assert!(!format!("{wrong:?}").contains("canary-5f1e"));
}

#[test]
fn certificates_go_with_their_own_key_only() {
    let place = Place::with_model();
    let path = |name: &str| key(name).to_str().unwrap().to_owned();
    let (leaf, chain, root) = (
        path("leaf.cert.pem"),
        path("intermediate-ca.cert.pem"),
        path("root-ca.cert.pem"),
    );
    place
        .run_with_key(
            "sign",
            "leaf.key.pem",
            &["--signing-certificate", &leaf, "--certificate-chain", &chain],
        )
        .yes();
    place
        .run(["verify", "certificate", "m", "--certificate-chain", &root])
        .yes()
        .says("CN=model signer");
    place.verify(&[]).refused(1, "WL-SIG-METHOD");
    place
        .run(["verify", "m", "--certificate-chain", &path("other-ca.cert.pem")])
        .refused(1, "WL-CERT-NO-PATH");
    place
        .run_with_key(
            "sign",
            "p256.key.pem",
            &["--replace", "--signing-certificate", &leaf],
        )
        .refused(2, "WL-SIG-CERTIFICATE-KEY");
}

#[test]
fn a_model_in_motion_is_not_signed_half() {
    let place = Place::with_model();
    fs::create_dir(place.path("m/sub")).unwrap();
    let mut permissions = fs::metadata(place.path("m")).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o555);
    fs::set_permissions(place.path("m"), permissions).unwrap();
    let signed = place.sign(&[]);
    // Root may write anywhere; everybody else is told that the folder is read-only, and nothing is left behind.
    if signed.code != 0 {
        signed.refused(4, "WL-IO-PERMISSION");
        assert_eq!(fs::read_dir(place.path("m")).unwrap().count(), 4);
    }
}

#[test]
fn what_verify_would_refuse_is_not_signed() {
    let place = Place::with_model();
    place
        .sign(&["--ignore-paths", "m/config.json"])
        .refused(1, "WL-SIG-IGNORED-LOADABLE")
        .says("config.json is left out");
    assert!(!place.path("m/model.sig").exists());
    // One's own signature under another name is no file of the model.
    place.sign(&["--signature", "m/release.json"]).yes();
    place.sign(&["--signature", "m/release.json"]).yes();
    place.verify(&["--signature", "m/release.json"]).yes();
}

#[test]
fn what_only_some_tools_can_check_is_said() {
    let place = Place::with_model();
    assert!(!place.sign(&[]).yes().stdout.contains("note"));
    place
        .sign(&["--shards", "1MiB"])
        .yes()
        .says("the reference model_signing cannot check");
    assert_eq!(place.sign(&["--shards", "16"]).code, 2);
}

/// What OMS 1.0 demands of a statement (sections 5.1, 5.2, 6.5, 6.6), written down as a schema from its text: the
/// published schema files are in a repository that tests cannot reach.
fn specification() -> jsonschema::Validator {
    let sha256 = serde_json::json!({"type": "string", "pattern": "^[0-9a-f]{64}$"});
    let schema = serde_json::json!({
        "type": "object",
        "required": ["_type", "subject", "predicateType", "predicate"],
        "additionalProperties": false,
        "properties": {
            "_type": {"const": "https://in-toto.io/Statement/v1"},
            "predicateType": {"const": "https://model_signing/signature/v1.0"},
            "subject": {
                "type": "array", "minItems": 1, "maxItems": 1,
                "items": {
                    "type": "object", "required": ["name", "digest"],
                    "properties": {
                        "name": {"type": "string", "minLength": 1},
                        "digest": {"type": "object", "required": ["sha256"], "properties": {"sha256": sha256}},
                    },
                },
            },
            "predicate": {
                "type": "object", "required": ["resources", "serialization"], "additionalProperties": false,
                "properties": {
                    "resources": {
                        "type": "array", "minItems": 1,
                        "items": {
                            "type": "object", "required": ["name", "digest", "algorithm"],
                            "properties": {
                                "name": {"type": "string", "pattern": "^[^/]"},
                                "digest": {"type": "string", "pattern": "^([0-9a-f]{2})+$"},
                                "algorithm": {"type": "string"},
                            },
                        },
                    },
                    "serialization": {
                        "type": "object", "required": ["method", "hash_type", "allow_symlinks"],
                        "additionalProperties": false,
                        "properties": {
                            "method": {"enum": ["files", "shards"]},
                            "hash_type": {"enum": ["sha256", "blake2b", "blake3"]},
                            "allow_symlinks": {"type": "boolean"},
                            "ignore_paths": {"type": "array", "items": {"type": "string", "pattern": "^[^/]"}},
                            "shard_size": {"type": "integer", "minimum": 1},
                        },
                    },
                },
            },
        },
    });
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn statements_keep_the_rules_of_the_specification() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let specification = specification();
    for more in [
        &[][..],
        &["--leaves"],
        &["--shards", "1MiB"],
        &["--algorithm", "blake3"],
    ] {
        let place = Place::with_model();
        place.write("m/notes/picture.png", "\u{89}PNG\r\n");
        place.sign(&[more, &["--ignore-paths", "m/notes"]].concat()).yes();
        let bundle = fs::read(place.path("m/model.sig")).unwrap();
        let bundle: serde_json::Value = serde_json::from_slice(&bundle).unwrap();
        let payload = STANDARD
            .decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap())
            .unwrap();
        let mut payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        let errors: Vec<String> = specification
            .iter_errors(&payload)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{more:?}: {errors:#?}");
        payload["predicate"]["extra"] = true.into();
        assert!(!specification.is_valid(&payload));
    }
}
