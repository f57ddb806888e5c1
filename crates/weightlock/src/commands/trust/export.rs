//! `weightlock trust export`: a trust root as other tools read it.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::write::{Existing, write_whole};

use crate::{diagnostic::Diagnostic, reply::Reply, roots::Roots, text::Shown};

/// Write a trust root to a file or to standard output, as trusted_root.json.
///
/// For machines without a network: export where the root is current, carry it over, and import it there.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Its name, as `trust list` shows it
    #[arg(value_name = "NAME")]
    name: String,
    /// Where to write it; an existing file is not replaced [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    /// Its name.
    pub name: String,
    /// The file that was written.
    pub file: String,
    /// SHA-256 of its JSON, which is that of the file.
    pub sha256: String,
}

const VERB: &str = "trust export";

pub(crate) fn run(arguments: &Arguments) -> Reply {
    match export(arguments) {
        Ok(reply) => reply,
        Err(told) => Reply::refusal(VERB, vec![told]).with_verdict("not exported: nothing was written"),
    }
}

fn export(arguments: &Arguments) -> Result<Reply, Diagnostic> {
    let named = Roots::of_user().open(&arguments.name)?;
    let Some(file) = &arguments.output else {
        return Ok(Reply::verbatim(
            VERB,
            String::from_utf8_lossy(named.root.to_json()).into_owned(),
        ));
    };
    write_whole(file, named.root.to_json(), 0o644, Existing::Refused)?;
    let exported = Exported {
        name: named.name,
        file: file.display().to_string(),
        sha256: named.root.digest().hex(),
    };
    let text = format!(
        "exported {} to {}\n  sha256  {}\n",
        exported.name,
        Shown(&exported.file),
        exported.sha256
    );
    Ok(Reply::yes(VERB, text, exported))
}
