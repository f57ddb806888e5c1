//! [`FrontMatter`]: the front matter of a `README.md` that is changed, and nothing else of the file.

use std::ops::Range;

use weightlock_format::{
    Problem,
    config::card::{Parts, tree},
};

use super::edit::{Document, EditError, New};

/// A `README.md` whose front matter can be changed field by field.
///
/// Reading and writing it gives the same bytes; so does everything that is not changed.
#[derive(Clone, Debug)]
pub struct FrontMatter {
    /// What stands before the YAML, and behind it.
    around: [Vec<u8>; 2],
    document: Document,
    /// Whether the file had a front matter.
    is_there: bool,
}

impl FrontMatter {
    /// Reads a card.
    ///
    /// # Errors
    /// Front matter that is not closed, is no YAML that every reader reads alike, or no mapping; with the offset in the file.
    pub fn read(readme: &[u8]) -> Result<Self, Problem> {
        let parts = Parts::of(readme)?;
        let start = parts.body.start;
        let front = parts.front.clone().unwrap_or(start..start);
        // The same refusals as everywhere, with offsets of the file.
        tree(readme, &front)?;
        let part = |range: Range<usize>| readme.get(range).unwrap_or_default().to_vec();
        Ok(Self {
            document: Document::read(&part(front.clone()))?,
            around: [part(0..front.start), part(front.end..readme.len())],
            is_there: parts.front.is_some(),
        })
    }

    /// The YAML.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// Sets the value at a path of keys, and adds the front matter where there was none.
    ///
    /// # Errors
    /// As for [`Document::set`].
    pub fn set(&mut self, path: &[&str], new: &New) -> Result<(), EditError> {
        self.document.set(path, new)?;
        if !self.is_there {
            let [before, behind] = &mut self.around;
            before.extend_from_slice(b"---\n");
            behind.splice(0..0, *b"---\n");
            self.is_there = true;
        }
        Ok(())
    }

    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let [before, behind] = &self.around;
        [
            before.as_slice(),
            self.document.text().as_bytes(),
            behind.as_slice(),
        ]
        .concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARDS: [&str; 9] = [
        "---\nlicense: mit\n---\n# x\n",
        "\u{feff}---\r\nlicense: 'mit' # ours\r\ntags:   [a,b ]\r\n---\r\n# x\r\n",
        "\n \n---\n# a comment\nlicense:   no\n\nextra_gated_fields:\n  Name: text\n  I agree:\n    type: checkbox\n---",
        "---\nlanguage:\n- en\n- \"de\"\nlicense: other\nco2_eq_emissions: 12.50\n---\n\n---\nnot front matter\n---\n",
        "---\nlicense: mit\nmodel-index:\n- name: x\n  results:\n  - task: {type: t}\n    metrics:\n    - value: 47.90\n---\nbody",
        "---\nlicense: mit\nextra_gated_prompt: >-\n  You agree\n\n  to this.\n---\n",
        "---\nlicense: &l mit\nx: *l\n---\n",
        "# No front matter\n",
        "",
    ];

    #[test]
    fn without_a_change_the_bytes_are_the_same() {
        for card in CARDS {
            let read = FrontMatter::read(card.as_bytes()).unwrap();
            assert_eq!(read.to_bytes(), card.as_bytes(), "{card:?}");
        }
    }

    #[test]
    fn a_change_leaves_every_other_byte() {
        for card in CARDS.iter().filter(|card| !card.contains("&l")) {
            let mut front = FrontMatter::read(card.as_bytes()).unwrap();
            front
                .set(&["license"], &New::Text("apache-2.0".to_owned()))
                .unwrap();
            let after = String::from_utf8(front.to_bytes()).unwrap();
            let old = ["'mit'", " mit", "   no", " other"].iter().find(|old| {
                card.contains(&format!("license:{old}")) || card.contains(&format!("license: {old}"))
            });
            let expected = match old {
                Some(old) => card
                    .replacen(
                        &format!("license:{old}"),
                        &format!("license:{}apache-2.0", &old[..old.len() - old.trim().len()]),
                        1,
                    )
                    .replacen(&format!("license: {old}"), "license: apache-2.0", 1),
                None => format!("---\nlicense: apache-2.0\n---\n{card}"),
            };
            assert_eq!(after, expected, "{card:?}");
            let again = FrontMatter::read(after.as_bytes()).unwrap();
            assert_eq!(
                again.document().found(&["license"]).and_then(|it| it.text()),
                Some("apache-2.0")
            );
        }
    }

    #[test]
    fn refusals_tell_where_in_the_file() {
        for (card, offset) in [
            ("\n---\na: [\n---\n", 10),
            ("---\na: b\na: c\n---\n", 9),
            ("---\na: b\n", 0),
            ("---\n- a\n---\n", 4),
        ] {
            let refused = FrontMatter::read(card.as_bytes()).unwrap_err();
            assert_eq!(refused.offset(), offset, "{card:?}: {refused}");
        }
    }
}
