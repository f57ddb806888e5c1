//! The very command that mends what a verdict says no to, for this model and this policy.
//!
//! Only words that the tool cannot know stand in capitals: files of keys, which are secret, and what was never stated. No command
//! weakens a check, and none accepts the signer that was found: where the wrong one signed, the right one signs again.

use std::collections::BTreeSet;

use weightlock_artifact::{evidence::Kind, path::ArtifactPath};
use weightlock_format::{
    model::is_index,
    safetensors::index::{self, Index},
};
use weightlock_policy::{
    Check, DeniedFile, Policy, Reason,
    document::Who,
    evidence::{AdvisoryReport, FileFact, Holds},
    reason::INCOMPLETE,
};

use super::gather::Judged;
use crate::text::quoted;

/// Converts without running what a pickle says: `weights_only` refuses everything but tensors.
const CONVERT: &str = "python3 -c 'import sys, torch; from safetensors.torch import save_file; \
                       save_file(torch.load(sys.argv[1], weights_only=True), sys.argv[2])'";
/// Endings of files that `torch.load` reads.
const OF_TORCH: [&str; 4] = [".bin", ".pt", ".pth", ".ckpt"];

/// How somebody whose word counts signs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Way {
    Key,
    Certificate,
    /// With an identity at a Sigstore; of one's own, its configuration has to be named.
    Sigstore {
        own: bool,
    },
}

/// How those sign whose word counts, by kind of evidence.
#[derive(Clone, Debug)]
pub(crate) struct Ways(Vec<(Kind, BTreeSet<Way>)>);

impl Ways {
    /// Of everybody whom the policies name for a kind.
    pub(super) fn of(policy: &Policy) -> Self {
        let ways = Kind::ALL.into_iter().map(|kind| {
            let named = policy.layers().iter().flat_map(|layer| {
                let names = layer.document.signers.get(&kind).into_iter().flatten();
                names.filter_map(|name| layer.document.identities.get(name))
            });
            (kind, named.map(|identity| way(&identity.who)).collect())
        });
        Self(ways.collect())
    }

    fn for_kind(&self, kind: Kind) -> impl Iterator<Item = Way> {
        let found = self.0.iter().find(|(it, _)| *it == kind);
        found.into_iter().flat_map(|(_, ways)| ways.iter().copied())
    }
}

fn way(who: &Who) -> Way {
    match who {
        Who::Key(_) => Way::Key,
        Who::Certificates(_) => Way::Certificate,
        // A name is a root that is built in or kept, and a file one's own.
        Who::Identity { root, .. } => Way::Sigstore {
            own: root.as_ref().is_some_and(|root| root.contains(['/', '.'])),
        },
    }
}

impl Way {
    /// What is added to a verb that signs.
    const fn flags(self) -> &'static str {
        match self {
            Self::Key => "--key KEY",
            Self::Certificate => "--key KEY --signing-certificate CERTIFICATE",
            Self::Sigstore { own: false } => "--production",
            Self::Sigstore { own: true } => "--trust-config FILE",
        }
    }
}

/// Why a signature is by nobody who is known: whose it would have to be, and whose it is.
pub(super) fn causes(reason: &Reason, judged: &Judged) -> Vec<String> {
    let statements = judged.evidence.statements.iter();
    let strange = statements.filter(|it| it.by.is_empty() && reason.evidence.contains(&it.id));
    let why = strange.filter_map(|it| match &it.holds {
        Holds::No { why, .. } => Some(format!("{}: {why}", it.name)),
        Holds::Yes => None,
    });
    why.take(MOST).collect()
}

/// What to do about a reason, each with its command; nothing where no command mends it.
pub(super) fn of(reason: &Reason, judged: &Judged) -> Vec<String> {
    let target = quoted(&judged.described.hashed.root().path().display().to_string());
    let signed = |kind: Kind, verb: &str| signed(&judged.ways, kind, verb, &target);
    let is = |check: Check| reason.code == check.code();
    if is(Check::Signature) {
        signature(judged, &target)
    } else if is(Check::Bom) {
        signed(
            Kind::Bom,
            "make and sign one for these bytes:  weightlock bom --sign",
        )
    } else if is(Check::Card) && has_gaps(judged) {
        vec![format!(
            "what it lacks, and what contradicts it:  weightlock card check {target}"
        )]
    } else if is(Check::Card) {
        signed(Kind::Card, "sign the card for these bytes:  weightlock card sign")
    } else if is(Check::Provenance) && !has_provenance(judged) {
        provenance(judged, &target)
    } else if is(Check::Advisories) {
        reports(reason, judged)
    } else if reason.code == INCOMPLETE {
        left_over(judged)
    } else if let Some(file) = &reason.file {
        denied(judged, file)
    } else if is(Check::Scan) && reason.names.iter().any(|it| it.starts_with("pickle-")) {
        pickles(judged, |_| true, false)
    } else {
        Vec::new()
    }
}

