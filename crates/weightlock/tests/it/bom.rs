//! `weightlock bom`: documents, what people see of them, and what they are signed as.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use weightlock::commands::bom::{Differences, Elements, Made, Shown};
use weightlock_peers::{Peer, program};

use crate::{
    attest::{names, path, statement},
    run::{Place, Ran, repository},
};

const FORMATS: [&str; 4] = ["cyclonedx", "cyclonedx-1.6", "spdx", "spdx-2.3"];
/// 2026-06-01.
const TIME: &str = "1780272000";

/// Where the folders lie that extractors are tried on.
fn vectors() -> PathBuf {
    repository().join("crates/weightlock-bom/testdata/vectors/models")
}

/// Their names.
fn models() -> Vec<String> {
    let folders = fs::read_dir(vectors()).unwrap();
    let mut names: Vec<String> = folders
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 12, "{names:?}");
    names
}

/// With a copy of one of the folders in `m`.
fn vector(name: &str) -> Place {
    let place = Place::new();
    copy(&vectors().join(name), &place.path("m"));
    place
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::write(to, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

fn bom(place: &Place, arguments: &[&str]) -> Ran {
    let mut command = place.command([&["bom"], arguments].concat());
    Ran::of(command.env("SOURCE_DATE_EPOCH", TIME))
}

/// The properties of a CycloneDX component with this name.
fn properties<'a>(component: &'a Value, name: &str) -> Vec<&'a str> {
    let all = component["properties"].as_array().unwrap().iter();
    let own = all.filter(|it| it["name"] == name);
    own.map(|it| it["value"].as_str().unwrap()).collect()
}

/// S59, S60, S61: every folder in every format, valid and twice the same.
#[test]
fn every_folder_has_a_document_in_every_format_and_twice_the_same() {
    for name in &models() {
        let place = vector(name);
        for format in FORMATS {
            let ran = bom(&place, &["--format", format, "m"]);
            assert!(matches!(ran.code, 0 | 3), "{name} {format}: {ran:#?}");
            ran.json();
            let again = bom(&place, &["--format", format, "m"]);
            assert_eq!(ran.stdout, again.stdout, "{name} {format}");
            let text = ran.stdout;
            assert!(
                !text.contains(place.path("").to_str().unwrap()),
                "nothing of this machine"
            );
        }
    }
}

/// The official validators: CycloneDX's own library, the SHACL model of SPDX 3, and spdx-tools.
#[test]
fn official_validators_take_every_document() {
    let Some(python) = program(Peer::BomTools) else {
        return;
    };
    let place = Place::new();
    let mut files = Vec::new();
    for name in &models() {
        let model = vector(name);
        for format in FORMATS {
            // The SHACL model takes many seconds a document; the JSON schema is tried on all of them beside the writer.
            if format == "spdx" && !["gguf-q8", "dataset"].contains(&name.as_str()) {
                continue;
            }
            let ran = bom(&model, &["--format", format, "m"]);
            let file = format!("{name}.{format}.json");
            place.write(&file, ran.stdout);
            files.push(file);
        }
    }
    let script = repository().join("xtask/peers/bom/validate.py");
    let schemas = repository().join("testdata/schemas");
    let mut arguments = vec![
        "-I".to_owned(),
        script.to_str().unwrap().to_owned(),
        schemas.to_str().unwrap().to_owned(),
    ];
    arguments.extend(files.iter().cloned());
    let ran = place.program(python.to_str().unwrap(), &arguments);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stdout.lines().filter(|it| it.ends_with(": valid")).count(),
        files.len(),
        "{ran:#?}"
    );
    // And one that is not valid is refused, so that the validators are known to look.
    place.write(
        "bad.cyclonedx.json",
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.7", "x": 1}"#,
    );
    arguments.truncate(3);
    arguments.push("bad.cyclonedx.json".to_owned());
    assert_eq!(place.program(python.to_str().unwrap(), &arguments).code, 1);
}

#[test]
fn every_file_is_listed_with_the_digest_that_it_has() {
    let place = vector("base");
    let document = bom(&place, &["m"]).yes().json();
    let model = &document["metadata"]["component"];
    assert_eq!(model["type"], "machine-learning-model");
    let files = model["components"].as_array().unwrap();
    assert_eq!(files.len(), fs::read_dir(place.path("m")).unwrap().count());
    for file in files {
        let name = file["name"].as_str().unwrap();
        let digest = place.run(["digest", &format!("m/{name}")]).yes().stdout;
        assert!(
            digest.starts_with(file["hashes"][0]["content"].as_str().unwrap()),
            "{name}"
        );
    }
    let manifest = place.run(["digest", "--manifest", "m"]).yes().stdout;
    assert_eq!(properties(model, "weightlock:manifest-digest"), [manifest.trim()]);
    assert_eq!(document["metadata"]["timestamp"], "2026-06-01T00:00:00Z");
    let untimed = place.run(["bom", "m"]).yes().json();
    assert_eq!(untimed["metadata"]["timestamp"], Value::Null);
}

