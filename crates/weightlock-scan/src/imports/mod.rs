//! What a name that a file imports stands for, and what it can do.
//!
//! Default deny: [`look_up`] knows exact (module, name) pairs, and what it does not know is [`Grade::Unlisted`] or
//! [`Grade::Unknown`], never safe. No entry vouches for a prefix: `torch.serialization` + `os.system` would pass one.
//! The names come from text tables ([`table`]): those in `reviewed/` are decided by hand, those in `table/` are made
//! by `cargo xtask imports --write` from the sources of CPython 3.8 to 3.14 and of the libraries. A name is in one place
//! only.

mod capability;
mod dotted;
mod python2;
mod roots;
pub mod scipy;
mod table;
mod version;

pub use capability::Capability;
pub use python2::modern;
pub use roots::is_of_python;
use serde::Serialize;
use table::Table;
pub use version::{DIGEST, VERSION};

/// How far a name is vouched for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Plain containers and values of the standard library. Silent in every profile.
    Core,
    /// What PyTorch accepts with `weights_only=True`. Silent in every profile.
    TorchWeights,
    /// Arrays, dtypes and random states of NumPy. Silent in every profile.
    Numpy,
    /// A class of a known library, that may be constructed.
    LibraryClass,
    /// A function of a known library that its own pickles call to rebuild an object.
    LibraryFunction,
    /// A name that can do harm; see its capabilities.
    Dangerous,
    /// A name of the standard library or of a known library that is on no list of safe ones.
    Unlisted,
    /// A name that nobody knows.
    Unknown,
}

/// What a name is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A class.
    Class,
    /// A function or method.
    Function,
    /// A module, a constant, or not known.
    Other,
}

/// What is known of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Import {
    /// How far it is vouched for.
    pub grade: Grade,
    /// What it is.
    pub kind: Kind,
    /// What it can do; empty unless the grade is [`Grade::Dangerous`].
    pub capabilities: &'static [Capability],
    /// What a class can do when it is made without its `__init__` and given a state, as NEWOBJ, NEWOBJ_EX,
    /// `copyreg._reconstructor` and BUILD do. Of anything but a class: the same as `capabilities`.
    pub bare_capabilities: &'static [Capability],
    /// Whether it calls an argument, as `torch._tensor._rebuild_from_type_v2` does: what it is given counts as called.
    pub calls_arguments: bool,
    /// Whether the only reach of the bare class is that it executes a text of its state: harmless when that text is one
    /// that [`scipy::is_argument_parser`] knows.
    pub executes_template: bool,
    /// Whether it may be kept as a value without a word, such as the score function of a feature selection: a function
    /// of a known library in which no reach was found. That says nothing of calling it, and its grade is
    /// [`Grade::Unlisted`].
    pub may_be_held: bool,
}

impl Import {
    const fn plain(grade: Grade) -> Self {
        Self {
            grade,
            kind: Kind::Other,
            capabilities: &[],
            bare_capabilities: &[],
            calls_arguments: false,
            executes_template: false,
            may_be_held: false,
        }
    }

    /// The same name when it is made without its `__init__`: a class whose reach lies in `__init__` alone is then an
    /// ordinary class of its library.
    #[must_use]
    pub fn bare(self) -> Self {
        let grade = match self.grade {
            Grade::Dangerous if self.kind == Kind::Class && self.bare_capabilities.is_empty() => {
                Grade::LibraryClass
            }
            grade => grade,
        };
        Self {
            grade,
            capabilities: self.bare_capabilities,
            ..self
        }
    }

    /// Whether it is silent in every profile.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        matches!(self.grade, Grade::Core | Grade::TorchWeights | Grade::Numpy)
    }

    /// Whether it has `capability`.
    #[must_use]
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}

macro_rules! tables {
    ($($file:literal),+ $(,)?) => { &[$(Table::new($file, include_str!($file))),+] };
}

/// Every table. A name is in one of them at most, so their order does not matter.
const TABLES: &[Table] = tables![
    "reviewed/core.txt",
    "reviewed/dangerous.txt",
    "reviewed/frameworks.txt",
    "reviewed/interpreter.txt",
    "reviewed/libraries.txt",
    "reviewed/numpy.txt",
    "reviewed/torch_weights.txt",
    "reviewed/unlisted.txt",
    "table/diffusers.txt",
    "table/jax.txt",
    "table/keras.txt",
    "table/libraries.txt",
    "table/more.txt",
    "table/numpy.txt",
    "table/pandas.txt",
    "table/scikit_learn.txt",
    "table/scipy.txt",
    "table/stdlib.txt",
    "table/tensorflow.txt",
    "table/tools.txt",
    "table/torch.txt",
    "table/transformers.txt",
];

/// What is known of `name` in `module`, both exactly as they are imported.
///
/// 1. The module runs when it is imported: its name does not matter.
/// 2. The pair is in a table: its entry.
/// 3. The module or the pair is one of Python 2, which unpicklers map: the answer for today's pair.
/// 4. The name has dots: what they lead to, never better than [`Grade::Unlisted`].
/// 5. The module belongs to the standard library or to a known library: [`Grade::Unlisted`].
/// 6. Otherwise [`Grade::Unknown`].
#[must_use]
pub fn look_up(module: &str, name: &str) -> Import {
    started(module)
        .or_else(|| listed(module, name))
        .or_else(|| modern(module, name).and_then(|(module, name)| listed(&module, &name)))
        .or_else(|| dotted::judge(module, name))
        .or_else(|| module_object(name))
        .unwrap_or_else(|| {
            Import::plain(if roots::is_known(module) {
                Grade::Unlisted
            } else {
                Grade::Unknown
            })
        })
}

/// Modules that do their work when they are imported, beside those named `__main__`.
const PROGRAMS: &[&str] = &["antigravity", "idlelib.idle"];

/// What every name stands for in a module that runs when it is imported: `unittest.__main__` is a program, and plain
/// `__main__` is the one that reads the file.
fn started(module: &str) -> Option<Import> {
    let is_program = module.ends_with(".__main__") || PROGRAMS.contains(&module);
    is_program.then(|| table::read_code("dOX")).flatten()
}

/// Modules from which everything is reached, wherever another module has imported them: `logging.os` is `os`.
const MODULES: &[&str] = &[
    "_posixsubprocess",
    "asyncio",
    "builtins",
    "code",
    "codeop",
    "ctypes",
    "importlib",
    "imp",
    "inspect",
    "marshal",
    "multiprocessing",
    "nt",
    "os",
    "pickle",
    "pkgutil",
    "posix",
    "pty",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "types",
    "urllib",
    "warnings",
    "webbrowser",
    "zipimport",
];

fn module_object(name: &str) -> Option<Import> {
    MODULES.contains(&name).then(|| table::read_code("dOR")).flatten()
}

/// The entry of the pair in the tables.
fn listed(module: &str, name: &str) -> Option<Import> {
    TABLES.iter().find_map(|table| table.find(module, name))
}

#[cfg(test)]
mod tests;
