//! Writing a statement: [`ModelStatement`] → the bytes that are signed, always the same for the same claim.

use serde::Serialize;
use weightlock_artifact::{
    digest::{Algorithm, Digest, Hasher},
    path::ArtifactPath,
};

use super::{FileClaim, Files, Form, Method, ModelStatement, PREDICATE_TYPE, SINGLE_FILE, Serialization};

impl ModelStatement {
    /// A statement in the current form.
    ///
    /// Resources are written in component order, shards by offset, as the reference implementation orders them:
    /// the root digest depends on it. An empty file has no shard.
    #[must_use]
    pub fn new(model_name: &str, serialization: Serialization, files: Files) -> Self {
        let mut root = Hasher::new(Algorithm::Sha256);
        for_each_digest(&files, |digest| root.update(digest.as_bytes()));
        Self {
            form: Form::V1,
            model_name: Some(model_name.to_owned()),
            root: Some(root.finish()),
            omits_empty_files: matches!(serialization.method, Method::Shards(_)),
            serialization,
            files,
        }
    }

    /// The payload to sign: compact JSON with a fixed order of members, valid under the schema of OMS 1.0.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        let algorithm = self.serialization.algorithm.name();
        let mut resources = Vec::new();
        match &self.files {
            Files::Single(claim) => self.write_claim(SINGLE_FILE, claim, &mut resources),
            Files::Named(files) => {
                for (path, claim) in files {
                    self.write_claim(path.as_str(), claim, &mut resources);
                }
            }
        }
        let mut ignore_paths: Vec<&str> = self
            .serialization
            .ignore_paths
            .iter()
            .map(ArtifactPath::as_str)
            .collect();
        ignore_paths.sort_unstable();
        ignore_paths.dedup();
        let (method, shard_size) = match self.serialization.method {
            Method::Files => ("files", None),
            Method::Shards(size) => ("shards", Some(size.get())),
        };
        let statement = WireStatement {
            kind: "https://in-toto.io/Statement/v1",
            subject: [WireSubject {
                name: self.model_name.as_deref().unwrap_or("model"),
                digest: WireDigest {
                    sha256: self.root.as_ref().map(Digest::hex).unwrap_or_default(),
                },
            }],
            predicate_type: PREDICATE_TYPE,
            predicate: WirePredicate {
                serialization: WireSerialization {
                    method,
                    hash_type: algorithm,
                    allow_symlinks: self.serialization.allow_symlinks,
                    ignore_paths,
                    shard_size,
                },
                resources,
            },
        };
        // Serialising these types to memory cannot fail: no maps with other keys than strings, no I/O.
        serde_json::to_vec(&statement).unwrap_or_default()
    }

    fn write_claim(&self, name: &str, claim: &FileClaim, resources: &mut Vec<WireResource>) {
        let algorithm = self.serialization.algorithm.name();
        match (claim, self.serialization.method) {
            (FileClaim::Shards { digests, size }, Method::Shards(shard)) => {
                for (index, digest) in (0_u64..).zip(digests) {
                    let start = index.saturating_mul(shard.get());
                    let full = start.saturating_add(shard.get());
                    let end = size.map_or(full, |size| full.min(size));
                    resources.push(WireResource {
                        name: format!("{name}:{start}:{end}"),
                        algorithm: format!("{algorithm}-sharded-{shard}"),
                        digest: digest.hex(),
                    });
                }
            }
            _ => for_each_claimed(claim, |digest| {
                resources.push(WireResource {
                    name: name.to_owned(),
                    algorithm: algorithm.to_owned(),
                    digest: digest.hex(),
                });
            }),
        }
    }
}

fn for_each_digest(files: &Files, mut each: impl FnMut(&Digest)) {
    match files {
        Files::Single(claim) => for_each_claimed(claim, each),
        Files::Named(files) => files
            .values()
            .for_each(|claim| for_each_claimed(claim, &mut each)),
    }
}

fn for_each_claimed(claim: &FileClaim, each: impl FnMut(&Digest)) {
    match claim {
        FileClaim::Whole(digest) => std::slice::from_ref(digest).iter().for_each(each),
        FileClaim::Shards { digests, .. } => digests.iter().for_each(each),
    }
}

#[derive(Serialize)]
struct WireStatement<'a> {
    #[serde(rename = "_type")]
    kind: &'a str,
    subject: [WireSubject<'a>; 1],
    #[serde(rename = "predicateType")]
    predicate_type: &'a str,
    predicate: WirePredicate<'a>,
}

#[derive(Serialize)]
struct WireSubject<'a> {
    name: &'a str,
    digest: WireDigest,
}

#[derive(Serialize)]
struct WireDigest {
    sha256: String,
}

#[derive(Serialize)]
struct WirePredicate<'a> {
    serialization: WireSerialization<'a>,
    resources: Vec<WireResource>,
}

#[derive(Serialize)]
struct WireSerialization<'a> {
    method: &'a str,
    hash_type: &'a str,
    allow_symlinks: bool,
    ignore_paths: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard_size: Option<u64>,
}

#[derive(Serialize)]
struct WireResource {
    name: String,
    algorithm: String,
    digest: String,
}
