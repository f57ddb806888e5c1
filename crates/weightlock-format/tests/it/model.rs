//! A folder of files becomes one summary.

use std::io::Cursor;

use weightlock_artifact::path::ArtifactPath;
use weightlock_format::{
    Dtype,
    model::{CodeOnLoad, CodePath, Facts, ModelSummary, examine, summarise},
    reader::Endian,
};

use crate::{gguf, safetensors::file};

fn summary(files: &[(&str, &[u8])]) -> ModelSummary {
    let facts = |&(name, content): &(&str, &[u8])| {
        let name = ArtifactPath::parse(name).unwrap();
        let facts = examine(&name, &mut Cursor::new(content)).unwrap();
        (name, facts)
    };
    summarise(&files.iter().map(facts).collect::<Vec<_>>())
}

fn weights() -> Vec<u8> {
    file(
        r#"{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]}}"#,
        &[0; 20],
    )
}

fn reasons(summary: &ModelSummary) -> Vec<(&str, CodePath)> {
    match &summary.code {
        CodeOnLoad::Possible(reasons) => reasons
            .iter()
            .map(|reason| (reason.file.as_str(), reason.how))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn plain_data_has_no_code() {
    let summary = summary(&[
        ("model.safetensors", &weights()),
        (
            "config.json",
            br#"{"architectures":["BertModel"],"torch_dtype":"float32"}"#,
        ),
        ("tokenizer.json", b"{}"),
        ("vocab.txt", b"a\nb\n"),
        (
            "modules.json",
            br#"[{"type":"sentence_transformers.models.Pooling"}]"#,
        ),
        ("data_config.json", br#"[{"name":"o/d"}]"#),
        (
            "README.md",
            b"---\nlicense: mit\nbase_model: o/m\npipeline_tag: text-generation\n---\n",
        ),
    ]);
    assert_eq!(summary.code, CodeOnLoad::NoneFound);
    assert_eq!((summary.tensors, summary.parameters), (2, Some(6)));
    assert_eq!(summary.dtypes[&Dtype::F32], 4);
    assert!(summary.architectures.contains("BertModel"));
    assert!(summary.licenses.contains("mit") && summary.base_models.contains("o/m"));
    assert_eq!(summary.task.as_deref(), Some("text-generation"));
}

#[test]
fn every_way_to_code_is_named() {
    let summary = summary(&[
        ("pytorch_model.bin", b"\x80\x02}q\0."),
        ("archive.pt", b"PK\x03\x04"),
        ("modeling_x.py", b"x = 1\n"),
        ("config.json", br#"{"auto_map":{"AutoModel":"modeling_x.X"}}"#),
        (
            "processor_config.json",
            br#"{"auto_map":{"AutoProcessor":"p.P"}}"#,
        ),
        ("tokenizer_config.json", br#"{"chat_template":"{{ x }}"}"#),
        ("m.gguf", &gguf::small(Endian::Little, 3).build()),
    ]);
    assert_eq!(
        reasons(&summary),
        [
            ("archive.pt", CodePath::Pickle),
            ("config.json", CodePath::CustomCode),
            ("m.gguf", CodePath::Template),
            ("modeling_x.py", CodePath::File),
            ("processor_config.json", CodePath::CustomCode),
            ("pytorch_model.bin", CodePath::Pickle),
            ("tokenizer_config.json", CodePath::Template),
        ]
    );
    assert!(summary.quantization.contains("Q4_0"));
    assert!(summary.architectures.contains("llama"));
}

#[test]
fn what_was_not_understood_is_unknown_not_clean() {
    for (name, content) in [
        ("model.h5", &b"\x89HDF\r\n\x1a\n"[..]),
        ("blob", b"\xff\0\x01"),
        ("conf.yaml", b"_target_: os.system\n"),
        ("model.json", br#"{"class_name":"Lambda"}"#),
        ("config.json", br#"{"a":1,"a":2}"#),
        ("model.safetensors", b"\0\0\0\0\0\0\0\0"),
        ("model.safetensors", b""),
    ] {
        let summary = summary(&[("ok.safetensors", &weights()), (name, content)]);
        assert!(
            matches!(summary.code, CodeOnLoad::Unknown(_)),
            "{name}: {:?}",
            summary.code
        );
    }
    assert!(
        matches!(summary(&[]).code, CodeOnLoad::Unknown(_)),
        "nothing was looked at"
    );
}

#[test]
fn a_pickle_named_safetensors_is_a_pickle() {
    let summary = summary(&[("model.safetensors", b"\x80\x04\x95\0")]);
    assert_eq!(reasons(&summary), [("model.safetensors", CodePath::Pickle)]);
}

#[test]
fn parts_of_a_split_model_that_are_absent_are_missed() {
    let index = br#"{"weight_map":{"w":"m-1.safetensors","v":"m-2.safetensors"}}"#;
    let summary = summary(&[
        ("sub/model.safetensors.index.json", index),
        ("sub/m-1.safetensors", &weights()),
    ]);
    let missing: Vec<&str> = summary.missing.iter().map(ArtifactPath::as_str).collect();
    assert_eq!((missing, summary.parameters), (vec!["sub/m-2.safetensors"], None));
}

#[test]
fn broken_headers_give_no_parameter_count() {
    let mut file = weights();
    file.push(0);
    let name = ArtifactPath::parse("model.safetensors").unwrap();
    let facts = examine(&name, &mut Cursor::new(file)).unwrap();
    assert!(matches!(facts, Facts::Safetensors(_)));
    let summary = summarise(&[(name, facts)]);
    assert_eq!(
        (summary.parameters, summary.tensors, summary.problems.len()),
        (None, 2, 1)
    );
}
