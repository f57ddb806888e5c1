//! [`Field`]: everything a structured card can say. One list, from which reading, the published schema, new cards, checks and
//! the page about cards are made.

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Whether a card must say it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Without it the check says no.
    Required,
    /// Without it the check tells so.
    Recommended,
    /// It is checked where it is there.
    Optional,
}

/// How a value looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// A text, a number, a date: one scalar.
    Text,
    /// A text or a list of texts.
    Texts,
    /// `sha256:` and 64 hexadecimal digits; sha384 and sha512 likewise.
    Digest,
    /// 7 to 64 hexadecimal digits.
    Commit,
    /// A date or a time, as RFC 3339 has them.
    Time,
    /// Names with their values.
    Settings,
    /// Names of files with their digests.
    Digests,
}

macro_rules! fields {
    ($($variant:ident $path:literal $shape:ident $need:ident $meaning:literal;)+) => {
        /// Something a structured card can say.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Field {
            $(#[doc = concat!($meaning, ".")] $variant,)+
        }

        impl Field {
            /// Every field, in the order of the card.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The keys that lead to it, joined by dots.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { $(Self::$variant => $path,)+ }
            }

            /// How its value looks.
            #[must_use]
            pub const fn shape(self) -> Shape {
                match self { $(Self::$variant => Shape::$shape,)+ }
            }

            /// Whether a card must say it.
            #[must_use]
            pub const fn need(self) -> Need {
                match self { $(Self::$variant => Need::$need,)+ }
            }

            /// What it means, as a sentence without a final period.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

fields! {
    Name "model_details.name" Text Required "What the model is called";
    Version "model_details.version" Text Required "Its version, as its maker counts";
    Type "model_details.type" Text Required "What kind of model it is, or its task";
    Framework "model_details.framework" Text Required "What it is made with and loaded by";
    License "model_details.license" Texts Required "Its licence: an SPDX expression, or a name";
    BaseModel "model_details.base_model" Texts Optional "What it was made from";
    Parameters "model_details.parameters" Text Optional "How many trained numbers it has, such as 7B";
    Weights "model_details.weights" Digests Optional "The digests of its files";
    IntendedUse "intended_use" Texts Required "What it is meant for, and by whom";
    DataSource "provenance.training_data.source" Texts Required "What it was trained on";
    DataHash "provenance.training_data.hash" Digest Recommended "The digest of the training data, or of their manifest";
    DataCard "provenance.training_data.data_card_ref" Text Recommended "Where the training data are described";
    ConfigSource "provenance.training_config.source" Text Recommended "Where the settings of the training are";
    Hyperparameters "provenance.training_config.hyperparameters" Settings Recommended "The settings of the training";
    Builder "provenance.build_environment.builder" Text Recommended "What ran the training";
    Runner "provenance.build_environment.runner" Text Recommended "On what machine it ran";
    Python "provenance.build_environment.python" Text Recommended "The version of Python";
    Torch "provenance.build_environment.torch" Text Recommended "The version of PyTorch";
    Cuda "provenance.build_environment.cuda" Text Recommended "The version of CUDA";
    BuildId "provenance.build_id" Text Recommended "The run that made it";
    CommitSha "provenance.commit_sha" Commit Recommended "The commit of the code that made it";
    BuildTimestamp "provenance.build_timestamp" Time Recommended "When it was made";
    SignedBy "provenance.signed_by" Text Recommended "Who signs it";
    Performance "performance" Settings Required "What was measured, by the names of the metrics";
    EvaluationDataset "performance.evaluation_dataset" Texts Required "What it was measured on";
    EvaluationHash "performance.evaluation_hash" Digest Recommended "The digest of what it was measured on";
    VulnerabilityScan "security.vulnerability_scan" Text Recommended "When and how it was scanned, or where the report is";
    SbomRef "security.sbom_ref" Text Recommended "Where its bill of materials is";
    LastReview "security.last_security_review" Text Recommended "When somebody last looked at its security";
    KnownLimitations "known_limitations" Texts Required "What it cannot do well";
}

impl Field {
    /// The keys that lead to it.
    pub fn keys(self) -> impl Iterator<Item = &'static str> {
        self.path().split('.')
    }

    /// The field at a path.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.path() == path)
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.path())
    }
}

impl Serialize for Field {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.path())
    }
}

/// The identifier of the form of a structured card.
pub const SCHEMA_ID: &str = "urn:weightlock:model-card:v1";

