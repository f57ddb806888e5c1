//! Signatures of the files: who made each, and whether the model is what they signed, by the rules of `verify`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use weightlock_artifact::{
    digest::{Digest, engine::Reading},
    evidence::{EXTRA_FILE, EvidenceName, Kind, Store},
    inventory::{Root, RootKind, Scope},
    path::ArtifactPath,
};
use weightlock_bom::card::check::SignedBy;
use weightlock_policy::{
    IdentityId, Policy,
    evidence::{Content, Holds, StatementFact},
};
use weightlock_signing::{
    Refusal, Signer,
    oms::{
        self, Files, VerifiedStatement,
        model::{Rules, Strictness, Unsigned, Work, compare},
    },
    predicate::reason::ABOUT,
    sigstore::SigstoreRefusal,
};

use super::people::{self, People};
use crate::{
    cli::Hashing,
    commands::{card::evidence::named, subject::Hashed, target},
    context::Context,
    diagnostic::Diagnostic,
    loaders::KnownLoaders,
    progress,
};

/// Signatures that are compared with the model by reading it, where its digests do not show that it is what they list.
const MOST_COMPARED: usize = 4;

/// People who are told why a signature is not theirs.
const MOST_REFUSALS: usize = 4;

/// A signature that lies with a model.
pub(super) struct Found {
    path: PathBuf,
    name: String,
    bundle: Vec<u8>,
    /// Everybody of the policies who made it, and what it says.
    verified: Option<VerifiedStatement>,
    by: BTreeSet<IdentityId>,
    /// Why it is not theirs, for the first of those who did not make it.
    refusals: Vec<String>,
}

/// Finds every signature and checks whose it is. No byte of the model is read. One that lies there and cannot be read, as by `verify`,
/// is an error: nobody knows whose it is.
pub(super) fn find(root: &Root, people: &People) -> Result<Vec<Found>, Diagnostic> {
    let mut all = Vec::new();
    if let Some(bundle) = target::in_image(root) {
        all.push(Found::of(
            root.join("model.sig"),
            "model.sig".to_owned(),
            bundle?,
            people,
        ));
    }
    for store in target::stores(root) {
        if let Some(bundle) = target::lying(root, &store)? {
            let name = store.signature().file_name().map_or_else(
                || "model.sig".to_owned(),
                |name| name.to_string_lossy().into_owned(),
            );
            all.push(Found::of(store.signature().to_owned(), name, bundle, people));
        }
        for name in further(&store) {
            let bundle = store
                .read(&name)
                .map_err(|error| Diagnostic::of(error.code(), &error))?;
            let name = name.to_string();
            all.push(Found::of(store.folder().join(&name), name, bundle, people));
        }
    }
    Ok(all)
}

/// Signatures among the evidence. That it cannot be listed is told where the files are compared ([`stowaway`]).
fn further(store: &Store) -> Vec<EvidenceName> {
    let names = store.list().map(|listing| listing.evidence).unwrap_or_default();
    let names = names.into_iter().map(|(name, _)| name);
    names
        .filter(|name| matches!(name, EvidenceName::Statement(Kind::Oms, _)))
        .collect()
}

impl Found {
    fn of(path: PathBuf, name: String, bundle: Vec<u8>, people: &People) -> Self {
        let mut found = Self {
            path,
            name,
            bundle,
            verified: None,
            by: BTreeSet::new(),
            refusals: Vec::new(),
        };
        for (id, trust) in people.all() {
            match oms::verify(&found.bundle, trust) {
                Ok(verified) => {
                    found.by.insert(id.clone());
                    found.verified = Some(verified);
                }
                Err(refusal) if found.refusals.len() < MOST_REFUSALS => {
                    found.refusals.push(format!("{}: {}", id.name, why(&refusal)));
                }
                Err(_) => {}
            }
        }
        found
    }

    /// Whether its signer counts.
    pub(super) fn counts(&self, policy: &Policy) -> bool {
        policy.counts(Kind::Oms, &self.by)
    }
}

/// Why a signature is not somebody's: with expected and found, where it is another one's.
fn why(refusal: &Refusal) -> String {
    let pair = match refusal {
        Refusal::KeyMismatch { expected, found } => Some((expected.clone(), found.clone())),
        Refusal::Sigstore(SigstoreRefusal::Identity(refusal)) => refusal
            .pair()
            .map(|(expected, found)| (expected.to_owned(), found.to_owned())),
        _ => None,
    };
    match pair {
        Some((expected, found)) => format!("{refusal} (expected {expected}, found {found})"),
        None => refusal.to_string(),
    }
}

