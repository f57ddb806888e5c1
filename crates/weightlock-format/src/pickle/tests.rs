//! What the machine makes of small streams.

use proptest::prelude::*;

use super::*;
use crate::{
    content::Content,
    limits::{Budget, Limits},
};

/// Puts events down as text.
#[derive(Default)]
struct Log(Vec<String>);

impl Observer for Log {
    fn see(&mut self, event: &Event, values: &Values) {
        let name = |value| match values.view(value) {
            View::Global(global) => global.dotted(),
            View::Instance(_) => "(call)".to_owned(),
            view => format!("{view:?}"),
        };
        let what = match event.what {
            What::Import { global } => format!("imports {}", name(global)),
            What::Call { callable, .. } => format!("calls {}", name(callable)),
            What::Build { object, .. } => format!("builds {}", name(object)),
            What::Modify { object, .. } => format!("modifies {}", name(object)),
            What::Persistent { id, .. } => format!("persistent {}", name(id)),
            What::Extension { code } => format!("extension {code}"),
            What::Buffer => "buffer".to_owned(),
            What::Unusual { what } => format!("unusual: {what}"),
            What::Abuse { what, asked } => format!("abuse: {what} {asked}"),
        };
        self.0.push(format!("{} {} {what}", event.offset, event.op));
    }
}

fn run(bytes: &[u8], frames: Frames) -> (Vec<String>, Stream) {
    let mut log = Log::default();
    let limits = Limits::default();
    let content = Content::from(bytes.to_vec());
    let stream = read(&content, 0, frames, &limits, &mut Budget::new(&limits), &mut log).unwrap();
    (log.0, stream)
}

fn log(bytes: &[u8]) -> Vec<String> {
    let (log, stream) = run(bytes, Frames::Ignored);
    assert!(stream.broken.is_none(), "{:?}", stream.broken);
    assert_eq!(stream.range.end, bytes.len() as u64);
    log
}

fn fault(bytes: &[u8]) -> String {
    let (_, stream) = run(bytes, Frames::Ignored);
    stream.broken.unwrap().to_string()
}

#[test]
fn a_name_is_found_whatever_way_it_takes() {
    for bytes in [
        &b"cposix\nsystem\n)R."[..],
        b"(cposix\nsystem\no.",
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93)R.",
        b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x940h\x00h\x01\x93)R.",
        b"\x80\x04\x8c\x05posixr\x00\x00\x01\x000j\x00\x00\x01\x00\x8c\x06system\x93)R.",
        b"S'\\x70osix'\nS'sys\\x74em'\n\x93)R.",
        b"V\\u0070osix\nVsyste\\u006d\n\x93)R.",
        b"U\x05posixU\x06system\x93)R.",
        b"\x8c\x05posix\x8c\x06system2(\x8c\x01a100\x8c\x06system\x93)R.",
    ] {
        let log = log(bytes);
        assert_eq!(log.len(), 2, "{log:?}");
        assert!(log[0].ends_with(" imports posix.system"), "{log:?}");
        assert!(log[1].ends_with(" calls posix.system"), "{log:?}");
    }
    assert_eq!(
        log(b"(iposix\nsystem\n."),
        ["1 INST imports posix.system", "1 INST calls posix.system"]
    );
}

#[test]
fn memoize_takes_the_next_free_index() {
    let bytes = b"\x80\x04\x8c\x05posix\x940\x8c\x06system\x940h\x00\x940h\x01\x940h\x02h\x03\x93.";
    assert_eq!(log(bytes), ["33 STACK_GLOBAL imports posix.system"]);
}

