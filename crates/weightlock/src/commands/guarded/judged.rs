//! A guarded load about which a policy decides.
//!
//! 1. Signatures are looked at, then every file of the model is read into sealed memory ([`hold`]).
//! 2. The verdict is made of those bytes, by the code that `gate` asks ([`verdict::judge_bytes`]), and written to the audit logs.
//! 3. A signer who was named besides must have signed these bytes, too: flags add to a policy, and take nothing from it.
//! 4. [`Unjudged::accept`] compares the digest of the verdict with that of the memory, and only then hands out files: those that
//!    signatures which count list, or all of them where the policy asked for none.

use std::path::Path;

use weightlock_artifact::{digest::engine::Reading, error::NAME, inventory::RootKind, path::ArtifactPath};
use weightlock_policy::{Decision, Mode};
use weightlock_runtime::{
    guard::judged::{Unjudged, hold},
    view::Frozen as _,
};
use weightlock_signing::{
    oms::{
        Files, VerifiedStatement,
        model::{VerifiedModel, Work, compare},
    },
    reason::NOTHING_SELECTED,
};

use super::{Asked, Found, Held, Read, Refused, Told};
use crate::{
    commands::{
        subject::empty,
        target,
        verdict::{self, Bytes, Judged, Policies, PolicyFlags, VerdictTold, judge_bytes},
        verify::Verified,
    },
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    explanations::USAGE,
    progress,
    sources::Target,
};

/// By which policies a load is judged.
#[derive(Debug)]
pub(crate) struct Judging<'a> {
    /// The verb that asks.
    pub(crate) verb: &'static str,
    /// The policies.
    pub(crate) policies: Policies,
    /// What is said besides.
    pub(crate) flags: &'a PolicyFlags,
}

impl<'a> Judging<'a> {
    /// The policies that hold here, if any do. What only a policy understands is refused without one.
    pub(crate) fn find(
        verb: &'static str,
        flags: &'a PolicyFlags,
        context: &Context,
    ) -> Result<Option<Self>, Diagnostic> {
        Ok(Policies::find_any(flags, context)?.map(|policies| Self {
            verb,
            policies,
            flags,
        }))
    }
}

/// What is in memory, and the verdict on it.
type Decided = (Judged, Unjudged);

