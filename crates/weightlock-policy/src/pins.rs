//! [`Pins`]: which digests models must have, in a file that is shipped with a container and signed like any other file.
//!
//! ```text
//! pins = "weightlock-pins-v1" LF 1*line
//! line = ("folder" / "file") SP "sha256:" 64 lower-case hex digits SP name LF
//! ```
//!
//! Lines are sorted by name, and no name is there twice. The digest of a folder is that of its canonical manifest, of a file that of its
//! bytes; the word before it keeps a file whose content is somebody's manifest from being taken for the folder.
//!
//! The reader accepts exactly the texts that the writer makes, so that one set of pins has one text. Pins say nothing about who made a
//! model, and their own signature is checked by whoever reads them.

use std::{
    collections::{BTreeMap, btree_map},
    fmt,
};

use weightlock_artifact::{
    digest::{Algorithm, Digest},
    reason::Code,
};

use crate::{
    name::{ModelName, NameError},
    reason,
};

const FIRST_LINE: &str = "weightlock-pins-v1";

/// What a digest is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Shape {
    /// A folder: of its canonical manifest.
    Folder,
    /// One file: of its bytes.
    File,
}

impl Shape {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::File => "file",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Folder, Self::File]
            .into_iter()
            .find(|shape| shape.word() == word)
    }
}

/// The digest that a model must have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pin {
    /// What it is of.
    pub shape: Shape,
    /// SHA-256.
    pub digest: Digest,
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.shape.word(), self.digest)
    }
}

/// Digests of models by name; at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pins {
    by_name: BTreeMap<ModelName, Pin>,
}

/// Why a text is no pins.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinsError {
    /// It is larger than [`Pins::MAX_BYTES`].
    #[error("the pins are larger than {} bytes", Pins::MAX_BYTES)]
    Size,
    /// It is not UTF-8.
    #[error("the pins are not UTF-8")]
    NotUtf8,
    /// The first line is another.
    #[error("the first line is not {FIRST_LINE:?}")]
    FirstLine,
    /// The last line has no end.
    #[error("the last line is not ended: the pins were not written whole")]
    Unfinished,
    /// A line is none.
    #[error("line {0} is not `folder|file sha256:<hex> <name>`")]
    Line(usize),
    /// A name is none.
    #[error("line {line}: {source}")]
    Name {
        /// The line, from 1.
        line: usize,
        /// Why.
        source: NameError,
    },
    /// Names are not sorted.
    #[error("line {0} is out of order")]
    Order(usize),
    /// Two digests for one name.
    #[error("{0} is pinned twice")]
    Duplicate(ModelName),
    /// Nothing is pinned.
    #[error("nothing is pinned")]
    Empty,
}

impl PinsError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        reason::PINS
    }
}

impl Pins {
    /// Texts larger than this are refused: 3000 models with the longest names.
    pub const MAX_BYTES: usize = 1 << 20;

    /// Pins of these models.
    ///
    /// # Errors
    /// [`PinsError::Empty`], [`PinsError::Duplicate`] and [`PinsError::Size`].
    pub fn new(pins: impl IntoIterator<Item = (ModelName, Pin)>) -> Result<Self, PinsError> {
        let mut by_name = BTreeMap::new();
        for (name, pin) in pins {
            match by_name.entry(name) {
                btree_map::Entry::Vacant(place) => place.insert(pin),
                btree_map::Entry::Occupied(place) => return Err(PinsError::Duplicate(place.key().clone())),
            };
        }
        if by_name.is_empty() {
            return Err(PinsError::Empty);
        }
        let pins = Self { by_name };
        if pins.to_text().len() > Self::MAX_BYTES {
            return Err(PinsError::Size);
        }
        Ok(pins)
    }

    /// Reads pins.
    ///
    /// # Errors
    /// [`PinsError`] names the first rule that the text breaks.
    pub fn parse(text: &[u8]) -> Result<Self, PinsError> {
        if text.len() > Self::MAX_BYTES {
            return Err(PinsError::Size);
        }
        let text = std::str::from_utf8(text).map_err(|_| PinsError::NotUtf8)?;
        let body = text
            .strip_prefix(FIRST_LINE)
            .and_then(|rest| rest.strip_prefix('\n'))
            .ok_or(PinsError::FirstLine)?;
        if !body.is_empty() && !body.ends_with('\n') {
            return Err(PinsError::Unfinished);
        }
        let mut pins: Vec<(ModelName, Pin)> = Vec::new();
        for (line, number) in body.split_terminator('\n').zip(2..) {
            let (name, pin) = parse_line(line, number)?;
            match pins.last() {
                Some((last, _)) if *last == name => return Err(PinsError::Duplicate(name)),
                Some((last, _)) if *last > name => return Err(PinsError::Order(number)),
                _ => pins.push((name, pin)),
            }
        }
        Self::new(pins)
    }

