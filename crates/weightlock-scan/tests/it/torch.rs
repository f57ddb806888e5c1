//! PyTorch containers, NumPy arrays and joblib files, made here byte by byte.

use proptest::prelude::*;
use weightlock_scan::{FileReport, Profile, Settings, Severity, scan};

fn text(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap();
    [&b"X"[..], &length.to_le_bytes(), text.as_bytes()].concat()
}

fn int(value: i32) -> Vec<u8> {
    [&b"J"[..], &value.to_le_bytes()].concat()
}

fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(".to_vec(), items.concat(), b"t".to_vec()].concat()
}

fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

fn pickle(body: &[u8]) -> Vec<u8> {
    [b"\x80\x02", body, b"."].concat()
}

/// A call that does harm.
fn evil() -> Vec<u8> {
    [
        global("posix", "system"),
        text("echo weightlock-test"),
        b"\x85R".to_vec(),
    ]
    .concat()
}

/// A persistent id.
fn storage(class: &str, key: &str, elements: i32) -> Vec<u8> {
    let id = [
        text("storage"),
        global("torch", class),
        text(key),
        text("cpu"),
        int(elements),
    ];
    [tuple(&id), b"Q".to_vec()].concat()
}

/// A tensor of `sizes` with `strides` from `offset` on.
fn tensor(storage: Vec<u8>, offset: i32, sizes: &[i32], strides: &[i32]) -> Vec<u8> {
    let numbers = |numbers: &[i32]| tuple(&numbers.iter().copied().map(int).collect::<Vec<_>>());
    let hooks = [global("collections", "OrderedDict"), b")R".to_vec()].concat();
    let args = [
        storage,
        int(offset),
        numbers(sizes),
        numbers(strides),
        b"\x89".to_vec(),
        hooks,
    ];
    [
        global("torch._utils", "_rebuild_tensor_v2"),
        tuple(&args),
        b"R".to_vec(),
    ]
    .concat()
}

/// A dict with one entry.
fn dict(key: &str, value: &[u8]) -> Vec<u8> {
    [b"}".to_vec(), text(key), value.to_vec(), b"s".to_vec()].concat()
}

/// A plain state dict: 16 floats in storage 0.
fn state_dict() -> Vec<u8> {
    pickle(&dict(
        "w",
        &tensor(storage("FloatStorage", "0", 16), 0, &[4, 4], &[4, 1]),
    ))
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(!0, step)
}

/// A zip archive of stored members.
fn zip(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let size = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let at = u32::try_from(out.len()).unwrap().to_le_bytes();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let common = [
            &[0; 8][..],
            &crc32(bytes).to_le_bytes(),
            &size,
            &size,
            &length,
            &[0; 2],
        ]
        .concat();
        out.extend([b"PK\x03\x04\x14\0", &common[..], name.as_bytes(), bytes].concat());
        directory.extend(
            [
                b"PK\x01\x02\x14\0\x14\0",
                &common[..],
                &[0; 10],
                &at,
                name.as_bytes(),
            ]
            .concat(),
        );
    }
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let (size, at) = (
        u32::try_from(directory.len()).unwrap(),
        u32::try_from(out.len()).unwrap(),
    );
    out.extend(&directory);
    out.extend(
        [
            b"PK\x05\x06\0\0\0\0",
            &count[..],
            &count,
            &size.to_le_bytes(),
            &at.to_le_bytes(),
            &[0; 2],
        ]
        .concat(),
    );
    out
}

/// What `torch.save` writes, with other members.
fn torch(data: Vec<u8>, others: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut members = vec![
        ("m/data.pkl", data),
        ("m/byteorder", b"little".to_vec()),
        ("m/data/0", vec![0; 64]),
        ("m/version", b"3\n".to_vec()),
        (
            "m/.data/serialization_id",
            b"8002457737946401051300000000000000000000".to_vec(),
        ),
    ];
    members.extend(others.iter().cloned());
    zip(&members)
}

fn report(file: Vec<u8>) -> FileReport {
    scan("model", file.into(), &Settings::default())
}

