//! A model in a store of Ollama: `manifests/<host>/<namespace>/<name>/<tag>`, a Docker manifest, and `blobs/sha256-<hex>`.
//!
//! Named by the path of its manifest, by the store where that holds one only, or as `STORE/NAME[:TAG]`, of which Ollama leaves out the
//! host, the namespace and the tag `latest`.

use std::path::{Path, PathBuf};

use weightlock_artifact::{Error, digest::Algorithm, error::NOT_FOUND};
use weightlock_format::{
    image::{Document, Fault, MAX_BYTES},
    reason::LIMIT,
};

use super::{
    Opened,
    image::{Called, ImageKind, Repository, Store, broken},
};
use crate::{diagnostic::Diagnostic, explanations::CHOOSE, sources, text::quoted};

/// Folders between a manifest and the store: host, namespace, whose parts may be several, and name.
const DEEPEST: usize = 8;
/// Folders above a tag at least.
const LEAST_DEEP: usize = 2;
/// Files and folders that are looked at, and manifests that are told.
const MOST: usize = 10_000;
const MOST_TOLD: usize = 8;

/// The model that a manifest is; `None` for what is none.
pub(super) fn open(path: &Path) -> Result<Option<Opened>, Diagnostic> {
    if path.is_file() {
        return Ok(match store_of(path) {
            Some(store) => Some(model(path, path, &store)?),
            None => None,
        });
    }
    if is_store(path) {
        let found = manifests(&path.join("manifests"))?;
        return match found.as_slice() {
            [] => Ok(None),
            [one] => model(path, one, path).map(Some),
            many => Err(several(path, many)),
        };
    }
    if path.symlink_metadata().is_ok() {
        return Ok(None);
    }
    named(path)
}

fn is_store(path: &Path) -> bool {
    let is_folder = |name: &str| path.join(name).is_dir();
    is_folder("manifests") && is_folder("blobs") && path.join("oci-layout").symlink_metadata().is_err()
}

/// The store that a manifest lies in.
fn store_of(path: &Path) -> Option<PathBuf> {
    let whole = std::path::absolute(path).ok()?;
    let folder = whole
        .ancestors()
        .take(DEEPEST)
        .find(|folder| folder.file_name().is_some_and(|name| name == "manifests"))?;
    let store = folder.parent()?;
    is_store(store).then(|| store.to_owned())
}

/// `STORE/NAME[:TAG]`, where no file is called so.
fn named(path: &Path) -> Result<Option<Opened>, Diagnostic> {
    let Some(store) = path
        .ancestors()
        .skip(1)
        .take(DEEPEST)
        .find(|folder| is_store(folder))
    else {
        return Ok(None);
    };
    let Some(rest) = path.strip_prefix(store).ok().and_then(Path::to_str) else {
        return Ok(None);
    };
    let (name, tag) = rest.rsplit_once(':').unwrap_or((rest, "latest"));
    let whole = match name.matches('/').count() {
        0 => format!("registry.ollama.ai/library/{name}/{tag}"),
        1 => format!("registry.ollama.ai/{name}/{tag}"),
        _ => format!("{name}/{tag}"),
    };
    let manifest = store.join("manifests").join(whole);
    if manifest.is_file() {
        return model(path, &manifest, store).map(Some);
    }
    let told = Diagnostic::new(
        NOT_FOUND,
        format!(
            "{} holds no model {}",
            sources::shown(store),
            sources::shown(Path::new(rest))
        ),
    );
    Err(told.note(format!("looked for {}", sources::shown(&manifest))))
}

fn model(path: &Path, manifest: &Path, folder: &Path) -> Result<Opened, Diagnostic> {
    let store = Store::open(ImageKind::Ollama, folder)?;
    let below = std::path::absolute(manifest).ok();
    let whole = std::path::absolute(folder).ok();
    let name = below
        .as_deref()
        .zip(whole)
        .and_then(|(below, whole)| below.strip_prefix(whole).ok())
        .and_then(Path::to_str);
    let text = store.read(name.unwrap_or_default(), MAX_BYTES)?;
    let read = Document::parse(&text).and_then(|document| match document {
        Document::Manifest(manifest) => Ok(manifest),
        Document::Index(_) => Err(weightlock_format::Problem::Malformed {
            offset: 0,
            fault: Fault::NotAnImage.into(),
        }),
    });
    let read = read.map_err(|problem| broken(&problem, manifest))?;
    let name = name.and_then(|name| name.strip_prefix("manifests/"));
    let called = Called {
        manifest: Algorithm::Sha256.digest(&text),
        reference: name.map(shortened),
        names: name.and_then(repository).into_iter().collect(),
    };
    store.model(path, &read, called, manifest)
}

/// What `host/namespace/name/tag` is called.
fn repository(name: &str) -> Option<Repository> {
    let (_, path) = name.split_once('/')?;
    let (path, _) = path.rsplit_once('/')?;
    Some(Repository::of_path(path))
}

/// `llama3:8b`
fn shortened(name: &str) -> String {
    let short = ["registry.ollama.ai/library/", "registry.ollama.ai/"];
    let short = short
        .iter()
        .find_map(|begin| name.strip_prefix(begin))
        .unwrap_or(name);
    match short.rsplit_once('/') {
        Some((name, tag)) => format!("{name}:{tag}"),
        None => short.to_owned(),
    }
}

/// The manifests below, in order of names. A link is one, so that it is chosen by nobody; what it leads to is not looked at.
fn manifests(top: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let mut files = Vec::new();
    let mut waiting = vec![(top.to_owned(), 0)];
    let mut looked_at = 0_usize;
    while let Some((folder, depth)) = waiting.pop() {
        let failed = |error| Diagnostic::from(Error::io("read", &folder, error));
        for entry in folder.read_dir().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            looked_at += 1;
            if looked_at > MOST {
                return Err(beyond(top, &format!("more than {MOST} files and folders")));
            }
            let path = entry.path();
            if !entry.file_type().map_err(failed)?.is_dir() {
                files.extend(is_manifest(&path, depth).then_some(path));
            } else if path.extension().is_some_and(|it| it == "weightlock") {
                // Signatures and evidence lie beside a manifest.
            } else if depth < DEEPEST {
                waiting.push((path, depth + 1));
            } else {
                return Err(beyond(top, &format!("folders more than {DEEPEST} deep")));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A tag lies in the folder of a name, and that in one of a host at least. No tag begins with a dot.
fn is_manifest(path: &Path, depth: usize) -> bool {
    let name = path.file_name().unwrap_or_default();
    depth >= LEAST_DEEP && !name.as_encoded_bytes().starts_with(b".")
}

fn beyond(top: &Path, what: &str) -> Diagnostic {
    let told = format!(
        "{} holds {what}, so that not all are looked at",
        sources::shown(top)
    );
    Diagnostic::new(LIMIT, told)
        .at(sources::shown(top))
        .help("name the manifest of the model that is meant")
}

fn several(path: &Path, many: &[PathBuf]) -> Diagnostic {
    let told = Diagnostic::new(
        CHOOSE,
        format!("{} holds {} models", sources::shown(path), many.len()),
    );
    many.iter()
        .take(MOST_TOLD)
        .fold(told.at(sources::shown(path)), |told, one| {
            told.help(format!("name one:  {}", quoted(&one.display().to_string())))
        })
}
