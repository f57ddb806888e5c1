//! [`Requirements`]: what an organisation asks of how a model was made, line by line (`slsa-requirements.yaml`).
//!
//! ```yaml
//! version: 1
//! level: 2                                  # at least
//! builder: [https://example.org/builders/gpu-farm/v1]
//! source:
//!   uri: https://github.com/acme/models
//!   versioned-tag: v1                       # or branch, or tag
//!   commit: true                            # a commit is stated
//!   unchanged: true                         # and the working tree was as in the commit
//! build-types: [finetune, quantize]
//! dependencies:
//!   digests: true                           # each has one
//!   roles: [base-model, dataset]            # at least one of each is named
//! steps: {data: verified, training: declared}
//! review: {reviewers: 2}
//! ```
//!
//! Every line is one requirement, and those that are not met are told one by one with their line. A word that is not known is
//! refused, since a misspelt requirement would be met by everything.

use std::fmt;

use weightlock_artifact::{reason::Code, standing::Standing};
use weightlock_format::yaml::tree::Node;

use super::{
    Level, reason,
    source::{RefWanted, Source, SourceUri},
    steps::{MlStep, Steps},
};
use crate::{
    provenance::{MAX_DOCUMENT, Provenance, Role, description, urn},
    typed::line,
};

/// More lines than this nobody has written.
const MOST: usize = 1000;

/// What is asked, in the order of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirements(Vec<(usize, Requirement)>);

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Requirement {
    /// At least this level.
    Level(Level),
    /// One of these builders.
    Builder(Vec<String>),
    /// This repository.
    SourceUri(SourceUri),
    /// This branch, tag or version.
    SourceRef(RefWanted),
    /// A commit is stated.
    Commit,
    /// The working tree was as in the commit.
    Unchanged,
    /// One of these kinds of step.
    BuildTypes(Vec<String>),
    /// Every dependency has a digest.
    Digests,
    /// A dependency of this role is named, with a digest.
    Role(Role),
    /// This part of making the model is known at least so.
    Step(MlStep, Standing),
    /// So many people signed a review that covers the code, or of a model without code, and nobody who counts rejected it.
    Reviewers(u32),
}

/// What is known of a model, for comparing.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The level it reaches.
    pub level: Level,
    /// Its provenance, if there is some about it.
    pub provenance: Option<&'a Provenance>,
    /// Where the code comes from, as that says.
    pub source: Source,
    /// The parts of making it.
    pub steps: &'a Steps,
    /// Different signers of reviews that count.
    pub reviewers: usize,
    /// Different signers who count and whose last word is that the code must not be run.
    pub rejected: usize,
}

/// A line that is not met.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmet {
    /// The line, from 1.
    pub line: usize,
    /// What it asks.
    pub asked: String,
    /// What there is.
    pub found: String,
}

/// The file is none of requirements.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the requirements are not written as such: line {line}: {fault}")]
pub struct NotRequirements {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub fault: String,
}

impl NotRequirements {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        reason::FILE
    }
}

struct Reading<'t> {
    text: &'t [u8],
    found: Vec<(usize, Requirement)>,
}

impl Requirements {
    /// Reads a file, in YAML or JSON.
    ///
    /// # Errors
    /// [`NotRequirements`] names the first fault, with its line.
    pub fn parse(text: &[u8]) -> Result<Self, NotRequirements> {
        let at_top = |fault: String| NotRequirements { line: 1, fault };
        if text.len() > MAX_DOCUMENT {
            return Err(at_top(format!("it is larger than {MAX_DOCUMENT} bytes")));
        }
        let root = Node::read(text).map_err(|error| at_top(error.to_string()))?;
        let mut reading = Reading {
            text,
            found: Vec::new(),
        };
        if root.at("version").and_then(Node::number) != Some("1") {
            return Err(at_top("it does not begin with version: 1".to_owned()));
        }
        for (key, value) in root.entries() {
            reading.section(key, value)?;
        }
        if reading.found.len() > MOST {
            return Err(at_top(format!("it has more than {MOST} lines")));
        }
        if reading.found.is_empty() {
            return Err(at_top(
                "it asks for nothing, and everything would meet it".to_owned(),
            ));
        }
        Ok(Self(reading.found))
    }

    /// The requirements with their lines.
    #[must_use]
    pub fn lines(&self) -> &[(usize, Requirement)] {
        &self.0
    }

