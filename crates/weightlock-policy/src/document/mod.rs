//! [`Document`]: one `policy.toml`, read and checked as a whole.
//!
//! ```toml
//! version = 1
//! mode = "staging"                     # at least; the caller may ask for a stricter one
//! default-tier = "medium"
//!
//! [identity.release]
//! key = "release.pub"                  # relative to this file
//!
//! [signers]                            # whose statements of which kind count
//! oms = ["release"]
//!
//! [require]                            # of every model
//! signature = true
//! scan = { below = "medium" }
//!
//! [modes.production.require]           # besides, in this mode and stricter ones
//! bom = true
//!
//! [tiers.high.require]                 # besides, of this tier and higher ones
//! provenance = { level = 2 }
//!
//! [[rule]]                             # of models that match
//! when = { namespace = "medical" }
//! tier = "high"
//! ```
//!
//! A word that is not known is refused: a misspelt demand would be met by everything. There is no way to demand less for some
//! models than for all; an exception is a [`crate::Waiver`], with a name and a date.

mod build;
mod demands;
mod duration;
mod error;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use weightlock_artifact::{digest::Digest, evidence::Kind};
use weightlock_bom::slsa::Level;
use weightlock_signing::identity::Required;

pub(crate) use self::{build::waivers, duration::CLOCKS_DIFFER};
pub use self::{
    duration::Age,
    error::{DocumentError, Fault},
};
pub use crate::demand::{Demand, Licences, Measure, ReportBy, ScanBy};
use crate::{
    level::{Mode, Tier},
    pattern::Pattern,
    waiver::{Waiver, Waives},
};

/// Bytes of a document at most. A thousand rules take a tenth of it.
pub const MAX_BYTES: usize = 1 << 20;

/// One policy file.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it calls itself.
    pub name: Option<String>,
    /// The mildest mode that it allows.
    pub mode: Option<Mode>,
    /// The tier of models of which no rule says more.
    pub default_tier: Option<Tier>,
    /// Who is known, by the name that the document gives them.
    pub identities: BTreeMap<String, Identity>,
    /// Whose statements of a kind count.
    pub signers: BTreeMap<Kind, Vec<String>>,
    /// Kinds of which another document says whose statements count. A document that needs statements of a kind and says neither
    /// counts nobody's.
    pub delegates: BTreeSet<Kind>,
    /// What is demanded, in the order of the file.
    pub demands: Vec<Placed>,
    /// Rules for some models.
    pub rules: Vec<Rule>,
    /// Exceptions that stand in it.
    pub waivers: Vec<Waiver>,
    /// Where every decision is written: an absolute path.
    pub audit_log: Option<String>,
    /// Another file with exceptions, relative to this one.
    pub waiver_file: Option<String>,
}

/// Somebody whose word can count.
#[derive(Clone, PartialEq, Debug)]
pub struct Identity {
    /// How they are known.
    pub who: Who,
    /// For which builder they sign, and how well that builder keeps others from writing its provenance.
    pub builder: Option<Builder>,
    /// The line, from 1.
    pub line: usize,
}

/// How somebody is known. Files are relative to the document.
#[derive(Clone, PartialEq, Debug)]
pub enum Who {
    /// The holder of the key in this file.
    Key(String),
    /// Whoever has a certificate of a root in this file.
    Certificates(String),
    /// This identity.
    Identity {
        /// Who.
        required: Required,
        /// The root that vouches: a name of a built-in or kept root, or a file.
        root: Option<String>,
    },
}

/// A builder that somebody signs for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Builder {
    /// `builder.id`, exactly, or without `@` and what follows it.
    pub id: String,
    /// Whether an id with `@` and a ref behind it is the same.
    pub without_ref: bool,
    /// What its provenance is worth.
    pub level: Level,
}

/// A demand and when it is made.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The line, from 1.
    pub line: usize,
    /// In this mode and stricter ones.
    pub mode: Option<Mode>,
    /// Of this tier and higher ones.
    pub tier: Option<Tier>,
    /// What.
    pub demand: Demand,
}

