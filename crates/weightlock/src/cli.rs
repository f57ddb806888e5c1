//! What can be typed: verbs, flags that every verb has, flags that several have.

use std::{ffi::OsString, num::NonZeroUsize, path::PathBuf};

use clap::{
    ArgAction, ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum,
    builder::BoolishValueParser, error::ErrorKind, parser::ValueSource,
};

use crate::{
    commands::{self, Command},
    terminal::ColorChoice,
};

/// What `weightlock` without arguments says.
pub const WELCOME: &str = "\
weightlock: know who made a model, whether it is unchanged, and what it can do, before you load it

  weightlock demo                                       see it work, in ten seconds
  weightlock inventory                                  which models are on this machine?
  weightlock inspect ./model                            what is this model?
  weightlock scan ./model                               what can it do when it is loaded?
  weightlock key generate release                       make a key pair, then
  weightlock sign --key release.key ./model             sign a model and
  weightlock verify --key release.pub ./model           check it anywhere

help: weightlock help, weightlock help VERB
";

/// Sign, verify, inspect and scan AI models, offline and at disk speed.
#[derive(Parser, Debug)]
#[command(
    name = "weightlock",
    version,
    about,
    disable_help_subcommand = false,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 yes, 1 no, 2 usage, 3 no answer, 4 could not work, 130 and 143 stopped by a signal.\n\
                  Reasons are stable codes; `weightlock explain CODE` tells more.\n\
                  Flags may be written with underscores: --ignore_paths is --ignore-paths."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags that every verb has.
    #[command(flatten)]
    pub global: Global,
}

impl Cli {
    /// Reads a command line and the variables that stand for flags. A flag that was typed wins over a variable, also
    /// where the variable stands for another flag of the same meaning.
    ///
    /// # Errors
    /// What is wrong with the command line, or the help that was asked for.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        match Self::read_by_one_verb(&arguments) {
            Some(cli) => Ok(cli),
            // What is wrong, and help, is told by the parser that knows all verbs.
            None => Self::read_by(Self::command(), &arguments),
        }
    }

    /// Reads a command line with a parser that knows one verb only: the first word that is one. It is the one that was
    /// meant, or there is no answer: the whole parser takes the first word for the verb too, and if that is another one, this
    /// parser does not know it and refuses.
    fn read_by_one_verb(arguments: &[OsString]) -> Option<Self> {
        let words = arguments.iter().skip(1).filter_map(|it| it.to_str());
        let verb = words.into_iter().find(|it| !it.starts_with('-'))?.to_owned();
        let arguments_of_verb = commands::arguments_of(&verb)?;
        let parser = clap::Command::new("weightlock").subcommand_required(true);
        let parser = Global::augment_args(parser).subcommand(arguments_of_verb(clap::Command::new(verb)));
        Self::read_by(parser, arguments).ok()
    }

    fn read_by(parser: clap::Command, arguments: &[OsString]) -> Result<Self, clap::Error> {
        let matches = parser.try_get_matches_from(arguments)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        cli.global.settle_format(&matches)?;
        Ok(cli)
    }
}

/// Flags that every verb has.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub struct Global {
    /// Write one JSON document to standard output; short for --format json
    #[arg(
        long,
        global = true,
        env = "WEIGHTLOCK_JSON",
        hide_env = true,
        action = ArgAction::SetTrue,
        value_parser = BoolishValueParser::new()
    )]
    pub json: bool,
    /// Form of the result
    #[arg(
        long,
        global = true,
        value_name = "FORM",
        env = "WEIGHTLOCK_FORMAT",
        hide_env = true
    )]
    pub format: Option<Format>,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "WEIGHTLOCK_COLOR",
        hide_env = true
    )]
    pub color: ColorChoice,
    /// Never show progress
    #[arg(
        long,
        global = true,
        env = "WEIGHTLOCK_NO_PROGRESS",
        hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    pub no_progress: bool,
    /// Say nothing on success; twice: say nothing at all
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub quiet: u8,
    /// Say why each reason matters
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Assert that no network is used: what would call a service refuses
    #[arg(
        long,
        global = true,
        env = "WEIGHTLOCK_OFFLINE",
        hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    pub offline: bool,
}

impl Global {
    /// Decides between `--json` and `--format`.
    fn settle_format(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let typed = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
        match (typed("json"), typed("format")) {
            (true, true) if self.format != Some(Format::Json) => Err(Cli::command().error(
                ErrorKind::ArgumentConflict,
                "--json and --format name two different forms; give one of them",
            )),
            (json, true) => {
                self.json = json;
                Ok(())
            }
            (_, false) => Ok(()),
        }
    }

    /// The form of the result.
    pub(crate) fn format(&self) -> Format {
        if self.json {
            Format::Json
        } else {
            self.format.unwrap_or_default()
        }
    }
}

