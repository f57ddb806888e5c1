//! Global heaps (specification, III.E): collections of texts and bytes of variable length.
//!
//! ```text
//! collection = "GCOL" 01 pad:3 size:length object*
//! object     = index:u16 references:u16 pad:4 size:length data padded to 8      index 0: the free rest
//! ```

use std::{collections::BTreeMap, ops::Range, rc::Rc};

use super::{Fault, RegionKind, walk::Walk};
use crate::{Error, Problem};

const WHAT: &str = "a global heap";

impl Walk<'_> {
    /// Where the objects of the collection at `address` lie in the content.
    pub(super) fn collection(&mut self, address: u64) -> Result<Rc<BTreeMap<u64, Range<u64>>>, Error> {
        if let Some(known) = self.collections.get(&address) {
            return Ok(Rc::clone(known));
        }
        let objects = Rc::new(self.read_collection(address)?);
        self.collections.insert(address, Rc::clone(&objects));
        Ok(objects)
    }

    fn read_collection(&mut self, address: u64) -> Result<BTreeMap<u64, Range<u64>>, Error> {
        let lengths = u64::from(self.widths.lengths);
        let before = lengths.saturating_add(8);
        let head = self.peek(WHAT, address, before)?;
        let mut fields = self.signed(WHAT, *b"GCOL", &head)?;
        fields.take(4)?;
        let size = fields.length()?;
        if size > self.room(address) {
            return Err(Problem::malformed(head.offset, Fault::Outside(WHAT)).into());
        }
        self.explain(address, before);
        let end = address.saturating_add(size);
        let mut at = address.saturating_add(before);
        let mut objects = BTreeMap::new();
        while end.saturating_sub(at) >= before {
            let head = self.peek(WHAT, at, before)?;
            let mut fields = self.fields(&head);
            let index = u64::from(fields.u16()?);
            fields.take(6)?;
            let size = fields.length()?;
            if index == 0 {
                // The free rest is like any other unused space of the file.
                self.explain(at, before);
                break;
            }
            self.spend(1, head.offset)?;
            let data = at.saturating_add(before);
            if size > end.saturating_sub(data) {
                return Err(
                    Problem::malformed(head.offset, Fault::Outside("an object of a global heap")).into(),
                );
            }
            self.explain(at, before);
            self.region(data, size, RegionKind::HeapObject);
            let padded = size.checked_next_multiple_of(8).unwrap_or(u64::MAX);
            let after = data.saturating_add(padded).min(end);
            self.explain(
                data.saturating_add(size),
                after.saturating_sub(data.saturating_add(size)),
            );
            let start = self.absolute(data);
            objects.insert(index, start..start.saturating_add(size));
            at = after;
        }
        Ok(objects)
    }

    /// Collections that only the elements of datasets point to: they are found where nothing else is.
    pub(super) fn unreferenced_collections(&mut self) -> Result<(), Error> {
        let base = self.file.superblock.base;
        let mut used: Vec<_> = self
            .file
            .regions
            .iter()
            .map(|region| region.range.clone())
            .collect();
        used.push(self.file.superblock.end..u64::MAX);
        used.sort_unstable_by_key(|range| (range.start, range.end));
        let mut at = base;
        for range in used {
            while let Some(address) =
                self.find_collection(at.saturating_sub(base), range.start.saturating_sub(base))?
            {
                let read = self.collection(address);
                at = self.absolute(address).saturating_add(8);
                match read {
                    // What is left of a deleted heap is no fault of the file.
                    Err(Error::Refused(Problem::Malformed { .. })) => {}
                    Err(error) => return Err(error),
                    Ok(objects) => {
                        let last = objects.values().map(|range| range.end).max();
                        at = last
                            .unwrap_or(at)
                            .max(at)
                            .checked_next_multiple_of(8)
                            .unwrap_or(u64::MAX);
                    }
                }
            }
            at = at.max(range.end);
        }
        Ok(())
    }

    /// The first address from `from` on where a collection begins that ends before `to`. Only the first megabytes of
    /// a range are searched.
    fn find_collection(&mut self, from: u64, to: u64) -> Result<Option<u64>, Error> {
        const MAGIC: &[u8] = b"GCOL\x01\0\0\0";
        const SEARCHED: u64 = 16 << 20;
        const STEP: u64 = 64 << 10;
        let from = from.checked_next_multiple_of(8).unwrap_or(u64::MAX);
        let to = to
            .min(from.saturating_add(SEARCHED))
            .min(from.saturating_add(self.room(from)));
        let mut at = from;
        while at < to && to.saturating_sub(at) >= 16 {
            let block = self.peek(WHAT, at, to.saturating_sub(at).min(STEP))?;
            let found = block.bytes.chunks(8).position(|eight| eight == MAGIC);
            if let Some(found) = found {
                return Ok(Some(at.saturating_add((found as u64).saturating_mul(8))));
            }
            at = at.saturating_add(STEP);
        }
        Ok(None)
    }
}
