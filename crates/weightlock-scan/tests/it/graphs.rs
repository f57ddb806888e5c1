//! ONNX, TensorFlow, TensorFlow Lite and Core ML: what a graph refers to and calls.

use proptest::prelude::*;
use weightlock_scan::{FileReport, Settings, Severity, scan};

/// A number in a field.
fn number(field: u32, value: u64) -> Vec<u8> {
    [varint(u64::from(field) << 3), varint(value)].concat()
}

/// A text or message in a field.
fn bytes(field: u32, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    [
        varint(u64::from(field) << 3 | 2),
        varint(body.len() as u64),
        body.to_vec(),
    ]
    .concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        out.push(if value == 0 { byte } else { byte | 0x80 });
        if value == 0 {
            return out;
        }
    }
}

fn look(content: Vec<u8>) -> FileReport {
    scan("model", content.into(), &Settings::default())
}

/// The findings as `rule severity name`.
fn found(report: &FileReport) -> Vec<String> {
    let line = |finding: &weightlock_scan::Finding| {
        let name = finding.name.clone().unwrap_or_default();
        format!("{} {} {name}", finding.rule, finding.severity.as_str())
    };
    report.findings.iter().map(line).collect()
}

fn onnx(graph: &[Vec<u8>], rest: &[Vec<u8>]) -> Vec<u8> {
    let graph = [graph.concat(), bytes(2, "main")].concat();
    [number(1, 8), bytes(2, "test"), bytes(7, graph), rest.concat()].concat()
}

fn node(operator: &str, domain: &str, inputs: &[&str], attributes: &[Vec<u8>]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|name| bytes(1, name)).collect();
    let attributes: Vec<u8> = attributes.iter().flat_map(|body| bytes(5, body)).collect();
    bytes(
        1,
        [
            inputs,
            bytes(2, "out"),
            bytes(4, operator),
            attributes,
            bytes(7, domain),
        ]
        .concat(),
    )
}

fn tensor(name: &str, dims: &[u64], data_type: u64, rest: &[Vec<u8>]) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|&size| number(1, size)).collect();
    [dims, number(2, data_type), bytes(8, name), rest.concat()].concat()
}

fn external(pairs: &[(&str, &str)]) -> Vec<u8> {
    pairs
        .iter()
        .flat_map(|(key, value)| bytes(13, [bytes(1, key), bytes(2, value)].concat()))
        .collect()
}

#[test]
fn external_data_inside_the_folder_is_quiet_and_claimed() {
    let weights = tensor(
        "w",
        &[4],
        1,
        &[external(&[("location", "sub/w.bin"), ("length", "16")])],
    );
    let report = look(onnx(&[bytes(5, weights)], &[]));
    assert_eq!(found(&report), [""; 0]);
    assert!(report.coverage.is_complete());
    assert_eq!(report.claims.len(), 1);
    assert_eq!(report.claims[0].range, 0..16);
}

#[test]
fn external_data_outside_the_folder_is_found_wherever_the_tensor_hides() {
    let outside = || tensor("w", &[4], 1, &[external(&[("location", "../w.bin")])]);
    let attribute = [bytes(1, "value"), bytes(5, outside())].concat();
    let subgraph = [bytes(1, "body"), bytes(6, bytes(5, outside()))].concat();
    let sparse = bytes(1, outside());
    let function_body = [
        bytes(1, "f"),
        bytes(
            7,
            &node("Constant", "", &[], std::slice::from_ref(&attribute))[2..],
        ),
    ]
    .concat();
    for model in [
        onnx(&[bytes(5, outside())], &[]),
        onnx(&[node("Constant", "", &[], &[attribute])], &[]),
        onnx(&[node("Loop", "", &[], &[subgraph])], &[]),
        onnx(&[bytes(15, sparse)], &[]),
        onnx(&[], &[bytes(25, function_body)]),
        onnx(&[], &[bytes(20, bytes(2, bytes(5, outside())))]),
    ] {
        assert_eq!(found(&look(model)), ["onnx-external-path high ../w.bin"]);
    }
}

