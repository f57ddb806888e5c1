//! [`Values`]: what lies on the stack and in the memo, as far as it can be told without running anything.
//!
//! A [`Value`] is eight bytes that mean something only together with the [`Values`] it comes from: small constants
//! are in it, strings are kept in one buffer or found again in the content, and containers and objects lie in one
//! arena. Nothing owns anything else, so cycles cost nothing and nothing is dropped recursively. When the arena is
//! full, further containers of a kind become one (the *crowd*), which holds what any of them holds: nothing that
//! was put into one is lost, and nothing that calls something can hide in the millionth list.

mod making;

use std::{
    collections::{HashMap, HashSet},
    num::NonZeroU64,
};

use super::{Op, literal};
use crate::content::Content;

/// A value. See [`Values::view`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Value(NonZeroU64);

/// The kind of a [`Value`], in its upper four bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tag {
    Unknown = 1,
    None,
    Bool,
    Int,
    Long,
    Float,
    KeptText,
    FarText,
    MadeText,
    KeptBytes,
    FarBytes,
    MadeBytes,
    Object,
}

const TAGS: [Tag; 13] = [
    Tag::Unknown,
    Tag::None,
    Tag::Bool,
    Tag::Int,
    Tag::Long,
    Tag::Float,
    Tag::KeptText,
    Tag::FarText,
    Tag::MadeText,
    Tag::KeptBytes,
    Tag::FarBytes,
    Tag::MadeBytes,
    Tag::Object,
];

const PAYLOAD_BITS: u32 = 60;
const PAYLOAD: u64 = (1 << PAYLOAD_BITS) - 1;
/// Bits of a payload that hold the length of kept bytes; the others hold where they begin.
const LENGTH_BITS: u32 = 28;
const LENGTH: u64 = (1 << LENGTH_BITS) - 1;

impl Value {
    /// Nothing is known of it.
    pub const UNKNOWN: Self = Self(NonZeroU64::MIN);
    /// `None`.
    pub const NONE: Self = Self::new(Tag::None, 0);

    const fn new(tag: Tag, payload: u64) -> Self {
        // Tags begin at 1, so that a value is never zero and an optional one takes no more room.
        match NonZeroU64::new((tag as u64) << PAYLOAD_BITS | payload & PAYLOAD) {
            Some(packed) => Self(packed),
            None => Self::UNKNOWN,
        }
    }

    pub(super) const fn bool(value: bool) -> Self {
        Self::new(Tag::Bool, value as u64)
    }

    pub(super) const fn float() -> Self {
        Self::new(Tag::Float, 0)
    }

    /// An integer, as far as it has 60 bits.
    pub(super) const fn int(value: i64) -> Self {
        let packed = Self::new(Tag::Int, value.cast_unsigned());
        if packed.signed() == value {
            packed
        } else {
            Self::new(Tag::Long, 0)
        }
    }

    pub(super) const fn long() -> Self {
        Self::new(Tag::Long, 0)
    }

    fn tag(self) -> Tag {
        let index = usize::try_from(self.0.get() >> PAYLOAD_BITS).unwrap_or_default();
        TAGS.get(index.saturating_sub(1)).copied().unwrap_or(Tag::Unknown)
    }

    const fn payload(self) -> u64 {
        self.0.get() & PAYLOAD
    }

    const fn signed(self) -> i64 {
        (self.payload() << 4).cast_signed() >> 4
    }

    /// Where kept bytes lie in the buffer.
    fn kept(self) -> std::ops::Range<usize> {
        let start = usize::try_from(self.payload() >> LENGTH_BITS).unwrap_or(usize::MAX);
        let length = usize::try_from(self.payload() & LENGTH).unwrap_or_default();
        start..start.saturating_add(length)
    }

