//! What is wrong with a file ([`Problem`]) and why a file could not be examined ([`Error`]).

use std::{fmt, io};

use weightlock_artifact::{reason::Code, text::Shown};

use crate::reason;

/// One broken rule or one exceeded limit, and the byte where it was seen.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The bytes break a rule of their format.
    #[error("at byte {offset}: {fault}")]
    Malformed {
        /// Offset from the start of the file.
        offset: u64,
        /// The rule.
        fault: Fault,
    },
    /// The file asks for more than Weightlock grants to any file.
    #[error("at byte {offset}: {what} is {asked}, and the limit is {limit}")]
    LimitExceeded {
        /// Offset from the start of the file.
        offset: u64,
        /// What was counted.
        what: &'static str,
        /// What the file asks for.
        asked: u64,
        /// The most that is granted.
        limit: u64,
    },
}

/// The rule that was broken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file, or the part being read, ends too early.
    #[error("{needed} bytes are needed and {left} are left")]
    Truncated {
        /// Bytes asked for.
        needed: u64,
        /// Bytes left.
        left: u64,
    },
    /// Bytes follow where the format has none.
    #[error("{left} bytes follow the end")]
    Trailing {
        /// Bytes that nobody owns.
        left: u64,
    },
    /// A rule of JSON.
    #[error(transparent)]
    Json(#[from] crate::json::Fault),
    /// A rule of safetensors.
    #[error(transparent)]
    Safetensors(#[from] crate::safetensors::Fault),
    /// A rule of GGML.
    #[error(transparent)]
    Ggml(#[from] crate::ggml::Fault),
    /// A rule of GGUF.
    #[error(transparent)]
    Gguf(#[from] crate::gguf::Fault),
    /// A rule of pickle.
    #[error(transparent)]
    Pickle(#[from] crate::pickle::Fault),
    /// A rule of NumPy's format.
    #[error(transparent)]
    Numpy(#[from] crate::numpy::Fault),
    /// A rule of files of arrays.
    #[error(transparent)]
    Ndarrays(#[from] crate::ndarrays::Fault),
    /// A rule of TorchScript.
    #[error(transparent)]
    TorchScript(#[from] crate::torchscript::Fault),
    /// A rule of HDF5.
    #[error(transparent)]
    Hdf5(#[from] crate::hdf5::Fault),
    /// A rule of the template language.
    #[error(transparent)]
    Jinja(#[from] crate::jinja::Fault),
    /// A rule of Python source.
    #[error(transparent)]
    Python(#[from] crate::python::Fault),
    /// A rule of 7z.
    #[error(transparent)]
    SevenZip(#[from] crate::container::sevenzip::Fault),
    /// A rule of R's serialized objects.
    #[error(transparent)]
    Rds(#[from] crate::rds::Fault),
    /// A rule of MessagePack.
    #[error(transparent)]
    Msgpack(#[from] crate::msgpack::Fault),
    /// A rule of UBJSON.
    #[error(transparent)]
    Ubjson(#[from] crate::ubjson::Fault),
    /// A rule of Torch7.
    #[error(transparent)]
    Torch7(#[from] crate::torch7::Fault),
    /// A rule of XML.
    #[error(transparent)]
    Xml(#[from] crate::xml::Fault),
    /// A rule of ExecuTorch.
    #[error(transparent)]
    ExecuTorch(#[from] crate::executorch::Fault),
    /// A rule of YAML.
    #[error(transparent)]
    Yaml(#[from] crate::yaml::Fault),
    /// A rule of marshalled Python code.
    #[error(transparent)]
    Marshal(#[from] crate::marshal::Fault),
    /// A rule of a configuration file.
    #[error(transparent)]
    Config(#[from] crate::config::Fault),
    /// A rule of image manifests.
    #[error(transparent)]
    Image(#[from] crate::image::Fault),
    /// A rule of ONNX.
    #[error(transparent)]
    Onnx(#[from] crate::onnx::Fault),
    /// A rule of FlatBuffers.
    #[error(transparent)]
    FlatBuffer(#[from] crate::flatbuffer::Fault),
    /// A rule of TensorFlow Lite.
    #[error(transparent)]
    TfLite(#[from] crate::tflite::Fault),
    /// A rule of protocol buffers.
    #[error(transparent)]
    Protobuf(#[from] crate::protobuf::Fault),
    /// In a protocol buffer written as text.
    #[error(transparent)]
    ProtobufText(#[from] crate::protobuf::text::Fault),
    /// A rule of the index of a TensorFlow checkpoint.
    #[error(transparent)]
    TensorBundle(#[from] crate::tensorflow::bundle::Fault),
}

impl Problem {
    pub(crate) fn malformed(offset: u64, fault: impl Into<Fault>) -> Self {
        Self::Malformed {
            offset,
            fault: fault.into(),
        }
    }

    /// The same of the file in which what was read begins at this offset.
    #[must_use]
    pub(crate) fn shifted(mut self, by: u64) -> Self {
        match &mut self {
            Self::Malformed { offset, .. } | Self::LimitExceeded { offset, .. } => {
                *offset = offset.saturating_add(by);
            }
        }
        self
    }

    /// The offset from the start of the file.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::Malformed { offset, .. } | Self::LimitExceeded { offset, .. } => *offset,
        }
    }

    /// The stable reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::LimitExceeded { .. } => reason::LIMIT,
            Self::Malformed { fault, .. } => match fault {
                Fault::Truncated { .. } => reason::TRUNCATED,
                Fault::Trailing { .. } => reason::RANGE,
                Fault::Json(fault) => fault.code(),
                Fault::Safetensors(fault) => fault.code(),
                Fault::Ggml(fault) => fault.code(),
                Fault::Gguf(fault) => fault.code(),
                Fault::Pickle(fault) => fault.code(),
                Fault::Numpy(fault) => fault.code(),
                Fault::Ndarrays(fault) => fault.code(),
                Fault::TorchScript(fault) => fault.code(),
                Fault::Hdf5(fault) => fault.code(),
                Fault::Jinja(fault) => fault.code(),
                Fault::Python(fault) => fault.code(),
                Fault::SevenZip(fault) => fault.code(),
                Fault::Rds(fault) => fault.code(),
                Fault::Msgpack(fault) => fault.code(),
                Fault::Ubjson(fault) => fault.code(),
                Fault::Torch7(fault) => fault.code(),
                Fault::Xml(fault) => fault.code(),
                Fault::ExecuTorch(fault) => fault.code(),
                Fault::Yaml(fault) => fault.code(),
                Fault::Marshal(fault) => fault.code(),
                Fault::Config(fault) => fault.code(),
                Fault::Image(fault) => fault.code(),
                Fault::Onnx(fault) => fault.code(),
                Fault::FlatBuffer(fault) => fault.code(),
                Fault::TfLite(fault) => fault.code(),
                Fault::Protobuf(fault) => fault.code(),
                Fault::ProtobufText(_) => reason::MALFORMED,
                Fault::TensorBundle(fault) => fault.code(),
            },
        }
    }
}

/// Why a file could not be examined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing in the file could be believed.
    #[error(transparent)]
    Refused(#[from] Problem),
    /// Reading failed.
    #[error("cannot read the file")]
    Io(#[from] io::Error),
}

impl Error {
    /// The stable reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Refused(problem) => problem.code(),
            Self::Io(_) => reason::UNREADABLE,
        }
    }
}

/// A name taken from a file for use in a message: at most [`Named::MAX_CHARS`] characters, made safe to show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named(String);

impl Named {
    /// Longer names are cut: a message is not a place for a megabyte of attacker's text.
    pub const MAX_CHARS: usize = 96;

    pub(crate) fn new(name: &str) -> Self {
        Self(cut(name, Self::MAX_CHARS))
    }
}

/// At most `most` characters of `text`, with a sign where it was cut.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let mut kept: String = text.chars().take(most).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}

impl Named {
    /// The name as far as it is kept. A stranger's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", Shown(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_messages_are_short_and_harmless() {
        assert_eq!(Named::new("w\u{1b}[2J").to_string(), "`w\\u{1b}[2J`");
        assert_eq!(Named::new(&"é".repeat(1000)).to_string().chars().count(), 99);
    }
}
