use serde_json::json;
use weightlock_artifact::{digest::Algorithm, evidence::Kind};

use super::*;
use crate::card::edit::{Document, New};

/// Every field is said.
const CARD: &str = include_str!("../testdata/model-card.yaml");

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn read(text: &str) -> ModelCard {
    ModelCard::read(text.as_bytes()).unwrap()
}

/// The card without what a field says.
fn without(field: Field) -> String {
    if field == Field::Performance {
        return CARD.replace("  accuracy: 0.91\n  f1:\n    macro: 0.88\n", "");
    }
    let mut document = Document::read(CARD.as_bytes()).unwrap();
    let keys: Vec<&str> = field.keys().collect();
    document.set(&keys, &New::Text("unknown".to_owned())).unwrap();
    document.text().to_owned()
}

/// The files that the card has digests of.
fn files() -> [(String, Digest); 1] {
    [("model.safetensors".to_owned(), Algorithm::Sha256.digest(b""))]
}

fn checked(text: &str) -> Checked {
    let card = read(text);
    check(&Material {
        card: Some(("model-card.yaml", &card)),
        files: Some(&files()),
        ..Material::default()
    })
}

fn faults(checked: &Checked) -> Vec<(Fault, &'static str, Need)> {
    let of = |finding: &Finding| (finding.fault, finding.field.path(), finding.need);
    checked.findings.iter().map(of).collect()
}

#[test]
fn the_sample_says_everything() {
    let checked = checked(CARD);
    assert_eq!(checked.findings, []);
    assert!(checked.is_sound());
    for answer in &checked.answers {
        let expected = match answer.field {
            Field::Weights => Standing::Verified,
            _ => Standing::Declared,
        };
        assert_eq!(answer.standing, expected, "{}", answer.field);
    }
}

#[test]
fn each_field_that_is_missing_is_told() {
    for field in Field::ALL.iter().copied() {
        let checked = checked(&without(field));
        let expected = match field.need() {
            Need::Optional => Vec::new(),
            need => vec![(Fault::Missing, field.path(), need)],
        };
        assert_eq!(faults(&checked), expected, "{field}");
        assert_eq!(checked.is_sound(), field.need() != Need::Required, "{field}");
        let answer = checked.answers.iter().find(|it| it.field == field).unwrap();
        assert_eq!(answer.standing, Standing::Unknown, "{field}");
        assert!(answer.place.as_ref().unwrap().line.unwrap() > 0, "{field}");
    }
}

#[test]
fn a_value_of_another_shape_is_told_with_its_place() {
    for (field, value, line) in [
        (Field::DataHash, "abc", 16),
        (Field::CommitSha, "main", 29),
        (Field::BuildTimestamp, "yesterday", 30),
        (Field::Hyperparameters, "many", 20),
        (Field::Weights, "none", 10),
    ] {
        let mut document = Document::read(CARD.as_bytes()).unwrap();
        let keys: Vec<&str> = field.keys().collect();
        document.set(&keys, &New::Text(value.to_owned())).unwrap();
        let checked = checked(document.text());
        assert_eq!(
            faults(&checked),
            [(Fault::Misfit, field.path(), Need::Required)],
            "{field}"
        );
        let saying = &checked.findings[0].sayings[0];
        assert_eq!(saying.place, Place::line("model-card.yaml", line), "{field}");
    }
}

const README: &str = "---\nlicense: apache-2.0\ndatasets: [o/d]\nmodel-index:\n- name: x\n  results:\n  - dataset: {type: t, name: T}\n    metrics:\n    - {type: accuracy, value: 91.0}\n---\n## Intended use\n\nTesting.\n\n## Limitations\n\nMany.\n";

#[test]
fn a_readme_alone_must_say_the_four_elements() {
    let of = |text: &str| {
        let readme = Card::read(text.as_bytes());
        check(&Material {
            readme: Some(("README.md", &readme)),
            ..Material::default()
        })
    };
    assert!(of(README).is_sound(), "{:?}", of(README).findings);
    for (old, new, field) in [
        ("license: apache-2.0\n", "", Field::License),
        ("datasets: [o/d]\n", "", Field::DataSource),
        ("Testing.", "[More Information Needed]", Field::IntendedUse),
        ("Many.", "TODO", Field::KnownLimitations),
        ("value: 91.0", "other: 1", Field::Performance),
    ] {
        let checked = of(&README.replace(old, new));
        let required: Vec<Field> = checked
            .findings
            .iter()
            .filter(|it| it.need == Need::Required)
            .map(|it| it.field)
            .collect();
        assert_eq!(required, [field], "{old}");
    }
}

