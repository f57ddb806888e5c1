//! `weightlock slsa level`: which SLSA build level a model reaches and why no more, what is known of each part of making it, who
//! has reviewed its code, and which lines of a file of requirements it does not meet.
//!
//! Level 1 is provenance about exactly these files, by anybody. More comes only from the list of builders; a statement cannot
//! raise itself.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{evidence::Kind, standing::Standing};
use weightlock_bom::{
    provenance::{
        MAX_DOCUMENT, Provenance,
        evaluation::outcome::{Outcome, outcome},
        review::{CustomCode, Decision, Review, last_word},
    },
    slsa::{
        Expected, Facts, Level, Link, MlStep, Refused, Requirements, Source, Steps, TrustedBuilder, accept,
        covers,
        reason::{LEVEL, NONE, REQUIREMENT},
    },
};
use weightlock_signing::{Signer, SignersByKind, predicate::types};

use super::{
    Base, Code,
    chain::Chain,
    found::{Piece, ProvenanceFlags},
    trusted::BuilderFlags,
};
use crate::{
    commands::{
        attest::{review, stated::ModelFlags},
        evidence::found::Found,
        subject::Hashed,
        target,
    },
    context::Context,
    diagnostic::Diagnostic,
    flags::{SignersFlags, TrustFlags},
    reply::Reply,
    text::Shown,
};

const VERB: &str = "slsa level";

/// Say which SLSA build level a model reaches, and what is known of each part of making it.
///
/// Without --builders the best is level 1: provenance exists. Levels 2 and 3 are what your list of builders gives them.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock slsa level ./model
  weightlock slsa level --builders builders.yaml --at-least 2 ./model
  weightlock slsa level --builders builders.yaml --requirements slsa-requirements.yaml --base ./base-model ./model")]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL", value_parser = crate::layout::typed::target())]
    model: PathBuf,
    #[command(flatten)]
    builders: BuilderFlags,
    #[command(flatten)]
    signers: SignersFlags,
    /// Refuse a lower level
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=3), help_heading = "What is asked")]
    at_least: Option<u8>,
    /// Refuse what does not meet every line of this file
    #[arg(long, value_name = "FILE", help_heading = "What is asked")]
    requirements: Option<PathBuf>,
    #[command(flatten)]
    provenance: ProvenanceFlags,
    #[command(flatten)]
    reading: ModelFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Levelled {
    /// The model as it was named.
    pub model: String,
    /// What names it: SHA-256 of the canonical manifest, or of the one file.
    pub digest: String,
    /// The SLSA build level that it reaches.
    #[schemars(with = "u8")]
    pub level: Level,
    /// Why no higher level; empty at 3.
    pub why: Vec<String>,
    /// `builder.id` of the statement that gives the level.
    pub builder: Option<String>,
    /// Its build type, a URI.
    pub build_type: Option<String>,
    /// Its name.
    pub provenance: Option<String>,
    /// Where the code comes from, as it says.
    pub source: Code,
    /// What is known of each part of making the model.
    pub steps: Vec<StepKnown>,
    /// Models that it was made from.
    pub bases: Vec<Base>,
    /// How many more there are that were not looked at, because nobody follows so many.
    pub not_followed: usize,
    /// Reviews of its code.
    pub review: Reviews,
    /// Lines of the requirements that are not met.
    pub unmet: Vec<UnmetLine>,
}

/// What is known of a part of making a model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepKnown {
    /// `data`, `training`, `transform` or `evaluation`.
    pub step: String,
    /// `verified`, `declared`, `unknown`, or `failed` where a signer who counts says that an evaluation failed.
    #[schemars(with = "String")]
    pub standing: Standing,
    /// What there is.
    pub what: String,
}

/// Reviews of a model's code.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reviews {
    /// Different signers whose word about reviews counts, and whose last review approves exactly the code that is there.
    pub reviewers: usize,
    /// Different signers whose word about reviews counts, and whose last review rejects the code.
    pub rejected: usize,
    /// Other statements that say to be a review: nobody vouches for their signers, or they are of other code.
    pub others: usize,
}

/// A line of the requirements that is not met.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmetLine {
    /// The line, from 1.
    pub line: usize,
    /// What it asks.
    pub asked: String,
    /// What there is.
    pub found: String,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match level(arguments, context) {
        Ok((levelled, notes)) => {
            let reasons = reasons(arguments, &levelled);
            let text = text(&levelled);
            if reasons.is_empty() {
                return Reply::yes(VERB, text, levelled).with_notes(notes);
            }
            Reply::refusal(VERB, reasons)
                .with_text(text)
                .with_notes(notes)
                .with_verdict(format!("level {}, which is not what was asked", levelled.level))
                .with_result(levelled)
        }
        Err(reasons) => Reply::refusal(VERB, reasons).with_verdict("no level was worked out"),
    }
}

