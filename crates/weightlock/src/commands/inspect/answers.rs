//! The six answers, from what was seen. A pure function, so that each sentence can be tested.
//!
//! The order of care: never *declared* as *verified*, never "not found" as "is not there", and no hint at a verb
//! or flag that this version has not got.

use weightlock_artifact::{evidence::Kind, inventory::RootKind, reason::Outcome};
use weightlock_bom::graph::Property;
use weightlock_format::{
    Problem,
    model::{CodeOnLoad, CodePath, CodeReason, ModelSummary},
};
use weightlock_scan::{Finding, Severity};

use super::{
    Answer, Answers, blobs,
    check::Refused,
    look::{Seen, Signature},
};
use crate::{
    explanations,
    layout::{Layout, names::Names},
    text::{counted, quoted},
};

/// The six answers. `target` is as the user typed it, for commands.
pub(super) fn answers(seen: &Seen, names: Option<&Names>, target: &str) -> Answers {
    Answers {
        who: who(seen, target),
        unchanged: unchanged(seen, names),
        executes: executes(seen, target),
        made_how: made_how(seen),
        may_we_use: may_we_use(seen),
        behaves: behaves(seen),
    }
}

fn who(seen: &Seen, target: &str) -> Answer {
    // Verbs that know files only are told where these lie, and not asked about an image.
    let files = match &seen.opened.layout {
        Layout::Hub { chosen: Some(_) } => Some(quoted(&seen.inventory.root().path().to_string_lossy())),
        Layout::Image(_) => None,
        _ => Some(quoted(target)),
    };
    let verify = |flags: &str| match &files {
        Some(files) => format!("weightlock verify {flags} {files}"),
        None => format!("weightlock gate --policy POLICY {}", quoted(target)),
    };
    match &seen.signature {
        Signature::None => {
            let answer = Answer::unknown("no signature");
            match &files {
                Some(files) => answer.next(format!(
                    "if the model is yours: weightlock sign --key KEY {files}"
                )),
                None => answer,
            }
        }
        Signature::Unreadable(told) => Answer::unknown(format!(
            "what lies there as its signature cannot be read: {}",
            told.sentence()
        )),
        Signature::Broken(refusal) => {
            let says = format!("the signature is none: {refusal}");
            match Refused::signature_form(&seen.signature) {
                Some(check) => Answer::failed(check, says),
                None => Answer::unknown(says),
            }
        }
        Signature::Key(hint) => {
            let which = match hint {
                Some(hint) => format!("signed with a key whose hint is {}", shortened(hint)),
                None => "signed with a key".to_owned(),
            };
            Answer::declared(format!("{which}; not checked")).next(verify("--key PUBLIC_KEY"))
        }
        Signature::Certificate(subject) => Answer::declared(format!(
            "signed with a certificate that names {}; not checked",
            shortened(subject)
        ))
        .next(verify("--certificate-chain ROOTS")),
        Signature::Sigstore => Answer::declared("signed with a Sigstore identity; not checked")
            .next(verify("--identity NAME --identity-provider URL")),
    }
}

/// A name out of a file, at most a line of it.
fn shortened(name: &str) -> String {
    const MOST: usize = 80;
    let mut short: String = name.chars().take(MOST).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}

/// Whether a problem says that the file is bad, or only that it was not understood.
pub(super) fn is_fault(problem: &Problem) -> bool {
    explanations::outcome(problem.code()) == Outcome::No
}

fn unchanged(seen: &Seen, names: Option<&Names>) -> Answer {
    let summary = &seen.summary;
    let faults: Vec<String> = summary
        .problems
        .iter()
        .filter(|(_, problem)| is_fault(problem))
        .map(|(file, problem)| format!("{file}: {problem}"))
        .chain(
            summary
                .missing
                .iter()
                .map(|file| format!("{file}: is missing, and the index names it")),
        )
        .collect();
    let differing = names.is_some_and(|names| !names.differing.is_empty());
    if let Some(check) = Refused::file_format(summary).filter(|_| !differing) {
        let says = if summary.problems.iter().any(|(_, problem)| is_fault(problem)) {
            "damaged, or made so: files break their format"
        } else {
            "not whole: files are missing that an index names"
        };
        return Answer::failed(check, says).details(faults);
    }
    if let Some(answer) = blobs::unchanged(&seen.opened.layout, names) {
        let uncompared = !matches!(seen.signature, Signature::None);
        let told = uncompared.then(|| "not compared with the signature".to_owned());
        return answer.details(faults).details(told);
    }
    match seen.signature {
        Signature::None => Answer::unknown("nothing to compare with"),
        Signature::Unreadable(_) => Answer::unknown("nothing that can be read says what it was"),
        _ => Answer::unknown("not compared with the signature: only headers were read"),
    }
}

