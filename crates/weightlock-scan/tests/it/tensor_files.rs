//! GGUF and safetensors: every byte accounted for, texts looked into, bytes between and behind tensors looked at.

use proptest::prelude::*;
use weightlock_scan::{FileReport, Settings, Severity, scan};

const ESCAPE: &str = "{{ cycler.__init__.__globals__.os.popen('x').read() }}";
const PLAIN: &str = "{% for m in messages %}{{ m.content }}{% endfor %}";

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

/// A GGUF file of text metadata and tensors of eight floats, each behind `gap` bytes.
fn gguf(pairs: &[(&str, &str)], tensors: u64, gap: &[u8]) -> Vec<u8> {
    let mut file = b"GGUF\x03\0\0\0".to_vec();
    file.extend(tensors.to_le_bytes());
    file.extend((pairs.len() as u64).to_le_bytes());
    for (key, value) in pairs {
        file.extend([text(key), 8_u32.to_le_bytes().to_vec(), text(value)].concat());
    }
    let stride = (gap.len() as u64 + 32).next_multiple_of(32);
    for tensor in 0..tensors {
        file.extend(text(&format!("blk.{tensor}.weight")));
        file.extend([1_u32.to_le_bytes(), 8_u32.to_le_bytes(), [0; 4], [0; 4]].concat());
        file.extend((tensor * stride).to_le_bytes());
    }
    file.resize(file.len().next_multiple_of(32), 0);
    for tensor in 0..tensors {
        file.extend(1.5_f32.to_le_bytes().repeat(8));
        if tensor + 1 < tensors {
            file.extend(gap);
            file.resize(file.len().next_multiple_of(32), 0);
        }
    }
    file
}

fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

fn report(name: &str, bytes: &[u8]) -> FileReport {
    scan(name, bytes.to_vec().into(), &Settings::default())
}

fn worst(report: &FileReport) -> Option<Severity> {
    report.findings.iter().map(|finding| finding.severity).max()
}

#[track_caller]
fn quiet(bytes: &[u8]) {
    let report = report("model", bytes);
    assert!(report.coverage.is_complete(), "{:?}", report.coverage);
    assert_eq!(report.findings, []);
}

#[test]
fn sound_files_are_quiet_and_fully_read() {
    let pairs = [
        ("general.architecture", "llama"),
        ("general.url", "https://example.org/model"),
        (
            "general.description",
            "runs os.system and __import__ in its sleep",
        ),
        ("tokenizer.chat_template", PLAIN),
    ];
    quiet(&gguf(&pairs, 3, b""));
    quiet(&gguf(&pairs, 0, b""));
    let header = r#"{"__metadata__":{"format":"pt","url":"https://example.org"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[],"data_offsets":[8,12]},"c":{"dtype":"F32","shape":[0],"data_offsets":[12,12]}}  "#;
    quiet(&safetensors(header, &1.5_f32.to_le_bytes().repeat(3)));
}

#[test]
fn every_template_of_a_gguf_file_is_examined() {
    for key in [
        "tokenizer.chat_template",
        "tokenizer.chat_template.rag",
        "tokenizer.chat_templates.x",
    ] {
        let file = gguf(&[("tokenizer.chat_template", PLAIN), (key, ESCAPE)], 1, b"");
        let report = report("model.gguf", &file);
        assert_eq!(worst(&report), Some(Severity::Critical), "{key}");
        let places: Vec<_> = report
            .findings
            .iter()
            .map(|finding| finding.place.trail.to_string())
            .collect();
        assert!(places.contains(&format!("model.gguf!/{key}")), "{places:?}");
    }
    let file = gguf(&[("tokenizer.chat_template.rag", PLAIN)], 1, b"");
    let templates = report("model.gguf", &file).templates;
    assert_eq!(
        templates
            .iter()
            .map(|template| template.name.as_str())
            .collect::<Vec<_>>(),
        ["rag"]
    );
}

