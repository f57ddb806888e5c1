//! Reading a statement: payload bytes → [`ModelStatement`], every rule of OMS 5 and 6 that a reader can check.
//!
//! ```text
//! resource name   method "files"        path, or "." for a model of one file
//!                 method "shards"       path ":" start ":" end      (reference; end exclusive)
//!                 method "file-shard-N" path ":shard-" index        (specification text)
//! algorithm       hash, or in shards also hash "-sharded-" N        (reference)
//! root digest     SHA-256 over the raw digests of all resources, in the order of the file
//! ```

use std::{
    collections::{BTreeMap, HashSet, btree_map::Entry},
    num::NonZeroU64,
};

use serde::Deserialize;
use weightlock_artifact::{
    digest::{Algorithm, Digest, Hasher},
    path::{ArtifactPath, PathError},
};

use super::{
    FileClaim, Files, Form, Method, ModelStatement, PREDICATE_TYPE, PREDICATE_TYPE_0_2, SINGLE_FILE,
    Serialization,
};
use crate::{
    json::{self, Object},
    refusal::Refusal,
};

const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";

/// The predicate type of a payload, without trusting it: it decides which signature encoding is tried.
pub(super) fn predicate_type(payload: &[u8]) -> Result<String, Refusal> {
    json::read::<Head>(payload)
        .map(|head| head.predicate_type)
        .map_err(Refusal::StatementSyntax)
}

/// Reads a statement and checks that it does not contradict itself.
pub(super) fn statement(payload: &[u8]) -> Result<ModelStatement, Refusal> {
    let head: Head = json::read(payload).map_err(Refusal::StatementSyntax)?;
    if head.kind != STATEMENT_V1 {
        return Err(Refusal::StatementType { found: head.kind });
    }
    match head.predicate_type.as_str() {
        PREDICATE_TYPE => current(payload, head.subject),
        PREDICATE_TYPE_0_2 => version_0_2(head.subject),
        _ => Err(Refusal::PredicateType {
            found: head.predicate_type,
        }),
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    subject: Vec<Object<Subject>>,
}

#[derive(Deserialize)]
struct Subject {
    name: String,
    digest: Object<SubjectDigests>,
}

#[derive(Deserialize)]
struct SubjectDigests {
    #[serde(default)]
    sha256: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    predicate: Object<Predicate>,
}

#[derive(Deserialize)]
struct Predicate {
    serialization: Object<WireSerialization>,
    resources: Vec<Object<Resource>>,
}

#[derive(Deserialize)]
struct WireSerialization {
    method: String,
    hash_type: String,
    allow_symlinks: bool,
    #[serde(default)]
    ignore_paths: Vec<String>,
    #[serde(default)]
    shard_size: Option<serde_json::Number>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    algorithm: String,
    digest: String,
}

impl Subject {
    fn sha256(&self) -> Result<Digest, Refusal> {
        let hex = self.digest.0.sha256.as_deref().ok_or(Refusal::SubjectDigest)?;
        let digest = Digest::from_hex(Algorithm::Sha256, hex).map_err(|_| Refusal::SubjectDigest)?;
        // Others look models up by this text: it has one spelling.
        (digest.hex() == hex)
            .then_some(digest)
            .ok_or(Refusal::SubjectDigest)
    }
}

fn current(payload: &[u8], subjects: Vec<Object<Subject>>) -> Result<ModelStatement, Refusal> {
    let body: Body = json::read(payload).map_err(Refusal::StatementSyntax)?;
    let Predicate {
        serialization: Object(wire),
        resources,
    } = body.predicate.0;
    let [Object(subject)] =
        <[_; 1]>::try_from(subjects).map_err(|all| Refusal::Subjects { found: all.len() })?;
    let claimed = subject.sha256()?;
    let (serialization, naming) = serialization(&wire)?;
    if resources.is_empty() {
        return Err(Refusal::NoFiles);
    }
    let mut root = Hasher::new(Algorithm::Sha256);
    let mut gathering = Gathering::new(serialization.method, naming);
    let hash = hash_name(&wire.hash_type, serialization.method);
    let algorithm = algorithm_of_all(
        resources.first().map(|first| &first.0),
        hash,
        serialization.method,
    );
    for Object(resource) in resources {
        check_algorithm(&resource, &algorithm)?;
        let digest = Digest::from_hex(serialization.algorithm, &resource.digest).map_err(|source| {
            Refusal::Digest {
                name: resource.name.clone(),
                source,
            }
        })?;
        root.update(digest.as_bytes());
        gathering.add(&resource.name, digest)?;
    }
    let root = root.finish();
    if root != claimed {
        return Err(Refusal::RootDigest {
            claimed: claimed.hex(),
            computed: root.hex(),
        });
    }
    let files = gathering.finish()?;
    refuse_listed_and_ignored(&files, &serialization.ignore_paths)?;
    let model_name = Some(subject.name).filter(|name| !name.is_empty());
    let omits_empty_files = naming == Naming::Ranges;
    Ok(ModelStatement {
        form: Form::V1,
        model_name,
        root: Some(root),
        serialization,
        files,
        omits_empty_files,
    })
}

/// The form 0.2: one subject per file, SHA-256, nothing recorded about how.
fn version_0_2(subjects: Vec<Object<Subject>>) -> Result<ModelStatement, Refusal> {
    if subjects.is_empty() {
        return Err(Refusal::NoFiles);
    }
    let mut gathering = Gathering::new(Method::Files, Naming::Paths);
    for Object(subject) in subjects {
        gathering.add(&subject.name, subject.sha256()?)?;
    }
    let serialization = Serialization {
        method: Method::Files,
        algorithm: Algorithm::Sha256,
        allow_symlinks: false,
        ignore_paths: Vec::new(),
    };
    let files = gathering.finish()?;
    Ok(ModelStatement {
        form: Form::V0_2,
        model_name: None,
        root: None,
        serialization,
        files,
        omits_empty_files: false,
    })
}

fn serialization(wire: &WireSerialization) -> Result<(Serialization, Naming), Refusal> {
    let (method, naming) = match wire.method.as_str() {
        "files" => (Method::Files, Naming::Paths),
        "shards" => (
            Method::Shards(shard_size(wire.shard_size.as_ref())?),
            Naming::Ranges,
        ),
        other => match other.strip_prefix("file-shard-") {
            Some(size) => {
                let size = decimal(size)
                    .and_then(NonZeroU64::new)
                    .ok_or(Refusal::ShardSize)?;
                (Method::Shards(size), Naming::Indexes)
            }
            None => {
                return Err(Refusal::SerializationMethod {
                    found: other.to_owned(),
                });
            }
        },
    };
    let algorithm: Algorithm = hash_name(&wire.hash_type, method).parse()?;
    let ignore_paths = wire
        .ignore_paths
        .iter()
        .map(|path| ArtifactPath::parse(path).map_err(|_| Refusal::IgnoredPath { path: path.clone() }))
        .collect::<Result<_, _>>()?;
    let serialization = Serialization {
        method,
        algorithm,
        allow_symlinks: wire.allow_symlinks,
        ignore_paths,
    };
    Ok((serialization, naming))
}

/// The hash of `hash_type`; the reference 0.3.1 wrote the shard size behind it, as it does in each resource.
fn hash_name(hash_type: &str, method: Method) -> &str {
    match method {
        Method::Shards(size) => hash_type
            .strip_suffix(&format!("-sharded-{size}"))
            .unwrap_or(hash_type),
        Method::Files => hash_type,
    }
}

/// An integer, or the same number written as a protobuf double (`1000.0`).
fn shard_size(size: Option<&serde_json::Number>) -> Result<NonZeroU64, Refusal> {
    let size = size.ok_or(Refusal::ShardSize)?;
    let whole = size.as_u64().or_else(|| whole_number(size.as_f64()?));
    whole.and_then(NonZeroU64::new).ok_or(Refusal::ShardSize)
}

fn whole_number(value: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a whole number from 0 to 2^53"
    )]
    ((0.0..=EXACT).contains(&value) && value.fract() == 0.0).then_some(value as u64)
}

