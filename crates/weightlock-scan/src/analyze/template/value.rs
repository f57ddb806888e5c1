//! What an expression can be when the template runs: constants that it may be, and what is known of the rest.
//!
//! A [`Value`] never says less than what a loader could compute: constants that are lost (too many, too long, an
//! operation that is not followed) leave a mark.

use super::names;

/// A constant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Constant {
    None,
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Self>),
    Dict(Vec<(Self, Self)>),
}

/// Bytes of a text that are kept. Names are short.
pub(super) const TEXT_BYTES: usize = 1024;
/// Items of a list or dictionary that are kept.
const ITEMS: usize = 64;
/// Lists within each other that are kept.
const DEPTH: usize = 4;
/// Constants that one expression may be.
const CONSTANTS: usize = 24;

impl Constant {
    /// `None` when it is longer or deeper than what is kept.
    pub(super) fn kept(self) -> Option<Self> {
        self.fits(DEPTH).then_some(self)
    }

    fn fits(&self, depth: usize) -> bool {
        let inner = |item: &Self| depth.checked_sub(1).is_some_and(|depth| item.fits(depth));
        match self {
            Self::Text(text) => text.len() <= TEXT_BYTES,
            Self::List(items) => items.len() <= ITEMS && items.iter().all(inner),
            Self::Dict(pairs) => {
                pairs.len() <= ITEMS && pairs.iter().all(|(key, value)| inner(key) && inner(value))
            }
            _ => true,
        }
    }

    /// As `~` and `|string` write it; `None` for containers.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Self::None => "None".to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(_) | Self::Dict(_) => return None,
        })
    }

    /// What a loop over it meets.
    pub(super) fn items(&self) -> Vec<Self> {
        match self {
            Self::Text(text) => text
                .chars()
                .map(|character| Self::Text(character.to_string()))
                .collect(),
            Self::List(items) => items.clone(),
            Self::Dict(pairs) => pairs.iter().map(|(key, _)| key.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// How many it holds.
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.chars().count() as u64,
            Self::List(items) => items.len() as u64,
            Self::Dict(pairs) => pairs.len() as u64,
            _ => 1,
        }
    }

    fn is_suspect(&self) -> bool {
        match self {
            Self::Text(text) => names::is_suspect(text),
            Self::List(items) => items.iter().any(Self::is_suspect),
            Self::Dict(pairs) => pairs
                .iter()
                .any(|(key, value)| key.is_suspect() || value.is_suspect()),
            _ => false,
        }
    }
}

/// What is known of values that are no constants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Marks(u8);

impl Marks {
    pub(super) const NONE: Self = Self(0);
    /// It may come from whoever has the template rendered.
    pub(super) const DATA: Self = Self(1);
    /// It may be a number or a truth.
    pub(super) const NUMBER: Self = Self(1 << 1);
    /// It may be made of harmless constants, too many to keep.
    pub(super) const VARIED: Self = Self(1 << 2);
    /// It may be made of constants by an operation that is not followed.
    pub(super) const OPAQUE: Self = Self(1 << 3);
    /// It may be a function, class, generator or other object of the engine.
    pub(super) const OBJECT: Self = Self(1 << 4);
    /// It may be the text of such an object.
    pub(super) const REPRESENTATION: Self = Self(1 << 5);
    /// It may be reached through the insides of an object.
    pub(super) const ESCAPED: Self = Self(1 << 6);
    /// A constant that internal names are made of went into it.
    pub(super) const SUSPECT: Self = Self(1 << 7);

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether it may be anything but constants.
    pub(super) const fn is_open(self) -> bool {
        self.without(Self::SUSPECT).0 != 0
    }
}

/// What an expression can be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Value {
    /// Constants that it may be, sorted.
    may: Vec<Constant>,
    /// What else it may be.
    marks: Marks,
}

impl Value {
    pub(super) const fn open(marks: Marks) -> Self {
        Self {
            may: Vec::new(),
            marks,
        }
    }

