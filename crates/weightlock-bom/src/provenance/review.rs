//! A person's review of the code that comes with a model: which files and entries were looked at, by their digests.
//!
//! Loaders with `trust_remote_code` import the `*.py` of a folder, and which of them an `auto_map` in its configuration
//! names; what is imported can load everything else that a machine runs. The code that counts is therefore every source, byte
//! code, library, script and program ([`is_code`]), every archive that holds one, and every entry of an `auto_map`; an entry that
//! names another repository (`owner/name--module.Class`) loads code that is not here, and no review of this folder covers it.
//!
//! Predicate `urn:weightlock:review:v1`:
//!
//! ```json
//! {"scope": "custom-code", "decision": "approved", "date": "2026-06-01", "reviewer": "Ada Example",
//!  "files": [{"path": "modeling_x.py", "sha256": "…"}],
//!  "entries": [{"file": "config.json", "key": "AutoModel", "value": "modeling_x.XModel"}], "comment": "…"}
//! ```
//!
//! The reviewer's name is what was typed; who signed is who reviewed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use weightlock_artifact::{digest::Digest, path::ArtifactPath};
use weightlock_format::{
    config::requested_code,
    detect::Format,
    loadable::{EXTENSIONS, Loadable},
};

/// What is reviewed.
pub const SCOPE: &str = "custom-code";

/// Files and entries that one review lists.
const MOST_LISTED: usize = 10_000;

/// A review.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// What was looked at: `custom-code`.
    pub scope: String,
    /// What came of it.
    pub decision: Decision,
    /// The day it was done, as `YYYY-MM-DD`, or the time in RFC 3339.
    pub date: String,
    /// Who did it, as typed.
    pub reviewer: String,
    /// The code, in order of paths.
    pub files: Vec<CodeFile>,
    /// What configurations name of it.
    pub entries: Vec<CodeEntry>,
    /// What else the reviewer says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// What came of a review.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The code may be run.
    Approved,
    /// It may not.
    Rejected,
}

impl Decision {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

/// A file of code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeFile {
    /// Its path below the model.
    pub path: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// An entry of an `auto_map`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeEntry {
    /// The configuration that has it.
    pub file: String,
    /// The class of the library that it stands for: `AutoModel`.
    pub key: String,
    /// The module and class: `modeling_x.XModel`.
    pub value: String,
}

/// The code of a model as it is now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CustomCode {
    files: BTreeMap<String, String>,
    entries: BTreeSet<CodeEntry>,
    /// Configurations that could not be read, so that nobody knows what they name.
    unread: Vec<String>,
}

/// Why a review does not stand for the code.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotCovered {
    /// The predicate is no review of code.
    #[error("it is no review of code: {0}")]
    Form(String),
    /// The reviewer said no.
    #[error("the reviewer rejected the code")]
    Rejected,
    /// A file is not the one that was reviewed.
    #[error("{path} was changed after the review")]
    Changed {
        /// Its path.
        path: String,
        /// Its digest in the review.
        reviewed: String,
        /// Its digest now.
        found: String,
    },
    /// A file was not reviewed.
    #[error("{0} was not reviewed")]
    Added(String),
    /// A file that was reviewed is not there.
    #[error("{0} was reviewed and is not there")]
    Removed(String),
    /// A configuration names other code than was reviewed.
    #[error("{file} names {value} for {key}, which the review does not have", file = .0.file, value = .0.value, key = .0.key)]
    Entry(CodeEntry),
    /// An entry that was reviewed is not there.
    #[error("{file} does not name {value} for {key} any more", file = .0.file, value = .0.value, key = .0.key)]
    EntryGone(CodeEntry),
    /// A configuration names code of another repository.
    #[error("{file} takes {value} from another repository", file = .0.file, value = .0.value)]
    Elsewhere(CodeEntry),
    /// A configuration cannot be read.
    #[error("{0} cannot be read, so nobody knows which code it names")]
    Unread(String),
}

