//! `weightlock policy test CASES`: a table of made-up models and evidence, and the verdict that the policy must give each.
//!
//! ```yaml
//! version: 1
//! now: 2026-11-22T12:00:00Z
//! cases:
//!   - name: a model that nobody signed is not used
//!     mode: production
//!     model: {name: pebble, namespace: acme, licenses: [Apache-2.0]}
//!     expect: deny
//!     reasons: [WL-POLICY-SIGNATURE]
//!   - name: everything is there
//!     model: {name: pebble}
//!     statements:
//!       - {kind: oms, by: [release]}
//!       - {kind: scan, by: [scanner], age: 1d}
//!     expect: allow
//! ```
//!
//! No key is read and no signature is checked: `by` says whose signature a statement is taken to bear. Names that the policy gives the same
//! key file or identity are one signer.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
};

use clap::Args;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    evidence::Kind,
    standing::Standing,
};
use weightlock_bom::{provenance::MAX_DOCUMENT, typed};
use weightlock_policy::{
    Check, Decision, Evidence, IdentityId, Mode, Policy, Situation, Tier,
    document::{Identity, Who},
    evidence::{
        AdvisoryMatch, AdvisoryReport, ApprovalFact, CardFact, Content, Describes, EvaluationFact, FileFact,
        Holds, LicenseFact, Measured, ModelFacts, ProvenanceFact, ReviewFact, Revision, ScanFact,
        StatementFact,
    },
    judge,
    reason::DOCUMENT,
};
use weightlock_scan::Severity;

use crate::{
    commands::{
        target,
        verdict::{Policies, WORDS, WhichPolicy},
    },
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
    text::{Shown, counted},
};

const VERB: &str = "policy test";