fn worst(report: &FileReport) -> Option<Severity> {
    report.findings.iter().map(|finding| finding.severity).max()
}

/// Findings as `rule name` in order.
fn findings(report: &FileReport) -> Vec<String> {
    let told = |finding: &weightlock_scan::Finding| {
        format!("{} {}", finding.rule, finding.name.as_deref().unwrap_or("-"))
    };
    report.findings.iter().map(told).collect()
}

fn assert_quiet(file: Vec<u8>) {
    let report = report(file);
    assert_eq!(findings(&report), Vec::<String>::new());
    assert!(report.coverage.is_complete(), "{:?}", report.coverage);
}

fn assert_found(file: Vec<u8>, rule: &str, least: Severity) {
    let report = report(file);
    let found = report
        .findings
        .iter()
        .any(|finding| finding.rule == rule && finding.severity >= least);
    assert!(found, "{rule}: {:?}", findings(&report));
}

#[test]
fn a_state_dict_is_quiet_and_covered() {
    assert_quiet(torch(state_dict(), &[]));
    let parameter = [
        global("torch._utils", "_rebuild_parameter"),
        tuple(&[
            tensor(storage("BFloat16Storage", "0", 32), 30, &[2], &[1]),
            b"\x88".to_vec(),
            [global("collections", "OrderedDict"), b")R".to_vec()].concat(),
        ]),
        b"R".to_vec(),
    ];
    assert_quiet(torch(pickle(&parameter.concat()), &[]));
    let report = report(torch(state_dict(), &[]));
    assert_eq!(report.coverage.data, 64);
}

#[test]
fn tensors_must_fit_their_bytes() {
    let made = |tensor: Vec<u8>| torch(pickle(&dict("w", &tensor)), &[]);
    let float = |elements| storage("FloatStorage", "0", elements);
    for (file, least) in [
        (made(float(1 << 28)), Severity::High),
        (made(float(-1)), Severity::High),
        (made(storage("FloatStorage", "7", 16)), Severity::Medium),
        (made(storage("ComplexDoubleStorage", "0", 5)), Severity::High),
        (made(tensor(float(16), 1, &[4, 4], &[4, 1])), Severity::High),
        (made(tensor(float(16), -1, &[4], &[1])), Severity::High),
        (made(tensor(float(16), 0, &[-4], &[1])), Severity::High),
        (made(tensor(float(16), 0, &[2, 2], &[1])), Severity::High),
        (
            made(tensor(float(16), 0, &[i32::MAX, i32::MAX], &[i32::MAX, i32::MAX])),
            Severity::High,
        ),
        (
            made([float(16), text("a"), text("b"), b"s".to_vec()].concat()),
            Severity::High,
        ),
    ] {
        assert_found(file, "torch-storage-mismatch", least);
    }
    // A view may lie anywhere within, and a record may be longer than what is stated.
    assert_quiet(made(tensor(float(16), 12, &[2, 2], &[2, 1])));
    assert_quiet(made(tensor(float(16), 3, &[1000], &[0])));
    assert_eq!(worst(&report(made(float(8)))), Some(Severity::Info));
}

#[test]
fn other_ids_are_refused() {
    for id in [
        tuple(&[
            text("module"),
            global("torch.nn", "Linear"),
            text("a.py"),
            text("import os"),
        ]),
        tuple(&[
            text("storage"),
            global("os", "FloatStorage"),
            text("0"),
            text("cpu"),
            int(16),
        ]),
        text("0"),
    ] {
        let file = torch(pickle(&[id, b"Q".to_vec()].concat()), &[]);
        assert_found(file, "pickle-persistent-id", Severity::High);
    }
}

/// A module as the first versions wrote it: the id gives the class, and keeps its source.
fn module_with_source(module: &str, name: &str) -> Vec<u8> {
    let id = [
        text("module"),
        global(module, name),
        text("/lib/a.py"),
        text("import os\nos.system('x')"),
    ];
    pickle(
        &[
            tuple(&id),
            b"Q)\x81}".to_vec(),
            text("training"),
            b"\x88sb".to_vec(),
        ]
        .concat(),
    )
}

