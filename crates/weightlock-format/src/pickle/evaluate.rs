//! The few calls whose result is worked out: those that make names and nested streams out of constants.

use super::{Value, Values, value::Global};

/// The result of calling `callable` with `args`, when it is a string that can be told.
pub(super) fn call(values: &mut Values, callable: Value, args: Value, most: usize) -> Option<Value> {
    let (module, name) = values.global(callable).and_then(Global::resolved)?;
    let [text, ..] = *values.view(args).items()? else {
        return None;
    };
    let text = values.text(text, most)?;
    match (module, name) {
        ("_codecs" | "codecs", "encode") => Some(values.make_bytes(text.as_bytes())),
        _ => None,
    }
}
