//! [`Expected`]: whether provenance is what somebody expects, after it is known who signed it.
//!
//! The checks go on from [`accept`](super::accept), which has made the first two, and are numbered with them:
//!
//! 3. Every file of the model is among the subjects, and the model itself is the first ([`covers`]).
//! 4. The build type is known, so that its parameters have a meaning.
//! 5. The repository is the expected one.
//! 6. So is the branch, the tag, or the version.
//! 7. No external parameter is one that the build type does not have.
//!
//! What the signer's certificate says of repository, ref and commit was proven to whoever issued it; where provenance says
//! something else, it is refused whatever was expected.

use weightlock_artifact::{digest::Digest, manifest::Subject, reason::Code};
use weightlock_signing::{
    Signer,
    identity::{Claim, Identity},
};

use super::{
    builders::{Accepted, Builder, strangers},
    reason,
    source::{RefWanted, Source, SourceUri},
};
use crate::provenance::{Provenance, step, urn};

/// What is expected of provenance. What is `None` is not asked.
#[derive(Clone, Default, Debug)]
pub struct Expected {
    /// The builder, as `builder.id`.
    pub builder: Option<String>,
    /// The repository.
    pub source: Option<SourceUri>,
    /// The branch, tag or version.
    pub reference: Option<RefWanted>,
}

/// Why provenance is not what is expected.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The statement is about something else.
    #[error("it is not about this model, but about {found}")]
    Model {
        /// Its first subject.
        found: Digest,
        /// The model.
        model: Digest,
    },
    /// A file of the model was not made by the step, as far as the statement says.
    #[error("{name} is not among what was made")]
    File {
        /// Its path.
        name: String,
        /// Its digest now.
        found: Digest,
        /// The digest that the statement has under this name.
        stated: Option<Digest>,
    },
    /// Another builder than was expected.
    #[error("it was built by {found}, and {expected} was expected")]
    Builder {
        /// What it says.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// Nobody knows what its parameters mean.
    #[error("its build type is not known: {0}")]
    BuildType(String),
    /// Another repository, or none.
    #[error("its source is {}, and {expected} was expected", found.as_deref().unwrap_or("not stated"))]
    Source {
        /// What it says.
        found: Option<String>,
        /// What was expected.
        expected: String,
    },
    /// Another branch or tag, or none.
    #[error("it was built from {}, and {expected} was expected", found.as_deref().unwrap_or("no stated ref"))]
    Ref {
        /// What it says.
        found: Option<String>,
        /// What was expected.
        expected: String,
    },
    /// The builder was told things that the build type does not have.
    #[error("it has external parameters that its build type does not know: {}", .0.join(", "))]
    Parameters(Vec<String>),
    /// The certificate of the signer says something else.
    #[error("it says {what} {found}, and the signer's certificate says {proven}")]
    Contradiction {
        /// Of what.
        what: &'static str,
        /// What the statement says.
        found: String,
        /// What the certificate says.
        proven: String,
    },
}

impl Refused {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Model { .. } | Self::File { .. } => reason::SUBJECT,
            Self::Builder { .. } => reason::BUILDER,
            Self::BuildType(_) => reason::BUILD_TYPE,
            Self::Source { .. } => reason::SOURCE,
            Self::Ref { .. } => reason::REF,
            Self::Parameters(_) => reason::PARAMETER,
            Self::Contradiction { .. } => reason::CONTRADICTION,
        }
    }
}

/// Step 3: whether a statement with these subjects is about the whole model. `model` are the model's own subjects: itself
/// first, then its files.
///
/// # Errors
/// [`Refused::Model`] or [`Refused::File`], with both digests.
pub fn covers(stated: &[Subject], model: &[Subject]) -> Result<(), Refused> {
    let (Some(first), Some(itself)) = (stated.first(), model.first()) else {
        return Ok(());
    };
    // A model of one file may be one of several files that a step made.
    let is_one_file = model.len() == 1;
    let is_listed = |wanted: &Subject| stated.iter().any(|one| one.sha256 == wanted.sha256);
    if first.sha256 != itself.sha256 && !(is_one_file && is_listed(itself)) {
        return Err(Refused::Model {
            found: first.sha256,
            model: itself.sha256,
        });
    }
    match model.iter().skip(1).find(|file| !is_listed(file)) {
        None => Ok(()),
        Some(file) => Err(Refused::File {
            name: file.name.clone(),
            found: file.sha256,
            stated: stated
                .iter()
                .find(|one| one.name == file.name)
                .map(|one| one.sha256),
        }),
    }
}

