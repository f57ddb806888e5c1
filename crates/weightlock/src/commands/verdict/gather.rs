//! Everything that is known about a model, in the order of cost; and the verdict on it.
//!
//! 1. Policies, names and reports that were named: nothing of the model is read.
//! 2. Signatures: whose they are. Nothing of the model is read before this.
//! 3. The bytes: every file is hashed, once, and headers are read.
//! 4. Statements about these bytes.
//! 5. The scan, where the policy asks for one that is run now, and the answer is not no without it.

use std::collections::{BTreeMap, BTreeSet};

use weightlock_artifact::{
    digest::Digest,
    evidence::Kind,
    inventory::{Root, Scope},
    path::ArtifactPath,
};
use weightlock_policy::{
    Check, Decision, Evidence, Policy, Situation, Verdict,
    document::Demand,
    evidence::{Holds, ScanFact, StatementFact},
    judge as decide,
    summary::{self, NotEnough, Stated, Summary},
};
use weightlock_scan::Report;
use weightlock_signing::Signer;

use super::{
    advisories,
    card::{self, Compared},
    facts,
    flags::Asked,
    licences, log,
    policies::Policies,
    remedy::Ways,
    signatures,
    statements::{self, About, Looked},
};
use crate::{
    cli::Hashing,
    commands::{
        bom::model::{Described, Digests},
        scan,
        subject::opened,
    },
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    layout::names::Said,
};

/// A step that was taken, for those who want to see the order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Step(pub(crate) String);

/// A verdict and what it rests on.
pub(crate) struct Judged {
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// What is known.
    pub(in crate::commands) evidence: Evidence,
    /// The model, hashed, and what its files say.
    pub(in crate::commands) described: Described,
    /// Who made each signature of the files, by the digest of its bundle, as far as the policies know them.
    signers: BTreeMap<Digest, Signer>,
    /// The files that signatures list which hold and whose signers count; none where there is no such signature.
    pub(crate) signed: Option<BTreeSet<ArtifactPath>>,
    /// Bills of materials by signers who count, with their documents.
    pub(in crate::commands) boms: Vec<(String, serde_json::Value)>,
    /// What was done, in order.
    pub(crate) steps: Vec<Step>,
    /// The scan was not run, because the answer is no without it.
    pub(crate) is_cut_short: bool,
    /// How those sign whose word counts.
    pub(super) ways: Ways,
    /// Statements whose signer counts for their kind, by digest.
    counting: BTreeSet<Digest>,
}

impl Judged {
    /// Whether the signer of a statement counts for its kind.
    pub(super) fn counts(&self, statement: &StatementFact) -> bool {
        self.counting.contains(&statement.id)
    }

    /// Everybody whose signature holds over these bytes, and counts.
    pub(in crate::commands) fn counting_signers<'j>(
        &'j self,
        policy: &'j Policy,
    ) -> impl Iterator<Item = &'j Signer> {
        let signatures =
            self.evidence.statements.iter().filter(|it| {
                it.kind == Kind::Oms && it.holds == Holds::Yes && policy.counts(it.kind, &it.by)
            });
        signatures.filter_map(|it| self.signers.get(&it.id))
    }
}

/// The bytes that are judged.
pub(crate) struct Bytes {
    /// The model: on disk, or as somebody [holds](Root::holding) it.
    pub(crate) root: Root,
    /// Digests that whoever holds it has worked out.
    pub(crate) digests: Digests,
}

/// Everything that is known about a target, and what the policies make of it.
pub(crate) fn judge(
    policies: &Policies,
    asked: &Asked<'_>,
    hashing: &Hashing,
    context: &Context,
) -> Result<Judged, Vec<Diagnostic>> {
    judge_bytes(policies, asked, hashing, context, |root, _| {
        Ok(Bytes {
            root: root.reopen().map_err(Diagnostic::from)?,
            digests: Digests::new(),
        })
    })
}

/// Likewise, of the bytes that `read` gives. It is called when signatures were looked at, with the open model and the scope of
/// its files: names that they list belong to it.
pub(crate) fn judge_bytes(
    policies: &Policies,
    asked: &Asked<'_>,
    hashing: &Hashing,
    context: &Context,
    read: impl FnOnce(&Root, &Scope) -> Result<Bytes, Vec<Diagnostic>>,
) -> Result<Judged, Vec<Diagnostic>> {
    let judged = judge_these(policies, asked, hashing, context, read);
    judged.map_err(|mut reasons| {
        // There is no verdict that says so.
        let tried = [asked.flags.skipped(), asked.given_up.clone()].concat();
        let written = log::write_overrides(&tried, &policies.policy, asked.flags, context);
        reasons.extend(written.err());
        reasons
    })
}

