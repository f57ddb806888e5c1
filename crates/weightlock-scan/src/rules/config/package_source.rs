//! `requirements-foreign-source`: packages are taken from elsewhere than the usual index.

use crate::{
    Severity,
    observation::config::{Seen, Source},
    rules::{Check, Context, Judgement, Rule},
};

/// Packages from elsewhere.
pub(super) const RULE: Rule = Rule {
    id: "requirements-foreign-source",
    title: "requirements take packages from elsewhere",
    worst: Severity::Medium,
    cwe: 829,
    what: "a line of requirements.txt names another package index, an address, or a repository",
    why: "installing runs the code of the packages; of two packages with one name, the one of a further index can win",
    example: "`--extra-index-url http://packages.example.org/simple`",
    fix: "install from your own index, with versions and hashes pinned",
    references: &[],
    check: Check::Config(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::PackageSource { line, source } = seen else {
        return None;
    };
    let (severity, what) = match source {
        Source::Index => (Severity::Medium, "another package index"),
        Source::KnownIndex => (Severity::Info, "the index of a known publisher"),
        Source::Address => (Severity::Low, "a package by its address"),
        Source::Insecure => (Severity::Medium, "a source that is not authenticated"),
    };
    Some(Judgement::new(severity, format!("{what}: {line:?}")).named(line))
}
