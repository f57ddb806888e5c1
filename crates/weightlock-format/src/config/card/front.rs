//! From the tree of a front matter to its facts, field by field, as the
//! [hub documents them](https://huggingface.co/docs/hub/model-cards).

use super::{Card, Dataset, Emissions, Reading, Stated, results};
use crate::yaml::tree::{Node, Value};

/// The facts of the fields that are known; all others are passed over.
pub(super) fn facts(reading: &Reading<'_>, tree: &Node) -> Card {
    let one = |key| reading.one(tree, key);
    let many = |key| reading.many(tree, key);
    Card {
        license: many("license"),
        license_name: one("license_name"),
        license_link: one("license_link"),
        license_misfits: misfits(reading, tree),
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

/// What stands for a licence and is none of a scalar, a list of scalars, and null.
fn misfits(reading: &Reading<'_>, tree: &Node) -> Vec<Stated> {
    let mut all = Vec::new();
    for (key, value) in tree.entries() {
        let key = key.text().unwrap_or_default();
        let values = match key {
            "license" => value.one_or_many(),
            _ => std::slice::from_ref(value),
        };
        match key {
            "license" | "license_name" | "license_link" => {
                let misfits = values.iter().filter(|it| reading.scalar(it).is_none());
                all.extend(misfits.filter_map(|it| reading.written(it)));
            }
            _ if is_nearly(key) => {
                all.extend(value.one_or_many().iter().filter_map(|it| reading.written(it)))
            }
            _ => {}
        }
    }
    all
}

/// Whether a key is the word for a licence in another spelling: `License`, `licence`, `licenses`.
fn is_nearly(key: &str) -> bool {
    let key = key.to_lowercase().replace('-', "_");
    matches!(
        key.as_str(),
        "license"
            | "licence"
            | "licenses"
            | "licences"
            | "license_name"
            | "licence_name"
            | "license_link"
            | "licence_link"
    )
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

/// A number, also one in quotes; with a unit behind it (`2.5 kg`), as many grams as that is.
fn grams(reading: &Reading<'_>, node: &Node) -> Option<Stated> {
    let mut stated = reading.scalar(node)?;
    let text = stated.text.trim();
    let is_amount = |value: &f64| value.is_finite() && *value >= 0.0;
    if text.parse().ok().filter(is_amount).is_some() {
        return Some(stated);
    }
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '.')?;
    let (number, unit) = text.split_at_checked(end)?;
    let value = number.parse::<f64>().ok()? * grams_in(unit)?;
    stated.text = Some(value).filter(is_amount)?.to_string();
    Some(stated)
}

/// Grams in a unit: `kg`, `gCO2eq`, `tonnes of CO2`.
fn grams_in(unit: &str) -> Option<f64> {
    let unit = unit.trim().to_lowercase();
    let of_what = unit.find("co2").unwrap_or(unit.len());
    let (mass, gas) = unit.split_at_checked(of_what)?;
    let is_gas = matches!(
        gas.replace(['-', ' ', '.'], "").as_str(),
        "" | "co2" | "co2e" | "co2eq" | "co2equivalent" | "co2emissions"
    );
    let mass = mass
        .trim()
        .trim_end_matches(" of")
        .trim_end_matches(['-', ' ', '.']);
    match mass {
        _ if !is_gas => None,
        "g" | "gram" | "grams" => Some(1.0),
        "mg" | "milligrams" => Some(1e-3),
        "kg" | "kilogram" | "kilograms" => Some(1e3),
        "t" | "ton" | "tons" | "tonne" | "tonnes" => Some(1e6),
        _ => None,
    }
}