    /// This constant, or what is left of it when it is not kept.
    pub(super) fn constant(constant: Constant) -> Self {
        let suspect = constant.is_suspect();
        constant.kept().map_or_else(
            || Self::lost(suspect, Marks::VARIED),
            |kept| Self {
                may: vec![kept],
                marks: Marks::NONE,
            },
        )
    }

    pub(super) fn text(text: &str) -> Self {
        Self::constant(Constant::Text(text.to_owned()))
    }

    const fn lost(suspect: bool, marks: Marks) -> Self {
        Self::open(if suspect {
            marks.with(Marks::SUSPECT)
        } else {
            marks
        })
    }

    pub(super) fn may(&self) -> &[Constant] {
        &self.may
    }

    pub(super) const fn marks(&self) -> Marks {
        self.marks
    }

    pub(super) fn with(mut self, marks: Marks) -> Self {
        self.marks = self.marks.with(marks);
        self
    }

    pub(super) fn without(mut self, marks: Marks) -> Self {
        self.marks = self.marks.without(marks);
        self
    }

    /// The marks of something that this went into without being kept.
    pub(super) fn dissolved(&self) -> Marks {
        if self.may.iter().any(Constant::is_suspect) {
            self.marks.with(Marks::SUSPECT)
        } else {
            self.marks
        }
    }

    /// This or `other`. Tells whether it became more.
    pub(super) fn join(&mut self, other: &Self) -> bool {
        let before = (self.may.len(), self.marks);
        self.marks = self.marks.with(other.marks);
        for constant in &other.may {
            if let Err(at) = self.may.binary_search(constant) {
                self.may.insert(at, constant.clone());
            }
        }
        if self.may.len() > CONSTANTS {
            self.widen();
        }
        before != (self.may.len(), self.marks)
    }

    pub(super) fn or(mut self, other: &Self) -> Self {
        self.join(other);
        self
    }

    /// Forgets the constants, and keeps what they were made of.
    pub(super) fn widen(&mut self) {
        self.marks = self.dissolved().with(Marks::VARIED);
        self.may = self
            .may
            .drain(..)
            .filter(|constant| matches!(constant, Constant::Text(text) if names::is_internal(text)))
            .take(CONSTANTS)
            .collect();
    }

    /// What a loop over it meets.
    pub(super) fn items(&self) -> Self {
        let mut items = Self::open(self.marks.without(Marks::OBJECT));
        if self.marks.has(Marks::OBJECT) && !items.marks.is_open() {
            items.marks = items.marks.with(Marks::VARIED);
        }
        for item in self.may.iter().flat_map(Constant::items) {
            items.join(&Self::constant(item));
        }
        items
    }

    /// The values of the dictionaries that it may be.
    pub(super) fn values(&self) -> Self {
        let mut values = Self::open(self.marks);
        for constant in &self.may {
            if let Constant::Dict(pairs) = constant {
                for (_, value) in pairs {
                    values.join(&Self::constant(value.clone()));
                }
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_leaves_a_mark() {
        let mut value = Value::default();
        for number in 0..100 {
            value.join(&Value::text(&format!("word{number}")));
        }
        assert!(value.marks().has(Marks::VARIED) && !value.marks().has(Marks::SUSPECT));
        value.join(&Value::text("__class__"));
        for number in 0..100 {
            value.join(&Value::text(&format!("other{number}")));
        }
        assert!(value.marks().has(Marks::SUSPECT));
        assert!(Value::text(&"_".repeat(5000)).marks().has(Marks::SUSPECT));
    }

    #[test]
    fn deep_lists_are_not_kept() {
        let mut constant = Constant::Text("__class__".to_owned());
        for _ in 0..3 {
            constant = Constant::List(vec![constant]);
        }
        let value = Value::constant(Constant::List(vec![constant.clone()]));
        assert_eq!(value.may().len(), 1);
        let value = Value::constant(Constant::List(vec![Constant::List(vec![constant])]));
        assert!(value.may().is_empty() && value.marks().has(Marks::SUSPECT));
    }
}
