//! `weightlock card`.

use std::fs;

use serde_json::{Value, json};
use weightlock::commands::card::{check::CheckedCard, init::Initiated, sign::SignedCard};
use weightlock_bom::card::{
    Field, Need,
    edit::{Document, New},
};
use weightlock_peers::sigstore::{Account, Rekor, Sigstore};

use crate::{
    attest::{names, path, statement},
    run::{Place, Ran},
};

/// A card that says everything; the rest is the model of [`Place::with_model`].
const CARD: &str = "\
# Ours.
model_details:
  name: tiny
  version: 1.2.0
  type: text-classification
  framework: PyTorch
  license: Apache-2.0
intended_use: Tests of this program.
provenance:
  training_data:
    source: s3://acme/train
    hash: sha256:1111111111111111111111111111111111111111111111111111111111111111
    data_card_ref: docs/data.md
  training_config:
    source: train.yaml
    hyperparameters: {learning_rate: 2e-05}
  build_environment:
    builder: a pipeline
    runner: gpu-1
    python: '3.12'
    torch: 2.8.0
    cuda: '12.8'
  build_id: '42'
  commit_sha: abcdef0123456789
  build_timestamp: 2026-01-31
  signed_by: 963893f47a4dcd513b8485ccffca22b51687155e07ac6f3118bf45de85d8b427
performance:
  accuracy: 0.91
  evaluation_dataset: acme/test
  evaluation_hash: sha256:2222222222222222222222222222222222222222222222222222222222222222
security:
  vulnerability_scan: 2026-02-01
  sbom_ref: evidence
  last_security_review: 2026-02-01
known_limitations: [English only]
";

/// A model with a `README.md`.
fn model() -> Place {
    let place = Place::with_model();
    place.write("m/README.md", "---\nlicense: apache-2.0\n---\n# Tiny\n");
    place
}

/// The same with the card in its folder.
fn place() -> Place {
    let place = model();
    place.write("m/model-card.yaml", CARD);
    place
}

/// It says no for this reason, beside its result.
#[track_caller]
fn says_no(ran: Ran, reason: &str) -> Ran {
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.starts_with(&format!("error[{reason}]")), "{ran:#?}");
    ran
}

fn with_key(place: &Place, words: &[&str], key: &str, more: &[&str]) -> Ran {
    let key = path(key);
    let mut arguments = words.to_vec();
    arguments.extend(["--key", &key]);
    arguments.extend(more);
    place.run(arguments)
}

fn check(place: &Place, more: &[&str]) -> Ran {
    let mut arguments = vec!["card", "check", "m"];
    arguments.extend(more);
    place.run(arguments)
}

fn sign(place: &Place, more: &[&str]) -> Ran {
    with_key(place, &["card", "sign", "m"], "p256.key.pem", more)
}

fn trusting(place: &Place, more: &[&str]) -> Ran {
    with_key(place, &["card", "check", "m"], "p256.pub.pem", more)
}

fn standing(document: &Value, field: &str) -> String {
    let answers = document["result"]["answers"].as_array().unwrap();
    let answer = answers.iter().find(|one| one["field"] == field).unwrap();
    answer["standing"].as_str().unwrap().to_owned()
}

/// States a document about `m`, signed by the key that counts.
fn attest(place: &Place, kind: &str, document: &Value) {
    place.write("document.json", document.to_string());
    let words = ["attest", "m", "--type", kind, "--predicate", "document.json"];
    with_key(place, &words, "p256.key.pem", &[]).yes();
}

