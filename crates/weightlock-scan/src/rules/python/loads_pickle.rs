//! `source-loads-pickle`: model code loads a format that can run code.

use crate::{
    Severity,
    observation::python::{Given, Reach, Seen, What},
    rules::{Check, Context, Judgement, Rule},
};

/// Model code loads a format that can run code.
pub(super) const RULE: Rule = Rule {
    id: "source-loads-pickle",
    title: "model code loads a format that can run code",
    worst: Severity::High,
    cwe: 502,
    what: "source unpickles, or loads a format that may hold a pickle",
    why: "a pickle that is decoded from text in the file or fetched from elsewhere runs what its author likes",
    example: "`pickle.loads(base64.b64decode('…'))` in a handler",
    fix: "load safetensors, or torch.load with weights_only=True, or numpy.load without allow_pickle",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Deed(deed) = seen else {
        return None;
    };
    let severity = match (deed.what, deed.given, deed.reach) {
        (
            What::Deserialize,
            Given::Decoded | Given::Network,
            Reach::Import | Reach::Construct | Reach::Use,
        ) => Severity::High,
        (What::Deserialize, Given::Decoded | Given::Network, _) => Severity::Medium,
        (What::Deserialize, _, Reach::Import) => Severity::Low,
        (What::Deserialize, _, _) => Severity::Info,
        _ => return None,
    };
    Some(super::judge(deed, severity))
}
