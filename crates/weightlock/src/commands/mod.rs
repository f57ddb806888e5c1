//! The verbs: one file each, listed here in the order of help.

pub mod attest;
pub mod audit;
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
pub mod lock;
pub mod man;
pub mod pins;
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

use clap::{Args as _, Subcommand};

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
    Lock(lock::Arguments),
    Pins(pins::Arguments),
    Audit(audit::Arguments),
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
            Format::Sarif | Format::Junit => matches!(self, Self::Scan(_) | Self::Gate(_)),
            Format::Github => matches!(self, Self::Scan(_)),
            Format::Csv | Format::Oscal => matches!(self, Self::Evidence(arguments) if arguments.exports()),
            Format::Html => matches!(self, Self::Inspect(_)),
        }
    }
}

/// What gives the parser of one verb its arguments; `None` for a word that is no verb.
///
/// A whole parser has some hundreds of flags. Building them took more time than most verbs do, and all but one verb's are
/// thrown away unread ([`crate::cli::Cli::read`]).
pub(crate) fn arguments_of(verb: &str) -> Option<fn(clap::Command) -> clap::Command> {
    Some(match verb {
        "sign" => sign::Arguments::augment_args,
        "verify" => verify::Arguments::augment_args,
        "attest" => attest::Arguments::augment_args,
        "verify-attestation" => verify_attestation::Arguments::augment_args,
        "evidence" => evidence::Arguments::augment_args,
        "card" => card::Arguments::augment_args,
        "sign-blob" => blob::sign::Arguments::augment_args,
        "verify-blob" => blob::verify::Arguments::augment_args,
        "attest-blob" => blob::attest::Arguments::augment_args,
        "verify-blob-attestation" => blob::verify_attestation::Arguments::augment_args,
        "gate" => gate::Arguments::augment_args,
        "policy" => policy::Arguments::augment_args,
        "lock" => lock::Arguments::augment_args,
        "pins" => pins::Arguments::augment_args,
        "audit" => audit::Arguments::augment_args,
        "run" => run::Arguments::augment_args,
        "key" => key::Arguments::augment_args,
        "trust" => trust::Arguments::augment_args,
        "demo" => demo::Arguments::augment_args,
        "digest" => digest::Arguments::augment_args,
        "inspect" => inspect::Arguments::augment_args,
        "bom" => bom::Arguments::augment_args,
        "inventory" => inventory::Arguments::augment_args,
        "scan" => scan::Arguments::augment_args,
        "disassemble" => disassemble::Arguments::augment_args,
        "diff" => diff::Arguments::augment_args,
        "lineage" => lineage::Arguments::augment_args,
        "slsa" => slsa::Arguments::augment_args,
        "explain" => explain::Arguments::augment_args,
        "compat" => compat::Arguments::augment_args,
        "doctor" => doctor::Arguments::augment_args,
        "completions" => completions::Arguments::augment_args,
        "man" => man::Arguments::augment_args,
        "version" => version::Arguments::augment_args,
        _ => return None,
    })
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
        Command::Evidence(arguments) => evidence::run(arguments, format, context),
        Command::Card(arguments) => card::run(arguments, format, context),
        Command::SignBlob(arguments) => blob::sign::run(arguments, context),
        Command::VerifyBlob(arguments) => blob::verify::run(arguments, context),
        Command::AttestBlob(arguments) => blob::attest::run(arguments, context),
        Command::VerifyBlobAttestation(arguments) => blob::verify_attestation::run(arguments, context),
        Command::Gate(arguments) => gate::run(arguments, format, context),
        Command::Audit(arguments) => audit::run(arguments, context),
        Command::Policy(arguments) => policy::run(arguments, context),
        Command::Lock(arguments) => lock::run(arguments, context),
        Command::Pins(arguments) => pins::run(arguments, context),
        Command::Run(arguments) => run::run(arguments, global, context),
        Command::Key(arguments) => key::run(arguments, context),
        Command::Trust(arguments) => trust::run(arguments, context),
        Command::Demo(arguments) => demo::run(arguments, context),
        Command::Digest(arguments) => digest::run(arguments, context),
        Command::Inspect(arguments) => inspect::run(arguments, format, context),
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_verb_is_built_alone_as_it_is_among_all() {
        let all = Cli::command();
        assert!(all.get_subcommands().count() > 20);
        for verb in all.get_subcommands() {
            let name = verb.get_name().to_owned();
            let arguments = arguments_of(&name).expect(&name);
            let alone = arguments(clap::Command::new(&name));
            // Its place in the list of verbs is all that it does not know.
            let place = |it: clap::Command| it.display_order(0);
            let is_same = format!("{:?}", place(alone)) == format!("{:?}", place(verb.clone()));
            assert!(is_same, "{name}");
        }
        assert!(arguments_of("help").is_none());
    }
}
