//! From the tree of a front matter to its facts, field by field, as the
//! [hub documents them](https://huggingface.co/docs/hub/model-cards).

use super::{Card, Dataset, Emissions, Reading, results};
use crate::yaml::tree::{Node, Value};

/// The facts of the fields that are known; all others are passed over.
pub(super) fn facts(reading: &Reading<'_>, tree: &Node) -> Card {
    let one = |key| reading.one(tree, key);
    let many = |key| reading.many(tree, key);
    Card {
        license: many("license"),
        license_name: one("license_name"),
        license_link: one("license_link"),
        base_model: named(reading, tree, "base_model")
            .into_iter()
            .map(|base| base.name)
            .collect(),
        base_model_relation: one("base_model_relation"),
        datasets: named(reading, tree, "datasets"),
        tags: many("tags"),
        pipeline_tag: one("pipeline_tag"),
        library_name: one("library_name"),
        language: many("language"),
        model_name: one("model_name"),
        quantized_by: one("quantized_by"),
        metrics: many("metrics"),
        model_index: results::index(reading, tree),
        emissions: tree
            .at("co2_eq_emissions")
            .and_then(|node| emissions(reading, node)),
        ..Card::default()
    }
}

/// Names, each alone or as a mapping `{name, revision}`.
fn named(reading: &Reading<'_>, tree: &Node, key: &str) -> Vec<Dataset> {
    let values = tree.at(key).into_iter().flat_map(Node::one_or_many);
    let named = values.filter_map(|value| match &value.value {
        Value::Mapping(_) => Some(Dataset {
            name: reading.one(value, "name")?,
            revision: reading.one(value, "revision"),
        }),
        _ => Some(Dataset {
            name: reading.scalar(value)?,
            revision: None,
        }),
    });
    named.collect()
}

/// A number of grams, or a mapping.
fn emissions(reading: &Reading<'_>, node: &Node) -> Option<Emissions> {
    if let Value::Mapping(_) = node.value {
        return Some(Emissions {
            grams: node.at("emissions").and_then(|node| grams(reading, node)),
            source: reading.one(node, "source"),
            training_type: reading.one(node, "training_type"),
            location: reading.one(node, "geographical_location"),
            hardware: reading.one(node, "hardware_used"),
        });
    }
    Some(Emissions {
        grams: Some(grams(reading, node)?),
        ..Emissions::default()
    })
}

/// A number, also one in quotes.
fn grams(reading: &Reading<'_>, node: &Node) -> Option<super::Stated> {
    let is_number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .is_ok_and(|value| value.is_finite() && value >= 0.0)
    };
    reading.scalar(node).filter(|stated| is_number(&stated.text))
}