    /// The text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let lines = self.by_name.iter().map(|(name, pin)| format!("{pin} {name}\n"));
        format!("{FIRST_LINE}\n") + &lines.collect::<String>()
    }

    /// What a model of exactly this name must be.
    fn of(&self, name: &ModelName) -> Option<&Pin> {
        self.by_name.get(name)
    }

    /// The pin that a name means: the one of this name; else, for a name of one part, the only one that ends with it, since what a
    /// program calls a model has no namespace. With several of those it means none.
    #[must_use]
    pub fn find(&self, name: &ModelName) -> Option<&Pin> {
        if let Some(pin) = self.of(name) {
            return Some(pin);
        }
        let (None, short) = name.split() else {
            return None;
        };
        let mut ending = self.by_name.iter().filter(|(other, _)| other.split().1 == short);
        match (ending.next(), ending.next()) {
            (Some((_, pin)), None) => Some(pin),
            _ => None,
        }
    }

    /// Every pin, by name.
    pub fn all(&self) -> impl Iterator<Item = (&ModelName, &Pin)> {
        self.by_name.iter()
    }
}

fn parse_line(line: &str, number: usize) -> Result<(ModelName, Pin), PinsError> {
    let wrong = || PinsError::Line(number);
    let mut parts = line.splitn(3, ' ');
    let (Some(shape), Some(digest), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong());
    };
    let pin = Pin {
        shape: Shape::of(shape).ok_or_else(wrong)?,
        digest: sha256(digest).ok_or_else(wrong)?,
    };
    let name = ModelName::parse(name).map_err(|source| PinsError::Name { line: number, source })?;
    Ok((name, pin))
}

/// `sha256:` and 64 digits, exactly as it is written.
pub(crate) fn sha256(text: &str) -> Option<Digest> {
    let hex = text.strip_prefix("sha256:")?;
    let digest = Digest::from_hex(Algorithm::Sha256, hex).ok()?;
    (digest.hex() == hex).then_some(digest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(shape: &str, name: &str) -> String {
        format!("{shape} sha256:{} {name}\n", "0a".repeat(32))
    }

    fn parse(lines: &[String]) -> Result<Pins, PinsError> {
        Pins::parse((format!("{FIRST_LINE}\n") + &lines.concat()).as_bytes())
    }

    #[test]
    fn what_is_read_is_written_back() {
        let lines = [line("folder", "acme/pebble"), line("file", "stone")];
        let pins = parse(&lines).unwrap();
        assert_eq!(pins.to_text(), format!("{FIRST_LINE}\n") + &lines.concat());
        let pin = pins.of(&ModelName::parse("stone").unwrap()).unwrap();
        assert_eq!((pin.shape, pin.digest.hex()), (Shape::File, "0a".repeat(32)));
        assert_eq!(pins.of(&ModelName::parse("pebble").unwrap()), None);
    }

    #[test]
    fn a_short_name_means_the_only_pin_that_ends_with_it() {
        let name = |text: &str| ModelName::parse(text).unwrap();
        let both = [
            line("folder", "acme/pebble"),
            line("file", "evil/pebble"),
            line("file", "evil/stone"),
        ];
        let pins = parse(&both).unwrap();
        assert_eq!(pins.find(&name("stone")), pins.of(&name("evil/stone")));
        assert!(pins.find(&name("stone")).is_some());
        for none in ["pebble", "ston", "tone", "acme/stone", "evil"] {
            assert_eq!(pins.find(&name(none)), None, "{none}");
        }
        // The whole name goes before an ending.
        let pins = parse(&[line("folder", "acme/pebble"), line("file", "pebble")]).unwrap();
        assert_eq!(pins.find(&name("pebble")).map(|pin| pin.shape), Some(Shape::File));
    }

    #[test]
    fn each_rule_that_is_broken_is_named() {
        let name = |text: &str| ModelName::parse(text).unwrap();
        for (lines, expected) in [
            (vec![], PinsError::Empty),
            (
                vec![line("file", "a"), line("file", "a")],
                PinsError::Duplicate(name("a")),
            ),
            (vec![line("file", "b"), line("file", "a")], PinsError::Order(3)),
            (vec![line("link", "a")], PinsError::Line(2)),
            (vec![line("file", "a").replace("0a", "0A")], PinsError::Line(2)),
            (
                vec![line("file", "a").replace("sha256", "sha512")],
                PinsError::Line(2),
            ),
            (vec![line("file", "a").replace("sha256:", "")], PinsError::Line(2)),
            (vec!["file\n".to_owned()], PinsError::Line(2)),
            (vec!["\n".to_owned()], PinsError::Line(2)),
            (
                vec![line("file", "a").trim_end().to_owned()],
                PinsError::Unfinished,
            ),
        ] {
            assert_eq!(parse(&lines), Err(expected), "{lines:?}");
        }
        for hostile in ["../a", "/etc/passwd", "a b", "a ", "", "a\r"] {
            let read = parse(&[line("file", hostile)]);
            assert!(
                matches!(read, Err(PinsError::Name { line: 2, .. })),
                "{hostile:?}: {read:?}"
            );
        }
        assert_eq!(Pins::parse(b"weightlock-pins-v2\n"), Err(PinsError::FirstLine));
        assert_eq!(Pins::parse(b"\xff"), Err(PinsError::NotUtf8));
        assert_eq!(
            Pins::parse(&vec![b'a'; Pins::MAX_BYTES + 1]),
            Err(PinsError::Size)
        );
    }

    proptest! {
        #[test]
        fn only_texts_that_the_writer_makes_are_read(text in "(weightlock-pins-v1\n)?((file|folder) sha256:[0-9a-f]{64} [a-c./]{1,4}\n){0,3}") {
            if let Ok(pins) = Pins::parse(text.as_bytes()) {
                prop_assert_eq!(pins.to_text(), text);
            }
        }
    }
}
