//! What the configuration files of model hubs ask for: code beside or outside the model, classes of other libraries,
//! files by name.
//!
//! The kind of a file is told by what is in it (`weight_map`, `peft_type`, `_class_name`), and by its name only where
//! that is all that loaders go by (`modules.json`).

use weightlock_format::{
    config::{is_kernel_key, kernel},
    json::walk::{Step, Token, Walk},
};

use crate::{
    analyze::{Examination, callable},
    imports::{Grade, look_up},
    observation::config::{Loader, Seen, TargetReach},
    reach,
};

/// What is collected on the way, and judged together at the end.
#[derive(Default)]
pub(super) struct Hub {
    base_name: String,
    /// Keys of the outermost object that tell what the file is.
    is_pipeline: bool,
    is_adapter: bool,
    /// The two texts of each component of a pipeline.
    components: Vec<Component>,
    /// `type` of each module of a sentence encoder.
    modules: Vec<(u64, String, String)>,
    /// Keys that tell a predictor of GluonTS, or a stage of Spark, and the classes that such a file names.
    has_kinds: bool,
    is_stage: bool,
    classes: Vec<(u64, String, String)>,
    /// Paths of an adapter to its base model.
    bases: Vec<(u64, String)>,
    /// Where the first component or class stands that was not kept.
    lost: Option<u64>,
}

struct Component {
    offset: u64,
    name: String,
    texts: Vec<String>,
}

/// Whether loaders go by what stands under `key`: where it occurs twice, one shows each its own. Tables of other things
/// (prices, vocabularies) have keys twice without anybody being misled.
pub(super) fn decides(key: &str) -> bool {
    const KEYS: &[&str] = &[
        "template",
        "auto_map",
        "weight_map",
        "architectures",
        "model_type",
        "tokenizer_class",
        "processor_class",
        "class_name",
        "_class_name",
        "module",
        "custom_pipelines",
        "trust_remote_code",
        "base_model_name_or_path",
        "peft_type",
    ];
    KEYS.contains(&key) || key.contains("chat_template")
}

/// Components and modules that are kept. Published pipelines have a dozen.
const MOST: usize = 1000;

impl Hub {
    pub(super) fn new(base_name: &str) -> Self {
        Self {
            base_name: base_name.to_owned(),
            is_pipeline: base_name == "model_index.json",
            ..Self::default()
        }
    }

    /// Looks at one value.
    pub(super) fn see(&mut self, walk: &Walk<'_>, offset: u64, token: &Token, exam: &mut Examination<'_>) {
        let mut way = walk.way();
        let (first, second, third) = (way.next(), way.next(), way.next());
        match (first, second, third, token) {
            (Some(Step::Key(key)), None, None, token) => self.at_root(key, offset, token, walk, exam),
            (Some(Step::Key(name)), Some(Step::Index(_)), None, Token::Text(text)) => {
                self.component(name, offset, text);
            }
            // TensorFlow.js.
            (
                Some(Step::Key("weightsManifest")),
                Some(Step::Index(_)),
                Some(Step::Key("paths")),
                Token::Text(path),
            ) => {
                escaping(path, offset, walk, exam);
            }
            // Core ML packages.
            (
                Some(Step::Key("itemInfoEntries")),
                Some(Step::Key(_)),
                Some(Step::Key("path")),
                Token::Text(path),
            ) => {
                escaping(path, offset, walk, exam);
            }
            (Some(Step::Key("weight_map")), Some(Step::Key(_)), None, Token::Text(path)) => {
                escaping(path, offset, walk, exam);
            }
            (Some(Step::Index(_)), Some(Step::Key("type")), None, Token::Text(class)) => {
                self.module(walk, offset, class, exam);
            }
            // A modular pipeline of diffusers says of each component where it is taken from.
            (
                Some(Step::Key(_)),
                Some(Step::Index(_)),
                Some(Step::Key("repo" | "pretrained_model_name_or_path" | "subfolder")),
                Token::Text(path),
            ) if self.base_name == "modular_model_index.json" => {
                escaping(path, offset, walk, exam);
            }
            (Some(Step::Index(_)), Some(Step::Key("path")), None, Token::Text(path))
                if self.base_name == "modules.json" =>
            {
                escaping(path, offset, walk, exam);
            }
            _ => {}
        }
        self.anywhere(walk, offset, token, exam);
    }

