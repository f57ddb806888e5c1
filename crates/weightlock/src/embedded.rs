//! Weightlock inside another program, such as Python: the verbs and the guarded load, without a terminal.
//!
//! [`answer`] runs a verb as it was typed and gives the JSON document that `--json` prints; [`load`] gives a sealed view.
//! Nothing is printed and nobody is asked for a password. Signals are left to the program, which watches a [`Progress`] from
//! another thread, and stops the work by it. Flags that have a variable are read from the environment, as always.

use std::{ffi::OsString, path::PathBuf, sync::Arc};

use weightlock_artifact::{
    digest::{Digest, engine::Reading},
    error::NAME,
    inventory::{Links, Root},
    path::ArtifactPath,
};
use weightlock_runtime::{guard::pinned, view::SealedView};

use crate::{
    cli::{Cli, Hashing, Selection},
    commands::{
        self, Command,
        guarded::{self, Asked, Held, Judging},
        verdict::PolicyFlags,
        verify,
    },
    context::Context,
    exit::Exit,
    explanations::{self, PIN, USAGE},
    flags::{IdentityFlags, TrustFlags},
    reply::Reply,
    text::{Shown, quoted},
};
pub use crate::{
    commands::{
        guarded::{Loaded, Parts, Refused},
        verdict::VerdictTold,
        verify::Verified,
    },
    diagnostic::Diagnostic,
    progress::Progress,
};

/// A model, and whose signature counts.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// A folder or a file. A file without a signature of its own may be covered by that of a folder which it lies in.
    pub path: PathBuf,
    /// The public key of the signer; without it and certificates, the one that WEIGHTLOCK_PUBLIC_KEY names.
    pub key: Option<PathBuf>,
    /// Root certificates of the signer.
    pub certificate_chain: Vec<PathBuf>,
    /// The Sigstore identity of the signer, exactly.
    pub identity: Option<String>,
    /// Who vouches for the identity, exactly.
    pub identity_provider: Option<String>,
    /// The Sigstore trust root; without it, that of the public instance.
    pub trusted_root: Option<PathBuf>,
    /// The signature, when it is not where signatures lie.
    pub signature: Option<PathBuf>,
    /// Only files that match are read and handed out, when there are any patterns.
    pub only: Vec<String>,
    /// Links to files inside the model are followed.
    pub allow_symlinks: bool,
    /// Processes of this user that load the same read it once between them, and take each other's word for its bytes. Where a
    /// policy decides, each reads by itself.
    pub share: bool,
    /// The policy that decides, and what is said besides. Where one holds, the signer is demanded besides, if one is named.
    pub policy: Policy,
}

/// A policy, and what is said about the model besides: the flags of `gate`, by their names.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The policy; without it, the one that holds here. The floor holds besides.
    pub policy: Option<PathBuf>,
    /// `development`, `staging` or `production`; a policy can only be made stricter.
    pub mode: Option<String>,
    /// `low`, `medium` or `high`; likewise.
    pub tier: Option<String>,
    /// `NAMESPACE/NAME`, for rules.
    pub name: Option<String>,
    /// The revision that was fetched.
    pub revision: Option<String>,
    /// Reports about vulnerabilities.
    pub advisories: Vec<PathBuf>,
    /// A log of decisions.
    pub audit_log: Option<PathBuf>,
    /// A verdict that lies with the model is taken instead of judging.
    pub from_verdict: bool,
    /// Checks that are to be left out; refused in production.
    pub skip: Vec<String>,
}

impl Policy {
    fn flags(&self) -> Result<PolicyFlags, Diagnostic> {
        let mut words: Vec<OsString> = vec!["weightlock".into()];
        let mut say = |flag: &str, value: &std::ffi::OsStr| {
            // As one word, so that no value is taken for a flag.
            let mut word = OsString::from(format!("--{flag}="));
            word.push(value);
            words.push(word);
        };
        for (flag, value) in [
            ("mode", &self.mode),
            ("tier", &self.tier),
            ("as", &self.name),
            ("revision", &self.revision),
        ] {
            if let Some(value) = value {
                say(flag, value.as_ref());
            }
        }
        let files = [("policy", &self.policy), ("audit-log", &self.audit_log)];
        let files = files
            .into_iter()
            .filter_map(|(flag, file)| Some((flag, file.as_ref()?)));
        let reports = self.advisories.iter().map(|file| ("advisories", file));
        for (flag, file) in files.chain(reports) {
            say(flag, file.as_os_str());
        }
        for check in &self.skip {
            say("skip", check.as_ref());
        }
        if self.from_verdict {
            words.push("--from-verdict".into());
        }
        PolicyFlags::of_words(words).map_err(|error| Diagnostic::new(USAGE, error))
    }
}

/// Verifies a model and reads it into a sealed view, in one act.
///
/// # Errors
/// Why not, gravest first; none of its bytes are handed out then.
pub fn load(model: &Model, progress: &Arc<Progress>) -> Result<Loaded, Refused> {
    asked(model, progress, |asked, context| {
        Ok(asked.read(context)?.into_view()?)
    })
}

