//! `weightlock trust import`: keep a trust root that came on another way.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::write::Existing;
use weightlock_signing::sigstore::RootError;

use crate::{
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
    roots::{self, Roots},
    text::Shown,
};

/// Keep a trust root under a name, for --sigstore NAME.
///
/// FILE is a trusted_root.json or a client trust configuration. Whoever gave it to you decides whose signatures count
/// from now on: compare the digest that is shown with what the deployment's operator states.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The trust root
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its name: lower-case letters, digits and `-`; production, staging or github stand before the one that is built in
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Replace the root that is kept under this name
    #[arg(long)]
    replace: bool,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// Its name.
    pub name: String,
    /// Where it is kept.
    pub file: String,
    /// SHA-256 of its JSON.
    pub sha256: String,
    /// How many keys and chains it believes.
    pub authorities: usize,
}

const VERB: &str = "trust import";

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match import(arguments, context) {
        Ok(imported) => {
            let text = format!(
                "imported {}: {}\n  sha256  {}\n  use     --sigstore {}\n",
                imported.name,
                Shown(&imported.file),
                imported.sha256,
                imported.name
            );
            Reply::yes(VERB, text, imported)
        }
        Err(told) => Reply::refusal(VERB, vec![told]).with_verdict("not imported: nothing was changed"),
    }
}

fn import(arguments: &Arguments, context: &Context) -> Result<Imported, Diagnostic> {
    let root = roots::in_file(&arguments.file)?;
    let authorities = root.authorities();
    if authorities.is_empty() {
        let error = RootError::Unusable {
            what: "it believes nobody".to_owned(),
        };
        return Err(Diagnostic::of(error.code(), &error).at(arguments.file.display().to_string()));
    }
    let existing = if arguments.replace {
        Existing::Replaced
    } else {
        Existing::Refused
    };
    let source = arguments.file.display().to_string();
    let file = Roots::of_user().keep(&arguments.name, &root, &source, context.now(), existing)?;
    Ok(Imported {
        name: arguments.name.clone(),
        file: file.display().to_string(),
        sha256: root.digest().hex(),
        authorities: authorities.len(),
    })
}
