//! Whether the shards are what their list says: the same tensors, each in the file that is named, of the size that is given.
//! What differs is left unread against the list, since nobody can tell which of the two is right.

use std::collections::{BTreeMap, BTreeSet};

use weightlock_artifact::path::ArtifactPath;
use weightlock_format::Dtype;

use super::super::{
    draft::Draft,
    notes::{Shards, Weights},
    places::{folder, shard},
};

/// See the module.
pub(super) fn conclude(draft: &mut Draft) {
    let mut found: Vec<(ArtifactPath, String)> = Vec::new();
    for list in &draft.notes.shards {
        found.extend(compare(list, &draft.notes.weights).map(|why| (list.path.clone(), why)));
    }
    found.extend(missing(&draft.notes.weights, &draft.notes.shards));
    for (path, why) in found {
        draft.leave_at(&path, 0, why);
    }
}

/// Shards that are not there, by the names of those that are; where a list names them, the list is told of instead.
fn missing(weights: &[Weights], lists: &[Shards]) -> Vec<(ArtifactPath, String)> {
    let mut sets: BTreeMap<(&str, &str, u64), Vec<&ArtifactPath>> = BTreeMap::new();
    for file in weights {
        let name = file.path.base_name();
        let is_listed = lists.iter().any(|it| it.of == file.of);
        if let Some((stem, total)) = shard(name.rsplit_once('.').map_or(name, |(stem, _)| stem))
            && !is_listed
        {
            sets.entry((folder(&file.path), stem, total))
                .or_default()
                .push(&file.path);
        }
    }
    let short = sets
        .into_iter()
        .filter(|((_, _, total), files)| (files.len() as u64) < *total);
    short
        .filter_map(|((_, _, total), files)| {
            let why = format!("it is one of {total} shards, of which {} are there", files.len());
            Some(((*files.first()?).clone(), why))
        })
        .collect()
}

fn compare(list: &Shards, weights: &[Weights]) -> Option<String> {
    let by_path: BTreeMap<&ArtifactPath, &Weights> = weights.iter().map(|it| (&it.path, it)).collect();
    let named: BTreeSet<&ArtifactPath> = list.tensors.iter().map(|(_, file)| file).collect();
    if let Some(missing) = named.iter().find(|it| !by_path.contains_key(**it)) {
        return Some(format!(
            "it names {missing}, which is not there or could not be read"
        ));
    }
    let listed: BTreeSet<(&str, &ArtifactPath)> = list
        .tensors
        .iter()
        .map(|(name, file)| (name.as_str(), file))
        .collect();
    let mut stored: BTreeSet<(&str, &ArtifactPath)> = BTreeSet::new();
    let mut bytes = Some(0_u64);
    for weights in named.iter().filter_map(|it| by_path.get(*it)) {
        for tensor in &weights.tensors {
            stored.insert((&tensor.name, &weights.path));
            let elements = tensor
                .shape
                .iter()
                .try_fold(1_u64, |all, it| all.checked_mul(*it));
            let size = elements
                .zip(tensor.dtype)
                .and_then(|(elements, dtype)| Dtype::bytes_of(dtype, elements));
            bytes = bytes.zip(size).and_then(|(all, size)| all.checked_add(size));
        }
    }
    let count = |of: usize| format!("{of} tensor{}", if of == 1 { "" } else { "s" });
    let absent = listed.difference(&stored).count();
    let extra = stored.difference(&listed).count();
    if absent > 0 || extra > 0 {
        return Some(format!(
            "it lists {} that the shards do not have, and leaves out {} that they have",
            count(absent),
            count(extra)
        ));
    }
    match (list.total_size, bytes) {
        (Some(said), Some(is)) if said != is => {
            Some(format!("it says {said} bytes of tensors, and there are {is}"))
        }
        _ => None,
    }
}