/// Opens a signed file for reading parts of it. The signature and the size of the file are verified now, bytes when they are
/// read, and the rest not at all. `None` where the signer has signed no leaves of the file, or a policy decides: then it can only
/// be loaded as a whole.
///
/// # Errors
/// Why not, gravest first.
pub fn open_parts(model: &Model, progress: &Arc<Progress>) -> Result<Option<Parts>, Refused> {
    asked(model, progress, |asked, context| Ok(asked.open_parts(context)?))
}

/// Verifies a file and reads it into the caller's memory, which must have its size, in one act. Gives what was verified of the
/// signer that was named, as `verify` tells it, and in one line.
///
/// # Errors
/// Why not, gravest first; then nothing of the file is left in the memory.
pub fn load_into(model: &Model, memory: &mut [u8], progress: &Arc<Progress>) -> Result<Into, Refused> {
    let told = asked(model, progress, |asked, context| asked.read_into(memory, context))?;
    Ok(Into(told))
}

/// What was found out about a file that was read into the caller's memory.
#[derive(Debug)]
pub struct Into(guarded::Told);

impl Into {
    /// What was verified of the signer that was named, as `verify` tells it; none where only a policy decided.
    #[must_use]
    pub fn verified(&self) -> Option<&Verified> {
        self.0.verified()
    }

    /// In one line without its end.
    #[must_use]
    pub fn line(&self) -> String {
        self.0.line(false)
    }
}

/// What verdicts say asked for them.
const VERB: &str = "load";

fn asked<T>(
    model: &Model,
    progress: &Arc<Progress>,
    done: impl FnOnce(Asked<'_>, &Context) -> Result<T, Refused>,
) -> Result<T, Refused> {
    let context = Context::embedded(Arc::clone(progress));
    let only: Result<Vec<_>, _> = model.only.iter().map(|pattern| verify::glob(pattern)).collect();
    let flags = model.policy.flags()?;
    let judging = Judging::find(VERB, &flags, &context)?;
    let asked = Asked {
        path: &model.path,
        trust: &TrustFlags {
            key: model.key.clone(),
            certificate_chain: model.certificate_chain.clone(),
            identity: IdentityFlags {
                identity: model.identity.clone(),
                identity_provider: model.identity_provider.clone(),
                trusted_root: model.trusted_root.clone(),
                ..IdentityFlags::default()
            },
            ..TrustFlags::default()
        },
        signature: model.signature.as_deref(),
        files: &Selection {
            allow_symlinks: model.allow_symlinks,
            ..Selection::default()
        },
        only: &only.map_err(|error| Diagnostic::new(USAGE, error))?,
        hashing: &Hashing::default(),
        in_folder: true,
        share: model.share,
        policy: judging.as_ref(),
    };
    done(asked, &context)
}

/// A file with the digest that was expected of it, and the private folder through which it is read.
#[derive(Debug)]
pub struct PinnedFile {
    view: SealedView<Held>,
    line: String,
}

impl PinnedFile {
    /// The view.
    #[must_use]
    pub const fn view(&self) -> &SealedView<Held> {
        &self.view
    }

    /// What was verified, in one line without its end.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }
}

/// Reads a file whose SHA-256 is known (`pin`: `sha256:HEX` or `HEX`) into a sealed view. `name` is what the pin was looked
/// up by; without a pin the file is refused. Where a policy holds, it must allow the model, too.
///
/// # Errors
/// Why not; none of its bytes are handed out then.
pub fn load_pinned(
    model: &Model,
    name: &str,
    pin: Option<&str>,
    progress: &Arc<Progress>,
) -> Result<PinnedFile, Refused> {
    let shown = model.path.display().to_string();
    let Some(pin) = pin else {
        let told = Diagnostic::new(PIN, format!("no digest is pinned for {name:?}")).at(shown.clone());
        let help = format!(
            "after review, pin what this prints:  weightlock digest {}",
            quoted(&shown)
        );
        return Err(told.help(help).into());
    };
    let expected = verify::pinned(pin)
        .map_err(|error| Diagnostic::new(USAGE, format!("the pin of {name:?} is no SHA-256: {error}")))?;
    let other = |found: &Digest| {
        Diagnostic::new(PIN, format!("{name} is not the file that was pinned"))
            .at(shown.clone())
            .fact("pinned", expected.to_string())
            .fact("found", found.to_string())
    };
    asked(model, progress, |asked, context| {
        if asked.policy.is_some() {
            let loaded = asked.read(context)?.into_view()?;
            let line = loaded.line() + "   as pinned";
            return match loaded.only_digest() {
                Some(found) if *found == expected => Ok(PinnedFile {
                    view: loaded.into_sealed_view(),
                    line,
                }),
                Some(found) => Err(other(found).into()),
                None => Err(Diagnostic::new(USAGE, "a folder has no digest of one file")
                    .at(shown.clone())
                    .into()),
            };
        }
        let root = Root::open(&model.path, Links::Refused).map_err(Diagnostic::from)?;
        let base = ArtifactPath::parse(root.base_name())
            .map_err(|source| Diagnostic::of(NAME, &source).at(shown.clone()))?;
        let settings = context.hashing(&Hashing::default(), Reading::Buffered)?;
        let read = pinned::read(root, &expected, settings, progress.as_ref()).map_err(Diagnostic::from)?;
        let pinned = read.map_err(|found| other(&found))?;
        let line = Shown(&format!("verified: {shown}   {}   as pinned", pinned.digest())).to_string();
        let view = SealedView::new(Held::Pinned(pinned), &guarded::place(), &base, true)
            .map_err(Diagnostic::from)?;
        Ok(PinnedFile { view, line })
    })
}

/// What a verb answered.
#[derive(Debug)]
pub struct Answer {
    /// The JSON document of the verb.
    pub document: serde_json::Value,
    /// How the program would have ended.
    pub exit: Exit,
    /// Why the answer is not yes.
    pub reasons: Vec<Diagnostic>,
}

/// Runs a verb with its arguments, as they are typed behind the program's name.
#[must_use]
pub fn answer(words: &[OsString], progress: &Arc<Progress>) -> Answer {
    let before = ["weightlock", "--json"].map(OsString::from);
    match Cli::read(before.into_iter().chain(words.iter().cloned())) {
        Ok(mut cli) => {
            match &mut cli.command {
                Command::Sign(sign) => sign.never_ask(),
                Command::Attest(attest) => attest.never_ask(),
                Command::Bom(bom) => bom.never_ask(),
                Command::Card(card) => card.never_ask(),
                _ => {}
            }
            let context = Context::embedded(Arc::clone(progress));
            answered(commands::dispatch(&cli.command, &cli.global, &context))
        }
        Err(error) => {
            let text = error.to_string();
            let sentence = text
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            answered(Reply::refusal(
                "weightlock",
                vec![Diagnostic::new(USAGE, sentence)],
            ))
        }
    }
}

fn answered(reply: Reply) -> Answer {
    Answer {
        document: serde_json::from_str(&reply.document()).unwrap_or_default(),
        exit: reply.exit(),
        reasons: reply.into_reasons(),
    }
}

/// A reason in the words of a person: what, where, why it matters, what to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// The stable code.
    pub code: String,
    /// What, in one sentence, with the facts.
    pub what: String,
    /// Where: a file, with offset or tensor where known.
    pub place: Option<String>,
    /// The file alone, as it is named on disk.
    pub file: Option<String>,
    /// Why it matters.
    pub why: String,
    /// What to do next.
    pub next: String,
}

