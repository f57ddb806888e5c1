//! [`Description`]: what a person wrote down about a step that nothing recorded, as a small YAML or JSON document.
//!
//! ```yaml
//! version: 1
//! build-type: quantize                 # a published step, or the URI of another build type
//! builder: https://example.org/builders/gpu-farm/v1
//! parameters: {scheme: Q8_0}           # externalParameters
//! source: {uri: https://github.com/acme/models, ref: refs/tags/v1, commit: 0123…}
//! materials:
//!   - {name: pebble-chat, role: base-model, path: ./pebble-chat}      # hashed now
//!   - {name: c4, role: calibration-dataset, uri: "hf://allenai/c4", digest: {sha256: …}}
//! started: 2026-06-01T00:00:00Z
//! finished: 2026-06-01T01:00:00Z
//! ```
//!
//! What is written down is a claim of whoever signs it. The statement says that it was described and not recorded.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use weightlock_artifact::reason::Code;

use super::{Provenance, Resource, Role, reason, step};
use crate::slsa::{LOCAL, SourceUri};

/// The internal parameter that says how a statement came about.
pub const RECORDED: &str = "recorded";
/// Its value where somebody wrote it down.
pub const DESCRIBED: &str = "described by a person";

/// A step as somebody described it.
#[derive(Clone, PartialEq, Debug)]
pub struct Description {
    /// What it says, without the materials that are to be hashed.
    pub provenance: Provenance,
    /// Materials that lie on this machine.
    pub to_hash: Vec<ToHash>,
}

/// A material that lies on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToHash {
    /// Its descriptor, without digests.
    pub resource: Resource,
    /// Where it lies, relative to the description.
    pub path: String,
}

/// Why a description cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptionError {
    /// It is not written as one.
    #[error("the description is not written as one: {0}")]
    Form(String),
    /// A published step does not have this parameter.
    #[error("the step {step} has no parameter {parameter}; it has {known}")]
    Parameter {
        /// The step.
        step: &'static str,
        /// The parameter.
        parameter: String,
        /// What it has.
        known: String,
    },
    /// The build type is neither a step nor a URI.
    #[error("{0:?} is no published step, and no URI of a build type")]
    BuildType(String),
    /// A material says something impossible.
    #[error("the material {name}: {fault}")]
    Material {
        /// What it is called.
        name: String,
        /// What is wrong.
        fault: String,
    },
}

