//! `weightlock explain CODE`: what a reason code means, why it matters, what to do.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::reason::Explanation;

use crate::{
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    explanations::{self, USAGE},
    nearest,
    reply::Reply,
    terminal::Style,
};

/// Say what a reason code means and what to do about it.
#[derive(Args, Debug)]
pub struct Arguments {
    /// A code such as WL-SIG-TAMPERED; without one, all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// One code in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// The code.
    pub code: String,
    /// `no`, `usage`, `no-answer` or `could-not-work`.
    pub outcome: String,
    /// The exit code it leads to.
    pub exit_code: u8,
    /// What happened.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// A situation that raises it.
    pub example: String,
    /// What to do.
    pub fix: String,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Explanations {
    /// The codes asked for.
    pub codes: Vec<Explained>,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    let Some(code) = &arguments.code else {
        return list();
    };
    let wanted = code.to_ascii_uppercase().replace('_', "-");
    match explanations::find(&wanted) {
        Some(found) => Reply::yes(
            "explain",
            text(found, context),
            Explanations {
                codes: vec![found.into()],
            },
        ),
        None => unknown(code, &wanted),
    }
}

fn list() -> Reply {
    let text = explanations::all()
        .map(|one| format!("{:30} {}\n", one.code, one.what))
        .collect();
    Reply::yes(
        "explain",
        text,
        Explanations {
            codes: explanations::all().map(Into::into).collect(),
        },
    )
}

fn text(found: &Explanation, context: &Context) -> String {
    let Explanation {
        code,
        outcome,
        what,
        why,
        example,
        fix,
    } = *found;
    let exit = Exit::from(outcome);
    let title = context.out.apply(Style::Strong, code.as_str());
    format!(
        "{title}: {what}\n\n  why      {why}\n  example  {example}\n  fix      {fix}\n  answer   {} (exit {})\n",
        exit.word(),
        exit.number()
    )
}

fn unknown(code: &str, wanted: &str) -> Reply {
    let told = Diagnostic::new(USAGE, format!("there is no code {code:?}"));
    let near = nearest::of(wanted, explanations::all().map(|one| one.code.as_str()));
    let told = match near {
        Some(near) => told.help(format!("weightlock explain {near}")),
        None => told.help("weightlock explain"),
    };
    Reply::refusal("explain", vec![told])
}

impl From<&Explanation> for Explained {
    fn from(found: &Explanation) -> Self {
        let exit = Exit::from(found.outcome);
        Self {
            code: found.code.to_string(),
            outcome: exit.word().to_owned(),
            exit_code: exit.number(),
            what: found.what.to_owned(),
            why: found.why.to_owned(),
            example: found.example.to_owned(),
            fix: found.fix.to_owned(),
        }
    }
}