    /// The lines that are not met.
    #[must_use]
    pub fn unmet(&self, facts: &Facts<'_>) -> Vec<Unmet> {
        let unmet = self.0.iter().filter_map(|(line, requirement)| {
            let found = requirement.lack(facts)?;
            Some(Unmet {
                line: *line,
                asked: requirement.to_string(),
                found,
            })
        });
        unmet.collect()
    }
}

impl Reading<'_> {
    fn fault(&self, node: &Node, fault: impl Into<String>) -> NotRequirements {
        NotRequirements {
            line: line(self.text, node.range.start),
            fault: fault.into(),
        }
    }

    fn ask(&mut self, node: &Node, requirement: Requirement) {
        self.found.push((line(self.text, node.range.start), requirement));
    }

    fn section(&mut self, key: &Node, value: &Node) -> Result<(), NotRequirements> {
        match key.text().unwrap_or_default() {
            "version" => Ok(()),
            "level" => {
                let level = self.number(value)?;
                let level = u8::try_from(level).ok().and_then(Level::of);
                let level = level.ok_or_else(|| self.fault(value, "a level is one of 0, 1, 2 and 3"))?;
                self.ask(key, Requirement::Level(level));
                Ok(())
            }
            "builder" => {
                let ids = self.texts(value)?;
                self.ask(key, Requirement::Builder(ids));
                Ok(())
            }
            "build-types" => {
                let types = self.build_types(value)?;
                self.ask(key, Requirement::BuildTypes(types));
                Ok(())
            }
            "source" | "dependencies" | "steps" | "review" => self.members(key, value),
            other => Err(self.fault(key, format!("{other:?} is no requirement"))),
        }
    }

    fn members(&mut self, section: &Node, value: &Node) -> Result<(), NotRequirements> {
        if value.entries().is_empty() {
            return Err(self.fault(section, "it has no members"));
        }
        for (key, value) in value.entries() {
            let name = key.text().unwrap_or_default();
            match (section.text().unwrap_or_default(), name) {
                ("source", "commit") => self.flag(key, value, Requirement::Commit)?,
                ("source", "unchanged") => self.flag(key, value, Requirement::Unchanged)?,
                ("dependencies", "digests") => self.flag(key, value, Requirement::Digests)?,
                ("dependencies", "roles") => self.roles(value)?,
                ("review", "reviewers") => {
                    let count = self.number(value)?;
                    self.ask(key, Requirement::Reviewers(count));
                }
                ("source", _) => self.source(key, value)?,
                ("steps", _) => self.step(key, value)?,
                (section, name) => {
                    return Err(self.fault(key, format!("{name:?} is no requirement in {section}")));
                }
            }
        }
        Ok(())
    }

    fn source(&mut self, key: &Node, value: &Node) -> Result<(), NotRequirements> {
        let text = self.text(value)?.to_owned();
        let requirement = match key.text().unwrap_or_default() {
            "uri" => {
                let uri = SourceUri::parse(&text).map_err(|error| self.fault(value, error.to_string()))?;
                Requirement::SourceUri(uri)
            }
            "branch" => Requirement::SourceRef(RefWanted::Branch(text)),
            "tag" => Requirement::SourceRef(RefWanted::Tag(text)),
            "versioned-tag" => Requirement::SourceRef(RefWanted::VersionedTag(text)),
            other => return Err(self.fault(key, format!("{other:?} is no requirement in source"))),
        };
        self.ask(key, requirement);
        Ok(())
    }

    fn step(&mut self, key: &Node, value: &Node) -> Result<(), NotRequirements> {
        let name = key.text().unwrap_or_default();
        let step = MlStep::ALL.into_iter().find(|step| step.word() == name);
        let step = step.ok_or_else(|| self.fault(key, format!("{name:?} is no part of making a model")))?;
        let standing = match self.text(value)? {
            "verified" => Standing::Verified,
            "declared" => Standing::Declared,
            other => {
                let fault = format!("{other:?} is neither verified nor declared");
                return Err(self.fault(value, fault));
            }
        };
        self.ask(key, Requirement::Step(step, standing));
        Ok(())
    }

    fn roles(&mut self, value: &Node) -> Result<(), NotRequirements> {
        for one in value.one_or_many() {
            let word = self.text(one)?;
            let role = Role::named(word).ok_or_else(|| self.fault(one, format!("{word:?} is no role")))?;
            self.ask(one, Requirement::Role(role));
        }
        Ok(())
    }

    fn flag(&mut self, key: &Node, value: &Node, requirement: Requirement) -> Result<(), NotRequirements> {
        match value.boolean() {
            Some(true) => self.ask(key, requirement),
            Some(false) => {}
            None => return Err(self.fault(value, "true or false was expected")),
        }
        Ok(())
    }

    fn build_types(&self, value: &Node) -> Result<Vec<String>, NotRequirements> {
        let words = self.texts(value)?.into_iter();
        words
            .map(|word| description::build_type(&word).map_err(|error| self.fault(value, error.to_string())))
            .collect()
    }

    fn texts(&self, value: &Node) -> Result<Vec<String>, NotRequirements> {
        let texts = value
            .one_or_many()
            .iter()
            .map(|one| self.text(one).map(str::to_owned));
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        if texts.is_empty() {
            return Err(self.fault(value, "at least one was expected"));
        }
        Ok(texts)
    }

    fn text<'n>(&self, node: &'n Node) -> Result<&'n str, NotRequirements> {
        node.text().ok_or_else(|| self.fault(node, "a text was expected"))
    }

    fn number(&self, node: &Node) -> Result<u32, NotRequirements> {
        let number = node.number().and_then(|text| text.parse().ok());
        number.ok_or_else(|| self.fault(node, "a whole number was expected"))
    }
}

