//! [`BuilderList`]: whom the user believes about how something was made, and how far. A file of the user's own; one that
//! comes with a model is material and is not looked for.
//!
//! ```yaml
//! version: 1
//! builders:
//!   - id: https://example.org/builders/gpu-farm/v1     # builder.id, exactly
//!     level: 2
//!     key: farm.pub                                    # relative to this file
//!   - id: https://github.com/acme/models/.github/workflows/train.yml
//!     match: without-ref                               # …@refs/tags/v1 is the same builder
//!     level: 3
//!     identity-pattern: https://github.com/acme/models/.github/workflows/train.yml@refs/tags/*
//!     issuer: https://token.actions.githubusercontent.com
//!     build-types:
//!       - uri: https://example.org/build/v1
//!         parameters: [inputs, repository]
//!         source: /repository
//! ```

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use weightlock_artifact::reason::Code;
use weightlock_signing::{
    Refusal, Trust,
    statement::{VerifiedEvidence, verify_evidence},
};

use super::{Level, reason};
use crate::provenance::{NotProvenance, Provenance, step, urn};

/// What a run on somebody's own machine says its builder is.
pub const LOCAL: &str = "urn:weightlock:builder:local:v1";

/// More builders than this no list has.
const MOST_BUILDERS: usize = 1000;

/// Builders that are believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BuilderList {
    /// In the order of the file.
    pub builders: Vec<Builder>,
}

/// A builder that is believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Builder {
    /// Its `builder.id`.
    pub id: String,
    /// When another id is the same.
    pub matching: Matching,
    /// What its provenance is worth: 1 to 3.
    pub level: Level,
    /// Who signs for it.
    pub who: Who,
    /// Kinds of step of its own that are known.
    pub build_types: Vec<BuildType>,
}

/// When a `builder.id` is that of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Matching {
    /// When it is the same text.
    #[default]
    Exact,
    /// Also with `@` and a ref behind it.
    WithoutRef,
}

/// Who signs for a builder. Files are relative to the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// The holder of the key in this file.
    Key(String),
    /// Whoever has a certificate of a root in this file.
    Certificates(String),
    /// This identity.
    Identity {
        /// The name, or a pattern.
        name: String,
        /// It is a pattern.
        is_pattern: bool,
        /// Who vouches for it.
        issuer: String,
    },
}

/// A kind of step that is none of ours.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildType {
    /// Its URI.
    pub uri: String,
    /// What may be set from outside.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// Where the repository stands in the external parameters, as a JSON pointer.
    pub source: Option<String>,
    /// Where the ref stands, likewise.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
}

/// The list as it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "trusted builders", rename = "TrustedBuilders")]
struct Wire {
    /// 1.
    version: u32,
    /// The builders.
    builders: Vec<WireBuilder>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WireBuilder {
    /// `builder.id`.
    id: String,
    /// When another id is the same.
    #[serde(default, rename = "match")]
    matching: Matching,
    /// 1, 2 or 3.
    level: u8,
    /// File of the public key that signs.
    key: Option<String>,
    /// File of root certificates.
    certificates: Option<String>,
    /// The identity that signs, exactly.
    identity: Option<String>,
    /// Identities that sign; `*` stands for characters within one segment.
    identity_pattern: Option<String>,
    /// Who vouches for the identity.
    issuer: Option<String>,
    /// Kinds of step of its own.
    #[serde(default)]
    build_types: Vec<BuildType>,
}

/// Why a list of builders cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// It is not written as a list of builders.
    #[error("the list of builders is not written as one: {0}")]
    Form(String),
    /// A builder of the list contradicts itself, or lacks something.
    #[error("builder {id}: {fault}")]
    Builder {
        /// Its `builder.id`.
        id: String,
        /// What is wrong.
        fault: &'static str,
    },
}

impl ListError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        reason::FILE
    }
}

impl BuilderList {
    /// Reads a list, in YAML or JSON.
    ///
    /// # Errors
    /// [`ListError`] names the first fault. A list with a fault is used for nothing.
    pub fn parse(text: &[u8]) -> Result<Self, ListError> {
        let wire: Wire = crate::provenance::description::document(text).map_err(ListError::Form)?;
        if wire.version != 1 {
            return Err(ListError::Form(format!(
                "its version is {}, and 1 is known",
                wire.version
            )));
        }
        if wire.builders.len() > MOST_BUILDERS {
            return Err(ListError::Form(format!(
                "it has more than {MOST_BUILDERS} builders"
            )));
        }
        let builders = wire.builders.into_iter().map(WireBuilder::checked);
        Ok(Self {
            builders: builders.collect::<Result<_, _>>()?,
        })
    }

    /// The schema of a list.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Wire)
    }
}

