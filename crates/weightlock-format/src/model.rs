//! [`ModelSummary`]: what a model is, put together from the facts of its files.
//!
//! The summary is a pure function of facts. All of it is *inferred* from content (formats, tensors, types) or
//! *declared* by the publisher (architecture, licence, base model); nothing here is verified, and the field's
//! documentation says which of the two it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Seek},
};

use serde::Serialize;
use weightlock_artifact::path::ArtifactPath;

use crate::{
    Dtype, Error, Problem,
    config::{
        AdapterConfig, Card, CustomCode, ModelConfig, TokenizerConfig,
        card::{self, Stated},
        requested_code,
    },
    detect::{self, Format},
    gguf, json,
    layout::Layout,
    loadable::{Loadable, loadable},
    reader::Prefix,
    safetensors::{
        self,
        index::{self, Index},
    },
};

/// What was learnt from one file.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Facts {
    /// A safetensors header.
    Safetensors(safetensors::Header),
    /// A GGUF header.
    Gguf(gguf::Header),
    /// The list of files of a split model.
    Index(Index),
    /// `config.json`.
    Config(ModelConfig),
    /// Another `…_config.json`: what it asks for.
    Part {
        /// Code that a loader runs when it is told to trust it.
        custom_code: Vec<CustomCode>,
    },
    /// `adapter_config.json`.
    Adapter(AdapterConfig),
    /// `generation_config.json`.
    Generation,
    /// `tokenizer_config.json`.
    Tokenizer(TokenizerConfig),
    /// `README.md`.
    Card(Box<Card>),
    /// Another file: what it is by content, and why a loader could read it.
    Other {
        /// By content.
        format: Format,
        /// By content and name.
        loadable: Option<Loadable>,
    },
    /// The file breaks the format it has or should have.
    Broken(Problem),
}

/// Reads what is needed to know what the file `name` is: its start, and a header or a small file as a whole.
///
/// # Errors
/// What reading raises. A broken file is [`Facts::Broken`].
pub fn examine(name: &ArtifactPath, source: &mut (impl Read + Seek)) -> std::io::Result<Facts> {
    let head = Prefix::read(source, detect::HEAD_BYTES as u64)?;
    let format = Format::of(&head.bytes);
    let facts = match (format, kind_by_name(name)) {
        (Format::Gguf, _) => gguf::Header::read(source).map(Facts::Gguf),
        (Format::Safetensors, _) => safetensors::Header::read(source).map(Facts::Safetensors),
        // A file that claims to be safetensors by name and is something else by content is judged by content;
        // one that is nothing known is a broken safetensors file.
        (Format::Unknown | Format::Empty, _) if name.as_str().ends_with(".safetensors") => {
            safetensors::Header::read(source).map(Facts::Safetensors)
        }
        (_, Some(kind)) => small_file(kind, source),
        (format, None) => Ok(Facts::Other {
            format,
            loadable: loadable(name, &head.bytes),
        }),
    };
    match facts {
        Ok(facts) => Ok(facts),
        Err(Error::Refused(problem)) => Ok(Facts::Broken(problem)),
        Err(Error::Io(error)) => Err(error),
    }
}

/// Small files that are known by name, in any folder of the model.
#[derive(Clone, Copy)]
enum Small {
    Index,
    Config,
    Part,
    Adapter,
    Generation,
    Tokenizer,
    Card,
}

/// Whether a file lists which other file holds which weight, by its name. Indexes of all frameworks are written alike.
#[must_use]
pub fn is_index(base: &str) -> bool {
    const OF: [&str; 4] = [".safetensors", ".bin", ".h5", ".msgpack"];
    // `model.safetensors.index.fp16.json`, too.
    let is_of = |(of, rest): (&str, &str)| {
        OF.iter().any(|end| of.ends_with(end)) && (rest == "json" || rest.ends_with(".json"))
    };
    base.rsplit_once(".index.").is_some_and(is_of)
}

