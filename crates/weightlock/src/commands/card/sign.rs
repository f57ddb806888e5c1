//! `weightlock card sign`: the card as a signed statement about the model.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::evidence::Kind;
use weightlock_bom::{
    card::{
        FrontMatter,
        check::{Fault, Material, check},
        json,
        reason::{CONTRADICTION, NONE, VALUE},
        statement::{Named, predicate},
    },
    graph::Graph,
};
use weightlock_signing::{predicate::types::CARD, statement::payload};

use super::{
    files::{Cards, Read, malformed},
    report::digests,
};
use crate::{
    cli::Hashing,
    commands::{attest::timestamp, bom::model::Described, publish::PublishFlags, subject::Hashed},
    context::Context,
    diagnostic::Diagnostic,
    flags::Method,
    reply::Reply,
    terminal::Style,
    text::{Shown, quoted},
};

/// State the card about the model, signed.
///
/// The statement carries the whole structured card and the digests of its file and of README.md, and is about exactly the bytes
/// that the model has now. A card that contradicts them is not signed.
#[derive(Args, Debug)]
#[command(
    override_usage = "weightlock card sign [key|certificate|pkcs11|sigstore] [OPTIONS] MODEL",
    after_help = "\
  weightlock card sign --key NAME.key ./model
  weightlock verify-attestation --key NAME.pub --type card ./model"
)]
pub struct Arguments {
    /// The model, after an optional word for the method
    #[arg(value_name = "MODEL", num_args = 1..=2, required = true, value_parser = crate::layout::typed::target())]
    words: Vec<PathBuf>,
    /// The structured card [default: model-card.yaml in the model, or MODEL.card.yaml beside it]
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
    #[command(flatten)]
    publish: PublishFlags,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

impl Arguments {
    /// Nobody is there who could be asked for a password.
    pub(super) const fn never_ask(&mut self) {
        self.publish.signer.password.never_asked = true;
    }
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedCard {
    /// The model as it was named.
    pub model: String,
    /// What names the model: SHA-256 of the canonical manifest, or of the one file.
    pub digest: String,
    /// The structured card that was signed.
    pub card: Option<String>,
    /// The `README.md` that was signed.
    pub readme: Option<String>,
    /// The type that was signed, a URI.
    pub predicate_type: String,
    /// `key <hex SHA-256 of its PEM>`, the subject of the certificate, or the identity with its issuer.
    pub signer: String,
    /// Where the statement was written; absent after a dry run.
    pub written: Option<String>,
}

const VERB: &str = "card sign";

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match sign(arguments, context) {
        Ok(signed) => Reply::yes(VERB, text(&signed, context), signed),
        Err(reasons) => Reply::refusal(VERB, reasons).with_verdict("not signed: nothing was written"),
    }
}

fn sign(arguments: &Arguments, context: &Context) -> Result<SignedCard, Vec<Diagnostic>> {
    let (method, model) = Method::split(&arguments.words)?;
    // A statement is about what is there, and not about what a cache remembers.
    let hashing = Hashing {
        digest_cache: false,
        ..arguments.hashing.clone()
    };
    let Described { hashed, graph } = Described::of(model, arguments.allow_symlinks, &hashing, context)?;
    let cards = Cards::find(hashed.root(), arguments.card.as_deref())?;
    sound(&cards, &hashed, &graph)?;
    let author = arguments
        .publish
        .author("weightlock card sign --key NAME.key MODEL", method, context)?;
    let payload = payload(&hashed.subjects(), CARD, &stated(&cards, context)?);
    let (signer, written) = arguments.publish.sign(&author, payload, Kind::Card, &hashed)?;
    Ok(SignedCard {
        model: model.display().to_string(),
        digest: hashed.digest().to_string(),
        card: cards.structured.map(|read| read.name),
        readme: cards.readme.map(|read| read.name),
        predicate_type: CARD.to_owned(),
        signer,
        written,
    })
}

/// Nobody puts a name to a card that the bytes contradict. What it lacks is for whoever relies on it.
fn sound(cards: &Cards, hashed: &Hashed, graph: &Graph) -> Result<(), Vec<Diagnostic>> {
    if cards.structured.is_none() && cards.readme.is_none() {
        let model = hashed.root().path().display().to_string();
        let help = format!("weightlock card init {}", quoted(&model));
        return Err(vec![
            Diagnostic::new(NONE, "there is no card to sign")
                .at(model)
                .help(help),
        ]);
    }
    let files = digests(hashed);
    let checked = check(&Material {
        card: cards
            .structured
            .as_ref()
            .map(|read| (read.name.as_str(), &read.card)),
        readme: cards.readme.as_ref().map(|read| (read.name.as_str(), &read.card)),
        files: Some(&files),
        graph: Some(graph),
        ..Material::default()
    });
    let faults = checked.findings.iter().filter(|one| one.fault != Fault::Missing);
    let reasons: Vec<Diagnostic> = faults
        .map(|one| {
            let code = match one.fault {
                Fault::Contradiction => CONTRADICTION,
                _ => VALUE,
            };
            let told = Diagnostic::new(code, one.message.clone());
            let sayings = one.sayings.iter();
            sayings.fold(told, |told, it| {
                told.fact(&it.place.to_string(), it.value.clone())
            })
        })
        .collect();
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

/// The predicate.
fn stated(cards: &Cards, context: &Context) -> Result<serde_json::Value, Diagnostic> {
    let card = cards.structured.as_ref().map(|read| (named(read), &read.card));
    let readme = match &cards.readme {
        None => None,
        Some(read) => {
            let front = FrontMatter::read(&read.bytes)
                .map_err(|problem| malformed(&problem, &read.bytes, &read.path))?;
            Some((named(read), json(front.document().tree())))
        }
    };
    let card = card.as_ref().map(|(named, card)| (named, *card));
    let readme = readme.as_ref().map(|(named, front)| (named, front.clone()));
    Ok(predicate(&timestamp(context)?, card, readme))
}

/// The file without its folder: where it lay here is nobody's business.
fn named<T>(read: &Read<T>) -> Named {
    let base = read
        .path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    Named {
        name: base.unwrap_or_default(),
        sha256: read.sha256,
    }
}

fn text(signed: &SignedCard, context: &Context) -> String {
    let head = if signed.written.is_some() {
        "signed"
    } else {
        "would sign"
    };
    let which: Vec<&str> = signed
        .card
        .iter()
        .chain(&signed.readme)
        .map(String::as_str)
        .collect();
    let mut text = format!(
        "{} {}: {}\n",
        context.out.apply(Style::Good, head),
        Shown(&signed.model),
        Shown(&which.join(", "))
    );
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("type", &signed.predicate_type);
    line("about", &signed.digest);
    line("signer", &signed.signer);
    signed.written.iter().for_each(|path| line("evidence", path));
    text
}
