//! Every file: its size, its digest, what it is by its bytes, and what it is there for.

use weightlock_artifact::standing::Standing;
use weightlock_format::detect::Format;

use super::{File, draft::Draft};
use crate::graph::{Claim, Kind, Property, Ref, Relation, Source, Value, Verb};

/// The name of a file in a graph.
pub(super) fn reference(file: &File) -> Ref {
    Ref::new("file", file.path.as_str())
}

/// States size, digest and role of a file, and that it is a part of what is described.
pub(super) fn state(file: &File, draft: &mut Draft) {
    let own = reference(file);
    let mut say = |property, value| {
        let claim = Claim::verified(value, Source::file(&file.path, ""));
        draft.state(&own, Kind::File, property, claim);
    };
    say(Property::Name, Value::text(file.path.as_str()));
    say(Property::Size, Value::Number(file.size));
    if let Some(sha256) = &file.sha256 {
        say(Property::Digest, Value::Digest(*sha256));
    }
    if let Some(role) = role(file.path.base_name()) {
        let claim = Claim::inferred(
            Value::text(role),
            Source::computed("file-name", file.path.as_str()),
        );
        draft.state(&own, Kind::File, Property::Role, claim);
    }
    let owner = draft.owner(&file.path).unwrap_or_else(Ref::subject);
    let source = Source::file(&file.path, "");
    let contains = Relation::new(&owner, Verb::Contains, &own, Standing::Verified, source);
    draft.join(contains);
}

/// States what a file is by its bytes.
pub(super) fn state_format(file: &File, format: Format, draft: &mut Draft) {
    if matches!(format, Format::Unknown | Format::Empty) {
        return;
    }
    let own = reference(file);
    let source = || Source::file(&file.path, "").at(0);
    // The name for programs: the one that reports have.
    if let Ok(serde_json::Value::String(name)) = serde_json::to_value(format) {
        let claim = Claim::verified(Value::text(name), source());
        draft.state(&own, Kind::File, Property::Format, claim);
    }
    if format == Format::Pickle {
        let claim = Claim::verified(Value::Flag(true), source());
        draft.state(&own, Kind::File, Property::Pickle, claim);
    }
}

/// What a file is there for, by its name.
fn role(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|it| lower.ends_with(it));
    Some(match lower.as_str() {
        "readme.md" => "card",
        "tokenizer.json"
        | "tokenizer.model"
        | "tokenizer_config.json"
        | "special_tokens_map.json"
        | "vocab.json"
        | "vocab.txt"
        | "merges.txt"
        | "added_tokens.json"
        | "spiece.model"
        | "sentencepiece.bpe.model" => "tokenizer",
        "training_args.bin" | "trainer_state.json" | "optimizer.pt" | "scheduler.pt" | "rng_state.pth" => {
            "training"
        }
        "requirements.txt" | "conda.yaml" | "environment.yml" | "python_env.yaml" | "uv.lock"
        | "poetry.lock" | "pipfile.lock" | "pdm.lock" | "pylock.toml" | "launch.json" | "os-release" => {
            "environment"
        }
        "croissant.json" | "dataset_info.json" | "dataset_infos.json" => "dataset-description",
        _ if lower.contains("chat_template") => "chat-template",
        _ if lower.starts_with("license") || lower.starts_with("licence") || lower == "notice" => "licence",
        _ if ends(&[".index.json"]) => "weights-index",
        _ if ends(&[
            ".safetensors",
            ".gguf",
            ".ggml",
            ".onnx",
            ".pt",
            ".pth",
            ".ckpt",
            ".h5",
            ".keras",
            ".tflite",
            ".msgpack",
            ".skops",
            ".pkl",
            ".joblib",
            ".nemo",
            ".bin",
            ".pte",
            ".mlmodel",
        ]) =>
        {
            "weights"
        }
        _ if ends(&[".py", ".pyc", ".so", ".sh"]) => "source",
        _ if ends(&[".parquet", ".jsonl", ".csv", ".tsv", ".arrow"]) => "data",
        "mlmodel" => "configuration",
        _ if ends(&[".json", ".yaml", ".yml", ".toml"]) => "configuration",
        _ => return None,
    })
}