impl From<&Diagnostic> for Reason {
    fn from(told: &Diagnostic) -> Self {
        let explained = explanations::find(told.code().as_str());
        // A program prints it to a terminal, and names in it are a stranger's.
        let shown = |text: &str| Shown(text).to_string();
        let fix = || explained.map_or_else(String::new, |explained| explained.fix.to_owned());
        Self {
            code: told.code().to_string(),
            what: shown(&told.sentence()),
            place: told.place().map(shown),
            file: told.file().map(str::to_owned),
            why: explained.map_or_else(String::new, |explained| explained.why.to_owned()),
            next: shown(&told.advice().unwrap_or_else(fix)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_answers_with_its_document() {
        let folder = tempfile::tempdir().unwrap();
        let words = [
            "scan".into(),
            "--".into(),
            folder.path().join("missing").into_os_string(),
        ];
        let answer = answer(&words, &Arc::default());
        assert_eq!(answer.exit, Exit::CouldNotWork);
        assert_eq!(answer.document["verb"], "scan");
        assert_eq!(
            Reason::from(&answer.reasons[0]).code,
            answer.document["reasons"][0]["code"].as_str().unwrap()
        );
    }

    #[test]
    fn words_that_mean_nothing_are_usage() {
        let answer = answer(&["verify".into(), "--no-such-flag".into()], &Arc::default());
        assert_eq!(answer.exit, Exit::Usage);
        assert_eq!(answer.reasons.len(), 1);
    }

    #[test]
    fn work_that_was_stopped_gives_no_model() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weights.bin");
        std::fs::write(&file, vec![0; 1 << 20]).unwrap();
        let pin = "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58";
        let progress = Arc::default();
        let model = Model {
            path: file,
            ..Model::default()
        };
        assert!(load_pinned(&model, "weights", Some(pin), &progress).is_ok());
        assert_eq!(progress.bytes(), (1 << 20, 1 << 20));
        progress.stop();
        let refused = load_pinned(&model, "weights", Some(pin), &progress).unwrap_err();
        assert_eq!(refused.reasons[0].code(), weightlock_artifact::error::INTERRUPTED);
    }

    #[test]
    fn a_reason_cannot_write_to_a_terminal() {
        let told = Diagnostic::new(USAGE, "a \u{1b}[2J name").at("/model/\u{1b}[2J   offset 7");
        let reason = Reason::from(&told);
        assert!(!reason.what.contains('\u{1b}') && !reason.place.unwrap().contains('\u{1b}'));
        assert_eq!(reason.file.as_deref(), Some("/model/\u{1b}[2J"));
    }
}
