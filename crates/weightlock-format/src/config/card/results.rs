//! `model-index`: results of evaluations, as the hub's
//! [specification](https://github.com/huggingface/hub-docs/blob/main/modelcard.md) has them.
//!
//! ```yaml
//! model-index:
//! - name: NAME
//!   results:
//!   - task: {type, name}
//!     dataset: {name, type, config, split, revision}
//!     metrics: [{type, value, name, verified, verifyToken, args}]
//!     source: {name, url}
//! ```

use serde::Serialize;

use super::{Reading, Stated};
use crate::yaml::tree::Node;

/// The results that are listed under one name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Indexed {
    /// The name of the model.
    pub name: Option<Stated>,
    /// Its results.
    pub results: Vec<Evaluated>,
}

/// What one evaluation gave.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Evaluated {
    /// The task, such as `text-generation`.
    pub task: Option<Stated>,
    /// The name of the task for people.
    pub task_name: Option<Stated>,
    /// What it was evaluated on.
    pub dataset: EvaluationSet,
    /// What was measured.
    pub metrics: Vec<Metric>,
    /// Who says so.
    pub source_name: Option<Stated>,
    /// Where they say so.
    pub source_url: Option<Stated>,
}

/// The data set of an evaluation.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct EvaluationSet {
    /// Its name for people.
    pub name: Option<Stated>,
    /// Its name on the hub.
    #[serde(rename = "type")]
    pub id: Option<Stated>,
    /// The configuration.
    pub config: Option<Stated>,
    /// The split.
    pub split: Option<Stated>,
    /// The revision.
    pub revision: Option<Stated>,
}

/// One number of an evaluation.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Metric {
    /// The metric, such as `accuracy`.
    #[serde(rename = "type")]
    pub kind: Option<Stated>,
    /// The value, as it is written.
    pub value: Option<Stated>,
    /// Its name for people.
    pub name: Option<Stated>,
    /// Whether the hub is said to have checked it. Nothing here has.
    pub verified: Option<bool>,
    /// The hub's token for that.
    pub verify_token: Option<Stated>,
    /// With which settings it was measured, as they are written.
    pub args: Option<Stated>,
}

/// What stands under `model-index`.
pub(super) fn index(reading: &Reading<'_>, tree: &Node) -> Vec<Indexed> {
    let models = tree.at("model-index").into_iter().flat_map(Node::one_or_many);
    let indexed = models.filter(|model| !model.entries().is_empty());
    let read = indexed.map(|model| Indexed {
        name: reading.one(model, "name"),
        results: mappings(model, "results")
            .map(|one| result(reading, one))
            .collect(),
    });
    read.collect()
}

/// The mappings in a list, or the one that stands where the list may.
fn mappings<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = &'n Node> {
    let items = node.at(key).into_iter().flat_map(Node::one_or_many);
    items.filter(|item| !item.entries().is_empty())
}

fn result(reading: &Reading<'_>, node: &Node) -> Evaluated {
    let below = |key: &str, member: &str| node.at(key).and_then(|it| reading.one(it, member));
    Evaluated {
        task: below("task", "type"),
        task_name: below("task", "name"),
        dataset: EvaluationSet {
            name: below("dataset", "name"),
            id: below("dataset", "type"),
            config: below("dataset", "config"),
            split: below("dataset", "split"),
            revision: below("dataset", "revision"),
        },
        metrics: mappings(node, "metrics")
            .map(|one| metric(reading, one))
            .collect(),
        source_name: below("source", "name"),
        source_url: below("source", "url"),
    }
}

fn metric(reading: &Reading<'_>, node: &Node) -> Metric {
    Metric {
        kind: reading.one(node, "type"),
        value: node.at("value").and_then(|value| reading.written(value)),
        name: reading.one(node, "name"),
        verified: node.at("verified").and_then(Node::boolean),
        verify_token: reading.one(node, "verifyToken"),
        args: node.at("args").and_then(|args| reading.written(args)),
    }
}
