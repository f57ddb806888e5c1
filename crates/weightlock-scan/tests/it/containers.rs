//! Archives, compressed streams, programs and polyglots.

use std::io::Write;

use proptest::prelude::*;
use weightlock_scan::{FileReport, Profile, Settings, Severity, scan};

/// A stored member: name, bytes, flags, file mode, whether the directory names it.
#[derive(Clone)]
struct Entry<'a> {
    name: &'a str,
    bytes: &'a [u8],
    flags: u16,
    mode: u32,
    listed: bool,
}

fn entry<'a>(name: &'a str, bytes: &'a [u8]) -> Entry<'a> {
    Entry {
        name,
        bytes,
        flags: 0,
        mode: 0,
        listed: true,
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn zip(entries: &[Entry<'_>]) -> Vec<u8> {
    let (mut file, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for entry in entries {
        let at = u32::try_from(file.len()).unwrap();
        let length = u32::try_from(entry.bytes.len()).unwrap();
        let mut common = entry.flags.to_le_bytes().to_vec();
        common.extend([0; 6]);
        common.extend([crc(entry.bytes), length, length].map(u32::to_le_bytes).concat());
        common.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
        common.extend([0; 2]);
        file.extend(b"PK\x03\x04\x14\0");
        file.extend(&common);
        file.extend(entry.name.bytes());
        file.extend(entry.bytes);
        if entry.listed {
            count += 1;
            directory.extend(b"PK\x01\x02\x14\x03\x14\0");
            directory.extend(&common);
            directory.extend([0; 6]);
            directory.extend((entry.mode << 16).to_le_bytes());
            directory.extend(at.to_le_bytes());
            directory.extend(entry.name.bytes());
        }
    }
    let start = u32::try_from(file.len()).unwrap();
    let size = u32::try_from(directory.len()).unwrap();
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    file.extend([size.to_le_bytes(), start.to_le_bytes()].concat());
    file.extend([0; 2]);
    file
}

fn tar(entries: &[(&str, u8, &[u8], &str)]) -> Vec<u8> {
    let mut file = Vec::new();
    for (name, kind, data, target) in entries {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        block[156] = *kind;
        block[157..157 + target.len()].copy_from_slice(target.as_bytes());
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        file.extend(block);
        file.extend(*data);
        file.resize(file.len().next_multiple_of(512), 0);
    }
    file.resize(file.len() + 1024, 0);
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn look(name: &str, bytes: impl Into<Vec<u8>>) -> FileReport {
    scan(name, bytes.into().into(), &Settings::default())
}

/// The findings above Info, as severity and rule.
fn rules(report: &FileReport) -> Vec<(Severity, &'static str)> {
    let loud = report
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Info);
    let mut rules: Vec<_> = loud.map(|finding| (finding.severity, finding.rule)).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

fn assert_quiet(name: &str, bytes: impl Into<Vec<u8>>) {
    let report = look(name, bytes);
    assert_eq!(rules(&report), [], "{name}");
    assert!(
        report.coverage.is_complete(),
        "{name}: {:?}",
        report.coverage.gaps
    );
}

const JSON: &[u8] = b"{\"a\": 1}";
const EVIL: &[u8] = b"\x80\x02cposix\nsystem\nX\x04\0\0\0echo\x85R.";
const ELF: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0";

#[test]
fn honest_archives_are_quiet_and_covered() {
    let inner = zip(&[entry("config.json", JSON)]);
    assert_quiet(
        "a.zip",
        zip(&[
            entry("d/", b""),
            entry("a.json", JSON),
            entry("b.json", b"[1, 2]"),
        ]),
    );
    // An archive that ends a member, and so nearly ends the file, is no second archive.
    assert_quiet("nested.zip", zip(&[entry("inner.zip", &inner)]));
    assert_quiet(
        "model.nemo",
        tar(&[("./config.json", b'0', JSON, ""), ("./w.ckpt", b'0', &inner, "")]),
    );
    assert_quiet("a.json.gz", gzip(JSON));
    assert_quiet(
        "a.tar.gz",
        gzip(&tar(&[("d/", b'5', b"", ""), ("d/a.json", b'0', JSON, "")])),
    );
    assert_quiet("empty.zip", zip(&[]));
}

#[test]
fn what_lies_in_containers_is_found_by_content() {
    let nest = gzip(&tar(&[(
        "notes.txt",
        b'0',
        &zip(&[entry("data", &gzip(EVIL))]),
        "",
    )]));
    let report = look("model.bin", nest);
    let found = report
        .findings
        .iter()
        .find(|finding| finding.rule == "pickle-code-execution")
        .unwrap();
    assert_eq!(
        found.place.trail.as_str(),
        "model.bin!/gzip stream!/notes.txt!/data!/gzip stream"
    );
    assert!(found.place.offset.is_some());
}

#[test]
fn readers_that_disagree_are_told_and_the_bytes_examined() {
    let marked = Entry {
        flags: 1,
        ..entry("data.json", JSON)
    };
    let report = look("a.zip", zip(&[marked]));
    assert_eq!(rules(&report), [(Severity::Medium, "archive-readers-disagree")]);
    assert!(
        report.coverage.is_complete(),
        "marked bytes that are plain are read"
    );
    let hidden = Entry {
        listed: false,
        ..entry("hidden.json", JSON)
    };
    let report = look("a.zip", zip(&[entry("a.json", JSON), hidden]));
    assert_eq!(rules(&report), [(Severity::Medium, "archive-hidden-member")]);
    let mut wrong = zip(&[entry("a.json", JSON)]);
    wrong[14] ^= 1;
    let crc_at = wrong.len() - 22 - 6 - 46 + 16;
    wrong[crc_at] ^= 1;
    assert_eq!(
        rules(&look("a.zip", wrong)),
        [(Severity::Medium, "archive-readers-disagree")]
    );
}

#[test]
fn members_of_one_name_are_told() {
    let twice = zip(&[entry("a.json", JSON), entry("a.json", b"[1, 2]")]);
    assert_eq!(
        rules(&look("a.zip", twice)),
        [(Severity::High, "archive-duplicate-member")]
    );
    let case = zip(&[entry("a.json", JSON), entry("A.json", b"[1, 2]")]);
    assert_eq!(
        rules(&look("a.zip", case)),
        [(Severity::High, "archive-duplicate-member")]
    );
    let same = zip(&[entry("a.json", JSON), entry("a.json", JSON)]);
    assert_eq!(
        rules(&look("a.zip", same)),
        [(Severity::Low, "archive-duplicate-member")]
    );
}

/// An archive of one member whose headers carry `field` behind the name.
fn zip_with_field(name: &str, bytes: &[u8], field: &[u8]) -> Vec<u8> {
    let plain = zip(&[entry(name, bytes)]);
    let length = u16::try_from(field.len()).unwrap().to_le_bytes();
    let directory = 30 + name.len() + bytes.len();
    let (local, rest) = plain.split_at(directory);
    let (central, end) = rest.split_at(46 + name.len());
    let (mut local, mut central, mut end) = (local.to_vec(), central.to_vec(), end.to_vec());
    local[28..30].copy_from_slice(&length);
    local.splice(30 + name.len()..30 + name.len(), field.iter().copied());
    central[30..32].copy_from_slice(&length);
    central.extend(field);
    end[12..16].copy_from_slice(&u32::try_from(central.len()).unwrap().to_le_bytes());
    end[16..20].copy_from_slice(&u32::try_from(local.len()).unwrap().to_le_bytes());
    [local, central, end].concat()
}

#[test]
fn a_second_name_in_a_field_is_judged_too() {
    let field = |name: &[u8]| {
        let length = u16::try_from(5 + name.len()).unwrap().to_le_bytes();
        [&b"\x75\x70"[..], &length, b"\x01\0\0\0\0", name].concat()
    };
    let disagree = (Severity::Medium, "archive-readers-disagree");
    let same = zip_with_field("a.json", JSON, &field(b"a.json"));
    assert_quiet("a.zip", same);
    let other = zip_with_field("a.json", JSON, &field(b"b.json"));
    assert_eq!(rules(&look("a.zip", other)), [disagree]);
    let outside = zip_with_field("a.json", JSON, &field(b"../../b.json"));
    assert_eq!(
        rules(&look("a.zip", outside)),
        [disagree, (Severity::High, "archive-path-escape")]
    );
}

#[test]
fn a_locator_that_leads_nowhere_is_told() {
    let plain = zip(&[entry("a.json", JSON)]);
    let (front, end) = plain.split_at(plain.len() - 22);
    let locator = [&b"PK\x06\x07\0\0\0\0"[..], &7_u64.to_le_bytes(), b"\x01\0\0\0"].concat();
    let report = look("a.zip", [front, &locator, end].concat());
    assert!(rules(&report).contains(&(Severity::Medium, "archive-readers-disagree")));
}

/// An archive with a wide end record that repeats the narrow one, as PyTorch writes every archive.
fn wide_zip(names: [&str; 2]) -> Vec<u8> {
    let plain = zip(&names.map(|name| entry(name, JSON)));
    let (front, end) = plain.split_at(plain.len() - 22);
    let at = |index: usize| u64::from(u32::from_le_bytes(end[index..index + 4].try_into().unwrap()));
    let (size, start) = (at(12), at(16));
    let wide = [
        &b"PK\x06\x06"[..],
        &44_u64.to_le_bytes(),
        &[0; 12],
        &[2_u64, 2, size, start].map(u64::to_le_bytes).concat(),
    ]
    .concat();
    let locator = [
        &b"PK\x06\x07\0\0\0\0"[..],
        &(start + size).to_le_bytes(),
        b"\x01\0\0\0",
    ]
    .concat();
    [front, &wide, &locator, end].concat()
}

#[test]
fn an_entry_as_long_as_the_wide_record_is_no_second_directory() {
    for length in 26..34 {
        let name = format!("{}.json", "n".repeat(length - 5));
        assert_quiet("a.zip", wide_zip([&name, "b.json"]));
    }
}

#[test]
fn names_and_links_that_leave_the_folder_are_told() {
    for name in ["../a.json", "/a.json", "C:\\a.json", "a\\..\\..\\b.json"] {
        let escape = (Severity::High, "archive-path-escape");
        assert_eq!(
            rules(&look("a.zip", zip(&[entry(name, JSON)]))),
            [escape],
            "{name}"
        );
        assert_eq!(
            rules(&look("a.tar", tar(&[(name, b'0', JSON, "")]))),
            [escape],
            "{name}"
        );
    }
    let link = |severity| [(severity, "archive-link")];
    for (kind, target, severity) in [
        (b'2', "/etc", Severity::High),
        (b'1', "../x", Severity::High),
        (b'3', "", Severity::High),
        (b'2', "b.json", Severity::Medium),
    ] {
        assert_eq!(
            rules(&look("a.tar", tar(&[("l", kind, b"", target)]))),
            link(severity),
            "{target}"
        );
    }
    let through = tar(&[("d/l", b'2', b"", "e"), ("d/l/a.json", b'0', JSON, "")]);
    assert!(rules(&look("a.tar", through)).contains(&(Severity::High, "archive-link")));
    let pointer = Entry {
        mode: 0o120_777,
        ..entry("l", b"/etc/passwd")
    };
    assert_eq!(rules(&look("a.zip", zip(&[pointer]))), link(Severity::High));
}

#[test]
fn layers_of_images_may_link() {
    let mut entries: Vec<(&str, u8, &[u8], &str)> = vec![("bin", b'2', b"", "/usr/bin")];
    entries.extend(["etc/", "usr/", "var/"].map(|name| (name, b'5', &b""[..], "")));
    assert_quiet("layer.tar", tar(&entries));
}

#[test]
fn a_pickle_that_a_limit_cuts_is_not_blamed_and_one_that_is_cut_is() {
    // One string of 64 MiB of zeros.
    let mut bomb = b"\x80\x04B\0\0\0\x04".to_vec();
    bomb.resize(bomb.len() + (64 << 20), 0);
    bomb.push(b'.');
    let report = look("a.pkl.gz", gzip(&bomb));
    assert_eq!(rules(&report), [(Severity::Medium, "decompression-bomb")]);
    let gaps = &report.coverage.gaps;
    assert!(
        !gaps.is_empty()
            && gaps
                .iter()
                .all(|gap| matches!(gap.gap, weightlock_scan::coverage::Gap::Limit { .. })),
        "{gaps:?}"
    );
    // The same stream, cut by nobody but itself.
    let report = look("a.pkl.gz", gzip(&bomb[..1 << 20]));
    assert_eq!(rules(&report), [(Severity::Medium, "pickle-malformed")]);
    // Broken before the cut, and a payload in front of it.
    let mut evil = EVIL.to_vec();
    evil.extend_from_slice(&bomb);
    let found = rules(&look("a.pkl.gz", gzip(&evil)));
    assert_eq!(
        found.last().map(|(severity, _)| *severity),
        Some(Severity::Critical)
    );
    bomb[2] = 0xff;
    assert!(rules(&look("a.pkl.gz", gzip(&bomb))).contains(&(Severity::Medium, "pickle-malformed")));
}

#[test]
fn bombs_and_nests_are_stopped_and_told() {
    let report = look("a.gz", gzip(&vec![0; 64 << 20]));
    assert!(rules(&report).contains(&(Severity::Medium, "decompression-bomb")));
    assert!(!report.coverage.is_complete());
    let mut nest = JSON.to_vec();
    for _ in 0..12 {
        nest = zip(&[entry("n.zip", &nest)]);
    }
    let report = look("a.zip", nest);
    assert_eq!(rules(&report), [(Severity::Medium, "nesting-too-deep")]);
    assert!(!report.coverage.is_complete());
}

#[test]
fn what_is_cut_is_never_clean() {
    let file = zip(&[entry("a.json", JSON)]);
    let report = look("a.zip", file[..file.len() - 30].to_vec());
    assert!(!report.coverage.is_complete());
    let packed = gzip(&JSON.repeat(100));
    assert!(
        !look("a.gz", packed[..packed.len() - 9].to_vec())
            .coverage
            .is_complete()
    );
    let cut = tar(&[("a.json", b'0', &[b' '; 2000], "")]);
    assert!(!look("a.tar", cut[..1000].to_vec()).coverage.is_complete());
}

#[test]
fn programs_are_told_wherever_they_lie() {
    let program = (Severity::High, "executable-content");
    assert_eq!(rules(&look("model.safetensors", ELF)), [program]);
    assert_eq!(rules(&look("a.zip", zip(&[entry("lib.so", ELF)]))), [program]);
    assert!(
        rules(&look(
            "a.zip",
            [zip(&[entry("a.json", JSON)]), ELF.to_vec()].concat()
        ))
        .contains(&program)
    );
    let script = b"#!/bin/sh\necho\n";
    assert_eq!(rules(&look("weights.bin", *script)), [program]);
    assert_eq!(
        rules(&look("run.sh", *script)),
        [(Severity::Low, "executable-content")]
    );
}

#[test]
fn two_formats_in_one_file_are_told() {
    let picture = {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.extend(b"\0\0\0\0IEND\xae\x42\x60\x82");
        bytes
    };
    assert_quiet("a.png", picture.clone());
    let harmless = [picture.clone(), zip(&[entry("a.json", JSON)])].concat();
    assert!(rules(&look("a.png", harmless)).contains(&(Severity::Medium, "polyglot-file")));
    let loadable = [picture.clone(), zip(&[entry("data", EVIL)])].concat();
    let report = look("a.png", loadable);
    assert!(rules(&report).contains(&(Severity::High, "polyglot-file")));
    assert!(rules(&report).contains(&(Severity::Critical, "pickle-code-execution")));
    let packed = [picture, gzip(EVIL)].concat();
    let report = look("a.png", packed);
    assert!(rules(&report).contains(&(Severity::High, "hidden-content")));
    assert!(rules(&report).contains(&(Severity::Critical, "pickle-code-execution")));
}

#[test]
fn what_follows_a_stream_is_examined() {
    let report = look("a.gz", [gzip(JSON), EVIL.to_vec()].concat());
    assert!(rules(&report).contains(&(Severity::Critical, "pickle-code-execution")));
    assert_quiet("a.gz", [gzip(JSON), vec![0; 100]].concat());
    assert_quiet("a.gz", [gzip(b"{\"a\":"), gzip(b" 1}")].concat());
}

#[test]
fn a_pickle_under_a_harmless_name_is_told() {
    let plain = b"\x80\x02K\x01.";
    assert_eq!(rules(&look("model.pkl", *plain)), []);
    assert_eq!(
        rules(&look("model.safetensors", *plain)),
        [(Severity::Medium, "misleading-name")]
    );
}

/// A safetensors file of one tensor of bytes.
fn safetensors(data: &[u8]) -> Vec<u8> {
    let header = format!(
        "{{\"w\":{{\"dtype\":\"U8\",\"shape\":[{0}],\"data_offsets\":[0,{0}]}}}}",
        data.len()
    );
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.extend(data);
    file
}

#[test]
fn data_of_tensors_is_looked_at_from_both_ends() {
    let noise: Vec<u8> = (0..3000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    assert_quiet("a.safetensors", safetensors(&noise));
    for (data, rule) in [
        (ELF.to_vec(), "executable-content"),
        (EVIL.to_vec(), "hidden-content"),
        (zip(&[entry("a", b"x")]), "hidden-content"),
        (
            [noise.clone(), zip(&[entry("a", b"x")])].concat(),
            "hidden-content",
        ),
    ] {
        assert!(rules(&look("a.safetensors", safetensors(&data))).contains(&(Severity::High, rule)));
    }
}

#[test]
fn the_strict_profile_looks_at_every_offset() {
    let file = safetensors(&[vec![7; 5000], ELF.to_vec(), vec![7; 5000]].concat());
    assert_quiet("a.safetensors", file.clone());
    let mut settings = Settings::default();
    settings.profile = Profile::Strict;
    let report = scan("a.safetensors", file.into(), &settings);
    assert_eq!(rules(&report), [(Severity::High, "executable-content")]);
}

#[test]
fn a_manifest_names_no_file_outside() {
    let with = |handler: &str| {
        let manifest = format!("{{\"model\": {{\"handler\": \"{handler}\"}}}}");
        rules(&look(
            "m.mar",
            zip(&[entry("MAR-INF/MANIFEST.json", manifest.as_bytes())]),
        ))
    };
    assert_eq!(with("image_classifier"), []);
    for handler in ["../../x.py", "/x.py:handle"] {
        let loud = with(handler);
        assert!(
            loud.iter().any(|(severity, _)| *severity >= Severity::Medium),
            "{handler}"
        );
    }
}

#[test]
fn a_handler_is_python_whatever_its_name() {
    let manifest = br#"{"model": {"handler": "serve.txt:handle", "serializedFile": "m.bin"}}"#;
    let source = b"import os\nos.system('echo')\n";
    let file = zip(&[
        entry("MAR-INF/MANIFEST.json", manifest),
        entry("serve.txt", source),
    ]);
    assert!(
        rules(&look("m.mar", file))
            .iter()
            .any(|(severity, _)| *severity >= Severity::High)
    );
}

#[test]
fn blobs_have_the_digest_of_their_name() {
    // SHA-256 of nothing.
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let name = format!("blobs/sha256/{digest}");
    assert_quiet("image.tar", tar(&[(&name, b'0', b"", "")]));
    let report = look("image.tar", tar(&[(&name, b'0', JSON, "")]));
    assert_eq!(rules(&report), [(Severity::Medium, "blob-digest")]);
}

proptest! {
    #[test]
    fn mutated_files_give_the_same_answer_twice(
        changes in prop::collection::vec((0..700_usize, any::<u8>()), 0..6),
        cut in 0..2000_usize,
        kind in 0..4_usize,
    ) {
        let inner = zip(&[entry("a.json", JSON), entry("b", EVIL)]);
        let mut file = match kind {
            0 => inner,
            1 => tar(&[("a", b'0', &inner, ""), ("l", b'2', b"", "a")]),
            2 => gzip(&inner),
            _ => [b"GIF89a".to_vec(), inner].concat(),
        };
        for (at, byte) in changes {
            if let Some(place) = file.get_mut(at) {
                *place = byte;
            }
        }
        file.truncate(cut);
        prop_assert_eq!(look("f", file.clone()), look("f", file));
    }
}

#[test]
fn a_byte_order_mark_makes_no_text_of_a_pickle() {
    let look = |bytes: Vec<u8>| scan("a.bin", bytes.into(), &Settings::default());
    let text: Vec<u8> = "\u{feff}{\"a\": 1}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(look(text).coverage.is_complete());
    let calls = b"\xff\xfe\x80\x02cos\nsystem\n(S'id'\ntR. ".to_vec();
    let blanks = [calls.clone(), b" \0".repeat(1000)].concat();
    let words = [&b"\xff\xfe"[..], b"cos\nsystem\n(S'id'\ntR.  "].concat();
    for bytes in [calls, blanks, words] {
        let report = look(bytes);
        assert!(!report.coverage.is_complete());
        assert!(
            report
                .findings
                .iter()
                .any(|finding| finding.severity >= Severity::High)
        );
    }
}
