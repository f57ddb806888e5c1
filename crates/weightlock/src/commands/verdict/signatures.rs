//! Signatures of the files: who made each, and whether the model is what they signed, by the rules of `verify`.

use std::{collections::BTreeSet, path::PathBuf};

use weightlock_artifact::{
    digest::{Digest, engine::Reading},
    evidence::{EXTRA_FILE, EvidenceName, Kind, Store},
    inventory::Root,
};
use weightlock_policy::{
    IdentityId, Policy,
    evidence::{Content, Holds, StatementFact},
};
use weightlock_signing::{
    Signer,
    oms::{
        self, FileClaim, Files, VerifiedStatement,
        model::{Rules, Strictness, Unsigned, Work, compare},
    },
    predicate::reason::ABOUT,
};

use super::people::{self, People};
use crate::{
    cli::Hashing,
    commands::{subject::Hashed, target},
    context::Context,
    diagnostic::Diagnostic,
    loaders::KnownLoaders,
    progress,
};

/// Signatures that are compared with the model by reading it, where its digests do not show that it is what they list.
const MOST_COMPARED: usize = 4;

/// A signature that lies with a model.
pub(super) struct Found {
    path: PathBuf,
    name: String,
    bundle: Vec<u8>,
    /// Everybody of the policies who made it, and what it says.
    verified: Option<VerifiedStatement>,
    by: BTreeSet<IdentityId>,
    refusal: Option<String>,
}

/// Finds every signature and checks whose it is. No byte of the model is read.
pub(super) fn find(root: &Root, people: &People) -> Vec<Found> {
    let mut all = Vec::new();
    if let Some(Ok(bundle)) = target::in_image(root) {
        all.push(Found::of(
            root.join("model.sig"),
            "model.sig".to_owned(),
            bundle,
            people,
        ));
    }
    for store in target::stores(root) {
        if let Ok(bundle) = target::read(store.signature()) {
            let name = store.signature().file_name().map_or_else(
                || "model.sig".to_owned(),
                |name| name.to_string_lossy().into_owned(),
            );
            all.push(Found::of(store.signature().to_owned(), name, bundle, people));
        }
        for (name, bundle) in further(&store) {
            all.push(Found::of(store.folder().join(&name), name, bundle, people));
        }
    }
    all
}

fn further(store: &Store) -> Vec<(String, Vec<u8>)> {
    let names = store.list().map(|listing| listing.evidence).unwrap_or_default();
    let signatures = names.into_iter().filter_map(|(name, _)| match name {
        EvidenceName::Statement(Kind::Oms, _) => Some((name.to_string(), store.read(&name).ok()?)),
        _ => None,
    });
    signatures.collect()
}

impl Found {
    fn of(path: PathBuf, name: String, bundle: Vec<u8>, people: &People) -> Self {
        let mut found = Self {
            path,
            name,
            bundle,
            verified: None,
            by: BTreeSet::new(),
            refusal: None,
        };
        for (id, trust) in people.all() {
            match oms::verify(&found.bundle, trust) {
                Ok(verified) => {
                    found.by.insert(id.clone());
                    found.verified = Some(verified);
                }
                Err(refusal) => found.refusal = Some(refusal.to_string()),
            }
        }
        found
    }

    /// Whether its signer counts.
    pub(super) fn counts(&self, policy: &Policy) -> bool {
        policy.counts(Kind::Oms, &self.by)
    }
}

/// What the signatures say about the bytes as they are now.
pub(super) fn judged(
    all: Vec<Found>,
    hashed: &Hashed,
    hashing: &Hashing,
    context: &Context,
) -> Result<Vec<StatementFact>, Vec<Diagnostic>> {
    let stowaway = stowaway(hashed.root());
    let mut left = MOST_COMPARED;
    let mut facts = Vec::new();
    for found in all {
        let holds = match (&found.verified, &stowaway) {
            (None, _) => Holds::No {
                code: weightlock_policy::reason::SIGNATURE,
                why: found
                    .refusal
                    .clone()
                    .unwrap_or_else(|| "the policy knows nobody whose signature it could be".to_owned()),
                is_other: false,
            },
            (Some(_), Some(name)) => Holds::No {
                code: EXTRA_FILE,
                why: format!("{name} is no evidence and must not lie among it"),
                is_other: false,
            },
            (Some(verified), None) if is_exactly(hashed, verified) => Holds::Yes,
            (Some(_), None) if left == 0 => Holds::No {
                code: ABOUT,
                why: "it does not list the files as they are, and others were compared before".to_owned(),
                is_other: true,
            },
            (Some(verified), None) => {
                left -= 1;
                compared(verified, &found, hashed, hashing, context)?
            }
        };
        let signer = found.verified.as_ref().map(VerifiedStatement::signer);
        facts.push(StatementFact {
            id: people::sha256(&found.bundle),
            name: found.name,
            kind: Kind::Oms,
            by: found.by,
            signer: signer.map(people::distinct),
            signed_by: signer.map(people::shown),
            made: signer.and_then(proven_time),
            holds,
            content: Content::Signature,
        });
    }
    Ok(facts)
}