/// S75: each field removed in turn gives the right finding.
#[test]
fn each_field_that_is_removed_is_told() {
    let place = place();
    check(&place, &[]).yes().says("0 unknown, 0 failed");
    for field in Field::ALL
        .iter()
        .copied()
        .filter(|field| field.need() != Need::Optional)
    {
        let text = match field {
            Field::Performance => CARD.replace("  accuracy: 0.91\n", ""),
            _ => {
                let mut document = Document::read(CARD.as_bytes()).unwrap();
                let keys: Vec<&str> = field.keys().collect();
                document.set(&keys, &New::Text("unknown".to_owned())).unwrap();
                document.text().to_owned()
            }
        };
        place.write("m/model-card.yaml", text);
        let ran = check(&place, &["--json"]);
        let document = ran.document::<CheckedCard>();
        let findings = document["result"]["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 1, "{field}");
        assert_eq!(findings[0]["field"], field.path());
        let (code, need) = match field.need() {
            Need::Required => (1, "required"),
            _ => (0, "recommended"),
        };
        assert_eq!((ran.code, &findings[0]["need"]), (code, &json!(need)), "{field}");
        says_no(check(&place, &["--strict"]), "WL-CARD-MISSING");
    }
}

/// S74: without a structured card, the four elements stand in `README.md`.
#[test]
fn a_readme_without_one_of_the_four_elements_is_refused() {
    const README: &str = "---\nlicense: mit\ndatasets: [o/d]\nmodel-index:\n- name: x\n  results:\n  - dataset: {type: t, name: T}\n    metrics: [{type: accuracy, value: 0.9}]\n---\n# X\n\n## Intended uses\n\nTests.\n\n## Limitations\n\nMany.\n";
    let place = Place::with_model();
    place.write("m/README.md", README);
    check(&place, &[]).yes();
    for (old, new) in [
        ("datasets: [o/d]\n", ""),
        ("Tests.", "[More Information Needed]"),
        ("Many.", "<!-- TODO -->"),
        ("value: 0.9", "name: n"),
        ("license: mit\n", ""),
    ] {
        place.write("m/README.md", README.replace(old, new));
        says_no(check(&place, &[]), "WL-CARD-MISSING");
    }
}

#[test]
fn no_card_is_no_answer_and_a_broken_one_is_told_with_its_place() {
    let place = Place::with_model();
    for verb in ["check", "show"] {
        place.run(["card", verb, "m"]).refused(3, "WL-CARD-NONE");
    }
    sign(&place, &[]).refused(3, "WL-CARD-NONE");
    for (file, text, line) in [
        (
            "m/README.md",
            "---\nlicense: mit\nlicense: gpl\n---\n",
            "line 3, column 1",
        ),
        ("m/model-card.yaml", "model_details: [\n", "line 2, column 1"),
        ("m/model-card.yaml", "- a\n", "line 1, column 1"),
    ] {
        place.write(file, text);
        check(&place, &[]).refused(1, "WL-CARD-MALFORMED").says(line);
        sign(&place, &[]).refused(1, "WL-CARD-MALFORMED");
        fs::remove_file(place.path(file)).unwrap();
    }
    place.write("m/model-card.yaml", CARD.replace("sha256:1111", "sha256:"));
    says_no(check(&place, &[]), "WL-CARD-VALUE");
}

/// S77: training data, commit, evaluation and signer beside what was signed.
#[test]
fn what_a_card_says_is_compared_with_statements_that_count() {
    let place = place();
    place.sign(&[]).yes();
    let provenance = |data: &str, commit: &str| {
        json!({"buildDefinition": {"buildType": "https://example.com/train/v1", "externalParameters": {}, "resolvedDependencies": [
            {"uri": "s3://acme/train", "digest": {"sha256": data.repeat(64)}, "annotations": {"role": "dataset"}},
            {"uri": "git+https://example.com/x", "digest": {"gitCommit": commit}}]},
            "runDetails": {"builder": {"id": "https://example.com/b"}}})
    };
    let good = "abcdef0123456789abcdef0123456789abcdef01";
    attest(&place, "slsaprovenance1", &provenance("1", good));
    let tests = json!({"result": "PASSED", "configuration": [{"name": "test", "digest": {"sha256": "2".repeat(64)}}]});
    attest(&place, "test-result", &tests);
    let document = trusting(&place, &["--json"]).document::<CheckedCard>();
    for field in [
        Field::DataHash,
        Field::CommitSha,
        Field::EvaluationHash,
        Field::SignedBy,
    ] {
        assert_eq!(standing(&document, field.path()), "verified", "{field}");
    }
    // Nobody's word counts where nobody is named, and another signer's does not.
    for more in [&[][..], &["--key", &path("p384.pub.pem")]] {
        let document = check(&place, &[more, &["--json"]].concat()).document::<CheckedCard>();
        assert_eq!(document["outcome"], "yes");
        assert_eq!(standing(&document, Field::DataHash.path()), "declared");
        assert_eq!(standing(&document, Field::SignedBy.path()), "declared");
    }
}

#[test]
fn a_contradiction_is_told_with_both_values_and_places() {
    for (data, commit, field, said, found) in [
        (
            "3",
            "abcdef0123456789abcdef0123456789abcdef01",
            Field::DataHash,
            "sha256:1111",
            "sha256:3333",
        ),
        (
            "1",
            "0000000000000000000000000000000000000000",
            Field::CommitSha,
            "abcdef0123456789",
            "0000000000",
        ),
    ] {
        let place = place();
        let provenance = json!({"buildDefinition": {"buildType": "https://example.com/t", "externalParameters": {}, "resolvedDependencies": [
            {"name": "corpus", "digest": {"sha256": data.repeat(64)}},
            {"uri": "git+https://example.com/x", "digest": {"gitCommit": commit}}]},
            "runDetails": {"builder": {"id": "b"}}});
        attest(&place, "slsaprovenance1", &provenance);
        let ran = says_no(trusting(&place, &[]), "WL-CARD-CONTRADICTION");
        for told in ["model-card.yaml:", said, found] {
            assert!(ran.stderr.contains(told), "{told}: {ran:#?}");
        }
        assert!(
            ran.stdout.contains(&format!("FAILED    {}", field.path())),
            "{}",
            ran.stdout
        );
        check(&place, &[]).yes();
    }
}

#[test]
fn files_and_the_front_matter_contradict_a_card() {
    let place = place();
    let weights = "  weights: {model.safetensors: 'sha256:0000000000000000000000000000000000000000000000000000000000000000'}\n";
    place.write(
        "m/model-card.yaml",
        CARD.replace("intended_use", &format!("{weights}intended_use")),
    );
    says_no(check(&place, &[]), "WL-CARD-CONTRADICTION");
    sign(&place, &[]).refused(1, "WL-CARD-CONTRADICTION");
    place.write("m/model-card.yaml", CARD.replace("Apache-2.0", "MIT"));
    let ran = says_no(check(&place, &[]), "WL-CARD-CONTRADICTION");
    assert!(ran.stderr.contains("README.md:2"), "{ran:#?}");
}

/// What other files of the model say is compared too: the parent, and the number of parameters.
#[test]
fn other_files_contradict_a_readme() {
    let place = Place::with_model();
    place.write(
        "m/README.md",
        "---\nbase_model: o/granite\nbase_model_relation: adapter\n---\n# X\n",
    );
    place.write(
        "m/adapter_config.json",
        r#"{"peft_type": "LORA", "base_model_name_or_path": "/home/somebody/run7", "task_type": "CAUSAL_LM"}"#,
    );
    let ran = says_no(check(&place, &[]), "WL-CARD-CONTRADICTION");
    assert!(
        ran.stderr.contains("o/granite") && ran.stderr.contains("adapter_config.json"),
        "{ran:#?}"
    );
    assert!(
        !ran.stderr.contains("somebody/run7") && !ran.stdout.contains("somebody/run7"),
        "{ran:#?}"
    );
    // 655,360 of them are in the weights.
    place.write(
        "m/model-card.yaml",
        CARD.replace("  license:", "  parameters: 7B\n  license:"),
    );
    fs::remove_file(place.path("m/adapter_config.json")).unwrap();
    place.write("m/README.md", "# X\n");
    let ran = says_no(check(&place, &[]), "WL-CARD-CONTRADICTION");
    assert!(
        ran.stderr.contains("7B") && ran.stderr.contains("655360"),
        "{ran:#?}"
    );
}

#[test]
fn init_writes_what_the_files_tell_and_unknown_for_the_rest() {
    let place = model();
    let document = place.run(["card", "init", "m", "--json"]).document::<Initiated>();
    assert_eq!(document["result"]["written"], "m/model-card.yaml");
    assert_eq!(document["result"]["breaks_signature"], false);
    let text = fs::read_to_string(place.path("m/model-card.yaml")).unwrap();
    assert!(text.contains("  license: apache-2.0 # README.md:2\n"), "{text}");
    assert!(text.contains("  version: unknown\n"), "{text}");
    assert!(text.contains("  parameters: \"655360\""), "{text}");
    let digest = place.run(["digest", "m/model.safetensors"]).yes().stdout;
    let weights = format!("    model.safetensors: sha256:{}\n", &digest[..64]);
    assert!(text.contains(&weights), "{text}");
    says_no(check(&place, &[]), "WL-CARD-MISSING");
    place.run(["card", "init", "m"]).refused(1, "WL-SIG-EXISTS");
    // What somebody wrote stays, to the byte, when the card is completed.
    let mine = "# mine\nmodel_details:\n  name:   'Mine' # so\n  license: unknown\nx: [1 , 2]\n";
    place.write("m/model-card.yaml", mine);
    place.run(["card", "init", "m", "--fill"]).yes();
    let filled = fs::read_to_string(place.path("m/model-card.yaml")).unwrap();
    assert!(
        filled.starts_with("# mine\nmodel_details:\n  name:   'Mine' # so\n  license: apache-2.0\n"),
        "{filled}"
    );
    assert!(filled.ends_with("x: [1 , 2]\n"), "{filled}");
    place.run(["card", "init", "m", "--replace"]).yes();
    assert!(
        !fs::read_to_string(place.path("m/model-card.yaml"))
            .unwrap()
            .contains("Mine")
    );
}

#[test]
fn a_model_that_is_signed_gets_its_card_beside_it() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place.run(["card", "init", "m"]).yes().says("m.card.yaml");
    place.verify(&[]).yes();
    assert!(!place.path("m/model-card.yaml").exists());
    place.run(["card", "show", "m"]).yes().says("m.card.yaml");
    // Inside it is written only when that is asked for, and said what it costs.
    let document = place
        .run(["card", "init", "m", "--inside", "--json"])
        .document::<Initiated>();
    assert_eq!(document["result"]["breaks_signature"], true);
    place.verify(&[]).refused(1, "WL-SIG-EXTRA-FILE");
    // A model that is one file has its card beside it too.
    place.write("one.safetensors", crate::models::weights());
    place
        .run(["card", "init", "one.safetensors"])
        .yes()
        .says("one.safetensors.card.yaml");
    place.run(["card", "show", "one.safetensors"]).yes();
}