/// Whether loaders look in a file of this name for code to run: `config.json` and its kin for an `auto_map` or pipelines, the list
/// of a sentence encoder's modules, and that of a pipeline's parts.
#[must_use]
pub fn is_configuration(path: &ArtifactPath) -> bool {
    is_configuration_called(path.base_name())
}

/// As [`is_configuration`], for a member of an archive: `name` is the last part of what the archive calls it.
#[must_use]
pub fn is_configuration_called(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let others = [
        "modules.json",
        "model_index.json",
        "config_sentence_transformers.json",
    ];
    name.ends_with("config.json") || others.contains(&name.as_str())
}

/// Whether the file that begins with `head` is code that an interpreter, a loader of libraries or the operating system runs: by
/// its content under any name, or by its name. Give [`HEAD_BYTES`](weightlock_format::detect::HEAD_BYTES), or all of a smaller
/// file.
///
/// Weights are none, although a pickle can run code: a scan is about those. A `.pth` is code where it is not weights.
#[must_use]
pub fn is_code(path: &ArtifactPath, head: &[u8]) -> bool {
    is_code_called(path.base_name(), head)
}

/// As [`is_code`], for a member of an archive: `name` is the last part of what the archive calls it.
#[must_use]
pub fn is_code_called(name: &str, head: &[u8]) -> bool {
    let format = Format::of(head);
    let is_program = format.is_code() && format != Format::Pickle;
    let name = name.to_lowercase();
    let is_weights = name.ends_with(".pth") && (format == Format::Pickle || format.is_container());
    is_program || is_code_by_name(&name) && !is_weights
}

fn is_code_by_name(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let mut kinds = EXTENSIONS
        .iter()
        .filter(|(kind, _)| matches!(kind, Loadable::Code | Loadable::Executable));
    // Libraries have their version behind the extension.
    name.contains(".so.") || kinds.any(|(_, words)| words.contains(&extension))
}

impl CustomCode {
    /// Takes note of a file of the model, which begins with `head` as [`is_code`] wants it.
    pub fn file(&mut self, path: &ArtifactPath, sha256: &Digest, head: &[u8]) {
        if is_code(path, head) {
            self.archive(path, sha256);
        }
    }

    /// Takes note of an archive or stream of the model that holds code, or that nobody can look into: it is code as a whole.
    pub fn archive(&mut self, path: &ArtifactPath, sha256: &Digest) {
        self.files.insert(path.as_str().to_owned(), sha256.hex());
    }

    /// Takes note of what a configuration names. `None` stands for one that could not be read.
    pub fn configuration(&mut self, path: &ArtifactPath, text: Option<&[u8]>) {
        let Some(asked) = text.and_then(|text| requested_code(text).ok()) else {
            self.unread.push(path.as_str().to_owned());
            return;
        };
        self.entries.extend(asked.into_iter().map(|code| CodeEntry {
            file: path.as_str().to_owned(),
            key: code.role,
            value: match code.repository {
                Some(repository) => format!("{repository}--{}", code.class),
                None => code.class,
            },
        }));
    }

