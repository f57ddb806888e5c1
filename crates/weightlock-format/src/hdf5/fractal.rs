//! Fractal heaps (specification, III.G): where groups and objects with many or large parts keep them.
//!
//! ```text
//! header   = "FRHP" 00 id:u16 filters:u16 flags largest:u32 … width:u16 start:length most:length bits:u16 …
//! direct   = "FHDB" 00 header:address offset:n checksum? object*
//! indirect = "FHIB" 00 header:address offset:n direct:address* indirect:address* checksum
//! id       = managed: flags offset:n length:m | huge: flags key | tiny: flags text
//! ```
//! The heap is one linear space; row 0 and 1 of its table have blocks of the starting size, each later row blocks of
//! twice the size. Huge objects lie outside, and a B-tree tells where.

use std::{collections::BTreeMap, rc::Rc};

use super::{
    Fault,
    walk::{Block, Fields, Walk, width_for},
};
use crate::{Error, Problem};

const WHAT: &str = "a fractal heap";

/// A heap whose blocks have been found.
#[derive(Debug)]
pub(super) struct Heap {
    /// Bytes of an offset in an id.
    offset_width: u8,
    /// Bytes of a length in an id.
    length_width: u8,
    id_length: u64,
    /// From the offset in the heap to address and size of a direct block.
    blocks: BTreeMap<u64, (u64, u64)>,
    /// From the key to address and length of a huge object.
    huge: BTreeMap<u64, (u64, u64)>,
    /// Whether ids of huge objects hold their address and length.
    huge_direct: bool,
    is_filtered: bool,
}

/// The measures of the table of blocks.
#[derive(Clone, Copy, Debug)]
struct Table {
    width: u64,
    start: u64,
    most: u64,
    /// Bytes of a block's offset.
    offset_width: u8,
    checked: bool,
}

/// An object of a heap: its first bytes, and where all of it lies.
#[derive(Debug)]
pub(super) struct HeapObject {
    pub(super) block: Block,
    /// Bytes of the whole object, from `block.offset` on.
    pub(super) size: u64,
}

impl Table {
    /// Bytes of each block of a row; `None` when the number overflows.
    fn block_size(self, row: u64) -> Option<u64> {
        let doubled = u32::try_from(row.saturating_sub(1)).ok()?;
        let factor = 1_u64.checked_shl(doubled)?;
        self.start.checked_mul(factor)
    }

    /// Rows of an indirect block that spans `size` bytes.
    fn rows_for(self, size: u64) -> Option<u64> {
        let first = self.start.checked_mul(self.width)?.checked_ilog2()?;
        size.checked_ilog2()?
            .checked_sub(first)?
            .checked_add(1)
            .map(u64::from)
    }
}

