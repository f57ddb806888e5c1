//! What do bytes hold that ought to be mere data?
//!
//! Weights are any bytes, so each answer here takes more than chance can give: a program by its header, an archive by
//! a header with plausible fields, a compressed stream by decoding, a pickle by running to its STOP and importing
//! something on the way.

use memchr::memmem;
use weightlock_format::{
    container::{
        stream::{Kind, Packed},
        zip::Archive,
    },
    content::Content,
    detect::Format,
    executable::{self, Executable},
    limits::{Budget, Limits},
    pickle::{self, Frames},
};

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    /// A program.
    Program(Executable),
    /// An archive, a stream, a model or a pickle.
    Format(Format),
}

/// Bytes that must come out of a stream before it is believed to be one.
const STREAM_BYTES: usize = 256;
/// Bytes of the end in which the end of an archive is looked for.
const TAIL_BYTES: usize = 1024;
/// Opcodes that are run to see whether bytes are a pickle that imports something.
const PROBE_OPCODES: u64 = 100_000;
/// Bytes searched at once.
const WINDOW_BYTES: usize = 1 << 20;

/// What `content` is as a whole, if it is more than data.
pub(crate) fn start(content: &Content, limits: &Limits) -> Option<Found> {
    if let Ok(Some(program)) = executable::recognise(content, 0) {
        return Some(Found::Program(program));
    }
    let head = content.read(0, 600).ok()?;
    archive(content, &head, limits)
        .or_else(|| stream(content, &head))
        .or_else(|| is_pickle(content, &head, limits).then_some(Format::Pickle))
        .map(Found::Format)
}

/// Whether `content` ends with a zip archive.
pub(crate) fn end(content: &Content) -> bool {
    let tail = content.tail(TAIL_BYTES).unwrap_or_default();
    memmem::find(&tail, b"PK\x05\x06").is_some()
        && weightlock_format::container::zip::last_end(content).is_ok_and(|end| end.is_some())
}

fn archive(content: &Content, head: &[u8], limits: &Limits) -> Option<Format> {
    match head {
        [b'P', b'K', 3, 4, ..] => {
            // Reading all of it is left to its analyzer: one member is enough.
            let mut few = limits.clone();
            few.members = 1;
            let first = content.part(0, 1 << 16);
            let archive = Archive::read(&first, &few, &mut Budget::new(&few)).ok()?;
            archive.is_zip().then_some(Format::Zip)
        }
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, 0, ..] => Some(Format::SevenZip),
        [b'R', b'a', b'r', b'!', 0x1a, 7, 0 | 1, ..] => Some(Format::Rar),
        [b'M', b'S', b'C', b'F', 0, 0, 0, 0, ..] => Some(Format::Cab),
        _ if head.get(257..262) == Some(b"ustar") => Some(Format::Tar),
        [b'G', b'G', b'U', b'F', 1..=3, 0, 0, 0, ..] => Some(Format::Gguf),
        _ => None,
    }
}

fn stream(content: &Content, head: &[u8]) -> Option<Format> {
    let kind = Kind::of(head)?;
    let format = match kind {
        Kind::Gzip => Format::Gzip,
        Kind::Bzip2 if head.get(4..10) == Some(b"1AY&SY") => Format::Bzip2,
        Kind::Xz => Format::Xz,
        Kind::Zstd => Format::Zstd,
        Kind::Lz4 => Format::Lz4,
        // Two bytes are no evidence, and much decodes as what follows them.
        _ => return None,
    };
    let decoded = Packed::stream(content.clone(), kind).head(STREAM_BYTES);
    let is_short = content.size() < STREAM_BYTES as u64 && !decoded.is_empty();
    (decoded.len() == STREAM_BYTES || is_short).then_some(format)
}

/// Whether the bytes are, as a whole, a pickle that imports something. Arrays of small numbers look like opcodes, but
/// not up to a STOP at their end.
fn is_pickle(content: &Content, head: &[u8], limits: &Limits) -> bool {
    if Format::of(head) != Format::Pickle && !pickle::calls_from_start(content).unwrap_or(false) {
        return false;
    }
    let mut few = limits.clone();
    few.opcodes = PROBE_OPCODES;
    let stream = pickle::read(
        content,
        0,
        Frames::default(),
        &few,
        &mut Budget::new(&few),
        &mut (),
    );
    stream.is_ok_and(|stream| {
        let ended = stream.root.is_some();
        // A pickle that goes on longer than the probe is one, too.
        let long = stream.opcodes >= PROBE_OPCODES;
        stream.imports && (ended || long)
    })
}

