//! Names and what they are bound to.
//!
//! Bindings are collected, not replaced: a name has every value that was ever assigned to it, as long as they are
//! few. So the order of a file's functions does not matter, and a branch cannot hide one of two values.

use std::collections::{BTreeMap, BTreeSet};

use super::value::{Origin, Value, What};

/// What a scope belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Sort {
    Module,
    Class,
    Function,
    Comprehension,
}

#[derive(Debug)]
pub(super) struct Scope {
    sort: Sort,
    parent: Option<usize>,
    names: BTreeMap<String, Binding>,
    /// Modules that everything was imported from.
    stars: Vec<String>,
    /// Names declared `global` or `nonlocal`.
    elsewhere: BTreeSet<String>,
}

#[derive(Default, Debug)]
struct Binding {
    value: Value,
    /// Offset of the first binding that no branch can skip.
    sure: Option<u64>,
    deleted: bool,
}

/// All scopes of a file; the first is the module's.
#[derive(Debug)]
pub(super) struct Scopes {
    all: Vec<Scope>,
    by_place: BTreeMap<(u64, Sort), usize>,
}

impl Scopes {
    pub(super) fn new() -> Self {
        let mut scopes = Self {
            all: Vec::new(),
            by_place: BTreeMap::new(),
        };
        scopes.open(0, Sort::Module, None);
        scopes
    }

    /// The scope of the construct of that sort at `offset`, the same one each time.
    pub(super) fn open(&mut self, offset: u64, sort: Sort, parent: Option<usize>) -> usize {
        let next = self.all.len();
        let index = *self.by_place.entry((offset, sort)).or_insert(next);
        if index == next {
            self.all.push(Scope {
                sort,
                parent,
                names: BTreeMap::new(),
                stars: Vec::new(),
                elsewhere: BTreeSet::new(),
            });
        }
        index
    }

    /// Binds `name` also to `value`; `sure` when no branch can skip it.
    pub(super) fn bind(&mut self, scope: usize, name: &str, value: Value, offset: u64, sure: bool) {
        let is_elsewhere = self
            .all
            .get(scope)
            .is_some_and(|scope| scope.elsewhere.contains(name));
        let (target, sure) = if is_elsewhere { (0, false) } else { (scope, sure) };
        let Some(scope) = self.all.get_mut(target) else {
            return;
        };
        let binding = scope.names.entry(name.to_owned()).or_default();
        let old = std::mem::take(&mut binding.value);
        binding.value = if old == Value::default() && binding.sure.is_none() {
            value
        } else {
            Value::any([old, value])
        };
        if sure {
            binding.sure = Some(binding.sure.map_or(offset, |first| first.min(offset)));
        }
    }

    pub(super) fn delete(&mut self, scope: usize, name: &str) {
        if let Some(scope) = self.all.get_mut(scope) {
            scope.names.entry(name.to_owned()).or_default().deleted = true;
        }
    }

    pub(super) fn declare_elsewhere(&mut self, scope: usize, name: &str) {
        if let Some(scope) = self.all.get_mut(scope) {
            scope.elsewhere.insert(name.to_owned());
        }
    }

    pub(super) fn import_all(&mut self, scope: usize, module: &str) {
        if let Some(scope) = self.all.get_mut(scope)
            && scope.stars.len() < Value::MOST_ALTERNATIVES
            && !scope.stars.iter().any(|star| star == module)
        {
            scope.stars.push(module.to_owned());
        }
    }

    /// What `name` of that scope itself is bound to.
    pub(super) fn own(&self, scope: usize, name: &str) -> Option<&Value> {
        Some(&self.all.get(scope)?.names.get(name)?.value)
    }

    /// Whether the module binds `name` anywhere.
    pub(super) fn module_binds(&self, name: &str) -> bool {
        self.own(0, name).is_some()
    }

    /// What `name` means at `offset` in `scope`.
    pub(super) fn look_up(&self, scope: usize, name: &str, offset: u64) -> Value {
        let mut at = Some(scope);
        let mut in_function = false;
        while let Some(index) = at {
            let Some(scope_here) = self.all.get(index) else {
                break;
            };
            at = scope_here.parent;
            let is_function = matches!(scope_here.sort, Sort::Function | Sort::Comprehension);
            in_function |= scope_here.sort == Sort::Function;
            if scope_here.sort == Sort::Class && index != scope || scope_here.elsewhere.contains(name) {
                continue;
            }
            let Some(binding) = scope_here.names.get(name) else {
                continue;
            };
            let certain = |at: u64| !binding.deleted && at < offset;
            if is_function || binding.sure.is_some_and(certain) {
                return binding.value.clone();
            }
            // The builtin may still be meant: the binding comes later, or in a branch.
            let later = in_function && binding.sure.is_some() && !binding.deleted;
            let builtin = self.unbound(name);
            let builtin = if later {
                builtin.with(Origin::SHADOWED)
            } else {
                builtin
            };
            return Value::any([binding.value.clone(), builtin]);
        }
        self.unbound(name)
    }

    /// What a name means that nothing binds: a builtin, or something that came with a star.
    fn unbound(&self, name: &str) -> Value {
        let builtin = match name {
            "__builtins__" => Value::global("builtins"),
            // Names made of these are of the file's own package: relative, like those with a dot before them.
            "__package__" | "__name__" => Value::text("."),
            _ => What::Global(format!("builtins.{name}").into()).into(),
        };
        let stars = self
            .all
            .first()
            .map(|module| module.stars.as_slice())
            .unwrap_or_default();
        let starred = stars.iter().map(|star| Value::global(format!("{star}.{name}")));
        Value::any(starred.chain([builtin]))
    }
}
