//! How something was made: SLSA provenance v1 (`https://slsa.dev/provenance/v1`), read and written, and what leads to it.
//!
//! | question | where |
//! |---|---|
//! | what a predicate says, as far as anything is decided by it | [`Provenance`], [`Resource`] |
//! | which part an input played | [`Role`] |
//! | which kinds of step are published, and what may be set from outside | [`step`] |
//! | what a person wrote down about a step | [`description`] |
//! | what a command line tells without telling secrets | [`command`] |
//! | which commit a working tree is at, and whether it was changed | [`git`] |
//! | whether two builds had the same inputs | [`inputs`] |
//! | when two spellings of a URI are one | [`urn`] |
//! | what was measured | [`evaluation`] |
//! | who looked at which code | [`review`] |
//!
//! What is read here is somebody's claim; whether it is believed is for [`crate::slsa`] and for whoever checks signatures.
//! Members that are not known here are passed over and decide nothing. Unset, `null` and empty mean the same, as the
//! specification has it (section "Parsing rules").

pub mod command;
pub mod description;
pub mod evaluation;
pub mod git;
pub mod inputs;
pub(crate) mod named;
pub mod reason;
pub mod review;
mod role;
pub mod step;
pub mod urn;
mod wire;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    reason::Code,
};

pub use self::role::Role;

/// The largest document of a person that is read: descriptions, lists of builders, requirements.
pub const MAX_DOCUMENT: usize = 4 << 20;

/// How something was made.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Provenance {
    /// What kind of step it was, a URI; it says what the parameters mean.
    pub build_type: String,
    /// What was set from outside the builder, and what a verifier therefore has to look at, every member of it.
    pub external_parameters: Map<String, Value>,
    /// What the builder itself set.
    pub internal_parameters: Map<String, Value>,
    /// What it was made from.
    pub dependencies: Vec<Resource>,
    /// Who claims to have made it, a URI. Only a list of trusted builders gives this a meaning.
    pub builder: String,
    /// Versions of the builder's parts.
    pub builder_version: BTreeMap<String, String>,
    /// Which run it was.
    pub invocation: Option<String>,
    /// When it began, in RFC 3339.
    pub started: Option<String>,
    /// When it ended, in RFC 3339.
    pub finished: Option<String>,
}

/// Something that was used (in-toto `ResourceDescriptor` v1).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resource {
    /// What it is called, if that was said.
    pub name: Option<String>,
    /// Where it comes from, if that was said.
    pub uri: Option<String>,
    /// Its digests by algorithm, in lower case: `sha256`, `gitCommit` and others.
    pub digests: BTreeMap<String, String>,
    /// Further texts about it; values of other kinds are left out.
    pub annotations: BTreeMap<String, String>,
}

/// A predicate that is no provenance.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the provenance cannot be used: {place} {fault}")]
pub struct NotProvenance {
    /// The member.
    pub place: String,
    /// What is wrong with it.
    pub fault: &'static str,
}

impl NotProvenance {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        reason::FORM
    }
}

impl Provenance {
    /// Reads a predicate of the type `https://slsa.dev/provenance/v1`.
    ///
    /// # Errors
    /// [`NotProvenance`] names the first member that is missing or of another kind.
    pub fn read(predicate: &Value) -> Result<Self, NotProvenance> {
        wire::read(predicate)
    }

    /// The predicate. [`read`](Self::read) gives back the same.
    #[must_use]
    pub fn to_predicate(&self) -> Value {
        wire::write(self)
    }

    /// What played this part, in the order it was stated.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &Resource> {
        self.dependencies.iter().filter(move |one| one.role() == role)
    }

    /// Models and adapters that it was made from, each with everything that was said of it: statements list the manifest
    /// digest of a model and its files one by one, under one name.
    #[must_use]
    pub fn parents(&self) -> Vec<Parent<'_>> {
        let mut parents: Vec<Parent<'_>> = Vec::new();
        // Parts of one thing share their name; where there is none, where they come from.
        let mut known = BTreeMap::new();
        let made_from = self.dependencies.iter().filter(|one| one.role().is_parent());
        for resource in made_from {
            let role = resource.role();
            let at = *known
                .entry((role, &resource.name, &resource.uri))
                .or_insert(parents.len());
            match parents.get_mut(at) {
                Some(parent) => parent.parts.push(resource),
                None => parents.push(Parent {
                    role,
                    parts: vec![resource],
                }),
            }
        }
        parents
    }
}

/// A model that another was made from, as provenance states it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parent<'a> {
    /// [`Role::BaseModel`] or [`Role::Adapter`].
    pub role: Role,
    /// The model, its files, or both; never empty.
    pub parts: Vec<&'a Resource>,
}

impl Parent<'_> {
    /// What it is called: its name, else where it comes from.
    #[must_use]
    pub fn name(&self) -> &str {
        let first = self.parts.first();
        first.and_then(|one| one.title()).unwrap_or("(without a name)")
    }

    /// Where it comes from, if that was said.
    #[must_use]
    pub fn uri(&self) -> Option<&str> {
        self.parts.iter().find_map(|one| one.uri.as_deref())
    }

    /// The digest of the whole model, where it was stated: that of its manifest, or of its one file.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        let whole = self.parts.iter().find(|one| !one.annotations.contains_key(PATH));
        let only = self.parts.first().filter(|_| self.parts.len() == 1);
        whole.or(only).and_then(|one| one.sha256())
    }

    /// The digests of its files, as far as they are listed.
    pub fn files(&self) -> impl Iterator<Item = Digest> + '_ {
        let files = self.parts.iter().filter(|one| one.annotations.contains_key(PATH));
        files.filter_map(|one| one.sha256())
    }
}

/// The annotation that says which part a resource played.
pub const ROLE: &str = "role";
/// The annotation that says which file of a folder it is; without it, a resource stands for the whole.
pub const PATH: &str = "path";

impl Resource {
    /// The part it played: what its annotation says, else what its name says, else [`Role::Material`].
    #[must_use]
    pub fn role(&self) -> Role {
        let word = self.annotations.get(ROLE).or(self.name.as_ref());
        word.and_then(|word| Role::named(word)).unwrap_or(Role::Material)
    }

    /// Its SHA-256, if there is one.
    #[must_use]
    pub fn sha256(&self) -> Option<Digest> {
        Digest::from_hex(Algorithm::Sha256, self.digests.get("sha256")?).ok()
    }

    /// What it is called, or where it comes from.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.name.as_deref().or(self.uri.as_deref())
    }

    /// One digest as text, `sha256:…` before others.
    #[must_use]
    pub fn shown_digest(&self) -> Option<String> {
        let named = |name: &str| Some(format!("{name}:{}", self.digests.get(name)?));
        named("sha256").or_else(|| {
            let (name, hex) = self.digests.first_key_value()?;
            Some(format!("{name}:{hex}"))
        })
    }

    /// With a SHA-256.
    #[must_use]
    pub fn with_sha256(mut self, digest: &Digest) -> Self {
        self.digests.insert("sha256".to_owned(), digest.hex());
        self
    }

    /// With a text about it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.annotations.insert(name.to_owned(), value.into());
        self
    }

    /// Something of a name that played this part.
    #[must_use]
    pub fn named(name: impl Into<String>, role: Role) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::default()
        }
        .with(ROLE, role.word())
    }
}

#[cfg(test)]
mod tests;