/// Where something begins that is more than data, at any offset of `content`.
pub(crate) fn anywhere(content: &Content, limits: &Limits) -> Vec<(u64, Found)> {
    let mut found = Vec::new();
    let finders: Vec<_> = MAGICS.iter().map(|magic| memmem::Finder::new(*magic)).collect();
    let mut at = 0_u64;
    while at < content.size() && found.len() < MOST_FOUND {
        let Ok(window) = content.read(at, WINDOW_BYTES) else {
            break;
        };
        let fresh = window.len().saturating_sub(OVERLAP_BYTES).max(1);
        let mut hits: Vec<usize> = finders
            .iter()
            .flat_map(|finder| finder.find_iter(&window))
            .collect();
        hits.sort_unstable();
        let is_last = at.saturating_add(window.len() as u64) >= content.size();
        for hit in hits.into_iter().filter(|&hit| is_last || hit < fresh) {
            let offset = at.saturating_add(hit as u64);
            let rest = content.since(offset);
            if let Some(what) = start(&rest, limits) {
                found.push((offset, what));
            }
            if found.len() == MOST_FOUND {
                break;
            }
        }
        if is_last {
            break;
        }
        at = at.saturating_add(fresh as u64);
    }
    found
}

/// How programs, archives, streams and pickles begin.
const MAGICS: &[&[u8]] = &[
    b"\x7fELF",
    b"MZ",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\0asm",
    b"#!/",
    b"PK\x03\x04",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x1f\x8b\x08",
    b"BZh",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"\x80\x02",
    b"\x80\x03",
    b"\x80\x04\x95",
    b"\x80\x05\x95",
];
/// Magic numbers may lie across the edge of a window.
const OVERLAP_BYTES: usize = 8;
/// Things that are told of one content; who finds so many has seen enough.
const MOST_FOUND: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: u32) -> Vec<u8> {
        (0..length)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[2])
            .collect()
    }

    fn told(bytes: &[u8]) -> Option<Found> {
        start(&bytes.to_vec().into(), &Limits::default())
    }

    const EVIL: &[u8] = b"\x80\x02cposix\nsystem\nX\x04\0\0\0echo\x85R.";

    #[test]
    fn data_is_data() {
        for bytes in [
            &noise(5000)[..],
            b"",
            &[0; 100],
            &[0x80; 64],
            b"\x80\x02K\x01.",
            b"PK\x03\x04",
            b"\x1f\x8b\x08\0\0\0",
        ] {
            assert_eq!(told(bytes), None, "{:?}", &bytes[..bytes.len().min(8)]);
        }
        assert!(!end(&noise(5000).into()));
        assert!(anywhere(&noise(3_000_000).into(), &Limits::default()).is_empty());
    }

    #[test]
    fn what_is_more_is_told() {
        assert_eq!(told(EVIL), Some(Found::Format(Format::Pickle)));
        assert_eq!(
            told(b"cos\nsystem\n(S'echo'\ntR."),
            Some(Found::Format(Format::Pickle))
        );
        assert!(matches!(told(b"\x7fELF\x02\x01\x01\0"), Some(Found::Program(_))));
        assert_eq!(
            told(b"7z\xbc\xaf\x27\x1c\0\x04"),
            Some(Found::Format(Format::SevenZip))
        );
    }

    #[test]
    fn what_lies_anywhere_is_found_across_windows() {
        let mut bytes = noise(2_000_000);
        let at = WINDOW_BYTES - 3;
        bytes.splice(at..at + EVIL.len(), EVIL.iter().copied());
        let elf = b"\x7fELF\x02\x01\x01\0";
        bytes.splice(100..108, elf.iter().copied());
        let found = anywhere(&bytes.into(), &Limits::default());
        let places: Vec<u64> = found.iter().map(|(at, _)| *at).collect();
        assert_eq!(places, [100, at as u64]);
    }
}
