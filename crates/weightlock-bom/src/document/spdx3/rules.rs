//! What the profiles AI and Dataset demand, beyond what the JSON schema can say (their pages, "Profile conformance"; the SHACL
//! model of 3.0.1). A profile that is not met is not claimed, and the reader is told why.

use std::collections::BTreeSet;

use crate::document::json::{Node, Object};

/// A demand that is not met.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Missing {
    pub(super) profile: &'static str,
    /// Of what which members are missing.
    pub(super) what: String,
}

/// Members that a package of a model must have.
const MODEL: [&str; 6] = [
    "name",
    "releaseTime",
    "suppliedBy",
    "software_downloadLocation",
    "software_packageVersion",
    "software_primaryPurpose",
];
/// Members that a package of data must have.
const DATASET: [&str; 6] = [
    "builtTime",
    "releaseTime",
    "originatedBy",
    "software_downloadLocation",
    "software_primaryPurpose",
    "dataset_datasetType",
];
/// Relations of which both have exactly one each.
const LICENCES: [&str; 2] = ["hasDeclaredLicense", "hasConcludedLicense"];

/// Every demand that is not met.
pub(super) fn missing(elements: &[Object]) -> Vec<Missing> {
    let mut missing = Vec::new();
    for element in elements {
        let (profile, members): (_, &[&str]) = match text(element, "type") {
            "ai_AIPackage" => ("ai", &MODEL),
            "dataset_DatasetPackage" => ("dataset", &DATASET),
            _ => continue,
        };
        let id = text(element, "spdxId");
        let mut lacks: Vec<&str> = members.iter().copied().filter(|it| element.get(it).is_none()).collect();
        lacks.extend(LICENCES.into_iter().filter(|kind| count(elements, kind, id) != 1));
        if !lacks.is_empty() {
            missing.push(Missing {
                profile,
                what: format!("{} lacks {}", text(element, "name"), lacks.join(", ")),
            });
        }
    }
    missing
}

/// The profiles that a document may claim: those of its core, and those that have no demand unmet and something to speak of.
pub(super) fn profiles(missing: &[Missing]) -> Vec<&'static str> {
    let unmet: BTreeSet<&str> = missing.iter().map(|it| it.profile).collect();
    let claimed = ["core", "software", "simpleLicensing", "ai", "dataset", "build"];
    claimed.into_iter().filter(|it| !unmet.contains(it)).collect()
}

fn count(elements: &[Object], kind: &str, from: &str) -> usize {
    let relations = elements.iter().filter(|it| text(it, "relationshipType") == kind);
    relations.filter(|it| text(it, "from") == from).count()
}

fn text<'a>(element: &'a Object, name: &str) -> &'a str {
    match element.get(name) {
        Some(Node::Text(text)) => text,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Object {
        let members = MODEL.into_iter().filter(|it| *it != "name");
        let whole = members.fold(
            Object::new()
                .with("type", "ai_AIPackage")
                .with("spdxId", "m")
                .with("name", "m"),
            |object, member| object.with(member, "x"),
        );
        whole
    }

    fn licences() -> Vec<Object> {
        let licence = |kind| Object::new().with("relationshipType", kind).with("from", "m");
        LICENCES.into_iter().map(licence).collect()
    }

    #[test]
    fn a_profile_is_claimed_when_everything_is_there() {
        let mut elements = licences();
        elements.push(model());
        assert_eq!(missing(&elements), []);
        assert!(profiles(&[]).contains(&"ai"));
    }

    #[test]
    fn a_profile_is_not_claimed_when_something_lacks() {
        let without = Object::new().with("type", "ai_AIPackage").with("spdxId", "m").with("name", "m");
        let mut elements = licences();
        elements.push(without);
        let gaps = missing(&elements);
        assert!(gaps[0].what.contains("releaseTime"), "{gaps:?}");
        assert!(!profiles(&gaps).contains(&"ai") && profiles(&gaps).contains(&"dataset"));

        let mut twice = licences();
        twice.extend(licences());
        twice.push(model());
        assert!(missing(&twice)[0].what.contains("hasDeclaredLicense"));
        assert!(missing(&[model()])[0].what.contains("hasConcludedLicense"));
    }
}