#[test]
fn names_that_calls_make_are_worked_out() {
    for (module, name, args) in [
        ("builtins", "str", &b"\x8c\x05posix\x85"[..]),
        ("_codecs", "decode", b"C\x05posix\x8c\x04utf8\x86"),
        ("operator", "add", b"\x8c\x02po\x8c\x03six\x86"),
        ("builtins", "str.join", b"\x8c\0](\x8c\x02po\x8c\x03sixe\x86"),
        ("codecs", "encode", b"\x8c\x05cbfvk\x8c\x05rot13\x86"),
    ] {
        let mut bytes = format!("c{module}\n{name}\n").into_bytes();
        bytes.extend(args);
        bytes.extend(b"R\x8c\x06system\x93.");
        let log = log(&bytes);
        assert!(log[2].ends_with("imports posix.system"), "{log:?}");
    }
    let (_, stream) = run(
        b"cbuiltins\nstr\n\x8c\x05posix\x85R\x8c\x06system\x93.",
        Frames::Ignored,
    );
    assert!(stream.values.global(stream.root.unwrap()).unwrap().computed);
}

#[test]
fn names_of_python_2_are_mapped_before_protocol_3() {
    assert_eq!(log(b"c__builtin__\neval\n."), ["0 GLOBAL imports builtins.eval"]);
    assert_eq!(
        log(b"\x80\x03c__builtin__\neval\n."),
        ["2 GLOBAL imports __builtin__.eval"]
    );
}

#[test]
fn marks_hide_what_lies_below() {
    assert!(log(b"N(0.").is_empty(), "POP takes the mark");
    for (bytes, expected) in [
        (&b"N(."[..], "at byte 2: STOP finds too few values on the stack"),
        (b"NN(\x86.", "at byte 3: TUPLE2 finds too few values on the stack"),
        (b"NNt.", "at byte 2: TUPLE finds no mark"),
        (b"(Nd.", "at byte 2: DICT finds a key without a value"),
        (
            b"h\x00.",
            "at byte 0: BINGET takes a value from the memo that was never put there",
        ),
        (b"\xff.", "at byte 0: byte 0xff is no opcode"),
        (b"\x80\x06N.", "at byte 0: protocol 6 does not exist"),
        (b"N", "at byte 1: 1 bytes are needed and 0 are left"),
        (b"Ix\n.", "at byte 0: the argument of INT is not a number"),
        (
            b"S'a\n.",
            "at byte 0: the argument of STRING is not a quoted string",
        ),
        (
            b"p-1\n.",
            "at byte 0: the argument of PUT is negative or too large",
        ),
        (
            b"NK\x01\x93.",
            "at byte 3: STACK_GLOBAL finds a name that is not text",
        ),
        (b"\x82\x00.", "at byte 0: an extension code is not positive"),
        (
            b"X\x10\x00\x00\x00abc",
            "at byte 5: 16 bytes are needed and 3 are left",
        ),
    ] {
        assert_eq!(fault(bytes), expected);
    }
}

#[test]
fn what_comes_before_the_break_is_told() {
    let (log, stream) = run(b"cposix\nsystem\n)R\xff\xfe", Frames::Ignored);
    assert_eq!(
        log,
        ["0 GLOBAL imports posix.system", "15 REDUCE calls posix.system"]
    );
    assert_eq!(stream.range, 0..16);
    assert!(stream.imports && stream.root.is_none() && stream.broken.is_some());
}

#[test]
fn an_argument_that_crosses_a_frame_has_two_readings() {
    // As bytes: three texts are pushed. As a file: the frame holds the start of a text, the rest of which is dropped.
    let bytes = b"\x80\x04\x95\x04\0\0\0\0\0\0\0\x8c\x05he\x8c\x01a\x8c\x01.";
    let (_, whole) = run(b"\x80\x04\x95\x04\0\0\0\0\0\0\0\x8c\x05hello.", Frames::Ignored);
    assert_eq!(whole.values.text(whole.root.unwrap(), 9).unwrap(), "hello");
    assert_eq!(whole.cut, Some(13));
    let (_, dropped) = run(b"\x80\x04\x95\x04\0\0\0\0\0\0\0\x8c\x05helloyo.", Frames::Dropped);
    assert_eq!(dropped.values.text(dropped.root.unwrap(), 9).unwrap(), "lloyo");
    let (_, other) = run(bytes, Frames::Ignored);
    assert!(other.broken.is_some());
    let (_, inside) = run(b"\x80\x04\x95\x04\0\0\0\0\0\0\0\x8c\x01aN.", Frames::Ignored);
    assert_eq!(inside.cut, None);
}