impl WireBuilder {
    fn checked(self) -> Result<Builder, ListError> {
        let id = self.id.clone();
        let fault = |fault| ListError::Builder {
            id: id.clone(),
            fault,
        };
        let level = Level::of(self.level).filter(|level| *level != Level::L0);
        let level = level.ok_or_else(|| fault("its level is none of 1, 2 and 3"))?;
        if self.id.is_empty() {
            return Err(fault("it has no id"));
        }
        // Whoever starts a run on their own machine can write what they like.
        if is_local(&self.id) && level > Level::L1 {
            return Err(fault(
                "what anybody runs on their own machine is level 1, whoever signs it",
            ));
        }
        let identity = match (self.identity, self.identity_pattern, self.issuer) {
            (Some(name), None, Some(issuer)) => Some((name, false, issuer)),
            (None, Some(name), Some(issuer)) => Some((name, true, issuer)),
            (None, None, None) => None,
            _ => {
                return Err(fault(
                    "an identity is one of `identity` and `identity-pattern`, with `issuer`",
                ));
            }
        };
        let who = match (self.key, self.certificates, identity) {
            (Some(file), None, None) => Who::Key(file),
            (None, Some(file), None) => Who::Certificates(file),
            (None, None, Some((name, is_pattern, issuer))) => Who::Identity {
                name,
                is_pattern,
                issuer,
            },
            _ => return Err(fault("give one of `key`, `certificates` and an identity")),
        };
        Ok(Builder {
            id: self.id,
            matching: self.matching,
            level,
            who,
            build_types: self.build_types,
        })
    }
}

fn is_local(id: &str) -> bool {
    urn::canonical(id).starts_with("urn:weightlock:builder:local")
}

impl Builder {
    /// Whether a `builder.id` is this builder's.
    #[must_use]
    pub fn is_called(&self, id: &str) -> bool {
        let (id, own) = (urn::canonical(id), urn::canonical(&self.id));
        let is_with_ref = || {
            let rest = id
                .strip_prefix(own.as_ref())
                .and_then(|rest| rest.strip_prefix('@'));
            rest.is_some_and(|reference| !reference.is_empty() && !reference.contains('@'))
        };
        id == own || (self.matching == Matching::WithoutRef && is_with_ref())
    }

    /// A kind of step that the list knows for this builder.
    #[must_use]
    pub fn build_type(&self, uri: &str) -> Option<&BuildType> {
        let uri = urn::canonical(uri);
        self.build_types
            .iter()
            .find(|one| urn::canonical(&one.uri) == uri)
    }
}

impl BuildType {
    /// The parameters among these that are not allowed.
    pub(super) fn strangers<'a>(&self, parameters: &'a Map<String, Value>) -> Vec<&'a str> {
        let names = parameters.keys().map(String::as_str);
        names
            .filter(|name| !self.parameters.iter().any(|known| known == name))
            .collect()
    }
}

/// A builder with what its signer's signatures are checked against.
#[derive(Clone, Debug)]
pub struct TrustedBuilder {
    /// What the list says.
    pub builder: Builder,
    /// Who signs for it.
    pub trust: Trust,
}

/// Provenance that a builder of the list signed.
#[derive(Clone, Debug)]
pub struct Accepted<'a> {
    /// The statement, with its signer.
    pub evidence: VerifiedEvidence,
    /// What it says.
    pub provenance: Provenance,
    /// The builder.
    pub builder: &'a Builder,
}

/// Why nobody of the list stands behind a statement.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotAccepted {
    /// Nobody of the list signed it, or the signature does not hold.
    #[error("no builder of the list signed it")]
    Signature(#[source] Box<Refusal>),
    /// The list is empty.
    #[error("the list of builders is empty")]
    Nobody,
    /// It says something else than how something was made.
    #[error("it is a statement of the type {0}, and not SLSA provenance v1")]
    Type(String),
    /// It cannot be read.
    #[error(transparent)]
    Form(#[from] NotProvenance),
    /// The signer signs for another builder.
    #[error("it says that {found} built it, and its signer signs for {signs_for}")]
    Pair {
        /// What it says.
        found: String,
        /// For whom its signer signs, by the list.
        signs_for: String,
    },
}

impl NotAccepted {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Signature(_) | Self::Nobody => reason::UNTRUSTED,
            Self::Type(_) => reason::NONE,
            Self::Form(error) => error.code(),
            Self::Pair { .. } => reason::BUILDER,
        }
    }
}

