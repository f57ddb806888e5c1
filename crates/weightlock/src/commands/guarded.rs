//! A guarded load: a model is verified and read in one act, and lies in a sealed view.
//!
//! 1. [`Asked::read`] finds the signature, checks whose it is, and has [`weightlock_runtime::guard`] read and compare.
//! 2. Whoever wants to look at the verified bytes first does it now ([`Read::guarded`]).
//! 3. [`Read::into_view`] makes the folder of links ([`SealedView`]).
//!
//! `run` gives such a view to a program, the wheel to Python. Several processes may read a model once between them
//! ([`share`]), and one file may be read in parts ([`Asked::open`]).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use globset::GlobMatcher;
use weightlock_artifact::{digest::engine::Reading, error::NAME, inventory::RootKind, path::ArtifactPath};
use weightlock_runtime::{
    folder::PrivateFolder,
    guard::{
        self, Guarded,
        share::{self, Shared, Standing},
    },
    sealed::Sealed,
    view::{Frozen, SealedView},
};
use weightlock_signing::oms::{VerifiedStatement, model::Rules};

mod parts;

pub use self::parts::Parts;

use super::{
    target,
    trust::TrustFlags,
    verify::{Case, Verified},
};
use crate::{
    cli::{Hashing, Selection},
    context::Context,
    diagnostic::Diagnostic,
    environment::{TMPDIR, XDG_RUNTIME_DIR},
    progress,
    text::{Shown, Size},
};

/// What is to be loaded, and whose signature counts.
pub(crate) struct Asked<'a> {
    pub(crate) path: &'a Path,
    pub(crate) trust: &'a TrustFlags,
    /// The signature, when it is not where signatures lie.
    pub(crate) signature: Option<&'a Path>,
    pub(crate) files: &'a Selection,
    /// Only files that match, when there are any.
    pub(crate) only: &'a [GlobMatcher],
    pub(crate) hashing: &'a Hashing,
    /// One file without a signature of its own may be covered by that of a folder which it lies in.
    pub(crate) in_folder: bool,
    /// Processes of this user that want the same read it once between them.
    pub(crate) share: bool,
}

impl Asked<'_> {
    /// Verifies and reads, in one act.
    pub(crate) fn read(&self, context: &Context) -> Result<Read, Vec<Diagnostic>> {
        let one = |told| vec![told];
        let Signed { case, verified, file } = self.signed(context)?;
        let wanted = |path: &ArtifactPath| match &file {
            Some(file) => path == file,
            None => self.only.iter().any(|glob| glob.is_match(path.as_str())),
        };
        let is_part = file.is_some() || !self.only.is_empty();
        let rules = Rules {
            only: if is_part { Some(&wanted) } else { None },
            ..case.rules(self.files).map_err(one)?
        };
        let settings = context.hashing(self.hashing, Reading::Buffered).map_err(one)?;
        let root = case.root.reopen().map_err(|error| one(error.into()))?;
        let read = progress::shown_as("verifying", &context.show, |observer| {
            if self.share {
                let meet = PrivateFolder::open(&meeting_place())?;
                let part = self.part(file.as_ref());
                let shared = share::read(&verified, &root, (&rules, &part), settings, observer, &meet);
                Ok(shared?.map(Held::Shared))
            } else {
                let guarded = guard::read(&verified, root, &rules, settings, observer);
                Ok(guarded?.map(Held::Own))
            }
        });
        let held = read
            .map_err(|error: weightlock_runtime::Error| one(error.into()))?
            .map_err(|mismatch| case.reasons(&verified, &mismatch))?;
        Ok(Read {
            verified: held.verified(&case, &verified),
            is_file: file.is_some() || matches!(case.root.kind(), RootKind::File(_)),
            name: base_name(&case).map_err(one)?,
            held,
        })
    }

    /// Finds the signature, and checks whose it is.
    fn signed(&self, context: &Context) -> Result<Signed, Vec<Diagnostic>> {
        let one = |told| vec![told];
        let trust = self.trust.trust(None, context.now()).map_err(one)?;
        let around = if self.in_folder {
            target::around(self.path)
        } else {
            None
        };
        let (model, file) = match around {
            Some((folder, file)) => (folder, Some(file)),
            None => (self.path.to_owned(), None),
        };
        let case =
            Case::open(&model, self.signature, self.files, (trust, self.trust.at_time)).map_err(one)?;
        let verified = case.statement()?;
        Ok(Signed { case, verified, file })
    }

    /// Which files are asked for, in words.
    fn part(&self, file: Option<&ArtifactPath>) -> String {
        let patterns = self.only.iter().map(|glob| glob.glob().glob());
        match file {
            Some(file) => format!("file\0{}", file.as_str()),
            None => patterns.fold(String::from("only"), |part, pattern| part + "\0" + pattern),
        }
    }
}

