//! Datatypes (specification, IV.A.2.d): how large an element is, and where in it text, raw bytes and references to
//! heaps lie.
//!
//! ```text
//! type      = class:4 version:4 bits:u24 size:u32 properties
//! compound  = ( name offset array? type )*        names padded to eight bytes before version 3
//! enum      = type name* value*
//! array     = rank dimensions type
//! variable  = type
//! ```
//! Types nest as deep as an attacker likes, so they are read with a stack of open ones.

use super::{
    Fault, limit,
    walk::{Fields, width_for},
};
use crate::{Problem, reader::within};

/// What is needed of a type.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Datatype {
    /// Bytes of one element.
    pub(super) size: u64,
    /// The parts of an element that are text, bytes, or lie in a global heap.
    pub(super) leaves: Vec<Leaf>,
}

/// A part of an element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Leaf {
    /// From the start of the element.
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) kind: LeafKind,
    /// How often it repeats and after how many bytes, for each array around it.
    pub(super) repeats: Vec<(u64, u64)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LeafKind {
    /// Text or bytes in place.
    Bytes,
    /// Something of variable length in a global heap.
    Heap,
}

/// A type that has begun.
#[derive(Debug)]
enum Open {
    Compound {
        version: u8,
        size: u64,
        left: u16,
        base: u64,
    },
    /// A type around one other.
    Around {
        wrap: Wrap,
        /// The other one has not been read yet.
        due: bool,
        base: u64,
    },
}

#[derive(Clone, Copy, Debug)]
enum Wrap {
    /// The names and values of an enumeration follow its base type.
    Enum {
        version: u8,
        members: u16,
        size: u64,
    },
    Array,
    /// Bytes of the inner type are of no interest: it describes elements in a heap, or parts of a number.
    Hidden,
}

impl Datatype {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        Parser::default().read(fields)
    }
}

#[derive(Debug, Default)]
struct Parser {
    open: Vec<Open>,
    repeats: Vec<(u64, u64)>,
    leaves: Vec<Leaf>,
    hidden: u32,
    members: u64,
}

impl Parser {
    fn read(mut self, fields: &mut Fields<'_>) -> Result<Datatype, Problem> {
        let mut outermost = None;
        let mut base = 0_u64;
        loop {
            let size = self.one(fields, base)?;
            outermost.get_or_insert(size);
            match self.next(fields)? {
                Some(next) => base = next,
                None => break,
            }
        }
        Ok(Datatype {
            size: outermost.unwrap_or(0),
            leaves: self.leaves,
        })
    }

    /// Reads the head of one type, at `base` in the element, and opens it when it holds others.
    fn one(&mut self, fields: &mut Fields<'_>, base: u64) -> Result<u64, Problem> {
        let at = fields.offset();
        let head = fields.u8()?;
        let (class, version) = (head & 15, head >> 4);
        let [low, high, _] = match fields.take(3)? {
            &[a, b, c] => [a, b, c],
            _ => [0; 3],
        };
        let size = u64::from(fields.u32()?);
        if !(1..=5).contains(&version) {
            let what = "a datatype";
            return Err(Problem::malformed(at, Fault::Version { what, version }));
        }
        let members = u16::from_le_bytes([low, high]);
        match class {
            0 | 4 => {
                fields.take(4)?;
                if size == 1 {
                    self.leaf(base, size, LeafKind::Bytes);
                }
            }
            1 => drop(fields.take(12)?),
            2 => drop(fields.take(2)?),
            3 => self.leaf(base, size, LeafKind::Bytes),
            5 => {
                fields.take(u64::from(low).next_multiple_of(8))?;
                self.leaf(base, size, LeafKind::Bytes);
            }
            6 => self.open.push(Open::Compound {
                version,
                size,
                left: members,
                base,
            }),
            7 => {}
            8 => self.around(
                Wrap::Enum {
                    version,
                    members,
                    size,
                },
                base,
            ),
            9 => {
                self.leaf(base, size, LeafKind::Heap);
                self.around(Wrap::Hidden, base);
            }
            10 => self.array(fields, version, size, base)?,
            11 => self.around(Wrap::Hidden, base),
            _ => {
                return Err(Problem::malformed(
                    at,
                    Fault::Broken("a datatype has no known class"),
                ));
            }
        }
        within(
            "types within an HDF5 type",
            self.open.len() as u64,
            limit::TYPE_DEPTH,
            at,
        )?;
        Ok(size)
    }

