//! `weightlock verify`.

use std::{fs, os::unix::fs::symlink};

use crate::run::{Place, Ran, key};

#[test]
fn says_who_and_unchanged_and_what_it_did_not_look_at() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    let verified = place.verify(&[]).yes();
    assert_eq!(
        verified.stdout,
        "verified m\n\
         \x20 who        VERIFIED    ECDSA P-256 key 963893f47a4dcd513b8485ccffca22b51687155e07ac6f3118bf45de85d8b427\n\
         \x20 unchanged  VERIFIED    3 of 3 files, 2.5 MiB\n\
         \x20 digest     sha256:9fde49c72af95f1a6fe7ea46e10d1e7d06bd4cf7ffcbf9f3cbbd6c8f5e9b1df1\n\
         \x20 signature  m/model.sig\n\
         \x20 note       this says who and unchanged; not what the model can execute, nor whether it is safe\n"
            .replace("sha256:9fde49c72af95f1a6fe7ea46e10d1e7d06bd4cf7ffcbf9f3cbbd6c8f5e9b1df1", &digest(&place))
    );
}

/// The manifest digest, computed here independently.
fn digest(place: &Place) -> String {
    use weightlock_artifact::digest::Algorithm;
    let mut text = "weightlock-manifest-v1\n".to_owned();
    for name in ["config.json", "model.safetensors", "tokenizer/tokenizer.json"] {
        let bytes = fs::read(place.path(&format!("m/{name}"))).unwrap();
        text += &format!(
            "{} {} {name}\n",
            Algorithm::Sha256.digest(&bytes).hex(),
            bytes.len()
        );
    }
    Algorithm::Sha256.digest(text.as_bytes()).to_string()
}

/// S23: every way to fail has its code and its exit number, and never 0.
#[test]
fn every_refusal_has_its_code_and_exit() {
    type Break = fn(&Place);
    let table: [(&str, i32, Break); 12] = [
        ("WL-SIG-UNSIGNED", 1, |place| {
            fs::remove_file(place.path("m/model.sig")).unwrap()
        }),
        ("WL-SIG-TAMPERED", 1, |place| place.flip("m/config.json", 3, 1)),
        ("WL-SIG-TAMPERED", 1, |place| {
            fs::remove_file(place.path("m/config.json")).unwrap()
        }),
        ("WL-SIG-TAMPERED", 1, |place| {
            fs::rename(place.path("m/config.json"), place.path("m/c.json")).unwrap()
        }),
        ("WL-SIG-EXTRA-FILE", 1, |place| {
            place.write("m/evil.py", "import os")
        }),
        ("WL-SIG-EXTRA-FILE", 1, |place| {
            place.write("m/.weightlock/helper.py", "import os")
        }),
        ("WL-ART-SYMLINK", 1, |place| {
            symlink("config.json", place.path("m/link")).unwrap()
        }),
        ("WL-SIG-MALFORMED", 1, |place| place.write("m/model.sig", "")),
        ("WL-SIG-MALFORMED", 1, |place| {
            let signature = fs::read(place.path("m/model.sig")).unwrap();
            fs::write(place.path("m/model.sig"), &signature[..signature.len() / 2]).unwrap();
        }),
        ("WL-SIG-INVALID", 1, |place| {
            let text = fs::read_to_string(place.path("m/model.sig")).unwrap();
            place.write(
                "m/model.sig",
                text.replace("\"sig\":\"MEU", "\"sig\":\"MEV")
                    .replace("\"sig\":\"MEQ", "\"sig\":\"MER"),
            );
        }),
        ("WL-IO-NOT-FOUND", 4, |place| {
            fs::remove_dir_all(place.path("m")).unwrap()
        }),
        ("WL-ART-SPECIAL-FILE", 1, |place| {
            fs::remove_file(place.path("m/model.sig")).unwrap();
            fs::create_dir(place.path("m/model.sig")).unwrap();
        }),
    ];
    for (reason, code, broken) in table {
        let place = Place::with_model();
        place.sign(&[]).yes();
        place.verify(&[]).yes();
        broken(&place);
        place
            .verify(&[])
            .refused(code, reason)
            .says("not verified: do not load this model");
        let json = place.verify(&["--json"]);
        assert_eq!(
            (json.code, json.codes().first().map(String::as_str)),
            (code, Some(reason))
        );
    }
}

