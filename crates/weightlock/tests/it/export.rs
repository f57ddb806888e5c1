//! `weightlock evidence export`: what is known of each control, and that nothing is called verified because a file lies there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use weightlock::commands::{
    evidence::export::{Exported, controls::CONTROLS},
    verdict::VerdictTold,
};
use weightlock_peers::{Peer, REQUIRE, program, skip};

use crate::{
    attest::path,
    gate::{policy, remove, whole},
    run::{Place, Ran},
};

/// Exports `m` under the policy of the place.
fn export(place: &Place, more: &[&str]) -> Ran {
    let arguments = [
        "evidence",
        "export",
        "--policy",
        "policy.toml",
        "--advisories",
        "grype.json",
    ];
    place.run([&arguments[..], more].concat())
}

fn json(place: &Place) -> Value {
    export(place, &["--json", "m"]).document::<Exported>()["result"].clone()
}

/// The standing of each control, by framework and number.
fn standings(exported: &Value) -> BTreeMap<String, String> {
    let controls = exported["controls"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    controls
        .iter()
        .map(|control| {
            let name = format!("{} {}", text(&control["framework"]), text(&control["control"]));
            (name, text(&control["standing"]))
        })
        .collect()
}

fn with(exported: &Value, wanted: &str) -> Vec<String> {
    let all = standings(exported).into_iter();
    all.filter(|(_, standing)| standing == wanted)
        .map(|(name, _)| name)
        .collect()
}

fn basis<'v>(exported: &'v Value, check: &str) -> &'v Value {
    let controls = exported["controls"].as_array().unwrap().iter();
    controls
        .flat_map(|control| control["basis"].as_array().unwrap())
        .find(|basis| basis["check"] == check)
        .unwrap()
}

/// S111: every control once, and verified are only those that rest on signatures, approvals and the policy.
#[test]
fn verified_is_what_a_check_verified_and_nothing_else() {
    let place = whole();
    let exported = json(&place);
    assert_eq!(exported["decision"], "allow");
    assert_eq!(standings(&exported).len(), CONTROLS.len());
    assert_eq!(
        with(&exported, "verified"),
        [
            "slsa vsa",
            "ssdf po.4.1",
            "ssdf ps.1.3",
            "ssdf ps.2.1",
            "ssdf pw.4.4"
        ]
    );
    let declared = with(&exported, "declared");
    for name in ["soc2 cc7.1", "eu-ai-act art-11", "eu-ai-act art-13"] {
        assert!(declared.contains(&name.to_owned()), "{name}: {declared:?}");
    }
    assert_eq!(with(&exported, "failed"), [""; 0]);
    // What is verified names the evidence, and that is listed with its signer.
    let rests = basis(&exported, "signature_valid")["evidence"][0].clone();
    let evidence = exported["evidence"].as_array().unwrap();
    let found = evidence.iter().find(|one| one["digest"] == rests).unwrap();
    assert_eq!((&found["kind"], &found["counts"]), (&"oms".into(), &true.into()));
    // With a log the decision is in it, and that was seen.
    let logged = export(&place, &["--audit-log", "audit.jsonl", "--json", "m"]);
    let logged = logged.document::<Exported>()["result"].clone();
    assert_eq!(standings(&logged)["eu-ai-act art-12"], "verified");
    assert_eq!(place.run(["audit", "verify", "audit.jsonl"]).code, 0);
}

/// A check that the policy does not demand was not judged, whatever lies there; and a stranger's evidence changes nothing.
#[test]
fn nothing_is_met_because_a_file_lies_there() {
    let place = whole();
    let before = standings(&json(&place));
    let key = path("p521.key.pem");
    for verb in [
        vec!["bom", "--sign", "--key", &key, "m"],
        vec!["card", "sign", "--key", &key, "m"],
    ] {
        assert_eq!(place.run(&verb).code, 0, "{verb:?}");
    }
    place.write("provenance.json", crate::attest::PROVENANCE);
    let added = crate::attest::attest(&place, "p521.key.pem", "slsaprovenance1", "provenance.json", &[]);
    assert_eq!(added.code, 0, "{added:#?}");
    let exported = json(&place);
    assert_eq!(standings(&exported), before);
    assert_eq!(basis(&exported, "slsa_build_level_1")["state"], "no-answer");
    let strangers = exported["evidence"].as_array().unwrap().iter();
    assert_eq!(strangers.filter(|one| one["counts"] == false).count(), 3);
    // The same statements, where nobody asks for a signature: not judged, so not known.
    let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
    place.write("policy.toml", text.replace("signature = true\n", ""));
    let exported = json(&place);
    assert_eq!(basis(&exported, "signature_valid")["state"], "not-demanded");
    assert_eq!(standings(&exported)["ssdf ps.1.3"], "unknown");
}

