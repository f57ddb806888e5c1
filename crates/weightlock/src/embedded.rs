//! Weightlock inside another program, such as Python: the verbs and the guarded load, without a terminal.
//!
//! [`answer`] runs a verb as it was typed and gives the JSON document that `--json` prints; [`load`] gives a sealed view.
//! Nothing is printed and nobody is asked for a password. Signals are left to the program, which watches a [`Progress`] from
//! another thread, and stops the work by it. Flags that have a variable are read from the environment, as always.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use weightlock_artifact::{
    digest::engine::Reading,
    error::NAME,
    inventory::{Links, Root},
    path::ArtifactPath,
};
use weightlock_runtime::{
    guard::pinned::{self, Pinned},
    view::SealedView,
};

use crate::{
    cli::{Cli, Hashing, Selection},
    commands::{
        self, Command,
        guarded::{self, Asked},
        verify,
    },
    context::Context,
    exit::Exit,
    explanations::{self, NOT_BUILT, PIN, USAGE},
    flags::{IdentityFlags, TrustFlags},
    reply::Reply,
    text::{Shown, quoted},
};
pub use crate::{
    commands::{
        guarded::{Loaded, Parts},
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
    /// Processes of this user that load the same read it once between them, and take each other's word for its bytes.
    pub share: bool,
}

/// What later versions will judge by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Later {
    /// A policy is to decide.
    pub policy: bool,
}

impl Later {
    /// Refuses what this version cannot check: what was asked for must not pass unchecked.
    ///
    /// # Errors
    /// The reason.
    pub fn refuse(self) -> Result<(), Vec<Diagnostic>> {
        if !self.policy {
            return Ok(());
        }
        let told = Diagnostic::new(
            NOT_BUILT,
            "judging by a policy (policy) needs the release with policies",
        );
        Err(vec![told.note(
            "this version verifies with a key, with certificates or with an identity",
        )])
    }
}

/// Verifies a model and reads it into a sealed view, in one act.
///
/// # Errors
/// Why not, gravest first; none of its bytes are handed out then.
pub fn load(model: &Model, progress: &Arc<Progress>) -> Result<Loaded, Vec<Diagnostic>> {
    asked(model, |asked| {
        asked.read(&Context::embedded(Arc::clone(progress)))?.into_view()
    })
}

/// Opens a signed file for reading parts of it. The signature and the size of the file are verified now, bytes when they are
/// read, and the rest not at all. `None` where the signer has signed no leaves of the file: then it can only be loaded as a
/// whole.
///
/// # Errors
/// Why not, gravest first.
pub fn open_parts(model: &Model, progress: &Arc<Progress>) -> Result<Option<Parts>, Vec<Diagnostic>> {
    asked(model, |asked| {
        asked.open_parts(&Context::embedded(Arc::clone(progress)))
    })
}

/// Verifies a file and reads it into the caller's memory, which must have its size, in one act. Gives what was verified, as
/// `verify` tells it, and in one line.
///
/// # Errors
/// Why not, gravest first; then nothing of the file is left in the memory.
pub fn load_into(
    model: &Model,
    memory: &mut [u8],
    progress: &Arc<Progress>,
) -> Result<(Verified, String), Vec<Diagnostic>> {
    let verified = asked(model, |asked| {
        asked.read_into(memory, &Context::embedded(Arc::clone(progress)))
    })?;
    let line = guarded::line(&verified, false);
    Ok((verified, line))
}

fn asked<T>(
    model: &Model,
    done: impl FnOnce(Asked<'_>) -> Result<T, Vec<Diagnostic>>,
) -> Result<T, Vec<Diagnostic>> {
    let only: Result<Vec<_>, _> = model.only.iter().map(|pattern| verify::glob(pattern)).collect();
    done(Asked {
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
        only: &only.map_err(|error| vec![Diagnostic::new(USAGE, error)])?,
        hashing: &Hashing::default(),
        in_folder: true,
        share: model.share,
    })
}

/// A file with the digest that was expected of it, and the private folder through which it is read.
#[derive(Debug)]
pub struct PinnedFile {
    view: SealedView<Pinned>,
    line: String,
}

impl PinnedFile {
    /// The view.
    #[must_use]
    pub const fn view(&self) -> &SealedView<Pinned> {
        &self.view
    }

    /// What was verified, in one line without its end.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }
}

/// Reads a file whose SHA-256 is known (`pin`: `sha256:HEX` or `HEX`) into a sealed view. `name` is what the pin was looked
/// up by; without a pin the file is refused.
///
/// # Errors
/// Why not; none of its bytes are handed out then.
pub fn load_pinned(
    path: &Path,
    name: &str,
    pin: Option<&str>,
    progress: &Arc<Progress>,
) -> Result<PinnedFile, Vec<Diagnostic>> {
    let shown = path.display().to_string();
    let Some(pin) = pin else {
        let told = Diagnostic::new(PIN, format!("no digest is pinned for {name:?}")).at(shown.clone());
        return Err(vec![told.help(format!(
            "after review, pin what this prints:  weightlock digest {}",
            quoted(&shown)
        ))]);
    };
    let expected = verify::pinned(pin)
        .map_err(|error| Diagnostic::new(USAGE, format!("the pin of {name:?} is no SHA-256: {error}")))?;
    let root = Root::open(path, Links::Refused).map_err(Diagnostic::from)?;
    let base = ArtifactPath::parse(root.base_name())
        .map_err(|source| Diagnostic::of(NAME, &source).at(shown.clone()))?;
    let settings = Context::embedded(Arc::clone(progress)).hashing(&Hashing::default(), Reading::Buffered)?;
    let read = pinned::read(root, &expected, settings, progress.as_ref()).map_err(Diagnostic::from)?;
    let pinned = read.map_err(|found| {
        Diagnostic::new(PIN, format!("{name} is not the file that was pinned"))
            .at(shown.clone())
            .fact("pinned", expected.to_string())
            .fact("found", found.to_string())
    })?;
    let line = Shown(&format!("verified: {shown}   {}   as pinned", pinned.digest())).to_string();
    let view = SealedView::new(pinned, &guarded::place(), &base, true).map_err(Diagnostic::from)?;
    Ok(PinnedFile { view, line })
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
        assert!(load_pinned(&file, "weights", Some(pin), &progress).is_ok());
        assert_eq!(progress.bytes(), (1 << 20, 1 << 20));
        progress.stop();
        let reasons = load_pinned(&file, "weights", Some(pin), &progress).unwrap_err();
        assert_eq!(reasons[0].code(), weightlock_artifact::error::INTERRUPTED);
    }

    #[test]
    fn a_reason_cannot_write_to_a_terminal() {
        let told = Diagnostic::new(USAGE, "a \u{1b}[2J name").at("/model/\u{1b}[2J   offset 7");
        let reason = Reason::from(&told);
        assert!(!reason.what.contains('\u{1b}') && !reason.place.unwrap().contains('\u{1b}'));
        assert_eq!(reason.file.as_deref(), Some("/model/\u{1b}[2J"));
    }
}