/// Judge made-up cases, and compare the verdicts with those that are expected.
///
/// A case says what is known about a model; no model is read and no signature checked. Write a case for each thing that must
/// never pass, and for what must.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock policy test --policy policy.toml cases.yaml")]
pub struct Arguments {
    /// The cases, in YAML or JSON
    #[arg(value_name = "CASES")]
    cases: PathBuf,
    #[command(flatten)]
    policy: WhichPolicy,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tested {
    /// The file of cases.
    pub cases: String,
    /// Each case, in the order of the file.
    pub results: Vec<TestedCase>,
    /// How many came out as expected.
    pub passed: usize,
    /// How many did not.
    pub failed: usize,
}

/// A case.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestedCase {
    /// Its name.
    pub name: String,
    /// It came out as expected.
    pub passed: bool,
    /// What was expected.
    #[schemars(with = "String", extend("enum" = ["allow", "quarantine", "deny"]))]
    pub expected: Decision,
    /// What came out.
    #[schemars(with = "String", extend("enum" = ["allow", "quarantine", "deny"]))]
    pub found: Decision,
    /// The codes of its reasons.
    pub codes: Vec<String>,
    /// What differs, in words.
    pub why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    version: u32,
    now: Option<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    name: String,
    mode: Option<Mode>,
    tier: Option<Tier>,
    #[serde(default)]
    skip: Vec<String>,
    #[serde(default)]
    model: Model,
    #[serde(default)]
    statements: Vec<Stated>,
    scan: Option<Scan>,
    #[serde(default)]
    advisories: Vec<Advisories>,
    expect: Expected,
    reasons: Option<Vec<String>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Expected {
    Allow,
    Quarantine,
    Deny,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Model {
    name: Option<String>,
    namespace: Option<String>,
    revision: Option<String>,
    /// Formats by path.
    files: BTreeMap<String, Vec<String>>,
    licenses: Vec<String>,
    code: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Stated {
    kind: String,
    /// Names of identities of the policy.
    #[serde(default)]
    by: Vec<String>,
    /// How long ago, such as `12h`.
    age: Option<String>,
    /// It is about another model.
    #[serde(default)]
    of_another_model: bool,
    /// Of provenance.
    builder: Option<String>,
    /// Of an evaluation.
    #[serde(default)]
    values: BTreeMap<String, f64>,
    /// Of a scan.
    #[serde(default)]
    findings: BTreeMap<String, String>,
    /// Of a scan.
    #[serde(default)]
    unread: Vec<String>,
    /// Of a card.
    #[serde(default)]
    missing: Vec<String>,
    /// Of a review or an approval.
    #[serde(default)]
    rejects: bool,
    /// A review is of the code; this is somebody's word on using the model.
    #[serde(default)]
    approval: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[derive(Default)]
struct Scan {
    findings: BTreeMap<String, String>,
    unread: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[derive(Default)]
struct Advisories {
    findings: BTreeMap<String, String>,
    age: Option<String>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match tested(arguments, context) {
        Err(told) => Reply::refusal(VERB, vec![told]),
        Ok(tested) if tested.failed == 0 => Reply::yes(VERB, text(&tested), tested),
        Ok(tested) => {
            let told = tested.results.iter().filter(|one| !one.passed).map(|one| {
                let why = one.why.clone().unwrap_or_default();
                Diagnostic::new(weightlock_policy::reason::CASE, format!("{}: {why}", one.name))
                    .at(tested.cases.clone())
            });
            Reply::refusal(VERB, told.collect())
                .with_text(text(&tested))
                .with_verdict(format!("{} of {} failed", tested.failed, tested.results.len()))
                .with_result(tested)
        }
    }
}

fn tested(arguments: &Arguments, context: &Context) -> Result<Tested, Diagnostic> {
    let shown = arguments.cases.display().to_string();
    let wrong = |why: String| Diagnostic::new(DOCUMENT, why).at(shown.clone());
    let policy = Policies::documents(&arguments.policy)?;
    let text = target::read_bounded(&arguments.cases, MAX_DOCUMENT)?;
    let table: Table = typed::read(&text).map_err(|why| wrong(format!("these are no cases: {why}")))?;
    if table.version != 1 {
        return Err(wrong(format!("its version is {}, and 1 is known", table.version)));
    }
    if table.cases.is_empty() {
        return Err(wrong(
            "it has no cases, and would pass whatever the policy says".to_owned(),
        ));
    }
    let now = match &table.now {
        Some(text) => text.parse().map_err(|_| wrong(format!("{text:?} is no time")))?,
        None => context.timestamp()?,
    };
    let mut results = Vec::new();
    for case in &table.cases {
        let judged = case
            .judge(&policy, &arguments.policy, now)
            .map_err(|why| wrong(format!("the case {:?}: {why}", case.name)))?;
        results.push(judged);
    }
    let failed = results.iter().filter(|one| !one.passed).count();
    Ok(Tested {
        cases: shown,
        passed: results.len().saturating_sub(failed),
        failed,
        results,
    })
}

impl Case {
    fn judge(&self, policy: &Policy, flags: &WhichPolicy, now: Timestamp) -> Result<TestedCase, String> {
        let skip = self
            .skip
            .iter()
            .map(|name| Check::of(name).ok_or_else(|| format!("there is no check {name:?}")));
        let situation = Situation {
            now,
            mode: self.mode.max(flags.mode_here()),
            tier: self.tier.max(flags.tier),
            skip: skip.collect::<Result<BTreeSet<Check>, String>>()?,
            given_up: BTreeSet::new(),
        };
        let verdict = judge(policy, &self.evidence(policy, now)?, &situation);
        let mut codes: Vec<String> = verdict.reasons().iter().map(|it| it.code.to_string()).collect();
        codes.sort();
        codes.dedup();
        let expected = match self.expect {
            Expected::Allow => Decision::Allow,
            Expected::Quarantine => Decision::Quarantine,
            Expected::Deny => Decision::Deny,
        };
        let why = self.differs(expected, verdict.decision, &codes);
        Ok(TestedCase {
            name: self.name.clone(),
            passed: why.is_none(),
            expected,
            found: verdict.decision,
            codes,
            why,
        })
    }

    fn differs(&self, expected: Decision, found: Decision, codes: &[String]) -> Option<String> {
        let listed = if codes.is_empty() {
            "without a reason".to_owned()
        } else {
            codes.join(", ")
        };
        if expected != found {
            return Some(format!(
                "{expected} was expected, and {found} came out ({listed})"
            ));
        }
        let wanted: BTreeSet<&String> = self.reasons.as_ref()?.iter().collect();
        let found: BTreeSet<&String> = codes.iter().collect();
        (wanted != found).then(|| {
            let wanted: Vec<&str> = wanted.iter().map(|code| code.as_str()).collect();
            format!(
                "the reasons {} were expected, and these came out: {listed}",
                wanted.join(", ")
            )
        })
    }

    fn evidence(&self, policy: &Policy, now: Timestamp) -> Result<Evidence, String> {
        let statements = self.statements.iter().enumerate();
        let statements = statements.map(|(at, one)| one.fact(at, policy, now));
        let advisories = self.advisories.iter().map(|one| one.report(now));
        Ok(Evidence {
            model: self.model.facts(sha256(&self.name))?,
            statements: statements.collect::<Result<_, _>>()?,
            scan: match &self.scan {
                Some(scan) => Some(scanned(&scan.findings, &scan.unread)?),
                None => None,
            },
            advisories: advisories.collect::<Result<_, _>>()?,
            card: None,
        })
    }
}

impl Model {
    fn facts(&self, digest: Digest) -> Result<ModelFacts, String> {
        let mut formats = self.files.values().flatten();
        if let Some(format) = formats.find(|it| !WORDS.is_format.has_format(it)) {
            return Err(format!("there is no file format {format:?}"));
        }
        let files = self.files.iter().map(|(path, formats)| FileFact {
            path: path.clone(),
            digest: sha256(path),
            formats: formats.clone(),
        });
        let licenses = self.licenses.iter().map(|text| LicenseFact {
            expression: Some(text.clone()),
            text: text.clone(),
            standing: Standing::Declared,
            source: "the case".to_owned(),
            counts: true,
        });
        Ok(ModelFacts {
            name: self.name.clone().unwrap_or_else(|| "model".to_owned()),
            namespace: self.namespace.clone(),
            also: Vec::new(),
            incomplete: Vec::new(),
            revision: self.revision.as_ref().map(|text| Revision {
                is_pinned: crate::commands::verdict::is_pinned(text),
                text: text.clone(),
            }),
            digest,
            files: files.collect(),
            licenses: licenses.collect(),
            code: self.code.clone(),
        })
    }
}

/// What makes two names in policies one signer, as far as that is seen without reading a key: the same file of a key, the same demands
/// on an identity. Certificates of one authority can be anybody's.
fn mark(policy: &Policy, id: &IdentityId, identity: &Identity) -> Option<String> {
    match &identity.who {
        Who::Key(file) => {
            let layer = policy.layers().get(id.layer)?;
            let folder = Path::new(&layer.source).parent()?;
            // Without `.` and doubled strokes.
            let parts = folder.join(file);
            let parts = parts.components().filter(|it| *it != Component::CurDir);
            let path: PathBuf = parts.collect();
            Some(format!("key {}", path.display()))
        }
        Who::Certificates(_) => None,
        Who::Identity { required, .. } => Some(format!("identity {required:?}")),
    }
}

impl Stated {
    fn fact(&self, at: usize, policy: &Policy, now: Timestamp) -> Result<StatementFact, String> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == self.kind);
        let kind = kind.ok_or_else(|| format!("there is no kind of evidence {:?}", self.kind))?;
        let mut by = BTreeSet::new();
        let mut marks = BTreeSet::new();
        for name in &self.by {
            let known = known_as(name, policy)?;
            marks.insert(format!("signer {}", signer(name, policy)));
            let identities = policy.identities().filter(|(id, _)| known.contains(id));
            marks.extend(identities.filter_map(|(id, identity)| mark(policy, &id, identity)));
            by.extend(known);
        }
        let signer = self.by.first().map(|name| signer(name, policy));
        Ok(StatementFact {
            id: sha256(&format!("statement {at}")),
            name: format!("statement {}", at.saturating_add(1)),
            kind,
            signer,
            marks,
            signed_by: self.by.first().cloned(),
            by,
            made: Some(ago(self.age.as_deref(), now)?),
            holds: if self.of_another_model {
                Holds::No {
                    code: weightlock_signing::predicate::reason::ABOUT,
                    why: "another model".to_owned(),
                    is_other: true,
                }
            } else {
                Holds::Yes
            },
            content: self.content(kind)?,
        })
    }

    fn content(&self, kind: Kind) -> Result<Content, String> {
        Ok(match kind {
            Kind::Oms => Content::Signature,
            Kind::Scan => Content::Scan(scanned(&self.findings, &self.unread)?),
            Kind::Bom => Content::Bom(Describes::This),
            Kind::Card => Content::Card(CardFact {
                missing: self.missing.clone(),
                contradictions: Vec::new(),
            }),
            Kind::Provenance => Content::Provenance(ProvenanceFact {
                builder: self.builder.clone().unwrap_or_default(),
                faults: Vec::new(),
            }),
            Kind::Evaluation => Content::Evaluation(EvaluationFact {
                values: self
                    .values
                    .iter()
                    .map(|(metric, value)| Measured {
                        metric: metric.clone(),
                        dataset: None,
                        value: *value,
                    })
                    .collect(),
                failed: self.rejects,
            }),
            Kind::Review if self.approval && self.rejects => Content::Approval(ApprovalFact::Rejects),
            Kind::Review if self.approval => Content::Approval(ApprovalFact::Approves),
            Kind::Review if self.rejects => Content::Review(ReviewFact::Rejects),
            Kind::Review => Content::Review(ReviewFact::Approves),
            _ => Content::Other,
        })
    }
}

impl Advisories {
    fn report(&self, now: Timestamp) -> Result<AdvisoryReport, String> {
        let mut found = Vec::new();
        for (id, word) in &self.findings {
            found.push(AdvisoryMatch {
                id: id.clone(),
                aliases: Vec::new(),
                package: "a package".to_owned(),
                severity: Some(severity(word)?),
            });
        }
        Ok(AdvisoryReport {
            tool: "case".to_owned(),
            name: "the report of the case".to_owned(),
            digest: Some(sha256("advisories")),
            about: String::new(),
            made: Some(ago(self.age.as_deref(), now)?),
            found: Ok(found),
        })
    }
}

/// Everybody whose signature the one of this name is, for no key is read: who has the same name in any policy, and who is known by the
/// same key, certificates or identity.
fn known_as(name: &str, policy: &Policy) -> Result<BTreeSet<IdentityId>, String> {
    let of_this_name: Vec<_> = policy.identities().filter(|(id, _)| id.name == *name).collect();
    if of_this_name.is_empty() {
        return Err(format!("the policy knows nobody called {name:?}"));
    }
    let is_meant = |other: &(IdentityId, &Identity)| of_this_name.iter().any(|one| is_same(one, other));
    let known = policy.identities().filter(is_meant);
    Ok(known
        .map(|(id, _)| id)
        .chain(of_this_name.iter().map(|(id, _)| id.clone()))
        .collect())
}

/// What tells a signer from others: two names of one key, or of one identity, are one. Whoever has certificates of one root may be two.
fn signer(name: &str, policy: &Policy) -> String {
    let one = policy.identities().find(|(id, _)| id.name == *name);
    let first = one.and_then(|one| {
        let is_certified = matches!(one.1.who, Who::Certificates(_));
        policy
            .identities()
            .find(|other| !is_certified && is_same(&one, other))
    });
    first.map_or_else(|| name.to_owned(), |(id, _)| id.name)
}

/// Whether two are known by the same. A relative path means another file beside another policy.
fn is_same(one: &(IdentityId, &Identity), other: &(IdentityId, &Identity)) -> bool {
    let is_anywhere = match &one.1.who {
        Who::Key(file) | Who::Certificates(file) => file.starts_with('/') || file.contains("://"),
        Who::Identity { .. } => true,
    };
    one.1.who == other.1.who && (is_anywhere || one.0.layer == other.0.layer)
}

fn scanned(findings: &BTreeMap<String, String>, unread: &[String]) -> Result<ScanFact, String> {
    let mut fact = ScanFact {
        unread: unread.to_vec(),
        ..ScanFact::default()
    };
    for (rule, word) in findings {
        if !WORDS.is_reason.has_rule(rule) {
            return Err(format!("there is no rule of the scanner {rule:?}"));
        }
        fact.findings.insert(rule.clone(), severity(word)?);
    }
    Ok(fact)
}

fn severity(word: &str) -> Result<Severity, String> {
    Severity::of(word).ok_or_else(|| format!("{word:?} is no severity"))
}

/// So long before now: hours or days.
fn ago(age: Option<&str>, now: Timestamp) -> Result<Timestamp, String> {
    let Some(age) = age else { return Ok(now) };
    let parsed = weightlock_policy::document::Age::parse(age)?;
    Ok(parsed.before(now))
}

fn sha256(text: &str) -> Digest {
    Algorithm::Sha256.digest(text.as_bytes())
}

fn text(tested: &Tested) -> String {
    let mut text = String::new();
    for one in &tested.results {
        let word = if one.passed { "ok" } else { "FAILED" };
        text += &format!("{word:6}  {}: {}\n", Shown(&one.name), one.found);
    }
    text + &format!(
        "{}, {} failed\n",
        counted(tested.passed, "case") + " passed",
        tested.failed
    )
}
