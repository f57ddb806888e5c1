//! [`Object`]: JSON whose members keep the order in which they were written, so that a document reads as its specification
//! shows it, and is the same in every build.
//!
//! Text is made harmless here, once for all formats: control characters and characters that reorder what is read become
//! visible escapes. Line feeds stay, because descriptions have them.

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};
use weightlock_artifact::text::Shown;

/// A JSON value.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Node {
    Text(String),
    Number(u64),
    /// Between 0 and 1.
    Share(f64),
    Flag(bool),
    List(Vec<Self>),
    Object(Object),
}

/// A JSON object.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Object(Vec<(&'static str, Node)>);

impl Object {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// With a member.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Node>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    /// With a member, where there is something to write: an empty list or object is not written.
    pub(super) fn with_some<T: Into<Node>>(self, name: &'static str, value: Option<T>) -> Self {
        match value.map(Into::into) {
            Some(Node::List(list)) if list.is_empty() => self,
            Some(Node::Object(object)) if object.is_empty() => self,
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a list, unless it is empty.
    pub(super) fn with_list(self, name: &'static str, list: Vec<Self>) -> Self {
        self.with_some(name, Some(list))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The member of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// Puts a member behind the one called `after`, or at the end.
    pub(super) fn put_after(&mut self, after: &str, name: &'static str, value: impl Into<Node>) {
        let at = self.0.iter().position(|(own, _)| *own == after);
        let at = at.map_or(self.0.len(), |at| at.saturating_add(1));
        self.0.insert(at, (name, value.into()));
    }

    /// Every text under a member called `name`, at any depth.
    pub(super) fn texts<'a>(&'a self, name: &str) -> Vec<&'a str> {
        let mut found = Vec::new();
        // A list instead of recursion: documents of hostile graphs are deep.
        let mut open = vec![self];
        while let Some(object) = open.pop() {
            for (own, value) in &object.0 {
                if let (Node::Text(text), true) = (value, *own == name) {
                    found.push(text.as_str());
                }
                let mut lists = vec![value];
                while let Some(value) = lists.pop() {
                    match value {
                        Node::Object(object) => open.push(object),
                        Node::List(list) => lists.extend(list),
                        _ => {}
                    }
                }
            }
        }
        found
    }

    /// The document: two blanks of indentation, a line feed at the end.
    pub(super) fn to_text(&self) -> String {
        // Serialising to memory cannot fail: keys are strings.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// Text that does no harm where it is shown.
pub(super) fn harmless(text: &str) -> String {
    if text.chars().all(|it| it.is_ascii() && !it.is_ascii_control()) {
        return text.to_owned();
    }
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    lines
        .map(|line| Shown(line).to_string())
        .collect::<Vec<_>>()
        .join("\n")
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(harmless(text))
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Node {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<u64> for Node {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<f64> for Node {
    fn from(share: f64) -> Self {
        Self::Share(share)
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Object> for Node {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Node {
    fn from(list: Vec<T>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Share(share) => serializer.serialize_f64(*share),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Object(object) => object.serialize(serializer),
            Self::List(list) => {
                let mut sequence = serializer.serialize_seq(Some(list.len()))?;
                for value in list {
                    sequence.serialize_element(value)?;
                }
                sequence.end()
            }
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stay_in_order_and_nothing_empty_is_written() {
        let object = Object::new()
            .with("z", "1")
            .with_some("none", None::<String>)
            .with_list("empty", Vec::new())
            .with("a", vec!["x", "y"]);
        assert_eq!(
            object.to_text(),
            "{\n  \"z\": \"1\",\n  \"a\": [\n    \"x\",\n    \"y\"\n  ]\n}\n"
        );
    }

    #[test]
    fn text_is_made_harmless_and_lines_stay() {
        assert_eq!(harmless("a\u{1b}[2J\r\nb\u{202e}c"), "a\\u{1b}[2J\nb\\u{202e}c");
        assert_eq!(harmless("Größe 模型"), "Größe 模型");
    }

    #[test]
    fn texts_are_found_at_every_depth() {
        let inner = Object::new().with("ref", "b");
        let object = Object::new().with("ref", "a").with("list", vec![inner]);
        let mut found = object.texts("ref");
        found.sort_unstable();
        assert_eq!(found, ["a", "b"]);
    }
}
