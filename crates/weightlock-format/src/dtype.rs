//! [`Dtype`]: the type of a tensor's elements, over all formats, with the bytes it takes.

use std::fmt;

use serde::{Serialize, Serializer};

/// The type of a tensor's elements.
///
/// Names of the plain types are those of safetensors; [`Dtype::Quantized`] holds ggml's block formats.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "each variant is the name of a type; `name` writes it")]
#[non_exhaustive]
pub enum Dtype {
    Bool,
    F4,
    F6E2m3,
    F6E3m2,
    U8,
    I8,
    F8E5m2,
    F8E4m3,
    F8E8m0,
    F8E4m3Fnuz,
    F8E5m2Fnuz,
    I16,
    U16,
    F16,
    Bf16,
    I32,
    U32,
    F32,
    C64,
    F64,
    I64,
    U64,
    Quantized(Quantization),
}

/// ggml's block formats: some elements share a scale, so none of them has bytes of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "each variant is the name of a type; `name` writes it")]
#[expect(
    non_camel_case_types,
    reason = "the names are ggml's, where Q4_0 and Q40 would differ"
)]
#[non_exhaustive]
pub enum Quantization {
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q8_1,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    Q8_K,
    IQ2_XXS,
    IQ2_XS,
    IQ3_XXS,
    IQ1_S,
    IQ4_NL,
    IQ3_S,
    IQ2_S,
    IQ4_XS,
    IQ1_M,
    TQ1_0,
    TQ2_0,
    MXFP4,
    NVFP4,
    Q1_0,
    Q2_0,
}

/// The smallest run of elements that fills whole bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// Elements of one block.
    pub elements: u64,
    /// Bytes of one block.
    pub bytes: u64,
}

impl Dtype {
    /// The types that safetensors can hold, in the order of its own enumeration.
    pub const PLAIN: [Self; 22] = [
        Self::Bool,
        Self::F4,
        Self::F6E2m3,
        Self::F6E3m2,
        Self::U8,
        Self::I8,
        Self::F8E5m2,
        Self::F8E4m3,
        Self::F8E8m0,
        Self::F8E4m3Fnuz,
        Self::F8E5m2Fnuz,
        Self::I16,
        Self::U16,
        Self::F16,
        Self::Bf16,
        Self::I32,
        Self::U32,
        Self::F32,
        Self::C64,
        Self::F64,
        Self::I64,
        Self::U64,
    ];

    /// The plain type that safetensors calls `name`.
    #[must_use]
    pub fn from_safetensors(name: &str) -> Option<Self> {
        Self::PLAIN.into_iter().find(|dtype| dtype.name() == name)
    }

    /// The name in safetensors headers, or ggml's.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::F4 => "F4",
            Self::F6E2m3 => "F6_E2M3",
            Self::F6E3m2 => "F6_E3M2",
            Self::U8 => "U8",
            Self::I8 => "I8",
            Self::F8E5m2 => "F8_E5M2",
            Self::F8E4m3 => "F8_E4M3",
            Self::F8E8m0 => "F8_E8M0",
            Self::F8E4m3Fnuz => "F8_E4M3FNUZ",
            Self::F8E5m2Fnuz => "F8_E5M2FNUZ",
            Self::I16 => "I16",
            Self::U16 => "U16",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::I32 => "I32",
            Self::U32 => "U32",
            Self::F32 => "F32",
            Self::C64 => "C64",
            Self::F64 => "F64",
            Self::I64 => "I64",
            Self::U64 => "U64",
            Self::Quantized(quantization) => quantization.name(),
        }
    }

    /// The smallest run of elements that fills whole bytes.
    #[must_use]
    pub const fn block(self) -> Block {
        let (elements, bytes) = match self {
            Self::F4 => (2, 1),
            Self::F6E2m3 | Self::F6E3m2 => (4, 3),
            Self::Bool | Self::U8 | Self::I8 => (1, 1),
            Self::F8E5m2 | Self::F8E4m3 | Self::F8E8m0 | Self::F8E4m3Fnuz | Self::F8E5m2Fnuz => (1, 1),
            Self::I16 | Self::U16 | Self::F16 | Self::Bf16 => (1, 2),
            Self::I32 | Self::U32 | Self::F32 => (1, 4),
            Self::C64 | Self::F64 | Self::I64 | Self::U64 => (1, 8),
            Self::Quantized(quantization) => return quantization.block(),
        };
        Block { elements, bytes }
    }

    /// Bytes of `elements` elements; `None` when they do not fill whole blocks or the number overflows.
    #[must_use]
    pub fn bytes_of(self, elements: u64) -> Option<u64> {
        let block = self.block();
        if elements.checked_rem(block.elements)? != 0 {
            return None;
        }
        elements.checked_div(block.elements)?.checked_mul(block.bytes)
    }
}

