//! ModelScan's arguments, release 0.8.8, and what it says about a usage error: on standard output, with its help.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use clap::{
    CommandFactory as _, Parser, ValueEnum,
    error::{ContextKind, ContextValue, ErrorKind},
};
use weightlock_artifact::text::Shown;

use super::{
    super::peer::{LEVELS, Level},
    REFERENCE_VERSION,
};
use crate::{diagnostic::Diagnostic, explanations};

/// The file in the current folder that it takes settings from.
pub(super) const SETTINGS: &str = "modelscan-settings.toml";

/// Scan files and folders as `modelscan` does, with the rules of `weightlock scan`.
#[derive(Parser, Debug)]
#[command(
    name = "modelscan",
    version = REFERENCE_VERSION,
    disable_version_flag = true,
    disable_help_subcommand = true,
    args_override_self = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 no issues, 1 issues, 2 not everything could be read, 3 nothing that can be scanned, 4 usage."
)]
pub(super) struct Typed {
    /// Path to the file or folder to scan
    #[arg(short, long, value_name = "PATH")]
    pub(super) path: Option<PathBuf>,
    /// Level of log messages to display
    #[arg(short, long, value_name = "LEVEL", default_value = "INFO")]
    pub(super) log: Level,
    /// Print a list of files that were skipped during the scan
    #[arg(long)]
    pub(super) show_skipped: bool,
    /// Refused: settings name scanners of modelscan
    #[arg(long, value_name = "FILE")]
    settings_file: Option<PathBuf>,
    /// Format of the output; custom is refused
    #[arg(short, long, value_name = "FORM", default_value = "console")]
    pub(super) reporting_format: Form,
    /// Write the report to a file too
    #[arg(short, long, value_name = "FILE")]
    pub(super) output_file: Option<PathBuf>,
    /// Show the version and exit
    #[arg(short = 'v', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
}

/// Format of the report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Form {
    Console,
    Json,
}

/// The answer to arguments that ask for no work.
#[derive(Debug)]
pub(super) enum Answer {
    /// Help or version.
    Told(String),
    /// A usage error.
    Wrong(String),
    /// Something that only the other tool has.
    Refused(Diagnostic),
}

/// Reads the arguments; a first word `scan` is the default and may be left out.
pub(super) fn parse(words: &[OsString]) -> Result<Typed, Answer> {
    let words = match words.split_first() {
        Some((first, rest)) if first == OsStr::new("scan") => rest,
        Some((first, _)) if first == OsStr::new("create-settings-file") => {
            return Err(refused(
                "create-settings-file makes a file for scanners of modelscan",
            ));
        }
        _ => words,
    };
    let program = [OsString::from("modelscan")];
    let typed = Typed::try_parse_from(program.into_iter().chain(words.iter().cloned())).map_err(answer)?;
    if typed.settings_file.is_some() {
        return Err(refused(
            "--settings-file chooses among scanners and globals of modelscan",
        ));
    }
    Ok(typed)
}

/// A request that nothing here corresponds to must not pass for a scan that followed it.
fn refused(what: &str) -> Answer {
    Answer::Refused(
        Diagnostic::new(
            explanations::USAGE,
            format!("{what}; here the rules and reports are those of weightlock"),
        )
        .help("what is looked for:  weightlock scan --rules"),
    )
}

fn answer(error: clap::Error) -> Answer {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.first().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    let flag = argument.split(' ').next().unwrap_or_default();
    let value = context(ContextKind::InvalidValue);
    Answer::Wrong(wrong(&match error.kind() {
        ErrorKind::DisplayHelp => return Answer::Told(error.render().to_string()),
        ErrorKind::DisplayVersion => {
            return Answer::Told(format!("modelscan, version {REFERENCE_VERSION}\n"));
        }
        ErrorKind::UnknownArgument if argument.starts_with('-') => format!("No such option '{argument}'."),
        ErrorKind::UnknownArgument => format!("Got unexpected extra argument ({argument})"),
        ErrorKind::InvalidValue if value.is_empty() => format!("Option '{flag}' requires an argument."),
        ErrorKind::InvalidValue if value == "custom" => {
            return refused("a custom report is made by a Python class");
        }
        ErrorKind::InvalidValue if flag == "--log" => format!("'{value}' is not one of {LEVELS}."),
        ErrorKind::InvalidValue => format!("'{value}' is not one of 'console', 'json', 'custom'."),
        _ => error.to_string().lines().next().unwrap_or_default().to_owned(),
    }))
}

/// A usage error in its words, followed by the help.
pub(super) fn wrong(reason: &str) -> String {
    format!("Error: {}\n{}", Shown(reason), Typed::command().render_help())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Typed, Answer> {
        parse(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_word_scan_may_be_left_out_and_the_last_of_two_values_wins() {
        for line in [
            "-p m -r json -o f --show-skipped -l ERROR",
            "scan --path x --path m --reporting-format json --output-file=f --show-skipped --log ERROR",
        ] {
            let typed = typed(line).unwrap_or_else(|answer| panic!("{line}: {answer:?}"));
            assert_eq!(typed.path, Some(PathBuf::from("m")));
            assert_eq!((typed.reporting_format, typed.log), (Form::Json, Level::Error));
            assert!(typed.show_skipped && typed.output_file.is_some());
        }
    }

    #[test]
    fn usage_errors_are_worded_alike() {
        for (line, reason) in [
            ("--bogus", "No such option '--bogus'."),
            ("d", "Got unexpected extra argument (d)"),
            ("-p", "Option '--path' requires an argument."),
            (
                "-p m -l BOGUS",
                "'BOGUS' is not one of 'CRITICAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG'.",
            ),
            ("-p m -r xml", "'xml' is not one of 'console', 'json', 'custom'."),
        ] {
            let Err(Answer::Wrong(text)) = typed(line) else {
                panic!("{line}")
            };
            assert_eq!(
                text.lines().next(),
                Some(format!("Error: {reason}").as_str()),
                "{line}"
            );
            assert!(text.contains("Usage: modelscan"), "{text}");
        }
    }

    #[test]
    fn what_only_the_other_tool_has_is_refused_and_not_passed_over() {
        for line in [
            "-p m --settings-file s",
            "-p m -r custom",
            "create-settings-file -f",
        ] {
            assert!(matches!(typed(line), Err(Answer::Refused(_))), "{line}");
        }
        assert!(matches!(typed("-v"), Err(Answer::Told(text)) if text == "modelscan, version 0.8.8\n"));
        assert!(matches!(typed("-h"), Err(Answer::Told(_))));
    }
}
