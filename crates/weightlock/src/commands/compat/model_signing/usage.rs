//! From words to [`Typed`], and what is said when they make no sense: four lines on standard error, the first two of
//! which name the command that was reached, and exit code 2.

use std::ffi::{OsStr, OsString};

use clap::{
    Parser as _,
    error::{ContextKind, ContextValue, ErrorKind},
};
use weightlock_artifact::text::Shown;

use super::arguments::Typed;
use crate::{exit::Exit, reply::Reply, terminal};

/// The release whose command line is reproduced.
pub(super) const REFERENCE_VERSION: &str = "1.1.1";

/// Options that release writes with hyphens; all others it writes with underscores.
const HYPHENATED: [&str; 6] = [
    "--help",
    "--ignore-git-paths",
    "--ignore-paths",
    "--log-level",
    "--no-ignore-git-paths",
    "--password-file",
];

/// Methods that exist for signing, and therefore are no model's name after `verify` either.
const METHODS: [&str; 5] = [
    "sigstore",
    "key",
    "certificate",
    "pkcs11-key",
    "pkcs11-certificate",
];

/// The answer to arguments that ask for no work.
#[derive(Debug)]
pub(super) enum Answer {
    /// Asked for: help or version.
    Told(String),
    /// A usage error with what is to be said about it.
    Wrong(String),
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Told(text) => Self::verbatim("compat", text),
            Answer::Wrong(text) => {
                terminal::say(&text);
                Self::verbatim("compat", String::new()).with_exit(Exit::Foreign(2))
            }
        }
    }
}

/// Reads the arguments.
pub(super) fn parse(arguments: &[OsString]) -> Result<Typed, Answer> {
    let reached = Reached::by(arguments);
    if has_password(arguments) {
        return Err(reached.error(
            "Option '--password' would take a secret from the command line, where every process of this machine \
             can read it. Set WEIGHTLOCK_PASSWORD or give --password-file FILE.",
        ));
    }
    let program = [OsString::from("model_signing")];
    let words = program.into_iter().chain(with_method(arguments, &reached));
    Typed::try_parse_from(words).map_err(|error| answer(&error, &reached))
}

/// Wherever it stands: a secret must not come through because it was misplaced.
fn has_password(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .take_while(|word| *word != OsStr::new("--"))
        .any(|word| {
            let word = word.to_string_lossy();
            word == "--password" || word.starts_with("--password=")
        })
}

/// How far the words lead into the tree of commands.
#[derive(Debug)]
struct Reached {
    commands: Vec<String>,
    /// Where the word after the last of them stands.
    next: usize,
}

impl Reached {
    fn by(arguments: &[OsString]) -> Self {
        let mut reached = Self {
            commands: Vec::new(),
            next: 0,
        };
        while let Some(word) = arguments.get(reached.next).and_then(|word| word.to_str()) {
            let known: &[&str] = match reached.commands.as_slice() {
                [] => &["sign", "verify", "digest"],
                [first] if first != "digest" => &METHODS,
                _ => break,
            };
            if known.contains(&word) {
                reached.commands.push(word.to_owned());
            } else if !(reached.commands.is_empty() && word.starts_with('-')) {
                break;
            } else if word == "--log-level" {
                reached.next += 1;
            }
            reached.next += 1;
        }
        reached
    }

    fn is_command(&self) -> bool {
        match self.commands.as_slice() {
            [only] => only == "digest",
            several => several.len() == 2,
        }
    }

    /// `model_signing verify key`
    fn name(&self) -> String {
        let mut name = String::from("model_signing");
        for command in &self.commands {
            name += " ";
            name += command;
        }
        name
    }

    fn error(&self, text: &str) -> Answer {
        let name = self.name();
        let rest = if self.is_command() {
            "MODEL_PATH"
        } else {
            "COMMAND [ARGS]..."
        };
        Answer::Wrong(format!(
            "Usage: {name} [OPTIONS] {rest}\nTry '{name} --help' for help.\n\nError: {}\n",
            Shown(text)
        ))
    }
}

/// A first word after `sign` or `verify` that is neither method nor option is the first argument of `sigstore`.
fn with_method(arguments: &[OsString], reached: &Reached) -> Vec<OsString> {
    let mut words = arguments.to_vec();
    let is_group = matches!(reached.commands.as_slice(), [only] if only != "digest");
    let argument = arguments.get(reached.next);
    if is_group && argument.is_some_and(|word| !word.to_string_lossy().starts_with('-')) {
        words.insert(reached.next, "sigstore".into());
    }
    words
}

