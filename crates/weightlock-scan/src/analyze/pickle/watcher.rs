//! [`Watcher`]: turns what the machine would do into observations.

use std::{collections::BTreeSet, ops::Range};

use weightlock_format::{
    content::Content,
    pickle::{self, Event, Inline, Observer, Op, Value, Values, View, What},
    torch::tensor::class_of_id,
};

use super::{
    Companion, Id, appetite,
    names::{Names, Spot},
    show, tame, template,
};
use crate::{
    analyze::{Examination, Role},
    coverage::Gap,
    imports::{Capability, Grade},
    observation::pickle::{Name, Seen, Use},
};

/// Arguments among which those that a rebuilding function calls stand.
const CALLED_POSITIONS: usize = 2;

/// Methods that Python looks up in an object's own attributes, or that pickle and copy do.
const HOOKS: [&str; 4] = ["__setstate__", "__reduce__", "__reduce_ex__", "__class__"];

/// What a stream does, as far as it was read.
pub(super) struct Watcher<'a> {
    companion: &'a mut dyn Companion,
    names: Names,
    seen: Vec<(Spot, Seen)>,
    /// Kinds of observations of which one tells enough, that were made.
    once: BTreeSet<&'static str>,
    /// Bytes within the stream that are no opcodes.
    inline: Vec<Range<u64>>,
    /// Streams in constants that are handed to a call.
    nested: Vec<(u64, Content)>,
    /// Whether an id was not kept, because there were too many containers.
    lost: bool,
    /// What is left for searching arguments for names.
    steps: u64,
}

impl<'a> Watcher<'a> {
    /// Steps for searching arguments for names, of one stream.
    const STEPS: u64 = 20_000_000;
    /// Observations of one stream, besides those on names.
    const MOST_SEEN: usize = 1000;
    /// Streams in constants of one stream.
    const MOST_NESTED: usize = 1000;

    pub(super) fn new(companion: &'a mut dyn Companion) -> Self {
        Self {
            companion,
            names: Names::default(),
            seen: Vec::new(),
            once: BTreeSet::new(),
            inline: Vec::new(),
            nested: Vec::new(),
            lost: false,
            steps: Self::STEPS,
        }
    }

    /// Bytes within the stream that are no opcodes, in order.
    pub(super) fn inline(&self) -> &[Range<u64>] {
        &self.inline
    }

    /// Why the stream does not count as examined although it was read to its end.
    pub(super) fn gap(&self) -> Option<Gap> {
        let limit = |what, limit| Some(Gap::Limit { what, limit });
        if self.steps == 0 {
            return limit("steps through the arguments of calls", Self::STEPS);
        }
        if self.lost {
            return limit("containers of one pickle", 500_000);
        }
        if self.names.lost {
            return limit("names of one pickle", Names::MOST as u64);
        }
        if self.nested.len() >= Self::MOST_NESTED {
            return limit("pickles in constants of one pickle", Self::MOST_NESTED as u64);
        }
        None
    }

    /// Puts down what was seen.
    pub(super) fn report(self, exam: &mut Examination<'_>) {
        self.companion.report(exam);
        self.names.report(exam);
        for ((offset, op), seen) in self.seen {
            exam.put(Some(offset), Some(op.name().to_owned()), seen);
        }
        for (offset, content) in self.nested {
            exam.inner(&format!("constant@{offset}"), content, Role::Plain);
        }
    }

    fn import(&mut self, global: Value, spot: Spot, values: &Values) {
        let resolved = values.global(global).and_then(|global| global.resolved());
        if !resolved.is_some_and(|(module, name)| self.companion.defines(module, name)) {
            self.names.import(global, spot, values);
        }
    }

    fn put(&mut self, spot: Spot, seen: Seen) {
        if self.seen.len() < Self::MOST_SEEN && self.seen.last() != Some(&(spot, seen.clone())) {
            self.seen.push((spot, seen));
        }
    }

