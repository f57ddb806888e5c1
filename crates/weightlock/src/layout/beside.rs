//! Whether a layout is nothing but a layout.
//!
//! A folder with the lists and blobs of a layout and, beside them, files that a loader reads is two models: the one that is judged
//! and the one that is loaded. Such a folder is refused. What is let be beside the names of the layout: what is empty or no model's
//! anywhere ([`is_built_in`]), what file managers leave, and folders of evidence.

use std::{ffi::OsStr, fs::DirEntry, io, path::Path};

use weightlock_artifact::{Error, manifest::is_built_in, path::ArtifactPath};

use super::image::ImageKind;
use crate::{diagnostic::Diagnostic, explanations::BESIDE, sources, text::quoted};

/// Entries that are looked at. Layouts have some five.
const MOST: usize = 10_000;

/// What a folder is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// An image, or several.
    Image(ImageKind),
    /// A repository in a hub cache.
    Hub,
}

impl Kind {
    /// The names that tools write.
    const fn own(self) -> &'static [&'static str] {
        match self {
            // `ingest`: what was not yet written whole (containerd, ORAS).
            Self::Image(ImageKind::Oci) => &["oci-layout", "index.json", "blobs", "ingest"],
            Self::Image(ImageKind::Ollama) => &["manifests", "blobs"],
            Self::Hub => &["blobs", "refs", "snapshots", ".no_exist"],
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Image(kind) => kind.what(),
            Self::Hub => "a repository in a hub cache",
        }
    }
}

/// Refuses a layout that is something else besides.
pub(super) fn nothing(folder: &Path, kind: Kind) -> Result<(), Diagnostic> {
    let failed = |error: io::Error| Diagnostic::from(Error::io("read", folder, error));
    let mut entries = folder.read_dir().map_err(failed)?;
    for entry in entries.by_ref().take(MOST) {
        let entry = entry.map_err(failed)?;
        if !is_let_be(&entry, kind).map_err(failed)? {
            return Err(something(folder, &entry.file_name(), kind));
        }
    }
    match entries.next() {
        None => Ok(()),
        Some(entry) => Err(something(folder, &entry.map_err(failed)?.file_name(), kind)),
    }
}

/// Whether no loader reads what lies there, or it is the layout's.
fn is_let_be(entry: &DirEntry, kind: Kind) -> io::Result<bool> {
    let name = entry.file_name();
    // No tool writes such a name.
    let Some(name) = name.to_str() else {
        return Ok(false);
    };
    if is_own(name, kind) || ArtifactPath::parse(name).is_ok_and(|path| is_built_in(&path)) {
        return Ok(true);
    }
    let found = entry.metadata()?;
    let is_evidence = found.is_dir() && name.ends_with(".weightlock");
    let is_nothing = found.is_file() && (found.len() == 0 || name == ".DS_Store");
    Ok(is_evidence || is_nothing)
}

/// Whether a name is the layout's.
pub(super) fn is_own(name: &str, kind: Kind) -> bool {
    kind.own().contains(&name)
}

fn something(folder: &Path, name: &OsStr, kind: Kind) -> Diagnostic {
    let place = folder.join(name);
    let told = format!(
        "{} is {}, and something else: {} lies beside its lists, where a loader of folders reads it",
        sources::shown(folder),
        kind.what(),
        sources::shown(Path::new(name))
    );
    let scan = quoted(&folder.display().to_string());
    Diagnostic::new(BESIDE, told)
        .at(sources::shown(&place))
        .help(format!("see what all of it is:  weightlock scan {scan}"))
        .help("move it away, if it is yours")
}
