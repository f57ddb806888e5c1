//! Facts out of the small files beside the weights. Everything here is *declared*: a publisher wrote it, nobody
//! checked it.
//!
//! | file | type |
//! |---|---|
//! | `config.json` | [`ModelConfig`] |
//! | `adapter_config.json` | [`AdapterConfig`] |
//! | `tokenizer_config.json` | [`TokenizerConfig`] |
//! | `README.md` | [`Card`] |
//!
//! JSON is read by [`crate::json`], which refuses duplicate keys. Fields of an unexpected type count as absent:
//! configuration files of ten years differ, and an odd `hidden_size` is no reason to know nothing.

pub mod card;

use serde::Serialize;
use serde_json::{Map, Value};
use weightlock_artifact::{path::PathError, reason::Code};

pub use self::card::Card;
use crate::{Named, Problem, json, reason};

/// A broken rule of a configuration file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The document is not a JSON object.
    #[error("the document is not a JSON object")]
    NotObject,
    /// A field that gives the file its meaning is missing or of the wrong kind.
    #[error("the field {field} is missing or of the wrong kind")]
    Field {
        /// The field.
        field: &'static str,
    },
    /// A file name would leave the folder of the model.
    #[error("the file name {name} is refused: {reason}")]
    FileName {
        /// The name.
        name: Named,
        /// The rule it breaks.
        reason: PathError,
    },
    /// The front matter is opened by `---` and never closed.
    #[error("the front matter is not closed by a line ---")]
    CardOpen,
    /// The front matter is no mapping of names to values.
    #[error("the front matter is not a YAML mapping")]
    CardMapping,
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        reason::MALFORMED
    }
}

/// `config.json` of a transformers model.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct ModelConfig {
    /// Classes that the weights are for.
    pub architectures: Vec<String>,
    /// The family.
    pub model_type: Option<String>,
    /// The element type that the weights were saved with.
    pub dtype: Option<String>,
    /// The method under `quantization_config`.
    pub quantization: Option<String>,
    /// Code that a loader runs when it is told to trust it.
    pub custom_code: Vec<CustomCode>,
    /// Sizes, where they are stated.
    pub sizes: Sizes,
}

/// Sizes of a transformer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Sizes {
    /// Width.
    pub hidden_size: Option<u64>,
    /// Depth.
    pub num_hidden_layers: Option<u64>,
    /// Attention heads.
    pub num_attention_heads: Option<u64>,
    /// Tokens of the vocabulary.
    pub vocab_size: Option<u64>,
    /// Longest input in tokens.
    pub max_position_embeddings: Option<u64>,
}

/// One reference under `auto_map`: `module.Class`, or `owner/name--module.Class` in another repository.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CustomCode {
    /// What it stands for, such as `AutoModelForCausalLM`.
    pub role: String,
    /// The repository, where it is another one than the model's own.
    pub repository: Option<String>,
    /// Module and class.
    pub class: String,
}

/// `adapter_config.json` of a PEFT adapter.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct AdapterConfig {
    /// The model that the adapter is for.
    pub base_model: Option<String>,
    /// The method, such as `LORA`.
    pub peft_type: Option<String>,
    /// Code that a loader runs when it is told to trust it.
    pub custom_code: Vec<CustomCode>,
}

/// `tokenizer_config.json`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct TokenizerConfig {
    /// The tokenizer class.
    pub class: Option<String>,
    /// Whether a chat template, which loaders run, is inside.
    pub has_chat_template: bool,
    /// Code that a loader runs when it is told to trust it.
    pub custom_code: Vec<CustomCode>,
}

impl ModelConfig {
    /// Reads the text of a `config.json`.
    ///
    /// # Errors
    /// Broken JSON, a duplicate key, a document that is no object.
    pub fn parse(text: &[u8]) -> Result<Self, Problem> {
        let map = object(text)?;
        let number = |key: &str| map.get(key).and_then(Value::as_u64);
        Ok(Self {
            architectures: texts(map.get("architectures")),
            model_type: string(&map, "model_type"),
            dtype: string(&map, "torch_dtype").or_else(|| string(&map, "dtype")),
            quantization: quantization(map.get("quantization_config")),
            custom_code: custom_code(&map),
            sizes: Sizes {
                hidden_size: number("hidden_size"),
                num_hidden_layers: number("num_hidden_layers"),
                num_attention_heads: number("num_attention_heads"),
                vocab_size: number("vocab_size"),
                max_position_embeddings: number("max_position_embeddings"),
            },
        })
    }
}

