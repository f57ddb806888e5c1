//! `weightlock digest --check LIST`: the files that a list names, against the digests that it says.
//!
//! The answer is about bytes only. Whoever could change a file could often change the list beside it; so the word
//! for success is `OK`, as other tools have it, and the last line says what that does not mean.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    Error,
    digest::{Algorithm, engine::Want},
    error::NOT_FOUND,
};

use super::{
    Answer, Digests, VERB,
    list::{self, Line, ListError, MAX_BYTES},
};
use crate::{
    cli::Hashing,
    context::Context,
    diagnostic::Diagnostic,
    explanations::{DIGEST_LIST, DIGEST_MISMATCH},
    reply::Reply,
    sources::{self, Hashed, Source},
    text::{Shown, counted},
};

/// What became of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckedList {
    /// The list as typed.
    pub list: String,
    /// What the check says: always `integrity-only`, for a list does not say who made it.
    pub proves: String,
    /// The files, in the order of the list.
    pub files: Vec<CheckedFile>,
}

/// What became of one file of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckedFile {
    /// The name in the list.
    pub name: String,
    /// Whether its digest is the listed one.
    pub answer: Match,
    /// The listed digest, in hexadecimal digits.
    pub expected: String,
    /// The digest of the file as it is, where it could be read.
    pub found: Option<String>,
    /// Why the file could not be read.
    pub error: Option<String>,
    /// The file was not read: an earlier run remembered the digest and the file was not touched since.
    pub from_cache: bool,
}

/// Whether a file has its listed digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Match {
    /// It has.
    Ok,
    /// It has another.
    Differs,
    /// There is no such file.
    Missing,
    /// It is there and cannot be read, or is no file.
    Unreadable,
}

impl Match {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Differs => "DIFFERS",
            Self::Missing => "MISSING",
            Self::Unreadable => "UNREADABLE",
        }
    }
}

pub(super) fn run(path: &Path, algorithm: Algorithm, flags: &Hashing, context: &Context) -> Answer {
    let lines = read(path, algorithm)?;
    let opened: Vec<Result<Source, Error>> = lines
        .iter()
        .map(|line| Source::named(Path::new(&line.name)))
        .collect();
    let readable: Vec<Source> = opened
        .iter()
        .filter_map(|source| source.as_ref().ok().cloned())
        .collect();
    let mut hashed = sources::hash(&readable, algorithm, Want::Whole, flags, context)?.into_iter();
    let files = lines
        .iter()
        .zip(opened)
        .map(|(line, source)| judge(line, source.map(|_| hashed.next())))
        .collect();
    let checked = CheckedList {
        list: path.to_string_lossy().into_owned(),
        proves: "integrity-only".to_owned(),
        files,
    };
    Ok(reply(checked, algorithm))
}

fn judge(line: &Line, found: Result<Option<Hashed>, Error>) -> CheckedFile {
    let mut file = CheckedFile {
        name: line.name.clone(),
        answer: Match::Unreadable,
        expected: line.digest.hex(),
        found: None,
        error: None,
        from_cache: false,
    };
    match found {
        Ok(Some(hashed)) => {
            file.answer = if hashed.digest == line.digest {
                Match::Ok
            } else {
                Match::Differs
            };
            file.found = Some(hashed.digest.hex());
            file.from_cache = hashed.from_cache;
        }
        Ok(None) => {}
        Err(error) => {
            if error.code() == NOT_FOUND {
                file.answer = Match::Missing;
            }
            file.error = Some(reason(&error));
        }
    }
    file
}

/// An error with the system's own words.
fn reason(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn reply(checked: CheckedList, algorithm: Algorithm) -> Reply {
    let all = checked.files.len();
    let mut text: String = checked.files.iter().map(line).collect();
    let wrong: Vec<&CheckedFile> = checked
        .files
        .iter()
        .filter(|file| file.answer != Match::Ok)
        .collect();
    let refusal = mismatch(&wrong, all);
    let good = wrong.is_empty();
    if good {
        text += &format!(
            "{} as listed: integrity only, the list does not say who made it\n",
            counted(all, "file")
        );
    }
    let result = Digests {
        algorithm: algorithm.to_string(),
        check: Some(checked),
        ..Digests::default()
    };
    if good {
        Reply::yes(VERB, text, result)
    } else {
        Reply::refusal(VERB, vec![refusal])
            .with_text(text)
            .with_result(result)
    }
}

fn line(file: &CheckedFile) -> String {
    let cached = if file.from_cache { " (from cache)" } else { "" };
    let why = match (&file.error, file.answer) {
        (Some(error), Match::Unreadable) => format!(" ({})", Shown(error)),
        _ => String::new(),
    };
    format!("{}: {}{cached}{why}\n", Shown(&file.name), file.answer.word())
}

fn mismatch(wrong: &[&CheckedFile], all: usize) -> Diagnostic {
    let count = |answer| wrong.iter().filter(|file| file.answer == answer).count();
    let parts = [
        (count(Match::Differs), "differ"),
        (count(Match::Missing), "are missing"),
        (count(Match::Unreadable), "cannot be read"),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let told = Diagnostic::new(
        DIGEST_MISMATCH,
        format!("of {} listed, {}", counted(all, "file"), said.join(", ")),
    );
    let told = match wrong {
        [
            CheckedFile {
                name,
                expected,
                found: Some(found),
                ..
            },
        ] => told.at(name).fact("expected", expected).fact("found", found),
        _ => told,
    };
    told.note("the list proves integrity only: it does not say who made it")
}

fn read(path: &Path, algorithm: Algorithm) -> Result<Vec<Line>, Diagnostic> {
    let text = bytes(path)?;
    list::parse(&text, algorithm).map_err(|error| {
        let told = Diagnostic::of(DIGEST_LIST, &error).at(sources::shown(path));
        match error {
            ListError::Line { .. } => {
                told.help("name the algorithm that made the list: --algorithm NAME; or mend the line")
            }
            _ => told,
        }
    })
}

/// At most one byte more than is accepted, from a file or standard input.
fn bytes(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let failed = |error: io::Error| {
        let shown = if path == Path::new("-") {
            PathBuf::from("standard input")
        } else {
            path.to_owned()
        };
        // A list that cannot be read checks nothing: no answer, like an empty one.
        let error = Error::io("read", &shown, error);
        Diagnostic::of(DIGEST_LIST, &error).at(sources::shown(&shown))
    };
    let mut text = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut text))
    }
    .map_err(failed)?;
    Ok(text)
}