    pub(super) fn object(self) -> Option<usize> {
        (self.tag() == Tag::Object)
            .then(|| usize::try_from(self.payload()).ok())
            .flatten()
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum View<'a> {
    /// Not known: the result of something that is not evaluated.
    Unknown,
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// An integer of at most 60 bits.
    Int(i64),
    /// A longer one.
    Long,
    /// A number with a fraction.
    Float,
    /// Text; see [`Values::text`].
    Text,
    /// Bytes, or a `bytearray`; see [`Values::bytes`].
    Bytes,
    /// A tuple.
    Tuple(Items<'a>),
    /// A list.
    List(Items<'a>),
    /// A dict: keys and values in turn.
    Dict(Items<'a>),
    /// A set.
    Set(Items<'a>),
    /// A frozenset.
    FrozenSet(Items<'a>),
    /// Something that is imported.
    Global(&'a Global),
    /// What a call gives.
    Instance(&'a Instance),
    /// What a persistent id stands for.
    Persistent(Value),
    /// What the program that loads the stream registered under a number.
    Extension(i64),
    /// A buffer that is not in the stream.
    Buffer,
}

/// The values in a container.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a> {
    /// The first ones, and of the others those that are not plain constants.
    pub kept: &'a [Value],
    /// How many plain constants are left out.
    pub left_out: u64,
    /// Whether it stands for several containers, because there were too many.
    pub crowd: bool,
}

/// Something that is imported.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Global {
    /// The module, as it is written; `None` when it is not known.
    pub module: Option<String>,
    /// The name in the module, as it is written; `None` when it is not known.
    pub name: Option<String>,
    /// Module and name that Python 3 takes for those of Python 2, in protocols before 3, when they differ.
    pub mapped: Option<(String, String)>,
    /// Whether module or name are the result of a call.
    pub computed: bool,
}

impl Global {
    /// Module and name that Python 3 imports, when both are known.
    #[must_use]
    pub fn resolved(&self) -> Option<(&str, &str)> {
        match (&self.mapped, &self.module, &self.name) {
            (Some((module, name)), ..) => Some((module, name)),
            (None, Some(module), Some(name)) => Some((module, name)),
            _ => None,
        }
    }

    /// `module.name`, with `?` for what is not known.
    #[must_use]
    pub fn dotted(&self) -> String {
        match self.resolved() {
            Some((module, name)) => format!("{module}.{name}"),
            None => format!(
                "{}.{}",
                self.module.as_deref().unwrap_or("?"),
                self.name.as_deref().unwrap_or("?")
            ),
        }
    }
}

/// What a call gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instance {
    /// What was called.
    pub callable: Value,
    /// The arguments: a tuple, unless the stream is odd.
    pub args: Value,
    /// Arguments by name; [`Value::NONE`] when there are none.
    pub kwargs: Value,
    /// What BUILD gave it last; [`Value::UNKNOWN`] when nothing.
    pub state: Value,
    /// The opcode that called.
    pub op: Op,
}

/// A container or object in the arena.
#[derive(Debug)]
enum Object {
    Tuple { start: u32, count: u32 },
    FrozenSet { start: u32, count: u32 },
    List(Contents),
    Dict(Contents),
    Set(Contents),
    Global(u32),
    Instance(u32),
    Persistent(Value),
    Extension(i64),
    Buffer,
}

#[derive(Debug, Default)]
struct Contents {
    items: Vec<Value>,
    left_out: u32,
}

/// The kinds of containers that can be filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Tuple,
    FrozenSet,
    List,
    Dict,
    Set,
}

/// Every value of a stream. See the [module](self).
#[derive(Debug)]
pub struct Values {
    content: Content,
    kept: Vec<u8>,
    objects: Vec<Object>,
    /// The items of tuples and frozensets.
    pool: Vec<Value>,
    globals: Vec<Global>,
    instances: Vec<Instance>,
    imported: HashMap<Global, Value>,
    /// Bytes of strings that calls gave.
    made: usize,
    /// Bytes of the arena in use.
    spent: usize,
    crowds: [Option<Value>; 5],
    in_crowd: HashSet<(usize, Value)>,
    calls_in_crowd: HashMap<(Value, Op), Value>,
}

impl Values {
    /// Bytes of strings that are kept; the others are read again when they are asked for.
    const MOST_KEPT: usize = 8 << 20;
    /// Bytes of strings that calls may give, all together.
    const MOST_MADE: usize = 4 << 20;
    /// Longer strings are not kept.
    pub(super) const MOST_STRING: usize = 512;
    /// Bytes that containers and objects may take.
    const MOST_ARENA: usize = 32 << 20;
    /// Plain constants that are kept in one container.
    const MOST_PLAIN: usize = 4096;
    /// Things that the crowd of one kind holds.
    const MOST_IN_CROWD: usize = 4096;

    pub(super) fn new(content: &Content) -> Self {
        Self {
            content: content.clone(),
            kept: Vec::new(),
            objects: Vec::new(),
            pool: Vec::new(),
            globals: Vec::new(),
            instances: Vec::new(),
            imported: HashMap::new(),
            made: 0,
            spent: 0,
            crowds: [None; 5],
            in_crowd: HashSet::new(),
            calls_in_crowd: HashMap::new(),
        }
    }

    /// What `value` is.
    #[must_use]
    pub fn view(&self, value: Value) -> View<'_> {
        match value.tag() {
            Tag::Unknown => View::Unknown,
            Tag::None => View::None,
            Tag::Bool => View::Bool(value.payload() != 0),
            Tag::Int => View::Int(value.signed()),
            Tag::Long => View::Long,
            Tag::Float => View::Float,
            Tag::KeptText | Tag::FarText | Tag::MadeText => View::Text,
            Tag::KeptBytes | Tag::FarBytes | Tag::MadeBytes => View::Bytes,
            Tag::Object => self.view_object(value),
        }
    }

    fn view_object(&self, value: Value) -> View<'_> {
        let contents = |contents: &'_ Contents| Items {
            kept: &[],
            left_out: u64::from(contents.left_out),
            crowd: self.is_crowd(value),
        };
        match value.object().and_then(|index| self.objects.get(index)) {
            None => View::Unknown,
            Some(&Object::Tuple { start, count }) => View::Tuple(self.pooled(value, start, count)),
            Some(&Object::FrozenSet { start, count }) => View::FrozenSet(self.pooled(value, start, count)),
            Some(Object::List(list)) => View::List(Items {
                kept: &list.items,
                ..contents(list)
            }),
            Some(Object::Dict(dict)) => View::Dict(Items {
                kept: &dict.items,
                ..contents(dict)
            }),
            Some(Object::Set(set)) => View::Set(Items {
                kept: &set.items,
                ..contents(set)
            }),
            Some(&Object::Global(index)) => match self.globals.get(index as usize) {
                Some(global) => View::Global(global),
                None => View::Unknown,
            },
            Some(&Object::Instance(index)) => match self.instances.get(index as usize) {
                Some(instance) => View::Instance(instance),
                None => View::Unknown,
            },
            Some(&Object::Persistent(id)) => View::Persistent(id),
            Some(&Object::Extension(code)) => View::Extension(code),
            Some(Object::Buffer) => View::Buffer,
        }
    }

    fn pooled(&self, value: Value, start: u32, count: u32) -> Items<'_> {
        let (start, count) = (start as usize, count as usize);
        let kept = self
            .pool
            .get(start..start.saturating_add(count))
            .unwrap_or_default();
        Items {
            kept,
            left_out: 0,
            crowd: self.is_crowd(value),
        }
    }

