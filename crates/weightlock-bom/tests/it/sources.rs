//! Small folders, one for each source that the vectors do not have, each with what must not be believed beside it.

use weightlock_artifact::{digest::Algorithm, standing::Standing};
use weightlock_bom::graph::{Component, Conflict, Graph, Kind, Property, Ref, Verb};

use crate::folder::Folder;

fn one(name: &str, bytes: impl Into<Vec<u8>>) -> Graph {
    Folder::default().with(name, bytes).graph()
}

fn part<'g>(graph: &'g Graph, family: &'static str, name: &str) -> &'g Component {
    let own = Ref::new(family, name);
    graph
        .component(&own)
        .unwrap_or_else(|| panic!("{own} is not among {:?}", graph.components().keys()))
}

fn subject(graph: &Graph) -> &Component {
    graph.component(graph.subject()).expect("a subject")
}

fn setting(graph: &Graph, step: &str, key: &str) -> Option<String> {
    let step = graph.component(&Ref::new("step", step))?;
    step.parameters().get(key)?.first().map(|it| it.value.to_string())
}

#[test]
fn lock_files_fix_versions_and_state_digests() {
    let sha = "a".repeat(64);
    let uv = format!(
        "version = 1\n[[package]]\nname = \"me\"\nversion = \"0\"\nsource = {{ virtual = \".\" }}\n\
         [[package]]\nname = \"Flask_X\"\nversion = \"3.0\"\nsource = {{ registry = \"r\" }}\nwheels = [{{ url = \"u\", hash = \"sha256:{sha}\" }}]\n"
    );
    let poetry = format!(
        "[[package]]\nname = \"flask-x\"\nversion = \"3.0\"\nfiles = [{{ file = \"f\", hash = \"sha256:{sha}\" }}]\n"
    );
    let pylock = format!(
        "[[packages]]\nname = \"flask-x\"\nversion = \"3.0\"\nsdist = {{ hashes = {{ sha256 = \"{sha}\" }} }}\n"
    );
    let pipfile =
        format!(r#"{{"default": {{"flask-x": {{"version": "==3.0", "hashes": ["sha256:{sha}"]}}}}}}"#);
    for (name, text) in [
        ("uv.lock", uv),
        ("poetry.lock", poetry),
        ("pdm.lock", pylock.replace("packages", "package")),
        ("pylock.toml", pylock),
        ("Pipfile.lock", pipfile),
    ] {
        let graph = one(name, text);
        let package = part(&graph, "package", "pypi/flask-x@3.0");
        assert_eq!(
            package.text(Property::Purl),
            Some("pkg:pypi/flask-x@3.0"),
            "{name}"
        );
        if name != "pdm.lock" {
            assert_eq!(
                package.standing(Property::StatedDigest),
                Standing::Declared,
                "{name}"
            );
        }
        assert_eq!(subject(&graph).kind, Kind::Environment, "{name}");
        assert!(
            graph.component(&Ref::new("package", "pypi/me@0")).is_none(),
            "{name}: the project is no package of its own"
        );
    }
    let broken = one("uv.lock", "[[package]\nname=");
    assert!(
        broken.unread()[0].why.contains("no TOML"),
        "{:?}",
        broken.unread()
    );
}

#[test]
fn a_range_is_no_version() {
    let text = "-r other.txt\ntorch==2.1.0 \\\n  --hash=sha256:aa\nnumpy>=1.20,<2 # why\npillow\nx @ file:///home/me/x.whl\n--index-url https://example.org\n";
    let graph = one("requirements.txt", text);
    part(&graph, "package", "pypi/torch@2.1.0");
    let numpy = part(&graph, "package", "pypi/numpy");
    assert_eq!(
        (numpy.text(Property::Requirement), numpy.text(Property::Version)),
        (Some(">=1.20,<2"), None)
    );
    assert_eq!(
        part(&graph, "package", "pypi/pillow").text(Property::Requirement),
        Some("any")
    );
    assert!(part(&graph, "package", "pypi/x").claims(Property::Location)[0].is_private);
    let packages = graph.components().values().filter(|it| it.kind == Kind::Package);
    assert_eq!(packages.count(), 4);
}

#[test]
fn conda_and_its_packages() {
    let graph = one(
        "environment.yml",
        "dependencies:\n- python=3.11.7\n- conda-forge::numpy=1.26.4=py311_0\n- cuda>=12\n- pip:\n  - torch==2.1.0\n",
    );
    part(&graph, "tool", "python@3.11.7");
    assert_eq!(
        part(&graph, "package", "conda/numpy@1.26.4").text(Property::Purl),
        Some("pkg:conda/numpy@1.26.4")
    );
    assert_eq!(
        part(&graph, "package", "conda/cuda").text(Property::Requirement),
        Some(">=12")
    );
    part(&graph, "package", "pypi/torch@2.1.0");
    let meta = r#"{"name": "numpy", "version": "1.26.4", "build": "py311_0", "subdir": "linux-64", "license": "BSD-3-Clause"}"#;
    let graph = one("env/conda-meta/numpy-1.26.4-py311_0.json", meta);
    let purl = part(&graph, "package", "conda/numpy@1.26.4").text(Property::Purl);
    assert_eq!(purl, Some("pkg:conda/numpy@1.26.4?build=py311_0&subdir=linux-64"));
}

fn record(entries: &[(&str, &[u8])]) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let line = |(name, bytes): &(&str, &[u8])| {
        let digest = URL_SAFE_NO_PAD.encode(Algorithm::Sha256.digest(bytes).as_bytes());
        format!("{name},sha256={digest},{}\n", bytes.len())
    };
    entries.iter().map(line).collect()
}

