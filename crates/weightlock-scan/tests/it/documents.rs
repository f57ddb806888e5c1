//! Configurations that have something called or loaded: Hydra, YAML tags, MLflow, skops.

use serde_json::{Value, json};
use weightlock_scan::{FileReport, Settings, Severity, scan};

fn report(name: &str, text: &str) -> FileReport {
    scan(name, text.as_bytes().to_vec().into(), &Settings::default())
}

/// Rule, severity and resolved name of what is above Info.
fn told(name: &str, text: &str) -> Vec<(Severity, &'static str, String)> {
    let findings = report(name, text)
        .findings
        .into_iter()
        .filter(|finding| finding.severity > Severity::Info);
    findings
        .map(|finding| (finding.severity, finding.rule, finding.name.unwrap_or_default()))
        .collect()
}

#[track_caller]
fn target(text: &str, severity: Severity, name: &str) {
    for file in ["model_config.yaml", "config", "data.bin"] {
        let found = told(file, text);
        assert!(
            found.contains(&(severity, "config-target", name.to_owned())),
            "{file}: {text}\n{found:?}"
        );
    }
}

#[track_caller]
fn quiet(name: &str, text: &str) {
    let report = report(name, text);
    assert!(report.coverage.is_complete(), "{text}\n{:?}", report.coverage);
    assert_eq!(told(name, text), [], "{text}");
}

#[test]
fn targets_with_reach_are_told_however_they_are_written() {
    use Severity::{Critical, High, Medium};
    target("a:\n  _target_: os.system\n  command: x\n", Critical, "os.system");
    target(
        "a: {b: [{_target_: builtins.exec, _args_: [x]}]}\n",
        Critical,
        "builtins.exec",
    );
    target(
        "a: {\"\\x5ftarget_\": 'subprocess.run', _target_2: x}\n",
        Critical,
        "subprocess.run",
    );
    target("x: &c os.system\na:\n  _target_: *c\n", Critical, "os.system");
    target("k: &k _target_\na:\n  *k : os.system\n", Critical, "os.system");
    target(
        "a: 1\n---\nb:\n  _target_: hydra.utils.get_method\n  path: os.system\n",
        Critical,
        "hydra.utils.get_method",
    );
    target(
        "a:\n  _target_: functools.partial\n  _args_: [os.system]\n",
        Critical,
        "functools.partial",
    );
    target("a:\n  _target_: torch.os.system\n", Critical, "torch.os.system");
    target("a:\n  _target_: torch.hub.load\n", Critical, "torch.hub.load");
    target("a:\n  _target_: joblib.load\n", High, "joblib.load");
    target("a:\n  _target_: evil_package.run\n", Medium, "evil_package.run");
    target("a:\n  _target_: ${oc.env:X}\n", Medium, "${oc.env:X}");
    target(
        "name: os.system\na:\n  _target_: ${name}\n",
        Critical,
        "os.system",
    );
    target(
        "a:\n  _target_: torch.nn.Linear\n  _target_: os.system\n",
        Critical,
        "os.system",
    );
    let json = r#"{"a": [{"_target_": "os.system"}]}"#;
    assert!(told("x.json", json).contains(&(Critical, "config-target", "os.system".to_owned())));
    let escaped = r#"{"\u005ftarget_": "os.system"}"#;
    assert!(told("x.json", escaped).contains(&(Critical, "config-target", "os.system".to_owned())));
}

#[test]
fn configurations_of_known_libraries_are_quiet() {
    for text in [
        "target: nemo.collections.asr.models.EncDecCTCModelBPE\npreprocessor:\n  _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor\noptim:\n  _target_: torch.optim.AdamW\n  lr: ${model.lr}\n",
        "trainer:\n  _target_: lightning.Trainer\n  callbacks:\n    - _target_: pytorch_lightning.callbacks.EarlyStopping\n      _partial_: true\n",
        "a: ${oc.env:HOME}\nb: ${now:%Y}\n",
        "target: os\nfunc: mean\ncallable: true\n",
        "tags: !!set {a, b}\nx: !!str 1\n",
        "model:\n  _component_: torchtune.models.llama3.llama3_8b\n",
    ] {
        quiet("model_config.yaml", text);
    }
    quiet(
        "notes.txt",
        "---\nset _target_: os.system and it runs !!python/object/apply:os.system\n",
    );
    quiet(
        "README.md",
        "---\nlicense: mit\n---\nUse `_target_: os.system` never.\n",
    );
}