impl Quantization {
    /// ggml's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q8_0 => "Q8_0",
            Self::Q8_1 => "Q8_1",
            Self::Q2_K => "Q2_K",
            Self::Q3_K => "Q3_K",
            Self::Q4_K => "Q4_K",
            Self::Q5_K => "Q5_K",
            Self::Q6_K => "Q6_K",
            Self::Q8_K => "Q8_K",
            Self::IQ2_XXS => "IQ2_XXS",
            Self::IQ2_XS => "IQ2_XS",
            Self::IQ3_XXS => "IQ3_XXS",
            Self::IQ1_S => "IQ1_S",
            Self::IQ4_NL => "IQ4_NL",
            Self::IQ3_S => "IQ3_S",
            Self::IQ2_S => "IQ2_S",
            Self::IQ4_XS => "IQ4_XS",
            Self::IQ1_M => "IQ1_M",
            Self::TQ1_0 => "TQ1_0",
            Self::TQ2_0 => "TQ2_0",
            Self::MXFP4 => "MXFP4",
            Self::NVFP4 => "NVFP4",
            Self::Q1_0 => "Q1_0",
            Self::Q2_0 => "Q2_0",
        }
    }

    /// Elements and bytes of one block, from the structures of `ggml-common.h`.
    #[must_use]
    pub const fn block(self) -> Block {
        let (elements, bytes) = match self {
            Self::Q4_0 | Self::IQ4_NL => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q8_1 => (32, 36),
            Self::MXFP4 => (32, 17),
            Self::NVFP4 => (64, 36),
            Self::Q2_0 => (64, 18),
            Self::Q1_0 => (128, 18),
            Self::Q2_K => (256, 84),
            Self::Q3_K | Self::IQ3_S => (256, 110),
            Self::Q4_K => (256, 144),
            Self::Q5_K => (256, 176),
            Self::Q6_K => (256, 210),
            Self::Q8_K => (256, 292),
            Self::IQ2_XXS | Self::TQ2_0 => (256, 66),
            Self::IQ2_XS => (256, 74),
            Self::IQ3_XXS => (256, 98),
            Self::IQ1_S => (256, 50),
            Self::IQ2_S => (256, 82),
            Self::IQ4_XS => (256, 136),
            Self::IQ1_M => (256, 56),
            Self::TQ1_0 => (256, 54),
        };
        Block { elements, bytes }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Dtype {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for dtype in Dtype::PLAIN {
            assert_eq!(Dtype::from_safetensors(dtype.name()), Some(dtype));
        }
        for name in ["f32", "F128", "", "Q4_0", "BF16 "] {
            assert_eq!(Dtype::from_safetensors(name), None, "{name}");
        }
    }

    #[test]
    fn bytes_need_whole_blocks_and_do_not_overflow() {
        assert_eq!(Dtype::F4.bytes_of(6), Some(3));
        assert_eq!(Dtype::F4.bytes_of(5), None);
        assert_eq!(Dtype::F6E2m3.bytes_of(8), Some(6));
        assert_eq!(Dtype::F6E2m3.bytes_of(2), None);
        assert_eq!(Dtype::Bf16.bytes_of(0), Some(0));
        assert_eq!(Dtype::Quantized(Quantization::Q4_K).bytes_of(512), Some(288));
        assert_eq!(Dtype::Quantized(Quantization::Q4_K).bytes_of(257), None);
        assert_eq!(Dtype::F64.bytes_of(u64::MAX), None);
    }
}
