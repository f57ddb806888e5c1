//! Signatures beside the first one: what further signers say of the same model.
//!
//! `model.sig` holds one signature. Others lie among the evidence, each of them whole: an OMS bundle of its own over every
//! file. A model is accepted by whichever is by the signer that is asked for. The first one decides where it is theirs; only
//! where it is somebody else's are the others looked at, so that an old signature of theirs never outweighs a new one.

use std::path::PathBuf;

use weightlock_artifact::{
    digest::{Algorithm, engine::Settings},
    evidence::{EvidenceName, Kind},
};
use weightlock_signing::{
    NotCounted, Signer, Trust,
    certificate::UnixTime,
    oms::{
        self, VerifiedStatement,
        model::{Work, compare},
    },
    predicate::reason::ABOUT,
};

use super::{Case, SignedBy};
use crate::{
    commands::{
        evidence::found::{Found as Evidence, Why},
        target::{self, Found},
    },
    diagnostic::Diagnostic,
    explanations::CO_SIGNER,
    flags::{TrustFlags, trust_in},
    progress::Stop,
    text::counted,
};

/// More signatures of one signer are not compared with the model, which costs reading it once for each.
const MOST_COMPARED: usize = 8;

impl Case {
    /// The signature among the evidence that is by the signer whose signature counts. Of several the one that the model fits.
    pub(super) fn further(&self) -> Option<(Found, VerifiedStatement)> {
        let mut by_signer: Vec<_> = self
            .further_signatures()
            .into_iter()
            .filter_map(|found| {
                let verified = oms::verify(&found.bundle, &self.trust).ok()?;
                Some((found, verified))
            })
            .take(MOST_COMPARED)
            .collect();
        let fitting = match by_signer.len() {
            0 | 1 => None,
            _ => by_signer
                .iter()
                .position(|(found, verified)| self.fits(found, verified)),
        };
        (!by_signer.is_empty()).then(|| by_signer.swap_remove(fitting.unwrap_or(0)))
    }

    /// Whether the model is what this statement lists. Nothing is concluded from it but which signature to check.
    fn fits(&self, found: &Found, verified: &VerifiedStatement) -> bool {
        let Ok(root) = self.root.reopen() else {
            return false;
        };
        let Ok(rules) = self.rules(&self.files) else {
            return false;
        };
        let mut work = Work {
            settings: Settings::new(Algorithm::Sha256),
            observer: &Stop::default(),
            cache: None,
            keeper: None,
            leaves: None,
        };
        let rules = oms::model::Rules {
            signature: target::inside(&self.root, &found.path),
            ..rules
        };
        compare(verified, root, &rules, &mut work).is_ok_and(|comparison| comparison.accept().is_ok())
    }

    /// Every further signature that lies with the model; nothing of them was checked.
    fn further_signatures(&self) -> Vec<Found> {
        let mut all = Vec::new();
        for store in target::stores(&self.root) {
            let names = store.list().map(|listing| listing.evidence).unwrap_or_default();
            for (name, _) in names {
                if let (EvidenceName::Statement(Kind::Oms, _), Ok(bundle)) = (name, store.read(&name)) {
                    all.push(Found {
                        path: store.folder().join(name.to_string()),
                        bundle,
                        store: store.clone(),
                    });
                }
            }
        }
        all
    }

