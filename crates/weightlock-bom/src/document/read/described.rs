//! [`describes`]: whether a signed document is of the model that its statement is about.
//!
//! A statement binds a document to a model by its subjects; what the document itself says that it describes is another matter, and
//! a signer can sign the document of yesterday's model for today's. Compared are the SHA-256 that the document states for its main
//! component (as a hash, or as our own `weightlock:manifest-digest`) and for files that belong to it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    manifest::Subject,
};

use super::{Foreign, ReadError, Thing, understood};
use crate::graph::{Kind, Property, Value, Verb};

/// What a document describes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Describes {
    /// The model: every digest that it states is one of it.
    This,
    /// Something else.
    Another {
        /// The file, or `None` for the whole.
        file: Option<String>,
        /// The digest that the document states.
        stated: Digest,
        /// The digest of the model or its file; `None` where it has no such file.
        found: Option<Digest>,
    },
    /// It states no SHA-256 of what it is about, so it could be of any model.
    Nothing,
}

/// Compares what a document describes with a model: the model's own subject, then those of its files.
///
/// # Errors
/// [`ReadError`] for what is no document, or has more than is read.
pub fn describes(document: &Json, model: &[Subject]) -> Result<Describes, ReadError> {
    let foreign = understood(document, Foreign::new("", &[]))?;
    Ok(foreign.describes(model))
}

impl Foreign {
    fn describes(&self, model: &[Subject]) -> Describes {
        let Some((whole, files)) = model.split_first() else {
            return Describes::Nothing;
        };
        let all: BTreeSet<Digest> = model.iter().map(|one| one.sha256).collect();
        let by_name: BTreeMap<&str, Digest> =
            files.iter().map(|one| (one.name.as_str(), one.sha256)).collect();
        let root = self.root.as_ref().and_then(|root| self.things.get(root));
        let stated: Vec<Digest> = root.map_or_else(Vec::new, |root| digests(root).collect());
        if let Some(other) = stated.iter().find(|digest| !all.contains(digest)) {
            return Describes::Another {
                file: None,
                stated: *other,
                found: Some(whole.sha256),
            };
        }
        let mut listed = 0_usize;
        for (name, digest) in self.own_files() {
            let name = name.strip_prefix("./").unwrap_or(name);
            listed = listed.saturating_add(1);
            let found = by_name.get(name).copied();
            let is_this = match found {
                Some(found) => found == digest,
                // Something larger than the model can be described too; then the model's own digest is there.
                None => all.contains(&digest) || !stated.is_empty(),
            };
            if !is_this {
                return Describes::Another {
                    file: Some(name.to_owned()),
                    stated: digest,
                    found,
                };
            }
        }
        if stated.is_empty() && listed == 0 {
            Describes::Nothing
        } else {
            Describes::This
        }
    }

    /// Files that belong to what the document is about: those in it, and those that are in nothing.
    fn own_files(&self) -> impl Iterator<Item = (&str, Digest)> {
        let inside: BTreeMap<&str, bool> = self
            .relations
            .iter()
            .filter(|it| it.verb == Verb::Contains)
            .map(|it| (it.to.as_str(), self.root.as_ref() == Some(&it.from)))
            .collect();
        let files = self.things.iter().filter(move |(name, thing)| {
            thing.kind == Kind::File
                && self.root.as_ref() != Some(*name)
                && inside.get(name.as_str()).copied().unwrap_or(true)
        });
        files.flat_map(|(_, thing)| digests(thing).map(|digest| (title(thing), digest)))
    }
}

fn digests(thing: &Thing) -> impl Iterator<Item = Digest> {
    thing
        .claims
        .iter()
        .filter_map(|(property, value, _)| match value {
            Value::Digest(digest)
                if *property == Property::Digest && digest.algorithm() == Algorithm::Sha256 =>
            {
                Some(*digest)
            }
            _ => None,
        })
}

