//! Protocol buffers as text. <https://protobuf.dev/reference/protobuf/textformat-spec/>
//!
//! ```text
//! message = { field [","|";"] }
//! field   = name ":" scalar | name [":"] "{" message "}" | name [":"] "<" message ">" | name [":"] "[" list "]"
//! name    = identifier | "[" type "]"
//! scalar  = string+ | word                   word: number, identifier, -inf …
//! comment = "#" … end of line
//! ```
//!
//! No schema: every field is handed out with its name. Nesting is counted and bounded; nothing is kept but the text of
//! the scalar at hand.

use crate::{Problem, reader::within};

/// A step through the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A message begins in the field.
    Open(String),
    /// The innermost message ends.
    Close,
    /// A scalar of the field: the bytes of a string, or the word as written.
    Scalar(String, Vec<u8>),
}

/// A broken rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Something else than a field, or no value behind a name.
    #[error("a field of a protocol buffer in text is broken")]
    Field,
    /// A string does not end on its line, or has an unknown escape.
    #[error("a string of a protocol buffer in text is broken")]
    String,
    /// A message or list ends that was not open, or the text ends within one.
    #[error("brackets of a protocol buffer in text do not match")]
    Bracket,
}

#[derive(Clone, Debug)]
enum Open {
    Message(u8),
    List(String),
}

