//! What analyzers see, one family a file. An observation states a fact about the bytes and judges nothing.

pub mod config;
pub mod container;
pub mod embedded;
pub mod indicator;
pub mod integrity;
pub mod keras;
pub mod marshal;
pub mod numpy;
pub mod onnx;
pub mod other;
pub mod pickle;
pub mod python;
pub mod template;
pub mod tensorflow;
pub mod torch;

/// A fact, and where in its content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// Offset from the start of the content; `None` when the whole is meant.
    pub offset: Option<u64>,
    /// The opcode or field it was seen in.
    pub construct: Option<String>,
    /// The fact.
    pub what: Observation,
}

/// A fact about a content.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Observation {
    /// What configuration files ask for: remote code, targets, loaders.
    Config(config::Seen),
    /// What archives and compressed streams hold and how their readers disagree.
    Container(container::Seen),
    /// Content of another kind where none belongs: executables, archives and pickles hidden in data, text or behind the end.
    Embedded(embedded::Seen),
    /// Secrets, addresses and similar in metadata and text.
    Indicator(indicator::Seen),
    /// Rules of a format that a file breaks.
    Integrity(integrity::Seen),
    /// What a Keras model configuration or an HDF5 file asks for.
    Keras(keras::Seen),
    /// What compiled Python code names.
    Marshal(marshal::Seen),
    /// What NumPy and joblib files declare.
    Numpy(numpy::Seen),
    /// What ONNX models refer to and call.
    Onnx(onnx::Seen),
    /// What the remaining formats declare.
    Other(other::Seen),
    /// What a pickle does.
    Pickle(pickle::Seen),
    /// What Python source does.
    Python(python::Seen),
    /// What chat templates do.
    Template(template::Seen),
    /// What TensorFlow graphs and TensorFlow Lite models call.
    Tensorflow(tensorflow::Seen),
    /// What PyTorch containers declare.
    Torch(torch::Seen),
}

macro_rules! families {
    ($($variant:ident $module:ident),+ $(,)?) => {$(
        impl From<$module::Seen> for Observation {
            fn from(seen: $module::Seen) -> Self {
                Self::$variant(seen)
            }
        }
    )+};
}

families!(
    Config config,
    Container container,
    Embedded embedded,
    Indicator indicator,
    Integrity integrity,
    Keras keras,
    Marshal marshal,
    Numpy numpy,
    Onnx onnx,
    Other other,
    Pickle pickle,
    Python python,
    Template template,
    Tensorflow tensorflow,
    Torch torch,
);
