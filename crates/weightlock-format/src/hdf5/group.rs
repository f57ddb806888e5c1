//! Groups (specification, III.A-C and IV.A.2.g): links in messages, in a symbol table with a local heap, or dense.
//!
//! ```text
//! link      = 01 flags kind? order:u64? charset? length name target
//! target    = hard: address | soft: u16 text | external: u16 version file NUL path NUL | user's: u16 bytes
//! table     = "SNOD" 01 00 count:u16 ( name:offset object:address kind:u32 pad:u32 scratch:16 )*
//! heap      = "HEAP" 00 pad:3 size:length free:length segment:address
//! ```

use super::{
    Fault, Foreign, ForeignKind,
    btree1::Kind,
    walk::{Block, Fields, Walk},
};
use crate::{Error, Problem};

/// What a link is charged: it may lead to an object, whose name is kept.
const LINK: u64 = 4;

impl Walk<'_> {
    /// The links of a group of the first generation.
    pub(super) fn symbol_table(&mut self, tree: u64, heap: u64, node: usize, at: u64) -> Result<(), Error> {
        self.spend(1, at)?;
        let names = self.local_heap(heap)?;
        let leaves = self.tree1(tree, Kind::Group)?;
        for leaf in leaves {
            let read = self.symbols(leaf.address, &names, node);
            self.forgive(read)?;
        }
        Ok(())
    }

    fn symbols(&mut self, address: u64, names: &Block, node: usize) -> Result<(), Error> {
        const WHAT: &str = "a symbol table node";
        let entry = u64::from(self.widths.offsets)
            .saturating_mul(2)
            .saturating_add(24);
        let head = self.peek(WHAT, address, 8)?;
        let mut fields = self.signed(WHAT, *b"SNOD", &head)?;
        fields.take(2)?;
        let count = u64::from(fields.u16()?);
        let used = entry.saturating_mul(count).saturating_add(8);
        let block = self.block(WHAT, address, used)?;
        let mut fields = self.fields(&block);
        fields.take(8)?;
        for _ in 0..count {
            self.spend(LINK, fields.offset())?;
            let name = fields.number(self.widths.offsets)?;
            let object = fields.address()?;
            let kind = fields.u32()?;
            fields.take(20)?;
            // Kind 2 is a soft link: its target is text in the heap, and no object.
            if let (Some(object), true) = (object, kind != 2) {
                let name = heap_text(names, name);
                self.enqueue(object, Some(node), &name);
            }
        }
        Ok(())
    }

    /// The data segment of a local heap.
    pub(super) fn local_heap(&mut self, address: u64) -> Result<Block, Error> {
        const WHAT: &str = "a local heap";
        let lengths = u64::from(self.widths.lengths).saturating_mul(2);
        let size = lengths
            .saturating_add(u64::from(self.widths.offsets))
            .saturating_add(8);
        let block = self.block(WHAT, address, size)?;
        let mut fields = self.signed(WHAT, *b"HEAP", &block)?;
        fields.take(4)?;
        let size = fields.length()?;
        fields.length()?;
        match fields.address()? {
            Some(segment) => self.block(WHAT, segment, size),
            None => Ok(Block {
                bytes: Vec::new(),
                offset: block.offset,
            }),
        }
    }

    /// One link, as in a message or in a fractal heap.
    pub(super) fn link(&mut self, mut fields: Fields<'_>, node: usize) -> Result<(), Error> {
        const WHAT: &str = "a link";
        let offset = fields.offset();
        self.spend(LINK, offset)?;
        let version = fields.u8()?;
        if version != 1 {
            return Err(Problem::malformed(offset, Fault::Version { what: WHAT, version }).into());
        }
        let flags = fields.u8()?;
        let kind = if flags & 8 != 0 { fields.u8()? } else { 0 };
        if flags & 4 != 0 {
            fields.u64()?;
        }
        if flags & 16 != 0 {
            fields.u8()?;
        }
        let length = fields.number(1_u8.wrapping_shl(u32::from(flags & 3)))?;
        let name = String::from_utf8_lossy(fields.take(length)?).into_owned();
        match kind {
            0 => {
                if let Some(object) = fields.address()? {
                    self.enqueue(object, Some(node), &name);
                }
            }
            1 => {}
            _ => {
                let size = fields.u16()?;
                let mut value = fields.sub(u64::from(size))?;
                let (kind, file) = if kind == 64 {
                    value.u8()?;
                    (ForeignKind::ExternalLink, value.terminated()?)
                } else {
                    (ForeignKind::UserLink, value.take(value.left())?)
                };
                let file = String::from_utf8_lossy(file).into_owned();
                let path = self.child_path(node, &name);
                self.foreign(Foreign {
                    path,
                    offset,
                    kind,
                    file,
                });
            }
        }
        Ok(())
    }

    /// The links of a group with many: records of a B-tree point into a fractal heap.
    pub(super) fn link_info(&mut self, mut fields: Fields<'_>, node: usize) -> Result<(), Error> {
        let offset = fields.offset();
        let version = fields.u8()?;
        if version != 0 {
            let what = "a link info message";
            return Err(Problem::malformed(offset, Fault::Version { what, version }).into());
        }
        let flags = fields.u8()?;
        if flags & 1 != 0 {
            fields.u64()?;
        }
        let (heap, by_name) = (fields.address()?, fields.address()?);
        let by_order = if flags & 2 != 0 { fields.address()? } else { None };
        let Some(heap) = heap else {
            return Ok(());
        };
        let heap = self.fractal_heap(heap)?;
        // Both indexes list all links; a loader may go by either.
        for tree in [by_name, by_order].into_iter().flatten() {
            for record in self.tree2(tree)? {
                let read = self.dense_link(&heap, &record, node);
                self.forgive(read)?;
            }
        }
        Ok(())
    }

    fn dense_link(
        &mut self,
        heap: &super::fractal::Heap,
        record: &super::btree2::Record,
        node: usize,
    ) -> Result<(), Error> {
        // Record type 5 is a hash and a heap id, type 6 an order and a heap id.
        let skip = match record.kind {
            5 => 4,
            6 => 8,
            _ => {
                let fault = Fault::Broken("an index of links has records of another kind");
                return Err(Problem::malformed(record.block.offset, fault).into());
            }
        };
        let mut fields = self.fields(&record.block);
        fields.take(skip)?;
        let at = fields.offset();
        let id = fields.take(fields.left())?;
        let Some(block) = self.heap_object(heap, id, at, super::limit::ATTRIBUTE_HEAD_BYTES)? else {
            return Ok(());
        };
        self.link(self.fields(&block.block), node)
    }

    fn child_path(&self, node: usize, name: &str) -> String {
        let path = self.path(node);
        let slash = if path.ends_with('/') { "" } else { "/" };
        format!("{path}{slash}{name}")
    }
}

/// The text at `at` of a local heap's segment.
pub(super) fn heap_text(heap: &Block, at: u64) -> String {
    let rest = usize::try_from(at)
        .ok()
        .and_then(|at| heap.bytes.get(at..))
        .unwrap_or_default();
    let text = rest.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}
