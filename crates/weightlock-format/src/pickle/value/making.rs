//! How values come to be, and how the arena stays bounded.

use super::{Contents, Global, Instance, Kind, LENGTH_BITS, Object, Tag, Value, Values};

impl Values {
    /// Text of an opcode at `offset`, decoded.
    pub(in crate::pickle) fn add_text(&mut self, text: &[u8], offset: u64) -> Value {
        match self.keep(text) {
            Some(payload) => Value::new(Tag::KeptText, payload),
            None => Self::far_text(offset),
        }
    }

    /// Text of the opcode at `offset`, which is read again when it is asked for.
    pub(in crate::pickle) const fn far_text(offset: u64) -> Value {
        Value::new(Tag::FarText, offset)
    }

    /// Bytes of an opcode at `offset`.
    pub(in crate::pickle) fn add_bytes(&mut self, bytes: &[u8], offset: u64) -> Value {
        match self.keep(bytes) {
            Some(payload) => Value::new(Tag::KeptBytes, payload),
            None => Self::far_bytes(offset),
        }
    }

    /// Bytes of the opcode at `offset`, which are read again when they are asked for.
    pub(in crate::pickle) const fn far_bytes(offset: u64) -> Value {
        Value::new(Tag::FarBytes, offset)
    }

    /// Whether calls may still be worked out.
    pub(in crate::pickle) const fn may_make(&self) -> bool {
        self.made < Self::MOST_MADE
    }

    /// A string that a call gives.
    pub(in crate::pickle) fn make(&mut self, bytes: &[u8], is_text: bool) -> Option<Value> {
        self.made = self.made.saturating_add(bytes.len()).saturating_add(16);
        let tag = if is_text { Tag::MadeText } else { Tag::MadeBytes };
        self.keep(bytes).map(|payload| Value::new(tag, payload))
    }

    fn keep(&mut self, bytes: &[u8]) -> Option<u64> {
        let start = self.kept.len();
        if start.saturating_add(bytes.len()) > Self::MOST_KEPT {
            return None;
        }
        self.kept.extend_from_slice(bytes);
        Some((start as u64) << LENGTH_BITS | bytes.len() as u64)
    }

    /// A global; the same one gives the same value.
    pub(in crate::pickle) fn add_global(&mut self, global: Global) -> Value {
        if let Some(&known) = self.imported.get(&global) {
            return known;
        }
        let Ok(index) = u32::try_from(self.globals.len()) else {
            return Value::UNKNOWN;
        };
        let value = self.push(Object::Global(index), 0);
        self.globals.push(global.clone());
        self.imported.insert(global, value);
        value
    }

    /// How many different globals there are.
    pub(in crate::pickle) fn count_globals(&self) -> usize {
        self.globals.len()
    }

    /// A container that holds `items`.
    pub(in crate::pickle) fn add_container(&mut self, kind: Kind, items: &[Value]) -> Value {
        if self.is_full() {
            let crowd = self.crowd(kind);
            self.fill(crowd, items);
            return crowd;
        }
        self.new_container(kind, items)
    }

    fn new_container(&mut self, kind: Kind, items: &[Value]) -> Value {
        let pooled = |pool: &mut Vec<Value>| {
            let start = u32::try_from(pool.len()).unwrap_or(u32::MAX);
            pool.extend_from_slice(items);
            (start, u32::try_from(items.len()).unwrap_or(u32::MAX))
        };
        let object = match kind {
            Kind::Tuple => {
                let (start, count) = pooled(&mut self.pool);
                Object::Tuple { start, count }
            }
            Kind::FrozenSet => {
                let (start, count) = pooled(&mut self.pool);
                Object::FrozenSet { start, count }
            }
            Kind::List => Object::List(Contents::default()),
            Kind::Dict => Object::Dict(Contents::default()),
            Kind::Set => Object::Set(Contents::default()),
        };
        let is_pooled = matches!(kind, Kind::Tuple | Kind::FrozenSet);
        let value = self.push(object, if is_pooled { items.len() } else { 0 });
        if !is_pooled {
            self.fill(value, items);
        }
        value
    }

    /// What a call gives.
    pub(in crate::pickle) fn add_instance(&mut self, instance: Instance) -> Value {
        let key = (instance.callable, instance.op);
        let full = self.is_full();
        if let Some(&known) = self.calls_in_crowd.get(&key).filter(|_| full) {
            return known;
        }
        let Ok(index) = u32::try_from(self.instances.len()) else {
            return Value::UNKNOWN;
        };
        self.instances.push(instance);
        let value = self.push(Object::Instance(index), 5);
        if full {
            self.calls_in_crowd.insert(key, value);
        }
        value
    }