    /// Every one of these signers signed the model too: exactly the files that were verified. They and the one that was
    /// verified are as many different signers: who has two names, or a key and a certificate for it, is one.
    pub(super) fn also_signed_by(
        &self,
        signers: &[PathBuf],
        (flags, now): (&TrustFlags, UnixTime),
        verified: &VerifiedStatement,
    ) -> Result<Vec<SignedBy>, Vec<Diagnostic>> {
        let mut all = self.further_signatures();
        for store in target::stores(&self.root) {
            if let Ok(bundle) = target::read(store.signature()) {
                all.push(Found {
                    path: store.signature().to_owned(),
                    bundle,
                    store,
                });
            }
        }
        let mut choices = Vec::new();
        for path in signers {
            let trust = trust_in(path, flags, now)?;
            let theirs = all.iter().filter_map(|one| same_model(one, &trust, verified));
            let theirs: Vec<_> = theirs.collect();
            if theirs.is_empty() {
                return Err(self.not_signed_by(path, &all, &trust).into());
            }
            choices.push(theirs);
        }
        let mut counted = vec![verified.signer().clone()];
        if !each_another(&choices, &mut counted) {
            let told = Diagnostic::new(
                CO_SIGNER,
                format!(
                    "{} was not signed by as many different signers as are asked for",
                    self.root.path().display()
                ),
            );
            return Err(told
                .at(self.root.path().display().to_string())
                .note("one key counts once, under whatever name and with whatever certificate")
                .into());
        }
        Ok(counted.iter().skip(1).map(SignedBy::from).collect())
    }

    fn not_signed_by(&self, path: &std::path::Path, all: &[Found], trust: &Trust) -> Diagnostic {
        let theirs = all.iter().find(|one| oms::verify(&one.bundle, trust).is_ok());
        let told = Diagnostic::new(
            CO_SIGNER,
            format!(
                "{} has no signature by {}",
                self.root.path().display(),
                path.display()
            ),
        )
        .at(self.root.path().display().to_string());
        match theirs {
            Some(one) => told.note(format!(
                "{} is theirs, and lists other files, other digests, or lists them another way",
                one.path.display()
            )),
            None => told.note(format!("looked at {}", counted(all.len(), "signature"))),
        }
    }

    /// What a further signature says, when it is by one who may sign models, over what was verified.
    pub(super) fn further_signature(
        &self,
        evidence: &Evidence,
        verified: &VerifiedStatement,
    ) -> Result<(String, SignedBy), Why> {
        let bundle = evidence.bundle()?;
        let mut refusal = None;
        for trust in self.signers.of(Kind::Oms) {
            match oms::verify(bundle, trust) {
                Ok(further) if is_same(&further, verified) => {
                    let files = counted(further.statement().file_count(), "file");
                    return Ok((
                        format!("a further signature over the same {files}"),
                        further.signer().into(),
                    ));
                }
                Ok(_) => {
                    return Err(Why {
                        code: ABOUT,
                        why: "it lists other files, other digests, or lists them another way".to_owned(),
                    });
                }
                Err(refused) => refusal = Some(refused),
            }
        }
        Err(refusal.map_or_else(
            || (&NotCounted::Nobody(Kind::Oms)).into(),
            |refusal| (&NotCounted::from(refusal)).into(),
        ))
    }
}

/// Whether one can be taken of each list, so that all differ from those taken before and from each other; they are added.
fn each_another(choices: &[Vec<Signer>], taken: &mut Vec<Signer>) -> bool {
    let Some((first, rest)) = choices.split_first() else {
        return true;
    };
    first.iter().any(|signer| {
        if taken.iter().any(|other| other.is_same_as(signer)) {
            return false;
        }
        taken.push(signer.clone());
        each_another(rest, taken) || {
            taken.pop();
            false
        }
    })
}

/// Who made the signature, when they are trusted and signed what was verified.
fn same_model(found: &Found, trust: &Trust, verified: &VerifiedStatement) -> Option<Signer> {
    let further = oms::verify(&found.bundle, trust).ok()?;
    is_same(&further, verified).then(|| further.signer().clone())
}

/// The same files with the same digests, made the same way. What each signer ignored may differ.
fn is_same(one: &VerifiedStatement, other: &VerifiedStatement) -> bool {
    let (one, other) = (one.statement(), other.statement());
    let (left, right) = (one.serialization(), other.serialization());
    one.files() == other.files() && left.method == right.method && left.algorithm == right.algorithm
}
