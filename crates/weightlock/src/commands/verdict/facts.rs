//! What the files of a model say by themselves: formats, licences, code that comes along, the revision.

use std::collections::BTreeSet;

use weightlock_artifact::path::ArtifactPath;
use weightlock_bom::provenance::review::CustomCode;
use weightlock_format::{
    content::Content,
    detect::{Format, HEAD_BYTES, TAIL_BYTES},
    loadable::{Loadable, loadable},
    model::{CodeOnLoad, CodePath, Facts, examine, is_index, summarise},
    unpickled::could_be_unpickled,
};
use weightlock_policy::evidence::{Called, FileFact, ModelFacts, Revision};

use super::{flags::PolicyFlags, parts, passed_over, references};
use crate::{
    commands::{attest::review, bom::model::Described, subject::Hashed},
    diagnostic::Diagnostic,
    layout::{Image, ImageKind, Repository},
};

/// Names of kinds of file, beside those of formats: what a loader could take a file for.
pub(super) const KINDS: [&str; 4] = ["code", "executable", "template", "custom-code"];

/// Everything that policies ask of the files, and what was seen in them. What they say of licences waits for the signatures:
/// whoever asks fills it in.
pub(super) fn of(
    described: &Described,
    image: Option<&Image>,
    flags: &PolicyFlags,
) -> Result<(ModelFacts, CustomCode, Seen), Vec<Diagnostic>> {
    let hashed = &described.hashed;
    let code = review::code(hashed)?;
    let Files { files, seen, astray } = files(hashed)?;
    let (Called { namespace, name }, also, revision) = called(hashed, image, flags);
    let mut incomplete = missing(&seen);
    incomplete.extend(astray);
    incomplete.extend(references::astray(hashed)?);
    incomplete.extend(passed_over::loadable_there(hashed)?);
    let facts = ModelFacts {
        name,
        namespace,
        also,
        revision,
        digest: *hashed.digest(),
        licenses: Vec::new(),
        files,
        incomplete,
        code: listed(&code),
    };
    Ok((facts, code, seen))
}

/// Files that the model names and that are none of its own, a sentence each; of an index that cannot be read, whatever it names.
fn missing(seen: &[(ArtifactPath, Facts)]) -> Vec<String> {
    let named = summarise(seen).missing.into_iter();
    let named = named.map(|file| format!("the model names {file}, which is not among its files"));
    let unread = seen
        .iter()
        .filter(|(path, facts)| is_index(path.base_name()) && matches!(facts, Facts::Broken(_)))
        .map(|(path, _)| format!("{path} lists files of the model, and cannot be read"));
    named.chain(unread).collect()
}

fn listed(code: &CustomCode) -> Vec<String> {
    let files = code.files().map(|file| file.path);
    let entries = code
        .entries()
        .map(|entry| format!("{}: {}", entry.file, entry.value));
    files
        .chain(entries)
        .chain(code.unread().iter().cloned())
        .collect()
}

/// What it is called: as the caller says, else by the place it lies in; and by that place, where both say something. Whose revision
/// a cache knows, the caller cannot say another of.
fn called(
    hashed: &Hashed,
    image: Option<&Image>,
    flags: &PolicyFlags,
) -> (Called, Vec<Called>, Option<Revision>) {
    let hub = hashed.root().hub_name();
    let said = flags
        .called
        .clone()
        .map(|(namespace, name)| Called { namespace, name });
    let of_place = hub.as_ref().map(|hub| Called {
        namespace: hub.namespace.clone(),
        name: hub.name.clone(),
    });
    let base = || Called {
        namespace: None,
        name: hashed.root().base_name(),
    };
    // In a store of Ollama a file is called as the tag is, which is no name.
    let is_named = image.is_some_and(|image| image.kind == ImageKind::Ollama && !image.names.is_empty());
    let of_file = (said.is_none() && of_place.is_none() && !is_named).then(base);
    let of_image = image
        .into_iter()
        .flat_map(|image| &image.names)
        .map(of_repository);
    let mut all = said.into_iter().chain(of_place).chain(of_file).chain(of_image);
    let called = all.next().unwrap_or_else(base);
    let also = all.collect();
    let of_place = hub.map(|hub| hub.revision.clone());
    let revision = of_place.or_else(|| flags.revision.clone());
    let revision = revision.map(|text| Revision {
        is_pinned: is_pinned(&text),
        text,
    });
    (called, also, revision)
}

