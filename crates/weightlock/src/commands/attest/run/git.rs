//! The commit that the working directory is at: opens what [`weightlock_bom::provenance::git`] reads. `git` is not run, and
//! nothing is followed out of the repository but what `.git` itself points to (worktrees, submodules).

use std::{
    fs,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use weightlock_artifact::{
    input,
    inventory::{Links, Root},
    path::ArtifactPath,
};
use weightlock_bom::provenance::{
    Resource, Role,
    git::{
        BlobHasher, Entry, EntryKind, Head, Index, MAX_CONFIG, MAX_LIST, MAX_SMALL, Object, ObjectId, Tree,
        in_pack, loose, packed_refs, pointer, ref_file, remote_url, source_uri,
    },
};
use weightlock_format::content::Content;

use crate::{commands::scan::opened, sources::Source};

/// Folders above the working directory that are looked at.
const MOST_ABOVE: usize = 64;
/// Packs, and loose tags, that are looked at.
const MOST_LISTED: usize = 2000;
/// A loose object larger than this is no commit.
const MAX_LOOSE: usize = 1 << 20;
/// Bytes of files that are hashed to tell whether they are as in the commit.
const MOST_HASHED: u64 = 256 << 20;

/// A working tree and its commit.
#[derive(Debug)]
pub(crate) struct Found {
    root: PathBuf,
    commit: ObjectId,
    reference: Option<String>,
    tags: Vec<String>,
    uri: Option<String>,
    tree: Tree,
}

/// The folders of a repository: that of this working tree, and that of everything its working trees share.
struct Repository {
    own: PathBuf,
    shared: PathBuf,
}

impl Found {
    /// Looks in a folder and those above it.
    pub(crate) fn at(work: &Path) -> Option<Self> {
        let root = work
            .ancestors()
            .take(MOST_ABOVE)
            .find(|folder| folder.join(".git").symlink_metadata().is_ok())?;
        let repository = Repository::open(&root.join(".git"))?;
        let (branch, commit) = match Head::parse(&small(&repository.own.join("HEAD"))?)? {
            Head::Commit(commit) => (None, commit),
            Head::Branch(name) => {
                let commit = repository.resolve(&name)?;
                (Some(name), commit)
            }
        };
        let tags = repository.tags(&commit);
        // Who has checked out a tag is on no branch.
        let reference = branch.or_else(|| tags.last().cloned());
        let config = read(&repository.shared.join("config"), MAX_CONFIG);
        let url = config.and_then(|config| remote_url(&config, "origin"));
        Some(Self {
            root: root.to_owned(),
            tree: repository.tree(root, &commit),
            commit,
            reference,
            tags,
            uri: url.and_then(|url| source_uri(&url)),
        })
    }

    /// The root of the working tree.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The external parameter `source`; none for a repository that comes from nowhere.
    pub(super) fn parameter(&self) -> Option<Value> {
        let uri = self.uri.as_ref()?;
        Some(match &self.reference {
            Some(reference) => json!({"uri": uri, "ref": reference}),
            None => json!({"uri": uri}),
        })
    }

    /// The commit as an input.
    pub(super) fn resource(&self) -> Resource {
        let mut resource = Resource {
            uri: self.uri.clone(),
            ..Resource::named("source", Role::Code)
        }
        .with("tree", self.tree.word());
        resource
            .digests
            .insert("gitCommit".to_owned(), self.commit.as_str().to_owned());
        if let Some(reference) = &self.reference {
            resource = resource.with("ref", reference.as_str());
        }
        if !self.tags.is_empty() {
            resource = resource.with("tags", self.tags.join(" "));
        }
        match &self.tree {
            Tree::Clean => resource,
            Tree::Changed(path) => resource.with("changed", path.as_str()),
            Tree::Unknown(why) => resource.with("unknown", *why),
        }
    }
}

impl Repository {
    fn open(git: &Path) -> Option<Self> {
        let own = if git.is_dir() {
            git.to_owned()
        } else {
            let text = small(git)?;
            git.parent()?.join(pointer(&text)?)
        };
        let shared = match small(&own.join("commondir")) {
            Some(text) => own.join(std::str::from_utf8(&text).ok()?.trim()),
            None => own.clone(),
        };
        Some(Self { own, shared })
    }

    /// The commit of a ref.
    fn resolve(&self, name: &str) -> Option<ObjectId> {
        for folder in [&self.own, &self.shared] {
            if let Some(text) = small(&folder.join(name)) {
                return ref_file(&text);
            }
        }
        let packed = read(&self.shared.join("packed-refs"), MAX_LIST)?;
        packed_refs(&packed)
            .find(|(found, ..)| *found == name)
            .map(|(_, id, _)| id)
    }

    /// Tags of a commit, by their whole names, sorted.
    fn tags(&self, commit: &ObjectId) -> Vec<String> {
        let packed = read(&self.shared.join("packed-refs"), MAX_LIST).unwrap_or_default();
        let mut tags: Vec<String> = packed_refs(&packed)
            .filter(|(name, id, behind)| {
                name.starts_with("refs/tags/") && behind.as_ref().unwrap_or(id) == commit
            })
            .map(|(name, ..)| name.to_owned())
            .collect();
        for (name, id) in self.loose_tags() {
            let is_own =
                id == *commit || self.object(&id).and_then(|tag| tag.target()).as_ref() == Some(commit);
            if is_own {
                tags.push(name);
            }
        }
        tags.sort();
        tags.dedup();
        tags
    }

    /// Tags with a file of their own. Links are not followed: a tree of them has no end.
    fn loose_tags(&self) -> Vec<(String, ObjectId)> {
        let mut folders = vec!["refs/tags".to_owned()];
        let mut found = Vec::new();
        let mut looked_at = 0_usize;
        while let Some(folder) = folders.pop() {
            for name in names(&self.shared.join(&folder)) {
                looked_at += 1;
                if looked_at > MOST_LISTED {
                    return found;
                }
                let whole = format!("{folder}/{name}");
                let path = self.shared.join(&whole);
                let Ok(kind) = fs::symlink_metadata(&path).map(|it| it.file_type()) else {
                    continue;
                };
                if kind.is_dir() {
                    folders.push(whole);
                } else if kind.is_file()
                    && let Some(id) = small(&path).and_then(|text| ref_file(&text))
                {
                    found.push((whole, id));
                }
            }
        }
        found
    }

    fn object(&self, id: &ObjectId) -> Option<Object> {
        let objects = self.shared.join("objects");
        if let Some(bytes) = read(&objects.join(id.loose_path()), MAX_LOOSE) {
            return loose(&bytes);
        }
        let packs = objects.join("pack");
        names(&packs).iter().find_map(|name| {
            let stem = name.strip_suffix(".idx")?;
            let index = content(&packs.join(name))?;
            in_pack(&index, &content(&packs.join(format!("{stem}.pack")))?, id)
        })
    }

    /// Whether the working tree is as in the commit: what is staged by the trees of commit and index, the files by what the
    /// index has of them.
    fn tree(&self, root: &Path, commit: &ObjectId) -> Tree {
        let path = self.own.join("index");
        let Some(bytes) = read(&path, MAX_LIST) else {
            return Tree::Unknown("there is no index");
        };
        let index = match Index::parse(&bytes, commit.is_sha256()) {
            Ok(index) => index,
            Err(fault) => return Tree::Unknown(fault.0),
        };
        let Some(tree) = self.object(commit).and_then(|commit| commit.tree()) else {
            return Tree::Unknown("the commit could not be read");
        };
        let written = fs::symlink_metadata(&path).map(|found| (found.mtime(), found.mtime_nsec()));
        let Ok(written) = written else {
            return Tree::Unknown("the index could not be looked at");
        };
        if let Some(path) = changed_file(root, &index, written) {
            return path;
        }
        match index.tree {
            Some(found) if found == tree => Tree::Clean,
            Some(_) => Tree::Changed("(staged)".to_owned()),
            None => Tree::Unknown("something was staged, and perhaps taken back"),
        }
    }
}

/// The first file that differs from what the index has, or cannot be compared.
fn changed_file(root: &Path, index: &Index, written: (i64, i64)) -> Option<Tree> {
    let opened = Root::open(root, Links::Refused).ok()?;
    let mut budget = MOST_HASHED;
    for entry in &index.entries {
        let is_apart = entry.is_set_aside || entry.kind == EntryKind::Submodule;
        if is_apart {
            continue;
        }
        let shown = || String::from_utf8_lossy(&entry.path).into_owned();
        match as_in_index(root, &opened, entry, written, &mut budget) {
            Compared::Same => {}
            Compared::Other => return Some(Tree::Changed(shown())),
            Compared::Unknown(why) => return Some(Tree::Unknown(why)),
        }
    }
    None
}

enum Compared {
    Same,
    Other,
    Unknown(&'static str),
}

fn as_in_index(root: &Path, opened: &Root, entry: &Entry, written: (i64, i64), budget: &mut u64) -> Compared {
    let path = root.join(std::ffi::OsStr::from_bytes(&entry.path));
    let Ok(found) = fs::symlink_metadata(&path) else {
        return Compared::Other;
    };
    let of_link = |target: &Path| {
        let bytes = target.as_os_str().as_bytes();
        let mut hasher = BlobHasher::new(bytes.len() as u64, entry.id.is_sha256());
        hasher.update(bytes);
        same(hasher.finish() == entry.id)
    };
    match entry.kind {
        _ if entry.is_conflicted => Compared::Other,
        EntryKind::Submodule => Compared::Same,
        EntryKind::Link => fs::read_link(&path).map_or(Compared::Other, |target| of_link(&target)),
        EntryKind::File { executable } => {
            if !found.is_file() || (found.mode() & 0o100 != 0) != executable {
                return Compared::Other;
            }
            // The index keeps 32 bits of it, and none where git was not sure of the rest.
            let size = u32::try_from(found.size() & u64::from(u32::MAX)).unwrap_or_default();
            if entry.size != 0 && entry.size != size {
                return Compared::Other;
            }
            let bits = |number: i64| u32::try_from(number & i64::from(u32::MAX)).unwrap_or_default();
            let modified = (bits(found.mtime()), bits(found.mtime_nsec()));
            // A file that was written in the same moment as the index could have been written after it.
            let is_older = (found.mtime(), found.mtime_nsec()) < written;
            if entry.size == size && entry.modified == modified && is_older {
                return Compared::Same;
            }
            hashed(opened, entry, found.size(), budget)
        }
    }
}

const fn same(is_same: bool) -> Compared {
    if is_same { Compared::Same } else { Compared::Other }
}

/// Compares the content. What git changes on the way in and out (line ends, filters) shows as a difference.
fn hashed(root: &Root, entry: &Entry, size: u64, budget: &mut u64) -> Compared {
    let Some(rest) = budget.checked_sub(size) else {
        return Compared::Unknown("too much was touched since git has looked at it");
    };
    *budget = rest;
    let file = ArtifactPath::from_bytes(&entry.path)
        .ok()
        .and_then(|path| root.open_file(&path).ok());
    let Some(mut file) = file else {
        return Compared::Unknown("a file could not be read");
    };
    let mut hasher = BlobHasher::new(size, entry.id.is_sha256());
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut file, &mut buffer) {
            Ok(0) => return same(hasher.finish() == entry.id),
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Compared::Unknown("a file could not be read"),
        }
    }
}

fn small(path: &Path) -> Option<Vec<u8>> {
    read(path, MAX_SMALL)
}

/// A file, unless it is longer than that.
fn read(path: &Path, limit: usize) -> Option<Vec<u8>> {
    if !path.is_file() {
        return None;
    }
    let bytes = input::read_at_most(path, limit).ok()?;
    (bytes.len() <= limit).then_some(bytes)
}

fn content(path: &Path) -> Option<Content> {
    opened(&Source::named(path).ok()?).ok()
}

/// The names in a folder, sorted; as many as are looked at.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.take(MOST_LISTED).flatten();
    let mut names: Vec<String> = names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
