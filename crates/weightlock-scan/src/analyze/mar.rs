//! TorchServe archives: a zip of a manifest, a handler in Python, a model and whatever else the publisher put in.
//!
//! The server imports the handler when it loads the model, so the handler is read as Python whatever its name is.

use serde::Deserialize;
use weightlock_format::container::zip::Archive;

use super::{Examination, Role, Subject, zip};
use crate::{observation::config::Seen, reach};

/// Bytes of a manifest that are read; published ones have a few hundred.
const MANIFEST_BYTES: usize = 1 << 20;

#[derive(Deserialize, Default)]
struct Manifest {
    #[serde(default)]
    model: Model,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Model {
    handler: Option<String>,
    model_file: Option<String>,
    serialized_file: Option<String>,
}

/// Hands on the members: what the manifest names as code is Python.
pub(super) fn members(archive: &Archive, subject: &Subject, exam: &mut Examination<'_>) {
    let model = manifest(archive, subject).model;
    // A handler may name a function behind a colon.
    let handler = model
        .handler
        .map(|handler| handler.split(':').next().unwrap_or_default().to_owned());
    let code = [handler, model.model_file];
    for path in code.iter().flatten().chain(&model.serialized_file) {
        if let Some(how) = reach::escape(path) {
            let path = path.clone();
            exam.put(
                None,
                Some("MAR-INF/MANIFEST.json".to_owned()),
                Seen::EscapingPath { path, how },
            );
        }
    }
    zip::members(archive, subject, exam, |member| {
        let named = code.iter().flatten().any(|name| *name == member.name);
        if named { Role::Python } else { Role::Plain }
    });
}

fn manifest(archive: &Archive, subject: &Subject) -> Manifest {
    let member = archive.member("MAR-INF/MANIFEST.json");
    let packed = member.and_then(|member| member.views.first()?.packed(&subject.content).ok());
    let text = packed
        .map(|packed| packed.head(MANIFEST_BYTES))
        .unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}
