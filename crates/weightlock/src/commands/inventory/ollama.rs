//! A store of Ollama.
//!
//! ```text
//! manifests/registry.ollama.ai/library/llama3/8b     an OCI image manifest, under host, namespace, name and tag
//! blobs/sha256-<64 hex>                              its layers: model, template, parameters, licence
//! ```

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;
use weightlock_artifact::{
    Error,
    digest::Algorithm,
    input,
    inventory::{Inventory, Links, Root, Scope},
    path::ArtifactPath,
};

use super::find::{Files, Found, Listed, is_file, is_folder};
use crate::places::Kind;

/// A manifest has a few hundred bytes.
const MANIFEST_BYTES: usize = 1 << 20;
/// host / namespace / name / tag, and namespaces of some registries have parts.
const DEEPEST: usize = 8;
/// What Ollama leaves out of a name.
const DEFAULT: [&str; 2] = ["registry.ollama.ai/library/", "registry.ollama.ai/"];

/// What of a manifest matters. Unknown members are let be.
#[derive(Deserialize)]
struct Manifest {
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    digest: String,
}

/// The models of a store.
pub(super) fn models(store: &Path, listed: &mut Listed) -> Result<Vec<Found>, Error> {
    let root = Root::open(&store.join("blobs"), Links::Refused)?;
    let blobs = Arc::new(Inventory::walk(root, &Scope::everything())?);
    let known: BTreeMap<&str, &ArtifactPath> = blobs
        .entries()
        .iter()
        .map(|entry| (entry.path.as_str(), &entry.path))
        .collect();
    let top = store.join("manifests");
    let mut models = Vec::new();
    for path in manifests(&top, listed) {
        let name = path.strip_prefix(&top).unwrap_or(&path).to_string_lossy();
        let mut found = Found::new(Kind::Ollama, shortened(&name), &path);
        // A tag can be pulled anew at any time.
        found.pinned = Some(false);
        let names = match layers(&path) {
            Ok((revision, layers)) => {
                found.revision = Some(revision);
                let (there, missing) = split(layers, &known);
                found
                    .problems
                    .extend(missing.iter().map(|name| format!("{name} is missing")));
                there
            }
            Err(why) => {
                found.problems.push(why);
                Vec::new()
            }
        };
        found.files = Files::Some(Arc::clone(&blobs), names);
        models.push(found);
    }
    Ok(models)
}

/// All files below, in order of names.
fn manifests(top: &Path, listed: &mut Listed) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut waiting = vec![(top.to_owned(), 0)];
    while let Some((folder, depth)) = waiting.pop() {
        for entry in listed.entries(&folder) {
            if is_file(&entry) {
                files.push(entry.path());
            } else if is_folder(&entry) && depth < DEEPEST && !is_evidence(&entry) {
                waiting.push((entry.path(), depth + 1));
            }
        }
    }
    files.sort();
    files
}

/// Signatures and evidence lie beside a manifest.
fn is_evidence(entry: &std::fs::DirEntry) -> bool {
    entry.path().extension().is_some_and(|it| it == "weightlock")
}

/// The digest of a manifest, by which `ollama list` knows a model, and the names of its layers.
fn layers(path: &Path) -> Result<(String, Vec<String>), String> {
    let bytes = input::read_at_most(path, MANIFEST_BYTES).map_err(|error| error.to_string())?;
    let manifest: Manifest = Some(&bytes)
        .filter(|bytes| bytes.len() <= MANIFEST_BYTES)
        .and_then(|bytes| serde_json::from_slice(bytes).ok())
        .ok_or("the manifest is none")?;
    let digest = Algorithm::Sha256.digest(&bytes).hex();
    let layers = manifest
        .layers
        .into_iter()
        .map(|layer| layer.digest.replace(':', "-"));
    Ok((format!("sha256:{digest}"), layers.collect()))
}

/// The layers that are there, each once, and those that are not.
fn split(layers: Vec<String>, known: &BTreeMap<&str, &ArtifactPath>) -> (Vec<ArtifactPath>, Vec<String>) {
    let mut there = Vec::new();
    let mut missing = Vec::new();
    for layer in layers {
        match known.get(layer.as_str()) {
            Some(path) => there.push((*path).clone()),
            None => missing.push(layer),
        }
    }
    there.sort();
    there.dedup();
    (there, missing)
}

/// `llama3:8b`
fn shortened(name: &str) -> String {
    let short = DEFAULT.iter().find_map(|prefix| name.strip_prefix(prefix));
    let short = short.unwrap_or(name);
    match short.rsplit_once('/') {
        Some((name, tag)) => format!("{name}:{tag}"),
        None => short.to_owned(),
    }
}
