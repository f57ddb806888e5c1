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
    tree::{Node, NodeId, Tree},
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

/// What loaders do with a name.
#[derive(Clone, Copy)]
enum Followed {
    /// They need what is there.
    Always,
    /// Nothing needs to be there.
    IfThere,
    /// Nothing is known of it.
    Unknown,
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
            for (name, followed) in [
                (key, self.followed_key(tree, id)),
                (text(node), self.followed(tree, id)),
            ] {
                astray.extend(self.judge(name, followed));
            }
        }
        astray
    }

    /// How the text under this key is followed.
    fn followed(&self, tree: &Tree, id: NodeId) -> Followed {
        match (self.file.base_name(), tree.key(id)) {
            ("modules.json", Some("path")) if loads_no_file(tree, id) => Followed::IfThere,
            ("modules.json", Some("path")) | (_, Some("transformers_weights")) => Followed::Always,
            _ => Followed::Unknown,
        }
    }

    /// How the key itself is: a router of sentence-transformers lists its modules by folder.
    fn followed_key(&self, tree: &Tree, id: NodeId) -> Followed {
        let around = tree.around(id).and_then(|around| tree.key(around));
        match (self.file.base_name(), around) {
            ("router_config.json", Some("types")) if tree.text(id).is_some_and(is_without_files) => {
                Followed::IfThere
            }
            ("router_config.json", Some("types")) => Followed::Always,
            _ => Followed::Unknown,
        }
    }

    fn judge(&self, name: &str, followed: Followed) -> Option<String> {
        let lead = |what: &str| Some(format!("{name:?} in {}, {what}", self.file));
        match (place(self.folder, name), followed) {
            (Place::Below(path), _) if is_built_in(&path) => lead("a name that is passed over,"),
            (Place::Below(path), Followed::Always) if !self.has(&path) => lead("where nothing is,"),
            (Place::Outside, Followed::Always | Followed::IfThere) => lead("outside of the model,"),
            _ => None,
        }
    }

    fn has(&self, path: &ArtifactPath) -> bool {
        self.files.iter().any(|file| file.path.is_at_or_below(path))
    }
}

/// Whether the module whose path this is loads nothing: every type that it names is such a one. A key may be there twice.
fn loads_no_file(tree: &Tree, path: NodeId) -> bool {
    let Some(module) = tree.around(path) else {
        return false;
    };
    let mut types = tree.all(module, "type").peekable();
    types.peek().is_some() && types.all(|id| tree.text(id).is_some_and(is_without_files))
}

/// Whether modules of this type load nothing. Published models name a folder for it all the same, and git keeps no empty folders.
fn is_without_files(class: &str) -> bool {
    class.starts_with("sentence_transformers.") && class.ends_with(".Normalize")
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
