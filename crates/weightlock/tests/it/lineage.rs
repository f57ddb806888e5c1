//! `weightlock lineage`: what was made with what, over statements that lie in folders.

use std::fs;

use serde_json::{Value, json};

use crate::{
    attest::path,
    run::{Place, Ran},
};

const DATA: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// Makes a model folder whose weights are these bytes.
fn model(place: &Place, name: &str, weights: &str) {
    place.write(&format!("{name}/config.json"), "{}");
    place.write(&format!("{name}/model.safetensors"), weights);
}

/// What names a model.
fn digest(place: &Place, name: &str) -> String {
    place
        .run(["digest", "--manifest", name])
        .yes()
        .stdout
        .trim()
        .to_owned()
}

/// States that a model was made from these things.
fn made(place: &Place, name: &str, inputs: &[(&str, &str)], key: &str) {
    let dependencies: Vec<Value> = inputs
        .iter()
        .map(|(name, digest)| json!({"name": name, "digest": {"sha256": digest.trim_start_matches("sha256:")}}))
        .collect();
    let predicate = json!({
        "buildDefinition": {
            "buildType": "urn:weightlock:build-type:finetune:v1",
            "externalParameters": {},
            "resolvedDependencies": dependencies,
        },
        "runDetails": {"builder": {"id": "https://example.com/builder"}},
    });
    place.write("p.json", predicate.to_string());
    place
        .run([
            "attest",
            name,
            "--key",
            &path(key),
            "--type",
            "slsaprovenance1",
            "--predicate",
            "p.json",
        ])
        .yes();
}

/// base → chat (with data) → chat-q8, and another model of the same base.
fn story() -> Place {
    let place = Place::new();
    for (name, weights) in [
        ("models/base", "base"),
        ("models/chat", "chat"),
        ("models/chat-q8", "coarse"),
        ("models/other", "other"),
    ] {
        model(&place, name, weights);
    }
    let base = digest(&place, "models/base");
    made(
        &place,
        "models/chat",
        &[("base", &base), ("chats", DATA)],
        "p256.key.pem",
    );
    let chat = digest(&place, "models/chat");
    made(&place, "models/chat-q8", &[("chat", &chat)], "p256.key.pem");
    made(&place, "models/other", &[("base", &base)], "p256.key.pem");
    place
}

fn ask(place: &Place, arguments: &[&str]) -> Ran {
    let mut all = vec!["lineage"];
    all.extend(arguments);
    all.extend(["--store", "models"]);
    place.run(all)
}

fn found(ran: &Ran) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    document["result"]["found"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap().to_owned();
            (text("name"), text("standing"))
        })
        .collect()
}

fn pair(name: &str, standing: &str) -> (String, String) {
    (name.to_owned(), standing.to_owned())
}

#[test]
fn what_was_made_with_bad_data_is_found_with_the_standing_of_every_edge() {
    let place = story();
    let key = path("p256.pub.pem");
    let bad = format!("sha256:{DATA}");
    let ran = ask(&place, &["descendants", &bad, "--key", &key, "--json"]).yes();
    assert_eq!(
        found(&ran),
        [pair("chat", "verified"), pair("chat-q8", "verified")]
    );
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let way = document["result"]["found"][1]["way"].as_array().unwrap().clone();
    assert_eq!(way.len(), 4, "into a step and out of it, twice");
    assert!(way.iter().all(|hop| {
        hop["standing"] == "verified"
            && hop["source"]
                .as_str()
                .unwrap()
                .contains(".weightlock/evidence/provenance-")
    }));
    assert_eq!(document["result"]["found"][0]["places"], json!(["models/chat"]));

    let text = ask(&place, &["descendants", &bad, "--key", &key]).yes().stdout;
    assert!(
        text.starts_with(&format!(
            "{bad}: 2 known things made from it\n  VERIFIED  chat   sha256:"
        )),
        "{text}"
    );
    assert!(text.ends_with("read 3 statements, of which 3 count\n"), "{text}");
}