#[test]
fn a_distribution_has_the_digest_of_its_files() {
    let root = "lib/python3.12/site-packages";
    let folder = |code: &[u8]| {
        let list = record(&[
            ("guard/__init__.py", b"x = 1\n"),
            ("guard_x-1.0.dist-info/METADATA", METADATA),
        ]);
        Folder::default()
            .with(&format!("{root}/guard/__init__.py"), code)
            .with(&format!("{root}/guard_x-1.0.dist-info/METADATA"), METADATA)
            .with(
                &format!("{root}/guard_x-1.0.dist-info/RECORD"),
                format!("{list}guard_x-1.0.dist-info/RECORD,,\n"),
            )
            .with(&format!("{root}/guard_x-1.0.dist-info/INSTALLER"), "uv\n")
            .graph()
    };
    let graph = folder(b"x = 1\n");
    let package = part(&graph, "package", "pypi/guard-x@1.0");
    assert_eq!(package.standing(Property::Digest), Standing::Verified);
    assert_eq!(package.text(Property::Installer), Some("uv"));
    assert_eq!(package.text(Property::License), Some("Apache-2.0"));
    assert_eq!(
        package.claims(Property::Name).len(),
        1,
        "one name after normalisation"
    );
    assert!(graph.conflicts().is_empty());
    let changed = folder(b"import os\n");
    assert_ne!(
        part(&changed, "package", "pypi/guard-x@1.0").claim(Property::Digest),
        package.claim(Property::Digest),
        "a changed file changes the digest of the package"
    );
    assert!(
        matches!(&changed.conflicts()[..], [Conflict::Digests { .. }]),
        "{:?}",
        changed.conflicts()
    );
}

const METADATA: &[u8] = b"Metadata-Version: 2.1\nName: Guard_X\nVersion: 1.0\nLicense: apache-2.0\nSummary: guards\n\nVersion: 2.0\n";