#[test]
fn extensions_are_resolved_when_the_stream_registers_them() {
    let log = log(
        b"\x80\x04\x8c\x07copyreg\x8c\x0dadd_extension\x93\x8c\x05posix\x8c\x06systemK\xc9\x87R0\x82\xc9)R.",
    );
    assert_eq!(
        log[2..],
        ["47 EXT1 imports posix.system", "50 REDUCE calls posix.system"]
    );
}

#[test]
fn an_observer_says_what_follows_a_build() {
    #[derive(Default)]
    struct Joblib(Log);
    impl Observer for Joblib {
        fn see(&mut self, event: &Event, values: &Values) {
            self.0.see(event, values);
        }
        fn after_build(&mut self, object: Value, state: Value, next: u64, values: &Values) -> Inline {
            let View::Instance(instance) = values.view(object) else {
                panic!("an instance was built");
            };
            assert_eq!(values.global(instance.callable).unwrap().dotted(), "lib.Wrapper");
            assert!(matches!(
                values.view(values.item(state, "n").unwrap()),
                View::Int(3)
            ));
            match next {
                26 => Inline::Data(3),
                _ => Inline::Pickle,
            }
        }
    }
    let wrapper = b"clib\nWrapper\n)\x81}X\x01\0\0\0nK\x03sb";
    let limits = Limits::default();
    let mut bytes = wrapper.to_vec();
    bytes.extend(b"...");
    bytes.extend(wrapper);
    bytes.extend(b"\x80\x04cinner\nname\n.\x86.");
    let content = Content::from(bytes);
    let mut joblib = Joblib::default();
    let stream = read(
        &content,
        0,
        Frames::Ignored,
        &limits,
        &mut Budget::new(&limits),
        &mut joblib,
    )
    .unwrap();
    assert_eq!(stream.broken, None);
    assert_eq!(stream.range.end, content.size());
    assert!(
        joblib.0.0.contains(&"57 GLOBAL imports inner.name".to_owned()),
        "{:?}",
        joblib.0.0
    );
}

#[test]
fn resource_abuse_is_told() {
    let mut laughs = b"\x80\x04](\x8c\x03lole".to_vec();
    for n in 0..40 {
        laughs.extend([b'q', n, b'0', b']', b'(']);
        laughs.extend([b'h', n].repeat(10));
        laughs.push(b'e');
    }
    laughs.push(b'.');
    assert!(log(&laughs)[0].contains("share others"));
    let mut deep = b"]".repeat(60_000);
    deep.extend(b"a".repeat(59_999));
    deep.push(b'.');
    assert!(log(&deep)[0].contains("so deep"));
    assert!(log(b"Nr\xf0\xff\xff\xff.")[0].contains("huge memo"));
    let (told, stream) = run(b"\x8e\0\0\0\0\0\x01\0\0abc", Frames::Ignored);
    assert!(told[0].contains("far more than there is") && stream.broken.is_some());
    // Honest sharing: a thousand references to one list of a thousand numbers.
    let mut shared = b"(".to_vec();
    shared.extend(b"K\x01".repeat(1000));
    shared.extend(b"lq\x000(");
    shared.extend(b"h\x00".repeat(1000));
    shared.extend(b"l.");
    assert_eq!(log(&shared), [""; 0]);
    // A list that holds itself.
    assert_eq!(log(b"]q\x00h\x00a."), [""; 0]);
}

#[test]
fn limits_stop_the_machine() {
    let limits = Limits {
        opcodes: 10,
        ..Limits::default()
    };
    let content = Content::from(b"N".repeat(100));
    let stream = read(
        &content,
        0,
        Frames::Ignored,
        &limits,
        &mut Budget::new(&limits),
        &mut (),
    )
    .unwrap();
    assert!(matches!(
        stream.broken,
        Some(crate::Problem::LimitExceeded { .. })
    ));
    let limits = Limits {
        entries: 10,
        ..Limits::default()
    };
    let stream = read(
        &content,
        0,
        Frames::Ignored,
        &limits,
        &mut Budget::new(&limits),
        &mut (),
    )
    .unwrap();
    assert!(matches!(
        stream.broken,
        Some(crate::Problem::LimitExceeded { .. })
    ));
}

