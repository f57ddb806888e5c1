//! [`Facts`]: what the user knows and no file says, in `weightlock-facts.yaml`.
//!
//! ```yaml
//! author: Acme Labs              # who lets documents be written
//! model:                         # what it is about, by the names of `weightlock:` properties
//!   supplier: Acme Labs
//!   release-time: 2026-01-31T00:00:00Z
//! parents:                       # by the names that documents show
//!   acme-labs/pebble-base:
//!     version: v1.0
//! datasets:
//!   acme-labs/pebble-corpus:
//!     license: CC-BY-4.0
//! others: {}                     # tools, packages, files and anything else
//! ```
//!
//! 1. Whatever it says is *declared*, by the source *user*. It fills what nobody says, and stands before what metadata say.
//! 2. What Weightlock computed from the bytes stays what is shown; a fact that contradicts it is a conflict.
//! 3. A word that is not known is refused: a misspelt fact would be missing in silence.
//! 4. A parent or a data set that no file names is added only with its `derivation` or its `role`, which says how it belongs there.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    standing::Standing,
};
use weightlock_format::{Error, yaml::tree::Node};

use crate::graph::{Claim, Component, Derivation, Graph, Kind, Property, Ref, Relation, Source, Value, Verb};

/// Bytes of a facts file. It is written by hand.
pub const MOST_BYTES: usize = 1 << 20;
/// Sections, in the order of documentation.
const SECTIONS: [(&str, &str); 5] = [
    ("author", "Who lets documents be written: a person or an organisation"),
    ("model", "Facts about what the documents are about"),
    ("parents", "Facts about what it was made from, by name"),
    ("datasets", "Facts about data, by name"),
    ("others", "Facts about tools, packages and files, by name"),
];
/// Behind a user's word, which stands before all metadata.
const FIRST: u8 = 0;
/// Behind what was computed.
const LAST: u8 = u8::MAX;

