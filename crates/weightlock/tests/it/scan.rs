//! `weightlock scan`: the answer, what is shown, what is never passed over.

use std::{collections::BTreeSet, fs, os::unix::fs::symlink};

use serde_json::Value;
use weightlock::commands::scan::Rules;
use weightlock_scan::report::json::Scanned;

use crate::{
    models::weights,
    run::{Place, Ran},
};

/// Clean weights, weights with four bytes too many, and bytes that nobody knows, in `good`, `bad` and `odd`.
fn place() -> Place {
    let place = Place::new();
    place.write("good/model.safetensors", weights());
    place.write("bad/model.safetensors", [weights(), vec![0; 4]].concat());
    place.write("odd/x.bin", [0xff; 64]);
    place
}

/// The exit code and the last line, which is on standard output when the answer is yes.
fn answer(ran: &Ran) -> (i32, &str) {
    let all = if ran.code == 0 && !ran.stderr.contains("--exit-zero") {
        &ran.stdout
    } else {
        &ran.stderr
    };
    (ran.code, all.lines().last().unwrap_or_default())
}

/// The text with every number as `#`: how much is explained of a file grows with what is read of it.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for character in text.chars() {
        match character {
            '0'..='9' if shape.ends_with('#') => {}
            '0'..='9' => shape.push('#'),
            other => shape.push(other),
        }
    }
    shape
}

