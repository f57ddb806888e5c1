//! Marshalled Python code: what `marshal.dumps` makes of a code object, and what `.pyc` files and Keras' Lambda layers
//! hold. There is no specification but CPython's `Python/marshal.c`; read here are versions 0 to 5, and the code
//! objects of CPython 2.3 to 3.14.
//!
//! ```text
//! object = tag:u8 …                          bit 7 of the tag: later objects may refer to this one
//! text   = t u A a: length:u32 bytes | z Z: length:u8 bytes | R: index:u32, of interned texts of Python 2
//! bytes  = s: length:u32 bytes
//! many   = ( [ < >: count:u32 object* | ): count:u8 object* | {: (object object)* 0 | ':': object{3}
//! number = i: 4 | I: 8 | l: count:i32 u16* | g: 8 | y: 16 | f: text | x: text text       text = length:u8 bytes
//! code   = c: the fields of one of four layouts
//! ref    = r: index:u32
//! ```
//!
//! The layout of a code object is not stated. Each is tried, and one counts only when every field has the type that
//! CPython demands. Objects are built with a stack on the heap; nothing is executed or disassembled, as opcodes change
//! with each version: what code *names* is enough to judge it.

mod parse;

use weightlock_artifact::reason::Code as ReasonCode;

use crate::{Problem, limits::Limits, reason};

/// A broken rule of marshalled code.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A tag that no version of the format has, or one that cannot stand here.
    #[error("marshalled data has the tag {0:#04x} where none such may be")]
    Tag(u8),
    /// A reference to an object that was not read before.
    #[error("marshalled data refers to an object that it does not have")]
    Reference,
    /// A field of a code object has another type than its layout demands.
    #[error("a marshalled code object has a field of another type than it must")]
    Field,
    /// It is something else than code.
    #[error("marshalled data holds no code object")]
    NoCode,
    /// Not a compiled module.
    #[error("the file has no header of a compiled Python module")]
    Header,
}

impl Fault {
    pub(crate) const fn code(&self) -> ReasonCode {
        reason::MALFORMED
    }
}

/// Which versions of CPython write code objects like this.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Layout {
    /// CPython 2.3 to 2.7.
    Python2,
    /// CPython 3.0 to 3.7.
    Python3,
    /// CPython 3.8 to 3.10.
    Python38,
    /// CPython 3.11 to 3.14.
    Python311,
}

/// Marshalled data that holds code.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Marshalled {
    /// The layout of its code objects.
    pub layout: Layout,
    /// The code objects, those around others first.
    pub codes: Vec<Code>,
    /// Bytes that were read; what follows is ignored by Python.
    pub size: u64,
}

/// A code object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Code {
    /// Where it begins.
    pub offset: u64,
    /// Its name, such as `<lambda>` or `<module>`.
    pub name: String,
    /// The source that it was compiled from.
    pub filename: String,
    /// The names of globals, attributes and imported modules that it uses.
    pub names: Vec<String>,
    /// The texts among its constants that no code object before had.
    pub texts: Vec<String>,
    /// The byte strings among its constants that no code object before had: offset and length.
    pub bytes: Vec<(u64, u64)>,
}

/// Reads marshalled data that holds code; `bytes` begin at `offset` of their content.
///
/// # Errors
/// The first broken rule in the layout that went farthest, or a limit.
pub fn read(bytes: &[u8], offset: u64, limits: &Limits) -> Result<Marshalled, Problem> {
    let mut farthest: Option<Problem> = None;
    for layout in [
        Layout::Python311,
        Layout::Python38,
        Layout::Python3,
        Layout::Python2,
    ] {
        match parse::read(bytes, offset, layout, limits) {
            Ok(marshalled) if marshalled.codes.is_empty() => {
                return Err(Problem::malformed(offset, Fault::NoCode));
            }
            Ok(marshalled) => return Ok(marshalled),
            Err(problem) => {
                let farther = farthest
                    .as_ref()
                    .is_none_or(|far| problem.offset() > far.offset());
                if farther {
                    farthest = Some(problem);
                }
            }
        }
    }
    Err(farthest.unwrap_or_else(|| Problem::malformed(offset, Fault::NoCode)))
}

/// Reads a compiled module: a header of 8, 12 or 16 bytes, then marshalled code.
///
/// # Errors
/// As [`read`].
pub fn read_module(file: &[u8], limits: &Limits) -> Result<Marshalled, Problem> {
    if file.get(2..4) != Some(b"\r\n") {
        return Err(Problem::malformed(0, Fault::Header));
    }
    let mut farthest: Option<Problem> = None;
    for header in [16_u64, 12, 8] {
        let body = usize::try_from(header).ok().and_then(|header| file.get(header..));
        match read(body.unwrap_or_default(), header, limits) {
            Ok(mut marshalled) => {
                marshalled.size = marshalled.size.saturating_add(header);
                return Ok(marshalled);
            }
            Err(problem) => {
                let farther = farthest
                    .as_ref()
                    .is_none_or(|far| problem.offset() > far.offset());
                if farther {
                    farthest = Some(problem);
                }
            }
        }
    }
    Err(farthest.unwrap_or_else(|| Problem::malformed(0, Fault::Header)))
}

#[cfg(test)]
mod tests;
