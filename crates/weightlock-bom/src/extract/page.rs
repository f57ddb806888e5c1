//! [`Page`]: a small file that makes statements, and whom they are about.

use serde_json::Value as Json;
use weightlock_format::{Error, Problem, content::Content, json, yaml::tree::Node};

use super::{
    File,
    draft::{Draft, limit},
};
use crate::graph::{Claim, Kind, Property, Ref, Source, Value};

/// A file and whom it speaks for.
#[derive(Clone, Debug)]
pub(super) struct Page<'a> {
    pub(super) file: &'a File,
    pub(super) of: Ref,
    pub(super) kind: Kind,
}

impl<'a> Page<'a> {
    /// A file that speaks for the model or part in its folder; `None` for a file of a package.
    pub(super) fn of(file: &'a File, draft: &mut Draft) -> Option<Self> {
        Some(Self {
            file,
            of: draft.spoken_for(&file.path)?,
            kind: Kind::Model,
        })
    }

    /// A place in the file.
    pub(super) fn source(&self, place: impl Into<String>) -> Source {
        Source::file(&self.file.path, place)
    }

    /// The step of this kind that it tells about.
    pub(super) fn step(&self, kind: &str) -> Ref {
        step_of(&self.of, kind)
    }

    /// States what the file says.
    pub(super) fn declare(
        &self,
        draft: &mut Draft,
        property: Property,
        value: Value,
        place: impl Into<String>,
    ) {
        let claim = Claim::declared(value, self.source(place));
        draft.state(&self.of, self.kind, property, claim);
    }

    /// States the value under a key of a JSON object, where there is one that is a scalar.
    pub(super) fn declare_at(
        &self,
        draft: &mut Draft,
        property: Property,
        object: &Json,
        key: &str,
        within: &str,
    ) {
        if let Some(value) = object.get(key).and_then(scalar) {
            self.declare(draft, property, value, place(within, key));
        }
    }

    /// States each text of the list under a key, or the one text that stands for it.
    pub(super) fn declare_each(
        &self,
        draft: &mut Draft,
        property: Property,
        object: &Json,
        key: &str,
        within: &str,
    ) {
        for (at, text) in texts(object.get(key)) {
            self.declare(
                draft,
                property,
                Value::text(text),
                format!("{}{at}", place(within, key)),
            );
        }
    }
}

/// The step of this kind that made a model.
pub(super) fn step_of(model: &Ref, kind: &str) -> Ref {
    match model.as_str().split_once(':') {
        Some((_, part)) => Ref::new("step", &format!("{kind}/{part}")),
        None => Ref::new("step", kind),
    }
}

/// The way to a key.
pub(super) fn place(within: &str, key: &str) -> String {
    if within.is_empty() {
        key.to_owned()
    } else {
        format!("{within}.{key}")
    }
}

/// The JSON document that a file is.
pub(super) fn json_of(content: &Content) -> Result<Json, Error> {
    let text = text_of(content)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    Ok(json::parse(text)
        .or_else(|problem| without_infinities(text).map_or(Err(problem), |it| json::parse(&it)))?)
}

/// A document with `null` for `NaN` and `Infinity`, which Python writes and JSON does not have; `None` where there are none.
/// Trainers whose loss ran away write such files, and everything else in them still holds.
fn without_infinities(text: &[u8]) -> Option<Vec<u8>> {
    const WORDS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let mut cleaned = Vec::with_capacity(text.len());
    let (mut at, mut in_text, mut is_changed) = (0_usize, false, false);
    while let Some(byte) = text.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        let word = WORDS.iter().find(|word| !in_text && rest.starts_with(word));
        let length = match word {
            Some(word) => word.len(),
            None if in_text && *byte == b'\\' => 2,
            None => 1,
        };
        in_text ^= *byte == b'"';
        is_changed |= word.is_some();
        let kept = rest.get(..length).unwrap_or(rest);
        cleaned.extend_from_slice(if word.is_some() { b"null" } else { kept });
        at = at.saturating_add(length);
    }
    is_changed.then_some(cleaned)
}

/// The bytes of a small file.
pub(super) fn text_of(content: &Content) -> Result<Vec<u8>, Error> {
    let limit = limit::FILE_BYTES as u64;
    let too_long = Problem::LimitExceeded {
        offset: 0,
        what: "the size of a file that is read whole",
        asked: content.size(),
        limit,
    };
    Ok(content.whole(limit::FILE_BYTES)?.ok_or(too_long)?)
}

/// A scalar as a fact has it; nothing for null, a list or an object.
pub(super) fn scalar(value: &Json) -> Option<Value> {
    match value {
        Json::String(text) if text.is_empty() => None,
        Json::String(text) => Some(Value::text(text)),
        Json::Bool(flag) => Some(Value::Flag(*flag)),
        Json::Number(number) => Some(match number.as_u64() {
            Some(whole) => Value::Number(whole),
            None => Value::Decimal(number.as_i64().map_or_else(
                || decimal(number.as_f64().unwrap_or_default()),
                |whole| whole.to_string(),
            )),
        }),
        _ => None,
    }
}

/// A scalar of YAML as a fact has it.
pub(super) fn yaml_scalar(node: &Node) -> Option<Value> {
    let text = node.text().filter(|it| !it.is_empty())?;
    if let Some(flag) = node.boolean() {
        return Some(Value::Flag(flag));
    }
    Some(match node.number() {
        Some(number) => match number.parse() {
            Ok(whole) => Value::Number(whole),
            Err(_) => Value::Decimal(number.to_owned()),
        },
        None => Value::text(text),
    })
}

/// A number as Python writes it, in whose files most of them stand: `2e-05`, not `0.00002`.
pub(super) fn decimal(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        return format!("{number:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// The texts of a list with their places (`[0]`), or the one text without.
pub(super) fn texts(value: Option<&Json>) -> Vec<(String, &str)> {
    match value {
        Some(Json::String(text)) if !text.is_empty() => vec![(String::new(), text)],
        Some(Json::Array(items)) => items
            .iter()
            .enumerate()
            .filter_map(|(at, it)| Some((format!("[{at}]"), it.as_str()?)))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_of_python_are_null() {
        let text = br#"{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \" NaN", "NaN": 1}"#;
        let cleaned = without_infinities(text).expect("changed");
        let document = json::parse(&cleaned).expect("JSON");
        let expected = serde_json::json!({"a": null, "b": [null, null], "c": "NaN \" NaN", "NaN": 1});
        assert_eq!(document, expected);
        assert_eq!(without_infinities(br#"{"a": "NaN"}"#), None);
        assert_eq!(without_infinities(b"\"\\"), None);
    }

    #[test]
    fn numbers_are_written_as_python_does() {
        for (json, text) in [
            ("2e-5", "2e-05"),
            ("0.0003", "0.0003"),
            ("1e300", "1e+300"),
            ("3.0", "3.0"),
            ("-4", "-4"),
        ] {
            let value: Json = serde_json::from_str(json).expect("a number");
            assert_eq!(scalar(&value), Some(Value::Decimal(text.to_owned())), "{json}");
        }
        assert_eq!(scalar(&Json::from(7)), Some(Value::Number(7)));
        assert_eq!(scalar(&Json::Null), None);
        assert_eq!(scalar(&Json::from("")), None);
    }
}
