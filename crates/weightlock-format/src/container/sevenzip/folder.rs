//! A folder of 7z: streams that are decoded together.

use std::ops::Range;

use crate::{
    container::stream::{Coder, Expected, Kind, Machine, Packed},
    content::Content,
};

/// A coder as the header describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Step {
    /// The method.
    pub(super) id: Vec<u8>,
    pub(super) properties: Vec<u8>,
    pub(super) inputs: u64,
    pub(super) outputs: u64,
}

/// Streams that decode to the bytes of members, one after the other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Folder {
    /// Where the packed bytes lie in the archive.
    pub packed: Range<u64>,
    /// Bytes that come out.
    pub size: u64,
    /// Their CRC-32, where it is stated.
    pub crc: Option<u32>,
    pub(super) steps: Vec<Step>,
    /// The order of the steps, from the packed bytes on; `None` when they are no chain.
    pub(super) chain: Option<Vec<usize>>,
    /// Bytes that come out of each step.
    pub(super) sizes: Vec<u64>,
}

/// Why a folder cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Unreadable {
    /// It is encrypted.
    Encrypted,
    /// A coder is not read by this version.
    Coder(String),
}

impl Folder {
    /// What comes out of the folder of the archive `content`, to be opened.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn packed(&self, content: &Content) -> Result<Packed, Unreadable> {
        if self.steps.iter().any(|step| step.id.starts_with(&[0x06, 0xf1])) {
            return Err(Unreadable::Encrypted);
        }
        let chain = self.chain.as_ref();
        let chain = chain.ok_or_else(|| Unreadable::Coder("of several streams".to_owned()))?;
        let mut coders = Vec::new();
        for &index in chain {
            let (step, size) = (self.steps.get(index), self.sizes.get(index));
            if let (Some(step), Some(&size)) = (step, size) {
                coders.extend(coder(step, size)?);
            }
        }
        let source = content.part(
            self.packed.start,
            self.packed.end.saturating_sub(self.packed.start),
        );
        Ok(Packed::new(source, coders).expecting(Expected {
            size: Some(self.size),
            crc: self.crc,
        }))
    }
}

/// The decoder of a step; none for bytes that are stored as they are.
fn coder(step: &Step, size: u64) -> Result<Option<Coder>, Unreadable> {
    Ok(Some(match (&step.id[..], &step.properties[..]) {
        ([0], _) => return Ok(None),
        ([0x21], &[window]) => Coder::Lzma2 { window },
        ([3, 1, 1], properties) if properties.len() == 5 => Coder::Lzma {
            properties: properties.try_into().unwrap_or_default(),
            size,
        },
        ([3], &[distance]) => Coder::Delta {
            distance: u16::from(distance).saturating_add(1),
        },
        ([4] | [3, 3, 1, 3], []) => Coder::Branch(Machine::X86),
        ([5] | [3, 3, 2, 5], []) => Coder::Branch(Machine::PowerPc),
        ([6] | [3, 3, 4, 1], []) => Coder::Branch(Machine::Ia64),
        ([7] | [3, 3, 5, 1], []) => Coder::Branch(Machine::Arm),
        ([8] | [3, 3, 7, 1], []) => Coder::Branch(Machine::ArmThumb),
        ([9] | [3, 3, 8, 5], []) => Coder::Branch(Machine::Sparc),
        ([10], []) => Coder::Branch(Machine::Arm64),
        ([11], []) => Coder::Branch(Machine::RiscV),
        ([4, 1, 8], _) => Coder::Deflate,
        ([4, 1, 9], _) => Coder::Deflate64,
        ([4, 2, 2], _) => Coder::Stream(Kind::Bzip2),
        ([4, 0xf7, 0x11, 1], _) => Coder::Stream(Kind::Zstd),
        ([4, 0xf7, 0x11, 4], _) => Coder::Stream(Kind::Lz4),
        ([3, 4, 1], _) => return Err(Unreadable::Coder("PPMd".to_owned())),
        (id, _) => {
            let digits: Vec<String> = id.iter().map(|byte| format!("{byte:02x}")).collect();
            return Err(Unreadable::Coder(format!("7z method {}", digits.concat())));
        }
    }))
}