/// What a statement is worth.
struct Worth {
    level: Level,
    name: String,
    provenance: Provenance,
    source: Source,
    why: Vec<String>,
}

fn level(arguments: &Arguments, context: &Context) -> Result<(Levelled, Vec<String>), Vec<Diagnostic>> {
    let requirements = match &arguments.requirements {
        None => None,
        Some(file) => {
            let text = target::read_bounded(file, MAX_DOCUMENT)?;
            let read = Requirements::parse(&text);
            Some(read.map_err(|error| Diagnostic::of(error.code(), &error).at(file.display().to_string()))?)
        }
    };
    let trusted = arguments.builders.trusted(context)?;
    let signers = arguments
        .signers
        .signers(None, &TrustFlags::default(), context.now())?;
    let hashed = arguments.reading.hashed(&arguments.model, context)?;
    let (pieces, others) = arguments.provenance.of_model(hashed.root())?;
    let bases = arguments.provenance.of_bases()?;
    let (worth, why) = best(&pieces, &trusted, &hashed);
    let chain = worth.as_ref().map_or_else(Chain::default, |worth| {
        Chain::of(&worth.provenance, &bases, &trusted, arguments.provenance.depth)
    });
    let (evaluations, reviews) = evidence(&hashed, &signers)?;
    hashed.still_holds()?;
    let own = worth.as_ref().map(|worth| Link {
        provenance: &worth.provenance,
        standing: standing(worth.level),
    });
    let further = chain.links.iter().map(|(provenance, standing)| Link {
        provenance,
        standing: *standing,
    });
    let links: Vec<Link<'_>> = own.into_iter().chain(further).collect();
    let steps = Steps::of(&links, &chain.open, &evaluations);
    let reached = worth.as_ref().map_or(Level::L0, |worth| worth.level);
    let source = worth
        .as_ref()
        .map(|worth| worth.source.clone())
        .unwrap_or_default();
    let unmet = requirements.map_or_else(Vec::new, |requirements| {
        requirements.unmet(&Facts {
            level: reached,
            provenance: worth.as_ref().map(|worth| &worth.provenance),
            source: source.clone(),
            steps: &steps,
            reviewers: reviews.reviewers,
            rejected: reviews.rejected,
        })
    });
    Ok((
        Levelled {
            model: arguments.model.display().to_string(),
            digest: hashed.digest().to_string(),
            level: reached,
            why,
            builder: worth.as_ref().map(|worth| worth.provenance.builder.clone()),
            build_type: worth.as_ref().map(|worth| worth.provenance.build_type.clone()),
            provenance: worth.as_ref().map(|worth| worth.name.clone()),
            source: Code::from(&source),
            steps: MlStep::ALL.into_iter().map(|step| known(&steps, step)).collect(),
            bases: chain.bases,
            not_followed: chain.open.beyond,
            review: reviews,
            unmet: unmet
                .into_iter()
                .map(|one| UnmetLine {
                    line: one.line,
                    asked: one.asked,
                    found: one.found,
                })
                .collect(),
        },
        others,
    ))
}

fn known(steps: &Steps, step: MlStep) -> StepKnown {
    let state = steps.state(step);
    StepKnown {
        step: step.word().to_owned(),
        standing: state.standing,
        what: state.what.clone(),
    }
}

/// Only what a builder of the list stands behind is verified.
const fn standing(level: Level) -> Standing {
    match level {
        Level::L0 | Level::L1 => Standing::Declared,
        Level::L2 | Level::L3 => Standing::Verified,
    }
}

/// The statement that is worth most, and why it is worth no more. Statements about other models are worth nothing.
fn best(pieces: &[Piece], trusted: &[TrustedBuilder], hashed: &Hashed) -> (Option<Worth>, Vec<String>) {
    let mut found: Option<Worth> = None;
    let mut faults = Vec::new();
    for piece in pieces {
        match worth(piece, trusted, hashed) {
            Ok(worth) if found.as_ref().is_none_or(|before| before.level < worth.level) => {
                found = Some(worth)
            }
            Ok(_) => {}
            Err(fault) => faults.push(format!("{}: {fault}", piece.name)),
        }
    }
    let why = match &found {
        Some(worth) => worth.why.clone(),
        None if faults.is_empty() => vec!["there is no SLSA provenance v1 about it".to_owned()],
        None => faults,
    };
    (found, why)
}