/// What the scanner found, then what it could not read. A format that can run code is named also where this file of it
/// does not.
fn executes(seen: &Seen, target: &str) -> Answer {
    let report = &seen.scan;
    let of = |least: Severity| {
        let findings = report.files.iter().flat_map(|file| &file.findings);
        findings.filter(move |finding| finding.severity >= least)
    };
    let unread = unread(seen);
    let scan = format!("weightlock scan {}", quoted(target));
    let count = |least: Severity| {
        let left_out = report
            .files
            .iter()
            .map(|file| file.findings_left_out.at_least(least));
        of(least).count() + usize::try_from(left_out.sum::<u64>()).unwrap_or(usize::MAX)
    };
    let (high, medium) = (count(Severity::High), count(Severity::Medium));
    if high > 0 {
        let says = format!(
            "can run code or reach other files when it is loaded: {}",
            counted(high, "finding")
        );
        let found = of(Severity::High).map(|finding| told(finding, seen));
        return Answer::inferred(says).details(found).details(unread).next(scan);
    }
    if !unread.is_empty() {
        return Answer::unknown(format!("{} not read in full", counted(unread.len(), "file")))
            .details(unread)
            .next(format!("weightlock scan --coverage {}", quoted(target)));
    }
    if medium > 0 {
        let says = format!(
            "nobody can vouch for what it does: {}",
            counted(medium, "finding")
        );
        let found = of(Severity::Medium).map(|finding| told(finding, seen));
        return Answer::inferred(says).details(found).next(scan);
    }
    match &seen.summary.code {
        CodeOnLoad::Possible(reasons) => harmless(reasons.iter()),
        _ => Answer::inferred("no code on load; every byte accounted for"),
    }
}

/// Everything that the scanner did not read in full, by file.
fn unread(seen: &Seen) -> Vec<String> {
    let report = &seen.scan;
    let incomplete = report.files.iter().filter(|file| !file.coverage.is_complete());
    let gaps = incomplete.map(|file| {
        let why = file.coverage.gaps.first().map_or("", |gap| gap.why.as_str());
        format!(
            "{}: {} bytes not read: {why}",
            below(&file.file, seen),
            file.coverage.unread
        )
    });
    let others = report
        .not_examined
        .iter()
        .map(|one| format!("{}: not looked at: {}", below(&one.name, seen), one.why));
    let irregular = seen
        .irregular()
        .iter()
        .map(|one| format!("{} {}: not looked at", one.name, one.kind));
    gaps.chain(others).chain(irregular).collect()
}

fn told(finding: &Finding, seen: &Seen) -> String {
    format!(
        "{}: {}[{}] {}",
        below(finding.place.trail.as_str(), seen),
        finding.severity.as_str(),
        finding.rule,
        shortened(&finding.reason)
    )
}

/// A name of the scanner's, below the model; of a lone file its base name, as its entry has it.
pub(super) fn below<'a>(name: &'a str, seen: &Seen) -> &'a str {
    let root = seen.inventory.root();
    let folder = match root.kind() {
        RootKind::Folder => root.path(),
        RootKind::File(_) => root.path().parent().unwrap_or(root.path()),
    };
    match name.strip_prefix(folder.to_string_lossy().as_ref()) {
        Some(rest) => rest.trim_start_matches('/'),
        None => name,
    }
}

/// Formats that can run code, in which nothing dangerous was found.
fn harmless<'a>(reasons: impl Iterator<Item = &'a CodeReason> + Clone) -> Answer {
    let all = |wanted: CodePath| reasons.clone().all(|reason| reason.how == wanted);
    let says = if all(CodePath::Template) {
        "runs a chat template when used, with nothing dangerous in it; every byte accounted for"
    } else if all(CodePath::Pickle) {
        "no code on load, in a format that can hold some; every byte accounted for"
    } else {
        "comes with code, in which nothing dangerous was found; every byte accounted for"
    };
    Answer::inferred(says).details(reasons.map(|reason| format!("{}: {}", reason.file, how(reason.how))))
}

