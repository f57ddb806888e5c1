//! [`Evidence`]: what is known about a model when a verdict is asked for. Plain data; whoever fills it has read the files and
//! checked the signatures.
//!
//! A fact that was not looked for is `None` or empty, and never counts as a good answer. A statement is listed whoever signed it:
//! [`StatementFact::by`] names the identities of the policy whose signature it bears, and only the judge decides whether they
//! count for its kind.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use jiff::Timestamp;
use weightlock_artifact::{digest::Digest, evidence::Kind, reason::Code, standing::Standing};
use weightlock_scan::Severity;

use crate::{document::CLOCKS_DIFFER, layer::IdentityId};

/// What is known.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The model.
    pub model: ModelFacts,
    /// Signatures and other statements, in the order of their digests.
    pub statements: Vec<StatementFact>,
    /// A scan that was run now.
    pub scan: Option<ScanFact>,
    /// Reports about vulnerabilities that the caller named.
    pub advisories: Vec<AdvisoryReport>,
    /// The card among the files.
    pub card: Option<CardFact>,
}

impl Evidence {
    /// The same, where what says that it was made later than now says nothing of its time: a date to come would make it the newest
    /// word for ever.
    pub(crate) fn with_times_until(&self, now: Timestamp) -> Cow<'_, Self> {
        let is_to_come =
            |made: &Option<Timestamp>| made.is_some_and(|it| it.duration_since(now) > CLOCKS_DIFFER);
        let reported = |content: &Content| matches!(content, Content::Advisories(it) if is_to_come(&it.made));
        let is_any = self
            .statements
            .iter()
            .any(|it| is_to_come(&it.made) || reported(&it.content))
            || self.advisories.iter().any(|it| is_to_come(&it.made));
        if !is_any {
            return Cow::Borrowed(self);
        }
        let mut believed = self.clone();
        let known = |made: &mut Option<Timestamp>| *made = made.filter(|it| !is_to_come(&Some(*it)));
        for it in &mut believed.statements {
            known(&mut it.made);
            if let Content::Advisories(report) = &mut it.content {
                known(&mut report.made);
            }
        }
        believed.advisories.iter_mut().for_each(|it| known(&mut it.made));
        Cow::Owned(believed)
    }
}

/// The model itself.
#[derive(Clone, Debug)]
pub struct ModelFacts {
    /// Its name, as the caller or the place it lies in says.
    pub name: String,
    /// Whose it is, likewise; not known of an ordinary folder.
    pub namespace: Option<String>,
    /// What else it is called: by the place it lies in, where the caller says another name. Rules are for either.
    pub also: Vec<Called>,
    /// Where it comes from and in which revision, if that is known.
    pub revision: Option<Revision>,
    /// What names it: SHA-256 of the canonical manifest, or of the one file, computed now.
    pub digest: Digest,
    /// Its files, in the order of paths.
    pub files: Vec<FileFact>,
    /// Why it is not known what a loader would read, a sentence each: files that the model names and that are none of its own, and what
    /// lies under names that are passed over.
    pub incomplete: Vec<String>,
    /// What its files say of its licence.
    pub licenses: Vec<LicenseFact>,
    /// Code that a loader could be made to run; of an ordinary model none.
    pub code: Vec<String>,
}

/// What a model is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Called {
    /// Whose it is, if that is known.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// A revision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revision {
    /// As it is written.
    pub text: String,
    /// It names exactly one content: a commit, or a digest. A branch or a tag does not.
    pub is_pinned: bool,
}

/// A file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileFact {
    /// Its path below the root.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Names of the formats that a reader could take it for.
    pub formats: Vec<String>,
}

/// What a source says of the licence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LicenseFact {
    /// An expression of SPDX, if it is one.
    pub expression: Option<String>,
    /// As it is written.
    pub text: String,
    /// How it is known.
    pub standing: Standing,
    /// Where it stands.
    pub source: String,
    /// Whether it could be the reason for a yes. What a signer left out, though the rest is signed, is anybody's word: it can take
    /// away and gives nothing.
    pub counts: bool,
}

