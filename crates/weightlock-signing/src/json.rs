//! Strict JSON for signed and signing documents.
//!
//! JSON readers disagree about repeated keys, and an attacker can show each reader another document. So a text is
//! read twice: once to refuse repeated keys at every depth, known or unknown, and once into its type. Objects are
//! read from objects only ([`Object`]): serde's derived readers would also take an array for a struct.

use std::{collections::HashSet, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor,
        value::MapAccessDeserializer,
    },
};

/// Why a text is not the JSON that was expected. Its message gives line and column.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct JsonError(#[from] serde_json::Error);

/// Reads one JSON value of a type; nothing but white space may follow. Nesting is limited to 128 by `serde_json`.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    refuse_repeated_keys(text)?;
    Ok(serde_json::from_slice::<Object<T>>(text)?.0)
}

/// Refuses a text in which an object has a key twice, and everything that is not one JSON value.
pub(crate) fn refuse_repeated_keys(text: &[u8]) -> Result<(), JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    UniqueKeys.deserialize(&mut reader)?;
    Ok(reader.end()?)
}

/// A value that is written as a JSON object and nothing else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// A member in protobuf's own spelling, `dsse_envelope` for `dsseEnvelope`. Some readers take it for the same member and
/// others pass over it, so a document that has one is refused.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Misspelt;

impl<'de> Deserialize<'de> for Misspelt {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("a member is spelled with underscores"))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// Walks any value and keeps nothing but the keys of the objects that are open.
struct UniqueKeys;

impl<'de> DeserializeSeed<'de> for UniqueKeys {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(Self)?;
            if let Some(repeated) = seen.replace(key) {
                return Err(A::Error::custom(format_args!(
                    "the key {repeated:?} occurs twice in one object"
                )));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Point {
        x: u8,
        inner: Option<Vec<u8>>,
    }

    #[test]
    fn reads_objects_and_ignores_unknown_members() {
        let point: Point = read(br#" {"x": 1, "inner": [2], "later": {"x": [{}]}} "#).unwrap();
        assert_eq!(
            point,
            Point {
                x: 1,
                inner: Some(vec![2])
            }
        );
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        for text in [
            r#"{"x": 1, "x": 1}"#,
            r#"{"x": 1, "\u0078": 2}"#,
            r#"{"x": 1, "other": {"a": 1, "a": 1}}"#,
            r#"{"x": 1, "other": [[{"a": 1, "a": 1}]]}"#,
            r#"[1, [2]]"#,
            r#"{"x": 1} {}"#,
            r#"{"x": 1}x"#,
            r#"{"x": NaN}"#,
            r#"{'x': 1}"#,
            "\u{feff}{\"x\": 1}",
            r#"{"x": 1,}"#,
            r#"{"x": 1, "y": "\ud800"}"#,
            "",
        ] {
            assert!(read::<Point>(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read::<Point>(b"{\"x\": 1, \"y\": \"\xff\"}").is_err());
        let deep = format!("{{\"x\": 1, \"y\": {}{}}}", "[".repeat(200), "]".repeat(200));
        assert!(read::<Point>(deep.as_bytes()).is_err());
    }
}