    /// Keys of the outermost object.
    fn at_root(
        &mut self,
        key: &str,
        offset: u64,
        token: &Token,
        walk: &Walk<'_>,
        exam: &mut Examination<'_>,
    ) {
        match (key, token) {
            ("_class_name" | "_diffusers_version", Token::Text(_)) => self.is_pipeline = true,
            ("peft_type", Token::Text(_)) => self.is_adapter = true,
            ("sparkVersion", Token::Text(_)) => self.is_stage = true,
            ("base_model_name_or_path", Token::Text(path)) => self.bases.push((offset, path.clone())),
            ("tokenizer_class", Token::Text(name))
                if self.base_name == "wordembedding_config.json" && !is_tokenizer_class(name) =>
            {
                // Whatever it is, it is none of the tokenizers that such a file is for.
                let reach = match callable::reach(name) {
                    TargetReach::Known => TargetReach::Unknown,
                    reach => reach,
                };
                tell(key, name, reach, offset, walk.path(), exam);
            }
            ("tokenizer_name_or_path", Token::Text(path)) if self.base_name.starts_with("sentence_") => {
                escaping(path, offset, walk, exam);
            }
            _ => {}
        }
    }

    /// Keys that mean the same at any depth.
    fn anywhere(&mut self, walk: &Walk<'_>, offset: u64, token: &Token, exam: &mut Examination<'_>) {
        if let Token::Other(value) = token {
            if value.as_bool() == Some(true) && walk.way().next_back() == Some(Step::Key("trust_remote_code"))
            {
                exam.put(Some(offset), Some(walk.path()), Seen::TrustsRemoteCode);
            }
            return;
        }
        let Token::Text(text) = token else { return };
        self.called(walk, offset, text, exam);
        let is_under = |name: &str| walk.way().any(|step| step == Step::Key(name));
        let last = walk.way().next_back();
        if self.base_name == "genai_config.json"
            && matches!(last, Some(Step::Key("custom_ops_library" | "filename")))
        {
            escaping(text, offset, walk, exam);
        }
        if let Some(repository) = kernel(text)
            && walk
                .way()
                .any(|step| matches!(step, Step::Key(key) if is_kernel_key(key)))
        {
            let seen = Seen::RemoteCode {
                loader: Loader::Kernel,
                class: text.clone(),
                repository: Some(repository),
            };
            return exam.put(Some(offset), Some(walk.path()), seen);
        }
        let loader = if is_under("auto_map") {
            Loader::AutoMap
        } else if is_under("custom_pipelines") && last == Some(Step::Key("impl")) {
            Loader::Pipeline
        } else if last == Some(Step::Key("parent_library")) && is_under("auto_mapping") {
            return self.library(Loader::Adapter, text, offset, walk, exam);
        } else {
            return;
        };
        let seen = Seen::RemoteCode {
            loader,
            class: text.clone(),
            repository: repository(text),
        };
        exam.put(Some(offset), Some(walk.path()), seen);
    }

    /// Names that are imported and called.
    fn called(&mut self, walk: &Walk<'_>, offset: u64, text: &str, exam: &mut Examination<'_>) {
        let Some(Step::Key(key)) = walk.way().next_back() else {
            return;
        };
        let is_activation = ACTIVATIONS.contains(&key) && text.contains('.');
        let is_route = self.base_name == "router_config.json"
            && walk.way().next() == Some(Step::Key("types"))
            && walk.way().count() == 2;
        if key == "__kind__" {
            self.has_kinds = true;
        } else if key == "class" {
            if self.classes.len() < MOST {
                self.classes.push((offset, walk.path(), text.to_owned()));
            } else {
                self.lost = self.lost.or(Some(offset));
            }
        } else if is_activation && !is_activation_class(text) || is_route && !is_encoder_class(text) {
            tell(key, text, callable::reach(text), offset, walk.path(), exam);
        }
    }

