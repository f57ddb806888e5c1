//! Entries of a lock and differences between them, in JSON and as text.

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::drift::Change;
use weightlock_policy::{
    ModelName,
    lock::{Difference, Entry, Line, LockedSigner},
};

use crate::text::counted;

/// More files than this are not told one by one in text; JSON has them all.
const MOST_FILES: usize = 10;

/// A locked model in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockedModel {
    /// What it is called.
    pub name: String,
    /// Where it lies, as the lock says it.
    pub path: String,
    /// Where it comes from, as somebody said or the place it lay in. Declared.
    pub source: Option<String>,
    /// In which revision. Declared.
    pub revision: Option<String>,
    /// SHA-256 of its canonical manifest, or of the one file.
    pub digest: String,
    /// How many files it has.
    pub files: usize,
    /// Everybody whose signature of it was checked when it was locked.
    pub signed_by: Vec<String>,
    /// The digest of the verdict that allowed it.
    pub verdict: Option<String>,
    /// The digest of the policies of that verdict.
    pub policies: Option<String>,
}

/// How a model differs from what was locked, in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockDifference {
    /// What it is called.
    pub name: String,
    /// `added`, `removed` or `changed`.
    #[schemars(extend("enum" = ["added", "removed", "changed"]))]
    pub change: String,
    /// The digest.
    pub digest: Option<Pair>,
    /// Where it lies.
    pub path: Option<Pair>,
    /// Where it comes from.
    pub source: Option<Pair>,
    /// In which revision.
    pub revision: Option<Pair>,
    /// Signers that were locked and are not there now.
    pub signers_gone: Vec<String>,
    /// Signers that are there now and were not locked.
    pub signers_new: Vec<String>,
    /// The verdict is another, or rests on something else.
    pub verdict_changed: bool,
    /// The files.
    pub files: Vec<ChangedFile>,
}

/// What was locked and what is there now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// What was locked.
    pub locked: Option<String>,
    /// What is there now.
    pub found: Option<String>,
}

/// A file that differs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedFile {
    /// `new`, `missing`, `changed` or `renamed`.
    #[schemars(extend("enum" = ["new", "missing", "changed", "renamed"]))]
    pub change: String,
    /// The file, under its locked name where it has one.
    pub path: String,
    /// Its locked digest.
    pub locked: Option<String>,
    /// Its digest now, or its new name.
    pub found: Option<String>,
}

impl LockedModel {
    pub(super) fn of(name: &ModelName, entry: &Entry) -> Self {
        let verdict = entry.verdict.as_ref();
        Self {
            name: name.to_string(),
            path: entry.place.as_str().to_owned(),
            source: text_of(entry.source.as_ref()),
            revision: text_of(entry.revision.as_ref()),
            digest: entry.files.digest().to_string(),
            files: entry.files.count(),
            signed_by: names(&entry.signers),
            verdict: verdict.map(|it| it.digest.to_string()),
            policies: verdict.map(|it| it.policies.to_string()),
        }
    }

    /// Who vouches for it, in a few words.
    pub(super) fn vouched(&self) -> String {
        vouched(&self.signed_by, self.verdict.is_some())
    }
}

/// Who vouches for a model, in a few words.
pub(super) fn vouched(signed_by: &[String], is_allowed: bool) -> String {
    let mut words = match signed_by {
        [] => "NOBODY WAS CHECKED: only the bytes are locked".to_owned(),
        signers => format!("signed by {}", signers.join(", ")),
    };
    if is_allowed {
        words += "; allowed by policy";
    }
    words
}