#[test]
fn a_file_that_cannot_be_read_makes_the_document_partial_and_is_named() {
    let place = vector("sparse");
    let ran = bom(&place, &["m"]);
    assert_eq!(ran.refusal().0, 3, "{ran:#?}");
    assert!(ran.refusal().1.iter().all(|code| *code == "WL-BOM-PARTIAL"));
    let document = ran.json();
    assert!(document["metadata"].to_string().contains("config.json"));
    assert_eq!(
        document["metadata"]["component"]["components"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    ran.says("config.json");
    let ran = bom(&place, &["m", "--json"]);
    let document = ran.document::<Made>();
    assert!(document["result"]["unread"].to_string().contains("config.json"));
    assert!(document["result"]["document"].is_object());
}

#[test]
fn facts_of_the_user_fill_and_are_declared() {
    let place = vector("modelopt-fp8");
    place.write(
        "facts.yaml",
        "author: Acme Labs\nmodel:\n  supplier: Acme Labs\n  license: Apache-2.0\n",
    );
    let document = bom(&place, &["m", "--facts", "facts.yaml"]).json();
    let model = &document["metadata"]["component"];
    assert_eq!(model["supplier"]["name"], "Acme Labs");
    assert_eq!(model["licenses"][0]["license"]["id"], "Apache-2.0");
    assert_eq!(properties(model, "weightlock:standing:supplier"), ["declared"]);
    assert_eq!(document["metadata"]["authors"][0]["name"], "Acme Labs");
    // Beside the target it needs no name.
    place.write("m.facts.yaml", "model: {supplier: Beside Labs}");
    let ran = bom(&place, &["m"]);
    assert_eq!(
        ran.json()["metadata"]["component"]["supplier"]["name"],
        "Beside Labs"
    );
    ran.says("facts from m.facts.yaml");
}

#[test]
fn facts_that_are_not_understood_are_refused_with_the_word_that_was_meant() {
    let place = vector("modelopt-fp8");
    place.write("facts.yaml", "model: {suplier: Acme Labs}\n");
    let ran = bom(&place, &["m", "--facts", "facts.yaml"]);
    ran.refused(2, "WL-BOM-FACTS").says("did you mean supplier ?");
    place.write("facts.yaml", "parents: {nobody/base: {version: v1}}\n");
    bom(&place, &["m", "--facts", "facts.yaml"])
        .refused(2, "WL-BOM-FACTS")
        .says("state its derivation");
}

#[test]
fn facts_that_came_with_the_model_are_not_believed() {
    let place = vector("modelopt-fp8");
    place.write("m/weightlock-facts.yaml", "model: {supplier: Mallory}\n");
    let ran = bom(&place, &["m"]);
    assert_eq!(ran.json()["metadata"]["component"]["supplier"]["name"], "unknown");
    ran.says("came with the model and is not believed");
    let named = bom(&place, &["m", "--facts", "m/weightlock-facts.yaml"]);
    assert_eq!(
        named.json()["metadata"]["component"]["supplier"]["name"],
        "Mallory"
    );
}

/// S70.
#[test]
fn a_document_of_another_tool_is_added_and_its_origin_kept() {
    let place = vector("base");
    place.write(
        "image.cdx.json",
        json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "metadata": {"component": {"type": "container", "bom-ref": "r", "name": "serving-image"}},
            "components": [{"type": "library", "bom-ref": "x", "name": "vllm", "version": "0.8.4", "purl": "pkg:pypi/vllm@0.8.4"}],
            "dependencies": [{"ref": "r", "dependsOn": ["x"]}],
        })
        .to_string(),
    );
    let document = bom(&place, &["m", "--merge", "image.cdx.json"]).yes().json();
    let components = document["components"].as_array().unwrap();
    let vllm = components.iter().find(|it| it["name"] == "vllm").unwrap();
    assert_eq!(vllm["evidence"]["occurrences"][0]["location"], "image.cdx.json");
    assert!(components.iter().any(|it| it["name"] == "serving-image"));
    place.write(
        "image.cdx.json",
        "{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"0.1\"}",
    );
    bom(&place, &["m", "--merge", "image.cdx.json"]).refused(3, "WL-BOM-DOCUMENT");
}

