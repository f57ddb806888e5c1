//! `pickle-global-import`: loading imports a name that does harm.

use super::verdict::{self, Reach};
use crate::{
    Severity,
    imports::Grade,
    observation::pickle::{Seen, Use},
    rules::{Check, Context, Judgement, Rule},
};

/// Loading imports a name that does harm.
pub(super) const RULE: Rule = Rule {
    id: "pickle-global-import",
    title: "loading imports a dangerous name",
    worst: Severity::High,
    cwe: 502,
    what: "the pickle imports a function or class that runs code, starts programs, loads libraries, touches files or opens \
           connections, without calling it as far as can be seen",
    why: "the object that holds the name may call it as soon as the model is used, and a later stream may do so on load",
    example: "`os.system` as the activation function of a layer",
    fix: "do not load the file unless the publisher can tell what the name is needed for; ask for the weights as safetensors",
    references: &[],
    check: Check::Pickle(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Name { name, used } = seen else {
        return None;
    };
    let known = verdict::known(name, used);
    let tame = matches!(used, Use::Called { tame: true, .. });
    if known.grade != Grade::Dangerous || tame || verdict::reach(name, used) == Reach::Called {
        return None;
    }
    let reason = format!(
        "{}, which {}",
        verdict::describe(name, used),
        verdict::does(known.capabilities)
    );
    Some(Judgement::new(Severity::High, reason).named(name.dotted()))
}
