//! `weightlock key`: make keys and look at them.

pub mod generate;
pub mod inspect;

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_signing::key::PublicKey;

use crate::{context::Context, reply::Reply};

/// Make keys and look at them.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do with a key.
#[derive(Subcommand, Debug)]
enum Command {
    /// Make a key pair: NAME.key, encrypted, and NAME.pub
    Generate(generate::Arguments),
    /// Say what a key or certificate file is, and whether it can sign models
    Inspect(inspect::Arguments),
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match &arguments.command {
        Command::Generate(arguments) => generate::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments, context),
    }
}

/// The two fingerprints that signatures name a key by.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fingerprints {
    /// As model signatures name it: hex SHA-256 of the public key's PEM text.
    pub pem_sha256: String,
    /// As cosign's bundles name it: base64 SHA-256 of the public key's DER form.
    pub der_sha256_base64: String,
}

impl Fingerprints {
    fn of(key: &PublicKey) -> Self {
        Self {
            pem_sha256: key.hint_pem(),
            der_sha256_base64: key.hint_der(),
        }
    }

    /// Two lines for a person.
    fn text(&self) -> String {
        format!(
            "  model signatures call it  {}\n  cosign calls it           {}\n",
            self.pem_sha256, self.der_sha256_base64
        )
    }
}
