//! Zip archives: what every reader could see, and what readers disagree on.

use proptest::prelude::*;
use weightlock_format::{
    container::{
        stream::End,
        zip::{Archive, Fact, Kind},
    },
    content::Content,
    limits::{Budget, Limits},
};

/// A member to be written, with every field in which attackers lie.
#[derive(Clone)]
struct Entry {
    name: &'static str,
    local_name: &'static str,
    bytes: Vec<u8>,
    method: u16,
    central_method: u16,
    flags: (u16, u16),
    crc: Option<u32>,
    size: Option<u32>,
    central_extra: Vec<u8>,
    mode: u32,
    in_directory: bool,
}

fn entry(name: &'static str, bytes: &[u8]) -> Entry {
    Entry {
        name,
        local_name: name,
        bytes: bytes.to_vec(),
        method: 0,
        central_method: 0,
        flags: (0, 0),
        crc: None,
        size: None,
        central_extra: Vec::new(),
        mode: 0,
        in_directory: true,
    }
}

fn le(numbers: &[(u64, usize)]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|(number, width)| number.to_le_bytes()[..*width].to_vec())
        .collect()
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Writes `entries` behind `prefix`; offsets count from the start of the file.
fn zip(prefix: &[u8], entries: &[Entry], comment: &[u8]) -> Vec<u8> {
    let mut file = prefix.to_vec();
    let mut directory = Vec::new();
    let mut count = 0;
    for entry in entries {
        let at = file.len() as u64;
        let length = entry.bytes.len() as u64;
        let sum = u64::from(entry.crc.unwrap_or_else(|| crc(&entry.bytes)));
        let described = entry.flags.0 & 8 != 0;
        let sizes = if described {
            [0, 0, 0]
        } else {
            [sum, length, length]
        };
        file.extend(b"PK\x03\x04");
        file.extend(le(&[
            (20, 2),
            (entry.flags.0.into(), 2),
            (entry.method.into(), 2),
            (0, 4),
        ]));
        file.extend(le(&[(sizes[0], 4), (sizes[1], 4), (sizes[2], 4)]));
        file.extend(le(&[(entry.local_name.len() as u64, 2), (0, 2)]));
        file.extend(entry.local_name.bytes());
        file.extend(&entry.bytes);
        if described {
            file.extend(b"PK\x07\x08");
            file.extend(le(&[(sum, 4), (length, 4), (length, 4)]));
        }
        if entry.in_directory {
            count += 1;
            directory.extend(b"PK\x01\x02");
            directory.extend(le(&[
                (3 << 8 | 20, 2),
                (20, 2),
                (entry.flags.1.into(), 2),
                (entry.central_method.into(), 2),
                (0, 4),
            ]));
            directory.extend(le(&[
                (sum, 4),
                (length, 4),
                (entry.size.map_or(length, u64::from), 4),
            ]));
            directory.extend(le(&[
                (entry.name.len() as u64, 2),
                (entry.central_extra.len() as u64, 2),
                (0, 6),
            ]));
            directory.extend(le(&[(u64::from(entry.mode) << 16, 4), (at, 4)]));
            directory.extend(entry.name.bytes());
            directory.extend(&entry.central_extra);
        }
    }
    let start = file.len() as u64;
    file.extend(&directory);
    file.extend(b"PK\x05\x06");
    file.extend(le(&[
        (0, 4),
        (count, 2),
        (count, 2),
        (directory.len() as u64, 4),
        (start, 4),
    ]));
    file.extend(le(&[(comment.len() as u64, 2)]));
    file.extend(comment);
    file
}

fn read(file: &[u8]) -> Archive {
    let limits = Limits::default();
    Archive::read(&file.to_vec().into(), &limits, &mut Budget::new(&limits)).unwrap()
}

fn names(archive: &Archive) -> Vec<&str> {
    archive
        .members
        .iter()
        .map(|member| member.name.as_str())
        .collect()
}

fn facts(archive: &Archive) -> Vec<Fact> {
    archive.facts.iter().map(|seen| seen.fact.clone()).collect()
}

fn content_of(file: &[u8], name: &str) -> Vec<u8> {
    let archive = read(file);
    let content = Content::from(file.to_vec());
    let limits = Limits::default();
    let packed = archive.member(name).unwrap().views[0].packed(&content).unwrap();
    let opened = packed.open(&limits, &mut Budget::new(&limits));
    assert_eq!(
        (opened.end, opened.other_size, opened.other_crc),
        (End::Whole, None, None)
    );
    opened.content.read(0, 1 << 20).unwrap()
}

/// Every byte is either structure or data of a member.
fn is_accounted_for(file: &[u8]) -> bool {
    let archive = read(file);
    let mut owned = vec![false; file.len()];
    let data = archive
        .members
        .iter()
        .flat_map(|member| &member.views)
        .map(|view| &view.data);
    for range in archive.structure.iter().chain(&archive.comments).chain(data) {
        owned[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].fill(true);
    }
    owned.iter().all(|owned| *owned)
}