/// S22: nobody named is no question.
#[test]
fn anybody_is_not_somebody() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place.run(["verify", "m"]).refused(2, "WL-CLI-NO-TRUST");
    place
        .run(["verify", "m", "--identity", ".*"])
        .refused(2, "WL-CLI-NO-TRUST");
    let provider = ["--identity-provider", "https://accounts.example.org"];
    for (pattern, reason) in [
        (".*", "regular expression"),
        ("*", "whose host or domain"),
        ("https://*/x", "whose host or domain"),
    ] {
        let words = ["verify", "m", "--identity-pattern", pattern]
            .into_iter()
            .chain(provider);
        place.run(words).refused(2, "WL-CLI-USAGE").says(reason);
    }
    let words = ["verify", "m", "--danger-any-identity"];
    place.run(words).refused(1, "WL-SIG-METHOD");
    Ran::of(place.command(words).env("WEIGHTLOCK_MODE", "production")).refused(2, "WL-DANGER-REFUSED");
    place
        .run_with_key("verify", "p384.pub.pem", &[])
        .refused(1, "WL-SIG-KEY-MISMATCH")
        .says("expected")
        .says("found");
    let root = key("root-ca.cert.pem");
    place
        .run(["verify", "m", "--certificate-chain", root.to_str().unwrap()])
        .refused(1, "WL-SIG-METHOD");
    place
        .verify(&["--certificate-chain", root.to_str().unwrap()])
        .refused(2, "WL-CLI-USAGE");
}

/// S34: one bit anywhere, one file at a time, is refused with the name of the file.
#[test]
fn one_flipped_bit_in_each_file_is_named() {
    let place = Place::with_model();
    place.sign(&["--leaves"]).yes();
    for name in ["config.json", "model.safetensors", "tokenizer/tokenizer.json"] {
        let path = format!("m/{name}");
        for offset in [0, 7, fs::read(place.path(&path)).unwrap().len() - 1] {
            for bit in [0, 7] {
                place.flip(&path, offset, 1 << bit);
                place
                    .verify(&[])
                    .refused(1, "WL-SIG-TAMPERED")
                    .says(&format!("{name} differs"));
                place.flip(&path, offset, 1 << bit);
            }
        }
    }
    place.verify(&[]).yes();
}

#[test]
fn a_signed_leaf_table_names_the_range_and_the_tensors() {
    let place = Place::with_model();
    place.sign(&["--leaves"]).yes();
    place.flip("m/model.safetensors", 2_500_000, 4);
    let refused = place.verify(&[]).refused(1, "WL-SIG-TAMPERED");
    let refused = refused.says("leaf 3 of 3: layers.0.weight, layers.1.weight");
    refused.says("0 of 2 tensors lie in unchanged ranges");
    let json = place.verify(&["--json"]).json();
    assert_eq!(json["result"]["changes"][0]["ranges"][0], "2097152..2621616");
}

#[test]
fn a_leaf_table_of_somebody_else_or_of_another_version_counts_for_nothing() {
    let place = Place::with_model();
    place.run_with_key("sign", "p384.key.pem", &["--leaves"]).yes();
    place.sign(&["--replace"]).yes();
    place.verify(&[]).yes();
    place.flip("m/model.safetensors", 2_500_000, 4);
    place
        .verify(&[])
        .refused(1, "WL-SIG-TAMPERED")
        .says("no leaf table that this signer signed");
    // Its own table, but of the version before.
    let place = Place::with_model();
    place.sign(&["--leaves"]).yes();
    place.flip("m/config.json", 3, 1);
    place.sign(&[]).yes();
    place.flip("m/model.safetensors", 2_500_000, 4);
    place
        .verify(&[])
        .refused(1, "WL-SIG-TAMPERED")
        .says("no leaf table that this signer signed");
}

/// X2: a part is never a bare pass.
#[test]
fn a_partial_check_reads_only_what_was_asked_and_says_so() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place.flip("m/config.json", 3, 1);
    let part = place.verify(&["--only", "*.safetensors"]).yes();
    assert!(part.stdout.starts_with("partly verified m\n"), "{part:?}");
    part.says("IN PART     1 of 3 files");
    place.verify(&["--only", "*.json"]).refused(1, "WL-SIG-TAMPERED");
    place.verify(&["--only", "tokenizer/*.json"]).yes();
    place
        .verify(&["--only", "*.gguf"])
        .refused(3, "WL-SIG-NOTHING-SELECTED");
    place.write("m/more.safetensors", "x");
    place
        .verify(&["--only", "*.safetensors"])
        .refused(1, "WL-SIG-EXTRA-FILE");
    assert_eq!(place.verify(&["--only", "[x"]).code, 2);
}

