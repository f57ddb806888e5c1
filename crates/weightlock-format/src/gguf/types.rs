//! ggml's numbers for tensor types.

use crate::{Dtype, Quantization as Q};

/// The type with this number. Numbers that ggml has withdrawn (4, 5, 31–33, 36–38) are unknown here as there.
pub(crate) const fn dtype(code: u32) -> Option<Dtype> {
    Some(match code {
        0 => Dtype::F32,
        1 => Dtype::F16,
        2 => Dtype::Quantized(Q::Q4_0),
        3 => Dtype::Quantized(Q::Q4_1),
        6 => Dtype::Quantized(Q::Q5_0),
        7 => Dtype::Quantized(Q::Q5_1),
        8 => Dtype::Quantized(Q::Q8_0),
        9 => Dtype::Quantized(Q::Q8_1),
        10 => Dtype::Quantized(Q::Q2_K),
        11 => Dtype::Quantized(Q::Q3_K),
        12 => Dtype::Quantized(Q::Q4_K),
        13 => Dtype::Quantized(Q::Q5_K),
        14 => Dtype::Quantized(Q::Q6_K),
        15 => Dtype::Quantized(Q::Q8_K),
        16 => Dtype::Quantized(Q::IQ2_XXS),
        17 => Dtype::Quantized(Q::IQ2_XS),
        18 => Dtype::Quantized(Q::IQ3_XXS),
        19 => Dtype::Quantized(Q::IQ1_S),
        20 => Dtype::Quantized(Q::IQ4_NL),
        21 => Dtype::Quantized(Q::IQ3_S),
        22 => Dtype::Quantized(Q::IQ2_S),
        23 => Dtype::Quantized(Q::IQ4_XS),
        24 => Dtype::I8,
        25 => Dtype::I16,
        26 => Dtype::I32,
        27 => Dtype::I64,
        28 => Dtype::F64,
        29 => Dtype::Quantized(Q::IQ1_M),
        30 => Dtype::Bf16,
        34 => Dtype::Quantized(Q::TQ1_0),
        35 => Dtype::Quantized(Q::TQ2_0),
        39 => Dtype::Quantized(Q::MXFP4),
        40 => Dtype::Quantized(Q::NVFP4),
        41 => Dtype::Quantized(Q::Q1_0),
        42 => Dtype::Quantized(Q::Q2_0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_has_its_own_type() {
        let known: Vec<Dtype> = (0..1000).filter_map(dtype).collect();
        assert_eq!(known.len(), 35);
        assert_eq!(known.iter().collect::<BTreeSet<_>>().len(), 35);
        for withdrawn in [4, 5, 31, 32, 33, 36, 37, 38, 43, u32::MAX] {
            assert_eq!(dtype(withdrawn), None);
        }
    }
}
