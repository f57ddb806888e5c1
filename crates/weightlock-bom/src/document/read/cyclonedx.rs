//! CycloneDX 1.2 to 1.7, as JSON.

use serde_json::Value as Json;

use super::{Foreign, MOST_FACTS_OF_ONE, Measured, ReadError, Thing, list, text, texts};
use crate::graph::{Kind, Property, Value, Verb};

const VERSIONS: [&str; 6] = ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

pub(super) fn read(document: &Json, mut foreign: Foreign) -> Result<Foreign, ReadError> {
    let version = text(document, "specVersion").unwrap_or_default();
    if !VERSIONS.contains(&version) {
        return Err(ReadError::Form(format!("CycloneDX {version}")));
    }
    foreign.form = format!("CycloneDX {version}");
    let none = Json::Null;
    let metadata = document.get("metadata").unwrap_or(&none);
    foreign.time = text(metadata, "timestamp").map(str::to_owned);
    foreign.tool = tool(metadata);
    foreign.author = list(metadata, "authors")
        .first()
        .and_then(|it| text(it, "name"))
        .map(str::to_owned);
    if let Some(component) = metadata.get("component").filter(|it| it.is_object()) {
        let name = name_of(component, "metadata.component");
        foreign.root = Some(name);
        components(
            vec![(component, "metadata.component".to_owned(), None)],
            &mut foreign,
        )?;
    }
    let listed = list(document, "components").iter().enumerate();
    let listed = listed.map(|(at, component)| (component, format!("components[{at}]"), None));
    let mut listed: Vec<(&Json, String, Option<String>)> = listed.collect();
    listed.reverse();
    // The model once more, for readers that look only there.
    listed.retain(|(component, ..)| text(component, "bom-ref") != Some("model-again"));
    components(listed, &mut foreign)?;
    for dependency in list(document, "dependencies") {
        let from = text(dependency, "ref").unwrap_or_default();
        for to in texts(dependency, "dependsOn") {
            foreign.relate(from, Verb::DependsOn, to, Vec::new());
        }
    }
    Ok(foreign)
}

/// What made the document: of the list that older versions have, or of its components.
fn tool(metadata: &Json) -> Option<String> {
    let tools = metadata.get("tools")?;
    let first = tools.get("components").unwrap_or(tools).as_array()?.first()?;
    let name = text(first, "name")?;
    Some(match text(first, "version") {
        Some(version) => format!("{name} {version}"),
        None => name.to_owned(),
    })
}

/// What relations call a component: its reference, its package URL, or its place.
fn name_of(component: &Json, place: &str) -> String {
    let named = text(component, "bom-ref").or_else(|| text(component, "purl"));
    named.unwrap_or(place).to_owned()
}

/// Components, with what is nested in them. A list of what is open instead of recursion.
fn components(
    mut open: Vec<(&Json, String, Option<String>)>,
    foreign: &mut Foreign,
) -> Result<(), ReadError> {
    while let Some((component, place, outer)) = open.pop() {
        if !component.is_object() {
            continue;
        }
        let name = name_of(component, &place);
        if let Some(outer) = &outer {
            foreign.relate(outer, Verb::Contains, &name, Vec::new());
        }
        let inner = list(component, "components").iter().enumerate();
        // Each keeps the name of what it is in.
        let each = name.len().saturating_add(place.len());
        if !foreign.may_name(inner.len().saturating_mul(each)) {
            break;
        }
        open.extend(inner.map(|(at, it)| (it, format!("{place}.components[{at}]"), Some(name.clone()))));
        let pedigree = component.get("pedigree").unwrap_or(&Json::Null);
        for (at, parent) in list(pedigree, "ancestors").iter().enumerate() {
            if !foreign.may_name(place.len()) {
                break;
            }
            let place = format!("{place}.pedigree.ancestors[{at}]");
            let relation = property(parent, "weightlock:lineage:relation");
            let facts = relation
                .map(|it| (Property::Derivation, Value::text(it)))
                .into_iter()
                .collect();
            foreign.relate(&name, Verb::DerivedFrom, &name_of(parent, &place), facts);
            open.push((parent, place, None));
        }
        for parent in properties(component, "weightlock:lineage:parent") {
            foreign.relate(&name, Verb::DerivedFrom, parent, Vec::new());
        }
        let thing = thing(component, place);
        if thing.kind == Kind::Dataset
            && let Some(root) = foreign.root.clone()
        {
            for role in properties(component, "weightlock:role") {
                let verb = match role {
                    "training" => Verb::TrainedOn,
                    "evaluation" => Verb::EvaluatedOn,
                    "calibration" => Verb::CalibratedOn,
                    _ => continue,
                };
                foreign.relate(&root, verb, &name, Vec::new());
            }
        }
        let is_new = !foreign.things.contains_key(&name);
        foreign.add(name.clone(), thing)?;
        if is_new {
            card(component, &name, foreign)?;
        }
    }
    Ok(())
}