fn title(thing: &Thing) -> &str {
    let named = thing.claims.iter().find_map(|(property, value, _)| match value {
        Value::Text(name) if *property == Property::Name => Some(name.as_str()),
        _ => None,
    });
    named.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(text: &str) -> Digest {
        Algorithm::Sha256.digest(text.as_bytes())
    }

    fn model() -> Vec<Subject> {
        let one = |name: &str| Subject {
            name: name.to_owned(),
            sha256: digest(name),
        };
        vec![one("m"), one("a.bin"), one("sub/b.json")]
    }

    fn file(name: &str, content: &str) -> Json {
        json!({"type": "file", "name": name, "bom-ref": format!("f-{name}"),
               "hashes": [{"alg": "SHA-256", "content": digest(content).hex()}]})
    }

    fn cyclonedx(root: Json, components: &[Json]) -> Json {
        json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": root}, "components": components})
    }

    fn root(hash: Option<&str>, manifest: Option<&str>) -> Json {
        let mut root = json!({"type": "machine-learning-model", "bom-ref": "r", "name": "x"});
        if let Some(text) = hash {
            root["hashes"] = json!([{"alg": "SHA-256", "content": digest(text).hex()}]);
        }
        if let Some(text) = manifest {
            root["properties"] =
                json!([{"name": "weightlock:manifest-digest", "value": digest(text).to_string()}]);
        }
        root
    }

    #[test]
    fn every_digest_that_a_document_states_must_be_one_of_the_model() {
        let (a, b) = (file("a.bin", "a.bin"), file("./sub/b.json", "sub/b.json"));
        let inside = |hash, files: &[Json]| {
            let mut root = root(None, hash);
            root["components"] = json!(files);
            cyclonedx(root, &[])
        };
        for (document, expected) in [
            (cyclonedx(root(None, Some("m")), &[]), true),
            (cyclonedx(root(Some("m"), None), &[]), true),
            (cyclonedx(root(Some("a.bin"), None), &[]), true),
            (cyclonedx(root(Some("m"), Some("other")), &[]), false),
            (cyclonedx(root(None, Some("other")), &[]), false),
            (cyclonedx(root(None, None), &[a.clone(), b.clone()]), true),
            (cyclonedx(root(None, None), &[file("model/a.bin", "a.bin")]), true),
            (cyclonedx(root(None, None), &[a.clone(), file("x", "x")]), false),
            (cyclonedx(root(None, Some("m")), &[file("x", "x")]), true),
            (cyclonedx(root(None, Some("m")), &[file("a.bin", "x")]), false),
            (inside(None, &[a.clone(), b]), true),
            (inside(None, &[file("a.bin", "x")]), false),
            (inside(Some("m"), &[a, file("sub/b.json", "x")]), false),
        ] {
            let found = describes(&document, &model()).unwrap();
            assert_eq!(found == Describes::This, expected, "{document} {found:?}");
            assert_ne!(found, Describes::Nothing);
        }
    }

    #[test]
    fn spdx_is_compared_alike_and_what_says_nothing_is_told() {
        let spdx2 = |content: &str| {
            json!({"spdxVersion": "SPDX-2.3", "documentDescribes": ["SPDXRef-m"],
                "packages": [{"SPDXID": "SPDXRef-m", "name": "m"}],
                "files": [{"SPDXID": "SPDXRef-a", "fileName": "./a.bin",
                    "checksums": [{"algorithm": "SHA256", "checksumValue": digest(content).hex()}]}]})
        };
        assert_eq!(describes(&spdx2("a.bin"), &model()).unwrap(), Describes::This);
        assert_eq!(
            describes(&spdx2("other"), &model()).unwrap(),
            Describes::Another {
                file: Some("a.bin".to_owned()),
                stated: digest("other"),
                found: Some(digest("a.bin")),
            }
        );
        let spdx3 = |content: &str| {
            json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
                {"type": "SpdxDocument", "spdxId": "d", "rootElement": ["m"]},
                {"type": "ai_AIPackage", "spdxId": "m", "name": "m",
                    "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": digest(content).hex()}]}]})
        };
        assert_eq!(describes(&spdx3("m"), &model()).unwrap(), Describes::This);
        assert!(matches!(
            describes(&spdx3("other"), &model()).unwrap(),
            Describes::Another { file: None, .. }
        ));
        let none = cyclonedx(root(None, None), &[]);
        assert_eq!(describes(&none, &model()).unwrap(), Describes::Nothing);
        // A file within a library is none of the model's.
        let mut library = json!({"type": "library", "bom-ref": "l", "name": "l"});
        library["components"] = json!([file("a.bin", "x")]);
        assert_eq!(
            describes(&cyclonedx(root(None, None), &[library]), &model()).unwrap(),
            Describes::Nothing
        );
        assert!(describes(&json!({"bomFormat": "CycloneDX", "specVersion": "0.1"}), &model()).is_err());
    }
}
