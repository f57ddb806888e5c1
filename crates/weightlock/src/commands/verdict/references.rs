//! Names that lead a loader to what is none of the model's files: under names that are passed over (`.git`), out of the model, or to
//! nothing.
//!
//! Which keys loaders follow, nobody knows of all of them. So every text and every key of every JSON file is taken for a path when it
//! leads to a name that is passed over. Vocabularies have any text, and nobody follows it. That a name leads out of the model, or to
//! nothing, is told of the keys that are known to be followed: models name folders of those who made them all the time.

use std::collections::BTreeSet;

use weightlock_artifact::{
    manifest::{ManifestFile, is_built_in},
    path::ArtifactPath,
};
use weightlock_format::json::{
    Limits,
    tree::{Node, Tree},
};

use crate::{commands::subject::Hashed, diagnostic::Diagnostic};

/// Files of words, not of names.
const VOCABULARIES: [&str; 6] = [
    "tokenizer.json",
    "vocab.json",
    "vocabulary.json",
    "added_tokens.json",
    "special_tokens_map.json",
    "merges.json",
];

/// Lists of modules: loaders go where they lead.
const FOLLOWED: [&str; 2] = ["modules.json", "router_config.json"];

/// Longer JSON is not read; of a list of modules that is told.
const MAX_BYTES: usize = 16 << 20;

/// References that are told of one model.
const MOST_TOLD: usize = 20;

/// What the configuration names and is none of the model's files, a line each. A model of one file names nothing.
pub(super) fn astray(hashed: &Hashed) -> Result<Vec<String>, Diagnostic> {
    let Some(manifest) = hashed.manifest() else {
        return Ok(Vec::new());
    };
    let mut astray = BTreeSet::new();
    for file in manifest.files().iter().filter(|file| is_configuration(file)) {
        if file.size > MAX_BYTES as u64 {
            astray.extend(unread(file));
            continue;
        }
        let text = hashed.text(&file.path, MAX_BYTES)?;
        let tree = Tree::read(&text, Limits::default());
        let reader = Reader {
            folder: folder(&file.path),
            file: &file.path,
            files: manifest.files(),
        };
        astray.extend(reader.astray(&tree));
        if tree.problem().is_some() {
            astray.extend(unread(file));
        }
    }
    Ok(astray.into_iter().take(MOST_TOLD).collect())
}

fn is_configuration(file: &ManifestFile) -> bool {
    let base = file.path.base_name();
    base.ends_with(".json") && !VOCABULARIES.contains(&base)
}

/// What a list of modules names that cannot be read to its end. Other broken files name nothing that is known to be followed.
fn unread(file: &ManifestFile) -> Option<String> {
    let is_list = FOLLOWED.contains(&file.path.base_name());
    is_list.then(|| format!("modules in {}, which cannot be read,", file.path))
}

fn folder(path: &ArtifactPath) -> &str {
    path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// One file of configuration.
struct Reader<'a> {
    file: &'a ArtifactPath,
    folder: &'a str,
    files: &'a [ManifestFile],
}

/// Where a name leads from a folder.
enum Place {
    /// Out of the model.
    Outside,
    /// The model itself.
    Root,
    /// There.
    Below(ArtifactPath),
    /// It is no path.
    None,
}

impl Reader<'_> {
    fn astray(&self, tree: &Tree) -> Vec<String> {
        let mut astray = Vec::new();
        for (id, node) in tree.nodes() {
            let key = tree.key(id).unwrap_or_default();
            // A key is a name too: of modules by their folders, of files by their roles.
            for (name, is_followed) in [
                (key, self.is_followed_key(tree, id)),
                (text(node), self.is_followed(key)),
            ] {
                astray.extend(self.judge(name, is_followed));
            }
        }
        astray
    }

    /// Whether the text under this key is followed by loaders.
    fn is_followed(&self, key: &str) -> bool {
        let base = self.file.base_name();
        (base == "modules.json" && key == "path") || key == "transformers_weights"
    }

    /// Whether the key itself is: a router of sentence-transformers lists its modules by folder.
    fn is_followed_key(&self, tree: &Tree, id: u32) -> bool {
        let around = tree.around(id).and_then(|around| tree.key(around));
        self.file.base_name() == "router_config.json" && around == Some("types")
    }

    fn judge(&self, name: &str, is_followed: bool) -> Option<String> {
        let lead = |what: &str| Some(format!("{name:?} in {}, {what}", self.file));
        match place(self.folder, name) {
            Place::Below(path) if is_built_in(&path) => lead("a name that is passed over,"),
            Place::Below(path) if is_followed && !self.has(&path) => lead("where nothing is,"),
            Place::Outside if is_followed => lead("outside of the model,"),
            Place::Below(_) | Place::Outside | Place::Root | Place::None => None,
        }
    }

    fn has(&self, path: &ArtifactPath) -> bool {
        self.files.iter().any(|file| file.path.is_at_or_below(path))
    }
}

fn text(node: &Node) -> &str {
    match node {
        Node::Text(text) => text,
        _ => "",
    }
}

/// Where a name leads, by its words alone.
fn place(folder: &str, name: &str) -> Place {
    if name.is_empty() || name.contains('\0') {
        return Place::None;
    }
    if name.starts_with('/') {
        return Place::Outside;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Place::Outside;
                }
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return Place::Root;
    }
    ArtifactPath::parse(parts.join("/")).map_or(Place::None, Place::Below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_where_their_words_say() {
        let of = |folder: &str, name: &str| match place(folder, name) {
            Place::Outside => "outside".to_owned(),
            Place::Root => "root".to_owned(),
            Place::Below(path) => path.to_string(),
            Place::None => "none".to_owned(),
        };
        for (folder, name, expected) in [
            ("", "a/b", "a/b"),
            ("1_R", "./a//b", "1_R/a/b"),
            ("1_R", "../.git", ".git"),
            ("1_R", "../../evil", "outside"),
            ("", "/etc/x", "outside"),
            ("1_R", "..", "root"),
            ("", "", "none"),
            ("", ".git/./x", ".git/x"),
        ] {
            assert_eq!(of(folder, name), expected, "{folder} {name}");
        }
    }
}
