//! GGUF headers: each rule with a file that keeps it and one that breaks it.

use std::io::Cursor;

use proptest::prelude::*;
use weightlock_format::{
    Error, Problem,
    gguf::{Header, Metadata},
    reader::Endian,
    reason,
};

/// Writes GGUF files, right and wrong ones.
#[derive(Clone)]
pub(crate) struct Builder {
    endian: Endian,
    version: u32,
    pairs: Vec<Vec<u8>>,
    infos: Vec<Vec<u8>>,
    tensors: Option<u64>,
    pair_count: Option<u64>,
    data: Vec<u8>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            endian: Endian::Little,
            version: 3,
            pairs: Vec::new(),
            infos: Vec::new(),
            tensors: None,
            pair_count: None,
            data: Vec::new(),
        }
    }

    fn u32(&self, number: u32) -> Vec<u8> {
        match self.endian {
            Endian::Little => number.to_le_bytes().to_vec(),
            Endian::Big => number.to_be_bytes().to_vec(),
        }
    }

    fn u64(&self, number: u64) -> Vec<u8> {
        match self.endian {
            Endian::Little => number.to_le_bytes().to_vec(),
            Endian::Big => number.to_be_bytes().to_vec(),
        }
    }

    /// A count or length: narrow in version 1.
    fn size(&self, number: u64) -> Vec<u8> {
        if self.version == 1 {
            self.u32(number as u32)
        } else {
            self.u64(number)
        }
    }

    fn text(&self, text: &[u8]) -> Vec<u8> {
        [self.size(text.len() as u64), text.to_vec()].concat()
    }

    fn pair(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        let pair = [self.text(key.as_bytes()), self.u32(kind), value.to_vec()].concat();
        self.pairs.push(pair);
        self
    }

    pub(crate) fn text_pair(self, key: &str, text: &str) -> Self {
        let value = self.text(text.as_bytes());
        self.pair(key, 8, &value)
    }

    fn u32_pair(self, key: &str, number: u32) -> Self {
        let value = self.u32(number);
        self.pair(key, 4, &value)
    }

    fn array_pair(self, key: &str, kind: u32, length: u64, items: &[u8]) -> Self {
        let value = [self.u32(kind), self.size(length), items.to_vec()].concat();
        self.pair(key, 9, &value)
    }

    pub(crate) fn tensor(mut self, name: &str, dimensions: &[u64], kind: u32, offset: u64) -> Self {
        let sizes: Vec<u8> = dimensions.iter().flat_map(|&size| self.size(size)).collect();
        let count = self.u32(dimensions.len() as u32);
        let info = [
            self.text(name.as_bytes()),
            count,
            sizes,
            self.u32(kind),
            self.u64(offset),
        ]
        .concat();
        self.infos.push(info);
        self
    }

    pub(crate) fn data(mut self, bytes: usize) -> Self {
        self.data = vec![0; bytes];
        self
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let tensors = self.tensors.unwrap_or(self.infos.len() as u64);
        let pairs = self.pair_count.unwrap_or(self.pairs.len() as u64);
        let mut file = [
            b"GGUF".to_vec(),
            self.u32(self.version),
            self.size(tensors),
            self.size(pairs),
        ]
        .concat();
        file.extend(self.pairs.concat());
        file.extend(self.infos.concat());
        if !self.data.is_empty() {
            file.resize(file.len().next_multiple_of(32), 0);
        }
        file.extend(&self.data);
        file
    }
}

fn parse(file: &[u8]) -> Result<Header, Problem> {
    Header::parse(file, file.len() as u64)
}

/// A small file with every kind of value.
pub(crate) fn small(endian: Endian, version: u32) -> Builder {
    let mut builder = Builder::new();
    builder.endian = endian;
    builder.version = version;
    let (text, wide) = (builder.text(b"\xff tok"), builder.u64(3));
    let inner = [builder.u32(0), builder.size(2), vec![1, 2]].concat();
    builder
        .text_pair("general.architecture", "llama")
        .u32_pair("general.alignment", 32)
        .text_pair("tokenizer.chat_template", "{{ x }}")
        .pair("flag", 7, &[1])
        .pair("small", 1, &[0xff])
        .pair("wide", 10, &wide)
        .array_pair("tokens", 8, 1, &text)
        .array_pair("nested", 9, 1, &inner)
        .tensor("a", &[32, 2], 2, 0)
        .tensor("b", &[3], 0, 64)
        .data(96)
}

