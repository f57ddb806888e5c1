//! `source-loads-native-code`: model code loads native code.

use crate::{
    Severity,
    observation::python::{Reach, Seen, What},
    rules::{Check, Context, Judgement, Rule},
};

/// Model code loads native code.
pub(super) const RULE: Rule = Rule {
    id: "source-loads-native-code",
    title: "model code loads native code",
    worst: Severity::High,
    cwe: 114,
    what: "source loads a shared library, or compiles one and loads it",
    why: "native code is no text that can be read, and runs with the rights of whoever loads the model",
    example: "`ctypes.CDLL('./helper.so')` in a modeling file",
    fix: "read the code that is named and decide whether to run it at all; prefer a model that needs none, and run what remains in a sandbox without network",
    references: &[],
    check: Check::Python(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Deed(deed) = seen else {
        return None;
    };
    let severity = match (deed.what, deed.reach) {
        (What::Native, Reach::Import | Reach::Construct | Reach::Use) => Severity::High,
        (What::Native, _) => Severity::Low,
        (What::NativeSource, Reach::Import) => Severity::High,
        (What::NativeSource, Reach::Construct | Reach::Use) => Severity::Medium,
        (What::NativeSource, _) => Severity::Low,
        _ => return None,
    };
    Some(super::judge(deed, severity))
}
