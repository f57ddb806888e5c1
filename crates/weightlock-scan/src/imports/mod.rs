//! What a name that a file imports stands for, and what it can do.
//!
//! Default deny: [`look_up`] knows exact (module, name) pairs, and everything else is [`Grade::Unknown`]. There are no
//! prefix entries: `torch.serialization` + `os.system` would pass one.

use serde::Serialize;

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

/// What a callable can do with arguments of an attacker's choice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Runs code that it is given: source, byte code, a pickle.
    Execute,
    /// Starts a program.
    Process,
    /// Imports a module or loads a library.
    Import,
    /// Reaches any object by name, or calls what it is given.
    Reflect,
    /// Loads a second file in a format that can run code.
    Load,
    /// Writes, moves or deletes files.
    FileWrite,
    /// Reads files.
    FileRead,
    /// Opens a connection.
    Network,
    /// Changes the interpreter: hooks, handlers, environment, exit.
    Interpreter,
    /// Uses memory by raw address.
    Memory,
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
}

/// What is known of `name` in `module`, both exactly as they are imported.
#[must_use]
pub fn look_up(module: &str, name: &str) -> Import {
    let _ = (module, name);
    Import {
        grade: Grade::Unknown,
        kind: Kind::Other,
        capabilities: &[],
    }
}
