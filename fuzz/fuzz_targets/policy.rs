//! Policies, waivers and stated verdicts: nothing panics, and whatever a text says, a model about which nothing is known is
//! allowed by none of it.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use weightlock_artifact::digest::Algorithm;
use weightlock_policy::{
    Decision, Document, Evidence, Layer, LayerKind, Policy, Situation, Vocabulary, WaiverList,
    document::{FormatNames, ReasonNames},
    evidence::ModelFacts,
    judge,
    summary::Summary,
};

#[derive(Debug)]
struct Words;

impl FormatNames for Words {
    fn has_format(&self, name: &str) -> bool {
        ["pickle", "gguf"].contains(&name)
    }
}

impl ReasonNames for Words {
    fn has_rule(&self, name: &str) -> bool {
        name == "pickle-global-import"
    }

    fn has_code(&self, name: &str) -> bool {
        name.starts_with("WL-")
    }
}

const WORDS: Vocabulary<'static> = Vocabulary {
    is_format: &Words,
    is_reason: &Words,
};

/// A model about which nothing is known, and one file that is denied nowhere.
fn nothing() -> Evidence {
    Evidence {
        model: ModelFacts {
            name: "m".to_owned(),
            namespace: None,
            also: Vec::new(),
            revision: None,
            digest: Algorithm::Sha256.digest(b"m"),
            files: Vec::new(),
            incomplete: Vec::new(),
            licenses: Vec::new(),
            code: vec!["m.py".to_owned()],
        },
        statements: Vec::new(),
        scan: None,
        advisories: Vec::new(),
        card: None,
    }
}

fn policy(text: &[u8]) {
    let Ok(document) = Document::parse(text, &WORDS) else { return };
    // Formats are the one demand that a model without files meets.
    let asks_formats = document.all_demands().any(|(_, placed)| {
        placed.demand.check() == Some(weightlock_policy::Check::Formats)
    });
    let has_waivers = !document.waivers.is_empty();
    for (_, placed) in document.all_demands() {
        assert!(!placed.demand.to_string().is_empty() && placed.line >= 1);
    }
    let layer = Layer {
        kind: LayerKind::Named,
        source: "policy.toml".to_owned(),
        digest: Algorithm::Sha256.digest(text),
        document,
        waivers: None,
        files: Vec::new(),
    };
    let policy = Policy::new([layer]);
    let situation = Situation::at("2026-11-22T12:00:00Z".parse().expect("a time"));
    let verdict = judge(&policy, &nothing(), &situation);
    assert!(
        verdict.decision != Decision::Allow || asks_formats || has_waivers,
        "nothing is known, and it is allowed"
    );
    assert_eq!(verdict.decision == Decision::Allow, verdict.reasons().is_empty());
    let summary = verdict.summary(&policy, "v", "0");
    let read = Summary::read(&summary).expect("it reads what it writes");
    let stands = read.stands_for(&policy, &nothing().model, &situation);
    assert_eq!(stands.is_ok(), verdict.decision == Decision::Allow, "{stands:?}");
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    match first % 3 {
        0 => policy(rest),
        1 => drop(WaiverList::parse(rest, &WORDS)),
        _ => {
            if let Ok(value) = serde_json::from_slice(rest) {
                drop(Summary::read(&value));
            }
        }
    }
});
