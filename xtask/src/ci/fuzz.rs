//! Fuzz targets live outside the workspace; here they are kept compiling, and their corpus is replayed by the
//! ordinary tests of the crates they belong to.

use std::fs;

use anyhow::{Result, bail};

use super::report::{Report, cargo_step};
use crate::say;
use crate::workspace::Metadata;

/// Checks the fuzz package, once there is one.
pub(super) fn run(metadata: &Metadata, report: &mut Report) {
    let manifest = metadata.workspace_root.join("fuzz/Cargo.toml");
    if !manifest.is_file() {
        report.note("fuzz targets: there are none yet");
        return;
    }
    let manifest = manifest.to_string_lossy().into_owned();
    report.check(
        "fuzz targets compile",
        &mut cargo_step(&["check", "--locked", "--manifest-path", &manifest]),
    );
    report.check_fn("every fuzz target has a corpus", || {
        has_corpus(metadata, &manifest)
    });
}

/// A target without seeds finds little, and leaves nothing to replay on the stable toolchain.
fn has_corpus(metadata: &Metadata, manifest: &str) -> Result<bool> {
    let table = fs::read_to_string(manifest)?.parse::<toml::Table>()?;
    let targets = table
        .get("bin")
        .and_then(toml::Value::as_array)
        .cloned()
        .unwrap_or_default();
    let names = targets
        .iter()
        .filter_map(|bin| bin.get("name")?.as_str())
        .collect::<Vec<_>>();
    if names.is_empty() {
        bail!("fuzz/Cargo.toml names no target");
    }
    let corpus = metadata.workspace_root.join("fuzz/corpus");
    let bare =
        |name: &&&str| fs::read_dir(corpus.join(name)).map_or(true, |mut files| files.next().is_none());
    let missing = names.iter().filter(bare).collect::<Vec<_>>();
    missing
        .iter()
        .for_each(|name| say(&format!("fuzz/corpus/{name} is missing or empty")));
    Ok(missing.is_empty())
}