#[test]
fn alpine_and_pieces_of_dpkg() {
    let graph = Folder::default()
        .with(
            "lib/apk/db/installed",
            "P:busybox\nV:1.36.1-r5\nA:x86_64\no:busybox\nL:GPL-2.0-only\n\nP:musl\nV:1.2.4-r2\n\n",
        )
        .with("etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n")
        .graph();
    let package = part(&graph, "package", "apk/busybox@1.36.1-r5");
    assert_eq!(
        package.text(Property::Purl),
        Some("pkg:apk/alpine/busybox@1.36.1-r5?arch=x86_64&distro=alpine-3.18.4")
    );
    part(&graph, "package", "apk/musl@1.2.4-r2");
    let graph = one(
        "var/lib/dpkg/status.d/base",
        "Package: base\nVersion: 12\nStatus: deinstall ok config-files\n\nPackage: tz\nVersion: 1\n",
    );
    assert!(
        graph.component(&Ref::new("package", "deb/base@12")).is_none(),
        "removed, only its settings are left"
    );
    part(&graph, "package", "deb/tz@1");
    let graph = one("var/lib/rpm/rpmdb.sqlite", "SQLite format 3\0");
    assert!(graph.unread()[0].why.contains("rpm"));
}

#[test]
fn a_wrong_digest_of_a_data_set_is_a_conflict() {
    let text = format!(
        r#"{{"@context": {{}}, "name": "d", "distribution": [{{"contentUrl": "a.csv", "sha256": "{}"}}, {{"contentUrl": "https://example.org/b.csv", "sha256": "{}"}}]}}"#,
        Algorithm::Sha256.digest(b"other").hex(),
        "b".repeat(64)
    );
    let graph = Folder::default()
        .with("croissant.json", text)
        .with("a.csv", "x\n")
        .graph();
    assert_eq!(subject(&graph).kind, Kind::Dataset);
    assert!(
        matches!(&graph.conflicts()[..], [Conflict::Digests { .. }]),
        "{:?}",
        graph.conflicts()
    );
    assert_eq!(
        part(&graph, "file", "a.csv").standing(Property::StatedDigest),
        Standing::Declared
    );
}

#[test]
fn results_beside_a_model_are_metrics() {
    let text = "- dataset:\n    id: o/bench\n    task_id: hard\n    revision: abc\n  value: 20.90\n  verifyToken: xyz\n  date: '2026-01-15'\n";
    let graph = Folder::default()
        .with("config.json", "{}")
        .with(".eval_results/bench.yaml", text)
        .graph();
    let metric = &graph.metrics()[0];
    assert_eq!(
        (metric.value.to_string().as_str(), metric.slice.as_str()),
        ("20.90", "o/bench/hard")
    );
    assert_eq!(
        metric.standing,
        Standing::Declared,
        "a token that nobody checked is no check"
    );
    assert!(graph.from(graph.subject()).any(|it| it.verb == Verb::EvaluatedOn));
    assert!(!graph.from(graph.subject()).any(|it| it.verb == Verb::TrainedOn));
}

#[test]
fn parts_of_a_pipeline_are_components() {
    let index = r#"{"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.0", "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"], "unet": ["diffusers", "UNet2DConditionModel"]}"#;
    let graph = Folder::default()
        .with("model_index.json", index)
        .with(
            "unet/config.json",
            r#"{"_class_name": "UNet2DConditionModel", "sample_size": 64}"#,
        )
        .graph();
    let checker = part(&graph, "part", "safety_checker");
    assert_eq!(
        checker.text(Property::Architecture),
        Some("StableDiffusionSafetyChecker")
    );
    part(&graph, "part", "unet");
    part(&graph, "package", "pypi/diffusers@0.30.0");
    assert_eq!(subject(&graph).claims(Property::Entrypoint).len(), 1);
}

/// `{'learning_rate': 2e-05, 'seed': 42, 'output_dir': '/home/me/out', 'hub_token': 's', 'fp16': True}` as the state of
/// `transformers.training_args.TrainingArguments`, and behind it a call that nothing may make.
fn training_args() -> Vec<u8> {
    let text = |text: &str| {
        [
            b"X",
            &u32::try_from(text.len()).expect("short").to_le_bytes()[..],
            text.as_bytes(),
        ]
        .concat()
    };
    let mut bytes = b"\x80\x02ctransformers.training_args\nTrainingArguments\n)\x81}(".to_vec();
    bytes.extend(
        [
            text("learning_rate"),
            b"G".to_vec(),
            2e-5_f64.to_be_bytes().to_vec(),
        ]
        .concat(),
    );
    bytes.extend([text("seed"), b"K\x2a".to_vec()].concat());
    bytes.extend([text("output_dir"), text("/home/me/out")].concat());
    bytes.extend([text("hub_token"), text("secret")].concat());
    bytes.extend([text("fp16"), b"\x88".to_vec()].concat());
    bytes.extend(
        [
            text("run"),
            b"cposix\nsystem\n".to_vec(),
            text("touch x"),
            b"\x85R".to_vec(),
        ]
        .concat(),
    );
    bytes.extend(b"ub.");
    bytes
}

