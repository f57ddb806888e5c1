//! What PyTorch containers declare.

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// TorchScript uses an operator.
    Operator {
        /// The library: `aten`.
        library: String,
        /// The name in it: `save`.
        name: String,
    },
    /// TorchScript calls a method: one that its own code defines, or the operator of that name in `aten`.
    Method {
        /// The name.
        name: String,
        /// Whether the same source defines a method of that name.
        is_defined: bool,
    },
    /// TorchScript hands a namespace of operators on as a value.
    Namespace {
        /// `torch`, `ops` or `ops.library`.
        name: String,
    },
    /// TorchScript calls a function of Python.
    PythonOperator {
        /// The name.
        name: String,
    },
    /// TorchScript uses a class of a native library.
    NativeClass {
        /// The library.
        library: String,
        /// The name in it.
        name: String,
    },
}
