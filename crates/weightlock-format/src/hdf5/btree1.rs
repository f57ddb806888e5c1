//! B-trees of version 1 (specification, III.A.1): of groups and of chunks.
//!
//! ```text
//! node = "TREE" kind level used:u16 left:address right:address ( key child:address )* key
//! key  = group: length | chunk: size:u32 mask:u32 offset:u64{rank + 1}
//! ```

use std::collections::{BTreeSet, VecDeque};

use super::{Fault, walk::Walk};
use crate::{Error, Problem};

/// What a tree indexes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Symbol table nodes of a group.
    Group,
    /// Chunks of a dataset; with the dimensions of a key, one more than the dataset has.
    Chunk {
        /// Their number.
        dimensions: u64,
    },
}

/// What the tree points to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf {
    pub(super) address: u64,
    /// Bytes, of a chunk.
    pub(super) size: u32,
}

const WHAT: &str = "a B-tree node";

impl Walk<'_> {
    /// What the tree whose root is at `address` points to. A child that was met before is passed over.
    pub(super) fn tree1(&mut self, address: u64, kind: Kind) -> Result<Vec<Leaf>, Error> {
        let mut leaves = Vec::new();
        let mut seen = BTreeSet::from([address]);
        let mut nodes = VecDeque::from([address]);
        while let Some(address) = nodes.pop_front() {
            let read = self.node1(address, kind, &mut seen, &mut nodes, &mut leaves);
            self.forgive(read)?;
        }
        Ok(leaves)
    }

    fn node1(
        &mut self,
        address: u64,
        kind: Kind,
        seen: &mut BTreeSet<u64>,
        nodes: &mut VecDeque<u64>,
        leaves: &mut Vec<Leaf>,
    ) -> Result<(), Error> {
        let offsets = u64::from(self.widths.offsets);
        let before = offsets.saturating_mul(2).saturating_add(8);
        let (code, key) = match kind {
            Kind::Group => (0, u64::from(self.widths.lengths)),
            Kind::Chunk { dimensions } => {
                let key = dimensions.saturating_mul(8).saturating_add(8);
                (1, key)
            }
        };
        let size = |used: u64| {
            let pairs = key.saturating_add(offsets).saturating_mul(used);
            before.saturating_add(pairs).saturating_add(key)
        };
        let head = self.peek(WHAT, address, before)?;
        let mut fields = self.signed(WHAT, *b"TREE", &head)?;
        let (found, level, used) = (fields.u8()?, fields.u8()?, u64::from(fields.u16()?));
        if found != code {
            return Err(Problem::malformed(head.offset, Fault::Missing(WHAT)).into());
        }
        let block = self.block(WHAT, address, size(used))?;
        let mut fields = self.fields(&block);
        fields.take(before)?;
        for _ in 0..used {
            self.spend(1, fields.offset())?;
            let mut entry = fields.sub(key)?;
            let size = match kind {
                Kind::Group => 0,
                Kind::Chunk { .. } => entry.u32()?,
            };
            let Some(address) = fields.address()? else {
                continue;
            };
            if !seen.insert(address) {
                continue;
            }
            if level == 0 {
                leaves.push(Leaf { address, size });
            } else {
                nodes.push_back(address);
            }
        }
        Ok(())
    }
}
