//! `weightlock evidence export TARGET`: what is known of each control of the frameworks that organisations are asked about, as JSON,
//! CSV and OSCAL, for the tools that keep their risks.
//!
//! The model is judged as `gate` judges it. No control is *met* because a file lies there: each says which checks it rests on, what
//! came of them, and on which evidence, by digest. A verdict is not taken from somebody else here, because it says nothing of the
//! checks behind it.

mod assess;
pub mod controls;
mod csv;
mod oscal;

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::standing::Standing;
use weightlock_policy::Decision;

use self::assess::Assessed;
use crate::{
    cli::{Format, Hashing},
    commands::verdict::{
        Asked, Judged, Policies, PolicyFlags, PolicyTold, ReasonTold, VerdictTold, judge, logs, notes,
        reasons,
    },
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    explanations::USAGE,
    reply::Reply,
    terminal::Style,
    text::{Shown, counted},
};

const VERB: &str = "evidence export";

/// Write what is known of each control, for tools that keep risks: JSON, CSV or OSCAL.
///
/// The model is judged by the policy, as `weightlock gate` does. A control is verified only where every check that it rests on ran
/// and holds; each row says what of the control no tool can tell.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit codes: 0 the policy allows the model; 1 it denies it; 3 an answer that it needs is not known. The document is written in each case.

  weightlock evidence export --policy policy.toml ./model
  weightlock evidence export --policy policy.toml --format oscal ./model > results.oscal.json
  weightlock evidence export --policy policy.toml --format csv ./model > controls.csv")]
pub struct Arguments {
    /// The model: a folder or a file
    #[arg(value_name = "TARGET", value_parser = crate::layout::typed::target())]
    target: PathBuf,
    #[command(flatten)]
    policy: PolicyFlags,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    /// The target as typed.
    pub target: String,
    /// The model: SHA-256 of the canonical manifest, or of the one file.
    pub digest: String,
    /// When it was judged (RFC 3339).
    pub time: String,
    /// `allow`, `quarantine` or `deny`.
    #[schemars(with = "String", extend("enum" = ["allow", "quarantine", "deny"]))]
    pub decision: Decision,
    /// `development`, `staging` or `production`.
    pub mode: String,
    /// `low`, `medium` or `high`.
    pub tier: String,
    /// The policies, the floor first.
    pub policies: Vec<PolicyTold>,
    /// Everything that was there to rest on, whether or not it counts.
    pub evidence: Vec<EvidenceTold>,
    /// Every control.
    pub controls: Vec<ControlTold>,
}

/// A statement, or a report that was named.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceTold {
    /// SHA-256 of it.
    pub digest: String,
    /// The kind of evidence.
    pub kind: String,
    /// Its file.
    pub name: String,
    /// Who signed it; nobody signed a report that was named.
    pub signed_by: Option<String>,
    /// Its signer counts for this kind, and it is about these bytes.
    pub counts: bool,
    /// Why it does not count.
    pub why_not: Option<String>,
}

/// A control.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlTold {
    /// The framework.
    pub framework: String,
    /// Its number there.
    pub control: String,
    /// What it is about.
    pub title: String,
    /// What the standing is about.
    pub shows: String,
    /// How that is known: `verified`, `declared`, `inferred`, `unknown` or `failed`; the worst of what it rests on.
    #[schemars(
        with = "String",
        extend("enum" = ["verified", "declared", "inferred", "unknown", "failed"])
    )]
    pub standing: Standing,
    /// The checks that it rests on, all of them.
    pub basis: Vec<BasisTold>,
    /// The command that yields the evidence.
    pub command: String,
    /// What no tool gives.
    pub beyond: String,
}

