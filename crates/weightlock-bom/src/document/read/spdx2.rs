//! SPDX 2.2 and 2.3, as JSON.

use serde_json::Value as Json;

use super::{Foreign, ReadError, Thing, list, text, texts};
use crate::graph::{Derivation, Kind, Property, Value, Verb};

pub(super) fn read(document: &Json, mut foreign: Foreign) -> Result<Foreign, ReadError> {
    let version = text(document, "spdxVersion").unwrap_or_default();
    if !matches!(version, "SPDX-2.2" | "SPDX-2.3") {
        return Err(ReadError::Form(version.to_owned()));
    }
    foreign.form = version.replace('-', " ");
    if let Some(made) = document.get("creationInfo") {
        foreign.time = text(made, "created").map(str::to_owned);
        for creator in texts(made, "creators") {
            match creator.split_once(": ") {
                Some(("Tool", tool)) if foreign.tool.is_none() => foreign.tool = Some(tool.to_owned()),
                Some(("Organization" | "Person", author)) => foreign.author = Some(author.to_owned()),
                _ => {}
            }
        }
    }
    for (at, package) in list(document, "packages").iter().enumerate() {
        let name = text(package, "SPDXID").unwrap_or_default();
        foreign.add(name.to_owned(), thing(package, format!("packages[{at}]")))?;
    }
    for (at, file) in list(document, "files").iter().enumerate() {
        let mut thing = Thing::new(Kind::File, format!("files[{at}]"));
        thing.say(Property::Name, text(file, "fileName"));
        checksums(file, &mut thing);
        foreign.add(text(file, "SPDXID").unwrap_or_default().to_owned(), thing)?;
    }
    for relation in list(document, "relationships") {
        relate(relation, &mut foreign);
    }
    if foreign.root.is_none() {
        foreign.root = texts(document, "documentDescribes").first().map(|it| (*it).to_owned());
    }
    Ok(foreign)
}

fn thing(package: &Json, place: String) -> Thing {
    // What our own documents, which have no better place for it, say in a comment.
    let kind = match (text(package, "comment"), text(package, "primaryPackagePurpose")) {
        (Some("machine-learning model"), _) => Kind::Model,
        (Some("data set"), _) => Kind::Dataset,
        (_, Some("FILE")) => Kind::File,
        (_, Some("OPERATING-SYSTEM")) => Kind::OperatingSystem,
        (_, Some("CONTAINER")) | (Some("environment"), _) => Kind::Environment,
        (_, Some("DEVICE" | "FIRMWARE")) => Kind::Hardware,
        (Some("tool"), _) => Kind::Tool,
        _ => Kind::Package,
    };
    let mut thing = Thing::new(kind, place);
    let name = text(package, "name").unwrap_or_default();
    let (owner, name) = match name.split_once('/') {
        Some((owner, name)) if matches!(kind, Kind::Model | Kind::Dataset) => (Some(owner), name),
        _ => (None, name),
    };
    thing.say(Property::Namespace, owner);
    thing.say(Property::Name, Some(name));
    thing.say(Property::Version, text(package, "versionInfo"));
    thing.say(Property::Description, text(package, "description"));
    thing.say(Property::Location, text(package, "downloadLocation"));
    thing.say(Property::Homepage, text(package, "homepage"));
    thing.say(Property::ReleaseTime, text(package, "releaseDate"));
    let supplier = text(package, "supplier").map(|it| it.split_once(": ").map_or(it, |(_, name)| name));
    thing.say(Property::Supplier, supplier);
    thing.say(Property::License, text(package, "licenseDeclared"));
    thing.say(Property::LicenseText, text(package, "licenseConcluded"));
    for reference in list(package, "externalRefs") {
        if text(reference, "referenceType") == Some("purl") {
            thing.say(Property::Purl, text(reference, "referenceLocator"));
        }
    }
    checksums(package, &mut thing);
    thing
}

fn checksums(json: &Json, thing: &mut Thing) {
    for checksum in list(json, "checksums") {
        thing.has_digest(
            text(checksum, "algorithm").unwrap_or_default(),
            text(checksum, "checksumValue").unwrap_or_default(),
        );
    }
}

fn relate(relation: &Json, foreign: &mut Foreign) {
    let from = text(relation, "spdxElementId").unwrap_or_default();
    let to = text(relation, "relatedSpdxElement").unwrap_or_default();
    let comment = text(relation, "comment").unwrap_or_default();
    let first = comment.split("; ").next().unwrap_or_default();
    match text(relation, "relationshipType").unwrap_or_default() {
        "DESCRIBES" => foreign.root = Some(to.to_owned()),
        "DESCRIBED_BY" => foreign.root = Some(from.to_owned()),
        "CONTAINS" => foreign.relate(from, Verb::Contains, to, Vec::new()),
        "CONTAINED_BY" => foreign.relate(to, Verb::Contains, from, Vec::new()),
        "DEPENDS_ON" => foreign.relate(from, Verb::DependsOn, to, Vec::new()),
        "DEPENDENCY_OF" => foreign.relate(to, Verb::DependsOn, from, Vec::new()),
        "GENERATED_FROM" if first == "trained on" => foreign.relate(from, Verb::TrainedOn, to, Vec::new()),
        "OTHER" if first == "evaluated on" => foreign.relate(from, Verb::EvaluatedOn, to, Vec::new()),
        "OTHER" if first == "calibrated on" => foreign.relate(from, Verb::CalibratedOn, to, Vec::new()),
        "DESCENDANT_OF" => {
            let how = Derivation::parse(first).map(|it| (Property::Derivation, Value::text(it.word())));
            foreign.relate(from, Verb::DerivedFrom, to, how.into_iter().collect());
        }
        _ => {}
    }
}