/// Each missing in turn: what rests on it is failed, and the exit code is that of the gate.
#[test]
fn what_is_missing_fails_the_controls_that_rest_on_it() {
    type Spoil = fn(&Place);
    let cases: [(&str, &str, Spoil); 4] = [
        ("signature_valid", "ssdf ps.1.3", |place| {
            std::fs::remove_file(place.path("m/model.sig")).unwrap();
        }),
        ("no_critical_cves", "ssdf rv.1.1", |place| {
            place.write("grype.json", "{")
        }),
        ("sbom_attached", "eu-ai-act art-11", |place| remove(place, "bom")),
        ("model_card_present", "eu-ai-act art-13", |place| {
            remove(place, "card")
        }),
    ];
    for (check, control, spoil) in cases {
        let place = whole();
        spoil(&place);
        let ran = export(&place, &["--json", "m"]);
        assert_eq!(ran.code, 1, "{check}: {ran:#?}");
        let exported = ran.document::<Exported>()["result"].clone();
        assert_eq!(basis(&exported, check)["state"], "not-met", "{check}");
        assert!(!basis(&exported, check)["reasons"].as_array().unwrap().is_empty());
        for name in [control, "slsa vsa"] {
            assert_eq!(standings(&exported)[name], "failed", "{check}: {name}");
        }
    }
}

/// What the judge does not count is not told as counting: too old, or worth nothing.
#[test]
fn what_does_not_count_is_not_said_to_count() {
    let place = whole();
    let more = "approvals = { count = 1 }\nprovenance = { level = 1 }\nmax-age = { review = \"30d\" }\n";
    policy(&place, more);
    let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
    let text = text.replace("[signers]\n", "[signers]\nprovenance = [\"release\"]\n");
    place.write("policy.toml", text);
    place.write("provenance.json", crate::attest::PROVENANCE);
    let added = crate::attest::attest(&place, "p256.key.pem", "slsaprovenance1", "provenance.json", &[]);
    assert_eq!(added.code, 0, "{added:#?}");
    let key = path("p384.key.pem");
    let approve = [
        "attest",
        "approval",
        "--decision",
        "approved",
        "--approver",
        "A",
        "--key",
        &key,
        "m",
    ];
    for (epoch, counts) in [(Some("1600000000"), false), (None, true)] {
        let mut command = place.command(approve);
        if let Some(epoch) = epoch {
            command.env("SOURCE_DATE_EPOCH", epoch);
        }
        let ran = Ran::of(&mut command);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let exported = json(&place);
        let evidence = exported["evidence"].as_array().unwrap();
        let of = |kind: &str, counts: bool| {
            let all = evidence.iter();
            all.filter(|one| {
                one["kind"] == kind && one["counts"] == counts && one["why_not"].is_null() == counts
            })
            .count()
        };
        assert_eq!(
            (of("review", true), of("review", false)),
            (usize::from(counts), 1),
            "{exported:#}"
        );
        assert_eq!(
            (of("provenance", true), of("provenance", false)),
            (0, 1),
            "{exported:#}"
        );
        assert_eq!((of("oms", true), of("bom", true)), (1, 1), "{exported:#}");
    }
}

/// An exception lets a model through, and makes no check a yes.
#[test]
fn what_is_waived_or_left_out_is_not_verified() {
    let place = whole();
    remove(&place, "card");
    let digest = place.run(["digest", "--manifest", "m"]).stdout;
    let today = jiff::Zoned::now().date();
    let (before, after) = (today.yesterday().unwrap(), today.tomorrow().unwrap());
    let waiver = format!(
        "[[waiver]]\nwaives = \"WL-POLICY-CARD\"\ndigest = \"{}\"\nowner = \"ann\"\napprover = \"officer\"\n\
         reason = \"being written\"\ngranted = {before}\nexpires = {after}\n",
        digest.trim()
    );
    policy(&place, &waiver);
    let ran = export(&place, &["--json", "m"]);
    let exported = ran.document::<Exported>()["result"].clone();
    let state = basis(&exported, "model_card_present");
    assert_eq!(
        (exported["decision"].as_str(), state["state"].as_str()),
        (Some("allow"), Some("waived")),
        "{ran:#?}"
    );
    assert_eq!(standings(&exported)["eu-ai-act art-13"], "failed");
    policy(&place, "");
    let skipped = export(&place, &["--skip", "model_card_present", "--json", "m"]);
    let exported = skipped.document::<Exported>()["result"].clone();
    assert_eq!(basis(&exported, "model_card_present")["state"], "skipped");
    assert_eq!(standings(&exported)["eu-ai-act art-13"], "unknown");
}