impl Requirement {
    /// What there is instead, when it is not met.
    fn lack(&self, facts: &Facts<'_>) -> Option<String> {
        let no_provenance = || "no provenance about the model".to_owned();
        match self {
            Self::Level(wanted) => (facts.level < *wanted).then(|| format!("level {}", facts.level)),
            Self::Reviewers(_) if facts.rejected > 0 => {
                Some(format!("{} whose word counts rejected the code", facts.rejected))
            }
            Self::Reviewers(wanted) => {
                let enough = u32::try_from(facts.reviewers).is_ok_and(|found| found >= *wanted);
                (!enough).then(|| format!("{} signed a review that counts", facts.reviewers))
            }
            Self::Step(step, wanted) => {
                let state = facts.steps.state(*step);
                (state.standing > *wanted)
                    .then(|| format!("{}: {}", state.standing.word().to_lowercase(), state.what))
            }
            _ => match facts.provenance {
                None => Some(no_provenance()),
                Some(provenance) => self.lack_of(provenance, &facts.source),
            },
        }
    }

    fn lack_of(&self, provenance: &Provenance, source: &Source) -> Option<String> {
        let not_stated = || "not stated".to_owned();
        match self {
            Self::Builder(ids) => (!has(ids, &provenance.builder)).then(|| provenance.builder.clone()),
            Self::SourceUri(wanted) => {
                let found = source.uri.as_deref().and_then(|uri| SourceUri::parse(uri).ok());
                (found.as_ref() != Some(wanted)).then(|| source.uri.clone().unwrap_or_else(not_stated))
            }
            Self::SourceRef(wanted) => {
                let is_met = source
                    .reference
                    .as_deref()
                    .is_some_and(|found| wanted.is_met_by(found));
                (!is_met).then(|| source.reference.clone().unwrap_or_else(not_stated))
            }
            Self::Commit => source.commit.is_none().then(not_stated),
            Self::Unchanged => {
                let is_clean = source.tree.as_deref() == Some("unchanged");
                (!is_clean).then(|| source.tree.clone().unwrap_or_else(not_stated))
            }
            Self::BuildTypes(types) => {
                (!has(types, &provenance.build_type)).then(|| provenance.build_type.clone())
            }
            Self::Digests => {
                let without = provenance.dependencies.iter().find(|one| one.digests.is_empty());
                without.map(|one| format!("{} has none", one.title().unwrap_or("a dependency")))
            }
            Self::Role(role) => {
                let is_named = provenance.of_role(*role).any(|one| !one.digests.is_empty());
                (!is_named).then(|| "none is named with a digest".to_owned())
            }
            Self::Level(_) | Self::Reviewers(_) | Self::Step(..) => None,
        }
    }
}