/// Checks the sample with one statement that counts.
fn with_statement(kind: Kind, predicate: &serde_json::Value) -> Checked {
    let card = read(CARD);
    let statements = [Counted {
        name: "evidence/x.json",
        kind,
        predicate,
        signer: "key 00",
    }];
    check(&Material {
        card: Some(("model-card.yaml", &card)),
        statements: &statements,
        files: Some(&files()),
        ..Material::default()
    })
}

fn standing(checked: &Checked, field: Field) -> Standing {
    checked
        .answers
        .iter()
        .find(|it| it.field == field)
        .unwrap()
        .standing
}

fn dependencies(items: serde_json::Value) -> serde_json::Value {
    json!({"buildDefinition": {"resolvedDependencies": items}, "runDetails": {"builder": {"id": "b"}}})
}

#[test]
fn training_data_are_compared_with_provenance() {
    let hex = |letter: char| letter.to_string().repeat(64);
    let data = |letter| json!({"name": "x", "uri": "s3://acme/train", "digest": {"sha256": hex(letter)}});
    let role = |role: &str, letter| json!({"uri": "s3://z", "digest": {"sha256": hex(letter)}, "annotations": {"role": role}});
    for (items, expected) in [
        (json!([data('a')]), Standing::Verified),
        (json!([role("code", 'c'), data('a')]), Standing::Verified),
        (json!([data('b')]), Standing::Failed),
        (json!([role("dataset", 'b')]), Standing::Failed),
        (
            json!([role("base-model", 'b'), role("evaluation-dataset", 'c')]),
            Standing::Declared,
        ),
        (
            json!([{"uri": "git+https://x/y", "digest": {"gitCommit": "0".repeat(40)}}]),
            Standing::Declared,
        ),
        (json!([]), Standing::Declared),
    ] {
        let checked = with_statement(Kind::Provenance, &dependencies(items.clone()));
        assert_eq!(standing(&checked, Field::DataHash), expected, "{items}");
        let finding = checked.findings.iter().find(|it| it.field == Field::DataHash);
        match expected {
            Standing::Failed => {
                let values: Vec<&str> = finding
                    .unwrap()
                    .sayings
                    .iter()
                    .map(|it| it.value.as_str())
                    .collect();
                assert_eq!(values, [digest('a'), digest('b')]);
                assert_eq!(
                    finding.unwrap().sayings[0].place.to_string(),
                    "model-card.yaml:16"
                );
                assert!(!checked.is_sound());
            }
            _ => assert_eq!(finding, None, "{items}"),
        }
    }
    // The older forms name the same.
    for predicate in [
        json!({"builder": {"id": "b"}, "buildType": "t", "materials": [{"uri": "s3://acme/train", "digest": {"sha256": hex('a')}}]}),
        json!({"materials": {"s3://acme/train": {"sha256": hex('a')}}}),
    ] {
        let checked = with_statement(Kind::Provenance, &predicate);
        assert_eq!(
            standing(&checked, Field::DataHash),
            Standing::Verified,
            "{predicate}"
        );
    }
}

#[test]
fn the_run_is_compared_with_provenance() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let provenance = |commit: &str, run: &str, finished: &str, python: &str| {
        json!({"buildDefinition": {
                "internalParameters": {"environment": {"python": python}},
                "resolvedDependencies": [{"uri": "git+https://x/y@main", "digest": {"gitCommit": commit}}]},
            "runDetails": {"builder": {"id": "b"},
                "metadata": {"invocationId": run, "startedOn": "2026-01-30T23:00:00Z", "finishedOn": finished}}})
    };
    let good = with_statement(
        Kind::Provenance,
        &provenance(commit, "https://x/runs/42", "2026-01-31T01:00:00Z", "3.12.4"),
    );
    for field in [
        Field::CommitSha,
        Field::BuildId,
        Field::BuildTimestamp,
        Field::Python,
    ] {
        assert_eq!(standing(&good, field), Standing::Verified, "{field}");
    }
    assert_eq!(good.findings, []);
    let other = "f".repeat(40);
    for (predicate, field) in [
        (
            provenance(&other, "https://x/runs/42", "2026-01-31T01:00:00Z", "3.12.4"),
            Field::CommitSha,
        ),
        (
            provenance(commit, "https://x/runs/43", "2026-01-31T01:00:00Z", "3.12.4"),
            Field::BuildId,
        ),
        (
            provenance(commit, "42", "2026-01-31T01:00:00Z", "3.11.4"),
            Field::Python,
        ),
    ] {
        let checked = with_statement(Kind::Provenance, &predicate);
        assert_eq!(
            faults(&checked),
            [(Fault::Contradiction, field.path(), Need::Required)]
        );
    }
    let late = json!({"runDetails": {"builder": {"id": "https://b"}, "metadata": {"startedOn": "2026-03-01T00:00:00Z"}}});
    let late = with_statement(Kind::Provenance, &late);
    assert_eq!(
        faults(&late),
        [(Fault::Contradiction, Field::BuildTimestamp.path(), Need::Required)]
    );
}

