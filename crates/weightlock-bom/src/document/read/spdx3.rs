//! SPDX 3.0 and 3.0.1, as JSON-LD in the one form that its JSON schema allows.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Foreign, MOST_FACTS, MOST_FACTS_OF_ONE, Measured, ReadError, Thing, list, text, texts};
use crate::graph::{Derivation, Kind, Property, Value, Verb};

pub(super) fn read(document: &Json, mut foreign: Foreign) -> Result<Foreign, ReadError> {
    let context = text(document, "@context").unwrap_or_default();
    let version = context
        .strip_prefix("https://spdx.org/rdf/")
        .and_then(|it| it.split('/').next());
    let Some(version) = version.filter(|it| it.starts_with("3.0")) else {
        return Err(ReadError::Form(format!(
            "a document with the context {context:?}"
        )));
    };
    foreign.form = format!("SPDX {version}");
    let elements = list(document, "@graph");
    let by_name: BTreeMap<&str, &Json> = elements
        .iter()
        .filter_map(|it| Some((text(it, "spdxId")?, it)))
        .collect();
    for (at, element) in elements.iter().enumerate() {
        let name = text(element, "spdxId").unwrap_or_default();
        match text(element, "type").unwrap_or_default() {
            "CreationInfo" => made(element, &by_name, &mut foreign),
            "SpdxDocument" if foreign.root.is_none() => foreign.root = root(element, &by_name),
            _ => {
                if let Some(thing) = thing(element, &by_name, format!("@graph[{at}]")) {
                    foreign.add(name.to_owned(), thing)?;
                }
            }
        }
    }
    for element in elements.iter().filter(|it| it.get("relationshipType").is_some()) {
        relate(element, &by_name, &mut foreign);
    }
    for model in elements {
        for metric in list(model, "ai_metric") {
            foreign.measured(Measured {
                of: text(model, "spdxId").unwrap_or_default().to_owned(),
                metric: text(metric, "key").unwrap_or_default().to_owned(),
                value: text(metric, "value").unwrap_or_default().to_owned(),
                slice: String::new(),
            });
        }
    }
    Ok(foreign)
}

fn made(element: &Json, by_name: &BTreeMap<&str, &Json>, foreign: &mut Foreign) {
    let named = |member: &str| {
        let first = texts(element, member).into_iter().next()?;
        text(by_name.get(first)?, "name").map(str::to_owned)
    };
    foreign.time = text(element, "created").map(str::to_owned);
    foreign.author = named("createdBy");
    foreign.tool = named("createdUsing");
}

/// What a document is about, through the bill of materials it holds.
fn root(element: &Json, by_name: &BTreeMap<&str, &Json>) -> Option<String> {
    let first = texts(element, "rootElement").into_iter().next()?;
    let inner = by_name.get(first).map(|it| texts(it, "rootElement"));
    let inner = inner.and_then(|it| it.first().map(|it| (*it).to_owned()));
    Some(inner.unwrap_or_else(|| first.to_owned()))
}

