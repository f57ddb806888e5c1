//! Documents of other tools, and our own: CycloneDX 1.2 to 1.7, SPDX 2.2, 2.3 and 3.0, as JSON.
//!
//! A document is somebody's word. Whatever it says is at best declared, also where it says that it was verified, and keeps the
//! document's name and digest as its source. What is not understood is passed over; what cannot be read alike by every reader
//! (a key twice, no UTF-8, more than [`Predicate::MAX_BYTES`](weightlock_signing::predicate::Predicate::MAX_BYTES)) is refused.

mod cyclonedx;
mod spdx2;
mod spdx3;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    evidence,
    standing::Standing,
};
use weightlock_signing::predicate::{Predicate, PredicateError, Wanted};

use crate::graph::{Claim, Graph, Kind, Metric, Origin, Property, Ref, Relation, Source, Value, Verb};

/// Components of a document. The largest public images have some ten thousand packages and a million files; files of an image
/// are no part of what a model is made of.
pub const MOST_COMPONENTS: usize = 200_000;

/// Why a document is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no JSON, or none that every reader reads alike, or larger than is read.
    #[error("it is no bill of materials that can be read")]
    Text(#[from] PredicateError),
    /// It is a bill of materials in a form that is not known.
    #[error("it is neither CycloneDX 1.2 to 1.7 nor SPDX 2.2, 2.3 or 3.0: {0}")]
    Form(String),
    /// It lists more than is read.
    #[error("it lists more than {MOST_COMPONENTS} components")]
    TooMany,
}

/// What a document says.
#[derive(Debug)]
pub struct Foreign {
    /// The form and its version, as it names itself.
    pub form: String,
    /// What made it, as it names itself.
    pub tool: Option<String>,
    /// When it was made, as it says.
    pub time: Option<String>,
    /// Who let it be made, as it says.
    pub author: Option<String>,
    /// SHA-256 of its text.
    pub digest: Digest,
    name: String,
    /// What it is about, by its own name for it.
    root: Option<String>,
    things: BTreeMap<String, Thing>,
    relations: Vec<Said>,
    metrics: Vec<Measured>,
}

/// A component, by the document's own name.
#[derive(Debug)]
struct Thing {
    kind: Kind,
    claims: Vec<(Property, Value, Standing)>,
    parameters: Vec<(String, Value)>,
    place: String,
}

/// A relation.
#[derive(Debug)]
struct Said {
    from: String,
    verb: Verb,
    to: String,
    facts: Vec<(Property, Value)>,
}

/// A measured value.
#[derive(Debug)]
struct Measured {
    /// What was measured, by the document's own name.
    of: String,
    metric: String,
    value: String,
    slice: String,
}

/// Reads a document. `name` is what its claims are said to come from.
///
/// # Errors
/// [`ReadError`] names the first rule that is broken.
pub fn read(text: &[u8], name: &str) -> Result<Foreign, ReadError> {
    // The one strict reader of documents that are signed: what it takes, every reader reads alike.
    Predicate::read(text, &Wanted::Kind(evidence::Kind::Bom), "")?;
    let json: Json = serde_json::from_slice(text).map_err(|error| ReadError::Form(error.to_string()))?;
    let foreign = Foreign::new(name, text);
    if json.get("bomFormat").is_some() {
        cyclonedx::read(&json, foreign)
    } else if json.get("spdxVersion").is_some() {
        spdx2::read(&json, foreign)
    } else {
        spdx3::read(&json, foreign)
    }
}

impl Foreign {
    fn new(name: &str, text: &[u8]) -> Self {
        Self {
            form: String::new(),
            tool: None,
            time: None,
            author: None,
            digest: Algorithm::Sha256.digest(text),
            name: name.to_owned(),
            root: None,
            things: BTreeMap::new(),
            relations: Vec::new(),
            metrics: Vec::new(),
        }
    }

    fn add(&mut self, name: String, thing: Thing) -> Result<(), ReadError> {
        if self.things.len() >= MOST_COMPONENTS {
            return Err(ReadError::TooMany);
        }
        // Of two things with one name the first is kept: nothing is joined that may not belong together.
        self.things.entry(name).or_insert(thing);
        Ok(())
    }

    fn relate(&mut self, from: &str, verb: Verb, to: &str, facts: Vec<(Property, Value)>) {
        let said = Said {
            from: from.to_owned(),
            verb,
            to: to.to_owned(),
            facts,
        };
        self.relations.push(said);
    }

    /// How many components it lists.
    #[must_use]
    pub fn components(&self) -> usize {
        self.things.len()
    }

    /// The graph of the document alone.
    #[must_use]
    pub fn graph(&self) -> Graph {
        let root = self.root.as_ref().and_then(|root| self.things.get(root));
        let mut graph = Graph::about(Ref::subject(), root.map_or(Kind::Environment, |it| it.kind));
        let names = self.names(&graph, true);
        self.state(&mut graph, &names);
        graph
    }

    /// Adds what the document says to a graph. What has the same package URL is the same thing; what the document is about
    /// becomes something that the subject depends on.
    pub fn merge_into(&self, graph: &mut Graph) {
        let names = self.names(graph, false);
        self.state(graph, &names);
        if let Some(root) = self.root.as_ref().and_then(|it| names.get(it)) {
            let subject = graph.subject().clone();
            if *root != subject {
                let source = self.source("");
                graph.relate(Relation::new(
                    &subject,
                    Verb::DependsOn,
                    root,
                    Standing::Declared,
                    source,
                ));
            }
        }
    }

