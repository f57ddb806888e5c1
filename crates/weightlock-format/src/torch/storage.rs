//! Storages ([`element_bytes`]) and the views of them that tensors are ([`View`]).

use std::ops::Range;

/// Bytes of an element of the storage class `module.name`; `None` when it is no storage of PyTorch.
#[must_use]
pub fn element_bytes(module: &str, name: &str) -> Option<u64> {
    let known = matches!(module, "torch" | "torch.storage" | "torch.cuda");
    let kind = known.then(|| name.strip_suffix("Storage"))??;
    Some(match kind {
        "Byte" | "Char" | "Bool" | "QInt8" | "QUInt8" | "QUInt4x2" | "QUInt2x4" | "Untyped" | "_Untyped" => 1,
        "Short" | "Half" | "BFloat16" => 2,
        "Int" | "Float" | "QInt32" => 4,
        "Long" | "Double" | "ComplexFloat" => 8,
        "ComplexDouble" => 16,
        _ => return None,
    })
}

/// Bytes of an element of the type `torch.name`; `None` when it is no type of PyTorch.
#[must_use]
pub fn dtype_bytes(module: &str, name: &str) -> Option<u64> {
    (module == "torch").then_some(())?;
    Some(match name {
        "uint8" | "int8" | "bool" | "qint8" | "quint8" | "quint4x2" | "quint2x4" | "bits8" => 1,
        "float8_e4m3fn" | "float8_e5m2" | "float8_e4m3fnuz" | "float8_e5m2fnuz" | "float8_e8m0fnu" => 1,
        "float4_e2m1fn_x2" => 1,
        "int16" | "short" | "uint16" | "float16" | "half" | "bfloat16" | "bits16" => 2,
        "int32" | "int" | "uint32" | "float32" | "float" | "complex32" | "chalf" | "qint32" => 4,
        "int64" | "long" | "uint64" | "float64" | "double" | "complex64" | "cfloat" => 8,
        "complex128" | "cdouble" => 16,
        _ => return None,
    })
}

/// A view of a storage, in elements: where it begins, and for each dimension its size and the distance between
/// neighbours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// The first element.
    pub offset: i64,
    /// Elements along each dimension.
    pub sizes: Vec<i64>,
    /// Distance in elements between neighbours along each dimension.
    pub strides: Vec<i64>,
}

impl View {
    /// The elements that the view reaches; `None` when a number is negative, the numbers of dimensions differ, or
    /// the reach overflows. A view without elements reaches none.
    #[must_use]
    pub fn reach(&self) -> Option<Range<u64>> {
        let offset = u64::try_from(self.offset).ok()?;
        if self.sizes.len() != self.strides.len() {
            return None;
        }
        let mut last = offset;
        let mut is_empty = false;
        for (&size, &stride) in self.sizes.iter().zip(&self.strides) {
            let (size, stride) = (u64::try_from(size).ok()?, u64::try_from(stride).ok()?);
            is_empty |= size == 0;
            last = last.checked_add(size.saturating_sub(1).checked_mul(stride)?)?;
        }
        Some(if is_empty {
            offset..offset
        } else {
            offset..last.checked_add(1)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(offset: i64, sizes: &[i64], strides: &[i64]) -> Option<Range<u64>> {
        let view = View {
            offset,
            sizes: sizes.to_vec(),
            strides: strides.to_vec(),
        };
        view.reach()
    }

    #[test]
    fn elements_have_their_bytes() {
        assert_eq!(element_bytes("torch", "FloatStorage"), Some(4));
        assert_eq!(element_bytes("torch.storage", "UntypedStorage"), Some(1));
        assert_eq!(dtype_bytes("torch", "bfloat16"), Some(2));
        for (module, name) in [
            ("torch", "Storage"),
            ("os", "FloatStorage"),
            ("torch", "EvilStorage"),
            ("torch", "x"),
        ] {
            assert_eq!(element_bytes(module, name), None, "{module}.{name}");
        }
        assert_eq!(dtype_bytes("torch", "FloatTensor"), None);
    }

    #[test]
    fn a_view_reaches_its_last_element() {
        assert_eq!(reach(0, &[4, 4], &[4, 1]), Some(0..16));
        assert_eq!(reach(2, &[3], &[0]), Some(2..3), "expanded");
        assert_eq!(reach(5, &[], &[]), Some(5..6), "a scalar");
        let overflow = reach(9, &[0, i64::MAX], &[1, i64::MAX]);
        assert_eq!(overflow, None, "the reach overflows, whatever is empty");
        assert_eq!(reach(9, &[0, 7], &[7, 1]), Some(9..9));
        for (offset, sizes, strides) in [
            (-1, &[1][..], &[1][..]),
            (0, &[-1], &[1]),
            (0, &[1], &[-1]),
            (0, &[1], &[]),
            (i64::MAX, &[i64::MAX, i64::MAX], &[i64::MAX, 1]),
        ] {
            assert_eq!(reach(offset, sizes, strides), None);
        }
    }
}
