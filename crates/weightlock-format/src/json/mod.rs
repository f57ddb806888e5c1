//! Strict JSON (RFC 8259): one value, no duplicate keys, bounded in bytes, depth and number of values.
//!
//! Readers disagree on duplicate keys, on what follows the value and on how deep they follow; an attacker shows
//! each its own document. So all three are refused here, before any meaning is read. The grammar is walked by an
//! explicit stack (`events`); single strings and numbers are decoded by `serde_json`, so escapes, surrogates and
//! numbers mean what they mean everywhere else. A byte-order mark is refused. Numbers beyond 64-bit integers
//! become floating point, as in `serde_json`.

pub(crate) mod events;
pub mod tree;
pub mod walk;

use serde_json::{Map, Value};
use weightlock_artifact::reason::Code;

use self::events::{Event, Events};
use crate::{Named, Problem, reader::within, reason};

/// How much JSON is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of the document. 16 MiB: configuration files have kilobytes, the largest index files a few megabytes.
    pub bytes: u64,
    /// Open objects and arrays. 64: configuration files stay below 10.
    pub depth: u64,
    /// Scalars, objects, arrays. One million: `[0,0,…]` costs sixteen times its own size in memory.
    pub values: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            depth: 64,
            values: 1_000_000,
        }
    }
}

/// A broken rule of JSON.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Another character was due.
    #[error("the JSON text is broken: {expected} is expected here")]
    Unexpected {
        /// What was due.
        expected: &'static str,
    },
    /// The text ends inside the value.
    #[error("the JSON text ends early: {expected} is expected here")]
    Ended {
        /// What was due.
        expected: &'static str,
    },
    /// A string with a control character, a bad escape, half a surrogate pair, or bytes that are not UTF-8.
    #[error("a JSON string holds a bad escape, a control character or bytes that are not UTF-8")]
    BadString,
    /// Not a number of the JSON grammar, or out of range.
    #[error("a JSON number is malformed or out of range")]
    BadNumber,
    /// A key occurs twice in one object.
    #[error("the key {0} occurs twice in one JSON object")]
    DuplicateKey(Named),
    /// Text follows the value.
    #[error("text follows the end of the JSON value")]
    Trailing,
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Unexpected { .. } | Self::BadString | Self::BadNumber | Self::Trailing => reason::MALFORMED,
            Self::Ended { .. } => reason::TRUNCATED,
            Self::DuplicateKey(_) => reason::DUPLICATE,
        }
    }
}

/// Parses one value under the default [`Limits`].
///
/// # Errors
/// The first broken rule or exceeded limit, with its offset in `text`.
pub fn parse(text: &[u8]) -> Result<Value, Problem> {
    parse_within(text, Limits::default())
}

/// Parses one value under stated [`Limits`].
///
/// # Errors
/// The first broken rule or exceeded limit, with its offset in `text`.
pub fn parse_within(text: &[u8], limits: Limits) -> Result<Value, Problem> {
    within("the size of the JSON text", text.len() as u64, limits.bytes, 0)?;
    let mut events = Events::new(text, 0, limits);
    let mut builder = Builder::default();
    while let Some((offset, event)) = events.next()? {
        builder
            .add(event)
            .map_err(|fault| Problem::malformed(offset, fault))?;
    }
    Ok(builder.done)
}

/// Builds a value from events; the open containers are a heap stack, so depth costs no native stack.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    done: Value,
}

enum Open {
    Array(Vec<Value>),
    Object(Map<String, Value>, Option<String>),
}

impl Builder {
    fn add(&mut self, event: Event) -> Result<(), Fault> {
        match event {
            Event::StartObject => self.open.push(Open::Object(Map::new(), None)),
            Event::StartArray => self.open.push(Open::Array(Vec::new())),
            Event::Key(key) => return self.key(key),
            Event::Scalar(value) => self.value(value),
            Event::End => match self.open.pop() {
                Some(Open::Array(items)) => self.value(Value::Array(items)),
                Some(Open::Object(map, _)) => self.value(Value::Object(map)),
                None => {}
            },
        }
        Ok(())
    }

    fn key(&mut self, key: String) -> Result<(), Fault> {
        if let Some(Open::Object(map, pending)) = self.open.last_mut() {
            if map.contains_key(&key) {
                return Err(Fault::DuplicateKey(Named::new(&key)));
            }
            *pending = Some(key);
        }
        Ok(())
    }