fn of_repository(repository: &Repository) -> Called {
    Called {
        namespace: repository.namespace.clone(),
        name: repository.name.clone(),
    }
}

/// Whether a text can name one content only: a commit, or a digest.
pub(in crate::commands) fn is_pinned(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    let is_hex = hex
        .bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    is_hex && (hex.len() == 64 || (hex.len() == 40 && hex.len() == text.len()))
}

/// What headers and small files say, file by file.
pub(super) type Seen = Vec<(ArtifactPath, Facts)>;

/// What the files themselves say.
struct Files {
    files: Vec<FileFact>,
    seen: Seen,
    /// Parts that they name and that are none of them, a sentence each.
    astray: Vec<String>,
}

/// The files with the names of everything that a reader could take each for, and what was seen in them.
fn files(hashed: &Hashed) -> Result<Files, Vec<Diagnostic>> {
    let names = hashed.names()?;
    let sources = hashed.sources();
    let known: BTreeSet<&ArtifactPath> = names.iter().collect();
    let mut all = Vec::new();
    let mut seen = Seen::new();
    let mut astray = Vec::new();
    for (path, source) in names.iter().cloned().zip(&sources) {
        let failed = |error| Diagnostic::from(weightlock_artifact::Error::io("read", &source.name, error));
        let content = crate::commands::scan::opened(source).map_err(Diagnostic::from)?;
        let formats = could_be(&path, &content).map_err(failed)?;
        let facts = examine(&path, &mut content.cursor()).map_err(failed)?;
        astray.extend(parts::astray(&path, &content, &facts, &known).map_err(failed)?);
        let digest = match hashed.manifest() {
            Some(manifest) => manifest.file(&path).map(|file| *file.sha256()),
            None => Some(*hashed.digest()),
        };
        all.push(FileFact {
            path: path.to_string(),
            digest: digest.unwrap_or(*hashed.digest()),
            formats: formats.into_iter().map(str::to_owned).collect(),
        });
        seen.push((path, facts));
    }
    if let CodeOnLoad::Possible(reasons) = summarise(&seen).code {
        for reason in reasons {
            let kind = match reason.how {
                CodePath::Pickle => "pickle",
                CodePath::File => "code",
                CodePath::CustomCode => "custom-code",
                CodePath::Template => "template",
                _ => continue,
            };
            if let Some(file) = all.iter_mut().find(|file| file.path == reason.file.as_str()) {
                file.formats.push(kind.to_owned());
            }
        }
    }
    for file in &mut all {
        file.formats.sort();
        file.formats.dedup();
    }
    Ok(Files {
        files: all,
        seen,
        astray,
    })
}

/// Everything that a reader could take a file for: by its content, by its end, by its name, and by what is in it. A pickle can lie
/// in an archive or a stream: whoever denies pickles means those, too.
fn could_be(path: &ArtifactPath, content: &Content) -> std::io::Result<Vec<&'static str>> {
    let head = content.read(0, HEAD_BYTES)?;
    let from = content.size().saturating_sub(TAIL_BYTES as u64);
    let tail = Format::of_tail(&content.read(from, TAIL_BYTES)?);
    let mut formats = vec![Format::of_content(content)?.word()];
    formats.extend(tail.map(Format::word));
    formats.extend(loadable(path, &head).map(Loadable::word));
    if could_be_unpickled(path, content)? {
        formats.push(Format::Pickle.word());
    }
    Ok(formats)
}