    /// What a persistent id stands for.
    pub(in crate::pickle) fn add_persistent(&mut self, id: Value) -> Value {
        if self.is_full() {
            return Value::UNKNOWN;
        }
        self.push(Object::Persistent(id), 0)
    }

    /// What the program that loads the stream registered under `code`.
    pub(in crate::pickle) fn add_extension(&mut self, code: i64) -> Value {
        if self.is_full() {
            return Value::UNKNOWN;
        }
        self.push(Object::Extension(code), 0)
    }

    pub(in crate::pickle) fn add_buffer(&mut self) -> Value {
        if self.is_full() {
            return Value::UNKNOWN;
        }
        self.push(Object::Buffer, 0)
    }

    fn push(&mut self, object: Object, items: usize) -> Value {
        let index = self.objects.len() as u64;
        let bytes = size_of::<Object>().saturating_add(items.saturating_mul(size_of::<Value>()));
        self.spent = self.spent.saturating_add(bytes);
        self.objects.push(object);
        Value::new(Tag::Object, index)
    }

    /// Whether there are too many containers to keep each.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.spent >= Self::MOST_ARENA
    }

    /// The one container of a kind that stands for all that there is no room for.
    fn crowd(&mut self, kind: Kind) -> Value {
        let slot = kind as usize;
        if let Some(&Some(crowd)) = self.crowds.get(slot) {
            return crowd;
        }
        // A crowd is filled later, so it is always of a kind that can be.
        let object = match kind {
            Kind::Dict => Object::Dict(Contents::default()),
            Kind::Set => Object::Set(Contents::default()),
            Kind::List | Kind::Tuple | Kind::FrozenSet => Object::List(Contents::default()),
        };
        let crowd = self.push(object, 0);
        if let Some(empty) = self.crowds.get_mut(slot) {
            *empty = Some(crowd);
        }
        crowd
    }

    /// Adds items to a list, dict or set. False when it is something else.
    pub(in crate::pickle) fn fill(&mut self, container: Value, items: &[Value]) -> bool {
        let crowd = self.is_crowd(container);
        let full = self.is_full();
        let Some(index) = container.object() else {
            return false;
        };
        let (contents, step) = match self.objects.get_mut(index) {
            Some(Object::List(contents) | Object::Set(contents)) => (contents, 1),
            Some(Object::Dict(contents)) => (contents, 2),
            _ => return false,
        };
        let before = contents.items.capacity();
        for item in items.chunks(step) {
            let plain = item.iter().all(|value| value.tag() != Tag::Object);
            let keep = match (crowd || full, plain) {
                (_, true) => !crowd && !full && contents.items.len() < Self::MOST_PLAIN,
                (false, false) => true,
                (true, false) => {
                    let room = self.in_crowd.len() < Self::MOST_IN_CROWD.saturating_mul(5);
                    let seen = item.iter().all(|&value| self.in_crowd.contains(&(index, value)));
                    self.in_crowd
                        .extend(item.iter().map(|&value| (index, value)).filter(|_| room));
                    room && !seen
                }
            };
            if keep {
                contents.items.extend_from_slice(item);
            } else {
                contents.left_out = contents.left_out.saturating_add(if step == 1 { 1 } else { 2 });
            }
        }
        let grown = contents.items.capacity().saturating_sub(before);
        self.spent = self
            .spent
            .saturating_add(grown.saturating_mul(size_of::<Value>()));
        true
    }

    /// Notes the state that BUILD gave to what a call gave.
    pub(in crate::pickle) fn set_state(&mut self, object: Value, state: Value) {
        let index = match object.object().and_then(|index| self.objects.get(index)) {
            Some(&Object::Instance(index)) => index as usize,
            _ => return,
        };
        if let Some(instance) = self.instances.get_mut(index) {
            instance.state = state;
        }
    }

    /// How many containers and objects there are.
    pub(in crate::pickle) const fn count_objects(&self) -> usize {
        self.objects.len()
    }

    /// What the object at `index` holds, when it is a container.
    pub(in crate::pickle) fn container(&self, index: usize) -> Option<&[Value]> {
        match self.objects.get(index)? {
            Object::Tuple { start, count } | Object::FrozenSet { start, count } => {
                let (start, count) = (*start as usize, *count as usize);
                self.pool.get(start..start.saturating_add(count))
            }
            Object::List(contents) | Object::Dict(contents) | Object::Set(contents) => Some(&contents.items),
            _ => None,
        }
    }
}
