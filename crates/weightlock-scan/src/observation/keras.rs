//! What a Keras model configuration or an HDF5 file asks for.

use weightlock_format::hdf5::ForeignKind;

use super::marshal::Reached;

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// Marshalled code, which loading the model turns into a function.
    Code {
        /// What it reaches; `None` when it could not be read.
        reached: Option<Vec<Reached>>,
    },
    /// A layer that calls a function which it names and does not bring.
    NamedFunction {
        /// The name.
        name: String,
    },
    /// A class or function that loading the model looks up.
    Reference(Reference),
    /// A layer that loads a PyTorch module with pickle.
    TorchModule,
    /// A layer that loads another model, with code of its own.
    OtherModel {
        /// The class of the layer.
        class: String,
    },
    /// A path that a layer reads.
    File {
        /// The field.
        key: String,
        /// As written.
        path: String,
    },
    /// A key occurs twice in an object.
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// An HDF5 file with the name of the zip format, whose protection does not apply to it.
    FormatMismatch,
    /// An HDF5 file takes something from another file.
    Foreign {
        /// How.
        kind: ForeignKind,
        /// The link or dataset.
        path: String,
        /// The other file, as written.
        file: String,
    },
}

/// A class or function that a configuration names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// Whether it is called as it is, or made from its configuration.
    pub kind: ReferenceKind,
    /// The module; `None` when none is stated, and Keras looks among its own and what was registered.
    pub module: Option<String>,
    /// The name in the module.
    pub name: String,
    /// The name that it was registered under, `package>name`.
    pub registered: Option<String>,
}

/// How a name is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReferenceKind {
    /// A class.
    Class,
    /// A function.
    Function,
    /// A symbol of TensorFlow's public interface, which a layer of TensorFlow's Keras calls.
    TensorflowSymbol,
}
