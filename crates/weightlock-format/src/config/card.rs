//! Facts out of the front matter of a model card.
//!
//! Front matter is YAML, and YAML is far more than these facts need: anchors that multiply, tags that name
//! classes, a dozen ways to write `no`. So a subset is read line by line, and whatever else stands there is
//! passed over:
//!
//! ```text
//! front  = "---" line* "---"
//! line   = key ":" scalar            at the first column
//!        | key ":" "[" scalar, … "]"
//!        | key ":" followed by lines "- scalar" or "- name: scalar", indented or not
//! scalar = text | "text" | 'text'    escapes inside double quotes are kept as written
//! ```

use std::collections::BTreeMap;

use serde::Serialize;

use super::Fault;
use crate::{Named, Problem};

/// Bytes of a card that are looked at. Front matter with hundreds of evaluation results stays below 100 kB.
pub const MAX_BYTES: usize = 1 << 20;

/// What a model card declares.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Card {
    /// Licence identifiers.
    pub license: Vec<String>,
    /// The name of a licence called `other`.
    pub license_name: Option<String>,
    /// Models that this one was made from.
    pub base_model: Vec<String>,
    /// Data sets it was trained on.
    pub datasets: Vec<String>,
    /// The task.
    pub pipeline_tag: Option<String>,
    /// The library that loads it.
    pub library_name: Option<String>,
    /// Languages.
    pub language: Vec<String>,
}

impl Card {
    /// Reads the front matter at the start of `text`; a card without one declares nothing.
    ///
    /// # Errors
    /// Front matter that is not UTF-8, is not closed within [`MAX_BYTES`], or has a key twice.
    pub fn parse(text: &[u8]) -> Result<Self, Problem> {
        let Some(front) = front_matter(text.get(..MAX_BYTES).unwrap_or(text))? else {
            return Ok(Self::default());
        };
        let mut fields = fields(front)?;
        let mut list = |key: &str| fields.remove(key).unwrap_or_default();
        let license = list("license");
        let base_model = list("base_model");
        let datasets = list("datasets");
        let language = list("language");
        let mut one = |key: &str| list(key).into_iter().next();
        Ok(Self {
            license,
            license_name: one("license_name"),
            base_model,
            datasets,
            pipeline_tag: one("pipeline_tag"),
            library_name: one("library_name"),
            language,
        })
    }
}

/// The lines between the first two `---`; `None` where the text does not begin with one.
fn front_matter(text: &[u8]) -> Result<Option<&str>, Problem> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut lines = text.split_inclusive(|&byte| byte == b'\n');
    let Some(first) = lines.next().filter(|line| line.trim_ascii() == b"---") else {
        return Ok(None);
    };
    let mut length = 0_usize;
    for line in lines {
        if line.trim_ascii_end() == b"---" {
            let end = first.len().saturating_add(length);
            let front = text.get(first.len()..end).unwrap_or_default();
            let front = std::str::from_utf8(front).map_err(|_| Problem::malformed(0, Fault::CardText))?;
            return Ok(Some(front));
        }
        length = length.saturating_add(line.len());
    }
    Err(Problem::malformed(0, Fault::CardOpen))
}

/// Scalars and lists of scalars by top-level key.
fn fields(front: &str) -> Result<BTreeMap<String, Vec<String>>, Problem> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in front.lines() {
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            if let Some(values) = current.as_ref().and_then(|key| fields.get_mut(key)) {
                values.extend(item_name(item));
            }
            continue;
        }
        if line.starts_with([' ', '\t', '#']) {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let key = scalar(key).unwrap_or_default();
        if fields.contains_key(&key) {
            return Err(Problem::malformed(0, Fault::CardDuplicate(Named::new(&key))));
        }
        fields.insert(key.clone(), inline(value));
        current = Some(key);
    }
    Ok(fields)
}

/// A list item: a scalar, or the `name` of a mapping.
fn item_name(item: &str) -> Option<String> {
    match item.split_once(": ") {
        Some((key, value)) if !item.starts_with(['"', '\'']) => {
            scalar(value).filter(|_| key.trim() == "name")
        }
        _ => scalar(item),
    }
}

/// What stands behind the colon: nothing, a scalar, or a list in brackets.
fn inline(value: &str) -> Vec<String> {
    let value = value.trim();
    match value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(items) => items.split(',').filter_map(scalar).collect(),
        None => scalar(value).into_iter().collect(),
    }
}

/// A scalar without quotes and comment; `None` for nothing, null and the start of a block.
fn scalar(text: &str) -> Option<String> {
    let text = text.trim();
    for quote in ['"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|rest| rest.split_once(quote));
        if let Some((inner, _)) = inner {
            return Some(inner.to_owned());
        }
    }
    let text = text.split(" #").next().unwrap_or(text).trim_end();
    let is_nothing =
        text.starts_with(['#', '{', '[', '&', '*', '!', '|', '>']) || matches!(text, "" | "null" | "~");
    (!is_nothing).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason;

    #[test]
    fn reads_the_usual_shapes() {
        let card = Card::parse(
            b"---\nlicense: apache-2.0 # ours\nbase_model:\n  - o/base\n- 'o/second'\n- name: o/third\n  type: x\n- revision: v1\ndatasets: [\"a/b\", c]\n\
              pipeline_tag: text-generation\nmodel-index:\n- name: x\n  results: []\nlibrary_name: \"transformers\"\n---\n# Title\nlicense: mit\n",
        )
        .unwrap();
        assert_eq!(card.license, ["apache-2.0"]);
        assert_eq!(card.base_model, ["o/base", "o/second", "o/third"]);
        assert_eq!(card.datasets, ["a/b", "c"]);
        assert_eq!(card.pipeline_tag.as_deref(), Some("text-generation"));
        assert_eq!(card.library_name.as_deref(), Some("transformers"));
    }

    #[test]
    fn a_card_without_front_matter_declares_nothing() {
        for text in ["", "# Title\n---\nlicense: mit\n---\n", "license: mit\n"] {
            assert_eq!(Card::parse(text.as_bytes()).unwrap(), Card::default(), "{text}");
        }
    }

    #[test]
    fn hostile_front_matter_is_refused_or_ignored() {
        let code = |text: &[u8]| Card::parse(text).unwrap_err().code();
        assert_eq!(code(b"---\nlicense: mit\n"), reason::MALFORMED);
        assert_eq!(code(b"---\nlicense: \xff\n---\n"), reason::MALFORMED);
        assert_eq!(
            code(b"---\nlicense: mit\nlicense: gpl-3.0\n---\n"),
            reason::DUPLICATE
        );
        let odd = Card::parse(b"---\nlicense: !!python/object:os.system x\nbase_model: *a\n---\n").unwrap();
        assert_eq!(odd, Card::default());
    }
}
