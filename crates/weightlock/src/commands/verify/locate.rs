//! Where in a file it changed: by signed shards or by the signed leaf table, and which tensors lie there.

use std::{fs::File, ops::Range};

use weightlock_artifact::{digest::engine::Reading, drift::Change, leaf::LEAF, path::ArtifactPath};
use weightlock_format::{gguf, layout::Layout, safetensors};
use weightlock_signing::oms::{
    Method, VerifiedStatement,
    model::{Mismatch, Work, locate},
};

use super::{Arguments, Case};
use crate::{context::Context, progress};

/// More ranges than this are not told in text.
const MOST_RANGES: usize = 8;

/// More tensors than this are not listed for one file.
const MOST_TENSORS: usize = 100;

/// Where one file changed.
#[derive(Clone, Default, Debug)]
pub(super) struct Located {
    /// The byte ranges, in units of what was signed.
    pub(super) ranges: Vec<Range<u64>>,
    /// Bytes per unit.
    pub(super) unit: u64,
    /// The file's size now.
    pub(super) size: u64,
    /// The tensors in the ranges, by the header that is there now.
    pub(super) tensors: Vec<String>,
    /// How many more there are.
    pub(super) more_tensors: usize,
    /// How many tensors there are in all.
    pub(super) all_tensors: usize,
    /// The header itself lies in a changed range, so names of tensors are those of the changed file.
    pub(super) header: bool,
}

impl Located {
    /// Numbers of the changed units, from 1, with how many there are.
    pub(super) fn units(&self) -> String {
        let units = self.size.div_ceil(self.unit.max(1)).max(1);
        let shown: Vec<String> = self
            .ranges
            .iter()
            .take(MOST_RANGES)
            .map(|range| {
                let (first, last) = (
                    range.start / self.unit.max(1) + 1,
                    range.end.div_ceil(self.unit.max(1)),
                );
                if first == last {
                    first.to_string()
                } else {
                    format!("{first}–{last}")
                }
            })
            .collect();
        let more = if self.ranges.len() > MOST_RANGES {
            ", …"
        } else {
            ""
        };
        format!("{}{more} of {units}", shown.join(", "))
    }
}

/// Where each changed file changed, as far as signed evidence tells. Whatever goes wrong here only makes the refusal
/// say less.
pub(super) fn changes(
    case: &Case,
    verified: &VerifiedStatement,
    mismatch: &Mismatch,
    arguments: &Arguments,
    context: &Context,
) -> Vec<(ArtifactPath, Located)> {
    let comparison = mismatch.comparison();
    let changed: Vec<&ArtifactPath> = comparison
        .drift
        .changes()
        .iter()
        .filter(|change| matches!(change, Change::Changed { .. }))
        .map(Change::path)
        .collect();
    if changed.is_empty() {
        return Vec::new();
    }
    match verified.statement().serialization().method {
        Method::Shards(size) => changed
            .into_iter()
            .filter_map(|path| {
                let ranges = comparison.changed_ranges.get(path)?.clone();
                Some((path.clone(), within(mismatch, path, ranges, size.get())))
            })
            .collect(),
        Method::Files => by_leaves(case, verified, mismatch, &changed, arguments, context),
    }
}

fn by_leaves(
    case: &Case,
    verified: &VerifiedStatement,
    mismatch: &Mismatch,
    changed: &[&ArtifactPath],
    arguments: &Arguments,
    context: &Context,
) -> Vec<(ArtifactPath, Located)> {
    let Some(table) = case.leaf_table(verified) else {
        return Vec::new();
    };
    let Ok(settings) = context.hashing(&arguments.hashing, Reading::Mapped) else {
        return Vec::new();
    };
    progress::shown(&context.show, |observer| {
        let work = Work {
            settings,
            observer,
            cache: None,
            keeper: None,
            leaves: None,
        };
        let found = changed.iter().filter_map(|path| {
            let ranges = locate(&mismatch.comparison().inventory, path, table.table(), &work).ok()??;
            Some(((*path).clone(), within(mismatch, path, ranges, LEAF)))
        });
        found.collect()
    })
}

/// The tensors in changed ranges, by the file's own header as it is now.
fn within(mismatch: &Mismatch, path: &ArtifactPath, ranges: Vec<Range<u64>>, unit: u64) -> Located {
    let inventory = &mismatch.comparison().inventory;
    let size = inventory.entry(path).map_or(0, |entry| entry.stamp.size);
    let mut located = Located {
        ranges,
        unit,
        size,
        ..Located::default()
    };
    let Some((layout, header)) = inventory.root().open_file(path).ok().and_then(layout) else {
        return located;
    };
    located.header = located.ranges.iter().any(|range| range.start < header.end);
    located.all_tensors = layout.tensors().len();
    let mut names: Vec<&str> = Vec::new();
    for range in &located.ranges {
        names.extend(
            layout
                .tensors_in(range.clone())
                .map(|tensor| tensor.name.as_str()),
        );
    }
    names.dedup();
    located.more_tensors = names.len().saturating_sub(MOST_TENSORS);
    located.tensors = names.into_iter().take(MOST_TENSORS).map(str::to_owned).collect();
    located
}

fn layout(mut file: File) -> Option<(Layout, Range<u64>)> {
    if let Ok(header) = safetensors::Header::read(&mut file)
        && header.sound().is_ok()
    {
        return Some((header.layout().clone(), header.header_range()));
    }
    let header = gguf::Header::read(&mut file).ok()?;
    header.sound().ok()?;
    Some((header.layout().clone(), header.header_range()))
}
