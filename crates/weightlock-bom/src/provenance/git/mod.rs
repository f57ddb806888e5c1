//! Which commit a working tree is at, and whether it was changed: from the bytes of `.git`, and nothing else.
//!
//! `git` itself is never run: a repository decides by its own configuration what `git` executes (hooks, filters, fsmonitor,
//! pagers), and a repository may be a stranger's. Read here are `HEAD`, refs, `packed-refs`, the URL of `origin`, the index,
//! and single objects; nothing is resolved over the network, no delta is applied. What cannot be told is said to be unknown
//! ([`Tree::Unknown`]) and is never taken for "unchanged": an object counts only if it hashes to its name, the tree of the index is
//! worked out from its files and is that of the commit, and the content of every tracked file is hashed. Times and sizes of the
//! index decide nothing, and neither do its marks that a file need not be looked at.
//!
//! Formats: gitrepository-layout(5), gitformat-index(5) versions 2 to 4, gitformat-pack(5) index version 2. Rejected: the
//! crates of gitoxide (some hundred of them for these questions).

pub mod ignore;
mod index;
mod object;

use std::fmt;

use sha1::{Digest as _, Sha1};
use weightlock_artifact::digest::{Algorithm, Hasher, hex};

pub use self::{
    index::{Entry, EntryKind, Index, NotAnIndex},
    object::{Object, ObjectKind, in_pack, loose},
};

/// The largest `HEAD`, ref, or pointer to a folder.
pub const MAX_SMALL: usize = 4 << 10;
/// The largest configuration.
pub const MAX_CONFIG: usize = 1 << 20;
/// The largest list of packed refs, and the largest index.
pub const MAX_LIST: usize = 128 << 20;
/// The largest commit or tag; one that is longer does not hash to its name, and is not believed.
pub const MAX_OBJECT: usize = 1 << 20;

/// The name of an object: 40 hexadecimal digits, or 64 where the repository uses SHA-256.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectId(String);

/// Whether files differ from what the commit has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tree {
    /// The content of every file that is tracked is as in the commit. Files that are not tracked say nothing about that.
    Clean,
    /// This file differs, and perhaps others.
    Changed(String),
    /// It could not be told.
    Unknown(&'static str),
}

impl Tree {
    /// The word in a statement.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Clean => "unchanged",
            Self::Changed(_) => "changed",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl ObjectId {
    /// Reads a name, in lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (matches!(text.len(), 40 | 64) && text.bytes().all(digits)).then(|| Self(text.to_owned()))
    }

    /// A name from its bytes: 20, or 32.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        matches!(bytes.len(), 20 | 32).then(|| Self(hex(bytes)))
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its bytes, 20 or 32.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        let digits = self.0.as_bytes().chunks(2);
        digits
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect()
    }

    /// Whether it is a SHA-256.
    #[must_use]
    pub const fn is_sha256(&self) -> bool {
        self.0.len() == 64
    }

    /// Where its object lies below `objects`, unless it is in a pack.
    #[must_use]
    pub fn loose_path(&self) -> String {
        let (folder, name) = self.0.split_at(2);
        format!("{folder}/{name}")
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What `HEAD` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Head {
    /// A branch, by its whole name: `refs/heads/main`.
    Branch(String),
    /// A commit.
    Commit(ObjectId),
}

impl Head {
    /// Reads `HEAD`.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = line(bytes)?;
        match text.strip_prefix("ref:") {
            Some(name) => is_ref(name.trim()).then(|| Self::Branch(name.trim().to_owned())),
            None => ObjectId::parse(text).map(Self::Commit),
        }
    }
}

/// Whether this is the name of a ref that is looked up as a file: nothing in it leads elsewhere.
fn is_ref(name: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.');
    name.starts_with("refs/")
        && name.len() < 1024
        && name.split('/').all(is_plain)
        && name
            .bytes()
            .all(|byte| byte > b' ' && byte != 0x7f && byte != b'\\')
}

/// The one line of a small file.
fn line(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.trim_end_matches(['\n', '\r']);
    (!text.contains('\n')).then_some(text)
}

/// The object that a ref's own file names.
#[must_use]
pub fn ref_file(bytes: &[u8]) -> Option<ObjectId> {
    ObjectId::parse(line(bytes)?.trim())
}

/// Where a `.git` that is a file says the repository is: `gitdir: PATH`.
#[must_use]
pub fn pointer(bytes: &[u8]) -> Option<&str> {
    let path = line(bytes)?.strip_prefix("gitdir:")?.trim();
    (!path.is_empty()).then_some(path)
}

/// The lines of `packed-refs`: a ref, its object, and the commit behind it where it is a tag with a message.
pub fn packed_refs(bytes: &[u8]) -> impl Iterator<Item = (&str, ObjectId, Option<ObjectId>)> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let Some((id, name)) = line.split_once(' ') else {
                continue;
            };
            let Some(id) = ObjectId::parse(id).filter(|_| is_ref(name)) else {
                continue;
            };
            let peeled = lines.next_if(|next| next.starts_with('^'));
            let peeled = peeled.and_then(|line| ObjectId::parse(line.get(1..)?));
            return Some((name, id, peeled));
        }
    })
}

