//! Content of another kind where none belongs: executables, archives and pickles hidden in data, text or behind the end.

use std::fmt;

use weightlock_format::{detect::Format, executable::Executable};

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// A text of metadata holds the bytes of another format.
    InText {
        /// The format.
        format: Format,
        /// How it is written.
        encoding: Encoding,
    },
    /// A program.
    Executable {
        /// What kind, for which machine.
        program: Executable,
        /// What it is to the file that it lies in.
        place: Spot,
    },
    /// Two formats in one content, each seen by its own readers.
    Polyglot {
        /// What the first bytes are.
        first: Format,
        /// What the last bytes are.
        second: Format,
        /// Whether a loader of models opens the second.
        loadable: bool,
    },
    /// An archive, a stream or a pickle where the format has none.
    Hidden {
        /// What it is.
        format: Format,
        /// Where.
        place: Spot,
    },
    /// The name promises a format that holds no code, and the content is a pickle.
    Misnamed {
        /// The extension.
        extension: String,
        /// The content.
        format: Format,
    },
}

/// What a part is to the content that it lies in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Spot {
    /// The whole of it.
    Whole,
    /// The bytes of a tensor, from their first.
    DataStart,
    /// The end of the bytes of a tensor.
    DataEnd,
    /// Amid the bytes of a tensor.
    DataMiddle,
    /// Bytes that no part of the format owns.
    Unclaimed,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "the content",
            Self::DataStart => "the bytes of a tensor",
            Self::DataEnd => "the end of the bytes of a tensor",
            Self::DataMiddle => "a place amid the bytes of a tensor",
            Self::Unclaimed => "a place that no part of the format owns",
        })
    }
}

/// How bytes are written in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// As they are.
    Plain,
    /// In base64.
    Base64,
    /// In hexadecimal digits.
    Hexadecimal,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "as it is",
            Self::Base64 => "in base64",
            Self::Hexadecimal => "in hexadecimal digits",
        })
    }
}
