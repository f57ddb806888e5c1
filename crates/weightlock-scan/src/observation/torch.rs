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
    /// An exported program looks a name up in Python and calls it; it is no operator below `torch.ops`.
    ExportTarget {
        /// The dotted name.
        target: String,
    },
    /// An exported program holds a text that loading evaluates, and that is no expression over sizes.
    ExportExpression {
        /// The text.
        text: String,
        /// What it is.
        evaluated: Evaluated,
    },
}

/// What a text is that loading evaluates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evaluated {
    /// It calls a function that exports do not write.
    UnknownCall,
    /// It has strings, attributes, indices or private names.
    Program,
}
