//! What a pickle does.

use weightlock_format::{Problem, pickle::Global};

use crate::imports::{self, Grade, Import};

/// A name that a pickle imports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// Module and name, as the unpickler takes them.
    pub global: Global,
    /// What is known of it: the worse of what Python 3 and Python 2 take it for.
    pub known: Import,
}

impl Name {
    /// Looks the name up.
    #[must_use]
    pub fn new(global: &Global) -> Self {
        let resolved = global
            .resolved()
            .map(|(module, name)| imports::look_up(module, name));
        let written = match (&global.mapped, &global.module, &global.name) {
            (Some(_), Some(module), Some(name)) => Some(imports::look_up(module, name)),
            _ => None,
        };
        let known = match (resolved, written) {
            (_, Some(written)) if written.grade == Grade::Dangerous => written,
            (Some(resolved), _) => resolved,
            // A name that nobody can tell.
            _ => imports::look_up("", ""),
        };
        Self {
            global: global.clone(),
            known,
        }
    }

    /// `module.name`, with `?` for what is not known.
    #[must_use]
    pub fn dotted(&self) -> String {
        self.global.dotted()
    }

    /// Whether the name itself has dots, so that it leads through attributes.
    #[must_use]
    pub fn has_dots(&self) -> bool {
        self.global.resolved().is_some_and(|(_, name)| name.contains('.'))
    }

    /// Whether a list vouches for it.
    #[must_use]
    pub fn is_vouched(&self) -> bool {
        let listed = matches!(self.known.grade, Grade::LibraryClass | Grade::LibraryFunction);
        (self.known.is_silent() || listed) && !self.global.computed
    }
}

/// What becomes of a name that is imported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Use {
    /// Nothing that could be seen.
    Imported,
    /// It is called.
    Called {
        /// The arguments, shortened: `'echo', 1`.
        arguments: String,
        /// Whether it is made without its `__init__`.
        bare: bool,
        /// Whether what it reaches is told by its constant arguments, and is harmless.
        tame: bool,
        /// Whether a text among its arguments is a path or an address.
        names_file: bool,
    },
    /// It is handed to the call of something else, which may call it.
    Handed {
        /// To what.
        to: String,
        /// Whether that is known to call what it is given.
        called: bool,
    },
    /// It is put into an object.
    State {
        /// Into what.
        of: String,
        /// Under which key; empty when there is none.
        key: String,
        /// Whether Python calls what lies under that key.
        hook: bool,
    },
    /// It is changed itself: attributes or items of something that is imported, not constructed.
    Changed,
}

impl Use {
    /// Whether every rule says the same of both, of one name.
    #[must_use]
    pub fn weighs_as(&self, other: &Self) -> bool {
        match (self, other) {
            (
                &Self::Called {
                    bare,
                    tame,
                    names_file,
                    ..
                },
                &Self::Called {
                    bare: other_bare,
                    tame: other_tame,
                    names_file: other_names_file,
                    ..
                },
            ) => (bare, tame, names_file) == (other_bare, other_tame, other_names_file),
            (&Self::Handed { called, .. }, &Self::Handed { called: other, .. }) => called == other,
            (&Self::State { hook, .. }, &Self::State { hook: other, .. }) => hook == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// A name is imported, and what becomes of it.
    Name {
        /// The name.
        name: Name,
        /// What becomes of it.
        used: Use,
    },
    /// What a call gave is called.
    Result {
        /// What was called first; `None` when it cannot be told.
        root: Option<Name>,
        /// The arguments of the later call, shortened.
        arguments: String,
    },
    /// A callable that the file put together itself, or an object that holds one, lies where it may be called.
    Exposed {
        /// What put it together; `None` when it cannot be told.
        root: Option<Name>,
        /// Where it lies.
        to: String,
    },
    /// Attributes or items are put into something that a call found and did not make.
    Shared {
        /// What found it.
        finder: Name,
    },
    /// The state of an object says where in memory an array lies.
    Address {
        /// The object.
        of: String,
        /// The key.
        key: String,
    },
    /// The state of an object puts the result of a call where Python looks for a method.
    Hook {
        /// The object.
        of: String,
        /// The method.
        key: String,
    },
    /// Items are put into something that has none.
    Items {
        /// What made it.
        maker: Name,
    },
    /// A persistent id that is none of those that the container defines.
    Persistent {
        /// The id, shortened.
        id: String,
        /// Whether the container defines persistent ids.
        torch: bool,
    },
    /// An extension code that nothing in the stream registers.
    Extension {
        /// The code.
        code: i64,
    },
    /// A buffer that is not in the stream.
    Buffer,
    /// Something that picklers do not write, and that readers understand differently.
    Unusual {
        /// What.
        what: &'static str,
    },
    /// A frame ends within an argument.
    CutFrame,
    /// More is asked for than any honest stream asks for.
    Abuse {
        /// What.
        what: &'static str,
        /// How much.
        asked: u64,
    },
    /// The stream breaks.
    Broken {
        /// Why.
        problem: Problem,
        /// Whether something was imported before.
        after_import: bool,
    },
    /// A constant that is a stream of its own.
    Nested {
        /// What it is handed to; empty when to nothing.
        to: String,
        /// How many bytes it has.
        size: u64,
    },
}