#[test]
fn without_a_policy_or_by_somebody_elses_verdict_nothing_is_exported() {
    let place = whole();
    place
        .run(["evidence", "export", "m"])
        .refused(1, "WL-POLICY-UNDEFINED");
    export(&place, &["--from-verdict", "m"]).refused(2, "WL-CLI-USAGE");
    export(&place, &["nothing"]).refused(4, "WL-IO-NOT-FOUND");
    // Held is no answer, and the document says so.
    policy(
        &place,
        "[[rule]]\nwhen = { model = \"*\" }\nquarantine = \"somebody looks first\"\n",
    );
    let held = export(&place, &["--json", "m"]);
    assert_eq!(held.code, 3, "{held:#?}");
    assert_eq!(
        standings(&held.document::<Exported>()["result"])["slsa vsa"],
        "unknown"
    );
    place
        .run(["evidence", "list", "--format", "oscal", "m"])
        .refused(2, "WL-CLI-USAGE");
    place
        .run(["gate", "--format", "csv", "m"])
        .refused(2, "WL-CLI-USAGE");
}

/// The lines of a CSV document in which every cell is quoted.
fn cells(text: &str) -> Vec<Vec<String>> {
    let lines = text.strip_suffix("\r\n").unwrap().split("\r\n");
    lines
        .map(|line| {
            let inner = line.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            inner
                .split("\",\"")
                .map(|cell| cell.replace("\"\"", "\""))
                .collect()
        })
        .collect()
}

