//! `NAME=PATH`: a model, and what it is called.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use weightlock_artifact::inventory::{HubName, Links, Root};
use weightlock_policy::ModelName;

use crate::{
    diagnostic::Diagnostic,
    explanations::USAGE,
    layout::{self, typed},
    text::quoted,
};

/// `NAME=PATH`, or something without a name before it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Named {
    /// What it is called, if that was said.
    pub(crate) name: Option<ModelName>,
    /// What stands behind the name.
    pub(crate) rest: PathBuf,
}

impl Named {
    /// Takes a name off what was typed. A path that is there is one as a whole.
    pub(crate) fn of(given: &OsString) -> Result<Self, Diagnostic> {
        let path_of = |typed: OsString| typed::path(typed).map_err(|told| Diagnostic::new(USAGE, told));
        match given.to_str().and_then(|text| text.split_once('=')) {
            Some((name, path)) if !Path::new(given).exists() => {
                if path.is_empty() {
                    let told = Diagnostic::new(USAGE, format!("no path stands behind {name}="));
                    return Err(told.help(format!("{name}=./model")));
                }
                Ok(Self {
                    name: Some(parsed(name)?),
                    rest: path_of(path.into())?,
                })
            }
            _ => Ok(Self {
                name: None,
                rest: path_of(given.clone())?,
            }),
        }
    }
}

/// Reads a name that was typed.
pub(crate) fn parsed(name: &str) -> Result<ModelName, Diagnostic> {
    ModelName::parse(name).map_err(|error| Diagnostic::of(USAGE, &error))
}

/// The name of a model that nobody gave one, wherever one is needed: that in the hub's cache, where the path was typed through the
/// repository there; else its last part.
///
/// What was typed counts and not what a link leads to: else a link could say by which pin its model is judged.
pub(crate) fn default_of(root: &Root) -> Result<ModelName, Diagnostic> {
    let typed = super::file::whole(root.path())?;
    match root
        .hub_name()
        .filter(|_| is_typed_through_repository(root, &typed))
    {
        Some(hub) => by_place(&full_name(hub), root.path()),
        None => by_last_part(&typed, root.path()),
    }
}

/// What the hub calls it: `acme/pebble`.
pub(crate) fn full_name(hub: &HubName) -> String {
    match &hub.namespace {
        Some(namespace) => format!("{namespace}/{}", hub.name),
        None => hub.name.clone(),
    }
}

fn is_typed_through_repository(root: &Root, typed: &Path) -> bool {
    let real = root.path().canonicalize().unwrap_or_default();
    let snapshots = real.ancestors().find(|folder| folder.ends_with("snapshots"));
    let repository = snapshots.and_then(Path::parent).and_then(Path::file_name);
    repository.is_some_and(|name| typed.components().any(|part| part.as_os_str() == name))
}

/// The same by a path, also where nothing that can be opened lies there.
pub(crate) fn by_path(path: &Path) -> Result<ModelName, Diagnostic> {
    match layout::root(path, Links::Refused) {
        Ok(root) => default_of(&root),
        Err(_) => by_last_part(&super::file::whole(path)?, path),
    }
}

fn by_last_part(whole: &Path, path: &Path) -> Result<ModelName, Diagnostic> {
    let name = whole.file_name().unwrap_or_default();
    by_place(&name.to_string_lossy(), path)
}

/// The name of something by what the place that it lies in is called.
fn by_place(name: &str, path: &Path) -> Result<ModelName, Diagnostic> {
    ModelName::parse(name).map_err(|error| {
        let path = quoted(&path.display().to_string());
        Diagnostic::of(USAGE, &error).help(format!("say what it is called:  NAME={path}"))
    })
}