/// The JSON schema of a structured card. Keys that are not listed are allowed everywhere, and kept.
#[must_use]
pub fn schema() -> Schema {
    let mut root = object();
    for field in Field::ALL {
        place(&mut root, *field);
    }
    root.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    root.insert("$id".to_owned(), json!(SCHEMA_ID));
    root.insert("title".to_owned(), json!("ModelCard"));
    root.insert(
        "description".to_owned(),
        json!("A structured model card, as YAML in model-card.yaml. `unknown` stands for what nobody has said yet."),
    );
    root.into()
}

fn object() -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("type".to_owned(), json!("object"));
    object.insert("properties".to_owned(), json!({}));
    object
}

/// Puts a field, and the mappings it lies in, into the schema of the root.
fn place(root: &mut Map<String, Value>, field: Field) {
    let keys: Vec<&str> = field.keys().collect();
    let mut at = root;
    for (depth, key) in keys.iter().enumerate() {
        let is_last = depth.saturating_add(1) == keys.len();
        // What is required below is required here: an absent mapping lacks it as well.
        if field.need() == Need::Required {
            let required = at.entry("required").or_insert_with(|| json!([]));
            if let Some(list) = required.as_array_mut().filter(|list| !list.contains(&json!(key))) {
                list.push(json!(key));
            }
        }
        let properties = at.entry("properties").or_insert_with(|| json!({}));
        let Some(properties) = properties.as_object_mut() else {
            return;
        };
        let below = properties
            .entry((*key).to_owned())
            .or_insert_with(|| Value::Object(object()));
        if is_last {
            if let Some(below) = below.as_object_mut() {
                for (name, value) in shape(field.shape()) {
                    below.insert(name, value);
                }
                if !matches!(field.shape(), Shape::Settings | Shape::Digests) {
                    below.remove("properties");
                }
                below.insert("description".to_owned(), json!(format!("{}.", field.meaning())));
            }
            return;
        }
        match below.as_object_mut() {
            Some(next) => at = next,
            None => return,
        }
    }
}

fn shape(shape: Shape) -> Map<String, Value> {
    let schema = match shape {
        Shape::Text => json!({"type": ["string", "number", "boolean"]}),
        Shape::Texts => json!({"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1}),
        Shape::Digest => json!({"type": "string", "pattern": DIGEST}),
        Shape::Commit => json!({"type": "string", "pattern": COMMIT}),
        Shape::Time => json!({"type": "string", "pattern": TIME}),
        Shape::Settings => json!({"type": "object"}),
        Shape::Digests => {
            json!({"type": "object", "additionalProperties": {"type": "string", "pattern": DIGEST}})
        }
    };
    schema.as_object().cloned().unwrap_or_default()
}

const DIGEST: &str = "^(unknown|sha256:[0-9a-fA-F]{64}|sha384:[0-9a-fA-F]{96}|sha512:[0-9a-fA-F]{128})$";
const COMMIT: &str = "^(unknown|[0-9a-fA-F]{7,64})$";
const TIME: &str = "^(unknown|[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?)$";

/// Why a text has not the shape of its field; `None` when it has.
#[must_use]
pub(super) fn misfit(shape: Shape, text: &str) -> Option<&'static str> {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match shape {
        Shape::Digest | Shape::Digests => {
            let fits = text.split_once(':').is_some_and(|(algorithm, hex)| {
                let digits = match algorithm {
                    "sha256" => 64,
                    "sha384" => 96,
                    "sha512" => 128,
                    _ => return false,
                };
                hex.len() == digits && is_hex(hex)
            });
            (!fits).then_some("it is no digest: write sha256:, and 64 hexadecimal digits")
        }
        Shape::Commit => {
            let fits = (7..=64).contains(&text.len()) && is_hex(text);
            (!fits).then_some("it is no commit: write 7 to 64 hexadecimal digits")
        }
        Shape::Time => {
            let date = text.as_bytes().get(..10).unwrap_or_default();
            let fits = date.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
            let rest = text.get(10..).unwrap_or("x");
            let fits = fits && date.len() == 10 && (rest.is_empty() || rest.starts_with(['T', 't', ' ']));
            (!fits).then_some("it is no time: write 2026-01-31 or 2026-01-31T12:00:00Z")
        }
        Shape::Text | Shape::Texts | Shape::Settings => None,
    }
}
