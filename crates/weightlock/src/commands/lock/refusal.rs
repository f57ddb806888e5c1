//! Why a model is not as it was locked, or nothing is locked, and how a run with such reasons ends.

use weightlock_artifact::reason::Outcome;
use weightlock_policy::{
    ModelName,
    lock::Entry,
    reason::{LOCK_DIGEST, LOCK_UNCHECKED},
};

use super::{
    look::Looking,
    told::{ChangedFile, file_lines},
};
use crate::{diagnostic::Diagnostic, exit::Exit, explanations};

/// A reason, and what kind of answer it makes.
pub(super) type Refusal = (Outcome, Diagnostic);

/// One reason with the kind of answer that its code stands for.
pub(super) fn one(told: Diagnostic) -> Vec<Refusal> {
    many(vec![told])
}

/// Several, likewise.
pub(super) fn many(told: Vec<Diagnostic>) -> Vec<Refusal> {
    let told = told.into_iter();
    told.map(|reason| (explanations::outcome(reason.code()), reason))
        .collect()
}

/// How a run with these reasons ends: no, if one of them says no; else the first of could not work, usage and no answer.
pub(super) fn exit_of(refusals: &[Refusal]) -> Exit {
    let order = [
        (Outcome::No, Exit::No),
        (Outcome::CouldNotWork, Exit::CouldNotWork),
        (Outcome::Usage, Exit::Usage),
    ];
    let has = |outcome: Outcome| refusals.iter().any(|(it, _)| *it == outcome);
    let found = order.into_iter().find(|(outcome, _)| has(*outcome));
    found.map_or(Exit::NoAnswer, |(_, exit)| exit)
}

/// Reasons by themselves.
pub(super) fn reasons_of(refusals: &[Refusal]) -> Vec<Diagnostic> {
    refusals.iter().map(|(_, reason)| reason.clone()).collect()
}

/// The files are not the locked ones.
pub(super) fn other_files(
    name: &ModelName,
    locked: &Entry,
    found: &Entry,
    changes: &[ChangedFile],
) -> Diagnostic {
    let told = Diagnostic::new(LOCK_DIGEST, format!("{name} is not what was locked"))
        .fact("locked", locked.files.pin().to_string())
        .fact("found", found.files.pin().to_string());
    let told = file_lines(changes).into_iter().fold(told, Diagnostic::note);
    told.help("fetch the locked version again, or compare with a good copy:  weightlock diff GOOD MODEL")
        .help(format!(
            "if it is wanted as it is now:  weightlock lock update{} {name}",
            asked_when_locked(locked)
        ))
}

/// What names again whoever was asked when a model was locked.
fn asked_when_locked(entry: &Entry) -> &'static str {
    match (entry.signers.is_empty(), entry.verdict.is_some()) {
        (_, true) => " --policy POLICY",
        (false, false) => " --key SIGNER.pub",
        (true, false) => "",
    }
}

/// The lock says that a signer or a policy was asked, and nobody like it is named now.
pub(super) fn unasked(name: &ModelName, entry: &Entry, looking: &Looking<'_>) -> Option<Diagnostic> {
    let no_policy = looking.policies.is_none() && entry.verdict.is_some();
    let nobody = !looking.asks() && !entry.signers.is_empty();
    if !no_policy && !nobody {
        return None;
    }
    let what = if no_policy {
        "a policy allowed it when it was locked, and none is named now"
    } else {
        "its signer was checked when it was locked, and nobody is named now"
    };
    let told = Diagnostic::new(LOCK_UNCHECKED, format!("{name}: {what}"));
    let signers = entry.signers.iter();
    Some(signers.fold(told, |told, signer| told.fact("signed by", signer.to_string())))
}
