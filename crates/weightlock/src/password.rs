//! Passwords: from a file, standard input, the environment or a person. Never from the command line.

use std::{
    io::{self, Read},
    path::Path,
};

use weightlock_signing::key::Password;
use zeroize::Zeroizing;

use crate::{
    cli::PasswordFlags,
    diagnostic::Diagnostic,
    environment::{self, Variable},
    explanations, terminal,
};

/// A password longer than this is a mistake, such as naming the wrong file.
const MAX_BYTES: u64 = 4096;

/// Variables that hold a password, the first one set wins. An empty one is an empty password.
const VARIABLES: [Variable; 2] = [environment::PASSWORD, environment::COSIGN_PASSWORD];

/// The password of an existing key.
pub(crate) fn existing(flags: &PasswordFlags, of: &str) -> Result<Password, Diagnostic> {
    match given(flags)? {
        Some(password) => Ok(password),
        None if flags.never_asked => Err(nobody_to_ask()),
        None => ask(&format!("Password of {of}: ")).map(|text| Password::new(text.as_bytes())),
    }
}

/// The password of a new key: asked for twice on a terminal. An empty one protects nothing, and is more often a secret
/// that a job failed to set than a wish.
pub(crate) fn new(flags: &PasswordFlags, of: &str) -> Result<Password, Diagnostic> {
    let password = match given(flags)? {
        Some(password) => password,
        None => ask_twice(of)?,
    };
    if password.as_bytes().is_empty() {
        return Err(Diagnostic::new(
            explanations::NO_PASSWORD,
            "the password is empty and would protect nothing",
        )
        .help("give a password, or say that you want none with --unencrypted"));
    }
    Ok(password)
}

fn ask_twice(of: &str) -> Result<Password, Diagnostic> {
    let first = ask(&format!("New password of {of}: "))?;
    let second = ask("The same again: ")?;
    if first == second {
        Ok(Password::new(first.as_bytes()))
    } else {
        Err(
            Diagnostic::new(explanations::NO_PASSWORD, "the two passwords differ")
                .help("run the command again"),
        )
    }
}

/// The password that flags or environment name, if they do. Nobody is asked.
pub(crate) fn given(flags: &PasswordFlags) -> Result<Option<Password>, Diagnostic> {
    if let Some(path) = &flags.password_file {
        return from_file(path).map(Some);
    }
    let variable = VARIABLES.into_iter().find_map(Variable::value);
    Ok(variable.map(|value| Password::new(std::os::unix::ffi::OsStringExt::into_vec(value))))
}

fn from_file(path: &Path) -> Result<Password, Diagnostic> {
    let failed =
        |source| Diagnostic::from(weightlock_artifact::Error::io("read password from", path, source));
    let read = if path == Path::new("-") {
        first_line(io::stdin().lock())
    } else {
        weightlock_artifact::input::open(path).and_then(first_line)
    };
    read.map(|line| Password::new(line.as_slice())).map_err(failed)
}

fn first_line(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    source.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the first line is too long for a password",
        ));
    }
    Ok(Zeroizing::new(line.to_vec()))
}

fn nobody_to_ask() -> Diagnostic {
    Diagnostic::new(
        explanations::NO_PASSWORD,
        "the key needs a password, and there is no terminal to ask on",
    )
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Diagnostic> {
    if !terminal::stdin_is_terminal() {
        return Err(nobody_to_ask());
    }
    match rpassword::prompt_password(prompt) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(source) => {
            Err(weightlock_artifact::Error::io("ask for password on", Path::new("/dev/tty"), source).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_first_line_only() {
        for (text, password) in [
            ("secret\n", "secret"),
            ("secret", "secret"),
            ("a b\r\nmore", "a b"),
            ("", ""),
            ("\nx", ""),
        ] {
            assert_eq!(
                first_line(text.as_bytes()).unwrap().as_slice(),
                password.as_bytes(),
                "{text:?}"
            );
        }
        assert!(first_line("x".repeat(5000).as_bytes()).is_err());
    }
}
