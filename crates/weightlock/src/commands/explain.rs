//! `weightlock explain CODE|RULE`: what a reason code or a rule of the scanner means, why it matters, what to do.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::reason::Explanation;
use weightlock_scan::rules::{self, Rule};

use super::scan::{self, RuleText};
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    explanations::{self, USAGE},
    nearest,
    reply::Reply,
    terminal::Style,
};

/// Say what a reason code or a rule of the scanner means and what to do about it.
#[derive(Args, Debug)]
pub struct Arguments {
    /// A code such as WL-SIG-TAMPERED, or a rule such as broken-format; without one, all are listed
    #[arg(value_name = "CODE|RULE")]
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
    /// The rules asked for.
    pub rules: Vec<RuleText>,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    let Some(code) = &arguments.code else {
        return list();
    };
    let wanted = code.replace('_', "-");
    let (upper, lower) = (wanted.to_ascii_uppercase(), wanted.to_ascii_lowercase());
    if let Some(found) = explanations::find(&upper) {
        let result = Explanations {
            codes: vec![found.into()],
            rules: Vec::new(),
        };
        return Reply::yes("explain", text(found, context), result);
    }
    match rules::all().find(|rule| rule.id == lower) {
        Some(rule) => Reply::yes(
            "explain",
            rule_text(rule, context),
            Explanations {
                codes: Vec::new(),
                rules: vec![rule.into()],
            },
        ),
        None => unknown(code, &upper, &lower),
    }
}

fn list() -> Reply {
    let codes = explanations::all().map(|one| format!("{:30} {}\n", one.code, one.what));
    let rules = scan::rules_by_name();
    let named = rules
        .iter()
        .map(|rule| format!("{:30} {}\n", rule.id, rule.title));
    let text = codes.chain(named).collect();
    Reply::yes(
        "explain",
        text,
        Explanations {
            codes: explanations::all().map(Into::into).collect(),
            rules: rules.into_iter().map(Into::into).collect(),
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

fn rule_text(rule: &Rule, context: &Context) -> String {
    let title = context.out.apply(Style::Strong, rule.id);
    let mut text = format!(
        "{title}: {}\n\n  what     {}\n  why      {}\n  example  {}\n  fix      {}\n  worst    {} (CWE-{})\n",
        rule.title,
        rule.what,
        rule.why,
        rule.example,
        rule.fix,
        rule.worst.as_str(),
        rule.cwe
    );
    if !rule.references.is_empty() {
        text += &format!("  see      {}\n", rule.references.join(", "));
    }
    text
}

fn unknown(code: &str, upper: &str, lower: &str) -> Reply {
    let told = Diagnostic::new(USAGE, format!("there is no code and no rule {code:?}"));
    let near = nearest::of(upper, explanations::all().map(|one| one.code.as_str()))
        .or_else(|| nearest::of(lower, rules::all().map(|rule| rule.id)));
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
