//! Targets that are typed as tools name them, and the paths that they stand for on this machine:
//!
//! | typed | path |
//! |---|---|
//! | `hf:ORG/NAME` | the repository in the cache of the hub's client |
//! | `hf:ORG/NAME@REVISION` | in it, `snapshots/COMMIT`, or `refs/NAME` for what is no commit |
//! | `ollama:NAME[:TAG]` | `STORE/NAME:TAG` of the user's store |
//! | `oci-layout:FOLDER[:TAG]` | `FOLDER[:TAG]` |
//!
//! Nothing is fetched. What begins otherwise is a path and never a name; a folder that is called `hf:x` is `./hf:x`.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::places::{self, Kind};

/// Names of what lies elsewhere, which no path of this machine begins with.
const ELSEWHERE: [&str; 5] = ["oci://", "s3://", "https://", "http://", "docker-archive:"];

/// Reads a target on the command line.
pub(crate) fn target() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(path)
}

/// The path that was typed, or that a name stands for.
///
/// # Errors
///
/// What is wrong with the name, in words.
pub(crate) fn path(typed: OsString) -> Result<PathBuf, String> {
    match typed.to_str() {
        Some(text) => stands_for(text, &places::of).unwrap_or_else(|| Ok(typed.into())),
        // No name of a tool is written so.
        None => Ok(typed.into()),
    }
}

/// `None` for what is a path.
fn stands_for(text: &str, place: &dyn Fn(Kind) -> Option<PathBuf>) -> Option<Result<PathBuf, String>> {
    if let Some(name) = text.strip_prefix("hf:") {
        return Some(cached(name, place(Kind::HuggingFace)));
    }
    if let Some(name) = text.strip_prefix("ollama:") {
        return Some(stored(name, place(Kind::Ollama)));
    }
    if let Some(folder) = text.strip_prefix("oci-layout:") {
        return Some(layout(folder));
    }
    let is_elsewhere = ELSEWHERE.iter().any(|begin| text.starts_with(begin));
    is_elsewhere.then(|| {
        Err("it is not on this machine, and nothing is fetched: download it, and name its folder".to_owned())
    })
}

/// The place in the hub's cache.
fn cached(name: &str, cache: Option<PathBuf>) -> Result<PathBuf, String> {
    let (repository, revision) = match name.split_once('@') {
        Some((repository, revision)) => (repository, Some(revision)),
        None => (name, None),
    };
    if !is_repository(repository) {
        return Err("a model of the hub is named hf:ORG/NAME or hf:ORG/NAME@REVISION".to_owned());
    }
    let cache = cache.ok_or("where the hub's cache is, is not known: set HF_HUB_CACHE")?;
    let folder = cache.join(format!("models--{}", repository.replace('/', "--")));
    match revision {
        None => Ok(folder),
        Some(commit) if is_commit(commit) => Ok(folder.join("snapshots").join(commit)),
        Some(name) if is_reference(name) => Ok(folder.join("refs").join(name)),
        Some(_) => Err("a revision is a commit, or the name of a branch or tag".to_owned()),
    }
}

/// `ORG/NAME`, or `NAME` alone as some old ones have it. Two hyphens would be taken for the end of a part.
fn is_repository(text: &str) -> bool {
    text.matches('/').count() <= 1 && !text.contains("--") && text.split('/').all(is_part)
}

/// Forty digits.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `main`, `v1.0`, `pr/1`.
pub(super) fn is_reference(text: &str) -> bool {
    text.split('/').all(is_part)
}

/// Letters, digits, `_`, `-`, `.`; not with a point first, nor two.
fn is_part(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    !text.is_empty() && !text.starts_with(['.', '-']) && !text.contains("..") && text.bytes().all(is_plain)
}

/// The place in the user's store of Ollama.
fn stored(name: &str, store: Option<PathBuf>) -> Result<PathBuf, String> {
    let (model, tag) = match name.rsplit_once(':') {
        Some((model, tag)) if !tag.contains('/') => (model, Some(tag)),
        _ => (name, None),
    };
    let is_model = model.split('/').all(|part| part.split(':').all(is_part));
    if !is_model || !tag.is_none_or(is_part) {
        return Err("a model of Ollama is named ollama:NAME or ollama:NAME:TAG".to_owned());
    }
    let store = store.ok_or("where the store of Ollama is, is not known: set OLLAMA_MODELS")?;
    if store.symlink_metadata().is_err() {
        let store = store.display();
        return Err(format!(
            "{store} is not there: set OLLAMA_MODELS to the store; that of the service is often \
             /usr/share/ollama/.ollama/models"
        ));
    }
    Ok(store.join(name))
}

/// What is said to be an OCI layout must be there and be one.
fn layout(folder: &str) -> Result<PathBuf, String> {
    let is_layout = |path: &Path| path.join("oci-layout").is_file();
    let all = folder.match_indices([':', '@']).map(|(at, _)| &folder[..at]);
    if !all
        .chain([folder])
        .any(|path| !path.is_empty() && is_layout(Path::new(path)))
    {
        return Err("no OCI layout is there: it is a folder with a file oci-layout".to_owned());
    }
    Ok(PathBuf::from(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let place = |kind: Kind| match kind {
            Kind::HuggingFace => Some(PathBuf::from("/hub")),
            Kind::Ollama => Some(PathBuf::from("/")),
            Kind::TorchHub | Kind::LmStudio | Kind::Folder => None,
        };
        match stands_for(text, &place) {
            None => "path".to_owned(),
            Some(Ok(path)) => path.display().to_string(),
            Some(Err(_)) => "error".to_owned(),
        }
    }

    #[test]
    fn names_of_tools_stand_for_paths() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (text, expected) in [
            ("./model", "path"),
            ("acme/tiny", "path"),
            ("models/hf:x", "path"),
            ("hf:acme/tiny", "/hub/models--acme--tiny"),
            ("hf:gpt2", "/hub/models--gpt2"),
            ("hf:acme/tiny@main", "/hub/models--acme--tiny/refs/main"),
            ("hf:acme/tiny@refs/pr/1", "/hub/models--acme--tiny/refs/refs/pr/1"),
            ("hf:acme/tiny@", "error"),
            ("hf:acme/tiny@../x", "error"),
            ("hf:acme/tiny@a/../b", "error"),
            ("hf:", "error"),
            ("hf:acme/", "error"),
            ("hf:../x", "error"),
            ("hf:a/b/c", "error"),
            ("hf:a--b", "error"),
            ("hf:/etc", "error"),
            ("ollama:llama3", "/llama3"),
            ("ollama:me/llama3:8b", "/me/llama3:8b"),
            (
                "ollama:localhost:5000/me/llama3:8b",
                "/localhost:5000/me/llama3:8b",
            ),
            ("ollama:", "error"),
            ("ollama:/etc/passwd", "error"),
            ("ollama:../x", "error"),
            ("ollama:x:", "error"),
            ("oci-layout:/nowhere", "error"),
            ("oci-layout:", "error"),
            ("oci://registry.example/x", "error"),
            ("https://example.com/x", "error"),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(
            of(&format!("hf:acme/tiny@{commit}")),
            format!("/hub/models--acme--tiny/snapshots/{commit}")
        );
    }

    #[test]
    fn a_layout_must_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        assert_eq!(of(&format!("oci-layout:{at}")), "error");
        std::fs::write(folder.path().join("oci-layout"), "{}").unwrap();
        for end in ["", ":v1", "@sha256:00"] {
            assert_eq!(of(&format!("oci-layout:{at}{end}")), format!("{at}{end}"));
        }
    }
}
