//! `pickle-code-execution`: loading calls a name that does harm.

use super::verdict::{self, Reach};
use crate::{
    Severity,
    imports::{Capability, Grade},
    observation::pickle::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Loading calls a name that does harm.
pub(super) const RULE: Rule = Rule {
    id: "pickle-code-execution",
    title: "loading runs code",
    worst: Severity::Critical,
    cwe: 502,
    what: "the pickle calls a function or makes an object that runs code, starts programs, loads libraries, touches files \
           or opens connections, or it hands such a name to a call of something else",
    why: "a pickle is a program that runs while it is loaded, so whoever opens the model runs what its author chose",
    example: "`posix.system` imported and called with a command line",
    fix: "do not load the file; ask the publisher for the weights as safetensors, and report the file to the hub it came \
          from",
    references: &["CVE-2025-32434", "CVE-2025-1889"],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Name { name, used } = seen else {
        return None;
    };
    let known = verdict::known(name, used);
    let reflects = known.can(Capability::Reflect);
    if known.grade != Grade::Dangerous || reflects || verdict::reach(name, used) != Reach::Called {
        return None;
    }
    let capabilities = known.capabilities;
    let reason = format!(
        "{}, which {}",
        verdict::describe(name, used),
        verdict::does(capabilities)
    );
    Some(Judgement::new(verdict::called(capabilities), reason).named(name.dotted()))
}
