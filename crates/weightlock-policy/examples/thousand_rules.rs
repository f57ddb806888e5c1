//! A policy of a thousand rules: how long reading it and judging by it take. Prints one JSON object with `read_seconds` and
//! `judge_seconds`, medians of many.

#![expect(clippy::print_stdout, reason = "the answer of an example")]

use std::time::Instant;

use weightlock_artifact::digest::Algorithm;
use weightlock_policy::{
    Document, Evidence, Layer, LayerKind, Policy, Situation, Vocabulary,
    document::{FormatNames, ReasonNames},
    evidence::{FileFact, ModelFacts},
    judge,
};

#[derive(Debug)]
struct Words;

impl FormatNames for Words {
    fn has_format(&self, _: &str) -> bool {
        true
    }
}

impl ReasonNames for Words {
    fn has_rule(&self, _: &str) -> bool {
        true
    }

    fn has_code(&self, _: &str) -> bool {
        true
    }
}

const ROUNDS: usize = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::from("version = 1\nmode = \"staging\"\n[require]\nrevision = true\n");
    for number in 0..1000 {
        // Rules of every kind of condition, none of which is for the model.
        let when = match number % 4 {
            0 => format!("namespace = \"team-{number}\""),
            1 => format!("model = \"model-{number}-*\""),
            2 => format!("path = \"**/weights-{number}/*.bin\""),
            _ => format!(
                "digest = \"{}\"",
                Algorithm::Sha256.digest(number.to_string().as_bytes())
            ),
        };
        text.push_str(&format!(
            "[[rule]]\nname = \"rule {number}\"\nwhen = {{ {when} }}\ntier = \"high\"\nrequire = {{ provenance = {{ level = 2 }}, bom = true }}\n"
        ));
    }
    let words = Vocabulary {
        is_format: &Words,
        is_reason: &Words,
    };
    let evidence = evidence();
    let situation = Situation::at("2026-11-22T12:00:00Z".parse()?);
    let (mut reads, mut judges) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let document = Document::parse(text.as_bytes(), &words)?;
        reads.push(start.elapsed().as_secs_f64());
        let layer = Layer {
            kind: LayerKind::Named,
            source: "policy.toml".to_owned(),
            digest: Algorithm::Sha256.digest(text.as_bytes()),
            document,
            waivers: None,
            files: Vec::new(),
        };
        let policy = Policy::new([layer]);
        let start = Instant::now();
        let verdict = judge(&policy, &evidence, &situation);
        judges.push(start.elapsed().as_secs_f64());
        assert!(!verdict.reasons().is_empty(), "the model has no revision");
    }
    let answer = serde_json::json!({
        "rules": 1000,
        "bytes": text.len(),
        "read_seconds": median(&mut reads),
        "judge_seconds": median(&mut judges),
    });
    println!("{answer}");
    Ok(())
}

/// A model of a hundred files.
fn evidence() -> Evidence {
    let file = |number: usize| FileFact {
        path: format!("part/weights/model-{number:05}.safetensors"),
        digest: Algorithm::Sha256.digest(&number.to_le_bytes()),
        formats: vec!["safetensors".to_owned()],
    };
    Evidence {
        model: ModelFacts {
            name: "pebble".to_owned(),
            namespace: Some("acme".to_owned()),
            also: Vec::new(),
            revision: None,
            digest: Algorithm::Sha256.digest(b"model"),
            files: (0..100).map(file).collect(),
            incomplete: Vec::new(),
            licenses: Vec::new(),
            code: Vec::new(),
        },
        statements: Vec::new(),
        scan: None,
        advisories: Vec::new(),
        card: None,
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
