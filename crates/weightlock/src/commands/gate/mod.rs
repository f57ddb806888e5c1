//! `weightlock gate TARGET`: may this model be promoted?
//!
//! One line for each check that the policy asks for, and a closing line, in the words of the scripts that it replaces. A check that
//! cannot run has failed.

use std::path::PathBuf;

use clap::Args;
use weightlock_policy::{Check, Decision};

use crate::{
    cli::Hashing,
    commands::verdict::{Asked, Judged, Policies, PolicyFlags, VerdictTold, judge, notes, reasons},
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    reply::Reply,
};

const VERB: &str = "gate";

/// Decide whether a model may be promoted, by a policy.
///
/// Signatures are checked before any byte of the model is believed, then the bytes, then what is stated about them, and the
/// scan comes last. Evidence counts only by signers whom the policy names for its kind.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit codes: 0 approved; 1 blocked; 3 blocked because an answer that is needed is not known; 2 the policy cannot be used.

  weightlock gate --policy policy.toml ./model
  weightlock gate --policy policy.toml --mode production --advisories grype.json ./model")]
pub struct Arguments {
    /// The model: a folder or a file
    #[arg(value_name = "TARGET")]
    target: PathBuf,
    #[command(flatten)]
    policy: PolicyFlags,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    let refused = |reasons: Vec<Diagnostic>| {
        Reply::refusal(VERB, reasons).with_text("Promotion BLOCKED: not all checks passed.\n".to_owned())
    };
    let policies = match Policies::find(&arguments.policy, context) {
        Ok(policies) => policies,
        Err(told) => return refused(vec![told]),
    };
    let asked = Asked {
        verb: VERB,
        target: &arguments.target,
        allow_symlinks: arguments.allow_symlinks,
        flags: &arguments.policy,
    };
    match judge(&policies, &asked, &arguments.hashing, context) {
        Ok(judged) => reply(&judged, context),
        Err(reasons) => refused(reasons),
    }
}

fn reply(judged: &Judged, context: &Context) -> Reply {
    let verdict = &judged.verdict;
    let text = lines(judged, context);
    let told = VerdictTold::from(judged);
    let exit = match verdict.decision {
        Decision::Allow => Exit::Yes,
        Decision::Quarantine => Exit::NoAnswer,
        Decision::Deny => Exit::No,
    };
    if verdict.decision == Decision::Allow {
        return Reply::yes(VERB, text, told).with_notes(notes(verdict));
    }
    Reply::refusal(VERB, reasons(judged))
        .with_verdict("blocked: do not promote this model")
        .with_text(text)
        .with_result(told)
        .with_notes(notes(verdict))
        .with_exit(exit)
}

/// A line for each check that was asked for, and the closing line.
fn lines(judged: &Judged, context: &Context) -> String {
    let verdict = &judged.verdict;
    let mut text = String::new();
    if context.verbose {
        for step in &judged.steps {
            text += &format!("  {}\n", crate::text::Shown(&step.0));
        }
    }
    for (check, decision) in verdict.checks() {
        let of_check = || verdict.asked.iter().filter(|asked| asked.check == check);
        let was_not_run = judged.is_cut_short && matches!(check, Check::Scan | Check::Coverage);
        let line = if decision != Decision::Allow {
            let why = if was_not_run { " (not run)" } else { "" };
            format!("[FAIL] {check}{why}")
        } else if of_check().all(|asked| asked.skipped) {
            format!("[SKIP] {check}")
        } else if of_check().any(|asked| !asked.waived.is_empty()) {
            format!("[PASS] {check} (waived)")
        } else {
            format!("[PASS] {check}")
        };
        text += &line;
        text.push('\n');
    }
    text += match verdict.decision {
        Decision::Allow => "Promotion APPROVED: all checks passed.\n",
        Decision::Quarantine | Decision::Deny => "Promotion BLOCKED: not all checks passed.\n",
    };
    text
}
