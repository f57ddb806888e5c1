//! `weightlock/documents.py` of the wheel: the JSON documents of verbs as types of Python, made from the same schemas.
//!
//! Only what those schemas use is translated; anything else stops the command, so that no type is ever wrong in silence.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde_json::{Map, Value};
use weightlock::reference;

/// Where it lies.
pub(super) const PATH: &str = "crates/weightlock-python/python/weightlock/documents.py";

/// Verbs that are functions of the package.
const VERBS: [&str; 4] = ["verify", "scan", "inspect", "sign"];

const HEAD: &str = r#""""The JSON documents that verbs answer with, as types. Made by `cargo xtask docs` from the schemas."""

from __future__ import annotations

from typing import Generic, Literal, TypedDict, TypeVar

Result = TypeVar("Result")


class Document(TypedDict, Generic[Result]):
    """The document of every verb."""

    schema_version: int
    """Version of this format."""
    verb: str
    """The verb that answered."""
    outcome: Literal["yes", "no", "usage", "no-answer", "could-not-work", "interrupted"]
    """How it ended."""
    exit_code: int
    """The exit code of the program."""
    reasons: list[Diagnostic]
    """Why the outcome is not `yes`."""
    result: Result
    """What the verb found out."""
"#;

/// The whole module.
pub(super) fn module() -> Result<String> {
    let mut types = BTreeMap::new();
    for (name, schema) in reference::schemas() {
        if VERBS.contains(&name)
            && let Some(defined) = schema.as_value()["$defs"].as_object()
        {
            types.extend(defined.clone());
        }
    }
    let mut text = HEAD.to_owned();
    for (name, schema) in &types {
        text += &defined(name, schema)?;
    }
    Ok(text)
}

/// A named type: an object, or one of several.
fn defined(name: &str, schema: &Value) -> Result<String> {
    let Some(variants) = schema["oneOf"].as_array() else {
        return object(name, schema);
    };
    let mut text = String::new();
    let mut names = Vec::new();
    for variant in variants {
        let Some(kind) = variant["properties"]["kind"]["const"].as_str() else {
            bail!("{name}: a variant without a kind");
        };
        let (first, rest) = kind.split_at(1);
        let variant_name = format!("{name}{}{rest}", first.to_uppercase());
        text += &object(&variant_name, variant)?;
        names.push(variant_name);
    }
    let told = described(schema);
    Ok(text + &format!("\n\n{name} = {}\n\"\"\"{told}\"\"\"\n", names.join(" | ")))
}

fn object(name: &str, schema: &Value) -> Result<String> {
    let nothing = Map::new();
    let members = schema["properties"].as_object().unwrap_or(&nothing);
    let required = schema["required"].as_array().map_or(0, Vec::len);
    if schema["additionalProperties"] != false || required != members.len() {
        bail!("{name}: an object whose members are not all known and there");
    }
    let mut text = format!(
        "\n\nclass {name}(TypedDict):\n    \"\"\"{}\"\"\"\n\n",
        described(schema)
    );
    for (member, schema) in members {
        writeln!(text, "    {member}: {}", annotation(schema)?)?;
        let told = described(schema);
        if !told.is_empty() {
            writeln!(text, "    \"\"\"{told}\"\"\"")?;
        }
    }
    Ok(text)
}

fn described(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.replace('\\', "\\\\").replace('\n', " ")
}

/// A type as Python writes it.
fn annotation(schema: &Value) -> Result<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return Ok(reference.rsplit('/').next().unwrap_or_default().to_owned());
    }
    if let Some(parts) = schema["anyOf"].as_array() {
        let parts: Vec<String> = parts.iter().map(annotation).collect::<Result<_>>()?;
        return Ok(parts.join(" | "));
    }
    if let Some(word) = schema["const"].as_str() {
        return Ok(format!("Literal[\"{word}\"]"));
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        return Ok(format!("Literal[{}]", words.join(", ")));
    }
    match &schema["type"] {
        Value::Array(types) => {
            let types = types.iter().filter_map(Value::as_str);
            let types: Vec<String> = types.map(|name| simple(name, schema)).collect::<Result<_>>()?;
            Ok(types.join(" | "))
        }
        Value::String(name) => simple(name, schema),
        _ => bail!("a type that is not known: {schema}"),
    }
}

fn simple(name: &str, schema: &Value) -> Result<String> {
    Ok(match name {
        "string" => "str".to_owned(),
        "integer" => "int".to_owned(),
        "number" => "float".to_owned(),
        "boolean" => "bool".to_owned(),
        "null" => "None".to_owned(),
        "array" => format!("list[{}]", annotation(&schema["items"])?),
        "object" if schema["additionalProperties"].is_object() => {
            format!("dict[str, {}]", annotation(&schema["additionalProperties"])?)
        }
        other => bail!("a type that is not known: {other}"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_schemas_use_is_translated() {
        for (schema, expected) in [
            (json!({"type": "string"}), "str"),
            (json!({"type": ["integer", "null"]}), "int | None"),
            (
                json!({"type": "object", "additionalProperties": {"type": "string"}}),
                "dict[str, str]",
            ),
            (
                json!({"type": "array", "items": {"$ref": "#/$defs/Fact"}}),
                "list[Fact]",
            ),
            (
                json!({"anyOf": [{"$ref": "#/$defs/Fact"}, {"type": "null"}]}),
                "Fact | None",
            ),
            (
                json!({"enum": ["a", "b"], "type": "string"}),
                "Literal[\"a\", \"b\"]",
            ),
        ] {
            assert_eq!(annotation(&schema).unwrap(), expected);
        }
        let named = json!({"type": "object", "additionalProperties": {"type": "string"}});
        assert_eq!(annotation(&named).unwrap(), "dict[str, str]");
    }

    #[test]
    fn what_is_not_known_stops() {
        assert!(annotation(&json!({"type": "object"})).is_err());
        assert!(annotation(&json!({"type": "object", "additionalProperties": false})).is_err());
        assert!(annotation(&json!({})).is_err());
        assert!(object("Open", &json!({"properties": {}, "required": []})).is_err());
        assert!(defined("Untold", &json!({"oneOf": [{"properties": {}}]})).is_err());
    }

    #[test]
    fn every_verb_of_the_package_has_its_type() {
        let text = module().unwrap();
        for name in [
            "Verified",
            "Scanned",
            "Inspection",
            "Signed",
            "Diagnostic",
            "SignedByKey",
        ] {
            assert!(text.contains(&format!("class {name}(TypedDict):")), "{name}");
        }
        assert!(text.contains("SignedBy = SignedByKey | SignedByCertificate | SignedByIdentity"));
    }
}