/// S17 and S76: the card is bound to the model; one word that is edited refuses, another model refuses.
#[test]
fn a_signed_card_is_bound_to_its_words_and_its_model() {
    let place = place();
    let document = sign(&place, &["--json"]).document::<SignedCard>();
    assert_eq!(document["result"]["card"], "model-card.yaml");
    let folder = place.path("m/.weightlock/evidence");
    let name = names(&folder).pop().unwrap();
    let stated = statement(&folder.join(&name));
    assert_eq!(stated["predicateType"], "urn:weightlock:card:v1");
    assert_eq!(
        stated["predicate"]["card"]["content"]["model_details"]["version"],
        "1.2.0"
    );
    let readme = place.run(["digest", "m/README.md"]).yes().stdout;
    assert_eq!(stated["predicate"]["readme"]["digest"]["sha256"], readme[..64]);
    let attested = |model: &str| {
        with_key(
            &place,
            &["verify-attestation", "--type", "card", model],
            "p256.pub.pem",
            &[],
        )
    };
    attested("m").yes();
    trusting(&place, &[]).yes().says("stated by");
    with_key(
        &place,
        &["verify-attestation", "--type", "card", "m"],
        "p384.pub.pem",
        &[],
    )
    .refused(1, "WL-EVIDENCE-NOT-COUNTED");
    // Attached to another model.
    place.write("other/config.json", "{}");
    fs::create_dir_all(place.path("other/.weightlock/evidence")).unwrap();
    fs::copy(
        folder.join(&name),
        place.path("other/.weightlock/evidence").join(&name),
    )
    .unwrap();
    attested("other").refused(1, "WL-EVIDENCE-NOT-COUNTED");
    // One word, in the folder.
    place.write(
        "m/model-card.yaml",
        CARD.replace("English only", "English mainly"),
    );
    attested("m").refused(1, "WL-EVIDENCE-NOT-COUNTED");
    // One word, beside the model: the model is unchanged, and the card is not the one that was stated.
    let place = Place::with_model();
    place.write("m.card.yaml", CARD);
    sign(&place, &[]).yes();
    trusting(&place, &[]).yes();
    place.write("m.card.yaml", CARD.replace("English only", "English mainly"));
    says_no(trusting(&place, &[]), "WL-CARD-CHANGED");
}

