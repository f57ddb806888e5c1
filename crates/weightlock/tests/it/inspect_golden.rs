//! What `inspect --json` answers of every folder of the test vectors, kept in `testdata/inspect` and read by a person line by line; and
//! that nothing in any of them is *verified* or *failed* without a check that ran.
//!
//! After a wanted change: `WEIGHTLOCK_BLESS=1 cargo test -p weightlock --test it inspect_golden::`, then read what differs.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, thread};

use serde_json::{Value, json};
use weightlock::commands::inspect::Inspection;

use crate::{
    layouts::{hub, oci, ollama},
    models::tiny,
    run::{Place, Ran, key, repository},
    vectors::{self, Case, Expect, Method, copy},
};

/// One level of the document to a line, so that a person can read it: the answers a line each, the rest a line each.
fn lines(document: &Value) -> String {
    let mut text = String::new();
    for (name, value) in document.as_object().unwrap() {
        match (name.as_str(), value) {
            ("answers" | "model" | "verdict", Value::Object(parts)) => {
                writeln!(text, "{name}").unwrap();
                for (part, value) in parts {
                    writeln!(text, "  {part}: {value}").unwrap();
                }
            }
            _ => writeln!(text, "{name}: {value}").unwrap(),
        }
    }
    text
}

/// Runs it, checks the document against its schema, and puts in one what must not change.
fn seen(place: &Place, arguments: &[&str]) -> Value {
    let ran = place.run([&["inspect", "--json"], arguments].concat());
    let document = ran.document::<Inspection>();
    rests_on_checks(&document);
    let mut result = document["result"].clone();
    if let Some(verdict) = result["verdict"].as_object_mut() {
        assert!(verdict["time"].as_str().unwrap().ends_with('Z'), "{ran:#?}");
        verdict.insert("time".to_owned(), json!("now"));
    }
    result["exit_code"] = document["exit_code"].clone();
    let codes = document["reasons"].as_array().unwrap().iter();
    result["reasons"] = codes.map(|it| it["code"].clone()).collect();
    result
}

