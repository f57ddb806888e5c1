//! [`Packed`]: bytes of a content that are, after one or more decoders, a content of their own; [`Packed::open`]
//! makes that content readable.
//!
//! Decoding is counted against the [`Budget`] and bounded in memory whatever the stream declares: the first pass
//! learns the size, holds the start ([`crate::limits::Pool`]) and the end, and what lies between is decoded again
//! when it is asked for. What came out before a stream breaks is a content like any other; the break is told in
//! [`Opened::end`]. Nothing is allocated from a declared size, and a window that a stream asks for is bounded.
//!
//! Refused: dictionaries that are not in the stream, windows beyond [`WINDOW_BYTES`], or a little more in streams within
//! each other, encrypted bytes.

mod decode;
mod frames;
mod inflated;

pub use decode::{Coder, Machine, WINDOW_BYTES};
pub use inflated::{End, Opened};

use crate::{
    content::Content,
    limits::{Budget, Limits},
};

/// A compressed stream that stands for itself, told by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// gzip (RFC 1952), of any number of members.
    Gzip,
    /// bzip2, of any number of streams.
    Bzip2,
    /// xz, of any number of streams.
    Xz,
    /// The older format of the xz tools, `.lzma`.
    LzmaAlone,
    /// Zstandard (RFC 8878), of any number of frames.
    Zstd,
    /// LZ4 frames, also of the legacy format.
    Lz4,
    /// zlib (RFC 1950).
    Zlib,
    /// joblib's file before 0.10: `ZF`, the size in hexadecimal, then zlib.
    ZFile,
}

impl Kind {
    /// The kind of the stream that begins with `head`; 32 bytes are enough.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        Some(match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0x04, 0x22, 0x4d, 0x18, ..] | [0x02, 0x21, 0x4c, 0x18, ..] => Self::Lz4,
            [b'Z', b'F', b'0', b'x', ..] => Self::ZFile,
            [0x5d, 0, ..] => Self::LzmaAlone,
            &[method, flags, ..] if method & 0x0f == 8 && is_zlib(method, flags) => Self::Zlib,
            _ => return None,
        })
    }

    /// Its usual name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::LzmaAlone => "lzma",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Zlib => "zlib",
            Self::ZFile => "joblib zlib",
        }
    }
}

fn is_zlib(method: u8, flags: u8) -> bool {
    let checks = u16::from_be_bytes([method, flags]).checked_rem(31) == Some(0);
    checks && method <= 0x78 && flags & 0x20 == 0
}

/// What is known of the bytes that come out, for [`Opened::end`] to tell whether it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Expected {
    /// How many.
    pub size: Option<u64>,
    /// Their CRC-32.
    pub crc: Option<u32>,
}

/// Bytes that are another content once decoded. Making one costs nothing.
#[derive(Clone, Debug)]
pub struct Packed {
    source: Content,
    coders: Vec<Coder>,
    expected: Expected,
    exempt: bool,
    sealed: bool,
}

impl Packed {
    /// `source`, decoded by each of `coders` in turn; by none when it is stored as it is.
    #[must_use]
    pub fn new(source: Content, coders: Vec<Coder>) -> Self {
        Self {
            source,
            coders,
            expected: Expected::default(),
            exempt: false,
            sealed: false,
        }
    }

    /// A stream that stands for itself.
    #[must_use]
    pub fn stream(source: Content, kind: Kind) -> Self {
        Self::new(source, vec![Coder::Stream(kind)])
    }

    /// With what its container says of what comes out.
    #[must_use]
    pub const fn expecting(mut self, expected: Expected) -> Self {
        self.expected = expected;
        self
    }

    /// The bytes are declared to be of a tensor: those may be as repetitive as they like, and [`Limits::ratio`] does
    /// not count.
    #[must_use]
    pub const fn exempt_from_ratio(mut self) -> Self {
        self.exempt = true;
        self
    }

    /// The container says that the bytes are encrypted. They are tried as they are: a set bit on plain bytes hides
    /// them from readers that believe it. If they cannot be read, that is why.
    #[must_use]
    pub const fn said_to_be_encrypted(mut self) -> Self {
        self.sealed = true;
        self
    }

    /// The bytes before decoding.
    #[must_use]
    pub const fn source(&self) -> &Content {
        &self.source
    }

    /// The first bytes that come out, at most `length`; fewer when the stream ends or breaks.
    #[must_use]
    pub fn head(&self, length: usize) -> Vec<u8> {
        inflated::head(self, length)
    }