impl LockDifference {
    pub(super) fn of(name: &ModelName, difference: &Difference) -> Self {
        let lines = |pair: &Option<(Option<Line>, Option<Line>)>| {
            pair.as_ref().map(|(locked, found)| Pair {
                locked: text_of(locked.as_ref()),
                found: text_of(found.as_ref()),
            })
        };
        Self {
            name: name.to_string(),
            change: "changed".to_owned(),
            digest: pair(difference.digest.as_ref()),
            path: pair(difference.place.as_ref()),
            source: lines(&difference.source),
            revision: lines(&difference.revision),
            signers_gone: names(&difference.signers_gone),
            signers_new: names(&difference.signers_new),
            verdict_changed: difference.verdict,
            files: difference.drift.changes().iter().map(file).collect(),
        }
    }

    /// A model that is there on one side only.
    pub(super) fn whole(name: &ModelName, entry: &Entry, is_new: bool) -> Self {
        let digest = Some(entry.files.digest().to_string());
        let (locked, found) = if is_new { (None, digest) } else { (digest, None) };
        Self {
            name: name.to_string(),
            change: if is_new { "added" } else { "removed" }.to_owned(),
            digest: Some(Pair { locked, found }),
            path: None,
            source: None,
            revision: None,
            signers_gone: Vec::new(),
            signers_new: Vec::new(),
            verdict_changed: false,
            files: Vec::new(),
        }
    }

    /// For people: a line for each thing that differs.
    pub(super) fn lines(&self) -> Vec<String> {
        let pairs = [
            ("digest", &self.digest),
            ("path", &self.path),
            ("source", &self.source),
            ("revision", &self.revision),
        ];
        let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "none".to_owned());
        let mut lines: Vec<String> = pairs
            .into_iter()
            .filter_map(|(what, pair)| {
                let pair = pair.as_ref()?;
                Some(format!(
                    "{what}: {} -> {}",
                    shown(&pair.locked),
                    shown(&pair.found)
                ))
            })
            .collect();
        lines.extend(self.signers_gone.iter().map(|it| format!("signer gone: {it}")));
        lines.extend(self.signers_new.iter().map(|it| format!("signer new: {it}")));
        if self.verdict_changed {
            lines.push("verdict: another, or resting on something else".to_owned());
        }
        lines.extend(file_lines(&self.files));
        lines
    }
}

/// The first files that differ, and how many more.
pub(super) fn file_lines(files: &[ChangedFile]) -> Vec<String> {
    let mut lines: Vec<String> = files
        .iter()
        .take(MOST_FILES)
        .map(|file| match file.change.as_str() {
            "renamed" => format!(
                "renamed: {} -> {}",
                file.path,
                file.found.clone().unwrap_or_default()
            ),
            change => format!("{change}: {}", file.path),
        })
        .collect();
    if let Some(more) = files.len().checked_sub(MOST_FILES).filter(|more| *more > 0) {
        lines.push(format!("and {}; --json lists all", counted(more, "more file")));
    }
    lines
}

pub(super) fn changed_files(difference: &Difference) -> Vec<ChangedFile> {
    difference.drift.changes().iter().map(file).collect()
}

fn file(change: &Change) -> ChangedFile {
    let (word, locked, found) = match change {
        Change::Added { .. } => ("new", None, None),
        Change::Removed { .. } | Change::Retyped { .. } => ("missing", None, None),
        Change::Renamed { to, .. } => ("renamed", None, Some(to.as_str().to_owned())),
        Change::Changed { expected, found, .. } => {
            ("changed", Some(expected.to_string()), Some(found.to_string()))
        }
        _ => ("changed", None, None),
    };
    ChangedFile {
        change: word.to_owned(),
        path: change.path().as_str().to_owned(),
        locked,
        found,
    }
}

fn pair<T: ToString>(pair: Option<&(T, T)>) -> Option<Pair> {
    pair.map(|(locked, found)| Pair {
        locked: Some(locked.to_string()),
        found: Some(found.to_string()),
    })
}

fn text_of(line: Option<&Line>) -> Option<String> {
    line.map(|line| line.as_str().to_owned())
}

/// Signers as text.
pub(super) fn names(signers: &[LockedSigner]) -> Vec<String> {
    signers.iter().map(ToString::to_string).collect()
}