#[test]
fn every_location_counts_when_a_key_occurs_twice() {
    let weights = tensor(
        "w",
        &[4],
        1,
        &[external(&[("location", "w.bin"), ("location", "/etc/shadow")])],
    );
    let report = look(onnx(&[bytes(5, weights)], &[]));
    assert_eq!(
        found(&report),
        [
            "onnx-external-path medium ",
            "onnx-external-path high /etc/shadow"
        ]
    );
}

#[test]
fn an_operator_of_an_unknown_domain_is_low_unless_the_model_defines_it() {
    let used = node("Swish", "my.ops", &["x"], &[]);
    assert_eq!(
        found(&look(onnx(std::slice::from_ref(&used), &[]))),
        ["onnx-unknown-operator low my.ops::Swish"]
    );
    let function = bytes(25, [bytes(1, "Swish"), bytes(10, "my.ops")].concat());
    assert_eq!(found(&look(onnx(&[used], &[function]))), [""; 0]);
    assert_eq!(
        found(&look(onnx(&[node("Gelu", "com.microsoft", &["x"], &[])], &[]))),
        [""; 0]
    );
}

#[test]
fn a_python_operator_is_critical_and_named_by_its_function() {
    let text = |name: &str, value: &str| [bytes(1, name), bytes(4, value), number(20, 3)].concat();
    let attributes = [text("module", "os"), text("compute", "system")];
    let report = look(onnx(&[node("PyOp", "com.microsoft", &[], &attributes)], &[]));
    assert_eq!(found(&report), ["onnx-python-operator critical os.system"]);
}

#[test]
fn constants_that_make_a_tensor_no_machine_holds_are_reported_and_others_not() {
    let tile = |factor: i64| {
        let factors = tensor("r", &[1], 7, &[bytes(9, factor.to_le_bytes())]);
        let typed = tensor("r", &[1], 7, &[number(7, factor.cast_unsigned())]);
        let tile = node("Tile", "", &["x", "r"], &[]);
        [
            onnx(&[tile.clone(), bytes(5, factors)], &[]),
            onnx(&[tile, bytes(5, typed)], &[]),
        ]
    };
    for model in tile(1 << 40) {
        assert_eq!(found(&look(model)), ["onnx-inflation medium Tile"]);
    }
    for model in tile(1 << 10) {
        assert_eq!(found(&look(model)), [""; 0]);
    }
}

#[test]
fn data_of_another_size_than_the_shape_breaks_the_format() {
    let wrong = tensor("w", &[1 << 40], 1, &[bytes(9, [0; 16])]);
    let negative = tensor("w", &[u64::MAX], 1, &[bytes(9, [0; 16])]);
    let right = tensor("w", &[4], 1, &[bytes(9, [0; 16])]);
    for (weights, rule) in [
        (wrong, &["broken-format medium "][..]),
        (negative, &["broken-format medium "]),
        (right, &[]),
    ] {
        assert_eq!(found(&look(onnx(&[bytes(5, weights)], &[]))), rule);
    }
}

#[test]
fn a_tensor_that_comes_with_a_model_is_read_when_it_is_whole() {
    let floats = |raw: &[u8]| tensor("x", &[2, 3], 1, &[bytes(9, raw)]);
    let report = look(floats(&[0; 24]));
    assert!(
        report.coverage.is_complete() && report.findings.is_empty(),
        "{report:?}"
    );
    let sequence = [
        number(2, 1),
        bytes(3, floats(&[0; 24])),
        bytes(3, floats(&[1; 24])),
    ]
    .concat();
    assert!(look(sequence).coverage.is_complete());
    // Bytes that merely look like one have no answer.
    for wrong in [
        floats(&[0; 23]),
        tensor("x", &[2, 3], 99, &[bytes(9, [0; 24])]),
        [floats(&[0; 24]), bytes(30, "?")].concat(),
        [number(2, 1), bytes(3, floats(&[0; 23]))].concat(),
        tensor("", &[22], 2, &[bytes(9, b"\x80\x02cos\nsystem\n(S'i'\ntR.")]),
    ] {
        let report = look(wrong);
        assert!(!report.coverage.is_complete(), "{report:?}");
    }
    let outside = tensor(
        "x",
        &[2],
        1,
        &[external(&[("location", "../w.bin")]), number(14, 1)],
    );
    assert!(
        found(&look(outside))
            .iter()
            .any(|line| line.starts_with("onnx-external-path high")),
        "{report:?}"
    );
}

