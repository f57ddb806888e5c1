//! GGUF: metadata, tensors. <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>
//!
//! Everything under `general.` is its maker's word. `general.name` is often the name of the parent, and `general.repo_url`
//! the address of the model itself. That numbers are packed is counted from the tensors.

use weightlock_artifact::digest::Algorithm;
use weightlock_format::{
    Dtype, Error,
    content::Content,
    gguf::{Array, Header, Kind as GgufKind, Metadata},
};

use super::{
    Extractor, File,
    draft::Draft,
    files,
    hub::Named,
    notes::{By, Name, NameFrom, Parent, Weights},
    page::{Page, decimal},
    safetensors, things,
};
use crate::graph::{Claim, Derivation, Kind, Property, Source, Value, Verb};

/// See the module.
pub(super) struct Gguf;

impl Extractor for Gguf {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.as_str().ends_with(".gguf") && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let header = Header::read(&mut content.cursor())?;
        let Some(owner) = draft.owner(&file.path) else {
            return Ok(());
        };
        let itself = Page {
            file,
            of: files::reference(file),
            kind: Kind::File,
        };
        let kind = header.text("general.type").unwrap_or("model");
        let is_model = matches!(kind, "model" | "adapter");
        let page = Page::of(file, draft).filter(|_| is_model);
        let form = if draft.places().is_mixed(&file.path) {
            Some(itself.clone())
        } else {
            page.clone()
        };
        let told = Told {
            form: form.unwrap_or_else(|| itself.clone()),
            page: page.clone().unwrap_or(itself),
            header: &header,
            content,
        };
        told.settings(draft);
        // What a file says that only lies there, or that sees for a model or holds its tokens, is about itself.
        if page.is_some() {
            told.identity(draft);
            told.licence(draft);
            told.parents(draft);
            told.datasets(draft);
            told.calibration(draft);
            told.adapter(draft);
            told.templates(draft);
            told.lists(draft)?;
        }
        told.architecture(draft);
        told.quantization(draft, page.is_some());
        draft.notes.weights.push(Weights {
            of: owner,
            is_counted: page.is_some(),
            path: file.path.clone(),
            is_gguf: true,
            is_whole: header.is_whole(),
            tensors: header
                .layout()
                .tensors()
                .iter()
                .map(safetensors::tensor)
                .collect(),
        });
        header.sound().map_err(|problem| problem.clone())?;
        Ok(())
    }
}

/// A header and whom it speaks for.
struct Told<'a> {
    page: Page<'a>,
    /// Whom its form is a fact of: the model, or the file where other forms of the model lie beside it.
    form: Page<'a>,
    header: &'a Header,
    content: &'a Content,
}

/// Texts that are facts as they stand.
const TEXTS: [(&str, Property); 9] = [
    ("general.version", Property::Version),
    ("general.organization", Property::Supplier),
    ("general.author", Property::Author),
    ("general.description", Property::Description),
    ("general.quantized_by", Property::QuantizedBy),
    ("general.license.link", Property::LicenseLink),
    ("general.url", Property::Homepage),
    ("general.doi", Property::Paper),
    ("general.repo_url", Property::Location),
];

