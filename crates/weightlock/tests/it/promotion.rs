//! What no other answer stands in for, at the gate: a clean scan, a bill of materials that lies there.

use crate::{
    attest::path,
    gate::{policy, remove, whole},
    run::{Place, Ran},
};

fn gate(place: &Place) -> Ran {
    let arguments = [
        "gate",
        "--policy",
        "policy.toml",
        "--advisories",
        "grype.json",
        "m",
    ];
    place.run(arguments)
}

/// S43: the scan says of itself that it is a first filter; signature and provenance are asked for although it is clean.
#[test]
fn a_clean_scan_stands_in_for_nothing() {
    let place = whole();
    policy(
        &place,
        "scan = true\ncoverage = true\nprovenance = { level = 1 }\n",
    );
    std::fs::remove_dir_all(place.path("m/.weightlock")).unwrap();
    std::fs::remove_file(place.path("m/model.sig")).unwrap();
    let scan = place.run(["scan", "m"]);
    assert_eq!(scan.code, 0, "{scan:#?}");
    assert!(
        scan.stdout
            .contains("a scan is the fast first filter, not the verdict")
    );
    let key = path("p384.key.pem");
    assert_eq!(place.run(["scan", "--attest", "--key", &key, "m"]).code, 0);
    let ran = gate(&place);
    assert_eq!(ran.code, 1, "{ran:#?}");
    for check in [
        "signature_valid",
        "sbom_attached",
        "model_card_present",
        "provenance_level",
    ] {
        assert!(ran.stdout.contains(&format!("[FAIL] {check}\n")), "{ran:#?}");
    }
}

/// S69: absent, by nobody who counts, of another digest; each alone.
#[test]
fn a_bill_of_materials_must_be_signed_and_about_these_bytes() {
    let place = whole();
    let bom = ["bom", "--sign", "--key"];
    remove(&place, "bom");
    let blocked = |says: &str| {
        let ran = gate(&place);
        assert_eq!(ran.code, 1, "{says}: {ran:#?}");
        assert_eq!(ran.stdout.matches("[FAIL]").count(), 1, "{says}: {ran:#?}");
        assert!(
            ran.stdout.contains("[FAIL] sbom_attached\n") && ran.stderr.contains(says),
            "{says}: {ran:#?}"
        );
    };
    blocked("there is no signed bill of materials");
    let stranger = path("p384.key.pem");
    assert_eq!(place.run([&bom[..], &[&stranger, "m"]].concat()).code, 0);
    blocked("whose word on this does not count here");
    remove(&place, "bom");
    // One of another state of the model, by one who counts.
    let owner = path("p256.key.pem");
    let evidence = |from: &str| -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(place.path(from).join(".weightlock/evidence")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    assert!(place.program("cp", ["-r", "m", "other"]).code == 0);
    place.write("other/config.json", "{\"model_type\": \"other\"}");
    assert_eq!(place.run([&bom[..], &[&owner, "other"]].concat()).code, 0);
    let is_bom = |file: &std::path::PathBuf| file.to_string_lossy().contains("/bom-");
    let of_other = evidence("other").into_iter().find(is_bom).unwrap();
    let name = of_other.file_name().unwrap().to_str().unwrap().to_owned();
    std::fs::copy(&of_other, place.path("m/.weightlock/evidence").join(name)).unwrap();
    blocked("is about something else");
    assert_eq!(place.run([&bom[..], &[&owner, "m"]].concat()).code, 0);
    assert_eq!(gate(&place).code, 0);
}

/// S109: a report about a lock file counts like one about an image, and a single critical match blocks.
#[test]
fn a_critical_advisory_in_a_lock_file_blocks() {
    let place = whole();
    let report = |severity: &str| {
        format!(
            r#"{{"matches": [{{"vulnerability": {{"id": "GHSA-aaaa-bbbb-cccc", "severity": "{severity}", "fix": {{"versions": ["2.1.1"]}}}},
              "relatedVulnerabilities": [{{"id": "CVE-2026-7"}}], "artifact": {{"name": "torch", "version": "2.0.1"}}}}],
              "source": {{"type": "file", "target": "requirements.txt"}}, "descriptor": {{"name": "grype"}}}}"#
        )
    };
    place.write("grype.json", report("High"));
    assert_eq!(gate(&place).code, 0);
    place.write("grype.json", report("Critical"));
    let ran = gate(&place);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.stderr
            .contains("GHSA-aaaa-bbbb-cccc in torch 2.0.1, mended in 2.1.1 (critical)")
            && ran
                .stderr
                .contains(":  grype requirements.txt -o json --file grype.json"),
        "{ran:#?}"
    );
}