#[test]
fn sound_files_of_all_versions_have_their_facts() {
    for (endian, version) in [
        (Endian::Little, 1),
        (Endian::Little, 2),
        (Endian::Little, 3),
        (Endian::Big, 3),
    ] {
        let file = small(endian, version).build();
        let header = Header::read(&mut Cursor::new(&file)).unwrap();
        let layout = header
            .sound()
            .unwrap_or_else(|problem| panic!("version {version}: {problem}"));
        assert_eq!((header.version(), header.endian()), (version, endian));
        assert_eq!(header.text("general.architecture"), Some("llama"));
        assert_eq!(header.metadata()["small"], Metadata::Integer(-1));
        assert_eq!(header.metadata()["wide"], Metadata::Integer(3));
        assert_eq!(header.chat_templates().count(), 1);
        let tensors: Vec<_> = layout
            .tensors()
            .iter()
            .map(|t| (t.name.as_str(), t.shape.clone()))
            .collect();
        assert_eq!(tensors, [("a", vec![2, 32]), ("b", vec![3])]);
        let at = header.header_range().end + 64 + 5;
        let element = layout.element_at(at).unwrap();
        assert_eq!((element.tensor.name.as_str(), element.index), ("b", 1));
        let block = layout.element_at(header.header_range().end + 20).unwrap();
        assert_eq!(
            (block.index, block.indices(), block.bytes.end - block.bytes.start),
            (32, vec![1, 0], 18)
        );
    }
}

#[test]
fn each_broken_rule_has_its_refusal() {
    let base = Builder::new;
    let with = |change: &dyn Fn(&mut Builder)| {
        let mut builder = small(Endian::Little, 3);
        change(&mut builder);
        builder
    };
    let huge = u64::MAX.to_le_bytes();
    let nested = {
        let level = [9_u32.to_le_bytes().to_vec(), 1_u64.to_le_bytes().to_vec()].concat();
        level.repeat(2000)
    };
    for (words, code, builder) in [
        (
            "number of metadata pairs",
            reason::LIMIT,
            with(&|b| b.pair_count = Some(1 << 60)),
        ),
        (
            "number of tensors",
            reason::LIMIT,
            with(&|b| b.tensors = Some(1 << 61)),
        ),
        (
            "length of a metadata text",
            reason::LIMIT,
            base().pair("k", 8, &huge),
        ),
        (
            "are needed",
            reason::TRUNCATED,
            base().array_pair("k", 1, 1 << 20, &[0; 16]),
        ),
        (
            "are needed",
            reason::TRUNCATED,
            base().array_pair("k", 12, u64::MAX, &[0; 16]),
        ),
        (
            "depth of nested arrays",
            reason::LIMIT,
            base().pair("k", 9, &nested),
        ),
        (
            "value kind 13",
            reason::UNSUPPORTED,
            base().pair("k", 13, &[0; 8]),
        ),
        ("a boolean is 2", reason::MALFORMED, base().pair("k", 7, &[2])),
        (
            "not UTF-8",
            reason::MALFORMED,
            base().pair("k", 8, b"\x01\0\0\0\0\0\0\0\xff"),
        ),
        (
            "metadata key is empty",
            reason::MALFORMED,
            base().text_pair("", "x"),
        ),
        (
            "key `k` occurs twice",
            reason::DUPLICATE,
            base().text_pair("k", "x").text_pair("k", "y"),
        ),
        (
            "general.alignment",
            reason::MALFORMED,
            base().u32_pair("general.alignment", 0),
        ),
        (
            "general.alignment",
            reason::MALFORMED,
            base().u32_pair("general.alignment", 24),
        ),
        (
            "general.alignment",
            reason::MALFORMED,
            base().text_pair("general.alignment", "32"),
        ),
        (
            "type 9999",
            reason::UNSUPPORTED,
            base().tensor("w", &[8], 9999, 0).data(32),
        ),
        (
            "size overflows",
            reason::RANGE,
            base().tensor("w", &[1 << 33, 1 << 33], 0, 0).data(32),
        ),
        (
            "size overflows",
            reason::RANGE,
            base().tensor("w", &[8], 0, u64::MAX - 31).data(32),
        ),
        (
            "behind the end",
            reason::RANGE,
            base().tensor("w", &[8], 0, 1 << 40).data(32),
        ),
        (
            "shares 32 bytes",
            reason::RANGE,
            base().tensor("a", &[8], 0, 0).tensor("b", &[8], 0, 0).data(32),
        ),
        (
            "32 bytes before",
            reason::RANGE,
            base().tensor("a", &[8], 0, 0).tensor("b", &[8], 0, 64).data(96),
        ),
        (
            "32 bytes behind the last",
            reason::RANGE,
            base().tensor("a", &[8], 0, 0).data(64),
        ),
        (
            "not aligned",
            reason::RANGE,
            base().tensor("a", &[8], 0, 4).data(64),
        ),
        (
            "blocks of 32",
            reason::MALFORMED,
            base().tensor("a", &[31], 2, 0).data(32),
        ),
        (
            "5 dimensions",
            reason::MALFORMED,
            base().tensor("a", &[1; 5], 0, 0).data(32),
        ),
        (
            "`a` occurs twice",
            reason::DUPLICATE,
            base().tensor("a", &[8], 0, 0).tensor("a", &[8], 0, 32).data(64),
        ),
        (
            "longer than 64",
            reason::MALFORMED,
            base().tensor(&"n".repeat(65), &[8], 0, 0).data(32),
        ),
    ] {
        let header = parse(&builder.build()).unwrap();
        let problems: Vec<String> = header.problems().iter().map(ToString::to_string).collect();
        let found = header
            .problems()
            .iter()
            .find(|problem| problem.to_string().contains(words));
        assert_eq!(found.map(Problem::code), Some(code), "{words}: {problems:?}");
        assert!(header.sound().is_err());
    }
}

