//! Calls that fetch a model, a tokenizer or a data set, and how far they say which.
//!
//! A download is pinned when it names a commit by its 40 hexadecimal digits: a branch or a tag can be moved, and what
//! comes then is what the publisher, or whoever has the publisher's account, put there last.

use weightlock_format::python::{Call, How, Origin, Value, What as Is};

use crate::observation::python::{Download, RemoteCode, Seen};

/// How a function takes what it fetches.
struct Fetcher {
    name: &'static str,
    /// The keyword of the source, when it is not the first argument.
    keyword: &'static str,
    is_code: bool,
    /// Whether it has no way to name a revision but in the source.
    no_revision: bool,
}

const fn fetcher(name: &'static str, keyword: &'static str) -> Fetcher {
    Fetcher {
        name,
        keyword,
        is_code: false,
        no_revision: false,
    }
}

const FETCHERS: &[Fetcher] = &[
    fetcher("huggingface_hub.hf_hub_download", "repo_id"),
    fetcher("huggingface_hub.snapshot_download", "repo_id"),
    fetcher("huggingface_hub.HfApi.hf_hub_download", "repo_id"),
    fetcher("huggingface_hub.HfApi.snapshot_download", "repo_id"),
    fetcher("huggingface_hub.cached_download", "url"),
    fetcher(
        "huggingface_hub.from_pretrained_keras",
        "pretrained_model_name_or_path",
    ),
    fetcher("huggingface_hub.from_pretrained_fastai", "repo_id"),
    fetcher("datasets.load_dataset", "path"),
    fetcher("datasets.load_dataset_builder", "path"),
    fetcher("evaluate.load", "path"),
    fetcher("transformers.pipeline", "model"),
    fetcher("transformers.pipelines.pipeline", "model"),
    fetcher("sentence_transformers.SentenceTransformer", "model_name_or_path"),
    fetcher("sentence_transformers.CrossEncoder", "model_name"),
    fetcher("sentence_transformers.SparseEncoder", "model_name_or_path"),
    fetcher("FlagEmbedding.BGEM3FlagModel", "model_name_or_path"),
    fetcher("vllm.LLM", "model"),
    fetcher("vllm.EngineArgs", "model"),
    fetcher("vllm.AsyncEngineArgs", "model"),
    fetcher("faster_whisper.WhisperModel", "model_size_or_path"),
    fetcher("modelscope.snapshot_download", "model_id"),
    fetcher("mlx_lm.load", "path_or_hf_repo"),
    Fetcher {
        name: "torch.hub.load",
        keyword: "repo_or_dir",
        is_code: true,
        no_revision: true,
    },
    Fetcher {
        name: "torch.hub.load_state_dict_from_url",
        keyword: "url",
        is_code: true,
        no_revision: true,
    },
    Fetcher {
        name: "tensorflow_hub.load",
        keyword: "handle",
        is_code: false,
        no_revision: true,
    },
    Fetcher {
        name: "tensorflow_hub.KerasLayer",
        keyword: "handle",
        is_code: false,
        no_revision: true,
    },
];

/// Packages whose classes have a `from_pretrained` that fetches.
const PACKAGES: &[&str] = &[
    "transformers",
    "diffusers",
    "peft",
    "huggingface_hub",
    "optimum",
    "sentence_transformers",
    "timm",
    "adapters",
    "trl",
    "auto_gptq",
    "awq",
    "gliner",
    "setfit",
    "span_marker",
    "unsloth",
    "tokenizers",
    "llama_cpp",
    "chronos",
    "parler_tts",
    "flair",
    "keras_hub",
    "keras_nlp",
];

/// What `call` fetches and agrees to.
pub(super) fn of_call(call: &Call, in_model_code: bool) -> Vec<Seen> {
    if call.how != How::Called || call.origin.has(Origin::INHERITED) {
        return Vec::new();
    }
    let mut seen = Vec::new();
    if call
        .keyword("trust_remote_code")
        .is_some_and(|value| value.is_bool(true))
    {
        let revision = call
            .keyword("code_revision")
            .or_else(|| call.keyword("revision"))
            .and_then(Value::as_text);
        seen.push(Seen::RemoteCode(RemoteCode {
            name: call.name.clone(),
            is_pinned: revision.is_some_and(is_commit),
            in_model_code,
        }));
    }
    seen.extend(download(call, in_model_code).map(Seen::Download));
    seen
}

fn download(call: &Call, in_model_code: bool) -> Option<Download> {
    let (name, method) = call.name.rsplit_once('.')?;
    let listed = FETCHERS.iter().find(|fetcher| fetcher.name == call.name);
    let package = name.split('.').next().unwrap_or_default();
    let is_class = matches!(method, "from_pretrained" | "from_single_file" | "load_from_hub")
        && PACKAGES.contains(&package);
    let (keyword, is_code, no_revision) = match listed {
        Some(fetcher) => (fetcher.keyword, fetcher.is_code, fetcher.no_revision),
        None if is_class => ("pretrained_model_name_or_path", false, false),
        None => return None,
    };
    let is = |keyword: &str| call.keyword(keyword).is_some_and(|value| value.is_bool(true));
    let is_local = call.keyword("source").and_then(Value::as_text) == Some("local");
    if is("local_files_only") || is_local {
        return None;
    }
    let position = usize::from(call.name.ends_with(".pipeline"));
    let source = call
        .argument(position, keyword)
        .or_else(|| call.keyword("repo_id"));
    if source.is_none() && call.name.ends_with(".pipeline") {
        // The library chooses the model.
        return Some(Download {
            name: call.name.clone(),
            source: None,
            revision: None,
            is_code,
            in_model_code,
        });
    }
    let source = source?;
    let text = source.as_text();
    if text.is_some_and(is_path)
        || matches!(
            source.what,
            Is::Global(_) | Is::Result(_) | Is::Instance(_) | Is::Class(_)
        )
    {
        return None;
    }
    let revision = match call.keyword("revision") {
        Some(revision) => match &revision.what {
            Is::Text(_) | Is::Any(_) => revision.as_text().map(str::to_owned),
            Is::None => None,
            // Whoever calls gives it.
            _ => return None,
        },
        None if no_revision => text
            .and_then(|text| text.rsplit_once(':'))
            .map(|(_, revision)| revision.to_owned()),
        None => None,
    };
    if revision.as_deref().is_some_and(is_commit)
        || call
            .arguments
            .iter()
            .any(|it| it.keyword.as_deref() == Some("**"))
    {
        return None;
    }
    Some(Download {
        name: call.name.clone(),
        source: text.map(str::to_owned),
        revision,
        is_code,
        in_model_code,
    })
}

/// Whether a revision names a commit.
pub(in crate::analyze) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a source is a path of this machine.
fn is_path(source: &str) -> bool {
    let has_drive = source.as_bytes().get(1) == Some(&b':');
    let begins = ["./", "../", "/", "~", ".\\", "..\\", "file:"]
        .iter()
        .any(|begin| source.starts_with(begin));
    let has_folders = source.matches('/').count() > 1 && !source.contains("://");
    source.is_empty() || source == "." || has_drive || begins || has_folders
}