/// What every resource must say: the declared hash, or the reference's form of it for shards where the first one has
/// that.
fn algorithm_of_all(first: Option<&Resource>, hash: &str, method: Method) -> String {
    match method {
        Method::Shards(size) => Some(format!("{hash}-sharded-{size}"))
            .filter(|form| first.is_some_and(|first| first.algorithm == *form))
            .unwrap_or_else(|| hash.to_owned()),
        Method::Files => hash.to_owned(),
    }
}

fn check_algorithm(resource: &Resource, declared: &str) -> Result<(), Refusal> {
    if resource.algorithm == declared {
        return Ok(());
    }
    Err(Refusal::AlgorithmMismatch {
        name: resource.name.clone(),
        found: resource.algorithm.clone(),
        declared: declared.to_owned(),
    })
}

fn refuse_listed_and_ignored(files: &Files, ignored: &[ArtifactPath]) -> Result<(), Refusal> {
    let Files::Named(files) = files else { return Ok(()) };
    match files
        .keys()
        .find(|path| ignored.iter().any(|ignored| path.is_at_or_below(ignored)))
    {
        Some(path) => Err(Refusal::IgnoredListed { path: path.clone() }),
        None => Ok(()),
    }
}

/// How resources are named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Paths,
    Ranges,
    Indexes,
}

/// One named piece of a file.
struct Piece<'a> {
    file: &'a str,
    index: u64,
    /// For pieces named by range: where it ends.
    end: Option<u64>,
}

/// Shards of one file by index: digest, and where the shard ends when its name tells.
type Shards = BTreeMap<u64, (Digest, Option<u64>)>;