#[test]
fn tags_of_languages_are_told() {
    use Severity::{Critical, Low};
    let tag = |text: &str| {
        told("a.yaml", text)
            .into_iter()
            .map(|(severity, rule, _)| (severity, rule))
            .collect::<Vec<_>>()
    };
    for text in [
        "a: !!python/object/apply:os.system ['x']\n",
        "a: !!python/name:os.system ''\n",
        "a: !!python/object/new:builtins.map [x]\n",
        "a: !<tag:yaml.org,2002:python/object/apply:os.system> [x]\n",
        "%TAG !x! tag:yaml.org,2002:python/object/\n---\na: !x!apply:os.system [x]\n",
        "a: !!javax.script.ScriptEngineManager [x]\n",
        "a: !ruby/object:Gem::Installer\n  i: x\n",
        "a: !php/object x\n",
    ] {
        assert_eq!(tag(text), [(Critical, "yaml-language-tag")], "{text}");
    }
    assert_eq!(tag("a: !!python/tuple [1, 2]\n"), [(Low, "yaml-language-tag")]);
    assert_eq!(tag("a: !new:speechbrain.nnet.linear.Linear\n  b: !ref <a>\n"), []);
    assert_eq!(tag("a: !apply:os.system [x]\n"), [(Critical, "config-target")]);
}

#[test]
fn broken_yaml_is_unread_and_keeps_its_findings() {
    let report = report("a.yaml", "_target_: os.system\nb: \"x\n");
    assert!(!report.coverage.is_complete());
    assert_eq!(report.findings[0].rule, "config-target");
}

#[test]
fn mlflow_models_are_loaded_by_flavours_from_their_folder() {
    use Severity::High;
    let model = |loader: &str, path: &str| {
        format!(
            "flavors:\n  python_function:\n    loader_module: {loader}\n    model_path: {path}\n    env: conda.yaml\n"
        )
    };
    quiet("MLmodel", &model("mlflow.sklearn", "model.pkl"));
    assert_eq!(
        told("MLmodel", &model("os", "model.pkl")),
        [(High, "mlflow-foreign-loader", "os".to_owned())]
    );
    assert_eq!(
        told("MLmodel", &model("mlflow.sklearn.evil", "x")),
        [(High, "mlflow-foreign-loader", "mlflow.sklearn.evil".to_owned())]
    );
    for path in ["../x", "/etc/passwd", "https://x/y", "a/../../b", "..\\x"] {
        assert_eq!(
            told("MLmodel", &model("mlflow.sklearn", path)),
            [(High, "config-path-escape", path.to_owned())],
            "{path}"
        );
    }
}

#[test]
fn mlflow_imports_modules_that_are_named_in_files_of_their_own() {
    use Severity::High;
    let foreign = |name: &str| vec![(High, "mlflow-foreign-loader", name.to_owned())];
    let flavour = |module: &str| format!("flavors:\n  keras:\n    keras_module: {module}\n    data: data\n");
    quiet("MLmodel", &flavour("tensorflow.keras"));
    assert_eq!(told("MLmodel", &flavour("evil")), foreign("evil"));
    for (file, usual) in [
        ("pickle_module_info.txt", "mlflow.pytorch.pickle_module"),
        ("keras_module.txt", "keras"),
    ] {
        quiet(file, usual);
        assert_eq!(told(file, "evil.module\n"), foreign("evil.module"), "{file}");
    }
    quiet("notes.txt", "evil.module\n");
}

fn node(module: &str, class: &str, loader: &str, content: &Value) -> Value {
    json!({"__module__": module, "__class__": class, "__loader__": loader, "content": content})
}

/// What is told of a schema whose root is `root`.
fn skops(root: &Value) -> Vec<(Severity, String)> {
    let found = told("schema.json", &root.to_string());
    assert!(
        found.iter().all(|(_, rule, _)| *rule == "skops-untrusted-type"),
        "{found:?}"
    );
    found
        .into_iter()
        .map(|(severity, _, name)| (severity, name))
        .collect()
}

