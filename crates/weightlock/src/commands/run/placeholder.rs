//! `{NAME}` and `{NAME:FILE}` in the arguments of a program.
//!
//! ```text
//! placeholder = "{" name [ ":" file ] "}"       ; file: a path below the model
//! name        = 1*( letter / digit / "-" / "_" )
//! ```
//!
//! Braces that name no model are the program's own and stay as they are.

use std::{
    ffi::{OsStr, OsString},
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::ffi::{OsStrExt as _, OsStringExt as _},
    },
    path::PathBuf,
};

use weightlock_artifact::path::ArtifactPath;
use weightlock_runtime::view::Frozen as _;

use super::Ready;
use crate::{diagnostic::Diagnostic, explanations::USAGE, nearest};

/// Whether a text may stand for a model.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.bytes().all(plain)
}

/// A part of an argument.
#[derive(PartialEq, Eq, Debug)]
enum Piece<'a> {
    Text(&'a [u8]),
    /// A model, or a file of it.
    Model {
        name: &'a str,
        file: Option<&'a str>,
    },
}

/// Takes an argument apart. What is between braces is a placeholder if it has the form of one.
fn pieces(argument: &OsStr) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = argument.as_bytes();
    while let Some(open) = rest.iter().position(|&byte| byte == b'{') {
        let (before, from) = rest.split_at(open);
        let inner = from
            .iter()
            .position(|&byte| byte == b'}')
            .and_then(|close| from.get(1..close));
        let model = inner
            .and_then(|inner| std::str::from_utf8(inner).ok())
            .and_then(placeholder);
        let taken = match (&model, inner) {
            (Some(_), Some(inner)) => inner.len() + 2,
            _ => 1,
        };
        match model {
            Some(model) => pieces.extend([Piece::Text(before), model]),
            None => pieces.push(Piece::Text(rest.get(..open + 1).unwrap_or_default())),
        }
        rest = from.get(taken..).unwrap_or_default();
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn placeholder(inner: &str) -> Option<Piece<'_>> {
    let (name, file) = match inner.split_once(':') {
        Some((name, file)) => (name, Some(file)),
        None => (inner, None),
    };
    is_name(name).then_some(Piece::Model { name, file })
}

/// The files that a command names.
#[derive(Debug)]
pub(super) struct Placeholders<'a> {
    /// Models by name, and files of them.
    files: Vec<(&'a str, &'a str)>,
}

impl<'a> Placeholders<'a> {
    /// Refuses a model that the command does not mention: the program would read something else.
    pub(super) fn find(command: &'a [OsString], models: &[(PathBuf, String)]) -> Result<Self, Diagnostic> {
        let mut used = Vec::new();
        let mut files = Vec::new();
        for piece in command.iter().flat_map(|argument| pieces(argument)) {
            if let Piece::Model { name, file } = piece {
                used.push(name);
                files.extend(file.map(|file| (name, file)));
            }
        }
        let Some((path, name)) = models.iter().find(|(_, name)| !used.contains(&name.as_str())) else {
            files.retain(|(name, _)| models.iter().any(|(_, known)| known == name));
            return Ok(Self { files });
        };
        let told = Diagnostic::new(
            USAGE,
            format!(
                "the command does not mention {{{name}}}, so the program would not read {} as it was verified",
                path.display()
            ),
        )
        .help(format!("weightlock run … -- PROGRAM --model {{{name}}}"));
        let meant = nearest::of(name, used.iter().copied());
        Err(match meant {
            Some(meant) => told.note(format!("did you mean it by {{{meant}}}?")),
            None => told,
        })
    }

    /// Refuses files that are not in their model.
    pub(super) fn check(&self, models: &[Ready]) -> Result<(), Diagnostic> {
        for (name, file) in &self.files {
            let model = models.iter().find(|model| model.name == *name);
            if let Some(model) = model.filter(|model| sealed(model, file).is_none()) {
                let names = model
                    .loaded
                    .view()
                    .guarded()
                    .files()
                    .keys()
                    .map(ArtifactPath::as_str);
                let told = Diagnostic::new(
                    USAGE,
                    format!("the signature of {{{name}}} covers no file {file:?}"),
                );
                return Err(match nearest::of(file, names) {
                    Some(meant) => told.help(format!("{{{name}:{meant}}}")),
                    None => told,
                });
            }
        }
        Ok(())
    }
}