/// A statement.
#[derive(Clone, PartialEq, Debug)]
pub struct StatementFact {
    /// SHA-256 of its bundle.
    pub id: Digest,
    /// Its file.
    pub name: String,
    /// Its kind, by its signed type.
    pub kind: Kind,
    /// The identities of the policy whose signature it bears.
    pub by: BTreeSet<IdentityId>,
    /// What tells its signer from others: a key's fingerprint, or a name with its issuer. Two names of one key are one signer.
    pub signer: Option<String>,
    /// Everything that tells who its signer is: a key, the names that a certificate or an identity has. Two signers who share one are
    /// one person; none where nobody of the policy signed it.
    pub marks: BTreeSet<String>,
    /// Who signed it, for people.
    pub signed_by: Option<String>,
    /// When it was made: by a clock that countersigned, or as its signer says.
    pub made: Option<Timestamp>,
    /// Whether it is about these bytes and says what its type promises.
    pub holds: Holds,
    /// What it says.
    pub content: Content,
}

/// Whether a statement is about these bytes and says what its type promises.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Holds {
    /// It does.
    Yes,
    /// It does not.
    No {
        /// Why, as a code.
        code: Code,
        /// Why.
        why: String,
        /// It is about another model, or another state of this one.
        is_other: bool,
    },
}

/// What a statement says, as far as policies ask.
#[derive(Clone, PartialEq, Debug)]
pub enum Content {
    /// A signature of the files.
    Signature,
    /// A scan.
    Scan(ScanFact),
    /// A report about vulnerabilities.
    Advisories(AdvisoryReport),
    /// A bill of materials.
    Bom(Describes),
    /// A card.
    Card(CardFact),
    /// How the model was made.
    Provenance(ProvenanceFact),
    /// Measured values.
    Evaluation(EvaluationFact),
    /// A review of the code that comes along.
    Review(ReviewFact),
    /// Somebody's yes or no to using the model.
    Approval(ApprovalFact),
    /// Nothing that a policy asks for.
    Other,
}

/// What a scan found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScanFact {
    /// Findings by rule, each with the worst severity.
    pub findings: BTreeMap<String, Severity>,
    /// The worst finding among those that are counted and not listed.
    pub unlisted: Option<Severity>,
    /// What was not read, in words; empty when every byte was.
    pub unread: Vec<String>,
}

/// What a bill of materials describes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Describes {
    /// The model, by its digest or those of its files.
    This,
    /// Something else.
    Other(String),
    /// It names no digest.
    Nothing,
}

/// What was found about a card.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CardFact {
    /// What a card must say and this one does not.
    pub missing: Vec<String>,
    /// Where it contradicts the files or evidence that counts.
    pub contradictions: Vec<String>,
}

/// How a model was made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProvenanceFact {
    /// `builder.id`.
    pub builder: String,
    /// Why it is worth nothing although it is signed: files that it is not about, a build type that nobody knows, parameters that the
    /// type does not have, a certificate that says otherwise.
    pub faults: Vec<String>,
}

/// Measured values.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EvaluationFact {
    /// Values.
    pub values: Vec<Measured>,
    /// The statement itself says that the model failed.
    pub failed: bool,
}

/// A measured value.
#[derive(Clone, PartialEq, Debug)]
pub struct Measured {
    /// What was measured.
    pub metric: String,
    /// On what data.
    pub dataset: Option<String>,
    /// The value.
    pub value: f64,
}

/// A review.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReviewFact {
    /// It approves exactly the code that is there.
    Approves,
    /// It rejects it.
    Rejects,
    /// It is about other code.
    OtherCode,
}

/// Somebody's word on using the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApprovalFact {
    /// Yes.
    Approves,
    /// No.
    Rejects,
}

/// A report about known vulnerabilities.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdvisoryReport {
    /// The tool that made it.
    pub tool: String,
    /// Its file.
    pub name: String,
    /// SHA-256 of it; none of one that could not be read.
    pub digest: Option<Digest>,
    /// What was looked at, as it says.
    pub about: String,
    /// When it was made, as it says.
    pub made: Option<Timestamp>,
    /// What it found, or why it cannot be read.
    pub found: Result<Vec<AdvisoryMatch>, String>,
}

/// A known vulnerability of something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AdvisoryMatch {
    /// `CVE-…`, `GHSA-…`.
    pub id: String,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// Of what.
    pub package: String,
    /// How bad; one whose severity nobody says is taken for critical.
    pub severity: Option<Severity>,
}
