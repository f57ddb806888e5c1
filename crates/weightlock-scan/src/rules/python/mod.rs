//! Rules on what Python source does, and on what it fetches.

mod changes_interpreter;
mod executes_code;
mod hidden_encoding;
mod hides_names;
mod loads_native_code;
mod loads_pickle;
mod notebook_command;
mod opens_connection;
mod runs_process;
mod touches_files;
mod trusts_remote_code;
mod unpinned_download;

use weightlock_artifact::text::Shown;

use super::{Judgement, Rule};
use crate::{
    Severity,
    observation::python::{Deed, Given, Reach},
};

/// The rules of this family.
pub const RULES: &[&Rule] = &[
    &changes_interpreter::RULE,
    &executes_code::RULE,
    &hidden_encoding::RULE,
    &hides_names::RULE,
    &loads_native_code::RULE,
    &loads_pickle::RULE,
    &notebook_command::RULE,
    &opens_connection::RULE,
    &runs_process::RULE,
    &touches_files::RULE,
    &trusts_remote_code::RULE,
    &unpinned_download::RULE,
];

/// Characters of a stranger's text in a reason.
const MOST_SHOWN: usize = 96;

/// A stranger's text, short and harmless.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(MOST_SHOWN).collect();
    Shown(&short).to_string()
}

fn quoted(text: &str) -> String {
    format!("`{}`", shown(text))
}

/// The judgement of a deed, in words.
fn judge(deed: &Deed, severity: Severity) -> Judgement {
    let when = match deed.reach {
        Reach::Import => "when the file is imported",
        Reach::Construct => "when an object is made or loaded",
        Reach::Use => "when the model is used",
        Reach::Call => "in a function that the file does not call itself",
        Reach::Script => "when the file is run as a program",
    };
    let inside = deed
        .function
        .as_deref()
        .map(|name| format!(", in {}", shown(name)));
    let given = match deed.given {
        Given::Plain => "",
        Given::Decoded => ", with what it decodes from text or reads from a file of data",
        Given::Network => ", with what it fetches",
        Given::File => ", with what it reads from a file",
    };
    let assembled = if deed.assembled {
        ", by a name put together from pieces"
    } else {
        ""
    };
    let inside = inside.unwrap_or_default();
    let reason = format!(
        "{} {} {when}{inside}{given}{assembled}",
        shown(&deed.name),
        deed.how
    );
    Judgement::new(severity, reason).named(&deed.name)
}
