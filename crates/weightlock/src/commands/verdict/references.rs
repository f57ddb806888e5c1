//! Names that lead a loader to what is none of the model's files: under names that are passed over (`.git`), out of the model, or to
//! nothing.
//!
//! Which keys loaders follow, nobody knows of all of them. So every text and every key of every JSON file is taken for a path when it
//! leads to a name that is passed over. Vocabularies have any text, and nobody follows it. That a name leads out of the model, or to
//! nothing, is told of the keys that are known to be followed: models name folders of those who made them all the time.

use std::collections::BTreeSet;

use weightlock_artifact::{
    manifest::{BUILT_IN, is_built_in},
    path::ArtifactPath,
};
use weightlock_format::{
    content::Content,
    detect::Format,
    json::{
        Limits,
        tree::{Node, NodeId, Tree},
    },
};

use super::licences::read;
use crate::{
    commands::{scan, subject::Hashed},
    diagnostic::Diagnostic,
    sources::Source,
};

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

/// Longer JSON is not read as a tree.
const MAX_BYTES: usize = 16 << 20;

/// Nobody writes longer lists; what is no text is weights under the same name.
const MAX_TEXT: usize = 1 << 20;

/// References that are told of one model.
const MOST_TOLD: usize = 20;

/// Text that loaders other than those of JSON follow.
const TEXTS: [&str; 2] = ["MLmodel", "checkpoint"];

/// What the configuration names and is none of the model's files, a sentence each.
pub(super) fn astray(hashed: &Hashed) -> Result<Vec<String>, Diagnostic> {
    let names = hashed.names()?;
    let places = Places::of(&names);
    let mut astray = BTreeSet::new();
    for (path, source) in names.iter().zip(hashed.sources()) {
        let reader = Reader {
            folder: folder(path),
            file: path,
            places: &places,
        };
        if TEXTS.contains(&path.base_name()) {
            let text = read(&source, MAX_TEXT + 1)?;
            if text.len() <= MAX_TEXT {
                astray.extend(reader.of_text(&text));
            } else if Format::of(&text) == Format::Text {
                astray.extend(reader.cannot_be_read());
            }
        } else if !is_configuration(path) {
            continue;
        } else if source.stamp.size > MAX_BYTES as u64 {
            astray.extend(reader.of_long(&source)?);
        } else {
            astray.extend(reader.of_json(&read(&source, MAX_BYTES)?));
        }
    }
    Ok(astray.into_iter().take(MOST_TOLD).collect())
}

fn is_configuration(path: &ArtifactPath) -> bool {
    let base = path.base_name();
    base.ends_with(".json") && !VOCABULARIES.contains(&base)
}

/// The folder that a file lies in.
pub(super) fn folder(path: &ArtifactPath) -> &str {
    path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The model's files, and the folders that they lie in.
struct Places<'a>(BTreeSet<&'a str>);

impl<'a> Places<'a> {
    fn of(names: &'a [ArtifactPath]) -> Self {
        let all = names.iter().flat_map(|name| {
            let name = name.as_str();
            let folders = name.match_indices('/').filter_map(|(at, _)| name.get(..at));
            folders.chain([name])
        });
        Self(all.collect())
    }

    fn has(&self, path: &ArtifactPath) -> bool {
        self.0.contains(path.as_str())
    }
}

/// One file of configuration.
struct Reader<'a> {
    file: &'a ArtifactPath,
    folder: &'a str,
    places: &'a Places<'a>,
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
pub(super) enum Place {
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
    fn of_json(&self, text: &[u8]) -> Vec<String> {
        let tree = Tree::read(text, Limits::default());
        // A list with a key twice is read by nobody alike, and nobody writes one.
        if tree.problem().is_some() || self.is_list() && !tree.duplicates().is_empty() {
            let unread = self.unread();
            return unread.into_iter().chain(self.judged(&tree)).collect();
        }
        self.judged(&tree)
    }

