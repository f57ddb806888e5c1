//! What a bill of materials is made from, or read from: a target with the user's facts and merged documents, or a document.

use std::path::{Path, PathBuf};

use weightlock_artifact::{error::NOT_FOUND, inventory::Root, standing::Standing, text::Shown};
use weightlock_bom::{
    document::{
        read::{Foreign, ReadError, read},
        reason::{DOCUMENT, FACTS, PARTIAL},
    },
    facts::{self, Facts, FactsError},
    graph::Graph,
    profile::About,
};
use weightlock_signing::predicate::Predicate;

use super::{
    Input,
    model::{Described, Unhashed},
};
use crate::{
    commands::{subject::Hashed, target},
    context::Context,
    diagnostic::Diagnostic,
    environment::SOURCE_DATE_EPOCH,
    explanations::USAGE,
    nearest,
};

/// What was found out, and whence.
pub(super) struct Given {
    pub(super) graph: Graph,
    /// The bytes it is about; none where a document was read, and none where nothing was hashed.
    pub(super) hashed: Option<Hashed>,
    /// The target where nothing was hashed.
    root: Option<Root>,
    /// The document it was read from.
    pub(super) foreign: Option<Foreign>,
    /// Who lets documents be made.
    pub(super) author: Option<String>,
    /// Remarks for standard error.
    pub(super) notes: Vec<String>,
}

impl Input {
    /// Reads a target.
    pub(super) fn target(&self, path: &Path, context: &Context) -> Result<Given, Vec<Diagnostic>> {
        let facts = self.facts(path)?;
        let mut notes = Vec::new();
        let (hashed, root, mut graph) = self.described(path, context, &mut notes)?;
        for path in &self.merge {
            document(path)?.merge_into(&mut graph);
        }
        let mut author = None;
        if let Some((place, facts)) = facts {
            facts.state(&mut graph).map_err(|error| refused(&error, &place))?;
            author = facts.author;
            if self.facts.is_none() {
                notes.push(format!("facts from {}", place.display()));
            }
        }
        let own = path.join("weightlock-facts.yaml");
        if self.facts.as_ref() != Some(&own) && own.is_file() {
            notes.push(format!(
                "{} came with the model and is not believed; if it is yours, name it: --facts",
                own.display()
            ));
        }
        Ok(Given {
            graph,
            hashed,
            root,
            foreign: None,
            author,
            notes,
        })
    }

    /// Hashes and describes a target, or only describes it.
    fn described(
        &self,
        path: &Path,
        context: &Context,
        notes: &mut Vec<String>,
    ) -> Result<(Option<Hashed>, Option<Root>, Graph), Vec<Diagnostic>> {
        if !self.metadata_only {
            let Described { hashed, graph } =
                Described::of(path, self.allow_symlinks, &self.hashing, context)?;
            return Ok((Some(hashed), None, graph));
        }
        let Unhashed {
            root,
            graph,
            passed_over,
        } = Unhashed::of(path, self.allow_symlinks, context)?;
        notes.push("nothing was hashed: this tells of names, not of bytes".to_owned());
        notes.extend(passed_over.iter().map(|it| format!("not followed: {it}")));
        Ok((None, Some(root), graph))
    }

    /// Reads a target, or a document where the path is one.
    pub(super) fn either(&self, path: &Path, context: &Context) -> Result<Given, Vec<Diagnostic>> {
        if !is_document(path) {
            return self.target(path, context);
        }
        let foreign = document(path)?;
        let mut graph = foreign.graph();
        let mut author = foreign.author.clone();
        for path in &self.merge {
            document(path)?.merge_into(&mut graph);
        }
        if let Some(place) = &self.facts {
            let facts = parsed(place)?;
            facts.state(&mut graph).map_err(|error| refused(&error, place))?;
            author = facts.author.or(author);
        }
        Ok(Given {
            graph,
            hashed: None,
            root: None,
            foreign: Some(foreign),
            author,
            notes: Vec::new(),
        })
    }

    /// The user's facts: from the file that is named, or from the one beside the target.
    fn facts(&self, target: &Path) -> Result<Option<(PathBuf, Facts)>, Diagnostic> {
        if let Some(place) = &self.facts {
            return Ok(Some((place.clone(), parsed(place)?)));
        }
        let Some(name) = target.file_name() else {
            return Ok(None);
        };
        let mut name = name.to_owned();
        name.push(".facts.yaml");
        let place = target.with_file_name(name);
        match parsed(&place) {
            Ok(facts) => Ok(Some((place, facts))),
            Err(told) if told.code() == NOT_FOUND => Ok(None),
            Err(told) => Err(told),
        }
    }
}

impl Given {
    /// What is known about the document.
    pub(super) fn about(&self) -> Result<About, Diagnostic> {
        Ok(match &self.foreign {
            Some(foreign) => About {
                author: self.author.clone(),
                is_signed: None,
                tool: foreign.tool.clone(),
                time: foreign.time.clone(),
                standing: Standing::Declared,
            },
            None => About {
                author: self.author.clone(),
                is_signed: None,
                tool: Some(format!("weightlock {}", env!("CARGO_PKG_VERSION"))),
                time: time()?.and_then(|it| Some(jiff::Timestamp::from_second(it).ok()?.to_string())),
                standing: Standing::Verified,
            },
        })
    }