#[test]
fn csv_has_a_line_for_each_check_and_no_formula() {
    let place = whole();
    let ran = export(&place, &["--format", "csv", "m"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let lines = cells(&ran.stdout);
    let wanted: usize = CONTROLS.iter().map(|control| control.rests_on.len().max(1)).sum();
    assert_eq!(lines.len(), wanted + 1);
    assert!(lines.iter().all(|line| line.len() == 19));
    let of = |name: &str| lines[0].iter().position(|it| it == name).unwrap();
    for line in &lines[1..] {
        assert_eq!([&line[of("mode")], &line[of("tier")]], ["development", "low"]);
        assert!(
            line[of("policies")].starts_with("named policy.toml sha256:"),
            "{line:?}"
        );
    }
    // Names come from strangers.
    std::fs::rename(place.path("m"), place.path("=cmd|calc!A1")).unwrap();
    std::fs::rename(place.path("grype.json"), place.path("-2+3.json")).unwrap();
    let ran = place.run([
        "evidence",
        "export",
        "--policy",
        "policy.toml",
        "--advisories=-2+3.json",
        "--format",
        "csv",
        "=cmd|calc!A1",
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    for line in &cells(&ran.stdout)[1..] {
        assert_eq!(line[0], "'=cmd|calc!A1");
        let formula = line.iter().find(|cell| cell.starts_with(['=', '+', '-', '@']));
        assert_eq!(formula, None);
    }
}

/// What refers to something refers to something that is there, and a finding is satisfied where its control is verified: of a model
/// that is allowed, that is denied, and that a rule or a missing file holds.
#[test]
fn oscal_is_whole_and_satisfied_only_where_verified() {
    let held = "[[rule]]\nwhen = { model = \"*\" }\nquarantine = \"somebody looks first\"\n";
    let denied = held.replace("quarantine", "deny");
    type Make = fn(&Place);
    let states: [(&str, &str, Make); 5] = [
        ("allow", "", |_| ()),
        ("deny", "", |place| remove(place, "bom")),
        ("deny", &denied, |_| ()),
        ("quarantine", held, |_| ()),
        ("deny", "", |place| {
            let index = r#"{"metadata": {}, "weight_map": {"c": "gone.safetensors"}}"#;
            place.write("m/model.safetensors.index.json", index);
        }),
    ];
    for (decision, more, make) in states {
        let place = whole();
        policy(&place, more);
        make(&place);
        let exported = json(&place);
        assert_eq!(exported["decision"], decision, "{more}");
        // The model is what is judged, and no evidence about itself.
        let asked = [
            "gate",
            "--policy",
            "policy.toml",
            "--advisories",
            "grype.json",
            "--json",
            "m",
        ];
        let verdict = place.run(asked).document::<VerdictTold>()["result"].clone();
        let evidence = verdict["evidence"].as_array().unwrap();
        assert!(!evidence.contains(&exported["digest"]), "{verdict:#}");
        is_whole(&place);
    }
}

#[track_caller]
fn is_whole(place: &Place) {
    let exported = json(place);
    let ran = export(place, &["--format", "oscal", "m"]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let results = &document["assessment-results"];
    let result = &results["results"][0];
    let array = |value: &Value| value.as_array().unwrap().clone();
    let uuids = |values: &Value| -> BTreeSet<String> {
        let all = array(values);
        let found: BTreeSet<String> = all
            .iter()
            .map(|one| one["uuid"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(found.len(), all.len(), "a number is there twice");
        found
    };
    let (observations, resources) = (
        uuids(&result["observations"]),
        uuids(&results["back-matter"]["resources"]),
    );
    let is_there = |href: &Value| resources.contains(href.as_str().unwrap().strip_prefix('#').unwrap());
    assert!(is_there(&results["import-ap"]["href"]));
    for observation in array(&result["observations"]) {
        let evidence = observation["relevant-evidence"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        assert!(
            evidence.iter().all(|one| is_there(&one["href"])),
            "{observation:#}"
        );
    }
    let standings = standings(&exported);
    let findings = array(&result["findings"]);
    assert_eq!(uuids(&result["findings"]).len(), findings.len());
    for finding in &findings {
        for related in array(&finding["related-observations"]) {
            assert!(observations.contains(related["observation-uuid"].as_str().unwrap()));
        }
        let target = &finding["target"];
        let name = target["target-id"]
            .as_str()
            .unwrap()
            .strip_suffix("_obj.weightlock")
            .unwrap();
        let standing = standings
            .iter()
            .find(|(key, _)| key.replacen(' ', "-", 1) == name);
        let satisfied = target["status"]["state"] == "satisfied";
        assert_eq!(satisfied, standing.unwrap().1 == "verified", "{finding:#}");
    }
    let with_basis = CONTROLS.iter().filter(|control| !control.rests_on.is_empty());
    assert_eq!(findings.len(), with_basis.count());
}

/// Another implementation takes the document: the models of compliance-trestle, which are made from NIST's schema and take no
/// unknown member.
#[test]
fn another_implementation_of_oscal_takes_the_document() {
    const READ: &str = "import json, sys\n\
        from trestle.oscal.assessment_results import Model\n\
        model = Model.model_validate(json.load(open(sys.argv[1])))\n\
        print(len(model.assessment_results.results[0].findings))";
    let Some(python) = program(Peer::BomTools) else {
        return;
    };
    let place = whole();
    let python = python.to_str().unwrap();
    let import = "import trestle.oscal.assessment_results";
    if place.program(python, ["-I", "-c", import]).code != 0 {
        let required = std::env::var_os(REQUIRE).is_some_and(|value| value == "1");
        assert!(!required, "compliance-trestle is required and missing");
        skip("compliance-trestle is not among the validators: cargo xtask ci --prepare");
        return;
    }
    for (name, spoil) in [("allowed", None), ("denied", Some("bom"))] {
        spoil.into_iter().for_each(|kind| remove(&place, kind));
        place.write(
            "document.json",
            export(&place, &["--format", "oscal", "m"]).stdout,
        );
        let ran = place.program(python, ["-I", "-c", READ, "document.json"]);
        assert_eq!(ran.code, 0, "{name}: {ran:#?}");
    }
    // And it looks: a member that OSCAL does not have, and a number that is none, are refused.
    let text = std::fs::read_to_string(place.path("document.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let extra = text.replacen("\"import-ap\"", "\"import-app\"", 1);
    let uuid = document["assessment-results"]["uuid"].as_str().unwrap();
    for spoiled in [extra, text.replacen(uuid, "7", 1)] {
        place.write("document.json", spoiled);
        let ran = place.program(python, ["-I", "-c", READ, "document.json"]);
        assert_ne!(ran.code, 0, "{ran:#?}");
    }
}