fn worth(piece: &Piece, trusted: &[TrustedBuilder], hashed: &Hashed) -> Result<Worth, String> {
    covers(&piece.statement.subjects, &hashed.subjects()).map_err(|refused| refused.to_string())?;
    let provenance = piece.provenance().map_err(|error| error.to_string())?;
    let claimed = |provenance: Provenance, why: String| Worth {
        level: Level::L1,
        name: piece.name.clone(),
        source: Source::of(&provenance, None),
        provenance,
        why: vec![why],
    };
    let Some(bundle) = &piece.bundle else {
        return Ok(claimed(provenance, "nobody signed its provenance".to_owned()));
    };
    if trusted.is_empty() {
        let why = "no list of builders was named (--builders), so nobody's signature is worth more";
        return Ok(claimed(provenance, why.to_owned()));
    }
    let accepted = match accept(bundle, trusted) {
        Ok(accepted) => accepted,
        Err(why) => return Ok(claimed(provenance, why.to_string())),
    };
    match Expected::default().check(&accepted, &hashed.subjects()) {
        Ok(source) => Ok(Worth {
            level: accepted.builder.level,
            name: piece.name.clone(),
            source,
            why: lacking(accepted.builder.level),
            provenance: accepted.provenance,
        }),
        Err(refused) => Ok(claimed(provenance, refused.to_string())),
    }
}

/// Why a builder of the list gives no higher level.
fn lacking(level: Level) -> Vec<String> {
    match level {
        Level::L3 => Vec::new(),
        level => vec![format!("the list gives its builder level {level}")],
    }
}

/// What a reviewer who counts has said: decisions with their dates.
struct Reviewer {
    signer: Signer,
    said: Vec<(Decision, String)>,
}

/// Statements about evaluations with how each is known, and reviews of the code.
fn evidence(hashed: &Hashed, signers: &SignersByKind) -> Result<(Vec<Standing>, Reviews), Diagnostic> {
    let code = review::code(hashed)?;
    let mut evaluations = Vec::new();
    let mut reviews = Reviews::default();
    let mut reviewers: Vec<Reviewer> = Vec::new();
    for found in Found::about(hashed.root())? {
        let Ok(claimed) = found.claimed() else { continue };
        let kind = types::kind_of(&claimed.statement.predicate_type);
        let is_about = claimed.statement.is_about(&hashed.model());
        let judged = found.judged(signers, &hashed.model()).ok();
        match (kind, judged) {
            (Kind::Evaluation, Some(evidence)) => {
                let statement = evidence.statement();
                evaluations.push(match outcome(&statement.predicate_type, &statement.predicate) {
                    Outcome::Good => Standing::Verified,
                    Outcome::Bad => Standing::Failed,
                    Outcome::Unclear => Standing::Unknown,
                });
            }
            // Whoever is not believed can neither fail a model nor, by saying that it failed, have evaluated it.
            (Kind::Evaluation, None) if is_about => {
                let said = outcome(&claimed.statement.predicate_type, &claimed.statement.predicate);
                evaluations.push(match said {
                    Outcome::Good => Standing::Declared,
                    Outcome::Bad | Outcome::Unclear => Standing::Unknown,
                });
            }
            (Kind::Review, Some(evidence)) => match word(&evidence.statement().predicate, &code) {
                Some(word) => add(&mut reviewers, evidence.signer(), word),
                None => reviews.others += 1,
            },
            (Kind::Review, None) => reviews.others += 1,
            _ => {}
        }
    }
    for reviewer in &reviewers {
        let said = reviewer.said.iter();
        match last_word(said.map(|(decision, date)| (*decision, date.as_str()))) {
            Some(Decision::Approved) => reviews.reviewers += 1,
            Some(Decision::Rejected) => reviews.rejected += 1,
            None => {}
        }
    }
    Ok((evaluations, reviews))
}

/// What a review says that counts. An approval must be of exactly this code; a rejection of the model is one however it lists it.
fn word(predicate: &serde_json::Value, code: &CustomCode) -> Option<(Decision, String)> {
    let text = |member: &str| predicate.get(member).and_then(serde_json::Value::as_str);
    if text("decision") == Some(Decision::Rejected.word()) {
        return Some((Decision::Rejected, text("date").unwrap_or_default().to_owned()));
    }
    let review = Review::read(predicate).ok()?;
    code.covered_by(&review).ok()?;
    Some((review.decision, review.date))
}

