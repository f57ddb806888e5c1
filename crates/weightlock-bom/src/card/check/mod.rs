//! What a card lacks, and what contradicts it.
//!
//! 1. Everything the card must say is there (S74, S75). Where there is a structured card, its fields are asked of it, and only the
//!    intended use may stand in `README.md` instead. Where there is none, `README.md` must tell the licence, the intended use,
//!    the training data, the results and the limitations, and that there is no structured card is told.
//! 2. Each value has the shape of its field.
//! 3. Each value that something else tells too is compared with it ([`reality`]): the digests of the files, statements whose
//!    signers count, the signer of the model, the front matter, what the weights are.
//!
//! A value that nothing was compared with is *declared*. One that agrees with what was computed or signed is *verified*, one
//! that agrees with what was worked out is *inferred*; one that disagrees has *failed*, and both values are told with their places.

mod missing;
pub mod reality;
mod statement;

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{digest::Digest, standing::Standing};
use weightlock_format::config::card::Card;

pub(super) use self::missing::in_readme;
pub use self::statement::Counted;
use super::{Field, ModelCard, Need};
use crate::graph::Graph;

/// Everything that a card is checked against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Material<'a> {
    /// The structured card, with its name.
    pub card: Option<(&'a str, &'a ModelCard)>,
    /// `README.md`, with its name.
    pub readme: Option<(&'a str, &'a Card)>,
    /// The files of the model by name, with digests that were computed now; `None` where none were.
    pub files: Option<&'a [(String, Digest)]>,
    /// Statements about the model that count.
    pub statements: &'a [Counted<'a>],
    /// Who signed the model, when the signature was verified.
    pub signer: Option<&'a SignedBy>,
    /// What the files of the model say.
    pub graph: Option<&'a Graph>,
}

/// Who signed the model: checked, and the model is as it was signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedBy {
    /// For people: `key <hex>`, a subject, an identity with its issuer.
    pub shown: String,
    /// The names that a card may call the signer by: a fingerprint, the parts of a subject, an identity.
    pub names: Vec<String>,
    /// Whether the signer has names of people at all; a key has none but its fingerprint.
    pub is_named: bool,
}

/// Where something is said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The file, the statement, or what computed it.
    pub name: String,
    /// The line, from 1, where it is a text.
    pub line: Option<u64>,
}

/// A value, where it is said, and how it is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Saying {
    /// The value as it is written.
    pub value: String,
    /// Where.
    pub place: Place,
    /// How it is known.
    #[schemars(
        with = "String",
        extend("enum" = ["verified", "declared", "inferred", "unknown", "failed"])
    )]
    pub standing: Standing,
}

/// What the card says under one field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The field.
    #[schemars(with = "String")]
    pub field: Field,
    /// Whether the card must say it.
    pub need: Need,
    /// How it is known.
    #[schemars(
        with = "String",
        extend("enum" = ["verified", "declared", "inferred", "unknown", "failed"])
    )]
    pub standing: Standing,
    /// What the card says; several texts are joined.
    pub value: Option<String>,
    /// Where it says so, or where it should.
    pub place: Option<Place>,
    /// What it agrees with.
    pub agrees_with: Vec<Saying>,
}

/// What is wrong with a card.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Something contradicts it.
    Contradiction,
    /// A field is not there, or says that nobody knows.
    Missing,
    /// A value is none that its field can have.
    Misfit,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What.
    pub fault: Fault,
    /// The field.
    #[schemars(with = "String")]
    pub field: Field,
    /// Whether the card must say it; of contradictions and misfits, always required.
    pub need: Need,
    /// In a sentence, without a final period.
    pub message: String,
    /// The values, that of the card first.
    pub sayings: Vec<Saying>,
}

/// The result.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Checked {
    /// An answer for each field.
    pub answers: Vec<Answer>,
    /// What is wrong: contradictions first, then what is required, then what is recommended.
    pub findings: Vec<Finding>,
    /// What could not be compared, and why.
    pub open: Vec<Open>,
}

/// Something the card says that could have been compared with more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The field.
    #[schemars(with = "String")]
    pub field: Field,
    /// Why not, in a sentence without a final period.
    pub why: String,
}

impl Checked {
    /// Whether the card says what it must, and nothing contradicts it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.need != Need::Required)
    }
}

/// Checks a card.
#[must_use]
pub fn check(material: &Material<'_>) -> Checked {
    let mut checked = missing::answers(material);
    let compared = reality::compare(material);
    for agreement in compared.agreements {
        if let Some(answer) = checked.answers.iter_mut().find(|it| it.field == agreement.field) {
            answer.standing = answer.standing.min(agreement.with.standing);
            answer.agrees_with.push(agreement.with);
        }
    }
    for finding in compared.contradictions {
        if let Some(answer) = checked.answers.iter_mut().find(|it| it.field == finding.field) {
            answer.standing = Standing::Failed;
        }
        checked.findings.push(finding);
    }
    checked.open = compared.open;
    checked
        .findings
        .sort_by_key(|finding| (finding.need, finding.fault, finding.field));
    checked
}

impl Place {
    pub(super) fn line(name: &str, line: u64) -> Self {
        Self {
            name: name.to_owned(),
            line: Some(line),
        }
    }

    pub(super) fn of(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            line: None,
        }
    }
}

/// `README.md:12`
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests;