    fn library(
        &self,
        loader: Loader,
        library: &str,
        offset: u64,
        walk: &Walk<'_>,
        exam: &mut Examination<'_>,
    ) {
        if !loader.knows(library) {
            let seen = Seen::RemoteCode {
                loader,
                class: library.to_owned(),
                repository: repository(library),
            };
            exam.put(Some(offset), Some(walk.path()), seen);
        }
    }

    fn component(&mut self, name: &str, offset: u64, text: &str) {
        let is_room = self.components.len() < MOST;
        match self.components.last_mut() {
            Some(last) if last.name == name && last.texts.len() < 2 => last.texts.push(text.to_owned()),
            Some(last) if last.name == name => {}
            _ if is_room => self.components.push(Component {
                offset,
                name: name.to_owned(),
                texts: vec![text.to_owned()],
            }),
            _ => self.lost = self.lost.or(Some(offset)),
        }
    }

    fn module(&mut self, walk: &Walk<'_>, offset: u64, class: &str, exam: &mut Examination<'_>) {
        if self.base_name != "modules.json" {
            return;
        }
        if self.modules.len() < MOST {
            self.modules.push((offset, walk.path(), class.to_owned()));
        } else {
            exam.lose(offset);
        }
    }

    /// Judges what depends on the kind of the file.
    pub(super) fn conclude(self, exam: &mut Examination<'_>) {
        // A pipeline whose class is of its own names it as module and class.
        let is_pipeline = self.is_pipeline
            || self
                .components
                .iter()
                .any(|component| component.name == "_class_name");
        if let Some(offset) = self
            .lost
            .filter(|_| is_pipeline || self.has_kinds || self.is_stage)
        {
            exam.lose(offset);
        }
        for component in self.components.iter().filter(|_| is_pipeline) {
            // A component lies in the folder of its name.
            if let Some(how) = reach::escape(&component.name) {
                let path = component.name.clone();
                let field = Some(component.name.clone());
                exam.put(Some(component.offset), field, Seen::EscapingPath { path, how });
            }
            let [library, class] = component.texts.as_slice() else {
                continue;
            };
            let is_own = component.name == "_class_name";
            if is_own || !component.name.starts_with('_') && !Loader::Component.knows(library) {
                let seen = Seen::RemoteCode {
                    loader: if is_own {
                        Loader::Pipeline
                    } else {
                        Loader::Component
                    },
                    class: format!("{library}.{class}"),
                    repository: repository(library),
                };
                exam.put(Some(component.offset), Some(component.name.clone()), seen);
            }
        }
        for (offset, path, class) in &self.classes {
            let is_java = self.is_stage && !KNOWN_STAGES.iter().any(|start| class.starts_with(start));
            if self.has_kinds {
                tell(
                    "class",
                    class,
                    callable::reach(class),
                    *offset,
                    path.clone(),
                    exam,
                );
            } else if is_java {
                tell("class", class, TargetReach::Unknown, *offset, path.clone(), exam);
            }
        }
        for (offset, path, class) in self.modules {
            if is_encoder_class(&class) {
                continue;
            }
            let reach = callable::reach(&class);
            let is_dangerous = matches!(reach, TargetReach::Unbounded | TargetReach::Files);
            if is_dangerous && !class.contains("--") || Loader::Encoder.knows(&class) {
                let unlisted = match reach {
                    TargetReach::Known => TargetReach::Unknown,
                    reach => reach,
                };
                tell("type", &class, unlisted, offset, path, exam);
            } else {
                let seen = Seen::RemoteCode {
                    loader: Loader::Encoder,
                    repository: repository(&class),
                    class,
                };
                exam.put(Some(offset), Some(path), seen);
            }
        }
        for (offset, path) in self.bases.into_iter().filter(|_| self.is_adapter) {
            if let Some(how) = reach::escape(&path) {
                let field = Some("base_model_name_or_path".to_owned());
                exam.put(Some(offset), field, Seen::ForeignBase { path, how });
            }
        }
    }
}

