//! What the state and the items of an object are made of.

use weightlock_format::pickle::{Value, Values, View};

use super::{Watcher, class_of, is_of_python};
use crate::{
    analyze::pickle::{names::Spot, show, tame, template},
    imports::{Capability, Grade, Kind},
    observation::pickle::{Name, Seen, Use},
};

/// Methods that Python looks up in an object's own attributes, or that pickle and copy do.
const HOOKS: [&str; 7] = [
    "__setstate__",
    "__reduce__",
    "__reduce_ex__",
    "__class__",
    "append",
    "extend",
    "add",
];

/// Where array libraries look for an address in memory.
const ADDRESSES: [&str; 3] = [
    "__array_interface__",
    "__array_struct__",
    "__cuda_array_interface__",
];

impl Watcher<'_> {
    pub(super) fn build(&mut self, spot: Spot, object: Value, state: Value, values: &Values) {
        self.changes_shared(spot, object, values);
        self.changes_loose(spot, object, values);
        self.addresses(spot, object, state, values);
        let of = || show::value(values, object);
        for hook in HOOKS {
            for dict in dicts(values, state) {
                match self.item(dict, hook, values) {
                    Some(value) if values.global(value).is_some() => {
                        self.names.changed(value, spot, |_| Use::State {
                            of: of(),
                            key: hook.to_owned(),
                            hook: true,
                        });
                    }
                    Some(value) if matches!(values.view(value), View::Instance(_)) => {
                        let key = hook.to_owned();
                        self.put(spot, Seen::Hook { of: of(), key });
                    }
                    _ => {}
                }
            }
        }
        self.build_template(spot, object, state, values);
        self.build_partial(spot, object, state, values);
        self.build_loose(spot, object, state, values);
        if self.names.any_risky {
            for global in values.globals_in(state, &mut self.steps) {
                self.names.used(global, spot, |_| Use::State {
                    of: of(),
                    key: String::new(),
                    hook: false,
                });
            }
        }
    }

    pub(super) fn modify(&mut self, spot: Spot, object: Value, items: Value, values: &Values) {
        self.changes_shared(spot, object, values);
        self.changes_loose(spot, object, values);
        if let View::Instance(instance) = values.view(object) {
            let maker = values.global(instance.callable).map(Name::new);
            let makes_tensors =
                |name: &Name| name.known.grade == Grade::TorchWeights && name.known.kind == Kind::Function;
            if let Some(maker) = maker.filter(makes_tensors) {
                self.put(spot, Seen::Items { maker });
            }
            if self.loose.within(items, values, &mut self.steps).is_some() {
                self.loose.add(object);
            }
        }
        if self.names.any_risky {
            let of = show::value(values, object);
            for global in values.globals_in(items, &mut self.steps) {
                self.names.used(global, spot, |_| Use::State {
                    of: of.clone(),
                    key: String::new(),
                    hook: false,
                });
            }
        }
    }

    /// What is changed is something that is imported, or something that a call found and did not make.
    fn changes_shared(&mut self, spot: Spot, object: Value, values: &Values) {
        match values.view(object) {
            View::Global(_) => self.names.changed(object, spot, |_| Use::Changed),
            View::Instance(instance) => {
                let finds = |name: &&Name| {
                    let is_logger = name.global.resolved() == Some(("logging", "getLogger"));
                    is_logger || name.known.can(Capability::Reflect) && !tame::is_partial(name)
                };
                if let Some(finder) = self.names.get(instance.callable).filter(finds).cloned() {
                    self.put(spot, Seen::Shared { finder });
                }
            }
            _ => {}
        }
    }

    /// An object gets items or another state after a state that holds callables: its methods may call those. Picklers
    /// write items before the state, and one state.
    fn changes_loose(&mut self, spot: Spot, object: Value, values: &Values) {
        if self.loose.is_by_state(object) {
            let to = "the unpickler, which calls its methods".to_owned();
            self.exposed(spot, object, to, values);
        }
    }

    /// The value of a key in a dict. What is looked at is counted: of many objects one dict may stand for all states.
    fn item(&mut self, dict: Value, key: &str, values: &Values) -> Option<Value> {
        let items = values.view(dict).items().unwrap_or_default().len() as u64;
        self.steps = self.steps.saturating_sub(items);
        if self.steps == 0 {
            None
        } else {
            values.item(dict, key)
        }
    }

    /// A state says where in memory an array lies.
    fn addresses(&mut self, spot: Spot, object: Value, state: Value, values: &Values) {
        for key in ADDRESSES {
            if dicts(values, state).any(|dict| self.item(dict, key, values).is_some()) {
                let of = show::value(values, object);
                let key = key.to_owned();
                self.put(spot, Seen::Address { of, key });
            }
        }
    }

    /// A class that executes a text of its state is given one.
    fn build_template(&mut self, spot: Spot, object: Value, state: Value, values: &Values) {
        let Some(class) = class_of(object, values) else {
            return;
        };
        let executes = self
            .names
            .get(class)
            .is_some_and(|name| name.known.executes_template);
        if executes && !template::is_plain(state, values) {
            self.names.used(class, spot, |_| Use::Called {
                arguments: show::value(values, state),
                bare: true,
                tame: false,
                names_file: false,
            });
        }
    }

    /// The function of a `functools.partial` is replaced, and what it is called with.
    fn build_partial(&mut self, spot: Spot, object: Value, state: Value, values: &Values) {
        let class =
            class_of(object, values).filter(|&class| self.names.get(class).is_some_and(tame::is_partial));
        let Some(class) = class else {
            return;
        };
        if !tame::is_tame_partial_state(state, values) {
            self.names.used(class, spot, |_| Use::Called {
                arguments: show::value(values, state),
                bare: false,
                tame: false,
                names_file: false,
            });
        }
        let items = values.view(state).items().unwrap_or_default();
        let Some((&target, rest)) = items.split_first() else {
            return;
        };
        if let Some(&args) = rest.iter().find(|&&args| tame::names_file(args, values)) {
            self.called_with_path(spot, target, args, values);
        }
        self.part_of_object(spot, rest, values);
        if !tame::is_listed(target, values) {
            self.loose.add(object);
        }
    }

    /// A callable that the file put together lies in a state. Objects of libraries keep it; those of Python itself are
    /// made to call it sooner or later, and a state that is no plain dict answers with what it holds.
    fn build_loose(&mut self, spot: Spot, object: Value, state: Value, values: &Values) {
        let names = values.globals_in(state, &mut self.steps);
        let holds_names = !names.is_empty();
        let held = self.loose.within(state, values, &mut self.steps);
        self.build_namespace(spot, object, &names, values);
        self.build_of_object(spot, object, state, values);
        if holds_names || held.is_some() {
            self.loose.add_by_state(object);
        }
        self.loose.add_stateful(object);
        let Some(held) = held else {
            return;
        };
        let class = class_of(object, values).and_then(|class| self.names.get(class));
        let is_kept =
            class.is_some_and(|name| tame::is_partial(name) || tame::is_mapping(name) || !is_of_python(name));
        let answers = dicts(values, state).any(|dict| self.loose.is(dict));
        if !is_kept || answers {
            let to = class.map_or_else(|| "?".to_owned(), Name::dotted);
            self.exposed(spot, held, to, values);
        }
    }

    /// An object of Python itself that has no methods of its own (`SimpleNamespace`, `Namespace`) is given functions or
    /// classes: it answers to any method that somebody looks up. Values such as dtypes are none.
    fn build_namespace(&mut self, spot: Spot, object: Value, names: &[Value], values: &Values) {
        let Some(class) = class_of(object, values).and_then(|class| self.names.get(class)) else {
            return;
        };
        let answers = is_of_python(class) && !tame::is_partial(class) && !tame::is_mapping(class);
        let is_callable = |name: &Name| name.known.kind != Kind::Other || !name.is_vouched();
        let callable = names
            .iter()
            .copied()
            .find(|&name| self.names.get(name).is_some_and(is_callable));
        if let Some(callable) = callable.filter(|_| answers) {
            let to = class.dotted();
            self.exposed(spot, callable, to, values);
        }
    }

    /// Attributes and slots, of which either may be none. Other pairs are for a `__setstate__` that knows them.
    fn is_pair_of_attributes(items: &[Value], values: &Values) -> bool {
        let is_known = |value: &Value| matches!(values.view(*value), View::None | View::Dict(_));
        items.len() == 2 && items.iter().any(is_known)
    }

    /// A state is an object of a library: it is asked for its items.
    fn build_of_object(&mut self, spot: Spot, object: Value, state: Value, values: &Values) {
        let is_object = |state: Value| match values.view(state) {
            View::Instance(instance) => !self.is_plain_maker(instance.callable),
            _ => false,
        };
        let attributes = match values.view(state) {
            View::Tuple(items) if Self::is_pair_of_attributes(items.kept, values) => items.kept,
            _ => std::slice::from_ref(&state),
        };
        if let Some(held) = attributes.iter().copied().find(|&state| is_object(state)) {
            let to = show::value(values, object);
            self.exposed(spot, held, to, values);
        }
    }
}

/// The dicts of a state: itself, or those of the pair of attributes and slots.
fn dicts(values: &Values, state: Value) -> impl Iterator<Item = Value> {
    let pair = match values.view(state) {
        View::Tuple(items) => items.kept,
        _ => &[],
    };
    [state].into_iter().chain(pair.iter().copied().take(2))
}