fn sealed<'a>(model: &'a Ready, file: &str) -> Option<&'a weightlock_runtime::sealed::Sealed> {
    let path = ArtifactPath::parse(file).ok()?;
    model.loaded.view().guarded().files().get(&path)
}

/// An argument with paths in the place of what stands for models.
pub(super) fn fill(argument: &OsStr, models: &[Ready]) -> OsString {
    let mut filled = Vec::new();
    for piece in pieces(argument) {
        match piece {
            Piece::Text(text) => filled.extend_from_slice(text),
            Piece::Model { name, file } => match (models.iter().find(|model| model.name == name), file) {
                (Some(model), None) => {
                    filled.extend_from_slice(model.loaded.view().path().as_os_str().as_bytes())
                }
                (Some(model), Some(file)) => {
                    let number = sealed(model, file).map_or(-1, weightlock_runtime::sealed::Sealed::number);
                    filled.extend_from_slice(format!("/proc/self/fd/{number}").as_bytes());
                }
                (None, None) => filled.extend_from_slice(format!("{{{name}}}").as_bytes()),
                (None, Some(file)) => filled.extend_from_slice(format!("{{{name}:{file}}}").as_bytes()),
            },
        }
    }
    OsString::from_vec(filled)
}

/// The descriptors that a command names by `{NAME:FILE}`.
pub(super) fn inherited<'a>(command: &[OsString], models: &'a [Ready]) -> Vec<BorrowedFd<'a>> {
    let mut inherited = Vec::new();
    for piece in command.iter().flat_map(|argument| pieces(argument)) {
        if let Piece::Model {
            name,
            file: Some(file),
        } = piece
            && let Some(model) = models.iter().find(|model| model.name == name)
            && let Some(sealed) = sealed(model, file)
        {
            inherited.push(sealed.as_fd());
        }
    }
    inherited
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model<'a>(name: &'a str, file: Option<&'a str>) -> Piece<'a> {
        Piece::Model { name, file }
    }

    #[test]
    fn placeholders_are_told_from_braces() {
        let text = |text: &'static str| Piece::Text(text.as_bytes());
        let taken = |argument: &'static str| pieces(OsStr::new(argument));
        assert_eq!(taken("{m}"), [text(""), model("m", None), text("")]);
        assert_eq!(
            taken("--model={base}/w.gguf"),
            [text("--model="), model("base", None), text("/w.gguf")]
        );
        assert_eq!(
            taken("{m:a/b.bin}{n}"),
            [
                text(""),
                model("m", Some("a/b.bin")),
                text(""),
                model("n", None),
                text("")
            ]
        );
        for plain in [
            "",
            "{",
            "}",
            "{}",
            "{{",
            "{\"a\": 1}",
            "{a b}",
            "${x",
            "{:f}",
            "a}b{",
        ] {
            let whole: Vec<u8> = taken(plain)
                .into_iter()
                .flat_map(|piece| match piece {
                    Piece::Text(text) => text.to_vec(),
                    Piece::Model { .. } => panic!("{plain} holds no placeholder"),
                })
                .collect();
            assert_eq!(whole, plain.as_bytes());
        }
        assert_eq!(taken("{{m}}"), [text("{"), text(""), model("m", None), text("}")]);
    }

    #[test]
    fn a_command_must_mention_every_model() {
        let models = [(PathBuf::from("./a"), "base".to_owned())];
        let command = |argument: &str| [OsString::from("x"), OsString::from(argument)];
        assert!(Placeholders::find(&command("{base}"), &models).is_ok());
        assert!(Placeholders::find(&command("{base:w.bin}"), &models).is_ok());
        assert!(Placeholders::find(&command("./a"), &models).is_err());
        assert!(Placeholders::find(&command("{bass}"), &models).is_err());
    }
}
