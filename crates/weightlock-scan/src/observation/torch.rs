//! What PyTorch containers declare.

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// A pickle states another size of a storage than its bytes have.
    StorageSize {
        /// The storage.
        key: String,
        /// Bytes, as stated; `None` when they are negative or overflow.
        stated: Option<u64>,
        /// Bytes that are there; `None` when there are none.
        record: Option<u64>,
    },
    /// A tensor reaches outside its storage.
    TensorOutside {
        /// The storage.
        key: String,
        /// Elements that the storage has.
        elements: u64,
        /// Elements that the tensor reaches; `None` when a number is negative or their product overflows.
        reached: Option<u64>,
    },
    /// A storage is filled like a dict or list.
    StorageFilled,
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
    /// A program for devices names an operator.
    DeviceOperator {
        /// The name: `aten::add`.
        name: String,
    },
    /// A program for devices hands a blob to a backend.
    DeviceBackend {
        /// The backend.
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
