//! What `verify` says: one answer per question, never one tick for all.

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    digest::Digest, drift::Change, evidence::EXTRA_FILE, manifest::BUILT_IN, path::ArtifactPath,
};
use weightlock_signing::{
    Refusal, Signer,
    certificate::UnixTime,
    identity::{self, Claim, IdentityRefusal},
    oms::{
        FileClaim, Files, Form, Method, PREDICATE_TYPE, VerifiedStatement,
        model::{Comparison, Mismatch, Surveyed, VerifiedModel},
    },
    reason::{IGNORED_LOADABLE, NOTHING_SELECTED, TAMPERED},
    sigstore::SigstoreRefusal,
    statement::Model,
};

use super::{
    Case, Found,
    evidence::{self, Stated},
    locate::Located,
};
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    explanations::PIN,
    roots::{self, OLD_DAYS},
    terminal::Style,
    text::{Shown, Size, counted, quoted},
};

/// More tensors than this are not named in text; JSON has a hundred.
const SHOWN_TENSORS: usize = 3;

/// More files than this are not told one by one in text; JSON has them all.
const MOST_FILES: usize = 20;

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// The model as it was named.
    pub model: String,
    /// The signature that was checked.
    pub signature: String,
    /// Who signed it: verified.
    pub signer: SignedBy,
    /// Who signed the same files besides, of those that had to: verified.
    pub also_signed_by: Vec<SignedBy>,
    /// What the signer called the model; informational.
    pub model_name: Option<String>,
    /// The statement form: `oms-1.0`, or `model-signing-0.2` (deprecated).
    pub form: String,
    /// How files became digests: `files` or `shards`.
    pub method: String,
    /// The digest algorithm of the files.
    pub algorithm: String,
    /// Files the signature lists.
    pub files_listed: usize,
    /// Files that were checked.
    pub files_checked: usize,
    /// Their size in bytes.
    pub bytes_checked: u64,
    /// Digests that came from the cache instead of from the bytes.
    pub from_cache: usize,
    /// How many of the bytes were not read, because the kernel answers for their files (fs-verity): only when a model is loaded.
    pub bytes_by_kernel: u64,
    /// The process of this user that read and compared the bytes, when it was not this one: its word was taken.
    pub read_by: Option<u32>,
    /// Every listed file was checked, and every other file was looked for.
    pub complete: bool,
    /// SHA-256 of the canonical manifest of what is there (a model of one file: of its bytes), when it was computed.
    pub digest: Option<String>,
    /// Differences to what was signed.
    pub changes: Vec<FileChange>,
    /// Unsigned files that were let pass.
    pub unsigned: Vec<String>,
    /// Unsigned files under names that signer or verifier ignored.
    pub ignored: Vec<String>,
    /// Names that never belong to a model and were not looked into, such as `.git`.
    pub passed_over: Vec<String>,
    /// Further evidence about the model. It changes no answer.
    pub evidence: Vec<Stated>,
    /// The stated time that certificates were checked at, when it was not now.
    pub at_time: Option<String>,
    /// What was not asked, because flags gave it up: `identity`, `transparency-log`, `certificate-log`.
    pub given_up: Vec<String>,
    /// The entry of a lock that it fits, where a lock was named.
    pub locked_as: Option<Demanded>,
    /// The name that it is pinned by, where pins were named.
    pub pinned_as: Option<Demanded>,
}

/// A demand of a lock or of pins that was met.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Demanded {
    /// What the model is called there.
    pub name: String,
    /// The file.
    pub file: String,
    /// Who signed that file: of pins, always; of a lock, nobody, because it authenticates nothing.
    pub signed_by: Option<String>,
}

/// Who signed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
pub enum SignedBy {
    /// The holder of a key.
    Key {
        /// `ECDSA P-256` and the like.
        algorithm: String,
        /// Hex SHA-256 of the public key's PEM text, as OMS hints are written.
        fingerprint: String,
    },
    /// The subject of a certificate.
    Certificate {
        /// Its subject.
        subject: String,
        /// Who issued it.
        issuer: String,
        /// Its serial number.
        serial: String,
        /// The root it leads to.
        root: String,
    },
    /// An identity, shown to an authority of the trust root when it signed.
    Identity {
        /// Its name.
        identity: String,
        /// Who vouched for the name.
        issuer: String,
        /// What the certificate claims about the workflow, by name.
        claims: std::collections::BTreeMap<String, String>,
        /// When it signed, by the logs and clocks that are believed (RFC 3339); earliest first.
        times: Vec<String>,
        /// Whether the signature was proven to be in a transparency log.
        logged: bool,
        /// The trust root that was believed.
        trust_root: String,
        /// When that root was taken from its deployment (RFC 3339), where it is known.
        trust_root_obtained: Option<String>,
    },
}