#[test]
fn skops_nodes_are_judged_by_what_they_build_or_call() {
    use Severity::{Critical, High};
    let text = node("builtins", "str", "JsonNode", &json!("\"x\""));
    let list = node(
        "builtins",
        "list",
        "ListNode",
        &json!([text, node("numpy", "ndarray", "NdArrayNode", &json!({}))]),
    );
    assert_eq!(skops(&list), []);
    let function = |module: &str, name: &str| {
        node(
            "x",
            "y",
            "FunctionNode",
            &json!({"module_path": module, "function": name}),
        )
    };
    assert_eq!(
        skops(&function("os", "system")),
        [(Critical, "os.system".to_owned())]
    );
    assert_eq!(skops(&function("evil", "f")), [(High, "evil.f".to_owned())]);
    assert_eq!(
        skops(&node("operator", "call", "OperatorFuncNode", &json!(null))),
        [(Critical, "operator.call".to_owned())]
    );
    assert_eq!(
        skops(&node("operator", "itemgetter", "OperatorFuncNode", &json!(null))),
        []
    );
    assert_eq!(
        skops(&node("builtins", "list", "EvilNode", &json!(null))),
        [(High, "builtins.list".to_owned())]
    );
    assert_eq!(
        skops(&node("builtins", "eval", "TypeNode", &json!(null))),
        [(Critical, "builtins.eval".to_owned())]
    );
    assert_eq!(
        skops(&node("mine", "Model", "ObjectNode", &json!({}))),
        [(High, "mine.Model".to_owned())]
    );
    let method = |declared: &str, function: &str| {
        node(
            "builtins",
            declared,
            "MethodNode",
            &json!({"func": function, "obj": node("builtins", "dict", "DictNode", &json!({}))}),
        )
    };
    assert_eq!(skops(&method("dict", "keys")), []);
    assert_eq!(
        skops(&method("list", "keys")),
        [(High, "builtins.dict.keys".to_owned())]
    );
    assert_eq!(
        skops(&method("dict", "__class__")),
        [(Critical, "builtins.dict.__class__".to_owned())]
    );
    // Deep in a tree, and behind the first of two keys.
    let deep = node(
        "builtins",
        "list",
        "ListNode",
        &json!([node(
            "builtins",
            "dict",
            "DictNode",
            &json!({"a": function("os", "popen")})
        )]),
    );
    assert_eq!(skops(&deep), [(Critical, "os.popen".to_owned())]);
    let twice = r#"{"__module__": "builtins", "__class__": "list", "__loader__": "ListNode", "__class__": "eval", "content": []}"#;
    assert!(
        told("schema.json", twice)
            .iter()
            .any(|(_, _, name)| name == "builtins.eval")
    );
}

