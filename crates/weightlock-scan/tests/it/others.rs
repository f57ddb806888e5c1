//! XML, R, Torch7, MessagePack, UBJSON, CatBoost, and formats that are recognised and not read.

use proptest::prelude::*;
use weightlock_scan::{FileReport, Settings, scan};

fn look(name: &str, content: impl AsRef<[u8]>) -> FileReport {
    scan(name, content.as_ref().to_vec().into(), &Settings::default())
}

/// The findings as `rule severity name`.
fn found(report: &FileReport) -> Vec<String> {
    let line = |finding: &weightlock_scan::Finding| {
        let name = finding.name.clone().unwrap_or_default();
        format!("{} {} {name}", finding.rule, finding.severity.as_str())
    };
    report.findings.iter().map(line).collect()
}

fn quiet(name: &str, content: impl AsRef<[u8]>) {
    let report = look(name, content);
    assert_eq!(found(&report), [""; 0]);
    assert!(report.coverage.is_complete(), "{:?}", report.coverage);
}

#[test]
fn entities_and_inclusions_are_found_and_a_bare_document_type_is_not() {
    quiet(
        "m.pmml",
        "<?xml version='1.0'?><!DOCTYPE PMML><PMML version='4.4'><Header/></PMML>",
    );
    for (document, name) in [
        (
            "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
            "<!ENTITY e SYSTEM 'file:///etc/passwd'>]",
        ),
        (
            "<!DOCTYPE x [<!ENTITY % p 'v'> %p;]><x/>",
            "<!ENTITY % p 'v'> %p;]",
        ),
        (
            "<!DOCTYPE x SYSTEM 'http://example.org/x.dtd'><x/>",
            "x SYSTEM 'http://example.org/x.dtd'",
        ),
        (
            "<x xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='/etc/passwd'/></x>",
            "/etc/passwd",
        ),
    ] {
        assert_eq!(
            found(&look("m.xml", document)),
            [format!("xml-entities high {name}")],
            "{document}"
        );
    }
}

#[test]
fn openvino_layers_that_need_native_code_are_reported_and_weights_are_claimed() {
    let plain = "<net name='m' version='11'><layers><layer id='0' type='Const' version='opset1'>\
                 <data element_type='f32' offset='0' size='16'/></layer></layers></net>";
    let report = look("d/m.xml", plain);
    assert_eq!(found(&report), [""; 0]);
    assert_eq!(report.claims.len(), 1);
    assert_eq!(
        (report.claims[0].location.as_str(), report.claims[0].range.clone()),
        ("m.bin", 0..16)
    );
    let native = "<net><layers><layer type='Evil' version='extension'><data library='/tmp/x.so'/></layer></layers></net>";
    assert_eq!(
        found(&look("m.xml", native)),
        [
            "openvino-native-library low Evil",
            "openvino-native-library medium /tmp/x.so"
        ]
    );
}

#[test]
fn a_broken_document_is_not_complete() {
    let report = look("m.xml", "<?xml version='1.0'?><a><b></a>");
    assert!(!report.coverage.is_complete());
    let deep = "<a>".repeat(10_000);
    assert!(!look("m.xml", deep).coverage.is_complete());
}

fn int(value: i32) -> Vec<u8> {
    value.to_be_bytes().to_vec()
}

fn rds(item: &[Vec<u8>]) -> Vec<u8> {
    [
        b"X\n".to_vec(),
        int(2),
        int(0x0004_0300),
        int(0x0002_0300),
        item.concat(),
    ]
    .concat()
}

fn symbol(name: &str) -> Vec<u8> {
    [int(1), text(name)].concat()
}

fn text(value: &str) -> Vec<u8> {
    [
        int(0x0004_0009),
        int(i32::try_from(value.len()).unwrap()),
        value.as_bytes().to_vec(),
    ]
    .concat()
}

/// A call of `function` with one text.
fn call(function: Vec<u8>) -> Vec<u8> {
    let argument = [int(16), int(1), text("echo")].concat();
    [int(6), function, int(2), argument, int(254)].concat()
}

#[test]
fn a_promise_of_r_that_calls_system_is_critical_and_numbers_are_quiet() {
    let numbers = rds(&[int(14), int(2), vec![0; 16]]);
    quiet("m.rds", numbers);
    let promise = |function: &str| rds(&[int(5 | 1 << 10), int(253), int(252), call(symbol(function))]);
    assert_eq!(
        found(&look("m.rds", promise("system"))),
        ["r-code critical system"]
    );
    assert_eq!(found(&look("m.rds", promise("eval"))), ["r-code critical eval"]);
    assert_eq!(found(&look("m.rds", promise("mean"))), [""; 0]);
}

