//! picklescan's arguments, release 1.0.5, and its two lines about a usage error.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use clap::{
    CommandFactory as _, Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use regex::Regex;
use weightlock_artifact::text::Shown;

use super::super::peer::{LEVELS, Level};

/// Scan files and folders as `picklescan` does, with the rules of `weightlock scan`.
#[derive(Parser, Debug)]
#[command(
    name = "picklescan",
    disable_version_flag = true,
    disable_help_subcommand = true,
    args_override_self = true,
    infer_long_args = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 clean, 1 something dangerous, 2 an error, or not everything could be read."
)]
pub(super) struct Typed {
    /// Path to the file or folder to scan
    #[arg(short, long, value_name = "PATH", conflicts_with_all = ["url", "huggingface"])]
    pub(super) path: Option<PathBuf>,
    /// Refused: nothing is downloaded
    #[arg(short, long, value_name = "URL", conflicts_with = "huggingface")]
    pub(super) url: Option<String>,
    /// Refused: nothing is downloaded; also -hf
    #[arg(long, value_name = "HUGGINGFACE_MODEL")]
    pub(super) huggingface: Option<String>,
    /// List all names that pickles import
    #[arg(short, long)]
    pub(super) globals: bool,
    /// Only plain values, tensors and arrays pass; low findings are dangerous too
    #[arg(long)]
    pub(super) strict: bool,
    /// Leave out files whose path matches; repeatable
    #[arg(long, value_name = "REGEX", action = clap::ArgAction::Append)]
    exclude: Vec<Regex>,
    /// Scan only files whose path matches; repeatable
    #[arg(long, value_name = "REGEX", action = clap::ArgAction::Append)]
    include: Vec<Regex>,
    /// Leave out folders whose path matches; repeatable
    #[arg(long, value_name = "REGEX", action = clap::ArgAction::Append)]
    exclude_dir: Vec<Regex>,
    /// Enter only folders whose path matches; repeatable
    #[arg(long, value_name = "REGEX", action = clap::ArgAction::Append)]
    include_dir: Vec<Regex>,
    /// Level of messages to show [default: INFO]
    #[arg(short, long, value_name = "LEVEL")]
    log: Option<Level>,
}

impl Typed {
    pub(super) fn level(&self) -> Level {
        self.log.unwrap_or(Level::Info)
    }
}

/// The answer to arguments that ask for no work.
#[derive(Debug)]
pub(super) enum Answer {
    /// Help.
    Told(String),
    /// A usage error.
    Wrong(String),
}

/// Reads the arguments.
pub(super) fn parse(words: &[OsString]) -> Result<Typed, Answer> {
    // Its parser knows names of several letters behind one hyphen; ours does not.
    let known = words.iter().map(|word| match word {
        word if word == OsStr::new("-hf") => OsString::from("--huggingface"),
        word => word.clone(),
    });
    Typed::try_parse_from([OsString::from("picklescan")].into_iter().chain(known)).map_err(
        |error| match error.kind() {
            ErrorKind::DisplayHelp => Answer::Told(error.render().to_string()),
            _ => Answer::Wrong(wrong(&error)),
        },
    )
}

fn wrong(error: &clap::Error) -> String {
    let usage = Typed::command().render_usage().to_string();
    let usage = usage.strip_prefix("Usage:").unwrap_or(&usage).trim();
    format!("usage: {usage}\npicklescan: error: {}\n", Shown(&reason(error)))
}

fn reason(error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.first().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    let flag = |kind| {
        let shown: String = context(kind);
        named(shown.split(' ').next().unwrap_or_default())
    };
    let argument = flag(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => format!("unrecognized arguments: {}", context(ContextKind::InvalidArg)),
        ErrorKind::InvalidValue if value.is_empty() => format!("argument {argument}: expected one argument"),
        ErrorKind::InvalidValue => {
            format!("argument {argument}: invalid choice: '{value}' (choose from {LEVELS})")
        }
        ErrorKind::ValueValidation => {
            format!("argument {argument}: {value:?} is no regular expression that is supported here")
        }
        ErrorKind::ArgumentConflict => {
            let other = flag(ContextKind::PriorArg);
            format!("argument {argument}: not allowed with argument {other}")
        }
        _ => error.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}

/// `-p/--path`, as its parser names a flag.
fn named(long: &str) -> String {
    let short = match long {
        "--path" => "-p/",
        "--url" => "-u/",
        "--huggingface" => "-hf/",
        "--globals" => "-g/",
        "--log" => "-l/",
        _ => "",
    };
    format!("{short}{long}")
}

/// Which files of a folder are wanted.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    typed: &'a Typed,
    /// Its own name and those above are never held against the patterns for folders.
    root: &'a Path,
}

