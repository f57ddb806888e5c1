//! Targets whose files are named by digests: what their names say, and whether it was recomputed.
//!
//! That every blob has the content that its name says is no more than *declared*: whoever filled the cache, or wrote the manifest, chose
//! the names.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Answer,
    check::{Passed, Refused},
};
use crate::{
    diagnostic::Diagnostic,
    layout::{Image, Layout, Opened, names::Names},
    sources,
    text::counted,
};

/// Files that are named in JSON.
const MOST_NAMED: usize = 100;

/// What the names of blobs say.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Blobs {
    /// Each name was recomputed from the bytes.
    pub recomputed: bool,
    /// Blobs that have the content that their names say.
    pub fitting: u64,
    /// Files that no name says anything about, at most 100 of them.
    pub unnamed: Vec<String>,
    /// Files whose blobs have another content, likewise.
    pub differing: Vec<String>,
}

/// An image that the files belong to. All of it is declared.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageTold {
    /// What it is called in its layout.
    pub reference: Option<String>,
    /// SHA-256 of its manifest.
    pub manifest: String,
    /// What kind of artifact it says that it is.
    pub artifact_type: String,
    /// Licences that its configuration states.
    pub licenses: Vec<String>,
}

impl From<&Image> for ImageTold {
    fn from(image: &Image) -> Self {
        Self {
            reference: image.reference.clone(),
            manifest: image.manifest.to_string(),
            artifact_type: image.artifact_type.clone(),
            licenses: image.licenses.clone(),
        }
    }
}

/// What the names of blobs say; nothing where files are not named by digests.
pub(super) fn told(opened: &Opened, names: Option<&Names>) -> Option<Blobs> {
    if matches!(opened.layout, Layout::Plain) {
        return None;
    }
    Some(names.map_or_else(
        || Blobs {
            recomputed: false,
            fitting: 0,
            unnamed: Vec::new(),
            differing: Vec::new(),
        },
        |names| {
            Blobs {
                recomputed: true,
                fitting: names.fitting as u64,
                unnamed: names.unnamed.iter().take(MOST_NAMED).cloned().collect(),
                differing: names
                    .differing
                    .iter()
                    .take(MOST_NAMED)
                    .map(|(path, _)| path.to_string())
                    .collect(),
            }
        },
    ))
}

/// Whether it is unchanged, as far as names say; nothing where they say nothing.
pub(super) fn unchanged(layout: &Layout, names: Option<&Names>) -> Option<Answer> {
    if matches!(layout, Layout::Plain) {
        return None;
    }
    let Some(names) = names else {
        return Some(Answer::declared(format!(
            "{} by digests; that was not recomputed",
            who_says(layout)
        )));
    };
    if let Some(check) = Refused::blob_names(names) {
        let says = format!(
            "{} not the content that the name says",
            match names.differing.len() {
                1 => "1 blob has".to_owned(),
                count => format!("{count} blobs have"),
            }
        );
        return Some(Answer::failed(check, says).details(names.differing.iter().map(told_of)));
    }
    Some(match Passed::blob_names(names) {
        Some(check) => {
            Answer::declared("each blob has the content that its name says; who named them is not known")
                .beside(check)
        }
        None if names.unnamed.is_empty() => Answer::unknown("there is no file whose name could be compared"),
        None => Answer::unknown(format!(
            "{} lie here under no digest",
            counted(names.unnamed.len(), "file")
        ))
        .details(names.unnamed.iter().cloned()),
    })
}

fn told_of(
    (path, error): &(
        weightlock_artifact::path::ArtifactPath,
        weightlock_artifact::Error,
    ),
) -> String {
    match error {
        weightlock_artifact::Error::BlobDiffers { said, found, .. } => {
            format!("{path}: named {said}, is {found}")
        }
        other => format!("{path}: {other}"),
    }
}

const fn who_says(layout: &Layout) -> &'static str {
    match layout {
        Layout::Image(_) => "a manifest names the files",
        Layout::Blob(_) => "it is named",
        Layout::Hub { .. } | Layout::Plain => "a cache names the files",
    }
}

/// Why the answer is no, for each blob that differs.
pub(super) fn reasons(names: Option<&Names>) -> Vec<Diagnostic> {
    let all = names.into_iter().flat_map(|names| &names.differing);
    let some = all.take(super::answer::MOST_DETAILS);
    some.map(|(_, error)| match error {
        weightlock_artifact::Error::BlobDiffers {
            path, said, found, ..
        } => Diagnostic::new(
            error.code(),
            format!("{} is not what the name of its blob says", sources::shown(path)),
        )
        .at(sources::shown(path))
        .fact("named", said.clone())
        .fact("found", found.clone()),
        other => Diagnostic::of(other.code(), other),
    })
    .collect()
}