impl Walk<'_> {
    /// The heap whose header is at `address`.
    pub(super) fn fractal_heap(&mut self, address: u64) -> Result<Rc<Heap>, Error> {
        if let Some(known) = self.heaps.get(&address) {
            return Ok(Rc::clone(known));
        }
        let heap = Rc::new(self.read_heap(address)?);
        self.heaps.insert(address, Rc::clone(&heap));
        Ok(heap)
    }

    fn read_heap(&mut self, address: u64) -> Result<Heap, Error> {
        let head = self.peek(WHAT, address, 9)?;
        let mut fields = self.signed(WHAT, *b"FRHP", &head)?;
        fields.take(3)?;
        let filters = u64::from(fields.u16()?);
        let (o, l) = (u64::from(self.widths.offsets), u64::from(self.widths.lengths));
        let filtered = if filters > 0 {
            l.saturating_add(4).saturating_add(filters)
        } else {
            0
        };
        let size = 26_u64
            .saturating_add(l.saturating_mul(12))
            .saturating_add(o.saturating_mul(3))
            .saturating_add(filtered);
        let block = self.block(WHAT, address, size)?;
        self.verify(WHAT, &block.bytes, block.offset);
        let mut fields = self.fields(&block);
        fields.take(4)?;
        let version = fields.u8()?;
        if version != 0 {
            return Err(Problem::malformed(block.offset, Fault::Version { what: WHAT, version }).into());
        }
        let id_length = u64::from(fields.u16()?);
        fields.u16()?;
        let flags = fields.u8()?;
        let largest = u64::from(fields.u32()?);
        fields.length()?;
        let huge_tree = fields.address()?;
        fields.length()?;
        let free_space = fields.address()?;
        fields.take(l.saturating_mul(8))?;
        let width = u64::from(fields.u16()?);
        let start = fields.length()?;
        let most = fields.length()?;
        let bits = fields.u16()?;
        fields.u16()?;
        let root = fields.address()?;
        let rows = u64::from(fields.u16()?);
        let table = Table {
            width,
            start,
            most,
            offset_width: u8::try_from(bits.div_ceil(8)).unwrap_or(u8::MAX),
            checked: flags & 2 != 0,
        };
        let is_sound =
            width > 0 && start.is_power_of_two() && most.is_power_of_two() && start <= most && bits <= 64;
        if !is_sound {
            let fault = Fault::Broken("the measures of a fractal heap are impossible");
            return Err(Problem::malformed(block.offset, fault).into());
        }
        let direct_id = o.saturating_add(l).saturating_add(1);
        let mut heap = Heap {
            offset_width: table.offset_width,
            length_width: width_for(most).min(width_for(largest)),
            id_length,
            blocks: BTreeMap::new(),
            huge: BTreeMap::new(),
            huge_direct: id_length >= direct_id,
            is_filtered: filters > 0,
        };
        if let Some(root) = root {
            self.heap_blocks(table, root, rows, &mut heap)?;
        }
        if let Some(tree) = huge_tree.filter(|_| !heap.huge_direct && !heap.is_filtered) {
            for record in self.tree2(tree)? {
                let mut fields = self.fields(&record.block);
                if let (1, Some(at)) = (record.kind, fields.address()?) {
                    let length = fields.length()?;
                    heap.huge.insert(fields.length()?, (at, length));
                }
            }
        }
        if let Some(address) = free_space {
            let read = self.free_space(address);
            self.forgive(read)?;
        }
        Ok(heap)
    }

    /// The direct blocks below `root`, which is one itself when it has no rows.
    fn heap_blocks(&mut self, table: Table, root: u64, rows: u64, heap: &mut Heap) -> Result<(), Error> {
        if rows == 0 {
            return self.direct(table, root, 0, table.start, heap);
        }
        let mut seen = std::collections::BTreeSet::from([root]);
        let mut blocks = vec![(root, 0_u64, rows)];
        while let Some((address, offset, rows)) = blocks.pop() {
            for (address, offset, size) in self.indirect(table, address, offset, rows)? {
                if !seen.insert(address) {
                    continue;
                }
                if size <= table.most {
                    let read = self.direct(table, address, offset, size, heap);
                    self.forgive(read)?;
                } else if let Some(rows) = table.rows_for(size) {
                    blocks.push((address, offset, rows));
                }
            }
        }
        Ok(())
    }

    fn direct(
        &mut self,
        table: Table,
        address: u64,
        offset: u64,
        size: u64,
        heap: &mut Heap,
    ) -> Result<(), Error> {
        const WHAT: &str = "a direct block of a fractal heap";
        let checksum = if table.checked { 4 } else { 0 };
        let before = u64::from(self.widths.offsets)
            .saturating_add(u64::from(table.offset_width))
            .saturating_add(5)
            .saturating_add(checksum);
        let block = self.block(WHAT, address, before)?;
        self.signed(WHAT, *b"FHDB", &block)?;
        heap.blocks
            .insert(offset, (address, size.min(self.room(address))));
        Ok(())
    }

    /// The children of an indirect block: address, offset in the heap, size.
    fn indirect(
        &mut self,
        table: Table,
        address: u64,
        offset: u64,
        rows: u64,
    ) -> Result<Vec<(u64, u64, u64)>, Error> {
        const WHAT: &str = "an indirect block of a fractal heap";
        let o = u64::from(self.widths.offsets);
        let children = rows.saturating_mul(table.width);
        let before = o.saturating_add(u64::from(table.offset_width)).saturating_add(5);
        let size = children
            .saturating_mul(o)
            .saturating_add(before)
            .saturating_add(4);
        let block = self.block(WHAT, address, size)?;
        self.verify(WHAT, &block.bytes, block.offset);
        let mut fields = self.signed(WHAT, *b"FHIB", &block)?;
        fields.take(before.saturating_sub(4))?;
        let mut found = Vec::new();
        let mut at = offset;
        for row in 0..rows {
            let broken =
                || Problem::malformed(block.offset, Fault::Broken("a fractal heap has too many rows"));
            let size = table.block_size(row).ok_or_else(broken)?;
            for _ in 0..table.width {
                self.spend(1, fields.offset())?;
                if let Some(child) = fields.address()? {
                    found.push((child, at, size));
                }
                at = at.saturating_add(size);
            }
        }
        Ok(found)
    }

    /// The object that `id`, which lies at `at` of the content, stands for; at most `most` bytes of it.
    pub(super) fn heap_object(
        &mut self,
        heap: &Heap,
        id: &[u8],
        at: u64,
        most: u64,
    ) -> Result<Option<HeapObject>, Error> {
        if heap.is_filtered {
            self.not_read(at, "a fractal heap with filters");
            return Ok(None);
        }
        let id = Block {
            bytes: id
                .iter()
                .copied()
                .take(usize::try_from(heap.id_length).unwrap_or(0))
                .collect(),
            offset: at,
        };
        let mut fields = self.fields(&id);
        let flags = fields.u8()?;
        let missing = || Problem::malformed(at, Fault::Broken("the id of a heap object leads nowhere"));
        let (address, size) = match flags >> 4 {
            0 => self.managed(heap, &mut fields)?.ok_or_else(missing)?,
            1 if heap.huge_direct => (fields.address()?.ok_or_else(missing)?, fields.length()?),
            1 => {
                let width = u8::try_from(fields.left().min(8)).unwrap_or(8);
                let key = fields.number(width)?;
                heap.huge.get(&key).copied().ok_or_else(missing)?
            }
            2 => {
                // A tiny object is its own id: it lies in the record.
                if heap.id_length > 18 {
                    fields.u8()?;
                }
                let offset = fields.offset();
                let bytes = fields.take(fields.left())?.to_vec();
                let size = bytes.len() as u64;
                let block = Block { bytes, offset };
                return Ok(Some(HeapObject { block, size }));
            }
            _ => return Err(missing().into()),
        };
        if size > self.room(address) {
            return Err(Problem::malformed(at, Fault::Outside("an object of a fractal heap")).into());
        }
        self.explain(address, size);
        let block = self.peek(WHAT, address, size.min(most))?;
        Ok(Some(HeapObject { block, size }))
    }

    /// Address and size of a managed object.
    fn managed(&self, heap: &Heap, fields: &mut Fields<'_>) -> Result<Option<(u64, u64)>, Problem> {
        let offset = fields.number(heap.offset_width)?;
        let size = fields.number(heap.length_width)?;
        Ok(heap
            .blocks
            .range(..=offset)
            .next_back()
            .and_then(|(&start, &(address, length))| {
                let inside = offset.checked_sub(start)?;
                (inside.checked_add(size)? <= length).then_some((address.checked_add(inside)?, size))
            }))
    }

    /// A list of free space: its sections are no more than unused space.
    ///
    /// ```text
    /// header = "FSHD" 00 client total:length … list:address used:length room:length checksum
    /// list   = "FSSE" 00 header:address section* checksum
    /// ```
    pub(super) fn free_space(&mut self, address: u64) -> Result<(), Error> {
        const WHAT: &str = "a list of free space";
        let (o, l) = (u64::from(self.widths.offsets), u64::from(self.widths.lengths));
        let size = l.saturating_mul(7).saturating_add(o).saturating_add(18);
        let block = self.block(WHAT, address, size)?;
        self.verify(WHAT, &block.bytes, block.offset);
        let mut fields = self.signed(WHAT, *b"FSHD", &block)?;
        fields.take(l.saturating_mul(5).saturating_add(10))?;
        let list = fields.address()?;
        fields.length()?;
        let room = fields.length()?;
        if let Some(list) = list {
            let block = self.block(WHAT, list, room)?;
            self.signed(WHAT, *b"FSSE", &block)?;
        }
        Ok(())
    }
}
