//! Documents of other tools, and our own: CycloneDX 1.2 to 1.7, SPDX 2.2, 2.3 and 3.0, as JSON.
//!
//! A document is somebody's word. Whatever it says is at best declared, also where it says that it was verified, and keeps the
//! document's name and digest as its source. What is not understood is passed over; what cannot be read alike by every reader
//! (a key twice, no UTF-8, more than [`Predicate::MAX_BYTES`](weightlock_signing::predicate::Predicate::MAX_BYTES)) is refused.

mod cyclonedx;
pub mod described;
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

/// Relations between them. An image with ten thousand packages has some hundred thousand; each costs nearly a kilobyte until the
/// document is told.
pub const MOST_RELATIONS: usize = 250_000;
/// Facts of all components: versions, digests, licences.
pub const MOST_FACTS: usize = 600_000;
/// Facts of one component. Each is compared with those before it.
pub const MOST_FACTS_OF_ONE: usize = 1000;
/// Measured values.
pub const MOST_METRICS: usize = 10_000;
/// Bytes of names and other texts, each as often as it is used: a document can name one long text a million times.
pub const MOST_TEXT: usize = 128 << 20;

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
    /// It lists more than is read, and a part of it would not be what it says.
    #[error("it has more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// What is read at most.
        limit: usize,
    },
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
    facts: usize,
    text: usize,
    /// The first limit that was met; a document that meets one is not read.
    over: Option<ReadError>,
}

/// A component, by the document's own name.
#[derive(Debug)]
struct Thing {
    kind: Kind,
    claims: Vec<(Property, Value, Standing)>,
    parameters: Vec<(String, Value)>,
    place: String,
    text: usize,
    /// More was said of it than is kept.
    is_over: bool,
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
    understood(&json, foreign)
}

fn understood(json: &Json, foreign: Foreign) -> Result<Foreign, ReadError> {
    let foreign = if json.get("bomFormat").is_some() {
        cyclonedx::read(json, foreign)
    } else if json.get("spdxVersion").is_some() {
        spdx2::read(json, foreign)
    } else {
        spdx3::read(json, foreign)
    };
    let mut foreign = foreign?;
    match foreign.over.take() {
        None => Ok(foreign),
        Some(over) => Err(over),
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
            facts: 0,
            text: 0,
            over: None,
        }
    }

    /// Takes note of what is about to be kept; says whether it may be.
    fn may_keep(&mut self, what: &'static str, is_within: bool, limit: usize) -> bool {
        if !is_within && self.over.is_none() {
            self.over = Some(ReadError::TooMany { what, limit });
        }
        self.over.is_none()
    }

    /// Whether so many bytes of text may be kept.
    fn may_name(&mut self, bytes: usize) -> bool {
        self.text = self.text.saturating_add(bytes);
        let is_within = self.text <= MOST_TEXT;
        self.may_keep("bytes of names and texts", is_within, MOST_TEXT)
    }

    fn measured(&mut self, metric: Measured) {
        let is_within = self.metrics.len() < MOST_METRICS;
        if self.may_keep("measured values", is_within, MOST_METRICS)
            && self.may_name(metric.metric.len().saturating_add(metric.value.len()))
        {
            self.metrics.push(metric);
        }
    }

    fn add(&mut self, name: String, thing: Thing) -> Result<(), ReadError> {
        let said = thing.claims.len().saturating_add(thing.parameters.len());
        self.facts = self.facts.saturating_add(said);
        let (is_room, is_little) = (self.things.len() < MOST_COMPONENTS, self.facts <= MOST_FACTS);
        self.may_keep("components", is_room, MOST_COMPONENTS);
        self.may_keep("facts of one component", !thing.is_over, MOST_FACTS_OF_ONE);
        self.may_keep("facts", is_little, MOST_FACTS);
        self.may_name(
            thing
                .text
                .saturating_add(thing.place.len())
                .saturating_add(name.len()),
        );
        if let Some(over) = self.over.take() {
            return Err(over);
        }
        // Of two things with one name the first is kept: nothing is joined that may not belong together.
        self.things.entry(name).or_insert(thing);
        Ok(())
    }

    fn relate(&mut self, from: &str, verb: Verb, to: &str, facts: Vec<(Property, Value)>) {
        let is_within = self.relations.len() < MOST_RELATIONS;
        if !self.may_keep("relations", is_within, MOST_RELATIONS)
            || !self.may_name(from.len().saturating_add(to.len()))
        {
            return;
        }
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
                details: BTreeMap::new(),
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
            text: 0,
            is_over: false,
        }
    }

    fn say(&mut self, property: Property, text: Option<&str>) {
        let says =
            |text: &&str| !text.is_empty() && *text != "unknown" && *text != "NOASSERTION" && *text != "NONE";
        if let Some(text) = text.filter(says)
            && self.has_room(text.len())
        {
            self.claims
                .push((property, Value::text(text), Standing::Declared));
        }
    }

    /// Whether one fact more is kept.
    fn has_room(&mut self, bytes: usize) -> bool {
        let said = self.claims.len().saturating_add(self.parameters.len());
        self.text = self.text.saturating_add(bytes);
        self.is_over |= said >= MOST_FACTS_OF_ONE || self.text > MOST_TEXT;
        !self.is_over
    }

    fn set(&mut self, parameter: &str, value: &str) {
        if self.has_room(parameter.len().saturating_add(value.len())) {
            self.parameters.push((parameter.to_owned(), Value::text(value)));
        }
    }

    fn has_digest(&mut self, algorithm: &str, hex: &str) {
        let algorithm = match algorithm {
            "SHA-256" | "SHA256" | "sha256" => Algorithm::Sha256,
            "BLAKE3" | "blake3" => Algorithm::Blake3,
            _ => return,
        };
        if let Ok(digest) = Digest::from_hex(algorithm, &hex.to_ascii_lowercase())
            && self.has_room(0)
        {
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
        if self.has_room(text.len()) {
            self.claims.push((property, value, Standing::Declared));
        }
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
