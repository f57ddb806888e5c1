//! `weightlock trust`: which Sigstore roots this user believes, how old they are, and bringing others in.

pub mod export;
pub mod import;
pub mod list;
pub mod update;

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_signing::{
    certificate::UnixTime,
    sigstore::{Authority, Without},
};

use crate::{
    context::Context,
    reply::Reply,
    roots::{Named, OLD_DAYS},
};

/// Say which Sigstore roots are believed, and bring in others.
///
/// A trust root says whose certificates, logs and timestamps count when an identity is verified. Those of the public
/// instances are built in; of these verbs only `update` uses the network.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do with trust roots.
#[derive(Subcommand, Debug)]
enum Command {
    /// List the trust roots, with their source and age
    List(list::Arguments),
    /// Keep a trust root under a name, for --sigstore NAME
    Import(import::Arguments),
    /// Fetch a newer trust root from the deployment that publishes it
    Update(update::Arguments),
    /// Write a trust root to a file or to standard output
    Export(export::Arguments),
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match &arguments.command {
        Command::List(arguments) => list::run(arguments, context),
        Command::Import(arguments) => import::run(arguments, context),
        Command::Update(arguments) => update::run(arguments, context),
        Command::Export(arguments) => export::run(arguments),
    }
}

/// One trust root.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Its name, for `--sigstore`.
    pub name: String,
    /// `built in`, or the file or address it was taken from.
    pub source: String,
    /// When it was taken (RFC 3339).
    pub obtained: String,
    /// Its age in whole days.
    pub age_days: u64,
    /// It is so old that it should be renewed.
    pub old: bool,
    /// SHA-256 of its JSON.
    pub sha256: String,
    /// Signatures need no entry in a transparency log: this deployment has none.
    pub without_log: bool,
    /// What is believed for what.
    pub authorities: Vec<Believed>,
}

/// One key or chain of a trust root.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Believed {
    /// `certificates`, `certificate-log`, `log` or `timestamps`.
    pub kind: String,
    /// Its address, or its subject.
    pub name: String,
    /// The log's id in base64, or the subject of the first certificate.
    pub id: String,
    /// From when it is believed (RFC 3339).
    pub from: Option<String>,
    /// Until when; absent while it is in use.
    pub until: Option<String>,
}

impl Root {
    fn of(named: &Named, now: UnixTime) -> Self {
        let days = named.days(now);
        Self {
            name: named.name.clone(),
            source: named.source.clone(),
            obtained: named.obtained.to_string(),
            age_days: days,
            old: days > OLD_DAYS,
            sha256: named.root.digest().hex(),
            without_log: named.root.is_without(Without::Log),
            authorities: named.root.authorities().into_iter().map(Believed::from).collect(),
        }
    }
}

impl From<Authority> for Believed {
    fn from(authority: Authority) -> Self {
        let (from, until) = authority.window;
        Self {
            kind: authority.kind.name().to_owned(),
            name: authority.name,
            id: authority.id,
            from: from.map(|time| time.to_string()),
            until: until.map(|time| time.to_string()),
        }
    }
}