fn kind(component: &Json) -> Kind {
    match text(component, "type").unwrap_or_default() {
        "machine-learning-model" => Kind::Model,
        "data" => Kind::Dataset,
        "file" => Kind::File,
        "container" | "platform" => Kind::Environment,
        "operating-system" => Kind::OperatingSystem,
        "device" | "device-driver" | "firmware" => Kind::Hardware,
        "application" if text(component, "purl").is_none() => Kind::Tool,
        _ => Kind::Package,
    }
}

fn thing(component: &Json, place: String) -> Thing {
    let mut thing = Thing::new(kind(component), place);
    for (property, member) in [
        (Property::Namespace, "group"),
        (Property::Name, "name"),
        (Property::Version, "version"),
        (Property::Purl, "purl"),
        (Property::Description, "description"),
    ] {
        thing.say(property, text(component, member));
    }
    let organisation = |member| component.get(member).and_then(|it| text(it, "name"));
    let supplier = organisation("supplier").or_else(|| organisation("manufacturer"));
    thing.say(
        Property::Supplier,
        supplier.or_else(|| text(component, "publisher")),
    );
    // One text up to 1.5, and still written by tools for later versions.
    thing.say(Property::Author, text(component, "author"));
    for author in list(component, "authors") {
        thing.say(Property::Author, text(author, "name"));
    }
    for hash in list(component, "hashes") {
        thing.has_digest(
            text(hash, "alg").unwrap_or_default(),
            text(hash, "content").unwrap_or_default(),
        );
    }
    for choice in list(component, "licenses") {
        let license = choice.get("license").unwrap_or(&Json::Null);
        let said = text(license, "id").or_else(|| text(license, "name"));
        thing.say(Property::License, said.or_else(|| text(choice, "expression")));
    }
    for reference in list(component, "externalReferences") {
        let property = match text(reference, "type").unwrap_or_default() {
            "distribution" | "vcs" => Property::Location,
            "website" => Property::Homepage,
            "documentation" => Property::Paper,
            _ => continue,
        };
        thing.say(property, text(reference, "url"));
    }
    let released = component.get("releaseNotes").and_then(|it| text(it, "timestamp"));
    thing.say(Property::ReleaseTime, released);
    for data in list(component, "data") {
        thing.say(Property::DatasetType, text(data, "classification"));
        for sensitive in texts(data, "sensitiveData") {
            thing.say(Property::SensitiveData, Some(sensitive));
        }
    }
    own(component, &mut thing);
    thing
}

/// What our own properties say.
fn own(component: &Json, thing: &mut Thing) {
    let named = list(component, "properties").iter().filter_map(|it| {
        let name = text(it, "name")?.strip_prefix("weightlock:")?;
        Some((name, text(it, "value")?))
    });
    let named: Vec<(&str, &str)> = named.collect();
    for (name, value) in &named {
        if let Some(parameter) = name.strip_prefix("parameter:") {
            thing.set(parameter, value);
        } else if *name == "manifest-digest" {
            let (algorithm, hex) = value.split_once(':').unwrap_or_default();
            thing.has_digest(algorithm, hex);
        } else {
            thing.say_own(name, value);
        }
    }
    for (name, value) in &named {
        if let Some(property) = name.strip_prefix("standing:") {
            thing.stands(property, value);
        }
    }
}

