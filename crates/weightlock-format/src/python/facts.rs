//! What a reader of Python source puts down: calls, and when they happen.

use super::value::{Origin, Value};

/// What a source file does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Source {
    /// Calls and references to globals, in the order of the text.
    pub calls: Vec<Call>,
    /// Functions, lambdas included.
    pub functions: Vec<Function>,
    /// Classes.
    pub classes: Vec<Class>,
    /// Values stored under a global: `os.environ['PATH'] = …`, `builtins.print = …`.
    pub stores: Vec<Store>,
    /// Annotations that are texts and hold a call, with their offset: whoever asks for types evaluates them.
    pub annotations: Vec<(u64, String)>,
    /// Commands of notebooks: `!pip install x`, `%run y.py`.
    pub commands: Vec<Command>,
    /// Where the text breaks the grammar, and how; what could be read around it is there.
    pub broken: Option<(u64, String)>,
}

/// A call, or a reference that hands a callable over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// Offset in the text.
    pub offset: u64,
    /// The dotted name of what is called, imports and aliases resolved: `os.system`, `socket.socket.connect`.
    pub name: String,
    /// Where the pieces of the name come from.
    pub origin: Origin,
    /// How it is reached.
    pub how: How,
    /// The arguments.
    pub arguments: Vec<Argument>,
    /// The function that it happens in, an index into [`Source::functions`]; `None` in the module itself.
    pub function: Option<usize>,
    /// When it happens.
    pub reach: Reach,
}

/// How a global is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum How {
    /// Called.
    Called,
    /// Imported.
    Imported,
    /// Handed to a call of this name, which may call it.
    Passed(String),
    /// Given back by a method whose result a loader calls, such as `__reduce__`.
    Returned,
    /// Stored under this global name, in place of what was there.
    Stored(String),
    /// An attribute that leads from any object to any other, such as `__globals__`.
    Attribute,
}

/// An argument of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Argument {
    /// The keyword; `None` of a positional one, `**` of an unpacked dictionary.
    pub keyword: Option<String>,
    /// What is known of it.
    pub value: Value,
}

/// When code runs, soonest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reach {
    /// When the module is imported.
    Import,
    /// When an object is made, loaded or thrown away: constructors, `from_pretrained`, `__reduce__`, `__del__`.
    Construct,
    /// When the model is used: `forward`, `predict`, a request to a handler.
    Use,
    /// When somebody calls the function.
    Call,
    /// When the file is run as a program.
    Script,
}

/// A function of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    /// Its name, with the class that it belongs to: `Model.__init__`.
    pub name: String,
    /// When it runs.
    pub reach: Reach,
}

/// A class of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// The classes of other files that it derives from.
    pub bases: Vec<String>,
}

/// A value stored under a global.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    /// Offset in the text.
    pub offset: u64,
    /// The global: `os.environ`.
    pub target: String,
    /// The key or attribute, if it is known.
    pub key: Option<String>,
    /// The value.
    pub value: Value,
    /// The function that it happens in; `None` in the module itself.
    pub function: Option<usize>,
    /// When it happens.
    pub reach: Reach,
}

/// A command of a notebook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// Offset in the text.
    pub offset: u64,
    /// Whether a shell runs it; otherwise it is a magic.
    pub shell: bool,
    /// The text behind `!` or `%`.
    pub text: String,
}

impl Call {
    /// The positional argument `at`, or the one called `keyword`.
    #[must_use]
    pub fn argument(&self, at: usize, keyword: &str) -> Option<&Value> {
        let named = self
            .arguments
            .iter()
            .find(|argument| argument.keyword.as_deref() == Some(keyword));
        let mut positional = self
            .arguments
            .iter()
            .filter(|argument| argument.keyword.is_none());
        named
            .or_else(|| positional.nth(at))
            .map(|argument| &argument.value)
    }

    /// The argument called `keyword`.
    #[must_use]
    pub fn keyword(&self, keyword: &str) -> Option<&Value> {
        let named = self
            .arguments
            .iter()
            .find(|argument| argument.keyword.as_deref() == Some(keyword));
        named.map(|argument| &argument.value)
    }

    /// Where all the arguments come from.
    #[must_use]
    pub fn arguments_origin(&self) -> Origin {
        self.arguments
            .iter()
            .fold(Origin::NONE, |all, argument| all.and(argument.value.origin))
    }
}
