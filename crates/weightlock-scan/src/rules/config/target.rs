//! `config-target`: configuration names a callable with reach.

use crate::{
    Severity,
    observation::config::{Seen, TargetReach},
    rules::{Check, Context, Judgement, Rule},
};

/// Configuration names a callable with reach.
pub(super) const RULE: Rule = Rule {
    id: "config-target",
    title: "configuration names a callable with reach",
    worst: Severity::Critical,
    cwe: 470,
    what: "a configuration names a callable that is called when the model is built, and it runs code, opens files or connections, or is unknown",
    why: "whoever restores the model calls it, with arguments from the same configuration",
    example: "`_target_: os.system` in model_config.yaml of a .nemo file",
    fix: "do not restore the model; take it from its original publisher, or restore the weights into a model built from your own configuration",
    references: &["CVE-2025-23304"],
    check: Check::Config(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Target { key, name, reach } = seen else {
        return None;
    };
    let (severity, why) = match reach {
        TargetReach::Unbounded => (
            Severity::Critical,
            "which can run code or reach any other callable",
        ),
        TargetReach::Files => (Severity::High, "which loads or writes files or opens connections"),
        TargetReach::Unknown => (Severity::Medium, "which no list of harmless ones has"),
        TargetReach::Computed => (
            Severity::Medium,
            "which is put together when the configuration is read",
        ),
        TargetReach::Known => return None,
    };
    Some(Judgement::new(severity, format!("{key} calls {name:?}, {why}")).named(name))
}
