//! `weightlock version`: which program this is, and what it was built with.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::digest::sha256::Kernel;

use crate::reply::Reply;

/// Print the version.
#[derive(Args, Debug)]
pub struct Arguments {}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Version of the program.
    pub version: String,
    /// The SHA-256 kernel this processor gets.
    pub sha256_kernel: String,
}

pub(crate) fn run(_: &Arguments) -> Reply {
    let version = Version {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sha256_kernel: Kernel::best().name().to_owned(),
    };
    let text = format!(
        "weightlock {} (SHA-256 by {})\n",
        version.version, version.sha256_kernel
    );
    Reply::yes("version", text, version)
}
