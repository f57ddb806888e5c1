//! Making the document, and signing it.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    evidence::Kind,
    standing::Standing,
    write::{Existing, write_whole},
};
use weightlock_bom::{
    document::{Form, Settings, reason::REFERENCES, write},
    graph::Graph,
};
use weightlock_signing::predicate::{Predicate, Wanted};

use super::{
    Arguments, Layout,
    input::{self, Given},
};
use crate::{
    cli::Format,
    commands::publish::{PublishFlags, exists},
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    reply::Reply,
    text::{Shown, counted},
};

pub(super) const VERB: &str = "bom";

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The target as it was named.
    pub target: String,
    /// What names it: SHA-256 of the canonical manifest, or of the one file; none where nothing was hashed.
    pub digest: Option<String>,
    /// The format and its version.
    pub format: String,
    /// Components in it.
    pub components: usize,
    /// Facts by how they are known.
    pub facts: Standings,
    /// Where sources disagree.
    pub conflicts: usize,
    /// Files that could not be read.
    pub unread: Vec<String>,
    /// The document, unless it was written to a file.
    pub document: Option<serde_json::Value>,
    /// The file that it was written to.
    pub written: Option<String>,
    /// Who signed it.
    pub signer: Option<String>,
    /// Where the signed statement lies.
    pub evidence: Option<String>,
}

/// How facts are known.
#[derive(Clone, Copy, Default, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Standings {
    /// Computed from the bytes now, or signed by one who counts.
    pub verified: usize,
    /// Said by metadata, by the user or by a document.
    pub declared: usize,
    /// Worked out.
    pub inferred: usize,
}

impl Standings {
    /// Of all facts of all components.
    pub(super) fn of(graph: &Graph) -> Self {
        let mut counts = Self::default();
        for component in graph.components().values() {
            for (property, fact) in component.facts() {
                match fact.standing(property.arity()) {
                    Standing::Verified => counts.verified += 1,
                    Standing::Declared => counts.declared += 1,
                    Standing::Inferred => counts.inferred += 1,
                    Standing::Unknown | Standing::Failed => {}
                }
            }
        }
        counts
    }
}

pub(super) fn no_target() -> Diagnostic {
    Diagnostic::new(USAGE, "name a target").help("weightlock bom MODEL")
}

pub(super) fn run(target: &Path, arguments: &Arguments, format: Format, context: &Context) -> Reply {
    match make(target, arguments, format, context) {
        Ok((made, text, given)) => {
            let unread = given.unread();
            let shown = if arguments.output.is_some() || made.evidence.is_some() {
                summary(&made)
            } else {
                text
            };
            let partial = format!("partial: {} could not be read", counted(unread.len(), "file"));
            if unread.is_empty() {
                Reply::yes(VERB, shown, made).with_notes(given.notes)
            } else {
                Reply::refusal(VERB, unread)
                    .with_text(shown)
                    .with_result(made)
                    .with_notes(given.notes)
                    .with_verdict(partial)
            }
        }
        Err(reasons) => Reply::refusal(VERB, reasons).with_verdict("no bill of materials was made"),
    }
}

fn form(format: Format) -> Form {
    match format {
        Format::Cyclonedx16 => Form::CycloneDx16,
        Format::Spdx => Form::Spdx3,
        Format::Spdx23 => Form::Spdx2,
        _ => Form::CycloneDx17,
    }
}

fn make(
    target: &Path,
    arguments: &Arguments,
    format: Format,
    context: &Context,
) -> Result<(Made, String, Given), Vec<Diagnostic>> {
    // Opened first: who has no key need not wait for the hashing.
    let flags = PublishFlags {
        signer: arguments.signer.clone(),
        keyless: arguments.keyless.clone(),
        beside: arguments.beside,
        ..PublishFlags::default()
    };
    let author = if arguments.sign {
        Some(flags.author("weightlock bom --sign --key NAME.key MODEL", None, context)?)
    } else {
        None
    };
    let given = arguments.input.target(target, context)?;
    let form = form(format);
    let settings = Settings {
        time: if arguments.sign {
            input::time_now(context)?
        } else {
            input::time()?
        },
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        author: given.author.clone(),
        show_private: arguments.show_private,
        model_first: arguments.layout == Layout::ScorerFirst,
    };
    let text = write(&given.graph, form, &settings).map_err(|error| Diagnostic::of(REFERENCES, &error))?;
    let (mut signer, mut evidence) = (None, None);
    if let Some(author) = &author {
        let hashed = given.hashed.as_ref().ok_or_else(no_target)?;
        let predicate = Predicate::read(text.as_bytes(), &Wanted::Kind(Kind::Bom), "")
            .map_err(|error| Diagnostic::of(error.code(), &error))?;
        let payload = predicate.payload(&hashed.subjects());
        hashed.still_holds()?;
        (signer, evidence) = flags.publish(Some(author), payload, Kind::Bom, hashed.root())?;
    }
    let written = arguments.output.as_deref().map(|path| {
        write_whole(path, text.as_bytes(), 0o644, Existing::Refused)
            .map(|()| path.display().to_string())
            .map_err(|error| exists(path, error))
    });
    let written = written.transpose()?;
    let made = Made {
        target: target.display().to_string(),
        digest: given.hashed.as_ref().map(|it| it.digest().to_string()),
        format: form.name().to_owned(),
        components: given.graph.components().len(),
        facts: Standings::of(&given.graph),
        conflicts: given.graph.conflicts().len(),
        unread: given
            .graph
            .unread()
            .iter()
            .map(|it| it.path.to_string())
            .collect(),
        document: match (&written, &evidence) {
            (None, None) => serde_json::from_str(&text).ok(),
            _ => None,
        },
        written,
        signer,
        evidence,
    };
    Ok((made, text, given))
}

fn summary(made: &Made) -> String {
    let mut text = format!("{}: {}\n", Shown(&made.target), made.format);
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line(
        "about",
        made.digest.as_deref().unwrap_or("names only: nothing was hashed"),
    );
    line("components", &made.components.to_string());
    let facts = &made.facts;
    line(
        "facts",
        &format!(
            "{} verified, {} declared, {} inferred",
            facts.verified, facts.declared, facts.inferred
        ),
    );
    if made.conflicts > 0 {
        line("conflicts", &made.conflicts.to_string());
    }
    made.written.iter().for_each(|path| line("written", path));
    made.signer.iter().for_each(|signer| line("signer", signer));
    made.evidence.iter().for_each(|path| line("evidence", path));
    text
}