    /// Whether there is nothing that a loader would run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.entries.is_empty()
    }

    /// Files of code.
    pub fn files(&self) -> impl Iterator<Item = CodeFile> + '_ {
        self.files.iter().map(|(path, sha256)| CodeFile {
            path: path.clone(),
            sha256: sha256.clone(),
        })
    }

    /// What configurations name.
    pub fn entries(&self) -> impl Iterator<Item = &CodeEntry> {
        self.entries.iter()
    }

    /// Entries that name another repository.
    pub fn elsewhere(&self) -> impl Iterator<Item = &CodeEntry> {
        self.entries.iter().filter(|entry| entry.value.contains("--"))
    }

    /// Configurations that could not be read.
    #[must_use]
    pub fn unread(&self) -> &[String] {
        &self.unread
    }

    /// A review of exactly this.
    ///
    /// # Errors
    /// [`NotCovered`] where there is something that no review of this folder covers.
    pub fn review(
        &self,
        decision: Decision,
        reviewer: String,
        date: String,
        comment: Option<String>,
    ) -> Result<Review, NotCovered> {
        self.is_reviewable()?;
        Ok(Review {
            scope: SCOPE.to_owned(),
            decision,
            date,
            reviewer,
            files: self.files().collect(),
            entries: self.entries.iter().cloned().collect(),
            comment,
        })
    }

    fn is_reviewable(&self) -> Result<(), NotCovered> {
        if let Some(entry) = self.elsewhere().next() {
            return Err(NotCovered::Elsewhere(entry.clone()));
        }
        match self.unread.first() {
            Some(unread) => Err(NotCovered::Unread(unread.clone())),
            None => Ok(()),
        }
    }

    /// Whether a review approves exactly this code: the same files with the same digests, the same entries, nothing more and
    /// nothing less.
    ///
    /// # Errors
    /// [`NotCovered`] names the first difference.
    pub fn covered_by(&self, review: &Review) -> Result<(), NotCovered> {
        self.is_reviewable()?;
        let reviewed: BTreeMap<&str, &str> = review
            .files
            .iter()
            .map(|file| (file.path.as_str(), file.sha256.as_str()))
            .collect();
        for (path, found) in &self.files {
            match reviewed.get(path.as_str()) {
                None => return Err(NotCovered::Added(path.clone())),
                Some(reviewed) if reviewed != found => {
                    return Err(NotCovered::Changed {
                        path: path.clone(),
                        reviewed: (*reviewed).to_owned(),
                        found: found.clone(),
                    });
                }
                Some(_) => {}
            }
        }
        if let Some(gone) = reviewed.keys().find(|path| !self.files.contains_key(**path)) {
            return Err(NotCovered::Removed((*gone).to_owned()));
        }
        let entries: BTreeSet<&CodeEntry> = review.entries.iter().collect();
        if let Some(other) = self.entries.iter().find(|entry| !entries.contains(entry)) {
            return Err(NotCovered::Entry(other.clone()));
        }
        if let Some(gone) = entries.into_iter().find(|entry| !self.entries.contains(entry)) {
            return Err(NotCovered::EntryGone(gone.clone()));
        }
        match review.decision {
            Decision::Approved => Ok(()),
            Decision::Rejected => Err(NotCovered::Rejected),
        }
    }
}

impl Review {
    /// Reads the predicate of a review. Who signed it is for the caller.
    ///
    /// # Errors
    /// [`NotCovered::Form`] for every other document.
    pub fn read(predicate: &Value) -> Result<Self, NotCovered> {
        let refused = |fault: String| NotCovered::Form(fault);
        if !predicate.is_object() {
            return Err(refused("it is not an object".to_owned()));
        }
        let review: Self =
            serde_json::from_value(predicate.clone()).map_err(|error| refused(error.to_string()))?;
        if review.scope != SCOPE {
            return Err(refused(format!("its scope is {:?}", review.scope)));
        }
        if review.files.len() > MOST_LISTED || review.entries.len() > MOST_LISTED {
            return Err(refused(format!(
                "it lists more than {MOST_LISTED} files or entries"
            )));
        }
        let paths: BTreeSet<&str> = review.files.iter().map(|file| file.path.as_str()).collect();
        if paths.len() != review.files.len() {
            return Err(refused("it lists a file twice".to_owned()));
        }
        Ok(review)
    }
}

/// What one reviewer says in the end: of several reviews the newest counts, so that whoever approved can withdraw it. Where two
/// could be of the same time, it is the rejection; a date that cannot be read is no time after which a rejection is over.
///
/// Each is a decision and its date as it is written.
#[must_use]
pub fn last_word<'a>(said: impl IntoIterator<Item = (Decision, &'a str)>) -> Option<Decision> {
    let (mut approved, mut rejected) = (None, None);
    for (decision, date) in said {
        let when = moments(date);
        match decision {
            Decision::Approved => {
                approved = approved.max(Some(when.map_or(Timestamp::MIN, |(first, _)| first)))
            }
            Decision::Rejected => {
                rejected = rejected.max(Some(when.map_or(Timestamp::MAX, |(_, last)| last)))
            }
        }
    }
    match (approved, rejected) {
        (None, None) => None,
        (approved, rejected) if approved > rejected => Some(Decision::Approved),
        _ => Some(Decision::Rejected),
    }
}

