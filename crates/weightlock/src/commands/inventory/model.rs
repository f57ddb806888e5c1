//! One model: what its headers, its configuration and its formats say, and whether a signature lies with it.

use std::{collections::BTreeSet, sync::Arc};

use weightlock_artifact::{
    Error,
    inventory::{Entry, Inventory, Links, Root, Scope, Stamp},
};
use weightlock_format::model::{CodeOnLoad, CodePath, CodeReason, ModelSummary, summarise};
use weightlock_scan::Severity;

use super::{
    Model, Risk, Scan, Signed, Worst,
    find::{Files, Found},
};
use crate::{
    commands::{
        inspect::{
            Counted,
            answers::how,
            look::{self, Signature},
            word,
        },
        scan,
    },
    context::Context,
    diagnostic::Diagnostic,
    sources::Target,
};

/// Reasons and problems that are told.
const MOST_TOLD: usize = 12;

/// A model, and what the file system says of its files.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) model: Model,
    pub(super) stamps: Vec<Stamp>,
}

/// Looks at a model. What cannot be read is a problem of the model, and leaves the others alone.
pub(super) fn look(found: Found, scanned: bool, context: &Context) -> Result<Looked, Diagnostic> {
    let mut model = Model {
        store: found.kind.name().to_owned(),
        name: found.name.clone(),
        path: found.path.to_string_lossy().into_owned(),
        files: 0,
        bytes: 0,
        formats: Vec::new(),
        risk: Risk::Unknown,
        because: Vec::new(),
        custom_code: false,
        signature: Signed::None,
        revision: found.revision.clone(),
        references: found.references.clone(),
        pinned: found.pinned,
        problems: found.problems.clone(),
        scan: None,
    };
    let mut stamps = Vec::new();
    match files(&found) {
        Ok((inventory, entries)) => {
            stamps.extend(entries.iter().map(|entry| entry.stamp));
            model.files = entries.len() as u64;
            model.bytes = stamps.iter().fold(0, |sum, stamp| stamp.size.saturating_add(sum));
            match look::facts(&inventory, &entries) {
                Ok(facts) => model.tell(&summarise(&facts)),
                Err(error) => model.problems.push(error.to_string()),
            }
            if !found.problems.is_empty() {
                // What is not there is not known to be data.
                model.risk = model.risk.min(Risk::Unknown);
            }
            if matches!(found.files, Files::All) {
                model.irregular(&inventory);
                model.signed(&inventory);
            }
            if scanned {
                model.scan = Some(scan_of(&inventory, &entries, context)?);
            }
        }
        Err(error) => model.problems.push(error.to_string()),
    }
    Ok(Looked { model, stamps })
}

fn files(found: &Found) -> Result<(Arc<Inventory>, Vec<Entry>), Error> {
    match &found.files {
        Files::Some(inventory, names) => {
            let entries = names.iter().filter_map(|name| inventory.entry(name).cloned());
            Ok((Arc::clone(inventory), entries.collect()))
        }
        Files::All => {
            let root = Root::open(&found.path, Links::Refused)?;
            let inventory = Arc::new(Inventory::walk(root, &Scope::model())?);
            let entries = inventory.entries().to_vec();
            Ok((inventory, entries))
        }
    }
}

fn scan_of(inventory: &Arc<Inventory>, entries: &[Entry], context: &Context) -> Result<Scan, Diagnostic> {
    let wanted: BTreeSet<_> = entries.iter().map(|entry| &entry.path).collect();
    let mut sources = Target::Folder(Arc::clone(inventory)).sources();
    if entries.len() != inventory.entries().len() {
        sources.retain(|source| source.artifact_path().is_some_and(|path| wanted.contains(path)));
    }
    let report = scan::of_sources(sources, context)?;
    let findings = report.files.iter().flat_map(|file| &file.findings);
    let worst = findings.filter(|finding| finding.severity > Severity::Info);
    // Of several that are as bad, the first.
    let worst = worst.reduce(|worst, next| {
        if next.severity > worst.severity {
            next
        } else {
            worst
        }
    });
    Ok(Scan {
        complete: report.is_complete(),
        failing: report.totals().failing,
        worst: worst.map(|finding| Worst {
            severity: finding.severity.as_str().to_owned(),
            rule: finding.rule.to_owned(),
            place: finding.place.trail.to_string(),
            reason: finding.reason.clone(),
        }),
    })
}

impl Model {
    fn tell(&mut self, summary: &ModelSummary) {
        self.formats = summary
            .formats
            .iter()
            .map(|(format, count)| Counted {
                name: word(*format),
                count: *count,
            })
            .collect();
        self.risk = match &summary.code {
            CodeOnLoad::Possible(reasons) => {
                self.custom_code = reasons.iter().any(is_custom);
                let told = reasons
                    .iter()
                    .map(|reason| format!("{}: {}", reason.file, how(reason.how)));
                self.because = told.take(MOST_TOLD).collect();
                risk(reasons.iter())
            }
            CodeOnLoad::Unknown(files) => {
                let told = files
                    .iter()
                    .map(|file| format!("{file}: not understood by its header"));
                self.because = told.take(MOST_TOLD).collect();
                Risk::Unknown
            }
            CodeOnLoad::NoneFound => Risk::Data,
        };
        let missing = summary.missing.iter().map(|file| format!("{file} is missing"));
        let broken = summary
            .problems
            .iter()
            .map(|(file, problem)| format!("{file}: {problem}"));
        self.problems.extend(missing.chain(broken).take(MOST_TOLD));
    }

    /// What is no plain file was not looked at, so that the model is not known to be data.
    fn irregular(&mut self, inventory: &Inventory) {
        let irregular = inventory.irregular();
        let told = irregular
            .iter()
            .take(MOST_TOLD)
            .map(|one| format!("{} {}", one.name, one.kind));
        self.problems.extend(told);
        if !irregular.is_empty() {
            self.risk = self.risk.min(Risk::Unknown);
        }
    }

    fn signed(&mut self, inventory: &Inventory) {
        self.signature = match look::signature(inventory) {
            Signature::None => Signed::None,
            Signature::Unreadable(_) => Signed::Unread,
            Signature::Broken(_) => Signed::Broken,
            Signature::Key(_) | Signature::Certificate(_) | Signature::Sigstore => Signed::Declared,
        };
    }
}

/// Python of the model, which loaders run only when they are told to.
fn is_custom(reason: &CodeReason) -> bool {
    let is_python = || reason.file.base_name().ends_with(".py");
    reason.how == CodePath::CustomCode || (reason.how == CodePath::File && is_python())
}

/// The worst of several reasons.
fn risk<'a>(reasons: impl Iterator<Item = &'a CodeReason>) -> Risk {
    let one = |reason: &CodeReason| match reason.how {
        _ if is_custom(reason) => Risk::CustomCode,
        CodePath::Template => Risk::Template,
        _ => Risk::RunsCode,
    };
    reasons.map(one).min().unwrap_or(Risk::Unknown)
}