#[test]
fn calls_of_r_are_judged_by_what_they_stand_in() {
    let list = |item: Vec<u8>| rds(&[int(19), int(1), item]);
    assert_eq!(
        found(&look("m.rds", list(call(symbol("system2"))))),
        ["r-code high system2"]
    );
    assert_eq!(found(&look("m.rds", list(call(symbol("lm"))))), [""; 0]);
    let closure =
        |function: &str| list([int(3 | 1 << 10), int(253), int(254), call(symbol(function))].concat());
    assert_eq!(found(&look("m.rds", closure("eval"))), ["r-code info eval"]);
    assert_eq!(
        found(&look("m.rds", closure("download.file"))),
        ["r-code high download.file"]
    );
    // The second time a symbol stands in a file it is a reference to the first.
    let twice = [int(19), int(2), call(symbol("system")), call(int(255 | 1 << 8))];
    assert_eq!(found(&look("m.rds", rds(&twice))), ["r-code high system"; 2]);
}

#[test]
fn a_cut_object_of_r_keeps_its_findings() {
    let mut object = rds(&[int(5 | 1 << 10), int(253), int(252), call(symbol("system"))]);
    object.truncate(object.len() - 6);
    let report = look("m.rds", object);
    assert!(found(&report).contains(&"r-code critical system".to_owned()));
    assert!(!report.coverage.is_complete());
}

fn le(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn class(index: i32, name: &str, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(name.len()).unwrap();
    [
        le(&[4, index, 3]),
        b"V 1".to_vec(),
        le(&[length]),
        name.as_bytes().to_vec(),
        body.to_vec(),
    ]
    .concat()
}

#[test]
fn torch7_tensors_are_quiet_and_functions_and_strange_classes_are_not() {
    let storage = class(
        2,
        "torch.FloatStorage",
        &[2_i64.to_le_bytes().to_vec(), vec![0; 8]].concat(),
    );
    let sizes: Vec<u8> = [2_i64, 1, 1]
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let tensor = class(1, "torch.FloatTensor", &[le(&[1]), sizes, storage].concat());
    quiet("m.t7", tensor);
    let strange = class(1, "evil.Class", &le(&[3, 2, 0]));
    assert_eq!(found(&look("m.t7", strange)), ["lua-code medium evil.Class"]);
    let lua = [le(&[6, 1, 8]), b"\x1bLuaQ\0\x01\x04".to_vec()].concat();
    let table = [le(&[3, 1, 1]), le(&[2, 1]), b"f".to_vec(), lua.clone()].concat();
    for file in [lua, table] {
        let report = look("m.t7", file);
        assert_eq!(found(&report), ["lua-code high "]);
        assert!(!report.coverage.is_complete());
    }
}

#[test]
fn messagepack_of_flax_is_quiet_and_a_pickle_in_it_is_not() {
    let array = [
        &[0xc7, 22, 1][..],
        &[0x93, 0x91, 1, 0xa7],
        b"float32",
        &[0xc4, 9],
        &[0; 9],
    ]
    .concat();
    let flax = [&[0x81, 0xa1, b'w'][..], &array].concat();
    quiet("m.msgpack", flax);
    let pickle = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.";
    let carried = [
        &[0x81, 0xa1, b'w', 0xc4, u8::try_from(pickle.len()).unwrap()][..],
        pickle,
    ]
    .concat();
    let report = look("m.msgpack", carried);
    assert!(
        found(&report)
            .iter()
            .any(|line| line.starts_with("hidden-in-metadata medium")),
        "{:?}",
        found(&report)
    );
}

#[test]
fn ubjson_of_xgboost_is_read_to_its_end() {
    let model = b"{L\0\0\0\0\0\0\0\x07learner{L\0\0\0\0\0\0\0\x01w[$d#L\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\0}}";
    quiet("m.ubj", model);
    let mut longer = model.to_vec();
    longer.extend_from_slice(b"behind");
    assert!(!look("m.ubj", longer).coverage.is_complete());
}

#[test]
fn catboost_states_its_length() {
    let model = |stated: u32| [b"CBM1".to_vec(), stated.to_le_bytes().to_vec(), vec![7; 32]].concat();
    quiet("m.cbm", model(32));
    assert!(!look("m.cbm", model(31)).coverage.is_complete());
    assert!(!look("m.cbm", model(33)).coverage.is_complete());
}

#[test]
fn formats_that_are_not_read_are_named() {
    for (head, name) in [
        (&b"RKNN\0\0\0\0\x01\0\0\0"[..], "RKNN"),
        (b"ptrt\x01\0\0\0\0\0\0\0", "TensorRT"),
        (b"B\0C\0N\0T\0K\0\0\0\x01", "CNTK"),
        (b"\x0c\xdb\x3a\x2a\0\0\0\0\0\0", "OCDBT"),
    ] {
        let report = look("m", head);
        assert!(!report.coverage.is_complete());
        assert!(
            report.coverage.gaps[0].why.contains(name),
            "{:?}",
            report.coverage.gaps
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_behind_each_head_never_panic(
        head in prop::sample::select(vec![
            &b"X\n\0\0\0\x02\0\x04\x03\0\0\x02\x03\0"[..], b"\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1", b"\x03\0\0\0\x01\0\0\0",
            b"\x81\xa1w", b"{L\0\0\0\0\0\0\0\x01", b"<?xml version='1.0'?>", b"CBM1",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let file = [head, &rest].concat();
        prop_assert_eq!(look("m", &file), look("m", &file));
    }
}
