//! What an expression can be when the template runs: constants that it may be, and what is known of the rest.
//!
//! A [`Value`] never says less than what a loader could compute: constants that are lost (too many, too long, an
//! operation that is not followed) leave a mark.

use std::{collections::BTreeSet, rc::Rc};

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
pub(super) const TEXT_BYTES: usize = 256;
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
    /// Constants that it may be, sorted. Shared: a variable is read more often than it is assigned.
    may: Rc<Vec<Constant>>,
    /// Internal names are made of one of them.
    is_suspect: bool,
    /// What else it may be.
    marks: Marks,
}

impl Value {
    pub(super) fn open(marks: Marks) -> Self {
        Self {
            may: Rc::default(),
            is_suspect: false,
            marks,
        }
    }

    /// This constant, or what is left of it when it is not kept.
    pub(super) fn constant(constant: Constant) -> Self {
        let is_suspect = constant.is_suspect();
        constant.kept().map_or_else(
            || Self::lost(is_suspect, Marks::VARIED),
            |kept| Self {
                may: Rc::new(vec![kept]),
                is_suspect,
                marks: Marks::NONE,
            },
        )
    }

    pub(super) fn text(text: &str) -> Self {
        Self::constant(Constant::Text(text.to_owned()))
    }

    fn lost(suspect: bool, marks: Marks) -> Self {
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
    pub(super) const fn dissolved(&self) -> Marks {
        if self.is_suspect {
            self.marks.with(Marks::SUSPECT)
        } else {
            self.marks
        }
    }

    /// How much there is to look at.
    pub(super) fn weight(&self) -> u64 {
        self.may
            .iter()
            .fold(1, |weight, constant| weight.saturating_add(constant.length()))
    }

    /// This or `other`. Tells whether it became more.
    pub(super) fn join(&mut self, other: &Self) -> bool {
        let before = (self.may.len(), self.marks);
        self.marks = self.marks.with(other.marks);
        self.is_suspect |= other.is_suspect;
        if self.may.is_empty() {
            self.may = Rc::clone(&other.may);
        } else if !Rc::ptr_eq(&self.may, &other.may) {
            for constant in other.may.iter() {
                if let Err(at) = self.may.binary_search(constant) {
                    Rc::make_mut(&mut self.may).insert(at, constant.clone());
                }
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
        let is_name = |constant: &&Constant| match constant {
            Constant::Text(text) => names::is_internal(text),
            _ => false,
        };
        let kept: Vec<Constant> = self.may.iter().filter(is_name).take(CONSTANTS).cloned().collect();
        self.is_suspect = !kept.is_empty();
        self.may = Rc::new(kept);
    }

    /// Any of `constants`, besides what `marks` say.
    fn any(constants: impl Iterator<Item = Constant>, marks: Marks) -> Self {
        let distinct: BTreeSet<Constant> = constants.collect();
        let mut value = Self {
            is_suspect: distinct.iter().any(Constant::is_suspect),
            may: Rc::new(distinct.into_iter().collect()),
            marks,
        };
        if value.may.len() > CONSTANTS {
            value.widen();
        }
        value
    }

    /// What a loop over it meets.
    pub(super) fn items(&self) -> Self {
        let mut marks = self.marks.without(Marks::OBJECT);
        if self.marks.has(Marks::OBJECT) && !marks.is_open() {
            marks = marks.with(Marks::VARIED);
        }
        Self::any(self.may.iter().flat_map(Constant::items), marks)
    }

    /// The values of the dictionaries that it may be.
    pub(super) fn values(&self) -> Self {
        let pairs = self.may.iter().filter_map(|constant| match constant {
            Constant::Dict(pairs) => Some(pairs),
            _ => None,
        });
        Self::any(pairs.flatten().map(|(_, value)| value.clone()), self.marks)
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
