//! A lock as text: TOML with a strict schema, read and written.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Deserialize;
use weightlock_artifact::manifest::Manifest;

use super::{Entry, Files, Line, Lock, LockError, LockedSigner, LockedVerdict, Place, form, signer};
use crate::{
    level::{Mode, Tier},
    name::ModelName,
    pins::sha256,
};

const FIRST_LINE: &str = "# Made by `weightlock lock`. It pins models and authenticates none of them.";
const MANIFEST: &str = "weightlock-manifest-v1";

/// The lock file, weightlock.lock.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "weightlock.lock", rename = "Lock")]
struct Wire {
    /// 1.
    version: u64,
    /// The models, sorted by name.
    #[serde(default)]
    #[schemars(extend("default" = []))]
    model: Vec<WireModel>,
}

/// A model.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Model")]
struct WireModel {
    /// What it is called here: `NAME`, or `NAMESPACE/NAME`.
    name: String,
    /// Where it lies: below the folder of the lock file, or by an absolute path.
    path: String,
    /// Where it comes from.
    source: Option<String>,
    /// In which revision.
    revision: Option<String>,
    /// `sha256:` and the digest of its canonical manifest, or of the one file.
    digest: String,
    /// The lines of its canonical manifest: digest, size and path of each file.
    files: Option<Vec<String>>,
    /// The size of a model that is one file, in bytes.
    size: Option<u64>,
    /// Everybody whose signature of it was checked.
    signed_by: Option<Vec<signer::Wire>>,
    /// The verdict that allowed it.
    verdict: Option<WireVerdict>,
}

/// A verdict that allowed a model.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Verdict")]
struct WireVerdict {
    /// `sha256:` and the digest of what it rests on.
    digest: String,
    /// `sha256:` and the digest of the policies.
    policies: String,
    /// The mode.
    mode: Mode,
    /// The tier.
    tier: Tier,
}

impl Lock {
    /// The schema of a lock file.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Wire)
    }
}

pub(super) fn parse(text: &[u8]) -> Result<Lock, LockError> {
    if text.len() > Lock::MAX_BYTES {
        return Err(LockError::Size);
    }
    let text = std::str::from_utf8(text).map_err(|_| LockError::NotUtf8)?;
    form::check(text)?;
    let wire: Wire = toml::from_str(text).map_err(|error| LockError::Form {
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        why: error.message().to_owned(),
    })?;
    if wire.version != 1 {
        return Err(LockError::Version(wire.version));
    }
    if wire.model.len() > Lock::MAX_MODELS {
        return Err(LockError::TooMany);
    }
    let mut lock = Lock::default();
    for model in wire.model {
        let (name, entry) = entry(model)?;
        lock.add(name, entry)?;
    }
    match first_difference(text, &write(&lock)) {
        None => Ok(lock),
        Some(line) => Err(LockError::NotCanonical(line)),
    }
}

/// The line of an offset, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

/// The first line in which two texts differ.
fn first_difference(one: &str, other: &str) -> Option<usize> {
    if one == other {
        return None;
    }
    let mut lines = one.split('\n').zip(other.split('\n'));
    Some(lines.position(|(one, other)| one != other).map_or_else(
        || one.split('\n').count().min(other.split('\n').count()),
        |before| before + 1,
    ))
}

fn entry(wire: WireModel) -> Result<(ModelName, Entry), LockError> {
    let name = ModelName::parse(&wire.name)?;
    let reading = Reading(&name);
    let entry = Entry {
        place: Place::parse(&wire.path).map_err(|why| reading.value("path", &wire.path, why))?,
        source: reading.line("source", wire.source)?,
        revision: reading.line("revision", wire.revision)?,
        files: reading.files(&wire.digest, wire.files, wire.size)?,
        signers: reading.signers(wire.signed_by)?,
        verdict: wire.verdict.map(|it| reading.verdict(&it)).transpose()?,
    };
    Ok((name, entry))
}

/// Reads the values of a model.
struct Reading<'n>(&'n ModelName);