    /// Of some kinds, one is enough.
    fn put_once(&mut self, kind: &'static str, spot: Spot, seen: Seen) {
        if self.once.insert(kind) {
            self.put(spot, seen);
        }
    }

    fn call(&mut self, spot: Spot, call: Call, values: &Values) {
        let (_, op) = spot;
        let call = Call {
            callable: self.stands_for(call.callable, values),
            ..call
        };
        match values.view(call.callable) {
            View::Global(_) => {
                let bare = matches!(op, Op::NewObj | Op::NewObjEx);
                // What it executes is seen with its state.
                let later = bare && template::is_traced(call.callable, call.result, values);
                self.names.used(call.callable, spot, |name| Use::Called {
                    arguments: show::arguments(values, call.args),
                    bare,
                    tame: tame::is_tame(name, call.args, values) || later && name.known.executes_template,
                    names_file: tame::names_file(call.args, values),
                });
            }
            View::Instance(_) if tame::is_listed_attribute(call.callable, values) => {}
            View::Instance(_) => self.call_result(spot, call, values),
            View::Extension(_) => {}
            _ => self.put(
                spot,
                Seen::Result {
                    root: None,
                    arguments: show::arguments(values, call.args),
                },
            ),
        }
        if let Some((module, name)) = values.global(call.callable).and_then(|global| global.resolved())
            && let Some((what, asked)) = appetite::of(module, name, call.args, values)
        {
            self.put_once(what, spot, Seen::Abuse { what, asked });
        }
        self.arguments(spot, call, values);
        self.look_into(spot, call, values);
    }

    /// The class that a persistent id of its container stands for; otherwise the value itself.
    fn stands_for(&self, value: Value, values: &Values) -> Value {
        match values.view(value) {
            View::Persistent(id) if self.companion.id(id, values) == Id::Legal => {
                class_of_id(values, id).unwrap_or(value)
            }
            _ => value,
        }
    }

    /// What a call gave is called.
    fn call_result(&mut self, spot: Spot, call: Call, values: &Values) {
        let mut root = call.callable;
        // Each step goes to an older value, and the number of steps is bounded.
        for _ in 0..1000 {
            match values.view(root) {
                View::Instance(instance) => root = instance.callable,
                _ => break,
            }
        }
        let seen = Seen::Result {
            root: values.global(root).map(Name::new),
            arguments: show::arguments(values, call.args),
        };
        self.put(spot, seen);
    }

    /// Names among the arguments of a call count as called when the call could do so.
    fn arguments(&mut self, spot: Spot, call: Call, values: &Values) {
        let calls = self
            .names
            .get(call.callable)
            .is_some_and(|name| name.known.calls_arguments);
        if calls {
            self.made_arguments(spot, call, values);
        }
        self.factory(spot, call, values);
        self.handed_getters(spot, call, values);
        if !self.names.any_risky {
            return;
        }
        let mut found = values.globals_in(call.args, &mut self.steps);
        found.extend(values.globals_in(call.kwargs, &mut self.steps));
        if found.is_empty() {
            return;
        }
        let to = show::value(values, call.callable);
        let rebuilds = is_reconstructor(values, call.callable);
        let later = template::is_traced(call.callable, call.result, values);
        for (index, global) in found.into_iter().enumerate() {
            self.names.used(global, spot, |name| {
                if rebuilds && index == 0 {
                    Use::Called {
                        arguments: String::new(),
                        bare: true,
                        tame: later && name.known.executes_template,
                        names_file: false,
                    }
                } else {
                    Use::Handed {
                        to: to.clone(),
                        called: calls,
                    }
                }
            });
        }
    }