fn add(reviewers: &mut Vec<Reviewer>, signer: &Signer, word: (Decision, String)) {
    match reviewers.iter_mut().find(|one| one.signer.is_same_as(signer)) {
        Some(reviewer) => reviewer.said.push(word),
        None => reviewers.push(Reviewer {
            signer: signer.clone(),
            said: vec![word],
        }),
    }
}

fn reasons(arguments: &Arguments, levelled: &Levelled) -> Vec<Diagnostic> {
    let wanted = arguments.at_least.and_then(Level::of);
    let mut reasons = Vec::new();
    if levelled.level == Level::L0 && wanted != Some(Level::L0) && arguments.requirements.is_none() {
        let none = Diagnostic::new(NONE, format!("{} reaches level 0", Shown(&levelled.model)));
        reasons.push(levelled.why.iter().fold(none, |none, why| none.note(why.clone())));
    } else if let Some(wanted) = wanted.filter(|wanted| levelled.level < *wanted) {
        let low = Diagnostic::new(LEVEL, format!("{} reaches a lower level", Shown(&levelled.model)))
            .fact("asked for", wanted.to_string())
            .fact("found", levelled.level.to_string());
        reasons.push(levelled.why.iter().fold(low, |low, why| low.note(why.clone())));
    }
    let file = arguments.requirements.as_ref();
    let place = file.map_or_else(String::new, |file| file.display().to_string());
    reasons.extend(levelled.unmet.iter().map(|unmet| {
        Diagnostic::new(REQUIREMENT, format!("not met: {}", Shown(&unmet.asked)))
            .at(format!("{place}   line {}", unmet.line))
            .fact("found", unmet.found.clone())
    }));
    reasons
}

/// A refusal with both digests, where it is about files.
pub(super) fn told(refused: &Refused, piece: &Piece) -> Diagnostic {
    let told = Diagnostic::of(refused.code(), refused).at(piece.name.clone());
    match refused {
        Refused::Model { found, model } => told
            .fact("the model is", model.to_string())
            .fact("made was", found.to_string()),
        Refused::File { found, stated, .. } => {
            let made = stated.map_or_else(
                || "(no file of this name)".to_owned(),
                |stated| stated.to_string(),
            );
            told.fact("the file is", found.to_string())
                .fact("made was", made)
                .note("a file that was there before the step, or came after it, was not made by it")
        }
        _ => told,
    }
}

/// Where the code comes from, for people.
pub(super) fn source_lines(source: &Code, line: &mut impl FnMut(&str, &str)) {
    if let Some(uri) = &source.uri {
        let reference = source.reference.as_deref().unwrap_or("no ref stated");
        line("source", &format!("{uri}   {reference}"));
    }
    if let Some(commit) = &source.commit {
        let tree = source.tree.as_deref().unwrap_or("not stated");
        line("commit", &format!("{commit}   working tree: {tree}"));
    }
}

/// Models that it was made from, for people.
pub(super) fn base_lines(bases: &[Base], not_followed: usize, line: &mut impl FnMut(&str, &str)) {
    for base in bases {
        line(&base.role, &base_line(base));
    }
    if not_followed > 0 {
        let many = format!(
            "{not_followed} more models were not looked at: no more than {} are",
            bases.len()
        );
        line("base-model", &many);
    }
}

/// A model that it was made from, for people.
fn base_line(base: &Base) -> String {
    let digest = base.digest.as_deref().unwrap_or("no digest");
    format!(
        "{}   {digest}   {}: {}",
        base.name,
        base.standing.word().to_lowercase(),
        base.what
    )
}

fn text(levelled: &Levelled) -> String {
    let mut text = format!(
        "{}: SLSA build level {}\n",
        Shown(&levelled.model),
        levelled.level
    );
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("about", &levelled.digest);
    for why in &levelled.why {
        line("no higher", why);
    }
    for (name, value) in [
        ("builder", &levelled.builder),
        ("build type", &levelled.build_type),
        ("provenance", &levelled.provenance),
    ] {
        value.iter().for_each(|value| line(name, value));
    }
    source_lines(&levelled.source, &mut line);
    base_lines(&levelled.bases, levelled.not_followed, &mut line);
    for step in &levelled.steps {
        let standing = step.standing.word().to_lowercase();
        line(&step.step, &format!("{standing}: {}", step.what));
    }
    let review = &levelled.review;
    line(
        "review",
        &format!(
            "{} reviewed exactly this code and count{}; {} other statements",
            review.reviewers,
            match review.rejected {
                0 => String::new(),
                count => format!(", {count} who count rejected it"),
            },
            review.others
        ),
    );
    text
}