impl AdapterConfig {
    /// Reads the text of an `adapter_config.json`.
    ///
    /// # Errors
    /// Broken JSON, a duplicate key, a document that is no object.
    pub fn parse(text: &[u8]) -> Result<Self, Problem> {
        let map = object(text)?;
        Ok(Self {
            base_model: string(&map, "base_model_name_or_path"),
            peft_type: string(&map, "peft_type"),
            custom_code: custom_code(&map),
        })
    }
}

impl TokenizerConfig {
    /// Reads the text of a `tokenizer_config.json`.
    ///
    /// # Errors
    /// Broken JSON, a duplicate key, a document that is no object.
    pub fn parse(text: &[u8]) -> Result<Self, Problem> {
        let map = object(text)?;
        Ok(Self {
            class: string(&map, "tokenizer_class"),
            has_chat_template: map
                .get("chat_template")
                .is_some_and(|template| !template.is_null()),
            custom_code: custom_code(&map),
        })
    }
}

/// Whether transformers takes a kernel from a hub for what stands under `key`, as a text or as texts below it, by the part of the
/// model: `{"attn_implementation": {"text_config": "owner/kernel"}}`.
#[must_use]
pub fn is_kernel_key(key: &str) -> bool {
    let key = key.trim_start_matches('_');
    ["attn_implementation", "experts_implementation"]
        .iter()
        .any(|known| key.starts_with(known))
}

/// The repository that the name of a kernel names: `owner/kernel`, `owner/kernel@revision:function`, `paged|owner/kernel`.
#[must_use]
pub fn kernel(name: &str) -> Option<String> {
    let repository = name.rsplit('|').next().unwrap_or(name);
    let repository = repository.split(':').next().unwrap_or(repository);
    name.contains('/').then(|| repository.to_owned())
}

/// Code that any JSON file of a model folder asks for: under `auto_map` of an object, as a kernel from a hub, or as the `type` of an entry
/// of sentence-transformers' `modules.json`, where it lies outside that library.
///
/// # Errors
/// Broken JSON, a duplicate key.
pub fn requested_code(text: &[u8]) -> Result<Vec<CustomCode>, Problem> {
    Ok(match json::parse(text)? {
        Value::Object(map) => custom_code(&map),
        Value::Array(entries) => entries.iter().filter_map(foreign_module).collect(),
        _ => Vec::new(),
    })
}

fn foreign_module(entry: &Value) -> Option<CustomCode> {
    let class = entry.get("type")?.as_str()?;
    let foreign = !class.starts_with("sentence_transformers.");
    foreign.then(|| CustomCode::new("module", class))
}

fn object(text: &[u8]) -> Result<Map<String, Value>, Problem> {
    match json::parse(text)? {
        Value::Object(map) => Ok(map),
        _ => Err(Problem::malformed(0, Fault::NotObject)),
    }
}

fn string(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key)?.as_str().map(str::to_owned)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    items
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// The method, or that there is one without a name.
fn quantization(config: Option<&Value>) -> Option<String> {
    let config = config?.as_object()?;
    let method = config.get("quant_method").and_then(Value::as_str);
    Some(method.unwrap_or("unnamed").to_owned())
}

/// Every text below `auto_map` (and `custom_pipelines`, where one may name an implementation). Tokenizers give
/// pairs, of which either may be null. What has another shape is kept as a reference without a class: that code
/// is asked for must not get lost because it is asked for in an odd way.
fn custom_code(map: &Map<String, Value>) -> Vec<CustomCode> {
    let mut found = Vec::new();
    for key in ["auto_map", "custom_pipelines"] {
        match map.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::Object(roles)) => {
                for (role, value) in roles {
                    references(role, value, &mut found);
                }
            }
            Some(value) => references(key, value, &mut found),
        }
    }
    found.extend(kernels(map));
    found
}

/// Kernels from a hub, at any depth.
fn kernels(map: &Map<String, Value>) -> Vec<CustomCode> {
    let mut found = Vec::new();
    let mut waiting: Vec<(Option<&str>, &str, &Value)> = map
        .iter()
        .map(|(key, value)| (None, key.as_str(), value))
        .collect();
    while let Some((around, key, value)) = waiting.pop() {
        let role = around.or_else(|| is_kernel_key(key).then_some(key));
        match (value, role) {
            (Value::String(name), Some(role)) => {
                found.extend(kernel(name).map(|repository| CustomCode {
                    role: role.to_owned(),
                    repository: Some(repository),
                    class: name.clone(),
                }));
            }
            (Value::Array(items), role) => waiting.extend(items.iter().map(|item| (role, "", item))),
            (Value::Object(fields), role) => {
                waiting.extend(fields.iter().map(|(key, value)| (role, key.as_str(), value)));
            }
            _ => {}
        }
    }
    found
}

