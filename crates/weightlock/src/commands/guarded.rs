//! A guarded load: a model is verified and read in one act, and lies in a sealed view.
//!
//! 1. [`Asked::read`] finds the signature, checks whose it is, and has [`weightlock_runtime::guard`] read and compare. Where
//!    the signer listed fs-verity digests, files for which the kernel answers are not read.
//! 2. Whoever wants to look at the verified bytes first does it now ([`Read::files`]).
//! 3. [`Read::into_view`] makes the folder of links ([`SealedView`]).
//!
//! `run` gives such a view to a program, the wheel to Python. Several processes may read a model once between them
//! ([`share`]), and one file may be read in parts ([`Parts`]).

mod judged;
mod parts;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use globset::GlobMatcher;
use weightlock_artifact::{
    digest::{
        Digest,
        engine::{Reading, Settings},
    },
    error::NAME,
    inventory::{Root, RootKind},
    path::ArtifactPath,
};
use weightlock_runtime::{
    folder::PrivateFolder,
    guard::{
        self, Guarded, Leaves,
        into::read_into,
        judged::Judged,
        pinned::Pinned,
        share::{self, Shared, Standing},
        verity::Vouching,
    },
    sealed::Sealed,
    view::{Frozen, SealedView},
};
use weightlock_signing::oms::{
    VerifiedStatement,
    model::{Mismatch, Rules},
};

pub(crate) use self::judged::Judging;
pub use self::parts::Parts;
use super::{
    target,
    verdict::VerdictTold,
    verify::{Case, Verified, leaves},
};
use crate::{
    cli::{Hashing, Selection},
    context::Context,
    diagnostic::Diagnostic,
    environment::{TMPDIR, XDG_RUNTIME_DIR},
    explanations::USAGE,
    flags::TrustFlags,
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
    /// Processes of this user that want the same read it once between them. Where a policy decides, each reads by itself.
    pub(crate) share: bool,
    /// The policies that decide, where any hold here. Then whoever is trusted besides must have signed it, too.
    pub(crate) policy: Option<&'a Judging<'a>>,
}

/// Why a model was not handed out.
#[derive(Debug)]
pub struct Refused {
    /// Why, gravest first.
    pub reasons: Vec<Diagnostic>,
    /// The verdict, where a policy decided.
    pub verdict: Option<Box<VerdictTold>>,
}

impl From<Vec<Diagnostic>> for Refused {
    fn from(reasons: Vec<Diagnostic>) -> Self {
        Self {
            reasons,
            verdict: None,
        }
    }
}

impl From<Diagnostic> for Refused {
    fn from(told: Diagnostic) -> Self {
        vec![told].into()
    }
}

impl Asked<'_> {
    /// Verifies and reads, in one act.
    pub(crate) fn read(&self, context: &Context) -> Result<Read, Refused> {
        match self.policy {
            Some(by) => self.read_judged(by, context),
            None => Ok(self.read_signed(context)?),
        }
    }

    fn read_signed(&self, context: &Context) -> Result<Read, Vec<Diagnostic>> {
        let found = Found::open(self, context)?;
        let read = found.judged(self, |given| {
            let Given {
                root,
                rules,
                leaves,
                vouching,
            } = given;
            let (verified, settings) = (&found.verified, found.settings);
            progress::shown_as("verifying", &context.show, |observer| {
                if self.share {
                    let (rules, meet) = (
                        (&rules, &*found.part(self)),
                        PrivateFolder::open(&meeting_place())?,
                    );
                    let shared = share::read(verified, &root, rules, leaves, settings, observer, &meet);
                    Ok(shared?.map(Reader::Shared))
                } else {
                    let guarded = match &vouching {
                        Some(vouching) => {
                            guard::verity::read(verified, vouching, root, &rules, leaves, settings, observer)
                        }
                        None => guard::read(verified, root, &rules, leaves, settings, observer),
                    };
                    Ok(guarded?.map(Reader::Own))
                }
            })
        })?;
        let case = &found.case;
        let name = ArtifactPath::parse(case.root.base_name())
            .map_err(|source| vec![Diagnostic::of(NAME, &source).at(found.model.display().to_string())])?;
        Ok(Read {
            told: Told::Verified(Box::new(read.verified(case, &found.verified))),
            is_file: found.file.is_some() || matches!(case.root.kind(), RootKind::File(_)),
            name,
            held: read.into(),
        })
    }

    /// Verifies one file and reads it into the caller's memory, in one act.
    pub(crate) fn read_into(&self, memory: &mut [u8], context: &Context) -> Result<Told, Refused> {
        match self.policy {
            Some(by) => self.read_judged(by, context)?.copied_into(memory),
            None => Ok(Told::Verified(Box::new(self.read_signed_into(memory, context)?))),
        }
    }

    fn read_signed_into(&self, memory: &mut [u8], context: &Context) -> Result<Verified, Vec<Diagnostic>> {
        let found = Found::open(self, context)?;
        let file = match (&found.file, found.case.root.kind()) {
            (Some(file), _) | (None, RootKind::File(file)) => file.clone(),
            (None, RootKind::Folder) => {
                let told = Diagnostic::new(USAGE, "only a file can be read into memory of the caller");
                return Err(vec![told.at(found.model.display().to_string())]);
            }
        };
        let model = found.judged(self, |given| {
            // Into the caller's memory, everything is read.
            let Given {
                root,
                rules,
                leaves,
                vouching: _,
            } = given;
            progress::shown_as("verifying", &context.show, |observer| {
                let settings = found.settings;
                read_into(
                    &found.verified,
                    root,
                    (&file, memory),
                    &rules,
                    leaves,
                    settings,
                    observer,
                )
            })
        })?;
        Ok(found.case.accepted(&found.verified, &model))
    }
}

