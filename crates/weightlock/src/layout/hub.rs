//! A repository in a hub cache: `models--org--name/{blobs, refs, snapshots/<commit>}`.
//!
//! Which snapshot is meant says `refs/main`, as it does for the clients, or the reference that the target is (`refs/v1`); without
//! `refs/main` there must be one only. Names are read below the repository and through no link. Evidence that lies beside a snapshot is
//! none. The cache itself, with the repositories in it, is no model: one of them must be named.

use std::path::{Path, PathBuf};

use weightlock_artifact::{
    Error,
    error::NOT_FOUND,
    input,
    inventory::{Links, Root, RootKind},
    path::ArtifactPath,
};

use super::{Layout, Opened, beside, typed};
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
/// What clients mean where no revision is named.
const MAIN: &str = "refs/main";
/// Folders between a reference and its repository.
const DEEPEST: usize = 8;
/// Snapshots that are looked at, and those that are told.
const MOST: usize = 10_000;
const MOST_TOLD: usize = 8;
/// What a cache holds besides repositories and hidden files.
const OF_A_CACHE: [&str; 2] = ["CACHEDIR.TAG", "version.txt"];
/// What evidence beside a model consists of.
const OF_EVIDENCE: [&str; 3] = ["model.sig", "evidence", "leaves"];

/// The snapshot of a repository; `None` for what is none.
pub(super) fn open(path: &Path) -> Result<Option<Opened>, Diagnostic> {
    if let Some((repository, name)) = as_reference(path) {
        return match referred(repository, &name)? {
            Some((commit, why)) => snapshot(repository, &commit, why).map(Some),
            None => Err(unknown(repository, &name)),
        };
    }
    if !is_repository(path) {
        return match repositories(path).as_slice() {
            [] => Ok(None),
            all => Err(cache(path, all)),
        };
    }
    let (name, why) = match referred(path, MAIN)? {
        Some(found) => found,
        None => only(path)?,
    };
    snapshot(path, &name, why).map(Some)
}

fn snapshot(repository: &Path, name: &str, why: String) -> Result<Opened, Diagnostic> {
    beside::nothing(repository, beside::Kind::Hub)?;
    let root = Root::open(&repository.join("snapshots").join(name), Links::Refused)?;
    let layout = Layout::Hub { chosen: Some(why) };
    Ok(Opened { root, layout })
}

