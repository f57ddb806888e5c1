//! `weightlock attest`, and `weightlock verify-attestation`.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use weightlock::commands::{attest::Attested, verify_attestation::Attestations};
use weightlock_peers::sigstore::{Account, Rekor, Service, Sigstore};

use crate::run::{Place, Ran, key};

/// The smallest provenance, with training data and code.
pub(crate) const PROVENANCE: &str = r#"{
  "buildDefinition": {
    "buildType": "https://example.com/train/v1",
    "externalParameters": {"rate": 0.30000000000000004},
    "resolvedDependencies": [
      {"uri": "data", "digest": {"sha256": "1111111111111111111111111111111111111111111111111111111111111111"}},
      {"uri": "code", "digest": {"gitCommit": "abcdef0123456789abcdef0123456789abcdef01"}}
    ]
  },
  "runDetails": {"builder": {"id": "https://example.com/builder"}}
}"#;

pub(crate) fn path(name: &str) -> String {
    key(name).to_str().unwrap().to_owned()
}

/// A model with documents to state about it.
pub(crate) fn place() -> Place {
    let place = Place::with_model();
    place.write("provenance.json", PROVENANCE);
    place.write(
        "bom.json",
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{}, {}]}"#,
    );
    place.write("review.json", r#"{"result": "approved"}"#);
    place
}

/// Attests `m`.
pub(crate) fn attest(place: &Place, key: &str, kind: &str, file: &str, more: &[&str]) -> Ran {
    let key = path(key);
    let mut arguments = vec!["attest", "m", "--key", &key, "--type", kind, "--predicate", file];
    arguments.extend(more);
    place.run(arguments)
}

/// The names below a folder of evidence, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|entries| {
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

/// The statement in a bundle.
pub(crate) fn statement(bundle: &Path) -> Value {
    let bundle: Value = serde_json::from_slice(&fs::read(bundle).unwrap()).unwrap();
    let payload = STANDARD
        .decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap())
        .unwrap();
    serde_json::from_slice(&payload).unwrap()
}

fn written(place: &Place, ran: &Ran) -> Value {
    let line = ran
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("  evidence   "));
    statement(&place.path(line.unwrap()))
}

/// S79: an in-toto Statement v1 about the model and each of its files.
#[test]
fn a_document_becomes_a_statement_about_the_model_and_its_files() {
    let place = place();
    let digest = place.run(["digest", "--manifest", "m"]).yes().stdout;
    let ran = attest(&place, "p256.key.pem", "slsaprovenance1", "provenance.json", &[]).yes();
    let name = &names(&place.path("m/.weightlock/evidence"))[0];
    assert_eq!(
        ran.stdout,
        format!(
            "attested m: provenance\n\
             \x20 type       https://slsa.dev/provenance/v1\n\
             \x20 about      {}   3 files, 2.5 MiB\n\
             \x20 signer     key 963893f47a4dcd513b8485ccffca22b51687155e07ac6f3118bf45de85d8b427\n\
             \x20 evidence   m/.weightlock/evidence/{name}\n",
            digest.trim()
        )
    );
    assert!(
        name.starts_with("provenance-") && name.len() == "provenance-0123456789abcdef.sigstore.json".len()
    );
    let statement = written(&place, &ran);
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    assert_eq!(
        statement["predicate"],
        serde_json::from_str::<Value>(PROVENANCE).unwrap()
    );
    let subjects = statement["subject"].as_array().unwrap();
    assert_eq!(subjects.len(), 4);
    assert_eq!(subjects[0]["name"], "m");
    assert_eq!(
        format!("sha256:{}\n", subjects[0]["digest"]["sha256"].as_str().unwrap()),
        digest
    );
    let list = place.run(["digest", "m/config.json"]).yes().stdout;
    assert_eq!(subjects[1]["name"], "config.json");
    assert!(list.starts_with(subjects[1]["digest"]["sha256"].as_str().unwrap()));
}

