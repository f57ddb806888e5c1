//! Manifests and indexes of images: OCI image specification 1.1, Docker's schema 2, and the kinds of layers that models are kept in
//! (ModelPack, KitOps, Docker's model artifacts, ORAS, Ollama).
//!
//! ```text
//! index     { manifests: [ descriptor… ] }                      names manifests, or further indexes
//! manifest  { config: descriptor, layers: [ descriptor… ] }     names blobs
//! descriptor{ mediaType, digest: "sha256:<64 hex>", size, annotations }
//! ```
//!
//! Everything in them is the word of whoever wrote them; sizes and digests are compared with the blobs by whoever opens these. Refused:
//! more than [`MAX_BYTES`], more than [`MAX_DESCRIPTORS`], repeated keys, digests of other algorithms, sizes that are no number, and layers
//! whose names would leave the model or contradict each other ([`Manifest::files`]).
//!
//! Rejected: the types of the crate `oci-spec`. They take repeated keys and unbounded lists, and know nothing of models.

mod name;
mod ollama;

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    path::{ArtifactPath, PathError},
    reason::Code,
};

pub use self::ollama::check_config;
use crate::{Named, Problem, json, reason};

/// Bytes of a manifest or index. 4 MiB: what registries must take, and most of them take no more (distribution specification,
/// "pushing manifests").
pub const MAX_BYTES: usize = 4 << 20;
/// Descriptors of one document. The largest models have some hundred shards.
pub const MAX_DESCRIPTORS: usize = 10_000;
/// Bytes of a configuration. Those of models have kilobytes.
pub const MAX_CONFIG_BYTES: usize = 8 << 20;

/// Who says what a layer is called, the one that ModelPack's tools read first.
const NAMES: [&str; 3] = [
    "org.cncf.model.filepath",
    "org.cnai.model.filepath",
    "org.opencontainers.image.title",
];

/// Who says which licence an image has: an expression of SPDX.
const LICENSES: &str = "org.opencontainers.image.licenses";

/// A broken rule of an image's documents.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The document is neither a manifest nor an index.
    #[error("the document is neither a manifest nor an index of an image")]
    NotAnImage,
    /// A member is missing or of the wrong kind.
    #[error("the member {member} is missing or of the wrong kind")]
    Member {
        /// Which.
        member: &'static str,
    },
    /// A member whose name differs from a known one in capitals, which some readers take for that one.
    #[error("a member is called {0}, which some readers take for one in other capitals")]
    Capitals(Named),
    /// The configuration of a model of Ollama names a machine that runs it.
    #[error("the configuration says {0}: the model that answers is not these files, and runs elsewhere")]
    Elsewhere(Named),
    /// The configuration of a model of Ollama has a member that is not known.
    #[error("the configuration says {0}, which is not known, and no digest of the model covers it")]
    Setting(Named),
    /// A digest that is none, or of another algorithm than SHA-256.
    #[error("{0} is no SHA-256 digest of the form sha256:<64 small hexadecimal digits>")]
    Digest(Named),
    /// `oci-layout` states another version.
    #[error("the version of the layout is {0}, and 1.0.0 is known")]
    Version(Named),
    /// Two annotations call a layer differently.
    #[error("a layer is called {one} and {other}")]
    TwoNames {
        /// The one.
        one: Named,
        /// The other.
        other: Named,
    },
    /// A name is none below a model.
    #[error("a layer is called {name}: {why}")]
    Name {
        /// The name.
        name: Named,
        /// Why not.
        why: PathError,
    },
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::NotAnImage | Self::Member { .. } | Self::Capitals(_) => reason::MALFORMED,
            Self::Digest(_) | Self::Version(_) | Self::Elsewhere(_) | Self::Setting(_) => reason::UNSUPPORTED,
            Self::TwoNames { .. } | Self::Name { .. } => reason::IMAGE_NAME,
        }
    }
}

/// A name of bytes that lie elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// What the bytes are.
    pub media_type: String,
    /// SHA-256 of them.
    pub sha256: Digest,
    /// How many there are.
    pub size: u64,
    /// What kind of artifact a manifest is.
    pub artifact_type: Option<String>,
    /// What Ollama calls a tensor or a document.
    pub name: Option<String>,
    /// Notes.
    pub annotations: BTreeMap<String, String>,
    /// The bytes themselves, where they are given besides.
    pub data: Option<Vec<u8>>,
}

/// An index or a manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Document {
    /// A list of manifests.
    Index(Index),
    /// One image.
    Manifest(Box<Manifest>),
}

/// A list of manifests and further lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Index {
    /// In the order of the document.
    pub manifests: Vec<Descriptor>,
}

/// One image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// What kind of artifact it is, as it says or by its configuration.
    pub artifact_type: String,
    /// Its configuration.
    pub config: Descriptor,
    /// Its layers, in the order of the document.
    pub layers: Vec<Descriptor>,
    /// Notes.
    pub annotations: BTreeMap<String, String>,
    /// What it says about another manifest; then it is no model itself.
    pub subject: Option<Descriptor>,
}