fn judge_these(
    policies: &Policies,
    asked: &Asked<'_>,
    hashing: &Hashing,
    context: &Context,
    read: impl FnOnce(&Root, &Scope) -> Result<Bytes, Vec<Diagnostic>>,
) -> Result<Judged, Vec<Diagnostic>> {
    let policy = &policies.policy;
    // A verdict is about what is there, and not about what a cache remembers.
    let hashing = &Hashing {
        digest_cache: false,
        ..hashing.clone()
    };
    log::outside(asked.target, policy, asked.flags)?;
    let mut steps = Vec::new();
    let mut step = |text: String| steps.push(Step(text));
    step(format!(
        "{} of policy",
        crate::text::counted(policy.layers().len(), "file")
    ));
    if asked.flags.from_verdict && !asked.flags.advisories.is_empty() {
        let told = "a verdict that stands in for judging says nothing of reports that are named now";
        return Err(vec![
            Diagnostic::new(USAGE, told).help("leave out --from-verdict, or the reports"),
        ]);
    }
    let reports = advisories::in_files(&asked.flags.advisories);
    if !reports.is_empty() {
        step(format!(
            "{} about vulnerabilities",
            crate::text::counted(reports.len(), "report")
        ));
    }
    let opened = opened(asked.target, asked.allow_symlinks)?;
    let image = opened.layout.image().cloned();
    let root = opened.root;
    let signatures = signatures::find(&root, &policies.people)?;
    let counting = signatures.iter().filter(|found| found.counts(policy)).count();
    step(format!(
        "{}, {counting} by signers who count",
        crate::text::counted(signatures.len(), "signature")
    ));
    let scope = signatures::scope(&signatures);
    let said = Said::of(&root, &scope)?;
    let Bytes { root, digests } = read(&root, &scope)?;
    let described = Described::at(root, &digests, hashing, context)?;
    let hashed = &described.hashed;
    if let Some(said) = said {
        let files = hashed.names()?.into_iter().zip(hashed.sources());
        said.fits(files, hashed.manifest(), &context.stopping())?;
    }
    step(format!(
        "{} hashed: {}",
        crate::text::counted(hashed.files, "file"),
        hashed.digest()
    ));
    let (mut model, code, seen) = facts::of(&described, image.as_ref(), asked.flags)?;
    let signers = signatures::signers(&signatures);
    let signatures = signatures::judged(signatures, policy, hashed, hashing, context)?;
    model.licenses = licences::of(&described, image.as_ref(), &seen, &signatures)?;
    let about = About {
        hashed,
        model: hashed.model(),
        code: &code,
    };
    let mut looked = statements::look(&about, &policies.people)?;
    let card = match Compared::with(&described, &signatures, policy) {
        Ok(compared) => compared.fill(&mut looked, policy),
        Err(told) => Some(card::unread(&told, &mut looked)),
    };
    step(format!(
        "{} about it",
        crate::text::counted(looked.len(), "statement")
    ));
    let stated = stated(&looked, policy);
    let mut all = signatures.facts;
    let boms = boms(&looked, policy);
    all.extend(looked.into_iter().map(|Looked { fact, .. }| fact));
    all.sort_by(|one, other| (one.id, &one.name).cmp(&(other.id, &other.name)));
    let mut evidence = Evidence {
        model,
        statements: all,
        scan: None,
        advisories: reports,
        card,
    };
    let situation = situation(asked, context)?;
    let from_verdict = asked.flags.from_verdict;
    let mut is_cut_short = false;
    if !from_verdict && wants_scan(policies, &situation) {
        if is_denied_without(&decide(policy, &evidence, &situation)) {
            is_cut_short = true;
            step("no scan: the answer is no without it".to_owned());
        } else {
            // The very files that were hashed: opened below the same root, and refused when one is another by now.
            let report = scan::of_sources(hashed.sources(), context)?;
            evidence.scan = Some(summed(&report));
            step(format!(
                "{} scanned",
                crate::text::counted(report.files.len(), "file")
            ));
        }
    }
    hashed.still_holds()?;
    let verdict = if from_verdict {
        summary::instead_of_judging(&stated, policy, &evidence.model, &situation)
    } else {
        decide(policy, &evidence, &situation)
    };
    let model = &evidence.model;
    let name = match &model.namespace {
        Some(namespace) => format!("{namespace}/{}", model.name),
        None => model.name.clone(),
    };
    log::write(&verdict, policy, (asked.verb, &name), asked.flags)?;
    let counting = evidence.statements.iter();
    let counting = counting.filter(|it| policy.counts(it.kind, &it.by));
    Ok(Judged {
        ways: Ways::of(policy),
        counting: counting.map(|it| it.id).collect(),
        verdict,
        evidence,
        described,
        signers,
        signed: signatures.files,
        boms,
        steps,
        is_cut_short,
    })
}

