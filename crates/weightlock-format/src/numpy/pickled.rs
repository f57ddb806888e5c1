//! [`layout`]: the type of an array as a pickle holds it: a call of `numpy.dtype` and the state of the result.
//!
//! ```text
//! call  = numpy.dtype(name, align, copy)
//! state = (version, order, subarray, names, fields, itemsize, alignment, flags [, metadata])
//! ```
//!
//! NumPy believes the state: whether there are objects is bit 0 of `flags`, and the size of strings, raw bytes and
//! structures is `itemsize`. A state that denies the objects of its own name or fields is not believed here.

use std::collections::HashSet;

use super::{Layout, Plain};
use crate::pickle::{Instance, Value, Values, View};

/// Types within types that are looked at.
const STEPS: usize = 10_000;
/// Bytes of a type's name.
const NAME_BYTES: usize = 64;

/// The layout of an element of the type `dtype`; `None` when `dtype` is not a type that can be told.
#[must_use]
pub fn layout(values: &Values, dtype: Value) -> Option<Layout> {
    let mut layout = one(values, dtype)?;
    let mut seen = HashSet::from([dtype]);
    let mut open = inner(values, dtype);
    while let Some(dtype) = open.pop() {
        if !seen.insert(dtype) {
            continue;
        }
        if seen.len() > STEPS {
            return None;
        }
        // A structure is as large as it says; only an object that it denies makes it unbelievable.
        layout.is_known &= one(values, dtype).is_some_and(|field| layout.has_object || !field.has_object);
        open.extend(inner(values, dtype));
    }
    Some(layout)
}

/// The layout that a type states of itself.
fn one(values: &Values, dtype: Value) -> Option<Layout> {
    let instance = instance(values, dtype)?;
    let name = *values.view(instance.args).items()?.first()?;
    let name = values.text(name, NAME_BYTES)?;
    let plain = Plain::from_name(&name)?;
    let state = values.view(instance.state).items().unwrap_or_default();
    let number = |index: usize| match state.get(index).map(|&value| values.view(value)) {
        Some(View::Int(number)) => Some(number),
        _ => None,
    };
    let is_object = plain == Plain::Object;
    let has_object = number(7).map_or(is_object, |flags| flags & 1 == 1);
    let is_flexible = name
        .trim_start_matches(['<', '>', '=', '|'])
        .starts_with(['S', 'a', 'U', 'V']);
    let stated = number(5).and_then(|bytes| u64::try_from(bytes).ok());
    let item_bytes = match plain {
        Plain::Bytes(bytes) => Some(stated.filter(|_| is_flexible).unwrap_or(bytes)),
        Plain::Object => None,
    };
    Some(Layout {
        item_bytes,
        has_object,
        is_known: has_object || !is_object,
    })
}

fn instance(values: &Values, dtype: Value) -> Option<Instance> {
    let View::Instance(instance) = values.view(dtype) else {
        return None;
    };
    let is_dtype = values
        .global(instance.callable)
        .and_then(crate::pickle::Global::resolved)
        .is_some_and(|name| name == ("numpy", "dtype"));
    is_dtype.then_some(*instance)
}

/// The types of the fields, and of the element of a subarray.
fn inner(values: &Values, dtype: Value) -> Vec<Value> {
    let Some(instance) = instance(values, dtype) else {
        return Vec::new();
    };
    let state = values.view(instance.state).items().unwrap_or_default();
    let first = |value: Value| {
        values
            .view(value)
            .items()
            .and_then(|items| items.first().copied())
    };
    let subarray = state.get(2).copied().and_then(first);
    let fields = state
        .get(4)
        .and_then(|&fields| values.view(fields).items())
        .unwrap_or_default();
    let fields = fields.chunks_exact(2).filter_map(|pair| first(*pair.get(1)?));
    subarray.into_iter().chain(fields).collect()
}
