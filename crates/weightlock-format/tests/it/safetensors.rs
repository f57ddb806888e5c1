//! safetensors headers: each rule with a file that keeps it and one that breaks it.

use std::io::Cursor;

use proptest::prelude::*;
use weightlock_format::{
    Error, Problem, reason,
    safetensors::{Header, Limits, limit},
};

/// A file with this header, padded, and this data.
pub(crate) fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut header = header.as_bytes().to_vec();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, data].concat()
}

fn parse(file: &[u8]) -> Result<Header, Problem> {
    Header::parse(file, file.len() as u64)
}

const SMALL: &str = r#"{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"s":{"dtype":"BF16","shape":[],"data_offsets":[16,18]},"e":{"dtype":"I64","shape":[0,3],"data_offsets":[18,18]}}"#;

#[test]
fn a_sound_file_has_its_facts() {
    let file = file(SMALL, &[0; 18]);
    let header = Header::read(&mut Cursor::new(&file)).unwrap();
    let names: Vec<_> = header
        .sound()
        .unwrap()
        .tensors()
        .iter()
        .map(|tensor| tensor.name.as_str())
        .collect();
    assert_eq!(names, ["w", "s", "e"]);
    assert_eq!(header.metadata()["format"], "pt");
    assert_eq!(header.data_range().end - header.data_range().start, 18);
}

/// Header, data bytes, the code of the first problem, a word of its message.
const BROKEN: &[(&str, usize, weightlock_artifact::reason::Code, &str)] = &[
    (
        r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,1099511627776]}}"#,
        8,
        reason::RANGE,
        "8 bytes",
    ),
    (
        r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        4,
        reason::RANGE,
        "ends 4 bytes behind",
    ),
    (
        r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
        8,
        reason::RANGE,
        "ends before it begins",
    ),
    (
        r#"{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
        8,
        reason::RANGE,
        "needs 12",
    ),
    (
        r#"{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
        8,
        reason::RANGE,
        "overflows",
    ),
    (
        r#"{"w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
        9,
        reason::RANGE,
        "1 bytes behind the last",
    ),
    (
        r#"{"w":{"dtype":"U8","shape":[8],"data_offsets":[1,9]}}"#,
        9,
        reason::RANGE,
        "1 bytes before",
    ),
    (
        r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#,
        6,
        reason::RANGE,
        "shares 2 bytes",
    ),
    (
        r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}"#,
        4,
        reason::RANGE,
        "2 bytes before",
    ),
    (
        r#"{"w":{"dtype":"F128","shape":[1],"data_offsets":[0,8]}}"#,
        8,
        reason::UNSUPPORTED,
        "dtype `F128`",
    ),
    (
        r#"{"w":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#,
        2,
        reason::MALFORMED,
        "whole bytes",
    ),
    (
        r#"{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":{"y":[1,{}]}}}"#,
        1,
        reason::MALFORMED,
        "unknown field `x`",
    ),
    (
        r#"{"w":{"dtype":"U8","shape":[1],"data_offsets":[18446744073709551615,18446744073709551615]}}"#,
        1,
        reason::RANGE,
        "behind the end",
    ),
];

#[test]
fn a_broken_body_is_reported_and_refused() {
    for &(header, data, code, words) in BROKEN {
        let header_facts = parse(&file(header, &vec![0; data])).unwrap();
        let problem = header_facts.sound().unwrap_err();
        assert_eq!(problem.code(), code, "{header}");
        let all: Vec<String> = header_facts.problems().iter().map(ToString::to_string).collect();
        assert!(all.join("\n").contains(words), "{header}: {all:?}");
    }
}

#[test]
fn facts_survive_a_broken_neighbour() {
    let header = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[9],"data_offsets":[4,6]}}"#;
    let header = parse(&file(header, &[0; 6])).unwrap();
    assert_eq!(header.layout().tensors().len(), 2);
    let at = header.header_range().end + 1;
    assert_eq!(header.layout().element_at(at).unwrap().tensor.name, "a");
}