/// A rule for models that match.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The line, from 1.
    pub line: usize,
    /// What it is called.
    pub name: Option<String>,
    /// For which models.
    pub when: When,
    /// Their tier is at least this.
    pub tier: Option<Tier>,
    /// What is demanded of them besides.
    pub demands: Vec<Placed>,
    /// They are not used, or held; why.
    pub verdict: Option<(Held, String)>,
}

/// What a rule says of models that match, whatever else is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    /// They are not used.
    Denied,
    /// Somebody has to look first.
    Quarantined,
}

/// For which models a rule is. All conditions must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct When {
    /// The name of the model.
    pub model: Option<Pattern>,
    /// Whose model it is.
    pub namespace: Option<Pattern>,
    /// It has a file of this path.
    pub path: Option<Pattern>,
    /// It has a file of this format; with `path`, the same file.
    pub format: Option<String>,
    /// The model, or a file of it, has this digest.
    pub digest: Option<Digest>,
}

/// Words that a document may use and that are defined elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'a> {
    /// Whether there is a file format of this name.
    pub is_format: &'a dyn FormatNames,
    /// Whether there is a reason code or a rule of the scanner of this name.
    pub is_reason: &'a dyn ReasonNames,
}

/// Names of file formats.
pub trait FormatNames: std::fmt::Debug {
    /// Whether there is one.
    fn has_format(&self, name: &str) -> bool;
}

/// Names of what can be wrong.
pub trait ReasonNames: std::fmt::Debug {
    /// Whether there is a rule of the scanner of this name.
    fn has_rule(&self, name: &str) -> bool;
    /// Whether there is a reason code of this name.
    fn has_code(&self, name: &str) -> bool;
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// [`DocumentError`] names the first fault, with its line. A document with a fault is used for nothing.
    pub fn parse(text: &[u8], words: &Vocabulary<'_>) -> Result<Self, DocumentError> {
        build::document(text, words)
    }

    /// The schema of a document.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(wire::Wire)
    }

    /// Every demand with the rule that it stands under.
    pub fn all_demands(&self) -> impl Iterator<Item = (Option<usize>, &Placed)> {
        let general = self.demands.iter().map(|placed| (None, placed));
        let special = self.rules.iter().enumerate();
        general
            .chain(special.flat_map(|(rule, it)| it.demands.iter().map(move |placed| (Some(rule), placed))))
    }
}

impl Waives {
    /// What a text names, if it can be waived at all.
    pub(crate) fn parse(text: &str, words: &Vocabulary<'_>) -> Result<Self, Fault> {
        if text.starts_with("WL-") {
            return match crate::check::Check::ALL
                .into_iter()
                .find(|it| it.code().as_str() == text)
            {
                Some(check) if check.is_waivable() => Ok(Self::Check(check)),
                _ if words.is_reason.has_code(text) => Err(Fault::NotWaivable(text.to_owned())),
                _ => Err(Fault::Unknown("reason", text.to_owned())),
            };
        }
        if words.is_reason.has_rule(text) {
            return Ok(Self::Rule(text.to_owned()));
        }
        if is_advisory(text) {
            return Ok(Self::Advisory(text.to_owned()));
        }
        Err(Fault::Unknown("reason, rule or advisory", text.to_owned()))
    }
}

/// The schema of a file of exceptions.
pub(crate) fn waivers_schema() -> schemars::Schema {
    schemars::schema_for!(wire::WireWaivers)
}

/// `CVE-2026-1234`, `GHSA-…`: letters in upper case, then something with a digit.
fn is_advisory(text: &str) -> bool {
    let is_word = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '_' | ':');
    text.split_once('-').is_some_and(|(prefix, rest)| {
        (2..=10).contains(&prefix.len())
            && prefix.chars().all(|it| it.is_ascii_uppercase())
            && rest.len() >= 4
            && rest.len() <= 64
            && rest.chars().all(is_word)
    })
}