/// Whether the command is all there is to do, so that what is always told of the code would only repeat it.
pub(super) fn is_all(reason: &Reason) -> bool {
    [Check::Bom, Check::Card, Check::Provenance, Check::Advisories]
        .iter()
        .any(|check| check.code() == reason.code)
}

/// A command of a verb that signs, in each way in which somebody who counts signs.
fn signed(ways: &Ways, kind: Kind, verb: &str, target: &str) -> Vec<String> {
    ways.for_kind(kind)
        .map(|way| format!("{verb} {} {target}", way.flags()))
        .collect()
}

/// Nobody signed it, or another one did, or it was changed afterwards.
fn signature(judged: &Judged, target: &str) -> Vec<String> {
    let statements = judged.evidence.statements.iter();
    let mut signatures = statements.filter(|it| it.kind == Kind::Oms).peekable();
    let is_signed = signatures.peek().is_some();
    let changed = |holds: &Holds| matches!(holds, Holds::No { is_other: true, .. });
    if signatures.any(|it| changed(&it.holds)) {
        return changes(judged);
    }
    // Who signed before stays: several may sign.
    let add = if is_signed { "--add " } else { "" };
    let ways = judged.ways.for_kind(Kind::Oms);
    ways.map(|way| {
        let method = match way {
            Way::Sigstore { .. } => "sigstore ",
            Way::Key | Way::Certificate => "",
        };
        format!(
            "if the model is yours, sign it as one who counts:  weightlock sign {method}{add}{} {target}",
            way.flags()
        )
    })
    .collect()
}

/// What differs from what was signed. Signing it again would say that the change is meant.
fn changes(judged: &Judged) -> Vec<String> {
    let root = judged.described.hashed.root();
    let signature = root.path().join("model.sig");
    if !signature.is_file() {
        return Vec::new();
    }
    vec![format!(
        "restore what was signed; this differs:  weightlock diff {} {}",
        quoted(&signature.display().to_string()),
        quoted(&root.path().display().to_string())
    )]
}

/// Whether a card is there for these bytes, by one who counts, so that signing it again would mend nothing.
fn has_gaps(judged: &Judged) -> bool {
    let statements = judged.evidence.statements.iter();
    let mut cards = statements.filter(|it| it.kind == Kind::Card && it.holds == Holds::Yes);
    let card = judged.evidence.card.as_ref();
    let is_faulty = card.is_some_and(|it| !it.missing.is_empty() || !it.contradictions.is_empty());
    card.is_none() || is_faulty || cards.any(|it| judged.counts(it))
}

fn has_provenance(judged: &Judged) -> bool {
    let mut statements = judged.evidence.statements.iter();
    statements.any(|it| it.kind == Kind::Provenance && it.holds == Holds::Yes && judged.counts(it))
}

/// Whoever made it knows how, and states that; or did, and it was left behind.
fn provenance(judged: &Judged, target: &str) -> Vec<String> {
    let stated = "whoever made it writes how into provenance.yaml and states it:  \
                  weightlock attest provenance --description provenance.yaml";
    let mut told = signed(&judged.ways, Kind::Provenance, stated, target);
    told.push(format!(
        "or the statement lies elsewhere:  weightlock evidence add {target} STATEMENT"
    ));
    told
}

/// A report is made, where there is none, or made again.
fn reports(reason: &Reason, judged: &Judged) -> Vec<String> {
    let all = &judged.evidence.advisories;
    let cited = all.iter().filter(|report| {
        report
            .digest
            .is_some_and(|digest| reason.evidence.contains(&digest))
    });
    let anew: Vec<String> = cited.map(report_anew).collect();
    if anew.is_empty() && reason.evidence.is_empty() {
        return vec![
            "make a report, and name it with --advisories grype.json:  grype IMAGE -o json --file grype.json"
                .to_owned(),
        ];
    }
    anew
}

/// What made the report makes it again, about what was mended.
fn report_anew(report: &AdvisoryReport) -> String {
    let about = match report.about.as_str() {
        "" => "IMAGE".to_owned(),
        about => quoted(about),
    };
    let file = quoted(&report.name);
    match report.tool.as_str() {
        "trivy" => format!(
            "update the package, build again, and report anew:  trivy image --format json --output {file} {about}"
        ),
        _ => {
            format!("update the package, build again, and report anew:  grype {about} -o json --file {file}")
        }
    }
}

