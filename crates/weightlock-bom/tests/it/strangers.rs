//! Folders of every kind as strangers make them: what must not be claimed of them, and what must.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use weightlock_artifact::{digest::Algorithm, standing::Standing};
use weightlock_bom::{
    document::{Form, Settings, write},
    graph::{Component, Conflict, Graph, Kind, Property, Ref, Verb},
};

use crate::folder::Folder;

const CONFIG: &str = r#"{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}"#;

/// A safetensors file with tensors of zeros, each a name, a type, the bytes of a number and dimensions.
fn safetensors(tensors: &[(&str, &str, usize, &[usize])], metadata: Json) -> Vec<u8> {
    let (mut header, mut end) = (json!({}), 0);
    if !metadata.is_null() {
        header["__metadata__"] = metadata;
    }
    for (name, dtype, width, shape) in tensors {
        let start = end;
        end += width * shape.iter().product::<usize>();
        header[name] = json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]});
    }
    let header = header.to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + end, 0);
    bytes
}

fn weights() -> Vec<u8> {
    safetensors(&[("l.weight", "F16", 2, &[4, 4])], Json::Null)
}

enum Meta<'a> {
    Text(&'a str),
    Number(u32),
    Float(f32),
}
use Meta::{Float, Number, Text};

/// A GGUF file with one tensor of 4 times 32 numbers, as they are or in blocks of Q8_0.
fn gguf(is_packed: bool, metadata: &[(&str, Meta<'_>)]) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend((metadata.len() as u64 + 1).to_le_bytes());
    let architecture = [("general.architecture", Text("llama"))];
    for (key, value) in architecture.iter().chain(metadata) {
        bytes.extend(text(key));
        match value {
            Text(value) => bytes.extend([&8_u32.to_le_bytes()[..], &text(value)].concat()),
            Number(value) => bytes.extend([4_u32.to_le_bytes(), value.to_le_bytes()].concat()),
            Float(value) => bytes.extend([6_u32.to_le_bytes(), value.to_le_bytes()].concat()),
        }
    }
    bytes.extend(text("token_embd.weight"));
    bytes.extend(2_u32.to_le_bytes());
    bytes.extend([32_u64.to_le_bytes(), 4_u64.to_le_bytes()].concat());
    bytes.extend(if is_packed { 8_u32 } else { 0 }.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes.resize(bytes.len() + if is_packed { 4 * 34 } else { 4 * 32 * 4 }, 0);
    bytes
}

fn card(front: &str) -> String {
    format!("---\n{front}\n---\n\n# x\n")
}

fn folder(files: &[(&str, &str)]) -> Folder {
    let add = |folder: Folder, (name, text): &(&str, &str)| folder.with(name, text.as_bytes().to_vec());
    files.iter().fold(Folder::default(), add)
}

fn subject(graph: &Graph) -> &Component {
    graph.component(graph.subject()).expect("a subject")
}

/// The parents, each with the relation.
fn parents(graph: &Graph) -> BTreeMap<String, Option<String>> {
    let parents = graph
        .from(graph.subject())
        .filter(|it| it.verb == Verb::DerivedFrom);
    parents
        .map(|it| {
            let name = it.to.as_str().trim_start_matches("parent:").to_owned();
            (
                name,
                it.claim(Property::Derivation).map(|it| it.value.to_string()),
            )
        })
        .collect()
}

fn related<const N: usize>(expected: [(&str, Option<&str>); N]) -> BTreeMap<String, Option<String>> {
    let owned = expected.map(|(name, how)| (name.to_owned(), how.map(str::to_owned)));
    owned.into()
}

/// Models that are neither the subject nor parents.
fn parts(graph: &Graph) -> Vec<&str> {
    let components = graph.components().iter();
    components
        .filter(|(name, it)| it.kind == Kind::Model && name.as_str().starts_with("part:"))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn packages(graph: &Graph) -> BTreeSet<&str> {
    let components = graph.components().keys();
    components
        .filter_map(|it| it.as_str().strip_prefix("package:"))
        .collect()
}

fn hub_purls(graph: &Graph) -> Vec<String> {
    let purls = graph
        .components()
        .values()
        .flat_map(|it| it.claims(Property::Purl));
    purls
        .map(|it| it.value.to_string())
        .filter(|it| it.starts_with("pkg:huggingface/"))
        .collect()
}

fn values(component: &Component, property: Property) -> Vec<String> {
    let claims = component.claims(property).iter();
    claims.map(|it| it.value.to_string()).collect()
}

#[test]
fn a_folder_without_a_model_is_no_part() {
    let graph = folder(&[
        ("config.json", CONFIG),
        (
            "docs/README.md",
            &card("license: gpl-3.0\nbase_model: other/docs"),
        ),
        ("assets/a.png", "x"),
        ("scripts/train.py", ""),
        ("1_Pooling/config.json", "{}"),
    ])
    .with("model.safetensors", weights())
    .with("onnx/model.safetensors", weights())
    .with("checkpoint-5/config.json", CONFIG)
    .with("checkpoint-5/model.safetensors", weights())
    .graph();
    assert_eq!(parts(&graph), ["part:checkpoint-5"]);
    assert_eq!(
        parents(&graph),
        related([]),
        "a page about documents names no parent"
    );
    assert_eq!(subject(&graph).fact(Property::License), None);
    assert_eq!(
        subject(&graph).number(Property::Parameters),
        Some(16),
        "the other form counts once"
    );
    let other = graph
        .component(&Ref::new("file", "onnx/model.safetensors"))
        .expect("a file");
    assert_eq!(
        other.number(Property::Tensors),
        Some(1),
        "it is described all the same"
    );
}

#[test]
fn what_is_never_trained_is_no_model_of_a_pipeline() {
    let index = r#"{"_class_name": "P", "unet": ["diffusers", "UNet2DConditionModel"], "scheduler": ["diffusers", "PNDMScheduler"],
        "tokenizer": ["transformers", "CLIPTokenizer"], "feature_extractor": ["transformers", "CLIPImageProcessor"], "safety_checker": [null, null]}"#;
    let graph = folder(&[
        ("model_index.json", index),
        ("unet/config.json", "{}"),
        ("scheduler/scheduler_config.json", "{}"),
        ("tokenizer/tokenizer_config.json", "{}"),
    ])
    .graph();
    assert_eq!(parts(&graph), ["part:unet"]);
}

#[test]
fn a_sentence_encoder_is_not_called_after_its_parent() {
    let named = "SentenceTransformer based on acme/base";
    let front = format!("base_model: acme/base\nmodel-index:\n- name: {named}\n  results: []");
    let graph = folder(&[
        ("modules.json", r#"[{"path": "", "type": "T"}, {"path": "1_Pooling", "type": "P"}, {"path": "2_Dense", "type": "D"}]"#),
        ("config.json", r#"{"model_type": "mpnet", "_name_or_path": "acme/base"}"#),
        ("config_sentence_transformers.json", r#"{"__version__": {"sentence_transformers": "3.0.1", "pytorch": "2.3.0"}}"#),
        ("1_Pooling/config.json", "{}"),
        ("2_Dense/config.json", "{}"),
        ("README.md", &format!("---\n{front}\n---\n# {named}\n")),
    ])
    .with("model.safetensors", weights())
    .with("2_Dense/model.safetensors", safetensors(&[("linear.weight", "F16", 2, &[2, 4])], Json::Null))
    .graph();
    let own = subject(&graph);
    assert_eq!(own.text(Property::Name), Some(named));
    assert_eq!(
        (own.fact(Property::Namespace), own.fact(Property::Purl)),
        (None, None)
    );
    assert_eq!(parents(&graph), related([("acme/base", Some("finetune"))]));
    assert_eq!(parts(&graph), [""; 0]);
    assert_eq!(
        own.number(Property::Parameters),
        Some(24),
        "the dense layer is a part of the model"
    );
    assert_eq!(
        packages(&graph),
        ["pypi/sentence-transformers@3.0.1", "pypi/torch@2.3.0"].into()
    );
}

#[test]
fn the_model_below_an_mlmodel_is_the_model() {
    let description = "run_id: 123e4\nmodel_uuid: '0011'\nmodel_id: null\nflavors:\n  transformers:\n    code: null\n    task: text-classification\n    \
                       source_model_name: acme/base\n    source_model_revision: abc\n    transformers_version: 4.44.0\n";
    let graph = folder(&[
        ("MLmodel", description),
        (
            "registered_model_meta",
            "model_name: churn\nmodel_version: \"7\"\n",
        ),
        ("model/config.json", CONFIG),
        ("components/tokenizer/tokenizer_config.json", "{}"),
        ("code/x.py", ""),
    ])
    .with("model/model.safetensors", weights())
    .graph();
    let own = subject(&graph);
    assert_eq!(
        (own.text(Property::Name), own.text(Property::Version)),
        (Some("churn"), Some("7"))
    );
    assert_eq!(
        own.text(Property::RunId),
        Some("123e4"),
        "an identifier is no number"
    );
    assert_eq!(values(own, Property::TrackerId), ["0011"]);
    assert_eq!(own.text(Property::Task), Some("text-classification"));
    assert_eq!(own.number(Property::Parameters), Some(16));
    assert_eq!(
        values(own, Property::CustomCode),
        ["code/x.py"],
        "code: null is none"
    );
    assert_eq!(parts(&graph), [""; 0]);
    assert_eq!(
        parents(&graph),
        related([("acme/base", None)]),
        "nobody says what was done to it"
    );
}

#[test]
fn the_name_of_a_snapshot_is_its_revision() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let graph = folder(&[
        ("refs/main", commit),
        (&format!("snapshots/{commit}/config.json"), CONFIG),
    ])
    .graph();
    assert_eq!(subject(&graph).text(Property::Revision), Some(commit));
    assert_eq!(subject(&graph).standing(Property::Revision), Standing::Inferred);
    assert_eq!(parts(&graph), [""; 0]);
}

#[test]
fn only_what_is_named_at_the_hub_has_its_package_url() {
    for (base, purl) in [
        ("acme/pebble", Some("pkg:huggingface/acme/pebble")),
        (
            "https://huggingface.co/acme/pebble/tree/main",
            Some("pkg:huggingface/acme/pebble"),
        ),
        ("https://example.org/acme/pebble", None),
        ("s3://bucket/some/pebble", None),
        ("outputs/run7", None),
        ("acme/checkpoint-500", None),
        ("./pebble", None),
    ] {
        let config = json!({"peft_type": "LORA", "base_model_name_or_path": base}).to_string();
        let data = card(&format!("datasets: ['{base}']"));
        let graph = folder(&[("adapter_config.json", &config), ("README.md", &data)]).graph();
        let data = purl.map(|it| it.replace("huggingface/", "huggingface/datasets/"));
        let expected: Vec<String> = data.into_iter().chain(purl.map(str::to_owned)).collect();
        assert_eq!(hub_purls(&graph), expected, "{base}");
        assert_eq!(parents(&graph).len(), 1, "{base}");
    }
}

#[test]
fn a_relation_is_not_guessed_where_nothing_says_so() {
    let loaded = r#"{"model_type": "m", "_name_or_path": "acme/base"}"#;
    let weak = folder(&[("config.json", loaded)]).graph();
    // Inferred, and shown as such.
    assert_eq!(parents(&weak), related([("acme/base", Some("finetune"))]));
    assert!(
        weak.relations()
            .all(|it| it.verb != Verb::DerivedFrom || it.standing == Standing::Inferred)
    );
    let other = folder(&[
        ("config.json", loaded),
        ("README.md", &card("base_model: acme/other")),
    ])
    .graph();
    assert_eq!(
        parents(&other),
        related([("acme/other", Some("finetune"))]),
        "the weaker source names none"
    );
    let word = folder(&[
        ("config.json", CONFIG),
        (
            "README.md",
            &card("base_model: a/b\nbase_model_relation: distillation"),
        ),
    ]);
    assert_eq!(
        parents(&word.graph()),
        related([("a/b", Some("distillation"))]),
        "a word of its own is kept"
    );
    let tag = folder(&[
        ("config.json", CONFIG),
        ("README.md", &card("base_model: a/b\ntags: [mergekit, merge]")),
    ]);
    assert_eq!(parents(&tag.graph()), related([("a/b", Some("merge"))]));
    let packed = tag.with("m.gguf", gguf(true, &[]));
    assert_eq!(
        parents(&packed.graph()),
        related([("a/b", Some("quantized"))]),
        "the tag is the parent's"
    );
}

#[test]
fn parents_of_gguf_files_are_what_the_file_says_they_are() {
    let base = (
        "general.base_model.0.repo_url",
        Text("https://huggingface.co/acme/base"),
    );
    let one = ("general.base_model.count", Number(1));
    let of = |is_packed, metadata: &[(&str, Meta<'_>)]| {
        let graph = Folder::default()
            .with("m.gguf", gguf(is_packed, metadata))
            .graph();
        (parents(&graph), graph)
    };
    let (two, graph) = of(
        true,
        &[
            ("general.base_model.count", Number(2)),
            (
                "general.base_model.0.repo_url",
                Text("https://huggingface.co/acme/base"),
            ),
            ("general.base_model.1.name", Text("B Two")),
            ("general.base_model.1.organization", Text("Beta Inc")),
        ],
    );
    assert_eq!(
        two,
        related([("B%20Two", Some("merge")), ("acme/base", Some("merge"))])
    );
    assert_eq!(
        hub_purls(&graph),
        ["pkg:huggingface/acme/base"],
        "a name for people is no name at the hub"
    );
    let (adapter, graph) = of(
        false,
        &[
            ("general.type", Text("adapter")),
            ("adapter.type", Text("lora")),
            ("adapter.lora.alpha", Float(16.0)),
            one,
            base,
        ],
    );
    assert_eq!(adapter, related([("acme/base", Some("adapter"))]));
    assert_eq!(subject(&graph).text(Property::AdapterType), Some("LORA"));
    let (farther, graph) = of(
        true,
        &[
            ("general.base_model.count", Number(1)),
            (
                "general.base_model.0.repo_url",
                Text("https://huggingface.co/acme/base"),
            ),
            (
                "general.source.repo_url",
                Text("https://huggingface.co/acme/chat"),
            ),
        ],
    );
    assert_eq!(
        farther,
        related([("acme/base", None), ("acme/chat", Some("quantized"))])
    );
    assert!(
        graph.conflicts().is_empty(),
        "a grandparent is no rival: {:?}",
        graph.conflicts()
    );
}

#[test]
fn small_matrices_alone_are_an_adapter() {
    let of = |name: &str| {
        let tensors = [
            ("unet.to_q.lora_A.weight", "F16", 2, &[2, 4][..]),
            (name, "F16", 2, &[4, 2]),
        ];
        let graph = Folder::default()
            .with(
                "pytorch_lora_weights.safetensors",
                safetensors(&tensors, Json::Null),
            )
            .with("README.md", card("base_model: a/b"))
            .graph();
        parents(&graph)
    };
    assert_eq!(of("unet.to_q.lora_B.weight"), related([("a/b", Some("adapter"))]));
    assert_eq!(
        of("unet.to_q.weight"),
        related([("a/b", Some("finetune"))]),
        "whole weights are there too"
    );
}

#[test]
fn a_gguf_file_that_only_has_its_parents_name_has_none() {
    let metadata = [
        ("general.name", Text("Pebble Chat")),
        ("general.base_model.count", Number(1)),
        ("general.base_model.0.name", Text("Pebble Chat")),
    ];
    let graph = Folder::default()
        .with("m.gguf", gguf(true, &metadata))
        .with("README.md", card("base_model: acme/pebble-chat"))
        .graph();
    assert_eq!(subject(&graph).fact(Property::Name), None);
    assert_eq!(values(subject(&graph), Property::Title), ["Pebble Chat"]);
    assert_eq!(
        parents(&graph),
        related([("acme/pebble-chat", Some("quantized"))]),
        "both names are one parent's"
    );
}

#[test]
fn forms_of_one_model_beside_each_other_are_no_conflict() {
    let graph = Folder::default()
        .with(
            "p-Q8_0.gguf",
            gguf(
                true,
                &[("general.name", Text("P")), ("general.file_type", Number(7))],
            ),
        )
        .with(
            "p-F32.gguf",
            gguf(
                false,
                &[("general.name", Text("P")), ("general.file_type", Number(0))],
            ),
        )
        .with(
            "mmproj-p.gguf",
            gguf(
                false,
                &[("general.name", Text("eyes")), ("general.type", Text("mmproj"))],
            ),
        )
        .graph();
    assert!(graph.conflicts().is_empty(), "{:?}", graph.conflicts());
    assert_eq!(subject(&graph).text(Property::Name), Some("P"));
    assert_eq!(subject(&graph).number(Property::Parameters), Some(128));
    let file = graph.component(&Ref::new("file", "p-Q8_0.gguf")).expect("a file");
    assert_eq!(file.text(Property::QuantizationType), Some("Q8_0"));
}

#[test]
fn what_importance_was_measured_with_is_calibration_data() {
    let metadata = [(
        "quantize.imatrix.dataset",
        Text("/home/dave/cal/calibration_v3.txt"),
    )];
    let graph = Folder::default().with("m.gguf", gguf(true, &metadata)).graph();
    let data: Vec<&str> = graph
        .from(graph.subject())
        .filter(|it| it.verb == Verb::CalibratedOn)
        .map(|it| it.to.as_str())
        .collect();
    assert_eq!(data, ["dataset:calibration_v3.txt"]);
    assert!(subject(&graph).claims(Property::LoadedFrom)[0].is_private);
}

#[test]
fn shards_that_are_not_there_are_told_and_nothing_is_counted() {
    for (name, bytes) in [
        ("model-00001-of-00002.safetensors", weights()),
        ("m-00001-of-00003.gguf", gguf(true, &[])),
    ] {
        let graph = Folder::default()
            .with("config.json", CONFIG)
            .with(name, bytes)
            .graph();
        assert_eq!(subject(&graph).fact(Property::Parameters), None, "{name}");
        assert!(
            graph.unread().iter().any(|it| it.why.contains("shards")),
            "{name}: {:?}",
            graph.unread()
        );
    }
}

#[test]
fn only_programs_and_libraries_become_packages_and_tools() {
    let metadata = json!({"format": "pt", "mergekit_version": "0.1.0", "evil_version": "6", "ss_base_model_version": "sdxl"});
    let text = "---\nlicense: mit\n---\n# m\n\n### Framework versions\n\n- Transformers 4.57.1\n- Pytorch 2.8.0+cu128\n- We ran for 3\n\
                - CUDA 12.4\n- Hardware: 8 x A100\n- Sentence Transformers: 3.0.1\n- Python: 3.11.4\n";
    let graph = Folder::default()
        .with(
            "model.safetensors",
            safetensors(&[("w", "F16", 2, &[2])], metadata),
        )
        .with("README.md", text)
        .graph();
    let tools: Vec<&str> = graph
        .components()
        .keys()
        .filter_map(|it| it.as_str().strip_prefix("tool:"))
        .collect();
    assert_eq!(tools, ["mergekit@0.1.0", "python@3.11.4"]);
    let expected = [
        "pypi/sentence-transformers@3.0.1",
        "pypi/torch@2.8.0+cu128",
        "pypi/transformers@4.57.1",
    ];
    assert_eq!(packages(&graph), expected.into());
}

#[test]
fn licences_that_sources_disagree_about_are_told() {
    let mit = include_str!("../../testdata/licence-mit.txt");
    let apache = include_str!("../../../../LICENSE");
    let is_told = |front: &str, text: Option<&str>, of_file: Option<&str>| {
        let mut folder = folder(&[("config.json", CONFIG), ("README.md", &card(front))]);
        if let Some(text) = text {
            folder.add("LICENSE", text);
        }
        if let Some(licence) = of_file {
            folder.add("m.gguf", gguf(true, &[("general.license", Text(licence))]));
        }
        let conflicts = folder.graph().conflicts();
        let is_about = |it: &Conflict| {
            matches!(
                it,
                Conflict::Values {
                    property: Property::License,
                    ..
                }
            )
        };
        conflicts.iter().any(is_about)
    };
    assert!(is_told("license: apache-2.0", Some(mit), None));
    assert!(is_told("license: mit", None, Some("apache-2.0")));
    assert!(!is_told("license: mit", Some(mit), Some("MIT")));
    assert!(
        !is_told("license: MIT License", Some(mit), None),
        "the same in words"
    );
    assert!(!is_told(
        "license: Apache License Version 2.0",
        Some(apache),
        None
    ));
    assert!(is_told("license: MIT License", Some(apache), None));
    assert!(
        !is_told("license: [mit, apache-2.0]", Some(apache), None),
        "a choice is no conflict"
    );
    assert!(
        !is_told("language: en", Some(apache), None),
        "a text alone contradicts nobody"
    );
}

#[test]
fn emissions_are_grams_in_every_form() {
    for (written, grams) in [
        ("12.5", Some("12.5")),
        ("'12.5'", Some("12.5")),
        ("2.5 kg", Some("2500")),
        ("{emissions: 1.5 kgCO2eq}", Some("1500")),
        ("{emissions: 1.2e3, training_type: fine-tuning}", Some("1.2e3")),
        ("0.25 tonnes of CO2", Some("250000")),
        ("-4", None),
        ("about ten", None),
        ("5 miles", None),
    ] {
        let graph = folder(&[
            ("config.json", CONFIG),
            ("README.md", &card(&format!("co2_eq_emissions: {written}"))),
        ])
        .graph();
        let found = subject(&graph)
            .claim(Property::Carbon)
            .map(|it| it.value.to_string());
        assert_eq!(found.as_deref(), grams, "{written}");
    }
}

#[test]
fn results_keep_when_by_whom_and_how() {
    let results = "- dataset: {id: o/bench, task_id: hard}\n  value: 20.90\n  date: '2026-01-15'\n  notes: no tools\n  verifyToken: xyz\n  \
                   source: {name: Eval, url: 'https://example.org/e', user: someone}\n";
    let front = "model-index:\n- name: m\n  results:\n  - task: {type: text-generation}\n    dataset: {name: ARC, type: ai2_arc, split: test}\n    \
                 metrics:\n    - {type: acc, value: 61.2, verified: true, args: {num_few_shot: 25}}\n";
    let graph = folder(&[
        ("config.json", CONFIG),
        (".eval_results/a.yaml", results),
        ("README.md", &card(front)),
    ])
    .graph();
    let details = |value: &str| {
        let metric = graph
            .metrics()
            .iter()
            .find(|it| it.value.to_string() == value)
            .expect(value);
        metric.details.clone()
    };
    let of_hub = details("20.90");
    assert_eq!(
        (of_hub["date"].as_str(), of_hub["notes"].as_str()),
        ("2026-01-15", "no tools")
    );
    assert_eq!(of_hub["source.url"], "https://example.org/e");
    assert!(
        !of_hub
            .values()
            .any(|it| it.contains("xyz") || it.contains("someone")),
        "{of_hub:?}"
    );
    let of_card = details("61.2");
    assert!(of_card["args"].contains("num_few_shot: 25"), "{of_card:?}");
    assert_eq!(of_card["verified"], "true, says the card");
    let text = write(&graph, Form::CycloneDx17, &Settings::default()).expect("a document");
    assert!(
        text.contains("weightlock:metric:hard:o/bench/hard:date"),
        "{text}"
    );
}

#[test]
fn quantisation_says_no_more_than_it_says() {
    let of = |quantization: &str| {
        let config = format!(r#"{{"model_type": "m", "quantization_config": {quantization}}}"#);
        folder(&[("config.json", &config), ("README.md", &card("base_model: a/b"))]).graph()
    };
    let empty = of("{}");
    assert_eq!(
        parents(&empty),
        related([("a/b", Some("finetune"))]),
        "an empty object says nothing"
    );
    let mixed = of(
        r#"{"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 4}}, "group_1": {"weights": {"num_bits": 8}}}}"#,
    );
    assert_eq!(
        subject(&mixed).fact(Property::QuantizationBits),
        None,
        "no number is that of the model"
    );
    for (text, bits) in [
        (
            r#"{"quant_method": "torchao", "quant_type": "int4_weight_only"}"#,
            4,
        ),
        (
            r#"{"quant_method": "torchao", "quant_type": {"default": {"_type": "Int8DynamicActivationInt4WeightConfig"}}}"#,
            4,
        ),
        (r#"{"quant_method": "mxfp4"}"#, 4),
    ] {
        let graph = of(text);
        assert_eq!(
            subject(&graph).number(Property::QuantizationBits),
            Some(bits),
            "{text}"
        );
        assert_eq!(
            subject(&graph).standing(Property::QuantizationBits),
            Standing::Inferred,
            "{text}"
        );
    }
    for key in ["skip_modules", "linear_weights_not_to_quantize"] {
        let graph = of(&format!(r#"{{"quant_method": "m", "{key}": ["lm_head"]}}"#));
        assert_eq!(
            values(subject(&graph), Property::QuantizationExcluded),
            ["lm_head"],
            "{key}"
        );
    }
}

#[test]
fn a_run_whose_loss_ran_away_is_still_read() {
    let state = r#"{"epoch": NaN, "global_step": 10, "log_history": [{"loss": NaN, "grad_norm": 3.0}, {"eval_f1": 0.5, "eval_loss": Infinity}]}"#;
    let graph = folder(&[("config.json", CONFIG), ("trainer_state.json", state)]).graph();
    assert!(graph.unread().is_empty(), "{:?}", graph.unread());
    let metrics: Vec<&str> = graph.metrics().iter().map(|it| it.metric.as_str()).collect();
    assert_eq!(
        metrics,
        ["eval_f1"],
        "what was no number is none, and the optimiser's is no measure of the model"
    );
}

#[test]
fn a_card_and_a_trainer_that_write_the_same_number_agree() {
    let text = "# x\n\n### Training hyperparameters\n\n- train_batch_size: 8\n- num_train_epochs: 3.0\n- max_steps: 5\n";
    let state = r#"{"train_batch_size": 8, "num_train_epochs": 3, "max_steps": 6, "log_history": []}"#;
    let graph = folder(&[
        ("config.json", CONFIG),
        ("README.md", text),
        ("trainer_state.json", state),
    ])
    .graph();
    let conflicts = graph.conflicts();
    let settings = conflicts.iter().filter_map(|it| match it {
        Conflict::Settings { parameter, .. } => Some(parameter.as_str()),
        _ => None,
    });
    assert_eq!(settings.collect::<Vec<_>>(), ["max_steps"]);
}

#[test]
fn a_slice_of_a_merge_has_no_weight_of_the_model() {
    let recipe = "slices:\n- sources: [{model: a/one, parameters: {weight: 0.1}}]\n- sources: [{model: a/one, parameters: {weight: 0.9}}]\n\
                  merge_method: passthrough\nparameters: {t: 0.5}\n";
    let graph = folder(&[("config.json", CONFIG), ("mergekit_config.yml", recipe)]).graph();
    assert_eq!(parents(&graph), related([("a/one", Some("merge"))]));
    assert!(graph.conflicts().is_empty(), "{:?}", graph.conflicts());
    let step = graph.component(&Ref::new("step", "merge")).expect("a step");
    assert_eq!(
        step.parameters()["parameters.t"]
            .first()
            .expect("a claim")
            .value
            .to_string(),
        "0.5"
    );
}

#[test]
fn lists_of_an_adapter_are_settings() {
    let config = r#"{"peft_type": "IA3", "base_model_name_or_path": "a/b", "feedforward_modules": ["down"], "modules_to_save": ["lm_head", "score"]}"#;
    let graph = folder(&[("adapter_config.json", config)]).graph();
    let step = graph.component(&Ref::new("step", "train")).expect("a step");
    let setting = |key: &str| step.parameters()[key].first().expect(key).value.to_string();
    assert_eq!(
        (setting("feedforward_modules"), setting("modules_to_save")),
        ("down".to_owned(), "lm_head, score".to_owned())
    );
}

fn croissant(sha256: &str) -> String {
    json!({
        "@context": {}, "name": "legal", "license": "https://creativecommons.org/licenses/by/4.0/",
        "conformsTo": ["http://mlcommons.org/croissant/RAI/1.0", "http://mlcommons.org/croissant/1.1"],
        "rai:dataAnnotationProtocol": "two people",
        "distribution": [{"contentUrl": "a.csv", "sha256": sha256}],
    })
    .to_string()
}

#[test]
fn data_beside_a_model_are_not_the_model() {
    let description = croissant(&"a".repeat(64));
    let graph = folder(&[
        ("config.json", CONFIG),
        ("README.md", &card("license: mit")),
        ("croissant.json", &description),
    ])
    .with("model.safetensors", weights())
    .graph();
    let own = subject(&graph);
    assert_eq!((own.kind, own.text(Property::Name)), (Kind::Model, None));
    assert_eq!(values(own, Property::License), ["MIT"]);
    let data = graph
        .component(&Ref::new("dataset", "legal"))
        .expect("a data set");
    assert_eq!(values(data, Property::License), ["CC-BY-4.0"]);
}

#[test]
fn data_sets_are_told_without_a_sign_in_the_card() {
    let plain = folder(&[
        ("README.md", &card("license: cc-by-4.0")),
        ("data/train.parquet", "x"),
    ])
    .graph();
    assert_eq!((subject(&plain).kind, parts(&plain)), (Kind::Dataset, vec![]));
    let model = folder(&[("README.md", &card("datasets: a/b")), ("train.jsonl", "x")]).graph();
    assert_eq!(subject(&model).kind, Kind::Model, "what learnt from data is none");
    let sha256 = Algorithm::Sha256.digest(b"x\n").hex();
    let described = folder(&[("croissant.json", &croissant(&sha256)), ("a.csv", "x\n")]).graph();
    assert_eq!(
        subject(&described).text(Property::ConformsTo),
        Some("http://mlcommons.org/croissant/1.1")
    );
    assert!(described.conflicts().is_empty(), "{:?}", described.conflicts());
    let front = "dataset_info:\n- splits: [{name: train, num_examples: 10}, {name: test, num_examples: 5}]\n- splits: [{name: train, num_examples: 7}]";
    let counted = folder(&[("README.md", &card(front))]).graph();
    assert_eq!(subject(&counted).number(Property::Records), Some(22));
    assert!(counted.conflicts().is_empty(), "{:?}", counted.conflicts());
}

#[test]
fn every_line_of_a_list_is_a_package_or_told() {
    let text = "-r other-requirements.txt\n-c constraints.txt\n-e .\nnumpy[extra]>=1.20 ; python_version < '3.13'\n\
                git+https://github.com/a/b@v1#egg=bee\n-e git+https://github.com/x/y.git@abc#egg=why\nhttps://example.org/zed-2.0-py3-none-any.whl\n???\n";
    let graph = folder(&[("requirements.txt", text)]).graph();
    assert_eq!(
        packages(&graph),
        ["pypi/bee", "pypi/numpy", "pypi/why", "pypi/zed"].into()
    );
    let numpy = graph
        .component(&Ref::new("package", "pypi/numpy"))
        .expect("a package");
    assert_eq!(numpy.text(Property::Marker), Some("python_version < '3.13'"));
    let bee = graph
        .component(&Ref::new("package", "pypi/bee"))
        .expect("a package");
    assert!(
        !bee.claims(Property::Location)[0].is_private,
        "a branch behind @ is no user"
    );
    let told: Vec<&str> = graph.unread().iter().map(|it| it.why.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("other-requirements.txt") && told[1].contains("line 8"),
        "{told:?}"
    );
}

#[test]
fn conda_fixes_a_version_only_where_it_says_all_of_it() {
    let text =
        "dependencies:\n- python=3.10\n- numpy=1.26\n- scipy=1.11.4\n- zlib=1.2=h0\nprefix: /home/kate/env\n";
    let graph = folder(&[("environment.yml", text)]).graph();
    assert_eq!(
        packages(&graph),
        [
            "conda/numpy",
            "conda/python",
            "conda/scipy@1.11.4",
            "conda/zlib@1.2"
        ]
        .into()
    );
    let explicit = format!(
        "# platform\n@EXPLICIT\nhttps://c.example.org/forge/linux-64/numpy-1.26.4-py310_0.conda#{}\n",
        "a".repeat(64)
    );
    let graph = folder(&[("spec-file.txt", &explicit)]).graph();
    let numpy = graph
        .component(&Ref::new("package", "conda/numpy@1.26.4"))
        .expect("a package");
    assert_eq!(
        numpy.text(Property::Purl),
        Some("pkg:conda/numpy@1.26.4?build=py310_0&subdir=linux-64")
    );
    assert_eq!(
        (numpy.standing(Property::StatedDigest), subject(&graph).kind),
        (Standing::Declared, Kind::Environment)
    );
    let lock = "package:\n- {name: numpy, version: 1.26.4, manager: conda}\n- {name: torch, version: 2.1.0, manager: pip}\n";
    let graph = folder(&[("conda-lock.yml", lock)]).graph();
    assert_eq!(
        packages(&graph),
        ["conda/numpy@1.26.4", "pypi/torch@2.1.0"].into()
    );
}

#[test]
fn every_file_is_listed_by_its_name() {
    let graph = folder(&[
        ("config.json", CONFIG),
        (".env.local", "x"),
        ("home/alice/notes.txt", "x"),
    ])
    .graph();
    for name in [".env.local", "home/alice/notes.txt"] {
        let file = graph.component(&Ref::new("file", name)).expect("a file");
        assert!(!file.claims(Property::Name)[0].is_private, "{name}");
    }
}

#[test]
fn no_document_tells_of_somebodys_machine() {
    let secrets = ["alice", "hf_Sec", "pw9", "gpu-node-7"];
    let token = format!("hf_Sec{}", "aB3".repeat(10));
    let metadata = json!({"note": "ran on gpu-node-7.corp.internal in /home/alice/x", "hf_token": token});
    let body = "---\ndatasets: ['alice@host:/data/x', /home/alice/d]\nbase_model: https://alice:pw9@huggingface.co/a/b\nmodel-index:\n- name: m\n  \
                results:\n  - dataset: {name: x, type: /home/alice/eval}\n    metrics: [{type: acc, value: 1}]\n    source: {url: 'https://alice:pw9@example.org/'}\n---\n\
                # m\n\nTrained from /home/alice/ckpt.\n\n### Training hyperparameters\n\n- output_dir: /home/alice/o\n- run_name: alice-7\n";
    let folder = folder(&[
        ("config.json", r#"{"_name_or_path": "/mnt/nfs/alice/m"}"#),
        (
            "generation_config.json",
            r#"{"cache_dir": "\\\\server\\alice\\c"}"#,
        ),
        ("README.md", body),
        (
            "trainer_state.json",
            r#"{"best_model_checkpoint": "/scratch/alice/9"}"#,
        ),
        (
            "requirements.txt",
            "x @ file:///home/alice/x.whl\ny @ https://alice:pw9@example.org/y.whl\n-r /home/alice/r.txt\n",
        ),
        (
            "environment.yml",
            "prefix: /home/alice/e\ndependencies: [numpy=1.26.4]\n",
        ),
    ])
    .with(
        "model.safetensors",
        safetensors(&[("w", "F16", 2, &[2])], metadata),
    )
    .with(
        "m.gguf",
        gguf(true, &[("quantize.imatrix.file", Text("/home/alice/i.dat"))]),
    );
    let graph = folder.graph();
    for form in Form::ALL {
        let settings = Settings {
            time: Some(1_780_272_000),
            ..Settings::default()
        };
        let text = write(&graph, form, &settings).expect("a document");
        for secret in secrets {
            let at = text
                .find(secret)
                .map(|at| &text[at.saturating_sub(80)..(at + 40).min(text.len())]);
            assert_eq!(at, None, "{}", form.name());
        }
        let all = write(
            &graph,
            form,
            &Settings {
                show_private: true,
                ..settings
            },
        )
        .expect("a document");
        assert!(
            all.contains("alice"),
            "{}: it is there for whoever asks",
            form.name()
        );
    }
}
