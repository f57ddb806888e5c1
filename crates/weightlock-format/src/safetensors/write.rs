//! A deterministic writer: the same tensors and metadata give the same bytes, whatever the order they come in.
//!
//! Tensors are laid out by falling element size, then by name: every tensor then begins at a multiple of its
//! element size, as the reference library has it. The header is padded with spaces to a multiple of eight bytes.

use std::{
    collections::{BTreeMap, HashSet},
    io::{self, Write},
};

use super::header::limit;
use crate::{Dtype, layout::elements};

/// One tensor to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewTensor<'a> {
    /// The name; unique in the file.
    pub name: &'a str,
    /// The type of the elements.
    pub dtype: Dtype,
    /// Dimensions, outermost first.
    pub shape: &'a [u64],
    /// The elements, little endian, last dimension fastest.
    pub data: &'a [u8],
}

/// Why tensors cannot be written as a safetensors file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The name is empty or reserved.
    #[error("{0:?} cannot be the name of a tensor")]
    Name(String),
    /// Two tensors have one name.
    #[error("the tensor name {0:?} is given twice")]
    Duplicate(String),
    /// safetensors has no such element type.
    #[error("safetensors cannot hold {0}")]
    Dtype(Dtype),
    /// The data has another size than type and shape say.
    #[error("tensor {name:?}: {found} bytes do not fit its type and shape")]
    Size {
        /// The tensor.
        name: String,
        /// Bytes given.
        found: u64,
    },
    /// The header would be over the format's limit.
    #[error("the header would have {0} bytes, more than the format allows")]
    HeaderTooLong(u64),
    /// The sink failed.
    #[error("cannot write the tensors")]
    Io(#[from] io::Error),
}