/// Bills of materials of the model as it is now, by signers who count.
fn boms(looked: &[Looked], policy: &Policy) -> Vec<(String, serde_json::Value)> {
    let counting = looked.iter().filter(|one| {
        one.fact.kind == Kind::Bom && one.fact.holds == Holds::Yes && policy.counts(Kind::Bom, &one.fact.by)
    });
    let documents = counting.filter_map(|one| {
        let statement = one.statement.as_ref()?;
        Some((one.fact.name.clone(), statement.predicate.clone()))
    });
    documents.collect()
}

/// Verdicts about the model as it is now, by those whose verdicts count; what cannot be read of them is said.
fn stated(looked: &[Looked], policy: &Policy) -> Vec<(Stated, Result<Summary, NotEnough>)> {
    let counting = looked.iter().filter(|one| {
        let is_about_it = !matches!(one.fact.holds, Holds::No { is_other: true, .. });
        one.fact.kind == Kind::Verdict && is_about_it && policy.hears(Kind::Verdict, &one.fact.by)
    });
    let stated = counting.filter_map(|one| {
        let about = Stated {
            id: one.fact.id,
            name: one.fact.name.clone(),
            signed_by: one.fact.signed_by.clone().unwrap_or_default(),
            counts: policy.counts(Kind::Verdict, &one.fact.by),
        };
        let summary = match (&one.fact.holds, &one.statement) {
            (Holds::Yes, Some(statement)) => Summary::read(&statement.predicate),
            (Holds::No { why, .. }, _) => Err(NotEnough::Unread(why.clone())),
            (Holds::Yes, None) => return None,
        };
        Some((about, summary))
    });
    stated.collect()
}

fn situation(asked: &Asked<'_>, context: &Context) -> Result<Situation, Diagnostic> {
    Ok(Situation {
        now: context.timestamp()?,
        mode: asked.flags.mode_here(),
        tier: asked.flags.which.tier,
        skip: asked.flags.skip.iter().copied().collect(),
        given_up: asked.given_up.iter().cloned().collect(),
    })
}

/// Whether a demand can be met by a scan that is run now.
fn wants_scan(policies: &Policies, situation: &Situation) -> bool {
    let asks = policies.policy.asks(Demand::takes_scan_now);
    let is_skipped = [Check::Scan, Check::Coverage]
        .iter()
        .all(|check| situation.skip.contains(check));
    asks && !is_skipped
}

/// Whether something that no scan could mend denies it.
fn is_denied_without(verdict: &Verdict) -> bool {
    let mut checks = verdict.checks().into_iter();
    let general = verdict
        .general
        .iter()
        .any(|reason| reason.decision == Decision::Deny);
    general
        || checks.any(|(check, decision)| {
            decision == Decision::Deny && !matches!(check, Check::Scan | Check::Coverage)
        })
}

/// What policies ask of a scan.
fn summed(report: &Report) -> ScanFact {
    let mut fact = ScanFact::default();
    for file in &report.files {
        for finding in &file.findings {
            let worst = fact
                .findings
                .entry(finding.rule.to_owned())
                .or_insert(finding.severity);
            *worst = (*worst).max(finding.severity);
        }
        let unlisted = weightlock_scan::Severity::ALL
            .into_iter()
            .filter(|severity| file.findings_left_out.at_least(*severity) > 0);
        fact.unlisted = fact.unlisted.max(unlisted.max());
        if !file.coverage.is_complete() {
            let why = file.coverage.gaps.first().map_or("", |gap| gap.why.as_str());
            fact.unread.push(format!("{}: {why}", file.file));
        }
    }
    let others = report.not_examined.iter();
    fact.unread
        .extend(others.map(|one| format!("{}: {}", one.name, one.why)));
    fact
}