#[test]
fn what_is_no_gguf_file_is_refused() {
    let with_version = |version: u32| [&b"GGUF"[..], &version.to_le_bytes()].concat();
    assert_eq!(parse(b"GGUX\x03\0\0\0").unwrap_err().code(), reason::MALFORMED);
    assert_eq!(parse(b"GG").unwrap_err().code(), reason::TRUNCATED);
    for version in [0, 4, u32::MAX, 2_u32.swap_bytes()] {
        assert_eq!(
            parse(&with_version(version)).unwrap_err().code(),
            reason::UNSUPPORTED,
            "{version}"
        );
    }
}

#[test]
fn what_was_read_before_a_fault_stays() {
    let file = small(Endian::Little, 3).build();
    let header = parse(&file[..80]).unwrap();
    assert_eq!(header.text("general.architecture"), Some("llama"));
    assert_eq!(header.sound().unwrap_err().code(), reason::TRUNCATED);
    assert_eq!(
        header.layout().tensors(),
        [],
        "without an end of the header, no tensor has a place"
    );
}

#[test]
fn a_long_header_is_read_whole_and_weights_are_not() {
    let tokens = Builder::new().text(b"token").repeat(400_000);
    let file = Builder::new()
        .array_pair("tokens", 8, 400_000, &tokens)
        .tensor("w", &[1 << 20], 24, 0)
        .data(1 << 20);
    let header = Header::read(&mut Cursor::new(file.build())).unwrap();
    assert_eq!(header.sound().unwrap().tensors().len(), 1);
    assert!(header.header_range().end > 5_000_000);
}

#[test]
fn every_flipped_byte_is_refused_or_read_without_panic() {
    let sound = small(Endian::Little, 3).build();
    for at in 0..sound.len() - 96 {
        for flip in 1..=255_u8 {
            let mut changed = sound.clone();
            changed[at] ^= flip;
            match Header::read(&mut Cursor::new(&changed)) {
                Ok(header) => assert!(header.layout().tensors().len() as u64 <= header.declared_tensors()),
                Err(Error::Refused(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    for length in 0..sound.len() {
        let cut = parse(&sound[..length]);
        // The last 20 bytes are padding behind the last tensor, which writers may leave out.
        let may_be_sound = sound.len() - length <= 20;
        assert!(
            may_be_sound || cut.is_err() || cut.unwrap().sound().is_err(),
            "cut to {length} bytes"
        );
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), pairs in 0_u64..4, tensors in 0_u64..4) {
        let _ = parse(&bytes);
        let start = [&b"GGUF\x03\0\0\0"[..], &tensors.to_le_bytes(), &pairs.to_le_bytes()].concat();
        let _ = parse(&[start, bytes].concat());
    }
}
