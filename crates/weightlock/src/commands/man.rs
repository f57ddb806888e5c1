//! `weightlock man`: manual pages, made from the parser's own definition, so that they cannot drift from it.

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    Error,
    write::{Existing, write_whole},
};

use crate::{
    cli::Cli,
    diagnostic::Diagnostic,
    explanations::USAGE,
    nearest,
    reply::Reply,
    text::{Shown, counted},
};

const VERB: &str = "man";

/// Print a manual page, or write them all.
///
/// Read one with: weightlock man verify | man -l -
#[derive(Args, Debug)]
pub struct Arguments {
    /// The verb, such as `verify` or `key generate`; without one, the page of the whole program
    #[arg(value_name = "VERB", conflicts_with = "all")]
    verb: Vec<String>,
    /// Write the page of every verb, replacing older ones
    #[arg(long, requires = "output")]
    all: bool,
    /// Folder for the pages; it must exist
    #[arg(short, long, value_name = "FOLDER", requires = "all")]
    output: Option<PathBuf>,
    /// Say what would be written, and write nothing
    #[arg(long, requires = "all")]
    dry_run: bool,
}

/// The result in JSON, with --all.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// The files written, or with --dry-run those that would be.
    pub written: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Reply {
    let done = match &arguments.output {
        Some(folder) => write(folder, arguments.dry_run),
        None => print(&arguments.verb),
    };
    done.unwrap_or_else(|told| (VERB, told).into())
}

/// Every page: its name, such as `weightlock-key-generate`, and its text.
#[must_use]
pub fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let mut waiting = vec![parser()];
    while let Some(command) = waiting.pop() {
        waiting.extend(shown(&command).cloned());
        pages.push((page_name(&command), page(command)));
    }
    pages.sort();
    pages
}

/// The parser with every flag and name in its place.
fn parser() -> Command {
    let mut parser = Cli::command();
    parser.build();
    parser
}

/// The verbs below a verb that have a page.
fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set() && below.get_name() != "help")
}

fn page_name(command: &Command) -> String {
    command
        .get_bin_name()
        .unwrap_or(command.get_name())
        .replace(' ', "-")
}

fn page(command: Command) -> String {
    let name = page_name(&command);
    let mut page = Vec::new();
    let manual = clap_mangen::Man::new(command.display_name(name.clone()))
        .title(name.to_uppercase())
        .source(concat!("weightlock ", env!("CARGO_PKG_VERSION")))
        .manual("Weightlock");
    match manual.render(&mut page) {
        Ok(()) => String::from_utf8_lossy(&page).into_owned(),
        // Writing into memory cannot fail.
        Err(_) => String::new(),
    }
}

fn print(verb: &[String]) -> Result<Reply, Diagnostic> {
    let mut command = parser();
    for word in verb {
        let below = shown(&command).find(|below| below.get_name() == word).cloned();
        command = below.ok_or_else(|| unknown(word, &command))?;
    }
    Ok(Reply::verbatim(VERB, page(command)))
}

fn unknown(word: &str, command: &Command) -> Diagnostic {
    let told = Diagnostic::new(USAGE, format!("there is no verb {word:?}"));
    match nearest::of(word, shown(command).map(Command::get_name)) {
        Some(near) => told.help(format!("weightlock man {near}")),
        None => told.help("weightlock help"),
    }
}

fn write(folder: &Path, dry_run: bool) -> Result<Reply, Diagnostic> {
    folder
        .read_dir()
        .map_err(|source| Error::io("open", folder, source))?;
    let mut written = Vec::new();
    for (name, page) in pages() {
        let path = folder.join(format!("{name}.1"));
        if !dry_run {
            write_whole(&path, page.as_bytes(), 0o644, Existing::Replaced)?;
        }
        written.push(path.display().to_string());
    }
    let text = format!(
        "{} {} to {}\n",
        if dry_run { "would write" } else { "wrote" },
        counted(written.len(), "page"),
        Shown(&folder.display().to_string())
    );
    Ok(Reply::yes(VERB, text, Pages { written }))
}
