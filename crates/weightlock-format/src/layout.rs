//! Where the tensors of a file lie: from a byte range to names, from an offset to one element.
//!
//! The list is sorted by position, with the furthest end reached so far beside each tensor, so that a look-up is
//! a binary search and still finds everything where a hostile header lets tensors overlap.

use std::ops::Range;

use crate::Dtype;

/// One tensor of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tensor {
    /// The name, as stored. Show it through [`weightlock_artifact::text::Shown`].
    pub name: String,
    /// The type of the elements; `None` when this build does not know it.
    pub dtype: Option<Dtype>,
    /// Dimensions, outermost first (GGUF stores them the other way round).
    pub shape: Vec<u64>,
    /// Where its bytes lie, from the start of the file.
    pub bytes: Range<u64>,
}

impl Tensor {
    /// The number of elements; `None` when the product overflows.
    #[must_use]
    pub fn elements(&self) -> Option<u64> {
        elements(&self.shape)
    }
}

/// The product of the dimensions (1 for a scalar); `None` when it overflows.
pub(crate) fn elements(shape: &[u64]) -> Option<u64> {
    // A zero makes the product zero whatever stands beside it; multiplied in order, `[2^63, 4, 0]` would overflow.
    if shape.contains(&0) {
        return Some(0);
    }
    shape
        .iter()
        .try_fold(1_u64, |product, &size| product.checked_mul(size))
}

/// The tensors of one file, sorted by position.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layout {
    tensors: Vec<Tensor>,
    /// `reach[i]` is the largest end among `tensors[..=i]`.
    reach: Vec<u64>,
}

impl Layout {
    pub(crate) fn new(mut tensors: Vec<Tensor>) -> Self {
        tensors.sort_by_key(position);
        let reach = tensors
            .iter()
            .scan(0, |reach: &mut u64, tensor| {
                *reach = tensor.bytes.end.max(*reach);
                Some(*reach)
            })
            .collect();
        Self { tensors, reach }
    }

    /// All tensors, sorted by position.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The tensors that own at least one byte of `range`, sorted by position.
    pub fn tensors_in(&self, range: Range<u64>) -> impl Iterator<Item = &Tensor> {
        let first = self.reach.partition_point(|&reach| reach <= range.start);
        let end = self
            .tensors
            .partition_point(|tensor| tensor.bytes.start < range.end);
        self.tensors
            .get(first..end)
            .unwrap_or_default()
            .iter()
            .filter(move |tensor| tensor.bytes.start.max(range.start) < tensor.bytes.end.min(range.end))
    }

    /// The element whose bytes include `offset`; the first such tensor where several overlap.
    #[must_use]
    pub fn element_at(&self, offset: u64) -> Option<Element<'_>> {
        let tensor = self.tensors_in(offset..offset.checked_add(1)?).next()?;
        let block = tensor.dtype?.block();
        let number = offset.checked_sub(tensor.bytes.start)?.checked_div(block.bytes)?;
        let start = tensor.bytes.start.checked_add(number.checked_mul(block.bytes)?)?;
        Some(Element {
            tensor,
            index: number.checked_mul(block.elements)?,
            bytes: start..start.checked_add(block.bytes)?,
        })
    }
}

const fn position(tensor: &Tensor) -> (u64, u64) {
    (tensor.bytes.start, tensor.bytes.end)
}

/// One element of a tensor, or one block where elements share bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Element<'a> {
    /// The tensor it belongs to.
    pub tensor: &'a Tensor,
    /// Its number, counted with the last dimension fastest; of the first element where a block holds several.
    pub index: u64,
    /// The bytes of the element or block, from the start of the file. Decode them with [`crate::value::Value`].
    pub bytes: Range<u64>,
}

impl Element<'_> {
    /// The index in each dimension, outermost first; empty for a scalar.
    #[must_use]
    pub fn indices(&self) -> Vec<u64> {
        let mut left = self.index;
        let mut indices = Vec::new();
        for &size in self.tensor.shape.iter().rev() {
            indices.push(left.checked_rem(size).unwrap_or(0));
            left = left.checked_div(size).unwrap_or(0);
        }
        indices.reverse();
        indices
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tensor(name: &str, dtype: Dtype, shape: &[u64], bytes: Range<u64>) -> Tensor {
        Tensor {
            name: name.to_owned(),
            dtype: Some(dtype),
            shape: shape.to_vec(),
            bytes,
        }
    }

    fn names(layout: &Layout, range: Range<u64>) -> Vec<&str> {
        layout
            .tensors_in(range)
            .map(|tensor| tensor.name.as_str())
            .collect()
    }

    #[test]
    fn ranges_name_tensors() {
        let layout = Layout::new(vec![
            tensor("b", Dtype::F32, &[2, 3], 116..140),
            tensor("a", Dtype::Bf16, &[8], 100..116),
            tensor("empty", Dtype::F32, &[0], 116..116),
        ]);
        assert_eq!(names(&layout, 0..100), [""; 0]);
        assert_eq!(names(&layout, 0..101), ["a"]);
        assert_eq!(names(&layout, 115..117), ["a", "b"]);
        assert_eq!(names(&layout, 116..117), ["b"]);
        assert_eq!(names(&layout, 140..u64::MAX), [""; 0]);
    }

    #[test]
    fn offsets_name_elements() {
        let layout = Layout::new(vec![tensor("b", Dtype::F32, &[2, 3], 116..140)]);
        let element = layout.element_at(133).unwrap();
        assert_eq!(
            (element.index, element.indices(), element.bytes),
            (4, vec![1, 1], 132..136)
        );
        assert_eq!(layout.element_at(140), None);
        assert_eq!(layout.element_at(u64::MAX), None);
    }

    #[test]
    fn a_zero_dimension_is_no_overflow() {
        assert_eq!(elements(&[1 << 63, 4, 0]), Some(0));
        assert_eq!(elements(&[1 << 63, 4]), None);
        assert_eq!(elements(&[]), Some(1));
    }

    proptest! {
        #[test]
        fn finds_what_a_scan_finds(
            spans in prop::collection::vec((0_u64..60, 0_u64..20), 0..12),
            range in (0_u64..80, 0_u64..20).prop_map(|(start, length)| start..start + length),
        ) {
            let layout = Layout::new(
                spans.iter().map(|&(start, length)| tensor("t", Dtype::U8, &[length], start..start + length)).collect(),
            );
            let scan: Vec<&Tensor> = layout
                .tensors()
                .iter()
                .filter(|tensor| tensor.bytes.start.max(range.start) < tensor.bytes.end.min(range.end))
                .collect();
            prop_assert_eq!(layout.tensors_in(range).collect::<Vec<_>>(), scan);
        }
    }
}