impl Expected {
    /// Steps 3 to 7, on what a builder of the list signed.
    ///
    /// # Errors
    /// [`Refused`] names the first that does not hold.
    pub fn check(&self, accepted: &Accepted<'_>, model: &[Subject]) -> Result<Source, Refused> {
        covers(&accepted.evidence.statement().subjects, model)?;
        self.signed(
            &accepted.provenance,
            Some(accepted.builder),
            accepted.evidence.signer(),
        )
    }

    /// Steps 4 to 7, with what the signer's certificate says.
    ///
    /// # Errors
    /// [`Refused`] names the first that does not hold.
    pub fn signed(
        &self,
        provenance: &Provenance,
        builder: Option<&Builder>,
        signer: &Signer,
    ) -> Result<Source, Refused> {
        let source = self.content(provenance, builder)?;
        if let Signer::Identity { identity, .. } = signer {
            agrees(&source, identity)?;
        }
        Ok(source)
    }

    /// Steps 4 to 7, whoever signed.
    ///
    /// # Errors
    /// [`Refused`] names the first that does not hold.
    pub fn content(&self, provenance: &Provenance, builder: Option<&Builder>) -> Result<Source, Refused> {
        if let Some(expected) = self
            .builder
            .as_ref()
            .filter(|expected| urn::canonical(expected) != urn::canonical(&provenance.builder))
        {
            return Err(Refused::Builder {
                found: provenance.builder.clone(),
                expected: expected.clone(),
            });
        }
        let own = builder.and_then(|builder| builder.build_type(&provenance.build_type));
        if step::allowed(&provenance.build_type).is_none() && own.is_none() {
            return Err(Refused::BuildType(provenance.build_type.clone()));
        }
        let places = own.and_then(|own| Some((own.source.as_deref()?, own.reference.as_deref())));
        let source = Source::of(provenance, places);
        self.repository(&source)?;
        self.reference(&source)?;
        match strangers(provenance, builder) {
            Some(strangers) if !strangers.is_empty() => Err(Refused::Parameters(
                strangers.into_iter().map(str::to_owned).collect(),
            )),
            _ => Ok(source),
        }
    }

    fn repository(&self, source: &Source) -> Result<(), Refused> {
        let Some(expected) = &self.source else {
            return Ok(());
        };
        let found = source.uri.as_deref().and_then(|uri| SourceUri::parse(uri).ok());
        if found.as_ref() == Some(expected) {
            return Ok(());
        }
        Err(Refused::Source {
            found: source.uri.clone(),
            expected: expected.to_string(),
        })
    }

    fn reference(&self, source: &Source) -> Result<(), Refused> {
        let Some(expected) = &self.reference else {
            return Ok(());
        };
        match &source.reference {
            Some(found) if expected.is_met_by(found) => Ok(()),
            found => Err(Refused::Ref {
                found: found.clone(),
                expected: expected.to_string(),
            }),
        }
    }
}

