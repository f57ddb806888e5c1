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
        }
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
        let text = serde_json::from_slice(token).map_err(|_| self.fault(Fault::BadString))?;
        self.advance(token.len());
        Ok(text)
    }

    fn number(&mut self) -> Result<Number, Problem> {
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest.iter().take_while(|byte| is_part(byte)).count();
        let token = self.rest.get(..length).unwrap_or_default();
        let number = serde_json::from_slice(token).map_err(|_| self.fault(Fault::BadNumber))?;
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