/// Writes a whole safetensors file.
///
/// # Errors
/// [`WriteError`]; nothing is written before all tensors and the header were checked.
pub fn write(
    tensors: &[NewTensor<'_>],
    metadata: &BTreeMap<String, String>,
    sink: &mut impl Write,
) -> Result<(), WriteError> {
    let mut sorted: Vec<&NewTensor<'_>> = tensors.iter().collect();
    sorted.sort_by_key(|tensor| (std::cmp::Reverse(tensor.dtype.block().bytes), tensor.name));
    let header = header(&sorted, metadata)?;
    sink.write_all(&(header.len() as u64).to_le_bytes())?;
    sink.write_all(&header)?;
    for tensor in sorted {
        sink.write_all(tensor.data)?;
    }
    Ok(())
}

/// The header text, written piece by piece: the order of keys must not depend on how a JSON library is built.
fn header(sorted: &[&NewTensor<'_>], metadata: &BTreeMap<String, String>) -> Result<Vec<u8>, WriteError> {
    let mut names = HashSet::new();
    let mut pieces = Vec::new();
    if !metadata.is_empty() {
        let texts: Vec<String> = metadata
            .iter()
            .map(|(key, text)| format!("{}:{}", quoted(key), quoted(text)))
            .collect();
        pieces.push(format!("\"__metadata__\":{{{}}}", texts.join(",")));
    }
    let mut begin = 0_u64;
    for tensor in sorted {
        check(tensor)?;
        if !names.insert(tensor.name) {
            return Err(WriteError::Duplicate(tensor.name.to_owned()));
        }
        let end = begin.saturating_add(tensor.data.len() as u64);
        pieces.push(entry(tensor, begin, end));
        begin = end;
    }
    let mut header = format!("{{{}}}", pieces.join(",")).into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    match header.len() as u64 {
        length if length > limit::HEADER_BYTES => Err(WriteError::HeaderTooLong(length)),
        _ => Ok(header),
    }
}

fn entry(tensor: &NewTensor<'_>, begin: u64, end: u64) -> String {
    let name = quoted(tensor.name);
    let dtype = tensor.dtype.name();
    let shape: Vec<String> = tensor.shape.iter().map(u64::to_string).collect();
    let shape = shape.join(",");
    format!("{name}:{{\"dtype\":\"{dtype}\",\"shape\":[{shape}],\"data_offsets\":[{begin},{end}]}}")
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn check(tensor: &NewTensor<'_>) -> Result<(), WriteError> {
    if tensor.name.is_empty() || tensor.name == "__metadata__" {
        return Err(WriteError::Name(tensor.name.to_owned()));
    }
    if !Dtype::PLAIN.contains(&tensor.dtype) {
        return Err(WriteError::Dtype(tensor.dtype));
    }
    let found = tensor.data.len() as u64;
    let needed = elements(tensor.shape).and_then(|elements| tensor.dtype.bytes_of(elements));
    if needed != Some(found) {
        return Err(WriteError::Size {
            name: tensor.name.to_owned(),
            found,
        });
    }
    Ok(())
}

/// The bytes of 32-bit floats.
#[must_use]
pub fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The bytes of floats shortened to bfloat16, rounded to the nearest and to even where two are equally near.
#[must_use]
pub fn bf16_bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|&value| bf16(value).to_le_bytes())
        .collect()
}

fn bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    let [_, _, low, high] = bits.to_le_bytes();
    let upper = u16::from_le_bytes([low, high]);
    if value.is_nan() {
        // Rounding could carry a not-a-number into infinity; a quiet one stays what it is.
        return upper | 0x0040;
    }
    let rest = bits & 0xffff;
    let up = rest > 0x8000 || (rest == 0x8000 && upper & 1 == 1);
    // The largest finite pattern plus one is infinity, which is what rounding up means there.
    upper.wrapping_add(u16::from(up))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{reader::Endian, safetensors::Header, value};

    fn written(tensors: &[NewTensor<'_>], metadata: &[(&str, &str)]) -> Vec<u8> {
        let metadata = metadata
            .iter()
            .map(|&(key, text)| (key.to_owned(), text.to_owned()))
            .collect();
        let mut file = Vec::new();
        write(tensors, &metadata, &mut file).unwrap();
        file
    }

    #[test]
    fn what_is_written_is_sound_and_reads_back() {
        let weights = f32_bytes(&[1.0, -2.5, 0.0, 4.0, 5.0, 6.0]);
        let bias = bf16_bytes(&[0.5, 1.0]);
        let a = NewTensor {
            name: "a.weight",
            dtype: Dtype::F32,
            shape: &[2, 3],
            data: &weights,
        };
        let b = NewTensor {
            name: "a.bias",
            dtype: Dtype::Bf16,
            shape: &[2],
            data: &bias,
        };
        let file = written(&[b, a], &[("format", "pt")]);
        assert_eq!(
            file,
            written(&[a, b], &[("format", "pt")]),
            "the order given must not matter"
        );

        let header = Header::parse(&file, file.len() as u64).unwrap();
        assert_eq!(header.problems(), []);
        assert_eq!(header.metadata().get("format").map(String::as_str), Some("pt"));
        assert_eq!(header.header_range().end % 8, 0);
        let layout = header.sound().unwrap();
        let names: Vec<&str> = layout
            .tensors()
            .iter()
            .map(|tensor| tensor.name.as_str())
            .collect();
        assert_eq!(names, ["a.weight", "a.bias"]);
        let element = layout.element_at(header.header_range().end + 7).unwrap();
        let bytes =
            &file[usize::try_from(element.bytes.start).unwrap()..usize::try_from(element.bytes.end).unwrap()];
        assert_eq!(element.indices(), [0, 1]);
        assert_eq!(
            value::Value::decode(Dtype::F32, Endian::Little, bytes)
                .unwrap()
                .to_string(),
            "-2.5"
        );
    }

    #[test]
    fn an_empty_file_is_a_file() {
        let file = written(&[], &[]);
        assert_eq!(file, b"\x08\0\0\0\0\0\0\0{}      ");
        assert_eq!(Header::parse(&file, 16).unwrap().problems(), []);
    }

    #[test]
    fn what_readers_would_refuse_is_not_written() {
        let tensor = NewTensor {
            name: "w",
            dtype: Dtype::U8,
            shape: &[2],
            data: &[1, 2],
        };
        let refusal = |tensors: &[NewTensor<'_>]| {
            let mut file = Vec::new();
            let error = write(tensors, &BTreeMap::new(), &mut file).unwrap_err();
            assert!(file.is_empty(), "nothing is written before a refusal");
            error
        };
        assert!(matches!(refusal(&[tensor, tensor]), WriteError::Duplicate(_)));
        assert!(matches!(
            refusal(&[NewTensor {
                name: "__metadata__",
                ..tensor
            }]),
            WriteError::Name(_)
        ));
        assert!(matches!(
            refusal(&[NewTensor { name: "", ..tensor }]),
            WriteError::Name(_)
        ));
        assert!(matches!(
            refusal(&[NewTensor {
                shape: &[3],
                ..tensor
            }]),
            WriteError::Size { .. }
        ));
        assert!(matches!(
            refusal(&[NewTensor {
                shape: &[1 << 63, 4],
                ..tensor
            }]),
            WriteError::Size { .. }
        ));
        let quantized = Dtype::Quantized(crate::Quantization::Q4_0);
        assert!(matches!(
            refusal(&[NewTensor {
                dtype: quantized,
                ..tensor
            }]),
            WriteError::Dtype(_)
        ));
    }

    #[test]
    fn bfloat16_rounds_to_nearest_even() {
        for (value, bits) in [
            (1.0, 0x3f80),
            (1.0 + 1.0 / 256.0, 0x3f80),
            (1.0 + 3.0 / 256.0, 0x3f82),
            (1.004, 0x3f81),
            (f32::MAX, 0x7f80),
            (-0.0, 0x8000),
        ] {
            assert_eq!(bf16(value), bits, "{value}");
        }
        assert_eq!(
            bf16(f32::from_bits(0x7f80_0001)) & 0x7fff,
            0x7fc0,
            "a not-a-number must not become infinity"
        );
    }

    proptest! {
        #[test]
        fn round_trip(
            tensors in prop::collection::btree_map("[a-z.\\\\\"\u{1f600}]{1,8}", prop::collection::vec(any::<f32>(), 0..5), 0..6),
            metadata in prop::collection::btree_map(".{0,6}", ".{0,6}", 0..4),
        ) {
            let data: Vec<_> = tensors.iter().map(|(name, values)| (name, [values.len() as u64], f32_bytes(values))).collect();
            let tensors: Vec<_> = data
                .iter()
                .map(|(name, shape, data)| NewTensor { name, dtype: Dtype::F32, shape, data })
                .collect();
            let mut file = Vec::new();
            write(&tensors, &metadata, &mut file).unwrap();
            let header = Header::parse(&file, file.len() as u64).unwrap();
            let layout = header.sound().unwrap();
            prop_assert_eq!(header.metadata(), &metadata);
            prop_assert_eq!(layout.tensors().len(), tensors.len());
            for tensor in layout.tensors() {
                let original = tensors.iter().find(|original| original.name == tensor.name).unwrap();
                let range = usize::try_from(tensor.bytes.start).unwrap()..usize::try_from(tensor.bytes.end).unwrap();
                prop_assert_eq!(&file[range], original.data);
            }
        }
    }
}
