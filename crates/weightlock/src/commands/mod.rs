//! The verbs: one file each, listed here in the order of help.

pub mod attest;
pub mod blob;
pub mod bom;
pub mod card;
pub mod compat;
pub mod completions;
pub mod demo;
pub mod diff;
pub mod digest;
pub mod disassemble;
pub mod doctor;
pub mod evidence;
pub mod explain;
pub mod gate;
pub(crate) mod guarded;
pub mod inspect;
pub mod inventory;
pub mod key;
pub mod lineage;
pub mod man;
pub mod policy;
mod publish;
pub mod run;
pub mod scan;
pub mod sign;
pub mod slsa;
mod subject;
pub(crate) mod target;
pub mod trust;
pub mod verdict;
pub mod verify;
pub mod verify_attestation;
pub mod version;

use clap::Subcommand;

use crate::{
    cli::{Format, Global},
    context::Context,
    online,
    reply::Reply,
};

/// What to do. Each verb's help is the documentation of its arguments.
#[derive(Subcommand, Debug)]
#[expect(
    missing_docs,
    reason = "a comment here would hide the fuller one of the arguments"
)]
pub enum Command {
    Sign(Box<sign::Arguments>),
    Verify(Box<verify::Arguments>),
    Attest(Box<attest::Arguments>),
    VerifyAttestation(Box<verify_attestation::Arguments>),
    Evidence(evidence::Arguments),
    Card(card::Arguments),
    SignBlob(Box<blob::sign::Arguments>),
    VerifyBlob(Box<blob::verify::Arguments>),
    AttestBlob(Box<blob::attest::Arguments>),
    VerifyBlobAttestation(Box<blob::verify_attestation::Arguments>),
    Gate(Box<gate::Arguments>),
    Policy(policy::Arguments),
    Run(Box<run::Arguments>),
    Key(key::Arguments),
    Trust(trust::Arguments),
    Demo(demo::Arguments),
    Digest(digest::Arguments),
    Inspect(inspect::Arguments),
    Bom(Box<bom::Arguments>),
    Inventory(inventory::Arguments),
    Scan(Box<scan::Arguments>),
    Disassemble(disassemble::Arguments),
    Diff(diff::Arguments),
    Lineage(lineage::Arguments),
    Slsa(slsa::Arguments),
    Explain(explain::Arguments),
    Compat(compat::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    Version(version::Arguments),
}

impl Command {
    /// Whether the verb can write its result in this form.
    pub(crate) const fn writes(&self, format: Format) -> bool {
        match format {
            Format::Text | Format::Json => true,
            Format::CosignJson => matches!(self, Self::Verify(_) | Self::VerifyAttestation(_)),
            Format::Cyclonedx | Format::Cyclonedx16 | Format::Spdx | Format::Spdx23 => {
                matches!(self, Self::Bom(arguments) if arguments.makes())
            }
            Format::Markdown => match self {
                Self::Card(arguments) => arguments.writes(format),
                _ => matches!(self, Self::Scan(_)),
            },
            Format::Sarif | Format::Junit | Format::Github => matches!(self, Self::Scan(_)),
        }
    }
}

/// Does what was asked.
pub(crate) fn dispatch(command: &Command, global: &Global, context: &Context) -> Reply {
    let format = global.format();
    online::begin(global.offline, context.stop());
    match command {
        Command::Sign(arguments) => sign::run(arguments, context),
        Command::Verify(arguments) => verify::run(arguments, format, context),
        Command::Attest(arguments) => attest::run(arguments, global, context),
        Command::VerifyAttestation(arguments) => verify_attestation::run(arguments, format, context),
        Command::Evidence(arguments) => evidence::run(arguments, context),
        Command::Card(arguments) => card::run(arguments, format, context),
        Command::SignBlob(arguments) => blob::sign::run(arguments, context),
        Command::VerifyBlob(arguments) => blob::verify::run(arguments, context),
        Command::AttestBlob(arguments) => blob::attest::run(arguments, context),
        Command::VerifyBlobAttestation(arguments) => blob::verify_attestation::run(arguments, context),
        Command::Gate(arguments) => gate::run(arguments, context),
        Command::Policy(arguments) => policy::run(arguments, context),
        Command::Run(arguments) => run::run(arguments, global, context),
        Command::Key(arguments) => key::run(arguments, context),
        Command::Trust(arguments) => trust::run(arguments, context),
        Command::Demo(arguments) => demo::run(arguments, context),
        Command::Digest(arguments) => digest::run(arguments, context),
        Command::Inspect(arguments) => inspect::run(arguments, context),
        Command::Bom(arguments) => bom::run(arguments, format, context),
        Command::Inventory(arguments) => inventory::run(arguments, context),
        Command::Scan(arguments) => scan::run(arguments, format, context),
        Command::Disassemble(arguments) => disassemble::run(arguments, context),
        Command::Diff(arguments) => diff::run(arguments, context),
        Command::Lineage(arguments) => lineage::run(arguments, context),
        Command::Slsa(arguments) => slsa::run(arguments, context),
        Command::Explain(arguments) => explain::run(arguments, context),
        Command::Compat(arguments) => compat::run(arguments, context),
        Command::Doctor(arguments) => doctor::run(arguments, context),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => man::run(arguments),
        Command::Version(arguments) => version::run(arguments),
    }
}