/// What was found of a model that is to be read: its signature, which was verified.
struct Found {
    case: Case,
    verified: VerifiedStatement,
    /// The model; the folder around it, when it is one file of a signed folder.
    model: PathBuf,
    file: Option<ArtifactPath>,
    settings: Settings,
}

/// What a reading needs besides.
struct Given<'a> {
    root: Root,
    rules: Rules<'a>,
    leaves: Option<Leaves<'a>>,
    vouching: Option<Vouching<'a>>,
}

impl Found {
    fn open(asked: &Asked<'_>, context: &Context) -> Result<Self, Vec<Diagnostic>> {
        let one = |told| vec![told];
        let trust = asked.trust.trust("verify", None, context.now()).map_err(one)?;
        let around = if asked.in_folder {
            target::around(asked.path)
        } else {
            None
        };
        let (model, file) = match around {
            Some((folder, file)) => (folder, Some(file)),
            None => (asked.path.to_owned(), None),
        };
        let mut case = Case::open(&model, asked.signature, asked.files, trust, asked.trust).map_err(one)?;
        Ok(Self {
            verified: case.statement()?,
            case,
            model,
            file,
            settings: context.hashing(asked.hashing, Reading::Buffered).map_err(one)?,
        })
    }

    /// Which files are asked for, in words.
    fn part(&self, asked: &Asked<'_>) -> String {
        let patterns = asked.only.iter().map(|glob| glob.glob().glob());
        match &self.file {
            Some(file) => format!("file\0{}", file.as_str()),
            None => patterns.fold(String::from("only"), |part, pattern| part + "\0" + pattern),
        }
    }

    /// Does a reading, and says why a model is not what was signed.
    fn judged<T>(
        &self,
        asked: &Asked<'_>,
        read: impl FnOnce(Given<'_>) -> Result<Result<T, Mismatch>, weightlock_runtime::Error>,
    ) -> Result<T, Vec<Diagnostic>> {
        let one = |told| vec![told];
        let wanted = |path: &ArtifactPath| match &self.file {
            Some(file) => path == file,
            None => asked.only.iter().any(|glob| glob.is_match(path.as_str())),
        };
        let is_part = self.file.is_some() || !asked.only.is_empty();
        let notes = leaves::notes();
        let leaves = notes.as_ref().and_then(|notes| {
            let table = self.case.leaf_table(&self.verified)?;
            Some(Leaves { table, notes })
        });
        let vouching = notes.as_ref().and_then(|notes| {
            let signed = self.case.verity_digests(&self.verified)?;
            Some(Vouching { signed, notes })
        });
        let given = Given {
            root: self.case.root.reopen().map_err(|error| one(error.into()))?,
            rules: Rules {
                only: if is_part { Some(&wanted) } else { None },
                ..self.case.rules(asked.files).map_err(one)?
            },
            leaves,
            vouching,
        };
        let read = read(given).map_err(|error| one(error.into()))?;
        read.map_err(|mismatch| self.case.reasons(&self.verified, &mismatch))
    }
}

/// The sealed files of a model, and who read them.
#[derive(Debug)]
pub enum Held {
    /// This process.
    Own(Guarded),
    /// One of several processes.
    Shared(Shared),
    /// This process, and a policy allowed it.
    Judged(Judged),
    /// This process, which knew the digest.
    Pinned(Pinned),
}

/// What was found out about a model that is handed out.
#[derive(Debug)]
pub(crate) enum Told {
    /// A signer who was named signed it.
    Verified(Box<Verified>),
    /// A policy allows it.
    Allowed {
        /// The model as it was named.
        model: String,
        /// Its size.
        bytes: u64,
        /// The verdict.
        verdict: Box<VerdictTold>,
        /// What a signer signed who was named besides.
        signed: Option<Box<Verified>>,
        /// What was left out or waived, and waivers that are of no use.
        notes: Vec<String>,
    },
}

impl Told {
    /// What was verified of a named signer, as `verify` tells it.
    pub(crate) fn verified(&self) -> Option<&Verified> {
        match self {
            Self::Verified(verified) => Some(verified),
            Self::Allowed { signed, .. } => signed.as_deref(),
        }
    }

