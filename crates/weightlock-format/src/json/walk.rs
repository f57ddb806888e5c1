//! [`Walk`]: JSON value by value, as Python reads it, without keeping it.
//!
//! A tokenizer has millions of values in tens of megabytes. What is looked for in such a file is told from the way
//! to a value, so only the way is kept: the open objects and arrays, and which of their keys occurred. Several values
//! may follow each other, as in JSON Lines.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde_json::Value;

use super::{
    Fault, Limits,
    events::{Event, Events},
};
use crate::{Named, Problem};

/// One step of the walk.
#[derive(Clone, PartialEq, Debug)]
pub enum Token {
    /// An object begins. Its values have keys.
    Object,
    /// An array begins.
    Array,
    /// The innermost object or array ends.
    End,
    /// A text.
    Text(String),
    /// A number, boolean or null.
    Other(Value),
}

/// Where a value lies in the one around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<'w> {
    /// Under a key.
    Key(&'w str),
    /// At an index.
    Index(u64),
}

/// Walks through a text.
#[derive(Debug)]
pub struct Walk<'a> {
    text: &'a [u8],
    events: Events<'a>,
    limits: Limits,
    open: Vec<Open>,
    /// The innermost value ended; its step is not part of the way any more.
    is_behind: bool,
    duplicates: Vec<(String, Problem)>,
}

#[derive(Debug)]
enum Open {
    Object { key: String, keys: HashSet<u64> },
    Array { next: u64 },
}

impl<'a> Walk<'a> {
    /// Keys that occur twice and are reported.
    pub const MOST_DUPLICATES: usize = 256;

    /// Walks `text`. Numbers that only Python reads become zero, and half surrogate pairs U+FFFD.
    #[must_use]
    pub fn new(text: &'a [u8], limits: Limits) -> Self {
        let start = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let skipped = text.len().saturating_sub(start.len());
        Self {
            text,
            events: Events::python(start, skipped as u64, limits),
            limits,
            open: Vec::new(),
            is_behind: false,
            duplicates: Vec::new(),
        }
    }

    /// The next value and its offset; `None` at the end.
    ///
    /// # Errors
    /// The first broken rule or exceeded limit. The walk cannot go on then.
    #[expect(clippy::should_implement_trait, reason = "the way is lent between two calls")]
    pub fn next(&mut self) -> Result<Option<(u64, Token)>, Problem> {
        if std::mem::take(&mut self.is_behind)
            && let Some(Open::Array { next }) = self.open.last_mut()
        {
            *next = next.saturating_add(1);
        }
        loop {
            let Some((offset, event)) = self.event()? else {
                return Ok(None);
            };
            let token = match event {
                Event::Key(key) => {
                    self.key(key, offset);
                    continue;
                }
                Event::StartObject => {
                    self.open.push(Open::Object {
                        key: String::new(),
                        keys: HashSet::new(),
                    });
                    Token::Object
                }
                Event::StartArray => {
                    self.open.push(Open::Array { next: 0 });
                    Token::Array
                }
                Event::End => {
                    self.open.pop();
                    self.is_behind = true;
                    Token::End
                }
                Event::Scalar(value) => {
                    self.is_behind = true;
                    match value {
                        Value::String(text) => Token::Text(text),
                        value => Token::Other(value),
                    }
                }
            };
            return Ok(Some((offset, token)));
        }
    }

    /// The next event; where one value ends, another may begin.
    fn event(&mut self) -> Result<Option<(u64, Event)>, Problem> {
        match self.events.next() {
            Err(Problem::Malformed {
                offset,
                fault: crate::Fault::Json(Fault::Trailing),
            }) => {
                let rest = usize::try_from(offset).ok().and_then(|at| self.text.get(at..));
                self.events = Events::python(rest.unwrap_or_default(), offset, self.limits);
                self.events.next()
            }
            event => event,
        }
    }