#[test]
fn a_header_that_cannot_be_believed_is_refused() {
    for (header, code) in [
        ("", reason::MALFORMED),
        ("[]", reason::MALFORMED),
        (" {}", reason::MALFORMED),
        ("{", reason::TRUNCATED),
        ("{} {}", reason::MALFORMED),
        (r#"{"w":1}"#, reason::MALFORMED),
        (r#"{"w":{}}"#, reason::MALFORMED),
        (
            r#"{"w":{"dtype":"U8","shape":[1],"data_offsets":[0]}}"#,
            reason::MALFORMED,
        ),
        (
            r#"{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}"#,
            reason::MALFORMED,
        ),
        (
            r#"{"w":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#,
            reason::MALFORMED,
        ),
        (
            r#"{"w":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}"#,
            reason::MALFORMED,
        ),
        (
            r#"{"w":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}}"#,
            reason::MALFORMED,
        ),
        (
            r#"{"w":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}"#,
            reason::MALFORMED,
        ),
        (r#"{"__metadata__":[]}"#, reason::MALFORMED),
        (r#"{"__metadata__":{"a":1}}"#, reason::MALFORMED),
        (r#"{"__metadata__":{"a":"1","a":"2"}}"#, reason::DUPLICATE),
        (r#"{"__metadata__":{},"__metadata__":{}}"#, reason::DUPLICATE),
        (
            r#"{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}}"#,
            reason::DUPLICATE,
        ),
        (
            r#"{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0077":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}}"#,
            reason::DUPLICATE,
        ),
        (
            r#"{"w":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}"#,
            reason::DUPLICATE,
        ),
    ] {
        assert_eq!(parse(&file(header, &[])).unwrap_err().code(), code, "{header}");
    }
}

#[test]
fn lengths_are_limited_before_they_are_used() {
    let with_length = |length: u64| [&length.to_le_bytes()[..], b"{}      "].concat();
    assert!(parse(&with_length(8)).is_ok());
    assert_eq!(parse(&with_length(9)).unwrap_err().code(), reason::TRUNCATED);
    assert_eq!(
        parse(&with_length(limit::HEADER_BYTES + 1)).unwrap_err().code(),
        reason::LIMIT
    );
    assert_eq!(parse(&with_length(u64::MAX)).unwrap_err().code(), reason::LIMIT);
    assert_eq!(parse(&[1, 2, 3]).unwrap_err().code(), reason::TRUNCATED);
    let dims = vec!["1"; 65].join(",");
    let header = format!(r#"{{"w":{{"dtype":"U8","shape":[{dims}],"data_offsets":[0,1]}}}}"#);
    assert_eq!(parse(&file(&header, &[0])).unwrap_err().code(), reason::LIMIT);
}

#[test]
fn a_signed_file_may_have_what_the_format_allows() {
    let padding = |length: u64| {
        let text = format!("{{{}}}", " ".repeat(usize::try_from(length).unwrap() - 2));
        [&length.to_le_bytes()[..], text.as_bytes()].concat()
    };
    let signed = |file: &[u8]| Header::parse_within(file, file.len() as u64, Limits::SIGNED);
    let long = padding(limit::HEADER_BYTES + 1);
    assert_eq!(parse(&long).unwrap_err().code(), reason::LIMIT);
    assert!(signed(&long).is_ok());
    let longer = (limit::FORMAT_HEADER_BYTES + 1).to_le_bytes();
    assert_eq!(signed(&longer).unwrap_err().code(), reason::LIMIT);
    let two = br#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#;
    let two = file(std::str::from_utf8(two).unwrap(), &[]);
    let within = |tensors| {
        let limits = Limits {
            tensors,
            ..Limits::ANY
        };
        Header::parse_within(&two, two.len() as u64, limits)
    };
    assert!(within(2).is_ok());
    assert_eq!(within(1).unwrap_err().code(), reason::LIMIT);
}

#[test]
fn metadata_that_is_empty_is_told_from_none() {
    let told = |header: &str| parse(&file(header, &[])).unwrap().has_metadata();
    assert!(told(r#"{"__metadata__":{}}"#));
    assert!(!told("{}"));
}

#[test]
fn entries_are_counted() {
    let texts = |count: u64| {
        let texts: Vec<String> = (0..count).map(|at| format!(r#""{at}":"""#)).collect();
        parse(&file(
            &format!(r#"{{"__metadata__":{{{}}}}}"#, texts.join(",")),
            &[],
        ))
    };
    assert!(texts(limit::METADATA).is_ok());
    assert_eq!(texts(limit::METADATA + 1).unwrap_err().code(), reason::LIMIT);
}

#[test]
fn thousands_of_faults_are_listed_to_a_limit() {
    let entry = |at: usize| format!(r#""{at}":{{"dtype":"X","shape":[1],"data_offsets":[0,9]}}"#);
    let entries: Vec<String> = (0..5000).map(entry).collect();
    let header = parse(&file(&format!("{{{}}}", entries.join(",")), &[])).unwrap();
    assert_eq!(header.problems().len(), limit::PROBLEMS);
}

#[test]
fn every_flipped_byte_is_refused_or_read_without_panic() {
    let sound = file(SMALL, &[0; 18]);
    let header_bytes = sound.len() - 18;
    for at in 0..header_bytes {
        for flip in 1..=255_u8 {
            let mut changed = sound.clone();
            changed[at] ^= flip;
            match Header::read(&mut Cursor::new(&changed)) {
                Ok(header) => assert!(header.layout().tensors().len() <= 3),
                Err(Error::Refused(problem)) => assert!(problem.offset() <= changed.len() as u64),
                Err(error) => panic!("{error}"),
            }
        }
    }
    for length in 0..sound.len() {
        let cut = parse(&sound[..length]);
        assert!(
            cut.is_err() || cut.unwrap().sound().is_err(),
            "cut to {length} bytes"
        );
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
        let _ = parse(&file(&format!("{{{}", String::from_utf8_lossy(&bytes)), &bytes));
    }

    #[test]
    fn a_sound_layout_tiles_the_file(
        spans in prop::collection::vec((0_u64..5, 0_u64..5, 0_u64..5), 1..4),
        data in 0_usize..12,
    ) {
        let entry = |(at, (begin, length, shape)): (usize, &(u64, u64, u64))| {
            format!(r#""{at}":{{"dtype":"U8","shape":[{shape}],"data_offsets":[{begin},{}]}}"#, begin + length)
        };
        let entries: Vec<String> = spans.iter().enumerate().map(entry).collect();
        let header = parse(&file(&format!("{{{}}}", entries.join(",")), &vec![0; data])).unwrap();
        if let Ok(layout) = header.sound() {
            let mut reached = header.data_range().start;
            for tensor in layout.tensors() {
                prop_assert_eq!(tensor.bytes.start, reached);
                prop_assert_eq!(Some(tensor.bytes.end - tensor.bytes.start), tensor.elements());
                reached = tensor.bytes.end;
            }
            prop_assert_eq!(reached, header.data_range().end);
        }
    }
}