/// The URL of a remote, from the configuration. Values over several lines and included files are not followed.
#[must_use]
pub fn remote_url(bytes: &[u8], remote: &str) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let wanted = format!("[remote \"{remote}\"]");
    let mut inside = false;
    let mut found = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == wanted;
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        if inside && name.trim().eq_ignore_ascii_case("url") {
            found = Some(value.trim().trim_matches('"').to_owned());
        }
    }
    found.filter(|url| !url.is_empty() && !url.ends_with('\\'))
}

/// A remote's URL as SPDX and SLSA write it, without anybody's name or password: `git+https://host/path`.
#[must_use]
pub fn source_uri(url: &str) -> Option<String> {
    if url.contains("://") {
        let plain = super::command::without_user(url);
        let plain = plain.strip_suffix(".git").unwrap_or(&plain);
        let is_remote = ["https://", "http://", "ssh://", "git://"]
            .iter()
            .any(|scheme| plain.starts_with(scheme));
        return is_remote.then(|| format!("git+{plain}"));
    }
    // scp's form, `git@host:path`; a path of this machine has no host, and is not told.
    let (host, path) = url.split_once(':')?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let is_host = !host.is_empty() && !host.contains('/') && host.len() > 1;
    let path = path.trim_start_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (is_host && !path.is_empty()).then(|| format!("git+ssh://{host}/{path}"))
}

/// Hashes an object as git names it.
#[derive(Debug)]
pub struct ObjectHasher(State);

#[derive(Debug)]
enum State {
    Sha1(Sha1),
    Sha256(Hasher),
}

impl ObjectHasher {
    /// For a file of this size, in a repository of SHA-256 or of SHA-1.
    #[must_use]
    pub fn blob(size: u64, sha256: bool) -> Self {
        Self::new("blob", size, sha256)
    }

    pub(super) fn new(kind: &str, size: u64, sha256: bool) -> Self {
        let head = format!("{kind} {size}\0");
        let mut hasher = Self(if sha256 {
            State::Sha256(Hasher::new(Algorithm::Sha256))
        } else {
            State::Sha1(Sha1::new())
        });
        hasher.update(head.as_bytes());
        hasher
    }

    /// More of it.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha1(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
        }
    }

    /// Its name.
    #[must_use]
    pub fn finish(self) -> ObjectId {
        ObjectId(match self.0 {
            State::Sha1(state) => hex(&state.finalize()),
            State::Sha256(state) => state.finish().hex(),
        })
    }
}

/// What a repository has in the place of a large file whose content lies elsewhere: the pointer of git-lfs to a content of this
/// digest and size (its specification of pointers, version 1).
#[must_use]
pub fn lfs_pointer(sha256: &str, size: u64) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn head_is_a_branch_or_a_commit() {
        assert_eq!(
            Head::parse(b"ref: refs/heads/main\n"),
            Some(Head::Branch("refs/heads/main".to_owned()))
        );
        assert_eq!(
            Head::parse(format!("{ID}\n").as_bytes()),
            Some(Head::Commit(ObjectId::parse(ID).unwrap()))
        );
        for text in [
            "",
            "ref: ",
            "ref: HEAD",
            "ref: refs/../../etc/passwd",
            "ref: refs/heads/.x",
            "ref: refs//x",
            "ref: refs/heads/a b",
            "refs/heads/main",
            "0123",
            "ref: refs/heads/a\nref: refs/heads/b",
        ] {
            assert_eq!(Head::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn packed_refs_know_what_is_behind_a_tag() {
        let other = ID.replace('0', "f");
        let text =
            format!("# pack-refs with: peeled\n{ID} refs/heads/main\n{other} refs/tags/v1\n^{ID}\nrubbish\n");
        let read: Vec<_> = packed_refs(text.as_bytes()).collect();
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].0, read[0].2.as_ref()), ("refs/heads/main", None));
        assert_eq!(
            (read[1].0, read[1].2.as_ref().map(ObjectId::as_str)),
            ("refs/tags/v1", Some(ID))
        );
    }

    #[test]
    fn a_remote_is_told_without_a_name_or_a_password() {
        let text = b"[core]\n\turl = no\n[remote \"origin\"]\n\turl = https://u:p@example.org/a/b.git\n\tfetch = x\n[remote \"o\"]\nurl=z\n";
        let url = remote_url(text, "origin").unwrap();
        assert_eq!(source_uri(&url).as_deref(), Some("git+https://example.org/a/b"));
        for (url, expected) in [
            ("git@example.org:a/b.git", Some("git+ssh://example.org/a/b")),
            (
                "ssh://git@example.org:22/a/b",
                Some("git+ssh://example.org:22/a/b"),
            ),
            ("/home/ada/repository", None),
            ("../x", None),
            ("file:///home/ada/x", None),
            ("https://u:' it@h/x", Some("git+https://h/x")),
            ("C:/x", None),
        ] {
            assert_eq!(source_uri(url).as_deref(), expected, "{url}");
        }
        assert_eq!(remote_url(text, "other"), None);
    }

    /// `git hash-object` of a file with the text `a` and a line feed.
    #[test]
    fn a_blob_has_gits_name() {
        let mut hasher = ObjectHasher::blob(2, false);
        hasher.update(b"a\n");
        assert_eq!(
            hasher.finish().as_str(),
            "78981922613b2afb6025042ff6bd878ac1994e85"
        );
        let mut hasher = ObjectHasher::blob(2, true);
        hasher.update(b"a\n");
        assert!(hasher.finish().is_sha256());
    }
}
