//! `weightlock inspect`.

use std::{fs, os::unix::fs::symlink};

use serde_json::Value;
use weightlock::commands::inspect::Inspection;

use crate::{
    models::{tiny, weights},
    run::{Place, Ran},
};

/// The standing of one answer.
fn standing(place: &Place, question: &str) -> (i32, Value) {
    let ran = place.run(["inspect", "tiny", "--json"]);
    let answer = ran.document::<Inspection>()["result"]["answers"][question]["standing"].clone();
    (ran.code, answer)
}

#[test]
fn six_answers_on_one_screen() {
    let place = Place::new();
    tiny(&place, "tiny");
    let ran = place.run(["inspect", "./tiny"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout, @r"
    ./tiny   TinyModel, 40 parameters, F32, safetensors, 434 B in 3 files

      who         UNKNOWN    no signature
                             -> if the model is yours: weightlock sign --key KEY ./tiny
      unchanged   UNKNOWN    nothing to compare with
      executes    INFERRED   no code on load; every byte accounted for
      made how    DECLARED   made from org/base; no provenance
      may we use  DECLARED   licence apache-2.0
      behaves     UNKNOWN    nothing was run, and there is nothing to compare with

    read: everything but the numbers of the weights; nothing was hashed or run
    ");
}

#[test]
fn nothing_is_verified_that_was_not_checked() {
    let place = Place::new();
    tiny(&place, "tiny");
    let json = place.run(["inspect", "tiny", "--json"]).document::<Inspection>();
    let answers = json["result"]["answers"].as_object().unwrap();
    assert_eq!(answers.len(), 6);
    assert!(answers.values().all(|answer| answer["standing"] != "verified"));
    assert_eq!(json["result"]["model"]["parameters"], 40);
}

#[test]
fn what_can_run_code_is_named() {
    let place = Place::new();
    tiny(&place, "tiny");
    place.write("tiny/old.bin", b"\x80\x02}q\0.");
    place.write("tiny/modeling_\u{1b}[31m.py", "");
    place.write(
        "tiny/config.json",
        r#"{"auto_map": {"AutoModel": "modeling.Tiny"}}"#,
    );
    let out = place.run(["inspect", "tiny"]).stdout;
    assert!(
        out.contains("executes    INFERRED   comes with code, in which nothing dangerous was found"),
        "{out}"
    );
    for line in [
        "config.json: asks for code that comes with a model",
        "modeling_\\u{1b}[31m.py: code, or a program",
        "old.bin: a pickle, or an archive or stream in which loaders look for one",
    ] {
        assert!(out.contains(line), "{out}");
    }
}

#[test]
fn what_runs_code_when_it_is_loaded_is_said_with_what_it_calls() {
    let place = Place::new();
    tiny(&place, "tiny");
    place.write(
        "tiny/old.bin",
        b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.",
    );
    let out = place.run(["inspect", "tiny"]).stdout;
    for line in [
        "executes    INFERRED   can run code or reach other files when it is loaded: 1 finding",
        "old.bin: critical[pickle-code-execution]",
        "-> weightlock scan tiny",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
}

#[test]
fn what_was_not_understood_or_not_looked_at_is_unknown() {
    let place = Place::new();
    tiny(&place, "tiny");
    symlink("config.json", place.path("tiny/link")).unwrap();
    assert_eq!(standing(&place, "executes"), (0, "unknown".into()));
    fs::remove_file(place.path("tiny/link")).unwrap();
    assert_eq!(standing(&place, "executes"), (0, "inferred".into()));
    place.write("tiny/blob.bin", b"\xff\xfd\xfe\0");
    assert_eq!(standing(&place, "executes"), (0, "unknown".into()));
}

#[test]
fn a_broken_file_has_failed() {
    let place = Place::new();
    tiny(&place, "tiny");
    let whole = weights();
    place.write("tiny/model.safetensors", &whole[..whole.len() - 1]);
    let ran = place.run(["inspect", "tiny"]);
    assert_eq!(ran.refusal(), (1, vec!["WL-FORMAT-RANGE"]));
    assert!(
        ran.stdout.contains("unchanged   FAILED     damaged, or made so"),
        "{}",
        ran.stdout
    );
    assert_eq!(standing(&place, "unchanged"), (1, "failed".into()));
    place.write("tiny/model.safetensors", &whole);
    assert_eq!(standing(&place, "unchanged"), (0, "unknown".into()));
}

#[test]
fn a_missing_shard_has_failed() {
    let place = Place::new();
    tiny(&place, "tiny");
    place.write(
        "tiny/model.safetensors.index.json",
        r#"{"metadata": {}, "weight_map": {"a.weight": "model.safetensors", "c": "gone.safetensors"}}"#,
    );
    let ran = place.run(["inspect", "tiny"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("gone.safetensors is missing"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_signature_that_was_not_checked_is_a_claim_and_a_broken_one_fails() {
    let place = Place::new();
    tiny(&place, "tiny");
    place.write(
        "tiny/model.sig",
        r#"{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {"hint": "4f\u001b[2J"}, "tlogEntries": []},
            "dsseEnvelope": {"payload": "e30=", "payloadType": "application/vnd.in-toto+json",
                             "signatures": [{"sig": "AA==", "keyid": ""}]}}"#,
    );
    let ran = place.run(["inspect", "tiny"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout
            .contains("who         DECLARED   signed with a key whose hint is 4f\\u{1b}[2J; not checked"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("-> weightlock verify --key PUBLIC_KEY tiny"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("unchanged   UNKNOWN    not compared with the signature"),
        "{}",
        ran.stdout
    );
    place.write("tiny/model.sig", "{}");
    assert_eq!(standing(&place, "who"), (1, "failed".into()));
}

#[test]
fn licence_and_origin_are_unknown_without_a_claim() {
    let place = Place::new();
    place.write("tiny/model.safetensors", weights());
    place.write("tiny/LICENSE", "do what you want");
    assert_eq!(standing(&place, "may_we_use"), (0, "unknown".into()));
    assert_eq!(standing(&place, "made_how"), (0, "unknown".into()));
    let out = place.run(["inspect", "tiny"]).stdout;
    assert!(
        out.contains("LICENSE: a licence text that was not recognised"),
        "{out}"
    );
}

#[test]
fn what_is_no_model_is_no_answer() {
    let place = Place::new();
    place.write("notes/a.txt", "hello");
    assert_eq!(
        place.run(["inspect", "notes"]).refusal(),
        (3, vec!["WL-INSPECT-NOTHING-KNOWN"])
    );
    assert_eq!(
        place.run(["inspect", "none"]).refusal(),
        (4, vec!["WL-IO-NOT-FOUND"])
    );
    assert_eq!(place.run(["inspect"]).code, 2);
}

#[test]
fn a_name_that_a_shell_would_obey_is_quoted_in_commands() {
    let place = Place::new();
    tiny(&place, "my $(model)");
    let out = place.run(["inspect", "my $(model)"]).stdout;
    assert!(out.contains("weightlock sign --key KEY 'my $(model)'"), "{out}");
}

#[test]
fn every_hint_names_a_verb_of_this_program() {
    let place = Place::new();
    tiny(&place, "tiny");
    let help = place.run(["help"]).stdout;
    let out = place.run(["inspect", "tiny"]).stdout;
    for (at, _) in out.match_indices("weightlock ") {
        let verb = out[at..].split_whitespace().nth(1).unwrap();
        assert!(
            help.contains(&format!("\n  {verb} ")),
            "{verb} is no verb:\n{help}"
        );
    }
}

/// A no to the signature of one who counts is heard, also where nobody demands one.
#[test]
fn a_broken_signature_is_told_whatever_is_demanded() {
    let place = Place::with_model();
    let key = crate::attest::path("p256.key.pem");
    let policy = |require: &str| {
        place.write(
            "policy.toml",
            format!(
                "version = 1\nmode = \"development\"\n[identity.us]\nkey = \"{}\"\n[signers]\noms = [\"us\"]\n[require]\n{require}\n",
                crate::attest::path("p256.pub.pem")
            ),
        );
    };
    let ask =
        |verb: &str, more: &[&str]| place.run([&[verb, "--policy", "policy.toml"], more, &["m"]].concat());
    assert_eq!(place.run(["sign", "--key", &key, "m"]).code, 0);
    let (license, skipped) = ("formats = { deny = [\"pickle\"] }", ["--skip", "signature_valid"]);
    policy(license);
    assert_eq!(ask("inspect", &[]).code, 0);
    let ran = place.run(["gate", "--policy", "policy.toml", "m"]);
    assert!(!ran.stderr.contains("WL-SIG"), "{ran:#?}");
    place.flip("m/model.safetensors", 2_000_000, 1);
    let ran = ask("inspect", &[]);
    assert_eq!(ran.refusal(), (1, vec!["WL-SIG-TAMPERED"]), "{ran:#?}");
    // The gate says what the policy says, and notes it.
    let ran = place.run(["gate", "--policy", "policy.toml", "m"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stderr.contains("WL-SIG-TAMPERED"), "{ran:#?}");
    policy(&format!("signature = true\n{license}"));
    let ran = ask("inspect", &skipped);
    assert_eq!(ran.refusal(), (1, vec!["WL-SIG-TAMPERED"]), "{ran:#?}");
    let ran = ask("inspect", &[]);
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-SIGNATURE"]), "once: {ran:#?}");
}

/// Where a policy allows, nothing needs to be known besides; without one, more kinds of weights are known.
#[test]
fn what_is_allowed_need_not_be_known() {
    let place = Place::new();
    place.write("m/notes.json", "{}");
    let policy = |below: &str| {
        place.write(
            "policy.toml",
            format!("version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[require]\nformats = {{ deny = [\"{below}\"] }}\n"),
        );
    };
    policy("pickle");
    let asked = ["inspect", "--policy", "policy.toml", "m"];
    assert_eq!(place.run(asked).code, 0);
    assert_eq!(
        place.run(["inspect", "m"]).refusal(),
        (3, vec!["WL-INSPECT-NOTHING-KNOWN"])
    );
    policy("json");
    assert_eq!(place.run(asked).code, 1);
    let known = |files: &[(&str, &[u8])]| {
        let place = Place::new();
        for (name, content) in files {
            place.write(&format!("m/{name}"), content);
        }
        place.run(["inspect", "m"]).code
    };
    let graph: (&str, &[u8]) = (
        "model.xml",
        b"<?xml version=\"1.0\"?>\n<net name=\"m\" version=\"11\"></net>\n",
    );
    assert_eq!(known(&[graph, ("model.bin", &[0x9a; 300])]), 0);
    assert_eq!(known(&[graph]), 3);
    assert_eq!(known(&[("flax_model.msgpack", b"\x81\xa1a\x81\xa1b\x01")]), 0);
    assert_eq!(known(&[("flax_model.txt", b"words\n")]), 3);
}

/// An index of a download that left out what it names.
#[test]
fn an_index_that_is_left_over_is_said_to_be_so() {
    let place = Place::with_model();
    place.write(
        "policy.toml",
        "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[require]\nformats = { deny = [\"pickle\"] }\n",
    );
    let gate = || place.run(["gate", "--policy", "policy.toml", "m"]);
    assert_eq!(gate().code, 0);
    let index = "pytorch_model.bin.index.json";
    let text = r#"{"metadata": {"total_size": 1}, "weight_map": {"a": "pytorch_model-00001-of-00001.bin"}}"#;
    place.write(&format!("m/{index}"), text);
    let ran = gate();
    assert_eq!(ran.refusal(), (3, vec!["WL-POLICY-INCOMPLETE"]), "{ran:#?}");
    assert!(ran.stderr.contains("rm -- "), "{ran:#?}");
    assert!(ran.stderr.contains(index), "{ran:#?}");
    let out = place.run(["inspect", "m"]).stdout;
    assert!(out.contains("not whole: files are missing"), "{out}");
    assert!(!out.contains("damaged"), "{out}");
    // Where safetensors are not whole, either, what lists the weights is needed.
    fs::remove_file(place.path("m/model.safetensors")).unwrap();
    let ran = gate();
    assert_eq!(ran.refusal(), (3, vec!["WL-POLICY-INCOMPLETE"]), "{ran:#?}");
    assert!(!ran.stderr.contains("rm -- "), "{ran:#?}");
}

/// With a policy, what was checked is told as checked, and the exit code is that of the gate.
#[test]
fn a_policy_makes_answers_of_what_was_only_seen() {
    let place = Place::with_model();
    let key = crate::attest::path("p256.key.pem");
    place.write(
        "policy.toml",
        format!(
            "version = 1\nmode = \"development\"\n[identity.us]\nkey = \"{}\"\n[signers]\noms = [\"us\"]\n[require]\nsignature = true\n",
            crate::attest::path("p256.pub.pem")
        ),
    );
    let inspect = |more: &[&str]| place.run([&["inspect", "--json"], more, &["m"]].concat());
    let standings = |ran: &Ran| {
        let answers = ran.document::<Inspection>()["result"]["answers"].clone();
        ["who", "unchanged", "may_we_use"]
            .map(|question| answers[question]["standing"].as_str().unwrap().to_owned())
    };
    let policy = ["--policy", "policy.toml"];
    let ran = inspect(&policy);
    assert_eq!(
        (ran.code, standings(&ran)),
        (1, ["unknown", "unknown", "failed"].map(str::to_owned)),
        "{ran:#?}"
    );
    assert_eq!(place.run(["sign", "--key", &key, "m"]).code, 0);
    let ran = inspect(&policy);
    assert_eq!(
        (ran.code, standings(&ran)),
        (0, ["verified", "verified", "verified"].map(str::to_owned)),
        "{ran:#?}"
    );
    assert_eq!(
        ran.document::<Inspection>()["result"]["verdict"]["decision"],
        "allow"
    );
    let ran = inspect(&[]);
    assert_eq!(
        standings(&ran)[..2],
        ["declared", "unknown"].map(str::to_owned),
        "nothing was checked: {ran:#?}"
    );
    place.write("m/more.py", "print()");
    let ran = inspect(&policy);
    assert_eq!(
        (ran.code, standings(&ran)),
        (1, ["declared", "failed", "failed"].map(str::to_owned)),
        "{ran:#?}"
    );
}

/// The page of `tiny`.
fn page(place: &Place, more: &[&str]) -> Ran {
    place.run([&["inspect", "--format", "html"], more, &["tiny"]].concat())
}

#[test]
fn the_page_says_what_the_screen_says() {
    let place = Place::new();
    tiny(&place, "tiny");
    let ran = page(&place, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let screen = place.run(["inspect", "tiny", "--json"]).document::<Inspection>();
    for answer in screen["result"]["answers"].as_object().unwrap().values() {
        let says = format!("<p class=\"says\">{}</p>", answer["says"].as_str().unwrap());
        assert!(ran.stdout.contains(&says), "{says}");
    }
    for told in [
        "NO VERDICT",
        "a.weight",
        "4 × 8",
        "README.md:base_model",
        "<bdi class=\"name\" translate=\"no\">model.safetensors</bdi>",
        "nothing was hashed or run",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    let answers = ran.stdout.split("<section id=\"contradictions\"").next().unwrap();
    assert!(answers.contains(">DECLARED<") && !answers.contains(">VERIFIED<"));
}

/// Same model, same bytes; the time stands there only where somebody states it, or a verdict was made.
#[test]
fn the_page_of_the_same_model_is_the_same() {
    let place = Place::new();
    tiny(&place, "tiny");
    let first = page(&place, &[]).stdout;
    assert_eq!(first, page(&place, &[]).stdout);
    assert!(!first.contains("Time: "));
    let stated = |value: &str| {
        let arguments = ["inspect", "--format", "html", "tiny"];
        Ran::of(place.command(arguments).env("SOURCE_DATE_EPOCH", value))
    };
    assert!(
        stated("1782000000")
            .stdout
            .contains("Time: 2026-06-21T00:00:00Z, as SOURCE_DATE_EPOCH states")
    );
    assert_eq!(stated("yesterday").refusal(), (2, vec!["WL-CLI-USAGE"]));
}

#[test]
fn the_page_goes_into_a_file_and_the_exit_code_stays() {
    let place = Place::new();
    tiny(&place, "tiny");
    let ran = page(&place, &["-o", "report.html"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    let written = fs::read_to_string(place.path("report.html")).unwrap();
    assert_eq!(written, page(&place, &[]).stdout);
    place.write("tiny/model.safetensors", &weights()[..20]);
    let ran = page(&place, &["-o", "report.html", "--replace"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    let broken = fs::read_to_string(place.path("report.html")).unwrap();
    assert!(broken.contains("badge failed\">FAILED") && broken.ends_with("</html>\n"));
    // What cannot be looked at has no page, and what was there stays.
    let again = [
        "inspect",
        "--format",
        "html",
        "--replace",
        "-o",
        "report.html",
        "none",
    ];
    let ran = place.run(again);
    assert_eq!(ran.refusal(), (4, vec!["WL-IO-NOT-FOUND"]));
    assert_eq!(fs::read_to_string(place.path("report.html")).unwrap(), broken);
    let ran = page(&place, &["-o", "no/folder/report.html"]);
    assert_eq!(ran.code, 4, "{ran:#?}");
}

#[test]
fn json_goes_into_a_file_too_and_other_verbs_have_no_page() {
    let place = Place::new();
    tiny(&place, "tiny");
    let ran = place.run(["inspect", "--json", "-o", "report.json", "tiny"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    let text = fs::read_to_string(place.path("report.json")).unwrap();
    assert_eq!(text, place.run(["inspect", "--json", "tiny"]).stdout);
    assert_eq!(place.run(["scan", "--format", "html", "tiny"]).code, 2);
}

/// More evidence than is read is no missing evidence.
#[test]
fn evidence_that_cannot_be_listed_is_told_on_the_page() {
    let place = Place::new();
    tiny(&place, "tiny");
    assert!(page(&place, &[]).stdout.contains("Nothing is signed"));
    for number in 0..1001 {
        place.write(
            &format!("tiny/.weightlock/evidence/bom-{number:016x}.sigstore.json"),
            "{}",
        );
    }
    let text = page(&place, &[]).stdout;
    assert!(
        !text.contains("Nothing is signed")
            && text.contains("folder of evidence")
            && text.contains("DOES NOT COUNT"),
        "{text}"
    );
}

/// File names, metadata and cards are a stranger's.
#[test]
fn hostile_names_are_text_on_the_page() {
    let place = Place::new();
    tiny(&place, "tiny");
    place.write("tiny/<script>alert(1)<script>.py", "import os");
    place.write(
        "tiny/\"onload='x'\u{202e}\u{1b}[2J.bin",
        b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.",
    );
    place.write(
        "tiny/README.md",
        "---\nlicense: </style><script>\nbase_model: javascript:alert(1)\n---\n# x\n",
    );
    // An unpaired surrogate is refused by the reader of JSON, and told.
    place.write("tiny/generation_config.json", r#"{"a": "\ud800<b>"}"#);
    let text = page(&place, &[]).stdout;
    assert!(
        !text.contains("<script") && !text.contains("javascript:alert(1)\""),
        "{text}"
    );
    assert!(!text.contains(['\u{202e}', '\u{1b}']));
    for told in [
        "&lt;script&gt;alert(1)&lt;script&gt;.py",
        "&quot;onload=&#39;x&#39;\\u{202e}\\u{1b}[2J.bin",
        "&lt;/style&gt;&lt;script&gt;",
        "CRITICAL",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
}

/// `made how` and `behaves` of `m`.
fn made_and_behaves(place: &Place, more: &[&str]) -> [Value; 2] {
    let ran = place.run([&["inspect", "--json"], more, &["m"]].concat());
    let answers = ran.document::<Inspection>()["result"]["answers"].clone();
    ["made_how", "behaves"].map(|question| answers[question].clone())
}

/// Nothing is said not to be there that was not looked for: without a policy it lies there, with one it counts or does not.
#[test]
fn provenance_and_evaluations_are_looked_for_before_they_are_missed() {
    let place = crate::attest::place();
    let key = crate::attest::path("p256.key.pem");
    place.write(
        "m/README.md",
        "---\nmodel-index:\n- name: m\n  results:\n  - task: {type: text-classification}\n    \
         dataset: {type: d, name: D}\n    metrics: [{type: accuracy, value: 0.9}]\n---\n# m\n",
    );
    let none = [
        "no provenance, and no base model is named",
        "nothing was run, and there is nothing to compare with",
    ];
    for (answer, says) in made_and_behaves(&place, &[]).iter().zip(none) {
        assert_eq!(
            (&answer["standing"], &answer["says"]),
            (&"unknown".into(), &says.into())
        );
    }
    assert_eq!(place.run(["attest", "evaluation", "--key", &key, "m"]).code, 0);
    let attested = crate::attest::attest(&place, "p256.key.pem", "slsaprovenance1", "provenance.json", &[]);
    assert_eq!(attested.code, 0, "{attested:#?}");
    let [made, behaves] = made_and_behaves(&place, &[]);
    assert_eq!(made["says"], "provenance lies there; not checked");
    assert_eq!(
        behaves["says"],
        "1 evaluation lies there; not checked, and nothing was run"
    );
    for answer in [&made, &behaves] {
        assert_eq!(answer["standing"], "declared");
        assert!(
            answer["details"][0].as_str().unwrap().ends_with("not checked"),
            "{answer:#}"
        );
    }
    let policy = |signers: &str| {
        let text = format!(
            "version = 1\nmode = \"development\"\n[identity.us]\nkey = \"{}\"\n[signers]\n{signers}\n[require]\nsignature = true\n",
            crate::attest::path("p256.pub.pem")
        );
        place.write("policy.toml", text);
        made_and_behaves(&place, &["--policy", "policy.toml"])
    };
    let [made, behaves] = policy("oms = [\"us\"]");
    assert_eq!(
        made["says"],
        "provenance lies there and does not count, and no base model is named"
    );
    assert_eq!(
        behaves["says"],
        "nothing was run; 1 evaluation lies there, of which none counts"
    );
    for answer in [&made, &behaves] {
        assert_eq!(answer["standing"], "unknown");
        assert!(
            answer["details"][0]
                .as_str()
                .unwrap()
                .contains(": does not count: signed by "),
            "{answer:#}"
        );
    }
    // By somebody who counts: the one is judged, the other is their word.
    let [made, behaves] = policy("provenance = [\"us\"]\nevaluation = [\"us\"]");
    assert_eq!(behaves["says"], "1 measured value stated by us");
    assert_eq!(
        made["standing"], "unknown",
        "of a type that nobody knows: {made:#}"
    );
    assert!(
        made["details"][0].as_str().unwrap().contains("does not count: "),
        "{made:#}"
    );
}

/// What cannot be listed is not missing.
#[test]
fn evidence_that_cannot_be_listed_leaves_no_answer() {
    let place = Place::with_model();
    for number in 0..1001 {
        place.write(
            &format!("m/.weightlock/evidence/bom-{number:016x}.sigstore.json"),
            "{}",
        );
    }
    for answer in made_and_behaves(&place, &[]) {
        assert_eq!(answer["standing"], "unknown");
        let says = answer["says"].as_str().unwrap();
        assert!(
            says.contains("is not known: ") && !says.contains("no provenance"),
            "{says}"
        );
    }
}

/// That something cannot be read is no result of a check: it is told with its reason, as `verify` tells it.
#[test]
fn a_signature_that_cannot_be_read_is_unknown() {
    let place = Place::with_model();
    assert_eq!(place.sign(&[]).code, 0);
    fs::rename(place.path("m/model.sig"), place.path("kept.sig")).unwrap();
    type Make = fn(&Place);
    let cases: [(&str, i32, Make); 2] = [
        ("WL-ART-SYMLINK", 1, |place| {
            symlink("../kept.sig", place.path("m/model.sig")).unwrap()
        }),
        ("WL-ART-SPECIAL-FILE", 1, |place| {
            fs::create_dir(place.path("m/model.sig")).unwrap()
        }),
    ];
    for (code, exit, make) in cases {
        make(&place);
        let ran = place.run(["inspect", "--json", "m"]);
        let answers = ran.document::<Inspection>()["result"]["answers"].clone();
        assert_eq!((ran.code, ran.codes()), (exit, vec![code.to_owned()]), "{ran:#?}");
        assert_eq!(place.verify(&[]).refusal(), (exit, vec![code]));
        for question in ["who", "unchanged"] {
            assert_eq!(answers[question]["standing"], "unknown", "{answers:#}");
            assert_eq!(answers[question]["checks"], serde_json::json!([]));
        }
        let path = place.path("m/model.sig");
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }
}

/// A report is no file of the model, and replaces nothing unless that is asked for.
#[test]
fn a_report_replaces_nothing_and_is_no_file_of_the_model() {
    let place = Place::new();
    tiny(&place, "tiny");
    place.write("release.key", "secret");
    fs::create_dir(place.path("reports")).unwrap();
    symlink("../tiny", place.path("reports/link")).unwrap();
    let weights = fs::read(place.path("tiny/model.safetensors")).unwrap();
    let write =
        |target: &str, more: &[&str]| place.run([&["inspect", target, "--json", "-o"], more].concat());
    for (target, output) in [
        ("tiny", "tiny/model.safetensors"),
        ("tiny", "tiny/report.json"),
        ("tiny", "tiny/new/report.json"),
        ("tiny", "reports/link/report.json"),
        ("tiny", "tiny"),
        ("tiny/model.safetensors", "tiny/model.safetensors"),
        ("tiny/model.safetensors", "reports/link/model.safetensors"),
    ] {
        for more in [&[output][..], &[output, "--replace"]] {
            let ran = write(target, more);
            assert_eq!(
                (ran.code, ran.codes()),
                (2, vec!["WL-CLI-USAGE".to_owned()]),
                "{output}: {ran:#?}"
            );
        }
    }
    assert!(!place.path("tiny/report.json").exists() && !place.path("tiny/new").exists());
    assert_eq!(fs::read(place.path("tiny/model.safetensors")).unwrap(), weights);
    let ran = write("tiny", &["release.key"]);
    assert_eq!(ran.codes(), ["WL-SIG-EXISTS"], "{ran:#?}");
    assert_ne!(ran.code, 0);
    assert_eq!(fs::read_to_string(place.path("release.key")).unwrap(), "secret");
    assert_eq!(write("tiny", &["reports/new.json"]).code, 0);
    assert_eq!(write("tiny", &["reports/new.json", "--replace"]).code, 0);
    assert_eq!(place.run(["inspect", "--replace", "tiny"]).code, 2);
}

/// Where the judging was stopped, a policy was named; where names of blobs were recomputed, bytes were read.
#[test]
fn the_page_says_what_was_asked_and_read() {
    let place = Place::new();
    tiny(&place, "tiny");
    symlink("config.json", place.path("tiny/link")).unwrap();
    place.write(
        "policy.toml",
        "version = 1\nmode = \"development\"\n[require]\ncoverage = true\n",
    );
    let ran = page(&place, &["--policy", "policy.toml"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    for told in ["NOT JUDGED", "the judging was stopped", "WL-ART-SYMLINK"] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    for untrue in [
        "No policy was applied",
        "no policy was named",
        "Every byte was read",
    ] {
        assert!(!ran.stdout.contains(untrue), "{untrue}");
    }
    let place = Place::new();
    let snapshot = crate::layouts::hub(&place);
    for (more, read) in [
        (&[][..], "every byte, to recompute the names of blobs"),
        (
            &["--metadata-only"],
            "everything but the numbers of the weights; nothing was hashed",
        ),
    ] {
        let screen = place.run([&["inspect", snapshot], more].concat()).stdout;
        let page = place
            .run([&["inspect", "--format", "html", snapshot], more].concat())
            .stdout;
        assert!(screen.contains(&format!("\nread: {read}")), "{screen}");
        assert!(page.contains(&format!("Read: {read}")), "{page}");
        assert_eq!(page.contains("othing was hashed"), !more.is_empty(), "{page}");
    }
    // Which of several snapshots was taken is said on both.
    let page = place.run(["inspect", "--format", "html", "hub/models--org--tiny"]);
    let document = place
        .run(["inspect", "--json", "hub/models--org--tiny"])
        .document::<Inspection>();
    let chosen = document["result"]["chosen"].as_str().unwrap();
    assert!(
        page.stdout.contains(&format!("<p class=\"made\">{chosen}</p>")),
        "{chosen}: {}",
        page.stdout
    );
}

/// A file by itself is read as one in a folder is.
#[test]
fn the_page_of_a_lone_file_names_its_format() {
    let place = Place::new();
    tiny(&place, "tiny");
    let whole = place.path("tiny/model.safetensors");
    for target in ["tiny/model.safetensors", whole.to_str().unwrap()] {
        let ran = place.run(["inspect", "--format", "html", target]);
        assert!(ran.code == 0 && !ran.stdout.contains("not read"), "{ran:#?}");
        assert!(ran.stdout.contains("<div>safetensors</div>"), "{ran:#?}");
    }
    place.write("old.bin", b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.");
    let old = place.path("old.bin");
    let ran = place.run(["inspect", "--json", old.to_str().unwrap()]);
    let details = &ran.document::<Inspection>()["result"]["answers"]["executes"]["details"];
    assert!(
        details[0].as_str().unwrap().starts_with("old.bin: critical"),
        "{details:#}"
    );
}

/// What is printed to ask again asks the same.
#[test]
fn the_next_command_gives_the_same_verdict() {
    let place = Place::new();
    tiny(&place, "tiny");
    place.write(
        "a policy.toml",
        "version = 1\nmode = \"development\"\n[require]\nadvisories = true\nrevision = true\n",
    );
    place.write("a report.json", "{}");
    let asked = [
        "inspect",
        "--json",
        "--policy",
        "a policy.toml",
        "--mode",
        "staging",
        "--tier",
        "high",
        "--advisories",
        "a report.json",
        "--as",
        "org/tiny",
        "--revision",
        "main",
        "--skip",
        "scan_clean",
        "tiny",
    ];
    let first = place.run(asked).document::<Inspection>()["result"].clone();
    let next = first["answers"]["may_we_use"]["next"].as_str().unwrap();
    for part in [
        "--policy 'a policy.toml'",
        "--mode staging",
        "--tier high",
        "--advisories 'a report.json'",
        "--as org/tiny",
        "--revision main",
        "--skip scan_clean",
    ] {
        assert!(next.contains(part), "{part}: {next}");
    }
    let script = next.replacen(
        "weightlock",
        &format!("'{}'", env!("CARGO_BIN_EXE_weightlock")),
        1,
    );
    let again = place.program("/bin/sh", ["-c", &format!("HOME=$PWD/home {script} --json")]);
    let again = again.document::<weightlock::commands::verdict::VerdictTold>()["result"].clone();
    for part in ["decision", "mode", "tier", "demands", "general"] {
        assert_eq!(again[part], first["verdict"][part], "{part}");
    }
}

/// JSON has the advice that the text has.
#[test]
fn a_reason_has_its_advice_in_json_too() {
    let place = Place::new();
    place.write("notes/a.txt", "hello");
    let text = place.run(["inspect", "notes"]).stderr;
    let json = place.run(["inspect", "--json", "notes"]).document::<Inspection>();
    let help = json["reasons"][0]["help"][0].as_str().unwrap();
    assert!(text.contains(&format!("help: {help}\n")), "{help}: {text}");
}