/// The first and the last moment that a date can mean: a day has many.
fn moments(date: &str) -> Option<(Timestamp, Timestamp)> {
    if let Ok(time) = date.parse::<Timestamp>() {
        return Some((time, time));
    }
    let day: jiff::civil::Date = date.parse().ok().filter(|_| date.len() == DAY.len())?;
    let begins = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let ends = begins.checked_add(SignedDuration::from_hours(24)).ok()?;
    Some((begins, ends))
}

/// How a day is written.
const DAY: &str = "YYYY-MM-DD";

#[cfg(test)]
mod tests {
    use weightlock_artifact::digest::Algorithm;

    use super::*;

    fn path(text: &str) -> ArtifactPath {
        ArtifactPath::parse(text).unwrap()
    }

    fn code(files: &[(&str, &str)], config: &str) -> CustomCode {
        let mut code = CustomCode::default();
        for (name, content) in files {
            code.file(
                &path(name),
                &Algorithm::Sha256.digest(content.as_bytes()),
                content.as_bytes(),
            );
        }
        code.configuration(&path("config.json"), Some(config.as_bytes()));
        code
    }

    const CONFIG: &str =
        r#"{"auto_map": {"AutoModel": "modeling_x.X", "AutoTokenizer": ["tok.Slow", null]}}"#;

    fn reviewed() -> (CustomCode, Review) {
        let code = code(
            &[("modeling_x.py", "a"), ("sub/tok.PY", "b"), ("README.md", "c")],
            CONFIG,
        );
        let review = code
            .review(
                Decision::Approved,
                "Ada".to_owned(),
                "2026-06-01".to_owned(),
                None,
            )
            .unwrap();
        (code, review)
    }

    #[test]
    fn a_review_covers_exactly_what_was_reviewed() {
        let (reviewed, review) = reviewed();
        assert_eq!(review.files.len(), 2, "what is no code is not reviewed");
        assert_eq!(review.entries.len(), 2);
        assert_eq!(reviewed.covered_by(&review), Ok(()));
        let read = Review::read(&serde_json::to_value(&review).unwrap()).unwrap();
        assert_eq!(read, review);
        let both = [("modeling_x.py", "a"), ("sub/tok.PY", "b")];
        let other =
            |files: &[(&str, &str)], config: &str| code(files, config).covered_by(&review).unwrap_err();
        assert!(matches!(
            other(&[("modeling_x.py", "!"), both[1]], CONFIG),
            NotCovered::Changed { .. }
        ));
        assert!(matches!(other(&both[..1], CONFIG), NotCovered::Removed(_)));
        assert!(matches!(
            other(&[both[0], both[1], ("new.py", "")], CONFIG),
            NotCovered::Added(_)
        ));
        assert!(matches!(other(&both, "{}"), NotCovered::EntryGone(_)));
        let renamed = CONFIG.replace("modeling_x.X", "tok.X");
        assert!(matches!(other(&both, &renamed), NotCovered::Entry(_)));
        let elsewhere = CONFIG.replace("modeling_x.X", "evil/repo--modeling_x.X");
        assert!(matches!(other(&both, &elsewhere), NotCovered::Elsewhere(_)));
        assert!(matches!(other(&both, "{"), NotCovered::Unread(_)));
        let pipeline = CONFIG.replacen(
            '{',
            r#"{"custom_pipelines": {"e": {"impl": "evil/repo--e.Pipe"}}, "#,
            1,
        );
        assert!(matches!(other(&both, &pipeline), NotCovered::Elsewhere(_)));
        let no = Review {
            decision: Decision::Rejected,
            ..review
        };
        assert_eq!(reviewed.covered_by(&no), Err(NotCovered::Rejected));
    }

