//! Files made by hand, each with one property.

use proptest::prelude::*;

use super::{checksum::lookup3, *};
use crate::limits::Limits;

const UNDEFINED: [u8; 8] = [0xff; 8];

/// A file in the making.
struct Image {
    bytes: Vec<u8>,
    base: usize,
}

impl Image {
    fn new(base: usize) -> Self {
        Self {
            bytes: vec![0; base + 48],
            base,
        }
    }

    /// Adds a structure; its address.
    fn add(&mut self, bytes: &[u8]) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let address = self.bytes.len() - self.base;
        self.bytes.extend(bytes);
        address as u64
    }

    /// The file, with a superblock of version 2 or 3 that leads to `root`.
    fn finish(mut self, root: u64) -> Vec<u8> {
        let end = self.bytes.len() as u64;
        let mut head = b"\x89HDF\r\n\x1a\n\x02\x08\x08\0".to_vec();
        head.extend((self.base as u64).to_le_bytes());
        head.extend(UNDEFINED);
        head.extend(end.to_le_bytes());
        head.extend(root.to_le_bytes());
        let head = checked(head);
        self.bytes[self.base..self.base + 48].copy_from_slice(&head);
        self.bytes
    }
}

fn checked(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = lookup3(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// An object header of version 2.
fn object(messages: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let body: Vec<u8> = messages
        .iter()
        .flat_map(|(kind, data)| {
            let size = u16::try_from(data.len()).unwrap().to_le_bytes();
            [vec![*kind, size[0], size[1], 0], data.clone()].concat()
        })
        .collect();
    let size = u32::try_from(body.len()).unwrap().to_le_bytes();
    checked([b"OHDR\x02\x02".to_vec(), size.to_vec(), body].concat())
}

/// An object header of version 1.
fn old_object(messages: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let body: Vec<u8> = messages
        .iter()
        .flat_map(|(kind, data)| {
            let mut data = data.clone();
            data.resize(data.len().next_multiple_of(8), 0);
            let size = u16::try_from(data.len()).unwrap().to_le_bytes();
            [kind.to_le_bytes().to_vec(), size.to_vec(), vec![0; 4], data].concat()
        })
        .collect();
    let count = u16::try_from(messages.len()).unwrap().to_le_bytes();
    let size = u32::try_from(body.len()).unwrap().to_le_bytes();
    [
        vec![1, 0],
        count.to_vec(),
        1_u32.to_le_bytes().to_vec(),
        size.to_vec(),
        vec![0; 4],
        body,
    ]
    .concat()
}

fn fixed(size: u32) -> Vec<u8> {
    [vec![0x13, 1, 0, 0], size.to_le_bytes().to_vec()].concat()
}

fn variable() -> Vec<u8> {
    [vec![0x19, 1, 1, 0], 16_u32.to_le_bytes().to_vec(), fixed(1)].concat()
}

fn shape(dimensions: &[u64]) -> Vec<u8> {
    let rank = u8::try_from(dimensions.len()).unwrap();
    let mut space = vec![2, rank, 0, u8::from(rank > 0)];
    space.extend(dimensions.iter().flat_map(|one| one.to_le_bytes()));
    space
}

/// An attribute of version 3.
fn attribute(name: &str, datatype: &[u8], space: &[u8], value: &[u8]) -> Vec<u8> {
    let size = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_le_bytes().to_vec();
    let name = [name.as_bytes(), b"\0"].concat();
    [
        vec![3, 0],
        size(&name),
        size(datatype),
        size(space),
        vec![0],
        name,
        datatype.to_vec(),
        space.to_vec(),
        value.to_vec(),
    ]
    .concat()
}

fn text_attribute(name: &str, text: &str) -> Vec<u8> {
    attribute(
        name,
        &fixed(u32::try_from(text.len()).unwrap()),
        &shape(&[]),
        text.as_bytes(),
    )
}

fn link(name: &str, kind: u8, target: &[u8]) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    [
        vec![1, 8, kind, length],
        name.as_bytes().to_vec(),
        target.to_vec(),
    ]
    .concat()
}

fn external(file: &str, path: &str) -> Vec<u8> {
    let value = [b"\0", file.as_bytes(), b"\0", path.as_bytes(), b"\0"].concat();
    [u16::try_from(value.len()).unwrap().to_le_bytes().to_vec(), value].concat()
}

/// A contiguous dataset of bytes.
fn dataset(address: u64, stored: u64, elements: u64) -> Vec<(u8, Vec<u8>)> {
    let numbers = [
        vec![0x10, 0, 0, 0],
        1_u32.to_le_bytes().to_vec(),
        vec![0, 0, 8, 0],
    ]
    .concat();
    let layout = [
        vec![3, 1],
        address.to_le_bytes().to_vec(),
        stored.to_le_bytes().to_vec(),
    ]
    .concat();
    vec![(1, shape(&[elements])), (3, numbers), (8, layout)]
}

fn read(bytes: &[u8]) -> File {
    let content = Content::from(bytes.to_vec());
    let base = locate(&content).unwrap().unwrap();
    File::read(&content, base, &mut Budget::new(&Limits::default())).unwrap()
}

fn texts(bytes: &[u8], file: &File) -> Vec<(String, String, String)> {
    let value = |range: &Range<u64>| {
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        String::from_utf8_lossy(&bytes[range]).into_owned()
    };
    let attributes = file.attributes.iter();
    attributes
        .flat_map(|one| {
            one.values
                .iter()
                .map(|range| (one.path.to_string(), one.name.clone(), value(range)))
        })
        .collect()
}

fn is_broken(file: &File, wanted: &Fault) -> bool {
    let is = |problem: &Problem| matches!(problem, Problem::Malformed { fault: crate::Fault::Hdf5(fault), .. } if fault == wanted);
    !file.complete && file.problems.iter().any(is)
}

/// A file with a group, an attribute in it, and a dataset.
fn sample(base: usize) -> Vec<u8> {
    let mut image = Image::new(base);
    let data = image.add(b"raw data");
    let inner = image.add(&object(&dataset(data, 8, 8)));
    let group = image.add(&object(&[
        (6, link("data", 0, &inner.to_le_bytes())),
        (12, text_attribute("model_config", "{}")),
    ]));
    let root = image.add(&object(&[(6, link("group", 0, &group.to_le_bytes()))]));
    image.finish(root)
}

#[test]
fn attributes_and_data_are_found_behind_any_user_block() {
    for base in [0, 512, 1024, 4096] {
        let bytes = sample(base);
        let file = read(&bytes);
        assert_eq!((&file.problems, file.complete, file.objects), (&vec![], true, 3));
        assert_eq!(
            texts(&bytes, &file),
            [("/group".into(), "model_config".into(), "{}".into())]
        );
        let data = file
            .regions
            .iter()
            .find(|one| one.kind == RegionKind::Data("/group/data".into()));
        let data = data.unwrap().range.clone();
        assert_eq!(&bytes[usize::try_from(data.start).unwrap()..][..8], b"raw data");
        assert_eq!(file.superblock.end, bytes.len() as u64);
    }
    assert_eq!(
        locate(&Content::from(sample(100))).unwrap(),
        None,
        "100 is no place for a superblock"
    );
}

#[test]
fn objects_that_link_in_circles_are_walked_once() {
    let mut image = Image::new(0);
    let root = image.bytes.len() as u64;
    let other = root + 256;
    image.add(&object(&[
        (6, link("a", 0, &other.to_le_bytes())),
        (6, link("me", 0, &root.to_le_bytes())),
    ]));
    image.bytes.resize(usize::try_from(other).unwrap(), 0);
    image.add(&object(&[(6, link("b", 0, &root.to_le_bytes()))]));
    let file = read(&image.finish(root));
    assert_eq!((file.objects, file.complete), (2, true));
}

#[test]
fn wrong_checksums_are_reported_and_forgiven() {
    let mut bytes = sample(0);
    let at = bytes.windows(2).position(|two| two == b"{}").unwrap();
    bytes[at] = b'[';
    let file = read(&bytes);
    assert!(is_broken(&file, &Fault::Checksum("an object header")));
    assert_eq!(texts(&bytes, &file).len(), 1);
    bytes[47] ^= 1;
    assert!(is_broken(&read(&bytes), &Fault::Checksum("the superblock")));
}

#[test]
fn what_lies_in_other_files_is_told() {
    let mut image = Image::new(0);
    let names = image.add(b"\0\0\0\0\0\0\0\0/etc/passwd\0\0\0\0\0");
    let heap = [
        b"HEAP\0\0\0\0".to_vec(),
        24_u64.to_le_bytes().to_vec(),
        1_u64.to_le_bytes().to_vec(),
        names.to_le_bytes().to_vec(),
    ];
    let heap = image.add(&heap.concat());
    let slot = [8_u64, 0, 5].map(u64::to_le_bytes).concat();
    let files = [vec![1, 0, 0, 0, 1, 0, 1, 0], heap.to_le_bytes().to_vec(), slot].concat();
    let mut messages = dataset(u64::MAX, 5, 5);
    messages.push((7, files));
    let data = image.add(&object(&messages));
    let root = image.add(&object(&[
        (6, link("data", 0, &data.to_le_bytes())),
        (6, link("away", 64, &external("other.h5", "/x"))),
        (6, link("mine", 200, &[2, 0, b'h', b'i'])),
        (6, link("soft", 1, &[1, 0, b'/'])),
    ]));
    let file = read(&image.finish(root));
    let foreign: Vec<_> = file
        .foreign
        .iter()
        .map(|one| (one.kind, one.path.as_str(), one.file.as_str()))
        .collect();
    assert_eq!(
        foreign,
        [
            (ForeignKind::ExternalLink, "/away", "other.h5"),
            (ForeignKind::UserLink, "/mine", "hi"),
            (ForeignKind::ExternalData, "/data", "/etc/passwd"),
        ]
    );
    assert!(file.complete);
}

#[test]
fn data_must_lie_in_the_file_and_be_enough() {
    let file_of = |stored, elements| {
        let mut image = Image::new(0);
        let data = image.add(&[7; 8]);
        let inner = image.add(&object(&dataset(data, stored, elements)));
        let root = image.add(&object(&[(6, link("d", 0, &inner.to_le_bytes()))]));
        read(&image.finish(root))
    };
    assert!(file_of(8, 8).complete);
    let path = Named::new("/d");
    assert!(is_broken(
        &file_of(8, 9),
        &Fault::Size {
            path,
            stored: 8,
            needed: 9
        }
    ));
    assert!(is_broken(
        &file_of(1 << 40, 1 << 40),
        &Fault::Outside("the data of a dataset")
    ));
    let more = file_of(8, 4);
    let data = more
        .regions
        .iter()
        .find(|one| matches!(one.kind, RegionKind::Data(_)))
        .unwrap();
    assert_eq!(data.range.end - data.range.start, 4, "the rest belongs to nobody");
}

#[test]
fn texts_of_variable_length_lie_in_a_global_heap() {
    let mut image = Image::new(0);
    let mut heap = [b"GCOL\x01\0\0\0".to_vec(), 64_u64.to_le_bytes().to_vec()].concat();
    heap.extend([1, 0, 1, 0, 0, 0, 0, 0]);
    heap.extend(5_u64.to_le_bytes());
    heap.extend(b"hello\0\0\0");
    heap.extend([0; 16]);
    heap.resize(64, 0);
    let heap = image.add(&heap);
    let reference = |index: u32| {
        [
            5_u32.to_le_bytes().to_vec(),
            heap.to_le_bytes().to_vec(),
            index.to_le_bytes().to_vec(),
        ]
        .concat()
    };
    let both = [reference(1), reference(1)].concat();
    let messages = [
        (12, attribute("one", &variable(), &shape(&[]), &reference(1))),
        (12, attribute("two", &variable(), &shape(&[2]), &both)),
        (12, attribute("lost", &variable(), &shape(&[]), &reference(9))),
    ];
    let root = image.add(&object(&messages));
    let bytes = image.finish(root);
    let file = read(&bytes);
    let values: Vec<_> = texts(&bytes, &file)
        .into_iter()
        .map(|(_, name, text)| name + "=" + &text)
        .collect();
    assert_eq!(values, ["one=hello", "two=hello", "two=hello"]);
    assert!(is_broken(
        &file,
        &Fault::Broken("a reference to a global heap leads nowhere")
    ));
}

#[test]
fn groups_of_the_first_generation() {
    let mut image = Image::new(0);
    let child = image.add(&old_object(&[(12, text_attribute("text", "in child"))]));
    let names = image.add(b"\0\0\0\0\0\0\0\0child\0\0\0");
    let heap = [
        b"HEAP\0\0\0\0".to_vec(),
        16_u64.to_le_bytes().to_vec(),
        1_u64.to_le_bytes().to_vec(),
        names.to_le_bytes().to_vec(),
    ];
    let heap = image.add(&heap.concat());
    let entry = [
        8_u64.to_le_bytes().to_vec(),
        child.to_le_bytes().to_vec(),
        vec![0; 24],
    ]
    .concat();
    let node = image.add(&[b"SNOD\x01\0\x01\0".to_vec(), entry].concat());
    let tree = image.add(
        &[
            b"TREE\0\0\x01\0".to_vec(),
            vec![0xff; 16],
            vec![0; 8],
            node.to_le_bytes().to_vec(),
            vec![0; 8],
        ]
        .concat(),
    );
    let table = [tree.to_le_bytes(), heap.to_le_bytes()].concat();
    let root = image.add(&old_object(&[(0x11, table)]));
    let bytes = image.finish(root);
    let file = read(&bytes);
    assert_eq!(
        texts(&bytes, &file),
        [("/child".into(), "text".into(), "in child".into())]
    );
    assert!(file.complete, "{:?}", file.problems);
}

#[test]
fn many_attributes_and_links_lie_in_fractal_heaps() {
    let mut image = Image::new(0);
    let stored = [
        text_attribute("dense", "in heap"),
        link("away", 64, &external("far.h5", "/")),
    ];
    let before = 4 + 1 + 8 + 4;
    let mut block = vec![0; before];
    block[..4].copy_from_slice(b"FHDB");
    let places: Vec<_> = stored
        .iter()
        .map(|one| {
            let at = block.len();
            block.extend(one);
            (u32::try_from(at).unwrap(), u16::try_from(one.len()).unwrap())
        })
        .collect();
    block.resize(512, 0);
    let block = image.add(&block);
    let mut heap = b"FRHP\0\x07\0\0\0\0\0\x10\0\0".to_vec();
    heap.extend([0; 8]);
    heap.extend(UNDEFINED);
    heap.extend([0; 8]);
    heap.extend(UNDEFINED);
    heap.extend([0; 64]);
    heap.extend(4_u16.to_le_bytes());
    heap.extend(512_u64.to_le_bytes());
    heap.extend(65_536_u64.to_le_bytes());
    heap.extend([32, 0, 1, 0]);
    heap.extend(block.to_le_bytes());
    heap.extend([0; 2]);
    let heap = image.add(&checked(heap));
    let id =
        |(at, size): (u32, u16)| [vec![0], at.to_le_bytes().to_vec(), size.to_le_bytes().to_vec()].concat();
    let mut tree = |kind: u8, record: Vec<u8>| {
        let leaf = image.add(&checked(
            [b"BTLF\0".to_vec(), vec![kind], record.clone()].concat(),
        ));
        image.bytes.resize(image.bytes.len() + 512, 0);
        let mut head = [b"BTHD\0".to_vec(), vec![kind], 512_u32.to_le_bytes().to_vec()].concat();
        head.extend(u16::try_from(record.len()).unwrap().to_le_bytes());
        head.extend([0, 0, 100, 40]);
        head.extend(leaf.to_le_bytes());
        head.extend([1, 0]);
        head.extend(1_u64.to_le_bytes());
        image.add(&checked(head))
    };
    let attributes = tree(8, [id(places[0]), vec![0; 10]].concat());
    let links = tree(5, [vec![0; 4], id(places[1])].concat());
    let info = |tree: u64| {
        [
            vec![0, 0],
            heap.to_le_bytes().to_vec(),
            tree.to_le_bytes().to_vec(),
        ]
        .concat()
    };
    let root = image.add(&object(&[(0x15, info(attributes)), (2, info(links))]));
    let bytes = image.finish(root);
    let file = read(&bytes);
    assert_eq!(file.problems, []);
    assert_eq!(
        texts(&bytes, &file),
        [("/".into(), "dense".into(), "in heap".into())]
    );
    assert_eq!((file.foreign.len(), file.foreign[0].file.as_str()), (1, "far.h5"));
}

#[test]
fn chunks_are_data_and_their_index_is_not() {
    let mut image = Image::new(0);
    let chunks = [image.add(&[1; 16]), image.add(&[2; 16])];
    let key = |at: u64| {
        [
            16_u32.to_le_bytes().to_vec(),
            vec![0; 4],
            at.to_le_bytes().to_vec(),
            vec![0; 8],
        ]
        .concat()
    };
    let mut tree = [b"TREE\x01\0\x02\0".to_vec(), vec![0xff; 16]].concat();
    for (index, chunk) in chunks.iter().enumerate() {
        tree.extend(key(16 * index as u64));
        tree.extend(chunk.to_le_bytes());
    }
    tree.extend(key(32));
    let tree = image.add(&tree);
    let mut messages = dataset(0, 0, 32);
    messages[2].1 = [
        vec![3, 2, 2],
        tree.to_le_bytes().to_vec(),
        16_u32.to_le_bytes().to_vec(),
        1_u32.to_le_bytes().to_vec(),
    ]
    .concat();
    let data = image.add(&object(&messages));
    let root = image.add(&object(&[(6, link("d", 0, &data.to_le_bytes()))]));
    let file = read(&image.finish(root));
    let starts: Vec<_> = file
        .regions
        .iter()
        .filter(|one| matches!(one.kind, RegionKind::Data(_)))
        .map(|one| one.range.start)
        .collect();
    assert_eq!(starts, chunks);
    assert!(file.complete, "{:?}", file.problems);
}

#[test]
fn what_is_not_read_leaves_the_walk_incomplete() {
    for (kind, data) in [
        (0x0f, vec![0; 10]),
        (0x14, vec![0; 10]),
        (0x18, vec![0; 17]),
        (0x40, vec![1]),
    ] {
        let mut image = Image::new(0);
        let root = image.add(&object(&[(kind, data)]));
        let file = read(&image.finish(root));
        assert_eq!((file.complete, file.unread.len()), (false, 1), "{kind:#x}");
    }
}

#[test]
fn work_is_limited() {
    let mut image = Image::new(0);
    let links: Vec<_> = (0..50_u64)
        .map(|at| (6, link("x", 0, &(at * 8).to_le_bytes())))
        .collect();
    let root = image.add(&object(&links));
    let content = Content::from(image.finish(root));
    let mut budget = Budget::new(&Limits::default());
    budget.objects = 30;
    let file = File::read(&content, 0, &mut budget).unwrap();
    assert!(!file.complete);
    assert!(matches!(
        file.problems.last(),
        Some(Problem::LimitExceeded { limit: 30, .. })
    ));
}

#[test]
fn types_nest_without_recursion() {
    let mut deep = Vec::new();
    for _ in 0..5000 {
        deep.extend([0x3a, 0, 0, 0, 4, 0, 0, 0, 1, 1, 0, 0, 0]);
    }
    deep.extend(fixed(4));
    let mut image = Image::new(0);
    deep.truncate(60_000);
    let root = image.add(&object(&[(12, attribute("deep", &deep, &shape(&[]), b"text"))]));
    let file = read(&image.finish(root));
    assert!(matches!(
        file.problems.last(),
        Some(Problem::LimitExceeded { .. })
    ));

    // An array of compounds of an integer and a text.
    let member = |name: &[u8], at: u8, of: &[u8]| [name, &[0, at][..], of].concat();
    let number = [0x30, 0, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0];
    let text = [0x33, 0, 0, 0, 2, 0, 0, 0];
    let compound = [
        &[0x36, 2, 0, 0, 6, 0, 0, 0][..],
        &member(b"n", 0, &number),
        &member(b"t", 4, &text),
    ]
    .concat();
    let array = [&[0x3a, 0, 0, 0, 18, 0, 0, 0, 1, 3, 0, 0, 0][..], &compound].concat();
    let mut image = Image::new(0);
    let root = image.add(&object(&[(
        12,
        attribute("c", &array, &shape(&[]), b"....aa....bb....cc"),
    )]));
    let bytes = image.finish(root);
    let file = read(&bytes);
    let values: Vec<_> = texts(&bytes, &file)
        .into_iter()
        .map(|(_, _, text)| text)
        .collect();
    assert_eq!(
        (values, file.problems),
        (vec!["aa".into(), "bb".into(), "cc".into()], vec![])
    );
}

fn check(bytes: Vec<u8>) {
    let size = bytes.len() as u64;
    let content = Content::from(bytes);
    let Ok(Some(base)) = locate(&content) else {
        return;
    };
    let mut budget = Budget::new(&Limits::default());
    budget.objects = 20_000;
    if let Ok(file) = File::read(&content, base, &mut budget) {
        assert!(file.problems.len() <= limit::PROBLEMS);
        assert!(file.objects <= 20_000);
        assert!(
            file.regions
                .iter()
                .all(|one| one.range.start < one.range.end && one.range.end <= size)
        );
        assert!(
            file.attributes
                .iter()
                .flat_map(|one| &one.values)
                .all(|range| range.end <= size)
        );
    }
}

proptest! {
    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        check([b"\x89HDF\r\n\x1a\n".to_vec(), noise].concat());
    }

    #[test]
    fn mutations_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let mut bytes = sample(0);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        check(bytes.clone());
        bytes.truncate(cut.index(bytes.len()).max(8));
        check(bytes);
    }
}
