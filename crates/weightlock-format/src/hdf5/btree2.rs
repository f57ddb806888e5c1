//! B-trees of version 2 (specification, III.A.2): their records are read by those who know what they mean.
//!
//! ```text
//! header   = "BTHD" 00 kind node:u32 record:u16 depth:u16 split merge root:address records:u16 total:length checksum
//! internal = "BTIN" 00 kind record* ( child:address records:n all-records:n? )* checksum
//! leaf     = "BTLF" 00 kind record* checksum
//! ```
//! How wide the counts of records are follows from how many records fit into a node, level by level.

use std::collections::BTreeSet;

use super::{
    Fault,
    walk::{Block, Walk, width_for},
};
use crate::{Error, Problem};

/// A record and where it lies.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) kind: u8,
    pub(super) block: Block,
}

/// The measures of one tree.
#[derive(Debug)]
struct Shape {
    kind: u8,
    node: u64,
    record: u64,
    /// For each level, leaves first, the widths of a child's counts: its own records, all below it.
    widths: Vec<(u8, u8)>,
}

/// Signature, version, kind and checksum of a node.
const AROUND: u64 = 10;
/// Deeper trees than this would hold more records than any file.
const MOST_LEVELS: u16 = 64;

impl Shape {
    /// The widths of counts at each level.
    fn new(kind: u8, node: u64, record: u64, depth: u16, offsets: u8) -> Option<Self> {
        let most_in_leaf = node.checked_sub(AROUND)?.checked_div(record)?;
        let own = width_for(most_in_leaf);
        let mut widths = vec![(own, 0)];
        let mut all = most_in_leaf;
        let mut below = 0_u8;
        for _ in 0..depth {
            let pointer = u64::from(offsets)
                .checked_add(u64::from(own))?
                .checked_add(u64::from(below))?;
            let most = node
                .checked_sub(AROUND.checked_add(pointer)?)?
                .checked_div(record.checked_add(pointer)?)?;
            widths.push((own, below));
            all = most.saturating_add(1).saturating_mul(all).saturating_add(most);
            below = width_for(all);
        }
        Some(Self {
            kind,
            node,
            record,
            widths,
        })
    }
}

impl Walk<'_> {
    /// All records of the tree whose header is at `address`.
    pub(super) fn tree2(&mut self, address: u64) -> Result<Vec<Record>, Error> {
        const WHAT: &str = "a B-tree header";
        let size = u64::from(self.widths.offsets)
            .saturating_add(u64::from(self.widths.lengths))
            .saturating_add(22);
        let block = self.block(WHAT, address, size)?;
        self.verify(WHAT, &block.bytes, block.offset);
        let mut fields = self.signed(WHAT, *b"BTHD", &block)?;
        fields.u8()?;
        let kind = fields.u8()?;
        let node = u64::from(fields.u32()?);
        let record = u64::from(fields.u16()?);
        let depth = fields.u16()?;
        fields.take(2)?;
        let root = fields.address()?;
        let count = u64::from(fields.u16()?);
        let broken = || {
            Problem::malformed(
                block.offset,
                Fault::Broken("the measures of a B-tree are impossible"),
            )
        };
        if depth > MOST_LEVELS {
            return Err(broken().into());
        }
        let shape = Shape::new(kind, node, record, depth, self.widths.offsets).ok_or_else(broken)?;
        let mut records = Vec::new();
        let Some(root) = root else {
            return Ok(records);
        };
        let mut seen = BTreeSet::from([root]);
        let mut nodes = vec![(root, count, depth)];
        while let Some((address, count, level)) = nodes.pop() {
            let read = self.node2(
                &shape,
                (address, count, level),
                &mut seen,
                &mut nodes,
                &mut records,
            );
            self.forgive(read)?;
        }
        Ok(records)
    }

    fn node2(
        &mut self,
        shape: &Shape,
        (address, count, level): (u64, u64, u16),
        seen: &mut BTreeSet<u64>,
        nodes: &mut Vec<(u64, u64, u16)>,
        records: &mut Vec<Record>,
    ) -> Result<(), Error> {
        const WHAT: &str = "a B-tree node";
        let block = self.block(WHAT, address, shape.node)?;
        let magic = if level == 0 { *b"BTLF" } else { *b"BTIN" };
        let mut fields = self.signed(WHAT, magic, &block)?;
        fields.take(2)?;
        for _ in 0..count {
            self.spend(2, fields.offset())?;
            let offset = fields.offset();
            let bytes = fields.take(shape.record)?.to_vec();
            let block = Block { bytes, offset };
            records.push(Record {
                kind: shape.kind,
                block,
            });
        }
        if let Some(below) = level.checked_sub(1) {
            let (own, all) = shape.widths.get(usize::from(level)).copied().unwrap_or_default();
            for _ in 0..=count {
                let child = fields.address()?;
                let count = fields.number(own)?;
                fields.number(all)?;
                if let Some(child) = child.filter(|&child| seen.insert(child)) {
                    nodes.push((child, count, below));
                }
            }
        }
        let used = fields.offset().saturating_sub(block.offset).saturating_add(4);
        let used = usize::try_from(used)
            .ok()
            .and_then(|used| block.bytes.get(..used));
        self.verify(WHAT, used.unwrap_or_default(), block.offset);
        Ok(())
    }
}
