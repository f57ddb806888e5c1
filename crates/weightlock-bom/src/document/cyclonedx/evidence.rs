//! Who says so: `evidence` of a component, and `citations` of the document (1.7).

use super::{TOOL, Writer};
use crate::{
    document::{
        json::{Node, Object},
        licence::Licence,
        view::{confidence, technique},
    },
    graph::{Arity, Component, Fact, Origin, Property, Source},
};

/// Members of a component whose evidence has a field of its own.
const IDENTITY: [(Property, &str); 5] = [
    (Property::Name, "name"),
    (Property::Namespace, "group"),
    (Property::Version, "version"),
    (Property::Purl, "purl"),
    (Property::Digest, "hash"),
];

/// Members of the component that a citation points to, with the fact each one is.
const CITED: [(&str, &[Property]); 8] = [
    ("/metadata/component/name", &[Property::Name]),
    ("/metadata/component/group", &[Property::Namespace]),
    ("/metadata/component/version", &[Property::Version, Property::Revision]),
    ("/metadata/component/purl", &[Property::Purl]),
    ("/metadata/component/supplier", &[Property::Supplier]),
    ("/metadata/component/description", &[Property::Description]),
    ("/metadata/component/licenses", &[Property::License]),
    ("/metadata/component/hashes", &[Property::Digest]),
];

impl<'a> Writer<'a> {
    /// The evidence of a component.
    pub(super) fn evidence(&self, component: &'a Component) -> Object {
        Object::new()
            .with_list("identity", self.identity(component))
            .with_list("occurrences", self.occurrences(component))
            .with_list("licenses", self.recognised(component))
    }

    fn identity(&self, component: &'a Component) -> Vec<Object> {
        let mut identity = Vec::new();
        for (property, field) in IDENTITY {
            let Some(fact) = component.fact(property) else {
                continue;
            };
            let methods = self.methods(fact);
            if !methods.is_empty() {
                let sure = confidence(fact.standing(property.arity()));
                // Where sources disagree, none of them is sure.
                let sure = if fact.is_disputed(property.arity()) { sure / 2.0 } else { sure };
                identity.push(
                    Object::new()
                        .with("field", field)
                        .with("confidence", sure)
                        .with("methods", methods),
                );
            }
        }
        identity
    }

    fn methods(&self, fact: &Fact) -> Vec<Object> {
        let shown = fact.claims().iter().filter(|it| self.view.shows(it));
        let methods = shown.flat_map(|claim| {
            claim.sources.iter().map(|source| {
                Object::new()
                    .with("technique", technique(&source.origin))
                    .with("confidence", confidence(claim.standing))
                    .with("value", format!("{} ({source})", claim.value))
            })
        });
        methods.collect()
    }

    /// Every place in a file that says something, with what it says.
    fn occurrences(&self, component: &'a Component) -> Vec<Object> {
        let mut occurrences = Vec::new();
        for (property, fact) in component.facts() {
            for claim in fact.claims().iter().filter(|it| self.view.shows(it)) {
                for source in &claim.sources {
                    let context = format!("weightlock:{} {}", property.name(), claim.standing.word().to_lowercase());
                    occurrences.extend(occurrence(source, &context));
                }
            }
        }
        occurrences
    }

    /// Licences whose text was recognised.
    fn recognised(&self, component: &'a Component) -> Vec<Object> {
        let texts = self.view.texts(component, Property::LicenseText);
        let licence = |text: &String| {
            let (member, text) = match Licence::of(text) {
                Licence::Id(id) => ("id", id),
                Licence::Expression(text) | Licence::Name(text) => ("name", text),
            };
            let license = Object::new().with(member, text).with("acknowledgement", "concluded");
            Object::new().with("license", license)
        };
        texts.iter().map(licence).collect()
    }

    /// Which sources stand behind which member of the model.
    pub(super) fn citations(&self, subject: &Object, time: &str) -> Vec<Object> {
        let Some(component) = self.view.subject() else {
            return Vec::new();
        };
        let mut citations = Vec::new();
        for (pointer, properties) in CITED {
            let member = pointer.rsplit('/').next().unwrap_or_default();
            let facts = properties.iter().filter_map(|it| component.fact(*it));
            let mut notes: Vec<String> = facts.flat_map(|fact| self.notes(fact)).collect();
            if subject.get(member).is_some() && !notes.is_empty() {
                notes.dedup();
                citations.push(citation(pointer, &notes.join("; "), time));
            }
        }
        citations.extend(self.cited_parents(subject, time));
        citations
    }

    fn cited_parents(&self, subject: &Object, time: &str) -> Vec<Object> {
        let Some(Node::Object(_)) = subject.get("pedigree") else {
            return Vec::new();
        };
        let graph = self.view.graph;
        let mut citations = Vec::new();
        for (at, parent) in self.ancestors.iter().enumerate() {
            let mut relations = graph.from(graph.subject()).filter(|it| it.to == **parent);
            if let Some(relation) = relations.next() {
                let pointer = format!("/metadata/component/pedigree/ancestors/{at}");
                let note = format!("{}: {}", relation.standing.word().to_lowercase(), self.view.places(&relation.sources));
                citations.push(citation(&pointer, &note, time));
            }
        }
        citations
    }

    fn notes(&self, fact: &Fact) -> Vec<String> {
        let shown = fact.claims().iter().filter(|it| self.view.shows(it));
        shown
            .map(|claim| {
                let standing = if fact.is_disputed(Arity::One) {
                    "one of several".to_owned()
                } else {
                    claim.standing.word().to_lowercase()
                };
                format!("{standing}: {}", self.view.places(&claim.sources))
            })
            .collect()
    }
}

fn occurrence(source: &Source, context: &str) -> Option<Object> {
    let location = match &source.origin {
        Origin::File(path) => path.as_str().to_owned(),
        Origin::Document { name, .. } => name.clone(),
        Origin::Computed(_) | Origin::User | Origin::Evidence { .. } => return None,
    };
    let symbol = Some(&source.place).filter(|it| !it.is_empty());
    // Larger ones are no integers for readers in JavaScript.
    let offset = source.offset.filter(|it| *it < 1 << 53);
    Some(
        Object::new()
            .with("location", location)
            .with_some("offset", offset)
            .with_some("symbol", symbol)
            .with("additionalContext", context),
    )
}

fn citation(pointer: &str, note: &str, time: &str) -> Object {
    Object::new()
        .with("pointers", vec![pointer])
        .with("timestamp", time)
        .with("attributedTo", TOOL)
        .with("note", note)
}