/// S16, S69.
#[test]
fn a_signed_document_is_evidence_about_these_bytes_and_no_others() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    let key = path("p256.key.pem");
    for format in ["cyclonedx", "spdx"] {
        bom(&place, &["m", "--format", format, "--sign", "--key", &key])
            .yes()
            .says("evidence");
    }
    let evidence = names(&place.path("m/.weightlock/evidence"));
    let kinds: Vec<Value> = evidence
        .iter()
        .map(|name| statement(&place.path("m/.weightlock/evidence").join(name))["predicateType"].clone())
        .collect();
    assert!(
        evidence.iter().all(|it| it.starts_with("bom-")) && evidence.len() == 2,
        "{evidence:?}"
    );
    assert!(
        kinds.contains(&json!("https://cyclonedx.org/bom"))
            && kinds.contains(&json!("https://spdx.dev/Document"))
    );
    let verified = place.verify(&["--json"]).json();
    let told = verified["result"]["evidence"].as_array().unwrap();
    assert!(
        told.iter().all(|it| it["counts"] == true && it["kind"] == "bom"),
        "{told:#?}"
    );

    let seen = place.run(["inspect", "m"]);
    assert!(
        seen.stdout.contains("claims CycloneDX 1.7") && !seen.stdout.contains("of other files"),
        "{seen:#?}"
    );
    place.write("m/more.json", "{}");
    place.run(["inspect", "m"]).says("of other files than are here");
    fs::remove_file(place.path("m/more.json")).unwrap();

    place.flip("m/config.json", 3, 1);
    place.sign(&["--replace"]).yes();
    let verified = place.verify(&["--json"]).json();
    let told = verified["result"]["evidence"].as_array().unwrap();
    assert!(
        told.iter().all(|it| it["counts"] == false),
        "it describes another digest: {told:#?}"
    );
}

/// S69: a document of yesterday's model, signed for today's, is told with both digests.
#[test]
fn a_signed_document_that_describes_another_digest_is_told() {
    let place = Place::with_model();
    let key = path("p256.key.pem");
    bom(&place, &["m", "-o", "yesterday.json"]).yes();
    let before = place
        .run(["digest", "--manifest", "m"])
        .yes()
        .stdout
        .trim()
        .to_owned();
    place.flip("m/config.json", 3, 1);
    let after = place
        .run(["digest", "--manifest", "m"])
        .yes()
        .stdout
        .trim()
        .to_owned();
    place.sign(&[]).yes();
    let attest = |document: &str| {
        place
            .run([
                "attest",
                "m",
                "--type",
                "cyclonedx",
                "--predicate",
                document,
                "--key",
                &key,
            ])
            .yes();
    };
    attest("yesterday.json");
    let told = |place: &Place| place.verify(&["--json"]).json()["result"]["evidence"][0].clone();
    let other = told(&place);
    assert_eq!((&other["kind"], &other["counts"]), (&"bom".into(), &false.into()));
    let says = other["says"].as_str().unwrap();
    assert!(
        says.contains("describes another digest") && says.contains(&before) && says.contains(&after),
        "{says}"
    );
    place.verify(&[]).yes().says("describes another digest");
    place.run(["inspect", "m"]).says("describes another digest");
    fs::remove_dir_all(place.path("m/.weightlock")).unwrap();

    place.write(
        "none.json",
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []}"#,
    );
    attest("none.json");
    assert_eq!(told(&place)["counts"], true);
    place
        .verify(&[])
        .yes()
        .says("names no digest of what it describes");
    place
        .run(["inspect", "m"])
        .says("names no digest of what it describes");
    fs::remove_dir_all(place.path("m/.weightlock")).unwrap();

    bom(&place, &["m", "-o", "today.json"]).yes();
    attest("today.json");
    let same = told(&place);
    assert_eq!(same["counts"], true, "{same}");
    assert!(!same["says"].as_str().unwrap().contains("digest"), "{same}");
}

