//! Reads the crates into [`Room`]s.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Room, Source, Use};
use crate::source::{code_only, without_tests};
use crate::workspace::{Metadata, Package, files_below};

/// Every product crate, and the lints of the workspace.
pub(super) fn rooms(metadata: &Metadata) -> Result<(Vec<Room>, toml::Table)> {
    let root = &metadata.workspace_root;
    let rooms = metadata
        .product()
        .map(|package| room(root, package))
        .collect::<Result<Vec<_>>>()?;
    let manifest = manifest(&root.join("Cargo.toml"))?;
    let lints = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("lints"));
    Ok((
        rooms,
        lints.and_then(toml::Value::as_table).cloned().unwrap_or_default(),
    ))
}

fn room(root: &Path, package: &Package) -> Result<Room> {
    let manifest = manifest(&package.manifest_path)?;
    let uses = package.dependencies.iter().map(|dependency| Use {
        name: dependency.name.clone(),
        features: dependency.features.clone(),
        dev: dependency.kind.as_deref() == Some("dev"),
    });
    let files = files_below(package.folder(), "rs")?;
    Ok(Room {
        name: package.name.clone(),
        folder: relative(root, package.folder()),
        uses: uses.collect(),
        lints: manifest
            .get("lints")
            .and_then(toml::Value::as_table)
            .cloned()
            .unwrap_or_default(),
        files: files
            .iter()
            .map(|file| source(root, file))
            .collect::<Result<_>>()?,
    })
}

fn manifest(path: &Path) -> Result<toml::Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse()
        .with_context(|| format!("cannot parse {}", path.display()))
}

fn source(root: &Path, file: &Path) -> Result<Source> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Source::new(relative(root, file), &text))
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

impl Source {
    /// Reads one file's text. Only what lies in `src/` and is no test ships.
    pub(super) fn new(path: String, text: &str) -> Self {
        let code = code_only(text);
        let ships = path.contains("/src/") && !path.ends_with("/tests.rs") && !path.contains("/tests/");
        let shipped = if ships {
            without_tests(&code)
        } else {
            String::new()
        };
        Self { path, code, shipped }
    }
}
