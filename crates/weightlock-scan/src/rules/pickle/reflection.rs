//! `pickle-reflection`: loading reaches objects by name, or calls what it is given.

use super::verdict::{self, Reach};
use crate::{
    Severity,
    imports::{Capability, Grade},
    observation::pickle::{Name, Seen},
    rules::{Check, Context, Judgement, Rule},
};

/// Loading reaches objects by name, or calls what it is given.
pub(super) const RULE: Rule = Rule {
    id: "pickle-reflection",
    title: "loading reaches any object",
    worst: Severity::Critical,
    cwe: 470,
    what: "the pickle calls something that looks up attributes, applies functions or makes functions out of code, or it \
           calls what another call gave",
    why: "with getattr, map, partial or operator.attrgetter every function of the interpreter can be reached, without any \
          of their names in an import",
    example: "`builtins.getattr` called with a module and the text `system`, and its result called with a command line",
    fix: "do not load the file; ask the publisher for the weights as safetensors",
    references: &["GHSA-84r2-jw7c-4r5q", "GHSA-vvpj-8cmc-gx39"],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::Name { name, used } => {
            let known = verdict::known(name, used);
            let reflects = known.grade == Grade::Dangerous && known.can(Capability::Reflect);
            if !reflects || verdict::reach(name, used) != Reach::Called {
                return None;
            }
            let reason = format!(
                "{}, which reaches or calls any object",
                verdict::describe(name, used)
            );
            Some(Judgement::new(Severity::Critical, reason).named(name.dotted()))
        }
        Seen::Result { root, arguments } => Some(match root {
            Some(name) => {
                let severity = match name.known.grade {
                    Grade::Dangerous => Severity::Critical,
                    Grade::Unknown => Severity::Medium,
                    // Objects of libraries that are called do what their makers were told: no pickler calls one.
                    _ => Severity::High,
                };
                let reason = format!("calls with ({arguments}) what a call of {} gave", name.dotted());
                Judgement::new(severity, reason).named(name.dotted())
            }
            None => {
                let reason = format!("calls with ({arguments}) something that cannot be told");
                Judgement::new(Severity::Medium, reason)
            }
        }),
        Seen::Exposed { root, to } => {
            let maker = root.as_ref().map_or_else(|| "?".to_owned(), Name::dotted);
            let reason = format!("hands what {maker} gave to {to}, which may call it");
            Some(Judgement::new(Severity::High, reason).named(maker))
        }
        _ => None,
    }
}