fn kind_by_name(name: &ArtifactPath) -> Option<Small> {
    Some(match name.base_name() {
        "config.json" => Small::Config,
        "adapter_config.json" => Small::Adapter,
        "generation_config.json" => Small::Generation,
        "tokenizer_config.json" => Small::Tokenizer,
        // Only the card of the model itself speaks for the model.
        "README.md" if name.as_str() == "README.md" => Small::Card,
        base if is_index(base) => Small::Index,
        "modules.json" | "config_sentence_transformers.json" => Small::Part,
        // Processors, schedulers and others: each may ask for custom code as `config.json` may.
        base if base.ends_with("_config.json") => Small::Part,
        _ => return None,
    })
}

fn small_file(kind: Small, source: &mut (impl Read + Seek)) -> Result<Facts, Error> {
    let limit = match kind {
        Small::Index => index::MAX_BYTES,
        Small::Card => card::MAX_BYTES as u64,
        _ => json::Limits::default().bytes,
    };
    // One byte more, so that a file over the limit is seen to be so. A card may be longer than is read.
    let text = Prefix::read(source, limit.saturating_add(1))?.bytes;
    Ok(match kind {
        Small::Index => Facts::Index(Index::parse(&text)?),
        Small::Config => Facts::Config(ModelConfig::parse(&text)?),
        Small::Part => Facts::Part {
            custom_code: requested_code(&text)?,
        },
        Small::Adapter => Facts::Adapter(AdapterConfig::parse(&text)?),
        Small::Generation => json::parse(&text).map(|_| Facts::Generation)?,
        Small::Tokenizer => Facts::Tokenizer(TokenizerConfig::parse(&text)?),
        Small::Card => Facts::Card(Box::new(Card::read(&text))),
    })
}

/// What the model made of all the files is.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct ModelSummary {
    /// Files by what they are. Inferred.
    pub formats: BTreeMap<Format, u64>,
    /// Tensors in safetensors and GGUF files. Inferred.
    pub tensors: u64,
    /// Elements of those tensors; `None` when a header is broken or the sum overflows. Inferred.
    pub parameters: Option<u64>,
    /// Elements by type. Inferred.
    pub dtypes: BTreeMap<Dtype, u64>,
    /// Architectures. Declared by `config.json` or GGUF metadata.
    pub architectures: BTreeSet<String>,
    /// Quantisation methods. Declared by `config.json`, or inferred from the types of GGUF tensors.
    pub quantization: BTreeSet<String>,
    /// Licences. Declared by the model card or GGUF metadata.
    pub licenses: BTreeSet<String>,
    /// Models that this one is made from. Declared by the card or the adapter.
    pub base_models: BTreeSet<String>,
    /// The task. Declared by the card.
    pub task: Option<String>,
    /// Whether loading it can run code.
    pub code: CodeOnLoad,
    /// Files that break their format, and how.
    #[serde(skip)]
    pub problems: Vec<(ArtifactPath, Problem)>,
    /// Files that an index names and that are not there.
    pub missing: BTreeSet<ArtifactPath>,
}

/// Whether loading the model can run code that came with it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "standing", content = "because", rename_all = "kebab-case")]
pub enum CodeOnLoad {
    /// At least one file can.
    Possible(BTreeSet<CodeReason>),
    /// Some files were not understood, so nothing can be said.
    Unknown(BTreeSet<ArtifactPath>),
    /// Every file was understood as data without code. This is what was inferred from formats, not a scan.
    NoneFound,
}

impl Default for CodeOnLoad {
    fn default() -> Self {
        Self::Unknown(BTreeSet::new())
    }
}

/// One way in which loading can run code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CodeReason {
    /// The file.
    pub file: ArtifactPath,
    /// How.
    pub how: CodePath,
}

/// How code gets to run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CodePath {
    /// A pickle, or an archive or stream in which loaders look for one.
    Pickle,
    /// Source code, byte code, a library or a program.
    File,
    /// The configuration asks for code of the model, or of another repository.
    CustomCode,
    /// A chat template: a program in a template language, run in a sandbox that has had holes.
    Template,
}

