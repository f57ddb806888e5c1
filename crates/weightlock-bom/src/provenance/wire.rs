//! SLSA provenance v1 as JSON, [`Provenance`] on the other side.
//!
//! Mandatory are `buildDefinition.buildType`, `buildDefinition.externalParameters` and `runDetails.builder.id`, as the
//! specification says (section "Schema"). What is there must be of its kind, also where it is not mandatory.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{NotProvenance, Provenance, Resource};

/// An object of the predicate, and where it stands.
struct Members<'a> {
    place: &'a str,
    /// `None` for one that is not there, which is as good as an empty one.
    map: Option<&'a Map<String, Value>>,
}

pub(super) fn read(predicate: &Value) -> Result<Provenance, NotProvenance> {
    let top = object("predicate", Some(predicate))?;
    let definition = top.required("buildDefinition")?;
    let details = top.required("runDetails")?;
    let builder = object("runDetails.builder", details.get("builder"))?;
    let metadata = details.optional("runDetails.metadata", "metadata")?;
    Ok(Provenance {
        build_type: definition.text("buildType")?,
        external_parameters: definition.parameters("externalParameters")?,
        internal_parameters: definition.parameters("internalParameters")?,
        dependencies: definition.resources("resolvedDependencies")?,
        builder: builder.text("id")?,
        builder_version: builder.texts("version")?,
        invocation: metadata.optional_text("invocationId")?,
        started: metadata.optional_text("startedOn")?,
        finished: metadata.optional_text("finishedOn")?,
    })
}

pub(super) fn write(provenance: &Provenance) -> Value {
    let mut definition = Map::new();
    definition.insert("buildType".to_owned(), json!(provenance.build_type));
    definition.insert(
        "externalParameters".to_owned(),
        json!(provenance.external_parameters),
    );
    if !provenance.internal_parameters.is_empty() {
        definition.insert(
            "internalParameters".to_owned(),
            json!(provenance.internal_parameters),
        );
    }
    if !provenance.dependencies.is_empty() {
        let listed: Vec<Value> = provenance.dependencies.iter().map(resource_value).collect();
        definition.insert("resolvedDependencies".to_owned(), Value::Array(listed));
    }
    let mut builder = Map::new();
    builder.insert("id".to_owned(), json!(provenance.builder));
    if !provenance.builder_version.is_empty() {
        builder.insert("version".to_owned(), json!(provenance.builder_version));
    }
    let mut metadata = Map::new();
    for (name, value) in [
        ("invocationId", &provenance.invocation),
        ("startedOn", &provenance.started),
        ("finishedOn", &provenance.finished),
    ] {
        if let Some(value) = value {
            metadata.insert(name.to_owned(), json!(value));
        }
    }
    let mut details = Map::new();
    details.insert("builder".to_owned(), Value::Object(builder));
    if !metadata.is_empty() {
        details.insert("metadata".to_owned(), Value::Object(metadata));
    }
    json!({"buildDefinition": definition, "runDetails": details})
}

/// A resource descriptor, without what was not said.
fn resource_value(resource: &Resource) -> Value {
    let mut written = Map::new();
    for (name, value) in [("name", &resource.name), ("uri", &resource.uri)] {
        if let Some(value) = value {
            written.insert(name.to_owned(), json!(value));
        }
    }
    for (name, map) in [
        ("digest", &resource.digests),
        ("annotations", &resource.annotations),
    ] {
        if !map.is_empty() {
            written.insert(name.to_owned(), json!(map));
        }
    }
    Value::Object(written)
}

fn fault(place: &str, member: &str, fault: &'static str) -> NotProvenance {
    let place = if place == "predicate" {
        member.to_owned()
    } else {
        format!("{place}.{member}")
    };
    NotProvenance { place, fault }
}

fn object<'a>(place: &'a str, value: Option<&'a Value>) -> Result<Members<'a>, NotProvenance> {
    let fault = |fault| NotProvenance {
        place: place.to_owned(),
        fault,
    };
    match value {
        None | Some(Value::Null) => Err(fault("is missing")),
        Some(Value::Object(map)) => Ok(Members {
            place,
            map: Some(map),
        }),
        Some(_) => Err(fault("is not an object")),
    }
}

impl<'a> Members<'a> {
    fn get(&self, member: &str) -> Option<&'a Value> {
        self.map?.get(member)
    }

    fn required(&self, member: &'a str) -> Result<Self, NotProvenance> {
        object(member, self.get(member))
    }

    fn optional(&self, place: &'a str, member: &str) -> Result<Self, NotProvenance> {
        match self.get(member) {
            None | Some(Value::Null) => Ok(Self { place, map: None }),
            value => object(place, value),
        }
    }

    fn text(&self, member: &str) -> Result<String, NotProvenance> {
        let text = self.optional_text(member)?;
        text.ok_or_else(|| fault(self.place, member, "is missing"))
    }

    /// An empty text is none.
    fn optional_text(&self, member: &str) -> Result<Option<String>, NotProvenance> {
        match self.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(_) => Err(fault(self.place, member, "is not a text")),
        }
    }

    /// Parameters without those that say nothing.
    fn parameters(&self, member: &str) -> Result<Map<String, Value>, NotProvenance> {
        match self.get(member) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(map)) => {
                let said = map.iter().filter(|(_, value)| !is_empty(value));
                Ok(said.map(|(name, value)| (name.clone(), value.clone())).collect())
            }
            Some(_) => Err(fault(self.place, member, "is not an object")),
        }
    }

    fn texts(&self, member: &str) -> Result<BTreeMap<String, String>, NotProvenance> {
        let map = match self.get(member) {
            None | Some(Value::Null) => return Ok(BTreeMap::new()),
            Some(Value::Object(map)) => map,
            Some(_) => return Err(fault(self.place, member, "is not an object")),
        };
        map.iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| match value.as_str() {
                Some(text) => Ok((name.clone(), text.to_owned())),
                None => Err(fault(self.place, member, "has a member that is not a text")),
            })
            .collect()
    }

    fn resources(&self, member: &str) -> Result<Vec<Resource>, NotProvenance> {
        let listed = match self.get(member) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(listed)) => listed,
            Some(_) => return Err(fault(self.place, member, "is not a list")),
        };
        let place = format!("{}.{member}[]", self.place);
        let read = listed.iter().map(|one| resource(&place, one));
        read.collect()
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn resource(place: &str, value: &Value) -> Result<Resource, NotProvenance> {
    let members = object(place, Some(value))?;
    let digests = members.texts("digest")?.into_iter();
    let annotations = members.optional(place, "annotations")?.map;
    let annotations = annotations
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    Ok(Resource {
        name: members.optional_text("name")?,
        uri: members.optional_text("uri")?,
        digests: digests
            .map(|(name, hex)| (name, hex.to_ascii_lowercase()))
            .collect(),
        annotations,
    })
}