    /// What `partial`, `getattr` or a getter made is handed to a class of Python itself: those call it sooner or later.
    fn handed_getters(&mut self, spot: Spot, call: Call, values: &Values) {
        let is_silent = self
            .names
            .get(call.callable)
            .is_some_and(|name| name.known.is_silent() && !name.known.calls_arguments);
        let resolved = values.global(call.callable).and_then(|global| global.resolved());
        if !is_silent || resolved == Some(("collections", "defaultdict")) {
            return;
        }
        if matches!(values.view(call.args), View::Instance(_)) {
            return self.call_result(
                spot,
                Call {
                    callable: call.args,
                    ..call
                },
                values,
            );
        }
        for &value in values.view(call.args).items().unwrap_or_default() {
            let View::Instance(instance) = values.view(value) else {
                continue;
            };
            let reflects = self
                .names
                .get(instance.callable)
                .is_some_and(|maker| maker.known.can(Capability::Reflect));
            if reflects && !tame::is_listed_attribute(value, values) {
                self.call_result(
                    spot,
                    Call {
                        callable: value,
                        ..call
                    },
                    values,
                );
            }
        }
    }

    /// A `defaultdict` is given something to call that a call has made.
    fn factory(&mut self, spot: Spot, call: Call, values: &Values) {
        let resolved = values.global(call.callable).and_then(|global| global.resolved());
        if resolved != Some(("collections", "defaultdict")) {
            return;
        }
        let callable = match values.view(call.args) {
            View::Tuple(items) if !items.crowd => items.kept.first().copied(),
            _ => Some(call.args),
        };
        if let Some(callable) = callable.filter(|&callable| !tame::is_tame_factory(callable, values)) {
            self.call_result(spot, Call { callable, ..call }, values);
        }
    }

    /// What stands where a call that calls its arguments could call it must be a name, which is judged as such, or made
    /// by something silent. An object of a class may call whatever its state says, and arguments that are made by a
    /// call cannot be told.
    fn made_arguments(&mut self, spot: Spot, call: Call, values: &Values) {
        let items = match values.view(call.args) {
            View::Tuple(items) if !items.crowd => items.kept,
            _ => {
                return self.call_result(
                    spot,
                    Call {
                        callable: call.args,
                        ..call
                    },
                    values,
                );
            }
        };
        for (index, &callable) in items.iter().enumerate() {
            let View::Instance(instance) = values.view(callable) else {
                continue;
            };
            let maker = self.names.get(instance.callable).map(|name| name.known);
            let reflects = maker.is_some_and(|known| known.can(Capability::Reflect));
            let is_silent = maker.is_some_and(|known| known.is_silent());
            if reflects || index < CALLED_POSITIONS && !is_silent {
                self.call_result(spot, Call { callable, ..call }, values);
            }
        }
    }

    /// Constants that are handed to a call and hold a stream are examined on their own.
    fn look_into(&mut self, spot: Spot, call: Call, values: &Values) {
        let vouched = self
            .names
            .get(call.callable)
            .is_some_and(|name| name.known.is_silent());
        if vouched {
            return;
        }
        let loads = self.names.get(call.callable).is_some_and(tame::loads_its_bytes);
        let constants = values.view(call.args).items().unwrap_or_default();
        for &constant in constants.iter().take(16).chain([&call.result]) {
            let Some(content) = values.bytes(constant).filter(|content| content.size() > 3) else {
                continue;
            };
            if self.nested.len() < Self::MOST_NESTED && (loads || pickle::is_stream(&content)) {
                let seen = Seen::Nested {
                    to: show::value(values, call.callable),
                    size: content.size(),
                };
                self.put(spot, seen);
                self.nested.push((spot.0, content));
            }
        }
    }