/// Resources on their way to files. Shards of a file may come in any order; a verifier must not demand one.
struct Gathering {
    method: Method,
    naming: Naming,
    whole: BTreeMap<ArtifactPath, FileClaim>,
    /// Under `None`: the shards of a model of one file.
    shards: BTreeMap<Option<ArtifactPath>, Shards>,
    single: Option<FileClaim>,
    seen: HashSet<String>,
}

impl Gathering {
    fn new(method: Method, naming: Naming) -> Self {
        Self {
            method,
            naming,
            whole: BTreeMap::new(),
            shards: BTreeMap::new(),
            single: None,
            seen: HashSet::new(),
        }
    }

    fn add(&mut self, name: &str, digest: Digest) -> Result<(), Refusal> {
        if !self.seen.insert(name.to_owned()) {
            return Err(Refusal::Duplicate {
                name: name.to_owned(),
            });
        }
        match self.method {
            Method::Files if name == SINGLE_FILE => self.single = Some(FileClaim::Whole(digest)),
            Method::Files => {
                self.whole.insert(path(name, name)?, FileClaim::Whole(digest));
            }
            Method::Shards(size) => self.add_shard(name, digest, size)?,
        }
        Ok(())
    }

    fn add_shard(&mut self, name: &str, digest: Digest, size: NonZeroU64) -> Result<(), Refusal> {
        let broken = || Refusal::Shards {
            name: name.to_owned(),
        };
        let piece = match self.naming {
            Naming::Indexes => by_index(name),
            Naming::Paths | Naming::Ranges => by_range(name, size),
        };
        let piece = piece.ok_or_else(broken)?;
        let file = if piece.file == SINGLE_FILE {
            None
        } else {
            Some(path(piece.file, name)?)
        };
        match self.shards.entry(file).or_default().entry(piece.index) {
            Entry::Occupied(_) => Err(Refusal::Duplicate {
                name: name.to_owned(),
            }),
            Entry::Vacant(place) => {
                place.insert((digest, piece.end));
                Ok(())
            }
        }
    }

    fn finish(mut self) -> Result<Files, Refusal> {
        let Method::Shards(size) = self.method else {
            return self.named_or_single();
        };
        for (file, pieces) in std::mem::take(&mut self.shards) {
            let shown = file.as_ref().map_or(SINGLE_FILE, ArtifactPath::as_str);
            let claim = join(shown, pieces, size)?;
            match file {
                Some(file) => drop(self.whole.insert(file, claim)),
                None => self.single = Some(claim),
            }
        }
        self.named_or_single()
    }

    fn named_or_single(self) -> Result<Files, Refusal> {
        match (self.single, self.whole.is_empty()) {
            (None, _) => Ok(Files::Named(self.whole)),
            (Some(claim), true) => Ok(Files::Single(claim)),
            (Some(_), false) => Err(Refusal::Name {
                name: SINGLE_FILE.to_owned(),
                source: PathError::Traversal,
            }),
        }
    }
}

/// Shards in order without gap: indexes 0, 1, 2, …; all but the last of full size.
fn join(file: &str, pieces: Shards, size: NonZeroU64) -> Result<FileClaim, Refusal> {
    let broken = || Refusal::Shards {
        name: file.to_owned(),
    };
    let count = pieces.len() as u64;
    let mut digests = Vec::with_capacity(pieces.len());
    let mut end = None;
    for (expected, (index, (digest, piece_end))) in (0..count).zip(pieces) {
        let full = expected
            .checked_add(1)
            .and_then(|next| next.checked_mul(size.get()));
        let is_last = expected + 1 == count;
        if index != expected || (!is_last && piece_end.is_some() && piece_end != full) {
            return Err(broken());
        }
        digests.push(digest);
        end = piece_end;
    }
    Ok(FileClaim::Shards { digests, size: end })
}

/// `path:start:end`, split at the last two colons: a path may hold colons.
fn by_range(name: &str, size: NonZeroU64) -> Option<Piece<'_>> {
    let (rest, end) = name.rsplit_once(':')?;
    let (file, start) = rest.rsplit_once(':')?;
    let (start, end) = (decimal(start)?, decimal(end)?);
    let aligned = start.is_multiple_of(size.get());
    let fits = start < end && end - start <= size.get();
    (aligned && fits).then_some(Piece {
        file,
        index: start / size.get(),
        end: Some(end),
    })
}

/// `path:shard-index`, by the last occurrence.
fn by_index(name: &str) -> Option<Piece<'_>> {
    let (file, index) = name.rsplit_once(":shard-")?;
    Some(Piece {
        file,
        index: decimal(index)?,
        end: None,
    })
}

/// Decimal digits without sign or leading zero.
fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    canonical.then(|| text.parse().ok())?
}

fn path(text: &str, name: &str) -> Result<ArtifactPath, Refusal> {
    ArtifactPath::parse(text).map_err(|source| Refusal::Name {
        name: name.to_owned(),
        source,
    })
}