/// `REPOSITORY/refs/NAME`: the repository, and the name from `refs` on.
fn as_reference(path: &Path) -> Option<(&Path, String)> {
    let refs = path.ancestors().skip(1).take(DEEPEST);
    let refs = refs.filter(|folder| folder.file_name().is_some_and(|name| name == "refs"));
    let repository = refs
        .filter_map(Path::parent)
        .find(|folder| is_repository(folder))?;
    let name = path.strip_prefix(repository).ok()?.to_str()?;
    Some((repository, name.to_owned()))
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

/// The repositories in a cache, in order; none for a folder with a file that caches do not have.
fn repositories(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in path.read_dir().into_iter().flatten().take(MOST).flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_known = name.starts_with('.') || OF_A_CACHE.contains(&&*name);
        if !is_known && !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            return Vec::new();
        }
        if is_repository(&entry.path()) {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// No model, and which there are.
fn cache(path: &Path, all: &[PathBuf]) -> Diagnostic {
    let told = format!(
        "{} is a hub cache with {} {}, and nothing says which one is meant",
        sources::shown(path),
        all.len(),
        if all.len() == 1 {
            "repository"
        } else {
            "repositories"
        }
    );
    let told = Diagnostic::new(CHOOSE, told);
    all.iter().take(MOST_TOLD).fold(told, |told, one| {
        told.help(format!("name one:  {}", quoted(&one.display().to_string())))
    })
}

/// Whether a folder holds nothing but evidence about the snapshot that it lies beside.
pub(crate) fn is_evidence(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    let Some(model) = name.and_then(|name| name.strip_suffix(".weightlock")) else {
        return false;
    };
    let is_known = |name: &std::ffi::OsStr| OF_EVIDENCE.iter().any(|known| name == *known);
    let mut entries = folder.read_dir().into_iter().flatten().take(MOST);
    is_folder(&folder.with_file_name(model))
        && entries.all(|entry| entry.is_ok_and(|entry| is_known(&entry.file_name())))
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

/// The snapshot that a reference names, which is there, and why it was taken; `None` when there is no such reference.
fn referred(path: &Path, reference: &str) -> Result<Option<(String, String)>, Diagnostic> {
    let Some(commit) = commit(path, reference)? else {
        return Ok(None);
    };
    if !is_folder(&path.join("snapshots").join(&commit)) {
        return Err(gone(path, reference, &commit));
    }
    let why = format!("took snapshot {commit}, which {} names", Shown(reference));
    Ok(Some((commit, why)))
}

/// The commit in a reference; `None` when there is none.
fn commit(path: &Path, reference: &str) -> Result<Option<String>, Diagnostic> {
    let root = Root::open(path, Links::Refused)?;
    let shown = path.join(reference);
    let name = ArtifactPath::parse(reference)
        .map_err(|error| Diagnostic::of(weightlock_artifact::error::NAME, &error))?;
    let file = match root.open_plain(&name) {
        Err(error) if error.code() == NOT_FOUND => return Ok(None),
        Err(error) => return Err(error.into()),
        Ok(Err(kind)) => {
            let told = Diagnostic::new(kind.code(), format!("{} {kind}", Shown(reference)));
            return Err(told.at(sources::shown(&shown)));
        }
        Ok(Ok(file)) => file,
    };
    let bytes = input::read_open(file, &shown, REF_BYTES)?;
    let whole = Some(bytes.as_slice()).filter(|bytes| bytes.len() <= REF_BYTES);
    let text = whole.and_then(|bytes| std::str::from_utf8(bytes).ok());
    let text = text.unwrap_or_default().trim();
    if !typed::is_commit(text) {
        let told = Diagnostic::new(
            CHOOSE,
            format!(
                "{} names no commit, so that no snapshot is the one that is meant",
                Shown(reference)
            ),
        );
        return Err(listed(told.at(sources::shown(&shown)), path));
    }
    Ok(Some(text.to_owned()))
}

/// The only snapshot.
fn only(path: &Path) -> Result<(String, String), Diagnostic> {
    let found = snapshots(path)?;
    match (found.names.as_slice(), found.strange) {
        ([only], 0) => Ok((
            only.clone(),
            format!("took snapshot {}, the only one", Shown(only)),
        )),
        ([], 0) => Err(
            Diagnostic::new(NOT_FOUND, format!("{} holds no snapshot", sources::shown(path)))
                .help("download the model again"),
        ),
        (names, strange) => {
            let told = format!(
                "{} holds {} snapshots, and no refs/main says which one is meant",
                sources::shown(path),
                names.len().saturating_add(strange)
            );
            Err(listed(Diagnostic::new(CHOOSE, told), path))
        }
    }
}

fn gone(path: &Path, reference: &str, commit: &str) -> Diagnostic {
    let told = Diagnostic::new(
        CHOOSE,
        format!("{} names snapshot {commit}, which is not there", Shown(reference)),
    );
    listed(told.at(sources::shown(&path.join(reference))), path)
}

/// A reference that was typed and is not there.
fn unknown(path: &Path, reference: &str) -> Diagnostic {
    let told = format!("{} has no {}", sources::shown(path), Shown(reference));
    let told = Diagnostic::new(NOT_FOUND, told).note("nothing is fetched; names mean what the cache says");
    listed(told, path)
}

/// With the snapshots that could be named.
fn listed(told: Diagnostic, path: &Path) -> Diagnostic {
    let found = match snapshots(path) {
        Ok(found) => found,
        Err(why) => return told.note(format!("its snapshots cannot be listed: {}", why.sentence())),
    };
    let told = match found.strange {
        0 => told,
        some => told.note(format!(
            "{some} of what lies among the snapshots is a link, has a name that is not UTF-8, or cannot be opened"
        )),
    };
    let names = found.names.iter().take(MOST_TOLD);
    names.fold(told, |told, name| {
        let one = path.join("snapshots").join(name);
        told.help(format!(
            "name a snapshot:  {}",
            quoted(&one.display().to_string())
        ))
    })
}

/// What lies among the snapshots.
#[derive(Default)]
struct Snapshots {
    /// Names of folders, in order.
    names: Vec<String>,
    /// How many there are that another client could take for one, and that are not understood here.
    strange: usize,
}

fn snapshots(path: &Path) -> Result<Snapshots, Diagnostic> {
    let folder = path.join("snapshots");
    let failed = |error| Diagnostic::from(Error::io("read", &folder, error));
    let mut entries = folder.read_dir().map_err(failed)?;
    let mut found = Snapshots::default();
    for entry in entries.by_ref().take(MOST) {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_file() || is_evidence(&entry.path()) {
            continue;
        }
        let name = entry.file_name().into_string().ok();
        match name.filter(|name| is_snapshot(&folder.join(name))) {
            Some(name) => found.names.push(name),
            None => found.strange += 1,
        }
    }
    found.strange += usize::from(entries.next().is_some());
    found.names.sort();
    Ok(found)
}

fn is_snapshot(folder: &Path) -> bool {
    let root = Root::open(folder, Links::Refused);
    is_folder(folder) && root.is_ok_and(|root| *root.kind() == RootKind::Folder)
}
