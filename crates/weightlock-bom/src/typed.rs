//! Documents of the user's own, in YAML or JSON, read into types. The type decides what a scalar is: `version: 1.10` is the
//! text `1.10` where a text is wanted. Members that a type does not know are refused by the type itself
//! (`deny_unknown_fields`), and every fault is told with its line.

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
        VariantAccess, Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
};
use weightlock_format::yaml::tree::{Node, Value};

/// Why a document is not of a type. Its text begins with the line, where that is known.
#[derive(Debug)]
pub(crate) struct Fault {
    what: String,
    offset: Option<u64>,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: std::fmt::Display>(what: T) -> Self {
        Self {
            what: what.to_string(),
            offset: None,
        }
    }
}

/// Reads a document into a type, of at most [`MAX_DOCUMENT`](crate::provenance::MAX_DOCUMENT) bytes.
///
/// # Errors
/// What is wrong, with its line where that is known.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    if text.len() > crate::provenance::MAX_DOCUMENT {
        return Err(format!(
            "it is larger than {} bytes",
            crate::provenance::MAX_DOCUMENT
        ));
    }
    let root = Node::read(text).map_err(|error| error.to_string())?;
    T::deserialize(At(&root)).map_err(|fault| match fault.offset {
        Some(offset) => format!("line {}: {}", line(text, offset), fault.what),
        None => fault.what,
    })
}

/// The line of an offset, from 1.
pub(crate) fn line(text: &[u8], offset: u64) -> usize {
    let end = usize::try_from(offset).unwrap_or(text.len()).min(text.len());
    let before = text.get(..end).unwrap_or_default();
    let feeds = before.iter().filter(|byte| **byte == b'\n').count();
    feeds.saturating_add(1)
}

/// A node, to be read into a type. Depth is bounded by the reader of the tree.
pub(crate) struct At<'a>(pub(crate) &'a Node);

impl At<'_> {
    /// The fault, at this node unless one further in has told its place.
    fn place(&self, fault: Fault) -> Fault {
        Fault {
            offset: fault.offset.or(Some(self.0.range.start)),
            ..fault
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $number:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number = self.0.number().and_then(|text| text.parse::<$number>().ok());
            match number {
                Some(number) => visitor.$visit(number).map_err(|fault| self.place(fault)),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for At<'_> {
    type Error = Fault;

    /// As JSON would have it: quotes make a text, and without them `true`, `null` and numbers are what they look like.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let node = self.0;
        let visited = match &node.value {
            Value::Sequence(items) => visitor.visit_seq(Items(items.iter())),
            Value::Mapping(entries) => visitor.visit_map(Entries {
                rest: entries.iter(),
                value: None,
            }),
            Value::Scalar { .. } if node.is_null() => visitor.visit_unit(),
            Value::Scalar { text, .. } => match (node.boolean(), node.number()) {
                (Some(value), _) => visitor.visit_bool(value),
                (None, Some(number)) => visit_number(number, visitor),
                (None, None) => visitor.visit_str(text),
            },
        };
        visited.map_err(|fault| self.place(fault))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.text() {
            Some(text) => visitor.visit_str(text).map_err(|fault| self.place(fault)),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// A struct is written as a mapping, and never as a list of its members.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Sequence(_) => Err(self.place(Fault::custom("a list stands where members were expected"))),
            _ => self.deserialize_any(visitor),
        }
    }

    /// Variants are words.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let word = self.0.text().ok_or_else(|| Fault::custom("a word was expected"));
        let word = word.map_err(|fault| self.place(fault))?;
        visitor
            .visit_enum(Word(word.into_deserializer()))
            .map_err(|fault| self.place(fault))
    }

    numbers! {
        deserialize_u8 visit_u8 u8,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u16 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// Numbers are JSON's; what is none of those (`+1`, `.5`, `007`) is kept as a text.
fn visit_number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Fault> {
    match serde_json::from_str::<serde_json::Number>(text) {
        Ok(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), ..) => visitor.visit_u64(number),
            (None, Some(number), _) => visitor.visit_i64(number),
            (None, None, Some(number)) => visitor.visit_f64(number),
            (None, None, None) => visitor.visit_str(text),
        },
        Err(_) => visitor.visit_str(text),
    }
}

struct Items<'a>(std::slice::Iter<'a, Node>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.0.next().map(|node| seed.deserialize(At(node))).transpose()
    }
}

struct Entries<'a> {
    rest: std::slice::Iter<'a, (Node, Node)>,
    value: Option<&'a Node>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let text: StrDeserializer<'_, Fault> = key.text().unwrap_or_default().into_deserializer();
        seed.deserialize(text)
            .map(Some)
            .map_err(|fault| At(key).place(fault))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let value = self
            .value
            .take()
            .ok_or_else(|| Fault::custom("a value was expected"))?;
        seed.deserialize(At(value))
    }
}

struct Word<'a>(StrDeserializer<'a, Fault>);

impl<'de, 'a> EnumAccess<'de> for Word<'a> {
    type Error = Fault;
    type Variant = Unit;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Unit), Fault> {
        Ok((seed.deserialize(self.0)?, Unit))
    }
}

struct Unit;

impl<'de> VariantAccess<'de> for Unit {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, Fault> {
        Err(Fault::custom("a word was expected"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Fault> {
        Err(Fault::custom("a word was expected"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Fault> {
        Err(Fault::custom("a word was expected"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        text: String,
        #[serde(default)]
        count: u32,
        #[serde(default)]
        word: Option<Word>,
        #[serde(default)]
        any: BTreeMap<String, serde_json::Value>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "kebab-case")]
    enum Word {
        OneWord,
    }

    #[test]
    fn the_type_decides_what_a_scalar_is() {
        let read: Sample = read(b"text: 1.10\ncount: 3\nword: one-word\nany: {a: 1, b: '1', c: no, d: 1.5, e: [true, ~], f: 007}\n").unwrap();
        assert_eq!(
            (read.text.as_str(), read.count, read.word),
            ("1.10", 3, Some(Word::OneWord))
        );
        let any = serde_json::json!({"a": 1, "b": "1", "c": "no", "d": 1.5, "e": [true, null], "f": "007"});
        assert_eq!(serde_json::to_value(read.any).unwrap(), any);
        let json: Sample = super::read(br#"{"text": "a\u00e9", "count": 1}"#).unwrap();
        assert_eq!(json.text, "a\u{e9}");
    }

    #[test]
    fn a_fault_is_told_with_its_line() {
        for (text, says) in [
            ("text: a\ncuont: 1\n", "line 2: unknown field `cuont`"),
            ("text: a\ncount: x\n", "line 2: invalid type: string"),
            ("text: a\ncount: -1\n", "line 2: invalid"),
            ("text: [a]\n", "line 1: invalid type: sequence"),
            ("count: 1\n", "line 1: missing field `text`"),
            ("- text\n", "line 1: a list stands"),
            ("text: a\nword: other\n", "line 2: unknown variant"),
        ] {
            let fault = read::<Sample>(text.as_bytes()).unwrap_err();
            assert!(fault.starts_with(says), "{text}: {fault}");
        }
        assert!(read::<Sample>(b"text: a\ntext: b\n").is_err());
    }
}
