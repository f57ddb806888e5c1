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
use crate::graph::{Claim, Kind, Property, Source, Value, Verb};

/// See the module.
pub(super) struct Gguf;

impl Extractor for Gguf {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.as_str().ends_with(".gguf") && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let header = Header::read(&mut content.cursor())?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        let told = Told {
            page,
            header: &header,
            content,
        };
        told.identity(draft);
        told.licence(draft);
        told.parents(draft);
        told.datasets(draft);
        told.architecture(draft);
        told.quantization(draft);
        told.templates(draft);
        told.lists(draft)?;
        draft.notes.weights.push(Weights {
            of: told.page.of.clone(),
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
            ("general.name", NameFrom::Title),
        ];
        for (key, from) in names {
            if let Some(name) = self.text(key).and_then(Named::read) {
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
        let by_name = || {
            let name = self.text(&key("name"))?;
            let owner = self.text(&key("organization"));
            let full = owner.map_or_else(|| name.to_owned(), |owner| format!("{owner}/{name}"));
            Some((key("name"), Named::read(&full.replace(' ', "-"))?))
        };
        let Some((at, named)) = by_address.or_else(by_name) else {
            return;
        };
        let mut parent = Parent::new(self.page.of.clone(), named, by, self.source(&at));
        let claim = |field: &str| Some(self.claim(&key(field), self.text(&key(field))?));
        parent.version = claim("version");
        parent.location =
            claim("repo_url").filter(|it| it.value.as_text().is_some_and(|it| it.contains("://")));
        draft.notes.parents.push(parent);
    }

    fn datasets(&self, draft: &mut Draft) {
        let count = self.number("general.dataset.count").unwrap_or(0).min(1000);
        for index in 0..count {
            let key = |field: &str| format!("general.dataset.{index}.{field}");
            let (name, address) = (self.text(&key("name")), self.text(&key("repo_url")));
            let owner = self.text(&key("organization"));
            let full = match (address, owner, name) {
                (Some(address), _, _) => address.to_owned(),
                (None, Some(owner), Some(name)) => format!("{owner}/{name}").replace(' ', "-"),
                (None, None, Some(name)) => name.replace(' ', "-"),
                (None, _, None) => continue,
            };
            let at = if address.is_some() {
                key("repo_url")
            } else {
                key("name")
            };
            let source = self.source(&at);
            let Some(own) = things::dataset(draft, &full, &source) else {
                self.page.private(draft, &full, &source);
                continue;
            };
            let facts = [
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

    fn architecture(&self, draft: &mut Draft) {
        let Some(family) = self.text("general.architecture") else {
            return;
        };
        self.declare(
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
                self.declare(draft, property, Value::Number(number), &key);
            }
        }
        if self.number(&format!("{family}.vocab_size")).is_none()
            && let Some(Metadata::Array(tokens)) = self.header.metadata().get("tokenizer.ggml.tokens")
        {
            let claim = Claim::verified(Value::Number(tokens.length), self.source("tokenizer.ggml.tokens"));
            draft.state(&self.page.of, self.page.kind, Property::VocabularySize, claim);
        }
    }

    /// The type of most numbers, and the number that stands for it.
    fn quantization(&self, draft: &mut Draft) {
        let of = &self.page.of;
        let mut packed: Vec<&str> = Vec::new();
        for tensor in self.header.layout().tensors() {
            if let Some(Dtype::Quantized(kind)) = tensor.dtype {
                packed.push(kind.name());
            }
        }
        let file_type = self.number("general.file_type");
        if let Some(number) = file_type {
            self.declare(
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
        draft.notes.quantized.push((of.clone(), source.clone()));
        let method = Claim::inferred(Value::text("gguf"), source.clone());
        draft.state(of, Kind::Model, Property::QuantizationMethod, method);
        let kind = match file_type.and_then(file_type_name) {
            Some(name) => Some(Claim::declared(
                Value::text(name),
                self.source("general.file_type"),
            )),
            None => most_frequent(&packed).map(|it| Claim::inferred(Value::text(it), source)),
        };
        if let Some(claim) = kind {
            let step = self.page.step("quantize");
            draft.set(&step, Kind::Step, "type", claim.clone());
            draft.state(of, Kind::Model, Property::QuantizationType, claim);
        }
        if let Some(version) = self.number("general.quantization_version") {
            let value = Value::Number(version);
            self.declare(
                draft,
                Property::QuantizationVersion,
                value,
                "general.quantization_version",
            );
        }
    }

    /// Chat templates by their digest, and who made the tokenizer.
    fn templates(&self, draft: &mut Draft) {
        for (key, template) in self.header.chat_templates() {
            let digest = Algorithm::Sha256.digest(template.as_bytes());
            let claim = Claim::verified(Value::Digest(digest), self.source(key));
            draft.state(&self.page.of, self.page.kind, Property::ChatTemplate, claim);
        }
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