fn answer(error: &clap::Error, reached: &Reached) -> Answer {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.first().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    let argument = || option(&context(ContextKind::InvalidArg));
    match error.kind() {
        ErrorKind::DisplayHelp => Answer::Told(error.render().to_string()),
        ErrorKind::DisplayVersion => Answer::Told(format!("model_signing, version {REFERENCE_VERSION}\n")),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            Answer::Wrong(error.render().to_string())
        }
        ErrorKind::MissingRequiredArgument => reached.error(&missing(error)),
        ErrorKind::UnknownArgument => {
            reached.error(&unknown(&argument(), &context(ContextKind::SuggestedArg)))
        }
        ErrorKind::InvalidSubcommand => {
            let word = context(ContextKind::InvalidSubcommand);
            reached.error(&format!("No such command '{word}'."))
        }
        ErrorKind::InvalidValue if context(ContextKind::InvalidValue).is_empty() => {
            Answer::Wrong(format!("Error: Option '{}' requires an argument.\n", argument()))
        }
        ErrorKind::InvalidValue => {
            let value = context(ContextKind::InvalidValue);
            let levels = "'debug', 'info', 'warning', 'error', 'critical'";
            reached.error(&format!(
                "Invalid value for '{}': '{value}' is not one of {levels}.",
                argument()
            ))
        }
        ErrorKind::TooManyValues => {
            Answer::Wrong(format!("Error: Option '{}' does not take a value.\n", argument()))
        }
        _ => reached.error(error.render().to_string().trim()),
    }
}

/// A missing argument is told before a missing option, and of options the first one in the order of help.
fn missing(error: &clap::Error) -> String {
    let Some(ContextValue::Strings(names)) = error.get(ContextKind::InvalidArg) else {
        return "Missing argument.".to_owned();
    };
    let model = names.iter().any(|name| name.starts_with('<'));
    match names.first() {
        Some(first) if !model => format!("Missing option '{}'.", option(first)),
        _ => "Missing argument 'MODEL_PATH'.".to_owned(),
    }
}

fn unknown(word: &str, similar: &str) -> String {
    if !word.starts_with('-') {
        return format!("Got unexpected extra argument ({word})");
    }
    let hint = if similar.is_empty() {
        String::new()
    } else {
        format!(" Did you mean '{}'?", option(similar))
    };
    format!("No such option '{word}'.{hint}")
}

