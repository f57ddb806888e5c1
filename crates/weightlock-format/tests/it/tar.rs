//! Tar archives: what every reader could see, and what readers disagree on.

use proptest::prelude::*;
use weightlock_format::{
    container::tar::{Archive, Fact, Kind},
    limits::Limits,
};

/// A header, its data and padding.
fn entry(name: &str, kind: u8, data: &[u8], target: &str) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
    block[156] = kind;
    block[157..157 + target.len()].copy_from_slice(target.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    sign(&mut block);
    block.extend(data);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

fn sign(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u32 = block[..512].iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn file(name: &str, data: &[u8]) -> Vec<u8> {
    entry(name, b'0', data, "")
}

fn pax(key: &str, value: &str) -> Vec<u8> {
    let record = format!(" {key}={value}\n");
    let length = (1..)
        .find(|n: &usize| n.to_string().len() + record.len() == *n)
        .unwrap();
    entry("pax", b'x', format!("{length}{record}").as_bytes(), "")
}

fn read(parts: &[Vec<u8>]) -> Archive {
    Archive::read(&parts.concat().into(), &Limits::default()).unwrap()
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

fn end() -> Vec<u8> {
    vec![0; 1024]
}

#[test]
fn an_honest_archive_raises_nothing() {
    let folder = entry("d/", b'5', b"", "");
    let archive = read(&[folder, file("d/a", b"first"), file("d/b", &[7; 512]), end()]);
    assert_eq!(names(&archive), ["d/", "d/a", "d/b"]);
    assert_eq!(
        (archive.members[0].kind, archive.members[1].kind),
        (Kind::Folder, Kind::File)
    );
    assert_eq!(archive.members[1].data, 1024..1029);
    assert!(archive.facts.is_empty() && archive.foreign.is_empty() && !archive.is_cut);
    let owned: u64 = archive
        .structure
        .iter()
        .map(|range| range.end - range.start)
        .sum();
    assert_eq!(owned, 7 * 512 - 5 - 512);
}

#[test]
fn long_names_and_sizes_come_from_records() {
    let long = "d/".repeat(200);
    let archive = read(&[pax("path", &long), file("short", b"x"), file("next", b"y"), end()]);
    assert_eq!(names(&archive), [long.as_str(), "next"]);
    let gnu = entry("././@LongLink", b'L', b"../../far\0", "");
    assert_eq!(names(&read(&[gnu, file("near", b""), end()])), ["../../far"]);
    let link = read(&[pax("linkpath", "/etc"), entry("l", b'2', b"", "near"), end()]);
    assert_eq!(
        (link.members[0].target.as_str(), link.members[0].kind),
        ("/etc", Kind::Link)
    );
    let sized = read(&[pax("size", "5"), file("a", b"first, and more"), end()]);
    assert_eq!(
        facts(&sized),
        [Fact::Size { header: 15, pax: 5 }, Fact::Foreign { bytes: 507 }]
    );
}

#[test]
fn what_follows_the_end_is_read_and_told() {
    let archive = read(&[file("a", b"x"), end(), file("b", b"y"), end()]);
    assert_eq!(
        (names(&archive), facts(&archive)),
        (vec!["a", "b"], vec![Fact::AfterEnd])
    );
    let one_block = read(&[file("a", b"x"), vec![0; 512], file("b", b"y"), end()]);
    assert_eq!((names(&one_block), facts(&one_block)), (vec!["a", "b"], vec![]));
}

#[test]
fn a_broken_header_hides_nothing_behind_it() {
    let mut broken = file("a", b"x");
    broken[0] = b'A';
    let archive = read(&[broken, file("b", b"y"), end()]);
    assert_eq!(
        (names(&archive), facts(&archive)),
        (vec!["A", "b"], vec![Fact::Checksum])
    );
    let archive = read(&[file("a", b"x"), vec![9; 512], file("b", b"y"), end()]);
    assert_eq!(
        (names(&archive), facts(&archive)),
        (vec!["a", "b"], vec![Fact::Foreign { bytes: 512 }])
    );
}

#[test]
fn a_member_in_the_data_of_a_link_is_seen() {
    let mut link = entry("l", b'1', b"", "a");
    link[124..135].copy_from_slice(b"00000001000");
    sign(&mut link);
    let archive = read(&[link, file("inside", b""), file("behind", b""), end()]);
    assert_eq!(names(&archive), ["l", "inside", "behind"]);
    assert_eq!(facts(&archive), [Fact::DataWithoutFile]);
}

#[test]
fn members_that_share_a_name_are_compared() {
    let archive = read(&[file("a", b"one"), file("./a", b"two"), file("a", b"one"), end()]);
    let duplicate = |exact, same| Fact::Duplicate { exact, same };
    assert_eq!(facts(&archive), [duplicate(false, false), duplicate(true, true)]);
}

#[test]
fn what_is_cut_or_padded_with_something_is_told() {
    let mut bytes = file("a", &[1; 1000]);
    bytes.truncate(800);
    assert!(read(&[bytes]).is_cut);
    let mut padded = file("a", b"x");
    padded[1023] = 1;
    assert_eq!(facts(&read(&[padded, end()])), [Fact::Foreign { bytes: 511 }]);
}

#[test]
fn members_beyond_the_limit_are_told() {
    let mut limits = Limits::default();
    limits.members = 1;
    let archive = Archive::read(&[file("a", b""), file("b", b""), end()].concat().into(), &limits).unwrap();
    assert_eq!(archive.problems.len(), 1);
    assert!(
        !archive.foreign.is_empty(),
        "what was not read is not accounted for"
    );
}

proptest! {
    #[test]
    fn never_panics(changes in prop::collection::vec((0..2600_usize, any::<u8>()), 0..20), cut in 0..4000_usize) {
        let mut bytes = [pax("path", "x"), file("a", b"x"), entry("s", b'S', b"y", ""), end()].concat();
        for (at, byte) in changes {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        bytes.truncate(cut);
        let archive = read(&[bytes.clone()]);
        for member in archive.members {
            prop_assert!(member.data.end <= bytes.len() as u64);
        }
    }
}