/// S30: pin and signature are two checks, and each can fail alone.
#[test]
fn a_pinned_digest_is_checked_apart_from_the_signature() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    let pinned = digest(&place);
    place.verify(&["--expect-digest", &pinned]).yes();
    place.flip("m/config.json", 3, 1);
    place
        .verify(&["--expect-digest", &pinned])
        .refused(1, "WL-SIG-TAMPERED");
    place.sign(&[]).yes();
    place
        .verify(&["--expect-digest", &pinned])
        .refused(1, "WL-DIGEST-PIN")
        .says("the signature is good");
    place
        .verify(&["--expect-digest", &pinned, "--only", "*.json"])
        .refused(1, "WL-DIGEST-PIN");
    assert_eq!(place.verify(&["--expect-digest", "md5:00"]).code, 2);
}

#[test]
fn files_of_git_are_passed_over_unless_told_otherwise() {
    let place = Place::with_model();
    place.sign(&["--no-ignore-git-paths"]).yes();
    place.write("m/.gitattributes", "*.bin filter=lfs");
    place.verify(&[]).yes().says(".gitattributes");
    place
        .verify(&["--no-ignore-git-paths"])
        .refused(1, "WL-SIG-EXTRA-FILE");
    place.verify(&["--ignore-git-paths"]).yes();
}

#[test]
fn unsigned_files_pass_only_when_told_and_are_listed() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place.write("m/README.md", "hello");
    place.verify(&[]).refused(1, "WL-SIG-EXTRA-FILE");
    place
        .verify(&["--ignore_unsigned_files"])
        .yes()
        .says("not signed 1 file: README.md");
    place
        .verify(&["--ignore-paths", "m/README.md"])
        .yes()
        .says("ignored    1 file: README.md");
    place.write("m/evil.py", "import os");
    place
        .verify(&["--ignore-paths", "m/evil.py", "--ignore-paths", "m/README.md"])
        .refused(1, "WL-SIG-IGNORED-LOADABLE");
    place
        .verify(&["--ignore-paths", "m/config.json", "--ignore-unsigned-files"])
        .refused(1, "WL-SIG-TAMPERED");
}

/// S35: an expired certificate passes only at a stated time, and the answer says that it was stated.
#[test]
fn an_expired_certificate_needs_a_stated_time() {
    let place = Place::with_model();
    let path = |name: &str| key(name).to_str().unwrap().to_owned();
    let (leaf, chain, root) = (
        path("leaf-expired.cert.pem"),
        path("intermediate-ca.cert.pem"),
        path("root-ca.cert.pem"),
    );
    place
        .run_with_key(
            "sign",
            "leaf-expired.key.pem",
            &["--signing-certificate", &leaf, "--certificate-chain", &chain],
        )
        .yes();
    place
        .run(["verify", "m", "--certificate-chain", &root])
        .refused(1, "WL-CERT-EXPIRED");
    let stated = [
        "verify",
        "m",
        "--certificate-chain",
        &root,
        "--at-time",
        "2025-02-10T00:00:00Z",
    ];
    place
        .run(stated)
        .yes()
        .says("as of 2025-02-10T00:00:00Z, which was stated, not now");
    let before = [
        "verify",
        "m",
        "--certificate-chain",
        &root,
        "--at-time",
        "2024-02-10T00:00:00Z",
    ];
    assert_eq!(place.run(before).code, 1);
}

#[test]
fn hostile_names_cannot_play_with_the_terminal() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place.write("m/\u{1b}[2J\u{202e}gpj.py", "x");
    let refused = place.verify(&[]).refused(1, "WL-SIG-EXTRA-FILE");
    assert!(
        !refused.stderr.contains('\u{1b}') && !refused.stderr.contains('\u{202e}'),
        "{refused:?}"
    );
    refused.says("\\u{1b}[2J\\u{202e}gpj.py");
}

#[test]
fn a_warm_cache_answers_without_reading_and_says_so() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    let cached = || {
        let public = key("p256.pub.pem");
        let mut command = place.command(["verify", "m", "--digest-cache", "--key", public.to_str().unwrap()]);
        Ran::of(command.env("WEIGHTLOCK_CACHE_DIR", place.path("cache")))
    };
    cached().yes();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    cached().yes();
    let kept = weightlock_artifact::cache::is_kept(&fs::File::open(place.path("m/config.json")).unwrap());
    assert_eq!(cached().yes().stdout.contains("(3 from cache)"), kept);
    place.flip("m/config.json", 3, 1);
    cached().refused(1, "WL-SIG-TAMPERED");
}

/// S9: a list of digests is pointed to, and is no signature.
#[test]
fn a_list_of_digests_is_no_signature() {
    let place = Place::with_model();
    place.write("m/model.sha256", "");
    place
        .verify(&[])
        .refused(1, "WL-SIG-UNSIGNED")
        .says("not who made the model")
        .says("weightlock digest --check m/model.sha256");
    fs::remove_file(place.path("m/model.sha256")).unwrap();
    let plain = place.verify(&[]).refused(1, "WL-SIG-UNSIGNED");
    assert!(!plain.stderr.contains("digest --check"), "{plain:?}");
}

