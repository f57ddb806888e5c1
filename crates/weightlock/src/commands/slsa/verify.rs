//! `weightlock slsa verify`: whether a model was built by whom, and from what, one expects.
//!
//! The order of the checks is that of [`weightlock_bom::slsa`]: signature, signer and builder, every file, build type, source, ref,
//! external parameters, and then the same for the models that it was made from, as far as their provenance was given. One
//! statement that passes is enough; of several that do not, the one is told that came furthest.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_bom::slsa::{
    Accepted, Expected, RefWanted, Source, SourceUri, TrustedBuilder, accept,
    reason::{BASE, NONE},
};

use super::{
    Base, Code,
    chain::Chain,
    found::{Piece, ProvenanceFlags},
    trusted::BuilderFlags,
};
use crate::{
    commands::{attest::stated::ModelFlags, subject::Hashed},
    context::Context,
    diagnostic::Diagnostic,
    explanations::{NO_TRUST, USAGE},
    reply::Reply,
    terminal::Style,
    text::Shown,
};

const VERB: &str = "slsa verify";

/// Verify that a model was built by whom, and from what, one expects.
///
/// Who is believed about how something was made, and how far, is said by --builders, a file of your own; nothing that comes with
/// the model is asked. Every file of the model must be among what was made.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock slsa verify --builders builders.yaml --source-uri github.com/acme/models --source-versioned-tag v1 ./model
  weightlock slsa verify --builders builders.yaml --provenance provenance.sigstore.json --base ./base-model ./model")]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL", value_parser = crate::layout::typed::target())]
    model: PathBuf,
    #[command(flatten)]
    builders: BuilderFlags,
    /// The builder, as builder.id, exactly; it must be one of the list
    #[arg(long, value_name = "URI", help_heading = "What is expected")]
    builder_id: Option<String>,
    /// The repository that it was built from
    #[arg(long, value_name = "URI", help_heading = "What is expected")]
    source_uri: Option<String>,
    /// The tag that it was built from
    #[arg(long, value_name = "TAG", help_heading = "What is expected", conflicts_with_all = ["source_branch", "source_versioned_tag"])]
    source_tag: Option<String>,
    /// The branch that it was built from
    #[arg(
        long,
        value_name = "BRANCH",
        help_heading = "What is expected",
        conflicts_with = "source_versioned_tag"
    )]
    source_branch: Option<String>,
    /// A version that the tag is a release of: v1 takes v1.x.y
    #[arg(long, value_name = "VERSION", help_heading = "What is expected")]
    source_versioned_tag: Option<String>,
    #[command(flatten)]
    provenance: ProvenanceFlags,
    #[command(flatten)]
    reading: ModelFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// The model as it was named.
    pub model: String,
    /// What names it: SHA-256 of the canonical manifest, or of the one file.
    pub digest: String,
    /// The SLSA build level of its builder, by the list.
    #[schemars(with = "u8")]
    pub level: weightlock_bom::slsa::Level,
    /// `builder.id`.
    pub builder: String,
    /// The build type, a URI.
    pub build_type: String,
    /// Where the code comes from.
    pub source: Code,
    /// The statement.
    pub provenance: String,
    /// Models that it was made from.
    pub bases: Vec<Base>,
    /// How many more there are that were not looked at, because nobody follows so many.
    pub not_followed: usize,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match verify(arguments, context) {
        Ok((verified, notes)) => Reply::yes(VERB, text(&verified, context), verified).with_notes(notes),
        Err(reasons) => {
            Reply::refusal(VERB, reasons).with_verdict("refused: how the model was made is not verified")
        }
    }
}