impl Told<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.header.text(key).filter(|it| !it.trim().is_empty())
    }

    /// A key, with the place of its text.
    fn source(&self, key: &str) -> Source {
        let source = self.page.source(key);
        match self.header.texts().iter().find(|(name, _)| name == key) {
            Some((_, range)) => source.at(range.start),
            None => source,
        }
    }

    fn claim(&self, key: &str, text: &str) -> Claim {
        Claim::declared(Value::text(text), self.source(key))
    }

    fn number(&self, key: &str) -> Option<u64> {
        match self.header.metadata().get(key)? {
            Metadata::Integer(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    fn declare(&self, draft: &mut Draft, property: Property, value: Value, key: &str) {
        let claim = Claim::declared(value, self.source(key));
        draft.state(&self.page.of, self.page.kind, property, claim);
    }

    fn identity(&self, draft: &mut Draft) {
        for (key, property) in TEXTS {
            if let Some(text) = self.text(key) {
                self.declare(draft, property, Value::text(text), key);
            }
        }
        let names = [
            ("general.repo_url", NameFrom::Address),
            match self.text("general.name") {
                Some(_) => ("general.name", NameFrom::Title),
                None => ("general.basename", NameFrom::Title),
            },
        ];
        for (key, from) in names {
            let read = if from == NameFrom::Title {
                Named::title
            } else {
                Named::read
            };
            if let Some(name) = self.text(key).and_then(read) {
                draft.notes.names.push(Name {
                    of: self.page.of.clone(),
                    name,
                    from,
                    source: self.source(key),
                });
            }
        }
        if let Some(label) = self.text("general.size_label") {
            let claim = self.claim("general.size_label", label);
            draft.notes.sizes.push((self.page.of.clone(), claim));
        }
    }

    fn licence(&self, draft: &mut Draft) {
        let name = self.text("general.license.name");
        if let Some(licence) = self.text("general.license") {
            self.page
                .licence(draft, licence, name, &self.source("general.license"));
        } else if let Some(name) = name {
            self.page
                .licence(draft, name, None, &self.source("general.license.name"));
        }
    }

    fn parents(&self, draft: &mut Draft) {
        let count = self.number("general.base_model.count").unwrap_or(0).min(64);
        for index in 0..count {
            let key = |field: &str| format!("general.base_model.{index}.{field}");
            self.parent(draft, By::Gguf, &key);
        }
        let source = |field: &str| format!("general.source.{field}");
        self.parent(draft, By::GgufSource, &source);
    }

    /// A parent under keys that begin alike.
    fn parent(&self, draft: &mut Draft, by: By, key: &dyn Fn(&str) -> String) {
        let addresses = ["repo_url", "huggingface.repository", "url"];
        let by_address = addresses
            .iter()
            .find_map(|it| Some((key(it), Named::read(self.text(&key(it))?)?)));
        // A name for people, of which no place at a registry follows.
        let by_name = || {
            let name = Named::title(self.text(&key("name"))?)?;
            let name = match name.parts() {
                Some((_, text)) => Named::elsewhere("", text),
                None => name,
            };
            Some((key("name"), name))
        };
        let Some((at, named)) = by_address.or_else(by_name) else {
            return;
        };
        let mut parent = Parent::new(self.page.of.clone(), named, by, self.source(&at));
        let claim = |field: &str| Some(self.claim(&key(field), self.text(&key(field))?));
        parent.version = claim("version");
        parent.supplier = claim("organization");
        if self.text("general.type") == Some("adapter") {
            parent.derivation = Some((Derivation::Adapter.word().to_owned(), self.source("general.type")));
        }
        parent.location =
            claim("repo_url").filter(|it| it.value.as_text().is_some_and(|it| it.contains("://")));
        draft.notes.parents.push(parent);
    }

    fn datasets(&self, draft: &mut Draft) {
        let count = self.number("general.dataset.count").unwrap_or(0).min(1000);
        for index in 0..count {
            let key = |field: &str| format!("general.dataset.{index}.{field}");
            let (name, address) = (self.text(&key("name")), self.text(&key("repo_url")));
            let at = if address.is_some() {
                key("repo_url")
            } else {
                key("name")
            };
            let Some(text) = address.or(name) else {
                continue;
            };
            let source = self.source(&at);
            // A name for people says nothing of a registry.
            let named = match address {
                Some(address) => Named::read(address),
                None => Named::title(text).map(|it| match it.parts() {
                    Some((_, name)) => Named::elsewhere("", name),
                    None => it,
                }),
            };
            let Some(own) = named.and_then(|it| things::known_dataset(draft, &it, &source)) else {
                self.page.private(draft, text, &source);
                continue;
            };
            let facts = [
                ("organization", Property::Supplier),
                ("name", Property::Title),
                ("version", Property::Version),
                ("repo_url", Property::Location),
            ];
            for (field, property) in facts {
                if let Some(text) = self.text(&key(field)) {
                    draft.state(&own, Kind::Dataset, property, self.claim(&key(field), text));
                }
            }
            draft.relate(&self.page.of, Verb::TrainedOn, &own, &source);
        }
    }

    /// The data that the importance of weights was measured with: mostly a file on the quantiser's machine, of whose path only
    /// the last part is told.
    fn calibration(&self, draft: &mut Draft) {
        let key = "quantize.imatrix.dataset";
        let Some(text) = self.text(key) else {
            return;
        };
        let source = self.source(key);
        let named = match Named::read(text) {
            Some(Named::Local(path)) => {
                self.page.private(draft, text, &source);
                let last = path.rsplit(['/', '\\']).next().filter(|it| !it.is_empty());
                last.map(|it| Named::elsewhere("", it))
            }
            other => other,
        };
        if let Some(own) = named.and_then(|it| things::known_dataset(draft, &it, &source)) {
            things::calibrates(draft, &self.page, &own, &source);
        }
    }

    /// What an adapter says of itself.
    fn adapter(&self, draft: &mut Draft) {
        if let Some(kind) = self.text("adapter.type") {
            let value = Value::text(kind.to_ascii_uppercase());
            self.declare(draft, Property::AdapterType, value, "adapter.type");
        }
        let key = "adapter.lora.alpha";
        if let Some(Metadata::Float(alpha)) = self.header.metadata().get(key) {
            self.declare(
                draft,
                Property::AdapterAlpha,
                Value::Decimal(decimal(*alpha)),
                key,
            );
        }
    }

    fn shape(&self, draft: &mut Draft, property: Property, value: Value, key: &str) {
        let claim = Claim::declared(value, self.source(key));
        draft.state(&self.form.of, self.form.kind, property, claim);
    }

    fn architecture(&self, draft: &mut Draft) {
        let Some(family) = self.text("general.architecture") else {
            return;
        };
        self.shape(
            draft,
            Property::ModelType,
            Value::text(family),
            "general.architecture",
        );
        let sizes = [
            ("context_length", Property::ContextLength),
            ("embedding_length", Property::HiddenSize),
            ("block_count", Property::Layers),
            ("vocab_size", Property::VocabularySize),
        ];
        for (field, property) in sizes {
            let key = format!("{family}.{field}");
            if let Some(number) = self.number(&key) {
                self.shape(draft, property, Value::Number(number), &key);
            }
        }
        if self.number(&format!("{family}.vocab_size")).is_none()
            && let Some(Metadata::Array(tokens)) = self.header.metadata().get("tokenizer.ggml.tokens")
        {
            let claim = Claim::verified(Value::Number(tokens.length), self.source("tokenizer.ggml.tokens"));
            draft.state(&self.form.of, self.form.kind, Property::VocabularySize, claim);
        }
    }

    /// The type of most numbers, and the number that stands for it.
    fn quantization(&self, draft: &mut Draft, is_told: bool) {
        let of = &self.form.of;
        let mut packed: Vec<&str> = Vec::new();
        for tensor in self.header.layout().tensors() {
            if let Some(Dtype::Quantized(kind)) = tensor.dtype {
                packed.push(kind.name());
            }
        }
        let file_type = self.number("general.file_type");
        if let Some(number) = file_type {
            self.shape(
                draft,
                Property::QuantizationFileType,
                Value::Number(number),
                "general.file_type",
            );
        }
        if packed.is_empty() {
            return;
        }
        let source = safetensors::counted(&self.page.file.path);
        if is_told {
            draft.notes.quantized.push((self.page.of.clone(), source.clone()));
        }
        let method = Claim::inferred(Value::text("gguf"), source.clone());
        draft.state(of, self.form.kind, Property::QuantizationMethod, method);
        let kind = match file_type.and_then(file_type_name) {
            Some(name) => Some(Claim::declared(
                Value::text(name),
                self.source("general.file_type"),
            )),
            None => most_frequent(&packed).map(|it| Claim::inferred(Value::text(it), source)),
        };
        if let Some(claim) = kind {
            if is_told && self.form.kind == Kind::Model {
                let step = self.page.step("quantize");
                draft.set(&step, Kind::Step, "type", claim.clone());
            }
            draft.state(of, self.form.kind, Property::QuantizationType, claim);
        }
        if let Some(version) = self.number("general.quantization_version") {
            let value = Value::Number(version);
            self.shape(
                draft,
                Property::QuantizationVersion,
                value,
                "general.quantization_version",
            );
        }
    }

    /// Chat templates by their digest.
    fn templates(&self, draft: &mut Draft) {
        for (key, template) in self.header.chat_templates() {
            let digest = Algorithm::Sha256.digest(template.as_bytes());
            let claim = Claim::verified(Value::Digest(digest), self.source(key));
            draft.state(&self.page.of, self.page.kind, Property::ChatTemplate, claim);
        }
    }

    /// Every key with a plain value, as a setting of the file.
    fn settings(&self, draft: &mut Draft) {
        let own = files::reference(self.page.file);
        for (key, value) in self.header.metadata() {
            let claim = |value| Claim::declared(value, self.source(key));
            let value = match value {
                Metadata::Integer(number) => Value::Decimal(number.to_string()),
                Metadata::Float(number) => Value::Decimal(decimal(*number)),
                Metadata::Bool(flag) => Value::Flag(*flag),
                Metadata::Text(text) if !key.starts_with("tokenizer.chat_template") => Value::text(text),
                _ => continue,
            };
            draft.set(&own, Kind::File, key, claim(value));
        }
    }

    fn lists(&self, draft: &mut Draft) -> Result<(), Error> {
        let lists = [
            ("general.tags", Property::Tag),
            ("general.languages", Property::Language),
        ];
        for (key, property) in lists {
            if let Some(Metadata::Array(array)) = self.header.metadata().get(key) {
                for (index, text) in self.texts(array)?.into_iter().enumerate() {
                    let source = self.page.source(format!("{key}[{index}]")).at(array.bytes.start);
                    let claim = Claim::declared(Value::text(text), source);
                    draft.state(&self.page.of, self.page.kind, property, claim);
                }
            }
        }
        if let Some(Metadata::Array(array)) = self.header.metadata().get("general.datasets") {
            for text in self.texts(array)? {
                let source = self.page.source("general.datasets").at(array.bytes.start);
                if let Some(own) = things::dataset(draft, &text, &source) {
                    draft.relate(&self.page.of, Verb::TrainedOn, &own, &source);
                }
            }
        }
        Ok(())
    }

    /// The texts of a short list: each a length and its bytes.
    fn texts(&self, array: &Array) -> Result<Vec<String>, Error> {
        const MOST_BYTES: u64 = 64 << 10;
        let length = array.bytes.end.saturating_sub(array.bytes.start);
        if array.kind != GgufKind::String || length > MOST_BYTES {
            return Ok(Vec::new());
        }
        let bytes = self
            .content
            .read(array.bytes.start, usize::try_from(length).unwrap_or_default())?;
        let is_narrow = self.header.version() == 1;
        let is_big = self.header.endian() == weightlock_format::reader::Endian::Big;
        Ok(split_texts(&bytes, is_narrow, is_big))
    }
}

fn split_texts(mut bytes: &[u8], is_narrow: bool, is_big: bool) -> Vec<String> {
    let width = if is_narrow { 4 } else { 8 };
    let mut texts = Vec::new();
    while let Some((length, rest)) = bytes.split_at_checked(width) {
        let mut wide = [0; 8];
        let digits: Box<dyn Iterator<Item = &u8>> = if is_big {
            Box::new(length.iter().rev())
        } else {
            Box::new(length.iter())
        };
        wide.iter_mut().zip(digits).for_each(|(to, from)| *to = *from);
        let length = usize::try_from(u64::from_le_bytes(wide)).unwrap_or(usize::MAX);
        let Some((text, rest)) = rest.split_at_checked(length) else {
            break;
        };
        texts.push(String::from_utf8_lossy(text).into_owned());
        bytes = rest;
    }
    texts
}

fn most_frequent<'n>(names: &[&'n str]) -> Option<&'n str> {
    let count = |name: &str| names.iter().filter(|it| **it == name).count();
    let mut unique: Vec<&str> = names.to_vec();
    unique.sort_unstable();
    unique.dedup();
    unique.into_iter().max_by_key(|it| count(it))
}

/// The names of llama.cpp for `general.file_type`.
const fn file_type_name(number: u64) -> Option<&'static str> {
    Some(match number {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        7 => "Q8_0",
        8 => "Q5_0",
        9 => "Q5_1",
        10 => "Q2_K",
        11 => "Q3_K_S",
        12 => "Q3_K_M",
        13 => "Q3_K_L",
        14 => "Q4_K_S",
        15 => "Q4_K_M",
        16 => "Q5_K_S",
        17 => "Q5_K_M",
        18 => "Q6_K",
        19 => "IQ2_XXS",
        20 => "IQ2_XS",
        21 => "Q2_K_S",
        22 => "IQ3_XS",
        23 => "IQ3_XXS",
        24 => "IQ1_S",
        25 => "IQ4_NL",
        26 => "IQ3_S",
        27 => "IQ3_M",
        28 => "IQ2_S",
        29 => "IQ2_M",
        30 => "IQ4_XS",
        31 => "IQ1_M",
        32 => "BF16",
        36 => "TQ1_0",
        37 => "TQ2_0",
        38 => "MXFP4_MOE",
        _ => return None,
    })
}
