//! Statements go to and from the real cosign.

use std::fs;

use super::{PASSWORD, Pair};

const PROVENANCE: &str = r#"{"buildDefinition": {"buildType": "t"}, "runDetails": {"builder": {"id": "b"}}}"#;

/// What fits every type that cosign has a form for.
const ANY: &str = r#"{
  "builder": {"id": "b"}, "buildType": "t",
  "bomFormat": "CycloneDX", "specVersion": "1.6", "spdxVersion": "SPDX-2.3",
  "@context": "https://openvex.dev/ns/v0.2.0", "statements": [],
  "scanner": {}, "metadata": {"scanStartedOn": "2026-01-31T00:00:00Z", "scanFinishedOn": "2026-01-31T00:00:00Z"}
}"#;

fn pair() -> Option<Pair> {
    let pair = Pair::new()?;
    let folder = pair.folder.path();
    fs::write(folder.join("m/weights.bin"), "weights").unwrap();
    fs::write(folder.join("provenance.json"), PROVENANCE).unwrap();
    fs::write(folder.join("any.json"), ANY).unwrap();
    pair.ours(&["key", "generate", "k"], 0);
    pair.ours(&["key", "generate", "other"], 0);
    Some(pair)
}

/// cosign's answer about a file.
fn cosign_accepts(pair: &Pair, key: &str, kind: &str, file: &str) -> bool {
    let arguments = [
        "verify-blob-attestation",
        "--key",
        key,
        "--type",
        kind,
        "--bundle",
        "b.json",
        "--insecure-ignore-tlog",
        file,
    ];
    pair.cosign(&arguments, "").status.success()
}

/// S79: every file of the model is a subject, and nothing else is.
#[test]
fn cosign_accepts_our_statements_about_any_file_of_the_model() {
    let Some(pair) = pair() else { return };
    for (kind, document) in [
        ("slsaprovenance1", "provenance.json"),
        ("slsaprovenance", "any.json"),
        ("cyclonedx", "any.json"),
        ("spdxjson", "any.json"),
        ("openvex", "any.json"),
        ("vuln", "any.json"),
        ("custom", "any.json"),
        ("https://example.com/x", "any.json"),
    ] {
        let _ = fs::remove_file(pair.folder.path().join("b.json"));
        let attest = [
            "attest",
            "m",
            "--key",
            "k.key",
            "--type",
            kind,
            "--predicate",
            document,
        ];
        pair.ours(&[&attest[..], &["--output", "b.json"]].concat(), 0);
        for file in ["m/weights.bin", "m/config.json"] {
            assert!(cosign_accepts(&pair, "k.pub", kind, file), "{kind} {file}");
        }
        assert!(
            !cosign_accepts(&pair, "k.pub", kind, "any.json"),
            "{kind}: another file"
        );
        assert!(
            !cosign_accepts(&pair, "other.pub", kind, "m/weights.bin"),
            "{kind}: another key"
        );
        assert!(
            !cosign_accepts(&pair, "k.pub", "link", "m/weights.bin"),
            "{kind}: another type"
        );
    }
}

/// S20: a statement that cosign made about a model of one file counts here, and for nothing else.
#[test]
fn statements_of_cosign_count_here() {
    let Some(pair) = pair() else { return };
    for kind in [
        "slsaprovenance1",
        "slsaprovenance",
        "cyclonedx",
        "spdx",
        "spdxjson",
        "openvex",
        "vuln",
        "custom",
        "https://example.com/x",
    ] {
        let document = if kind == "slsaprovenance1" {
            "provenance.json"
        } else {
            "any.json"
        };
        let _ = fs::remove_file(pair.folder.path().join("b.json"));
        let sign = [
            "attest-blob",
            "--yes",
            "--key",
            "k.key",
            "--use-signing-config=false",
            "--tlog-upload=false",
            "--predicate",
            document,
            "--type",
            kind,
            "--bundle",
            "b.json",
            "m/weights.bin",
        ];
        let signed = pair.cosign(&sign, PASSWORD);
        assert!(signed.status.success(), "{kind}: {signed:?}");
        let ask = |key: &str, kind: &str, model: &str, code: i32| {
            let ask = [
                "verify-attestation",
                "--key",
                key,
                "--type",
                kind,
                "--bundle",
                "b.json",
                model,
            ];
            pair.ours(&ask, code)
        };
        ask("k.pub", kind, "m/weights.bin", 0);
        ask("other.pub", kind, "m/weights.bin", 1);
        ask("k.pub", kind, "m/config.json", 1);
        ask("k.pub", kind, "m", 1);
        ask("k.pub", "link", "m/weights.bin", 3);
        pair.ours(&["evidence", "add", "m/weights.bin", "b.json"], 0);
        pair.ours(&["evidence", "add", "m/config.json", "b.json"], 1);
    }
    pair.ours(
        &[
            "verify-attestation",
            "--key",
            "k.pub",
            "--type",
            "vuln",
            "m/weights.bin",
        ],
        0,
    );
}

/// S16: a bill of materials that was signed here is one for cosign too.
#[test]
fn cosign_accepts_our_bills_of_materials() {
    let Some(pair) = pair() else { return };
    let evidence = pair.folder.path().join("m.weightlock/evidence");
    for (format, kind) in [
        ("cyclonedx", "cyclonedx"),
        ("spdx", "spdxjson"),
        ("spdx-2.3", "spdxjson"),
    ] {
        let _ = fs::remove_dir_all(&evidence);
        pair.ours(
            &[
                "bom", "m", "--format", format, "--sign", "--beside", "--key", "k.key",
            ],
            0,
        );
        let bundle = fs::read_dir(&evidence).unwrap().next().unwrap().unwrap().path();
        fs::copy(bundle, pair.folder.path().join("b.json")).unwrap();
        assert!(cosign_accepts(&pair, "k.pub", kind, "m/weights.bin"), "{format}");
        assert!(
            !cosign_accepts(&pair, "other.pub", kind, "m/weights.bin"),
            "{format}"
        );
        assert!(!cosign_accepts(&pair, "k.pub", kind, "any.json"), "{format}");
    }
}
