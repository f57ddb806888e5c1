//! What a model is now: its bytes, always; and where a key, an identity or a policy is named, who vouches for it.
//!
//! 1. Where a policy holds, it judges ([`judge`]), which hashes every file; otherwise they are hashed here.
//! 2. Where flags name a signer, the signature is checked as `weightlock verify` does it, over the same bytes.
//!
//! What was refused stands beside the bytes, and whoever asked decides what follows.

use std::path::Path;

use weightlock_artifact::{Error, reason::Outcome};
use weightlock_policy::{
    Check, Decision, ModelName,
    lock::{Entry, Files, Line, LockedSigner, LockedVerdict, Place},
};

use super::{
    LookFlags, ReadFlags, named,
    refusal::{Refusal, many},
};
use crate::{
    commands::{
        subject::Hashed,
        verdict::{self, Asked, Judged, Policies, PolicyFlags, WhichPolicy},
        verify::Case,
    },
    context::Context,
    diagnostic::Diagnostic,
    environment::PUBLIC_KEY,
    explanations::USAGE,
};

/// Who is asked about models.
pub(super) struct Looking<'a> {
    verb: &'static str,
    flags: &'a LookFlags,
    trust: Option<weightlock_signing::Trust>,
    pub(super) policies: Option<Policies>,
    context: &'a Context,
}

/// Which model, and what is said of it.
pub(super) struct Subject<'a> {
    /// What it is called; else the place says it.
    pub(super) name: Option<&'a ModelName>,
    pub(super) path: &'a Path,
    /// Where it comes from, if the place does not say it.
    pub(super) source: Option<Line>,
    /// Its revision, likewise.
    pub(super) revision: Option<String>,
}

/// What a model is now.
pub(super) struct Seen {
    pub(super) name: ModelName,
    pub(super) files: Files,
    pub(super) source: Option<Line>,
    pub(super) revision: Option<Line>,
    pub(super) signers: Vec<LockedSigner>,
    pub(super) verdict: Option<LockedVerdict>,
    /// That its signature does not hold, or is by nobody who counts, is among the refusals.
    pub(super) is_unsigned: bool,
    /// Why somebody who was asked does not vouch for it.
    pub(super) refusals: Vec<Refusal>,
    /// What must be said of the verdict besides, as of waivers.
    pub(super) notes: Vec<String>,
}

/// What only a policy understands. A lock has a use for the rest by itself: names and revisions are written down, and what is accepted is
/// logged and refused in production whether or not there is a policy.
fn only_of_policies(flags: &PolicyFlags) -> PolicyFlags {
    let which = WhichPolicy {
        mode: None,
        ..flags.which.clone()
    };
    PolicyFlags {
        which,
        called: None,
        revision: None,
        audit_log: None,
        ..flags.clone()
    }
}

impl<'a> Looking<'a> {
    pub(super) fn new(
        verb: &'static str,
        flags: &'a LookFlags,
        context: &'a Context,
    ) -> Result<Self, Diagnostic> {
        if flags.trust.at_time.is_some() {
            let told = Diagnostic::new(USAGE, "a lock is about now; --at-time has no meaning for it");
            return Err(tried(&["--at-time".to_owned()], flags, context, told));
        }
        if !flags.policy.skip.is_empty() {
            let told = "a lock rests on everything that the policy demands, so that nothing is left out";
            let told = Diagnostic::new(USAGE, told).help("leave out --skip");
            return Err(tried(&flags.policy.skipped(), flags, context, told));
        }
        let trust = is_signer_named(flags)
            .then(|| flags.trust.trust(verb, None, context.now()))
            .transpose()?;
        Ok(Self {
            verb,
            flags,
            trust,
            policies: Policies::find_any(&only_of_policies(&flags.policy), context)?,
            context,
        })
    }

    /// Whether anybody is asked who vouches for a model.
    pub(super) const fn asks(&self) -> bool {
        self.trust.is_some() || self.policies.is_some()
    }

    /// What a model is now. An error is one of reading: then nothing is known of it.
    pub(super) fn look(&self, subject: &Subject<'_>) -> Result<Seen, Vec<Diagnostic>> {
        match &self.policies {
            Some(policies) => self.judged(policies, subject),
            None => {
                let hashed = hashed(subject.path, &self.flags.reading, self.context)?;
                self.with_signature(subject, &hashed, seen(&hashed, subject)?)
            }
        }
    }

    fn judged(&self, policies: &Policies, subject: &Subject<'_>) -> Result<Seen, Vec<Diagnostic>> {
        let given = &self.flags.policy;
        let called = |name: &ModelName| {
            let (namespace, name) = name.split();
            (namespace.map(str::to_owned), name.to_owned())
        };
        let flags = PolicyFlags {
            called: given.called.clone().or_else(|| subject.name.map(called)),
            revision: subject.revision.clone(),
            ..given.clone()
        };
        let asked = Asked {
            verb: self.verb,
            target: subject.path,
            allow_symlinks: self.flags.reading.allow_symlinks,
            flags: &flags,
            given_up: self.flags.trust.given_up(),
        };
        let judged = verdict::judge(policies, &asked, &self.flags.reading.hashing(), self.context)?;
        let hashed = &judged.described.hashed;
        let mut seen = seen(hashed, subject)?;
        seen.signers = signers(&judged, policies)?;
        seen.verdict = LockedVerdict::of(&judged.verdict, &policies.policy);
        seen.refusals = refusals(&judged);
        seen.notes = verdict::notes(&judged);
        seen.is_unsigned = seen
            .refusals
            .iter()
            .any(|(_, it)| it.code() == Check::Signature.code());
        self.with_signature(subject, hashed, seen)
    }

