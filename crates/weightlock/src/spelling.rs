//! Flags in both spellings: `--ignore_paths` is read as `--ignore-paths`. Values, and everything after `--`, stay.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
};

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
