//! What TensorFlow graphs, TensorFlow Lite and Core ML models call.

use crate::reach::Escape;

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// An operator that does more than compute.
    Operator {
        /// The operator.
        operator: String,
        /// What it does.
        reach: Reach,
        /// The node, with the function it stands in.
        node: String,
        /// The text that decides, such as the address that is written to.
        target: Option<String>,
    },
    /// An operator that TensorFlow has not got and the file does not define.
    ForeignOperator {
        /// The operator.
        operator: String,
        /// The first node of it.
        node: String,
    },
    /// A file beside the model, named so that it leaves the folder.
    Asset {
        /// The name.
        name: String,
        /// How it leaves.
        escape: Escape,
    },
    /// An operator of a TensorFlow Lite model that its interpreter has not got.
    CustomOperator {
        /// The operator.
        operator: String,
        /// What the TensorFlow operator of that name does, where it is one (a *Flex* operator).
        reach: Option<Reach>,
    },
    /// A class of native code in the app that a Core ML model needs.
    CustomClass {
        /// The class.
        class: String,
    },
    /// Another model file that a Core ML model loads.
    LinkedModel {
        /// Its path.
        path: String,
    },
}

/// What an operator reaches beyond the tensors that it is given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reach {
    /// Python functions of the process.
    Python,
    /// Files, for writing.
    FileWrite,
    /// Files, for reading.
    FileRead,
    /// A data set on disk or a server, as input pipelines read it.
    DataSet,
    /// Other machines.
    Network,
    /// Code on the host of an accelerator.
    HostCallback,
}