    fn build(&mut self, spot: Spot, object: Value, state: Value, values: &Values) {
        if matches!(values.view(object), View::Global(_)) {
            self.names.changed(object, spot, |_| Use::Changed);
        }
        let of = || show::value(values, object);
        for hook in HOOKS {
            for dict in dicts(values, state) {
                match values.item(dict, hook) {
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

    /// The function of a `functools.partial` is replaced.
    fn build_partial(&mut self, spot: Spot, object: Value, state: Value, values: &Values) {
        let Some(class) = class_of(object, values) else {
            return;
        };
        let is_partial = values
            .global(class)
            .is_some_and(|global| global.resolved() == Some(("functools", "partial")));
        if is_partial && !tame::is_tame_partial_state(state, values) {
            self.names.used(class, spot, |_| Use::Called {
                arguments: show::value(values, state),
                bare: false,
                tame: false,
                names_file: false,
            });
        }
    }

    fn modify(&mut self, spot: Spot, object: Value, items: Value, values: &Values) {
        match values.view(object) {
            View::Global(_) => self.names.changed(object, spot, |_| Use::Changed),
            View::Instance(instance) => {
                let maker = values.global(instance.callable).map(Name::new);
                let makes_tensors = |name: &Name| {
                    name.known.grade == Grade::TorchWeights
                        && name.known.kind == crate::imports::Kind::Function
                };
                if let Some(maker) = maker.filter(makes_tensors) {
                    self.put(spot, Seen::Items { maker });
                }
            }
            _ => {}
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

    fn persistent(&mut self, spot: Spot, id: Value, values: &Values) {
        let torch = match self.companion.id(id, values) {
            Id::Legal => return,
            Id::Illegal => true,
            Id::Undefined => false,
        };
        let crowd = matches!(values.view(id), View::List(items) | View::Tuple(items) if items.crowd);
        self.lost |= torch && crowd;
        if torch && crowd {
            return;
        }
        let id = show::value(values, id);
        self.put_once(
            if torch { "torch id" } else { "id" },
            spot,
            Seen::Persistent { id, torch },
        );
    }
}

/// A call.
#[derive(Clone, Copy)]
struct Call {
    callable: Value,
    args: Value,
    kwargs: Value,
    result: Value,
}

/// What an object was made of: the class that a reconstructor was given, or otherwise what was called.
fn class_of(object: Value, values: &Values) -> Option<Value> {
    let View::Instance(instance) = values.view(object) else {
        return None;
    };
    let arguments = values.view(instance.args).items().unwrap_or_default();
    Some(match arguments.first() {
        Some(&class) if is_reconstructor(values, instance.callable) => class,
        _ => instance.callable,
    })
}

/// `copyreg._reconstructor` makes an object of its first argument without its `__init__`.
fn is_reconstructor(values: &Values, callable: Value) -> bool {
    let resolved = values.global(callable).and_then(|global| global.resolved());
    resolved == Some(("copyreg", "_reconstructor"))
}

/// The dicts of a state: itself, or those of the pair of attributes and slots.
fn dicts(values: &Values, state: Value) -> impl Iterator<Item = Value> {
    let pair = match values.view(state) {
        View::Tuple(items) => items.kept,
        _ => &[],
    };
    [state].into_iter().chain(pair.iter().copied().take(2))
}

impl Observer for Watcher<'_> {
    fn see(&mut self, event: &Event, values: &Values) {
        let spot = (event.offset, event.op);
        self.companion.see(event, values);
        match event.what {
            What::Import { global } => self.import(global, spot, values),
            What::Call {
                callable,
                args,
                kwargs,
                result,
            } => {
                let call = Call {
                    callable,
                    args,
                    kwargs,
                    result,
                };
                self.call(spot, call, values);
            }
            What::Build { object, state } => self.build(spot, object, state, values),
            What::Modify { object, items } => self.modify(spot, object, items, values),
            What::Persistent { id, .. } => self.persistent(spot, id, values),
            What::Extension { code } => self.put(spot, Seen::Extension { code }),
            What::Buffer => self.put_once("buffer", spot, Seen::Buffer),
            What::Unusual { what } => self.put_once(what, spot, Seen::Unusual { what }),
            What::Abuse { what, asked } => self.put_once(what, spot, Seen::Abuse { what, asked }),
            _ => {}
        }
    }

    fn after_build(&mut self, object: Value, state: Value, next: u64, values: &Values) -> Inline {
        let follows = self.companion.after_build(object, state, next, values);
        if let Inline::Data(bytes) = follows.inline {
            self.inline
                .push(next.saturating_add(follows.padding)..next.saturating_add(bytes));
        }
        follows.inline
    }
}
