//! `tensorflow-asset-path`: a file beside the model lies outside its folder.

use crate::{
    Severity,
    observation::tensorflow::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// An asset, or a linked model, outside the folder.
pub(super) const RULE: Rule = Rule {
    id: "tensorflow-asset-path",
    title: "a file that the model loads lies outside its folder",
    worst: Severity::High,
    cwe: 22,
    what: "the name of an asset or of a linked model is absolute or climbs above the folder of the model",
    why: "the loader reads whatever file is there, and feeds it into the graph",
    example: "`asset_file_def` with `filename` = `../../../etc/passwd`",
    fix: "do not load the model; ask the publisher for one whose files lie beside it",
    references: &[],
    check: Check::Tensorflow(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::Asset { name, escape } => {
            let reason = format!("the name of an asset {escape}");
            Some(Judgement::new(Severity::High, reason).named(name))
        }
        Seen::LinkedModel { path } => {
            let (severity, reason) = match crate::reach::escape(path) {
                Some(escape) => (Severity::High, format!("the path of a linked model {escape}")),
                None => (
                    Severity::Low,
                    "another model file is loaded with this one".to_owned(),
                ),
            };
            Some(Judgement::new(severity, reason).named(path))
        }
        _ => None,
    }
}
