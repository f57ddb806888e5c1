//! `weightlock policy init`: a policy to begin with, for each of the people who write one.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::write::{Existing, write_whole};

use crate::{
    commands::publish::exists,
    reply::Reply,
    text::{Shown, quoted},
};

const VERB: &str = "policy init";

/// Write a policy to begin with.
///
/// It names keys that you have to put beside it; `weightlock policy check` says which.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock policy init --for platform-engineer -o policy.toml
  weightlock policy init --for security-engineer            to standard output")]
pub struct Arguments {
    /// For whom
    #[arg(long = "for", value_name = "PERSON", default_value = "platform-engineer")]
    person: Person,
    /// Where to write it; nothing that is there is replaced [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Who begins a policy.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Person {
    /// Tries models, and wants to be told
    MlEngineer,
    /// Runs what others depend on
    PlatformEngineer,
    /// Answers for what may be used, and writes the floor of a machine
    SecurityEngineer,
    /// Releases models
    Publisher,
}

impl Person {
    const fn policy(self) -> &'static str {
        match self {
            Self::MlEngineer => include_str!("start/ml-engineer.toml"),
            Self::PlatformEngineer => include_str!("start/platform-engineer.toml"),
            Self::SecurityEngineer => include_str!("start/security-engineer.toml"),
            Self::Publisher => include_str!("start/publisher.toml"),
        }
    }
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    /// The file that was written; none when the policy is below.
    pub written: Option<String>,
    /// The policy.
    pub policy: String,
}

pub(super) fn run(arguments: &Arguments) -> Reply {
    let policy = arguments.person.policy();
    let Some(output) = &arguments.output else {
        let begun = Begun {
            written: None,
            policy: policy.to_owned(),
        };
        return Reply::yes(VERB, policy.to_owned(), begun);
    };
    let shown = output.display().to_string();
    match write_whole(output, policy.as_bytes(), 0o644, Existing::Refused) {
        Ok(()) => {
            let text = format!(
                "wrote {}\n  put the keys that it names beside it, then:  weightlock policy check --policy {}\n",
                Shown(&shown),
                quoted(&shown)
            );
            let begun = Begun {
                written: Some(shown),
                policy: policy.to_owned(),
            };
            Reply::yes(VERB, text, begun)
        }
        Err(error) => Reply::refusal(VERB, vec![exists(output, error)]),
    }
}