#[test]
fn classes_of_old_files_are_judged_by_their_names() {
    let report = |object| report(legacy(object, &[], &[]));
    let plain = report(module_with_source("torch.nn.modules.linear", "Linear"));
    assert!(plain.coverage.is_complete());
    assert_eq!(worst(&plain), Some(Severity::Info), "{:?}", findings(&plain));
    let unknown = report(module_with_source("helpers", "Net"));
    assert_eq!(worst(&unknown), Some(Severity::Medium));
    let program = report(module_with_source("subprocess", "Popen"));
    assert_eq!(worst(&program), Some(Severity::Critical));
    // Today's files have no such ids.
    let now = torch(module_with_source("torch.nn.modules.linear", "Linear"), &[]);
    assert_found(now, "pickle-persistent-id", Severity::High);
    let no_class = tuple(&[text("module"), text("torch.nn"), text("a"), text("b")]);
    let refused = legacy(pickle(&[no_class, b"Q".to_vec()].concat()), &[], &[]);
    assert_found(refused, "pickle-persistent-id", Severity::High);
}

#[test]
fn methods_of_known_objects_are_kept_and_not_called() {
    let method = |class: (&str, &str), name: &str| {
        [
            global("__builtin__", "getattr"),
            global(class.0, class.1),
            b")\x81".to_vec(),
            text(name),
            b"\x86R".to_vec(),
        ]
        .concat()
    };
    let linear = ("torch.nn.modules.linear", "Linear");
    let kept = report(torch(pickle(&dict("forward", &method(linear, "forward"))), &[]));
    assert_eq!(worst(&kept), Some(Severity::Info), "{:?}", findings(&kept));
    let called = [method(linear, "forward"), text("x"), b"\x85R".to_vec()].concat();
    let handed = [
        global("torch._tensor", "_rebuild_from_type_v2"),
        tuple(&[
            method(linear, "forward"),
            global("torch", "Tensor"),
            b")".to_vec(),
            b"N".to_vec(),
        ]),
        b"R".to_vec(),
    ]
    .concat();
    for bad in [
        called,
        handed,
        method(linear, "__class__"),
        method(linear, "register_forward_hook"),
        method(("helpers", "Net"), "forward"),
        method(("subprocess", "Popen"), "forward"),
    ] {
        assert_found(torch(pickle(&bad), &[]), "pickle-reflection", Severity::Critical);
    }
}

#[test]
fn native_objects_are_judged_by_the_library_of_their_class() {
    let object = |class: &str| {
        let made = [global("torch", "ScriptObject"), b")\x81".to_vec()].concat();
        pickle(&[made, tuple(&[b")".to_vec(), text(class)]), b"b".to_vec()].concat())
    };
    let known = "__torch__.torch.classes.quantized.LinearPackedParamsBase";
    let known = report(torch(object(known), &[]));
    assert_eq!(worst(&known), Some(Severity::Info), "{:?}", findings(&known));
    for class in ["__torch__.torch.classes.evil.Runner", "evil", ""] {
        assert_found(
            torch(object(class), &[]),
            "torchscript-unknown-operator",
            Severity::Low,
        );
    }
}

#[test]
fn inputs_of_a_trace_tell_shapes_only() {
    let inputs = |size| {
        vec![
            ("m/traced_inputs.pkl", state_dict()),
            ("m/traced_inputs/0", vec![0; size]),
        ]
    };
    let empty = report(torch(state_dict(), &inputs(0)));
    assert_eq!(worst(&empty), None, "{:?}", findings(&empty));
    assert!(empty.coverage.is_complete());
    assert_found(
        torch(state_dict(), &inputs(8)),
        "torch-storage-mismatch",
        Severity::High,
    );
    let bad = vec![("m/traced_inputs.pkl", pickle(&evil()))];
    assert_found(
        torch(state_dict(), &bad),
        "pickle-code-execution",
        Severity::Critical,
    );
}

