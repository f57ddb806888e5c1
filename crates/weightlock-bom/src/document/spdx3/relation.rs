//! What elements are to each other, their licences, and who gives them out.

use std::collections::{BTreeMap, BTreeSet};

use super::{UNSAID, Writer, is_element};
use crate::{
    document::{json::Object, licence::Licence},
    graph::{Component, Kind, Property, Relation, Verb},
};

/// The licence of which nobody says anything. Older spellings of its name are refused by the model of 3.0.1.
pub(super) const NO_LICENCE: &str = "expandedlicensing_NoAssertionLicense";

impl<'a> Writer<'a> {
    /// The element of a supplier, by the name.
    pub(super) fn supplier_id(&self, name: &str) -> String {
        self.id(&supplier(name))
    }

    pub(super) fn add_suppliers(&mut self) {
        let graph = self.view.graph;
        let names = graph.components().values().filter(|it| has_supplier(it.kind));
        let names: BTreeSet<String> = names.filter_map(|it| self.view.text(it, Property::Supplier)).collect();
        for name in names {
            let element = self.element("Organization", &supplier(&name)).with("name", &name);
            self.elements.push(element);
        }
    }

    /// Each licence once, and for each package what is declared and what is concluded: exactly one of either.
    pub(super) fn add_licences(&mut self) {
        let graph = self.view.graph;
        let mut expressions: BTreeMap<String, String> = BTreeMap::new();
        let mut relations = Vec::new();
        for (reference, component) in graph.components() {
            if !has_licence(component.kind) {
                continue;
            }
            let declared = self.expression(component, Property::License);
            let concluded = self.expression(component, Property::LicenseText);
            for (kind, text) in [("hasDeclaredLicense", declared), ("hasConcludedLicense", concluded)] {
                let to = match text {
                    Some(text) => {
                        let next = expressions.len();
                        let name = expressions.entry(text).or_insert_with(|| format!("licence.{next}"));
                        self.id(name)
                    }
                    None => NO_LICENCE.to_owned(),
                };
                relations.push((kind, self.view.name(reference).to_owned(), to));
            }
        }
        for (text, name) in expressions {
            let element = self
                .element("simplelicensing_LicenseExpression", &name)
                .with("simplelicensing_licenseExpression", text);
            self.elements.push(element);
        }
        for (kind, from, to) in relations {
            let element = self.relationship(&format!("{kind}.{from}"), kind, &from, to);
            self.elements.push(element);
        }
    }

    fn expression(&self, component: &'a Component, property: Property) -> Option<String> {
        let texts = self.view.texts(component, property);
        let parts: Vec<String> = texts.iter().map(|it| Licence::of(it).expression()).collect();
        match parts.as_slice() {
            [] => None,
            [one] if one == UNSAID => None,
            [one] => Some(one.clone()),
            many => {
                let bracketed: Vec<String> = many.iter().map(|it| format!("({it})")).collect();
                Some(bracketed.join(" AND "))
            }
        }
    }

    pub(super) fn add_relations(&mut self) {
        let graph = self.view.graph;
        let written = |relation: &&Relation| {
            let ends = [&relation.from, &relation.to];
            ends.into_iter().all(|it| graph.component(it).is_some_and(|it| is_element(it.kind)))
        };
        for (number, relation) in graph.relations().filter(written).enumerate() {
            let from = self.view.name(&relation.from).to_owned();
            let to = self.view.name(&relation.to).to_owned();
            let (kind, is_turned, is_lifecycle) = verb(relation.verb);
            let (from, to) = if is_turned { (to, from) } else { (from, to) };
            let name = format!("relation.{number}");
            let element = if is_lifecycle {
                self.element("LifecycleScopedRelationship", &name)
                    .with("relationshipType", kind)
                    .with("from", self.id(&from))
                    .with("to", vec![self.id(&to)])
                    .with("scope", "build")
            } else {
                self.relationship(&name, kind, &from, self.id(&to))
            };
            let element = element.with("comment", self.comment(relation));
            self.elements.push(element);
        }
    }

    fn comment(&self, relation: &Relation) -> String {
        let how = relation.derivation().map_or(String::new(), |it| format!("{}; ", it.word()));
        let verb = match relation.verb {
            Verb::CalibratedOn => "calibration data; ",
            _ => "",
        };
        let standing = relation.standing.word().to_lowercase();
        format!("{how}{verb}{standing}: {}", self.view.places(&relation.sources))
    }

    fn relationship(&self, name: &str, kind: &str, from: &str, to: String) -> Object {
        self.element("Relationship", name)
            .with("relationshipType", kind)
            .with("from", self.id(from))
            .with("to", vec![to])
    }
}

/// The word of the specification, whether the ends change places, and whether it has a scope.
const fn verb(verb: Verb) -> (&'static str, bool, bool) {
    match verb {
        Verb::DerivedFrom => ("ancestorOf", true, false),
        Verb::TrainedOn => ("trainedOn", false, false),
        Verb::EvaluatedOn => ("testedOn", false, false),
        Verb::CalibratedOn => ("other", false, false),
        Verb::Contains => ("contains", false, false),
        Verb::DependsOn => ("dependsOn", false, false),
        Verb::HasInput => ("hasInput", false, true),
        Verb::HasOutput => ("hasOutput", false, true),
        Verb::UsesTool | Verb::RanIn => ("usesTool", false, true),
        Verb::InvokedBy => ("invokedBy", false, true),
        Verb::HasVariant => ("hasVariant", false, false),
    }
}

/// An element's name for a supplier: text that is no part of a name is written in hexadecimal digits.
fn supplier(name: &str) -> String {
    let digest = weightlock_artifact::digest::Algorithm::Sha256.digest(name.as_bytes()).hex();
    format!("supplier.{}", digest.get(..16).unwrap_or_default())
}

const fn has_supplier(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Model | Kind::Dataset | Kind::Package | Kind::Environment | Kind::OperatingSystem
    )
}

/// Whatever the specification calls a software artifact, but for files.
const fn has_licence(kind: Kind) -> bool {
    has_supplier(kind)
}