#[test]
fn an_honest_archive_raises_nothing() {
    let folder = entry("a/", b"");
    let described = Entry {
        flags: (8, 8),
        ..entry("a/d", b"described")
    };
    let file = zip(b"", &[folder, entry("a/x", b"first"), described], b"a comment");
    let archive = read(&file);
    assert_eq!(names(&archive), ["a/", "a/x", "a/d"]);
    assert_eq!(facts(&archive), []);
    assert_eq!(
        (archive.members[0].kind, archive.members[1].kind),
        (Kind::Folder, Kind::File)
    );
    assert!(archive.has_directory && archive.foreign.is_empty() && is_accounted_for(&file));
    assert_eq!(content_of(&file, "a/d"), b"described");
}

#[test]
fn no_archive_is_none() {
    for file in [
        &b""[..],
        b"PK",
        b"text with PK\x05\x06 in it",
        b"PK\x01\x02 and PK\x03\x04",
    ] {
        let archive = read(file);
        assert!(!archive.is_zip() && archive.facts.is_empty() && archive.structure.is_empty());
    }
    let mut empty = b"PK\x05\x06".to_vec();
    empty.extend([0; 18]);
    assert!(read(&empty).has_directory);
}

#[test]
fn headers_that_disagree_are_told_and_both_views_kept() {
    let lie = Entry {
        local_name: "b",
        ..entry("a", b"bytes")
    };
    let archive = read(&zip(b"", &[lie], b""));
    assert_eq!(
        facts(&archive),
        [Fact::Name {
            local: "b".to_owned()
        }]
    );
    let lie = Entry {
        central_method: 8,
        ..entry("a", b"bytes")
    };
    let archive = read(&zip(b"", &[lie], b""));
    let methods: Vec<u16> = archive.members[0].views.iter().map(|view| view.method).collect();
    assert_eq!(methods, [8, 0]);
    assert!(matches!(
        facts(&archive)[..],
        [Fact::Field {
            field: "the method",
            local: 0,
            central: 8
        }]
    ));
    let lie = Entry {
        size: Some(77),
        ..entry("a", b"bytes")
    };
    let found = facts(&read(&zip(b"", &[lie], b"")));
    assert!(
        matches!(
            found[..],
            [Fact::Field {
                field: "the size",
                local: 5,
                central: 77
            }]
        ),
        "{found:?}"
    );
}

#[test]
fn marks_on_plain_bytes_do_not_hide_them() {
    for (flags, fact) in [((1, 1), Fact::Encrypted), ((0x20, 0x20), Fact::Patch)] {
        let marked = Entry {
            flags,
            ..entry("a", b"plain bytes")
        };
        let file = zip(b"", &[marked], b"");
        assert_eq!(facts(&read(&file)), [fact]);
        assert_eq!(content_of(&file, "a"), b"plain bytes");
    }
    let marked = Entry {
        flags: (0, 1),
        ..entry("a", b"plain bytes")
    };
    assert_eq!(facts(&read(&zip(b"", &[marked], b""))).len(), 2);
}

#[test]
fn a_useless_wide_field_that_contradicts_is_told() {
    let extra = |value: u64| le(&[(1, 2), (8, 2), (value, 8)]);
    let honest = Entry {
        central_extra: extra(5),
        ..entry("a", b"bytes")
    };
    assert_eq!(facts(&read(&zip(b"", &[honest], b""))), []);
    let lie = Entry {
        central_extra: extra(0),
        ..entry("a", b"bytes")
    };
    assert_eq!(facts(&read(&zip(b"", &[lie], b""))), [Fact::Wide]);
}

#[test]
fn members_that_share_a_name_are_compared() {
    for (first, second, exact) in [
        ("a/b", "a/b", true),
        ("a/b", "A/B", false),
        ("a/b", "./a//b", false),
        ("a/b", "a\\b", false),
    ] {
        let file = zip(b"", &[entry(first, b"one"), entry(second, b"two")], b"");
        let duplicate = |same| Fact::Duplicate {
            other: first.to_owned(),
            same,
            exact,
        };
        assert_eq!(facts(&read(&file)), [duplicate(false)], "{second}");
        let file = zip(b"", &[entry(first, b"one"), entry(second, b"one")], b"");
        assert_eq!(facts(&read(&file)), [duplicate(true)]);
    }
}

#[test]
fn what_only_a_reader_of_streams_sees_is_found() {
    for flags in [(0, 0), (8, 8)] {
        let hidden = Entry {
            in_directory: false,
            flags,
            ..entry("hidden", b"payload")
        };
        let file = zip(b"", &[entry("a", b"x"), hidden, entry("b", b"y")], b"");
        let archive = read(&file);
        assert_eq!(names(&archive), ["a", "hidden", "b"]);
        assert_eq!(facts(&archive), [Fact::LocalOnly]);
        assert_eq!(content_of(&file, "hidden"), b"payload");
        assert!(is_accounted_for(&file));
    }
}

#[test]
fn an_archive_without_its_end_is_read_by_its_headers() {
    let file = zip(b"", &[entry("a", b"first"), entry("b", b"second")], b"");
    let archive = read(&file[..70]);
    assert_eq!(names(&archive), ["a", "b"]);
    assert!(!archive.has_directory && archive.facts.is_empty());
}