/// The same for documents of the other forms, whose digests stand elsewhere.
#[test]
fn documents_of_every_form_say_what_they_describe() {
    let place = Place::with_model();
    let key = path("p256.key.pem");
    let forms = [
        ("cyclonedx-1.6", "cyclonedx"),
        ("spdx", "spdxjson"),
        ("spdx-2.3", "spdxjson"),
    ];
    let written = |name: &str, format: &str| {
        let file = format!("{name}-{format}.json");
        bom(&place, &["m", "--format", format, "-o", &file]).yes();
        file
    };
    let yesterday: Vec<String> = forms.iter().map(|(format, _)| written("old", format)).collect();
    place.flip("m/config.json", 3, 1);
    place.sign(&[]).yes();
    for ((format, kind), old) in forms.iter().zip(&yesterday) {
        for (file, is_same) in [(old.clone(), false), (written("new", format), true)] {
            place
                .run(["attest", "m", "--type", kind, "--predicate", &file, "--key", &key])
                .yes();
            let told = place.verify(&["--json"]).json()["result"]["evidence"][0].clone();
            assert_eq!(told["counts"], is_same, "{file}: {told}");
            let says = told["says"].as_str().unwrap();
            assert_eq!(says.contains("digest"), !is_same, "{file}: {says}");
            fs::remove_dir_all(place.path("m/.weightlock")).unwrap();
        }
    }
}

#[test]
fn nothing_that_is_there_is_replaced() {
    let place = vector("base");
    bom(&place, &["m", "-o", "x.json"]).yes().says("x.json");
    let written: Value = serde_json::from_slice(&fs::read(place.path("x.json")).unwrap()).unwrap();
    assert_eq!(written["bomFormat"], "CycloneDX");
    bom(&place, &["m", "-o", "x.json"]).refused(1, "WL-SIG-EXISTS");
}

#[test]
fn show_is_one_screen_of_a_model_or_a_document() {
    let place = vector("base");
    let ran = bom(&place, &["show", "m"]).yes();
    assert!(
        ran.stdout.contains("VERIFIED") && ran.stdout.contains("DECLARED"),
        "{ran:#?}"
    );
    assert!(ran.stdout.lines().count() < 80);
    bom(&place, &["m", "-o", "x.json"]).yes();
    let ran = bom(&place, &["show", "x.json"])
        .yes()
        .says("CycloneDX 1.7, not checked");
    assert!(
        !ran.stdout.contains("VERIFIED"),
        "a document is somebody's word: {ran:#?}"
    );
    let ran = bom(&place, &["show", "x.json", "--json"]);
    let document = ran.document::<Shown>();
    assert_eq!(document["result"]["standings"]["verified"], 0);
    bom(&place, &["show", "nothing"]).refused(4, "WL-IO-NOT-FOUND");
}