#[test]
fn a_clean_folder_takes_three_lines() {
    let ran = place().run(["scan", "good"]).yes();
    insta::assert_snapshot!(shape(&ran.stdout), @r"
    # file, # B: # B explained, # B data, # B unread
    a scan is the fast first filter, not the verdict: weightlock verify says who made it
    clean: no finding at or above medium; every byte is accounted for
    ");
}

#[test]
fn a_finding_is_shown_with_its_place_its_reason_and_the_next_command() {
    let ran = place().run(["scan", "bad"]);
    assert_eq!(
        answer(&ran),
        (
            1,
            "refused: 1 finding at or above medium; and not everything could be read (exit 1)"
        )
    );
    insta::assert_snapshot!(shape(&ran.stdout), @r"
    medium[broken-format]: at byte #: # bytes behind the last tensor belong to no tensor
      --> bad/model.safetensors   offset #
      = why: loaders that trust such numbers read or write memory that is not theirs, and two loaders that repair them differently see two different models
      = help: weightlock explain broken-format
    unread[WL-SCAN-UNKNOWN-FORMAT]: no known format begins like this
      --> bad/model.safetensors!/bytes from #   # bytes from offset #
      = help: weightlock explain WL-SCAN-UNKNOWN-FORMAT

    # file, # B: # B explained, # B data, # B unread
    findings: # medium (threshold medium)
    a scan is the fast first filter, not the verdict: weightlock verify says who made it
    ");
}

#[test]
fn a_finding_wins_over_what_is_unread_and_that_over_nothing() {
    let place = place();
    for (arguments, code) in [
        (&["scan", "good"][..], 0),
        (&["scan", "good", "bad", "odd"], 1),
        (&["scan", "good", "odd"], 3),
        (&["scan", "good", "none"], 4),
        (&["scan", "bad", "none"], 1),
        (&["scan", "odd", "none"], 4),
        (&["scan", "good", "--only", "*.gguf"], 3),
    ] {
        assert_eq!(place.run(arguments).code, code, "{arguments:?}");
    }
    fs::create_dir(place.path("empty")).unwrap();
    place
        .run(["scan", "empty"])
        .says("error[WL-SCAN-NOTHING]: there is nothing to examine");
}

/// X17.
#[test]
fn the_threshold_changes_the_answer_and_never_what_is_shown() {
    let place = place();
    let text = |level: &str| place.run(["scan", "bad", "odd", "--fail-on", level]);
    let of = |level: &str| {
        let ran = text(level);
        let shown: Vec<_> = ran
            .stdout
            .lines()
            .filter(|line| !line.starts_with("findings:"))
            .map(str::to_owned)
            .collect();
        (ran.code, shown)
    };
    let medium = of("medium");
    assert_eq!(medium.0, 1);
    for (level, code) in [("info", 1), ("low", 1), ("high", 3), ("critical", 3)] {
        assert_eq!(of(level), (code, medium.1.clone()), "{level}");
    }
    assert_eq!(place.run(["scan", "bad", "--fail-on", "never"]).code, 2);
}

#[test]
fn exit_zero_reports_the_real_answer_and_does_not_hide_a_mistake() {
    let place = place();
    let ran = place.run(["scan", "bad", "--exit-zero", "--json"]);
    let json = ran.document::<Scanned>();
    assert_eq!((ran.code, json["outcome"].as_str()), (0, Some("no")));
    let ran = place.run(["scan", "bad", "--exit-zero"]);
    assert_eq!(ran.code, 0);
    ran.says("refused: 1 finding")
        .says("(exit 0, as --exit-zero asks)");
    assert_eq!(place.run(["scan", "none", "--exit-zero"]).code, 4);
    assert_eq!(place.run(["scan", "--exit-zero"]).code, 2);
}

#[test]
fn what_only_leaves_out_is_named() {
    let place = place();
    let ran = place
        .run(["scan", "good", "odd", "--only", "*.safetensors"])
        .yes();
    assert!(
        ran.stdout
            .contains("not examined: 1 name left out by --only: odd/x.bin"),
        "{ran:#?}"
    );
    let json = place.run(["scan", "good", "odd", "--only", "*.safetensors", "--json"]);
    assert_eq!(json.document::<Scanned>()["result"]["left_out"][0], "odd/x.bin");
}

#[test]
fn what_is_no_plain_file_is_no_answer() {
    let place = place();
    symlink("model.safetensors", place.path("good/link.safetensors")).unwrap();
    let ran = place.run(["scan", "good"]);
    assert_eq!(ran.code, 3);
    ran.says("not examined[WL-ART-SYMLINK]: link.safetensors is a symbolic link");
    place.run(["scan", "good", "--allow-symlinks"]).yes();
    symlink("/etc/passwd", place.path("good/out")).unwrap();
    assert_eq!(place.run(["scan", "good", "--allow-symlinks"]).code, 3);
    fs::remove_file(place.path("good/out")).unwrap();
    fs::remove_file(place.path("good/link.safetensors")).unwrap();
    assert_eq!(place.program("mkfifo", ["good/pipe"]).code, 0);
    for target in ["good", "good/pipe"] {
        assert_eq!(place.run(["scan", target]).code, 3, "{target}");
    }
}

#[test]
fn what_never_belongs_to_a_model_is_named_and_can_be_scanned_by_name() {
    let place = place();
    place.write("good/.git/x", [0xff; 9]);
    let ran = place.run(["scan", "good"]).yes();
    assert!(
        ran.stdout
            .contains("not examined: 1 name never part of a model: good/.git"),
        "{ran:#?}"
    );
    assert_eq!(place.run(["scan", "good/.git"]).code, 3);
}

#[test]
fn links_of_a_hub_snapshot_into_its_own_blobs_are_followed() {
    let place = Place::new();
    let cache = "models--org--name";
    place.write(&format!("{cache}/blobs/0a1b"), weights());
    place.write(&format!("{cache}/snapshots/main/keep"), "");
    fs::remove_file(place.path(&format!("{cache}/snapshots/main/keep"))).unwrap();
    let link = place.path(&format!("{cache}/snapshots/main/model.safetensors"));
    symlink("../../blobs/0a1b", &link).unwrap();
    for target in [cache.to_owned(), format!("{cache}/snapshots/main")] {
        let ran = place.run(["scan", &target]).yes();
        assert!(ran.stdout.starts_with("1 file, "), "{target}: {ran:#?}");
    }
    symlink("/etc/passwd", link.with_file_name("other")).unwrap();
    assert_eq!(place.run(["scan", cache]).code, 3);
}

#[test]
fn lists_of_paths_are_read_from_standard_input_and_from_files() {
    let place = place();
    let of = |arguments: &[&str], input: &str| {
        let ran = place.run_with_input(arguments, input);
        assert_eq!(ran.code, 3, "{arguments:?} {ran:#?}");
        ran.document::<Scanned>()["result"]["totals"]["files"].as_u64()
    };
    let lines = "good/model.safetensors\nodd/x.bin\n\ngood/model.safetensors\n";
    assert_eq!(of(&["scan", "-", "--json"], lines), Some(2), "each file once");
    assert_eq!(
        of(&["scan", "--files-from", "-", "--json"], "good\0odd\0"),
        Some(2)
    );
    place.write("list", "odd\n");
    assert_eq!(
        of(&["scan", "good", "--files-from", "list", "--json"], ""),
        Some(2)
    );
    // A name with a line feed in a list that is ended by NUL.
    place.write("a\nb.bin", [0xff; 3]);
    assert_eq!(of(&["scan", "-", "--json"], "a\nb.bin\0"), Some(1));
    assert_eq!(place.run_with_input(&["scan", "-"], "").code, 3);
    assert_eq!(place.run_with_input(&["scan", "-"], "none\n").code, 4);
    place
        .run_with_input(&["scan", "-", "--files-from", "-"], "good\n")
        .refused(2, "WL-CLI-USAGE");
}

#[test]
fn the_answer_is_the_same_for_any_number_of_threads_and_any_order() {
    let place = place();
    for index in 0..40 {
        place.write(&format!("many/{index}.bin"), vec![0xff; index]);
    }
    let of = |arguments: &[&str]| {
        let base = ["scan", "--json"];
        place.run(base.iter().chain(arguments)).stdout
    };
    let one = of(&["-j", "1", "many", "bad", "good"]);
    assert_eq!(one, of(&["-j", "7", "many", "bad", "good"]));
    assert_eq!(one, of(&["good", "many", "bad", "many/3.bin"]));
}

#[test]
fn a_baseline_marks_what_is_known_and_covers_nothing_else() {
    let place = place();
    let overlap = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#;
    let file = [
        &(overlap.len() as u64).to_le_bytes()[..],
        overlap.as_bytes(),
        &[0; 6],
    ]
    .concat();
    place.write("old/w.safetensors", &file);
    assert_eq!(place.run(["scan", "old"]).code, 1);
    place.run(["scan", "old", "--json", "-o", "base.json"]);
    let ran = place.run(["scan", "old", "--baseline", "base.json"]);
    let text = format!("{}{}", ran.stdout, ran.stderr);
    assert!(text.contains("medium[broken-format] (known): "), "{text}");
    assert!(
        ran.code == 0 && text.contains("passed: no new finding") || ran.code == 3,
        "{text}"
    );
    assert!(!text.contains("clean:"), "{text}");
    // What is new counts, and what is unread is never covered.
    assert_eq!(
        place.run(["scan", "old", "bad", "--baseline", "base.json"]).code,
        1
    );
    place.run(["scan", "odd", "--json", "-o", "odd.json"]);
    assert_eq!(place.run(["scan", "odd", "--baseline", "odd.json"]).code, 3);
    for (name, text) in [
        ("no.json", "{}"),
        (
            "verb.json",
            r#"{"schema_version": 1, "verb": "verify", "result": {"files": []}}"#,
        ),
        (
            "none.json",
            r#"{"schema_version": 1, "verb": "scan", "result": null}"#,
        ),
        (
            "bad.json",
            r#"{"schema_version": 1, "verb": "scan", "result": {"files": [{"findings": [{"fingerprint": "*"}]}]}}"#,
        ),
    ] {
        place.write(name, text);
        place
            .run(["scan", "old", "--baseline", name])
            .refused(2, "WL-CLI-USAGE");
    }
    place
        .run(["scan", "old", "--baseline", "gone"])
        .refused(4, "WL-IO-NOT-FOUND");
}

#[test]
fn every_form_goes_to_standard_output_or_into_a_file_and_ends_the_same() {
    let place = place();
    for (form, begins) in [
        ("text", "medium[broken-format]"),
        ("json", "{\n"),
        ("sarif", "{\n  \"$schema\""),
        ("junit", "<?xml"),
        ("github", "::error file=bad/model.safetensors,title="),
        ("markdown", "## weightlock scan\n"),
    ] {
        let ran = place.run(["scan", "bad", "--format", form]);
        assert_eq!(ran.code, 1, "{form}");
        assert!(ran.stdout.starts_with(begins), "{form}: {ran:#?}");
        let file = place.run(["scan", "bad", "--format", form, "-o", "out"]);
        assert_eq!((file.code, file.stdout.as_str()), (1, ""), "{form}");
        assert_eq!(
            fs::read_to_string(place.path("out")).unwrap(),
            ran.stdout,
            "{form}"
        );
        file.says("refused: 1 finding");
    }
    assert_eq!(place.run(["scan", "bad", "-o", "none/out"]).code, 4);
    place
        .run(["inspect", "good", "--format", "sarif"])
        .refused(2, "WL-CLI-USAGE");
    place
        .run(["scan", "good", "--format", "cosign-json"])
        .refused(2, "WL-CLI-USAGE");
}

#[test]
fn sarif_names_the_rule_the_file_the_byte_and_what_is_unread() {
    let place = place();
    let sarif = place.run(["scan", "bad", "--format", "sarif"]).json();
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], "broken-format");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "bad/model.safetensors");
    assert_eq!(place["region"]["byteOffset"], 328);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run["invocations"][0]["exitCode"], 1);
    let rules: BTreeSet<&str> = run["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    let all: BTreeSet<&str> = weightlock_scan::rules::all().map(|rule| rule.id).collect();
    assert_eq!(rules, all);
}