/// One difference.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// `added`, `removed`, `changed`, `renamed` or `retyped`.
    pub change: String,
    /// The file, under its signed name where it has one.
    pub path: String,
    /// What was signed.
    pub expected: Option<String>,
    /// What is there.
    pub found: Option<String>,
    /// Byte ranges that changed, `start..end`, where signed shards or leaves tell.
    pub ranges: Vec<String>,
    /// Tensors in those ranges, by the file's own header as it is now.
    pub tensors: Vec<String>,
}

pub(super) fn accepted(case: &Case, verified: &VerifiedStatement, model: &VerifiedModel) -> Verified {
    Verified {
        complete: model.is_complete(),
        ..result(case, verified, model.comparison(), &[])
    }
}

/// Another process read the bytes, and this one looked at the names.
pub(super) fn joined(case: &Case, verified: &VerifiedStatement, survey: &Surveyed, leader: u32) -> Verified {
    Verified {
        complete: survey.is_complete(),
        read_by: Some(leader),
        ..result(case, verified, survey.comparison(), &[])
    }
}

pub(super) fn refused(
    case: &Case,
    verified: &VerifiedStatement,
    mismatch: &Mismatch,
    located: &[(ArtifactPath, Located)],
) -> Verified {
    result(case, verified, mismatch.comparison(), located)
}

fn result(
    case: &Case,
    verified: &VerifiedStatement,
    comparison: &Comparison,
    located: &[(ArtifactPath, Located)],
) -> Verified {
    let statement = verified.statement();
    let paths =
        |list: &[ArtifactPath]| -> Vec<String> { list.iter().map(|path| path.as_str().to_owned()).collect() };
    let model = model(verified, comparison);
    Verified {
        model: case.root.path().display().to_string(),
        signature: case.found.path.display().to_string(),
        signer: SignedBy::from(verified.signer()),
        also_signed_by: Vec::new(),
        model_name: statement.model_name().map(str::to_owned),
        form: match statement.form() {
            Form::V1 => "oms-1.0".to_owned(),
            Form::V0_2 => "model-signing-0.2".to_owned(),
        },
        method: match statement.serialization().method {
            Method::Files => "files".to_owned(),
            Method::Shards(_) => "shards".to_owned(),
        },
        algorithm: statement.serialization().algorithm.name().to_owned(),
        files_listed: comparison.listed,
        files_checked: comparison.checked,
        bytes_checked: comparison.bytes,
        from_cache: comparison.from_cache,
        bytes_by_kernel: comparison.bytes_vouched,
        read_by: None,
        complete: false,
        evidence: evidence::list(case, verified, model.as_ref()),
        digest: model.map(|model| model.digest().to_string()),
        changes: comparison
            .drift
            .changes()
            .iter()
            .map(|change| file_change(change, located))
            .collect(),
        unsigned: {
            let tolerated = comparison.tolerated.iter().map(|found| found.name.clone());
            paths(&comparison.unsigned).into_iter().chain(tolerated).collect()
        },
        passed_over: passed_over(comparison),
        ignored: paths(&comparison.ignored),
        at_time: case.stated.map(|time| time.to_string()),
        given_up: case.given_up.clone(),
        locked_as: None,
        pinned_as: None,
    }
}

/// Built-in names that are there, without our own: those are told as signature, or checked apart.
fn passed_over(comparison: &Comparison) -> Vec<String> {
    let names = comparison.inventory.skipped().iter().map(ArtifactPath::as_str);
    names
        .filter(|name| BUILT_IN.contains(name) && !matches!(*name, "model.sig" | ".weightlock"))
        .map(str::to_owned)
        .collect()
}

/// The model by the manifest of what is there; one that is one file by the digest that was just compared.
fn model(verified: &VerifiedStatement, comparison: &Comparison) -> Option<Model> {
    let single = match verified.statement().files() {
        Files::Single(FileClaim::Whole(digest)) if comparison.drift.changes().is_empty() => Some(*digest),
        _ => None,
    };
    let sha256 = |digest: &Digest| digest.algorithm().name() == "sha256";
    let manifest = comparison.manifest.as_ref().map(Model::folder);
    manifest.or_else(|| single.filter(sha256).map(Model::file))
}

