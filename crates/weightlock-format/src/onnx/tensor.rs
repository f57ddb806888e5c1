//! [`Tensor`]: what a tensor says of itself, and whether its data agrees.

use std::ops::Range;

use super::Fault;
use crate::{Error, Named, Problem, content::Content};

/// A tensor, wherever in the file it stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tensor {
    /// Its name; empty for the value of an attribute.
    pub name: String,
    /// Its dimensions; the first few of too many.
    pub dims: Vec<i64>,
    /// The number of its element type.
    pub data_type: u64,
    /// Bytes of `raw_data`; `None` when it has none.
    pub raw: Option<Range<u64>>,
    /// The first integers of its data, where it holds 64-bit integers.
    pub integers: Vec<i64>,
    /// Pairs of `external_data`, in order; keys may occur twice.
    pub external: Vec<(String, String)>,
    /// Whether it says that its data is external.
    pub is_external: bool,
    /// What is wrong with it.
    pub problem: Option<Problem>,
    /// Where it lies.
    pub range: Range<u64>,
    too_many_dims: bool,
}

/// `TensorProto.DataType.INT64`.
const INT64: u64 = 7;
/// `TensorProto.DataType.STRING`, which has no fixed size.
const STRING: u64 = 8;
/// Dimensions that are kept; runtimes have 8 or fewer.
const MOST_DIMS: usize = 64;
/// Integers and pairs that are kept.
const MOST_KEPT: usize = 32;

impl Tensor {
    pub(super) const fn new(range: Range<u64>) -> Self {
        Self {
            name: String::new(),
            dims: Vec::new(),
            data_type: 0,
            raw: None,
            integers: Vec::new(),
            external: Vec::new(),
            is_external: false,
            problem: None,
            range,
            too_many_dims: false,
        }
    }

    pub(super) fn number(&mut self, field: &'static str, bits: u64) {
        match field {
            "dims" if self.dims.len() < MOST_DIMS => self.dims.push(bits.cast_signed()),
            "dims" => self.too_many_dims = true,
            "data_type" => self.data_type = bits,
            "data_location" => self.is_external = bits == 1,
            "int64_data" if self.integers.len() < MOST_KEPT => self.integers.push(bits.cast_signed()),
            _ => {}
        }
    }

    pub(super) fn data(&mut self, field: &'static str, range: &Range<u64>) {
        if field == "raw_data" {
            self.raw = Some(range.clone());
        }
    }

    pub(super) fn external(&mut self, key: String, value: String) {
        if self.external.len() < MOST_KEPT {
            self.external.push((key, value));
        }
    }

    /// All of it has been read: compares the data with the shape.
    pub(super) fn finish(mut self, content: &Content) -> Result<Self, Error> {
        if let Some(raw) = &self.raw
            && self.data_type == INT64
        {
            let kept = content.read(raw.start, MOST_KEPT.saturating_mul(8))?;
            let within = usize::try_from(raw.end.saturating_sub(raw.start)).unwrap_or(usize::MAX);
            let (words, _) = kept
                .get(..within.min(kept.len()))
                .unwrap_or_default()
                .as_chunks::<8>();
            self.integers = words.iter().map(|word| i64::from_le_bytes(*word)).collect();
        }
        self.problem = self
            .check()
            .err()
            .map(|fault| Problem::malformed(self.range.start, fault));
        Ok(self)
    }

    /// Whether its element type is one of ONNX.
    pub(super) const fn has_known_type(&self) -> bool {
        self.data_type == STRING || bits_of(self.data_type).is_some()
    }

    /// Bytes by type and dimensions; `None` where the type has no fixed size.
    ///
    /// # Errors
    /// [`Fault::Shape`].
    fn needed(&self) -> Result<Option<u64>, Fault> {
        let overflow = || Fault::Shape(Named::new(&self.name));
        if self.too_many_dims || self.dims.iter().any(|&size| size < 0) {
            return Err(overflow());
        }
        let dims: Vec<u64> = self.dims.iter().map(|size| size.unsigned_abs()).collect();
        let elements = crate::layout::elements(&dims).ok_or_else(overflow)?;
        let Some(bits) = bits_of(self.data_type) else {
            return Ok(None);
        };
        let bits = u128::from(elements)
            .checked_mul(u128::from(bits))
            .ok_or_else(overflow)?;
        u64::try_from(bits.div_ceil(8)).map(Some).map_err(|_| overflow())
    }

    fn check(&self) -> Result<(), Fault> {
        let needed = self.needed()?;
        let found = self
            .raw
            .as_ref()
            .map(|raw| raw.end.saturating_sub(raw.start))
            .or(self
                .external_range()?
                .and_then(|range| (range.end != u64::MAX).then(|| range.end.saturating_sub(range.start))));
        match (needed, found) {
            (Some(needed), Some(found)) if needed != found => Err(Fault::WrongSize {
                name: Named::new(&self.name),
                needed,
                found,
            }),
            _ => Ok(()),
        }
    }

    /// The paths that readers could take for the location of its data.
    pub fn locations(&self) -> impl Iterator<Item = &str> {
        self.external
            .iter()
            .filter(|(key, _)| key == "location")
            .map(|(_, value)| value.as_str())
    }

    /// The bytes of the other file that are its data; the end is `u64::MAX` when the file says nothing of it.
    ///
    /// # Errors
    /// [`Fault::External`] when offset or length is not a number.
    pub fn external_range(&self) -> Result<Option<Range<u64>>, Fault> {
        if self.locations().next().is_none() {
            return Ok(None);
        }
        let number = |wanted: &str| -> Result<Option<u64>, Fault> {
            let last = self.external.iter().rev().find(|(key, _)| key == wanted);
            last.map(|(_, value)| value.trim().parse())
                .transpose()
                .map_err(|_| Fault::External(Named::new(&self.name)))
        };
        let start = number("offset")?.unwrap_or(0);
        let end = number("length")?
            .or(self.needed()?)
            .map_or(u64::MAX, |length| start.saturating_add(length));
        Ok(Some(start..end))
    }
}

/// Bits of an element (`TensorProto.DataType`); `None` for strings and types that are not known.
const fn bits_of(data_type: u64) -> Option<u64> {
    Some(match data_type {
        2 | 3 | 9 | 17 | 18 | 19 | 20 | 24 => 8,
        4 | 5 | 10 | 16 => 16,
        1 | 6 | 12 => 32,
        7 | 11 | 13 | 14 => 64,
        15 => 128,
        21..=23 => 4,
        25 | 26 => 2,
        _ => return None,
    })
}
