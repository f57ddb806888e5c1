//! A repository in a hub cache: `models--org--name/{blobs, refs, snapshots/<commit>}`.
//!
//! Which snapshot is meant says `refs/main`, as it does for the clients; without it there must be one only. Names are read below the
//! repository and through no link.

use std::path::{Path, PathBuf};

use weightlock_artifact::{
    error::NOT_FOUND,
    input,
    inventory::{Links, Root, RootKind},
    path::ArtifactPath,
};

use super::{Layout, Opened};
use crate::{
    diagnostic::Diagnostic,
    explanations::CHOOSE,
    sources,
    text::{Shown, quoted},
};

/// Kinds of repositories.
const KINDS: [&str; 3] = ["models--", "datasets--", "spaces--"];
/// A commit and a line feed; a longer file is none.
const REF_BYTES: usize = 256;
/// Snapshots that are looked at, and those that are told.
const MOST: usize = 10_000;
const MOST_TOLD: usize = 8;

/// The snapshot of a repository; `None` for what is none.
pub(super) fn open(path: &Path) -> Result<Option<Opened>, Diagnostic> {
    if !is_repository(path) {
        return Ok(None);
    }
    let (name, why) = match main(path)? {
        Some(commit) => {
            if !is_there(path, &commit) {
                return Err(gone(path, &commit));
            }
            let why = format!("took snapshot {commit}, which refs/main names");
            (commit, why)
        }
        None => only(path)?,
    };
    let root = Root::open(&path.join("snapshots").join(name), Links::Refused)?;
    Ok(Some(Opened {
        root,
        layout: Layout::Hub { chosen: Some(why) },
    }))
}

fn is_repository(path: &Path) -> bool {
    let name = path.canonicalize().ok();
    let name = name
        .as_deref()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    let is_named = name.is_some_and(|name| KINDS.iter().any(|kind| name.starts_with(kind)));
    is_named && is_folder(&path.join("blobs")) && is_folder(&path.join("snapshots"))
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn is_there(path: &Path, snapshot: &str) -> bool {
    is_folder(&path.join("snapshots").join(snapshot))
}

/// The commit in `refs/main`; `None` when there is none.
fn main(path: &Path) -> Result<Option<String>, Diagnostic> {
    let root = Root::open(path, Links::Refused)?;
    let shown = path.join("refs/main");
    let name = ArtifactPath::parse("refs/main")
        .map_err(|error| Diagnostic::of(weightlock_artifact::error::NAME, &error))?;
    let file = match root.open_plain(&name) {
        Err(error) if error.code() == NOT_FOUND => return Ok(None),
        Err(error) => return Err(error.into()),
        Ok(Err(kind)) => {
            return Err(Diagnostic::new(kind.code(), format!("refs/main {kind}")).at(sources::shown(&shown)));
        }
        Ok(Ok(file)) => file,
    };
    let bytes = input::read_open(file, &shown, REF_BYTES)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default().trim();
    let is_commit = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_commit {
        let told = Diagnostic::new(
            CHOOSE,
            "refs/main names no commit, so that no snapshot is the one that is meant",
        );
        return Err(listed(told.at(sources::shown(&shown)), path));
    }
    Ok(Some(text.to_owned()))
}

/// The only snapshot.
fn only(path: &Path) -> Result<(String, String), Diagnostic> {
    let names = snapshots(path);
    match names.as_slice() {
        [only] => Ok((
            only.clone(),
            format!("took snapshot {}, the only one", Shown(only)),
        )),
        [] => Err(
            Diagnostic::new(NOT_FOUND, format!("{} holds no snapshot", sources::shown(path)))
                .help("download the model again"),
        ),
        many => Err(listed(
            Diagnostic::new(
                CHOOSE,
                format!(
                    "{} holds {} snapshots, and no refs/main says which one is meant",
                    sources::shown(path),
                    many.len()
                ),
            ),
            path,
        )),
    }
}

fn gone(path: &Path, commit: &str) -> Diagnostic {
    let told = Diagnostic::new(
        CHOOSE,
        format!("refs/main names snapshot {commit}, which is not there"),
    );
    listed(told.at(sources::shown(&path.join("refs/main"))), path)
}

/// With the snapshots that could be named.
fn listed(told: Diagnostic, path: &Path) -> Diagnostic {
    let all = snapshots(path);
    let some = all
        .iter()
        .take(MOST_TOLD)
        .map(|name| path.join("snapshots").join(name));
    some.fold(told, |told, one: PathBuf| {
        told.help(format!(
            "name a snapshot:  {}",
            quoted(&one.display().to_string())
        ))
    })
}

/// Names of folders among the snapshots, in order.
fn snapshots(path: &Path) -> Vec<String> {
    let entries = path.join("snapshots").read_dir().into_iter().flatten();
    let names = entries.take(MOST).filter_map(|entry| {
        let entry = entry.ok()?;
        entry.file_type().ok().filter(std::fs::FileType::is_dir)?;
        entry.file_name().into_string().ok()
    });
    let mut names: Vec<String> = names
        .filter(|name| {
            let root = Root::open(&path.join("snapshots").join(name), Links::Refused);
            root.is_ok_and(|root| *root.kind() == RootKind::Folder)
        })
        .collect();
    names.sort();
    names
}
