//! The states of classes that execute a text of their state; see [`imports::scipy`](crate::imports::scipy).

use weightlock_format::pickle::{Value, Values, View};

use crate::imports::scipy;

/// The longest text that is looked at; honest ones are far shorter.
const MOST_TEXT: usize = 8192;

/// Whether the object that a call gives is told apart from others, so that its state will be seen.
pub(super) fn is_traced(callable: Value, result: Value, values: &Values) -> bool {
    matches!(values.view(result), View::Instance(instance) if instance.callable == callable)
}

/// Whether a state executes nothing but what SciPy writes: a dict whose every key is known, and each text under the key
/// in question, should there be several, is one of SciPy's own.
pub(super) fn is_plain(state: Value, values: &Values) -> bool {
    let View::Dict(items) = values.view(state) else {
        return false;
    };
    let plain = |pair: &[Value]| match *pair {
        [key, value] => match values.text(key, MOST_TEXT).as_deref() {
            Some(scipy::STATE_KEY) => values
                .text(value, MOST_TEXT)
                .is_some_and(|text| scipy::is_argument_parser(&text)),
            // `statsmodels` evaluates the formula beside it.
            Some("restore_model_spec") | None => false,
            Some(_) => true,
        },
        _ => false,
    };
    items.left_out == 0 && !items.crowd && items.kept.chunks(2).all(plain)
}
