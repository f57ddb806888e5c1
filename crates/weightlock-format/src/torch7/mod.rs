//! Torch7's serialized objects, in the binary form of little-endian machines.
//! <https://github.com/torch/torch7/blob/master/File.lua>
//!
//! ```text
//! object   = 0                                     nil
//!          | 1 f64                                 number
//!          | 2 text                                string
//!          | 3 index size (object object)*         table
//!          | 4 index version:text class:text body  object of a class
//!          | 5 i32                                 boolean
//!          | (6 | 7 | 8) …                         function: compiled Lua
//! text     = length:i32 bytes                      version is "V 1"
//! ```
//!
//! A function is byte code that the loader gives to the Lua machine, so reading stops at the first one: versions of
//! the writer disagree on what its bytes are, and none of them is safe. Tensors and storages have bodies of their own;
//! every other class has a table. Objects that have been read are referred to by their index. Nothing recurses.

use std::{collections::BTreeSet, ops::Range};

use weightlock_artifact::reason::Code;

use crate::{
    Error, Problem,
    content::Content,
    limits::{Budget, Limits},
    reader::Endian,
    reason,
    stream::{Stream, spend},
};

/// A broken rule of the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A type that the format does not have.
    #[error("object type {0} is not known")]
    Type(i32),
    /// A negative length, size or number of dimensions.
    #[error("a length is negative")]
    Length,
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        reason::MALFORMED
    }
}

/// Something that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fact {
    /// Compiled Lua; nothing behind it is read.
    Function {
        /// Where the object begins.
        offset: u64,
    },
    /// An object of a class.
    Class {
        /// The class.
        name: String,
        /// Where the object begins.
        offset: u64,
    },
    /// The numbers of a storage.
    Data(Range<u64>),
}

/// How a file begins.
const FUNCTIONS: std::ops::RangeInclusive<u8> = 6..=8;

/// Whether `head` begins like a file of this format: a table, an object of a class with its version, or a function.
#[must_use]
pub fn begins(head: &[u8]) -> bool {
    match head {
        [4, 0, 0, 0, _, _, 0, 0, 3, 0, 0, 0, b'V', b' ', b'1', ..] => true,
        // A table: its first index is 1, and a key follows that is a number or a text.
        [3, 0, 0, 0, 1, 0, 0, 0, _, _, 0, 0, 1 | 2, 0, 0, 0, ..] => true,
        [kind, 0, 0, 0, rest @ ..] if FUNCTIONS.contains(kind) => {
            let lua = |window: &[u8]| window == b"\x1bLua" || window.starts_with(b"\x1bLJ");
            rest.get(..64).unwrap_or(rest).windows(4).any(lua)
        }
        _ => false,
    }
}

/// Bytes of an element of a storage, by the class; `None` for a class that is no storage.
fn element(class: &str) -> Option<u64> {
    let storage = class.strip_prefix("torch.")?.strip_suffix("Storage")?;
    Some(match storage.strip_prefix("Cuda").unwrap_or(storage) {
        "Byte" | "Char" => 1,
        "Short" | "Half" => 2,
        "Int" | "Float" | "" => 4,
        "Long" | "Double" => 8,
        _ => return None,
    })
}

fn is_tensor(class: &str) -> bool {
    class.starts_with("torch.") && class.ends_with("Tensor")
}

/// Reads `content` and hands each fact to `tell`. Returns where reading ended: behind the object, or at the first
/// function.
///
/// # Errors
/// The first broken rule, a limit, or what reading raises.
pub fn read(
    content: &Content,
    limits: &Limits,
    budget: &mut Budget,
    tell: &mut dyn FnMut(Fact),
) -> Result<u64, Error> {
    let mut reading = Reading {
        stream: Stream::new(content, Endian::Little),
        seen: BTreeSet::new(),
        open: vec![1],
    };
    while let Some(left) = reading.open.last_mut() {
        let Some(rest) = left.checked_sub(1) else {
            reading.open.pop();
            continue;
        };
        *left = rest;
        let offset = reading.stream.offset();
        let depth = reading.open.len() as u64;
        crate::reader::within("objects within objects", depth, limits.nesting as u64, offset)?;
        spend(budget, offset)?;
        if reading.object(tell)? {
            return Ok(offset);
        }
    }
    Ok(reading.stream.offset())
}

/// Bytes of a class name.
const MOST_NAME: usize = 256;

struct Reading {
    stream: Stream,
    /// Indices of the objects that have been read.
    seen: BTreeSet<i32>,
    /// Objects that are still to be read in each open table.
    open: Vec<u64>,
}

impl Reading {
    /// Reads an object. Whether it is a function.
    fn object(&mut self, tell: &mut dyn FnMut(Fact)) -> Result<bool, Error> {
        let offset = self.stream.offset();
        match self.stream.i32()? {
            0 => {}
            1 => self.stream.skip(8).map(|_| ())?,
            2 => {
                let length = self.length()?;
                self.stream.skip(length)?;
            }
            3 => {
                if self.is_new()? {
                    let size = self.length()?;
                    self.open.push(size.saturating_mul(2));
                }
            }
            4 => {
                if self.is_new()? {
                    self.class(offset, tell)?;
                }
            }
            5 => self.stream.skip(4).map(|_| ())?,
            6..=8 => {
                tell(Fact::Function { offset });
                return Ok(true);
            }
            kind => return Err(Problem::malformed(offset, Fault::Type(kind)).into()),
        }
        Ok(false)
    }

    fn class(&mut self, offset: u64, tell: &mut dyn FnMut(Fact)) -> Result<(), Error> {
        let length = self.length()?;
        let version = self.stream.text(length, MOST_NAME)?;
        let name = if version.starts_with("V ") {
            let length = self.length()?;
            self.stream.text(length, MOST_NAME)?
        } else {
            version
        };
        if let Some(element) = element(&name) {
            let count = self.long()?;
            let range = self.stream.skip(count.saturating_mul(element))?;
            tell(Fact::Data(range));
        } else if is_tensor(&name) {
            let dimensions = self.length()?;
            // Sizes and strides, then the offset in the storage, then the storage.
            self.stream
                .skip(dimensions.saturating_mul(16).saturating_add(8))?;
            self.open.push(1);
        } else {
            self.open.push(1);
        }
        tell(Fact::Class { name, offset });
        Ok(())
    }

    /// The index of an object: whether it has not been read before.
    fn is_new(&mut self) -> Result<bool, Error> {
        let index = self.stream.i32()?;
        Ok(self.seen.insert(index))
    }

    fn length(&mut self) -> Result<u64, Error> {
        let offset = self.stream.offset();
        let length = self.stream.i32()?;
        u64::try_from(length).map_err(|_| Problem::malformed(offset, Fault::Length).into())
    }

    fn long(&mut self) -> Result<u64, Error> {
        let offset = self.stream.offset();
        let length = self.stream.i64()?;
        u64::try_from(length).map_err(|_| Problem::malformed(offset, Fault::Length).into())
    }
}