/// A model whose signature was verified, and of which nothing was read.
struct Signed {
    case: Case,
    verified: VerifiedStatement,
    /// The one file that is asked for, when the model is the folder which it lies in.
    file: Option<ArtifactPath>,
}

fn base_name(case: &Case) -> Result<ArtifactPath, Diagnostic> {
    ArtifactPath::parse(case.root.base_name())
        .map_err(|source| Diagnostic::of(NAME, &source).at(case.root.path().display().to_string()))
}

/// The sealed files of a model, and who read them.
#[derive(Debug)]
pub enum Held {
    /// This process.
    Own(Guarded),
    /// One of several processes.
    Shared(Shared),
}

impl Held {
    fn verified(&self, case: &Case, verified: &VerifiedStatement) -> Verified {
        match self {
            Self::Own(guarded) => case.accepted(verified, guarded.model()),
            Self::Shared(shared) => match shared.standing() {
                Standing::Led(published) => case.accepted(verified, published.model()),
                Standing::Joined { survey, leader } => case.joined(verified, survey, *leader),
            },
        }
    }
}

impl Frozen for Held {
    fn files(&self) -> &BTreeMap<ArtifactPath, Sealed> {
        match self {
            Self::Own(guarded) => guarded.files(),
            Self::Shared(shared) => shared.files(),
        }
    }
}

/// A model that was verified, and that nobody has seen yet.
pub(crate) struct Read {
    verified: Verified,
    held: Held,
    name: ArtifactPath,
    is_file: bool,
}

impl Read {
    /// The sealed files.
    pub(crate) fn files(&self) -> &BTreeMap<ArtifactPath, Sealed> {
        self.held.files()
    }

    /// Makes the folder that leads to them.
    pub(crate) fn into_view(self) -> Result<Loaded, Vec<Diagnostic>> {
        let view = SealedView::new(self.held, &place(), &self.name, self.is_file);
        Ok(Loaded {
            verified: self.verified,
            view: view.map_err(|error| vec![error.into()])?,
        })
    }
}

/// A model that was verified, and the folder through which it is read. The folder and the descriptors go with this value.
#[derive(Debug)]
pub struct Loaded {
    verified: Verified,
    view: SealedView<Held>,
}

impl Loaded {
    /// What was verified, as `verify` tells it.
    #[must_use]
    pub const fn verified(&self) -> &Verified {
        &self.verified
    }

    /// The view.
    #[must_use]
    pub const fn view(&self) -> &SealedView<Held> {
        &self.view
    }

    /// What was verified, in one line without its end.
    #[must_use]
    pub fn line(&self) -> String {
        let digest = self.verified.digest.as_deref().unwrap_or("no manifest digest");
        let reader = self.verified.read_by;
        let reader = reader.map_or_else(String::new, |process| format!("   read by process {process}"));
        let text = format!(
            "verified: {}   {digest}   {}   signed by {}{reader}",
            self.verified.model,
            Size(self.verified.bytes_checked),
            self.verified.signer.text()
        );
        Shown(&text).to_string()
    }
}

/// Where private folders belong: the user's own folder for them, or else the one for temporary files.
pub(crate) fn place() -> PathBuf {
    let named = [XDG_RUNTIME_DIR, TMPDIR]
        .into_iter()
        .filter_map(|variable| variable.filled());
    let found = named.map(PathBuf::from).find(|folder| folder.is_dir());
    found.unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// Where processes of this user meet, and note which leaves they have derived.
fn meeting_place() -> PathBuf {
    let runtime = XDG_RUNTIME_DIR.filled().map(PathBuf::from);
    let temporary = TMPDIR
        .filled()
        .map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    PrivateFolder::usual(runtime.filter(|folder| folder.is_dir()).as_deref(), &temporary)
}
