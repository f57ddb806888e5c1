//! `model-index` of a README's front matter (Hugging Face "Model card metadata specification", section "model-index").
//!
//! ```yaml
//! model-index:
//!   - name: NAME
//!     results:
//!       - task: {type: text-generation, name: NAME}
//!         dataset: {name: NAME, type: ID, config: CONFIG, split: SPLIT, revision: COMMIT}
//!         metrics: [{type: accuracy, value: 0.3, name: NAME}]
//! ```

use weightlock_format::yaml::tree::Node;

use super::{Data, Measured, NotResults};

/// What stands between the two lines `---` at the beginning of a README; `None` where it has none.
///
/// # Errors
/// [`NotResults`] for front matter without an end.
pub fn front_matter(readme: &[u8]) -> Result<Option<&[u8]>, NotResults> {
    let readme = readme.strip_prefix("\u{feff}".as_bytes()).unwrap_or(readme);
    let mut at = 0_usize;
    let mut begin = None;
    for line in readme.split_inclusive(|byte| *byte == b'\n') {
        let is_fence = line.trim_ascii_end() == b"---";
        let end = at.saturating_add(line.len());
        match begin {
            None if !is_fence => return Ok(None),
            None => begin = Some(end),
            Some(begin) if is_fence => return Ok(readme.get(begin..at)),
            Some(_) => {}
        }
        at = end;
    }
    match begin {
        Some(_) => Err(NotResults("the front matter has no end".to_owned())),
        None => Ok(None),
    }
}

/// The results in a README; none where it has no `model-index`.
///
/// # Errors
/// [`NotResults`] for front matter that is no YAML, and results of another shape.
pub fn read(readme: &[u8]) -> Result<Vec<Measured>, NotResults> {
    let Some(front) = front_matter(readme)? else {
        return Ok(Vec::new());
    };
    let root = Node::read(front).map_err(|error| NotResults(error.to_string()))?;
    let mut found = Vec::new();
    let Some(index) = root.at("model-index") else {
        return Ok(found);
    };
    for (model, entry) in index.items().iter().enumerate() {
        let Some(results) = entry.at("results") else {
            continue;
        };
        for (number, result) in results.items().iter().enumerate() {
            let place = format!("model-index[{model}].results[{number}]");
            let metrics = result.at("metrics").map(Node::items).unwrap_or_default();
            for (metric, node) in metrics.iter().enumerate() {
                found.push(measured(result, node, format!("{place}.metrics[{metric}]"))?);
            }
        }
    }
    Ok(found)
}

fn measured(result: &Node, metric: &Node, at: String) -> Result<Measured, NotResults> {
    let text = |node: &Node, key: &str| node.at(key).and_then(Node::text).map(str::to_owned);
    let lacks = |what: &str| NotResults(format!("{at} has no {what}"));
    let name = text(metric, "type").or_else(|| text(metric, "name"));
    let dataset = result.at("dataset").map(|node| Data {
        kind: text(node, "type"),
        name: text(node, "name"),
        config: text(node, "config"),
        split: text(node, "split"),
        revision: text(node, "revision"),
    });
    let task = result.at("task");
    Ok(Measured {
        metric: name.ok_or_else(|| lacks("type"))?,
        value: text(metric, "value").ok_or_else(|| lacks("value that is one number or text"))?,
        task: task.and_then(|node| text(node, "type").or_else(|| text(node, "name"))),
        dataset: dataset.filter(|data| !data.is_empty()),
        at,
        ..Measured::default()
    })
}
