//! `onnx-external-path`: weights are taken from a file outside the folder of the model.

use crate::{
    Severity,
    observation::onnx::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// External data outside the folder.
pub(super) const RULE: Rule = Rule {
    id: "onnx-external-path",
    title: "weights are taken from a file outside the folder",
    worst: Severity::High,
    cwe: 22,
    what: "the location of a tensor's external data is absolute, climbs above the folder of the model, or names a \
           server, under any way in which a loader could read it",
    why: "the loader reads whatever file is there into a tensor: keys and passwords of the machine come out as weights \
          or outputs, and the model changes without its files changing",
    example: "`external_data` with `location` = `../../../../etc/passwd`",
    fix: "do not load the model; ask the publisher for one whose data lies beside it",
    references: &["CVE-2022-25882", "CVE-2024-27318"],
    check: Check::Onnx(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::ExternalData {
            tensor,
            location,
            escape,
        } => {
            let reason = format!("tensor `{tensor}` takes its data from a path that {escape}");
            Some(Judgement::new(Severity::High, reason).named(location))
        }
        Seen::Locations { tensor } => {
            let reason = format!(
                "tensor `{tensor}` names several files for its data, and loaders differ in which they take"
            );
            Some(Judgement::new(Severity::Medium, reason))
        }
        _ => None,
    }
}
