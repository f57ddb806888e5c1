//! Dataspaces (specification, IV.A.2.b): the shape of a dataset or attribute.
//!
//! ```text
//! version 1 = 01 rank flags pad:5 dimension{rank} maximum{rank}? permutation{rank}?
//! version 2 = 02 rank flags kind dimension{rank} maximum{rank}?
//! ```

use super::{Fault, walk::Fields};
use crate::Problem;

/// The shape of a dataset or attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Space {
    pub(super) dimensions: Vec<u64>,
    /// No elements at all, not even one.
    null: bool,
}

impl Space {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let at = fields.offset();
        let version = fields.u8()?;
        let rank = fields.u8()?;
        let _flags = fields.u8()?;
        let kind = fields.u8()?;
        match version {
            1 => {
                fields.take(4)?;
            }
            2 => {}
            _ => {
                let what = "a dataspace";
                return Err(Problem::malformed(at, Fault::Version { what, version }));
            }
        }
        let dimensions = (0..rank).map(|_| fields.length()).collect::<Result<_, _>>()?;
        Ok(Self {
            dimensions,
            null: version == 2 && kind == 2,
        })
    }

    /// How many elements there are; `None` when the number overflows.
    pub(super) fn elements(&self) -> Option<u64> {
        if self.null {
            return Some(0);
        }
        if self.dimensions.contains(&0) {
            return Some(0);
        }
        self.dimensions
            .iter()
            .try_fold(1_u64, |all, &one| all.checked_mul(one))
    }
}
