//! `NAME=PATH`: a model, and what it is called.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use weightlock_policy::ModelName;

use crate::{diagnostic::Diagnostic, explanations::USAGE, layout::typed, text::quoted};

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

/// The name of something that nobody gave one: what the place it lies in is called.
pub(crate) fn by_place(name: &str, path: &Path) -> Result<ModelName, Diagnostic> {
    ModelName::parse(name).map_err(|error| {
        let path = quoted(&path.display().to_string());
        Diagnostic::of(USAGE, &error).help(format!("say what it is called:  NAME={path}"))
    })
}

/// The name of a path that nobody gave one: its last part.
pub(crate) fn by_path(path: &Path) -> Result<ModelName, Diagnostic> {
    let whole = super::file::whole(path)?;
    let name = whole.file_name().unwrap_or_default().to_string_lossy();
    by_place(&name, path)
}
