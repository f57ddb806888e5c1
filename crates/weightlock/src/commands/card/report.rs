//! A checked card: what is looked at, its JSON, and its text for people.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{digest::Digest, inventory::Root, standing::Standing};
use weightlock_bom::card::{
    Field, ModelCard, Need,
    check::{Answer, Checked, Finding, Material, Open, check},
    reason::{CHANGED, NONE},
};
use weightlock_signing::{SignersByKind, Trust};

use super::{
    evidence::{self, Judged},
    files::Cards,
};
use crate::{
    commands::{bom::model::Described, subject::Hashed, verify_attestation::NotCounted},
    context::Context,
    diagnostic::Diagnostic,
    terminal::Style,
    text::{Shown, quoted},
};

/// A card beside what is known.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckedCard {
    /// The model as it was named.
    pub model: String,
    /// What names the model: SHA-256 of the canonical manifest, or of the one file; none where nothing was hashed.
    pub digest: Option<String>,
    /// The structured card: a file, or the name of the signed statement that carries it.
    pub card: Option<String>,
    /// `README.md`, where there is one.
    pub readme: Option<String>,
    /// Signed cards that count, with their signers.
    pub signed: Vec<Signed>,
    /// What each field says, and how it is known.
    pub answers: Vec<Answer>,
    /// What is missing, misshapen or contradicted; what decides comes first.
    pub findings: Vec<Finding>,
    /// What could have been compared with more.
    pub open: Vec<Open>,
    /// How many fields are known how.
    pub counts: Counts,
    /// Statements that do not count. They change no answer.
    pub not_counted: Vec<NotCounted>,
}

/// A signed card that counts.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// Its name in the evidence folder.
    pub name: String,
    /// Who signed it.
    pub signer: String,
    /// Whether the files that it names are as they were signed; none where it names none.
    pub is_current: Option<bool>,
}

/// Fields by how they are known.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Computed, or signed by one whose word counts.
    pub verified: usize,
    /// The card says so.
    pub declared: usize,
    /// Agrees with what was worked out.
    pub inferred: usize,
    /// Nobody says.
    pub unknown: usize,
    /// Contradicted, or no value of the field.
    pub failed: usize,
}

/// What is looked at.
pub(super) struct Subject<'a> {
    pub(super) root: &'a Root,
    pub(super) named: Option<&'a Path>,
    /// The model and what its files say, where they were hashed.
    pub(super) described: Option<&'a Described>,
    /// Whose statements count, where somebody was named.
    pub(super) signers: Option<(&'a SignersByKind, Option<&'a Trust>)>,
}

impl Subject<'_> {
    fn hashed(&self) -> Option<&Hashed> {
        self.described.map(|described| &described.hashed)
    }
}

/// Reads the cards and everything they are compared with.
pub(super) fn look(subject: &Subject<'_>) -> Result<(CheckedCard, Vec<Diagnostic>), Diagnostic> {
    let cards = Cards::find(subject.root, subject.named)?;
    let judged = match (subject.hashed(), subject.signers) {
        (Some(hashed), Some((signers, _))) => Judged::of(hashed, signers)?,
        _ => Judged::default(),
    };
    let signed = judged.cards();
    let carried = signed.iter().find_map(|one| {
        let (_, card) = one.statement.card.as_ref()?;
        Some((one.name.as_str(), card))
    });
    let structured = match &cards.structured {
        Some(read) => Some((read.name.as_str(), &read.card)),
        None => carried,
    };
    let readme = cards.readme.as_ref().map(|read| (read.name.as_str(), &read.card));
    if structured.is_none() && readme.is_none() {
        let model = subject.root.path().display().to_string();
        return Err(Diagnostic::new(NONE, format!("{model} has no card"))
            .at(model.clone())
            .note(format!(
                "looked for {}",
                super::files::inside(subject.root).display()
            ))
            .note(format!(
                "looked for {}",
                super::files::beside(subject.root).display()
            ))
            .help(format!("weightlock card init {}", quoted(&model))));
    }
    let files = subject.hashed().map(digests);
    let signer = match (subject.hashed(), subject.signers) {
        (Some(hashed), Some((_, Some(trust)))) => evidence::signer(hashed, trust).ok(),
        _ => None,
    };
    let statements = judged.statements();
    let checked = check(&Material {
        card: structured,
        readme,
        files: files.as_deref(),
        statements: &statements,
        signer: signer.as_ref(),
        graph: subject.described.map(|described| &described.graph),
    });
    let current: Vec<Signed> = signed.iter().map(|one| is_current(one, &cards)).collect();
    let changed = changed(&current, subject.root);
    Ok((
        result(subject, &cards, structured, checked, current, &judged),
        changed,
    ))
}

/// The files of the model with their digests.
pub(in crate::commands) fn digests(hashed: &Hashed) -> Vec<(String, Digest)> {
    match hashed.manifest() {
        Some(manifest) => {
            let files = manifest.files().iter();
            files
                .map(|file| (file.path.to_string(), *file.sha256()))
                .collect()
        }
        None => vec![(hashed.root().base_name(), *hashed.digest())],
    }
}

fn is_current(one: &evidence::SignedCard, cards: &Cards) -> Signed {
    let card = one.statement.card.as_ref().and_then(|(named, _)| named.as_ref());
    let same_card = card
        .zip(cards.structured.as_ref())
        .map(|(named, read)| named.sha256 == read.sha256);
    let same_readme = one
        .statement
        .readme
        .as_ref()
        .zip(cards.readme.as_ref())
        .map(|(named, read)| named.sha256 == read.sha256);
    Signed {
        name: one.name.clone(),
        signer: one.signer.clone(),
        is_current: match (same_card, same_readme) {
            (None, None) => None,
            (card, readme) => Some(card.unwrap_or(true) && readme.unwrap_or(true)),
        },
    }
}

