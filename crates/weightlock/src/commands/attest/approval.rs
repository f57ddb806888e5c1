//! `weightlock attest approval`: states that somebody approves or rejects the use of a model.
//!
//! The predicate `urn:weightlock:approval:v1`: `{"decision": "approved", "approver": "…", "date": "…", "comment": "…"}`. Who signed is
//! who approved; the name is what was typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weightlock_signing::predicate::types::APPROVAL;

use super::{
    stated::{self, Claim, ModelFlags, Stated},
    timestamp,
};
use crate::{commands::publish::PublishFlags, context::Context, diagnostic::Diagnostic, reply::Reply};

const VERB: &str = "attest approval";

/// State that somebody approves, or rejects, the use of a model as it is now.
///
/// A policy says whose approval counts, and how many are needed. The newest word of each person holds.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock attest approval --decision approved --approver 'Ada Example' --key ada.key ./model
  weightlock attest approval --decision rejected --approver 'Ada Example' --comment 'fails on minors' --key ada.key ./model")]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL", value_parser = crate::layout::typed::target())]
    model: PathBuf,
    /// Who decides; whose signature it is counts more
    #[arg(long, value_name = "NAME")]
    approver: String,
    /// What is decided
    #[arg(long, value_name = "DECISION")]
    decision: ApprovalDecision,
    /// What else there is to say
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    #[command(flatten)]
    pub(super) publish: PublishFlags,
    #[command(flatten)]
    reading: ModelFlags,
}

/// An approval.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What is decided.
    pub decision: ApprovalDecision,
    /// The day it was decided, as `YYYY-MM-DD`, or the time in RFC 3339.
    pub date: String,
    /// Who decides, as typed.
    pub approver: String,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// What is decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalDecision {
    /// The model may be used.
    Approved,
    /// It may not.
    Rejected,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    stated::reply(VERB, state(arguments, context), context)
}

fn state(arguments: &Arguments, context: &Context) -> Result<Stated, Vec<Diagnostic>> {
    let hashed = arguments.reading.hashed(&arguments.model, context)?;
    let approval = Approval {
        decision: arguments.decision,
        date: timestamp(context)?,
        approver: arguments.approver.clone(),
        comment: arguments.comment.clone(),
    };
    let word = match arguments.decision {
        ApprovalDecision::Approved => "approved",
        ApprovalDecision::Rejected => "rejected",
    };
    let claim = Claim {
        predicate_type: APPROVAL,
        says: format!("{word} by {}", arguments.approver),
        // Serialising this type cannot fail: its keys are strings.
        predicate: serde_json::to_value(&approval).unwrap_or_default(),
    };
    stated::state(&arguments.model, &hashed, claim, &arguments.publish, context)
}