    /// Decodes it once, within `limits` and what is left of `budget`, and makes what came out readable.
    #[must_use]
    pub fn open(&self, limits: &Limits, budget: &mut Budget) -> Opened {
        inflated::open(self, limits, budget)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
    use proptest::prelude::*;

    use super::*;

    fn text() -> Vec<u8> {
        (0..40_000_u32)
            .flat_map(|n| (n.wrapping_mul(n) >> 7).to_le_bytes())
            .collect()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn pack(kind: Kind, bytes: &[u8]) -> Vec<u8> {
        use lzma_rust2 as lzma;
        match kind {
            Kind::Gzip => {
                let mut encoder = flate2::GzBuilder::new()
                    .filename("name")
                    .extra(vec![1; 10])
                    .write(Vec::new(), flate2::Compression::default());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Kind::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::new(1));
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Kind::Xz => {
                let mut encoder = lzma::XzWriter::new(Vec::new(), lzma::XzOptions::with_preset(1)).unwrap();
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Kind::LzmaAlone => {
                let options = lzma::LzmaOptions::with_preset(1);
                let mut encoder = lzma::LzmaWriter::new_use_header(Vec::new(), &options, None).unwrap();
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Kind::Zstd => {
                ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
            }
            Kind::Lz4 => {
                let info = FrameInfo::new().block_size(BlockSize::Max64KB);
                let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Kind::Zlib => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Kind::ZFile => {
                let mut file = format!("ZF{:<19}", format!("{:#x}", bytes.len())).into_bytes();
                file.extend(pack(Kind::Zlib, bytes));
                file
            }
        }
    }

    const KINDS: [Kind; 8] = [
        Kind::Gzip,
        Kind::Bzip2,
        Kind::Xz,
        Kind::LzmaAlone,
        Kind::Zstd,
        Kind::Lz4,
        Kind::Zlib,
        Kind::ZFile,
    ];

    fn open(packed: &Packed) -> Opened {
        let limits = Limits::default();
        packed.open(&limits, &mut Budget::new(&limits))
    }

    fn all(opened: &Opened) -> Vec<u8> {
        opened.content.read(0, 64 << 20).unwrap()
    }

    #[test]
    fn every_kind_is_told_and_read() {
        for kind in KINDS {
            let packed = pack(kind, &text());
            assert_eq!(Kind::of(&packed), Some(kind));
            let mut followed = packed.clone();
            followed.extend(b"something else");
            let opened = open(&Packed::stream(followed.into(), kind));
            assert_eq!(opened.end, End::Whole, "{kind:?}");
            assert!(all(&opened) == text(), "{kind:?}");
            assert_eq!(opened.used, packed.len() as u64, "{kind:?}");
            assert!(opened.skipped.is_empty());
        }
        assert_eq!(Kind::of(b"PK\x03\x04"), None);
    }

    #[test]
    fn frames_follow_each_other() {
        for kind in [Kind::Gzip, Kind::Bzip2, Kind::Xz, Kind::Zstd, Kind::Lz4] {
            let mut packed = pack(kind, b"first ");
            packed.extend(pack(kind, b"second"));
            let opened = open(&Packed::stream(packed.into(), kind));
            assert_eq!(
                (opened.end.clone(), all(&opened)),
                (End::Whole, b"first second".to_vec()),
                "{kind:?}"
            );
        }
        for kind in [Kind::Zstd, Kind::Lz4] {
            let mut packed = b"\x50\x2a\x4d\x18\x00\x01\0\0".to_vec();
            packed.extend([7; 256]);
            packed.extend(pack(kind, b"behind"));
            let opened = open(&Packed::stream(packed.into(), kind));
            assert_eq!(
                (all(&opened), opened.skipped),
                (b"behind".to_vec(), vec![std::ops::Range { start: 0, end: 264 }]),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn what_came_out_before_a_break_is_kept() {
        for kind in KINDS {
            let long = text().repeat(4);
            let packed = pack(kind, &long);
            let cut = packed[..packed.len() / 2].to_vec();
            let opened = open(&Packed::stream(cut.into(), kind));
            assert!(matches!(opened.end, End::Broken(_)), "{kind:?}: {:?}", opened.end);
            let got = all(&opened);
            assert!(long.starts_with(&got), "{kind:?}");
            assert!(got.len() > 20_000, "{kind:?}: {}", got.len());
        }
    }

    #[test]
    fn lz4_without_its_end_is_cut() {
        let packed = pack(Kind::Lz4, b"a block and no end mark");
        let cut = packed[..packed.len() - 4].to_vec();
        let opened = open(&Packed::stream(cut.into(), Kind::Lz4));
        assert!(matches!(opened.end, End::Broken(_)));
        assert_eq!(all(&opened), b"a block and no end mark");
    }

    #[test]
    fn a_wrong_checksum_breaks_a_stream_whose_bytes_came_out() {
        for kind in [Kind::Gzip, Kind::Zlib, Kind::Zstd, Kind::Xz] {
            let mut packed = pack(kind, b"some bytes to be kept");
            let at = match kind {
                Kind::Gzip => packed.len() - 6,
                Kind::Xz => packed.len() - 12 - 12 - 6,
                _ => packed.len() - 2,
            };
            packed[at] ^= 0xff;
            let opened = open(&Packed::stream(packed.into(), kind));
            assert!(matches!(opened.end, End::Broken(_)), "{kind:?}: {:?}", opened.end);
            assert_eq!(all(&opened), b"some bytes to be kept", "{kind:?}");
        }
    }

    #[test]
    fn long_contents_are_read_back_and_forth() {
        let long: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let limits = Limits {
            held: 1 << 20,
            ..Limits::default()
        };
        let mut budget = Budget::new(&limits);
        let packed = Packed::new(deflate(&long).into(), vec![Coder::Deflate]);
        let opened = packed.open(&limits, &mut budget);
        assert_eq!(opened.end, End::Whole);
        assert_eq!(opened.content.size(), long.len() as u64);
        for at in [11_999_990, 5_000_000, 0, 5_000_001, 1_300_000, 11_000_000] {
            let expected = &long[at..long.len().min(at + 1000)];
            assert!(opened.content.read(at as u64, 1000).unwrap() == expected, "{at}");
        }
        assert!(!budget.pool.take(1), "the whole pool is in use");
        drop(opened);
        assert!(budget.pool.take(1 << 20));
    }

    #[test]
    fn reading_back_and_forth_for_ever_is_refused() {
        let limits = Limits {
            held: 0,
            ..Limits::default()
        };
        let packed = Packed::new(deflate(&text().repeat(20)).into(), vec![Coder::Deflate]);
        let opened = packed.open(&limits, &mut Budget::new(&limits));
        let refused = (0..1000).find(|n| opened.content.read(1_500_000 - n, 1).is_err());
        assert!(refused.is_some_and(|n| n > 8), "{refused:?}");
    }

    #[test]
    fn bombs_stop_at_the_limits() {
        let bomb = deflate(&vec![0; 64 << 20]);
        let packed = Packed::new(bomb.into(), vec![Coder::Deflate]);
        let limits = Limits::default();
        let ratio = End::Limit {
            what: "decompressed bytes for each compressed byte",
            limit: 200,
        };
        let mut budget = Budget::new(&limits);
        let opened = packed.open(&limits, &mut budget);
        assert_eq!(opened.end, ratio);
        assert!(opened.content.size() <= 17 << 20);
        let whole = packed.clone().exempt_from_ratio().open(&limits, &mut budget);
        assert_eq!((whole.end, whole.content.size()), (End::Whole, 64 << 20));
        budget.inflated = 1000;
        assert!(matches!(packed.open(&limits, &mut budget).end, End::Limit { .. }));
    }

    #[test]
    fn windows_are_bounded() {
        let mut packed = vec![0x5d];
        packed.extend(0x8000_0000_u32.to_le_bytes());
        packed.extend([0xff; 8]);
        packed.extend([0; 100]);
        let opened = open(&Packed::stream(packed.into(), Kind::LzmaAlone));
        assert!(matches!(opened.end, End::Limit { .. }), "{:?}", opened.end);
        let frame = b"\x28\xb5\x2f\xfd\x00\xf8\x01\0\0".to_vec();
        let opened = open(&Packed::stream(frame.into(), Kind::Zstd));
        assert!(matches!(opened.end, End::Limit { .. }), "{:?}", opened.end);
        let lzma2 = Packed::new(vec![0].into(), vec![Coder::Lzma2 { window: 40 }]);
        assert!(matches!(open(&lzma2).end, End::Limit { .. }));
    }

    /// An xz stream with a dictionary of this size.
    fn xz_of(bytes: &[u8], window: u32) -> Vec<u8> {
        let mut options = lzma_rust2::XzOptions::with_preset(0);
        options.lzma_options.dict_size = window;
        let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Opens one within the other.
    fn open_nested(outer: (Kind, Vec<u8>), inner: Kind) -> Opened {
        let limits = Limits::default();
        let mut budget = Budget::new(&limits);
        let outer = Packed::stream(outer.1.into(), outer.0).exempt_from_ratio();
        let outer = outer.open(&limits, &mut budget);
        assert_eq!(outer.end, End::Whole);
        Packed::stream(outer.content, inner).open(&limits, &mut budget)
    }

    #[test]
    fn streams_within_each_other_share_one_window() {
        let xz = |window| xz_of(b"some text", window);
        // The outer one looks back 64 MiB, since there are as many bytes.
        for (inner, fits) in [
            (4096, true),
            (8 << 20, true),
            (16 << 20, false),
            (64 << 20, false),
        ] {
            let mut text = xz(inner);
            text.resize(text.len() + (64 << 20), 0);
            let opened = open_nested((Kind::Xz, xz_of(&text, 64 << 20)), Kind::Xz);
            if fits {
                assert_eq!(opened.end, End::Whole, "{inner}");
                assert_eq!(all(&opened), b"some text");
            } else {
                let what = "bytes of window of streams within each other";
                assert_eq!(
                    opened.end,
                    End::Limit {
                        what,
                        limit: 72 << 20
                    },
                    "{inner}"
                );
                assert_eq!(opened.content.size(), 0);
            }
        }
        // Of what is small it does not matter what the streams ask for, nor of streams behind each other.
        let nested = xz_of(&xz(64 << 20), 64 << 20);
        assert_eq!(open_nested((Kind::Xz, nested), Kind::Xz).end, End::Whole);
        let behind = [xz(48 << 20), xz(48 << 20)].concat();
        assert_eq!(open(&Packed::stream(behind.into(), Kind::Xz)).end, End::Whole);
        assert!(matches!(
            open(&Packed::stream(xz(96 << 20).into(), Kind::Xz)).end,
            End::Limit { .. }
        ));
        for kind in [Kind::Gzip, Kind::Bzip2, Kind::Lz4] {
            let opened = open_nested((kind, pack(kind, &xz(64 << 20))), Kind::Xz);
            assert_eq!(opened.end, End::Whole, "{kind:?}");
        }
    }

    #[test]
    fn zstd_takes_twice_its_window() {
        // A frame of one empty raw block, with a window of 8, 32 and 64 MiB.
        let frame = |descriptor: u8| vec![0x28, 0xb5, 0x2f, 0xfd, 0, descriptor, 1, 0, 0];
        for (descriptor, fits) in [(13 << 3, true), (15 << 3, true), (16 << 3, false)] {
            let opened = open(&Packed::stream(frame(descriptor).into(), Kind::Zstd));
            assert_eq!(opened.end == End::Whole, fits, "{descriptor}: {:?}", opened.end);
        }
    }

    #[test]
    fn what_a_container_says_is_compared() {
        let stored = |size, crc| Expected {
            size: Some(size),
            crc: Some(crc),
        };
        let plain = Packed::new(b"123456789".to_vec().into(), vec![]);
        let opened = open(&plain.clone().expecting(stored(9, 0xcbf4_3926)));
        assert_eq!(
            (opened.end, opened.other_size, opened.other_crc),
            (End::Whole, None, None)
        );
        let opened = open(&plain.clone().expecting(stored(8, 1)));
        assert_eq!(
            (opened.other_size, opened.other_crc),
            (Some(9), Some(0xcbf4_3926))
        );
        let sealed = plain.said_to_be_encrypted();
        assert_eq!(open(&sealed.clone().expecting(stored(9, 0))).end, End::Whole);
        assert_eq!(open(&sealed.expecting(stored(21, 0))).end, End::Encrypted);
    }

    proptest! {
        #[test]
        fn never_panics_nor_exceeds_limits(kind in 0..9_usize, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let coders = KINDS.get(kind).map_or(Coder::Deflate64, |&kind| Coder::Stream(kind));
            check(Packed::new(bytes.into(), vec![coders]));
        }

        #[test]
        fn mutated_streams_never_panic(kind in 0..8_usize, at in 0..200_usize, with in any::<u8>(), cut in 0..400_usize) {
            let kind = KINDS[kind];
            let mut bytes = pack(kind, &text()[..400]);
            let at = at.min(bytes.len() - 1);
            bytes[at] = with;
            bytes.truncate(cut.max(at));
            check(Packed::stream(bytes.into(), kind));
        }
    }

    fn check(packed: Packed) {
        let limits = Limits::default();
        let mut budget = Budget {
            inflated: 100_000,
            ..Budget::new(&limits)
        };
        let opened = packed.open(&limits, &mut budget);
        assert!(opened.content.size() <= 100_000);
        assert!(opened.used <= packed.source().size());
        let _ = (
            packed.head(100),
            opened.content.read(0, 200_000),
            opened.content.tail(10),
        );
    }
}
