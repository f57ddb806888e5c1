//! A guarded load: a model is verified and read in one act, and lies in a sealed view.
//!
//! 1. [`Asked::read`] finds the signature, checks whose it is, and has [`weightlock_runtime::guard`] read and compare. Where
//!    the signer listed fs-verity digests, files for which the kernel answers are not read.
//! 2. Whoever wants to look at the verified bytes first does it now ([`Read::guarded`]).
//! 3. [`Read::into_view`] makes the folder of links ([`SealedView`]).
//!
//! `run` gives such a view to a program, the wheel to Python.

use std::path::{Path, PathBuf};

use globset::GlobMatcher;
use weightlock_artifact::{digest::engine::Reading, error::NAME, inventory::RootKind, path::ArtifactPath};
use weightlock_runtime::{
    guard::{self, Guarded, Leaves, verity::Vouching},
    view::SealedView,
};
use weightlock_signing::oms::model::Rules;

use super::{
    target,
    trust::TrustFlags,
    verify::{Case, Verified, leaves},
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
}

impl Asked<'_> {
    /// Verifies and reads, in one act.
    pub(crate) fn read(&self, context: &Context) -> Result<Read, Vec<Diagnostic>> {
        let one = |told| vec![told];
        let trust = self.trust.trust(None, context.now()).map_err(one)?;
        let around = if self.in_folder {
            target::around(self.path)
        } else {
            None
        };
        let (model, file) = match &around {
            Some((folder, file)) => (folder.as_path(), Some(file)),
            None => (self.path, None),
        };
        let case = Case::open(model, self.signature, self.files, (trust, self.trust.at_time)).map_err(one)?;
        let verified = case.statement()?;
        let wanted = |path: &ArtifactPath| match file {
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
        let notes = leaves::notes();
        let leaves = notes.as_ref().and_then(|notes| {
            let table = case.leaf_table(&verified)?;
            Some(Leaves { table, notes })
        });
        let vouching = notes.as_ref().and_then(|notes| {
            let signed = case.verity_digests(&verified)?;
            Some(Vouching { signed, notes })
        });
        let read = progress::shown_as("verifying", &context.show, |observer| match &vouching {
            Some(vouching) => {
                guard::verity::read(&verified, vouching, root, &rules, leaves, settings, observer)
            }
            None => guard::read(&verified, root, &rules, leaves, settings, observer),
        });
        let guarded = read
            .map_err(|error| one(error.into()))?
            .map_err(|mismatch| case.reasons(&verified, &mismatch))?;
        let name = ArtifactPath::parse(case.root.base_name())
            .map_err(|source| one(Diagnostic::of(NAME, &source).at(model.display().to_string())))?;
        Ok(Read {
            verified: case.accepted(&verified, guarded.model()),
            is_file: file.is_some() || matches!(case.root.kind(), RootKind::File(_)),
            name,
            guarded,
        })
    }
}

/// A model that was verified, and that nobody has seen yet.
pub(crate) struct Read {
    verified: Verified,
    guarded: Guarded,
    name: ArtifactPath,
    is_file: bool,
}

impl Read {
    /// The sealed files.
    pub(crate) const fn guarded(&self) -> &Guarded {
        &self.guarded
    }

    /// Makes the folder that leads to them.
    pub(crate) fn into_view(self) -> Result<Loaded, Vec<Diagnostic>> {
        let view = SealedView::new(self.guarded, &place(), &self.name, self.is_file);
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
    view: SealedView,
}

impl Loaded {
    /// What was verified, as `verify` tells it.
    #[must_use]
    pub const fn verified(&self) -> &Verified {
        &self.verified
    }

    /// The view.
    #[must_use]
    pub const fn view(&self) -> &SealedView {
        &self.view
    }

    /// What was verified, in one line without its end.
    #[must_use]
    pub fn line(&self) -> String {
        let digest = self.verified.digest.as_deref().unwrap_or("no manifest digest");
        let how = if self.view.guarded().by_leaves() {
            " by signed leaves"
        } else {
            ""
        };
        let by_kernel = match self.verified.bytes_by_kernel {
            0 => String::new(),
            bytes => format!(
                ", {} of it not read: the kernel answers for it (fs-verity)",
                Size(bytes)
            ),
        };
        let text = format!(
            "verified: {}   {digest}   {}{how}{by_kernel}   signed by {}",
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