#[test]
fn diff_tells_what_differs_and_nothing_where_nothing_does() {
    let place = vector("base");
    let ran = bom(&place, &["diff", "m", "m"]).yes();
    assert!(ran.stdout.starts_with("the same"), "{ran:#?}");
    copy(&place.path("m"), &place.path("n"));
    place.flip("n/LICENSE", 0, 1);
    let ran = bom(&place, &["diff", "m", "n", "--json"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let document = ran.document::<Differences>();
    let changes = document["result"]["changes"].as_array().unwrap();
    assert!(
        changes
            .iter()
            .any(|it| it["component"] == "file LICENSE" && it["property"] == "digest"),
        "{changes:#?}"
    );
    assert!(
        changes
            .iter()
            .any(|it| it["component"] == "subject" && it["property"] == "digest")
    );
    bom(&place, &["diff", "m", "n"]).says("LICENSE");
}

/// X20.
#[test]
fn check_lists_what_is_there_and_says_no_where_something_required_lacks() {
    let place = vector("modelopt-fp8");
    let ran = bom(&place, &["check", "--profile", "g7-ai", "m", "--json"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let document = ran.document::<Elements>();
    let missing = document["result"]["missing"].to_string();
    assert!(
        missing.contains("models: producer") && missing.contains("metadata: author"),
        "{missing}"
    );
    place.write(
        "facts.yaml",
        "author: Acme Labs\nmodel:\n  name: pebble-fp8\n  version: v1.0\n  supplier: Acme Labs\n  license: Apache-2.0\n",
    );
    let ran = bom(
        &place,
        &["check", "--profile", "ntia", "m", "--facts", "facts.yaml"],
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("declared,"));
    for profile in ["g7-ai", "cisa", "ntia", "eu-ai-act", "owasp"] {
        let ran = bom(&place, &["check", "--profile", profile, "m", "--json"]);
        ran.document::<Elements>();
    }
    place
        .run(["bom", "check", "--profile", "nobody", "m"])
        .says("invalid value");
}

#[test]
fn forms_of_documents_are_for_making_them() {
    let place = vector("base");
    let ran = place.run(["scan", "--format", "spdx", "m"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    let ran = place.run(["bom", "show", "--format", "spdx", "m"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
}

#[test]
fn local_paths_of_others_are_left_out_unless_they_are_asked_for() {
    let place = vector("conflict");
    for format in FORMATS {
        let hidden = bom(&place, &["m", "--format", format]);
        assert!(!hidden.stdout.contains("/home/"), "{format}: {}", hidden.stdout);
        let asked = bom(&place, &["m", "--show-private", "--format", format]);
        assert!(asked.stdout.contains("/home/"), "{format}: {}", asked.stdout);
    }
    place.write("m/config.json", r#"{"_name_or_path": "/home/someone/base"}"#);
    for arguments in [&["show", "m"][..], &["show", "--json", "m"]] {
        let screen = bom(&place, arguments);
        assert!(!screen.stdout.contains("/home/"), "{}", screen.stdout);
        assert!(
            screen.stdout.contains("loaded-from"),
            "it is told that there is one: {}",
            screen.stdout
        );
    }
}

/// What files say, without a digest of anything, is not to be taken for more.
#[test]
fn metadata_alone_names_packages_and_says_that_no_digest_is_known() {
    let place = vector("serving-env");
    std::os::unix::fs::symlink("/nowhere", place.path("m/python3")).unwrap();
    assert_eq!(bom(&place, &["m", "--json"]).codes(), ["WL-ART-SYMLINK"]);
    for format in FORMATS {
        let ran = bom(&place, &["--metadata-only", "--format", format, "m"]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let ran = ran.says("nothing was hashed").says("not followed: python3");
        assert!(ran.stdout.contains("nothing was hashed"), "{format}");
        assert!(
            ran.stdout.contains("Jinja2") || ran.stdout.contains("jinja2"),
            "{format}"
        );
    }
    let document = bom(&place, &["--metadata-only", "m"]).json();
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
    let text = document.to_string();
    assert!(!text.contains("manifest-digest") && !text.contains("SHA-256"));
    let packages = document["components"].as_array().unwrap().iter();
    let packages = packages.filter(|it| it["purl"].as_str().is_some_and(|it| it.starts_with("pkg:pypi/")));
    assert!(
        packages
            .map(|it| properties(it, "weightlock:unknown"))
            .all(|it| it.contains(&"digest"))
    );
    let made = bom(&place, &["--metadata-only", "m", "--json"]).document::<Made>();
    assert_eq!(made["result"]["digest"], Value::Null);
    // The same facts as with digests.
    fs::remove_file(place.path("m/python3")).unwrap();
    let counted = |arguments: &[&str]| {
        let document = bom(&place, arguments).json();
        let all = document["components"].as_array().unwrap().iter();
        all.filter(|it| it["type"] == "library").count()
    };
    assert_eq!(counted(&["--metadata-only", "m"]), counted(&["m"]));
}

/// It would look like a model of one file, of which nothing is known.
#[test]
fn a_list_in_a_form_of_syfts_own_is_no_model() {
    let place = vector("serving-env");
    place.write(
        "packages.json",
        r#"{ "artifacts": [{"name": "jinja2", "version": "3.1.2"}], "descriptor": {"name": "syft"} }"#,
    );
    for arguments in [&["show", "packages.json"][..], &["--merge", "packages.json", "m"]] {
        let ran = bom(&place, arguments).says("-o cyclonedx-json");
        assert_ne!(ran.code, 0, "{ran:#?}");
    }
}

/// Some libraries sort the members of a document, and so put what it is behind a hundred kilobytes of components.
#[test]
fn a_document_may_say_what_it_is_at_its_end() {
    let place = Place::new();
    let component = |number: u32| {
        json!({"type": "library", "bom-ref": format!("c{number}"), "name": format!("part-{number}"),
               "description": "x".repeat(200)})
    };
    let components: Vec<Value> = (0..500).map(component).collect();
    let components = serde_json::to_string(&components).unwrap();
    let text = format!(r#"{{"components": {components}, "bomFormat": "CycloneDX", "specVersion": "1.6"}}"#);
    assert!(text.len() > 100_000);
    place.write("late.json", text);
    let shown = bom(&place, &["show", "late.json", "--json"]).document::<Shown>();
    assert_eq!(shown["result"]["document"], "CycloneDX 1.6");
    assert_eq!(shown["result"]["components"]["package"], 500);
}

#[test]
fn what_was_not_hashed_is_not_signed() {
    let place = vector("serving-env");
    let ran = bom(&place, &["--metadata-only", "--sign", "--key", "k", "m"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
}
