//! `weightlock compat picklescan …`: the command line of picklescan.
//!
//! Its arguments ([`arguments`]), its lines on standard output, and its exit codes: 0 clean, 1 dangerous, 2 error. What
//! is dangerous is decided by our rules. It has no word for what nobody could read; here that is an error. See
//! `docs/compat/picklescan.md`.

mod arguments;
mod lines;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{self, Path, PathBuf},
};

use weightlock_scan::{Profile, Report, Severity, engine, imports::Grade, listing};

use self::{
    arguments::{Answer, Filter, Typed},
    lines::Summary,
};
use super::peer::{Level, refused, told};
use crate::{
    commands::scan, context::Context, diagnostic::Diagnostic, explanations::USAGE, reply::Reply,
    sources::Source, terminal, text::Shown,
};

/// Dangerous.
const DANGEROUS: u8 = 1;
/// Wrong arguments, something that could not be read, nothing to read.
const ERROR: u8 = 2;

pub(super) fn run(words: &[OsString], context: &Context) -> Reply {
    match arguments::parse(words) {
        Ok(typed) => answer(&typed, context),
        Err(Answer::Told(text)) => told(text, 0),
        Err(Answer::Wrong(text)) => {
            terminal::say(&text);
            told(String::new(), ERROR)
        }
    }
}

fn answer(typed: &Typed, context: &Context) -> Reply {
    if let Some(reason) = needs_network(typed) {
        return refused(&reason, context.err, ERROR);
    }
    let failed = |why: String| {
        let line = format!("ERROR: {why}\n");
        told(
            if typed.level() <= Level::Error {
                line
            } else {
                String::new()
            },
            ERROR,
        )
    };
    let Some(path) = &typed.path else {
        return failed("Command line must include either a path, a URL, or a Hugging Face model".to_owned());
    };
    let path = path::absolute(path).unwrap_or_else(|_| path.clone());
    if path.symlink_metadata().is_err() {
        return failed(format!("Path {} does not exist", Shown(&path.to_string_lossy())));
    }
    match examine(&path, typed, context) {
        Ok(report) => {
            let globals = if typed.globals {
                imported(&report)
            } else {
                BTreeMap::new()
            };
            let summary = Summary::of(&report, typed.strict, globals);
            told(summary.text(typed.level()), number(&report))
        }
        Err(reason) => refused(&reason, context.err, ERROR),
    }
}

/// What would have to be downloaded first.
fn needs_network(typed: &Typed) -> Option<Diagnostic> {
    let flag = match (&typed.url, &typed.huggingface) {
        (Some(_), _) => "--url",
        (_, Some(_)) => "--huggingface",
        (None, None) => return None,
    };
    Some(
        Diagnostic::new(
            USAGE,
            format!("{flag} asks for a download, and this version opens no connection"),
        )
        .help("download the model with your own tool, then:  weightlock compat picklescan --path FOLDER"),
    )
}

fn examine(path: &Path, typed: &Typed, context: &Context) -> Result<Report, Diagnostic> {
    let filter = Filter::new(typed, path);
    let judged = if typed.strict {
        (Profile::Strict, Severity::Low)
    } else {
        (Profile::Default, Severity::Medium)
    };
    scan::of_path(path, &|file| filter.wants(file), judged, context)
}

/// A finding wins over what could not be read, so that no error hides it.
fn number(report: &Report) -> u8 {
    if report.totals().failing > 0 {
        DANGEROUS
    } else if report.files.is_empty() || !report.is_complete() {
        ERROR
    } else {
        0
    }
}

/// The names that all pickles of all files import. What cannot be read adds none; the report says that it is unread.
fn imported(report: &Report) -> BTreeMap<String, Grade> {
    let mut names = BTreeMap::new();
    let settings = weightlock_scan::Settings::default();
    for file in &report.files {
        let source = Source::named(&PathBuf::from(&file.file));
        let Some(content) = source.ok().and_then(|source| scan::opened(&source).ok()) else {
            continue;
        };
        engine::visit(&file.file, content, &settings, &mut |subject, format| {
            if subject.is_pickle(format)
                && let Ok(more) = listing::imports(&subject.content, &settings.limits)
            {
                names.extend(more);
            }
        });
    }
    names
}
