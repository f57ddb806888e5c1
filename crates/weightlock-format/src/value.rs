//! [`Value`]: one element decoded for people, so that `diff` can say what a weight was and is.

use std::fmt;

use crate::{Dtype, reader::Endian};

/// The value of one element.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum Value {
    /// A truth value; bytes other than 0 and 1 are not decoded.
    Bool(bool),
    /// An integer of any width.
    Integer(i128),
    /// A float with the number of significant decimal digits that tell it from its neighbours.
    Float {
        /// The value, exactly: every supported float fits into 64 bits.
        value: f64,
        /// The type it was stored as.
        dtype: Dtype,
    },
    /// A complex number of two 32-bit floats.
    Complex {
        /// Real part.
        re: f32,
        /// Imaginary part.
        im: f32,
    },
}

impl Value {
    /// Decodes the bytes of one element.
    ///
    /// `None` when the length does not fit the type, and for types whose elements have no bytes of their own: the
    /// block formats of ggml, and the 4- and 6-bit floats, whose packing safetensors leaves open.
    #[must_use]
    pub fn decode(dtype: Dtype, endian: Endian, bytes: &[u8]) -> Option<Self> {
        let float = |value| Self::Float { value, dtype };
        Some(match dtype {
            Dtype::Bool => match number::<1>(bytes, endian)? {
                [0] => Self::Bool(false),
                [1] => Self::Bool(true),
                _ => return None,
            },
            Dtype::U8 => Self::Integer(u8::from_le_bytes(number(bytes, endian)?).into()),
            Dtype::I8 => Self::Integer(i8::from_le_bytes(number(bytes, endian)?).into()),
            Dtype::U16 => Self::Integer(u16::from_le_bytes(number(bytes, endian)?).into()),
            Dtype::I16 => Self::Integer(i16::from_le_bytes(number(bytes, endian)?).into()),
            Dtype::U32 => Self::Integer(u32::from_le_bytes(number(bytes, endian)?).into()),
            Dtype::I32 => Self::Integer(i32::from_le_bytes(number(bytes, endian)?).into()),
            Dtype::U64 => Self::Integer(u64::from_le_bytes(number(bytes, endian)?).into()),
            Dtype::I64 => Self::Integer(i64::from_le_bytes(number(bytes, endian)?).into()),
            Dtype::F32 => float(f32::from_le_bytes(number(bytes, endian)?).into()),
            Dtype::F64 => float(f64::from_le_bytes(number(bytes, endian)?)),
            Dtype::Bf16 => float(f32::from_bits(u32::from(half(bytes, endian)?) << 16).into()),
            Dtype::F16 => float(SmallFloat::F16.decode(half(bytes, endian)?)),
            Dtype::F8E5m2 => float(SmallFloat::F8E5M2.decode(byte(bytes)?)),
            Dtype::F8E4m3 => float(SmallFloat::F8E4M3.decode(byte(bytes)?)),
            Dtype::F8E4m3Fnuz => float(SmallFloat::F8E4M3FNUZ.decode(byte(bytes)?)),
            Dtype::F8E5m2Fnuz => float(SmallFloat::F8E5M2FNUZ.decode(byte(bytes)?)),
            Dtype::F8E8m0 => float(scale(byte(bytes)?)),
            Dtype::C64 => {
                let (re, im) = bytes.split_at_checked(4)?;
                Self::Complex {
                    re: f32::from_le_bytes(number(re, endian)?),
                    im: f32::from_le_bytes(number(im, endian)?),
                }
            }
            Dtype::F4 | Dtype::F6E2m3 | Dtype::F6E3m2 | Dtype::Quantized(_) => return None,
        })
    }
}

/// Exactly `N` bytes, least significant first.
fn number<const N: usize>(bytes: &[u8], endian: Endian) -> Option<[u8; N]> {
    let mut bytes: [u8; N] = bytes.try_into().ok()?;
    if endian == Endian::Big {
        bytes.reverse();
    }
    Some(bytes)
}

fn half(bytes: &[u8], endian: Endian) -> Option<u16> {
    number(bytes, endian).map(u16::from_le_bytes)
}

fn byte(bytes: &[u8]) -> Option<u16> {
    number(bytes, Endian::Little).map(|[byte]: [u8; 1]| byte.into())
}

/// `F8_E8M0`: an exponent alone, bias 127; all ones is not a number (OCP Microscaling 1.0, §5.4.1).
fn scale(bits: u16) -> f64 {
    match bits {
        0xff => f64::NAN,
        _ => 2_f64.powi(i32::from(bits).saturating_sub(127)),
    }
}

/// How a float of at most 16 bits is built: sign, exponent, mantissa.
struct SmallFloat {
    exponent_bits: u32,
    mantissa_bits: u32,
    bias: i32,
    special: Special,
}

/// Which bit patterns are not finite numbers.
#[derive(PartialEq, Eq)]
enum Special {
    /// IEEE 754: the largest exponent holds infinity and not-a-number.
    Ieee,
    /// `fn`: only all ones in exponent and mantissa is not a number; there is no infinity.
    FiniteOnly,
    /// `fnuz`: only the pattern of minus zero is not a number; there is no infinity.
    UnsignedZero,
}

impl SmallFloat {
    const F16: Self = Self::new(5, 10, 15, Special::Ieee);
    const F8E5M2: Self = Self::new(5, 2, 15, Special::Ieee);
    const F8E4M3: Self = Self::new(4, 3, 7, Special::FiniteOnly);
    const F8E4M3FNUZ: Self = Self::new(4, 3, 8, Special::UnsignedZero);
    const F8E5M2FNUZ: Self = Self::new(5, 2, 16, Special::UnsignedZero);