impl<'a> Filter<'a> {
    pub(super) const fn new(typed: &'a Typed, root: &'a Path) -> Self {
        Self { typed, root }
    }

    pub(super) fn wants(&self, file: &Path) -> bool {
        let folders = file
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(self.root) && *folder != self.root);
        passes(file, &self.typed.exclude, &self.typed.include)
            && folders
                .into_iter()
                .all(|folder| passes(folder, &self.typed.exclude_dir, &self.typed.include_dir))
    }
}

fn passes(path: &Path, exclude: &[Regex], include: &[Regex]) -> bool {
    let path = path.to_string_lossy();
    let any = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(&path));
    !any(exclude) && (include.is_empty() || any(include))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Typed, Answer> {
        parse(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    fn wrong(line: &str) -> String {
        match typed(line).expect_err(line) {
            Answer::Wrong(text) => text,
            Answer::Told(text) => panic!("{line}: {text}"),
        }
    }

    #[test]
    fn flags_long_short_and_shortened() {
        for line in [
            "-p m -g -l ERROR",
            "--path=m --globals --log ERROR",
            "--pa m --glob --log=ERROR",
        ] {
            let typed = typed(line).unwrap_or_else(|answer| panic!("{line}: {answer:?}"));
            assert_eq!(typed.path.as_deref(), Some(Path::new("m")));
            assert!(typed.globals && !typed.strict);
            assert_eq!(typed.level(), Level::Error);
        }
        assert_eq!(
            typed("-hf org/name").unwrap().huggingface.as_deref(),
            Some("org/name")
        );
        assert_eq!(typed("-p m").unwrap().level(), Level::Info);
    }

    #[test]
    fn usage_errors_are_worded_alike() {
        for (line, reason) in [
            ("--bogus", "unrecognized arguments: --bogus"),
            ("m", "unrecognized arguments: m"),
            ("-p", "argument -p/--path: expected one argument"),
            (
                "-l BOGUS -p m",
                "argument -l/--log: invalid choice: 'BOGUS' (choose from 'CRITICAL', 'ERROR', 'WARNING', 'INFO', \
                 'DEBUG')",
            ),
            (
                "--exclude ( -p m",
                "argument --exclude: \"(\" is no regular expression that is supported here",
            ),
        ] {
            let told = wrong(line);
            assert!(told.starts_with("usage: picklescan "), "{told}");
            assert_eq!(
                told.lines().last(),
                Some(format!("picklescan: error: {reason}").as_str())
            );
        }
        assert!(wrong("-p a -u b").contains("not allowed with argument"));
        assert!(matches!(typed("--help"), Err(Answer::Told(_))));
    }

    #[test]
    fn patterns_are_searched_in_whole_paths_and_folders_are_left_with_all_below() {
        let wants = |line: &str, file: &str| {
            let typed = typed(&format!("-p /x/root {line}")).unwrap();
            Filter::new(&typed, Path::new("/x/root")).wants(Path::new(file))
        };
        let file = "/x/root/a/b/c.pkl";
        for (line, wanted) in [
            ("", true),
            ("--exclude c.pkl$", false),
            ("--exclude root", false),
            ("--include bin$", false),
            ("--include bin$ --include pkl$", true),
            ("--exclude-dir /a$", false),
            ("--exclude-dir root$", true),
            ("--include-dir /a$", false),
            ("--include-dir /a", true),
        ] {
            assert_eq!(wants(line, file), wanted, "{line}");
        }
        assert!(
            wants("--include-dir nothing", "/x/root/c.pkl"),
            "the root is always entered"
        );
    }
}