    /// One reason for each file that could not be read.
    pub(super) fn unread(&self) -> Vec<Diagnostic> {
        let root = self.hashed.as_ref().map(Hashed::root).or(self.root.as_ref());
        let gaps = self.graph.unread().iter();
        gaps.map(|gap| {
            let place = root.map_or_else(
                || gap.path.to_string(),
                |root| root.join(gap.path.as_str()).display().to_string(),
            );
            Diagnostic::new(PARTIAL, format!("{} could not be read", gap.path))
                .at(format!("{place}   at byte {}", gap.offset))
                .note(gap.why.clone())
        })
        .collect()
    }
}

/// The time that the environment states, in seconds since 1970.
pub(in crate::commands) fn time() -> Result<Option<i64>, Diagnostic> {
    let wrong = || Diagnostic::new(USAGE, "SOURCE_DATE_EPOCH is no number of seconds since 1970");
    let Some(stated) = SOURCE_DATE_EPOCH.filled() else {
        return Ok(None);
    };
    let seconds = stated.to_str().and_then(|text| text.parse().ok());
    let seconds: i64 = seconds.ok_or_else(wrong)?;
    jiff::Timestamp::from_second(seconds).map_err(|_| wrong())?;
    Ok(Some(seconds))
}

/// The time to write into a signed document: the stated one, else now.
pub(super) fn time_now(context: &Context) -> Result<Option<i64>, Diagnostic> {
    Ok(time()?.or_else(|| i64::try_from(context.now().0).ok()))
}

/// Whether a path is a document and no model: a file of JSON that says what it is in its first bytes.
fn is_document(path: &Path) -> bool {
    if path == Path::new("-") {
        return true;
    }
    // A library that sorts members by name writes what the document is behind all its components.
    let Ok(text) = start(path, 1).and_then(|first| match first.as_slice() {
        b"{" | b" " | b"\n" | b"\r" | b"\t" => start(path, Predicate::MAX_BYTES as u64),
        _ => Ok(first),
    }) else {
        return false;
    };
    let words: [&[u8]; 4] = [
        b"\"bomFormat\"",
        b"\"spdxVersion\"",
        b"\"@graph\"",
        b"spdx-context.jsonld",
    ];
    let begins = text.iter().find(|it| !it.is_ascii_whitespace()) == Some(&b'{');
    let says = |word: &[u8]| text.windows(word.len()).any(|it| it == word);
    // A list of packages is no model either; reading it as a document refuses it with a word on what to do.
    is_list_of_syft(&text) || begins && words.into_iter().any(says)
}

/// The beginning of a file.
fn start(path: &Path, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::new();
    let file = std::fs::File::open(path)?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, bytes), &mut start)?;
    Ok(start)
}

/// Reads a document of somebody.
pub(super) fn document(path: &Path) -> Result<Foreign, Diagnostic> {
    let text = target::read_document(path, Predicate::MAX_BYTES)?;
    let name = path
        .file_name()
        .map_or_else(|| "-".into(), |name| name.to_string_lossy());
    read(&text, &name).map_err(|error: ReadError| {
        let help = if is_list_of_syft(&text) {
            "this is syft's own form; have it write another: syft … -o cyclonedx-json"
        } else {
            "name a CycloneDX or SPDX document as JSON"
        };
        Diagnostic::of(DOCUMENT, &error)
            .at(path.display().to_string())
            .help(help)
    })
}

/// Whether a text begins as what syft writes when it is asked for JSON and no standard form.
fn is_list_of_syft(text: &[u8]) -> bool {
    const START: &[u8] = b"{\"artifacts\":[";
    let dense = text.iter().filter(|it| !it.is_ascii_whitespace());
    dense.take(START.len()).eq(START)
}

fn parsed(place: &Path) -> Result<Facts, Diagnostic> {
    let text = target::read_bounded(place, facts::MOST_BYTES)?;
    Facts::parse(&text).map_err(|error| refused(&error, place))
}

/// A facts file that is not used, with the word that may have been meant.
fn refused(error: &FactsError, place: &Path) -> Diagnostic {
    let told = Diagnostic::of(FACTS, error).at(place.display().to_string());
    let meant = match error {
        FactsError::Unknown { word, known, .. } => {
            nearest::of(word, known.iter().copied()).map(str::to_owned)
        }
        FactsError::Stranger { place, how, known } => {
            let word = place.split_once('.').map_or(place.as_str(), |(_, word)| word);
            let told = told.help(format!("if it belongs to the model, state its {how}"));
            return match nearest::of(word, known) {
                Some(near) => told.help(format!("did you mean {} ?", Shown(near))),
                None => told,
            };
        }
        _ => None,
    };
    match meant {
        Some(word) => told.help(format!("did you mean {word} ?")),
        None => told,
    }
}