impl From<&Signer> for SignedBy {
    fn from(signer: &Signer) -> Self {
        match signer {
            Signer::Key(key) => Self::Key {
                algorithm: key.algorithm().to_string(),
                fingerprint: key.hint_pem(),
            },
            Signer::Certificate(path) => Self::Certificate {
                subject: path.leaf().subject(),
                issuer: path.leaf().issuer(),
                serial: path.leaf().serial(),
                root: path.root().subject(),
            },
            Signer::Identity { identity, proven } => Self::Identity {
                identity: identity.name().to_string(),
                issuer: identity.issuer().to_owned(),
                claims: identity
                    .claims()
                    .map(|(claim, value)| (claim.name().to_owned(), value.to_owned()))
                    .collect(),
                times: proven.times().iter().map(ToString::to_string).collect(),
                logged: proven.logged(),
                trust_root: proven.root().name.clone(),
                trust_root_obtained: proven.root().obtained.map(|time| time.to_string()),
            },
        }
    }
}

impl SignedBy {
    /// What else was proven about an identity, for a person.
    fn more(&self) -> Vec<(&'static str, String)> {
        let Self::Identity {
            times,
            logged,
            trust_root,
            claims,
            ..
        } = self
        else {
            return Vec::new();
        };
        let claim = |name: &str| claims.get(name).map(String::as_str);
        let mut more = Vec::new();
        if let Some(repository) = claim(Claim::SourceRepositoryUri.name()) {
            let at = claim(Claim::SourceRepositoryRef.name()).unwrap_or("an unknown ref");
            more.push(("built from", format!("{repository} at {at}")));
        }
        let log = if *logged {
            "in a transparency log"
        } else {
            "in no log"
        };
        let when = times.first().map_or("at an unknown time", String::as_str);
        more.push(("signed", format!("{when}, {log}; by the trust root {trust_root}")));
        more
    }

    /// When the trust root was taken from its deployment.
    fn root_obtained(&self) -> Option<jiff::Timestamp> {
        match self {
            Self::Identity {
                trust_root_obtained, ..
            } => trust_root_obtained.as_ref()?.parse().ok(),
            _ => None,
        }
    }

    pub(in crate::commands) fn text(&self) -> String {
        match self {
            Self::Key {
                algorithm,
                fingerprint,
            } => format!("{algorithm} key {fingerprint}"),
            Self::Certificate { subject, issuer, .. } => format!("{subject} (certified by {issuer})"),
            Self::Identity { identity, issuer, .. } => format!("{identity} (vouched for by {issuer})"),
        }
    }
}

fn file_change(change: &Change, located: &[(ArtifactPath, Located)]) -> FileChange {
    let place = located
        .iter()
        .find(|(path, _)| path == change.path())
        .map(|(_, place)| place);
    let (word, expected, found) = match change {
        Change::Added { .. } => ("added", None, None),
        Change::Removed { .. } => ("removed", None, None),
        Change::Changed { expected, found, .. } => {
            ("changed", Some(expected.to_string()), Some(found.to_string()))
        }
        Change::Renamed { to, .. } => ("renamed", None, Some(to.as_str().to_owned())),
        Change::Retyped { now, .. } => ("retyped", None, Some(now.clone())),
        _ => ("changed", None, None),
    };
    FileChange {
        change: word.to_owned(),
        path: change.path().as_str().to_owned(),
        expected,
        found,
        ranges: place
            .map(|place| {
                place
                    .ranges
                    .iter()
                    .map(|range| format!("{}..{}", range.start, range.end))
                    .collect()
            })
            .unwrap_or_default(),
        tensors: place.map(|place| place.tensors.clone()).unwrap_or_default(),
    }
}