/// Reads a text step by step.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    open: Vec<Open>,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// Reads `text`, messages at most `depth` deep.
    #[must_use]
    pub const fn new(text: &'a [u8], depth: usize) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
            depth,
        }
    }

    /// Where the next step begins.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.at as u64
    }

    fn fault(&self, fault: Fault) -> Problem {
        Problem::malformed(self.offset(), fault)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn bump(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let is_there = self.peek() == Some(byte);
        if is_there {
            self.bump();
        }
        is_there
    }

    /// White space and comments.
    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'#' {
                while self.peek().is_some_and(|byte| byte != b'\n') {
                    self.bump();
                }
            } else if byte.is_ascii_whitespace() || byte == 0x0b {
                self.bump();
            } else {
                break;
            }
        }
    }

    fn enter(&mut self, open: Open) -> Result<(), Problem> {
        let limit = self.depth as u64;
        within(
            "messages within each other",
            (self.open.len() as u64).saturating_add(1),
            limit,
            self.offset(),
        )?;
        self.open.push(open);
        Ok(())
    }

    /// The next step; `None` at the end.
    ///
    /// # Errors
    /// The first broken rule, or messages too deep. Nothing can be read after it.
    #[expect(clippy::should_implement_trait, reason = "it fails")]
    pub fn next(&mut self) -> Result<Option<Event>, Problem> {
        loop {
            self.space();
            while self.eat(b',') || self.eat(b';') {}
            self.space();
            match (self.open.last().cloned(), self.peek()) {
                (None, None) => return Ok(None),
                (Some(_), None) => return Err(self.fault(Fault::Bracket)),
                (Some(Open::Message(end)), Some(byte)) if byte == end => {
                    self.bump();
                    self.open.pop();
                    return Ok(Some(Event::Close));
                }
                (Some(Open::List(_)), Some(b']')) => {
                    self.bump();
                    self.open.pop();
                }
                (Some(Open::List(name)), Some(_)) => return self.value(name).map(Some),
                (_, Some(_)) => {
                    let name = self.name()?;
                    let has_colon = self.eat(b':');
                    self.space();
                    match self.peek() {
                        Some(b'[') => {
                            self.bump();
                            self.enter(Open::List(name))?;
                        }
                        Some(b'{' | b'<') => return self.value(name).map(Some),
                        _ if has_colon => return self.value(name).map(Some),
                        _ => return Err(self.fault(Fault::Field)),
                    }
                }
            }
        }
    }

    /// The name of a field.
    fn name(&mut self) -> Result<String, Problem> {
        let start = self.at;
        let is_extension = self.peek() == Some(b'[');
        while self.peek().is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || byte == b'_' || is_extension && b"[]./-%~".contains(&byte)
        }) {
            let byte = self.peek();
            self.bump();
            if byte == Some(b']') {
                break;
            }
        }
        let name = self.text.get(start..self.at).unwrap_or_default();
        if name.is_empty() {
            return Err(self.fault(Fault::Field));
        }
        Ok(String::from_utf8_lossy(name).into_owned())
    }

    fn value(&mut self, name: String) -> Result<Event, Problem> {
        match self.peek() {
            Some(open @ (b'{' | b'<')) => {
                let end = if open == b'{' { b'}' } else { b'>' };
                self.enter(Open::Message(end))?;
                self.bump();
                Ok(Event::Open(name))
            }
            Some(b'"' | b'\'') => {
                let mut bytes = Vec::new();
                while let Some(quote @ (b'"' | b'\'')) = self.peek() {
                    self.bump();
                    self.string(quote, &mut bytes)?;
                    self.space();
                }
                Ok(Event::Scalar(name, bytes))
            }
            _ => {
                let start = self.at;
                while self
                    .peek()
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte))
                {
                    self.bump();
                }
                let word = self.text.get(start..self.at).unwrap_or_default();
                if word.is_empty() {
                    return Err(self.fault(Fault::Field));
                }
                Ok(Event::Scalar(name, word.to_vec()))
            }
        }
    }

    fn string(&mut self, quote: u8, into: &mut Vec<u8>) -> Result<(), Problem> {
        loop {
            let byte = self.peek().ok_or_else(|| self.fault(Fault::String))?;
            self.bump();
            match byte {
                byte if byte == quote => return Ok(()),
                b'\n' => return Err(self.fault(Fault::String)),
                b'\\' => self.escape(into)?,
                byte => into.push(byte),
            }
        }
    }

    fn escape(&mut self, into: &mut Vec<u8>) -> Result<(), Problem> {
        let byte = self.peek().ok_or_else(|| self.fault(Fault::String))?;
        self.bump();
        let plain = match byte {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => byte,
            b'0'..=b'7' => {
                self.at = self.at.saturating_sub(1);
                let code = self.digits(3, 8).unwrap_or(0);
                into.push(u8::try_from(code & 0xff).unwrap_or(0));
                return Ok(());
            }
            b'x' | b'X' => {
                let code = self.digits(2, 16).ok_or_else(|| self.fault(Fault::String))?;
                into.push(u8::try_from(code & 0xff).unwrap_or(0));
                return Ok(());
            }
            b'u' | b'U' => {
                let most = if byte == b'u' { 4 } else { 8 };
                let code = self.digits(most, 16).and_then(char::from_u32);
                let character = code.unwrap_or(char::REPLACEMENT_CHARACTER);
                into.extend(character.to_string().bytes());
                return Ok(());
            }
            _ => return Err(self.fault(Fault::String)),
        };
        into.push(plain);
        Ok(())
    }

    /// A number of at most `most` digits.
    fn digits(&mut self, most: usize, base: u32) -> Option<u32> {
        let mut code = None;
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(base)) else {
                break;
            };
            self.bump();
            code = Some(code.unwrap_or(0_u32).wrapping_mul(base).wrapping_add(digit));
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> Result<Vec<Event>, Problem> {
        let mut reader = Reader::new(text, 8);
        let mut events = Vec::new();
        while let Some(event) = reader.next()? {
            events.push(event);
        }
        Ok(events)
    }

    #[test]
    fn fields_are_read_however_they_are_written() {
        let scalar = |name: &str, text: &str| Event::Scalar(name.to_owned(), text.as_bytes().to_vec());
        let open = |name: &str| Event::Open(name.to_owned());
        let node = vec![open("node"), scalar("op", "PyFunc"), Event::Close];
        for text in [
            "node { op: \"PyFunc\" }",
            "node: < op: 'Py' 'Func'; >,",
            "# x\nnode:{op:\"\\x50y\\106unc\"}",
            "node [ { op: \"PyFunc\" } ]",
            "node{op:[\"PyFunc\"]}",
            "node { op: \"\\u0050yFunc\" # }\n }",
        ] {
            assert_eq!(read(text.as_bytes()).unwrap(), node, "{text}");
        }
        let other = [scalar("[a.b/c]", "-1.5e3"), scalar("i", "inf")];
        assert_eq!(read(b"[a.b/c]: -1.5e3 i: inf").unwrap(), other);
    }

    #[test]
    fn broken_text_is_refused() {
        for text in [
            "node {",
            "node }",
            "a: \"x",
            "a: \"\\q\"",
            "prose is not this",
            "a",
            "a: {b: 1>",
            "[",
            "a: [1",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read("a{".repeat(9).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..256), text in "[a-c:{}<>\\[\\]\"'\\\\ ,;#\n0x]{0,64}") {
            let _ = read(&bytes);
            let _ = read(text.as_bytes());
        }
    }
}