#[test]
fn addresses_in_memory_and_compiled_parts_outside_are_told() {
    let located = |location: &str| {
        let weights = tensor("w", &[4], 1, &[external(&[("location", location)])]);
        found(&look(onnx(&[bytes(5, weights)], &[])))
    };
    for location in ["*/_ORT_MEM_ADDR_/*", "a/_ORT_MEM_ADDR_/b"] {
        assert_eq!(located(location), [format!("onnx-external-path high {location}")]);
    }
    let context = |path: &str| {
        let attribute = [bytes(1, "ep_cache_context"), bytes(4, path), number(20, 3)].concat();
        let node = node("EPContext", "com.microsoft", &["x"], &[attribute]);
        found(&look(onnx(&[node], &[])))
    };
    assert_eq!(context("../x.bin"), ["onnx-external-path high ../x.bin"]);
    assert_eq!(context("/x.bin"), ["onnx-external-path high /x.bin"]);
    assert_eq!(context("x_ctx.bin"), [""; 0]);
}

#[test]
fn a_cut_model_keeps_its_findings_and_is_not_complete() {
    let weights = tensor("w", &[4], 1, &[external(&[("location", "/etc/shadow")])]);
    let mut model = onnx(&[bytes(5, weights), node("Add", "", &["x", "w"], &[])], &[]);
    model.truncate(model.len() - 4);
    let report = look(model);
    assert!(
        found(&report).contains(&"onnx-external-path high /etc/shadow".to_owned()),
        "{:?}",
        found(&report)
    );
    assert!(!report.coverage.is_complete());
}

fn tf_node(name: &str, operator: &str, attributes: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let attributes: Vec<u8> = attributes
        .iter()
        .flat_map(|(key, value)| bytes(5, [bytes(1, key), bytes(2, value)].concat()))
        .collect();
    [bytes(1, name), bytes(2, operator), attributes].concat()
}

fn saved_model(nodes: &[Vec<u8>], functions: &[Vec<u8>]) -> Vec<u8> {
    let nodes: Vec<u8> = nodes.iter().flat_map(|node| bytes(1, node)).collect();
    let functions: Vec<u8> = functions
        .iter()
        .flat_map(|node| bytes(1, [bytes(1, bytes(1, "f")), bytes(3, node)].concat()))
        .collect();
    let graph = [nodes, bytes(2, functions), bytes(4, number(1, 1286))].concat();
    [
        number(1, 1),
        bytes(2, [bytes(1, bytes(4, "serve")), bytes(2, graph)].concat()),
    ]
    .concat()
}

#[test]
fn operators_are_judged_by_type_and_not_by_name() {
    let quiet = saved_model(
        &[
            tf_node("ReadFile", "Const", &[]),
            tf_node("save", "SaveV2", &[]),
            tf_node("restore", "RestoreV2", &[]),
            tf_node("print", "PrintV2", &[("output_stream", bytes(2, "stderr"))]),
        ],
        &[],
    );
    let report = look(quiet);
    assert_eq!(found(&report), [""; 0]);
    assert!(report.coverage.is_complete());
    let loud = saved_model(
        &[
            tf_node("innocent", "EagerPyFunc", &[("token", bytes(2, "pyfunc_0"))]),
            tf_node(
                "print",
                "PrintV2",
                &[("output_stream", bytes(2, "file:///tmp/x"))],
            ),
        ],
        &[tf_node("w", "WriteFile", &[])],
    );
    assert_eq!(
        found(&look(loud)),
        [
            "tensorflow-operator high EagerPyFunc",
            "tensorflow-operator high PrintV2",
            "tensorflow-operator high WriteFile"
        ]
    );
}