    #[test]
    fn code_is_what_is_run() {
        for (name, head) in [
            ("a.py", &b""[..]),
            ("a.PYW", b""),
            ("a.pyc", b""),
            ("a.pyd", b"text"),
            ("a.so", b"text"),
            ("liba.so.1.2", b"text"),
            ("a.dll", b""),
            ("a.dylib", b""),
            ("site.pth", b"import os\n"),
            ("site.pth", b""),
            ("run.sh", b"echo"),
            ("weights.bin", b"\x7fELF\x02"),
            ("weights.dat", b"\xf3\x0d\r\n\0\0\0\0"),
            ("README", b"#!/bin/sh\n"),
        ] {
            assert!(is_code(&path(name), head), "{name}");
        }
        for (name, head) in [
            ("model.pth", &b"PK\x03\x04"[..]),
            ("model.pth", b"\x80\x02}q\0."),
            ("model.safetensors", b"\x02\0\0\0\0\0\0\0{}"),
            ("config.json", b"{}"),
            ("README.md", b"# A model"),
            ("py", b""),
        ] {
            assert!(!is_code(&path(name), head), "{name}");
        }
    }

    #[test]
    fn modules_of_a_sentence_encoder_are_code_that_is_asked_for() {
        let path = ArtifactPath::parse("modules.json").unwrap();
        assert!(is_configuration(&path));
        let mut code = CustomCode::default();
        let modules =
            r#"[{"type": "sentence_transformers.models.Transformer"}, {"type": "evil/repo--mod.Cls"}]"#;
        code.configuration(&path, Some(modules.as_bytes()));
        assert_eq!(code.elsewhere().count(), 1);
        assert_eq!(
            code.entries().count(),
            1,
            "what comes with the library is no code of the model"
        );
    }

    #[test]
    fn a_document_that_is_no_review_is_refused() {
        let (_, review) = reviewed();
        let value = serde_json::to_value(&review).unwrap();
        let with = |change: fn(&mut Value)| {
            let mut value = value.clone();
            change(&mut value);
            Review::read(&value).is_err()
        };
        assert!(!with(|_| ()));
        assert!(with(|value| value["scope"] = "dataset".into()));
        assert!(with(|value| value["more"] = 1.into()));
        assert!(with(|value| value["decision"] = "perhaps".into()));
        assert!(with(|value| {
            let first = value["files"][0].clone();
            value["files"].as_array_mut().unwrap().push(first);
        }));
        assert!(with(|value| *value = serde_json::json!([])));
    }

    #[test]
    fn the_newest_word_of_a_reviewer_counts_and_a_doubt_is_a_no() {
        use Decision::{Approved as Yes, Rejected as No};
        for (said, expected) in [
            (&[][..], None),
            (&[(Yes, "2026-06-01")], Some(Yes)),
            (&[(Yes, "no date")], Some(Yes)),
            (&[(No, "no date"), (Yes, "2026-06-01")], Some(No)),
            (&[(Yes, "no date"), (No, "2026-06-01")], Some(No)),
            (
                &[(Yes, "2026-06-01T08:00:00Z"), (No, "2026-06-01T08:00:01Z")],
                Some(No),
            ),
            (
                &[(No, "2026-06-01T08:00:00Z"), (Yes, "2026-06-01T08:00:01Z")],
                Some(Yes),
            ),
            (
                &[(No, "2026-06-01T08:00:00Z"), (Yes, "2026-06-01T08:00:00Z")],
                Some(No),
            ),
            (
                &[(Yes, "2026-06-01T08:00:00Z"), (No, "2026-06-01T10:00:00+02:00")],
                Some(No),
            ),
            (&[(No, "2026-06-01"), (Yes, "2026-06-01T23:00:00Z")], Some(No)),
            (&[(No, "2026-06-01"), (Yes, "2026-06-02T23:00:00Z")], Some(Yes)),
            (&[(No, "2026-06-01"), (Yes, "2026-06-01")], Some(No)),
            (
                &[(Yes, "2026-06-01"), (No, "2026-06-02"), (Yes, "2026-06-01")],
                Some(No),
            ),
            (
                &[(Yes, "2026-06-09"), (No, "2026-06-02"), (No, "2026-06-01")],
                Some(Yes),
            ),
        ] {
            assert_eq!(last_word(said.iter().copied()), expected, "{said:?}");
        }
    }
}