    /// Checks the signature of the signer that flags name.
    fn with_signature(
        &self,
        subject: &Subject<'_>,
        hashed: &Hashed,
        mut seen: Seen,
    ) -> Result<Seen, Vec<Diagnostic>> {
        match self.signed(subject.path, hashed) {
            Ok(signer) => seen.signers.extend(signer),
            Err(reasons) => {
                seen.is_unsigned = true;
                seen.refusals.extend(many(reasons));
            }
        }
        seen.signers.sort();
        seen.signers.dedup();
        hashed.still_holds()?;
        Ok(seen)
    }

    fn signed(&self, path: &Path, hashed: &Hashed) -> Result<Option<LockedSigner>, Vec<Diagnostic>> {
        let Some(trust) = &self.trust else {
            return Ok(None);
        };
        let (files, flags) = (self.flags.reading.files(), &self.flags.trust);
        let mut case = Case::open(path, None, &files, trust.clone(), flags)?;
        let verified = case.statement()?;
        let rules = case.rules(&files)?;
        let compared = case.compared(&verified, &rules, &self.flags.reading.hashing(), self.context)?;
        let model = compared.map_err(|mismatch| case.reasons(&verified, &mismatch))?;
        let told = case.accepted(&verified, &model);
        let is_other = |digest: &String| *digest != hashed.digest().to_string();
        if !told.complete || told.digest.as_ref().is_some_and(is_other) {
            let changed = Error::Changed {
                path: path.to_owned(),
                offset: None,
            };
            return Err(vec![changed.into()]);
        }
        LockedSigner::try_from(verified.signer())
            .map(Some)
            .map_err(|error| vec![Diagnostic::of(USAGE, &error)])
    }
}

/// Whether flags or the environment name a signer.
/// A refusal of flags that give up a check, which is written to the logs of a policy that says production. A policy that cannot be read
/// names none.
fn tried(given_up: &[String], flags: &LookFlags, context: &Context, told: Diagnostic) -> Diagnostic {
    let found = Policies::find_any(&only_of_policies(&flags.policy), context);
    let Ok(Some(policies)) = found else {
        return told;
    };
    match verdict::write_overrides(given_up, &policies.policy, &flags.policy, context) {
        Ok(()) => told,
        Err(why) => told.note(format!(
            "that it was tried could not be logged: {}",
            why.message()
        )),
    }
}

fn is_signer_named(flags: &LookFlags) -> bool {
    let trust = &flags.trust;
    trust.key.is_some()
        || !trust.certificate_chain.is_empty()
        || trust.identity.is_asked()
        || trust.identity.names_sigstore()
        || PUBLIC_KEY.filled().is_some()
}

/// Hashes a model, from its bytes.
pub(crate) fn hashed(path: &Path, reading: &ReadFlags, context: &Context) -> Result<Hashed, Vec<Diagnostic>> {
    Hashed::of(path, reading.allow_symlinks, &reading.hashing(), context)
}

/// The files of what was hashed.
pub(crate) fn files(hashed: &Hashed) -> Files {
    match hashed.manifest() {
        Some(manifest) => Files::Folder(manifest.clone()),
        None => Files::File {
            digest: *hashed.digest(),
            size: hashed.bytes,
        },
    }
}

/// What the bytes and the place say by themselves.
fn seen(hashed: &Hashed, subject: &Subject<'_>) -> Result<Seen, Diagnostic> {
    let hub = hashed.root().hub_name();
    let full_name = hub.map(named::full_name);
    let name = match subject.name {
        Some(name) => name.clone(),
        None => named::default_of(hashed.root())?,
    };
    let source = match full_name {
        Some(name) => Some(line("source", &format!("hub:{name}"))?),
        None => subject.source.clone(),
    };
    let revision = hub
        .map(|hub| hub.revision.clone())
        .or_else(|| subject.revision.clone());
    Ok(Seen {
        name,
        files: files(hashed),
        source,
        revision: revision.map(|text| line("revision", &text)).transpose()?,
        signers: Vec::new(),
        verdict: None,
        is_unsigned: false,
        refusals: Vec::new(),
        notes: Vec::new(),
    })
}

/// Reads something that was said in one line.
pub(super) fn line(what: &str, text: &str) -> Result<Line, Diagnostic> {
    Line::parse(text)
        .map_err(|why| Diagnostic::new(USAGE, format!("the {what} cannot be written down: {why}")))
}

/// Everybody whose signature holds over these bytes, and counts.
fn signers(judged: &Judged, policies: &Policies) -> Result<Vec<LockedSigner>, Diagnostic> {
    let counting = judged.counting_signers(&policies.policy);
    let signers = counting.map(LockedSigner::try_from);
    signers
        .collect::<Result<_, _>>()
        .map_err(|error| Diagnostic::of(USAGE, &error))
}

/// Why the policy does not allow it.
fn refusals(judged: &Judged) -> Vec<Refusal> {
    let outcome = match judged.verdict.decision {
        Decision::Allow => return Vec::new(),
        Decision::Quarantine => Outcome::NoAnswer,
        Decision::Deny => Outcome::No,
    };
    let reasons = verdict::reasons(judged).into_iter();
    reasons.map(|reason| (outcome, reason)).collect()
}

impl Seen {
    /// What must be said of the verdict, by the name of the model.
    pub(super) fn noted(&self, name: &ModelName) -> Vec<String> {
        let notes = self.notes.iter();
        notes.map(|note| format!("{name}: {note}")).collect()
    }

    /// As it is locked.
    pub(super) fn entry(self, place: Place) -> Entry {
        Entry {
            place,
            source: self.source,
            revision: self.revision,
            files: self.files,
            signers: self.signers,
            verdict: self.verdict,
        }
    }
}