#[test]
fn no_number_of_other_texts_hides_the_one_that_decides() {
    let classes: Vec<u8> = (0..5000).flat_map(|_| bytes(2, "loc:@x")).collect();
    let print = tf_node(
        "print",
        "PrintV2",
        &[
            ("_class", bytes(1, &classes)),
            ("output_stream", bytes(2, "file:///tmp/x")),
        ],
    );
    assert_eq!(
        found(&look(saved_model(&[print], &[]))),
        ["tensorflow-operator high PrintV2"]
    );
    let addresses = [
        (0..70).flat_map(|_| bytes(2, "x")).collect(),
        bytes(2, "file:///tmp/x"),
    ]
    .concat();
    let debug = tf_node("debug", "DebugIdentityV3", &[("debug_urls", bytes(1, addresses))]);
    assert_eq!(
        found(&look(saved_model(&[debug], &[]))),
        ["tensorflow-operator high DebugIdentityV3"]
    );
    // More than is kept: nobody knows where it leads.
    let many: Vec<u8> = (0..20_000).flat_map(|_| bytes(2, "x")).collect();
    let debug = tf_node("debug", "DebugIdentityV3", &[("debug_urls", bytes(1, many))]);
    assert_eq!(
        found(&look(saved_model(&[debug], &[]))),
        ["tensorflow-operator high DebugIdentityV3"]
    );
}

/// A constant text.
fn tf_text(name: &str, text: &str) -> Vec<u8> {
    tf_node(name, "Const", &[("value", bytes(8, bytes(8, text)))])
}

fn tf_fed(name: &str, operator: &str, inputs: &[&str]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| bytes(3, input)).collect();
    [tf_node(name, operator, &[]), inputs].concat()
}

#[test]
fn paths_that_the_graph_itself_gives_stay_in_the_folder() {
    let report = |path: &str, operator: &str, inputs: &[&str]| {
        found(&look(saved_model(
            &[
                tf_text("path", path),
                tf_fed("same", "Identity", &["path:0"]),
                tf_fed("join", "StringJoin", &["prefix", "same"]),
                tf_fed("n", operator, inputs),
            ],
            &[],
        )))
    };
    let refused = [
        ("/root/.ssh/x", "SaveV2", &["join:0", "b"][..]),
        ("../../x", "MergeV2Checkpoints", &["a", "path"]),
        ("/etc/passwd", "RestoreV2", &["same"]),
        ("/etc/passwd", "InitializeTableFromTextFileV2", &["table", "path"]),
    ];
    for (path, operator, inputs) in refused {
        let expected = format!("tensorflow-operator high {operator}");
        assert_eq!(report(path, operator, inputs), [expected]);
        assert_eq!(report("_temp/part", operator, inputs), [""; 0], "{operator}");
    }
    // The path of the table is not an input that is a path.
    assert_eq!(report("/x", "SaveV2", &["a", "path"]), [""; 0]);
    // In a function the names are those of the function.
    let body = [
        tf_text("path", "/etc/x"),
        tf_fed("n", "SaveV2", &["path:output:0"]),
    ];
    let functions: Vec<u8> = body.iter().flat_map(|node| bytes(3, node)).collect();
    let library = bytes(2, bytes(1, [bytes(1, bytes(1, "f")), functions].concat()));
    let graph = [bytes(1, tf_node("a", "NoOp", &[])), library].concat();
    assert_eq!(found(&look(graph)), ["tensorflow-operator high SaveV2"]);
}

#[test]
fn the_path_of_an_asset_is_filled_in_by_the_loader() {
    let graph = [
        tf_text("asset", "/home/me/vocab.txt"),
        tf_fed("n", "InitializeTableFromTextFileV2", &["table", "asset"]),
    ];
    let nodes: Vec<u8> = graph.iter().flat_map(|node| bytes(1, node)).collect();
    let model = |tensor: &str| {
        let asset = [bytes(1, bytes(1, tensor)), bytes(2, "vocab.txt")].concat();
        let meta = [bytes(1, bytes(4, "serve")), bytes(2, &nodes), bytes(6, asset)];
        [number(1, 1), bytes(2, meta.concat())].concat()
    };
    assert_eq!(found(&look(model("asset:0"))), [""; 0]);
    assert_eq!(
        found(&look(model("other:0"))),
        ["tensorflow-operator high InitializeTableFromTextFileV2"]
    );
}

