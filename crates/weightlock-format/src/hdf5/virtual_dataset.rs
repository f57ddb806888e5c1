//! Virtual datasets (specification, IV.A.2.i and appendix "virtual dataset block"): parts of other datasets, in this
//! file or others.
//!
//! ```text
//! block     = version count:length ( flags? file NUL dataset NUL source target )* checksum
//! selection = kind:u32 version:u32 …                        kind: 0 none, 1 points, 2 slabs, 3 all
//! ```

use std::collections::BTreeSet;

use super::{
    Fault, Foreign, ForeignKind,
    walk::{Fields, Walk},
};
use crate::{Error, Problem};

const WHAT: &str = "the mapping of a virtual dataset";

impl Walk<'_> {
    /// The files that a virtual dataset is made of. `.` is this one.
    pub(super) fn virtual_dataset(
        &mut self,
        collection: Option<u64>,
        index: u64,
        path: &str,
        at: u64,
    ) -> Result<(), Error> {
        let mut files = BTreeSet::new();
        let read = self.sources(collection, index, at, &mut files);
        if read.is_err() {
            // What could not be read may name any file.
            files.insert("?".to_owned());
        }
        for file in files.into_iter().filter(|file| file != ".") {
            self.foreign(Foreign {
                path: path.to_owned(),
                offset: at,
                kind: ForeignKind::Virtual,
                file,
            });
        }
        read
    }

    fn sources(
        &mut self,
        collection: Option<u64>,
        index: u64,
        at: u64,
        files: &mut BTreeSet<String>,
    ) -> Result<(), Error> {
        let Some(collection) = collection else {
            return Ok(());
        };
        let objects = self.collection(collection)?;
        let missing = || Problem::malformed(at, Fault::Missing(WHAT));
        let range = objects.get(&index).ok_or_else(missing)?;
        let address = range.start.saturating_sub(self.file.superblock.base);
        let block = self.block(WHAT, address, range.end.saturating_sub(range.start))?;
        self.verify(WHAT, &block.bytes, block.offset);
        let mut fields = self.fields(&block);
        let version = fields.u8()?;
        if version > 1 {
            return Err(Problem::malformed(block.offset, Fault::Version { what: WHAT, version }).into());
        }
        let count = fields.length()?;
        let mut known = Vec::new();
        for _ in 0..count {
            self.spend(1, fields.offset())?;
            let flags = if version == 1 { fields.u8()? } else { 0 };
            // Version 1 can refer to an earlier entry in place of repeating a name.
            let file = if flags & 4 != 0 {
                ".".to_owned()
            } else if flags & 1 != 0 {
                let index = usize::try_from(fields.length()?).unwrap_or(usize::MAX);
                known.get(index).cloned().unwrap_or_else(|| "?".to_owned())
            } else {
                String::from_utf8_lossy(fields.terminated()?).into_owned()
            };
            if flags & 2 != 0 {
                fields.length()?;
            } else {
                fields.terminated()?;
            }
            known.push(file.clone());
            files.insert(file);
            self.selection(&mut fields)?;
            self.selection(&mut fields)?;
        }
        Ok(())
    }

    /// Passes over a selection.
    fn selection(&mut self, fields: &mut Fields<'_>) -> Result<(), Error> {
        let at = fields.offset();
        let kind = fields.u32()?;
        let version = fields.u32()?;
        match (kind, version) {
            (0 | 3, 1) | (1, 1) | (2, 1) => {
                fields.u32()?;
                let length = fields.u32()?;
                fields.take(u64::from(length))?;
            }
            (2, 2) => {
                fields.u8()?;
                let length = fields.u32()?;
                fields.take(u64::from(length))?;
            }
            (1, 2) => {
                let width = fields.u8()?;
                let rank = u64::from(fields.u32()?);
                let count = fields.number(width)?;
                fields.take(count.saturating_mul(rank).saturating_mul(u64::from(width)))?;
            }
            (2, 3) => {
                let regular = fields.u8()? & 1 != 0;
                let width = fields.u8()?;
                let rank = u64::from(fields.u32()?);
                let numbers = if regular {
                    rank.saturating_mul(4)
                } else {
                    fields.number(width)?.saturating_mul(rank).saturating_mul(2)
                };
                fields.take(numbers.saturating_mul(u64::from(width)))?;
            }
            _ => return Err(Problem::malformed(at, Fault::Broken("a selection has no known kind")).into()),
        }
        Ok(())
    }
}
