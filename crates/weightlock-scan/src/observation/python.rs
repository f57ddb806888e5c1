//! What Python source does.

pub use weightlock_format::python::Reach;

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// Something is done that a model has to account for.
    Deed(Deed),
    /// A model, tokenizer or data set is fetched.
    Download(Download),
    /// Code of a foreign repository is agreed to.
    RemoteCode(RemoteCode),
    /// A command in a notebook.
    Command(Command),
    /// The source is written in an encoding in which it does not look like itself.
    HiddenEncoding(String),
}

/// Something that source does, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deed {
    /// What.
    pub what: What,
    /// The dotted name that is called or handed over.
    pub name: String,
    /// How it is reached, in words: `is called`, `is handed to map`.
    pub how: String,
    /// When it happens.
    pub reach: Reach,
    /// The function that it happens in.
    pub function: Option<String>,
    /// Whether its name is written nowhere in the file, but put together from pieces.
    pub assembled: bool,
    /// Where what it is given comes from.
    pub given: Given,
}

/// What source does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// Starts a program.
    Process,
    /// Starts one of the programs that tell of the machine or convert media, with arguments that are written down.
    Tool,
    /// Runs source or byte code that it is given.
    Execute,
    /// Runs another source file.
    Source,
    /// Loads native code.
    Native,
    /// Compiles native code from source and loads it.
    NativeSource,
    /// Imports a module whose name is put together.
    HiddenImport,
    /// Imports a module whose name is not known before.
    ComputedImport,
    /// Reaches members of a module by a name that is not known before.
    ComputedMember,
    /// Walks from an object to the interpreter: `__subclasses__`, `__globals__`.
    Reflection,
    /// Reads a pickle or another format that can run code.
    Deserialize,
    /// Opens a connection.
    Network,
    /// Sends the environment, or what tells the machine apart, over a connection.
    Exfiltrate,
    /// Deletes files.
    Delete,
    /// Writes files.
    Write,
    /// Writes files in a place, written down, that is neither the model's nor one for what is thrown away.
    WriteOutside,
    /// Reads or writes files that hold secrets or are run at the start of something.
    SensitiveFile,
    /// Changes how the interpreter imports, traces or loads.
    Interpreter,
}

/// Where what a deed is given comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Given {
    /// It is written in the file, or not known.
    Plain,
    /// It is decoded from text in the file.
    Decoded,
    /// It is fetched.
    Network,
    /// It is read from a file.
    File,
}

/// A model, tokenizer or data set that is fetched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Download {
    /// The dotted name that is called.
    pub name: String,
    /// What is fetched, if it is known.
    pub source: Option<String>,
    /// The revision that is asked for, if one is.
    pub revision: Option<String>,
    /// Whether what is fetched is run as code.
    pub is_code: bool,
    /// Whether this is the code of a model, which fetches when its user asks for it.
    pub in_model_code: bool,
}

/// An agreement to run code of a foreign repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemoteCode {
    /// Where it is given: a dotted name, an option of a command, a key.
    pub name: String,
    /// Whether the revision is pinned by a commit.
    pub is_pinned: bool,
    /// Whether this is the code of a model.
    pub in_model_code: bool,
}

/// A command in a notebook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// The command.
    pub text: String,
    /// Whether it fetches something and runs it.
    pub fetches_and_runs: bool,
    /// Whether it only installs packages or looks around.
    pub is_usual: bool,
}