/// Compares with the file, or writes it where that is asked for.
#[track_caller]
fn golden(name: &str, text: &str) {
    let file = repository().join("testdata/inspect").join(name);
    if std::env::var_os("WEIGHTLOCK_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(text, kept, "{name}");
}

/// No answer is verified or failed unless a named check says so; the others claim no more than they know. With a verdict, what a check
/// rests on is evidence that the verdict knows, where it demands such evidence.
#[track_caller]
pub(crate) fn rests_on_checks(document: &Value) {
    let result = &document["result"];
    let Some(answers) = result["answers"].as_object() else {
        return;
    };
    assert_eq!(answers.len(), 6);
    for (question, answer) in answers {
        let standing = answer["standing"].as_str().unwrap();
        let checks = answer["checks"].as_array().unwrap();
        let ran = |passed: bool| checks.iter().any(|check| check["passed"] == passed);
        match standing {
            "verified" => {
                assert!(ran(true) && !ran(false), "{question}: {answer:#}");
                assert!(
                    !result["verdict"].is_null(),
                    "{question}: nobody said whose word counts"
                );
            }
            "failed" => assert!(ran(false), "{question}: {answer:#}"),
            _ => assert!(!ran(false), "{question}: {answer:#}"),
        }
        for check in checks {
            agrees(check, result);
        }
    }
}

/// Whether a check and the verdict say the same.
fn agrees(check: &Value, result: &Value) {
    let verdict = &result["verdict"];
    let passed = check["passed"].as_bool().unwrap();
    let name = check["name"].as_str().unwrap();
    match name {
        "policy" => {
            let decision = verdict["decision"].as_str().unwrap();
            assert_eq!(passed, decision == "allow", "{check}");
            assert!(passed || decision == "deny", "{check}");
        }
        "signature" | "provenance" | "evaluation" | "signer" => {
            let evidence = check["evidence"].as_array().unwrap();
            assert_eq!(evidence.len(), 1, "{check}");
            let of = match name {
                "provenance" => "provenance_level",
                "evaluation" => "evaluation_baseline",
                _ => "signature_valid",
            };
            let demands = verdict["demands"].as_array().unwrap().iter();
            let demands: Vec<&Value> = demands.filter(|it| it["check"] == of).collect();
            let known = verdict["evidence"].as_array().unwrap();
            assert!(
                demands.is_empty() || known.contains(&evidence[0]),
                "{check} {verdict:#}"
            );
            match (name, passed) {
                // These policies ask for one signature, and one is enough.
                ("signature", _) => {
                    let is_met = demands.iter().all(|it| (it["state"] == "met") == passed);
                    assert!(is_met, "{check} {verdict:#}");
                }
                ("evaluation", false) => {
                    assert!(
                        demands.iter().all(|it| it["state"] != "met"),
                        "{check} {verdict:#}"
                    );
                }
                ("signer" | "provenance", true) => {}
                _ => panic!("there is no such check: {check}"),
            }
        }
        "blob-names" => assert_eq!(
            passed,
            result["blobs"]["differing"].as_array().unwrap().is_empty(),
            "{check}"
        ),
        "file-format" | "signature-form" | "judging" => assert!(!passed, "{check}"),
        other => panic!("an unknown check {other}"),
    }
}

/// The models of the bill of materials' vectors.
fn boms() -> std::path::PathBuf {
    repository().join("crates/weightlock-bom/testdata/vectors/models")
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A place with one folder of the vectors under its own name.
fn with_model(from: &Path, name: &str) -> Place {
    let place = Place::new();
    fs::create_dir(place.path(name)).unwrap();
    copy(&from.join(name), &place.path(name));
    place
}

#[test]
fn every_model_with_a_bill_of_materials_is_seen_as_reviewed() {
    let models = names_in(&boms());
    assert_eq!(models.len(), 12);
    for name in &models {
        let place = with_model(&boms(), name);
        golden(&format!("bom/{name}.txt"), &lines(&seen(&place, &[name])));
    }
}

#[test]
fn every_signed_model_is_seen_as_reviewed() {
    let folder = vectors::testdata().join("reference-1.1.1/models");
    let models = names_in(&folder);
    assert_eq!(models.len(), 5);
    for name in &models {
        let place = with_model(&folder, name);
        golden(&format!("oms/{name}.txt"), &lines(&seen(&place, &[name])));
    }
}

/// A policy that asks for one signature of the release key.
fn policy(place: &Place, more: &str) {
    fs::copy(key("p256.pub.pem"), place.path("release.pub")).unwrap();
    place.write(
        "policy.toml",
        format!(
            "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[identity.release]\nkey = \"release.pub\"\n\
             [signers]\noms = [\"release\"]\nbom = [\"release\"]\n[require]\nsignature = true\n{more}"
        ),
    );
}

fn signature(name: &str) -> Vec<u8> {
    fs::read(vectors::testdata().join("reference-1.1.1/sigs").join(name)).unwrap()
}

const JUDGED: [&str; 3] = ["--policy", "policy.toml", "basic"];

#[test]
fn a_policy_makes_of_each_state_what_was_reviewed() {
    type Make = fn(&Place);
    let states: [(&str, Make); 7] = [
        ("holds", |place| {
            place.write("basic/model.sig", signature("basic-p256.sig"))
        }),
        ("unsigned", |_| ()),
        ("foreign-signer", |place| {
            place.write("basic/model.sig", signature("basic-p384.sig"))
        }),
        ("tampered", |place| {
            place.write("basic/model.sig", signature("basic-p256.sig"));
            place.write("basic/config.json", "{}");
        }),
        ("added", |place| {
            place.write("basic/model.sig", signature("basic-p256.sig"));
            place.write("basic/extra.py", "print()");
        }),
        ("no-signature", |place| place.write("basic/model.sig", "{}")),
        ("stowaway", |place| {
            place.write("basic/model.sig", signature("basic-p256.sig"));
            place.write("basic/.weightlock/notes.txt", "x");
        }),
    ];
    for (name, make) in states {
        let place = with_model(&vectors::testdata().join("reference-1.1.1/models"), "basic");
        make(&place);
        policy(&place, "");
        golden(&format!("policy/{name}.txt"), &lines(&seen(&place, &JUDGED)));
    }
    // A model that is one, so that nothing is left to say no to.
    let place = Place::new();
    tiny(&place, "basic");
    let private = key("p256.key.pem");
    place
        .run(["sign", "--key", private.to_str().unwrap(), "basic"])
        .yes();
    policy(&place, "scan = true\n");
    golden("policy/allowed.txt", &lines(&seen(&place, &JUDGED)));
    policy(&place, "bom = true\n");
    golden("policy/bom-is-asked.txt", &lines(&seen(&place, &JUDGED)));
}

#[test]
fn layouts_are_seen_as_reviewed() {
    let place = Place::new();
    let snapshot = hub(&place);
    oci(&place);
    let manifest = ollama(&place);
    policy(&place, "");
    for (name, target) in [
        ("hub-snapshot", snapshot),
        ("hub-repository", "hub/models--org--tiny"),
        ("oci", "layout"),
        ("ollama", manifest),
    ] {
        golden(&format!("layout/{name}.txt"), &lines(&seen(&place, &[target])));
        let judged = seen(&place, &["--policy", "policy.toml", target]);
        golden(&format!("layout/{name}-policy.txt"), &lines(&judged));
    }
}

/// Who counts in a case, as a policy has it.
fn policy_of(case: &Case, place: &Path) -> bool {
    let who = match case.method {
        Method::Key => {
            fs::copy(case.public_key(), place.join("who.pem")).unwrap();
            "key = \"who.pem\"".to_owned()
        }
        Method::Certificate => return false,
    };
    let text = format!(
        "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[identity.it]\n{who}\n\
         [signers]\noms = [\"it\"]\n[require]\nsignature = true\n"
    );
    fs::write(place.join("policy.toml"), text).unwrap();
    true
}

/// What this program's own verifier must answer, which is stricter than the reference in documented places.
fn wanted(case: &Case) -> Expect {
    let text = fs::read(vectors::testdata().join("native.json")).unwrap();
    let native: Value = serde_json::from_slice(&text).unwrap();
    match native[format!("{}/{}", case.set, case.id)]["expect"].as_str() {
        Some("pass") => Expect::Pass,
        Some(_) => Expect::Fail,
        None => case.expect,
    }
}

/// A case in a line: what is expected of a careful verifier, and what inspect says. `None` where its signer cannot be named in a policy.
fn line_of(case: &Case) -> Option<String> {
    let stage = case.stage();
    let folder = stage.folder.path();
    if !policy_of(case, folder) {
        return None;
    }
    let target = case.target(&stage);
    let whole = folder.join(&target);
    let place = if whole.is_dir() {
        whole.join("model.sig")
    } else {
        fs::create_dir_all(folder.join(format!("{target}.weightlock"))).unwrap();
        folder.join(format!("{target}.weightlock/model.sig"))
    };
    fs::copy(case.signature(), place).unwrap();
    let ask = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_weightlock"));
        command.current_dir(folder).env_clear().env("HOME", folder);
        command.args(["inspect", "--json"]).args(more).arg(&target);
        let ran = Ran::of(&mut command);
        let document: Value = ran.json();
        rests_on_checks(&document);
        document
    };
    let plain = ask(&[]);
    if let Some(answers) = plain["result"]["answers"].as_object() {
        assert!(
            answers.values().all(|it| it["standing"] != "verified"),
            "{}",
            case.id
        );
    }
    let judged = ask(&["--policy", "policy.toml"]);
    let standing = |question: &str| {
        judged["result"]["answers"][question]["standing"]
            .as_str()
            .unwrap_or("none")
            .to_owned()
    };
    let codes: Vec<&str> = judged["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["code"].as_str())
        .collect();
    let decision = judged["result"]["verdict"]["decision"].as_str().unwrap_or("none");
    let is_pass = wanted(case) == Expect::Pass;
    // With options the reference was asked about something else than a policy asks about.
    if !is_pass && case.options(&stage).next().is_none() {
        assert_ne!(decision, "allow", "{}: {judged:#}", case.id);
        assert_ne!(standing("unchanged"), "verified", "{}", case.id);
    }
    Some(format!(
        "{}/{}: {} -> {decision} {} who {} unchanged {} use {} {}",
        case.set,
        case.id,
        if is_pass { "pass" } else { "fail" },
        judged["exit_code"],
        standing("who"),
        standing("unchanged"),
        standing("may_we_use"),
        codes.join(" ")
    ))
}

/// Every case of every set of vectors: none that a careful verifier refuses is allowed, or its files verified.
#[test]
fn no_case_of_the_vectors_is_verified_that_should_not_be() {
    let cases = vectors::all();
    let lines: BTreeMap<usize, String> = thread::scope(|scope| {
        let parts: Vec<_> = cases
            .chunks(cases.len().div_ceil(4))
            .enumerate()
            .map(|(part, chunk)| {
                let first = part * cases.len().div_ceil(4);
                scope.spawn(move || {
                    let told = chunk.iter().enumerate();
                    told.filter_map(|(at, case)| Some((first + at, line_of(case)?)))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(lines.len() > 400, "{}", lines.len());
    let allowed = lines.values().filter(|line| line.contains("-> allow ")).count();
    assert!(allowed > 50, "{allowed} of {} are allowed", lines.len());
    let text: String = lines
        .values()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    golden("cases.txt", &text);
}

/// Whether `verify` takes the signature of `basic`.
fn verified(place: &Place) -> bool {
    let public = key("p256.pub.pem");
    let ran = place.run(["verify", "--key", public.to_str().unwrap(), "basic"]);
    assert!([0, 1].contains(&ran.code), "{ran:#?}");
    ran.code == 0
}

/// Somebody who counts says that the model failed: the check names their statement, and the verdict knows it.
#[test]
fn a_failed_evaluation_rests_on_its_statement() {
    let place = Place::new();
    tiny(&place, "basic");
    let private = key("p256.key.pem");
    place.write("failed.json", r#"{"result": "FAILED", "configuration": []}"#);
    let attest = [
        "attest",
        "--type",
        "https://in-toto.io/attestation/test-result/v0.1",
        "--predicate",
        "failed.json",
        "--key",
        private.to_str().unwrap(),
        "basic",
    ];
    place.run(attest).yes();
    policy(
        &place,
        "evaluation = [{ metric = \"accuracy\", at-least = 0.5 }]\n",
    );
    let text = fs::read_to_string(place.path("policy.toml")).unwrap();
    place.write(
        "policy.toml",
        text.replace("[signers]\n", "[signers]\nevaluation = [\"release\"]\n"),
    );
    let result = seen(&place, &JUDGED);
    let behaves = &result["answers"]["behaves"];
    assert_eq!(behaves["standing"], "failed", "{result:#}");
    assert_eq!(behaves["checks"][0]["name"], "evaluation");
}

/// Whatever lies with a model, without a policy nothing of it is verified, and with one nothing that was not checked.
#[test]
fn nothing_is_verified_without_a_check_whatever_is_changed() {
    let place = Place::new();
    tiny(&place, "basic");
    policy(&place, "");
    let private = key("p256.key.pem");
    place
        .run(["sign", "--key", private.to_str().unwrap(), "basic"])
        .yes();
    place
        .run(["bom", "--sign", "--key", private.to_str().unwrap(), "basic"])
        .yes();
    let whole = seen(&place, &JUDGED);
    for question in ["who", "unchanged", "may_we_use"] {
        assert_eq!(whole["answers"][question]["standing"], "verified", "{whole:#}");
    }
    let files = ["model.safetensors", "config.json", "README.md", "model.sig"];
    for file in files {
        let path = format!("basic/{file}");
        let before = fs::read(place.path(&path)).unwrap();
        for at in (0..before.len()).step_by(before.len() / 12 + 1) {
            place.flip(&path, at, 1);
            for arguments in [&["basic"][..], &JUDGED] {
                let result = seen(&place, arguments);
                let answers = result["answers"].as_object();
                let unchanged = answers.map(|it| it["unchanged"]["standing"].clone());
                let is_judged = arguments.len() > 1;
                // A bit of the signature's file that no reader looks at may be anything: then it holds for `verify`, too.
                let holds = is_judged && file == "model.sig" && verified(&place);
                assert_eq!(
                    unchanged == Some(json!("verified")),
                    holds,
                    "{file} {at}: {result:#}"
                );
                assert_eq!(result["exit_code"] == 0 && is_judged, holds, "{file} {at}");
            }
            fs::write(place.path(&path), &before).unwrap();
        }
    }
}

/// The line about a signed bill of materials says that it was checked, and one by somebody else that it does not count.
#[test]
fn a_signed_bill_of_materials_is_told_with_its_signer() {
    let details = |place: &Place, arguments: &[&str]| {
        let result = seen(place, arguments);
        result["answers"]["made_how"]["details"].to_string()
    };
    let place = Place::new();
    tiny(&place, "basic");
    policy(&place, "");
    let bom = |key_file: &str| {
        let private = key(key_file);
        place
            .run(["bom", "--sign", "--key", private.to_str().unwrap(), "basic"])
            .yes();
    };
    bom("p256.key.pem");
    assert!(details(&place, &["basic"]).contains("not checked"));
    let told = details(&place, &JUDGED);
    assert!(
        told.contains("a bill of materials signed by release; it describes these files")
            && !told.contains("not checked"),
        "{told}"
    );
    fs::remove_dir_all(place.path("basic/.weightlock")).unwrap();
    bom("p384.key.pem");
    let told = details(&place, &JUDGED);
    assert!(told.contains("does not count"), "{told}");
    fs::remove_dir_all(place.path("basic/.weightlock")).unwrap();
    bom("p256.key.pem");
    place.write("basic/config.json", "{}");
    let told = details(&place, &JUDGED);
    assert!(told.contains("does not count"), "{told}");
}

/// A signed bill of materials that names another licence than the files do.
#[test]
fn contradictions_between_a_bill_of_materials_and_the_files_are_told() {
    let place = Place::new();
    tiny(&place, "basic");
    policy(&place, "");
    let private = key("p256.key.pem");
    let document = place.run(["bom", "basic"]).yes().stdout;
    assert!(document.contains("Apache-2.0"), "{document}");
    place.write("bom.json", document.replace("Apache-2.0", "MIT"));
    let attest = [
        "attest",
        "--type",
        "cyclonedx",
        "--predicate",
        "bom.json",
        "--key",
        private.to_str().unwrap(),
        "basic",
    ];
    place.run(attest).yes();
    for arguments in [&["basic"][..], &JUDGED] {
        let told = seen(&place, arguments)["contradictions"].to_string();
        assert!(told.contains("licence MIT; the files: Apache-2.0"), "{told}");
    }
}

/// The exit code with a policy: 0 only where it allows, 1 for no, 3 where an answer that it needs is missing.
#[test]
fn the_exit_code_is_that_of_the_verdict() {
    for (more, unread, code, decision) in [
        ("", false, 0, "allow"),
        ("coverage = true\n", false, 0, "allow"),
        ("bom = true\n", false, 1, "deny"),
        ("coverage = true\n", true, 3, "quarantine"),
    ] {
        let place = Place::new();
        tiny(&place, "basic");
        if unread {
            place.write("basic/blob.bin", b"\xff\xfd\xfe\0");
        }
        let private = key("p256.key.pem");
        place
            .run(["sign", "--key", private.to_str().unwrap(), "basic"])
            .yes();
        policy(&place, more);
        let result = seen(&place, &JUDGED);
        assert_eq!(result["verdict"]["decision"], decision, "{more}: {result:#}");
        assert_eq!(result["exit_code"], code, "{more}");
        let gate = place.run(["gate", "--policy", "policy.toml", "basic"]);
        assert_eq!(gate.code, code, "{more}");
    }
}

/// What stops the judging is told among the answers.
#[test]
fn a_model_that_cannot_be_judged_is_not_allowed() {
    let place = Place::new();
    tiny(&place, "basic");
    policy(&place, "");
    std::os::unix::fs::symlink("config.json", place.path("basic/link")).unwrap();
    let result = seen(&place, &JUDGED);
    assert_eq!(result["exit_code"], 1, "{result:#}");
    assert_eq!(result["answers"]["may_we_use"]["standing"], "failed");
    assert_eq!(result["answers"]["unchanged"]["standing"], "unknown");
    assert_eq!(result["verdict"], Value::Null);
    assert_eq!(result["reasons"], json!(["WL-ART-SYMLINK"]));
    // What is wrong with the arguments is no answer about the model.
    let ran = place.run(["inspect", "--policy", "none.toml", "basic"]);
    assert_eq!(ran.refusal(), (4, vec!["WL-IO-NOT-FOUND"]));
}
