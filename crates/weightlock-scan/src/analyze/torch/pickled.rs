//! [`Torch`]: what a pickle of PyTorch says of storages and tensors, compared with the records that are there.

use std::{collections::BTreeMap, sync::Arc};

use weightlock_format::{
    pickle::{Event, Op, Stream, Value, Values, View, What},
    torch::tensor::{Fact, StorageId, class_of_id, look, storage_id},
};

use super::model::Pickled;
use crate::{
    analyze::{
        Examination, Subject,
        pickle::{self, Companion, Id},
    },
    observation::torch::Seen,
};

/// Where TorchScript keeps the classes of native libraries.
const NATIVE: &str = "__torch__.torch.classes.";
/// What TorchScript calls to tell the types of lists and dicts; each gives back its first argument.
const TAGS: &[&str] = &[
    "build_boollist",
    "build_doublelist",
    "build_intlist",
    "build_tensor_from_id",
    "build_tensorlist",
    "restore_type_tag",
];

/// Follows storages and tensors in the streams of one container.
#[derive(Debug)]
pub(super) struct Torch {
    /// The archive; `None` for the five pickles of old files, whose storages follow.
    archive: Option<Arc<Pickled>>,
    seen: Vec<(u64, Op, Seen)>,
    /// The storages that were named, and where first.
    storages: BTreeMap<String, (StorageId, u64)>,
}

impl Torch {
    /// Facts of one stream that are told.
    const MOST_SEEN: usize = 100;

    pub(super) fn in_archive(pickled: &Arc<Pickled>) -> Self {
        Self {
            archive: Some(Arc::clone(pickled)),
            ..Self::legacy()
        }
    }

    pub(super) const fn legacy() -> Self {
        Self {
            archive: None,
            seen: Vec::new(),
            storages: BTreeMap::new(),
        }
    }

    /// The storage that was named `key`, and where.
    pub(super) fn storage(&self, key: &str) -> Option<&(StorageId, u64)> {
        self.storages.get(key)
    }

    fn put(&mut self, event: &Event, seen: Seen) {
        if self.seen.len() < Self::MOST_SEEN {
            self.seen.push((event.offset, event.op, seen));
        }
    }

    /// Notes a class of a native library, which TorchScript names below its own module.
    fn native_class(&mut self, event: &Event, global: Value, values: &Values) {
        let resolved = values.global(global).and_then(|global| global.resolved());
        if self.archive.is_some()
            && let Some((module, name)) = resolved
            && let Some(library) = module.strip_prefix(NATIVE)
        {
            let (library, name) = (library.to_owned(), name.to_owned());
            self.put(event, Seen::NativeClass { library, name });
        }
    }

    /// Notes the class of a native object: the second part of its state.
    fn native_object(&mut self, event: &Event, object: Value, state: Value, values: &Values) {
        let View::Instance(instance) = values.view(object) else {
            return;
        };
        let class = values
            .global(instance.callable)
            .and_then(|global| global.resolved());
        if class != Some(("torch", "ScriptObject")) {
            return;
        }
        let parts = values.view(state).items().unwrap_or_default();
        let name = parts
            .get(1)
            .and_then(|&name| values.text(name, 256))
            .unwrap_or_default();
        let (library, name) = name
            .strip_prefix(NATIVE)
            .and_then(|name| name.split_once('.'))
            .unwrap_or(("", &name));
        let (library, name) = (library.to_owned(), name.to_owned());
        self.put(event, Seen::NativeClass { library, name });
    }

    /// Compares a storage with its record, or with what was said of it before.
    fn compare(&mut self, event: &Event, id: StorageId) {
        let known = self.storages.entry(id.key.clone());
        let is_new = matches!(known, std::collections::btree_map::Entry::Vacant(_));
        let (first, _) = known.or_insert((id.clone(), event.offset));
        if !is_new && *first == id {
            return;
        }
        let Some(archive) = &self.archive else {
            return;
        };
        let record = archive.storage(&id.key);
        let stated = id.bytes();
        let is_shape = archive.is_traced_inputs() && record == Some(0);
        if (record.is_none() || stated != record) && !is_shape {
            let key = id.key;
            self.put(event, Seen::StorageSize { key, stated, record });
        }
    }
}

impl Companion for Torch {
    fn see(&mut self, event: &Event, values: &Values) {
        if let What::Import { global } = event.what {
            self.native_class(event, global, values);
        }
        if let What::Build { object, state } = event.what {
            self.native_object(event, object, state, values);
        }
        match look(event, values) {
            Some(Fact::Storage(id)) => self.compare(event, id),
            Some(Fact::Outside {
                key,
                elements,
                reached,
            }) => {
                self.put(
                    event,
                    Seen::TensorOutside {
                        key,
                        elements,
                        reached,
                    },
                );
            }
            Some(Fact::Filled) => self.put(event, Seen::StorageFilled),
            _ => {}
        }
    }

    fn id(&self, id: Value, values: &Values) -> Id {
        let is_class = self.archive.is_none() && class_of_id(values, id).is_some();
        if is_class || storage_id(values, id).is_some() {
            Id::Legal
        } else {
            Id::Illegal
        }
    }

    fn defines(&self, module: &str, name: &str) -> bool {
        let Some(archive) = &self.archive else {
            return false;
        };
        let is_tag = module == "torch.jit._pickle" && TAGS.contains(&name);
        is_tag || module.starts_with(NATIVE) || archive.defines(module)
    }

    fn report(&mut self, exam: &mut Examination<'_>) {
        for (offset, op, seen) in self.seen.drain(..) {
            exam.put(Some(offset), Some(op.name().to_owned()), seen);
        }
    }
}

/// Examines the program of the interpreter for devices: a pickle of instructions, in which operators are texts.
pub(super) fn bytecode(subject: &Subject, exam: &mut Examination<'_>, torch: &mut Torch) {
    let mut next = Some(0);
    while let Some(start) = next {
        let Some(stream) = pickle::stream(subject, exam, start, torch) else {
            return;
        };
        for (library, name) in operators(&stream) {
            exam.put(
                Some(start),
                Some("operators".to_owned()),
                Seen::Operator { library, name },
            );
        }
        next = pickle::behind(subject, exam, stream.range.end, stream.broken.as_ref());
    }
}

/// Texts `library::name` in what loading gives.
fn operators(stream: &Stream) -> Vec<(String, String)> {
    const STEPS: usize = 10_000_000;
    const NAME_BYTES: usize = 256;
    let values = &stream.values;
    let mut found = std::collections::BTreeSet::new();
    let mut seen = std::collections::HashSet::new();
    let mut open: Vec<Value> = stream.root.into_iter().collect();
    while let Some(value) = open.pop() {
        if let Some(items) = values.view(value).items() {
            if seen.len() < STEPS && seen.insert(value) {
                open.extend_from_slice(items);
            }
        } else if let Some(text) = values.text(value, NAME_BYTES)
            && let Some((library, name)) = text.split_once("::")
            && !library.contains(char::is_whitespace)
        {
            found.insert((library.to_owned(), name.to_owned()));
        }
    }
    found.into_iter().collect()
}