#[test]
fn rules_are_listed_and_explained() {
    let place = Place::new();
    let listed = place.run(["scan", "--rules"]).yes().stdout;
    let json = place.run(["scan", "--rules", "--json"]).document::<Rules>();
    let rules = json["result"]["rules"].as_array().unwrap();
    assert_eq!(listed.lines().count(), rules.len());
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        let told = place.run(["explain", id]).yes().stdout;
        assert!(told.starts_with(&format!("{id}: ")), "{told}");
        assert!(told.contains(rule["why"].as_str().unwrap()), "{told}");
    }
    place
        .run(["explain", "broken-fromat"])
        .refused(2, "WL-CLI-USAGE")
        .says("weightlock explain broken-format");
    place
        .run(["scan", "--rules", "--format", "sarif"])
        .refused(2, "WL-CLI-USAGE");
}

#[test]
fn names_of_strangers_are_shown_harmless() {
    let place = Place::new();
    place.write("d/\u{1b}[2J\n::error::x.bin", [0xff; 9]);
    for form in ["text", "sarif", "junit", "github", "markdown", "json"] {
        let ran = place.run(["scan", "d", "--format", form, "--coverage"]);
        assert_eq!(ran.code, 3);
        assert!(!ran.stdout.contains('\u{1b}'), "{form}: {ran:#?}");
        let forged = ran.stdout.lines().any(|line| line.starts_with("::error::x"));
        assert!(!forged, "{form}");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_told_apart_from_one_that_is_bad() {
    if is_root() {
        return;
    }
    let place = place();
    let path = place.path("good/model.safetensors");
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    let ran = place.run(["scan", "good", "odd"]);
    assert_eq!(ran.code, 4);
    ran.says("error[WL-IO-PERMISSION]");
}

fn is_root() -> bool {
    // Root reads everything, so nothing can be shown here.
    let id = std::process::Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0")
}

#[test]
fn coverage_accounts_for_every_file_and_lists_every_gap() {
    let place = place();
    let ran = place.run(["scan", "bad", "good", "--coverage"]);
    let shown = shape(&ran.stdout);
    for file in ["bad", "good"] {
        let line = format!(
            "coverage {file}/model.safetensors: # bytes, # bytes explained, # bytes data, # bytes unread, # contents"
        );
        assert!(shown.contains(&line), "{line}: {ran:#?}");
    }
    let json: Value = place.run(["scan", "bad", "--json"]).document::<Scanned>();
    let coverage = &json["result"]["files"][0]["coverage"];
    assert_eq!(coverage["gaps"][0]["bytes"], 4);
    assert_eq!(coverage["complete"], false);
}

/// The signed statements about scans of `m`, as the private key's holder made them.
fn attest(place: &Place, target: &str, more: &[&str]) -> Ran {
    let key = crate::run::key("p256.key.pem");
    let arguments = ["scan", "--attest", "--key", key.to_str().unwrap(), target];
    place.run(arguments.iter().chain(more))
}

fn statements(place: &Place, folder: &str) -> Vec<Value> {
    let Ok(entries) = fs::read_dir(place.path(folder)) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(
                name.starts_with("scan-") && name.ends_with(".sigstore.json"),
                "{name}"
            );
            let bundle: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
            let payload = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, payload).unwrap();
            serde_json::from_slice(&payload).unwrap()
        })
        .collect()
}

