//! Which policy holds, and what is said about the model besides.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser};
use weightlock_policy::{Check, Mode, Tier};

use crate::{environment::MODE, nearest, text::quoted};

/// Which policy holds, how strictly.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Policy")]
pub(crate) struct WhichPolicy {
    /// The policy. Without it, WEIGHTLOCK_POLICY, or policy.toml in your configuration folder. The floor,
    /// /etc/weightlock/policy.toml, holds besides
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// development, staging or production; a policy can only be made stricter
    #[arg(long, value_name = "MODE", value_parser = mode)]
    pub mode: Option<Mode>,
    /// low, medium or high; likewise
    #[arg(long, value_name = "TIER", value_parser = tier)]
    pub tier: Option<Tier>,
}

/// Which policy holds, and what is said about the model besides.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Policy")]
pub(crate) struct PolicyFlags {
    #[command(flatten)]
    pub which: WhichPolicy,
    /// Whose model it is and what it is called, for rules [default: the name of the folder, of nobody]
    #[arg(long = "as", value_name = "NAMESPACE/NAME", value_parser = called)]
    pub called: Option<(Option<String>, String)>,
    /// The revision that was fetched, such as a commit
    #[arg(long, value_name = "REVISION")]
    pub revision: Option<String>,
    /// A report about vulnerabilities: the JSON of grype or trivy. Repeatable
    #[arg(long, value_name = "FILE")]
    pub advisories: Vec<PathBuf>,
    /// Write the decision to this log, besides those that policies name. WEIGHTLOCK_AUDIT_LOG does the same
    #[arg(long, value_name = "FILE")]
    pub audit_log: Option<PathBuf>,
    /// Take a verdict that lies with the model, by one whose verdicts count, instead of judging; every byte is hashed all the same
    #[arg(long)]
    pub from_verdict: bool,
    /// Leave out a check; refused in production, and for what the floor demands. Repeatable
    #[arg(long, value_name = "CHECK", value_parser = check)]
    pub skip: Vec<Check>,
}

/// A command line of nothing else.
#[derive(Parser)]
struct Alone {
    #[command(flatten)]
    flags: PolicyFlags,
}

impl PolicyFlags {
    /// What a command line of these flags says; why not, in one line.
    pub(crate) fn of_words(words: Vec<OsString>) -> Result<Self, String> {
        Alone::try_parse_from(words)
            .map(|alone| alone.flags)
            .map_err(|error| {
                let text = error.to_string();
                let sentence = text.lines().next().unwrap_or_default();
                sentence.trim_start_matches("error: ").to_owned()
            })
    }

    /// The same as words of a command line, quoted for a shell, for commands that ask again. Where the decision is written to is left
    /// out: asking again decides nothing.
    pub(crate) fn words(&self) -> Vec<String> {
        let file = |path: &PathBuf| path.display().to_string();
        let called = self.called.as_ref().map(|(namespace, name)| match namespace {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.clone(),
        });
        let valued = [
            ("--policy", self.which.policy.as_ref().map(file)),
            ("--mode", self.which.mode.map(|it| it.to_string())),
            ("--tier", self.which.tier.map(|it| it.to_string())),
            ("--as", called),
            ("--revision", self.revision.clone()),
        ];
        let valued = valued
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let reports = self.advisories.iter().map(|path| ("--advisories", file(path)));
        let skipped = self.skip.iter().map(|it| ("--skip", it.name().to_owned()));
        let mut words: Vec<String> = valued.chain(reports).chain(skipped).map(word).collect();
        if self.from_verdict {
            words.push("--from-verdict".to_owned());
        }
        words
    }

    /// Whether anything is said that only a policy understands.
    pub(crate) fn is_given(&self) -> bool {
        let Self {
            which: WhichPolicy { policy, mode, tier },
            called,
            revision,
            advisories,
            audit_log,
            from_verdict,
            skip,
        } = self;
        policy.is_some()
            || mode.is_some()
            || tier.is_some()
            || called.is_some()
            || revision.is_some()
            || !advisories.is_empty()
            || audit_log.is_some()
            || *from_verdict
            || !skip.is_empty()
    }

    /// The checks that somebody wants to leave out, as they are typed.
    pub(crate) fn skipped(&self) -> Vec<String> {
        self.skip
            .iter()
            .map(|check| format!("--skip {}", check.name()))
            .collect()
    }

    /// The mode that is asked for.
    pub(crate) fn mode_here(&self) -> Option<Mode> {
        self.which.mode_here()
    }
}

impl WhichPolicy {
    /// The mode that is asked for: by the flag, or by the environment, of which any word means production.
    pub(crate) fn mode_here(&self) -> Option<Mode> {
        let machine = MODE.filled().map(|_| Mode::Production);
        self.mode.max(machine)
    }
}

/// A flag and its value; one that begins as flags do is joined to it.
fn word((name, value): (&str, String)) -> String {
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!("{name}{between}{}", quoted(&value))
}

/// What a verdict is asked about.
#[derive(Clone, Debug)]
pub(crate) struct Asked<'a> {
    /// The verb that asks.
    pub(crate) verb: &'static str,
    /// The model.
    pub(crate) target: &'a std::path::Path,
    /// Links to files inside the folder are followed.
    pub(crate) allow_symlinks: bool,
    /// The policy, and what is said besides.
    pub(crate) flags: &'a PolicyFlags,
    /// Flags of the verb that give up a check of their own, as they are typed.
    pub(crate) given_up: Vec<String>,
}

fn mode(text: &str) -> Result<Mode, String> {
    Mode::of(text).ok_or_else(|| "a mode is one of development, staging and production".to_owned())
}

fn tier(text: &str) -> Result<Tier, String> {
    Tier::of(text).ok_or_else(|| "a tier is one of low, medium and high".to_owned())
}

fn check(text: &str) -> Result<Check, String> {
    let names = || Check::ALL.iter().map(|check| check.name());
    Check::of(text).ok_or_else(|| match nearest::of(text, names()) {
        Some(near) => format!("there is no check {text:?}; did you mean {near}?"),
        None => format!(
            "there is no check {text:?}; they are {}",
            names().collect::<Vec<_>>().join(", ")
        ),
    })
}

/// `NAMESPACE/NAME`, or `NAME`.
fn called(text: &str) -> Result<(Option<String>, String), String> {
    let (namespace, name) = match text.rsplit_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, text),
    };
    let is_sound = |part: &str| !part.is_empty() && !part.chars().any(char::is_control);
    if text.split('/').all(is_sound) {
        Ok((namespace.map(str::to_owned), name.to_owned()))
    } else {
        Err("a model is called NAMESPACE/NAME".to_owned())
    }
}
