//! 7z archives: members, chains of decoders, and headers that lie.

use proptest::prelude::*;
use weightlock_format::{
    container::sevenzip::{Archive, Unreadable},
    content::Content,
    limits::{Budget, Limits},
};

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A number of the header; small ones only.
fn n(number: usize) -> Vec<u8> {
    match number {
        0..0x80 => vec![number as u8],
        _ => vec![0x80 | (number >> 8) as u8, number as u8],
    }
}

/// Puts the signature header in front of `packed` and `header`.
fn archive(packed: &[u8], header: &[u8]) -> Vec<u8> {
    let mut start = Vec::new();
    start.extend((packed.len() as u64).to_le_bytes());
    start.extend((header.len() as u64).to_le_bytes());
    start.extend(crc(header).to_le_bytes());
    let mut file = b"7z\xbc\xaf\x27\x1c\0\x04".to_vec();
    file.extend(crc(&start).to_le_bytes());
    file.extend(start);
    file.extend(packed);
    file.extend(header);
    file
}

/// One folder of one coder, which holds `sizes`.
fn streams(packed: usize, coder: &[u8], sizes: &[usize]) -> Vec<u8> {
    let total: usize = sizes.iter().sum();
    let mut part = [
        &[6, 0, 1, 9][..],
        &n(packed),
        &[0, 7, 11, 1, 0, 1],
        coder,
        &[12],
        &n(total),
        &[0],
    ]
    .concat();
    part.extend([8, 13].iter().chain(&n(sizes.len())));
    if sizes.len() > 1 {
        part.push(9);
        let last = sizes.len() - 1;
        part.extend(sizes[..last].iter().flat_map(|&size| n(size)));
    }
    part.extend([0, 0]);
    part
}

fn files(names: &[&str]) -> Vec<u8> {
    let units = |name: &&str| {
        name.encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>()
    };
    let text: Vec<u8> = names.iter().flat_map(units).collect();
    [
        &[5][..],
        &n(names.len()),
        &[17],
        &n(text.len() + 1),
        &[0],
        &text,
        &[0],
    ]
    .concat()
}

const COPY: &[u8] = &[1, 0];

fn stored(names: &[&str], contents: &[&[u8]]) -> Vec<u8> {
    let packed = contents.concat();
    let sizes: Vec<usize> = contents.iter().map(|content| content.len()).collect();
    let header = [
        &[1, 4][..],
        &streams(packed.len(), COPY, &sizes),
        &files(names),
        &[0],
    ]
    .concat();
    archive(&packed, &header)
}

fn read(file: &[u8]) -> Archive {
    let limits = Limits::default();
    Archive::read(&file.to_vec().into(), &limits, &mut Budget::new(&limits)).unwrap()
}

#[test]
fn members_are_listed_and_read() {
    let file = stored(&["model.bin", "d/ü"], &[b"first", b"second"]);
    let found = read(&file);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let names: Vec<&str> = found.members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["model.bin", "d/ü"]);
    assert_eq!(found.members[1].place, Some((0, 5..11)));
    let limits = Limits::default();
    let packed = found.folders[0].packed(&Content::from(file)).unwrap();
    let opened = packed.open(&limits, &mut Budget::new(&limits));
    assert_eq!(opened.content.read(0, 100).unwrap(), b"firstsecond");
}

#[test]
fn a_packed_header_is_unpacked() {
    let plain = stored(&["a"], &[b"x"]);
    let inner = &plain[33..];
    let header = [&[0x17][..], &streams(inner.len(), COPY, &[inner.len()])].concat();
    let mut header = header;
    // The packed header begins behind the one byte of data.
    header[2] = 1;
    let file = archive(&[b"x", inner].concat(), &header);
    assert_eq!(read(&file).members[0].name, "a");
}

#[test]
fn encryption_and_unknown_methods_are_told() {
    let with = |coder: &[u8]| {
        let header = [&[1, 4][..], &streams(4, coder, &[4]), &files(&["a"]), &[0]].concat();
        let file = archive(b"data", &header);
        read(&file).folders[0].packed(&Content::from(file)).err()
    };
    assert_eq!(with(&[4, 6, 0xf1, 7, 1]), Some(Unreadable::Encrypted));
    assert_eq!(with(&[3, 3, 4, 1]), Some(Unreadable::Coder("PPMd".to_owned())));
    assert_eq!(with(COPY), None);
}

#[test]
fn headers_that_lie_are_refused() {
    let mut file = stored(&["a"], &[b"x"]);
    let last = file.len() - 1;
    file[last] ^= 1;
    assert!(
        !read(&file).problems.is_empty(),
        "the checksum of the header is wrong"
    );
    let many = [&[1, 5][..], &[0xff; 9], &[0]].concat();
    let found = read(&archive(b"", &many));
    assert!(found.members.is_empty() && !found.problems.is_empty());
    let more = [&[1, 4][..], &streams(1, COPY, &[1]), &files(&["a", "b"]), &[0]].concat();
    assert!(
        !read(&archive(b"x", &more)).problems.is_empty(),
        "more files than streams"
    );
    let beyond = read(&stored(&["a"], &[b"x"])[..40]);
    assert!(!beyond.problems.is_empty());
}

proptest! {
    #[test]
    fn never_panics(changes in prop::collection::vec((0..140_usize, any::<u8>()), 0..8), cut in 0..200_usize) {
        let mut file = stored(&["a", "b"], &[b"first", b"second"]);
        for (at, byte) in changes {
            if let Some(place) = file.get_mut(at) {
                *place = byte;
            }
        }
        file.truncate(cut);
        let content = Content::from(file.clone());
        for folder in read(&file).folders {
            if let Ok(packed) = folder.packed(&content) {
                let limits = Limits::default();
                let _ = packed.open(&limits, &mut Budget::new(&limits));
            }
        }
    }

    #[test]
    fn arbitrary_headers_never_panic(header in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&archive(b"x", &[&[1, 4], &header[..]].concat()));
        read(&archive(b"x", &[&[0x17], &header[..]].concat()));
        read(&archive(b"x", &[&[1, 5], &header[..]].concat()));
    }
}