    fn names(&self, graph: &Graph, is_alone: bool) -> BTreeMap<String, Ref> {
        let known: BTreeMap<&str, &Ref> = graph
            .components()
            .iter()
            .filter_map(|(reference, component)| Some((component.text(Property::Purl)?, reference)))
            .collect();
        let named = self.things.iter().map(|(name, thing)| {
            let purl = thing
                .claims
                .iter()
                .find_map(|(property, value, _)| match (property, value) {
                    (Property::Purl, Value::Text(purl)) => Some(purl.as_str()),
                    _ => None,
                });
            let reference = match purl.and_then(|it| known.get(it)) {
                _ if is_alone && self.root.as_ref() == Some(name) => Ref::subject(),
                Some(reference) => (*reference).clone(),
                None if is_alone => Ref::new("listed", name),
                None => Ref::new(
                    "document",
                    &format!("{}/{name}", self.digest.hex().get(..16).unwrap_or_default()),
                ),
            };
            (name.clone(), reference)
        });
        named.collect()
    }

    fn state(&self, graph: &mut Graph, names: &BTreeMap<String, Ref>) {
        for (name, thing) in &self.things {
            let Some(reference) = names.get(name) else {
                continue;
            };
            // Its package URL says who it is; another spelling of its name is no dispute.
            let is_known = graph
                .component(reference)
                .is_some_and(|it| it.fact(Property::Purl).is_some());
            let component = graph.ensure(reference, thing.kind);
            for (property, value, standing) in &thing.claims {
                if !(is_known && matches!(property, Property::Name | Property::Namespace)) {
                    component.state(*property, self.claim(value, *standing, &thing.place));
                }
            }
            for (parameter, value) in &thing.parameters {
                component.set(parameter, self.claim(value, Standing::Declared, &thing.place));
            }
        }
        let specific = self.specific();
        for said in &self.relations {
            let (Some(from), Some(to)) = (names.get(&said.from), names.get(&said.to)) else {
                continue;
            };
            let ends = (said.from.as_str(), said.to.as_str());
            if from == to || said.verb == Verb::DependsOn && specific.contains(&ends) {
                continue;
            }
            let mut relation = Relation::new(from, said.verb, to, Standing::Declared, self.source(""));
            for (property, value) in &said.facts {
                relation = relation.with(*property, self.claim(value, Standing::Declared, ""));
            }
            graph.relate(relation);
        }
        for measured in &self.metrics {
            let Some(of) = names.get(&measured.of) else {
                continue;
            };
            graph.measure(Metric {
                of: of.clone(),
                metric: measured.metric.clone(),
                value: Value::Decimal(measured.value.clone()),
                on: None,
                slice: measured.slice.clone(),
                standing: Standing::Declared,
                sources: vec![self.source("metrics")],
            });
        }
    }

    /// Things of which more is said than that one needs the other.
    fn specific(&self) -> BTreeSet<(&str, &str)> {
        let said = self.relations.iter().filter(|it| it.verb != Verb::DependsOn);
        said.map(|it| (it.from.as_str(), it.to.as_str())).collect()
    }

    fn claim(&self, value: &Value, standing: Standing, place: &str) -> Claim {
        let mut claim = Claim::declared(value.clone(), self.source(place));
        claim.standing = standing.max(Standing::Declared);
        claim
    }

    fn source(&self, place: &str) -> Source {
        Source {
            origin: Origin::Document {
                name: self.name.clone(),
                digest: self.digest,
            },
            place: place.to_owned(),
            offset: None,
        }
    }
}

impl Thing {
    fn new(kind: Kind, place: String) -> Self {
        Self {
            kind,
            claims: Vec::new(),
            parameters: Vec::new(),
            place,
        }
    }

    fn say(&mut self, property: Property, text: Option<&str>) {
        let says =
            |text: &&str| !text.is_empty() && *text != "unknown" && *text != "NOASSERTION" && *text != "NONE";
        if let Some(text) = text.filter(says) {
            self.claims
                .push((property, Value::text(text), Standing::Declared));
        }
    }

    fn has_digest(&mut self, algorithm: &str, hex: &str) {
        let algorithm = match algorithm {
            "SHA-256" | "SHA256" | "sha256" => Algorithm::Sha256,
            "BLAKE3" | "blake3" => Algorithm::Blake3,
            _ => return,
        };
        if let Ok(digest) = Digest::from_hex(algorithm, &hex.to_ascii_lowercase()) {
            self.claims
                .push((Property::Digest, Value::Digest(digest), Standing::Declared));
        }
    }

    /// A value under one of our own names.
    fn say_own(&mut self, name: &str, text: &str) {
        let Some(property) = Property::parse(name) else {
            return;
        };
        let value = match property {
            Property::Parameters
            | Property::Tensors
            | Property::Size
            | Property::ContextLength
            | Property::Records => text.parse().map_or_else(|_| Value::text(text), Value::Number),
            _ => Value::text(text),
        };
        self.claims.push((property, value, Standing::Declared));
    }

    /// How a document says that a fact is known. It can only be worse than declared.
    fn stands(&mut self, name: &str, word: &str) {
        let Some(property) = Property::parse(name) else {
            return;
        };
        let standing = Standing::ALL
            .into_iter()
            .find(|it| it.word().eq_ignore_ascii_case(word));
        for (own, _, known) in &mut self.claims {
            if *own == property {
                *known = standing.unwrap_or(Standing::Declared).max(Standing::Declared);
            }
        }
    }
}

/// The text of a member.
fn text<'a>(json: &'a Json, member: &str) -> Option<&'a str> {
    json.get(member).and_then(Json::as_str)
}

/// The items of a list; none where there is no list.
fn list<'a>(json: &'a Json, member: &str) -> &'a [Json] {
    json.get(member)
        .and_then(Json::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The texts of a list, or the one text in place of it.
fn texts<'a>(json: &'a Json, member: &str) -> Vec<&'a str> {
    match json.get(member) {
        Some(Json::String(text)) => vec![text.as_str()],
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}
