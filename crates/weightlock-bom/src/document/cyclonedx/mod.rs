//! CycloneDX JSON, versions 1.7 and 1.6 ([ECMA-424](https://cyclonedx.org/docs/1.7/json/)).
//!
//! What the graph is about is `metadata.component`; of a model, its files are nested in it, its parents are its pedigree, and its
//! card is what is known of its making. Everything else is a component of its own; steps are workflows of a formula.
//!
//! | fact | where |
//! |---|---|
//! | a value with a member of its own | there |
//! | any other value | `properties`, named `weightlock:` and the property |
//! | how it is known | `properties`, named `weightlock:standing:` and the property |
//! | where it was found | `evidence.occurrences`; names and versions also `evidence.identity`; from 1.7 with a time, `citations` |
//! | that sources disagree | `properties`, named `weightlock:conflict` |
//! | that nobody says it | `version` `unknown`, licence `NOASSERTION`, `properties` named `weightlock:unknown`; `compositions` |

mod card;
mod component;
mod evidence;
mod formulation;
mod gaps;

use std::collections::BTreeSet;

use super::{
    DocumentError, Settings, check_references, identity,
    json::{Node, Object},
    view::View,
};
use crate::graph::{Conflict, Graph, Kind, Ref, Verb};

/// Which version is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Version {
    /// 1.6.
    V1_6,
    /// 1.7.
    V1_7,
}

impl Version {
    const fn text(self) -> &'static str {
        match self {
            Self::V1_6 => "1.6",
            Self::V1_7 => "1.7",
        }
    }
}

/// What the program that writes is called in the document.
const TOOL: &str = "weightlock";

/// Everything that the parts of a document are made from.
struct Writer<'a> {
    view: View<'a>,
    version: Version,
    /// Files that are nested in what the graph is about.
    nested: Vec<&'a Ref>,
    /// Parents of the model that the graph is about.
    ancestors: Vec<&'a Ref>,
    /// Where sources disagree.
    conflicts: Vec<Conflict>,
}

/// Writes a document.
///
/// # Errors
/// [`DocumentError`] when its references do not hold.
pub fn write(graph: &Graph, version: Version, settings: &Settings) -> Result<String, DocumentError> {
    let writer = Writer::new(graph, version, settings);
    let mut document = writer.document(settings);
    check_references(document.texts("bom-ref"), references(&document))?;
    let serial = format!("urn:uuid:{}", identity::uuid(&document.to_text()));
    document.put_after("specVersion", "serialNumber", serial);
    Ok(document.to_text())
}

/// Everything in a document that must be a `bom-ref`.
fn references(document: &Object) -> Vec<&str> {
    let mut references = document.texts("ref");
    references.extend(document.texts("attributedTo"));
    for list in ["dependsOn", "provides"] {
        references.extend(lists(document, "dependencies", list));
    }
    for list in ["assemblies", "dependencies"] {
        references.extend(lists(document, "compositions", list));
    }
    references
}

/// The texts of the lists called `name` in the objects of the list `of`.
fn lists<'a>(document: &'a Object, of: &str, name: &str) -> Vec<&'a str> {
    let Some(Node::List(objects)) = document.get(of) else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    for object in objects {
        if let Node::Object(object) = object
            && let Some(Node::List(list)) = object.get(name)
        {
            texts.extend(list.iter().filter_map(|node| match node {
                Node::Text(text) => Some(text.as_str()),
                _ => None,
            }));
        }
    }
    texts
}

impl<'a> Writer<'a> {
    fn new(graph: &'a Graph, version: Version, settings: &Settings) -> Self {
        let subject = graph.subject();
        let kind = |reference: &Ref| graph.component(reference).map(|it| it.kind);
        let to = |verb: Verb, wanted: Kind| {
            let relations = graph.from(subject).filter(move |it| it.verb == verb);
            let others = relations.filter(move |it| kind(&it.to) == Some(wanted) && it.to != *subject);
            others.map(|it| &it.to).collect::<Vec<_>>()
        };
        let is_model = kind(subject) == Some(Kind::Model);
        let ancestors = if is_model {
            to(Verb::DerivedFrom, Kind::Model)
        } else {
            Vec::new()
        };
        Self {
            nested: to(Verb::Contains, Kind::File),
            ancestors,
            conflicts: graph.conflicts(),
            view: View::new(graph, settings.show_private),
            version,
        }
    }