/// Whether a URI is among these, in whatever spelling.
fn has(uris: &[String], uri: &str) -> bool {
    uris.iter().any(|one| urn::canonical(one) == urn::canonical(uri))
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(level) => write!(f, "SLSA build level {level} or above"),
            Self::Builder(ids) => write!(f, "built by {}", ids.join(" or ")),
            Self::SourceUri(uri) => write!(f, "source {uri}"),
            Self::SourceRef(wanted) => write!(f, "ref {wanted}"),
            Self::Commit => f.write_str("the commit of the source"),
            Self::Unchanged => f.write_str("a working tree as in the commit"),
            Self::BuildTypes(types) => write!(f, "build type {}", types.join(" or ")),
            Self::Digests => f.write_str("a digest for every dependency"),
            Self::Role(role) => write!(f, "a dependency of the role {}", role.word()),
            Self::Step(step, standing) => {
                write!(f, "{} {}", step.word(), standing.word().to_lowercase())
            }
            Self::Reviewers(count) => write!(f, "{count} reviewers"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::steps::OpenEnds;
    use super::*;
    use crate::provenance::{Resource, step::Step};

    const ALL: &str = "version: 1
level: 2
builder: urn:b:c
source:
  uri: github.com/acme/models
  versioned-tag: v1
  commit: true
  unchanged: true
build-types: [quantize]
dependencies:
  digests: true
  roles: [base-model, dataset]
steps: {data: verified, training: declared}
review: {reviewers: 2}
";

    fn unmet(text: &str, facts: &Facts<'_>) -> Vec<usize> {
        let requirements = Requirements::parse(text.as_bytes()).unwrap();
        requirements.unmet(facts).iter().map(|one| one.line).collect()
    }

    #[test]
    fn every_line_that_is_not_met_is_told() {
        let steps = Steps::of(&[], &OpenEnds::default(), &[]);
        let nothing = Facts {
            level: Level::L0,
            provenance: None,
            source: Source::default(),
            steps: &steps,
            reviewers: 0,
            rejected: 0,
        };
        assert_eq!(Requirements::parse(ALL.as_bytes()).unwrap().lines().len(), 13);
        assert_eq!(
            unmet(ALL, &nothing),
            [2, 3, 5, 6, 7, 8, 9, 11, 12, 12, 13, 13, 14]
        );

        let base = Resource::named("b", Role::BaseModel)
            .with_sha256(&weightlock_artifact::digest::Algorithm::Sha256.digest(b""));
        let provenance = Provenance {
            build_type: Step::Quantize.uri(),
            builder: "URN:B:c".to_owned(),
            dependencies: vec![base],
            ..Provenance::default()
        };
        let more = Facts {
            level: Level::L2,
            provenance: Some(&provenance),
            source: Source {
                uri: Some("https://github.com/acme/models".to_owned()),
                reference: Some("refs/tags/v1.0.1".to_owned()),
                commit: Some("ab".to_owned()),
                tree: Some("changed".to_owned()),
            },
            steps: &steps,
            reviewers: 2,
            rejected: 0,
        };
        assert_eq!(unmet(ALL, &more), [8, 12, 13, 13]);
        let withdrawn = Facts { rejected: 1, ..more };
        assert_eq!(unmet(ALL, &withdrawn), [8, 12, 13, 13, 14]);
    }

    #[test]
    fn the_sample_of_the_documentation_is_read() {
        let sample = include_bytes!("../../../../docs/howto/slsa-requirements.yaml");
        assert_eq!(Requirements::parse(sample).unwrap().lines().len(), 14);
    }

    #[test]
    fn a_word_that_is_not_known_is_refused_with_its_line() {
        for (text, line, says) in [
            ("", 1, "version"),
            ("version: 1\n", 1, "asks for nothing"),
            ("version: 1\nsource: {commit: false}\n", 1, "asks for nothing"),
            ("version: 2\nlevel: 1\n", 1, "version: 1"),
            ("version: 1\nlevle: 2\n", 2, "\"levle\" is no requirement"),
            ("version: 1\nlevel: 4\n", 2, "one of 0"),
            (
                "version: 1\nsource:\n  url: x\n",
                3,
                "\"url\" is no requirement in source",
            ),
            ("version: 1\nsource:\n  commit: yes\n", 3, "true or false"),
            (
                "version: 1\nsteps:\n  data: inferred\n",
                3,
                "neither verified nor declared",
            ),
            ("version: 1\nsteps:\n  date: verified\n", 3, "no part of making"),
            ("version: 1\nreview:\n  reviewers: -1\n", 3, "whole number"),
            ("version: 1\ndependencies:\n  roles: [data]\n", 3, "is no role"),
            ("version: 1\nbuilder: []\n", 2, "at least one"),
            ("version: 1\nreview:\n", 2, "no members"),
        ] {
            let refused = Requirements::parse(text.as_bytes()).unwrap_err();
            assert_eq!(refused.line, line, "{text}: {refused}");
            assert!(refused.to_string().contains(says), "{text}: {refused}");
        }
    }
}
