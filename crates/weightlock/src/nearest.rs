//! The nearest match of something misspelt.

use std::{fs, path::Path};

/// Less alike than this, a suggestion confuses more than it helps.
const ALIKE: f64 = 0.8;

/// Entries of a folder that are looked at: a folder with more is not one whose names people type.
const MOST_ENTRIES: usize = 2000;

/// The candidate most like what was typed, if one is like it at all.
pub(crate) fn of<T: AsRef<str>>(typed: &str, candidates: impl IntoIterator<Item = T>) -> Option<T> {
    candidates
        .into_iter()
        .map(|candidate| (likeness(candidate.as_ref(), typed), candidate))
        .filter(|(alike, _)| *alike > ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// Between 0 and 1. One letter wrong, missing, too many or swapped with its neighbour is near whatever the length.
fn likeness(candidate: &str, typed: &str) -> f64 {
    let likeness = strsim::jaro_winkler(candidate, typed);
    let one_slip = typed.len() > 1 && strsim::osa_distance(candidate, typed) == 1;
    if one_slip { likeness.max(0.9) } else { likeness }
}

/// A file that exists beside one that does not, with a name like it. Written as the user wrote the path.
///
/// Names come from the disk: they must be shown through [`crate::text::Shown`], as every diagnostic does.
pub(crate) fn sibling(missing: &Path) -> Option<String> {
    let typed = missing.file_name()?.to_str()?;
    let folder = match missing.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .take(MOST_ENTRIES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    // The order of a folder is chance; of two names equally near, the same one is suggested each time.
    names.sort_unstable_by(|a, b| b.cmp(a));
    let near = of(typed, names).filter(|near| near != typed)?;
    Some(missing.with_file_name(near).display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_of_the_finger_is_mended_and_a_stranger_is_not() {
        assert_eq!(of("verfiy", ["sign", "verify", "version"]), Some("verify"));
        assert_eq!(of("kye", ["key", "beside"]), Some("key"));
        assert_eq!(of("frobnicate", ["sign", "verify", "version"]), None);
    }

    #[test]
    fn names_the_sibling_as_the_user_would_write_it() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["model-v2", "other"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let near = sibling(&folder.path().join("model-v3")).unwrap();
        assert_eq!(near, folder.path().join("model-v2").to_str().unwrap());
        assert_eq!(sibling(&folder.path().join("zzz")), None);
        assert_eq!(sibling(&folder.path().join("none/model-v2")), None);
        assert_eq!(sibling(Path::new("/")), None);
    }
}
