//! Flags in both spellings: `--ignore_paths` is read as `--ignore-paths`. Values, and everything after `--`, stay.
//! And flags misspelt: the parser suggests long ones by itself, and short ones with our help.

use clap::{
    CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
};

use crate::{cli::Cli, nearest};

/// Adds the flag that was meant to a refusal of one that is unknown, where the parser found none.
pub(crate) fn suggest(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument || error.get(ContextKind::SuggestedArg).is_some() {
        return error;
    }
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let mut command = Cli::command();
    command.build();
    for word in arguments.iter().filter_map(|word| word.to_str()) {
        command = command.find_subcommand(word).cloned().unwrap_or(command);
    }
    let shown = command.get_arguments().filter(|flag| !flag.is_hide_set());
    let flags = shown.filter_map(|flag| Some(format!("--{}", flag.get_long()?)));
    if let Some(near) = nearest::of(typed, flags) {
        error.insert(ContextKind::SuggestedArg, ContextValue::String(near));
        // It would be about passing the typo on as a value.
        error.remove(ContextKind::Suggested);
    }
    error
}

/// The arguments with hyphens in the names of flags.
pub(crate) fn with_hyphens(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut verbatim = false;
    arguments
        .into_iter()
        .map(|argument| {
            verbatim |= argument == OsStr::new("--");
            if verbatim {
                argument
            } else {
                flag_with_hyphens(argument)
            }
        })
        .collect()
}

fn flag_with_hyphens(argument: OsString) -> OsString {
    let bytes = argument.as_bytes();
    if !bytes.starts_with(b"--") {
        return argument;
    }
    let name = bytes.iter().position(|byte| *byte == b'=').unwrap_or(bytes.len());
    let mut bytes = argument.into_vec();
    bytes
        .iter_mut()
        .take(name)
        .filter(|byte| **byte == b'_')
        .for_each(|byte| *byte = b'-');
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_flags_change() {
        let given = [
            "x_y",
            "--ignore_paths=a_b",
            "--allow_symlinks",
            "-a_b",
            "--",
            "--a_b",
        ];
        let read = with_hyphens(given.into_iter().map(OsString::from).collect());
        assert_eq!(
            read,
            [
                "x_y",
                "--ignore-paths=a_b",
                "--allow-symlinks",
                "-a_b",
                "--",
                "--a_b"
            ]
        );
    }
}