    fn value(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = value,
            Some(Open::Array(items)) => items.push(value),
            Some(Open::Object(map, pending)) => {
                if let Some(key) = pending.take() {
                    map.insert(key, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Fault as Any;

    fn fault(text: &str) -> Fault {
        match parse(text.as_bytes()) {
            Err(Problem::Malformed {
                fault: Any::Json(fault),
                ..
            }) => fault,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn reads_what_serde_json_reads() {
        for text in [
            "null",
            " [ ] ",
            "{}",
            "-0",
            "1e3",
            r#"{"a":[1,{"b":"\ud83d\ude00\n"}],"c":18446744073709551615}"#,
        ] {
            let reference: Value = serde_json::from_str(text).unwrap();
            assert_eq!(parse(text.as_bytes()).unwrap(), reference, "{text}");
        }
    }

    #[test]
    fn each_broken_rule_has_its_refusal() {
        let unexpected = |expected| Fault::Unexpected { expected };
        assert_eq!(fault("{1:2}"), unexpected("a key"));
        assert_eq!(fault("{\"a\" 2}"), unexpected("a colon"));
        assert_eq!(fault("[1 2]"), unexpected("a comma or ]"));
        assert_eq!(fault("{\"a\":1 2}"), unexpected("a comma or }"));
        assert_eq!(fault("[1,]"), unexpected("a value"));
        assert_eq!(fault("{\"a\":1,}"), unexpected("a key"));
        assert_eq!(fault("nul"), unexpected("a value"));
        assert_eq!(fault("\u{feff}{}"), unexpected("a value"));
        assert_eq!(fault("[1}"), unexpected("a comma or ]"));
        assert_eq!(fault("["), Fault::Ended { expected: "a value" });
        assert_eq!(fault(""), Fault::Ended { expected: "a value" });
        assert_eq!(
            fault("\"a"),
            Fault::Ended {
                expected: "the end of a string"
            }
        );
        assert_eq!(fault("\"\\ud800\""), Fault::BadString);
        assert_eq!(fault("\"a\tb\""), Fault::BadString);
        assert_eq!(fault("01"), Fault::BadNumber);
        assert_eq!(fault("1e999"), Fault::BadNumber);
        assert_eq!(fault("{} {}"), Fault::Trailing);
        assert_eq!(fault("{}\0"), Fault::Trailing);
    }

    #[test]
    fn duplicate_keys_are_found_behind_escapes_and_at_depth() {
        assert_eq!(
            fault(r#"{"a":1,"\u0061":2}"#),
            Fault::DuplicateKey(Named::new("a"))
        );
        assert_eq!(
            fault(r#"[{"x":{"b":1,"b":1}}]"#),
            Fault::DuplicateKey(Named::new("b"))
        );
        assert!(parse(br#"{"a":{"b":1},"c":{"b":1}}"#).is_ok());
    }

    #[test]
    fn limits_stop_depth_count_and_size() {
        let nested = |depth| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(parse(&nested(64)).is_ok());
        let problem = parse(&nested(65)).unwrap_err();
        assert_eq!((problem.offset(), problem.code()), (64, reason::LIMIT));
        assert_eq!(parse(&[b'['; 1 << 20]).unwrap_err().code(), reason::LIMIT);
        let few = Limits {
            values: 3,
            ..Limits::default()
        };
        assert!(parse_within(b"[1,2]", few).is_ok());
        assert_eq!(parse_within(b"[1,2,3]", few).unwrap_err().code(), reason::LIMIT);
        let short = Limits {
            bytes: 2,
            ..Limits::default()
        };
        assert!(parse_within(b"{}", short).is_ok());
        assert_eq!(parse_within(b"{} ", short).unwrap_err().code(), reason::LIMIT);
    }

    /// JSON-like noise: far likelier to be nearly valid than random bytes.
    fn noise() -> impl Strategy<Value = String> {
        let token = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"b\"",
            "\"\\u0061\"",
            "1",
            "-2.5e3",
            "true",
            "null",
            " ",
            "x",
            "\"",
            "0",
        ]);
        prop::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_but_for_duplicates(text in noise()) {
            let reference = serde_json::from_str::<Value>(&text);
            match parse(text.as_bytes()) {
                Ok(value) => prop_assert_eq!(value, reference.unwrap()),
                Err(Problem::Malformed { fault: Any::Json(Fault::DuplicateKey(_)), .. }) => {}
                Err(problem) => prop_assert!(reference.is_err(), "{problem}"),
            }
        }

        #[test]
        fn never_panics(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let reference = serde_json::from_slice::<Value>(&text);
            prop_assert!(parse(&text).is_err() || reference.is_ok());
        }
    }
}