#[test]
fn settings_are_read_from_a_pickle_that_is_never_run() {
    let graph = one("training_args.bin", training_args());
    assert_eq!(
        setting(&graph, "train", "learning_rate").as_deref(),
        Some("2e-05")
    );
    assert_eq!(setting(&graph, "train", "seed").as_deref(), Some("42"));
    assert_eq!(setting(&graph, "train", "fp16").as_deref(), Some("true"));
    assert_eq!(setting(&graph, "train", "hub_token"), None, "a secret is no fact");
    let step = part(&graph, "step", "train");
    assert!(
        step.parameters()["output_dir"]
            .first()
            .expect("a claim")
            .is_private
    );
    let file = part(&graph, "file", "training_args.bin");
    assert_eq!(
        file.claim(Property::Pickle)
            .map(|it| it.value.to_string())
            .as_deref(),
        Some("true")
    );
    let broken = one("training_args.bin", &training_args()[..60]);
    assert_eq!(broken.unread().len(), 1);
    assert_eq!(one("training_args.bin", "text").unread().len(), 1);
}

#[test]
fn a_parent_is_declared_only_where_somebody_names_it() {
    let config = |name: &str| format!(r#"{{"model_type": "m", "_name_or_path": "{name}"}}"#);
    let graph = one("config.json", config("acme/base"));
    let relation = graph
        .from(graph.subject())
        .find(|it| it.verb == Verb::DerivedFrom)
        .expect("a parent");
    assert_eq!(relation.standing, Standing::Inferred);
    assert_eq!(
        subject(&graph).fact(Property::Name),
        None,
        "the parent's name is not the model's"
    );
    for path in ["/home/me/x", "./out", "C:\\\\x"] {
        let graph = one("config.json", config(path));
        assert!(
            !graph.from(graph.subject()).any(|it| it.verb == Verb::DerivedFrom),
            "{path}"
        );
        assert!(
            subject(&graph).claims(Property::LoadedFrom)[0].is_private,
            "{path}"
        );
    }
    let own = Folder::default()
        .with("config.json", config("acme/base"))
        .with("README.md", "---\nlicense: mit\n---\n# Model Card for Base\n")
        .graph();
    assert!(!own.from(own.subject()).any(|it| it.verb == Verb::DerivedFrom));
    assert_eq!(
        subject(&own).text(Property::Purl),
        Some("pkg:huggingface/acme/base")
    );
}

#[test]
fn shards_that_are_not_as_listed_are_told() {
    let mut folder = Folder::default();
    for (name, bytes) in Folder::of("finetune").entries() {
        if name != "model-00002-of-00002.safetensors" {
            folder.add(name, bytes);
        }
    }
    let graph = folder.graph();
    assert!(
        graph
            .unread()
            .iter()
            .any(|it| it.why.contains("model-00002-of-00002")),
        "{:?}",
        graph.unread()
    );
    assert_eq!(
        subject(&graph).fact(Property::Parameters),
        None,
        "half a model is not counted"
    );
}

#[test]
fn the_text_of_a_licence_is_no_declaration() {
    let mit = include_bytes!("../../testdata/licence-mit.txt");
    let graph = Folder::default()
        .with("config.json", "{}")
        .with("LICENSE", mit)
        .graph();
    assert_eq!(subject(&graph).text(Property::LicenseText), Some("MIT"));
    assert_eq!(
        subject(&graph).standing(Property::LicenseText),
        Standing::Inferred
    );
    assert_eq!(subject(&graph).fact(Property::License), None);
}

#[test]
fn numbers_of_bits_are_read_from_every_method() {
    for (text, method, bits) in [
        (
            r#"{"quant_method": "awq", "bits": 4, "group_size": 128}"#,
            "awq",
            4,
        ),
        (
            r#"{"load_in_4bit": true, "bnb_4bit_quant_type": "nf4"}"#,
            "bitsandbytes",
            4,
        ),
        (
            r#"{"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 3, "group_size": 64}}}"#,
            "hqq",
            3,
        ),
        (
            r#"{"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 8}}}}"#,
            "compressed-tensors",
            8,
        ),
        (r#"{"quant_method": "quanto", "weights": "int2"}"#, "quanto", 2),
    ] {
        let graph = one("config.json", format!(r#"{{"quantization_config": {text}}}"#));
        assert_eq!(
            subject(&graph).text(Property::QuantizationMethod),
            Some(method),
            "{text}"
        );
        assert_eq!(
            subject(&graph).number(Property::QuantizationBits),
            Some(bits),
            "{text}"
        );
    }
}

#[test]
fn code_beside_a_model_is_shown() {
    let config = r#"{"auto_map": {"AutoModel": "modeling_x.XModel"}}"#;
    let graph = Folder::default()
        .with("config.json", config)
        .with("modeling_x.py", "pass\n")
        .graph();
    let classes: Vec<_> = subject(&graph)
        .claims(Property::CustomCode)
        .iter()
        .filter_map(|it| it.value.as_text())
        .collect();
    assert_eq!(classes, ["modeling_x.XModel", "modeling_x.py"]);
    assert_eq!(
        subject(&graph)
            .claim(Property::RemoteCode)
            .map(|it| it.value.to_string())
            .as_deref(),
        Some("true")
    );
}

/// One field of a protocol buffer with bytes in it.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [
        &[number << 3 | 2, u8::try_from(bytes.len()).expect("short")],
        bytes,
    ]
    .concat()
}

#[test]
fn a_graph_tells_its_maker_its_ports_and_its_numbers() {
    let tensor = [
        &[0x08, 2, 0x08, 3, 0x10, 1][..],
        &field(8, b"w"),
        &field(9, &[0; 24]),
    ]
    .concat();
    let graph = [
        field(5, &tensor),
        field(2, b"g"),
        field(11, &field(1, b"x")),
        field(12, &field(1, b"y")),
    ]
    .concat();
    let model = [
        &[0x08, 8][..],
        &field(2, b"pytorch"),
        &field(3, b"2.4.0"),
        &field(7, &graph),
        &field(8, &[0x10, 17]),
    ]
    .concat();
    let graph = one("model.onnx", model);
    part(&graph, "tool", "pytorch@2.4.0");
    let shown = |property| subject(&graph).claim(property).map(|it| it.value.to_string());
    assert_eq!(shown(Property::InputField).as_deref(), Some("x"));
    assert_eq!(shown(Property::OutputField).as_deref(), Some("y"));
    assert_eq!(
        (
            shown(Property::Parameters).as_deref(),
            subject(&graph).standing(Property::Parameters)
        ),
        (Some("6"), Standing::Verified)
    );
    let file = part(&graph, "file", "model.onnx");
    assert_eq!(
        file.parameters()["opset:ai.onnx"]
            .first()
            .map(|it| it.value.to_string())
            .as_deref(),
        Some("17")
    );
}

/// Whatever key it stands under: nobody knows all keys that tools write.
#[test]
fn paths_on_a_machine_are_private_under_any_key() {
    let graph = Folder::default()
        .with("config.json", r#"{"model_type": "llama"}"#)
        .with(
            "quantize_config.json",
            r#"{"bits": 4, "group_size": 32, "model_name_or_path": "/home/anna/models/q"}"#,
        )
        .with(
            "README.md",
            "---\nlicense: mit\nlicense_link: /home/u/LICENSE\n---\n",
        )
        .graph();
    let mut seen = 0;
    for component in graph.components().values() {
        let facts = component.facts().values().chain(component.parameters().values());
        for claim in facts.flat_map(weightlock_bom::graph::Fact::claims) {
            if claim.value.to_string().starts_with("/home/") {
                assert!(claim.is_private, "{claim:?}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 2);
}