/// Files that tokenizers and trainers read as plain data.
fn is_inert(base_name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "tokenizer.json",
        "tokenizer.model",
        "spiece.model",
        "sentencepiece.bpe.model",
        "vocab.json",
        "added_tokens.json",
        "special_tokens_map.json",
        "merges.txt",
        "trainer_state.json",
    ];
    NAMES.contains(&base_name)
}

/// Summarises the facts of all files of a model.
#[must_use]
pub fn summarise(files: &[(ArtifactPath, Facts)]) -> ModelSummary {
    let mut summary = Summary::default();
    for (name, facts) in files {
        summary.add(name, facts);
    }
    let present: BTreeSet<&ArtifactPath> = files.iter().map(|(name, _)| name).collect();
    summary.finish(&present)
}

#[derive(Default)]
struct Summary {
    out: ModelSummary,
    elements: Overflowing,
    reasons: BTreeSet<CodeReason>,
    opaque: BTreeSet<ArtifactPath>,
    named: BTreeSet<ArtifactPath>,
}

/// A sum that remembers that it cannot be told.
struct Overflowing(Option<u64>);

impl Default for Overflowing {
    fn default() -> Self {
        Self(Some(0))
    }
}

impl Overflowing {
    fn add(&mut self, value: Option<u64>) {
        self.0 = self.0.zip(value).and_then(|(sum, value)| sum.checked_add(value));
    }
}

impl Summary {
    fn add(&mut self, name: &ArtifactPath, facts: &Facts) {
        match facts {
            Facts::Safetensors(header) => {
                self.count(Format::Safetensors);
                self.tensors(name, header.layout(), header.problems());
            }
            Facts::Gguf(header) => self.gguf(name, header),
            Facts::Index(index) => {
                self.count(Format::Json);
                // Names in an index are relative to its own folder.
                let folder = name.as_str().rsplit_once('/').map(|(folder, _)| folder);
                self.named
                    .extend(index.files().into_iter().filter_map(|file| match folder {
                        Some(folder) => {
                            ArtifactPath::parse(format!("{folder}/{file}", file = file.as_str())).ok()
                        }
                        None => Some(file.clone()),
                    }));
            }
            Facts::Config(config) => self.config(name, config),
            Facts::Adapter(adapter) => {
                self.count(Format::Json);
                self.out.base_models.extend(adapter.base_model.clone());
                self.code(name, CodePath::CustomCode, !adapter.custom_code.is_empty());
            }
            Facts::Tokenizer(tokenizer) => {
                self.count(Format::Json);
                self.code(name, CodePath::Template, tokenizer.has_chat_template);
                self.code(name, CodePath::CustomCode, !tokenizer.custom_code.is_empty());
            }
            Facts::Part { custom_code } => {
                self.count(Format::Json);
                self.code(name, CodePath::CustomCode, !custom_code.is_empty());
            }
            Facts::Generation => self.count(Format::Json),
            Facts::Card(card) => self.card(name, card),
            Facts::Other { format, loadable } => self.other(name, *format, *loadable),
            Facts::Broken(problem) => {
                self.elements.add(None);
                self.opaque.insert(name.clone());
                self.out.problems.push((name.clone(), problem.clone()));
            }
        }
    }

    fn gguf(&mut self, name: &ArtifactPath, header: &gguf::Header) {
        self.count(Format::Gguf);
        self.tensors(name, header.layout(), header.problems());
        self.out
            .architectures
            .extend(header.text("general.architecture").map(str::to_owned));
        self.out
            .licenses
            .extend(header.text("general.license").map(str::to_owned));
        self.code(name, CodePath::Template, header.chat_templates().next().is_some());
        for tensor in header.layout().tensors() {
            if let Some(Dtype::Quantized(quantization)) = tensor.dtype {
                self.out.quantization.insert(quantization.name().to_owned());
            }
        }
    }

