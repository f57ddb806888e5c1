//! What a pickle of a PyTorch container says of storages and tensors ([`look`]).
//!
//! ```text
//! id     = ("storage", torch.FloatStorage, key, location, elements [, view])       view only in legacy files
//! tensor = torch._utils._rebuild_tensor_v2(storage, offset, sizes, strides, …)
//! ```

use super::storage::{View, dtype_bytes, element_bytes};
use crate::pickle::{self, Event, Value, Values, What};

/// Bytes of a storage's key that are kept.
const KEY_BYTES: usize = 256;

/// What a persistent id says of a storage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StorageId {
    /// The name under which its bytes lie.
    pub key: String,
    /// Bytes of one element.
    pub element_bytes: u64,
    /// Elements, as stated: negative ones too.
    pub elements: i64,
}

impl StorageId {
    /// Bytes of the storage; `None` when they are negative or overflow.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        u64::try_from(self.elements).ok()?.checked_mul(self.element_bytes)
    }
}

/// A fact about a storage or tensor.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fact {
    /// A persistent id names a storage.
    Storage(StorageId),
    /// A persistent id names something else. The text says what: `("module", …)`.
    OtherId(String),
    /// A tensor reaches outside its storage, or is described by numbers that make no sense.
    Outside {
        /// The storage.
        key: String,
        /// Elements that the storage has, in the type of the tensor.
        elements: u64,
        /// Elements that the tensor reaches; `None` when a number is negative or their product overflows.
        reached: Option<u64>,
    },
    /// A storage is filled like a dict or list.
    Filled,
}

/// Tells the fact that an event is about.
#[must_use]
pub fn look(event: &Event, values: &Values) -> Option<Fact> {
    match event.what {
        What::Persistent { id, .. } => Some(match storage_id(values, id) {
            Some(storage) => Fact::Storage(storage),
            None => Fact::OtherId(describe(values, id)),
        }),
        What::Call { callable, args, .. } => rebuilt(values, callable, args),
        What::Modify { object, .. } => match values.view(object) {
            pickle::View::Persistent(id) => storage_id(values, id).map(|_| Fact::Filled),
            _ => None,
        },
        _ => None,
    }
}

/// The class that the persistent id `("module", class, file, source)` stands for, as files had it before PyTorch 1.6.
/// Loaders compare the source, and never run it.
#[must_use]
pub fn class_of_id(values: &Values, id: Value) -> Option<Value> {
    let pickle::View::Tuple(parts) = values.view(id) else {
        return None;
    };
    let &[kind, class, file, source] = parts.kept else {
        return None;
    };
    let is_text = |value| matches!(values.view(value), pickle::View::Text | pickle::View::None);
    let is_class = values.text(kind, 16).is_some_and(|kind| kind == "module");
    values.global(class)?;
    (is_class && is_text(file) && is_text(source) && !parts.crowd).then_some(class)
}

/// The key of a storage: a text, or the number that a package gives it.
fn key_text(values: &Values, key: Value) -> Option<String> {
    match values.view(key) {
        pickle::View::Int(number) => Some(number.to_string()),
        _ => values.text(key, KEY_BYTES),
    }
}

/// The storage that a persistent id names; `None` when it is of another shape.
#[must_use]
pub fn storage_id(values: &Values, id: Value) -> Option<StorageId> {
    let pickle::View::Tuple(parts) = values.view(id) else {
        return None;
    };
    let &[kind, class, key, location, elements, ref rest @ ..] = parts.kept else {
        return None;
    };
    let is_storage = values.text(kind, 16).is_some_and(|kind| kind == "storage");
    let (module, name) = values.global(class)?.resolved()?;
    let pickle::View::Int(elements) = values.view(elements) else {
        return None;
    };
    let is_whole = matches!(rest, [] | [_]) && matches!(values.view(location), pickle::View::Text);
    let storage = StorageId {
        key: key_text(values, key)?,
        element_bytes: element_bytes(module, name)?,
        elements,
    };
    (is_storage && is_whole && !parts.crowd).then_some(storage)
}

/// The kind of an id that names no storage.
fn describe(values: &Values, id: Value) -> String {
    let kind = values
        .view(id)
        .items()
        .and_then(|parts| parts.first().copied())
        .unwrap_or(id);
    match values.text(kind, 32) {
        Some(kind) => format!("{kind:?}"),
        None => "no text".to_owned(),
    }
}

fn rebuild_function(values: &Values, callable: Value) -> Option<&str> {
    let (module, name) = values.global(callable)?.resolved()?;
    let rebuilds = matches!(
        name,
        "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" | "_rebuild_qtensor"
    );
    (module == "torch._utils" && rebuilds).then_some(name)
}

/// Compares a tensor with its storage.
fn rebuilt(values: &Values, callable: Value, args: Value) -> Option<Fact> {
    let function = rebuild_function(values, callable)?;
    let args = values.view(args).items()?;
    let &[storage, offset, sizes, strides, ref rest @ ..] = args else {
        return None;
    };
    let pickle::View::Persistent(id) = values.view(storage) else {
        return None;
    };
    let storage = storage_id(values, id)?;
    let element = match (function, rest) {
        ("_rebuild_tensor_v3", &[_, _, dtype, ..]) => {
            let (module, name) = values.global(dtype)?.resolved()?;
            dtype_bytes(module, name)?
        }
        _ => storage.element_bytes,
    };
    let elements = storage.bytes()?.checked_div(element)?;
    let pickle::View::Int(offset) = values.view(offset) else {
        return None;
    };
    let view = View {
        offset,
        sizes: numbers(values, sizes)?,
        strides: numbers(values, strides)?,
    };
    let reach = view.reach();
    let is_within = reach.as_ref().is_some_and(|reach| reach.end <= elements);
    (!is_within).then(|| Fact::Outside {
        key: storage.key,
        elements,
        reached: reach.map(|reach| reach.end),
    })
}

/// The integers of a tuple, a list or a `torch.Size`; `None` when one of them is not known.
fn numbers(values: &Values, shape: Value) -> Option<Vec<i64>> {
    let shape = match values.view(shape) {
        pickle::View::Instance(size) => *values.view(size.args).items()?.first()?,
        _ => shape,
    };
    let (pickle::View::Tuple(items) | pickle::View::List(items)) = values.view(shape) else {
        return None;
    };
    let number = |&value: &Value| match values.view(value) {
        pickle::View::Int(number) => Some(number),
        _ => None,
    };
    (!items.crowd).then(|| items.kept.iter().map(number).collect())?
}