/// What is done about a file of a denied format.
fn denied(judged: &Judged, file: &DeniedFile) -> Vec<String> {
    if judged.described.hashed.manifest().is_none() {
        return Vec::new();
    }
    match file.format.as_str() {
        "pickle" => pickles(judged, |path| path == file.path, true),
        // Configuration is needed; what it names is not, if nothing but weights is wanted.
        "custom-code" | "template" => Vec::new(),
        _ => {
            let path = judged.described.hashed.root().path().join(&file.path);
            vec![format!(
                "if nothing needs it, take it out, and sign again what is yours:  rm -- {}",
                quoted(&path.display().to_string())
            )]
        }
    }
}

/// A pickle beside safetensors is not needed; one alone can be converted, if it is nothing but tensors.
fn pickles(judged: &Judged, is_meant: impl Fn(&str) -> bool, may_convert: bool) -> Vec<String> {
    let files = &judged.evidence.model.files;
    let has = |file: &FileFact, word: &str| file.formats.iter().any(|it| it == word);
    let has_twin = files.iter().any(|file| has(file, "safetensors"));
    let root = judged.described.hashed.root();
    let path = |name: &str| quoted(&root.path().join(name).display().to_string());
    if judged.described.hashed.manifest().is_none() {
        return Vec::new();
    }
    let pickles = files
        .iter()
        .filter(|file| has(file, "pickle") && is_meant(&file.path));
    // Names of files are in the command alone, where they are quoted: one could look like a command itself.
    let told = pickles.filter_map(|file| match has_twin {
        true => Some(format!(
            "safetensors lie beside it; take the pickle out, and sign again what is yours:  rm -- {}",
            path(&file.path)
        )),
        false if may_convert => {
            let ending = OF_TORCH.into_iter().find(|ending| file.path.ends_with(ending))?;
            let safe = format!("{}.safetensors", file.path.strip_suffix(ending)?);
            let (from, to) = (path(&file.path), path(&safe));
            Some(format!(
                "convert the tensors, and sign again what is yours:  {CONVERT} {from} {to} && rm -- {from}"
            ))
        }
        false => None,
    });
    told.take(MOST).collect()
}

/// An index of files of which none is there, beside whole safetensors, is left over of a download that took nothing else.
fn left_over(judged: &Judged) -> Vec<String> {
    let Some(manifest) = judged.described.hashed.manifest() else {
        return Vec::new();
    };
    let indexes: Vec<Listed<'_>> = manifest
        .files()
        .iter()
        .filter_map(|file| Listed::read(judged, &file.path))
        .collect();
    let has = |path: &ArtifactPath| manifest.file(path).is_some();
    let is_whole = |index: &Listed<'_>| index.of_safetensors() && index.files.iter().all(has);
    let single = |folder: &str| beside(folder, "model.safetensors").is_some_and(|path| has(&path));
    let has_twin = |folder: &str| {
        let mut others = indexes.iter().filter(|it| folder_of(it.path) == folder);
        single(folder) || others.any(is_whole)
    };
    let unused = indexes
        .iter()
        .filter(|it| !it.of_safetensors() && !it.files.iter().any(has) && has_twin(folder_of(it.path)));
    let root = judged.described.hashed.root();
    let told = unused.map(|it| {
        format!(
            "whole safetensors lie beside it, and nothing of what it lists; take the index out, and sign again what is yours:  rm -- {}",
            quoted(&root.path().join(it.path.as_str()).display().to_string())
        )
    });
    told.take(MOST).collect()
}

/// An index, and the files that it names.
struct Listed<'a> {
    path: &'a ArtifactPath,
    files: Vec<ArtifactPath>,
}

impl<'a> Listed<'a> {
    /// `None` for what is none, or cannot be read: nothing is said of that.
    fn read(judged: &Judged, path: &'a ArtifactPath) -> Option<Self> {
        if !is_index(path.base_name()) {
            return None;
        }
        let limit = usize::try_from(index::MAX_BYTES).ok()?;
        let text = judged.described.hashed.text(path, limit).ok()?;
        let index = Index::parse(&text).ok()?;
        let named = index.files().into_iter();
        let files = named.map(|file| beside(folder_of(path), file.as_str()));
        Some(Self {
            path,
            files: files.collect::<Option<_>>()?,
        })
    }

    fn of_safetensors(&self) -> bool {
        self.path.base_name().contains(".safetensors.")
    }
}

fn folder_of(path: &ArtifactPath) -> &str {
    path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn beside(folder: &str, name: &str) -> Option<ArtifactPath> {
    let path = match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    };
    ArtifactPath::parse(path).ok()
}

/// Files that are told.
const MOST: usize = 8;