#[test]
fn shards_of_a_distributed_checkpoint_are_archives_in_a_row() {
    let shard = |parts: &[Vec<u8>]| scan("__0_0.distcp", parts.concat().into(), &Settings::default());
    let good = torch(state_dict(), &[]);
    let quiet = shard(&[good.clone(), good.clone(), good.clone()]);
    assert_eq!(findings(&quiet), Vec::<String>::new());
    assert!(quiet.coverage.is_complete(), "{:?}", quiet.coverage);
    let evil = torch(pickle(&evil()), &[]);
    for parts in [
        vec![evil.clone(), good.clone()],
        vec![good.clone(), evil.clone(), good.clone()],
        vec![good.clone(), evil.clone()],
        vec![good.clone(), b"between".to_vec(), evil],
    ] {
        assert_eq!(worst(&shard(&parts)), Some(Severity::Critical));
    }
    // In a file with another name readers disagree, and what lies between two archives is no shard's.
    assert!(worst(&report([good.clone(), good.clone()].concat())) >= Some(Severity::Medium));
    assert!(worst(&shard(&[good.clone(), b"between".to_vec(), good])) >= Some(Severity::Medium));
}

#[test]
fn every_pickle_of_an_archive_is_run() {
    assert_found(
        torch(pickle(&evil()), &[]),
        "pickle-code-execution",
        Severity::Critical,
    );
    for name in [
        "m/constants.pkl",
        "m/bytecode.pkl",
        "m/code/a.py.debug_pkl",
        "m/extra/x",
        "x/y",
    ] {
        let file = torch(state_dict(), &[(name, pickle(&evil()))]);
        assert_found(file, "pickle-code-execution", Severity::Critical);
    }
    // A stream that does not look like one is still loaded.
    let odd = [b"N0".to_vec(), evil(), b".".to_vec()].concat();
    assert_found(torch(odd, &[]), "pickle-code-execution", Severity::Critical);
    assert_found(
        torch(state_dict(), &[("m/data/1", pickle(&evil()))]),
        "pickle-code-execution",
        Severity::Critical,
    );
}

#[test]
fn torchscript_is_judged_by_its_operators() {
    let object = pickle(&[global("__torch__", "M"), b")\x81}b".to_vec()].concat());
    let script = |code: &str| {
        let members = [
            ("m/code/__torch__.py", code.as_bytes().to_vec()),
            ("m/constants.pkl", pickle(b")")),
        ];
        torch(object.clone(), &members)
    };
    let module = |body: &str| {
        script(&format!(
            "class M(Module):\n  def forward(self, x: Tensor) -> Tensor:\n    {body}\n"
        ))
    };
    assert_quiet(module("return torch.relu(torch.matmul(x, x))"));
    assert_quiet(module(
        "return ops.torchvision.nms(x, x, 0.5)  # torch.save(x, \"f\")",
    ));
    for body in [
        "torch.save(x, \"f\")",
        "(torch.autograd).save(x, \"f\")",
        "x.save(\"f\")",
        "return torch.from_file(\"/etc/passwd\")",
        "return ops.image.read_file(\"/etc/passwd\")",
    ] {
        assert_found(module(body), "torchscript-file-access", Severity::High);
    }
    assert_found(
        module("return ^Evil()(x)"),
        "torchscript-python-operator",
        Severity::High,
    );
    assert_found(
        module("return ops.prim.rpc_sync(\"w\", x)"),
        "torchscript-remote-call",
        Severity::High,
    );
    let unknown = report(module("return ops.evil.run(x)"));
    assert_eq!(findings(&unknown), ["torchscript-unknown-operator evil::run"]);
    assert_eq!(worst(&unknown), Some(Severity::Medium));
    assert_found(
        module("return f(torch)"),
        "torchscript-unknown-operator",
        Severity::Medium,
    );
    assert_quiet(script("import __torch__.a\nclass M(Module):\n  pass\n"));
    let python = report(script("import os\nos.system('x')\n"));
    assert!(worst(&python) >= Some(Severity::High));
    let broken = report(module("return 'x"));
    assert!(!broken.coverage.is_complete());
    let with = |module: &str, name: &str| {
        let call = [
            global(module, name),
            b"]".to_vec(),
            text("List[int]"),
            b"\x86R".to_vec(),
        ]
        .concat();
        let code = ("m/code/__torch__.py", b"class M(Module):\n  pass\n".to_vec());
        torch(pickle(&call), &[code])
    };
    assert_quiet(with("torch.jit._pickle", "restore_type_tag"));
    assert_quiet(with(
        "__torch__.torch.classes.quantized",
        "LinearPackedParamsBase",
    ));
    let file = with("__torch__.torch.classes.evil", "Thing");
    assert_found(file, "torchscript-unknown-operator", Severity::Medium);
    assert!(worst(&report(with("torch.jit._pickle", "system"))) >= Some(Severity::Medium));
    // Only classes that the archive defines are its own.
    let foreign = pickle(&[global("__torch__.other", "M"), b")\x81}b".to_vec()].concat());
    let file = torch(
        foreign,
        &[("m/code/__torch__.py", b"class M(Module):\n  pass\n".to_vec())],
    );
    assert_found(file, "pickle-unknown-import", Severity::Medium);
}