#[test]
fn two_archives_in_one_file_are_both_read() {
    let first = zip(b"", &[entry("a", b"first")], b"");
    let second = zip(b"", &[entry("b", b"second")], b"");
    let archive = read(&[first.clone(), second.clone()].concat());
    assert!(names(&archive).contains(&"a") && names(&archive).contains(&"b"));
    assert!(facts(&archive).contains(&Fact::OtherDirectory { other: 36 }));
    // The end record of the first archive is the comment of the second.
    let (head, end) = first.split_at(first.len() - 22);
    let archive = read(&zip(head, &[entry("b", b"second")], end));
    assert_eq!(names(&archive), ["a", "b"]);
    assert!(facts(&archive).contains(&Fact::OtherDirectory { other: 36 }));
}

#[test]
fn what_stands_before_and_behind_is_foreign() {
    let archive = zip(b"", &[entry("a", b"bytes")], b"");
    let shifted = read(&[b"#!/bin/sh\n".to_vec(), archive.clone()].concat());
    assert_eq!(
        (names(&shifted), &shifted.foreign[..]),
        (vec!["a"], &[std::ops::Range { start: 0, end: 10 }][..])
    );
    let counted = read(&zip(b"#!/bin/sh\n", &[entry("a", b"bytes")], b""));
    assert_eq!(facts(&counted), [Fact::Foreign { bytes: 10 }]);
    let followed = read(&[archive.clone(), b"more".to_vec()].concat());
    assert_eq!(facts(&followed), [Fact::Foreign { bytes: 4 }]);
    let padded = read(&[archive, vec![0; 100]].concat());
    assert_eq!(facts(&padded), []);
}

#[test]
fn wrong_counts_and_lost_members_are_told() {
    let mut file = zip(b"", &[entry("a", b"bytes")], b"");
    let end = file.len() - 22;
    file[end + 10] = 9;
    file[end + 8] = 9;
    assert_eq!(facts(&read(&file)), [Fact::Count { stated: 9, found: 1 }]);
    let mut file = zip(b"", &[entry("a", b"bytes")], b"");
    file[0] = b'Q';
    let archive = read(&file);
    assert!(archive.members.is_empty() && facts(&archive).contains(&Fact::Absent));
}

#[test]
fn members_within_members_are_told() {
    let inner = zip(b"", &[entry("inner", b"x")], b"");
    let mut file = zip(b"", &[entry("outer", &inner[..36]), entry("b", b"y")], b"");
    // The directory's second entry points into the first member.
    let at = file.len() - 22 - 1 - 4;
    file[at..at + 4].copy_from_slice(&35_u32.to_le_bytes());
    let found = facts(&read(&file));
    assert!(
        found.contains(&Fact::Overlap {
            other: "outer".to_owned()
        }),
        "{found:?}"
    );
}

#[test]
fn links_and_devices_are_told_from_files() {
    let link = Entry {
        mode: 0o120_777,
        ..entry("l", b"/etc/passwd")
    };
    let device = Entry {
        mode: 0o020_666,
        ..entry("d", b"")
    };
    let archive = read(&zip(b"", &[link, device], b""));
    assert_eq!(
        (archive.members[0].kind, archive.members[1].kind),
        (Kind::Link, Kind::Device)
    );
}

#[test]
fn members_beyond_the_limit_are_told() {
    let mut limits = Limits::default();
    limits.members = 2;
    let file = zip(b"", &[entry("a", b""), entry("b", b""), entry("c", b"")], b"");
    let archive = Archive::read(&file.into(), &limits, &mut Budget::new(&limits)).unwrap();
    assert_eq!((archive.members.len(), archive.problems.len()), (2, 1));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut file = b"PK\x03\x04".to_vec();
        file.extend(&bytes);
        file.extend(b"PK\x05\x06");
        file.extend(&bytes);
        open_all(&file);
    }

    #[test]
    fn mutated_archives_never_panic(changes in prop::collection::vec((0..260_usize, any::<u8>()), 0..6), cut in 0..400_usize) {
        let described = Entry { flags: (8, 8), ..entry("b", b"described") };
        let deflated = Entry { method: 8, central_method: 8, ..entry("c", b"\x4b\x4c\x4a\x06\x00") };
        let mut file = zip(b"x", &[entry("a", b"first"), described, deflated], b"comment");
        for (at, byte) in changes {
            if let Some(place) = file.get_mut(at) {
                *place = byte;
            }
        }
        file.truncate(cut);
        open_all(&file);
    }
}

fn open_all(file: &[u8]) {
    let archive = read(file);
    let content = Content::from(file.to_vec());
    let limits = Limits::default();
    let mut budget = Budget::new(&limits);
    for view in archive.members.iter().flat_map(|member| &member.views) {
        assert!(view.data.end <= file.len() as u64);
        if let Ok(packed) = view.packed(&content) {
            let _ = packed.open(&limits, &mut budget);
        }
    }
}
