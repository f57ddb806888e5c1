//! `openvino-native-library`: a layer needs native code outside the file.

use crate::{
    Severity,
    observation::other::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A layer needs native code.
pub(super) const RULE: Rule = Rule {
    id: "openvino-native-library",
    title: "a layer needs native code outside the file",
    worst: Severity::Medium,
    cwe: 829,
    what: "a layer of an OpenVINO model names a native library (Medium), or is of a type that only an extension has (Low)",
    why: "the program has to load a library for the model, and such a library can do anything",
    example: "`<data library=\"/tmp/x.so\"/>` in a layer",
    fix: "load an extension only when it comes from somebody you trust as much as the runtime",
    references: &[],
    check: Check::Other(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::NativeLibrary { path } => {
            Some(Judgement::new(Severity::Medium, "a layer names a native library").named(path))
        }
        Seen::ExtensionLayer { kind } => {
            let reason = "the layer is of a type that only an extension has";
            Some(Judgement::new(Severity::Low, reason).named(kind))
        }
        _ => None,
    }
}