#[test]
fn operators_that_tensorflow_has_not_got_are_told() {
    let model = saved_model(
        &[
            tf_node("a", "Evil>DoIt", &[]),
            tf_node("b", "Evil>DoIt", &[]),
            tf_node("c", "f", &[]),
            tf_node("d", "MatMul", &[]),
        ],
        &[tf_node("e", "Conv2D", &[])],
    );
    assert_eq!(found(&look(model)), ["custom-operator low Evil>DoIt"]);
    let sampler = |file: &str| {
        let sampler = tf_node(
            "s",
            "FixedUnigramCandidateSampler",
            &[("vocab_file", bytes(2, file))],
        );
        found(&look(saved_model(&[sampler], &[])))
    };
    assert_eq!(sampler(""), [""; 0]);
    assert_eq!(
        sampler("/etc/passwd"),
        ["tensorflow-operator high FixedUnigramCandidateSampler"]
    );
}

#[test]
fn graphs_in_text_are_judged_like_those_in_bytes() {
    let told = |name: &str, text: &str| {
        let report = scan(name, text.as_bytes().to_vec().into(), &Settings::default());
        (found(&report), report.coverage.is_complete())
    };
    let graph = |operator: &str| {
        format!(
            "# a graph\nmeta_graphs {{ graph_def {{ node {{ name: \"f\" op: 'Const' attr {{ key: \"value\" value {{ tensor {{ string_val: \"/etc/x\" }} }} }} }} node: < name: 'n' op: {operator} input: 'f' >; }} }}"
        )
    };
    for name in ["saved_model.pbtxt", "graph.txt", "model"] {
        let (found, complete) = told(name, &graph("'Write' \"F\\x69le\""));
        assert_eq!(
            (found, complete),
            (vec!["tensorflow-operator high WriteFile".to_owned()], true)
        );
        let (found, complete) = told(name, &graph("'SaveV2'"));
        assert_eq!(
            (found, complete),
            (vec!["tensorflow-operator high SaveV2".to_owned()], true)
        );
        assert_eq!(told(name, &graph("'MatMul'")), (vec![], true), "{name}");
    }
    let model = "ir_version: 8 graph { node { op_type: \"PyOp\" domain: \"x\" } initializer { external_data { key: \"location\" value: \"../w\" } } }";
    assert_eq!(
        told("a.textproto", model).0,
        [
            "onnx-python-operator critical x::PyOp",
            "onnx-external-path high ../w"
        ]
    );
    assert_eq!(
        told("a.textproto", "graph { node { op_type: \"Add\" } }"),
        (vec![], true)
    );
    let json = r#"{"graph": {"node": [{"opType": "PyOp", "domain": "x"}], "initializer": [{"externalData": [{"key": "location", "value": "../w"}]}]}}"#;
    assert_eq!(
        told("a.json", json).0,
        [
            "onnx-python-operator critical x::PyOp",
            "onnx-external-path high ../w"
        ]
    );
    let json = r#"{"graph": {"node": [{"opType": "Add", "domain": ""}, {"op_type": "Mul"}]}}"#;
    assert_eq!(told("a.json", json), (vec![], true));
    let syntax = |start: &str, location: &str, operator: &str| {
        format!(
            "{start}ir_version: 8, opset_import: [\"\" : 17]>\ng (float[1] x) => (float[1] y) <float[1] w = [\"location\": \"{location}\"]> {{ y = {operator}(x) # z\n }}\n<domain: \"mine\", opset_import: [\"\": 17]> f (a) => (b) {{ b = Add(a, a) }}"
        )
    };
    for (name, start) in [("a.onnxtxt", "<"), ("a", "<\n  "), ("b", "# x\n<")] {
        assert_eq!(
            told(name, &syntax(start, "../w", "x.PyOp")).0,
            [
                "onnx-external-path high ../w",
                "onnx-python-operator critical x::PyOp"
            ]
        );
        assert_eq!(
            told(name, &syntax(start, "w.bin", "mine.f")),
            (vec![], true),
            "{name}"
        );
        assert_eq!(
            told(name, &syntax(start, "w.bin", "x.f")).0,
            ["onnx-unknown-operator low x::f"]
        );
    }
    let layer = |module: &str, class: &str| {
        format!(
            "name: \"net\"\nlayer {{ name: \"p\" type: \"Python\" python_param {{ module: \"{module}\" layer: \"{class}\" param_str: \"'a': 1\" }} }}"
        )
    };
    for name in ["deploy.prototxt", "net"] {
        assert_eq!(
            told(name, &layer("os", "system")).0,
            ["config-target critical os.system"]
        );
        assert_eq!(
            told(name, &layer("rpn.proposal_layer", "ProposalLayer")).0,
            ["config-target medium rpn.proposal_layer.ProposalLayer"]
        );
    }
    assert_eq!(
        told(
            "deploy.prototxt",
            "layer { name: \"c\" type: \"Convolution\" convolution_param { num_output: 64 } }"
        ),
        (vec![], true)
    );
    // Broken text is not taken for read, prose is no graph.
    assert!(!told("a.pbtxt", "node { op: \"Add\" ").1);
    assert_eq!(
        told("label_map.pbtxt", "item { id: 1 name: 'cat' }\n"),
        (vec![], true)
    );
    assert_eq!(
        told("notes.txt", "note: op: WriteFile { is used\n"),
        (vec![], true)
    );
}

