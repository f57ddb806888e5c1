//! A card as a signed statement: the predicate `urn:weightlock:card:v1`.
//!
//! ```json
//! {"date": "2026-11-22T12:00:00Z",
//!  "card": {"name": "model-card.yaml", "digest": {"sha256": "…"}, "form": "urn:weightlock:model-card:v1", "content": {…}},
//!  "readme": {"name": "README.md", "digest": {"sha256": "…"}, "frontMatter": {…}}}
//! ```
//!
//! The date is when it was stated. One of the other two must be there. The content is the whole card, with keys that no field has; the digest is that of its file, so
//! that one word that is changed in it afterwards is noticed. cosign's predicate of the type `custom` counts too, when its data
//! are the text of a structured card.

use serde_json::{Map, Value, json};
use weightlock_artifact::digest::{Algorithm, Digest};

use super::{Field, ModelCard, SCHEMA_ID};

/// A file that a statement names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}

/// What a statement about a card carries.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CardStatement {
    /// The structured card, with the file it was in; cosign's predicate names none.
    pub card: Option<(Option<Named>, ModelCard)>,
    /// The `README.md`.
    pub readme: Option<Named>,
}

/// The predicate of a card, and of a `README.md` with its front matter as JSON, stated at a time in RFC 3339.
#[must_use]
pub fn predicate(date: &str, card: Option<(&Named, &ModelCard)>, readme: Option<(&Named, Value)>) -> Value {
    let named = |file: &Named| {
        let mut map = Map::new();
        map.insert("name".to_owned(), json!(file.name));
        map.insert("digest".to_owned(), json!({"sha256": file.sha256.hex()}));
        map
    };
    let mut predicate = Map::new();
    predicate.insert("date".to_owned(), json!(date));
    if let Some((file, card)) = card {
        let mut map = named(file);
        map.insert("form".to_owned(), json!(SCHEMA_ID));
        map.insert("content".to_owned(), card.to_json());
        predicate.insert("card".to_owned(), Value::Object(map));
    }
    if let Some((file, front_matter)) = readme {
        let mut map = named(file);
        if !front_matter.is_null() {
            map.insert("frontMatter".to_owned(), front_matter);
        }
        predicate.insert("readme".to_owned(), Value::Object(map));
    }
    Value::Object(predicate)
}

impl CardStatement {
    /// Reads a predicate of Weightlock's own type.
    #[must_use]
    pub fn read(predicate: &Value) -> Option<Self> {
        let card = predicate.get("card");
        let content = card.and_then(|card| card.get("content"));
        let card = match (card, content) {
            (Some(card), Some(content)) => {
                let read = ModelCard::read(content.to_string().as_bytes()).ok()?;
                Some((named(card), read))
            }
            _ => None,
        };
        let readme = predicate.get("readme").and_then(named);
        (card.is_some() || readme.is_some()).then_some(Self { card, readme })
    }

    /// Reads cosign's predicate of the type `custom`; `None` where its data are no structured card.
    #[must_use]
    pub fn custom(predicate: &Value) -> Option<Self> {
        let data = predicate.get("Data")?.as_str()?;
        let card = ModelCard::read(data.as_bytes()).ok()?;
        let roots = Field::ALL.iter().filter_map(|field| field.keys().next());
        let is_card = roots.filter(|key| card.tree().at(key).is_some()).count() > 0;
        is_card.then_some(Self {
            card: Some((None, card)),
            readme: None,
        })
    }
}

fn named(value: &Value) -> Option<Named> {
    let hex = value.pointer("/digest/sha256")?.as_str()?;
    Some(Named {
        name: value.get("name")?.as_str()?.to_owned(),
        sha256: Digest::from_hex(Algorithm::Sha256, hex).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Named {
        Named {
            name: name.to_owned(),
            sha256: Algorithm::Sha256.digest(name.as_bytes()),
        }
    }

    #[test]
    fn a_statement_carries_the_whole_card() {
        let text =
            "model_details: {name: 'a \"b\" \u{1f600}', version: 1.10}\nextra: [no, 2e-05, 7, true, ~]\n";
        let card = ModelCard::read(text.as_bytes()).unwrap();
        let (yaml, readme) = (file("model-card.yaml"), file("README.md"));
        let predicate = predicate(
            "2026-11-22",
            Some((&yaml, &card)),
            Some((&readme, json!({"license": "mit"}))),
        );
        assert_eq!(
            predicate["card"]["content"],
            json!({"model_details": {"name": "a \"b\" \u{1f600}", "version": "1.10"}, "extra": ["no", "2e-05", 7, true, null]})
        );
        let read = CardStatement::read(&predicate).unwrap();
        let (named, content) = read.card.unwrap();
        assert_eq!((named, read.readme), (Some(yaml), Some(readme)));
        for field in [Field::Name, Field::Version] {
            assert_eq!(
                content.first(field).unwrap().text,
                card.first(field).unwrap().text
            );
        }
    }

    #[test]
    fn custom_data_count_when_they_are_a_card() {
        let of = |data: &str| CardStatement::custom(&json!({"Data": data, "Timestamp": ""}));
        for data in ["model_details:\n  name: x\n", "{\"known_limitations\": [\"x\"]}"] {
            assert!(of(data).is_some(), "{data}");
        }
        for data in [
            "",
            "just a text",
            "a: b\n",
            "[1]",
            "model_details: [",
            "model_details: 1\nmodel_details: 2\n",
        ] {
            assert!(of(data).is_none(), "{data}");
        }
        assert!(CardStatement::custom(&json!({})).is_none());
        assert!(CardStatement::read(&json!({"card": 3})).is_none());
    }
}