/// What a user says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Who lets documents be written.
    pub author: Option<String>,
    model: Vec<Said>,
    named: BTreeMap<(Section, String), Vec<Said>>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Section {
    Parents,
    Datasets,
    Others,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Said {
    property: Property,
    values: Vec<Value>,
}

/// Why a facts file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FactsError {
    /// It is larger than [`MOST_BYTES`].
    #[error("it is larger than {MOST_BYTES} bytes")]
    TooLarge,
    /// It is no YAML that every reader reads alike.
    #[error("it is no YAML that every reader reads alike")]
    Syntax(#[source] Error),
    /// A word is not known.
    #[error("{place} is no fact that is known")]
    Unknown {
        /// Where it stands.
        place: String,
        /// The word.
        word: String,
        /// What may stand there.
        known: Vec<&'static str>,
    },
    /// A value is of another kind than its fact has.
    #[error("{place} must be {wanted}")]
    Form {
        /// Where it stands.
        place: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// It speaks of something that no file names, and does not say how it belongs to the model.
    #[error("{place}: nothing of this name is known, and its `{how}` is not stated")]
    Stranger {
        /// Where it stands.
        place: String,
        /// What would say how it belongs there.
        how: &'static str,
        /// What is known.
        known: Vec<String>,
    },
}

impl Facts {
    /// Reads the text of a facts file.
    ///
    /// # Errors
    /// [`FactsError`] names the first rule that is broken.
    pub fn parse(text: &[u8]) -> Result<Self, FactsError> {
        if text.len() > MOST_BYTES {
            return Err(FactsError::TooLarge);
        }
        let root = Node::read(text).map_err(FactsError::Syntax)?;
        let mut facts = Self::default();
        if root.is_null() {
            return Ok(facts);
        }
        for (key, value) in entries(&root, "the file")? {
            match key {
                "author" => facts.author = Some(text_of(value, key)?),
                "model" => facts.model = said(value, "model")?,
                "parents" => facts.section(Section::Parents, value, key)?,
                "datasets" => facts.section(Section::Datasets, value, key)?,
                "others" => facts.section(Section::Others, value, key)?,
                word => {
                    return Err(FactsError::Unknown {
                        place: word.to_owned(),
                        word: word.to_owned(),
                        known: SECTIONS.iter().map(|(name, _)| *name).collect(),
                    });
                }
            }
        }
        Ok(facts)
    }

    fn section(&mut self, section: Section, node: &Node, place: &str) -> Result<(), FactsError> {
        if node.is_null() {
            return Ok(());
        }
        for (name, value) in entries(node, place)? {
            let all = said(value, &format!("{place}.{name}"))?;
            self.named.insert((section, name.to_owned()), all);
        }
        Ok(())
    }

    /// States what the user says.
    ///
    /// # Errors
    /// [`FactsError::Stranger`] for something that no file names. What was stated before stays stated.
    pub fn state(&self, graph: &mut Graph) -> Result<(), FactsError> {
        let subject = graph.subject().clone();
        let kind = graph.component(&subject).map_or(Kind::Model, |it| it.kind);
        add(graph.ensure(&subject, kind), &self.model, "model");
        for ((section, name), all) in &self.named {
            let place = format!("{}.{name}", section.word());
            let reference = match section.find(graph, name) {
                Some(reference) => reference,
                None => section.admit(graph, name, all, &place)?,
            };
            let kind = graph.component(&reference).map_or(Kind::Package, |it| it.kind);
            add(graph.ensure(&reference, kind), all, &place);
        }
        Ok(())
    }
}

impl Section {
    const fn word(self) -> &'static str {
        match self {
            Self::Parents => "parents",
            Self::Datasets => "datasets",
            Self::Others => "others",
        }
    }

    const fn holds(self, kind: Kind) -> bool {
        match self {
            Self::Parents => matches!(kind, Kind::Model),
            Self::Datasets => matches!(kind, Kind::Dataset),
            Self::Others => !matches!(kind, Kind::Model | Kind::Dataset),
        }
    }

    /// The one thing of this section that is called so, with or without the name of its owner.
    fn find(self, graph: &Graph, name: &str) -> Option<Ref> {
        let mut found = self.known(graph).filter(|(reference, title)| {
            let short = title.rsplit('/').next().unwrap_or(title);
            title == name || short == name || reference.as_str() == name
        });
        let first = found.next()?;
        let is_only_one = found.all(|(_, title)| title != name) || first.1 == name;
        is_only_one.then(|| first.0.clone())
    }

    fn known(self, graph: &Graph) -> impl Iterator<Item = (&Ref, String)> {
        let subject = graph.subject();
        let all = graph.components().iter();
        let own = all.filter(move |(reference, it)| *reference != subject && self.holds(it.kind));
        own.map(|(reference, component)| (reference, title(component)))
    }

    /// Adds what no file names, where the user says how it belongs there.
    fn admit(self, graph: &mut Graph, name: &str, all: &[Said], place: &str) -> Result<Ref, FactsError> {
        let stranger = |how| FactsError::Stranger {
            place: place.to_owned(),
            how,
            known: self.known(graph).map(|(_, title)| title).collect(),
        };
        let word = |property| {
            let said = all.iter().find(|it: &&Said| it.property == property)?;
            said.values.first().and_then(Value::as_text)
        };
        let source = Source::user(place);
        let (kind, family, verb, fact) = match self {
            Self::Parents => {
                let how = word(Property::Derivation).and_then(Derivation::parse);
                let how = how.ok_or_else(|| stranger("derivation"))?;
                (Kind::Model, "parent", Verb::DerivedFrom, Some(how.word()))
            }
            Self::Datasets => {
                let verb = match word(Property::Role) {
                    Some("training") => Verb::TrainedOn,
                    Some("evaluation") => Verb::EvaluatedOn,
                    Some("calibration") => Verb::CalibratedOn,
                    _ => return Err(stranger("role")),
                };
                (Kind::Dataset, "dataset", verb, None)
            }
            Self::Others => return Err(stranger("file")),
        };
        let reference = Ref::new(family, name);
        let (owner, own) = name.split_once('/').map_or((None, name), |(owner, own)| (Some(owner), own));
        let say = |text: &str| Claim::declared(Value::text(text), source.clone());
        let component = graph.ensure(&reference, kind);
        component.state(Property::Name, say(own));
        if let Some(owner) = owner {
            component.state(Property::Namespace, say(owner));
        }
        let subject = graph.subject().clone();
        let mut relation = Relation::new(&subject, verb, &reference, Standing::Declared, source.clone());
        if let Some(how) = fact {
            relation = relation.with(Property::Derivation, say(how));
        }
        graph.relate(relation);
        Ok(reference)
    }
}

/// What documents call a component.
fn title(component: &Component) -> String {
    let name = component.text(Property::Name).unwrap_or_default();
    match component.text(Property::Namespace) {
        Some(owner) if !owner.is_empty() => format!("{owner}/{name}"),
        _ => name.to_owned(),
    }
}

fn add(component: &mut Component, all: &[Said], place: &str) {
    for said in all {
        let is_computed = component.standing(said.property) == Standing::Verified;
        let rank = if is_computed { LAST } else { FIRST };
        for value in &said.values {
            let source = Source::user(format!("{place}.{}", said.property.name()));
            component.state(said.property, Claim::declared(value.clone(), source).rank(rank));
        }
    }
}

fn said(node: &Node, place: &str) -> Result<Vec<Said>, FactsError> {
    let mut all = Vec::new();
    for (key, value) in entries(node, place)? {
        let place = format!("{place}.{key}");
        let property = Property::parse(key).ok_or_else(|| FactsError::Unknown {
            place: place.clone(),
            word: key.to_owned(),
            known: Property::ALL.iter().map(|it| it.name()).collect(),
        })?;
        let values = value.one_or_many().iter().map(|it| value_of(property, it, &place));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        all.push(Said { property, values });
    }
    Ok(all)
}

fn value_of(property: Property, node: &Node, place: &str) -> Result<Value, FactsError> {
    let text = text_of(node, place)?;
    if property == Property::Digest {
        let digest = text.strip_prefix("sha256:").and_then(|hex| Digest::from_hex(Algorithm::Sha256, hex).ok());
        return digest.map(Value::Digest).ok_or_else(|| FactsError::Form {
            place: place.to_owned(),
            wanted: "sha256: and 64 hexadecimal digits",
        });
    }
    if let Some(flag) = node.boolean() {
        return Ok(Value::Flag(flag));
    }
    Ok(match (node.number(), text.parse::<u64>()) {
        (Some(_), Ok(number)) => Value::Number(number),
        (Some(_), Err(_)) => Value::Decimal(text),
        (None, _) => Value::Text(text),
    })
}

fn text_of(node: &Node, place: &str) -> Result<String, FactsError> {
    node.text().map(str::to_owned).ok_or_else(|| FactsError::Form {
        place: place.to_owned(),
        wanted: "a text, a number or a list of them",
    })
}

/// The entries of a mapping with their keys.
fn entries<'a>(node: &'a Node, place: &str) -> Result<Vec<(&'a str, &'a Node)>, FactsError> {
    let form = || FactsError::Form {
        place: place.to_owned(),
        wanted: "names with what is said of each",
    };
    if node.entries().is_empty() && !node.is_null() && (node.text().is_some() || !node.items().is_empty()) {
        return Err(form());
    }
    let entries = node.entries().iter();
    entries
        .map(|(key, value)| Ok((key.text().ok_or_else(form)?, value)))
        .collect()
}

