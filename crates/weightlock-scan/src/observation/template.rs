//! What chat templates do.

use std::fmt;

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// A name of the insides of Python objects is looked up, or one that lies behind them.
    Name {
        /// The name.
        name: String,
        /// How it is looked up.
        access: Access,
        /// It runs programs or code, and is looked up behind the insides of an object.
        reached: bool,
        /// It is one of the insides; otherwise it begins with an underscore, or is `reached`.
        is_internal: bool,
    },
    /// A name is looked up that cannot be told before the template runs.
    UnknownName {
        /// How it is looked up.
        access: Access,
        /// Why it cannot be told.
        why: Unknown,
    },
    /// `str.format` takes attributes or items of its arguments, or its text cannot be told.
    Format {
        /// The text, when it can be told.
        template: Option<String>,
        /// The attributes and items in it.
        names: Vec<String>,
    },
    /// Another template is taken in.
    Inclusion {
        /// The tag.
        tag: &'static str,
        /// Which.
        template: Option<String>,
    },
    /// A function of Python's is called that no engine gives to templates.
    Function {
        /// Its name.
        name: String,
    },
    /// Another file of the same model has another template of the same name.
    Differs {
        /// What the template is called.
        name: String,
        /// The other file.
        other: String,
        /// The files are quantisations of one model; otherwise they are forms of one tokenizer.
        quantisation: bool,
    },
    /// It asks for a lot of work or memory.
    Work {
        /// Of what kind.
        work: Work,
        /// How much.
        amount: u64,
    },
}

/// How a name is looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// `of.name`
    Attribute,
    /// `of[name]`
    Item,
    /// `of|attr(name)`, `of|map('attr', name)`
    AttrFilter,
    /// `of|map(attribute=name)`, `of|selectattr(name)` and the like.
    AttributeArgument,
    /// `inside(name)`
    Argument,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attribute => "as an attribute",
            Self::Item => "as an item",
            Self::AttrFilter => "through the filter attr",
            Self::AttributeArgument => "through the argument of a filter",
            Self::Argument => "as an argument",
        })
    }
}

/// Why a name cannot be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unknown {
    /// Parts of internal names went into it.
    Assembled,
    /// It is cut out of the text of a function, class or generator.
    Representation,
    /// It is made of constants by an operation that is not followed.
    Unfollowed,
    /// It comes from whoever has the template rendered.
    Data,
}

/// A kind of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// `range(n)`.
    Range,
    /// A text that is repeated or padded.
    Repetition,
    /// Loops over constants within each other.
    Loops,
    /// A text that is appended to itself again and again.
    Doubling,
}

impl Work {
    /// What is ordinary is below.
    pub(crate) const fn threshold(self) -> u64 {
        match self {
            Self::Range | Self::Repetition => 1_000_000,
            Self::Loops => 10_000_000,
            Self::Doubling => 1,
        }
    }
}