    /// What names the bytes that are handed out: the digest of the whole model, where all of it was verified or judged.
    pub(crate) fn digest(&self) -> Option<&str> {
        match self {
            Self::Verified(verified) => verified.digest.as_deref(),
            Self::Allowed { verdict, .. } => Some(&verdict.digest),
        }
    }

    /// The verdict, where a policy decided.
    pub(crate) fn verdict(&self) -> Option<&VerdictTold> {
        match self {
            Self::Verified(_) => None,
            Self::Allowed { verdict, .. } => Some(verdict),
        }
    }

    /// What must be said besides.
    pub(crate) fn notes(&self) -> &[String] {
        match self {
            Self::Verified(_) => &[],
            Self::Allowed { notes, .. } => notes,
        }
    }

    /// In one line without its end.
    pub(crate) fn line(&self, by_leaves: bool) -> String {
        match self {
            Self::Verified(verified) => line(verified, by_leaves),
            Self::Allowed {
                model,
                bytes,
                verdict,
                signed,
                notes: _,
            } => {
                let policies = verdict.policies.iter().map(|it| it.source.as_str());
                let policies: Vec<&str> = policies.collect();
                let signer = signed.as_ref().map_or_else(String::new, |signed| {
                    format!("   signed by {}", signed.signer.text())
                });
                let text = format!(
                    "allowed: {model}   {}   {}   in {}, tier {}, by {}{}{signer}",
                    verdict.digest,
                    Size(*bytes),
                    verdict.mode,
                    verdict.tier,
                    policies.join(" and "),
                    exceptions(verdict),
                );
                Shown(&text).to_string()
            }
        }
    }
}

/// What was not asked, or not met, and allowed all the same: `, without signature_valid, sbom_attached waived`.
fn exceptions(verdict: &VerdictTold) -> String {
    let checks = |state: &str| -> BTreeSet<&str> {
        let demands = verdict.demands.iter().filter(|it| it.state == state);
        demands.map(|it| it.check.as_str()).collect()
    };
    let skipped = checks("skipped");
    let skipped = skipped.iter().map(|check| format!(", without {check}"));
    let waived = checks("waived");
    let waived = waived.iter().map(|check| format!(", {check} waived"));
    skipped.chain(waived).collect()
}

impl Held {
    /// What this process read itself.
    const fn own(&self) -> Option<&Guarded> {
        match self {
            Self::Own(guarded) => Some(guarded),
            Self::Shared(shared) => match shared.standing() {
                Standing::Led(published) => Some(published.guarded()),
                Standing::Joined { .. } => None,
            },
            Self::Judged(_) | Self::Pinned(_) => None,
        }
    }
}

/// Who read the files of a signed model.
enum Reader {
    Own(Guarded),
    Shared(Shared),
}

impl From<Reader> for Held {
    fn from(reader: Reader) -> Self {
        match reader {
            Reader::Own(guarded) => Self::Own(guarded),
            Reader::Shared(shared) => Self::Shared(shared),
        }
    }
}

impl Reader {
    fn verified(&self, case: &Case, verified: &VerifiedStatement) -> Verified {
        match self {
            Self::Own(guarded) => case.accepted(verified, guarded.model()),
            Self::Shared(shared) => match shared.standing() {
                Standing::Led(published) => case.accepted(verified, published.guarded().model()),
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
            Self::Judged(judged) => judged.files(),
            Self::Pinned(pinned) => pinned.files(),
        }
    }
}

/// A model that was verified, and that nobody has seen yet.
pub(crate) struct Read {
    told: Told,
    held: Held,
    name: ArtifactPath,
    is_file: bool,
}

impl Read {
    /// The sealed files.
    pub(crate) fn files(&self) -> &BTreeMap<ArtifactPath, Sealed> {
        self.held.files()
    }