/// The JSON schema of a facts file, for editors.
#[must_use]
pub fn schema() -> Json {
    let value = json!({"type": ["string", "number", "boolean"]});
    let fact = |property: &Property| {
        let schema = json!({
            "description": format!("{}.", property.meaning()),
            "anyOf": [value, {"type": "array", "items": value}],
        });
        (property.name().to_owned(), schema)
    };
    let facts: serde_json::Map<String, Json> = Property::ALL.iter().map(fact).collect();
    let section = |(name, meaning): &(&str, &str)| {
        let schema = match *name {
            "author" => json!({"type": "string"}),
            "model" => json!({"$ref": "#/$defs/facts"}),
            _ => json!({"type": "object", "additionalProperties": {"$ref": "#/$defs/facts"}}),
        };
        let mut schema = schema;
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), format!("{meaning}.").into());
        }
        ((*name).to_owned(), schema)
    };
    let sections: serde_json::Map<String, Json> = SECTIONS.iter().map(section).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:weightlock:facts:v1",
        "title": "weightlock-facts.yaml",
        "description": "What the user knows about a model and no file says. Everything in it is declared, by the user.",
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
        "$defs": {"facts": {"type": "object", "additionalProperties": false, "properties": facts}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Conflict;

    fn graph() -> Graph {
        let mut graph = Graph::about(Ref::subject(), Kind::Model);
        let counted = Claim::verified(Value::Number(5), Source::computed("tensor-shapes", ""));
        graph.state(&Ref::subject(), Kind::Model, Property::Parameters, counted.rank(1));
        let data = Ref::new("dataset", "acme/chats");
        let say = |text: &str| Claim::declared(Value::text(text), Source::computed("test", ""));
        graph.state(&data, Kind::Dataset, Property::Name, say("chats"));
        graph.state(&data, Kind::Dataset, Property::Namespace, say("acme"));
        graph
    }

    fn stated(text: &str) -> Result<Graph, FactsError> {
        let mut graph = graph();
        Facts::parse(text.as_bytes())?.state(&mut graph)?;
        Ok(graph)
    }

    #[test]
    fn facts_fill_and_are_the_users() {
        let graph = stated(
            "author: Acme\nmodel:\n  supplier: Acme Labs\n  language: [en, de]\n  license: no\ndatasets:\n  acme/chats:\n    license: CC-BY-4.0\n",
        )
        .expect("facts");
        let model = graph.component(&Ref::subject()).expect("a model");
        assert_eq!(model.text(Property::Supplier), Some("Acme Labs"));
        assert_eq!(model.standing(Property::Supplier), Standing::Declared);
        assert_eq!(model.claims(Property::Language).len(), 2);
        assert_eq!(model.text(Property::License), Some("no"));
        let claim = model.claim(Property::Supplier).expect("a claim");
        assert_eq!(claim.sources[0].to_string(), "user:model.supplier");
        let data = graph.component(&Ref::new("dataset", "acme/chats")).expect("data");
        assert_eq!(data.text(Property::License), Some("CC-BY-4.0"));
    }

    #[test]
    fn what_was_computed_stays_and_the_contradiction_is_told() {
        let graph = stated("model:\n  parameters: 7\n").expect("facts");
        let model = graph.component(&Ref::subject()).expect("a model");
        assert_eq!(model.number(Property::Parameters), Some(5));
        assert!(matches!(&graph.conflicts()[..], [Conflict::Values { property: Property::Parameters, .. }]));
        let same = stated("model:\n  parameters: 5\n").expect("facts");
        assert!(same.conflicts().is_empty());
    }

    #[test]
    fn strangers_need_to_belong_there() {
        let graph = stated("parents:\n  acme/base:\n    derivation: finetune\ndatasets:\n  new/data: {role: training}\n").expect("facts");
        let verbs: Vec<Verb> = graph.from(&Ref::subject()).map(|it| it.verb).collect();
        assert_eq!(verbs, [Verb::DerivedFrom, Verb::TrainedOn]);
        for text in [
            "parents: {acme/base: {version: v1}}",
            "datasets: {new/data: {license: MIT}}",
            "others: {nothing: {version: '1'}}",
        ] {
            assert!(matches!(stated(text), Err(FactsError::Stranger { .. })), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in ["modell: {}", "model: {suplier: x}", "datasets: {acme/chats: {x: y}}"] {
            assert!(matches!(stated(text), Err(FactsError::Unknown { .. })), "{text}");
        }
        for text in ["- a", "model: x", "model: {digest: abc}", "author: [a]", "model: {name: {a: b}}", "just text"] {
            assert!(matches!(stated(text), Err(FactsError::Form { .. })), "{text}");
        }
        assert!(matches!(stated("model: {name: a, name: b}"), Err(FactsError::Syntax(_))));
        assert!(matches!(stated(&"#".repeat(MOST_BYTES + 1)), Err(FactsError::TooLarge)));
        assert!(stated("").is_ok());
    }

    #[test]
    fn the_schema_takes_what_the_reader_takes() {
        let validator = jsonschema::validator_for(&schema()).expect("a schema");
        assert!(validator.is_valid(&json!({"author": "a", "model": {"language": ["en"], "parameters": 5}, "parents": {"x": {"version": "1"}}})));
        assert!(!validator.is_valid(&json!({"modell": {}})));
        assert!(!validator.is_valid(&json!({"model": {"suplier": "x"}})));
    }
}