    fn is_crowd(&self, value: Value) -> bool {
        self.crowds.contains(&Some(value))
    }

    /// The text, when it is text of at most `most` bytes.
    #[must_use]
    pub fn text(&self, value: Value, most: usize) -> Option<String> {
        match value.tag() {
            Tag::KeptText | Tag::MadeText => {
                let kept = self.kept.get(value.kept())?;
                (kept.len() <= most).then(|| String::from_utf8_lossy(kept).into_owned())
            }
            Tag::FarText => literal::text_at(&self.content, value.payload(), most),
            _ => None,
        }
    }

    /// The bytes, when it is bytes; of text, the bytes that spell it in the stream.
    #[must_use]
    pub fn bytes(&self, value: Value) -> Option<Content> {
        match value.tag() {
            Tag::KeptText | Tag::MadeText | Tag::KeptBytes | Tag::MadeBytes => {
                Some(self.kept.get(value.kept())?.to_vec().into())
            }
            Tag::FarText | Tag::FarBytes => {
                let range = literal::range_at(&self.content, value.payload())?;
                Some(
                    self.content
                        .part(range.start, range.end.saturating_sub(range.start)),
                )
            }
            _ => None,
        }
    }

    /// Whether it is a string that a call gives.
    #[must_use]
    pub fn is_made(&self, value: Value) -> bool {
        matches!(value.tag(), Tag::MadeText | Tag::MadeBytes)
    }

    /// The global, when it is one.
    #[must_use]
    pub fn global(&self, value: Value) -> Option<&Global> {
        match self.view(value) {
            View::Global(global) => Some(global),
            _ => None,
        }
    }

    /// The value of `key` in a dict, the last one when there are several.
    #[must_use]
    pub fn item(&self, dict: Value, key: &str) -> Option<Value> {
        let View::Dict(items) = self.view(dict) else {
            return None;
        };
        let is_key = |pair: &&[Value]| {
            pair.first()
                .is_some_and(|&found| self.text(found, key.len()).is_some_and(|text| text == key))
        };
        items.kept.chunks_exact(2).rev().find(is_key)?.get(1).copied()
    }

    /// Every global that `value` holds, itself included, in containers in containers. The steps taken are counted
    /// off `steps`; at zero the answer is incomplete.
    #[must_use]
    pub fn globals_in(&self, value: Value, steps: &mut u64) -> Vec<Value> {
        self.leaves_in(value, steps, |view| matches!(view, View::Global(_)))
    }

    /// Every object that a call gave which `value` holds, itself included, in containers in containers; what such an
    /// object was made of is not looked into. Steps are counted as in [`Values::globals_in`].
    #[must_use]
    pub fn instances_in(&self, value: Value, steps: &mut u64) -> Vec<Value> {
        self.leaves_in(value, steps, |view| matches!(view, View::Instance(_)))
    }

    fn leaves_in(&self, value: Value, steps: &mut u64, wanted: fn(&View<'_>) -> bool) -> Vec<Value> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            if *steps == 0 {
                break;
            }
            *steps = steps.saturating_sub(1);
            if value.tag() != Tag::Object || !seen.insert(value) {
                continue;
            }
            let view = self.view(value);
            if wanted(&view) {
                found.push(value);
                continue;
            }
            let items = view.items().unwrap_or_default();
            *steps = steps.saturating_sub(items.len() as u64);
            open.extend(items.iter().copied().filter(|item| item.tag() == Tag::Object));
        }
        found.reverse();
        found
    }
}

impl<'a> View<'a> {
    /// The values in it, when it is a container.
    #[must_use]
    pub const fn items(&self) -> Option<&'a [Value]> {
        match self {
            Self::Tuple(items) | Self::List(items) | Self::Dict(items) => Some(items.kept),
            Self::Set(items) | Self::FrozenSet(items) => Some(items.kept),
            _ => None,
        }
    }
}
