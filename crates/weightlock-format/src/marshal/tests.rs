//! Code objects made by hand, in each layout.

use proptest::prelude::*;

use super::*;

/// Writes marshalled objects.
#[derive(Clone, Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn tag(&mut self, tag: u8, length: usize) -> &mut Self {
        self.0.push(tag);
        self.0.extend(u32::try_from(length).unwrap().to_le_bytes());
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.tag(b's', bytes.len());
        self.0.extend(bytes);
        self
    }

    fn text(&mut self, text: &str, layout: Layout) -> &mut Self {
        let tag = if layout == Layout::Python2 { b't' } else { b'u' };
        self.tag(tag, text.len());
        self.0.extend(text.as_bytes());
        self
    }

    fn texts(&mut self, texts: &[&str], layout: Layout) -> &mut Self {
        self.tag(b'(', texts.len());
        for text in texts {
            self.text(text, layout);
        }
        self
    }
}

/// A code object with these names, and a constant that is another code object or None.
fn code(layout: Layout, names: &[&str], inner: Option<&[u8]>) -> Vec<u8> {
    let mut out = Writer::default();
    out.0.push(b'c');
    let numbers = match layout {
        Layout::Python2 => 4,
        Layout::Python3 | Layout::Python311 => 5,
        Layout::Python38 => 6,
    };
    out.0.extend(vec![0; 4 * numbers]);
    out.bytes(b"bytecode").tag(b'(', 2).text("constant", layout);
    out.0.extend(inner.unwrap_or(b"N"));
    out.texts(names, layout);
    if layout == Layout::Python311 {
        out.texts(&["x"], layout).bytes(b"\x20");
    } else {
        out.texts(&["x"], layout).texts(&[], layout).texts(&[], layout);
    }
    out.text("file.py", layout).text("<lambda>", layout);
    if layout == Layout::Python311 {
        out.text("outer.<lambda>", layout);
    }
    out.0.extend(1_u32.to_le_bytes());
    out.bytes(b"lines");
    if layout == Layout::Python311 {
        out.bytes(b"");
    }
    out.0
}

const LAYOUTS: [Layout; 4] = [
    Layout::Python2,
    Layout::Python3,
    Layout::Python38,
    Layout::Python311,
];

fn parse(bytes: &[u8]) -> Result<Marshalled, Problem> {
    read(bytes, 0, &Limits::default())
}

#[test]
fn every_layout_is_told_by_its_fields() {
    for layout in LAYOUTS {
        let inner = code(layout, &["system"], None);
        let outer = code(layout, &["os", "run"], Some(&inner));
        let marshalled = parse(&outer).unwrap();
        assert_eq!((marshalled.layout, marshalled.size), (layout, outer.len() as u64));
        let names: Vec<_> = marshalled.codes.iter().map(|code| code.names.join(" ")).collect();
        assert_eq!(names, ["os run", "system"]);
        let first = &marshalled.codes[0];
        assert_eq!(
            (first.name.as_str(), first.filename.as_str()),
            ("<lambda>", "file.py")
        );
        assert_eq!(first.texts, ["constant"]);
        for header in [8, 12, 16] {
            let mut file = b"\xa7\x0d\r\n".to_vec();
            file.resize(header, 0);
            file.extend(&outer);
            let module = read_module(&file, &Limits::default()).unwrap();
            assert_eq!((module.layout, module.size), (layout, file.len() as u64));
        }
    }
    assert!(read_module(b"\xa7\x0d\n\n", &Limits::default()).is_err());
}

#[test]
fn references_lead_to_what_was_read_before() {
    let mut bytes = code(Layout::Python38, &["first"], None);
    let name = bytes.windows(6).position(|six| six == b"u\x05\0\0\0f").unwrap();
    bytes[name] |= 0x80;
    // The file name becomes a reference to the first name.
    let file = bytes
        .windows(12)
        .position(|window| window == b"u\x07\0\0\0file.py")
        .unwrap();
    bytes.splice(file..file + 12, *b"r\0\0\0\0");
    assert_eq!(parse(&bytes).unwrap().codes[0].filename, "first");
    bytes[file + 1] = 1;
    assert!(parse(&bytes).is_err(), "there is no second object to refer to");
}

#[test]
fn what_is_no_code_is_refused() {
    assert!(parse(b"N").is_err());
    assert!(parse(b"").is_err());
    assert!(parse(b"c").is_err());
    assert!(parse(b"\xff").is_err());
    for layout in LAYOUTS {
        let whole = code(layout, &["a"], None);
        for end in 0..whole.len() {
            // Without its last field, code of 3.11 is code of 3.7 with other fields: the names are the same.
            let cut = parse(&whole[..end]);
            assert!(
                cut.is_err() || cut.is_ok_and(|cut| cut.codes[0].names == ["a"]),
                "{layout:?} {end}"
            );
        }
        assert!(parse(&whole[..whole.len() - 16]).is_err());
    }
}

#[test]
fn depth_and_number_are_limited() {
    let mut deep = [b')', 1].repeat(3000);
    deep.push(b'N');
    assert!(matches!(parse(&deep), Err(Problem::LimitExceeded { .. })));
    let mut wide = b"(".to_vec();
    wide.extend(1_000_000_u32.to_le_bytes());
    wide.extend(vec![b'N'; 1_000_000]);
    assert!(matches!(parse(&wide), Err(Problem::LimitExceeded { .. })));
    // A billion is announced, and nothing is there.
    assert!(parse(b"(\0\0\0\x40").is_err());
}

proptest! {
    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&noise);
        let _ = read_module(&noise, &Limits::default());
    }

    #[test]
    fn mutations_never_panic(layout in 0..4_usize, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let layout = LAYOUTS[layout];
        let mut bytes = code(layout, &["a", "b"], Some(&code(layout, &["c"], None)));
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(marshalled) = parse(&bytes) {
            prop_assert!(marshalled.size <= bytes.len() as u64);
        }
    }
}