    fn config(&mut self, name: &ArtifactPath, config: &ModelConfig) {
        self.count(Format::Json);
        self.out
            .architectures
            .extend(config.architectures.iter().cloned());
        self.out.quantization.extend(config.quantization.clone());
        self.code(name, CodePath::CustomCode, !config.custom_code.is_empty());
    }

    fn card(&mut self, name: &ArtifactPath, card: &Card) {
        self.count(Format::Text);
        // `other` says nothing; its name says what is meant.
        let is_other = |license: &&Stated| license.text == "other";
        let named = card
            .license_name
            .iter()
            .filter(|_| card.license.iter().any(|it| is_other(&it)));
        let licenses = card.license.iter().filter(|it| !is_other(it)).chain(named);
        let text = |stated: &Stated| stated.text.clone();
        self.out.licenses.extend(licenses.map(text));
        self.out.base_models.extend(card.base_model.iter().map(text));
        self.out.task = card.pipeline_tag.as_ref().map(text);
        // A card that cannot be read takes nothing away from what the weights say.
        self.out
            .problems
            .extend(card.fault.iter().map(|fault| (name.clone(), fault.clone())));
    }

    fn other(&mut self, name: &ArtifactPath, format: Format, loadable: Option<Loadable>) {
        self.count(format);
        match (format, loadable) {
            (Format::Pickle | Format::Zip | Format::Tar, _) => self.code(name, CodePath::Pickle, true),
            _ if format.is_compressed() || format == Format::SevenZip => {
                self.code(name, CodePath::Pickle, true)
            }
            (_, Some(Loadable::Code | Loadable::Executable)) => self.code(name, CodePath::File, true),
            (_, Some(Loadable::Template)) => self.code(name, CodePath::Template, true),
            _ if name.base_name().contains("chat_template") => self.code(name, CodePath::Template, true),
            (_, None | Some(Loadable::Index)) => {}
            _ if is_inert(name.base_name()) => {}
            (Format::Text, Some(Loadable::Tokenizer)) => {}
            // Formats that can carry code in places only a scan finds (Keras layers, Hydra targets, object
            // arrays), and what nobody knows.
            _ => drop(self.opaque.insert(name.clone())),
        }
    }

    fn tensors(&mut self, name: &ArtifactPath, layout: &Layout, problems: &[Problem]) {
        self.out.tensors = self.out.tensors.saturating_add(layout.tensors().len() as u64);
        for tensor in layout.tensors() {
            let elements = tensor.elements();
            self.elements.add(elements);
            if let (Some(dtype), Some(elements)) = (tensor.dtype, elements) {
                let sum = self.out.dtypes.entry(dtype).or_default();
                *sum = sum.saturating_add(elements);
            }
        }
        if !problems.is_empty() {
            self.elements.add(None);
            self.opaque.insert(name.clone());
            self.out
                .problems
                .extend(problems.iter().map(|problem| (name.clone(), problem.clone())));
        }
    }

    fn count(&mut self, format: Format) {
        let files = self.out.formats.entry(format).or_default();
        *files = files.saturating_add(1);
    }

    fn code(&mut self, file: &ArtifactPath, how: CodePath, applies: bool) {
        if applies {
            self.reasons.insert(CodeReason {
                file: file.clone(),
                how,
            });
        }
    }

    fn finish(mut self, present: &BTreeSet<&ArtifactPath>) -> ModelSummary {
        self.out.missing = self
            .named
            .into_iter()
            .filter(|name| !present.contains(name))
            .collect();
        self.opaque.extend(self.out.missing.iter().cloned());
        self.out.parameters = self.elements.0.filter(|_| self.out.missing.is_empty());
        self.out.code = if !self.reasons.is_empty() {
            CodeOnLoad::Possible(self.reasons)
        } else if !self.opaque.is_empty() || present.is_empty() {
            CodeOnLoad::Unknown(self.opaque)
        } else {
            CodeOnLoad::NoneFound
        };
        self.out
    }
}