fn thing(element: &Json, by_name: &BTreeMap<&str, &Json>, place: String) -> Option<Thing> {
    let kind = match text(element, "type")? {
        "ai_AIPackage" => Kind::Model,
        "dataset_DatasetPackage" => Kind::Dataset,
        "software_File" => Kind::File,
        "software_Package" => match text(element, "software_primaryPurpose") {
            Some("operatingSystem") => Kind::OperatingSystem,
            Some("platform" | "container") => Kind::Environment,
            _ => Kind::Package,
        },
        "build_Build" => Kind::Step,
        "Tool" => Kind::Tool,
        _ => return None,
    };
    let mut thing = Thing::new(kind, place);
    let name = text(element, "name").unwrap_or_default();
    let (owner, name) = match name.split_once('/') {
        Some((owner, name)) if matches!(kind, Kind::Model | Kind::Dataset) => (Some(owner), name),
        _ => (None, name),
    };
    thing.say(Property::Namespace, owner);
    thing.say(Property::Name, Some(name));
    for (property, member) in [
        (Property::Description, "description"),
        (Property::ReleaseTime, "releaseTime"),
        (Property::Version, "software_packageVersion"),
        (Property::Purl, "software_packageUrl"),
        (Property::Location, "software_downloadLocation"),
        (Property::Homepage, "software_homePage"),
        (Property::Limitation, "ai_limitation"),
        (Property::TrainingMethod, "ai_informationAboutTraining"),
        (Property::SafetyRisk, "ai_safetyRiskAssessment"),
        (Property::Collection, "dataset_dataCollectionProcess"),
        (Property::StepKind, "build_buildType"),
    ] {
        thing.say(property, text(element, member));
    }
    for (property, member) in [
        (Property::Task, "ai_domain"),
        (Property::Architecture, "ai_typeOfModel"),
        (Property::Standard, "ai_standardCompliance"),
        (Property::DatasetType, "dataset_datasetType"),
    ] {
        for said in texts(element, member)
            .into_iter()
            .filter(|it| *it != "noAssertion")
        {
            thing.say(property, Some(said));
        }
    }
    for member in ["suppliedBy", "originatedBy"] {
        for agent in texts(element, member) {
            thing.say(
                Property::Supplier,
                by_name.get(agent).and_then(|it| text(it, "name")),
            );
        }
    }
    for hash in list(element, "verifiedUsing") {
        thing.has_digest(
            text(hash, "algorithm").unwrap_or_default(),
            text(hash, "hashValue").unwrap_or_default(),
        );
    }
    for entry in list(element, "ai_hyperparameter") {
        if let (Some(key), Some(value)) = (text(entry, "key"), text(entry, "value")) {
            thing.say_own(key, value);
        }
    }
    for entry in list(element, "build_parameter") {
        if let (Some(key), Some(value)) = (text(entry, "key"), text(entry, "value")) {
            thing.set(key, value);
        }
    }
    Some(thing)
}

fn relate(element: &Json, by_name: &BTreeMap<&str, &Json>, foreign: &mut Foreign) {
    let from = text(element, "from").unwrap_or_default();
    let comment = text(element, "comment").unwrap_or_default();
    let first = comment.split("; ").next().unwrap_or_default();
    for to in texts(element, "to") {
        let (from, verb, to) = match text(element, "relationshipType").unwrap_or_default() {
            "ancestorOf" => (to, Verb::DerivedFrom, from),
            "descendantOf" => (from, Verb::DerivedFrom, to),
            "trainedOn" => (from, Verb::TrainedOn, to),
            "testedOn" => (from, Verb::EvaluatedOn, to),
            "contains" => (from, Verb::Contains, to),
            "dependsOn" => (from, Verb::DependsOn, to),
            "hasInput" => (from, Verb::HasInput, to),
            "hasOutput" => (from, Verb::HasOutput, to),
            "usesTool" => (from, Verb::UsesTool, to),
            kind @ ("hasDeclaredLicense" | "hasConcludedLicense") => {
                let licence = by_name
                    .get(to)
                    .and_then(|it| text(it, "simplelicensing_licenseExpression"));
                let property = if kind == "hasDeclaredLicense" {
                    Property::License
                } else {
                    Property::LicenseText
                };
                license(foreign, from, property, licence);
                continue;
            }
            _ => continue,
        };
        let how = Derivation::parse(first).filter(|_| verb == Verb::DerivedFrom);
        let facts = how.map(|it| (Property::Derivation, Value::text(it.word())));
        foreign.relate(from, verb, to, facts.into_iter().collect());
    }
}

/// A licence that a relation gives to a component that is there already.
fn license(foreign: &mut Foreign, of: &str, property: Property, licence: Option<&str>) {
    foreign.facts = foreign.facts.saturating_add(1);
    let is_little = foreign.facts <= MOST_FACTS;
    if !foreign.may_keep("facts", is_little, MOST_FACTS) || !foreign.may_name(licence.map_or(0, str::len)) {
        return;
    }
    let Some(thing) = foreign.things.get_mut(of) else {
        return;
    };
    thing.say(property, licence);
    let is_over = thing.is_over;
    foreign.may_keep("facts of one component", !is_over, MOST_FACTS_OF_ONE);
}