    fn judged(&self, tree: &Tree) -> Vec<String> {
        // Of modules with a key twice nothing is known, and to look for it would take as long as somebody wants.
        let is_sound = tree.duplicates().is_empty();
        let mut astray = Vec::new();
        for (id, node) in tree.nodes() {
            let key = tree.key(id).unwrap_or_default();
            // A key is a name too: of modules by their folders, of files by their roles.
            for (name, followed) in [
                (key, self.followed_key(tree, id)),
                (text(node), self.followed(tree, id, is_sound)),
            ] {
                astray.extend(self.judge(name, followed));
            }
        }
        astray
    }

    /// One that is too long to be read as a tree: whether it could name anything that is passed over, also in escapes.
    fn of_long(&self, source: &Source) -> Result<Option<String>, Diagnostic> {
        let base = self.file.base_name();
        if self.is_list() || base.ends_with("config.json") || base.starts_with("model_index.") {
            return Ok(self.cannot_be_read());
        }
        let failed = |error| Diagnostic::from(weightlock_artifact::Error::io("read", &source.name, error));
        let content = scan::opened(source).map_err(Diagnostic::from)?;
        let is_found = could_name_passed_over(&content).map_err(failed)?;
        Ok(is_found.then(|| self.cannot_be_read()).flatten())
    }

    /// Text in which every word could be a name.
    fn of_text(&self, text: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(text);
        let words = text.split(|it: char| it.is_whitespace() || "\"'`,;:=[]{}()<>".contains(it));
        let mut astray: Vec<String> = words
            .filter_map(|word| self.judge(word, Followed::Unknown))
            .collect();
        // YAML has escapes of its own in quotes.
        if text.contains("\\x") || text.contains("\\u") || text.contains("\\U") {
            astray.extend(self.cannot_be_read());
        }
        astray
    }

    fn is_list(&self) -> bool {
        FOLLOWED.contains(&self.file.base_name())
    }

    /// What a list of modules names that cannot be read to its end. Other broken files name nothing that is known to be followed.
    fn unread(&self) -> Option<String> {
        self.is_list().then(|| self.cannot_be_read()).flatten()
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "it is chained with others that may be none"
    )]
    fn cannot_be_read(&self) -> Option<String> {
        Some(format!(
            "{} names files of the model, and cannot be read",
            self.file
        ))
    }

    /// How the text under this key is followed.
    fn followed(&self, tree: &Tree, id: NodeId, is_sound: bool) -> Followed {
        match (self.file.base_name(), tree.key(id)) {
            ("modules.json", Some("path")) if is_sound && loads_no_file(tree, id) => Followed::IfThere,
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
        let lead = |what: &str| Some(format!("{} names {name:?}, {what}", self.file));
        match (place(self.folder, name), followed) {
            (Place::Below(path), _) if is_built_in(&path) => lead("which is passed over"),
            (Place::Below(path), Followed::Always) if !self.places.has(&path) => {
                lead("which is not among its files")
            }
            (Place::Outside, Followed::Always | Followed::IfThere) => lead("which lies outside of the model"),
            _ => None,
        }
    }
}

/// Whether the module whose path this is loads nothing: every type that it names is such a one.
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

/// Whether a text has a name that is passed over in it, or letters in escapes, which nobody needs.
fn could_name_passed_over(content: &Content) -> std::io::Result<bool> {
    const BLOCK: usize = 1 << 20;
    /// Longer than every name.
    const OVERLAP: usize = 32;
    let mut at = 0;
    while at < content.size() {
        let block = content.read(at, BLOCK + OVERLAP)?;
        let has = |word: &[u8]| block.windows(word.len()).any(|it| it == word);
        if BUILT_IN.iter().any(|name| has(name.as_bytes())) || has(b"\\u00") {
            return Ok(true);
        }
        at = at.saturating_add(BLOCK as u64);
    }
    Ok(false)
}

fn text(node: &Node) -> &str {
    match node {
        Node::Text(text) => text,
        _ => "",
    }
}

/// Where a name leads, by its words alone.
pub(super) fn place(folder: &str, name: &str) -> Place {
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