#[test]
fn an_asset_outside_the_folder_is_found() {
    let model = |name: &str| {
        let graph = [
            bytes(1, bytes(4, "serve")),
            bytes(2, bytes(1, tf_node("n", "Const", &[]))),
            bytes(6, bytes(2, name)),
        ];
        [number(1, 1), bytes(2, graph.concat())].concat()
    };
    assert_eq!(
        found(&look(model("../../x"))),
        ["tensorflow-asset-path high ../../x"]
    );
    assert_eq!(found(&look(model("vocab.txt"))), [""; 0]);
}

#[test]
fn core_ml_classes_of_the_app_are_named() {
    let layer = |kind: Vec<u8>| bytes(1, [bytes(1, "layer"), kind].concat());
    let model = |layer: Vec<u8>| [number(1, 4), bytes(2, bytes(1, "")), bytes(500, layer)].concat();
    let custom = model(layer(bytes(500, bytes(10, "MyLayer"))));
    assert_eq!(found(&look(custom)), ["custom-operator low MyLayer"]);
    let plain = look(model(layer(bytes(130, [0; 100]))));
    assert_eq!(found(&plain), [""; 0]);
    assert!(plain.coverage.is_complete());
}

fn small_onnx() -> Vec<u8> {
    let weights = tensor("w", &[4], 1, &[bytes(9, [1; 16])]);
    onnx(&[bytes(5, weights), node("Add", "", &["x", "w"], &[])], &[])
}

#[test]
fn no_beginning_of_a_model_passes_for_complete() {
    let whole = small_onnx();
    assert!(look(whole.clone()).coverage.is_complete());
    for cut in 12..whole.len() {
        let report = look(whole[..cut].to_vec());
        let told = report
            .findings
            .iter()
            .any(|finding| finding.severity >= Severity::Medium);
        assert!(told || !report.coverage.is_complete(), "{cut}");
    }
}

proptest! {
    /// What is damaged may well be another model, so that no more can be asked.
    #[test]
    fn a_damaged_model_never_panics_and_is_told_alike(at in 0_usize..200, byte: u8, cut in 1_usize..200) {
        let mut model = small_onnx();
        let at = at % model.len();
        model[at] = byte;
        model.truncate(cut);
        let (first, second) = (look(model.clone()), look(model.clone()));
        prop_assert_eq!(&first.findings, &second.findings);
        let gaps = first.coverage.gaps.iter();
        prop_assert!(gaps.clone().all(|gap| gap.offset.saturating_add(gap.bytes) <= model.len() as u64));
    }
}

