//! `template-code-execution`: a template walks through the insides of an object to something that runs programs.

use crate::{
    Severity,
    observation::template::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A template reaches what runs programs or code.
pub(super) const RULE: Rule = Rule {
    id: "template-code-execution",
    title: "chat template reaches what runs programs",
    worst: Severity::Critical,
    cwe: 1336,
    what: "the template walks from a harmless object through its internal attributes to a module or function that runs \
           programs or code or reads files",
    why: "loaders render the template at the first message; where they do so without a sandbox, or the sandbox has a \
          hole, the publisher of the model runs commands on the machine",
    example: "`{{ cycler.__init__.__globals__.os.popen('…') }}` in `tokenizer.chat_template`",
    fix: "do not render this template; take the model from its original publisher, or replace the template by one that \
          you have read",
    references: &["CVE-2024-34359"],
    check: Check::Template(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Name {
        name,
        access,
        reached: true,
        ..
    } = seen
    else {
        return None;
    };
    let reason = format!("behind the insides of an object the template looks up {name:?} {access}");
    Some(Judgement::new(Severity::Critical, reason).named(name))
}