#[test]
fn a_scan_is_stated_as_evidence_about_exactly_these_bytes() {
    let place = place();
    let ran = attest(&place, "good", &[]).yes();
    assert!(
        ran.stdout.contains("evidence: good/.weightlock/evidence/scan-"),
        "{ran:#?}"
    );
    let [statement] = statements(&place, "good/.weightlock/evidence")
        .try_into()
        .unwrap();
    assert_eq!(statement["predicateType"], "urn:weightlock:scan:v1");
    let digest = place.run(["digest", "--manifest", "good"]).yes().stdout;
    let subject = &statement["subject"];
    assert_eq!(
        format!("sha256:{}\n", subject[0]["digest"]["sha256"].as_str().unwrap()),
        digest
    );
    assert_eq!(subject[1]["name"], "model.safetensors");
    let predicate = &statement["predicate"];
    assert_eq!(
        (&predicate["outcome"], &predicate["complete"]),
        (&"yes".into(), &true.into())
    );
    assert_eq!(predicate["scanner"]["name"], "weightlock");
    // The statement itself does not change the model, and saying the same again adds nothing.
    attest(&place, "good", &[]).yes();
    place.run(["scan", "good"]).yes();
}

#[test]
fn findings_and_what_is_unread_are_stated_as_such_with_places_below_the_model() {
    let place = place();
    let ran = attest(&place, "./bad", &["--json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.document::<Scanned>()["result"]["evidence"].is_string());
    let [statement] = statements(&place, "bad/.weightlock/evidence").try_into().unwrap();
    let predicate = &statement["predicate"];
    assert_eq!(
        (&predicate["outcome"], &predicate["complete"]),
        (&"no".into(), &false.into())
    );
    assert_eq!(predicate["findings"][0]["rule"], "broken-format");
    assert_eq!(predicate["findings"][0]["place"], "model.safetensors");
    assert_eq!(predicate["unread"][0]["bytes"], 4);
    // One file: beside it, under its own digest.
    attest(&place, "good/model.safetensors", &[]).yes();
    let folder = "good/model.safetensors.weightlock/evidence";
    let [statement] = statements(&place, folder).try_into().unwrap();
    let listed = place.run(["digest", "good/model.safetensors"]).yes().stdout;
    assert!(listed.starts_with(statement["subject"][0]["digest"]["sha256"].as_str().unwrap()));
}

#[test]
fn nothing_is_stated_of_what_could_not_be_opened_or_of_a_part() {
    let place = place();
    symlink("model.safetensors", place.path("good/link")).unwrap();
    assert_eq!(attest(&place, "good", &[]).code, 3);
    assert_eq!(attest(&place, "none", &[]).code, 4);
    assert!(statements(&place, "good/.weightlock/evidence").is_empty());
    for more in [&["odd"][..], &["--only", "*.bin"], &["--baseline", "b"]] {
        assert_eq!(attest(&place, "bad", more).code, 2, "{more:?}");
    }
    place.run(["scan", "--attest", "odd"]).refused(2, "WL-CLI-USAGE");
    let key = crate::run::key("p256.key.pem");
    place
        .run(["scan", "--key", key.to_str().unwrap(), "odd"])
        .refused(2, "WL-CLI-USAGE");
    assert!(!place.path("odd/.weightlock").exists());
}

#[test]
fn verify_lists_the_statement_and_says_when_it_does_not_count() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    attest(&place, "m", &[]);
    let listed = |more: &[&str]| {
        let json = place.verify(&[more, &["--json"]].concat()).json();
        json["result"]["evidence"].as_array().unwrap().clone()
    };
    let [one] = listed(&[]).try_into().unwrap();
    assert_eq!((&one["kind"], &one["counts"]), (&"scan".into(), &true.into()));
    place.verify(&[]).yes().says("DECLARED");
    // Signed by somebody else.
    let other = crate::run::key("p384.key.pem");
    place.run([
        "scan",
        "--attest",
        "--key",
        other.to_str().unwrap(),
        "m",
        "--fail-on",
        "high",
    ]);
    let counts: Vec<_> = listed(&[])
        .iter()
        .map(|one| one["counts"].as_bool().unwrap())
        .collect();
    assert_eq!(counts.iter().filter(|counts| **counts).count(), 1);
    assert_eq!(counts.len(), 2);
    // About an earlier state.
    place.write("m/config.json", "{\"model_type\": \"other\"}");
    place.sign(&[]).yes();
    assert!(listed(&[]).iter().all(|one| one["counts"] == false));
    place
        .verify(&[])
        .yes()
        .says("not counted: it is about another model");
}

/// X11: what only shows when the files of a folder are seen together.
#[test]
fn templates_of_one_model_are_compared_over_the_files_of_a_folder() {
    let place = Place::new();
    let gguf = |template: &str| {
        let mut file = b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0".to_vec();
        for text in ["tokenizer.chat_template", template] {
            if text == template {
                file.extend([8, 0, 0, 0]);
            }
            file.extend((text.len() as u64).to_le_bytes());
            file.extend(text.as_bytes());
        }
        file.resize(file.len().next_multiple_of(32), 0);
        file
    };
    place.write("m/tiny-Q4_K_M.gguf", gguf("{{ messages[0].content }}"));
    place.write("m/tiny-Q8_0.gguf", gguf("{{ messages[0].content }}"));
    let findings = || {
        let json = place.run(["scan", "m", "--json"]).json();
        let files = json["result"]["files"].as_array().unwrap().clone();
        files
            .iter()
            .map(|file| file["findings"].as_array().unwrap().len())
            .sum::<usize>()
    };
    assert_eq!(findings(), 0);
    place.write("m/tiny-Q8_0.gguf", gguf("{{ messages[0].content }} buy more"));
    assert!(findings() > 0);
}

/// Files that each take more memory than is shared, among small ones.
fn hungry() -> Place {
    let place = Place::new();
    // Five million lists, each kept in the memo.
    let mut memo = b"\x80\x04N".to_vec();
    memo.extend(b"]\x94".repeat(2_900_000));
    memo.push(b'.');
    // A source file as large as is read, with a call in each line.
    let mut source = b"import os\n".to_vec();
    source.extend(b"(os.system)((a+b)*c)[d]\n".repeat(30_000));
    for number in 0..3 {
        place.write(&format!("m/{number}.pkl"), &memo);
        place.write(&format!("m/{number}.py"), &source);
        place.write(&format!("m/{number}.safetensors"), weights());
    }
    place.write("m/many.pkl", {
        let stream = |number| format!("\u{0}cmod{number}\nname\n)R.").into_bytes();
        let streams = (0..3000)
            .map(stream)
            .map(|stream| [b"\x80\x02", &stream[1..]].concat());
        streams.collect::<Vec<_>>().concat()
    });
    place
}

#[test]
fn what_takes_much_memory_has_the_same_answer_on_any_number_of_threads() {
    let place = hungry();
    let alone = place.run(["scan", "--json", "--jobs", "1", "m"]);
    assert_eq!(alone.code, 1);
    for jobs in ["2", "4", "8"] {
        let ran = place.run(["scan", "--json", "--jobs", jobs, "m"]);
        assert_eq!(ran.code, 1, "{jobs}");
        assert!(ran.stdout == alone.stdout, "{jobs}");
    }
    let scanned: Value = serde_json::from_str(&alone.stdout).unwrap();
    let files = scanned["result"]["files"].as_array().unwrap();
    let many = files.iter().find(|file| file["file"] == "m/many.pkl").unwrap();
    assert_eq!(many["findings"].as_array().unwrap().len(), 1000);
    assert!(many["findings_left_out"].as_u64().unwrap() >= 2000, "{many:#}");
    assert!(many["worst_left_out"].is_string());
}

#[test]
fn a_baseline_covers_nothing_that_was_not_listed() {
    let place = hungry();
    let _ = place.run(["scan", "--json", "-o", "base.json", "m/many.pkl"]);
    let ran = place.run(["scan", "--baseline", "base.json", "m/many.pkl"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("left out: ") && ran.stdout.contains("1000 known"),
        "{}",
        ran.stdout
    );
}