#[test]
fn long_strings_are_read_again_when_they_are_asked_for() {
    let long = "é".repeat(40_000);
    let mut bytes = b"X".to_vec();
    bytes.extend(u32::try_from(long.len()).unwrap().to_le_bytes());
    bytes.extend(long.as_bytes());
    bytes.extend(b"V");
    bytes.extend(b"a".repeat(100_000));
    bytes.extend(b"\n\x86.");
    let (_, stream) = run(&bytes, Frames::Ignored);
    let View::Tuple(items) = stream.values.view(stream.root.unwrap()) else {
        panic!("a tuple");
    };
    assert_eq!(stream.values.text(items.kept[0], 100_000).unwrap(), long);
    assert_eq!(stream.values.text(items.kept[0], 100), None);
    assert_eq!(stream.values.text(items.kept[1], 100_000).unwrap().len(), 100_000);
    assert_eq!(stream.values.bytes(items.kept[1]).unwrap().size(), 100_000);
}

/// Answers every BUILD with something else, and checks that events come in order.
#[derive(Default)]
struct Moody {
    last: u64,
    builds: u64,
}

impl Observer for Moody {
    fn see(&mut self, event: &Event, _: &Values) {
        assert!(event.offset >= self.last);
        self.last = event.offset;
    }

    fn after_build(&mut self, _: Value, _: Value, next: u64, _: &Values) -> Inline {
        self.builds += 1;
        match self.builds % 4 {
            0 => Inline::Data(next % 7),
            1 => Inline::Pickle,
            _ => Inline::Opcodes,
        }
    }
}

/// Reads every way there is.
fn exercise(bytes: &[u8]) {
    let content = Content::from(bytes.to_vec());
    let limits = Limits {
        opcodes: 5000,
        entries: 1000,
        ..Limits::default()
    };
    for frames in [Frames::Ignored, Frames::Dropped] {
        let mut budget = Budget::new(&limits);
        let stream = read(&content, 0, frames, &limits, &mut budget, &mut Moody::default()).unwrap();
        assert!(stream.range.end <= content.size() && stream.opcodes <= limits.opcodes + 1);
        assert_eq!(stream.root.is_none(), stream.broken.is_some());
        if let Some(root) = stream.root {
            let _ = (
                stream.values.globals_in(root, &mut 100),
                stream.values.text(root, 100),
            );
        }
    }
    let mut listing = Listing::new(&content, 50);
    let mut budget = Budget::new(&limits);
    read(&content, 0, Frames::Ignored, &limits, &mut budget, &mut listing).unwrap();
    assert!(listing.rows().len() <= 50);
    assert!(next_stream(&content, 0).is_none_or(|next| next < content.size()));
    let _ = (is_stream(&content), is_head(bytes));
}

proptest! {
    #[test]
    fn never_panics_on_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        exercise(&bytes);
    }

    #[test]
    fn never_panics_on_opcodes(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                &b"("[..], b".", b"0", b"1", b"2", b"N", b"I0x1\n", b"L5L\n", b"K\x01", b"]", b"}", b")", b"\x8f",
                b"\x8c\x01a", b"X\x01\0\0\0b", b"C\x01c", b"\x94", b"h\0", b"h\x01", b"q\x01", b"p99\n", b"t", b"l",
                b"d", b"a", b"e", b"s", b"u", b"\x90", b"\x91", b"\x85", b"\x86", b"\x87", b"cm\nn\n", b"\x93", b"R",
                b"b", b"o", b"im\nn\n", b"\x81", b"\x92", b"Q", b"Px\n", b"\x82\x01", b"\x97", b"\x98",
                b"\x95\x03\0\0\0\0\0\0\0", b"\x80\x02", b"\x80\x04", b"\x96\x02\0\0\0\0\0\0\0xy", b"\xff",
            ]),
            0..60,
        ),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = pieces.concat();
        exercise(&bytes);
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            exercise(&bytes);
        }
    }
}