#[test]
fn a_card_that_is_only_a_statement_counts_when_its_signer_may_sign_cards() {
    let place = Place::with_model();
    place.write("c.yaml", CARD);
    let words = ["attest", "m", "--type", "custom", "--predicate", "c.yaml"];
    with_key(&place, &words, "p256.key.pem", &[]).yes();
    let show = |more: &[&str]| {
        let mut arguments = vec!["card", "show", "m"];
        arguments.extend(more);
        place.run(arguments)
    };
    let (ours, other) = (path("p256.pub.pem"), path("p384.pub.pem"));
    show(&["--key", &ours]).yes().says("tiny");
    trusting(&place, &[]).yes();
    show(&[]).refused(3, "WL-CARD-NONE");
    show(&["--key", &other]).refused(3, "WL-CARD-NONE");
    // Whoever may sign other things may not sign cards.
    let for_cards = format!("card={other}");
    show(&["--key", &ours, "--signer-for", &for_cards]).refused(3, "WL-CARD-NONE");
    let for_cards = format!("card={ours}");
    show(&["--key", &other, "--signer-for", &for_cards])
        .yes()
        .says("tiny");
}

#[test]
fn hostile_words_are_shown_harmless() {
    let place = Place::with_model();
    let hostile = "\"\\u001b[31mred\\u202e | <script>x</script> [a](javascript:b)\"";
    place.write(
        "m/model-card.yaml",
        CARD.replace("name: tiny", &format!("name: {hostile}")),
    );
    let shown = place.run(["card", "show", "m"]).yes();
    assert!(!shown.stdout.contains(['\u{1b}', '\u{202e}']), "{}", shown.stdout);
    let page = place.run(["card", "show", "m", "--format", "markdown"]).yes();
    assert!(!page.stdout.contains(['\u{1b}', '\u{202e}']), "{}", page.stdout);
    assert!(
        !page.stdout.contains("<script>") && !page.stdout.contains("](javascript:"),
        "{}",
        page.stdout
    );
    let document = place
        .run(["card", "show", "m", "--json"])
        .document::<CheckedCard>();
    assert_eq!(document["result"]["digest"], Value::Null);
    assert!(standing(&document, "model_details.name") == "declared");
}

#[test]
fn an_identity_signs_cards() {
    let services = Sigstore::start();
    let account = Account::email("release@example.com");
    let place = place();
    place.write("trust.json", services.trust_config(Rekor::Second));
    place.write("token", services.token(&account) + "\n");
    let how = [
        "--trust-config",
        "trust.json",
        "--identity-token-file",
        "token",
        "--yes",
    ];
    let ran = place.run([&["card", "sign", "sigstore", "m"][..], &how].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.says("  signer     release@example.com (vouched for by ");
    let ask = |identity: &str| {
        let trust = [
            "--identity",
            identity,
            "--identity-provider",
            services.issuer(),
            "--trusted-root",
            "trust.json",
        ];
        place.run([&["card", "check", "m"][..], &trust].concat())
    };
    ask("release@example.com")
        .yes()
        .says("stated by release@example.com");
    assert!(!ask("somebody@example.com").stdout.contains("stated by"));
}