    /// Copies the one file into memory that has its size.
    fn copied_into(self, memory: &mut [u8]) -> Result<Told, Refused> {
        let (name, sealed) = match self.files().iter().next() {
            Some(file) if self.is_file => file,
            _ => {
                let told = Diagnostic::new(USAGE, "only a file can be read into memory of the caller");
                return Err(told.at(self.name.as_str()).into());
            }
        };
        let failed = |source| {
            Diagnostic::from(weightlock_artifact::Error::io(
                "map",
                name.as_str().as_ref(),
                source,
            ))
        };
        let bytes = sealed.map().map_err(failed)?;
        if bytes.as_ref().len() != memory.len() {
            let told = weightlock_runtime::Error::OtherSize {
                name: name.as_str().to_owned(),
                needed: sealed.size(),
                given: memory.len() as u64,
            };
            return Err(Diagnostic::from(told).into());
        }
        memory.copy_from_slice(bytes.as_ref());
        Ok(self.told)
    }

    /// Makes the folder that leads to them.
    pub(crate) fn into_view(self) -> Result<Loaded, Vec<Diagnostic>> {
        let view = SealedView::new(self.held, &place(), &self.name, self.is_file);
        Ok(Loaded {
            told: self.told,
            is_file: self.is_file,
            view: view.map_err(|error| vec![error.into()])?,
        })
    }
}

/// A model that was verified, and the folder through which it is read. The folder and the descriptors go with this value.
#[derive(Debug)]
pub struct Loaded {
    told: Told,
    is_file: bool,
    view: SealedView<Held>,
}

impl Loaded {
    /// What was verified of the signer that was named, as `verify` tells it; none where only a policy decided.
    #[must_use]
    pub fn verified(&self) -> Option<&Verified> {
        self.told.verified()
    }

    /// What names the whole model, where all of it was verified or judged.
    pub(crate) fn digest(&self) -> Option<&str> {
        self.told.digest()
    }

    /// The verdict, where a policy decided.
    #[must_use]
    pub fn verdict(&self) -> Option<&VerdictTold> {
        self.told.verdict()
    }

    /// The SHA-256 of the one file that is handed out of a model that a policy allowed.
    pub(crate) fn only_digest(&self) -> Option<&Digest> {
        match self.view.guarded() {
            Held::Judged(judged) => judged.only_digest(),
            Held::Own(_) | Held::Shared(_) | Held::Pinned(_) => None,
        }
    }

    /// The view alone.
    pub(crate) fn into_sealed_view(self) -> SealedView<Held> {
        self.view
    }

    /// Whether it is one file.
    pub(crate) const fn is_file(&self) -> bool {
        self.is_file
    }

    /// The view.
    #[must_use]
    pub const fn view(&self) -> &SealedView<Held> {
        &self.view
    }

    /// What must be said besides.
    pub(crate) fn notes(&self) -> &[String] {
        self.told.notes()
    }

    /// What was verified, in one line without its end.
    #[must_use]
    pub fn line(&self) -> String {
        let own = self.view.guarded().own();
        self.told.line(own.is_some_and(Guarded::by_leaves))
    }
}

/// What was verified, in one line without its end.
fn line(verified: &Verified, by_leaves: bool) -> String {
    let digest = verified.digest.as_deref().unwrap_or("no manifest digest");
    let how = if by_leaves { " by signed leaves" } else { "" };
    let by_kernel = match verified.bytes_by_kernel {
        0 => String::new(),
        bytes => format!(
            ", {} of it not read: the kernel answers for it (fs-verity)",
            Size(bytes)
        ),
    };
    let reader = verified.read_by;
    let reader = reader.map_or_else(String::new, |process| format!("   read by process {process}"));
    let text = format!(
        "verified: {}   {digest}   {}{how}{by_kernel}   signed by {}{reader}",
        verified.model,
        Size(verified.bytes_checked),
        verified.signer.text()
    );
    Shown(&text).to_string()
}

/// Where private folders belong: the user's own folder for them, or else the one for temporary files.
pub(crate) fn place() -> PathBuf {
    let named = [XDG_RUNTIME_DIR, TMPDIR]
        .into_iter()
        .filter_map(|variable| variable.filled());
    let found = named.map(PathBuf::from).find(|folder| folder.is_dir());
    found.unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// Where processes of this user meet.
fn meeting_place() -> PathBuf {
    let runtime = XDG_RUNTIME_DIR.filled().map(PathBuf::from);
    let temporary = TMPDIR
        .filled()
        .map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    PrivateFolder::usual(runtime.filter(|folder| folder.is_dir()).as_deref(), &temporary)
}
