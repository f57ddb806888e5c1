//! The cards of a model, as files: where they are looked for, and how they are read.

use std::path::{Path, PathBuf};

use weightlock_artifact::{
    digest::{Algorithm, Digest},
    error::NOT_FOUND,
    input,
    inventory::{Root, RootKind},
    path::ArtifactPath,
};
use weightlock_bom::card::{FILE_NAME, MAX_BYTES, ModelCard, reason::MALFORMED};
use weightlock_format::{
    Problem,
    config::card::{self, Card, line_and_column},
};

use crate::{commands::target, diagnostic::Diagnostic};

const README: &str = "README.md";

/// A card that was read from a file.
#[derive(Debug)]
pub(in crate::commands) struct Read<T> {
    /// Its name in the model, or its path.
    pub(in crate::commands) name: String,
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(in crate::commands) sha256: Digest,
    pub(in crate::commands) card: T,
}

/// The cards of a model.
#[derive(Debug)]
pub(in crate::commands) struct Cards {
    pub(in crate::commands) structured: Option<Read<ModelCard>>,
    pub(in crate::commands) readme: Option<Read<Card>>,
}

/// Where a structured card is, in the model.
pub(super) fn inside(root: &Root) -> PathBuf {
    root.path().join(FILE_NAME)
}

/// Where a structured card is, beside the model.
pub(super) fn beside(root: &Root) -> PathBuf {
    let whole = root
        .path()
        .canonicalize()
        .unwrap_or_else(|_| root.path().to_owned());
    let name = match root.kind() {
        RootKind::File(name) => name.to_string(),
        RootKind::Folder => root.base_name(),
    };
    // A path that was typed stays as it was typed where its folder is written in it.
    let folder = match root.path().file_name() {
        Some(_) => root.path().parent(),
        None => whole.parent(),
    };
    folder.unwrap_or(&whole).join(format!("{name}.card.yaml"))
}

impl Cards {
    /// Finds and reads them: the structured card that was named, else the one in the model, else the one beside it; and
    /// `README.md` in the model.
    pub(in crate::commands) fn find(root: &Root, named: Option<&Path>) -> Result<Self, Diagnostic> {
        let structured = match named {
            Some(path) => Some((
                path.display().to_string(),
                path.to_owned(),
                target::read_bounded(path, MAX_BYTES)?,
            )),
            None => match in_model(root, FILE_NAME, MAX_BYTES)? {
                Some(bytes) => Some((FILE_NAME.to_owned(), inside(root), bytes)),
                None => {
                    let path = beside(root);
                    optional(input::read_at_most(&path, MAX_BYTES))?
                        .map(|bytes| (path.display().to_string(), path, bytes))
                }
            },
        };
        let structured = structured.map(|(name, path, bytes)| {
            let card = ModelCard::read(&bytes).map_err(|problem| malformed(&problem, &bytes, &path))?;
            Ok::<_, Diagnostic>(read(name, path, bytes, card))
        });
        Ok(Self {
            structured: structured.transpose()?,
            readme: Self::readme(root)?,
        })
    }

    /// `README.md` in the model.
    pub(super) fn readme(root: &Root) -> Result<Option<Read<Card>>, Diagnostic> {
        let Some(bytes) = in_model(root, README, card::MAX_BYTES)? else {
            return Ok(None);
        };
        let path = root.path().join(README);
        let card = Card::read(&bytes);
        match &card.fault {
            Some(problem) => Err(malformed(problem, &bytes, &path)),
            None => Ok(Some(read(README.to_owned(), path, bytes, card))),
        }
    }
}

fn read<T>(name: String, path: PathBuf, bytes: Vec<u8>, card: T) -> Read<T> {
    Read {
        name,
        path,
        sha256: Algorithm::Sha256.digest(&bytes),
        bytes,
        card,
    }
}

/// A file of the model, opened as its other files are; a model that is one file has none.
fn in_model(root: &Root, name: &str, limit: usize) -> Result<Option<Vec<u8>>, Diagnostic> {
    if matches!(root.kind(), RootKind::File(_)) {
        return Ok(None);
    }
    let path = ArtifactPath::parse(name)
        .map_err(|error| Diagnostic::of(weightlock_artifact::error::NAME, &error))?;
    let shown = root.path().join(name);
    let opened = root.open_file(&path);
    optional(opened.and_then(|file| input::read_open(file, &shown, limit)))
}

/// What is not there is no failure.
fn optional(read: Result<Vec<u8>, weightlock_artifact::Error>) -> Result<Option<Vec<u8>>, Diagnostic> {
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.code() == NOT_FOUND => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A card that cannot be read, with line and column.
pub(super) fn malformed(problem: &Problem, bytes: &[u8], path: &Path) -> Diagnostic {
    let (line, column) = line_and_column(bytes, problem.offset());
    Diagnostic::of(MALFORMED, problem).at(format!("{}   line {line}, column {column}", path.display()))
}
