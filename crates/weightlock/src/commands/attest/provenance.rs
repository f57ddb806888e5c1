//! `weightlock attest provenance`: states how a model was made, as somebody wrote it down.

use std::path::PathBuf;

use clap::Args;
use weightlock_bom::provenance::{MAX_DOCUMENT, description::Description};
use weightlock_signing::predicate::types::SLSA_1;

use super::{
    run::material::Material,
    stated::{self, Claim, ModelFlags, Stated},
};
use crate::{
    commands::{publish::PublishFlags, target},
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
};

const VERB: &str = "attest provenance";

/// State how a model was made, from a description in YAML or JSON.
///
/// The statement is SLSA provenance v1, and says that it was described by a person. What can be run again is better recorded:
/// weightlock attest run.
#[derive(Args, Debug)]
#[command(after_help = "\
A description has version, build-type, builder, parameters, source, materials, started and finished; materials with a path are
hashed now. docs/howto/provenance.md shows one.

  weightlock attest provenance --description quantize.yaml --key NAME.key ./model
  weightlock attest provenance --description quantize.yaml --output provenance.json ./model")]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL", value_parser = crate::layout::typed::target())]
    model: PathBuf,
    /// How it was made; `-` is standard input
    #[arg(long, value_name = "FILE")]
    description: PathBuf,
    #[command(flatten)]
    pub(super) publish: PublishFlags,
    #[command(flatten)]
    reading: ModelFlags,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    stated::reply(VERB, state(arguments, context), context)
}

fn state(arguments: &Arguments, context: &Context) -> Result<Stated, Vec<Diagnostic>> {
    let file = &arguments.description;
    let text = target::read_document(file, MAX_DOCUMENT)?;
    let Description {
        mut provenance,
        to_hash,
    } = Description::parse(&text)
        .map_err(|error| Diagnostic::of(error.code(), &error).at(file.display().to_string()))?;
    for one in to_hash {
        let path = stated::beside(file, &one.path);
        let material = Material::hash(&path, one.resource, &arguments.reading, context)?;
        provenance.dependencies.extend(material.resources());
    }
    let hashed = arguments.reading.hashed(&arguments.model, context)?;
    let claim = Claim {
        predicate_type: SLSA_1,
        predicate: provenance.to_predicate(),
        says: format!("provenance of {}", provenance.build_type),
    };
    stated::state(&arguments.model, &hashed, claim, &arguments.publish, context)
}
