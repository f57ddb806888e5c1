//! A model with everything that a policy can ask for, and ways to spoil each part of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    evidence::Kind,
    reason::Code,
    standing::Standing,
};
use weightlock_policy::{
    Document, Evidence, IdentityId, Layer, LayerKind, Policy, Situation, Verdict, Vocabulary,
    document::{FormatNames, ReasonNames},
    evidence::{
        AdvisoryReport, ApprovalFact, CardFact, Content, Describes, EvaluationFact, FileFact, Holds,
        LicenseFact, Measured, ModelFacts, ProvenanceFact, ReviewFact, Revision, ScanFact, StatementFact,
    },
};
use weightlock_scan::Severity;

/// Words as the program would know them.
#[derive(Debug)]
pub(crate) struct Words;

impl FormatNames for Words {
    fn has_format(&self, name: &str) -> bool {
        ["pickle", "safetensors", "gguf"].contains(&name)
    }
}

impl ReasonNames for Words {
    fn has_rule(&self, name: &str) -> bool {
        ["pickle-global-import", "archive-path-escape"].contains(&name)
    }

    fn has_code(&self, name: &str) -> bool {
        name.starts_with("WL-SIG-") || name.starts_with("WL-POLICY-")
    }
}

pub(crate) const WORDS: Vocabulary<'static> = Vocabulary {
    is_format: &Words,
    is_reason: &Words,
};

pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(crate) fn digest(of: &str) -> Digest {
    Algorithm::Sha256.digest(of.as_bytes())
}

pub(crate) fn layer(kind: LayerKind, text: &str) -> Layer {
    Layer {
        kind,
        source: format!("{}.toml", kind.word()),
        digest: digest(text),
        document: Document::parse(text.as_bytes(), &WORDS).unwrap_or_else(|error| panic!("{error}\n{text}")),
        waivers: None,
        files: Vec::new(),
    }
}

pub(crate) fn policy(text: &str) -> Policy {
    Policy::new([layer(LayerKind::Named, text)])
}

/// Somebody known to the first layer.
pub(crate) fn by(name: &str) -> BTreeSet<IdentityId> {
    BTreeSet::from([IdentityId {
        layer: 0,
        name: name.to_owned(),
    }])
}

/// A statement of a kind by an identity, an hour old.
pub(crate) fn statement(kind: Kind, who: &str, content: Content) -> StatementFact {
    StatementFact {
        id: digest(&format!("{kind}{who}{content:?}")),
        name: format!("{kind}-by-{who}"),
        kind,
        by: by(who),
        signer: Some(who.to_owned()),
        marks: BTreeSet::from([who.to_owned()]),
        signed_by: Some(who.to_owned()),
        made: Some("2026-11-22T11:00:00Z".parse().unwrap()),
        holds: Holds::Yes,
        content,
    }
}

pub(crate) fn advisories() -> AdvisoryReport {
    AdvisoryReport {
        tool: "grype".into(),
        name: "grype.json".into(),
        digest: Some(digest("grype")),
        about: "an image".into(),
        made: Some("2026-11-22T10:00:00Z".parse().unwrap()),
        found: Ok(vec![]),
    }
}

/// A model about which everything is well.
pub(crate) fn good() -> Evidence {
    let measured = Measured {
        metric: "accuracy".into(),
        dataset: Some("held-out".into()),
        value: 0.93,
    };
    Evidence {
        model: ModelFacts {
            name: "pebble".into(),
            namespace: Some("acme".into()),
            also: Vec::new(),
            revision: Some(Revision {
                text: "0123456789abcdef0123456789abcdef01234567".into(),
                is_pinned: true,
            }),
            digest: digest("model"),
            files: vec![FileFact {
                path: "model.safetensors".into(),
                digest: digest("weights"),
                formats: vec!["safetensors".into()],
            }],
            incomplete: Vec::new(),
            licenses: vec![LicenseFact {
                counts: true,
                expression: Some("Apache-2.0".into()),
                text: "apache-2.0".into(),
                standing: Standing::Declared,
                source: "README.md".into(),
            }],
            code: vec!["modeling_pebble.py".into()],
        },
        statements: vec![
            statement(Kind::Oms, "release", Content::Signature),
            statement(Kind::Scan, "scanner", Content::Scan(ScanFact::default())),
            statement(Kind::Bom, "release", Content::Bom(Describes::This)),
            statement(Kind::Card, "release", Content::Card(CardFact::default())),
            statement(
                Kind::Provenance,
                "farm",
                Content::Provenance(ProvenanceFact {
                    builder: "https://farm.example.org/v1".into(),
                    faults: vec![],
                }),
            ),
            statement(
                Kind::Evaluation,
                "lab",
                Content::Evaluation(EvaluationFact {
                    values: vec![measured],
                    failed: false,
                }),
            ),
            statement(Kind::Review, "reviewer", Content::Review(ReviewFact::Approves)),
            statement(Kind::Review, "ciso", Content::Approval(ApprovalFact::Approves)),
        ],
        scan: None,
        advisories: vec![advisories()],
        card: None,
    }
}

/// Who is known, and whose word counts on what.
pub(crate) const PEOPLE: &str = r#"
version = 1
mode = "development"
default-tier = "low"

[identity.release]
key = "release.pub"
[identity.scanner]
key = "scanner.pub"
[identity.farm]
key = "farm.pub"
builder = "https://farm.example.org/v1"
builder-level = 3
[identity.lab]
key = "lab.pub"
[identity.reviewer]
key = "reviewer.pub"
[identity.ciso]
identity = "ciso@acme.example"
issuer = "https://login.acme.example"
[identity.stranger]
key = "stranger.pub"

[signers]
oms = ["release"]
scan = ["scanner"]
bom = ["release"]
card = ["release"]
provenance = ["farm"]
evaluation = ["lab"]
review = ["reviewer", "ciso"]
"#;

/// Every demand that there is, each meetable by [`good`].
pub(crate) const DEMANDS: &str = r#"
signature = true
scan = { below = "medium" }
coverage = true
bom = true
card = true
provenance = { level = 3, builders = ["https://farm.example.org/v1"] }
evaluation = [{ metric = "accuracy", dataset = "held-out", at-least = 0.9 }]
review = { reviewers = 1 }
licenses = { allow = ["Apache-2.0", "MIT"] }
formats = { deny = ["pickle"] }
revision = true
advisories = { below = "critical" }
approvals = { count = 1, by = ["ciso"] }
max-age = { scan = "1d", bom = "1d", card = "1d", provenance = "1d", evaluation = "1d", review = "1d", advisories = "1d", oms = "1d" }
"#;

pub(crate) fn judged(policy: &Policy, evidence: &Evidence) -> Verdict {
    weightlock_policy::judge(policy, evidence, &Situation::at(now()))
}

pub(crate) fn codes(verdict: &Verdict) -> Vec<Code> {
    let mut codes: Vec<Code> = verdict.reasons().iter().map(|reason| reason.code).collect();
    codes.sort();
    codes.dedup();
    codes
}

/// A scan that found a rule.
pub(crate) fn found(rule: &str, severity: Severity) -> ScanFact {
    ScanFact {
        findings: BTreeMap::from([(rule.to_owned(), severity)]),
        ..ScanFact::default()
    }
}