#[test]
fn the_json_follows_its_schema_and_nothing_is_written_in_a_dry_run() {
    let place = place();
    let ran = attest(
        &place,
        "p256.key.pem",
        "cyclonedx",
        "bom.json",
        &["--dry-run", "--json"],
    );
    let document = ran.document::<Attested>();
    assert_eq!(document["result"]["kind"], "bom");
    assert_eq!(document["result"]["written"], Value::Null);
    assert!(!place.path("m/.weightlock").exists());
    let ran = attest(
        &place,
        "p256.key.pem",
        "cyclonedx",
        "bom.json",
        &["--output", "x.json", "--json"],
    );
    assert_eq!(ran.document::<Attested>()["result"]["written"], "x.json");
    assert_eq!(
        statement(&place.path("x.json"))["predicateType"],
        "https://cyclonedx.org/bom"
    );
    assert!(!place.path("m/.weightlock").exists());
    attest(
        &place,
        "p256.key.pem",
        "cyclonedx",
        "bom.json",
        &["--output", "x.json"],
    )
    .refused(1, "WL-SIG-EXISTS");
}

/// Every signer that signs models signs statements: keys, certificates (tokens are tested with the others).
#[test]
fn a_certificate_signs_statements_too() {
    let place = place();
    let (certificate, chain, root) = (
        path("leaf.cert.pem"),
        path("intermediate-ca.cert.pem"),
        path("root-ca.cert.pem"),
    );
    let more = [
        "--signing-certificate",
        &certificate,
        "--certificate-chain",
        &chain,
    ];
    attest(&place, "leaf.key.pem", "review", "review.json", &more).yes();
    place
        .run([
            "verify-attestation",
            "m",
            "--type",
            "review",
            "--certificate-chain",
            &root,
        ])
        .yes();
    place
        .run([
            "verify-attestation",
            "m",
            "--type",
            "review",
            "--key",
            &path("p256.pub.pem"),
        ])
        .refused(1, "WL-EVIDENCE-NOT-COUNTED")
        .says("WL-SIG-METHOD");
}