#[test]
fn every_value_of_a_key_of_skops_is_judged() {
    use Severity::{Critical, Medium};
    let function = |content: &str| {
        format!(
            r#"{{"__class__": "mean", "__module__": "numpy", "__loader__": "FunctionNode", "content": {content}}}"#
        )
    };
    let good = r#"{"module_path": "numpy", "function": "mean"}"#;
    let bad = r#"{"module_path": "posix", "function": "system"}"#;
    let twice =
        r#"{"module_path": "numpy", "module_path": "posix", "function": "mean", "function": "system"}"#;
    for text in [
        function(twice),
        function(&format!(r#"{good}, "content": {bad}"#)),
        function(&format!(r#"{bad}, "content": {good}"#)),
        // What the node declares, where the content is what an old protocol takes.
        function(good)
            .replace("\"numpy\", \"__l", "\"posix\", \"__l")
            .replacen("mean", "system", 1),
    ] {
        let found = told("schema.json", &text);
        let posix = (Critical, "skops-untrusted-type", "posix.system".to_owned());
        assert!(found.contains(&posix), "{text}\n{found:?}");
    }
    let found = told("schema.json", &function(twice));
    assert!(
        found
            .iter()
            .any(|(severity, rule, _)| *severity == Medium && *rule == "broken-format")
    );
    let text = function(good).replace("mean", "ndarray");
    assert_eq!(told("schema.json", &text), []);
}

#[test]
fn operators_of_skops_only_compute() {
    let operator = |name: &str| skops(&node("operator", name, "OperatorFuncNode", &json!(null)));
    for name in ["itemgetter", "add", "lt", "matmul"] {
        assert_eq!(operator(name), [], "{name}");
    }
    for name in [
        "__call__",
        "call",
        "__loader__",
        "__builtins__",
        "attrgetter",
        "setitem",
        "iadd",
    ] {
        assert_eq!(operator(name), [(Severity::Critical, format!("operator.{name}"))]);
    }
}

#[test]
fn text_in_wide_letters_is_read() {
    use weightlock_scan::{Settings, Severity, scan};
    let wide = |text: &str, big: bool| -> Vec<u8> {
        let order = |unit: u16| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        };
        text.encode_utf16().flat_map(order).collect()
    };
    let worst = |name: &str, bytes: Vec<u8>| {
        let report = scan(name, bytes.into(), &Settings::default());
        assert!(report.coverage.is_complete(), "{:?}", report.coverage);
        report.findings.iter().map(|finding| finding.severity).max()
    };
    for big in [false, true] {
        let document =
            "\u{feff}<?xml version=\"1.0\"?><!DOCTYPE P [<!ENTITY x SYSTEM \"file:///x\">]><PMML>&x;</PMML>";
        assert!(worst("a.pmml", wide(document, big)) >= Some(Severity::High));
        let tagged = wide("\u{feff}a: !!python/object/apply:os.system [x]\n", big);
        assert_eq!(worst("a.yaml", tagged), Some(Severity::Critical));
        assert_eq!(worst("a.yaml", wide("\u{feff}a: 1\n", big)), None);
        assert_eq!(worst("a.json", wide("{\"a\": \"os.system\"}", big)), None);
    }
}

#[test]
fn texts_of_documents_that_encode_pickles_are_told() {
    use weightlock_scan::{Settings, Severity, scan};
    let worst = |text: &str| {
        let report = scan("a.json", text.as_bytes().to_vec().into(), &Settings::default());
        report.findings.iter().map(|finding| finding.severity).max()
    };
    let base64 = r#"{"model": "gASMBXBvc2l4jAZzeXN0ZW2TjAF4hVIu"}"#;
    assert_eq!(worst(base64), Some(Severity::Medium));
    let digits = r#"{"model": "80048c05706f7369788c0673797374656d938c017885522e"}"#;
    assert_eq!(worst(digits), Some(Severity::Medium));
    for text in [
        r#"{"sha256": "80048c0a3b5d1c6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6"}"#,
        r#"{"sha256": "4d5a8c0a3b5d1c6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6"}"#,
        r#"{"key": "gABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"}"#,
    ] {
        assert_eq!(worst(text), None, "{text}");
    }
}

#[test]
fn aliases_that_stand_for_too_much_are_told() {
    use weightlock_scan::{Settings, Severity, scan};
    let worst = |text: &str| {
        let report = scan("a.yaml", text.as_bytes().to_vec().into(), &Settings::default());
        report.findings.iter().map(|finding| finding.severity).max()
    };
    let level = |name: &str, inner: &str| format!("{name}: &{name} [{}]\n", [inner; 9].join(", "));
    let names: Vec<String> = ('b'..='l').map(String::from).collect();
    let mut laughs = level("a", "x");
    let mut before = "a";
    for name in &names {
        laughs += &level(name, &format!("*{before}"));
        before = name;
    }
    assert_eq!(worst(&laughs), Some(Severity::Medium));
    assert_eq!(worst("a: &a {b: 1}\nc: *a\nd:\n  <<: *a\n"), None);
}

#[test]
fn expressions_that_a_loader_evaluates_are_source() {
    let worst = |name: &str, text: &str| {
        let report = report(name, text);
        assert!(report.coverage.is_complete(), "{text}\n{:?}", report.coverage);
        report.findings.iter().map(|finding| finding.severity).max()
    };
    for code in [
        "__import__('os').system('x')",
        "os.system('x')",
        "subprocess.run(['x'])",
        "eval(input())",
    ] {
        let yaml = format!("activation: \"{code}\"\n");
        assert!(worst("a.yaml", &yaml) >= Some(Severity::High), "{code}");
        let bundle = json!({"a": [format!("${code}")]}).to_string();
        assert!(worst("a.json", &bundle) >= Some(Severity::High), "{code}");
        assert!(
            worst("a.yaml", &format!("a: \"${code}\"\n")) >= Some(Severity::High),
            "{code}"
        );
    }
    for code in ["nn.SiLU()", "torch.nn.LeakyReLU(0.1)"] {
        assert_eq!(worst("a.yaml", &format!("activation: {code}\n")), None, "{code}");
    }
    for text in [
        "$@network.parameters()",
        "$import glob",
        "$torch.device('cuda:0')",
        "$5.00",
        "$@a::b#0 + 1",
        "${x}",
    ] {
        let bundle = json!({"_target_": "UNet", "a": text}).to_string();
        assert_eq!(worst("a.json", &bundle), None, "{text}");
    }
}
