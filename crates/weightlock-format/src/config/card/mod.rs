//! What a model card says: the facts of its front matter, and what its Markdown says under headings.
//!
//! Front matter is YAML between two lines `---` at the start of `README.md`, in the form of the hub. It is read by
//! [`yaml::tree`](crate::yaml::tree), which takes only what every reader of YAML sees alike; nothing else in Weightlock reads it. All
//! of it is *declared*: somebody wrote it, nobody checked it. Each fact keeps the line and the byte where it stands.
//!
//! Scalars stay text as it is written: the licence `no` is no boolean, a metric of `47.90` is not 47.9. A field of an unexpected
//! shape counts as absent, as everywhere in [`config`](super); of licences it is [kept](Card::license_misfits) besides. A broken document is a [`fault`](Card::fault), and what its
//! Markdown says is still read.

mod body;
mod front;
mod markdown;
mod parts;
mod results;

use std::ops::Range;

use serde::Serialize;

pub use self::{
    body::{Body, Section, Topic, says_nothing},
    parts::Parts,
    results::{Evaluated, EvaluationSet, Indexed, Metric},
};
use crate::{
    Error, Problem,
    yaml::tree::{Node, Value},
};

/// Bytes of a card that are looked at. Front matter with hundreds of evaluation results stays below 100 kB.
pub const MAX_BYTES: usize = 1 << 20;

/// What a model card declares.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Card {
    /// Why the front matter cannot be read. It then declares nothing.
    #[serde(skip)]
    pub fault: Option<Problem>,
    /// Where the YAML of the front matter stands, in bytes; `None` where there is none.
    pub front: Option<Range<u64>>,
    /// Licence identifiers.
    pub license: Vec<Stated>,
    /// The name of a licence called `other`.
    pub license_name: Option<Stated>,
    /// Where the text of the licence is: an address, or a file of the model.
    pub license_link: Option<Stated>,
    /// What stands for a licence, its name or its link and has none of their shapes: a mapping, a list in a list, an empty text. And
    /// what stands under a word that is nearly theirs, such as `licence`. Who judges licences must not take it for silence.
    #[serde(skip)]
    pub license_misfits: Vec<Stated>,
    /// Models that this one was made from.
    pub base_model: Vec<Stated>,
    /// How it was made from them: `adapter`, `finetune`, `merge`, `quantized`.
    pub base_model_relation: Option<Stated>,
    /// Data sets it was trained on.
    pub datasets: Vec<Dataset>,
    /// Tags.
    pub tags: Vec<Stated>,
    /// The task.
    pub pipeline_tag: Option<Stated>,
    /// The library that loads it.
    pub library_name: Option<Stated>,
    /// Languages.
    pub language: Vec<Stated>,
    /// Its name.
    pub model_name: Option<Stated>,
    /// Who made the smaller numbers of it.
    pub quantized_by: Option<Stated>,
    /// Names of metrics, without values.
    pub metrics: Vec<Stated>,
    /// Results of evaluations, by the names under which the card lists them.
    pub model_index: Vec<Indexed>,
    /// What training it emitted.
    pub emissions: Option<Emissions>,
    /// The Markdown.
    pub body: Body,
}

/// A text as it is written, and where.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Stated {
    /// The text.
    pub text: String,
    /// The line it begins on, from 1.
    pub line: u64,
    /// The offset of its first byte in the file.
    pub offset: u64,
}

/// A data set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Dataset {
    /// Its name on the hub.
    pub name: Stated,
    /// The revision.
    pub revision: Option<Stated>,
}

/// What training emitted, in grams of CO2 equivalent.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Emissions {
    /// Grams.
    pub grams: Option<Stated>,
    /// Who worked it out.
    pub source: Option<Stated>,
    /// What was trained: `pre-training`, `fine-tuning`.
    pub training_type: Option<Stated>,
    /// Where.
    pub location: Option<Stated>,
    /// On what.
    pub hardware: Option<Stated>,
}