/// The index of a checkpoint with one tensor, whose bytes are said to be 16 from byte `at` on.
fn checkpoint_index(at: u8) -> Vec<u8> {
    let entry = |key: &[u8], value: &[u8]| {
        let lengths = [
            0,
            u8::try_from(key.len()).unwrap(),
            u8::try_from(value.len()).unwrap(),
        ];
        [&lengths[..], key, value].concat()
    };
    let block = |entries: &[Vec<u8>]| [&entries.concat()[..], &[0, 0, 0, 0, 1, 0, 0, 0], &[0; 5]].concat();
    let data = block(&[entry(b"", &[8, 1]), entry(b"w", &[8, 1, 0x20, at, 0x28, 16])]);
    let meta = block(&[]);
    let length = |bytes: &[u8]| u8::try_from(bytes.len() - 5).unwrap();
    let names = block(&[entry(b"x", &[0, length(&data)])]);
    let offset = |bytes: usize| u8::try_from(bytes).unwrap();
    let mut footer = vec![offset(data.len()), length(&meta)];
    footer.extend([offset(data.len() + meta.len()), length(&names)]);
    footer.resize(40, 0);
    footer.extend(0xdb47_7524_8b80_fb57_u64.to_le_bytes());
    [data, meta, names, footer].concat()
}

/// A folder with a checkpoint: the index and the file that the tensors lie in.
fn checkpoint(at: u8, data: Vec<u8>) -> Vec<FileReport> {
    let file = |name: &str, content: Vec<u8>| scan(name, content.into(), &Settings::default());
    let mut files = vec![
        file("m/variables.data-00000-of-00001", data),
        file("m/variables.index", checkpoint_index(at)),
    ];
    weightlock_scan::folder::conclude(&mut files, weightlock_scan::Profile::default());
    files
}

#[test]
fn a_checkpoint_claims_the_bytes_of_its_tensors_and_no_others() {
    let data = vec![0xc3; 16];
    for report in checkpoint(0, data.clone()) {
        assert!(
            report.coverage.is_complete(),
            "{} {:?}",
            report.file,
            report.coverage
        );
        assert_eq!(found(&report), Vec::<String>::new());
    }
    assert!(
        !checkpoint(4, data.clone())[0].coverage.is_complete(),
        "4 bytes are nobody's"
    );
    let alone = scan(
        "m/variables.data-00000-of-00001",
        data.into(),
        &Settings::default(),
    );
    assert!(!alone.coverage.is_complete());
    // What is known to be something else stays that, whatever claims it.
    let pickle = b"\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R.".to_vec();
    assert!(!found(&checkpoint(0, pickle)[0]).is_empty());
    let mut cut = checkpoint_index(0);
    cut.drain(..3);
    assert!(!look(cut).coverage.is_complete());
}

#[test]
fn fingerprints_of_saved_models_are_known() {
    let version = bytes(6, number(1, 1));
    let hashes: Vec<u8> = (1..6).flat_map(|field| number(field, u64::MAX)).collect();
    let good = [hashes, version, bytes(7, "1766470001")].concat();
    let report = look(good);
    assert!(
        report.coverage.is_complete() && found(&report).is_empty(),
        "{report:?}"
    );
    assert!(
        !look([number(1, 1), number(9, 7), bytes(6, number(1, 1))].concat())
            .coverage
            .is_complete()
    );
}

#[test]
fn weights_of_core_ml_programs_are_taken_apart() {
    let mut file = [1_u32.to_le_bytes(), 2_u32.to_le_bytes()].concat();
    file.resize(64, 0);
    file.extend(0xdead_beef_u32.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    file.extend([16_u64.to_le_bytes(), 128_u64.to_le_bytes()].concat());
    file.resize(128, 0);
    file.extend([0x3c; 16]);
    assert!(look(file.clone()).coverage.is_complete());
    file.extend(b"more");
    assert!(!look(file).coverage.is_complete());
}