impl DescriptionError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        reason::DESCRIPTION
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "description of a step", rename = "Description")]
struct Wire {
    /// 1.
    version: u32,
    /// A published step (`train`, `finetune`, `merge`, `quantize`, `convert`, `shard`, `package`, `evaluate`), or a URI.
    build_type: String,
    /// `builder.id`; without it, somebody's own machine.
    builder: Option<String>,
    /// What was set from outside.
    #[serde(default)]
    parameters: Map<String, Value>,
    /// What was set by the builder.
    #[serde(default)]
    internal: Map<String, Value>,
    /// Where the code comes from.
    source: Option<WireSource>,
    /// What it was made from.
    #[serde(default)]
    materials: Vec<WireMaterial>,
    /// Which run it was.
    invocation: Option<String>,
    /// When it began (RFC 3339).
    started: Option<String>,
    /// When it ended (RFC 3339).
    finished: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WireSource {
    /// The repository.
    uri: String,
    /// The branch or tag, in full: `refs/tags/v1`.
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// The commit.
    commit: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WireMaterial {
    /// What it is called.
    name: String,
    /// Which part it played.
    role: Option<String>,
    /// Where it comes from.
    uri: Option<String>,
    /// Its digests by algorithm.
    #[serde(default)]
    digest: BTreeMap<String, String>,
    /// Where it lies, relative to the description; it is hashed when the statement is made.
    path: Option<String>,
}

/// Reads a document of the user's own, in YAML or JSON, into a type.
pub(crate) fn document<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    crate::typed::read(text)
}

/// Which build type a word means.
///
/// # Errors
/// [`DescriptionError::BuildType`] for what is neither a step nor a URI.
pub fn build_type(word: &str) -> Result<String, DescriptionError> {
    if let Some(step) = step::Step::named(word) {
        return Ok(step.uri());
    }
    let is_uri = word
        .split_once(':')
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
        && word.bytes().all(|byte| byte.is_ascii_graphic());
    if is_uri {
        Ok(word.to_owned())
    } else {
        Err(DescriptionError::BuildType(word.to_owned()))
    }
}

/// Refuses parameters that a published step does not have. What other build types have is not known here.
///
/// # Errors
/// [`DescriptionError::Parameter`] names the first.
pub fn check_parameters(build_type: &str, parameters: &Map<String, Value>) -> Result<(), DescriptionError> {
    let Some(step) = step::Step::of(build_type) else {
        return Ok(());
    };
    let Some(stranger) = step::Allowed::Ours(step).strangers(parameters).first().copied() else {
        return Ok(());
    };
    let known: Vec<&str> = step.own_parameters().iter().map(|(name, _)| *name).collect();
    Err(DescriptionError::Parameter {
        step: step.word(),
        parameter: stranger.to_owned(),
        known: known.join(", "),
    })
}

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// [`DescriptionError`] names the first fault.
    pub fn parse(text: &[u8]) -> Result<Self, DescriptionError> {
        let wire: Wire = document(text).map_err(DescriptionError::Form)?;
        if wire.version != 1 {
            let fault = format!("its version is {}, and 1 is known", wire.version);
            return Err(DescriptionError::Form(fault));
        }
        let mut provenance = Provenance {
            build_type: build_type(&wire.build_type)?,
            external_parameters: wire.parameters,
            internal_parameters: wire.internal,
            builder: wire.builder.unwrap_or_else(|| LOCAL.to_owned()),
            invocation: wire.invocation,
            started: wire.started,
            finished: wire.finished,
            ..Provenance::default()
        };
        provenance
            .internal_parameters
            .insert(RECORDED.to_owned(), json!(DESCRIBED));
        if let Some(source) = wire.source {
            source.put(&mut provenance)?;
        }
        let mut to_hash = Vec::new();
        for material in wire.materials {
            match material.checked()? {
                (resource, Some(path)) => to_hash.push(ToHash { resource, path }),
                (resource, None) => provenance.dependencies.push(resource),
            }
        }
        check_parameters(&provenance.build_type, &provenance.external_parameters)?;
        Ok(Self { provenance, to_hash })
    }

    /// The schema of a description.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Wire)
    }
}

impl WireSource {
    fn put(self, provenance: &mut Provenance) -> Result<(), DescriptionError> {
        let uri = SourceUri::parse(&self.uri).map_err(|error| DescriptionError::Form(error.to_string()))?;
        let source = self.reference.as_ref().map_or_else(
            || json!({"uri": format!("git+{uri}")}),
            |reference| json!({"uri": format!("git+{uri}"), "ref": reference}),
        );
        provenance.external_parameters.insert("source".to_owned(), source);
        let mut resource = Resource {
            uri: Some(format!("git+{uri}")),
            ..Resource::named("source", Role::Code)
        };
        if let Some(commit) = self.commit {
            let commit = super::git::ObjectId::parse(&commit.to_ascii_lowercase());
            let commit = commit
                .ok_or_else(|| DescriptionError::Form("the commit of the source is none".to_owned()))?;
            resource
                .digests
                .insert("gitCommit".to_owned(), commit.as_str().to_owned());
        }
        provenance.dependencies.push(resource);
        Ok(())
    }
}