/// Keys of sentence-transformers whose value is imported and called. Elsewhere they hold the short name of a function.
const ACTIVATIONS: &[&str] = &[
    "activation_fn",
    "activation_function",
    "default_activation_function",
    "sbert_ce_default_activation_function",
];

/// Modules of sentence-transformers and its relatives.
const ENCODERS: &[&str] = &[
    "Asym",
    "BoW",
    "CLIPModel",
    "CNN",
    "CSRSparsity",
    "ColBERT",
    "Dense",
    "Dropout",
    "IDF",
    "LSTM",
    "LateInteractionPooling",
    "LayerNorm",
    "LogitScore",
    "MLMTransformer",
    "Normalize",
    "Pooling",
    "Router",
    "SparseAutoEncoder",
    "SparseStaticEmbedding",
    "SpladePooling",
    "StaticEmbedding",
    "Transformer",
    "WeightedLayerPooling",
    "WordEmbeddings",
    "WordWeights",
];

/// Packages of stages of Spark pipelines.
const KNOWN_STAGES: &[&str] = &[
    "org.apache.spark.",
    "pyspark.ml.",
    "com.microsoft.azure.synapse.ml.",
    "com.microsoft.ml.spark.",
    "com.johnsnowlabs.",
    "ml.dmlc.xgboost4j.",
    "ai.h2o.sparkling.",
    "xgboost.spark.",
];

/// A class of `torch.nn.modules.activation`, or the function that changes nothing.
fn is_activation_class(name: &str) -> bool {
    if matches!(name, "torch.nn.modules.linear.Identity" | "torch.nn.Identity") {
        return true;
    }
    let class = name
        .strip_prefix("torch.nn.modules.activation.")
        .or_else(|| name.strip_prefix("torch.nn."));
    class.is_some_and(|class| {
        ["torch.nn.modules.activation", "torch.nn"]
            .iter()
            .any(|module| look_up(module, class).grade == Grade::LibraryClass)
    })
}

/// A tokenizer of sentence-transformers' word embeddings.
fn is_tokenizer_class(name: &str) -> bool {
    const TOKENIZERS: [&str; 4] = [
        "WhitespaceTokenizer",
        "PhraseTokenizer",
        "JiebaTokenizer",
        "TransformersTokenizerWrapper",
    ];
    let class = name.rsplit('.').next().unwrap_or_default();
    name.starts_with("sentence_transformers.") && !name.contains("__") && TOKENIZERS.contains(&class)
}

/// A module of an encoder, by the name that its library gives it.
fn is_encoder_class(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    let is_own = matches!(parts.first(), Some(&("sentence_transformers" | "pylate")));
    let is_listed = parts.last().is_some_and(|class| ENCODERS.contains(class));
    let words = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_own && is_listed && parts.len() > 2 && parts.iter().all(|part| words(part) && !part.starts_with("__"))
        || is_activation_class(name)
}

fn tell(key: &str, name: &str, reach: TargetReach, offset: u64, path: String, exam: &mut Examination<'_>) {
    if reach != TargetReach::Known {
        let seen = Seen::Target {
            key: key.to_owned(),
            name: name.to_owned(),
            reach,
        };
        exam.put(Some(offset), Some(path), seen);
    }
}

fn escaping(path: &str, offset: u64, walk: &Walk<'_>, exam: &mut Examination<'_>) {
    if let Some(how) = reach::escape(path) {
        let seen = Seen::EscapingPath {
            path: path.to_owned(),
            how,
        };
        exam.put(Some(offset), Some(walk.path()), seen);
    }
}

/// The repository of `owner/name--module.Class`, or whatever is not just a module of the folder.
fn repository(class: &str) -> Option<String> {
    match class.split_once("--") {
        Some((repository, _)) => Some(repository.to_owned()),
        None => class.contains(['/', '\\', ':']).then(|| class.to_owned()),
    }
}