#[test]
fn operators_in_bytecode_are_seen() {
    let program = |operator: &str| {
        let operators = tuple(&[text("operators"), tuple(&[tuple(&[text(operator), text("")])])]);
        pickle(&tuple(&[
            int(8),
            tuple(&[text("__torch__.M.forward"), tuple(&[operators])]),
        ]))
    };
    assert_quiet(torch(state_dict(), &[("m/bytecode.pkl", program("aten::add"))]));
    let file = torch(state_dict(), &[("m/bytecode.pkl", program("aten::save"))]);
    assert_found(file, "torchscript-file-access", Severity::High);
}

#[test]
fn exported_programs_are_judged_by_what_they_look_up_and_evaluate() {
    let exported = |target: &str, expression: &str| {
        let graph =
            format!(r#"{{"nodes": [{{"target": "{target}", "x": {{"expr_str": "{expression}"}}}}]}}"#);
        zip(&[
            ("m/archive_format", b"pt2".to_vec()),
            ("m/models/model.json", graph.clone().into_bytes()),
            ("m/data/weights/weight_0", vec![0; 8]),
        ])
    };
    assert_quiet(exported("torch.ops.aten.add.Tensor", "Max(2, s0)*4"));
    assert_quiet(exported("_operator.mul", "u0"));
    assert_quiet(exported(
        "_operator.mul",
        "Mul(Integer(2), Symbol('s77', positive=True, integer=True))",
    ));
    assert_found(
        exported("_operator.mul", "Max(Integer(2), 'exec(s77)')"),
        "torch-export-expression",
        Severity::Critical,
    );
    for target in [
        "torch.hub.load",
        "torch.serialization.os.system",
        "_operator.methodcaller",
        "torch.ops",
        "posix.system",
    ] {
        assert_found(exported(target, "s0"), "torch-export-target", Severity::High);
    }
    assert_quiet(exported("acme.layer", "s0"));
    assert_found(
        exported("torch.ops.evil.run", "s0"),
        "torchscript-unknown-operator",
        Severity::Medium,
    );
    let code = "__import__('os').system('true')";
    assert_found(
        exported("torch.ops.aten.add", code),
        "torch-export-expression",
        Severity::Critical,
    );
    let old = zip(&[(
        "serialized_exported_program.json",
        br#"{"expr_str": "eval('1')"}"#.to_vec(),
    )]);
    assert_found(old, "torch-export-expression", Severity::Critical);
}

/// A tar archive.
fn tar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in members {
        let mut header = vec![0; 512];
        let put = |header: &mut Vec<u8>, at: usize, text: &str| {
            header[at..at + text.len()].copy_from_slice(text.as_bytes());
        };
        put(&mut header, 0, name);
        put(&mut header, 100, "0000644");
        put(&mut header, 108, "0000000");
        put(&mut header, 116, "0000000");
        put(&mut header, 124, &format!("{:011o}", bytes.len()));
        put(&mut header, 136, "00000000000");
        put(&mut header, 148, "        0");
        put(&mut header, 257, "ustar\u{0}00");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        put(&mut header, 148, &format!("{sum:06o}\0 "));
        out.extend(header);
        out.extend(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// The tar of an old PyTorch, with one storage of two floats that is seen as one tensor.
fn old_tar(object: Vec<u8>, between: &[u8]) -> Vec<u8> {
    let described = tuple(&[int(7), text("cpu"), global("torch", "FloatStorage")]);
    let storages = [
        pickle(&int(1)),
        pickle(&described),
        2_i64.to_le_bytes().to_vec(),
        vec![0xff; 8],
        between.to_vec(),
        pickle(b"]"),
    ];
    let numbers: Vec<u8> = [1_i64, 2, 1, 0]
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let tensors = [
        pickle(&int(1)),
        pickle(&tuple(&[int(8), int(7), global("torch", "FloatTensor")])),
        numbers,
    ];
    tar(&[
        ("sys_info", pickle(b"}")),
        ("storages", storages.concat()),
        ("tensors", tensors.concat()),
        ("pickle", object),
    ])
}

#[test]
fn old_tars_are_accounted_for_exactly() {
    let object = |id: Vec<u8>| pickle(&dict("w", &[id, b"Q".to_vec()].concat()));
    let quiet = report(old_tar(object(int(8)), b""));
    assert!(quiet.coverage.is_complete(), "{:?}", quiet.coverage);
    assert_eq!(
        (quiet.coverage.data, worst(&quiet)),
        (8, None),
        "{:?}",
        findings(&quiet)
    );
    assert_quiet(old_tar(object(text("8")), b""));
    assert_found(
        old_tar(pickle(&evil()), b""),
        "pickle-code-execution",
        Severity::Critical,
    );
    assert_found(
        old_tar(object(int(8)), &pickle(&evil())),
        "pickle-code-execution",
        Severity::Critical,
    );
    let module = tuple(&[global("torch.nn", "Linear"), text("a.py"), text("import os")]);
    assert_found(
        old_tar(object(module), b""),
        "pickle-persistent-id",
        Severity::High,
    );
    assert!(!report(old_tar(object(int(8)), &[0xfe; 9])).coverage.is_complete());
}

const MAGIC: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

fn legacy(object: Vec<u8>, keys: &[&str], storages: &[u8]) -> Vec<u8> {
    let keys = [
        b"]".to_vec(),
        keys.iter()
            .flat_map(|key| [text(key), b"a".to_vec()].concat())
            .collect(),
    ]
    .concat();
    let parts = [
        MAGIC.to_vec(),
        pickle(&int(1001)),
        pickle(&dict("little_endian", b"\x88")),
        object,
        pickle(&keys),
    ];
    [parts.concat(), storages.to_vec()].concat()
}

#[test]
fn legacy_files_are_accounted_for_exactly() {
    let object = pickle(&dict(
        "w",
        &tensor(storage("FloatStorage", "k", 4), 0, &[4], &[1]),
    ));
    let bytes = [&4_i64.to_le_bytes()[..], &[0xff; 16]].concat();
    assert_quiet(legacy(object.clone(), &["k"], &bytes));
    // Another number of elements than the id states.
    let other = [&3_i64.to_le_bytes()[..], &[0xff; 12]].concat();
    assert_found(
        legacy(object.clone(), &["k"], &other),
        "torch-storage-mismatch",
        Severity::High,
    );
    let huge = [&i64::MAX.to_le_bytes()[..], &[0xff; 16]].concat();
    let refused = report(legacy(object.clone(), &["k"], &huge));
    assert!(!refused.coverage.is_complete());
    assert!(
        worst(&refused) >= Some(Severity::Medium),
        "{:?}",
        findings(&refused)
    );
    // Something behind the storages.
    let behind = report(legacy(
        object.clone(),
        &["k"],
        &[&bytes[..], b"\xfe\xfe\xfe"].concat(),
    ));
    assert_eq!(behind.coverage.unread, 3);
    let file = legacy(object, &["k"], &[&bytes[..], &pickle(&evil())].concat());
    assert_found(file, "pickle-code-execution", Severity::Critical);
}

#[test]
fn every_pickle_of_a_legacy_file_is_run() {
    let good = [
        MAGIC.to_vec(),
        pickle(&int(1001)),
        pickle(b"}"),
        state_dict(),
        pickle(b"]"),
    ];
    for index in 0..5 {
        let mut parts = good.clone();
        parts[index] = pickle(&[b"L119547037146038801333356L\n0".to_vec(), evil()].concat());
        assert_found(parts.concat(), "pickle-code-execution", Severity::Critical);
    }
}

/// A NumPy file.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).unwrap();
    [
        b"\x93NUMPY\x01\0",
        &length.to_le_bytes()[..],
        header.as_bytes(),
        data,
    ]
    .concat()
}

#[test]
fn arrays_are_data_and_their_objects_pickles() {
    assert_quiet(npy("'<f4'", "(2,)", &[0x80; 8]));
    assert_quiet([npy("'<f4'", "(2,)", &[0x80; 8]), npy("'|u1'", "()", &[1])].concat());
    assert_quiet(zip(&[
        ("a.npy", npy("'<f4'", "(2,)", &[0x80; 8])),
        ("b.npy", npy("'<i8'", "(0, 9)", b"")),
    ]));
    let plain = report(npy("'|O'", "(1,)", &pickle(b"N")));
    assert_eq!(
        (worst(&plain), plain.coverage.is_complete()),
        (Some(Severity::Info), true)
    );
    let mut strict = Settings::default();
    strict.profile = Profile::Strict;
    let strict = scan("a.npy", npy("'|O'", "(1,)", &pickle(b"N")).into(), &strict);
    assert_eq!(worst(&strict), Some(Severity::Medium));
    for descr in ["'|O'", "[('a', '<f4'), ('b', [('c', '|O', (2,))])]", "'f4,O'"] {
        // Whatever the pickle begins with.
        let data = [b"N0".to_vec(), evil(), b".".to_vec()].concat();
        assert_found(
            npy(descr, "(1,)", &data),
            "pickle-code-execution",
            Severity::Critical,
        );
    }
    for (descr, shape) in [
        ("__import__('os')", "(1,)"),
        ("'<f8'", "(9223372036854775807, 16)"),
    ] {
        assert_found(npy(descr, shape, &[0; 8]), "numpy-broken-header", Severity::High);
    }
    assert_found(
        npy("'<f8'", "(2,)", &[0; 8]),
        "numpy-broken-header",
        Severity::Medium,
    );
    let trailing = report(npy("'<f4'", "(1,)", &[0xfe; 9]));
    assert_eq!(trailing.coverage.unread, 5);
}

/// The type `name` as NumPy pickles it.
fn dtype(name: &str, flags: i32) -> Vec<u8> {
    let state = tuple(&[int(3), text("<"), b"NNN".to_vec(), int(-1), int(-1), int(flags)]);
    let made = [global("numpy", "dtype"), text(name), b"\x89\x88\x87R".to_vec()].concat();
    [made, state, b"b".to_vec()].concat()
}

/// joblib's wrapper, to its BUILD.
fn wrapped(dtype: &[u8], shape: &[u8], aligned: bool) -> Vec<u8> {
    let mut state = [
        b"}(".to_vec(),
        text("shape"),
        shape.to_vec(),
        text("dtype"),
        dtype.to_vec(),
    ]
    .concat();
    state.extend([text("subclass"), global("numpy", "ndarray")].concat());
    if aligned {
        state.extend([text("numpy_array_alignment_bytes"), int(16)].concat());
    }
    [
        global("joblib.numpy_pickle", "NumpyArrayWrapper"),
        b")\x81".to_vec(),
        state,
        b"ub".to_vec(),
    ]
    .concat()
}

#[test]
fn arrays_in_joblib_files_are_skipped_exactly() {
    let shape = tuple(&[int(2), int(3)]);
    // Bytes that would be opcodes, and a pickle that would be found by a search.
    let hostile = [vec![0xff], pickle(&evil()), vec![b'.'; 48]].concat();
    for aligned in [false, true] {
        let padding: &[u8] = if aligned { b"\x02\xff\xff" } else { b"" };
        let array = [
            &wrapped(&dtype("f8", 0), &shape, aligned),
            padding,
            &hostile[..48],
        ]
        .concat();
        assert_quiet(pickle(
            &[b"](".to_vec(), array.clone(), array.clone(), b"e".to_vec()].concat(),
        ));
        let file = pickle(&[array, b"0".to_vec(), evil()].concat());
        assert_found(file, "pickle-code-execution", Severity::Critical);
    }
    let objects = [wrapped(&dtype("O8", 63), &tuple(&[int(1)]), true), pickle(b"]")].concat();
    assert_quiet(pickle(&objects));
    let objects = [
        wrapped(&dtype("O8", 63), &tuple(&[int(1)]), true),
        pickle(&evil()),
    ]
    .concat();
    assert_found(pickle(&objects), "pickle-code-execution", Severity::Critical);
}

#[test]
fn arrays_of_unknown_size_are_not_passed_over() {
    for (dtype, shape) in [
        (dtype("O8", 0), tuple(&[int(1)])),
        (dtype("f8", 0), tuple(&[int(-1)])),
        (b"N".to_vec(), tuple(&[int(1)])),
    ] {
        let file = pickle(&[wrapped(&dtype, &shape, true), evil()].concat());
        assert_found(file.clone(), "joblib-unknown-array", Severity::Medium);
        assert_found(file, "pickle-code-execution", Severity::Critical);
    }
    let cut = pickle(&wrapped(&dtype("f8", 0), &tuple(&[int(i32::MAX)]), false));
    let cut = report(cut);
    assert!(!cut.coverage.is_complete() || worst(&cut) >= Some(Severity::Medium));
}

#[test]
fn wrappers_of_other_files_are_told() {
    let wrapper = |name: &str| {
        let class = global("joblib.numpy_pickle_compat", "NDArrayWrapper");
        pickle(
            &[
                class,
                b")\x81".to_vec(),
                dict("filename", &text(name)),
                b"b".to_vec(),
            ]
            .concat(),
        )
    };
    for name in ["../x.npy", "/etc/passwd", "C:\\x", "\\\\host\\x"] {
        assert_found(wrapper(name), "joblib-external-file", Severity::High);
    }
    assert_eq!(worst(&report(wrapper("model.pkl_01.npy"))), Some(Severity::Low));
}

proptest! {
    /// Whatever a byte is changed to, every byte is accounted for and the answer is the same.
    #[test]
    fn mutated_files_are_scanned_alike(which in 0..4_usize, at in 0..400_usize, byte: u8) {
        let object = pickle(&dict("w", &tensor(storage("FloatStorage", "k", 4), 0, &[4], &[1])));
        let bytes = [&4_i64.to_le_bytes()[..], &[0xff; 16]].concat();
        let mut file = match which {
            0 => torch(state_dict(), &[]),
            1 => legacy(object, &["k"], &bytes),
            2 => npy("[('a', '<f4', (2,))]", "(2, 3)", &[0; 48]),
            _ => pickle(&[&wrapped(&dtype("f8", 0), &tuple(&[int(2)]), true), &[0; 17][..]].concat()),
        };
        if let Some(target) = file.get_mut(at) {
            *target = byte;
        }
        prop_assert_eq!(report(file.clone()), report(file));
    }
}

#[test]
fn storages_of_packages_have_numbers() {
    let numbered = |number: i32| {
        let id = [
            text("storage"),
            global("torch", "FloatStorage"),
            int(number),
            text("cpu"),
            int(4),
        ];
        pickle(&tensor([tuple(&id), b"Q".to_vec()].concat(), 0, &[4], &[1]))
    };
    let package = |object: Vec<u8>| {
        zip(&[
            ("p/.data/0.storage", vec![0; 16]),
            ("p/m/m.pkl", object),
            ("p/.data/extern_modules", b"torch\n".to_vec()),
            ("p/.data/version", b"6\n".to_vec()),
            ("p/byteorder", b"little".to_vec()),
        ])
    };
    assert_quiet(package(numbered(0)));
    assert_found(package(numbered(7)), "torch-storage-mismatch", Severity::Medium);
}
