//! `weightlock diff`.

use std::fs;

use weightlock::commands::diff::Difference;

use crate::{
    models::{ones, safetensors, tiny, weights},
    run::{Place, Ran},
};

/// Two copies of one model.
fn two() -> Place {
    let place = Place::new();
    tiny(&place, "good");
    tiny(&place, "other");
    place
}

#[test]
fn copies_are_the_same() {
    let place = two();
    let ran = place.run(["diff", "good", "other"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout, @r"
    A  good: model, 3 files
    B  other: model, 3 files

    the same: 3 files
    ");
    let json = place
        .run(["diff", "good", "other", "--json"])
        .document::<Difference>();
    assert_eq!(json["result"]["same"], true);
}

#[test]
fn one_flipped_bit_is_one_value() {
    let place = two();
    let mut bytes = weights();
    // The sign of the value before the last of the tensor that is written first.
    let at = bytes.len() - 32 - 8 + 3;
    bytes[at] ^= 0x80;
    place.write("other/model.safetensors", bytes);
    let ran = place.run(["diff", "good", "other"]);
    assert_eq!(ran.refusal(), (1, vec!["WL-DIFF-DIFFERENT"]));
    insta::assert_snapshot!(ran.stdout, @r"
    A  good: model, 3 files
    B  other: model, 3 files

    files
      changed  model.safetensors

    tensors: 1 of 2 compared differ
      changed  a.weight[3, 6]: 1 -> -1 (1 bit)
    ");
    let json = place
        .run(["diff", "good", "other", "--json"])
        .document::<Difference>();
    let example = &json["result"]["tensors"][0]["examples"][0];
    assert_eq!(example["index"], serde_json::json!([3, 6]));
    assert_eq!((&example["a"], &example["bits"]), (&"1".into(), &1.into()));
}

#[test]
fn files_tensors_and_settings_are_told_apart() {
    let place = two();
    let mut many = ones("a.weight", &[4, 8]);
    many.2.fill(0);
    place.write(
        "other/model.safetensors",
        safetensors(
            &[many, ones("b.bias", &[2, 4]), ones("c", &[])],
            &[("format", "tf")],
        ),
    );
    place.write(
        "other/config.json",
        r#"{"architectures": ["TinyModel"], "hidden_size": 9}"#,
    );
    place.write("other/evil\u{1b}[2J.py", "");
    fs::rename(place.path("other/README.md"), place.path("other/LIESMICH.md")).unwrap();
    let ran = place.run(["diff", "good", "other"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.stdout, @r#"
    A  good: model, 3 files
    B  other: model, 4 files

    files
      renamed  README.md -> LIESMICH.md
      changed  config.json
      added    evil\u{1b}[2J.py (0 B)
      changed  model.safetensors (328 -> 388 bytes)

    tensors: 3 of 3 compared differ
      changed  a.weight: 32 of 32 values (100.000 %)
      retyped  b.bias: F32 [8] -> F32 [2, 4]
      added    c: F32 []

    settings
      config.json: hidden_size: 8 -> 9
      model.safetensors: format: "pt" -> "tf"
    "#);
    place
        .run(["diff", "good", "other", "--json"])
        .document::<Difference>();
}

#[test]
fn tensors_are_found_again_in_other_files() {
    let place = Place::new();
    place.write("a/model.safetensors", weights());
    let mut bias = ones("b.bias", &[8]);
    bias.2[3] = 0x40;
    place.write("b/1.safetensors", safetensors(&[ones("a.weight", &[4, 8])], &[]));
    place.write("b/2.safetensors", safetensors(&[bias], &[]));
    let ran = place.run(["diff", "a", "b"]);
    insta::assert_snapshot!(ran.stdout, @r"
    A  a: model, 1 file
    B  b: model, 2 files

    files
      added    1.safetensors (208 B)
      added    2.safetensors (104 B)
      removed  model.safetensors (328 B)

    tensors: 1 of 2 compared differ
      changed  b.bias[0]: 1 -> 4 (7 bits) (model.safetensors -> 2.safetensors)
    ");
}

#[test]
fn single_files_are_compared_whatever_they_are_called() {
    let place = Place::new();
    place.write("a.safetensors", weights());
    place.write("b.safetensors", weights());
    assert_eq!(place.run(["diff", "a.safetensors", "b.safetensors"]).code, 0);
    place.write("b.safetensors", b"not one");
    let ran = place.run(["diff", "a.safetensors", "b.safetensors"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("removed  a.weight: F32 [4, 8]"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_broken_header_is_told_and_nothing_read_from_it() {
    let place = two();
    let mut bytes = weights();
    bytes.truncate(bytes.len() - 4);
    place.write("other/model.safetensors", bytes);
    let ran = place.run(["diff", "good", "other"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout
            .contains("model.safetensors in B: tensors not compared, at byte"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_manifest_is_compared_by_digests_and_said_not_to_be_verified() {
    let place = two();
    let sums = place.run(["digest", "good"]).stdout;
    let mut manifest = "weightlock-manifest-v1\n".to_owned();
    for line in sums.lines() {
        let (hex, name) = line.split_once("  good/").unwrap();
        let size = fs::metadata(place.path("good").join(name)).unwrap().len();
        manifest += &format!("{hex} {size} {name}\n");
    }
    place.write("manifest", &manifest);
    let ran = place.run(["diff", "manifest", "good"]);
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(ran.stdout, @r"
    A  manifest: manifest, lists 3 files (not verified)
    B  good: model, 3 files

    the same: 3 files
    ");
    place.write("good/config.json", "{}");
    assert_eq!(place.run(["diff", "manifest", "good"]).code, 1);
    let json = place
        .run(["diff", "manifest", "good", "--json"])
        .document::<Difference>();
    assert_eq!(json["result"]["a"]["standing"], "declared");
    place.write("manifest", manifest.replace("v1", "v2"));
    assert_eq!(
        place.run(["diff", "manifest", "good"]).refusal(),
        (3, vec!["WL-DIFF-INCOMPARABLE"])
    );
}

#[test]
fn nothing_comparable_is_no_answer_and_nothing_there_cannot_work() {
    let place = Place::new();
    fs::create_dir(place.path("a")).unwrap();
    fs::create_dir(place.path("b")).unwrap();
    assert_eq!(
        place.run(["diff", "a", "b"]).refusal(),
        (3, vec!["WL-DIFF-INCOMPARABLE"])
    );
    assert_eq!(
        place.run(["diff", "a", "none"]).refusal(),
        (4, vec!["WL-IO-NOT-FOUND"])
    );
    assert_eq!(place.run(["diff", "a"]).code, 2);
    place.write(
        "bad.sig",
        r#"{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}"#,
    );
    assert_eq!(place.run(["diff", "a", "bad.sig"]).code, 1);
}

#[test]
fn colour_only_on_request() {
    let place = two();
    place.write("other/config.json", "{}");
    assert!(!place.run(["diff", "good", "other"]).stdout.contains('\u{1b}'));
    let coloured = place.run(["diff", "good", "other", "--color", "always"]);
    assert!(coloured.stdout.contains('\u{1b}'));
    let environment = |name| {
        let mut command = place.command(["diff", "good", "other"]);
        Ran::of(command.env("CLICOLOR_FORCE", "1").env(name, "1")).stdout
    };
    assert!(environment("UNRELATED").contains('\u{1b}'));
    assert!(!environment("NO_COLOR").contains('\u{1b}'));
}

#[test]
fn a_signature_is_compared_and_said_not_to_be_verified() {
    for more in [&[][..], &["--algorithm", "blake2b"], &["--shards", "64KiB"]] {
        let place = Place::with_model();
        let signed = place.sign(more);
        assert_eq!(signed.code, 0, "{signed:?}");
        let ran = place.run(["diff", "m/model.sig", "m"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(
            ran.stdout
                .contains("A  m/model.sig: signature, lists 3 files (not verified)"),
            "{}",
            ran.stdout
        );
        place.flip("m/model.safetensors", 1_500_000, 1);
        place.write("m/added.bin", "a");
        let ran = place.run(["diff", "m/model.sig", "m"]);
        assert_eq!(ran.refusal(), (1, vec!["WL-DIFF-DIFFERENT"]));
        for line in ["added    added.bin (1 B)", "changed  model.safetensors"] {
            assert!(ran.stdout.contains(line), "{}", ran.stdout);
        }
        assert!(!ran.stdout.contains("config.json"), "{}", ran.stdout);
    }
}

#[test]
fn signatures_with_digests_of_two_kinds_are_not_comparable() {
    let place = Place::with_model();
    assert_eq!(place.sign(&["--signature", "one.sig"]).code, 0);
    assert_eq!(
        place
            .sign(&["--signature", "two.sig", "--algorithm", "blake2b"])
            .code,
        0
    );
    assert_eq!(place.run(["diff", "one.sig", "one.sig"]).code, 0);
    let ran = place.run(["diff", "one.sig", "two.sig"]);
    assert_eq!(ran.refusal(), (3, vec!["WL-DIFF-INCOMPARABLE"]));
    assert!(ran.stderr.contains("sha256 of files") && ran.stderr.contains("blake2b of files"));
}

/// Paths are ordered by components and text by bytes; a search that mixes them up misses files.
#[test]
fn tensors_are_compared_whatever_the_folders_are_called() {
    for changed in ["a/w.safetensors", "a-b/w.safetensors", "a.safetensors"] {
        let place = Place::new();
        for side in ["good", "other"] {
            for name in ["a/w.safetensors", "a-b/w.safetensors", "a.safetensors"] {
                place.write(&format!("{side}/{name}"), weights());
            }
        }
        let mut bytes = weights();
        let last = bytes.len() - 1;
        bytes[last] ^= 0x80;
        place.write(&format!("other/{changed}"), bytes);
        let ran = place.run(["diff", "good", "other"]);
        assert_eq!(ran.code, 1, "{ran:#?}");
        assert!(ran.stdout.contains("tensors: 1 of "), "{changed}: {ran:#?}");
    }
}
