//! `weightlock evidence remove`: takes evidence away. The model and its first signature are never touched.

use std::{
    io::{self, BufRead as _},
    path::PathBuf,
};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::named;
use crate::{
    context::Context, diagnostic::Diagnostic, explanations::USAGE, reply::Reply, terminal, text::Shown,
};

/// Remove statements that lie with a model.
///
/// What is removed is gone: export it first with weightlock evidence show --output FILE. The first signature is no evidence,
/// and stays.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL", value_parser = crate::layout::typed::target())]
    model: PathBuf,
    /// Names as `weightlock evidence list MODEL` shows them, or as much of each as only one has
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Do everything but remove
    #[arg(long)]
    dry_run: bool,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Removed {
    /// The model as it was named.
    pub model: String,
    /// What was removed; after a dry run, what would be.
    pub removed: Vec<String>,
    /// Nothing was removed.
    pub dry_run: bool,
}

const VERB: &str = "evidence remove";

pub(super) fn run(arguments: &Arguments, _: &Context) -> Reply {
    match remove(arguments) {
        Ok(removed) => Reply::yes(VERB, text(&removed), removed),
        Err(told) => Reply::refusal(VERB, vec![told]).with_verdict("nothing more was removed"),
    }
}

/// All names are looked up before anything is removed.
fn remove(arguments: &Arguments) -> Result<Removed, Diagnostic> {
    let mut found = Vec::new();
    for name in &arguments.names {
        found.push(named(&arguments.model, name)?);
    }
    let paths: Vec<String> = found
        .iter()
        .map(|one| {
            one.store
                .folder()
                .join(one.name.to_string())
                .display()
                .to_string()
        })
        .collect();
    if !arguments.dry_run {
        agreed(&paths, arguments.yes)?;
        for one in &found {
            one.store
                .remove(&one.name)
                .map_err(|error| Diagnostic::of(error.code(), &error))?;
        }
    }
    Ok(Removed {
        model: arguments.model.display().to_string(),
        removed: paths,
        dry_run: arguments.dry_run,
    })
}

/// Somebody on a terminal is asked; without one, `--yes` must be there.
fn agreed(paths: &[String], yes: bool) -> Result<(), Diagnostic> {
    if yes {
        return Ok(());
    }
    let refused = |message: &str| Diagnostic::new(USAGE, message).help("--yes removes without asking");
    if !terminal::stdin_is_terminal() || !terminal::stderr_is_terminal() {
        return Err(refused(
            "nobody is there who could be asked whether to remove evidence",
        ));
    }
    for path in paths {
        terminal::say(&format!("{}\n", Shown(path)));
    }
    terminal::say("Remove? [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(refused("the answer was not yes"))
    }
}

fn text(removed: &Removed) -> String {
    let what = if removed.dry_run {
        "would remove"
    } else {
        "removed"
    };
    let lines = removed
        .removed
        .iter()
        .map(|path| format!("{what}  {}\n", Shown(path)));
    lines.collect()
}
