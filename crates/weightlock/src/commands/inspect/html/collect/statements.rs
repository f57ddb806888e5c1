//! Signatures and other statements that lie with the model: with a policy, whether each counts; without one, what each claims.

use std::collections::BTreeMap;

use weightlock_artifact::evidence::Kind;
use weightlock_policy::{
    Policy,
    evidence::{Holds, StatementFact},
};

use super::Material;
use crate::{
    commands::{
        evidence::{
            found::{Found, said_signer},
            summary,
        },
        inspect::{
            html::report::{Counts, Statement},
            look::Signature,
        },
    },
    diagnostic::Diagnostic,
};

/// What each kind is called.
const fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Oms => "signature of the files",
        Kind::Leaves => "leaf table",
        Kind::Verity => "fs-verity digests",
        Kind::Scan => "scan report",
        Kind::Bom => "bill of materials",
        Kind::Card => "model card",
        Kind::Provenance => "provenance",
        Kind::Evaluation => "evaluation",
        Kind::Review => "review",
        Kind::Vex => "advisories that apply",
        Kind::Verdict => "verdict",
        Kind::Other => "other statement",
    }
}

/// What is claimed, by file name.
struct Claimed {
    kind: Option<Kind>,
    says: String,
    signer: Option<String>,
}

pub(super) fn of(material: &Material<'_>) -> Vec<Statement> {
    let (claimed, unlisted) = match claimed(material) {
        Ok(claimed) => (claimed, None),
        Err(told) => (BTreeMap::new(), Some(unlisted(&told))),
    };
    let listed = match material.judging.done() {
        Some((policies, judged)) => {
            let facts = judged.evidence.statements.iter();
            let mut all: Vec<Statement> = facts
                .map(|it| judged_one(it, &policies.policy, &claimed))
                .collect();
            // What counts stands before what does not, and signatures before statements.
            all.sort_by_key(|it| (it.counts != Counts::Yes, it.kind != title(Kind::Oms)));
            all
        }
        None => signature(&material.seen.signature)
            .into_iter()
            .chain(claimed.into_iter().map(|(name, it)| Statement {
                name,
                kind: it.kind.map_or("statement", title),
                says: it.says,
                signer: it.signer,
                made: None,
                counts: Counts::NotChecked,
            }))
            .collect(),
    };
    unlisted.into_iter().chain(listed).collect()
}

/// Evidence of which not even a list could be made.
fn unlisted(told: &Diagnostic) -> Statement {
    Statement {
        name: "(the evidence)".to_owned(),
        kind: "folder of evidence",
        says: String::new(),
        signer: None,
        made: None,
        counts: Counts::No(format!("{}: {}", told.code(), told.sentence())),
    }
}

fn claimed(material: &Material<'_>) -> Result<BTreeMap<String, Claimed>, Diagnostic> {
    let found = Found::about(material.seen.inventory.root())?;
    let claimed = found.iter().map(|it| {
        let (says, signer) = match it.claimed() {
            Ok(claimed) => (
                summary::of(&claimed.statement),
                Some(said_signer(&claimed.material)),
            ),
            Err(why) => (format!("it cannot be read: {}", why.why), None),
        };
        let claimed = Claimed {
            kind: it.kind,
            says,
            signer,
        };
        (it.name.clone(), claimed)
    });
    Ok(claimed.collect())
}

fn judged_one(fact: &StatementFact, policy: &Policy, claimed: &BTreeMap<String, Claimed>) -> Statement {
    let says = claimed
        .get(&fact.name)
        .map_or_else(String::new, |it| it.says.clone());
    Statement {
        name: fact.name.clone(),
        kind: title(fact.kind),
        says,
        signer: fact.signed_by.clone(),
        made: fact.made.map(|time| time.to_string()),
        counts: counts(fact, policy),
    }
}

fn counts(fact: &StatementFact, policy: &Policy) -> Counts {
    let is_by_one_who_counts = policy.counts(fact.kind, &fact.by);
    match &fact.holds {
        Holds::No { why, code, .. } => Counts::No(format!("{code}: {why}")),
        Holds::Yes if is_by_one_who_counts => Counts::Yes,
        Holds::Yes => Counts::No("the policy does not take its signer's word for this kind".to_owned()),
    }
}

/// The signature that lies with the model, of which nothing was checked.
fn signature(signature: &Signature) -> Option<Statement> {
    let (says, signer) = match signature {
        Signature::None => return None,
        Signature::Unreadable(told) => (format!("it cannot be read: {}", told.sentence()), None),
        Signature::Broken(refusal) => (format!("it is none: {refusal}"), None),
        Signature::Key(Some(hint)) => ("made with a key".to_owned(), Some(format!("key {hint}"))),
        Signature::Key(None) => ("made with a key that is not named".to_owned(), None),
        Signature::Certificate(subject) => ("made with a certificate".to_owned(), Some(subject.clone())),
        Signature::Sigstore => ("made with a Sigstore identity".to_owned(), None),
    };
    Some(Statement {
        name: "model.sig".to_owned(),
        kind: title(Kind::Oms),
        says,
        signer,
        made: None,
        counts: Counts::NotChecked,
    })
}