/// The text of success: what is known, and what was not looked at.
pub(super) fn text(result: &Verified, context: &Context) -> String {
    let head = if result.complete {
        "verified"
    } else {
        "partly verified"
    };
    let mut text = format!(
        "{} {}\n",
        context.out.apply(Style::Good, head),
        Shown(&result.model)
    );
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("who", &format!("VERIFIED    {}", result.signer.text()));
    for (name, value) in result.signer.more() {
        line(name, &value);
    }
    for signer in &result.also_signed_by {
        line("and", &format!("VERIFIED    {}", signer.text()));
    }
    let cached = if result.from_cache > 0 {
        format!(" ({} from cache)", result.from_cache)
    } else {
        String::new()
    };
    let files = format!(
        "{} of {}",
        result.files_checked,
        counted(result.files_listed, "file")
    );
    let word = if result.complete {
        "VERIFIED  "
    } else {
        "IN PART   "
    };
    line(
        "unchanged",
        &format!("{word}  {files}, {}{cached}", Size(result.bytes_checked)),
    );
    if let Some(digest) = &result.digest {
        let more = match result.ignored.len() {
            0 => String::new(),
            count => format!(
                "   of all that is here, with {} nobody signed",
                counted(count, "file")
            ),
        };
        line("digest", &format!("{digest}{more}"));
    }
    line("signature", &result.signature);
    if let Some(locked) = &result.locked_as {
        line("lock", &format!("as locked: {} in {}", locked.name, locked.file));
    }
    if let Some(pinned) = &result.pinned_as {
        let signer = pinned.signed_by.as_deref().unwrap_or_default();
        line(
            "pins",
            &format!(
                "as pinned: {} in {}, signed by {signer}",
                pinned.name, pinned.file
            ),
        );
    }
    for stated in result.evidence.iter().take(MOST_FILES) {
        let standing = if stated.counts {
            "DECLARED "
        } else {
            "not counted:"
        };
        line(
            &stated.kind,
            &format!("{standing} {}   {}", stated.says, stated.name),
        );
    }
    if result.evidence.len() > MOST_FILES {
        let more = result.evidence.len() - MOST_FILES;
        line("evidence", &format!("and {more} more; --json lists all"));
    }
    if !result.unsigned.is_empty() {
        line(
            "not signed",
            &format!(
                "{}: {}",
                counted(result.unsigned.len(), "file"),
                first_of(&result.unsigned)
            ),
        );
    }
    if !result.ignored.is_empty() {
        line(
            "ignored",
            &format!(
                "{}: {}",
                counted(result.ignored.len(), "file"),
                first_of(&result.ignored)
            ),
        );
    }
    if !result.passed_over.is_empty() {
        line("not part", &first_of(&result.passed_over));
    }
    if !result.complete {
        line(
            "note",
            "only names that match --only were looked at; other files may have changed or been added",
        );
    }
    if let Some(days) = old_root(&result.signer, context) {
        let told = format!("the trust root is {days} days old; renew it: weightlock trust update");
        line("note", &told);
    }
    if let Some(time) = &result.at_time {
        line(
            "note",
            &format!("certificates were checked as of {time}, which was stated, not now"),
        );
    }
    if !result.given_up.is_empty() {
        line("not asked", &result.given_up.join(", "));
    }
    if result.form != "oms-1.0" {
        line(
            "note",
            "the signature is of the deprecated form 0.2, which records no shards, links or ignored paths",
        );
    }
    line(
        "note",
        "this says who and unchanged; not what the model can execute, nor whether it is safe",
    );
    text
}

/// The age of a trust root that should be renewed.
fn old_root(signer: &SignedBy, context: &Context) -> Option<u64> {
    let obtained = u64::try_from(signer.root_obtained()?.as_second()).ok()?;
    let days = roots::days(UnixTime(obtained), context.now());
    (days > OLD_DAYS).then_some(days)
}

fn first_of(list: &[String]) -> String {
    let shown = list
        .iter()
        .take(5)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if list.len() > 5 {
        format!("{shown}, …")
    } else {
        shown
    }
}

/// The pinned digest, checked apart from the signature.
pub(super) fn pin(expected: Option<&Digest>, result: &Verified) -> Result<(), Diagnostic> {
    let Some(expected) = expected else { return Ok(()) };
    if result.digest.as_deref() == Some(expected.to_string().as_str()) {
        return Ok(());
    }
    let found = result
        .digest
        .as_deref()
        .unwrap_or("none: the manifest digest needs a whole check of SHA-256 file digests");
    Err(Diagnostic::new(
        PIN,
        "the signature is good, and the model is not the one that was pinned",
    )
    .at(result.model.clone())
    .fact("pinned", expected.to_string())
    .fact("found", found)
    .note(format!("signed by {}", result.signer.text())))
}

