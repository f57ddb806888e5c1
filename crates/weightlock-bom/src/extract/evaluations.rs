//! `.eval_results/*.yaml`: evaluations as the model hubs keep them beside a model.
//!
//! A file is a list of results, or one: `dataset` (`id`, `task_id`, `revision`), `value`, and who says so. The token that a hub
//! gives for a result it checked says nothing here: nobody asks the hub.

use std::collections::BTreeMap;

use weightlock_artifact::standing::Standing;
use weightlock_format::{Error, content::Content, yaml::tree::Node};

use super::{
    Extractor, File,
    draft::Draft,
    page::{Page, text_of, yaml_scalar},
    things,
};
use crate::graph::{Claim, Kind, Metric, Property, Ref, Value, Verb};

/// See the module.
pub(super) struct Evaluations;

impl Extractor for Evaluations {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        let path = file.path.as_str();
        let is_yaml = path.ends_with(".yaml") || path.ends_with(".yml");
        let is_inside = is_yaml && (path.starts_with(".eval_results/") || path.contains("/.eval_results/"));
        is_inside && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let document = Node::read(&text_of(content)?)?;
        let of = owner(file, draft);
        let page = Page {
            file,
            of,
            kind: Kind::Model,
        };
        for (at, result) in document.one_or_many().iter().enumerate() {
            evaluation(&page, result, at, draft);
        }
        Ok(())
    }
}

/// The model around the folder of results.
fn owner(file: &File, draft: &mut Draft) -> Ref {
    let outer = file
        .path
        .as_str()
        .split(".eval_results/")
        .next()
        .unwrap_or_default();
    let beside = weightlock_artifact::path::ArtifactPath::parse(format!("{outer}x"));
    beside
        .ok()
        .and_then(|it| draft.spoken_for(&it))
        .unwrap_or_else(Ref::subject)
}

/// When it was measured, by whom, and what there is to say of it. The token is not kept: only that there is one, which nobody
/// asked the hub about.
fn details(result: &Node) -> BTreeMap<String, String> {
    let mut details = BTreeMap::new();
    let mut add = |key: &str, node: Option<&Node>| {
        if let Some(text) = node.and_then(Node::text).filter(|it| !it.is_empty()) {
            details.insert(key.to_owned(), text.to_owned());
        }
    };
    for key in ["date", "notes"] {
        add(key, result.at(key));
    }
    match result.at("source") {
        Some(source) if source.text().is_some() => add("source", Some(source)),
        source => {
            for key in ["name", "url", "org"] {
                add(&format!("source.{key}"), source.and_then(|it| it.at(key)));
            }
        }
    }
    let revision = result.at("dataset").and_then(|it| it.at("revision"));
    add("dataset.revision", revision);
    if result.at("verifyToken").and_then(Node::text).is_some() {
        details.insert("verify-token".to_owned(), "present, not checked".to_owned());
    }
    details
}

fn evaluation(page: &Page<'_>, result: &Node, at: usize, draft: &mut Draft) {
    let set = result.at("dataset");
    let id = set.and_then(|it| it.at("id").or(Some(it))).and_then(Node::text);
    let Some(value) = result.at("value").and_then(yaml_scalar) else {
        return;
    };
    let source = page.source(format!("[{at}].value")).at(result.range.start);
    let on = id.and_then(|id| things::dataset(draft, id, &source));
    if let Some(on) = &on {
        draft.relate(&page.of, Verb::EvaluatedOn, on, &source);
        let facts = [
            (Property::Revision, "revision"),
            (Property::DatasetConfig, "config"),
            (Property::DatasetSplit, "split"),
        ];
        for (property, key) in facts {
            if let Some(value) = set.and_then(|it| it.at(key)).and_then(yaml_scalar) {
                let claim = Claim::declared(value, page.source(format!("[{at}].dataset.{key}")));
                draft.state(on, Kind::Dataset, property, claim);
            }
        }
    }
    let task = set
        .and_then(|it| it.at("task_id"))
        .or_else(|| result.at("task_id"))
        .and_then(Node::text);
    let metric = result
        .at("metric")
        .and_then(Node::text)
        .or(task)
        .unwrap_or("value");
    let slice: Vec<&str> = [id, task].into_iter().flatten().collect();
    draft.measure(Metric {
        details: details(result),
        of: page.of.clone(),
        metric: metric.to_owned(),
        value: Value::Decimal(value.to_string()),
        on,
        slice: slice.join("/"),
        standing: Standing::Declared,
        sources: vec![source],
    });
}
