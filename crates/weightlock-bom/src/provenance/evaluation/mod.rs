//! What was measured about a model, as one signed statement: from `model-index` of the model's README ([`model_index`]), from
//! `.eval_results/*.yaml` ([`results`]), and from what lm-evaluation-harness writes ([`harness`]).
//!
//! The predicate is `urn:weightlock:evaluation:v1`:
//!
//! ```json
//! {"date": "2026-11-22T12:00:00Z", "results": [{"metric": "perplexity", "value": "47.9", "task": "text-generation",
//!   "dataset": {"type": "wikitext", "name": "WikiText", "config": "wikitext-2-raw-v1", "split": "test", "revision": "…"},
//!   "source": "README.md", "at": "model-index[0].results[0].metrics[0]"}],
//!  "sources": [{"name": "README.md", "sha256": "…", "form": "model-index"}]}
//! ```
//!
//! Rejected: in-toto's `test-result/v0.1`, which knows tests that passed, warned or failed and has no place for a number; it
//! is what gates write, and is read as evidence of the same kind ([`outcome`]). Values are texts, so that none is rounded. All of it is what
//! the sources say; whether somebody's word about it counts is decided by who signed.

pub mod harness;
pub mod model_index;
pub mod outcome;
pub mod results;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weightlock_artifact::reason::Code;

use super::reason;

/// More results than this are not stated in one statement.
pub const MOST_RESULTS: usize = 100_000;

/// The predicate.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// When it was stated, in RFC 3339; when each number was measured stands with it, where the source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The results, in the order of their sources.
    pub results: Vec<Measured>,
    /// What they were read from.
    pub sources: Vec<Origin>,
}

/// One result.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// What was measured: `accuracy`.
    pub metric: String,
    /// The number, or whatever stands for it, as it is written.
    pub value: String,
    /// The error of the number, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<String>,
    /// What the model had to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// With which data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Data>,
    /// When, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The name of the source.
    pub source: String,
    /// Where in it.
    pub at: String,
}

/// Data that a model was measured with.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Its identifier.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which of its configurations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// Which part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Which revision of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// A file that results were read from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Its path below the model, or its name.
    pub name: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// How it is written.
    pub form: Form,
    /// The program that wrote it, with its version, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
}

/// How results are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// `model-index` in the front matter of a README.
    ModelIndex,
    /// `.eval_results/*.yaml`.
    EvalResults,
    /// The JSON of lm-evaluation-harness.
    LmEval,
}

/// Results cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the results cannot be read: {0}")]
pub struct NotResults(pub String);

impl NotResults {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        reason::RESULTS
    }
}

impl Data {
    /// Whether nothing is said.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Evaluation {
    /// Adds what a source says. Results keep where they stand in it.
    ///
    /// # Errors
    /// [`NotResults`] when there are more than [`MOST_RESULTS`].
    pub fn add(&mut self, origin: Origin, results: Vec<Measured>) -> Result<(), NotResults> {
        if self.results.len().saturating_add(results.len()) > MOST_RESULTS {
            return Err(NotResults(format!("there are more than {MOST_RESULTS}")));
        }
        self.results.extend(results.into_iter().map(|one| Measured {
            source: origin.name.clone(),
            ..one
        }));
        self.sources.push(origin);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
