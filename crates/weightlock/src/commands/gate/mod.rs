//! `weightlock gate TARGET`: may this model be promoted?
//!
//! One line for each check that the policy asks for, and a closing line, in the words of the scripts that it replaces. A check that
//! cannot run has failed.

mod report;

use std::path::PathBuf;

use clap::Args;
use weightlock_artifact::evidence::Kind;
use weightlock_policy::{Decision, summary::VERIFIER};
use weightlock_signing::{predicate::types::SLSA_VSA, statement};

use crate::{
    cli::{Format, Hashing},
    commands::publish::{Author, PublishFlags},
    commands::verdict::{
        Asked, Judged, Policies, PolicyFlags, VerdictTold, judge, notes, reasons, was_not_run,
        write_overrides,
    },
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    explanations::USAGE,
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
    #[arg(value_name = "TARGET", value_parser = crate::layout::typed::target())]
    target: PathBuf,
    #[command(flatten)]
    policy: PolicyFlags,
    /// Sign the verdict, yes or no, as evidence about exactly these bytes (SLSA verification summary)
    #[arg(long, conflicts_with = "from_verdict", help_heading = "Verdict")]
    attest: bool,
    /// What the verdict says made it
    #[arg(long, value_name = "URI", default_value = VERIFIER, requires = "attest", help_heading = "Verdict")]
    verifier: String,
    #[command(flatten)]
    publish: PublishFlags,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

pub(crate) fn run(arguments: &Arguments, format: Format, context: &Context) -> Reply {
    let refused = |reasons: Vec<Diagnostic>| {
        let rendered = report::refusal(format, &reasons);
        let text = "Promotion BLOCKED: not all checks passed.\n".to_owned();
        in_form(Reply::refusal(VERB, reasons).with_text(text), rendered)
    };
    let policies = match Policies::find(&arguments.policy.which, context) {
        Ok(policies) => policies,
        Err(told) => return refused(vec![told]),
    };
    let asked = Asked {
        verb: VERB,
        target: &arguments.target,
        allow_symlinks: arguments.allow_symlinks,
        flags: &arguments.policy,
        given_up: Vec::new(),
    };
    if arguments.attest && !arguments.policy.skip.is_empty() {
        let told =
            Diagnostic::new(USAGE, "a verdict that is signed leaves nothing out").help("leave out --skip");
        let tried = arguments.policy.skipped();
        let written = write_overrides(&tried, &policies.policy, &arguments.policy, context);
        return refused([Some(told), written.err()].into_iter().flatten().collect());
    }
    if !arguments.attest && arguments.publish.is_given() {
        let told = Diagnostic::new(USAGE, "a key signs the verdict only with --attest");
        return refused(vec![
            told.help("weightlock gate --attest --key NAME.key --policy POLICY MODEL"),
        ]);
    }
    // Whoever signs is asked for a password before the work begins.
    let author = match arguments
        .attest
        .then(|| {
            arguments
                .publish
                .author("weightlock gate --attest --key NAME.key MODEL", None, context)
        })
        .transpose()
    {
        Ok(author) => author,
        Err(told) => return refused(vec![told]),
    };
    let judged = match judge(&policies, &asked, &arguments.hashing, context) {
        Ok(judged) => judged,
        Err(reasons) => return refused(reasons),
    };
    let written = author.map(|author| attest(&author, &judged, &policies, arguments));
    match written.transpose() {
        Ok(written) => reply(&judged, written.flatten(), format, context),
        Err(told) => refused(vec![told]),
    }
}

/// Signs the verdict, and says where it lies.
fn attest(
    author: &Author,
    judged: &Judged,
    policies: &Policies,
    arguments: &Arguments,
) -> Result<Option<String>, Diagnostic> {
    let predicate = judged
        .verdict
        .summary(&policies.policy, &arguments.verifier, env!("CARGO_PKG_VERSION"));
    let hashed = &judged.described.hashed;
    let payload = statement::payload(&hashed.subjects(), SLSA_VSA, &predicate);
    let (_, written) = arguments.publish.sign(author, payload, Kind::Verdict, hashed)?;
    Ok(written)
}

fn reply(judged: &Judged, written: Option<String>, format: Format, context: &Context) -> Reply {
    let verdict = &judged.verdict;
    let text = lines(judged, context);
    let told = VerdictTold {
        written: written.clone(),
        ..VerdictTold::from(judged)
    };
    let mut notes = notes(judged);
    notes.extend(written.map(|path| format!("the verdict was signed: {path}")));
    let rendered = report::verdict(format, &told);
    let exit = Exit::from(verdict.decision);
    if verdict.decision == Decision::Allow {
        return in_form(Reply::yes(VERB, text, told).with_notes(notes), rendered);
    }
    let reply = Reply::refusal(VERB, reasons(judged))
        .with_verdict("blocked: do not promote this model")
        .with_text(text)
        .with_result(told)
        .with_notes(notes)
        .with_exit(exit);
    in_form(reply, rendered)
}

fn in_form(reply: Reply, rendered: Option<String>) -> Reply {
    match rendered {
        Some(rendered) => reply.rendered_as(rendered),
        None => reply,
    }
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
        let was_not_run = of_check()
            .filter(|asked| asked.decision() != Decision::Allow)
            .all(|asked| was_not_run(asked, judged.is_cut_short));
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
    // What belongs to no check: an override that is refused, files that are missing.
    if !verdict.general.is_empty() {
        text += "[FAIL] policy\n";
    }
    text += match verdict.decision {
        Decision::Allow => "Promotion APPROVED: all checks passed.\n",
        Decision::Quarantine | Decision::Deny => "Promotion BLOCKED: not all checks passed.\n",
    };
    text
}
