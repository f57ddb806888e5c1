//! What lm-evaluation-harness writes: `results_….json`, versions 0.3 and later.
//!
//! ```json
//! {"results": {"TASK": {"alias": "…", "acc,none": 0.5, "acc_stderr,none": 0.01}},
//!  "configs": {"TASK": {"dataset_path": "ID", "dataset_name": "CONFIG", "test_split": "SPLIT"}},
//!  "config": {"model": "hf", "model_args": "pretrained=…"}, "git_hash": "…", "date": 1767225600.0}
//! ```
//!
//! A metric's name is `METRIC,FILTER`; the filter `none` is left out. `…_stderr` is the error of the metric and no result of
//! its own. Which model was measured is what the file claims, and is not stated: the statement is about the model that it is
//! signed for.

use serde_json::{Map, Value};

use super::{Data, Measured, NotResults};

/// What a file says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Harness {
    /// The results, by task and metric.
    pub results: Vec<Measured>,
    /// The program with its version or commit, where that is said.
    pub tool: String,
}

/// Reads a file.
///
/// # Errors
/// [`NotResults`] for what is no JSON, or has no `results`.
pub fn read(text: &[u8]) -> Result<Harness, NotResults> {
    let value = weightlock_format::json::parse(text).map_err(|problem| NotResults(problem.to_string()))?;
    let tasks = value.get("results").and_then(Value::as_object);
    let tasks = tasks.ok_or_else(|| NotResults("it has no member results".to_owned()))?;
    let mut results = Vec::new();
    for (task, metrics) in tasks {
        let Some(metrics) = metrics.as_object() else {
            continue;
        };
        let dataset = dataset(&value, task);
        for (name, value) in metrics {
            if let Some(measured) = measured(task, name, value, metrics) {
                results.push(Measured {
                    dataset: dataset.clone(),
                    ..measured
                });
            }
        }
    }
    let version = ["lm_eval_version", "git_hash"]
        .iter()
        .find_map(|name| value.get(*name)?.as_str().filter(|text| !text.is_empty()));
    Ok(Harness {
        results,
        tool: version.map_or_else(
            || "lm-evaluation-harness".to_owned(),
            |version| format!("lm-evaluation-harness {version}"),
        ),
    })
}

fn measured(task: &str, name: &str, value: &Value, metrics: &Map<String, Value>) -> Option<Measured> {
    let (metric, filter) = name.split_once(',').unwrap_or((name, "none"));
    let number = value.as_number()?;
    let is_own = !metric.ends_with("_stderr") && !matches!(metric, "sample_len" | "samples" | "alias");
    if !is_own {
        return None;
    }
    let error = match name.split_once(',') {
        Some((metric, filter)) => format!("{metric}_stderr,{filter}"),
        None => format!("{metric}_stderr"),
    };
    let metric = match filter {
        "none" => metric.to_owned(),
        filter => format!("{metric} ({filter})"),
    };
    let error = metrics.get(&error).and_then(Value::as_number);
    Some(Measured {
        metric,
        value: number.to_string(),
        uncertainty: error.map(ToString::to_string),
        task: Some(task.to_owned()),
        at: format!("results[{task:?}][{name:?}]"),
        ..Measured::default()
    })
}

fn dataset(file: &Value, task: &str) -> Option<Data> {
    let config = file.get("configs")?.get(task)?;
    let text = |name: &str| config.get(name).and_then(Value::as_str).map(str::to_owned);
    let revision = config
        .get("dataset_kwargs")
        .and_then(|more| more.get("revision")?.as_str());
    let data = Data {
        kind: text("dataset_path"),
        config: text("dataset_name"),
        split: text("test_split").or_else(|| text("validation_split")),
        revision: revision.map(str::to_owned),
        ..Data::default()
    };
    Some(data).filter(|data| !data.is_empty())
}
