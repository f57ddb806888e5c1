//! `weightlock bom diff`: what differs between two bills of materials, or two models.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_bom::{
    compare::{Change, compare},
    document::reason::DIFFERENT,
};

use super::Input;
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
    text::{Shown, counted},
};

/// Compare what two models are made of, or two bills of materials, or one with the other.
///
/// Exit codes: 0 the same, 1 different, 3 something could not be read.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// A model or a document
    #[arg(value_name = "A", value_parser = crate::layout::typed::target())]
    a: PathBuf,
    /// What it is compared with
    #[arg(value_name = "B", value_parser = crate::layout::typed::target())]
    b: PathBuf,
    #[command(flatten)]
    input: Input,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Differences {
    /// The first as it was named.
    pub a: String,
    /// The second as it was named.
    pub b: String,
    /// Nothing differs.
    pub same: bool,
    /// What differs, in the order of names.
    pub changes: Vec<Changed>,
}

/// Something that differs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// Of what.
    pub component: String,
    /// Which fact; none where a whole component or relation is on one side only.
    pub property: Option<String>,
    /// In the first.
    pub before: Vec<String>,
    /// In the second.
    pub after: Vec<String>,
    /// Why it matters, where it does more than differ.
    pub note: Option<String>,
}

const VERB: &str = "bom diff";

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match difference(arguments, context) {
        Ok((found, unread)) => {
            let text = text(&found);
            let mut reasons = unread;
            if !found.same {
                let what = format!(
                    "{} of what they are made of",
                    counted(found.changes.len(), "difference")
                );
                reasons.insert(0, Diagnostic::new(DIFFERENT, what));
            }
            if reasons.is_empty() {
                Reply::yes(VERB, text, found)
            } else {
                // The differences are the result; what could not be read is told beside it.
                Reply::refusal(VERB, reasons)
                    .with_text(text)
                    .with_result(found)
                    .telling(|reason| reason.code() != DIFFERENT)
            }
        }
        Err(reasons) => Reply::refusal(VERB, reasons),
    }
}

fn difference(
    arguments: &Arguments,
    context: &Context,
) -> Result<(Differences, Vec<Diagnostic>), Vec<Diagnostic>> {
    let a = arguments.input.either(&arguments.a, context)?;
    let b = arguments.input.either(&arguments.b, context)?;
    let changes = compare(&a.graph, &b.graph);
    let unread = a.unread().into_iter().chain(b.unread()).collect();
    let found = Differences {
        a: arguments.a.display().to_string(),
        b: arguments.b.display().to_string(),
        same: changes.is_empty(),
        changes: changes.into_iter().map(Changed::from).collect(),
    };
    Ok((found, unread))
}

impl From<Change> for Changed {
    fn from(change: Change) -> Self {
        Self {
            component: change.component,
            property: change.property.map(|it| it.name().to_owned()),
            before: change.before,
            after: change.after,
            note: change.note.map(str::to_owned),
        }
    }
}

fn text(found: &Differences) -> String {
    if found.same {
        return format!("the same: {} and {}\n", Shown(&found.a), Shown(&found.b));
    }
    let mut text = String::new();
    let mut last = "";
    for change in &found.changes {
        if change.component != last {
            text += &format!("{}\n", Shown(&change.component));
            last = &change.component;
        }
        let name = change.property.as_deref().unwrap_or("there");
        for (sign, values) in [('-', &change.before), ('+', &change.after)] {
            for value in values {
                text += &format!("  {sign} {name}: {}\n", Shown(value));
            }
        }
        if let Some(note) = &change.note {
            text += &format!("    note: {note}\n");
        }
    }
    text
}
