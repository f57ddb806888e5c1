//! `.eval_results/*.yaml`: the hub's newer place for results. A list, or one entry:
//!
//! ```yaml
//! - dataset: {id: ORGANISATION/NAME, task_id: TASK, revision: COMMIT}
//!   value: 20.9
//!   date: "2026-01-15"
//!   source: {url: …, name: …}
//! ```
//!
//! `verifyToken` is for the hub to check and proves nothing here; it is passed over. The metric is the benchmark's own.

use weightlock_format::yaml::tree::{Node, Value};

use super::{Data, Measured, NotResults};

/// The results in a file.
///
/// # Errors
/// [`NotResults`] for what is no YAML, or has another shape.
pub fn read(text: &[u8]) -> Result<Vec<Measured>, NotResults> {
    let root = Node::read(text).map_err(|error| NotResults(error.to_string()))?;
    let entries = match &root.value {
        Value::Sequence(items) => items.as_slice(),
        Value::Mapping(_) => std::slice::from_ref(&root),
        Value::Scalar { .. } => return Err(NotResults("it is no list of results".to_owned())),
    };
    let read = entries
        .iter()
        .enumerate()
        .map(|(number, entry)| one(number, entry));
    read.collect()
}

fn one(number: usize, entry: &Node) -> Result<Measured, NotResults> {
    let text = |node: &Node, key: &str| node.at(key).and_then(Node::text).map(str::to_owned);
    let lacks = |what: &str| NotResults(format!("[{number}] has no {what}"));
    let dataset = entry.at("dataset").ok_or_else(|| lacks("dataset"))?;
    let task = text(dataset, "task_id");
    let id = text(dataset, "id").ok_or_else(|| lacks("dataset.id"))?;
    Ok(Measured {
        metric: text(entry, "metric").unwrap_or_else(|| "benchmark".to_owned()),
        value: text(entry, "value").ok_or_else(|| lacks("value"))?,
        task,
        dataset: Some(Data {
            kind: Some(id),
            revision: text(dataset, "revision"),
            ..Data::default()
        }),
        date: text(entry, "date"),
        at: format!("[{number}]"),
        ..Measured::default()
    })
}
