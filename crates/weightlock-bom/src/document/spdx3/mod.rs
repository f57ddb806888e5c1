//! SPDX 3.0.1 as JSON-LD ([specification](https://spdx.github.io/spdx-spec/v3.0.1/)), profiles Core, Software, SimpleLicensing, and
//! AI, Dataset and Build where what they demand is there.
//!
//! A profile is named in `profileConformance` only when every element that it speaks of has what it demands ([`rules`]): an
//! invented release time would make a document conform, and lie. Why one is not named is said in the document's comment.
//!
//! SPDX has no place for evidence: where a fact comes from, and how it is known, is an annotation of its element.

mod element;
mod relation;
mod rules;

use super::{
    DocumentError, Settings, check_references, identity,
    json::{Node, Object},
    view::{NO_ASSERTION, View},
};
use crate::graph::{Graph, Kind};

/// The context, which is fixed and never fetched.
const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
/// The blank node of everything's making.
const MADE: &str = "_:made";
/// A document without a time has this one: SPDX demands one, and the beginning of 1970 is nobody's real time.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// Everything that the parts of a document are made from.
struct Writer<'a> {
    view: View<'a>,
    /// What every name begins with.
    space: String,
    /// Elements, in the order in which they are written.
    elements: Vec<Object>,
}

/// Writes a document.
///
/// # Errors
/// [`DocumentError`] when its references do not hold.
pub fn write(graph: &Graph, settings: &Settings) -> Result<String, DocumentError> {
    // The name space is a UUID of the same document under a name space that is not one.
    let draft = Writer::new(graph, settings, String::new()).document(settings);
    let space = format!("urn:uuid:{}#", identity::uuid(&draft.to_text()));
    let document = Writer::new(graph, settings, space).document(settings);
    check_references(document.texts("spdxId"), references(&document))?;
    Ok(document.to_text())
}

/// Everything in a document that must be the name of an element.
fn references(document: &Object) -> Vec<&str> {
    let mut found = Vec::new();
    let Some(Node::List(elements)) = document.get("@graph") else {
        return found;
    };
    for element in elements {
        let Node::Object(element) = element else {
            continue;
        };
        for name in [
            "from",
            "to",
            "subject",
            "suppliedBy",
            "originatedBy",
            "element",
            "rootElement",
            "createdBy",
            "createdUsing",
        ] {
            match element.get(name) {
                Some(Node::Text(text)) => found.push(text.as_str()),
                Some(Node::List(list)) => found.extend(list.iter().filter_map(|node| match node {
                    Node::Text(text) => Some(text.as_str()),
                    _ => None,
                })),
                _ => {}
            }
        }
    }
    found.retain(|it| *it != relation::NO_LICENCE);
    found
}

impl<'a> Writer<'a> {
    fn new(graph: &'a Graph, settings: &Settings, space: String) -> Self {
        Self {
            view: View::new(graph, settings.show_private),
            space,
            elements: Vec::new(),
        }
    }

    /// An element's name in the document.
    fn id(&self, name: &str) -> String {
        format!("{}{name}", self.space)
    }

    fn document(mut self, settings: &Settings) -> Object {
        let time = settings.timestamp().unwrap_or_else(|| NO_TIME.to_owned());
        self.add_elements();
        let missing = rules::missing(&self.elements);
        let names: Vec<String> = self.elements.iter().filter_map(name).collect();
        let subject = self.id(self.view.name(self.view.graph.subject()));
        let title = self.view.title(self.view.graph.subject());
        let mut graph = self.making(settings, &time);
        graph.push(
            self.element("SpdxDocument", "document")
                .with("name", format!("{title}: bill of materials"))
                .with_some("comment", comment(settings, &missing, &self.view))
                .with("profileConformance", rules::profiles(&missing))
                .with("dataLicense", self.id("data-licence"))
                .with("rootElement", vec![self.id("bom")])
                .with("element", vec![self.id("bom")]),
        );
        graph.push(
            self.element("software_Sbom", "bom")
                .with("software_sbomType", vec!["analyzed"])
                .with("rootElement", vec![subject])
                .with("element", names),
        );
        graph.push(
            self.element("simplelicensing_LicenseExpression", "data-licence")
                .with("simplelicensing_licenseExpression", "CC0-1.0"),
        );
        graph.append(&mut self.elements);
        Object::new().with("@context", CONTEXT).with("@graph", graph)
    }

    /// Who made the document, with what and when.
    fn making(&self, settings: &Settings, time: &str) -> Vec<Object> {
        let (kind, author) = match &settings.author {
            Some(author) => ("Organization", author.as_str()),
            None => ("SoftwareAgent", "weightlock"),
        };
        vec![
            Object::new()
                .with("type", "CreationInfo")
                .with("@id", MADE)
                .with("specVersion", "3.0.1")
                .with("created", time)
                .with("createdBy", vec![self.id("author")])
                .with("createdUsing", vec![self.id("weightlock")]),
            self.element(kind, "author").with("name", author),
            self.element("Tool", "weightlock")
                .with("name", format!("weightlock {}", settings.tool_version)),
        ]
    }

    /// The beginning of an element.
    fn element(&self, kind: &str, name: &str) -> Object {
        Object::new()
            .with("type", kind)
            .with("spdxId", self.id(name))
            .with("creationInfo", MADE)
    }
}

/// The name of an element.
fn name(element: &Object) -> Option<String> {
    match element.get("spdxId") {
        Some(Node::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

/// What the document cannot say elsewhere.
fn comment(settings: &Settings, missing: &[rules::Missing], view: &View<'_>) -> Option<String> {
    let mut lines = Vec::new();
    if settings.time.is_none() {
        lines.push("The time of making is not stated; 1970 stands for none.".to_owned());
    }
    lines.extend(view.unhashed().map(|told| format!("Not known: {told}")));
    for gap in missing {
        lines.push(format!(
            "Does not conform to the profile {}: {}",
            gap.profile, gap.what
        ));
    }
    for gap in view.graph.unread() {
        lines.push(format!(
            "Not read: {} at byte {}: {}",
            gap.path, gap.offset, gap.why
        ));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Whether a thing becomes an element of its own.
const fn is_element(kind: Kind) -> bool {
    !matches!(kind, Kind::Hardware)
}

/// What nobody says.
const UNSAID: &str = NO_ASSERTION;