/// Whether a builder of the list stands behind a bundle:
///
/// 1. One of the list's signers made the signature. Nothing of the statement was believed before.
/// 2. That signer signs for the `builder.id` of the provenance. The pair counts: a signer of one builder is none of another.
///
/// # Errors
/// [`NotAccepted`] names the first that does not hold.
pub fn accept<'a>(bundle: &[u8], trusted: &'a [TrustedBuilder]) -> Result<Accepted<'a>, NotAccepted> {
    let mut told = NotAccepted::Nobody;
    let mut signed = Vec::new();
    for one in trusted {
        match verify_evidence(bundle, &one.trust) {
            Ok(evidence) => signed.push((&one.builder, evidence)),
            Err(refusal) if matches!(told, NotAccepted::Nobody) => {
                told = NotAccepted::Signature(Box::new(refusal));
            }
            Err(_) => {}
        }
    }
    let Some((_, first)) = signed.first() else {
        return Err(told);
    };
    let statement = first.statement();
    if statement.predicate_type != weightlock_signing::predicate::types::SLSA_1 {
        return Err(NotAccepted::Type(statement.predicate_type.clone()));
    }
    let provenance = Provenance::read(&statement.predicate)?;
    let ids: Vec<&str> = signed.iter().map(|(builder, _)| builder.id.as_str()).collect();
    let signs_for = ids.join(", ");
    let meant = signed
        .into_iter()
        .filter(|(builder, _)| builder.is_called(&provenance.builder))
        // Two entries for one builder: the lower level holds.
        .min_by_key(|(builder, _)| builder.level);
    match meant {
        Some((builder, evidence)) => Ok(Accepted {
            evidence,
            provenance,
            builder,
        }),
        None => Err(NotAccepted::Pair {
            found: provenance.builder,
            signs_for,
        }),
    }
}

/// What may be set from outside for a build type, by the published list or by a builder's own.
pub(super) fn strangers<'a>(provenance: &'a Provenance, builder: Option<&Builder>) -> Option<Vec<&'a str>> {
    let parameters = &provenance.external_parameters;
    if let Some(allowed) = step::allowed(&provenance.build_type) {
        return Some(allowed.strangers(parameters));
    }
    let own = builder?.build_type(&provenance.build_type)?;
    Some(own.strangers(parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        BuilderList::parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_list_says_who_signs_for_whom() {
        let list = BuilderList::parse(
            b"version: 1\nbuilders:\n  - id: https://b/x\n    level: 3\n    match: without-ref\n    identity-pattern: 'https://b/*'\n    issuer: https://i\n  - {id: urn:a:b, level: 1, key: k.pub}\n",
        )
        .unwrap();
        let [one, two] = list.builders.as_slice() else {
            panic!()
        };
        assert_eq!((one.level, two.level), (Level::L3, Level::L1));
        assert!(one.is_called("https://b/x") && one.is_called("https://b/x@refs/tags/v1"));
        for other in [
            "https://b/x@",
            "https://b/x2",
            "https://b/xy@v1",
            "https://b/x@a@b",
            "https://b/",
        ] {
            assert!(!one.is_called(other), "{other}");
        }
        assert!(two.is_called("urn:a:b") && !two.is_called("urn:a:b@v1"));
        assert!(two.is_called("URN:A:b") && !two.is_called("urn:a:B"));
    }

    #[test]
    fn a_list_with_a_fault_is_no_list() {
        for (text, says) in [
            ("version: 2\nbuilders: []", "1 is known"),
            (
                "version: 1\nbuilders:\n- {id: x, level: 4, key: k}",
                "none of 1, 2 and 3",
            ),
            (
                "version: 1\nbuilders:\n- {id: x, level: 0, key: k}",
                "none of 1, 2 and 3",
            ),
            ("version: 1\nbuilders:\n- {id: x, level: 2}", "give one of"),
            (
                "version: 1\nbuilders:\n- {id: x, level: 2, key: k, certificates: c}",
                "give one of",
            ),
            (
                "version: 1\nbuilders:\n- {id: x, level: 2, identity: a}",
                "with `issuer`",
            ),
            (
                "version: 1\nbuilders:\n- {id: x, level: 2, key: k, trust: all}",
                "trust",
            ),
            ("version: 1\nbuilders:\n- {id: x, id: y, level: 2, key: k}", ""),
            ("builders: []", "version"),
            ("- a", ""),
            ("", ""),
        ] {
            assert!(fault(text).contains(says), "{text}: {}", fault(text));
        }
        let capital = LOCAL.replace("urn:weightlock", "URN:Weightlock");
        let local = format!("version: 1\nbuilders:\n- {{id: '{capital}', level: 2, key: k}}");
        assert!(
            BuilderList::parse(local.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("level 1")
        );
        let local = format!("version: 1\nbuilders:\n- {{id: {LOCAL}, level: 2, key: k}}");
        assert!(fault(&local).contains("level 1, whoever signs it"));
        let local = local.replace("level: 2", "level: 1");
        assert!(BuilderList::parse(local.as_bytes()).is_ok());
    }
}