fn references(role: &str, value: &Value, found: &mut Vec<CustomCode>) {
    match value {
        Value::String(text) => found.push(CustomCode::new(role, text)),
        Value::Array(items) => found.extend(
            items
                .iter()
                .filter(|item| !item.is_null())
                .map(|item| CustomCode::new(role, item.as_str().unwrap_or_default())),
        ),
        Value::Object(fields) => {
            let class = fields.get("impl").and_then(Value::as_str);
            found.push(CustomCode::new(role, class.unwrap_or_default()));
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => found.push(CustomCode::new(role, "")),
    }
}

impl CustomCode {
    fn new(role: &str, reference: &str) -> Self {
        let (repository, class) = match reference.split_once("--") {
            Some((repository, class)) => (Some(repository.to_owned()), class),
            None => (None, reference),
        };
        Self {
            role: role.to_owned(),
            repository,
            class: class.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_model_config() {
        let config = ModelConfig::parse(
            br#"{"architectures":["LlamaForCausalLM"],"model_type":"llama","torch_dtype":"bfloat16","hidden_size":64,
                "vocab_size":"many","quantization_config":{"quant_method":"gptq","bits":4}}"#,
        )
        .unwrap();
        assert_eq!(config.architectures, ["LlamaForCausalLM"]);
        assert_eq!(config.model_type.as_deref(), Some("llama"));
        assert_eq!(config.dtype.as_deref(), Some("bfloat16"));
        assert_eq!(config.quantization.as_deref(), Some("gptq"));
        assert_eq!(
            (config.sizes.hidden_size, config.sizes.vocab_size),
            (Some(64), None)
        );
        assert_eq!(config.custom_code, []);
    }

    #[test]
    fn custom_code_is_found_in_every_shape() {
        let code = |text: &str| ModelConfig::parse(text.as_bytes()).unwrap().custom_code;
        let own = code(r#"{"auto_map":{"AutoModel":"modeling_x.XModel"}}"#);
        assert_eq!(
            (own[0].class.as_str(), &own[0].repository),
            ("modeling_x.XModel", &None)
        );
        let foreign = code(r#"{"auto_map":{"AutoModel":"owner/name--modeling_x.XModel"}}"#);
        assert_eq!(foreign[0].repository.as_deref(), Some("owner/name"));
        assert_eq!(
            code(r#"{"auto_map":{"AutoTokenizer":[null,"t.Fast"]}}"#)[0].class,
            "t.Fast"
        );
        assert_eq!(
            code(r#"{"custom_pipelines":{"p":{"impl":"pipe.P"}}}"#)[0].class,
            "pipe.P"
        );
        assert_eq!(
            code(r#"{"auto_map":{"AutoModel":7}}"#).len(),
            1,
            "odd shapes still count"
        );
        assert_eq!(code(r#"{"auto_map":"x.Y"}"#).len(), 1);
        assert_eq!(code(r#"{"auto_map":{}}"#), []);
    }

    #[test]
    fn modules_outside_their_library_are_custom_code() {
        let code = |text: &str| requested_code(text.as_bytes()).unwrap().len();
        assert_eq!(
            code(r#"[{"idx":0,"type":"sentence_transformers.models.Transformer"}]"#),
            0
        );
        assert_eq!(code(r#"[{"idx":0,"type":"custom_st.Transformer"}]"#), 1);
        assert_eq!(code(r#"[{"name":"o/d","lines":3}]"#), 0);
        assert_eq!(code(r#"{"auto_map":{"AutoProcessor":"p.P"}}"#), 1);
        assert_eq!(code("7"), 0);
    }

    #[test]
    fn reads_adapters_and_tokenizers() {
        let adapter =
            AdapterConfig::parse(br#"{"base_model_name_or_path":"o/m","peft_type":"LORA"}"#).unwrap();
        assert_eq!(
            (adapter.base_model.as_deref(), adapter.peft_type.as_deref()),
            (Some("o/m"), Some("LORA"))
        );
        let template = |text: &str| TokenizerConfig::parse(text.as_bytes()).unwrap().has_chat_template;
        assert!(template(r#"{"chat_template":"{{ x }}"}"#));
        assert!(template(
            r#"{"chat_template":[{"name":"default","template":"x"}]}"#
        ));
        assert!(!template(r#"{"chat_template":null}"#));
    }

    #[test]
    fn hostile_configs_are_refused() {
        for (text, code) in [
            ("[]", reason::MALFORMED),
            (
                r#"{"auto_map":{},"auto_map":{"AutoModel":"x.Y"}}"#,
                reason::DUPLICATE,
            ),
            (r#"{"a":"#, reason::TRUNCATED),
        ] {
            assert_eq!(
                ModelConfig::parse(text.as_bytes()).unwrap_err().code(),
                code,
                "{text}"
            );
        }
    }
}