#[test]
fn a_template_does_not_hide_behind_a_broken_header() {
    let pairs = [("tokenizer.chat_template", ESCAPE)];
    let sound = gguf(&pairs, 1, b"");
    let mut counts = sound.clone();
    counts[16..24].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    let mut tensors = sound.clone();
    tensors[8..16].copy_from_slice(&(1_u64 << 61).to_le_bytes());
    let mut type_code = sound.clone();
    let at = type_code.len() - 32 - 32;
    type_code[at..].fill(0xee);
    let mut encoding = gguf(&[("tokenizer.chat_template", &format!("é{ESCAPE}"))], 1, b"");
    let accent = encoding
        .windows(2)
        .position(|pair| pair == "é".as_bytes())
        .unwrap();
    encoding[accent] = 0xff;
    for (name, file) in [
        ("counts", counts),
        ("tensors", tensors),
        ("type", type_code),
        ("encoding", encoding),
    ] {
        let report = report("model.gguf", &file);
        assert_eq!(
            worst(&report),
            Some(Severity::Critical),
            "{name}: {:?}",
            report.findings
        );
        assert!(
            report
                .findings
                .iter()
                .any(|finding| finding.rule == "broken-format"),
            "{name}"
        );
    }
}

#[test]
fn bytes_that_no_tensor_owns_are_looked_at() {
    let gap = [b"\x7fELF\x02\x01\x01\0".to_vec(), vec![1; 200]].concat();
    for file in [
        gguf(&[("general.architecture", "x")], 2, &gap),
        safetensors(
            &format!(
                r#"{{"a":{{"dtype":"U8","shape":[4],"data_offsets":[0,4]}},"b":{{"dtype":"U8","shape":[4],"data_offsets":[{},{}]}}}}"#,
                4 + gap.len(),
                8 + gap.len()
            ),
            &[&[1; 4][..], &gap, &[1; 4]].concat(),
        ),
        safetensors(
            r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
            &[&[1; 4][..], &gap].concat(),
        ),
    ] {
        let report = report("model", &file);
        assert!(worst(&report) >= Some(Severity::Medium));
        assert!(!report.coverage.is_complete() || worst(&report) >= Some(Severity::High));
    }
    // Padding that is not zero is nobody's.
    let mut padded = gguf(&[], 2, b"");
    quiet(&padded);
    padded = gguf(&[], 2, b"12345678");
    assert!(!report("model", &padded).coverage.is_complete());
}

#[test]
fn the_forerunners_of_gguf_are_read_to_their_last_byte() {
    let numbers =
        |numbers: &[u32]| -> Vec<u8> { numbers.iter().flat_map(|number| number.to_le_bytes()).collect() };
    // GGJT: version, seven parameters, two scored words, an aligned tensor.
    let mut file = [
        &b"tjgg"[..],
        &numbers(&[3, 2, 8, 1, 1, 1, 1, 0]),
        &numbers(&[1]),
        b"a",
        &[0; 4],
    ]
    .concat();
    file.extend(
        [
            &numbers(&[1])[..],
            b"b",
            &[0; 4],
            &numbers(&[1, 4, 0, 8]),
            b"norm",
        ]
        .concat(),
    );
    file.resize(file.len().next_multiple_of(32), 0);
    file.extend(1.5_f32.to_le_bytes().repeat(8));
    quiet(&file);
    file.push(0);
    let report = report("model.bin", &file);
    assert!(!report.coverage.is_complete());
    assert_eq!(worst(&report), Some(Severity::Medium));
}

#[test]
fn texts_of_metadata_are_looked_into() {
    // A pickle that calls print, in base64.
    let hidden = "gASVHwAAAAAAAACMCGJ1aWx0aW5zlIwFcHJpbnSUk5SMAXiUhZRSlC4=";
    let header = format!(
        r#"{{"__metadata__":{{"t":"{hidden}"}},"a":{{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}}}"#
    );
    for file in [
        gguf(&[("general.description", hidden)], 1, b""),
        safetensors(&header, &[0]),
    ] {
        let report = report("model", &file);
        assert!(
            report
                .findings
                .iter()
                .any(|finding| finding.rule == "hidden-in-metadata"),
            "{:?}",
            report.findings
        );
    }
}

proptest! {
    #[test]
    fn a_changed_byte_never_panics_and_every_byte_is_accounted_for(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        gap in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut file = gguf(&[("tokenizer.chat_template", PLAIN), ("a", "b")], 2, &gap);
        let at = at.index(file.len());
        file[at] = byte;
        let report = report("model", &file);
        let mut own = report.coverage.gaps.iter().filter(|gap| gap.trail.as_str() == "model");
        prop_assert!(own.all(|gap| gap.offset + gap.bytes <= file.len() as u64));
    }
}
