//! TorchScript source: the programs under `code/` of a PyTorch archive.
//!
//! ```text
//! file     = ( import | class | function )*
//! primary  = name | literal | ( expression ) | primary . name | primary ( arguments ) | primary [ … ]
//! operator = torch . name          aten::name
//!          | ops . library . name  library::name
//!          | ^ name                a function of Python
//! ```
//!
//! What matters is which operators a program calls: a few of them read and write files, and those of unknown libraries
//! do whatever the library does. [`Source`] resolves what stands before a call as the importer of PyTorch does:
//! through parentheses, `getattr` with a constant, variables that a namespace was assigned to, `torch.autograd` (the
//! same namespace as `torch`), and methods of values, which are operators too: `x.save(path)` is `aten::save`.
//!
//! Words in strings and comments are not code; strings end where PyTorch's lexer ends them. Nothing recurses.

mod lexer;
mod source;

pub use self::source::{Kind, Source, Use, limit};
use crate::reason;
use weightlock_artifact::reason::Code;

/// A broken rule of TorchScript.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A string does not end.
    #[error("a string does not end")]
    String,
    /// Brackets do not match.
    #[error("brackets do not match")]
    Brackets,
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::String | Self::Brackets => reason::MALFORMED,
        }
    }
}