    fn key(&mut self, found: String, offset: u64) {
        let Some(Open::Object { key, keys }) = self.open.last_mut() else {
            return;
        };
        let mut hasher = DefaultHasher::new();
        found.hash(&mut hasher);
        if !keys.insert(hasher.finish()) && self.duplicates.len() < Self::MOST_DUPLICATES {
            let fault = Fault::DuplicateKey(Named::new(&found));
            let problem = Problem::malformed(offset, fault);
            self.duplicates.push((found.clone(), problem));
        }
        *key = found;
    }

    /// The way to the value that [`Walk::next`] gave last, outermost step first. Behind the beginning of an object or
    /// array, the last step is not known yet.
    pub fn way(&self) -> impl DoubleEndedIterator<Item = Step<'_>> {
        self.open.iter().map(|open| match open {
            Open::Object { key, .. } => Step::Key(key),
            Open::Array { next } => Step::Index(*next),
        })
    }

    /// Objects and arrays that are open.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// The way as text: `config.layers[2].name`; of a long one the end.
    #[must_use]
    pub fn path(&self) -> String {
        const MOST: usize = 256;
        let mut steps = Vec::new();
        let mut length = 0_usize;
        for step in self.way().rev() {
            let step = match step {
                Step::Index(index) => format!("[{index}]"),
                Step::Key(key) => format!(".{}", key.chars().take(64).collect::<String>()),
            };
            length = length.saturating_add(step.len());
            if length > MOST {
                steps.push("…".to_owned());
                break;
            }
            steps.push(step);
        }
        steps.reverse();
        let path = steps.concat();
        path.strip_prefix('.').map(str::to_owned).unwrap_or(path)
    }

    /// Keys that occurred twice in one object, the first [`Walk::MOST_DUPLICATES`], and the rule that they break.
    #[must_use]
    pub fn duplicates(&self) -> &[(String, Problem)] {
        &self.duplicates
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<(String, String)> {
        let mut walk = Walk::new(text.as_bytes(), Limits::default());
        let mut found = Vec::new();
        while let Some((_, token)) = walk.next().unwrap() {
            if let Token::Text(text) = token {
                found.push((walk.path(), text));
            }
        }
        found
    }

    #[test]
    fn the_way_to_each_text_is_known() {
        let found = texts(r#"{"a": ["x", 1, {"b": "y"}, [], "z"], "c": {"d": "w"}, "e": "v"}"#);
        let found: Vec<_> = found
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("a[0]", "x"),
                ("a[2].b", "y"),
                ("a[4]", "z"),
                ("c.d", "w"),
                ("e", "v")
            ]
        );
    }

    #[test]
    fn what_python_reads_is_read() {
        assert_eq!(
            texts("\u{feff}{\"a\": NaN, \"b\": [1e999, -Infinity, \"\\ud800\"]}"),
            [("b[2]".to_owned(), "\u{fffd}".to_owned())]
        );
        assert_eq!(texts("{\"a\": \"x\"}\n{\"a\": \"y\"}\n").len(), 2);
        assert_eq!(texts("\"x\"").len(), 1);
    }

    #[test]
    fn keys_that_occur_twice_are_told() {
        let mut walk = Walk::new(br#"{"a": 1, "b": {"a": 2}, "\u0061": 3}"#, Limits::default());
        while walk.next().unwrap().is_some() {}
        let offsets: Vec<_> = walk
            .duplicates()
            .iter()
            .map(|(_, problem)| problem.offset())
            .collect();
        assert_eq!(offsets, [24]);
    }

    #[test]
    fn what_is_broken_is_refused() {
        for text in ["{\"a\" 1}", "[1", "{} x", "{'a': 1}", ""] {
            let mut walk = Walk::new(text.as_bytes(), Limits::default());
            let result = loop {
                match walk.next() {
                    Ok(Some(_)) => {}
                    other => break other,
                }
            };
            assert!(result.is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut walk = Walk::new(&text, Limits::default());
            while let Ok(Some(_)) = walk.next() {
                let _ = walk.path();
            }
        }
    }
}
