//! Calls of reflective names whose constant arguments tell what they reach, and that it is harmless.
//!
//! `functools.partial(torch.nn.LayerNorm, eps=1e-6)` is a part of ordinary models; `functools.partial(os.system, …)`
//! is an attack. What such a call gives may still be called later, which is judged on its own.

use weightlock_format::pickle::{Value, Values, View};

use crate::{imports, observation::pickle::Name};

/// Whether calling `name` with `args` reaches only what a list vouches for, and calls nothing.
pub(super) fn is_tame(name: &Name, args: Value, values: &Values) -> bool {
    let View::Tuple(items) = values.view(args) else {
        return false;
    };
    match (name.global.resolved(), items.kept) {
        (Some(("functools", "partial")), [target, ..]) => vouched(*target, values),
        (Some(("builtins", "getattr")), &[object, attribute]) => is_tame_attribute(object, attribute, values),
        (Some(("builtins", "type")), &[_]) => true,
        (Some(("operator" | "_operator", "itemgetter")), keys) => {
            keys.iter().all(|&key| is_constant(key, values))
        }
        _ => false,
    }
}

fn vouched(value: Value, values: &Values) -> bool {
    values
        .global(value)
        .is_some_and(|global| Name::new(global).is_vouched())
}

/// Whether the attribute of a name is itself on a list, as a class in a class is.
fn is_tame_attribute(object: Value, attribute: Value, values: &Values) -> bool {
    let Some((module, name)) = values.global(object).and_then(|global| global.resolved()) else {
        return false;
    };
    let Some(attribute) = values.text(attribute, 200) else {
        return false;
    };
    let known = imports::look_up(module, &format!("{name}.{attribute}"));
    let listed = matches!(
        known.grade,
        imports::Grade::LibraryClass | imports::Grade::LibraryFunction
    );
    known.is_silent() || listed
}

fn is_constant(value: Value, values: &Values) -> bool {
    matches!(
        values.view(value),
        View::None | View::Bool(_) | View::Int(_) | View::Text
    )
}
