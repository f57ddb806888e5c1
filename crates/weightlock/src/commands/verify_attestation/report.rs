//! What `verify-attestation` says: each statement that counts with what it claims, and each that does not with its reason.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use weightlock_signing::predicate::{Wanted, types::kind_of};

use super::{Arguments, Looked};
use crate::{
    commands::{evidence::summary, verify::SignedBy},
    context::Context,
    terminal::Style,
    text::{Shown, Size, counted},
};

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attestations {
    /// The model as it was named.
    pub model: String,
    /// What names the model: SHA-256 of the canonical manifest, or of the one file; worked out now.
    pub digest: String,
    /// Number of files.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Digests that came from the cache instead of from the bytes.
    pub from_cache: usize,
    /// The type or kind that was asked for.
    pub wanted: String,
    /// Statements that count.
    pub statements: Vec<Statement>,
    /// Statements of the type that do not count. They change no answer.
    pub not_counted: Vec<NotCounted>,
    /// The stated time that certificates were checked at, when it was not now.
    pub at_time: Option<String>,
    /// What was not asked, because flags gave it up: `identity`, `transparency-log`, `certificate-log`.
    pub given_up: Vec<String>,
}

/// A statement that counts: signed by one whose word counts, about exactly this model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Its name in the evidence folder, or the file that was named.
    pub name: String,
    /// The kind of evidence.
    pub kind: String,
    /// The type that was signed, a URI.
    pub predicate_type: String,
    /// Who signed it: verified.
    pub signer: SignedBy,
    /// How many subjects it has; the first is the model.
    pub subjects: usize,
    /// What it claims, in one line.
    pub says: String,
    /// What it claims, as it was signed.
    pub predicate: Value,
}

/// A statement that does not count.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotCounted {
    /// Its name in the evidence folder, or the file that was named.
    pub name: String,
    /// The reason code.
    pub code: String,
    /// The reason.
    pub why: String,
}

pub(super) fn result(arguments: &Arguments, wanted: &Wanted, looked: &Looked) -> Attestations {
    let statements = looked.counted.iter().map(|(found, evidence)| {
        let statement = evidence.statement();
        Statement {
            name: found.name.clone(),
            kind: kind_of(&statement.predicate_type).name().to_owned(),
            predicate_type: statement.predicate_type.clone(),
            signer: SignedBy::from(evidence.signer()),
            subjects: statement.subjects.len(),
            says: summary::of(statement),
            predicate: statement.predicate.clone(),
        }
    });
    let others = looked.others.iter().map(|(found, why)| NotCounted {
        name: found.name.clone(),
        code: why.code.to_string(),
        why: why.why.clone(),
    });
    Attestations {
        model: looked.hashed.root().path().display().to_string(),
        digest: looked.hashed.digest().to_string(),
        files: looked.hashed.files,
        bytes: looked.hashed.bytes,
        from_cache: looked.hashed.from_cache,
        wanted: wanted.to_string(),
        statements: statements.collect(),
        not_counted: others.collect(),
        at_time: arguments.trust.at_time.map(|time| time.to_string()),
        given_up: arguments.trust.identity.given_up(),
    }
}

/// What `cosign verify-attestation` prints: the envelope of each statement that counts, one on a line.
pub(super) fn cosign_json(looked: &Looked) -> String {
    let envelopes = looked
        .counted
        .iter()
        .map(|(_, evidence)| evidence.envelope().to_json() + "\n");
    envelopes.collect()
}

/// The text of yes: who says what.
pub(super) fn text(result: &Attestations, context: &Context) -> String {
    let mut text = format!(
        "{} {}: {} of {}\n",
        context.out.apply(Style::Good, "verified"),
        Shown(&result.model),
        counted(result.statements.len(), "statement"),
        Shown(&result.wanted),
    );
    let cached = match result.from_cache {
        0 => String::new(),
        count => format!(" ({count} from cache)"),
    };
    let about = format!(
        "{}   {}, {}{cached}",
        result.digest,
        counted(result.files, "file"),
        Size(result.bytes)
    );
    line(&mut text, "about", &about);
    for statement in &result.statements {
        line(&mut text, "statement", &statement.name);
        line(
            &mut text,
            "  who",
            &format!("VERIFIED    {}", statement.signer.text()),
        );
        line(&mut text, "  type", &statement.predicate_type);
        line(&mut text, "  says", &format!("DECLARED    {}", statement.says));
        text += &pretty(&statement.predicate);
    }
    for other in &result.not_counted {
        line(
            &mut text,
            "not counted",
            &format!("{}: {}", other.name, other.why),
        );
    }
    if !result.given_up.is_empty() {
        line(&mut text, "not asked", &result.given_up.join(", "));
    }
    if let Some(time) = &result.at_time {
        line(
            &mut text,
            "note",
            &format!("certificates were checked as of {time}, which was stated, not now"),
        );
    }
    line(
        &mut text,
        "note",
        "this says who states it about these bytes; not that it is true, nor who made the model",
    );
    text
}

fn line(text: &mut String, name: &str, value: &str) {
    *text += &format!("  {name:11} {}\n", Shown(value));
}

/// A predicate as indented JSON, made harmless for a terminal line by line.
pub(in crate::commands) fn pretty(predicate: &Value) -> String {
    let json = serde_json::to_string_pretty(predicate).unwrap_or_default();
    json.lines()
        .map(|line| format!("    {}\n", Shown(line)))
        .collect()
}
