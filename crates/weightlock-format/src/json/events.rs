//! The grammar of JSON as a stream of events, with offsets and without recursion.
//!
//! ```text
//! value  = object | array | string | number | true | false | null
//! object = { [ string : value *( , string : value ) ] }
//! array  = [ [ value *( , value ) ] ]
//! ```

use serde_json::{Number, Value};

use super::{Fault, Limits};
use crate::{Problem, reader::within};

/// One step through a document.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Event {
    StartObject,
    StartArray,
    Key(String),
    /// A string, number, boolean or null.
    Scalar(Value),
    /// The innermost open object or array ends.
    End,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Due {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    CommaOrEnd,
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Container {
    Object,
    Array,
}

/// Walks one document. Duplicate keys are for the consumer to refuse, who knows what it keeps.
#[derive(Debug)]
pub(crate) struct Events<'a> {
    rest: &'a [u8],
    offset: u64,
    open: Vec<Container>,
    due: Due,
    values: u64,
    limits: Limits,
    /// What Python takes beyond the grammar is taken too.
    python: bool,
}

impl<'a> Events<'a> {
    /// Walks `text`, which begins at `offset` of its file.
    pub(crate) const fn new(text: &'a [u8], offset: u64, limits: Limits) -> Self {
        Self {
            rest: text,
            offset,
            open: Vec::new(),
            due: Due::Value,
            values: 0,
            limits,
            python: false,
        }
    }

    /// As [`Events::new`], with what Python's `json` takes beyond the grammar: `NaN`, `Infinity`, `-Infinity`, numbers
    /// of any size, halves of surrogate pairs. Such numbers become zero, such halves U+FFFD.
    pub(crate) const fn python(text: &'a [u8], offset: u64, limits: Limits) -> Self {
        let mut events = Self::new(text, offset, limits);
        events.python = true;
        events
    }