#[test]
fn evaluation_data_are_compared_with_evaluations() {
    let on = |letter: char| json!({"result": "PASSED", "configuration": [{"name": "t", "digest": {"sha256": letter.to_string().repeat(64)}}]});
    let of = |predicate| {
        standing(
            &with_statement(Kind::Evaluation, &predicate),
            Field::EvaluationHash,
        )
    };
    assert_eq!(of(on('e')), Standing::Verified);
    assert_eq!(of(on('d')), Standing::Failed);
    assert_eq!(
        of(json!({"results": [], "sources": [{"name": "r.json", "sha256": "e".repeat(64)}]})),
        Standing::Verified
    );
    assert_eq!(
        of(json!({"results": [], "sources": [{"name": "README.md", "sha256": "d".repeat(64)}]})),
        Standing::Declared
    );
}

#[test]
fn files_and_signers_are_compared_with_what_was_computed() {
    let card = read(CARD);
    let of = |files: &[(String, Digest)], signer: Option<&SignedBy>| {
        check(&Material {
            card: Some(("model-card.yaml", &card)),
            files: Some(files),
            signer,
            ..Material::default()
        })
    };
    let zeros = Algorithm::Sha256.digest(b"");
    let named = |digest| [("model.safetensors".to_owned(), digest)];
    let same = of(&named(zeros), None);
    assert_eq!(standing(&same, Field::Weights), Standing::Verified);
    let other = of(&named(Algorithm::Sha256.digest(b"x")), None);
    assert_eq!(
        faults(&other),
        [(Fault::Contradiction, Field::Weights.path(), Need::Required)]
    );
    assert!(
        !of(&[], None).is_sound(),
        "a file that is not there has no digest"
    );
    let signer = |name: &str, is_named| SignedBy {
        shown: name.to_owned(),
        names: vec![name.to_owned()],
        is_named,
    };
    let files = named(zeros);
    let by = |name: &str, is_named| standing(&of(&files, Some(&signer(name, is_named))), Field::SignedBy);
    assert_eq!(by("Release@Acme.example", true), Standing::Verified);
    assert_eq!(by("somebody@else.example", true), Standing::Failed);
    assert_eq!(by("0123456789abcdef", false), Standing::Declared);
}

#[test]
fn the_front_matter_is_compared() {
    let card = read(CARD);
    let of = |text: &str| {
        let readme = Card::read(text.as_bytes());
        check(&Material {
            card: Some(("model-card.yaml", &card)),
            readme: Some(("README.md", &readme)),
            files: Some(&files()),
            ..Material::default()
        })
    };
    assert_eq!(of(README).findings, []);
    assert_eq!(of(&README.replace("apache-2.0", "Apache-2.0")).findings, []);
    for (old, new, field) in [
        ("apache-2.0", "mit", Field::License),
        ("91.0", "81.0", Field::Performance),
    ] {
        let checked = of(&README.replace(old, new));
        assert_eq!(
            faults(&checked),
            [(Fault::Contradiction, field.path(), Need::Required)]
        );
        let places: Vec<String> = checked.findings[0]
            .sayings
            .iter()
            .map(|it| it.place.to_string())
            .collect();
        assert!(
            places[0].starts_with("model-card.yaml:") && places[1].starts_with("README.md:"),
            "{places:?}"
        );
    }
}

#[test]
fn hostile_values_are_no_reason_to_stop() {
    for text in [
        "",
        "{}",
        "performance: [1]\n",
        "performance: 3\n",
        "provenance: x\n",
        "known_limitations: {a: b}\n",
        "model_details: {weights: [a]}\n",
        "provenance: {commit_sha: \u{e4}\u{e4}\u{e4}, build_timestamp: '\u{e4}-1'}\n",
    ] {
        let checked = checked(text);
        assert!(!checked.is_sound(), "{text:?}");
        let predicate =
            json!({"materials": [1, {"digest": 3}], "buildDefinition": [], "configuration": {"a": 1}});
        let card = read(text);
        let statements = [Kind::Provenance, Kind::Evaluation].map(|kind| Counted {
            name: "x",
            kind,
            predicate: &predicate,
            signer: "k",
        });
        let material = Material {
            card: Some(("c", &card)),
            statements: &statements,
            ..Material::default()
        };
        assert!(!check(&material).is_sound());
    }
}
