//! What a target is: a folder or file, a snapshot in a hub cache, an image in an OCI layout, a model in a store of Ollama, or one blob.
//!
//! [`open`] looks at names and, where these say that there is a layout, at its lists; the answer is an [`Opened`] model that verbs read
//! like any other ([`weightlock_artifact::inventory::View`]). What cannot be told apart is refused, and never guessed:
//!
//! 1. `models--org--name` of a hub cache: the snapshot that `refs/main` names, else the only one; the cache itself is no model ([`hub`]).
//! 2. A folder with `oci-layout`, or a manifest's blob in one ([`oci`]).
//! 3. A manifest below `manifests/` beside `blobs/`, or a folder that has both ([`ollama`]).
//! 4. A file that is named by a digest ([`lone`]).
//! 5. Anything else is a folder or file as it is.
//!
//! `LAYOUT:TAG`, `LAYOUT@sha256:…` and `STORE/NAME:TAG` are read where no file has that name. What is typed as `hf:`, `ollama:` or
//! `oci-layout:` became such a path before ([`typed`]).
//!
//! A layout beside which something else lies is refused, for a loader of folders reads that ([`beside`]).
//!
//! Lists and names are the word of whoever wrote the layout. Sizes are compared here, digests of manifests and configurations too;
//! those of the files are recomputed by whoever hashes these ([`names`]).

mod beside;
mod hub;
mod image;
mod lone;
pub(crate) mod names;
mod oci;
mod ollama;
pub(crate) mod typed;

use std::path::Path;

use weightlock_artifact::inventory::{Links, Root, RootKind, blob::BlobName};

pub(crate) use self::{
    hub::is_evidence,
    image::{Image, ImageKind, Repository},
};
use crate::{diagnostic::Diagnostic, explanations::LAYOUT, sources};

/// What a target is.
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// A folder, or a file whose name is no digest.
    Plain,
    /// A snapshot in a hub cache; where it was chosen, by what.
    Hub {
        /// Says why this one.
        chosen: Option<String>,
    },
    /// An image.
    Image(Box<Image>),
    /// A file that is named by a digest.
    Blob(BlobName),
}

/// A model that was opened.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Where its files are read.
    pub(crate) root: Root,
    /// What the target is.
    pub(crate) layout: Layout,
}

impl Layout {
    /// The image, if it is one.
    pub(crate) fn image(&self) -> Option<&Image> {
        match self {
            Self::Image(image) => Some(image),
            Self::Plain | Self::Hub { .. } | Self::Blob(_) => None,
        }
    }
}

impl Opened {
    /// A word for what it is, for programs.
    pub(crate) const fn word(&self) -> &'static str {
        match (&self.layout, self.root.kind()) {
            (Layout::Hub { .. }, _) => "hub-snapshot",
            (Layout::Image(image), _) => image.kind.word(),
            (Layout::Blob(_), _) => "blob",
            (Layout::Plain, RootKind::File(_)) => "file",
            (Layout::Plain, RootKind::Folder) => "folder",
        }
    }

    /// Which of several this is, and why.
    pub(crate) fn chosen(&self) -> Option<String> {
        match &self.layout {
            Layout::Hub { chosen } => chosen.clone(),
            Layout::Image(image) => Some(image.told()),
            Layout::Plain | Layout::Blob(_) => None,
        }
    }
}

/// Opens what the user named, whatever it is.
pub(crate) fn open(path: &Path, links: Links) -> Result<Opened, Diagnostic> {
    if let Some(opened) = special(path)? {
        return Ok(opened);
    }
    let root = Root::open(path, links)?;
    let layout = if root.is_hub_snapshot() {
        Layout::Hub { chosen: None }
    } else {
        lone::name(&root).map_or(Layout::Plain, Layout::Blob)
    };
    Ok(Opened { root, layout })
}

/// Likewise, where nobody asks what it is.
pub(crate) fn root(path: &Path, links: Links) -> Result<Root, Diagnostic> {
    open(path, links).map(|opened| opened.root)
}

/// What must not be taken for a folder of files.
fn special(path: &Path) -> Result<Option<Opened>, Diagnostic> {
    if let Some(opened) = hub::open(path)? {
        return Ok(Some(opened));
    }
    let image = match oci::open(path)? {
        Some(opened) => Some(opened),
        None => ollama::open(path)?,
    };
    if let Some(opened) = &image {
        alone(opened)?;
    }
    Ok(image)
}

/// Refuses an image whose layout is something else besides.
pub(crate) fn alone(opened: &Opened) -> Result<(), Diagnostic> {
    match &opened.layout {
        Layout::Image(image) => beside::nothing(&image.folder, beside::Kind::Image(image.kind)),
        Layout::Plain | Layout::Hub { .. } | Layout::Blob(_) => Ok(()),
    }
}

/// Refuses what this verb would take for a folder of files, and is none.
pub(crate) fn refuse(path: &Path) -> Result<(), Diagnostic> {
    let what = match special(path) {
        Ok(None) => return Ok(()),
        Ok(Some(opened)) => match opened.layout {
            Layout::Hub { .. } => {
                let snapshot = crate::text::quoted(&opened.root.path().display().to_string());
                let told = Diagnostic::new(LAYOUT, format!("{} holds snapshots", sources::shown(path)));
                return Err(told
                    .at(sources::shown(path))
                    .help(format!("name one of them, such as {snapshot}")));
            }
            Layout::Image(image) => image.kind.what(),
            Layout::Plain | Layout::Blob(_) => return Ok(()),
        },
        // It is one, and broken besides.
        Err(told) => return Err(told),
    };
    Err(
        Diagnostic::new(LAYOUT, format!("{} is {what}", sources::shown(path)))
            .at(sources::shown(path))
            .help("unpack it and name the folder with its files")
            .help("inspect, scan, gate, bom and digest --manifest read it as it is"),
    )
}

/// What lies in a repository of a hub cache besides its own, which no client reads there; nothing for what is no repository.
///
/// # Errors
///
/// That something does, or that the folder cannot be read.
pub(crate) fn beside_snapshots(repository: &Path) -> Result<(), Diagnostic> {
    beside::nothing(repository, beside::Kind::Hub)
}

/// Whether a name at the top of such a repository is its own.
pub(crate) fn is_of_a_repository(name: &str) -> bool {
    beside::is_own(name, beside::Kind::Hub)
}

/// Every image of a layout with whatever else a scan must read, for a target that is one.
pub(crate) fn all_images(path: &Path) -> Result<Vec<Opened>, Diagnostic> {
    match oci::all(path)? {
        Some(images) => Ok(images),
        None => Ok(ollama::open(path)?.into_iter().collect()),
    }
}