    /// The next event and its offset in the file; `None` after the whole text was read as one value.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Event)>, Problem> {
        loop {
            self.skip_space();
            let Some(&byte) = self.rest.first() else {
                return self.end_of_text();
            };
            let offset = self.offset;
            let event = match (self.due, byte) {
                (Due::Nothing, _) => return Err(self.fault(Fault::Trailing)),
                (Due::ValueOrEnd, b']') | (Due::KeyOrEnd, b'}') => self.close(),
                (Due::Value | Due::ValueOrEnd, _) => self.value(byte)?,
                (Due::Key | Due::KeyOrEnd, _) => self.key(byte)?,
                (Due::CommaOrEnd, _) => match (self.open.last(), byte) {
                    (Some(Container::Array), b']') | (Some(Container::Object), b'}') => self.close(),
                    (Some(container), b',') => {
                        self.due = if *container == Container::Array {
                            Due::Value
                        } else {
                            Due::Key
                        };
                        self.advance(1);
                        continue;
                    }
                    _ => return Err(self.unexpected()),
                },
            };
            return Ok(Some((offset, event)));
        }
    }

    fn end_of_text(&self) -> Result<Option<(u64, Event)>, Problem> {
        match self.due {
            Due::Nothing => Ok(None),
            _ => Err(self.fault(Fault::Ended {
                expected: self.expected(),
            })),
        }
    }

    fn close(&mut self) -> Event {
        self.advance(1);
        self.open.pop();
        self.due = self.due_after_value();
        Event::End
    }

    fn key(&mut self, byte: u8) -> Result<Event, Problem> {
        if byte != b'"' {
            return Err(self.unexpected());
        }
        let key = self.string()?;
        self.skip_space();
        let expected = "a colon";
        match self.rest.first() {
            Some(b':') => self.advance(1),
            Some(_) => return Err(self.fault(Fault::Unexpected { expected })),
            None => return Err(self.fault(Fault::Ended { expected })),
        }
        self.due = Due::Value;
        Ok(Event::Key(key))
    }

    fn value(&mut self, byte: u8) -> Result<Event, Problem> {
        self.values = self.values.saturating_add(1);
        within(
            "the number of JSON values",
            self.values,
            self.limits.values,
            self.offset,
        )?;
        for word in [&b"NaN"[..], b"Infinity", b"-Infinity"] {
            if self.python && self.rest.starts_with(word) {
                self.advance(word.len());
                return Ok(self.scalar(Value::from(0)));
            }
        }
        match byte {
            b'{' => self.start(Container::Object, Due::KeyOrEnd, Event::StartObject),
            b'[' => self.start(Container::Array, Due::ValueOrEnd, Event::StartArray),
            b'"' => self.string().map(|text| self.scalar(Value::String(text))),
            b'-' | b'0'..=b'9' => self.number().map(|number| self.scalar(Value::Number(number))),
            _ => self.literal(),
        }
    }

    fn start(&mut self, container: Container, due: Due, event: Event) -> Result<Event, Problem> {
        let depth = (self.open.len() as u64).saturating_add(1);
        within("the depth of JSON nesting", depth, self.limits.depth, self.offset)?;
        self.advance(1);
        self.open.push(container);
        self.due = due;
        Ok(event)
    }

    fn scalar(&mut self, value: Value) -> Event {
        self.due = self.due_after_value();
        Event::Scalar(value)
    }

    fn literal(&mut self) -> Result<Event, Problem> {
        let known = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        for (word, value) in known {
            if self.rest.starts_with(word.as_bytes()) {
                self.advance(word.len());
                return Ok(self.scalar(value));
            }
        }
        Err(self.unexpected())
    }

    /// Finds the closing quote, then has the token decoded.
    fn string(&mut self) -> Result<String, Problem> {
        let mut escaped = false;
        let close = self.rest.iter().skip(1).position(|&byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        let Some(token) = close.and_then(|inner| self.rest.get(..inner.saturating_add(2))) else {
            return Err(self.fault(Fault::Ended {
                expected: "the end of a string",
            }));
        };
        let text = serde_json::from_slice(token)
            .ok()
            .or_else(|| self.python.then(|| halves(token)).flatten())
            .ok_or_else(|| self.fault(Fault::BadString))?;
        self.advance(token.len());
        Ok(text)
    }

    fn number(&mut self) -> Result<Number, Problem> {
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest.iter().take_while(|byte| is_part(byte)).count();
        let token = self.rest.get(..length).unwrap_or_default();
        let number = match serde_json::from_slice(token) {
            Err(error) if self.python && error.to_string().starts_with("number out of range") => {
                Number::from(0)
            }
            number => number.map_err(|_| self.fault(Fault::BadNumber))?,
        };
        self.advance(length);
        Ok(number)
    }

    fn due_after_value(&self) -> Due {
        if self.open.is_empty() {
            Due::Nothing
        } else {
            Due::CommaOrEnd
        }
    }

    fn skip_space(&mut self) {
        let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let length = self.rest.iter().take_while(is_space).count();
        self.advance(length);
    }

    fn advance(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
        self.offset = self.offset.saturating_add(count as u64);
    }

    fn unexpected(&self) -> Problem {
        self.fault(Fault::Unexpected {
            expected: self.expected(),
        })
    }

    fn expected(&self) -> &'static str {
        match (self.due, self.open.last()) {
            (Due::Value | Due::ValueOrEnd, _) => "a value",
            (Due::Key | Due::KeyOrEnd, _) => "a key",
            (Due::CommaOrEnd, Some(Container::Object)) => "a comma or }",
            (Due::CommaOrEnd, _) => "a comma or ]",
            (Due::Nothing, _) => "the end",
        }
    }

    fn fault(&self, fault: Fault) -> Problem {
        Problem::malformed(self.offset, fault)
    }
}

/// A string with halves of surrogate pairs, which become U+FFFD; `None` when something else is wrong with it.
fn halves(token: &[u8]) -> Option<String> {
    let mut whole = String::new();
    let mut rest = std::str::from_utf8(token).ok()?;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at_checked(at)?;
        whole.push_str(before);
        let is_unicode = escape.as_bytes().get(1) == Some(&b'u');
        let length = if is_unicode { 6 } else { 2 };
        let (escape, after) = escape.split_at_checked(length)?;
        let unit = escape
            .get(2..)
            .and_then(|digits| u16::from_str_radix(digits, 16).ok());
        match unit {
            Some(0xd800..=0xdbff) if is_pair(after) => {
                let (low, after) = after.split_at_checked(6)?;
                whole.push_str(escape);
                whole.push_str(low);
                rest = after;
                continue;
            }
            Some(0xd800..=0xdfff) => whole.push_str("\\ufffd"),
            _ => whole.push_str(escape),
        }
        rest = after;
    }
    whole.push_str(rest);
    serde_json::from_str(&whole).ok()
}

/// Whether an escaped second half of a surrogate pair comes next.
fn is_pair(rest: &str) -> bool {
    let digits = rest.strip_prefix("\\u").and_then(|rest| rest.get(..4));
    matches!(
        digits.map(|digits| u16::from_str_radix(digits, 16)),
        Some(Ok(0xdc00..=0xdfff))
    )
}