impl Document {
    /// Reads an index or a manifest.
    ///
    /// # Errors
    /// The first broken rule, or a limit.
    pub fn parse(text: &[u8]) -> Result<Self, Problem> {
        let map = object(text)?;
        exact(&map)?;
        let list = |key: &str| map.get(key).is_some_and(Value::is_array);
        match (list("manifests"), list("layers")) {
            (true, false) => Ok(Self::Index(Index {
                manifests: descriptors(&map, "manifests")?,
            })),
            (false, true) => Manifest::of(&map).map(|manifest| Self::Manifest(Box::new(manifest))),
            // Both would be one image for some readers and another for others.
            _ => Err(fault(Fault::NotAnImage)),
        }
    }
}

impl Manifest {
    fn of(map: &Map<String, Value>) -> Result<Self, Problem> {
        let config = map.get("config").ok_or_else(|| missing("config"))?;
        let config = descriptor(config)?;
        let subject = match map.get("subject") {
            None | Some(Value::Null) => None,
            Some(subject) => Some(descriptor(subject)?),
        };
        Ok(Self {
            artifact_type: text(map, "artifactType")?.unwrap_or_else(|| config.media_type.clone()),
            config,
            layers: descriptors(map, "layers")?,
            annotations: annotations(map)?,
            subject,
        })
    }

    /// The layers with the names that their files have: by annotation, else by what kind of layer they are.
    ///
    /// # Errors
    /// Names that leave the model, and two for one layer. That two layers have one name shows when a view is made of them.
    pub fn files(&self) -> Result<Vec<(ArtifactPath, &Descriptor)>, Problem> {
        let mut given = name::Given::default();
        let named = self.layers.iter().map(|layer| {
            let name = match layer.title()? {
                Some(title) => title,
                None => given.name(&layer.media_type),
            };
            let name = name::with_ending(name, &layer.media_type);
            Ok((parsed(&name)?, layer))
        });
        named.collect()
    }

    /// The layers with the names that their files have in a store of Ollama, which knows them by kind and reads no annotation: a name
    /// is that of one kind only, so that whoever vouches for the names vouches for what each is taken for.
    ///
    /// # Errors
    /// Names of tensors and documents that leave the model.
    pub fn files_of_ollama(&self) -> Result<Vec<(ArtifactPath, &Descriptor)>, Problem> {
        let mut given = name::Given::default();
        let named = self.layers.iter().map(|layer| {
            let name = given.name_of_ollama(&layer.media_type, layer.name.as_deref());
            Ok((parsed(&name)?, layer))
        });
        named.collect()
    }
}

impl Manifest {
    /// Licences that its annotations and those of its layers state, each once.
    #[must_use]
    pub fn licenses(&self) -> Vec<String> {
        let layers = self.layers.iter().map(|layer| &layer.annotations);
        let all = std::iter::once(&self.annotations).chain(layers);
        let stated: BTreeSet<&String> = all.filter_map(|notes| notes.get(LICENSES)).collect();
        stated.into_iter().cloned().collect()
    }
}

fn parsed(name: &str) -> Result<ArtifactPath, Problem> {
    ArtifactPath::parse(name).map_err(|why| {
        fault(Fault::Name {
            name: Named::new(name),
            why,
        })
    })
}

impl Descriptor {
    /// What annotations call it. `./` before a name is left out.
    fn title(&self) -> Result<Option<String>, Problem> {
        let mut names = NAMES.iter().filter_map(|key| self.annotations.get(*key));
        let Some(first) = names.next() else {
            return Ok(None);
        };
        let plain = |name: &'_ str| name.strip_prefix("./").unwrap_or(name).to_owned();
        let first = plain(first);
        for other in names.map(|name| plain(name)) {
            // A title is often the last part of the path.
            let is_base = first.rsplit('/').next() == Some(other.as_str());
            if other != first && !is_base {
                return Err(fault(Fault::TwoNames {
                    one: Named::new(&first),
                    other: Named::new(&other),
                }));
            }
        }
        Ok(Some(first))
    }

    /// The tag that an index gives it.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        let name = self.annotations.get("org.opencontainers.image.ref.name")?;
        Some(name)
    }

    /// Whether an index or its kind says that it is a signature, an attestation or the like, and no image.
    #[must_use]
    pub fn is_about_another(&self) -> bool {
        let is_tag = self.reference().is_some_and(|tag| {
            let endings = [".sig", ".att", ".sbom"];
            tag.starts_with("sha256-") && endings.iter().any(|ending| tag.ends_with(ending))
        });
        let kind = self.annotations.get("vnd.docker.reference.type");
        is_tag || kind.is_some_and(|kind| kind == "attestation-manifest")
    }

    /// Whether it is an archive of documents, by its media type (ModelPack's `doc`, KitOps' `docs`).
    #[must_use]
    pub fn is_archive_of_documents(&self) -> bool {
        let mut parts = self.media_type.split(['.', '+']);
        let is_of_documents = parts
            .clone()
            .any(|part| matches!(part, "doc" | "docs" | "license"));
        is_of_documents && parts.any(|part| part == "tar")
    }

    /// Whether it names an index.
    #[must_use]
    pub fn is_index(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            "application/vnd.oci.image.index.v1+json"
                | "application/vnd.docker.distribution.manifest.list.v2+json"
        )
    }
}

