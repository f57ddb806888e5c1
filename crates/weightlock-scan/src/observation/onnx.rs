//! What ONNX models refer to and call.

use crate::reach::Escape;

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// External data lies outside the folder of the model.
    ExternalData {
        /// The tensor.
        tensor: String,
        /// The path.
        location: String,
        /// How it leaves the folder.
        escape: Escape,
    },
    /// A tensor names more than one file for its data.
    Locations {
        /// The tensor.
        tensor: String,
    },
    /// An operator that calls Python.
    PythonOperator {
        /// The operator with its domain.
        operator: String,
        /// The module and function that it names, where it names them.
        target: Option<String>,
    },
    /// An operator of a domain that no runtime has by itself and that the file does not define.
    UnknownOperator {
        /// The domain.
        domain: String,
        /// The operator.
        operator: String,
    },
    /// An operator makes a tensor from constants of the file that is larger than any machine holds.
    Inflation {
        /// The operator.
        operator: String,
        /// Elements of the result, at least.
        elements: u128,
    },
}
