//! `executable-content`: a program in or instead of a model.

use weightlock_artifact::text::Shown;
use weightlock_format::executable::Kind;

use crate::{
    Severity,
    observation::embedded::{Seen, Spot},
    rules::{Check, Context, Judgement, Rule},
};

/// A program in or instead of a model.
pub(super) const RULE: Rule = Rule {
    id: "executable-content",
    title: "a program in or instead of a model",
    worst: Severity::High,
    cwe: 506,
    what: "the content is a program for some machine: ELF, PE, Mach-O, WebAssembly, Java, compiled Python, \
          a script",
    why: "models hold numbers; a program among them is there to be started by something",
    example: "an ELF file called `model.safetensors`, or in the place of a tensor",
    fix: "do not start it; ask the publisher what it is for, and use a model without it",
    references: &[],
    check: Check::Embedded(check),
};

fn check(seen: &Seen, context: &Context<'_>) -> Option<Judgement> {
    let Seen::Executable { program, place } = seen else {
        return None;
    };
    let named = |extension: &&str| {
        context
            .trail
            .base_name()
            .to_ascii_lowercase()
            .ends_with(*extension)
    };
    // A script that is called one needs someone who runs it.
    let honest = program.kind == Kind::Script && *place == Spot::Whole && SCRIPTS.iter().any(named);
    let severity = if honest { Severity::Low } else { Severity::High };
    let reason = format!(
        "{place} is a program: {} ({})",
        program.kind.name(),
        Shown(&program.machine)
    );
    Some(Judgement::new(severity, reason))
}

/// Extensions that say that a file is a script.
const SCRIPTS: &[&str] = &[
    ".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".cmd", ".pl", ".rb", ".js", ".lua",
];