/// When something was signed, by the earliest clock or log that is believed; a key alone proves no time.
pub(super) fn proven_time(signer: &Signer) -> Option<jiff::Timestamp> {
    let Signer::Identity { proven, .. } = signer else {
        return None;
    };
    let mut times: Vec<jiff::Timestamp> = proven
        .times()
        .iter()
        .filter_map(|time| time.to_string().parse().ok())
        .collect();
    times.sort_unstable();
    times.first().copied()
}

/// The first name among the evidence that is none.
fn stowaway(root: &Root) -> Option<String> {
    target::stores(root).iter().find_map(|store| match store.list() {
        Ok(listing) => listing.foreign.first().cloned(),
        Err(error) => Some(error.to_string()),
    })
}

/// Whether what was signed is exactly what was hashed: every file, and no other. Then there is nothing else to look for.
fn is_exactly(hashed: &Hashed, verified: &VerifiedStatement) -> bool {
    let same =
        |claim: &FileClaim, digest: &Digest| matches!(claim, FileClaim::Whole(whole) if whole == digest);
    match (verified.statement().files(), hashed.manifest()) {
        (Files::Single(claim), None) => same(claim, hashed.digest()),
        (Files::Named(files), Some(manifest)) => {
            hashed.is_regular()
                && files.len() == manifest.files().len()
                && manifest.files().iter().all(|file| {
                    let claim = files.get(&file.path);
                    claim.is_some_and(|claim| same(claim, file.sha256()))
                })
        }
        _ => false,
    }
}

/// By the rules of `verify`, reading the model again: for signatures that list files another way, leave some out, or do not fit.
fn compared(
    verified: &VerifiedStatement,
    found: &Found,
    hashed: &Hashed,
    hashing: &Hashing,
    context: &Context,
) -> Result<Holds, Vec<Diagnostic>> {
    let root = hashed.root().reopen().map_err(|error| vec![error.into()])?;
    let rules = Rules {
        strictness: Strictness::Native {
            loaders: &KnownLoaders,
            git: true,
        },
        ignore: Vec::new(),
        unsigned: Unsigned::Refused,
        signature: target::inside(&root, &found.path),
        only: None,
    };
    let settings = context
        .hashing(hashing, Reading::Mapped)
        .map_err(|told| vec![told])?;
    let comparison = progress::shown(&context.show, |observer| {
        let mut work = Work {
            settings,
            observer,
            cache: None,
            keeper: None,
            leaves: None,
        };
        compare(verified, root, &rules, &mut work)
    });
    let comparison = comparison.map_err(|error| vec![Diagnostic::from(error)])?;
    Ok(match comparison.accept() {
        Ok(model) if model.is_complete() => Holds::Yes,
        Ok(_) => Holds::No {
            code: ABOUT,
            why: "not every file that it lists was checked".to_owned(),
            is_other: true,
        },
        Err(mismatch) => {
            let changes = mismatch.comparison().drift.changes();
            let first = changes.first().map(|change| change.path().to_string());
            let codes = mismatch.codes();
            let code = codes.first().copied().unwrap_or(ABOUT);
            let what = crate::explanations::find(code.as_str()).map_or("it does not hold", |it| it.what);
            let why = match (first, changes.len()) {
                (None, _) => what.to_owned(),
                (Some(first), 1) => format!("{first}: {what} ({code})"),
                (Some(first), count) => format!("{first} and {} more: {what} ({code})", count - 1),
            };
            Holds::No {
                code,
                why,
                is_other: true,
            }
        }
    })
}