/// What `cosign verify --output json` prints, for a model.
pub(super) fn cosign_json(result: &Verified) -> String {
    let optional = match &result.signer {
        SignedBy::Key { .. } => serde_json::Value::Null,
        SignedBy::Certificate { subject, issuer, .. } => {
            serde_json::json!({"Subject": subject, "Issuer": issuer})
        }
        SignedBy::Identity { identity, issuer, .. } => {
            serde_json::json!({"Subject": identity, "Issuer": issuer})
        }
    };
    let document = serde_json::json!([{
        "critical": {
            "identity": {"docker-reference": result.model_name.as_deref().unwrap_or_default()},
            "image": {"docker-manifest-digest": result.digest.as_deref().unwrap_or_default()},
            "type": PREDICATE_TYPE,
        },
        "optional": optional,
    }]);
    format!("{document}\n")
}

/// A refused signature, with what helps to understand it.
pub(super) fn refusal(refusal: &Refusal, found: &Found) -> Diagnostic {
    let told = Diagnostic::of(refusal.code(), refusal).at(found.path.display().to_string());
    match refusal {
        Refusal::KeyMismatch { found, expected } => told
            .fact("expected", expected)
            .fact("found", found)
            .note(format!(
                "they differ from character {} on",
                first_difference(expected, found)
            ))
            .help("compare with the fingerprint the publisher states:  weightlock key inspect SIGNER.pub"),
        Refusal::Sigstore(SigstoreRefusal::Identity(refusal)) => other_identity(told, refusal),
        _ => told,
    }
}

/// Expected and found, and where they part. How to accept the one that was found is not told.
fn other_identity(told: Diagnostic, refusal: &IdentityRefusal) -> Diagnostic {
    let Some((expected, found)) = refusal.pair() else {
        return told;
    };
    let told = told.fact("expected", expected).fact("found", found);
    match identity::first_difference(expected, found) {
        Some(same) => told.note(format!("they differ from character {} on", same + 1)),
        None => told,
    }
}

fn first_difference(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count() + 1
}

/// The reasons of a mismatch, gravest first.
pub(super) fn reasons(
    case: &Case,
    verified: &VerifiedStatement,
    mismatch: &Mismatch,
    located: &[(ArtifactPath, Located)],
) -> Vec<Diagnostic> {
    let comparison = mismatch.comparison();
    let signer = SignedBy::from(verified.signer()).text();
    let teller = Teller {
        case,
        comparison,
        signer: &signer,
        located,
    };
    let mut reasons: Vec<Diagnostic> = Vec::new();
    let (added, differing): (Vec<_>, Vec<_>) = comparison
        .drift
        .changes()
        .iter()
        .partition(|change| matches!(change, Change::Added { .. }));
    reasons.extend(
        differing
            .iter()
            .take(MOST_FILES)
            .map(|change| teller.change(change)),
    );
    teller.more(&mut reasons, differing.len());
    reasons.extend(comparison.irregular.iter().take(MOST_FILES).map(|found| {
        Diagnostic::new(found.kind.code(), format!("{} {}", found.name, found.kind))
            .at(teller.place(&found.name))
    }));
    reasons.extend(added.iter().take(MOST_FILES).map(|change| teller.change(change)));
    teller.more(&mut reasons, added.len());
    if !comparison.ignored_loadable.is_empty() {
        reasons.push(teller.ignored_loadable());
    }
    if reasons.is_empty() {
        reasons.push(
            Diagnostic::new(NOTHING_SELECTED, "no signed file was checked")
                .at(case.root.path().display().to_string())
                .note(format!(
                    "the signature lists {}",
                    counted(comparison.listed, "file")
                )),
        );
    }
    reasons
}

struct Teller<'a> {
    case: &'a Case,
    comparison: &'a Comparison,
    signer: &'a str,
    located: &'a [(ArtifactPath, Located)],
}