/// No signed card is the one that lies there.
fn changed(signed: &[Signed], root: &Root) -> Vec<Diagnostic> {
    let stale: Vec<&Signed> = signed
        .iter()
        .filter(|one| one.is_current == Some(false))
        .collect();
    let (Some(first), false) = (
        stale.first(),
        signed.iter().any(|one| one.is_current == Some(true)),
    ) else {
        return Vec::new();
    };
    let told = Diagnostic::new(CHANGED, "the card is another one than was signed")
        .at(root.path().display().to_string())
        .fact("signer", first.signer.clone())
        .fact("in", first.name.clone());
    vec![told]
}

fn result(
    subject: &Subject<'_>,
    cards: &Cards,
    structured: Option<(&str, &ModelCard)>,
    checked: Checked,
    signed: Vec<Signed>,
    judged: &Judged,
) -> CheckedCard {
    let not_counted = judged.others.iter().map(|(name, why)| NotCounted {
        name: name.clone(),
        code: why.code.to_string(),
        why: why.why.clone(),
    });
    CheckedCard {
        model: subject.root.path().display().to_string(),
        digest: subject.hashed().map(|hashed| hashed.digest().to_string()),
        card: structured.map(|(name, _)| name.to_owned()),
        readme: cards.readme.as_ref().map(|read| read.name.clone()),
        signed,
        counts: Counts::of(&checked.answers),
        answers: checked.answers,
        findings: checked.findings,
        open: checked.open,
        not_counted: not_counted.collect(),
    }
}

impl Counts {
    fn of(answers: &[Answer]) -> Self {
        let of = |standing| {
            let counted = answers.iter().filter(is_shown);
            counted.filter(|one| one.standing == standing).count()
        };
        Self {
            verified: of(Standing::Verified),
            declared: of(Standing::Declared),
            inferred: of(Standing::Inferred),
            unknown: of(Standing::Unknown),
            failed: of(Standing::Failed),
        }
    }

    fn text(&self) -> String {
        format!(
            "{} verified, {} declared, {} inferred, {} unknown, {} failed",
            self.verified, self.declared, self.inferred, self.unknown, self.failed
        )
    }
}

/// Letters of a value in a line.
const MOST: usize = 90;

/// One screen for people.
pub(super) fn text(card: &CheckedCard, context: &Context) -> String {
    let which: Vec<String> = card
        .card
        .iter()
        .chain(&card.readme)
        .map(|name| Shown(name).to_string())
        .collect();
    let mut text = format!(
        "{} of {}: {}\n",
        context.out.apply(Style::Strong, "card"),
        Shown(&card.model),
        which.join(", ")
    );
    for one in &card.signed {
        let state = match one.is_current {
            Some(false) => "stated otherwise by",
            _ => "stated by",
        };
        text += &format!("  {state} {} ({})\n", Shown(&one.signer), Shown(&one.name));
    }
    for answer in shown(card) {
        let value = answer
            .value
            .as_deref()
            .map_or_else(|| format!("({})", need(answer.need)), short);
        let word = context
            .out
            .apply(style(answer.standing), &format!("{:9}", answer.standing));
        text += &format!("  {word} {:45} {}\n", answer.field.path(), Shown(&value));
    }
    text += &format!("  {}\n", card.counts.text());
    text
}

/// The fields to show: those that say something, and those that should.
fn shown(card: &CheckedCard) -> impl Iterator<Item = &Answer> {
    card.answers.iter().filter(is_shown)
}

/// A field that need not be there, and is not, is no gap.
fn is_shown(answer: &&Answer) -> bool {
    answer.need != Need::Optional || answer.standing != Standing::Unknown
}

const fn style(standing: Standing) -> Style {
    match standing {
        Standing::Verified => Style::Good,
        Standing::Failed => Style::Error,
        _ => Style::Strong,
    }
}

const fn need(need: Need) -> &'static str {
    match need {
        Need::Required => "required, and not said",
        Need::Recommended => "recommended, and not said",
        Need::Optional => "not said",
    }
}

/// A value in one line.
fn short(value: &str) -> String {
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(MOST).collect();
    if cut.len() < line.len() { cut + "…" } else { cut }
}

/// A table in Markdown, for a job summary or a page. What comes from the card is made harmless.
pub(super) fn markdown(card: &CheckedCard) -> String {
    let mut text = format!(
        "# Card of {}\n\n| field | standing | value |\n|---|---|---|\n",
        harmless(&card.model)
    );
    for answer in shown(card) {
        let value = answer
            .value
            .as_deref()
            .map_or_else(|| need(answer.need).to_owned(), harmless);
        text += &format!(
            "| {} | {} | {value} |\n",
            harmless(answer.field.path()),
            answer.standing.word().to_lowercase()
        );
    }
    text + &format!("\n{}\n", card.counts.text())
}

/// Text that Markdown and HTML take for text.
fn harmless(text: &str) -> String {
    let mut safe = String::new();
    for letter in Shown(&short(text)).to_string().chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '!' | '|' | '#' | '~' | '@' | ':' => {
                safe.push_str(&format!("&#{};", u32::from(letter)));
            }
            _ => safe.push(letter),
        }
    }
    safe
}

/// Fields that are asked for in a sentence.
pub(super) fn listed(fields: &[Field]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.path()).collect();
    names.join(", ")
}