/// The name of an option in the reference's spelling, without its value.
fn option(shown: &str) -> String {
    let name = shown.split([' ', '=']).next().unwrap_or_default();
    match name.strip_prefix("--") {
        Some(bare) if !HYPHENATED.contains(&name) => match bare.strip_prefix("no-") {
            Some(positive) => format!("--no-{}", positive.replace('-', "_")),
            None => format!("--{}", bare.replace('-', "_")),
        },
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::compat::model_signing::arguments::{Command, LogLevel, SignMethod, VerifyMethod};

    fn typed(line: &str) -> Result<Typed, Answer> {
        let words = std::iter::once("x")
            .chain(line.split_whitespace())
            .map(OsString::from);
        parse(&crate::spelling::with_hyphens(words.collect())[1..])
    }

    fn wrong(line: &str) -> String {
        match typed(line).expect_err(line) {
            Answer::Wrong(text) => text,
            Answer::Told(text) => panic!("{line}: {text}"),
        }
    }

    #[test]
    fn both_spellings_before_and_after_the_model() {
        for line in [
            "verify key --public_key k --signature s --ignore-paths a m --ignore_paths=b --allow_symlinks",
            "--log-level Error verify key m --public-key=x --public-key=k --signature=s --ignore-paths a \
             --ignore-paths b --allow-symlinks --allow-symlinks",
        ] {
            let typed = typed(line).unwrap_or_else(|answer| panic!("{line}: {answer:?}"));
            let Command::Verify(verify) = typed.command else {
                panic!("{line}")
            };
            let VerifyMethod::Key(key) = verify.method else {
                panic!("{line}")
            };
            assert_eq!(key.public_key.to_str(), Some("k"));
            assert_eq!(key.from.selection.model.to_str(), Some("m"));
            assert_eq!(key.from.selection.ignore_paths.len(), 2, "{line}");
            assert!(key.from.selection.allow_symlinks && key.from.selection.ignores_git());
        }
    }

    #[test]
    fn the_last_of_two_opposite_flags_wins() {
        for (flags, ignores) in [
            ("", true),
            ("--no-ignore-git-paths", false),
            ("--no-ignore-git-paths --ignore-git-paths", true),
            ("--ignore-git-paths --no-ignore-git-paths", false),
        ] {
            let typed = typed(&format!("digest {flags} m")).unwrap();
            let Command::Digest(digest) = typed.command else {
                panic!()
            };
            assert_eq!(digest.selection.ignores_git(), ignores, "{flags}");
            assert_eq!(typed.log_level, LogLevel::Info);
        }
    }

    #[test]
    fn without_a_method_it_is_sigstore() {
        assert!(wrong("verify m").ends_with("Error: Missing option '--signature'.\n"));
        let Ok(Typed {
            command: Command::Sign(sign),
            ..
        }) = typed("--log-level debug sign bogus")
        else {
            panic!("not signing")
        };
        assert!(matches!(sign.method, SignMethod::Sigstore(_)));
    }

    #[test]
    fn errors_name_the_command_and_the_option() {
        for (line, name, error) in [
            (
                "verify key",
                "verify key [OPTIONS] MODEL_PATH",
                "Missing argument 'MODEL_PATH'.",
            ),
            (
                "verify key m",
                "verify key [OPTIONS] MODEL_PATH",
                "Missing option '--signature'.",
            ),
            (
                "verify key m --signature s",
                "verify key [OPTIONS] MODEL_PATH",
                "Missing option '--public_key'.",
            ),
            (
                "sign certificate m",
                "sign certificate [OPTIONS] MODEL_PATH",
                "Missing option '--private_key'.",
            ),
            (
                "sign pkcs11-key --bogus m",
                "sign pkcs11-key [OPTIONS] MODEL_PATH",
                "No such option '--bogus'.",
            ),
            (
                "digest a b",
                "digest [OPTIONS] MODEL_PATH",
                "Got unexpected extra argument (b)",
            ),
            ("bogus", "[OPTIONS] COMMAND [ARGS]...", "No such command 'bogus'."),
            (
                "verify pkcs11-key m",
                "verify pkcs11-key [OPTIONS] MODEL_PATH",
                "No such command 'pkcs11-key'.",
            ),
            (
                "--log-level CHATTY digest m",
                "digest [OPTIONS] MODEL_PATH",
                "Invalid value for '--log-level': 'CHATTY' is not one of 'debug', 'info', 'warning', 'error', \
                 'critical'.",
            ),
        ] {
            let told = wrong(line);
            let lines: Vec<_> = told.lines().collect();
            assert_eq!(lines[0], format!("Usage: model_signing {name}"), "{line}");
            assert!(lines[1].starts_with("Try 'model_signing"), "{line}");
            assert_eq!(
                (lines[2], lines[3]),
                ("", format!("Error: {error}").as_str()),
                "{line}"
            );
        }
    }

    #[test]
    fn values_too_few_and_too_many() {
        assert_eq!(
            wrong("verify key m --signature"),
            "Error: Option '--signature' requires an argument.\n"
        );
        assert_eq!(
            wrong("digest m --allow-symlinks=yes"),
            "Error: Option '--allow_symlinks' does not take a value.\n"
        );
    }

    #[test]
    fn a_secret_in_the_arguments_is_refused_and_not_repeated() {
        for line in [
            "sign key --private_key k --password hunter2 m",
            "sign key --private_key k --password=hunter2 m",
            "sign --password=hunter2",
        ] {
            let told = wrong(line);
            assert!(
                told.contains("--password-file") && !told.contains("hunter2"),
                "{told}"
            );
        }
    }

    #[test]
    fn help_and_version_are_answers() {
        let told = |line| match typed(line) {
            Err(Answer::Told(text)) => text,
            other => panic!("{other:?}"),
        };
        assert!(told("--version").starts_with("model_signing, version 1.1.1\n"));
        assert!(told("verify key --help").contains("--public-key"));
        assert!(told("-h").contains("sign"));
        assert!(wrong("").contains("Usage:") && wrong("sign").contains("Usage:"));
    }
}