fn properties<'a>(component: &'a Json, name: &'a str) -> impl Iterator<Item = &'a str> {
    let own = list(component, "properties")
        .iter()
        .filter(move |it| text(it, "name") == Some(name));
    own.filter_map(|it| text(it, "value"))
}

fn property<'a>(component: &'a Json, name: &'a str) -> Option<&'a str> {
    properties(component, name).next()
}

/// The model card of a component. Tools that describe a folder write it at a model among the components, and call the folder an
/// application.
fn card(component: &Json, name: &str, foreign: &mut Foreign) -> Result<(), ReadError> {
    let none = Json::Null;
    let Some(card) = component.get("modelCard") else {
        return Ok(());
    };
    let parameters = card.get("modelParameters").unwrap_or(&none);
    if let Some(thing) = foreign.things.get_mut(name) {
        for (property, member) in [
            (Property::Task, "task"),
            (Property::ModelType, "architectureFamily"),
            (Property::Architecture, "modelArchitecture"),
        ] {
            thing.say(property, text(parameters, member));
        }
        let approach = parameters.get("approach").and_then(|it| text(it, "type"));
        thing.say(Property::LearningApproach, approach);
        for (property, member) in [
            (Property::InputModality, "inputs"),
            (Property::OutputModality, "outputs"),
        ] {
            for format in list(parameters, member) {
                thing.say(property, text(format, "format"));
            }
        }
        let considerations = card.get("considerations").unwrap_or(&none);
        for (property, member) in [
            (Property::IntendedUse, "useCases"),
            (Property::Limitation, "technicalLimitations"),
        ] {
            for said in texts(considerations, member) {
                thing.say(property, Some(said));
            }
        }
        for risk in list(considerations, "ethicalConsiderations") {
            thing.say(Property::Bias, text(risk, "name"));
        }
        let environment = considerations.get("environmentalConsiderations").unwrap_or(&none);
        own(environment, thing);
        let is_over = thing.is_over;
        foreign.may_keep("facts of one component", !is_over, MOST_FACTS_OF_ONE);
    }
    for (at, data) in list(parameters, "datasets").iter().enumerate() {
        if let Some(reference) = text(data, "ref") {
            foreign.relate(name, Verb::TrainedOn, reference, Vec::new());
        } else if let Some(title) = text(data, "name") {
            let place = format!("modelCard.modelParameters.datasets[{at}]");
            let own = format!("{name}: {place}");
            foreign.add(own.clone(), dataset(data, title, place))?;
            foreign.relate(name, Verb::TrainedOn, &own, Vec::new());
        }
    }
    let analysis = card.get("quantitativeAnalysis").unwrap_or(&none);
    for metric in list(analysis, "performanceMetrics") {
        let of = |member| text(metric, member).unwrap_or_default().to_owned();
        foreign.measured(Measured {
            of: name.to_owned(),
            metric: of("type"),
            value: of("value"),
            slice: of("slice"),
        });
    }
    Ok(())
}

/// A data set that is described where it is used, and has no name that others could use.
fn dataset(data: &Json, title: &str, place: String) -> Thing {
    let mut thing = Thing::new(Kind::Dataset, place);
    let (owner, name) = match title.split_once('/') {
        Some((owner, name)) => (Some(owner), name),
        None => (None, title),
    };
    thing.say(Property::Namespace, owner);
    thing.say(Property::Name, Some(name));
    thing.say(Property::Description, text(data, "description"));
    let contents = data.get("contents").unwrap_or(&Json::Null);
    thing.say(Property::Location, text(contents, "url"));
    for sensitive in texts(data, "sensitiveData") {
        thing.say(Property::SensitiveData, Some(sensitive));
    }
    thing
}