pub(in crate::commands) const fn how(path: CodePath) -> &'static str {
    match path {
        CodePath::Pickle => "a pickle, or an archive or stream in which loaders look for one",
        CodePath::File => "code, or a program",
        CodePath::CustomCode => "asks for code that comes with a model",
        CodePath::Template => "a chat template",
        _ => "code",
    }
}

/// What is said of the provenance that lies with a model: whether there is any, or why that is not known.
fn provenance(seen: &Seen) -> String {
    match seen.stated.of(Kind::Provenance) {
        Ok(all) if all.is_empty() => "no provenance".to_owned(),
        Ok(_) => "provenance lies there; not checked".to_owned(),
        Err(told) => format!("whether provenance lies there is not known: {}", told.sentence()),
    }
}

fn made_how(seen: &Seen) -> Answer {
    let provenance = provenance(seen);
    let claims = |kind| seen.stated.of(kind).unwrap_or_default();
    let stated = claims(Kind::Provenance);
    let answer = match (made_from(&seen.summary), stated.is_empty()) {
        (Some(from), _) => Answer::declared(format!("{from}; {provenance}")),
        (None, false) => Answer::declared(provenance),
        (None, true) => Answer::unknown(format!("{provenance}, and no base model is named")),
    };
    let all = stated.into_iter().chain(claims(Kind::Bom));
    answer.details(all.map(str::to_owned))
}

/// The base models that are named, in a few words; nothing where none is.
pub(super) fn made_from(summary: &ModelSummary) -> Option<String> {
    let names: Vec<String> = summary.base_models.iter().map(|name| shortened(name)).collect();
    (!names.is_empty()).then(|| format!("made from {}", listed(&names)))
}

fn behaves(seen: &Seen) -> Answer {
    match seen.stated.of(Kind::Evaluation) {
        Ok(all) if all.is_empty() => Answer::unknown("nothing was run, and there is nothing to compare with"),
        Ok(all) => Answer::declared(format!(
            "{} there; not checked, and nothing was run",
            lying(all.len(), "evaluation")
        ))
        .details(all.into_iter().map(str::to_owned)),
        Err(told) => Answer::unknown(format!(
            "nothing was run, and whether an evaluation lies there is not known: {}",
            told.sentence()
        )),
    }
}

/// `1 evaluation lies`, `2 evaluations lie`.
pub(super) fn lying(count: usize, noun: &str) -> String {
    let verb = if count == 1 { "lies" } else { "lie" };
    format!("{} {verb}", counted(count, noun))
}

fn may_we_use(seen: &Seen) -> Answer {
    let names: Vec<String> = seen.summary.licenses.iter().map(|name| shortened(name)).collect();
    if !names.is_empty() {
        let unlisted = seen.said(Property::LicenseUnlisted);
        let told = unlisted
            .iter()
            .map(|name| format!("{}: no identifier of SPDX, nor of a hub", shortened(name)));
        return Answer::declared(format!("licence {}", listed(&names))).details(told);
    }
    if let Layout::Image(image) = &seen.opened.layout
        && !image.licenses.is_empty()
    {
        let names: Vec<String> = image.licenses.iter().map(|name| shortened(name)).collect();
        let says = format!(
            "licence {}, as the configuration of the image says",
            listed(&names)
        );
        return Answer::declared(says);
    }
    let recognised = seen.said(Property::LicenseText);
    if !recognised.is_empty() {
        let says = format!(
            "no licence is declared; the text of {} lies with it",
            listed(&recognised)
        );
        return Answer::inferred(says);
    }
    let texts = seen
        .inventory
        .entries()
        .iter()
        .map(|entry| &entry.path)
        .filter(|path| is_licence_text(path.base_name()));
    Answer::unknown("no licence is declared")
        .details(texts.map(|path| format!("{path}: a licence text that was not recognised")))
}

fn is_licence_text(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["license", "licence", "copying"]
        .iter()
        .any(|word| name.starts_with(word))
}

/// A few names of many.
pub(super) fn listed(names: &[String]) -> String {
    const MOST: usize = 4;
    let some = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(MOST) {
        Some(more) if more > 0 => format!("{some} and {more} more"),
        _ => some,
    }
}
