//! `weightlock card show`: a card on one screen, and how each part of it is known.

use std::path::PathBuf;

use clap::Args;
use weightlock_artifact::inventory::Links;

use super::report::{self, Subject};
use crate::{
    cli::{Format, Hashing},
    commands::bom::model::Described,
    context::Context,
    diagnostic::Diagnostic,
    flags::{Method, SignersFlags, TrustFlags},
    reply::Reply,
};

/// Show a card, and how each part of it is known.
///
/// Nothing is hashed, and everything is what the card says, unless you name whose word counts: then it is compared as
/// weightlock card check does, and a card that exists only as a signed statement is shown too.
#[derive(Args, Debug)]
#[command(override_usage = "weightlock card show [key|certificate|pkcs11|sigstore] [OPTIONS] MODEL")]
pub struct Arguments {
    /// The model, after an optional word for the method
    #[arg(value_name = "MODEL", num_args = 1..=2, required = true, value_parser = crate::layout::typed::target())]
    words: Vec<PathBuf>,
    /// The structured card [default: model-card.yaml in the model, or MODEL.card.yaml beside it]
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustFlags,
    #[command(flatten)]
    signers: SignersFlags,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

const VERB: &str = "card show";

pub(super) fn run(arguments: &Arguments, format: Format, context: &Context) -> Reply {
    match look(arguments, context) {
        Ok(card) => {
            let text = report::text(&card, context);
            let markdown = (format == Format::Markdown).then(|| report::markdown(&card));
            let reply = Reply::yes(VERB, text, card);
            match markdown {
                Some(markdown) => reply.rendered_as(markdown),
                None => reply,
            }
        }
        Err(reasons) => Reply::refusal(VERB, reasons),
    }
}

fn look(arguments: &Arguments, context: &Context) -> Result<report::CheckedCard, Vec<Diagnostic>> {
    let (method, model) = Method::split(&arguments.words)?;
    let default = SignersFlags::default_trust(&arguments.trust, method, context.now())?;
    let is_asked = default.is_some() || !arguments.signers.signer_for.is_empty();
    let named = arguments.card.as_deref();
    if !is_asked {
        let links = Links::following(arguments.allow_symlinks);
        let root = crate::layout::root(model, links)?;
        let subject = Subject {
            root: &root,
            named,
            described: None,
            signers: None,
        };
        return Ok(report::look(&subject)?.0);
    }
    let signers = arguments
        .signers
        .signers(default.clone(), &arguments.trust, context.now())?;
    let described = Described::of(model, arguments.allow_symlinks, &arguments.hashing, context)?;
    let hashed = &described.hashed;
    let subject = Subject {
        root: hashed.root(),
        named,
        described: Some(&described),
        signers: Some((&signers, default.as_ref())),
    };
    let (card, _) = report::look(&subject)?;
    hashed.still_holds()?;
    Ok(card)
}
