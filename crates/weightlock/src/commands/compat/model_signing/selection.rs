//! Which files belong to a model, as the reference decides it.

use std::{
    env,
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Component, Path, PathBuf},
};

use weightlock_artifact::{
    Error,
    digest::Algorithm,
    inventory::{Links, Root},
    path::ArtifactPath,
};
use weightlock_signing::{
    oms::{Method, model::Plan},
    reason::NOTHING_TO_SIGN,
};

use super::{arguments::Selection, failure::Failure};

/// An open model with what is left out of it.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) root: Root,
    /// How it would be signed.
    pub(super) plan: Plan,
    /// What the user left out, below the root.
    pub(super) ignore: Vec<ArtifactPath>,
    /// Where the signature is, when it lies in the model.
    pub(super) signature: Option<ArtifactPath>,
}

impl Model {
    /// Opens the model. Paths to leave out, and the signature, count where they lie in it and are dropped elsewhere.
    pub(super) fn open(selection: &Selection, signature: Option<&Path>) -> Result<Self, Failure> {
        let links = if selection.allow_symlinks {
            Links::DangerousFilesAnywhere
        } else {
            Links::Refused
        };
        let root = Root::open(&selection.model, links)?;
        let top = resolved(&selection.model)?;
        let mut ignore = Vec::new();
        for path in &selection.ignore_paths {
            ignore.extend(below(&top, path)?);
        }
        let signature = match signature {
            Some(path) => below(&top, path)?,
            None => None,
        };
        let plan = Plan {
            algorithm: Algorithm::Sha256,
            method: Method::Files,
            ignore: ignore.iter().chain(&signature).cloned().collect(),
            built_in: false,
            git: selection.ignores_git(),
            allow_symlinks: selection.allow_symlinks,
            leaves: false,
            verity: false,
            name: Some(typed_name(&selection.model)),
        };
        Ok(Self {
            root,
            plan,
            ignore,
            signature,
        })
    }
}

/// A path as a name below the model; `None` when it lies elsewhere.
fn below(top: &Path, path: &Path) -> Result<Option<ArtifactPath>, Failure> {
    let whole = resolved(path)?;
    let Ok(name) = whole.strip_prefix(top) else {
        return Ok(None);
    };
    let name = name.as_os_str().as_bytes();
    if name.is_empty() {
        return Err(everything_ignored(path));
    }
    ArtifactPath::from_bytes(name).map(Some).map_err(|source| {
        Error::Name {
            path: path.to_owned(),
            source,
        }
        .into()
    })
}

/// The reference signs nothing then, and says that it succeeded.
fn everything_ignored(path: &Path) -> Failure {
    let shown = path.display();
    Failure::new(
        NOTHING_TO_SIGN,
        format!("{shown} is the model itself: nothing would be left of it"),
    )
}

/// A path from the root of the file system with its links resolved as far as it exists. What does not exist is taken
/// as it is written.
fn resolved(path: &Path) -> Result<PathBuf, Failure> {
    let whole = if path.is_absolute() {
        path.to_owned()
    } else {
        let here = env::current_dir().map_err(|source| Error::io("find", Path::new("."), source))?;
        here.join(path)
    };
    let mut at = PathBuf::from("/");
    for component in whole.components() {
        match component {
            Component::Normal(name) => {
                at.push(name);
                at = at.canonicalize().unwrap_or(at);
            }
            Component::ParentDir => {
                at.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    Ok(at)
}

/// What the reference calls the model: the last component of the path as it was typed, else of the real one.
pub(super) fn typed_name(path: &Path) -> String {
    let real = || resolved(path).ok()?.file_name().map(OsStr::to_owned);
    path.file_name()
        .map(OsStr::to_owned)
        .or_else(real)
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_lies_elsewhere_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let model = top.join("model");
        fs::create_dir_all(model.join("sub")).unwrap();
        std::os::unix::fs::symlink("model/sub", top.join("link")).unwrap();
        let named = |path: &str| {
            below(&model, &top.join(path))
                .unwrap()
                .map(|path| path.as_str().to_owned())
        };
        assert_eq!(named("model/cache"), Some("cache".to_owned()));
        assert_eq!(named("model/sub/"), Some("sub".to_owned()));
        assert_eq!(named("model/sub/../x"), Some("x".to_owned()));
        assert_eq!(named("link/x"), Some("sub/x".to_owned()));
        assert_eq!(named("link/../x"), Some("x".to_owned()));
        assert_eq!(named("cache"), None);
        assert_eq!(named("model2/cache"), None);
        assert_eq!(named("model/../x"), None);
    }

    #[test]
    fn the_model_itself_cannot_be_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        assert!(below(&top, &top).is_err());
        assert!(below(&top, &top.join("x/..")).is_err());
    }

    #[test]
    fn a_model_is_called_as_it_was_typed() {
        assert_eq!(typed_name(Path::new("a/b/")), "b");
        assert_eq!(typed_name(Path::new("a/b/.")), "b");
        let here = env::current_dir().unwrap();
        let name = here.file_name().unwrap().to_string_lossy();
        assert_eq!(typed_name(Path::new(".")), name);
    }
}