/// Checks the text of the file `oci-layout`.
///
/// # Errors
/// Broken JSON, or another version than 1.0.0.
pub fn layout_version(text: &[u8]) -> Result<(), Problem> {
    let map = object(text)?;
    match map.get("imageLayoutVersion") {
        Some(Value::String(version)) if version == "1.0.0" => Ok(()),
        Some(Value::String(version)) => Err(fault(Fault::Version(Named::new(version)))),
        _ => Err(missing("imageLayoutVersion")),
    }
}

/// Licences that a configuration of ModelPack states.
#[must_use]
pub fn licenses(config: &[u8]) -> Vec<String> {
    let Ok(map) = object(config) else {
        return Vec::new();
    };
    let stated = map.get("descriptor").and_then(|it| it.get("licenses"));
    let stated = stated.and_then(Value::as_array).into_iter().flatten();
    stated
        .filter_map(|it| Some(it.as_str()?.to_owned()))
        .take(16)
        .collect()
}

fn object(text: &[u8]) -> Result<Map<String, Value>, Problem> {
    let limits = json::Limits {
        bytes: MAX_BYTES as u64,
        ..json::Limits::default()
    };
    match json::parse_within(text, limits)? {
        Value::Object(map) => Ok(map),
        _ => Err(fault(Fault::NotAnImage)),
    }
}

fn descriptors(map: &Map<String, Value>, member: &'static str) -> Result<Vec<Descriptor>, Problem> {
    let list = map.get(member).and_then(Value::as_array);
    let list = list.ok_or_else(|| missing(member))?;
    if list.len() > MAX_DESCRIPTORS {
        return Err(Problem::LimitExceeded {
            offset: 0,
            what: "the number of descriptors of an image",
            asked: list.len() as u64,
            limit: MAX_DESCRIPTORS as u64,
        });
    }
    list.iter().map(descriptor).collect()
}

fn descriptor(value: &Value) -> Result<Descriptor, Problem> {
    let map = value.as_object().ok_or_else(|| missing("descriptor"))?;
    exact(map)?;
    let stated = text(map, "digest")?.ok_or_else(|| missing("digest"))?;
    let size = map.get("size").and_then(Value::as_u64);
    let data = match text(map, "data")? {
        None => None,
        Some(data) => Some(STANDARD.decode(data).map_err(|_| missing("data"))?),
    };
    Ok(Descriptor {
        media_type: text(map, "mediaType")?.ok_or_else(|| missing("mediaType"))?,
        sha256: sha256(&stated).ok_or_else(|| fault(Fault::Digest(Named::new(&stated))))?,
        size: size.ok_or_else(|| missing("size"))?,
        artifact_type: text(map, "artifactType")?,
        name: text(map, "name")?,
        annotations: annotations(map)?,
        data,
    })
}

fn annotations(map: &Map<String, Value>) -> Result<BTreeMap<String, String>, Problem> {
    let of = |notes: &Map<String, Value>| {
        let notes = notes.iter().map(|(key, value)| match value {
            Value::String(text) => Ok((key.clone(), text.clone())),
            _ => Err(missing("annotations")),
        });
        notes.collect()
    };
    match map.get("annotations") {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(notes)) => of(notes),
        Some(_) => Err(missing("annotations")),
    }
}

/// A member that is a text where it is there.
fn text(map: &Map<String, Value>, member: &'static str) -> Result<Option<String>, Problem> {
    match map.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(missing(member)),
    }
}

/// `sha256:<64 hex>`, in small letters only: readers disagree about others.
fn sha256(text: &str) -> Option<Digest> {
    let hex = text.strip_prefix("sha256:")?;
    let is_small = hex.bytes().all(|byte| !byte.is_ascii_uppercase());
    Digest::from_hex(Algorithm::Sha256, hex).ok().filter(|_| is_small)
}

/// Refuses members that Go's readers take for known ones, as they do not look at capitals: of two, they take the last.
fn exact(map: &Map<String, Value>) -> Result<(), Problem> {
    const KNOWN: [&str; 12] = [
        "schemaVersion",
        "mediaType",
        "artifactType",
        "manifests",
        "config",
        "layers",
        "subject",
        "annotations",
        "digest",
        "size",
        "data",
        "name",
    ];
    let is_like = |key: &str| {
        KNOWN
            .iter()
            .any(|known| key != *known && folded(key) == folded(known))
    };
    match map.keys().find(|key| is_like(key)) {
        Some(key) => Err(fault(Fault::Capitals(Named::new(key)))),
        None => Ok(()),
    }
}

/// Without capitals, also for letters whose capital is that of another.
fn folded(key: &str) -> String {
    key.to_uppercase().to_lowercase()
}

fn missing(member: &'static str) -> Problem {
    fault(Fault::Member { member })
}

fn fault(fault: Fault) -> Problem {
    Problem::malformed(0, fault)
}

#[cfg(test)]
mod tests;