#[test]
fn quiet_is_quiet_and_the_exit_code_stays_right() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    assert_eq!(place.verify(&["-q"]).yes().stdout, "");
    place.flip("m/config.json", 3, 1);
    place.verify(&["-q"]).refused(1, "WL-SIG-TAMPERED");
    let silent = place.verify(&["-qq"]);
    assert_eq!(
        (silent.code, silent.stdout.as_str(), silent.stderr.as_str()),
        (1, "", "")
    );
}

#[test]
fn cosign_json_has_the_shape_of_cosign() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    let json = place.verify(&["--format", "cosign-json"]).yes().json();
    assert_eq!(
        json[0]["critical"]["image"]["docker-manifest-digest"],
        digest(&place)
    );
    assert_eq!(json[0]["critical"]["identity"]["docker-reference"], "m");
    place.flip("m/config.json", 3, 1);
    place
        .verify(&["--format", "cosign-json"])
        .refused(1, "WL-SIG-TAMPERED");
}

#[test]
fn every_kernel_and_both_readings_agree() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    for kernel in weightlock_artifact::digest::sha256::Kernel::available() {
        for reading in ["mapped", "buffered"] {
            place
                .verify(&["--sha256-kernel", kernel.name(), "--read", reading, "-j", "2"])
                .yes();
        }
    }
    place
        .verify(&["--sha256-kernel", "nonsense"])
        .refused(2, "WL-CLI-USAGE")
        .says("choose one of");
}

#[test]
fn a_part_of_a_signed_folder_is_not_advised_to_be_signed() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    let public = key("p256.pub.pem");
    let public = public.to_str().unwrap();
    let file = place.run(["verify", "--key", public, "m/model.safetensors"]);
    let file = file
        .refused(1, "WL-SIG-UNSIGNED")
        .says("--only model.safetensors");
    assert!(!file.stderr.contains("weightlock sign"), "{file:?}");
    place
        .run(["verify", "--key", public, "m/tokenizer"])
        .refused(1, "WL-SIG-UNSIGNED")
        .says("--only 'tokenizer/**'");
    place
        .run(["verify", "--key", public, "--only", "tokenizer/**", "m"])
        .yes()
        .says("1 of 3 files");
    place
        .run([
            "verify",
            "--key",
            public,
            "--signature",
            "m/model.sig",
            "m/model.safetensors",
        ])
        .refused(2, "WL-CLI-USAGE")
        .says("a folder of 3 files");
    place
        .run(["verify", "--key", public, "m/model.sig"])
        .refused(1, "WL-SIG-UNSIGNED")
        .says("looks like a key or a signature");
}

#[test]
fn a_second_signature_is_pointed_to() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place.run_with_key("sign", "p384.key.pem", &["--beside"]).yes();
    let refused = place.run_with_key("verify", "p384.pub.pem", &[]);
    refused
        .refused(1, "WL-SIG-KEY-MISMATCH")
        .says("--signature m.weightlock/model.sig");
    place
        .run_with_key(
            "verify",
            "p384.pub.pem",
            &["--signature", "m.weightlock/model.sig"],
        )
        .yes();
}

#[test]
fn verbose_says_why_a_reason_matters() {
    let place = Place::with_model();
    place.verify(&[]).refused(1, "WL-SIG-UNSIGNED");
    assert!(!place.verify(&[]).stderr.contains("= why:"));
    place
        .verify(&["-v"])
        .refused(1, "WL-SIG-UNSIGNED")
        .says("= why: without one nothing says who");
}

/// As above for `diff`: a signed file that is a link or a folder now is named as such, whatever its neighbours are called.
#[test]
fn a_file_replaced_by_something_else_is_told_whatever_the_folders_are_called() {
    for name in ["a/w.bin", "a-b/w.bin", "a.txt"] {
        let place = Place::with_model();
        for file in ["a/w.bin", "a-b/w.bin", "a.txt"] {
            place.write(&format!("m/{file}"), "content");
        }
        place.sign(&[]).yes();
        let path = place.path(&format!("m/{name}"));
        fs::remove_file(&path).unwrap();
        symlink(place.path("elsewhere"), &path).unwrap();
        let refused = place.verify(&[]).refused(1, "WL-SIG-TAMPERED");
        let refused = refused.says(&format!("{name} was signed as a file and is a symbolic link"));
        assert!(
            !refused.stderr.contains("WL-ART-SYMLINK"),
            "told once: {refused:?}"
        );
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        place
            .verify(&[])
            .refused(1, "WL-SIG-TAMPERED")
            .says(&format!("{name} was signed as a file and is a folder"));
    }
}
