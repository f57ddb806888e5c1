//! Keras models, HDF5 files and compiled Python, each with one property.

use std::fmt::Write as _;

use weightlock_scan::{FileReport, Settings, Severity, scan};

/// Marshalled code of CPython 3.8 with these names.
fn marshalled(names: &[&str]) -> Vec<u8> {
    let text = |tag: u8, text: &[u8]| {
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        [&[tag][..], &length, text].concat()
    };
    let tuple = |items: &[&str]| {
        let count = u32::try_from(items.len()).unwrap().to_le_bytes();
        let items: Vec<u8> = items
            .iter()
            .flat_map(|item| text(b'u', item.as_bytes()))
            .collect();
        [&b"("[..], &count, &items].concat()
    };
    [
        [&b"\xe3"[..], &[0; 24], &text(b's', b"code")].concat(),
        [
            tuple(&["os"]),
            tuple(names),
            tuple(&["x"]),
            tuple(&[]),
            tuple(&[]),
        ]
        .concat(),
        [
            text(b'u', b"m.py"),
            text(b'u', b"<lambda>"),
            vec![1, 0, 0, 0],
            text(b's', b""),
        ]
        .concat(),
    ]
    .concat()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(if digit > three.len() {
                '='
            } else {
                char::from(DIGITS[value as usize])
            });
        }
    }
    text
}

/// An HDF5 file whose root object has these texts as attributes, behind a user block.
fn hdf5(base: usize, attributes: &[(&str, &[u8])]) -> Vec<u8> {
    let mut messages = Vec::new();
    for (name, value) in attributes {
        let name = [name.as_bytes(), b"\0"].concat();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let datatype = [
            &[0x13, 0, 0, 0][..],
            &u32::try_from(value.len()).unwrap().to_le_bytes(),
        ]
        .concat();
        let mut message = [
            &[3, 0][..],
            &length,
            &[8, 0, 4, 0, 0],
            &name,
            &datatype,
            &[2, 0, 0, 0],
            value,
        ]
        .concat();
        message.resize(message.len().next_multiple_of(8), 0);
        let size = u16::try_from(message.len()).unwrap().to_le_bytes();
        messages.extend([&[12, 0][..], &size, &[0; 4], &message].concat());
    }
    let size = u32::try_from(messages.len()).unwrap().to_le_bytes();
    let end = (base + 96 + 16 + messages.len()) as u64;
    let undefined = u64::MAX.to_le_bytes();
    [
        vec![0; base],
        b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0\x10\0\0\0\0\0".to_vec(),
        [
            (base as u64).to_le_bytes(),
            undefined,
            end.to_le_bytes(),
            undefined,
        ]
        .concat(),
        [0_u64.to_le_bytes(), 96_u64.to_le_bytes()].concat(),
        vec![0; 24],
        [&[1, 0, 1, 0, 1, 0, 0, 0][..], &size, &[0; 4], &messages].concat(),
    ]
    .concat()
}

/// A model as an HDF5 file, with its configuration.
fn model(config: &str) -> Vec<u8> {
    hdf5(0, &[("model_config", config.as_bytes())])
}

fn look(name: &str, bytes: Vec<u8>) -> FileReport {
    scan(name, bytes.into(), &Settings::default())
}

/// The rules that were raised, worst first.
fn raised(report: &FileReport) -> Vec<(&'static str, Severity)> {
    let mut raised: Vec<_> = report
        .findings
        .iter()
        .map(|one| (one.rule, one.severity))
        .collect();
    raised.sort_by_key(|&(rule, severity)| (std::cmp::Reverse(severity), rule));
    raised
}

fn layer(class: &str, config: &str) -> String {
    format!(
        r#"{{"class_name": "Sequential", "config": {{"layers": [{{"class_name": "{class}", "config": {config}}}]}}}}"#
    )
}