    fn around(&mut self, wrap: Wrap, base: u64) {
        if !matches!(wrap, Wrap::Array) {
            self.hidden = self.hidden.saturating_add(1);
        }
        self.open.push(Open::Around {
            wrap,
            due: true,
            base,
        });
    }

    fn array(&mut self, fields: &mut Fields<'_>, version: u8, size: u64, base: u64) -> Result<(), Problem> {
        let rank = fields.u8()?;
        if version < 3 {
            fields.take(3)?;
        }
        let mut count = 1_u64;
        for _ in 0..rank {
            count = count.saturating_mul(u64::from(fields.u32()?));
        }
        if version < 3 {
            fields.take(u64::from(rank).saturating_mul(4))?;
        }
        self.repeats.push((count, size.checked_div(count).unwrap_or(0)));
        self.around(Wrap::Array, base);
        Ok(())
    }

    /// Ends the types that are whole, and tells where in the element the next one lies.
    fn next(&mut self, fields: &mut Fields<'_>) -> Result<Option<u64>, Problem> {
        loop {
            match self.open.last_mut() {
                None => return Ok(None),
                Some(Open::Around { due, base, .. }) if *due => {
                    *due = false;
                    return Ok(Some(*base));
                }
                Some(&mut Open::Around { wrap, .. }) => self.end(wrap, fields)?,
                Some(Open::Compound { left: 0, .. }) => {}
                Some(Open::Compound {
                    version,
                    size,
                    left,
                    base,
                }) => {
                    *left = left.saturating_sub(1);
                    let (version, size, base) = (*version, *size, *base);
                    return self.member(fields, version, size, base).map(Some);
                }
            }
            self.open.pop();
        }
    }

    fn end(&mut self, wrap: Wrap, fields: &mut Fields<'_>) -> Result<(), Problem> {
        match wrap {
            Wrap::Enum {
                version,
                members,
                size,
            } => {
                for _ in 0..members {
                    name(fields, version)?;
                }
                fields.take(size.saturating_mul(u64::from(members)))?;
                self.hidden = self.hidden.saturating_sub(1);
            }
            Wrap::Array => {
                self.repeats.pop();
            }
            Wrap::Hidden => self.hidden = self.hidden.saturating_sub(1),
        }
        Ok(())
    }

    fn member(&mut self, fields: &mut Fields<'_>, version: u8, size: u64, base: u64) -> Result<u64, Problem> {
        self.members = self.members.saturating_add(1);
        within(
            "members of an HDF5 type",
            self.members,
            limit::TYPE_MEMBERS,
            fields.offset(),
        )?;
        name(fields, version)?;
        let offset = if version < 3 {
            u64::from(fields.u32()?)
        } else {
            fields.number(width_for(size))?
        };
        if version == 1 {
            fields.take(28)?;
        }
        Ok(base.saturating_add(offset))
    }

    fn leaf(&mut self, offset: u64, size: u64, kind: LeafKind) {
        if self.hidden == 0 {
            self.leaves.push(Leaf {
                offset,
                size,
                kind,
                repeats: self.repeats.clone(),
            });
        }
    }
}

/// A name, padded to eight bytes before version 3.
fn name(fields: &mut Fields<'_>, version: u8) -> Result<(), Problem> {
    let length = fields.terminated()?.len() as u64;
    if version < 3 {
        let with_end = length.saturating_add(1);
        fields.take(with_end.next_multiple_of(8).saturating_sub(with_end))?;
    }
    Ok(())
}
