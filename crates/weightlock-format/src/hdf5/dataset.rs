//! Datasets (specification, IV.A.2.h and i): where their raw data lies.
//!
//! ```text
//! layout 1, 2 = version rank class pad:5 address? dimension:u32{rank} element:u32? (size:u32 data)?
//! layout 3    = 03 class ( size:u16 data | address size | rank address dimension:u32{rank} )
//! layout 4, 5 = 04 class ( … as 3 | flags rank width dimension{rank} index | heap:address index:u32 )
//! index       = 1 (size mask:u32)? | 2 | 3 bits | 4 bits:5 | 5 node:u32 split merge ; address
//! external    = 01 pad:3 slots:u16 used:u16 heap:address ( name offset size )*
//! ```

use super::{
    Fault, Foreign, ForeignKind, RegionKind,
    btree1::Kind,
    chunk::{Chunks, Index},
    group::heap_text,
    header::Message,
    space::Space,
    walk::{Fields, Walk},
};
use crate::{Error, Named, Problem};

/// The messages that make an object a dataset.
#[derive(Debug, Default)]
pub(super) struct Parts<'m> {
    pub(super) space: Option<&'m Message>,
    pub(super) datatype: Option<&'m Message>,
    pub(super) layout: Option<&'m Message>,
    pub(super) is_filtered: bool,
}

/// Where the raw data of a dataset lies.
#[derive(Debug)]
enum Layout {
    /// In the object header.
    Compact { size: u64 },
    /// In one piece; the size is not always stated.
    Contiguous { address: Option<u64>, size: Option<u64> },
    /// In pieces that an index lists.
    Chunked(Chunks),
    /// In datasets of this file and others.
    Virtual { collection: Option<u64>, index: u64 },
}

const WHAT: &str = "a data layout";

impl Walk<'_> {
    /// Accounts for the raw data of an object, if it is a dataset.
    pub(super) fn dataset(&mut self, parts: &Parts<'_>, node: usize) -> Result<(), Error> {
        let Some(message) = parts.layout else {
            return Ok(());
        };
        let at = message.data.offset;
        if message.is_shared() {
            self.not_read(at, "a table of shared messages");
            return Ok(());
        }
        let (shape, needed) = self.needed(parts)?;
        match layout(self.fields(&message.data))? {
            Layout::Compact { size } => self.fits(at, node, size, needed),
            Layout::Contiguous { address: None, .. } => {}
            Layout::Contiguous {
                address: Some(address),
                size,
            } => self.contiguous(at, address, size, needed, node),
            Layout::Chunked(chunks) => {
                let path = self.shared_path(node);
                self.chunks(&chunks, &shape, parts.is_filtered, &path, at)?;
            }
            Layout::Virtual { collection, index } => {
                let path = self.path(node);
                self.virtual_dataset(collection, index, &path, at)?;
            }
        }
        Ok(())
    }

    /// The shape, and the bytes that it needs with the type; `None` when either is not known.
    fn needed(&mut self, parts: &Parts<'_>) -> Result<(Vec<u64>, Option<u64>), Error> {
        let (Some(space), Some(datatype)) = (parts.space, parts.datatype) else {
            return Ok((Vec::new(), None));
        };
        if space.is_shared() {
            self.not_read(space.data.offset, "a table of shared messages");
            return Ok((Vec::new(), None));
        }
        let at = space.data.offset;
        let space = Space::read(&mut self.fields(&space.data))?;
        let fields = self.fields(&datatype.data);
        let Some(datatype) = self.datatype(fields, datatype.is_shared())? else {
            return Ok((space.dimensions, None));
        };
        let needed = space
            .elements()
            .and_then(|elements| elements.checked_mul(datatype.size));
        let overflow = || Problem::malformed(at, Fault::Broken("the shape of a dataset overflows"));
        Ok((space.dimensions, Some(needed.ok_or_else(overflow)?)))
    }

    fn contiguous(&mut self, at: u64, address: u64, size: Option<u64>, needed: Option<u64>, node: usize) {
        let stored = size.or(needed).unwrap_or(0);
        self.fits(at, node, stored, needed);
        // What is stored beyond the need belongs to nobody.
        let size = needed.map_or(stored, |needed| needed.min(stored));
        let path = self.shared_path(node);
        self.raw(at, address, size, RegionKind::Data(path));
    }

    /// Declares raw data, as far as it lies in the file.
    pub(super) fn raw(&mut self, at: u64, address: u64, size: u64, kind: RegionKind) {
        let room = self.room(address);
        if size > room {
            self.fault(at, Fault::Outside("the data of a dataset"));
        }
        self.region(address, size.min(room), kind);
    }

    fn fits(&mut self, at: u64, node: usize, stored: u64, needed: Option<u64>) {
        if let Some(needed) = needed.filter(|&needed| needed > stored) {
            let path = Named::new(&self.path(node));
            self.fault(at, Fault::Size { path, stored, needed });
        }
    }

    /// The files that hold the raw data of a dataset in place of this one.
    pub(super) fn external_files(&mut self, mut fields: Fields<'_>, node: usize) -> Result<(), Error> {
        let at = fields.offset();
        let version = fields.u8()?;
        if version != 1 {
            let what = "a list of external files";
            return Err(Problem::malformed(at, Fault::Version { what, version }).into());
        }
        fields.take(5)?;
        let used = fields.u16()?;
        let heap = fields.address()?;
        let path = self.path(node);
        let names = match heap {
            Some(heap) => self.local_heap(heap),
            None => Err(Problem::malformed(at, Fault::Broken("external files have no names")).into()),
        };
        let names = match names {
            Ok(names) => Some(names),
            Err(error) => {
                self.forgive(Err(error))?;
                None
            }
        };
        for _ in 0..used.max(1) {
            self.spend(1, at)?;
            let name = fields.length().unwrap_or(0);
            let file = names
                .as_ref()
                .map(|names| heap_text(names, name))
                .unwrap_or_default();
            self.foreign(Foreign {
                path: path.clone(),
                offset: at,
                kind: ForeignKind::ExternalData,
                file,
            });
            if fields.length().and_then(|_| fields.length()).is_err() {
                break;
            }
        }
        Ok(())
    }
}