fn object(module: &str, class: &str, config: &str, registered: &str) -> String {
    let object = format!(
        r#"{{"module": {module}, "class_name": "{class}", "config": {config}, "registered_name": {registered}}}"#
    );
    layer("Dense", &format!(r#"{{"kernel_initializer": {object}}}"#))
}

#[test]
fn an_ordinary_model_is_quiet_and_covered() {
    let config = layer(
        "Dense",
        r#"{"units": 2, "activation": "relu", "name": "lambda", "mask_value": NaN}"#,
    );
    for base in [0, 512, 2048] {
        let report = look(
            "m.h5",
            hdf5(
                base,
                &[("model_config", config.as_bytes()), ("backend", b"tensorflow")],
            ),
        );
        assert_eq!(raised(&report), []);
        assert!(report.coverage.is_complete(), "{:?}", report.coverage);
        assert_eq!(report.format, weightlock_format::detect::Format::Hdf5);
    }
}

#[test]
fn code_in_a_configuration_is_judged_by_what_it_names() {
    let config = |code: &str| {
        layer(
            "Lambda",
            &format!(r#"{{"function": ["{code}", null, null], "function_type": "lambda"}}"#),
        )
    };
    for (names, worst) in [
        (&["__import__", "system"][..], Severity::Critical),
        (&["exec"], Severity::Critical),
        (&["subprocess", "Popen"], Severity::Critical),
        (&["__subclasses__"], Severity::Critical),
        (&["tf", "math", "max"], Severity::High),
    ] {
        let code = base64(&marshalled(names));
        let report = look("m.h5", model(&config(&code)));
        assert_eq!(raised(&report), [("keras-lambda", worst)], "{names:?}");
        let finding = &report.findings[0];
        assert!(finding.place.offset.is_some());
        assert_eq!(
            finding.construct.as_deref(),
            Some("attribute model_config of /: config.layers[0].config.function[0]")
        );
        // Python passes over what is no digit of base64.
        let mut spelt = String::new();
        for digit in code.chars() {
            write!(spelt, "{digit}*").unwrap();
        }
        assert_eq!(
            raised(&look("m.h5", model(&config(&spelt)))),
            [("keras-lambda", worst)]
        );
        // Keras 3 writes it as an object of its own, anywhere.
        let inline = object("null", "__lambda__", &format!(r#"{{"code": "{code}"}}"#), "null");
        assert_eq!(raised(&look("m.h5", model(&inline))), [("keras-lambda", worst)]);
    }
    let report = look(
        "m.h5",
        model(&config("4wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
    );
    assert_eq!(
        raised(&report),
        [("keras-lambda", Severity::High)],
        "code that cannot be read"
    );
    let named = layer(
        "Lambda",
        r#"{"function": "my_function", "function_type": "function"}"#,
    );
    assert_eq!(
        raised(&look("m.h5", model(&named))),
        [("keras-lambda", Severity::Low)]
    );
}

#[test]
fn a_class_is_told_by_any_of_its_names() {
    let code = base64(&marshalled(&["exec"]));
    let config = format!(r#"{{"function": "{code}"}}"#);
    for class in ["layers.Lambda", "keras>Lambda", "Lambd\\u0061"] {
        let report = look("m.h5", model(&layer(class, &config)));
        assert_eq!(raised(&report), [("keras-lambda", Severity::Critical)], "{class}");
    }
    let inner = layer("Lambda", &config).replace('"', "\\\"");
    let report = look(
        "m.h5",
        model(&layer("Dense", &format!(r#"{{"kept": "{inner}"}}"#))),
    );
    assert_eq!(
        raised(&report),
        [("keras-lambda", Severity::Critical)],
        "a text in a text"
    );
}

#[test]
fn code_as_characters_is_found_too() {
    let mut text = String::new();
    for byte in marshalled(&["exec"]) {
        write!(text, "\\u{byte:04x}").unwrap();
    }
    let config = layer("Lambda", &format!(r#"{{"function": ["{text}", null, null]}}"#));
    assert_eq!(
        raised(&look("m.h5", model(&config))),
        [("keras-lambda", Severity::Critical)]
    );
}

#[test]
fn names_are_judged_by_module() {
    let unsafe_function = ("keras-unsafe-function", Severity::Critical);
    let foreign = ("keras-foreign-module", Severity::High);
    let custom = ("keras-unknown-class", Severity::Medium);
    for (module, class, config, registered, expected) in [
        (
            r#""os""#,
            "function",
            r#""system""#,
            r#""function""#,
            Some(unsafe_function),
        ),
        (r#""builtins""#, "exec", "{}", "null", Some(unsafe_function)),
        (
            r#""keras.utils""#,
            "function",
            r#""get_file""#,
            r#""function""#,
            Some(unsafe_function),
        ),
        (
            r#""keras.src.saving.saving_lib""#,
            "function",
            r#""load_model""#,
            "null",
            Some(unsafe_function),
        ),
        (
            r#""keras""#,
            "function",
            r#""utils.get_file""#,
            "null",
            Some(unsafe_function),
        ),
        (r#""ctypes.util""#, "Anything", "{}", "null", Some(foreign)),
        (
            r#""keras.utils""#,
            "function",
            r#""to_categorical""#,
            "null",
            Some(foreign),
        ),
        (r#""mine.parts""#, "Mine", "{}", r#""mine>Mine""#, Some(custom)),
        (
            r#""builtins""#,
            "function",
            r#""my_loss""#,
            r#""function""#,
            Some(custom),
        ),
        (
            r#""builtins""#,
            "function",
            r#""mean_squared_error""#,
            r#""function""#,
            None,
        ),
        (r#""keras.initializers""#, "GlorotUniform", "{}", "null", None),
        ("null", "GlorotUniform", "{}", "null", None),
    ] {
        let report = look("m.h5", model(&object(module, class, config, registered)));
        assert_eq!(
            raised(&report),
            Vec::from_iter(expected),
            "{module} {class} {config}"
        );
    }
}

#[test]
fn both_values_of_a_key_are_judged() {
    let twice = r#"{"class_name": "Sequential", "config": {}, "module": "keras", "module": "os"}"#;
    let escaped = r#"{"class_name": "Sequential", "config": {}, "module": "keras", "modul\u0065": "os"}"#;
    for config in [twice, escaped] {
        let report = look("m.h5", model(config));
        let expected = [
            ("keras-foreign-module", Severity::High),
            ("keras-duplicate-key", Severity::Medium),
        ];
        assert_eq!(raised(&report), expected);
    }
}

#[test]
fn paths_of_files_are_judged_where_layers_keep_them() {
    let high = ("keras-external-file", Severity::High);
    let low = ("keras-external-file", Severity::Low);
    for (config, expected) in [
        (r#"{"vocabulary": "/etc/passwd"}"#, Some(high)),
        (r#"{"vocabulary": "https://example.org/x"}"#, Some(high)),
        (r#"{"vocabulary_file": "..\\..\\x"}"#, Some(high)),
        (r#"{"vocabulary": "words.txt"}"#, Some(low)),
        (r#"{"vocabulary": ["/", "http://x", "~"]}"#, None),
        (r#"{"name": "/etc/passwd"}"#, None),
        (r#"{"asset": "words.txt"}"#, None),
    ] {
        let report = look("m.h5", model(&layer("StringLookup", config)));
        assert_eq!(raised(&report), Vec::from_iter(expected), "{config}");
    }
    let report = look(
        "m.h5",
        model(&layer("TFSMLayer", r#"{"call_endpoint": "serve"}"#)),
    );
    assert_eq!(raised(&report), [high]);
}

#[test]
fn symbols_of_tensorflow_are_judged() {
    for (symbol, expected) in [
        (
            "io.write_file",
            vec![("keras-unsafe-function", Severity::Critical)],
        ),
        ("math.multiply", vec![]),
    ] {
        let config = layer("TFOpLambda", &format!(r#"{{"function": "{symbol}"}}"#));
        assert_eq!(raised(&look("m.h5", model(&config))), expected);
    }
}

#[test]
fn every_encoding_that_python_reads_is_read() {
    let config = object(r#""os""#, "function", r#""system""#, "null");
    let wide = |big: bool| -> Vec<u8> {
        let bytes = |unit: u16| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        };
        config.encode_utf16().flat_map(bytes).collect()
    };
    for text in [
        wide(true),
        wide(false),
        [b"\xef\xbb\xbf", config.as_bytes()].concat(),
    ] {
        let report = look("m.h5", hdf5(0, &[("anything", &text)]));
        assert_eq!(raised(&report), [("keras-unsafe-function", Severity::Critical)]);
    }
}

#[test]
fn what_was_read_before_a_break_is_judged() {
    let mut config = object(r#""os""#, "function", r#""system""#, "null");
    config.truncate(config.len() - 3);
    let report = look("m.h5", model(&config));
    let expected = [
        ("keras-unsafe-function", Severity::Critical),
        ("broken-format", Severity::Medium),
    ];
    assert_eq!(raised(&report), expected);
}

#[test]
fn an_hdf5_file_is_no_zip_by_its_name() {
    let report = look("model.KERAS", model(&layer("Dense", "{}")));
    assert_eq!(raised(&report), [("keras-format-mismatch", Severity::Medium)]);
}

#[test]
fn json_that_is_no_model_is_left_alone() {
    for text in [
        r#"{"path": "/home/me/run", "module": "os", "config": "eval"}"#,
        r#"{"class_name": "math101", "path": "/data"}"#,
        "{not json at all",
        "[1, 2, 3]",
    ] {
        let report = look("m.h5", hdf5(0, &[("notes", text.as_bytes())]));
        assert_eq!(
            (raised(&report), report.coverage.is_complete()),
            (vec![], true),
            "{text}"
        );
    }
}

#[test]
fn bytes_behind_the_end_belong_to_nobody() {
    let mut bytes = model(&layer("Dense", "{}"));
    bytes.extend(b"something else that is long enough");
    let report = look("m.h5", bytes);
    assert!(!report.coverage.is_complete());
}

#[test]
fn compiled_python_is_never_vouched_for() {
    let module = |names: &[&str]| [b"\x55\x0d\r\n".to_vec(), vec![0; 12], marshalled(names)].concat();
    let rule = "compiled-python-module";
    let quiet = look("m.pyc", module(&["tensor", "shape"]));
    assert_eq!(
        (raised(&quiet), quiet.coverage.is_complete()),
        (vec![(rule, Severity::Medium)], true)
    );
    let loud = look("m.pyc", module(&["os", "system"]));
    assert_eq!(raised(&loud), [(rule, Severity::High)]);
    assert_eq!(loud.findings[0].name.as_deref(), Some("os.system"));
    let broken = look("m.pyc", [module(&["x"]), b"more".to_vec()].concat());
    assert!(!broken.coverage.is_complete(), "bytes behind the code are unread");
}