/// A check and what came of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasisTold {
    /// The check.
    pub check: String,
    /// `met`, `not-met`, `no-answer`, `waived`, `skipped`, `not-run` or `not-demanded`.
    #[schemars(extend("enum" = ["met", "not-met", "no-answer", "waived", "skipped", "not-run", "not-demanded"]))]
    pub state: String,
    /// How it is known.
    #[schemars(
        with = "String",
        extend("enum" = ["verified", "declared", "inferred", "unknown", "failed"])
    )]
    pub standing: Standing,
    /// What came of it, in words.
    pub says: String,
    /// Digests of what it rests on.
    pub evidence: Vec<String>,
    /// Why it is not met.
    pub reasons: Vec<ReasonTold>,
}

pub(super) fn run(arguments: &Arguments, format: Format, context: &Context) -> Reply {
    match export(arguments, context) {
        Ok((exported, judged)) => reply(exported, &judged, format, context),
        Err(reasons) => Reply::refusal(VERB, reasons),
    }
}

fn export(arguments: &Arguments, context: &Context) -> Result<(Exported, Judged), Vec<Diagnostic>> {
    if arguments.policy.from_verdict {
        let told = Diagnostic::new(
            USAGE,
            "a verdict says nothing of the checks behind it: judge the model itself",
        );
        return Err(vec![told.help("leave out --from-verdict")]);
    }
    let policies = Policies::find(&arguments.policy.which, context).map_err(|told| vec![told])?;
    let asked = Asked {
        verb: VERB,
        target: &arguments.target,
        allow_symlinks: arguments.allow_symlinks,
        flags: &arguments.policy,
        given_up: Vec::new(),
    };
    let judged = judge(&policies, &asked, &arguments.hashing, context)?;
    let assessed = Assessed {
        judged: &judged,
        policy: &policies.policy,
        logs: logs(&policies.policy, &arguments.policy).len(),
    };
    let (evidence, controls) = (assessed.evidence(), assessed.controls());
    let verdict = VerdictTold::from(&judged);
    let exported = Exported {
        target: arguments.target.display().to_string(),
        digest: verdict.digest,
        time: verdict.time,
        decision: verdict.decision,
        mode: verdict.mode,
        tier: verdict.tier,
        policies: verdict.policies,
        evidence,
        controls,
    };
    Ok((exported, judged))
}

fn reply(exported: Exported, judged: &Judged, format: Format, context: &Context) -> Reply {
    let text = text(&exported, context);
    let rendered = match format {
        Format::Csv => Some(csv::render(&exported)),
        Format::Oscal => Some(oscal::render(&exported)),
        _ => None,
    };
    let exit = Exit::from(exported.decision);
    let notes = notes(judged);
    let reply = if exported.decision == Decision::Allow {
        Reply::yes(VERB, text, exported)
    } else {
        Reply::refusal(VERB, reasons(judged))
            .with_verdict("not allowed: do not use this model")
            .with_text(text)
            .with_result(exported)
            .with_exit(exit)
    };
    let reply = reply.with_notes(notes);
    match rendered {
        Some(rendered) => reply.rendered_as(rendered),
        None => reply,
    }
}

/// A line for each control; below it what of it is not known or not so.
fn text(exported: &Exported, context: &Context) -> String {
    let style = match exported.decision {
        Decision::Allow => Style::Good,
        Decision::Quarantine | Decision::Deny => Style::Error,
    };
    let mut text = format!(
        "{} {}\n  in {}, tier {}\n",
        context.out.apply(style, exported.decision.word()),
        exported.digest,
        exported.mode,
        exported.tier
    );
    for control in &exported.controls {
        text += &format!(
            "  {:9} {:13} {:14} {}\n",
            control.standing.word(),
            control.framework,
            control.control,
            control.title
        );
        for basis in control.basis.iter().filter(|basis| basis.state != "met") {
            text += &format!(
                "              {} {}: {}\n",
                basis.check,
                basis.state,
                Shown(&basis.says)
            );
        }
    }
    let verified = exported.controls.iter();
    let verified = verified
        .filter(|control| control.standing == Standing::Verified)
        .count();
    text + &format!(
        "{verified} of {} rest on checks that all verify; no tool shows a whole control: --json has what is beyond each\n",
        counted(exported.controls.len(), "control")
    )
}