/// Who made each signature, by the digest of its bundle.
pub(super) fn signers(all: &[Found]) -> BTreeMap<Digest, Signer> {
    let signers = all.iter().filter_map(|found| {
        let verified = found.verified.as_ref()?;
        Some((people::sha256(&found.bundle), verified.signer().clone()))
    });
    signers.collect()
}

/// What the signatures say about the bytes as they are now.
pub(super) struct Judged {
    /// As policies see it.
    pub(super) facts: Vec<StatementFact>,
    /// Whoever signed exactly these bytes, with the names that they have in a policy.
    signers: Vec<(BTreeSet<IdentityId>, SignedBy)>,
    /// The files that are listed by signatures that hold and count; none where there is no such signature.
    pub(super) files: Option<BTreeSet<ArtifactPath>>,
}

impl Judged {
    /// Whether a signature that holds and counts lists this file. Where there is none, nothing is left out by anybody.
    pub(super) fn has_listed(&self, name: &str) -> bool {
        let is_listed = |files: &BTreeSet<ArtifactPath>| files.iter().any(|file| file.as_str() == name);
        self.files.as_ref().is_none_or(is_listed)
    }

    /// Likewise.
    pub(super) fn lists(&self, file: &ArtifactPath) -> bool {
        self.files.as_ref().is_none_or(|files| files.contains(file))
    }

    /// Whoever signed exactly these bytes and counts, by every name that a card may call them.
    pub(super) fn signed_by(&self, policy: &Policy) -> Option<SignedBy> {
        let counting = self.signers.iter().filter(|(by, _)| policy.counts(Kind::Oms, by));
        counting
            .map(|(_, signer)| signer.clone())
            .reduce(|one, other| SignedBy {
                shown: format!("{} and {}", one.shown, other.shown),
                names: one.names.into_iter().chain(other.names).collect(),
                is_named: one.is_named || other.is_named,
            })
    }
}

/// The files that belong to a model: also those under names that are usually passed over, where somebody of the policies signed
/// them.
pub(super) fn scope(all: &[Found]) -> Scope {
    let listed = all.iter().filter_map(|found| found.verified.as_ref());
    Scope::model().but_keeping(listed.flat_map(names))
}

fn names(verified: &VerifiedStatement) -> impl Iterator<Item = &ArtifactPath> + Clone {
    let named = match verified.statement().files() {
        Files::Named(files) => Some(files.keys()),
        Files::Single(_) => None,
    };
    named.into_iter().flatten()
}

/// Compares the signatures with the bytes as they are now.
pub(super) fn judged(
    all: Vec<Found>,
    policy: &Policy,
    hashed: &Hashed,
    hashing: &Hashing,
    context: &Context,
) -> Result<Judged, Vec<Diagnostic>> {
    let stowaway = stowaway(hashed.root());
    let mut left = MOST_COMPARED;
    let (mut facts, mut signers, mut files) = (Vec::new(), Vec::new(), None::<BTreeSet<ArtifactPath>>);
    for found in all {
        let holds = match (&found.verified, &stowaway) {
            (None, _) => Holds::No {
                code: weightlock_policy::reason::SIGNATURE,
                why: match found.refusals.as_slice() {
                    [] => "the policy knows nobody whose signature it could be".to_owned(),
                    refusals => refusals.join("; "),
                },
                is_other: false,
            },
            (Some(_), Some(name)) => Holds::No {
                code: EXTRA_FILE,
                why: format!("{name} is no evidence and must not lie among it"),
                is_other: false,
            },
            (Some(verified), None)
                if hashed.is_regular() && hashed.is_exactly(verified.statement().files()) =>
            {
                Holds::Yes
            }
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
        if let (Some(verified), true) = (&found.verified, holds == Holds::Yes && found.counts(policy)) {
            let listed = files.get_or_insert_default();
            match hashed.root().kind() {
                RootKind::Folder => listed.extend(names(verified).cloned()),
                RootKind::File(name) => listed.extend([name.clone()]),
            }
        }
        let signer = found.verified.as_ref().map(VerifiedStatement::signer);
        if let (Some(signer), Holds::Yes) = (signer, &holds) {
            signers.push((found.by.clone(), named(signer)));
        }
        facts.push(StatementFact {
            id: people::sha256(&found.bundle),
            name: found.name,
            kind: Kind::Oms,
            by: found.by,
            signer: signer.map(people::distinct),
            marks: signer.map(people::marks).unwrap_or_default(),
            signed_by: signer.map(people::shown),
            made: signer.and_then(proven_time),
            holds,
            content: Content::Signature,
        });
    }
    Ok(Judged {
        facts,
        signers,
        files,
    })
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
