//! [`Watcher`]: turns what the machine would do into observations.

mod calls;
mod states;

use std::{collections::BTreeSet, ops::Range};

use weightlock_format::{
    content::Content,
    pickle::{self, Event, Inline, Observer, Op, Value, Values, View, What},
    torch::tensor::class_of_id,
};

use super::{
    Companion, Id, appetite,
    loose::Loose,
    names::{Names, Spot},
    show, tame, template,
};
use crate::{
    analyze::{Examination, Role},
    coverage::Gap,
    imports,
    observation::pickle::{Name, Seen, Use},
};

/// What a stream does, as far as it was read.
pub(super) struct Watcher<'a> {
    companion: &'a mut dyn Companion,
    names: Names,
    seen: Vec<(Spot, Seen)>,
    /// Kinds of observations of which one tells enough, that were made.
    once: BTreeSet<&'static str>,
    loose: Loose,
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
    const STEPS: u64 = 100_000_000;
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
            loose: Loose::default(),
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
                    names_file: [call.args, call.kwargs]
                        .into_iter()
                        .any(|given| tame::names_file(given, values)),
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
        let seen = Seen::Result {
            root: root(call.callable, values).map(Name::new),
            arguments: show::arguments(values, call.args),
        };
        self.put(spot, seen);
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

/// What was called first to make a value.
fn root(value: Value, values: &Values) -> Option<&pickle::Global> {
    let mut root = value;
    // Each step goes to an older value, and the number of steps is bounded.
    for _ in 0..1000 {
        match values.view(root) {
            View::Instance(instance) => root = instance.callable,
            _ => break,
        }
    }
    values.global(root)
}

/// Whether it belongs to Python itself.
fn is_of_python(name: &Name) -> bool {
    let module = name.global.resolved().map(|(module, _)| module);
    module.is_some_and(imports::is_of_python)
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
            // What stands for an array becomes one.
            self.loose.replace(object);
            self.inline
                .push(next.saturating_add(follows.padding)..next.saturating_add(bytes));
        }
        follows.inline
    }
}