#[test]
fn what_is_no_such_document_is_not_signed() {
    let place = place();
    place.write("twice.json", r#"{"a": 1, "a": 2}"#);
    place.write("list.json", "[]");
    place.write("half.json", "{");
    for (kind, file, code, reason) in [
        ("slsaprovenance1", "bom.json", 1, "WL-EVIDENCE-PREDICATE"),
        ("slsaprovenance", "provenance.json", 1, "WL-EVIDENCE-PREDICATE"),
        ("cyclonedx", "provenance.json", 1, "WL-EVIDENCE-PREDICATE"),
        ("spdxjson", "bom.json", 1, "WL-EVIDENCE-PREDICATE"),
        ("openvex", "bom.json", 1, "WL-EVIDENCE-PREDICATE"),
        ("review", "twice.json", 1, "WL-EVIDENCE-PREDICATE"),
        ("https://example.com/x", "list.json", 1, "WL-EVIDENCE-PREDICATE"),
        ("card", "half.json", 1, "WL-EVIDENCE-PREDICATE"),
        ("scan", "review.json", 1, "WL-EVIDENCE-PREDICATE"),
        ("bom", "review.json", 2, "WL-EVIDENCE-TYPE"),
        ("slsaprovenence1", "provenance.json", 2, "WL-EVIDENCE-TYPE"),
        ("leaves", "review.json", 2, "WL-EVIDENCE-TYPE"),
        ("review", "none.json", 4, "WL-IO-NOT-FOUND"),
    ] {
        let ran = attest(&place, "p256.key.pem", kind, file, &[]).refused(code, reason);
        ran.says("not attested: nothing was written");
        assert!(!place.path("m/.weightlock").exists(), "{kind} {file}");
    }
    attest(&place, "p256.key.pem", "slsaprovenence1", "provenance.json", &[])
        .says("did you mean --type slsaprovenance1 ?");
}

/// As cosign wraps it; the time is an argument.
#[test]
fn custom_data_is_wrapped_with_a_time() {
    let place = place();
    place.write("notes.txt", "free \"text\"\n");
    let private = path("p256.key.pem");
    let arguments = [
        "attest",
        "m",
        "--key",
        &private,
        "--type",
        "custom",
        "--predicate",
        "notes.txt",
    ];
    let ran = Ran::of(place.command(arguments).env("SOURCE_DATE_EPOCH", "1769817600")).yes();
    assert_eq!(
        written(&place, &ran)["predicate"],
        json!({"Data": "free \"text\"\n", "Timestamp": "2026-01-31T00:00:00Z"})
    );
    Ran::of(place.command(arguments).env("SOURCE_DATE_EPOCH", "soon")).refused(2, "WL-CLI-USAGE");
}

#[test]
fn a_predicate_can_come_from_standard_input() {
    let place = place();
    let private = path("p256.key.pem");
    let arguments = [
        "attest",
        "m",
        "--key",
        &private,
        "--type",
        "provenance",
        "--predicate",
        "-",
    ];
    let ran = place.run_with_input(&arguments, PROVENANCE).yes();
    assert_eq!(
        written(&place, &ran)["predicateType"],
        "https://slsa.dev/provenance/v1"
    );
}

#[test]
fn a_statement_made_elsewhere_is_signed_as_it_is_when_it_is_about_the_model() {
    let place = place();
    let digest = place.run(["digest", "--manifest", "m"]).yes().stdout;
    let files = files_as_subjects(&place);
    let about = |hex: &str| {
        let mut subjects = vec![json!({"name": "anything", "digest": {"sha256": hex}})];
        subjects.extend_from_slice(&files);
        json!({
            "_type": "https://in-toto.io/Statement/v0.1",
            "subject": subjects,
            "predicateType": "https://slsa.dev/provenance/v0.2",
            "predicate": {"builder": {"id": "b"}, "buildType": "t"},
        })
        .to_string()
    };
    let sign = |text: &str, more: &[&str]| {
        place.write("statement.json", text);
        let private = path("p256.key.pem");
        let mut arguments = vec!["attest", "m", "--key", &private, "--statement", "statement.json"];
        arguments.extend(more);
        place.run(arguments)
    };
    let good = about(digest.trim().strip_prefix("sha256:").unwrap());
    let ran = sign(&good, &[]).yes();
    assert_eq!(
        written(&place, &ran),
        serde_json::from_str::<Value>(&good).unwrap()
    );
    sign(&good, &["--type", "slsaprovenance"]).yes();
    sign(&good, &["--type", "slsaprovenance1"]).refused(2, "WL-EVIDENCE-TYPE");
    sign(&good, &["--type", "bom"]).refused(2, "WL-EVIDENCE-TYPE");
    let file = place.run(["digest", "m/config.json"]).yes().stdout;
    sign(&about(&file[..64]), &[])
        .refused(1, "WL-EVIDENCE-SUBJECT")
        .says("about one file of the model");
    sign(&about(&"0".repeat(64)), &[]).refused(1, "WL-EVIDENCE-SUBJECT");
    let mut short: Value = serde_json::from_str(&good).unwrap();
    short["subject"].as_array_mut().unwrap().pop();
    sign(&short.to_string(), &[])
        .refused(1, "WL-EVIDENCE-SUBJECT")
        .says("not every file of it");
    sign(&good.replace("\"builder\"", "\"x\""), &[]).refused(1, "WL-EVIDENCE-PREDICATE");
    sign(&good.replace("Statement/v0.1", "Statement/v9"), &[]).refused(1, "WL-SIG-STATEMENT-TYPE");
    sign(
        &good.replace("https://slsa.dev/provenance/v0.2", "urn:weightlock:leaves:v1"),
        &[],
    )
    .refused(2, "WL-EVIDENCE-TYPE");
    sign("{}", &[]).refused(1, "WL-SIG-MALFORMED");
}

/// The files of `m` as subjects.
fn files_as_subjects(place: &Place) -> Vec<Value> {
    let text = place.run(["digest", "--manifest-text", "m"]).yes().stdout;
    text.lines()
        .skip(1)
        .map(|line| json!({"name": "file", "digest": {"sha256": &line[..64]}}))
        .collect()
}

/// The digest of a folder is that of a text, which a file can have for its content. What is stated of the file, in all honesty,
/// is not stated of the folder.
#[test]
fn a_statement_about_a_list_of_files_is_none_about_the_files() {
    let place = place();
    let text = place.run(["digest", "--manifest-text", "m"]).yes().stdout;
    place.write("README.md", &text);
    let private = path("p256.key.pem");
    place
        .run(["scan", "README.md", "--attest", "--key", &private])
        .yes();
    let about_file = place.path("README.md.weightlock/evidence");
    let name = &names(&about_file)[0];
    let about_folder = place.path("m/.weightlock/evidence");
    fs::create_dir_all(&about_folder).unwrap();
    fs::copy(about_file.join(name), about_folder.join(name)).unwrap();
    check(&place, "p256.pub.pem", "scan", &[])
        .refused(1, "WL-EVIDENCE-NOT-COUNTED")
        .says("WL-EVIDENCE-SUBJECT");
    place.sign(&[]).yes();
    place
        .verify(&["--signer-for", &format!("scan={}", path("p256.pub.pem"))])
        .yes()
        .says("may be about a mere list of them");
    let bundle = about_file.join(name).to_str().unwrap().to_owned();
    place
        .run(["evidence", "add", "m", &bundle])
        .refused(1, "WL-EVIDENCE-SUBJECT");
    // About the file it counts.
    let public = path("p256.pub.pem");
    place
        .run([
            "verify-attestation",
            "README.md",
            "--type",
            "scan",
            "--key",
            &public,
        ])
        .yes();
}

/// Where there is no room in the model, evidence lies beside it.
#[test]
fn evidence_lies_beside_what_is_not_ours_to_write_into() {
    let place = place();
    let inside = || names(&place.path("m/.weightlock/evidence")).len();
    let beside = || names(&place.path("m.weightlock/evidence")).len();
    attest(&place, "p256.key.pem", "review", "review.json", &[]).yes();
    assert_eq!((inside(), beside()), (1, 0));
    attest(&place, "p256.key.pem", "review", "review.json", &["--beside"]).yes();
    assert_eq!((inside(), beside()), (1, 1));
    // A signature of ours leaves room for evidence.
    place.sign(&[]).yes();
    attest(&place, "p256.key.pem", "card", "review.json", &[]).yes();
    place.verify(&[]).yes();
    assert_eq!((inside(), beside()), (2, 1));
    // One that does not, of whomever.
    fs::remove_dir_all(place.path("m/.weightlock")).unwrap();
    fs::copy(
        crate::run::repository().join("testdata/oms/reference-1.1.1/sigs/basic-p256.sig"),
        place.path("m/model.sig"),
    )
    .unwrap();
    attest(&place, "p256.key.pem", "card", "review.json", &[]).yes();
    assert_eq!((inside(), beside()), (0, 2));
    // One file.
    let private = path("p256.key.pem");
    let file = "m/model.safetensors";
    place
        .run([
            "attest",
            file,
            "--key",
            &private,
            "--type",
            "review",
            "--predicate",
            "review.json",
        ])
        .yes();
    assert_eq!(
        names(&place.path("m/model.safetensors.weightlock/evidence")).len(),
        1
    );
}

const DATA: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const CODE: &str = "gitCommit:abcdef0123456789abcdef0123456789abcdef01";

/// Verifies attestations of `m`.
fn check(place: &Place, key: &str, kind: &str, more: &[&str]) -> Ran {
    let key = path(key);
    let mut arguments = vec!["verify-attestation", "m", "--key", &key, "--type", kind];
    arguments.extend(more);
    place.run(arguments)
}

/// S20: the predicate is printed, and selectable in JSON.
#[test]
fn a_statement_that_counts_is_printed() {
    let place = place();
    attest(&place, "p256.key.pem", "slsaprovenance1", "provenance.json", &[]).yes();
    let ran = check(&place, "p256.pub.pem", "slsaprovenance1", &[]).yes();
    let digest = place.run(["digest", "--manifest", "m"]).yes().stdout;
    let name = &names(&place.path("m/.weightlock/evidence"))[0];
    let begin = format!(
        "verified m: 1 statement of https://slsa.dev/provenance/v1\n\
         \x20 about       {}   3 files, 2.5 MiB\n\
         \x20 statement   evidence/{name}\n\
         \x20   who       VERIFIED    ECDSA P-256 key 963893f47a4dcd513b8485ccffca22b51687155e07ac6f3118bf45de85d8b427\n\
         \x20   type      https://slsa.dev/provenance/v1\n\
         \x20   says      DECLARED    built by https://example.com/builder as https://example.com/train/v1, 2 dependencies\n\
         \x20   {{\n\
         \x20     \"buildDefinition\": {{\n",
        digest.trim()
    );
    assert!(ran.stdout.starts_with(&begin), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("nor who made the model\n"), "{}", ran.stdout);
    let json = check(&place, "p256.pub.pem", "slsaprovenance1", &["--json"]);
    let json = json.document::<Attestations>();
    let predicate = &json["result"]["statements"][0]["predicate"];
    assert_eq!(*predicate, serde_json::from_str::<Value>(PROVENANCE).unwrap());
    assert_eq!(
        predicate["buildDefinition"]["externalParameters"]["rate"],
        0.300_000_000_000_000_04
    );
    for kind in ["provenance", "https://slsa.dev/provenance/v1"] {
        check(&place, "p256.pub.pem", kind, &[]).yes();
    }
    let envelope = check(&place, "p256.pub.pem", "provenance", &["--format", "cosign-json"]).yes();
    let envelope = envelope.json();
    assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
    let payload = STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    let stated: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(stated["predicate"], *predicate);
    assert!(envelope["signatures"][0]["sig"].is_string());
}

/// Each way not to count, with its reason; and never a word of success.
#[test]
fn what_does_not_count_is_told_with_its_reason() {
    type Break = fn(&Place);
    let table: [(&str, Break); 7] = [
        ("WL-EVIDENCE-SUBJECT", |place| place.flip("m/config.json", 3, 1)),
        ("WL-EVIDENCE-SUBJECT", |place| place.write("m/more.txt", "x")),
        ("WL-EVIDENCE-SUBJECT", |place| {
            fs::rename(place.path("m/config.json"), place.path("m/c.json")).unwrap();
        }),
        ("WL-SIG-INVALID", |place| {
            let evidence = only(place);
            let text = fs::read_to_string(&evidence).unwrap();
            let changed = text
                .replace("\"sig\":\"MEU", "\"sig\":\"MEV")
                .replace("\"sig\":\"MEQ", "\"sig\":\"MER");
            put(place, "provenance", changed.as_bytes());
            fs::remove_file(evidence).unwrap();
        }),
        ("WL-SIG-MALFORMED", |place| {
            let evidence = only(place);
            let bundle = fs::read(&evidence).unwrap();
            put(place, "provenance", &bundle[..bundle.len() / 2]);
            fs::remove_file(evidence).unwrap();
        }),
        ("WL-EVIDENCE-KIND", |place| {
            let evidence = only(place);
            put(place, "review", &fs::read(&evidence).unwrap());
            fs::remove_file(evidence).unwrap();
        }),
        ("WL-SIG-EXTRA-FILE", |place| {
            fs::write(only(place), "{}").unwrap();
        }),
    ];
    for (reason, broken) in table {
        let place = place();
        attest(&place, "p256.key.pem", "slsaprovenance1", "provenance.json", &[]).yes();
        check(&place, "p256.pub.pem", "slsaprovenance1", &[]).yes();
        broken(&place);
        let ran = check(&place, "p256.pub.pem", "slsaprovenance1", &[]);
        let ran = ran.refused(1, "WL-EVIDENCE-NOT-COUNTED").says(reason);
        assert!(!ran.stderr.contains("verified"), "{ran:?}");
        let json = check(&place, "p256.pub.pem", "slsaprovenance1", &["--json"]);
        let json = json.document::<Attestations>();
        assert_eq!(json["result"]["not_counted"][0]["code"], reason);
        assert_eq!(json["result"]["statements"], json!([]));
    }
    let place = place();
    attest(&place, "p256.key.pem", "slsaprovenance1", "provenance.json", &[]).yes();
    check(&place, "other-p256.pub.pem", "slsaprovenance1", &[])
        .refused(1, "WL-EVIDENCE-NOT-COUNTED")
        .says("WL-SIG-KEY-MISMATCH");
}

/// The one piece of evidence in `m`.
fn only(place: &Place) -> std::path::PathBuf {
    let folder = place.path("m/.weightlock/evidence");
    let names = names(&folder);
    assert_eq!(names.len(), 1);
    folder.join(&names[0])
}

/// Puts a bundle among the evidence of `m`, under a name that fits its bytes.
pub(crate) fn put(place: &Place, kind: &str, bundle: &[u8]) -> String {
    let prefix = weightlock_artifact::evidence::ContentPrefix::of(bundle);
    let name = format!("{kind}-{prefix}.sigstore.json");
    place.write(&format!("m/.weightlock/evidence/{name}"), bundle);
    name
}

#[test]
fn nothing_there_is_no_answer() {
    let place = place();
    check(&place, "p256.pub.pem", "slsaprovenance1", &[]).refused(3, "WL-EVIDENCE-NONE");
    attest(&place, "p256.key.pem", "slsaprovenance1", "provenance.json", &[]).yes();
    check(&place, "p256.pub.pem", "cyclonedx", &[]).refused(3, "WL-EVIDENCE-NONE");
    check(&place, "p256.pub.pem", "slsaprovenance", &[])
        .refused(3, "WL-EVIDENCE-NONE")
        .says("https://slsa.dev/provenance/v1");
    check(&place, "p256.pub.pem", "slsa", &[]).refused(2, "WL-EVIDENCE-TYPE");
    check(&place, "p256.pub.pem", "oms", &[])
        .refused(2, "WL-EVIDENCE-TYPE")
        .says("weightlock verify");
    place
        .run(["verify-attestation", "m", "--type", "slsaprovenance1"])
        .refused(2, "WL-CLI-NO-TRUST");
    assert_eq!(place.run(["verify-attestation", "m", "--key", "k"]).code, 2);
}

/// S80: training data and code, by digest.
#[test]
fn required_dependencies_must_be_named() {
    let place = place();
    attest(&place, "p256.key.pem", "slsaprovenance1", "provenance.json", &[]).yes();
    let both = ["--require-dependency", DATA, "--require-dependency", CODE];
    check(&place, "p256.pub.pem", "slsaprovenance1", &both).yes();
    let other = DATA.replace("sha256:1", "sha256:2");
    let more = ["--require-dependency", DATA, "--require-dependency", &other];
    check(&place, "p256.pub.pem", "slsaprovenance1", &more)
        .refused(1, "WL-EVIDENCE-NOT-COUNTED")
        .says("WL-EVIDENCE-DEPENDENCY");
    let wrong = check(
        &place,
        "p256.pub.pem",
        "slsaprovenance1",
        &["--require-dependency", "main"],
    );
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

/// Several statements and several signers: each is told apart.
#[test]
fn of_several_statements_those_by_the_right_signers_count() {
    let place = place();
    attest(&place, "p256.key.pem", "review", "review.json", &[]).yes();
    attest(&place, "p384.key.pem", "review", "review.json", &[]).yes();
    attest(&place, "p384.key.pem", "cyclonedx", "bom.json", &[]).yes();
    let counts = |ran: Ran| {
        let json = ran.document::<Attestations>();
        let number = |list: &str| json["result"][list].as_array().unwrap().len();
        (ran.code, number("statements"), number("not_counted"))
    };
    let (first, second) = (path("p256.pub.pem"), path("p384.pub.pem"));
    let ask = |more: &[&str]| {
        let mut arguments = vec!["verify-attestation", "m", "--json", "--type"];
        arguments.extend(more);
        counts(place.run(arguments))
    };
    let for_review = format!("review={second}");
    let also = format!("review={first}");
    let for_bom = format!("bom={first}");
    assert_eq!(ask(&["review", "--key", &first]), (0, 1, 1));
    assert_eq!(ask(&["review", "--signer-for", &for_review]), (0, 1, 1));
    assert_eq!(
        ask(&["review", "--signer-for", &for_review, "--signer-for", &also]),
        (0, 2, 0)
    );
    // A signer for reviews is none for bills of materials, and who is named for a kind replaces the others.
    assert_eq!(
        ask(&["bom", "--key", &second, "--signer-for", &for_bom]),
        (1, 0, 1)
    );
    assert_eq!(
        ask(&["bom", "--key", &second, "--signer-for", &for_review]),
        (0, 1, 0)
    );
    place
        .run([
            "verify-attestation",
            "m",
            "--type",
            "bom",
            "--signer-for",
            &for_review,
        ])
        .refused(2, "WL-CLI-NO-TRUST");
    let root = format!("review={}", path("root-ca.cert.pem"));
    assert_eq!(ask(&["review", "--signer-for", &root]), (1, 0, 2));
    for wrong in ["review", "review=", "revue=x"] {
        let ran = place.run([
            "verify-attestation",
            "m",
            "--type",
            "review",
            "--signer-for",
            wrong,
        ]);
        assert_eq!(ran.code, 2, "{ran:?}");
    }
}

#[test]
fn a_bundle_can_be_named_instead_of_the_evidence() {
    let place = place();
    let more = ["--output", "sent.json"];
    attest(
        &place,
        "p256.key.pem",
        "slsaprovenance1",
        "provenance.json",
        &more,
    )
    .yes();
    check(&place, "p256.pub.pem", "slsaprovenance1", &[]).refused(3, "WL-EVIDENCE-NONE");
    check(
        &place,
        "p256.pub.pem",
        "slsaprovenance1",
        &["--bundle", "sent.json"],
    )
    .yes();
    check(&place, "p256.pub.pem", "bom", &["--bundle", "sent.json"]).refused(3, "WL-EVIDENCE-NONE");
    place.write("m/more.txt", "x");
    check(
        &place,
        "p256.pub.pem",
        "slsaprovenance1",
        &["--bundle", "sent.json"],
    )
    .refused(1, "WL-EVIDENCE-NOT-COUNTED");
    check(
        &place,
        "p256.pub.pem",
        "slsaprovenance1",
        &["--bundle", "provenance.json"],
    )
    .refused(1, "WL-EVIDENCE-NOT-COUNTED")
    .says("WL-SIG-MALFORMED");
}

#[test]
fn hostile_words_in_a_predicate_cannot_play_with_the_terminal() {
    let place = place();
    place.write(
        "review.json",
        "{\"text\": \"\u{202e}x\u{200b}\", \"n\\u001b[2J\": 1}",
    );
    attest(&place, "p256.key.pem", "review", "review.json", &[]).yes();
    let ran = check(&place, "p256.pub.pem", "review", &[]).yes();
    assert!(
        !ran.stdout.contains(['\u{1b}', '\u{202e}', '\u{200b}']),
        "{ran:?}"
    );
}

/// Ed25519 is for statements, not for model signatures.
#[test]
fn an_ed25519_key_signs_statements() {
    let place = place();
    place
        .run(["key", "generate", "ed", "--algorithm", "ed25519", "--unencrypted"])
        .yes();
    let attest = [
        "attest",
        "m",
        "--key",
        "ed.key",
        "--type",
        "review",
        "--predicate",
        "review.json",
    ];
    place.run(attest).yes();
    for whose in ["--key=ed.pub", "--signer-for=review=ed.pub"] {
        place
            .run(["verify-attestation", "m", "--type", "review", whose])
            .yes();
    }
    check(&place, "p256.pub.pem", "review", &[]).refused(1, "WL-EVIDENCE-NOT-COUNTED");
    place
        .run(["sign", "m", "--key", "ed.key"])
        .refused(2, "WL-KEY-NOT-FOR-OMS");
}

/// An identity attests as a key does; a dry run asks no service, and without the word a key decides.
#[test]
fn an_identity_signs_statements() {
    let services = Sigstore::start();
    let account = Account::email("builder@example.com");
    let place = place();
    place.write("trust.json", services.trust_config(Rekor::Second));
    place.write("token", services.token(&account) + "\n");
    let what = ["--type", "slsaprovenance1", "--predicate", "provenance.json"];
    let how = [
        "--trust-config",
        "trust.json",
        "--identity-token-file",
        "token",
        "--yes",
    ];
    let attest = |more: &[&str]| place.run([&["attest", "sigstore", "m"][..], &what, &how, more].concat());
    let before = services.requests(Service::Fulcio);
    let ran = attest(&["--dry-run"]);
    assert_eq!(
        (ran.code, services.requests(Service::Fulcio)),
        (0, before),
        "{ran:?}"
    );
    let ran = attest(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.says("  signer     builder@example.com (vouched for by ");
    let ask = |identity: &str| {
        let ask = [
            "verify-attestation",
            "m",
            "--type",
            "slsaprovenance1",
            "--identity",
            identity,
        ];
        let trust = [
            "--identity-provider",
            services.issuer(),
            "--trusted-root",
            "trust.json",
        ];
        place.run([&ask[..], &trust].concat())
    };
    ask("builder@example.com").yes();
    ask("somebody@example.com").refused(1, "WL-EVIDENCE-NOT-COUNTED");
    // The word decides, whatever key there is in the surroundings.
    let arguments = [&["attest", "sigstore", "m"][..], &what].concat();
    let mut command = place.command(arguments);
    let ran = Ran::of(command.env("WEIGHTLOCK_PRIVATE_KEY", path("p256.key.pem")));
    assert_ne!(ran.code, 0, "{ran:?}");
    assert_eq!(names(&place.path("m/.weightlock/evidence")).len(), 1);
}
