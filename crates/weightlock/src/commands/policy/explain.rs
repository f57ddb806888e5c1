//! `weightlock policy explain TARGET`: which demand decides about a model, where it stands, and what met it.

use std::path::PathBuf;

use clap::Args;

use crate::{
    cli::Hashing,
    commands::verdict::{
        Asked, DemandTold, NOT_RUN, Policies, PolicyFlags, VerdictTold, judge, notes, reasons,
    },
    context::Context,
    exit::Exit,
    reply::Reply,
    terminal::Style,
    text::Shown,
};
use weightlock_policy::Decision;

const VERB: &str = "policy explain";

/// Say which demand decides about a model, and where it stands.
///
/// The verdict is that of `weightlock gate`; every demand is told with its file and line, and with what met it or why nothing did.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock policy explain --policy policy.toml ./model")]
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

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    let policies = match Policies::find(&arguments.policy.which, context) {
        Ok(policies) => policies,
        Err(told) => return Reply::refusal(VERB, vec![told]),
    };
    let asked = Asked {
        verb: VERB,
        target: &arguments.target,
        allow_symlinks: arguments.allow_symlinks,
        flags: &arguments.policy,
        given_up: Vec::new(),
    };
    let judged = match judge(&policies, &asked, &arguments.hashing, context) {
        Ok(judged) => judged,
        Err(reasons) => return Reply::refusal(VERB, reasons),
    };
    let told = VerdictTold::from(&judged);
    let text = text(&told, context);
    let notes = notes(&judged);
    match judged.verdict.decision {
        Decision::Allow => Reply::yes(VERB, text, told).with_notes(notes),
        decision => Reply::refusal(VERB, reasons(&judged))
            .with_verdict("not allowed: do not use this model")
            .with_text(text)
            .with_result(told)
            .with_notes(notes)
            .with_exit(Exit::from(decision)),
    }
}

fn text(told: &VerdictTold, context: &Context) -> String {
    let style = match told.decision {
        Decision::Allow => Style::Good,
        Decision::Quarantine | Decision::Deny => Style::Error,
    };
    let mut text = format!(
        "{} {}\n  in {}, tier {}\n",
        context.out.apply(style, told.decision.word()),
        told.digest,
        told.mode,
        told.tier
    );
    for demand in &told.demands {
        text += &line(demand);
    }
    for reason in &told.general {
        let state = match reason.decision {
            Decision::Quarantine => "no-answer",
            Decision::Allow | Decision::Deny => "not-met",
        };
        text += &format!("  {state:9}  {}: {}\n", reason.code, Shown(&reason.text));
    }
    text
}

fn line(demand: &DemandTold) -> String {
    let rule = demand
        .rule
        .as_ref()
        .map_or_else(String::new, |rule| format!(" ({rule})"));
    let mut text = format!(
        "  {:9}  {}: {}   {}{}\n",
        demand.state,
        demand.check,
        Shown(&demand.demand),
        Shown(&demand.place),
        Shown(&rule)
    );
    if let Some(by) = &demand.met_by {
        text += &format!("             by {}\n", Shown(by));
    }
    if demand.state == "not-run" {
        text += &format!("             {NOT_RUN}\n");
    }
    for reason in &demand.reasons {
        text += &format!("             {}: {}\n", reason.code, Shown(&reason.text));
    }
    for it in &demand.waived {
        let reason = &it.reason;
        text += &format!("             {}: {}\n", reason.code, Shown(&reason.text));
        text += &format!("             waived by {}\n", Shown(&it.by()));
    }
    text
}
