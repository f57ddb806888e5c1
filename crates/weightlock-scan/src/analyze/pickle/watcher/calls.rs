//! What a call is given: names, and callables that the file put together.

use std::collections::HashSet;

use weightlock_format::pickle::{Op, Value, Values, View};

use super::{Call, Watcher, class_of, is_of_python, is_reconstructor, root};
use crate::{
    analyze::pickle::{names::Spot, show, tame, template},
    imports::{Capability, Grade, Kind},
    observation::pickle::{Name, Seen, Use},
};

/// Arguments among which those that a rebuilding function calls stand.
const CALLED_POSITIONS: usize = 2;

impl Watcher<'_> {
    /// Names among the arguments of a call count as called when the call could do so.
    pub(super) fn arguments(&mut self, spot: Spot, call: Call, values: &Values) {
        let maker = self.names.get(call.callable);
        let calls = maker.is_some_and(|name| name.known.calls_arguments);
        // What is dangerous itself is judged with what it is given.
        let may_call = maker.is_some_and(|name| {
            let is_python = name.known.is_silent() || is_of_python(name);
            is_python && name.known.grade != Grade::Dangerous && !tame::keeps_arguments(name)
        });
        if calls {
            self.made_arguments(spot, call, values);
        }
        self.factory(spot, call, values);
        self.base(spot, call, values);
        self.part(spot, call.callable, call.args, values);
        self.loose_arguments(spot, call, values);
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
                        called: calls || may_call && !rebuilds,
                    }
                }
            });
        }
    }

    /// `copyreg._reconstructor(class, base, state)` calls the base with the state, unless the base is `object`.
    fn base(&mut self, spot: Spot, call: Call, values: &Values) {
        if !is_reconstructor(values, call.callable) {
            return;
        }
        let names = values.view(call.args).items().unwrap_or_default().iter().take(2);
        let made = names.copied().find(|&name| values.global(name).is_none());
        if let Some(callable) = made {
            // It calls `__new__` of whatever this is.
            self.call_result(spot, Call { callable, ..call }, values);
        }
        if let Some(&[_, base, state]) = values.view(call.args).items() {
            self.names.used(base, spot, |_| Use::Called {
                arguments: show::value(values, state),
                bare: false,
                tame: false,
                names_file: tame::is_file(state, values),
            });
        }
    }

    /// A `functools.partial` is told to call a name with a path: as if it had done so.
    pub(super) fn part(&mut self, spot: Spot, callable: Value, args: Value, values: &Values) {
        let is_partial = self.names.get(callable).is_some_and(tame::is_partial);
        let Some((&target, rest)) = values.view(args).items().and_then(|items| items.split_first()) else {
            return;
        };
        if !is_partial {
            return;
        }
        if tame::names_file(args, values) {
            self.called_with_path(spot, target, args, values);
        }
        self.part_of_object(spot, rest, values);
    }

    /// A `functools.partial` hands an object of a library to whatever it calls.
    pub(super) fn part_of_object(&mut self, spot: Spot, given: &[Value], values: &Values) {
        let mut objects = Vec::new();
        for &given in given {
            objects.extend(values.instances_in(given, &mut self.steps));
        }
        let strange = objects.into_iter().find(|&object| match values.view(object) {
            View::Instance(instance) => !self.is_plain_maker(instance.callable),
            _ => false,
        });
        if let Some(object) = strange {
            self.exposed(spot, object, "functools.partial".to_owned(), values);
        }
    }

    pub(super) fn called_with_path(&mut self, spot: Spot, target: Value, args: Value, values: &Values) {
        if values.global(target).is_none() {
            return self.exposed(spot, target, show::arguments(values, args), values);
        }
        self.names.used(target, spot, |_| Use::Called {
            arguments: show::arguments(values, args),
            bare: false,
            tame: false,
            names_file: true,
        });
    }

    /// What the file put together is handed to something that may call it, or it is put together here.
    fn loose_arguments(&mut self, spot: Spot, call: Call, values: &Values) {
        let [in_args, in_kwargs] =
            [call.args, call.kwargs].map(|given| self.loose.within(given, values, &mut self.steps));
        let held = in_args.or(in_kwargs);
        let object = self
            .handed_object(call, values)
            .or_else(|| self.strange_object(call, values));
        let keeps_names = self.holds_callable(call, values);
        let Some(maker) = self.names.get(call.callable) else {
            return;
        };
        if let Some(object) = object {
            let to = maker.dotted();
            return self.exposed(spot, object, to, values);
        }
        let reflects = maker.known.can(Capability::Reflect);
        let is_bare = matches!(spot.1, Op::NewObj | Op::NewObjEx);
        // What made it is judged by what it was given; a class of a library keeps what it is given by `__new__`.
        let keeps =
            reflects || is_bare && maker.known.bare().grade == Grade::LibraryClass && !is_of_python(maker);
        let puts_together = reflects
            && !tame::is_listed_attribute(call.result, values)
            && !tame::is_part_of_listed(call.callable, call.args, values);
        if puts_together || keeps && held.is_some() || keeps_names {
            self.loose.add(call.result);
        }
        if let Some(held) = held.filter(|_| !keeps) {
            let to = maker.dotted();
            self.exposed(spot, held, to, values);
        }
    }

    /// Whether a function is among the arguments: an object that is made with one may call it.
    fn holds_callable(&mut self, call: Call, values: &Values) -> bool {
        let maker = self.names.get(call.callable);
        if maker.is_none_or(|maker| maker.known.is_silent()) {
            return false;
        }
        let names = values.globals_in(call.args, &mut self.steps);
        names.into_iter().any(|name| {
            self.names
                .get(name)
                .is_some_and(|name| name.known.kind == Kind::Function || !name.is_vouched())
        })
    }

    /// An object of a library that is handed to what is part of Python or of an array library, and that converts, iterates
    /// or compares: it would call the object's methods.
    fn handed_object(&mut self, call: Call, values: &Values) -> Option<Value> {
        let maker = self.names.get(call.callable)?;
        let calls_methods = maker.known.is_silent() || is_of_python(maker);
        if !calls_methods || maker.known.grade == Grade::Dangerous {
            return None;
        }
        let looked_into = tame::looked_into(maker);
        // The factory of a `defaultdict` is judged as such.
        let passed_over = usize::from(tame::is_defaultdict(maker));
        let mut open = vec![(call.kwargs, 0), (call.args, 0)];
        let mut seen = HashSet::new();
        while let Some((value, depth)) = open.pop() {
            if self.steps == 0 {
                break;
            }
            self.steps = self.steps.saturating_sub(1);
            let view = values.view(value);
            match view {
                View::Instance(instance) if !self.is_plain_maker(instance.callable) => return Some(value),
                _ if depth < looked_into => {
                    let Some(items) = view.items() else {
                        continue;
                    };
                    // One that is reached by several ways is looked into once, if depth is no matter.
                    if looked_into == usize::MAX && !seen.insert(value) {
                        continue;
                    }
                    let items = items.iter();
                    let items = items.skip(if value == call.args { passed_over } else { 0 });
                    open.extend(items.map(|&item| (item, depth.saturating_add(1))));
                }
                _ => {}
            }
        }
        None
    }

    /// An object with a state that is handed to another library than its own. Picklers of pandas hand arrays, blocks and
    /// indices of pandas to pandas; no library's hand over a stranger's.
    fn strange_object(&mut self, call: Call, values: &Values) -> Option<Value> {
        let callee = self.names.get(call.callable)?;
        let is_library = !callee.known.is_silent() && !is_of_python(callee);
        if !is_library || callee.known.grade == Grade::Dangerous {
            return None;
        }
        let library = root_package(callee).map(str::to_owned);
        let mut found = values.instances_in(call.args, &mut self.steps);
        found.extend(values.instances_in(call.kwargs, &mut self.steps));
        found.into_iter().find(|&object| {
            let class = class_of(object, values).and_then(|class| self.names.get(class));
            let strange = class.is_some_and(|name| {
                !name.known.is_silent() && !is_of_python(name) && root_package(name) != library.as_deref()
            });
            strange && self.loose.is_stateful(object)
        })
    }

    /// Whether what a name gives has no methods but its library's own for plain values.
    pub(super) fn is_plain_maker(&self, maker: Value) -> bool {
        self.names.get(maker).is_some_and(|name| name.known.is_silent())
    }

    /// A callable that the file put together lies where it may be called.
    pub(super) fn exposed(&mut self, spot: Spot, callable: Value, to: String, values: &Values) {
        let root = root(callable, values).map(Name::new);
        self.put(spot, Seen::Exposed { root, to });
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
}

/// The library that a name belongs to.
fn root_package(name: &Name) -> Option<&str> {
    let (module, _) = name.global.resolved()?;
    module.split('.').next()
}