impl Asked<'_> {
    /// Reads and judges, in one act.
    pub(super) fn read_judged(&self, by: &Judging<'_>, context: &Context) -> Result<Read, Refused> {
        self.is_sound(by)?;
        let around = self.in_folder.then(|| target::around(self.path)).flatten();
        let (model, file) = match around {
            Some((folder, file)) => (folder, Some(file)),
            None => (self.path.to_owned(), None),
        };
        let (judged, held) = self.decided(by, &model, context)?;
        let told = VerdictTold::from(&judged);
        if judged.verdict.decision != Decision::Allow {
            return Err(Refused {
                reasons: verdict::reasons(&judged),
                verdict: Some(Box::new(told)),
            });
        }
        let besides = self.signed_besides(&held, context)?;
        let is_file = file.is_some() || matches!(held.root().kind(), RootKind::File(_));
        let name = held.root().base_name();
        let wanted = |path: &ArtifactPath| {
            let signed = judged.signed.as_ref().is_none_or(|signed| signed.contains(path));
            let also = besides
                .as_ref()
                .is_none_or(|(statement, _)| lists(statement, path));
            let asked = match &file {
                Some(file) => path == file,
                None => self.only.is_empty() || self.only.iter().any(|glob| glob.is_match(path.as_str())),
            };
            signed && also && asked
        };
        let accepted = held.accept(&judged.verdict, wanted).map_err(Diagnostic::from)?;
        if accepted.files().is_empty() {
            let what = "nothing of what was asked for is a file of the model that was allowed";
            let told = Diagnostic::new(NOTHING_SELECTED, what);
            return Err(told.at(self.path.display().to_string()).into());
        }
        Ok(Read {
            told: Told::Allowed {
                model: model.display().to_string(),
                bytes: judged.described.hashed.bytes,
                verdict: Box::new(told),
                signed: besides.map(|(_, verified)| Box::new(verified)),
                notes: verdict::notes(&judged),
            },
            is_file,
            name: ArtifactPath::parse(name)
                .map_err(|source| Diagnostic::of(NAME, &source).at(model.display().to_string()))?,
            held: Held::Judged(accepted),
        })
    }

    /// What would say something else than a policy does. In production a path that is left out is a refusal that is logged, by the
    /// verdict.
    fn is_sound(&self, by: &Judging<'_>) -> Result<(), Diagnostic> {
        let is_production = by.policies.policy.mode(by.flags.mode_here()) == Mode::Production;
        if !self.files.ignore_paths.is_empty() && !is_production {
            let what =
                "a policy holds here, and decides about every file: none is left out with --ignore-paths";
            return Err(Diagnostic::new(USAGE, what));
        }
        if self.signature.is_some() && !self.trust.is_given() {
            let what = "--signature says where the signature of --key lies, and no signer is named besides the policy";
            return Err(Diagnostic::new(USAGE, what)
                .note("the policy looks for signatures in the model and beside it"));
        }
        Ok(())
    }

    fn decided(&self, by: &Judging<'_>, model: &Path, context: &Context) -> Result<Decided, Vec<Diagnostic>> {
        let asked = verdict::Asked {
            verb: by.verb,
            target: model,
            allow_symlinks: self.files.allow_symlinks,
            flags: by.flags,
            given_up: self.given_up(),
        };
        let settings = context.hashing(self.hashing, Reading::Buffered)?;
        let mut held = None;
        let judged = judge_bytes(&by.policies, &asked, self.hashing, context, |root, scope| {
            let root = root.reopen().map_err(Diagnostic::from)?;
            let read = progress::shown_as("reading", &context.show, |observer| {
                hold(root, scope, settings, observer)
            });
            let read = match read.map_err(Diagnostic::from)? {
                Ok(read) => read,
                Err(inventory) => {
                    Target::Folder(inventory.into()).regular()?;
                    return Err(empty(model).into());
                }
            };
            let read = held.insert(read);
            Ok(Bytes {
                root: read.root().reopen().map_err(Diagnostic::from)?,
                digests: read.digests().clone(),
            })
        })?;
        let lost = || Diagnostic::new(USAGE, "nothing was read");
        Ok((judged, held.ok_or_else(lost)?))
    }

    /// What the signer who was named besides the policy signed, if one was.
    fn signed_besides(
        &self,
        held: &Unjudged,
        context: &Context,
    ) -> Result<Option<(VerifiedStatement, Verified)>, Vec<Diagnostic>> {
        if !self.trust.is_given() {
            return Ok(None);
        }
        let found = Found::open(self, context)?;
        let rules = found.case.rules(self.files)?;
        let root = held.root().reopen().map_err(Diagnostic::from)?;
        let compared = progress::shown_as("verifying", &context.show, |observer| {
            let mut work = Work {
                settings: found.settings,
                observer,
                cache: None,
                keeper: None,
                leaves: None,
            };
            compare(&found.verified, root, &rules, &mut work)
        });
        let accepted = compared.map_err(Diagnostic::from)?.accept();
        let model: VerifiedModel =
            accepted.map_err(|mismatch| found.case.reasons(&found.verified, &mismatch))?;
        let told = found.case.accepted(&found.verified, &model);
        Ok(Some((found.verified, told)))
    }

    /// Flags that give up a check, as they are typed.
    fn given_up(&self) -> Vec<String> {
        let mut given_up = self.trust.given_up();
        if !self.files.ignore_paths.is_empty() {
            given_up.push("--ignore-paths".to_owned());
        }
        given_up
    }
}

/// Whether a statement is about this file.
fn lists(statement: &VerifiedStatement, path: &ArtifactPath) -> bool {
    match statement.statement().files() {
        Files::Named(files) => files.contains_key(path),
        Files::Single(_) => true,
    }
}

impl Refused {
    /// How the run ends.
    pub(crate) fn exit(&self) -> Option<Exit> {
        self.verdict.as_ref().map(|verdict| Exit::from(verdict.decision))
    }
}