    fn document(&self, settings: &Settings) -> Object {
        let time = settings.timestamp();
        let subject = self.subject();
        let citations = match (&time, self.version) {
            (Some(time), Version::V1_7) => self.citations(&subject, time),
            _ => Vec::new(),
        };
        let schema = format!("http://cyclonedx.org/schema/bom-{}.schema.json", self.version.text());
        let mut components = self.components();
        if settings.model_first {
            components.insert(0, self.repeated());
        }
        Object::new()
            .with("$schema", schema)
            .with("bomFormat", "CycloneDX")
            .with("specVersion", self.version.text())
            .with("version", 1)
            .with("metadata", self.metadata(subject, time.as_ref(), settings))
            .with_list("components", components)
            .with_list("dependencies", self.dependencies())
            .with_list("compositions", self.compositions())
            .with_list("annotations", self.annotations(time.as_deref(), settings))
            .with_list("formulation", self.formulation())
            .with_list("citations", citations)
    }

    fn metadata(&self, subject: Object, time: Option<&String>, settings: &Settings) -> Object {
        let author = settings.author.as_ref().map(|it| vec![Object::new().with("name", it)]);
        let supplier = subject.get("supplier").cloned();
        Object::new()
            .with_some("timestamp", time)
            .with("lifecycles", vec![Object::new().with("phase", "post-build")])
            .with(
                "tools",
                Object::new().with("components", vec![tool(settings)]),
            )
            .with_some("authors", author)
            .with("component", subject)
            .with_some("supplier", supplier)
            .with_list("properties", self.properties_of_document())
    }

    /// Components that are neither what the graph is about nor written in it, in order of names. Steps are workflows, and people
    /// are named where they did something.
    fn components(&self) -> Vec<Object> {
        let placed: BTreeSet<&Ref> = self.nested.iter().chain(&self.ancestors).copied().collect();
        let others = self.view.graph.components().iter().filter(|(reference, component)| {
            let is_thing = !matches!(component.kind, Kind::Step | Kind::Person | Kind::Organisation);
            is_thing && *reference != self.view.graph.subject() && !placed.contains(reference)
        });
        others
            .map(|(reference, component)| self.component(reference, component))
            .collect()
    }

    /// Relations between components, by the one that needs the others.
    fn dependencies(&self) -> Vec<Object> {
        let graph = self.view.graph;
        let is_written = |reference: &Ref| {
            let kind = graph.component(reference).map(|it| it.kind);
            !matches!(kind, None | Some(Kind::Step | Kind::Person | Kind::Organisation))
        };
        let mut dependencies = Vec::new();
        for reference in graph.components().keys().filter(|it| is_written(it)) {
            let needed: BTreeSet<&str> = graph
                .from(reference)
                .filter(|it| is_dependency(it.verb) && it.to != *reference && is_written(&it.to))
                .map(|it| self.view.name(&it.to))
                .collect();
            if !needed.is_empty() {
                let needed: Vec<&str> = needed.into_iter().collect();
                dependencies.push(
                    Object::new()
                        .with("ref", self.view.name(reference))
                        .with("dependsOn", needed),
                );
            }
        }
        dependencies
    }
}

/// Whether the first of two things would be another one without the second.
const fn is_dependency(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::DerivedFrom | Verb::TrainedOn | Verb::CalibratedOn | Verb::DependsOn | Verb::UsesTool | Verb::RanIn | Verb::Contains
    )
}

/// The program that writes.
fn tool(settings: &Settings) -> Object {
    Object::new()
        .with("type", "application")
        .with("bom-ref", TOOL)
        .with("name", TOOL)
        .with("version", settings.tool_version.as_str())
}

/// A named value.
fn property(name: &str, value: &str) -> Object {
    Object::new().with("name", format!("weightlock:{name}")).with("value", value)
}
