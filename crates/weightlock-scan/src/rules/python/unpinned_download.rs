//! `unpinned-download`: download without a pinned revision.

use crate::{
    Severity,
    observation::python::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Download without a pinned revision.
pub(super) const RULE: Rule = Rule {
    id: "unpinned-download",
    title: "download without a pinned revision",
    worst: Severity::Medium,
    cwe: 494,
    what: "source fetches a model, a tokenizer or a data set without naming a commit by its 40 hexadecimal digits",
    why: "a branch or a tag can be moved: what is fetched tomorrow need not be what was examined today",
    example: "`AutoModel.from_pretrained('org/model')`, or `revision='main'`",
    fix: "name the commit: revision='<40 hexadecimal digits>'",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Download(download) = seen else {
        return None;
    };
    let severity = match download {
        download if download.in_model_code || download.source.is_none() => Severity::Info,
        download if download.is_code => Severity::Medium,
        _ => Severity::Low,
    };
    let source = download
        .source
        .as_deref()
        .map_or_else(|| "a source that is not written down".to_owned(), super::quoted);
    let revision = match download.revision.as_deref() {
        None => "names no revision".to_owned(),
        Some(revision) => format!(
            "names the revision {}, which can be moved",
            super::quoted(revision)
        ),
    };
    let reason = format!("{} fetches {source} and {revision}", super::shown(&download.name));
    Some(Judgement::new(severity, reason).named(&download.name))
}