impl Format {
    /// The word on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}

/// Form of the result.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// What cosign prints (for `verify` and `verify-attestation`).
    CosignJson,
    /// SARIF 2.1.0, for code-scanning services (for `scan`).
    Sarif,
    /// JUnit XML, for build servers (for `scan`).
    Junit,
    /// GitHub annotations (for `scan`).
    Github,
    /// Markdown, for a job summary (for `scan` and `card show`).
    Markdown,
    /// One page that holds everything (for `inspect`).
    Html,
    /// CycloneDX 1.7 (for `bom`).
    Cyclonedx,
    /// CycloneDX 1.6 (for `bom`).
    #[value(name = "cyclonedx-1.6")]
    Cyclonedx16,
    /// SPDX 3.0.1 (for `bom`).
    Spdx,
    /// SPDX 2.3 (for `bom`).
    #[value(name = "spdx-2.3")]
    Spdx23,
    /// CSV, for spreadsheets (for `evidence export`).
    Csv,
    /// OSCAL assessment results, for risk tools (for `evidence export`).
    Oscal,
}

/// How files are hashed.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Hashing")]
pub struct Hashing {
    /// Threads that hash at once [default: every processor this process may use]
    #[arg(short, long, value_name = "N", env = "WEIGHTLOCK_JOBS", hide_env = true)]
    pub jobs: Option<NonZeroUsize>,
    /// How files are read [default: mapped to verify, else buffered]
    #[arg(long, value_name = "HOW", env = "WEIGHTLOCK_READ", hide_env = true)]
    pub read: Option<ReadingChoice>,
    /// Take SHA-256 digests of files that were not touched since from a cache of this user; answers say so
    #[arg(
        long,
        env = "WEIGHTLOCK_DIGEST_CACHE",
        hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    pub digest_cache: bool,
    /// Force a SHA-256 kernel, for tests and measurements
    #[arg(
        long,
        value_name = "NAME",
        env = "WEIGHTLOCK_SHA256_KERNEL",
        hide_env = true,
        hide = true
    )]
    pub sha256_kernel: Option<String>,
}

/// How files are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ReadingChoice {
    /// Into buffers of this process.
    Buffered,
    /// Mapped into memory in windows, where the file system is local.
    Mapped,
}

/// Which files belong to the model.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Files")]
pub struct Selection {
    /// Leave out a file or folder; relative to the working directory
    #[arg(long, value_name = "PATH")]
    pub ignore_paths: Vec<PathBuf>,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long)]
    pub allow_symlinks: bool,
}

/// Where a password comes from.
#[derive(Args, Clone, Default, Debug)]
pub struct PasswordFlags {
    /// Read the key's password from the first line of a file, or of standard input (`-`); also from
    /// WEIGHTLOCK_PASSWORD or COSIGN_PASSWORD
    #[arg(long, value_name = "FILE", env = "WEIGHTLOCK_PASSWORD_FILE", hide_env = true)]
    pub password_file: Option<PathBuf>,
    /// Nobody is there who could be asked.
    #[arg(skip)]
    pub(crate) never_asked: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        let words = std::iter::once("weightlock").chain(line.split(' '));
        words.map(OsString::from).collect()
    }

    #[test]
    fn a_parser_of_one_verb_reads_what_the_whole_one_reads() {
        for line in [
            "version",
            "--json verify m --key k",
            "-qq verify --key k verify",
            "scan --format sarif verify",
            "scan scan -- --json",
            "verify --offline m --signature help",
            "run --model m -- weightlock verify --help",
            "card check m",
            "compat cosign verify --key x",
        ] {
            let whole = Cli::read_by(Cli::command(), &words(line)).expect(line);
            let one = Cli::read_by_one_verb(&words(line)).expect(line);
            assert_eq!(format!("{one:?}"), format!("{whole:?}"), "{line}");
        }
    }

    #[test]
    fn a_parser_of_one_verb_refuses_what_the_whole_one_refuses() {
        for line in [
            "verify",
            "nonsense verify m",
            "nonsense --key verify m",
            "help verify",
            "verify --help",
            "--version verify m",
            "verify --version",
            "--help scan m",
            "verify m --nonsense",
            "-q -v scan m",
            "--json --format sarif scan m",
            "scan m --json --format sarif",
            "key verify",
        ] {
            assert!(Cli::read_by(Cli::command(), &words(line)).is_err(), "{line}");
            assert!(Cli::read_by_one_verb(&words(line)).is_none(), "{line}");
        }
    }

    #[test]
    fn what_one_verb_is_not_enough_for_is_read_by_the_whole_parser() {
        let line = words("--color never scan m");
        assert!(Cli::read_by_one_verb(&line).is_none());
        assert!(matches!(
            Cli::read(line).expect("a scan").command,
            Command::Scan(_)
        ));
    }
}