impl Reading<'_> {
    fn value(&self, what: &'static str, text: &str, why: impl Into<String>) -> LockError {
        LockError::Value {
            model: self.0.clone(),
            what,
            text: text.chars().take(200).collect(),
            why: why.into(),
        }
    }

    fn shape(&self, why: &'static str) -> LockError {
        LockError::Shape {
            model: self.0.clone(),
            why,
        }
    }

    fn line(&self, what: &'static str, text: Option<String>) -> Result<Option<Line>, LockError> {
        let line = text.map(|text| Line::parse(&text).map_err(|why| self.value(what, &text, why)));
        line.transpose()
    }

    fn digest(&self, text: &str) -> Result<weightlock_artifact::digest::Digest, LockError> {
        sha256(text).ok_or_else(|| self.value("digest", text, "it is not sha256: and 64 digits"))
    }

    fn files(&self, digest: &str, lines: Option<Vec<String>>, size: Option<u64>) -> Result<Files, LockError> {
        let digest = self.digest(digest)?;
        let files = match (lines, size) {
            (Some(lines), None) => Files::Folder(self.manifest(&lines)?),
            (None, Some(size)) => Files::File { digest, size },
            _ => return Err(self.shape("a model has either files or, where it is one file, a size")),
        };
        if files.digest() == digest {
            Ok(files)
        } else {
            Err(self.shape("its digest is not that of its files: one of them was changed by hand"))
        }
    }

    fn manifest(&self, lines: &[String]) -> Result<Manifest, LockError> {
        if lines.is_empty() {
            return Err(self.shape("a model has at least one file"));
        }
        let mut text = format!("{MANIFEST}\n");
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        Manifest::parse(text.as_bytes()).map_err(|source| LockError::Files {
            model: self.0.clone(),
            source,
        })
    }

    fn signers(&self, wire: Option<Vec<signer::Wire>>) -> Result<Vec<LockedSigner>, LockError> {
        let Some(wire) = wire else {
            return Ok(Vec::new());
        };
        let signers = wire.into_iter().map(|it| {
            let shown = format!("{it:?}");
            LockedSigner::of(it).map_err(|error| self.value("signed-by", &shown, error.to_string()))
        });
        let signers = signers.collect::<Result<Vec<_>, _>>()?;
        if signers.is_empty() || !signers.is_sorted_by(|one, other| one < other) {
            return Err(self.shape("its signers are none, not sorted, or one is there twice"));
        }
        Ok(signers)
    }

    fn verdict(&self, wire: &WireVerdict) -> Result<LockedVerdict, LockError> {
        Ok(LockedVerdict {
            digest: self.digest(&wire.digest)?,
            policies: self.digest(&wire.policies)?,
            mode: wire.mode,
            tier: wire.tier,
        })
    }
}

/// The text of a lock. Writing to a `String` cannot fail.
pub(super) fn write(lock: &Lock) -> String {
    let mut text = format!("{FIRST_LINE}\nversion = 1\n");
    for (name, entry) in lock.models() {
        let _ = writeln!(text, "\n[[model]]\nname = {}", quoted(name.as_str()));
        let _ = writeln!(text, "path = {}", quoted(entry.place.as_str()));
        for (member, value) in [("source", &entry.source), ("revision", &entry.revision)] {
            if let Some(value) = value {
                let _ = writeln!(text, "{member} = {}", quoted(value.as_str()));
            }
        }
        let _ = writeln!(text, "digest = \"{}\"", entry.files.digest());
        write_files(&mut text, &entry.files);
        write_signers(&mut text, &entry.signers);
        if let Some(verdict) = &entry.verdict {
            let _ = writeln!(
                text,
                "verdict = {{ digest = \"{}\", policies = \"{}\", mode = \"{}\", tier = \"{}\" }}",
                verdict.digest, verdict.policies, verdict.mode, verdict.tier
            );
        }
    }
    text
}

fn write_files(text: &mut String, files: &Files) {
    match files {
        Files::File { size, .. } => {
            let _ = writeln!(text, "size = {size}");
        }
        Files::Folder(manifest) => {
            text.push_str("files = [\n");
            for line in manifest.to_text().split_terminator('\n').skip(1) {
                let _ = writeln!(text, "  {},", quoted(line));
            }
            text.push_str("]\n");
        }
    }
}

fn write_signers(text: &mut String, signers: &[LockedSigner]) {
    if signers.is_empty() {
        return;
    }
    text.push_str("signed-by = [\n");
    for signer in signers {
        let members = signer.members().into_iter();
        let members: Vec<String> = members
            .map(|(member, value)| format!("{member} = {}", quoted(value)))
            .collect();
        let _ = writeln!(text, "  {{ {} }},", members.join(", "));
    }
    text.push_str("]\n");
}

/// A basic string of TOML. Nothing that is written has a control character.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