fn verify(arguments: &Arguments, context: &Context) -> Result<(Verified, Vec<String>), Vec<Diagnostic>> {
    let expected = expected(arguments)?;
    let trusted = arguments.builders.trusted(context)?;
    if trusted.is_empty() {
        return Err(Diagnostic::new(
            NO_TRUST,
            "slsa verify needs to know whose word about builds counts",
        )
        .help("name the builders you trust:  --builders FILE")
        .help("to see what there is without believing anybody:  weightlock slsa level MODEL")
        .into());
    }
    let hashed = arguments.reading.hashed(&arguments.model, context)?;
    let (pieces, others) = arguments.provenance.of_model(hashed.root())?;
    let bases = arguments.provenance.of_bases()?;
    let (piece, accepted, source) = first_that_holds(&pieces, &others, &trusted, &expected, &hashed)?;
    let chain = Chain::of(&accepted.provenance, &bases, &trusted, arguments.provenance.depth);
    hashed.still_holds()?;
    if !chain.refused.is_empty() {
        let refused = |told: Diagnostic| {
            let base = Diagnostic::new(
                BASE,
                "the provenance of a model that it was made from does not hold",
            );
            let base = told.place().map_or(base.clone(), |place| base.at(place));
            base.note(format!("{} ({})", told.message(), told.code()))
        };
        return Err(chain.refused.into_iter().map(refused).collect());
    }
    Ok((
        Verified {
            model: arguments.model.display().to_string(),
            digest: hashed.digest().to_string(),
            level: accepted.builder.level,
            builder: accepted.provenance.builder.clone(),
            build_type: accepted.provenance.build_type.clone(),
            source: Code::from(&source),
            provenance: piece.name.clone(),
            bases: chain.bases,
            not_followed: chain.open.beyond,
        },
        others,
    ))
}

fn first_that_holds<'a>(
    pieces: &'a [Piece],
    others: &[String],
    trusted: &'a [TrustedBuilder],
    expected: &Expected,
    hashed: &Hashed,
) -> Result<(&'a Piece, Accepted<'a>, Source), Diagnostic> {
    let model = hashed.root().path().display().to_string();
    let mut told: Option<(u8, Diagnostic)> = None;
    let mut keep = |rank: u8, one: Diagnostic| {
        if told.as_ref().is_none_or(|(before, _)| *before < rank) {
            told = Some((rank, one));
        }
    };
    for piece in pieces {
        let Some(bundle) = &piece.bundle else {
            let unsigned = Diagnostic::new(
                weightlock_bom::slsa::reason::UNTRUSTED,
                "nobody signed the provenance",
            );
            keep(0, unsigned.at(piece.name.clone()));
            continue;
        };
        match accept(bundle, trusted) {
            Err(why) => keep(1, Diagnostic::of(why.code(), &why).at(piece.name.clone())),
            Ok(accepted) => match expected.check(&accepted, &hashed.subjects()) {
                Ok(source) => return Ok((piece, accepted, source)),
                Err(refused) => keep(2, super::level::told(&refused, piece)),
            },
        }
    }
    Err(told.map_or_else(
        || {
            let none = Diagnostic::new(NONE, format!("there is no SLSA provenance v1 about {model}"))
                .at(model.clone());
            others.iter().fold(none, |none, other| none.note(other.clone()))
        },
        |(_, told)| told,
    ))
}

fn expected(arguments: &Arguments) -> Result<Expected, Diagnostic> {
    let source = arguments.source_uri.as_deref().map(SourceUri::parse).transpose();
    let tag = arguments.source_tag.clone().map(RefWanted::Tag);
    let branch = arguments.source_branch.clone().map(RefWanted::Branch);
    let version = arguments
        .source_versioned_tag
        .clone()
        .map(RefWanted::VersionedTag);
    Ok(Expected {
        builder: arguments.builder_id.clone(),
        source: source.map_err(|error| Diagnostic::of(USAGE, &error))?,
        reference: tag.or(branch).or(version),
    })
}

fn text(verified: &Verified, context: &Context) -> String {
    let mut text = format!(
        "{} {}: SLSA build level {}\n",
        context.out.apply(Style::Good, "verified"),
        Shown(&verified.model),
        verified.level
    );
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("about", &verified.digest);
    line("builder", &verified.builder);
    line("build type", &verified.build_type);
    super::level::source_lines(&verified.source, &mut line);
    super::level::base_lines(&verified.bases, verified.not_followed, &mut line);
    line("provenance", &verified.provenance);
    text
}