impl WireMaterial {
    fn checked(self) -> Result<(Resource, Option<String>), DescriptionError> {
        let fault = |fault: String| DescriptionError::Material {
            name: self.name.clone(),
            fault,
        };
        let role = match &self.role {
            None => Role::Material,
            Some(word) => Role::named(word).ok_or_else(|| {
                let known: Vec<&str> = Role::ALL.into_iter().map(Role::word).collect();
                fault(format!("{word:?} is no role; the roles are {}", known.join(", ")))
            })?,
        };
        if self.path.is_some() && !self.digest.is_empty() {
            return Err(fault("give a path or a digest, not both".to_owned()));
        }
        if self.path.is_none() && self.digest.is_empty() && self.uri.is_none() {
            return Err(fault("it has neither path nor digest nor uri".to_owned()));
        }
        let is_hex = |hex: &String| !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_sha256 = self.digest.get("sha256").is_none_or(|hex| hex.len() == 64);
        if !self.digest.values().all(is_hex) || !is_sha256 {
            return Err(fault("a digest of it is none".to_owned()));
        }
        let resource = Resource {
            uri: self.uri.clone(),
            digests: self
                .digest
                .iter()
                .map(|(name, hex)| (name.clone(), hex.to_ascii_lowercase()))
                .collect(),
            ..Resource::named(self.name.clone(), role)
        };
        Ok((resource, self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "1111111111111111111111111111111111111111111111111111111111111111";

    #[test]
    fn a_description_becomes_provenance_that_says_so() {
        let text = format!(
            "version: 1\nbuild-type: quantize\nparameters: {{scheme: Q8_0, bits: 8}}\nsource: {{uri: github.com/acme/models, ref: refs/tags/v1, commit: {}}}\nmaterials:\n- {{name: base, role: base-model, path: ./base}}\n- {{name: c4, role: calibration-dataset, digest: {{sha256: {HEX}}}}}\n",
            "ab".repeat(20)
        );
        let read = Description::parse(text.as_bytes()).unwrap();
        let provenance = &read.provenance;
        assert_eq!(provenance.build_type, step::Step::Quantize.uri());
        assert_eq!(provenance.builder, LOCAL);
        assert_eq!(provenance.internal_parameters[RECORDED], DESCRIBED);
        assert_eq!(provenance.external_parameters["bits"], 8);
        let source = crate::slsa::Source::of(provenance, None);
        assert_eq!(source.commit, Some("ab".repeat(20)));
        assert_eq!(source.reference.as_deref(), Some("refs/tags/v1"));
        assert_eq!(read.to_hash[0].path, "./base");
        assert_eq!(read.to_hash[0].resource.role(), Role::BaseModel);
        // A digest of digits alone stays a text.
        let calibration = provenance.of_role(Role::CalibrationDataset).next().unwrap();
        assert_eq!(calibration.sha256().unwrap().hex(), HEX);
        assert_eq!(Provenance::read(&provenance.to_predicate()).unwrap(), *provenance);
    }

    #[test]
    fn what_was_not_meant_is_refused() {
        for (text, says) in [
            ("build-type: train", "version"),
            ("version: 2\nbuild-type: train", "1 is known"),
            ("version: 1\nbuild-type: training", "no published step"),
            (
                "version: 1\nbuild-type: train\nbuilders: x",
                "line 3: unknown field",
            ),
            (
                "version: 1\nbuild-type: quantize\nparameters: {preload: x}",
                "no parameter preload",
            ),
            (
                "version: 1\nbuild-type: train\nmaterials: [{name: a}]",
                "neither path",
            ),
            (
                "version: 1\nbuild-type: train\nmaterials: [{name: a, path: b, digest: {sha256: '11'}}]",
                "not both",
            ),
            (
                "version: 1\nbuild-type: train\nmaterials: [{name: a, digest: {sha256: '11'}}]",
                "a digest of it is none",
            ),
            (
                "version: 1\nbuild-type: train\nmaterials: [{name: a, role: basemodel, uri: x}]",
                "is no role",
            ),
            (
                "version: 1\nbuild-type: train\nsource: {uri: here}",
                "no repository",
            ),
            (
                "version: 1\nbuild-type: train\nsource: {uri: github.com/a/b, commit: abc}",
                "commit",
            ),
        ] {
            let refused = Description::parse(text.as_bytes()).unwrap_err();
            assert!(refused.to_string().contains(says), "{text}: {refused}");
        }
    }
}
