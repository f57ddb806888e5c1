//! `adapter-base-outside`: an adapter belongs to a base model that no repository names.

use crate::{
    Severity,
    observation::config::Seen,
    reach::Escape,
    rules::{Check, Context, Judgement, Rule},
};

/// An adapter's base model is an address or a path.
pub(super) const RULE: Rule = Rule {
    id: "adapter-base-outside",
    title: "adapter's base model is an address or a path",
    worst: Severity::Low,
    cwe: 829,
    what: "`base_model_name_or_path` of an adapter is a URL, or a path of the machine that it was trained on",
    why: "loading the adapter loads the base model from there too, and that model is not the one that was examined",
    example: "`\"base_model_name_or_path\": \"http://192.0.2.7/base\"`",
    fix: "load the base model from a source that you trust, and hand it to the adapter",
    references: &[],
    check: Check::Config(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::ForeignBase { path, how } = seen else {
        return None;
    };
    // Everybody who trains at home publishes the path of the base model on the own disk.
    let severity = match how {
        Escape::Remote => Severity::Low,
        _ => Severity::Info,
    };
    let reason = format!("the base model of the adapter, {path:?}, {how}");
    Some(Judgement::new(severity, reason).named(path))
}
