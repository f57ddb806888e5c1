//! The commit that the working directory is at: opens what [`weightlock_bom::provenance::git`] reads. `git` is not run, and
//! nothing is followed out of the repository but what `.git` itself points to (worktrees, submodules). [`tree`] compares the
//! files with the commit, [`untracked`] finds those that the commit does not know.

mod tree;
mod untracked;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use weightlock_artifact::input;
use weightlock_bom::provenance::{
    Resource, Role,
    git::{
        Head, Index, MAX_CONFIG, MAX_LIST, MAX_OBJECT, MAX_SMALL, Object, ObjectId, Tree, in_pack, loose,
        packed_refs, pointer, ref_file, remote_url, source_uri,
    },
};
use weightlock_format::content::Content;

use self::untracked::Untracked;

use crate::{commands::scan::opened, sources::Source};

/// Folders above the working directory that are looked at.
const MOST_ABOVE: usize = 64;
/// Packs, and loose tags, that are looked at.
const MOST_LISTED: usize = 2000;

/// A working tree and its commit.
#[derive(Debug)]
pub(crate) struct Found {
    root: PathBuf,
    commit: ObjectId,
    reference: Option<String>,
    tags: Vec<String>,
    uri: Option<String>,
    tree: Tree,
    untracked: Untracked,
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
        let (tree, untracked) = repository.working_tree(root, &commit);
        Some(Self {
            root: root.to_owned(),
            tree,
            untracked,
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
        .with("tree", self.tree.word())
        .with("untracked", self.untracked.to_string());
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

    /// An object, if it is the one of that name.
    fn object(&self, id: &ObjectId) -> Option<Object> {
        let objects = self.shared.join("objects");
        if let Some(bytes) = read(&objects.join(id.loose_path()), MAX_OBJECT) {
            return loose(&bytes).filter(|object| object.is_called(id));
        }
        let packs = objects.join("pack");
        names(&packs).iter().find_map(|name| {
            let stem = name.strip_suffix(".idx")?;
            let index = content(&packs.join(name))?;
            in_pack(&index, &content(&packs.join(format!("{stem}.pack")))?, id)
                .filter(|object| object.is_called(id))
        })
    }

    /// Whether the working tree is as in the commit, and what else lies in it.
    fn working_tree(&self, root: &Path, commit: &ObjectId) -> (Tree, Untracked) {
        let index = read(&self.own.join("index"), MAX_LIST)
            .ok_or("there is no index")
            .and_then(|bytes| Index::parse(&bytes, commit.is_sha256()).map_err(|fault| fault.0));
        match index {
            Ok(index) => (
                tree::compare(root, &index, self.object(commit).and_then(|commit| commit.tree())),
                Untracked::look(root, &index, &self.shared.join("info/exclude")),
            ),
            Err(why) => (Tree::Unknown(why), Untracked::unknown()),
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