impl Teller<'_> {
    fn place(&self, name: &str) -> String {
        self.case.root.join(name).display().to_string()
    }

    fn model(&self) -> String {
        quoted(&self.case.root.path().display().to_string())
    }

    fn change(&self, change: &Change) -> Diagnostic {
        let path = change.path();
        let at = self.place(path.as_str());
        match change {
            Change::Changed { expected, found, .. } => self.changed(path, expected, found),
            Change::Removed { .. } => Diagnostic::new(TAMPERED, format!("{path} was signed and is missing"))
                .at(at)
                .fact("signed by", self.signer)
                .help("restore the file, or fetch the model again"),
            Change::Renamed { to, .. } => Diagnostic::new(TAMPERED, format!("{path} was renamed to {to}"))
                .at(self.place(to.as_str()))
                .fact("signed by", self.signer)
                .note("the content is what was signed; the name is part of what was signed too")
                .help(format!(
                    "give it its name back:  mv {} {}",
                    quoted(&self.place(to.as_str())),
                    quoted(&at)
                )),
            Change::Retyped { now, .. } => {
                Diagnostic::new(TAMPERED, format!("{path} was signed as a file and {now}"))
                    .at(at)
                    .fact("signed by", self.signer)
                    .help("restore the file")
            }
            _ => Diagnostic::new(
                EXTRA_FILE,
                format!("{path} was added: it is not in the signature"),
            )
            .at(at)
            .fact("signed by", self.signer)
            .note("a loader may read it although nobody vouched for it")
            .help("move it out of the model, or ask the signer to sign it"),
        }
    }

    fn changed(&self, path: &ArtifactPath, expected: &Digest, found: &Digest) -> Diagnostic {
        let told = Diagnostic::new(TAMPERED, format!("{path} differs from what was signed"));
        let place = self
            .located
            .iter()
            .find(|(located, _)| located == path)
            .map(|(_, place)| place);
        let at = self.place(path.as_str());
        let told = match place {
            Some(place) => told.at(format!("{at}   {} {}", unit(place.unit), tensors(place))),
            None => told.at(at),
        };
        let told = told
            .fact("signed by", self.signer)
            .fact("expected", expected.to_string())
            .fact("found", found.to_string());
        let told = match place {
            Some(place) if place.header => {
                told.note("the header itself lies in a changed range, so names of tensors are those of the changed file")
            }
            Some(place) if place.all_tensors > 0 => {
                let inside = place.tensors.len() + place.more_tensors;
                told.note(format!("{} of {} tensors lie in unchanged ranges", place.all_tensors.saturating_sub(inside), place.all_tensors))
            }
            Some(_) => told,
            None => told.note("no leaf table that this signer signed for this version is at hand, so the place in the file is not known"),
        };
        let same = self.comparison.checked.saturating_sub(self.differing());
        told.note(format!(
            "unchanged: {same} of {}",
            counted(self.comparison.listed, "file")
        ))
        .help(format!(
            "restore the file, or compare with a good copy:  weightlock diff GOOD {}",
            self.model()
        ))
    }

    fn differing(&self) -> usize {
        self.comparison
            .drift
            .changes()
            .iter()
            .filter(|change| matches!(change, Change::Changed { .. }))
            .count()
    }

    fn more(&self, reasons: &mut [Diagnostic], count: usize) {
        if let (Some(last), true) = (reasons.last_mut(), count > MOST_FILES) {
            *last = last.clone().note(format!(
                "and {} more; --json lists all",
                counted(count - MOST_FILES, "file")
            ));
        }
    }

    fn ignored_loadable(&self) -> Diagnostic {
        let names: Vec<String> = self
            .comparison
            .ignored_loadable
            .iter()
            .map(ToString::to_string)
            .collect();
        Diagnostic::new(
            IGNORED_LOADABLE,
            format!(
                "{} that a loader could read {} ignored, not signed",
                counted(names.len(), "file"),
                if names.len() == 1 { "is" } else { "are" }
            ),
        )
        .at(self.place(names.first().map_or("", String::as_str)))
        .fact("signed by", self.signer)
        .fact("files", first_of(&names))
        .help("move them out of the model, or ask the signer to sign them")
    }
}

/// `leaf` or `shard of 16.0 MiB`.
fn unit(bytes: u64) -> String {
    if bytes == weightlock_artifact::leaf::LEAF {
        "leaf".to_owned()
    } else {
        format!("shard of {}", Size(bytes))
    }
}

fn tensors(place: &Located) -> String {
    let shown = place
        .tensors
        .iter()
        .take(SHOWN_TENSORS)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let more = place.tensors.len().saturating_sub(SHOWN_TENSORS) + place.more_tensors;
    match (shown.as_str(), more) {
        ("", _) => place.units(),
        (names, 0) => format!("{}: {names}", place.units()),
        (names, more) => format!("{}: {names} and {more} more", place.units()),
    }
}