/// What the certificate proves must not be denied by what the statement says.
fn agrees(source: &Source, identity: &Identity) -> Result<(), Refused> {
    let one = |what: &'static str, found: Option<&String>, claim: Claim, same: fn(&str, &str) -> bool| {
        let (Some(found), Some(proven)) = (found, identity.claim(claim)) else {
            return Ok(());
        };
        if same(found, proven) {
            return Ok(());
        }
        Err(Refused::Contradiction {
            what,
            found: found.clone(),
            proven: proven.to_owned(),
        })
    };
    let same_uri = |found: &str, proven: &str| {
        let (found, proven) = (SourceUri::parse(found), SourceUri::parse(proven));
        found.is_ok() && found == proven
    };
    let same_text = |found: &str, proven: &str| found == proven;
    one(
        "the source is",
        source.uri.as_ref(),
        Claim::SourceRepositoryUri,
        same_uri,
    )?;
    one(
        "the ref is",
        source.reference.as_ref(),
        Claim::SourceRepositoryRef,
        same_text,
    )?;
    one(
        "the commit is",
        source.commit.as_ref(),
        Claim::SourceRepositoryDigest,
        same_text,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weightlock_artifact::digest::Algorithm;

    use super::*;

    fn subjects(names: &[&str]) -> Vec<Subject> {
        let one = |name: &&str| Subject {
            name: (*name).to_owned(),
            sha256: Algorithm::Sha256.digest(name.as_bytes()),
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn every_file_must_be_among_the_subjects() {
        let model = subjects(&["m", "a", "b"]);
        assert_eq!(covers(&subjects(&["m", "b", "a", "c"]), &model), Ok(()));
        let lacks = covers(&subjects(&["m", "a"]), &model).unwrap_err();
        assert!(
            matches!(&lacks, Refused::File { name, stated: None, .. } if name == "b"),
            "{lacks}"
        );
        let mut changed = subjects(&["m", "a", "b"]);
        changed[2].sha256 = Algorithm::Sha256.digest(b"before");
        let lacks = covers(&changed, &model).unwrap_err();
        assert!(matches!(&lacks, Refused::File { stated: Some(_), .. }), "{lacks}");
        let other = covers(&subjects(&["a", "m", "b"]), &model).unwrap_err();
        assert_eq!(other.code(), reason::SUBJECT);
        assert_eq!(
            covers(&subjects(&["x", "w.gguf"]), &subjects(&["w.gguf"])),
            Ok(())
        );
    }

    fn provenance(value: serde_json::Value) -> Provenance {
        Provenance::read(&value).unwrap()
    }

    fn github(repository: &str, reference: &str) -> Provenance {
        provenance(json!({
            "buildDefinition": {
                "buildType": "https://actions.github.io/buildtypes/workflow/v1",
                "externalParameters": {"workflow": {"ref": reference, "repository": repository, "path": "p"}},
                "resolvedDependencies": [{"uri": format!("git+{repository}@{reference}"), "digest": {"gitCommit": "ab"}}]
            },
            "runDetails": {"builder": {"id": "https://github.com/o/w@refs/heads/main"}}
        }))
    }

    #[test]
    fn source_and_ref_are_compared_and_the_commit_is_found() {
        let found = github("https://github.com/acme/models", "refs/tags/v1.2.3");
        let expected = |source: &str, reference: RefWanted| Expected {
            builder: None,
            source: Some(SourceUri::parse(source).unwrap()),
            reference: Some(reference),
        };
        let tag = || RefWanted::VersionedTag("v1".to_owned());
        let source = expected("git+https://GitHub.com/acme/models.git", tag())
            .content(&found, None)
            .unwrap();
        assert_eq!(source.commit.as_deref(), Some("ab"));
        let refused = |expected: Expected| expected.content(&found, None).unwrap_err().code();
        assert_eq!(refused(expected("github.com/evil/models", tag())), reason::SOURCE);
        let branch = RefWanted::Branch("v1.2.3".to_owned());
        assert_eq!(refused(expected("github.com/acme/models", branch)), reason::REF);
        let builder = Expected {
            builder: Some("https://github.com/o/w".to_owned()),
            ..Expected::default()
        };
        assert_eq!(refused(builder), reason::BUILDER);
    }

    #[test]
    fn an_unknown_build_type_and_an_unknown_parameter_are_refused() {
        let of = |build_type: &str, parameters: serde_json::Value| {
            provenance(json!({
                "buildDefinition": {"buildType": build_type, "externalParameters": parameters},
                "runDetails": {"builder": {"id": "b"}}
            }))
        };
        let check = |one: &Provenance| {
            Expected::default()
                .content(one, None)
                .map_err(|refused| refused.code())
        };
        let ours = step::Step::Quantize.uri();
        assert!(check(&of(&ours, json!({"scheme": "Q8_0"}))).is_ok());
        assert_eq!(
            check(&of(&ours, json!({"preload": "x.so"}))),
            Err(reason::PARAMETER)
        );
        assert!(
            check(&of(&ours, json!({"preload": "", "x": null}))).is_ok(),
            "unset and empty are the same"
        );
        assert_eq!(
            check(&of("https://example.com/x", json!({}))),
            Err(reason::BUILD_TYPE)
        );
    }
}