#[test]
fn without_a_key_everything_is_claimed_and_with_a_wrong_one_too() {
    let place = story();
    let bad = format!("sha256:{DATA}");
    let ran = ask(&place, &["descendants", &bad, "--json"]).yes();
    assert_eq!(
        found(&ran),
        [pair("chat", "declared"), pair("chat-q8", "declared")]
    );
    let wrong = path("p384.pub.pem");
    let ran = ask(&place, &["descendants", &bad, "--key", &wrong, "--json"]).yes();
    assert_eq!(
        found(&ran),
        [pair("chat", "declared"), pair("chat-q8", "declared")]
    );
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        document["result"]["read"]["not_counted"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn the_worst_known_edge_of_a_way_is_its_standing() {
    let place = story();
    let chat = digest(&place, "models/chat");
    model(&place, "models/copy", "converted");
    made(&place, "models/copy", &[("chat", &chat)], "p384.key.pem");
    let key = path("p256.pub.pem");
    let bad = format!("sha256:{DATA}");
    let ran = ask(&place, &["descendants", &bad, "--key", &key, "--json"]).yes();
    assert!(found(&ran).contains(&pair("copy", "declared")), "{}", ran.stdout);
    assert!(
        found(&ran).contains(&pair("chat-q8", "verified")),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_model_is_asked_for_by_its_bytes() {
    let place = story();
    let ran = ask(&place, &["ancestors", "models/chat-q8", "--json"]).yes();
    let names: Vec<String> = found(&ran).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["chat", "base", "chats"]);
    let ran = ask(&place, &["who-uses", "models/base", "--json"]).yes();
    assert_eq!(found(&ran).len(), 3);
}

#[test]
fn what_no_statement_tells_of_is_no_answer() {
    let place = story();
    let unknown = format!("sha256:{}", "2".repeat(64));
    ask(&place, &["descendants", &unknown]).refused(3, "WL-LINEAGE-UNKNOWN");
    ask(&place, &["descendants", "name:acme/nothing"])
        .refused(3, "WL-LINEAGE-UNKNOWN")
        .says("that nothing is known is no sign");
    // A bare word is a path, and there is none.
    ask(&place, &["descendants", "acme/nothing"]).refused(4, "WL-IO-NOT-FOUND");
    ask(&place, &["descendants", "sha256:12"]).refused(2, "WL-CLI-USAGE");
    assert_eq!(place.run(["lineage", "descendants", &unknown]).code, 2);
}

#[test]
fn a_missing_link_is_told_with_the_digests_at_both_ends() {
    let place = story();
    let key = path("p256.pub.pem");
    let ran = ask(&place, &["show", "models/chat-q8", "--key", &key]).yes();
    assert!(ran.stdout.contains("from  VERIFIED  chat"), "{}", ran.stdout);

    // Somebody quantised other bytes, and calls them by the name of the published model.
    let published = digest(&place, "models/chat");
    let other = "3".repeat(64);
    model(&place, "models/served", "served");
    made(&place, "models/served", &[("chat", &other)], "p256.key.pem");
    let ran = ask(&place, &["show", "models/served", "--key", &key]);
    assert_eq!(ran.refusal(), (1, vec!["WL-LINEAGE-GAP"]));
    for part in [&format!("sha256:{other}"), &published] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let ran = ask(
        &place,
        &["show", "models/served", "--from", &published, "--key", &key],
    );
    assert_eq!(ran.code, 1);
    ran.says("no known step leads from");
}

#[test]
fn a_chain_is_whole_only_when_every_step_is_signed() {
    let place = story();
    let key = path("p256.pub.pem");
    let base = digest(&place, "models/base");
    let asked = ["show", "models/chat-q8", "--from", base.as_str()];
    let ran = ask(&place, &[asked.as_slice(), &["--key", &key]].concat()).yes();
    assert!(ran.stdout.contains("the way"), "{}", ran.stdout);
    let ran = ask(&place, &asked);
    assert_eq!(ran.refusal(), (3, vec!["WL-LINEAGE-GAP"]));
    ran.says("is only declared");
}

#[test]
fn broken_and_foreign_files_are_told_or_passed_over() {
    let place = story();
    place.write(
        "models/chat/.weightlock/evidence/provenance-0123456789abcdef.sigstore.json",
        "{\"dsseEnvelope\": 1}",
    );
    place.write("models/notes.json", "{\"in-toto\": \"what is it?\"}");
    place.write("models/weights.json", "[1, 2, 3]");
    place.write("models/list.jsonl", "not json\n");
    let bad = format!("sha256:{DATA}");
    let ran = ask(&place, &["descendants", &bad, "--json"]).yes();
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let not_read: Vec<&str> = document["result"]["read"]["not_read"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        not_read,
        [
            "models/notes.json",
            "models/chat/.weightlock/evidence/provenance-0123456789abcdef.sigstore.json"
        ]
    );
    assert_eq!(found(&ran).len(), 2);
}

#[test]
fn unsigned_statements_lie_anywhere_and_are_claims() {
    let place = story();
    let digest = digest(&place, "models/base");
    let line = |name: &str| {
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": name, "digest": {"sha256": "4".repeat(64)}}],
            "predicateType": "https://slsa.dev/provenance/v0.2",
            "predicate": {"materials": [{"uri": "base", "digest": {"sha256": digest.trim_start_matches("sha256:")}}]},
        })
        .to_string()
    };
    fs::create_dir_all(place.path("models/elsewhere")).unwrap();
    place.write(
        "models/elsewhere/all.intoto.jsonl",
        format!("{}\n{}\n", line("one"), line("two")),
    );
    let key = path("p256.pub.pem");
    let ran = ask(&place, &["descendants", "models/base", "--key", &key, "--json"]).yes();
    assert!(found(&ran).contains(&pair("one", "declared")), "{}", ran.stdout);
}

/// S72: who uses a thing is answered from stored bills of materials.
#[test]
fn stored_bills_of_materials_tell_of_models_nobody_attested() {
    let place = Place::new();
    let card =
        |name: &str, base: &str| format!("---\nmodel_name: {name}\n{base}license: mit\n---\n# {name}\n");
    model(&place, "base", "base");
    place.write("base/config.json", r#"{"_name_or_path": "acme/base"}"#);
    place.write("base/README.md", card("base", ""));
    model(&place, "tuned", "tuned");
    place.write("tuned/README.md", card("acme/tuned", "base_model: acme/base\n"));
    model(&place, "other", "other");
    place.write("other/README.md", card("acme/other", "base_model: acme/else\n"));
    fs::create_dir(place.path("models")).unwrap();
    for name in ["base", "tuned", "other"] {
        let output = format!("models/{name}.cdx.json");
        place.run(["bom", name, "-o", &output]);
        assert!(place.path(&output).exists(), "{output}");
    }
    let ran = ask(&place, &["descendants", "base", "--json"]).yes();
    assert_eq!(found(&ran).len(), 1, "{}", ran.stdout);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        document["result"]["found"][0]["places"],
        json!(["models/tuned.cdx.json"])
    );
    assert_eq!(document["result"]["found"][0]["standing"], "declared");
    assert_eq!(document["result"]["read"]["documents"], 3);

    // One that another library would write: members sorted by name, what it is at the end.
    let text = fs::read_to_string(place.path("models/tuned.cdx.json")).unwrap();
    let sorted: std::collections::BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    let late: Vec<String> = sorted
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "bomFormat" | "specVersion" | "$schema"))
        .map(|(name, value)| format!("{name:?}: {value}"))
        .collect();
    let late = format!(
        r#"{{{}, "bomFormat": "CycloneDX", "specVersion": "1.7"}}"#,
        late.join(", ")
    );
    assert!(late.find("bomFormat").unwrap() > 4096);
    place.write("models/tuned.cdx.json", late);
    let ran = ask(&place, &["descendants", "base", "--json"]).yes();
    assert_eq!(found(&ran).len(), 1, "{}", ran.stdout);

    // A file of a model is used by that model, and what was made of it.
    let weights = place.run(["digest", "base/model.safetensors"]).yes().stdout;
    let digest = format!("sha256:{}", weights.split(' ').next().unwrap());
    let ran = ask(&place, &["who-uses", &digest, "--json"]).yes();
    assert_eq!(found(&ran).len(), 2, "{}", ran.stdout);

    place.write(
        "models/broken.cdx.json",
        "{\"bomFormat\": \"CycloneDX\", \"specVersion\": 3}",
    );
    let ran = ask(&place, &["descendants", "base"]).yes();
    assert!(
        ran.stdout.contains("not read: models/broken.cdx.json"),
        "{}",
        ran.stdout
    );
}

/// A signed bill of materials says who says it, and not that it is so.
#[test]
fn a_signed_bill_of_materials_is_a_claim_still() {
    let place = Place::new();
    model(&place, "models/base", "base");
    model(&place, "models/tuned", "tuned");
    place.write("models/base/config.json", r#"{"_name_or_path": "acme/base"}"#);
    place.write("models/base/README.md", "---\nmodel_name: base\n---\n");
    place.write(
        "models/tuned/README.md",
        "---\nmodel_name: acme/tuned\nbase_model: acme/base\n---\n",
    );
    let key = path("p256.key.pem");
    for name in ["models/base", "models/tuned"] {
        place.run(["bom", name, "-o", "bom.json"]);
        place
            .run([
                "attest",
                name,
                "--key",
                &key,
                "--type",
                "cyclonedx",
                "--predicate",
                "bom.json",
            ])
            .yes();
        fs::remove_file(place.path("bom.json")).unwrap();
    }
    let public = path("p256.pub.pem");
    let ran = ask(
        &place,
        &["descendants", "models/base", "--key", &public, "--json"],
    )
    .yes();
    assert_eq!(found(&ran).len(), 1, "{}", ran.stdout);
    assert_eq!(found(&ran)[0].1, "declared");
}