impl Card {
    /// Reads a card; one without front matter declares nothing.
    #[must_use]
    pub fn read(text: &[u8]) -> Self {
        let text = text.get(..MAX_BYTES).unwrap_or(text);
        let parts = match Parts::of(text) {
            Ok(parts) => parts,
            Err(problem) => return Self::broken(problem),
        };
        let body = Body::read(text, parts.body.start);
        let Some(front) = parts.front else {
            return Self {
                body,
                ..Self::default()
            };
        };
        let range = Some(front.start as u64..front.end as u64);
        match tree(text, &front) {
            Ok(tree) => Self {
                front: range,
                body,
                ..front::facts(&Reading::new(text, front), &tree)
            },
            Err(problem) => Self {
                front: range,
                body,
                ..Self::broken(problem)
            },
        }
    }

    fn broken(problem: Problem) -> Self {
        Self {
            fault: Some(problem),
            ..Self::default()
        }
    }
}

/// The front matter as a tree; offsets of what is refused count from the start of the file.
///
/// # Errors
/// What [`Node::read`] refuses, and a document that is no mapping.
pub fn tree(text: &[u8], front: &Range<usize>) -> Result<Node, Problem> {
    let start = front.start as u64;
    let tree = Node::read(text.get(front.clone()).unwrap_or_default()).map_err(|error| match error {
        Error::Refused(problem) => problem.shifted(start),
        // Nothing is read from anywhere.
        Error::Io(_) => no_mapping(start),
    })?;
    if tree.is_null() || matches!(tree.value, Value::Mapping(_)) {
        Ok(tree)
    } else {
        Err(no_mapping(start))
    }
}

/// The refusal of a card that is no mapping of names to values.
#[must_use]
pub fn no_mapping(offset: u64) -> Problem {
    Problem::malformed(offset, super::Fault::CardMapping)
}

/// Line and column, both from 1, of a byte of a text. Columns count bytes, as the offset does.
#[must_use]
pub fn line_and_column(text: &[u8], offset: u64) -> (u64, u64) {
    let offset = usize::try_from(offset).unwrap_or(text.len()).min(text.len());
    let before = text.get(..offset).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', before).count() as u64;
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end.saturating_add(1));
    let column = offset.saturating_sub(start) as u64;
    (line.saturating_add(1), column.saturating_add(1))
}

/// A front matter that is being read: from nodes to what is stated where.
struct Reading<'t> {
    /// The text of the front matter.
    front: &'t [u8],
    /// Its first byte in the file.
    start: u64,
    /// Offsets of the line ends of the file up to the end of the front matter.
    ends: Vec<u64>,
}

impl<'t> Reading<'t> {
    fn new(text: &'t [u8], front: Range<usize>) -> Self {
        let before = text.get(..front.end).unwrap_or_default();
        Self {
            front: text.get(front.clone()).unwrap_or_default(),
            start: front.start as u64,
            ends: memchr::memchr_iter(b'\n', before).map(|at| at as u64).collect(),
        }
    }

    fn place(&self, node: &Node, text: String) -> Stated {
        let offset = node.range.start.saturating_add(self.start);
        let before = self.ends.partition_point(|end| *end < offset) as u64;
        Stated {
            text,
            line: before.saturating_add(1),
            offset,
        }
    }

    /// A scalar that is not null.
    fn scalar(&self, node: &Node) -> Option<Stated> {
        let text = node.text().filter(|text| !text.trim().is_empty())?;
        Some(self.place(node, text.to_owned()))
    }

    /// Whatever stands there, as it is written.
    fn written(&self, node: &Node) -> Option<Stated> {
        let range = usize::try_from(node.range.start).ok()?..usize::try_from(node.range.end).ok()?;
        let written = String::from_utf8_lossy(self.front.get(range)?);
        self.scalar(node)
            .or_else(|| (!node.is_null()).then(|| self.place(node, written.trim().to_owned())))
    }

    fn one(&self, node: &Node, key: &str) -> Option<Stated> {
        node.at(key).and_then(|value| self.scalar(value))
    }

    fn many(&self, node: &Node, key: &str) -> Vec<Stated> {
        let values = node.at(key).into_iter().flat_map(Node::one_or_many);
        values.filter_map(|value| self.scalar(value)).collect()
    }
}

#[cfg(test)]
mod tests;