    const fn new(exponent_bits: u32, mantissa_bits: u32, bias: i32, special: Special) -> Self {
        Self {
            exponent_bits,
            mantissa_bits,
            bias,
            special,
        }
    }

    #[expect(
        clippy::arithmetic_side_effects,
        reason = "at most 16 bits, all widths are the constants above"
    )]
    fn decode(&self, bits: u16) -> f64 {
        let mantissa_ones = (1_u16 << self.mantissa_bits) - 1;
        let exponent_ones = (1_u16 << self.exponent_bits) - 1;
        let mantissa = bits & mantissa_ones;
        let exponent = (bits >> self.mantissa_bits) & exponent_ones;
        let negative = (bits >> (self.mantissa_bits + self.exponent_bits)) & 1 == 1;
        let full = exponent == exponent_ones;
        let magnitude = match self.special {
            Special::Ieee if full && mantissa == 0 => f64::INFINITY,
            Special::Ieee if full => f64::NAN,
            Special::FiniteOnly if full && mantissa == mantissa_ones => f64::NAN,
            Special::UnsignedZero if negative && exponent == 0 && mantissa == 0 => f64::NAN,
            _ => self.finite(exponent, mantissa),
        };
        if negative { -magnitude } else { magnitude }
    }

    #[expect(
        clippy::arithmetic_side_effects,
        reason = "at most 16 bits, all widths are the constants above"
    )]
    fn finite(&self, exponent: u16, mantissa: u16) -> f64 {
        let steps = f64::from(1_u16 << self.mantissa_bits);
        let fraction = f64::from(mantissa) / steps;
        match exponent {
            0 => fraction * 2_f64.powi(1 - self.bias),
            _ => (1.0 + fraction) * 2_f64.powi(i32::from(exponent) - self.bias),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float { value, dtype } => write!(f, "{}", Shortest { value, dtype }),
            Self::Complex { re, im } => {
                write!(f, "{re}{}{}i", if im.is_sign_negative() { "" } else { "+" }, im)
            }
        }
    }
}

/// A float with as few digits as tell it from its neighbours of the same type.
struct Shortest {
    value: f64,
    dtype: Dtype,
}

impl fmt::Display for Shortest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.value.abs();
        let plain = magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) || !magnitude.is_finite();
        match (self.dtype, plain) {
            (Dtype::F64, true) => write!(f, "{}", self.value),
            (Dtype::F64, false) => write!(f, "{:e}", self.value),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "all types but F64 are exact in 32 bits"
            )]
            (_, true) => write!(f, "{}", self.value as f32),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "all types but F64 are exact in 32 bits"
            )]
            (_, false) => write!(f, "{:e}", self.value as f32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(dtype: Dtype, bytes: &[u8]) -> String {
        Value::decode(dtype, Endian::Little, bytes).map_or_else(|| "-".to_owned(), |value| value.to_string())
    }

    #[test]
    fn each_type_is_decoded() {
        for (dtype, bytes, text) in [
            (Dtype::Bool, &[1][..], "true"),
            (Dtype::Bool, &[2], "-"),
            (Dtype::U8, &[255], "255"),
            (Dtype::I8, &[255], "-1"),
            (Dtype::I16, &[0, 128], "-32768"),
            (Dtype::U64, &[255; 8], "18446744073709551615"),
            (Dtype::F32, &1.5_f32.to_le_bytes(), "1.5"),
            (Dtype::F32, &1e-30_f32.to_le_bytes(), "1e-30"),
            (Dtype::F32, &0.1_f32.to_le_bytes(), "0.1"),
            (Dtype::F64, &0.1_f64.to_le_bytes(), "0.1"),
            (Dtype::Bf16, &[0x80, 0x3f], "1"),
            (Dtype::F16, &[0x00, 0x3c], "1"),
            (Dtype::F16, &[0x01, 0x00], "5.9604645e-8"),
            (Dtype::F16, &[0x00, 0xfc], "-inf"),
            (Dtype::F16, &[0x01, 0x7c], "NaN"),
            (Dtype::F8E4m3, &[0x38], "1"),
            (Dtype::F8E4m3, &[0x7e], "448"),
            (Dtype::F8E4m3, &[0x7f], "NaN"),
            (Dtype::F8E5m2, &[0x7b], "57344"),
            (Dtype::F8E5m2, &[0x7c], "inf"),
            (Dtype::F8E4m3Fnuz, &[0x7f], "240"),
            (Dtype::F8E4m3Fnuz, &[0x80], "NaN"),
            (Dtype::F8E5m2Fnuz, &[0x7f], "57344"),
            (Dtype::F8E8m0, &[127], "1"),
            (Dtype::F8E8m0, &[0], "5.877472e-39"),
            (Dtype::F8E8m0, &[255], "NaN"),
            (Dtype::C64, &[0, 0, 128, 63, 0, 0, 128, 191], "1-1i"),
            (Dtype::F32, &[0; 3], "-"),
            (Dtype::F4, &[0], "-"),
        ] {
            assert_eq!(shown(dtype, bytes), text, "{dtype} {bytes:x?}");
        }
    }

    #[test]
    fn order_of_bytes_matters() {
        assert_eq!(
            Value::decode(Dtype::I16, Endian::Big, &[1, 0]),
            Some(Value::Integer(256))
        );
        let big = Value::decode(Dtype::F32, Endian::Big, &1.5_f32.to_be_bytes());
        assert_eq!(big.unwrap().to_string(), "1.5");
    }

    #[test]
    fn half_precision_agrees_with_arithmetic() {
        for bits in 0..0x7c00_u16 {
            let next = SmallFloat::F16.decode(bits + 1);
            assert!(
                SmallFloat::F16.decode(bits) < next,
                "{bits:#x} is not below its successor {next}"
            );
        }
    }
}