fn layout(mut fields: Fields<'_>) -> Result<Layout, Problem> {
    let at = fields.offset();
    let version = fields.u8()?;
    match version {
        1 | 2 => first(fields),
        3 => {
            let class = fields.u8()?;
            match class {
                2 => {
                    let rank = fields.u8()?;
                    let address = fields.address()?;
                    let dimensions = numbers(rank, || fields.u32().map(u64::from))?;
                    Ok(tree(address, dimensions))
                }
                _ => plain(class, fields),
            }
        }
        4 | 5 => {
            let class = fields.u8()?;
            match class {
                2 => Ok(Layout::Chunked(fourth(fields)?)),
                3 => Ok(Layout::Virtual {
                    collection: fields.address()?,
                    index: u64::from(fields.u32()?),
                }),
                _ => plain(class, fields),
            }
        }
        _ => Err(Problem::malformed(at, Fault::Version { what: WHAT, version })),
    }
}

/// The classes that are alike since version 3.
fn plain(class: u8, mut fields: Fields<'_>) -> Result<Layout, Problem> {
    match class {
        0 => {
            let size = u64::from(fields.u16()?);
            fields.take(size)?;
            Ok(Layout::Compact { size })
        }
        1 => Ok(Layout::Contiguous {
            address: fields.address()?,
            size: Some(fields.length()?),
        }),
        _ => Err(Problem::malformed(
            fields.offset(),
            Fault::Broken("a data layout has no known class"),
        )),
    }
}

fn first(mut fields: Fields<'_>) -> Result<Layout, Problem> {
    let rank = fields.u8()?;
    let class = fields.u8()?;
    fields.take(5)?;
    let address = if class == 0 { None } else { fields.address()? };
    let dimensions = numbers(rank, || fields.u32().map(u64::from))?;
    match class {
        0 => {
            let size = u64::from(fields.u32()?);
            fields.take(size)?;
            Ok(Layout::Compact { size })
        }
        1 => Ok(Layout::Contiguous { address, size: None }),
        2 => Ok(tree(address, dimensions)),
        _ => Err(Problem::malformed(
            fields.offset(),
            Fault::Broken("a data layout has no known class"),
        )),
    }
}

/// Chunks that a B-tree of version 1 lists.
fn tree(address: Option<u64>, dimensions: Vec<u64>) -> Layout {
    Layout::Chunked(Chunks {
        address,
        index: Index::Tree1(Kind::Chunk {
            dimensions: dimensions.len() as u64,
        }),
        dimensions,
    })
}

/// The chunked layout since version 4.
fn fourth(mut fields: Fields<'_>) -> Result<Chunks, Problem> {
    let flags = fields.u8()?;
    let rank = fields.u8()?;
    let width = fields.u8()?;
    let dimensions = numbers(rank, || fields.number(width))?;
    let at = fields.offset();
    let index = match fields.u8()? {
        1 if flags & 2 != 0 => {
            let stored = fields.length()?;
            fields.u32()?;
            Index::Single(Some(stored))
        }
        1 => Index::Single(None),
        2 => Index::Implicit,
        3 => {
            fields.u8()?;
            Index::FixedArray
        }
        4 => {
            fields.take(5)?;
            Index::ExtensibleArray
        }
        5 => {
            fields.take(6)?;
            Index::Tree2
        }
        _ => {
            return Err(Problem::malformed(
                at,
                Fault::Broken("an index of chunks has no known kind"),
            ));
        }
    };
    Ok(Chunks {
        address: fields.address()?,
        dimensions,
        index,
    })
}

/// The dimensions of a chunk; the last is the size of an element.
fn numbers(rank: u8, mut next: impl FnMut() -> Result<u64, Problem>) -> Result<Vec<u64>, Problem> {
    (0..rank).map(|_| next()).collect()
}
