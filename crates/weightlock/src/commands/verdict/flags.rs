//! Which policy holds, and what is said about the model besides.

use std::path::PathBuf;

use clap::Args;
use weightlock_policy::{Check, Mode, Tier};

use crate::{context::Context, nearest};

/// Which policy holds.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Policy")]
pub(crate) struct PolicyFlags {
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
    #[arg(long, conflicts_with = "skip")]
    pub from_verdict: bool,
    /// Leave out a check; refused in production, and for what the floor demands. Repeatable
    #[arg(long, value_name = "CHECK", value_parser = check)]
    pub skip: Vec<Check>,
}

impl PolicyFlags {
    /// The mode that is asked for: by the flag, or by this machine.
    pub(crate) fn mode_here(&self) -> Option<Mode> {
        let machine = Context::is_production().then_some(Mode::Production);
        self.mode.max(machine)
    }
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
    if is_sound(name) && namespace.is_none_or(is_sound) {
        Ok((namespace.map(str::to_owned), name.to_owned()))
    } else {
        Err("a model is called NAMESPACE/NAME".to_owned())
    }
}
