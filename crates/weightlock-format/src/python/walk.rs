//! Walks a syntax tree several times: first to learn what names mean, then to put down what happens.
//!
//! The walk is recursive. It runs on a stack that was made for the depth that [`super::nesting`] measured.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::{ElifElseClause, ExceptHandler, Expr, Parameters, Pattern, Stmt, TypeParams};
use ruff_text_size::{Ranged, TextRange};

use super::{
    eval::is_namespace,
    facts::{Call, Class, Function, How, Reach, Source, Store},
    fold::Fuel,
    reach,
    scope::{Scopes, Sort},
    value::{Origin, Value, What},
};

/// Where the walk is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here {
    pub(super) scope: usize,
    pub(super) function: Option<usize>,
    pub(super) class: Option<usize>,
    /// Branches around it that may be skipped.
    pub(super) branches: u32,
}

/// What is known of a class of the file besides its scope.
#[derive(Debug)]
pub(super) struct ClassBody {
    pub(super) scope: usize,
    pub(super) bases: Vec<Value>,
    /// Attributes of its instances.
    pub(super) attributes: BTreeMap<String, Value>,
}

pub(super) struct Walker {
    /// Whether facts are put down.
    pub(super) reporting: bool,
    pub(super) source: Source,
    pub(super) scopes: Scopes,
    pub(super) here: Here,
    pub(super) classes: Vec<ClassBody>,
    /// What the functions give back.
    pub(super) returns: Vec<Value>,
    /// Functions that run when an attribute is read.
    pub(super) properties: BTreeSet<usize>,
    /// Who calls whom; `None` is the module.
    pub(super) edges: BTreeSet<(Option<usize>, usize)>,
    pub(super) fuel: Fuel,
    pub(super) facts_left: usize,
    /// Expressions that may still be evaluated.
    pub(super) steps_left: u64,
    /// The parameters of each function: its scope, and their names in order.
    pub(super) signatures: BTreeMap<usize, (usize, Vec<String>)>,
    /// Whether a call told something new of a parameter.
    pub(super) has_news: bool,
    function_at: BTreeMap<u64, usize>,
    class_at: BTreeMap<u64, usize>,
    /// Where the text begins in the file.
    base: u64,
    /// Whether the file is run as a program.
    is_program: bool,
}

impl Walker {
    /// Expressions that are evaluated. A text of the greatest size has fewer, in all walks.
    const MOST_STEPS: u64 = 6_000_000;
    /// Walks that learn what names mean.
    const MOST_WALKS: usize = 2;
    /// Parameters of one function that are followed.
    const MOST_PARAMETERS: usize = 32;

    pub(super) fn new(base: u64, is_program: bool, fuel: Fuel, most_facts: usize) -> Self {
        Self {
            reporting: false,
            source: Source::default(),
            scopes: Scopes::new(),
            here: Here {
                scope: 0,
                function: None,
                class: None,
                branches: 0,
            },
            classes: Vec::new(),
            returns: Vec::new(),
            properties: BTreeSet::new(),
            edges: BTreeSet::new(),
            fuel,
            facts_left: most_facts,
            steps_left: Self::MOST_STEPS,
            signatures: BTreeMap::new(),
            has_news: false,
            function_at: BTreeMap::new(),
            class_at: BTreeMap::new(),
            base,
            is_program,
        }
    }

    /// Walks `body`, a last time to put down what was found, and gives that.
    pub(super) fn run(mut self, body: &[Stmt]) -> (Source, bool) {
        self.statements(body);
        // What a function is called with, and hands to another, is known one walk later.
        for _ in 1..Self::MOST_WALKS {
            if !std::mem::take(&mut self.has_news) {
                break;
            }
            self.statements(body);
        }
        self.reporting = true;
        self.statements(body);
        reach::spread(&mut self.source, &self.edges);
        let is_full = self.facts_left == 0 || self.steps_left == 0;
        (self.source, is_full)
    }

    pub(super) fn offset(&self, range: TextRange) -> u64 {
        self.base.saturating_add(u64::from(u32::from(range.start())))
    }

    fn statements(&mut self, body: &[Stmt]) {
        for statement in body {
            self.statement(statement);
        }
    }

    /// Walks what may be skipped.
    fn branch(&mut self, body: &[Stmt]) {
        self.here.branches = self.here.branches.saturating_add(1);
        self.statements(body);
        self.here.branches = self.here.branches.saturating_sub(1);
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::FunctionDef(it) => self.function(it),
            Stmt::ClassDef(it) => self.class(it),
            Stmt::Return(it) => {
                let value = it
                    .value
                    .as_deref()
                    .map_or_else(Value::unknown, |value| self.eval(value));
                self.returned(value, self.offset(it.range));
            }
            Stmt::Delete(it) => it.targets.iter().for_each(|target| self.delete(target)),
            Stmt::TypeAlias(it) => self.look(&it.value),
            Stmt::Assign(it) => {
                let value = self.eval(&it.value);
                for target in &it.targets {
                    self.assign(target, value.clone());
                }
            }
            Stmt::AugAssign(it) => self.augment(it),
            Stmt::AnnAssign(it) => {
                self.annotation(&it.annotation);
                if let Some(value) = &it.value {
                    let value = self.eval(value);
                    self.assign(&it.target, value);
                }
            }
            Stmt::For(it) => {
                let value = self.eval(&it.iter);
                let element = element_of(&value);
                self.assign(&it.target, element);
                self.branch(&it.body);
                self.branch(&it.orelse);
            }
            Stmt::While(it) => {
                self.look(&it.test);
                self.branch(&it.body);
                self.branch(&it.orelse);
            }
            Stmt::If(it) => self.conditional(&it.test, &it.body, &it.elif_else_clauses),
            Stmt::With(it) => {
                for item in &it.items {
                    let value = self.eval(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, value);
                    }
                }
                self.statements(&it.body);
            }
            Stmt::Match(it) => {
                self.look(&it.subject);
                for case in &it.cases {
                    self.pattern(&case.pattern);
                    case.guard.iter().for_each(|guard| self.look(guard));
                    self.branch(&case.body);
                }
            }
            Stmt::Raise(it) => it.exc.iter().chain(&it.cause).for_each(|value| self.look(value)),
            Stmt::Try(it) => {
                self.branch(&it.body);
                for ExceptHandler::ExceptHandler(handler) in &it.handlers {
                    handler.type_.iter().for_each(|kind| self.look(kind));
                    if let Some(name) = &handler.name {
                        self.here.branches = self.here.branches.saturating_add(1);
                        self.bind(name.as_str(), Value::unknown(), handler.range);
                        self.here.branches = self.here.branches.saturating_sub(1);
                    }
                    self.branch(&handler.body);
                }
                self.branch(&it.orelse);
                self.statements(&it.finalbody);
            }
            Stmt::Assert(it) => [Some(&it.test), it.msg.as_ref()]
                .into_iter()
                .flatten()
                .for_each(|it| self.look(it)),
            Stmt::Import(it) => {
                for alias in &it.names {
                    let whole = alias.name.as_str();
                    let (bound, value) = match &alias.asname {
                        Some(name) => (name.as_str(), whole),
                        None => whole
                            .split('.')
                            .next()
                            .map(|first| (first, first))
                            .unwrap_or_default(),
                    };
                    self.bind(bound, Value::global(value), it.range);
                    self.put(
                        whole.to_owned(),
                        Origin::NONE,
                        How::Imported,
                        Vec::new(),
                        it.range,
                    );
                }
            }
            Stmt::ImportFrom(it) => self.import_from(it),
            Stmt::Global(it) => it
                .names
                .iter()
                .for_each(|name| self.scopes.declare_elsewhere(self.here.scope, name)),
            Stmt::Nonlocal(_) | Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) => {}
            Stmt::Expr(it) => self.look(&it.value),
            // Commands of notebooks are taken out before.
            Stmt::IpyEscapeCommand(_) => {}
        }
    }

    /// Evaluates for what happens on the way.
    pub(super) fn look(&mut self, expression: &Expr) {
        let _ = self.eval(expression);
    }

    /// Evaluates an annotation, and keeps the texts in it that hold a call.
    fn annotation(&mut self, annotation: &Expr) {
        self.look(annotation);
        if !self.reporting {
            return;
        }
        let mut left = vec![annotation];
        while let Some(part) = left.pop() {
            match part {
                Expr::StringLiteral(it) if it.value.to_str().contains('(') && self.spend() => {
                    let text = it.value.to_str().chars().take(self.fuel.one).collect();
                    self.source.annotations.push((self.offset(it.range), text));
                }
                Expr::Subscript(it) => left.extend([&*it.value, &*it.slice]),
                Expr::Tuple(it) => left.extend(&it.elts),
                Expr::List(it) => left.extend(&it.elts),
                Expr::BinOp(it) => left.extend([&*it.left, &*it.right]),
                _ => {}
            }
        }
    }

    fn conditional(&mut self, test: &Expr, body: &[Stmt], rest: &[ElifElseClause]) {
        self.look(test);
        if is_program_test(test) && !self.is_program && !self.scopes.module_binds("__name__") {
            let script = self.function_of(self.offset(test.range()), "__main__", Reach::Script);
            let before = self.here.function.replace(script);
            self.branch(body);
            self.here.function = before;
        } else {
            self.branch(body);
        }
        for clause in rest {
            clause.test.iter().for_each(|test| self.look(test));
            self.branch(&clause.body);
        }
    }

    fn import_from(&mut self, it: &ruff_python_ast::StmtImportFrom) {
        let dots = ".".repeat(usize::try_from(it.level).unwrap_or(1).min(16));
        let module = format!(
            "{dots}{}",
            it.module.as_ref().map(|name| name.as_str()).unwrap_or_default()
        );
        self.put(module.clone(), Origin::NONE, How::Imported, Vec::new(), it.range);
        for alias in &it.names {
            let name = alias.name.as_str();
            if name == "*" {
                self.scopes.import_all(0, &module);
            } else {
                let bound = alias.asname.as_ref().map_or(name, |name| name.as_str());
                self.bind(bound, Value::global(format!("{module}.{name}")), it.range);
            }
        }
    }

    fn augment(&mut self, it: &ruff_python_ast::StmtAugAssign) {
        let old = self.eval(&it.target);
        let new = self.eval(&it.value);
        let value = match it.op {
            ruff_python_ast::Operator::Add => self.each_pair(&old, &new, super::fold::add),
            _ => None,
        };
        let value = value.unwrap_or_else(|| Value::unknown().with(old.origin.and(new.origin)));
        self.assign(&it.target, value);
    }

    fn delete(&mut self, target: &Expr) {
        match target {
            Expr::Name(name) => self.scopes.delete(self.here.scope, name.id.as_str()),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|target| self.delete(target)),
            other => self.look(other),
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        let range = pattern.range();
        match pattern {
            Pattern::MatchValue(it) => self.look(&it.value),
            Pattern::MatchSingleton(_) => {}
            Pattern::MatchSequence(it) => it.patterns.iter().for_each(|inner| self.pattern(inner)),
            Pattern::MatchMapping(it) => {
                it.keys.iter().for_each(|key| self.look(key));
                it.patterns.iter().for_each(|inner| self.pattern(inner));
                it.rest
                    .iter()
                    .for_each(|name| self.bind(name.as_str(), Value::unknown(), range));
            }
            Pattern::MatchClass(it) => {
                self.look(&it.cls);
                it.arguments.patterns.iter().for_each(|inner| self.pattern(inner));
                it.arguments
                    .keywords
                    .iter()
                    .for_each(|inner| self.pattern(&inner.pattern));
            }
            Pattern::MatchStar(it) => it
                .name
                .iter()
                .for_each(|name| self.bind(name.as_str(), Value::unknown(), range)),
            Pattern::MatchAs(it) => {
                it.pattern.iter().for_each(|inner| self.pattern(inner));
                it.name
                    .iter()
                    .for_each(|name| self.bind(name.as_str(), Value::unknown(), range));
            }
            Pattern::MatchOr(it) => it.patterns.iter().for_each(|inner| self.pattern(inner)),
        }
    }

    pub(super) fn bind(&mut self, name: &str, value: Value, range: TextRange) {
        if self.here.class.is_some() && name.starts_with("__") {
            self.special(name, &value, range);
        }
        let sure = self.here.branches == 0;
        let offset = self.offset(range);
        self.scopes.bind(self.here.scope, name, value, offset, sure);
    }

    /// What a class binds to a special name, the interpreter calls.
    fn special(&mut self, name: &str, value: &Value, range: TextRange) {
        self.hand_over(value, How::Stored(name.to_owned()), range);
        for value in value.alternatives() {
            if let What::Function(function) = value.what
                && let Some(function) = self.source.functions.get_mut(function)
            {
                function.reach = function.reach.min(reach::of_name(name, true));
            }
        }
    }

    pub(super) fn assign(&mut self, target: &Expr, value: Value) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), value, name.range),
            Expr::Starred(it) => self.assign(&it.value, Value::items(vec![value])),
            Expr::Tuple(ruff_python_ast::ExprTuple { elts, .. })
            | Expr::List(ruff_python_ast::ExprList { elts, .. }) => {
                let parts = match &value.what {
                    What::Items(items) if items.len() == elts.len() => &**items,
                    _ => &[],
                };
                for (at, target) in elts.iter().enumerate() {
                    let part = parts.get(at).cloned();
                    self.assign(target, part.unwrap_or_else(|| element_of(&value)));
                }
            }
            Expr::Attribute(it) => {
                let object = self.eval(&it.value);
                self.store(&object, Some(it.attr.as_str()), value, it.range);
            }
            Expr::Subscript(it) => {
                let object = self.eval(&it.value);
                let key = self.eval(&it.slice);
                self.store(&object, key.as_text(), value, it.range);
            }
            other => self.look(other),
        }
    }

    fn store(&mut self, object: &Value, key: Option<&str>, value: Value, range: TextRange) {
        if key == Some("__code__") {
            self.put(
                "object.__code__".to_owned(),
                value.origin,
                How::Attribute,
                Vec::new(),
                range,
            );
        }
        for object in object.alternatives() {
            match (&object.what, key) {
                (What::Result(name), Some(key)) if is_namespace(name) => {
                    let offset = self.offset(range);
                    self.scopes.bind(0, key, value.clone(), offset, false);
                }
                (What::Instance(class) | What::Class(class), Some(key)) => {
                    if let Some(class) = self.classes.get_mut(*class) {
                        let old = class.attributes.remove(key);
                        let value = Value::any(old.into_iter().chain([value.clone()]));
                        class.attributes.insert(key.to_owned(), value);
                    }
                }
                (What::Global(target), _) => {
                    let offset = self.offset(range);
                    self.hand_over(&value, How::Stored(target.to_string()), range);
                    if self.reporting && self.spend() {
                        self.source.stores.push(Store {
                            offset,
                            target: target.to_string(),
                            key: key.map(str::to_owned),
                            value: value.clone(),
                            function: self.here.function,
                            reach: Reach::Import,
                        });
                    }
                }
                _ => {}
            }
        }
    }

    /// Puts down that the globals that `value` holds are handed over.
    pub(super) fn hand_over(&mut self, value: &Value, how: How, range: TextRange) {
        if !self.reporting {
            return;
        }
        for global in value.globals() {
            if let What::Global(name) = &global.what {
                let name = name.to_string();
                self.put(name, global.origin, how.clone(), Vec::new(), range);
            }
        }
    }

    /// Puts down a call or reference.
    pub(super) fn put(
        &mut self,
        name: String,
        origin: Origin,
        how: How,
        arguments: Vec<super::facts::Argument>,
        range: TextRange,
    ) {
        if self.reporting && self.spend() {
            self.source.calls.push(Call {
                offset: self.offset(range),
                name,
                origin,
                how,
                arguments,
                function: self.here.function,
                reach: Reach::Import,
            });
        }
    }

    fn spend(&mut self) -> bool {
        let can = self.facts_left > 0;
        self.facts_left = self.facts_left.saturating_sub(1);
        can
    }

    fn returned(&mut self, value: Value, offset: u64) {
        let Some(function) = self.here.function else {
            return;
        };
        let name = self
            .source
            .functions
            .get(function)
            .map(|function| function.name.as_str());
        if name.is_some_and(|name| name.contains("__reduce") || name.ends_with("__getstate__")) {
            let at = u32::try_from(offset.saturating_sub(self.base)).unwrap_or(0);
            self.hand_over(&value, How::Returned, TextRange::empty(at.into()));
        }
        self.gives(function, value);
    }

    pub(super) fn gives(&mut self, function: usize, value: Value) {
        if let Some(known) = self.returns.get_mut(function) {
            let old = std::mem::take(known);
            *known = if old == Value::default() {
                value
            } else {
                Value::any([old, value])
            };
        }
    }

    /// The function at `offset`, the same one each time.
    pub(super) fn function_of(&mut self, offset: u64, name: &str, reach: Reach) -> usize {
        let next = self.source.functions.len();
        let index = *self.function_at.entry(offset).or_insert(next);
        if index == next {
            self.source.functions.push(Function {
                name: name.to_owned(),
                reach,
            });
            self.returns.push(Value::default());
        }
        index
    }

    fn function(&mut self, it: &ruff_python_ast::StmtFunctionDef) {
        let class = self.here.class.and_then(|at| self.source.classes.get(at));
        let name = match class {
            Some(class) => format!("{}.{}", class.name, it.name),
            None => it.name.to_string(),
        };
        let function = self.function_of(
            self.offset(it.range),
            &name,
            reach::of_name(it.name.as_str(), class.is_some()),
        );
        let mut first = self.here.class.map(|class| Value::from(What::Instance(class)));
        for decorator in &it.decorator_list {
            if matches!(&decorator.expression, Expr::Name(name) if name.id.as_str() == "staticmethod") {
                first = None;
            }
            let value = self.eval(&decorator.expression);
            if value.alternatives().iter().any(is_property) {
                self.properties.insert(function);
            }
            self.decorate(&value, What::Function(function).into(), decorator.range);
        }
        let defaults = self.signature(&it.parameters, it.type_params.as_deref());
        it.returns
            .iter()
            .for_each(|annotation| self.annotation(annotation));
        self.bind(it.name.as_str(), What::Function(function).into(), it.range);
        let scope = self
            .scopes
            .open(self.offset(it.range), Sort::Function, Some(self.here.scope));
        let before = self.here;
        self.here = Here {
            scope,
            function: Some(function),
            class: None,
            branches: 0,
        };
        self.remember(function, &it.parameters, first.is_some());
        self.parameters(&it.parameters, first, defaults);
        self.statements(&it.body);
        self.here = before;
    }

    /// Evaluates what is evaluated when a function is defined, and gives the defaults of its parameters.
    pub(super) fn signature(&mut self, parameters: &Parameters, types: Option<&TypeParams>) -> Vec<Value> {
        let mut defaults = Vec::new();
        for parameter in parameters.iter_non_variadic_params() {
            let default = parameter.default.as_deref().map(|value| self.eval(value));
            defaults.push(default.unwrap_or_default());
        }
        for parameter in parameters.iter() {
            parameter
                .annotation()
                .into_iter()
                .for_each(|annotation| self.annotation(annotation));
        }
        for kind in types.into_iter().flat_map(|types| types.type_params.iter()) {
            if let ruff_python_ast::TypeParam::TypeVar(variable) = kind {
                variable
                    .bound
                    .iter()
                    .chain(&variable.default)
                    .for_each(|value| self.look(value));
            }
        }
        defaults
    }

    /// Remembers which parameters calls of the function bind; the first of a method is bound already.
    pub(super) fn remember(&mut self, function: usize, parameters: &Parameters, is_method: bool) {
        let names = parameters.iter_non_variadic_params();
        let names = names.map(|parameter| parameter.name().to_string());
        let names: Vec<_> = names
            .skip(usize::from(is_method))
            .take(Self::MOST_PARAMETERS)
            .collect();
        self.signatures.insert(function, (self.here.scope, names));
    }

    /// Binds the parameters in the function's scope.
    pub(super) fn parameters(&mut self, parameters: &Parameters, first: Option<Value>, defaults: Vec<Value>) {
        let mut first = first;
        for (parameter, default) in parameters.iter_non_variadic_params().zip(defaults) {
            let value = first.take().unwrap_or(default);
            self.bind(parameter.name().as_str(), value, parameter.range());
        }
        for parameter in parameters.vararg.iter().chain(&parameters.kwarg) {
            self.bind(parameter.name.as_str(), Value::unknown(), parameter.range);
        }
    }

    fn class(&mut self, it: &ruff_python_ast::StmtClassDef) {
        let offset = self.offset(it.range);
        let scope = self.scopes.open(offset, Sort::Class, Some(self.here.scope));
        let next = self.classes.len();
        let class = *self.class_at.entry(offset).or_insert(next);
        if class == next {
            self.classes.push(ClassBody {
                scope,
                bases: Vec::new(),
                attributes: BTreeMap::new(),
            });
            self.source.classes.push(Class {
                name: it.name.to_string(),
                bases: Vec::new(),
            });
        }
        for decorator in &it.decorator_list {
            let value = self.eval(&decorator.expression);
            self.decorate(&value, What::Class(class).into(), decorator.range);
        }
        self.bases(it, class);
        self.bind(it.name.as_str(), What::Class(class).into(), it.range);
        let before = self.here;
        self.here = Here {
            scope,
            class: Some(class),
            ..before
        };
        self.statements(&it.body);
        self.here = before;
        self.commands_of_setup(class);
    }

    /// The methods that an installer calls of a class that derives from one of its commands.
    fn commands_of_setup(&mut self, class: usize) {
        let is_command = |base: &String| {
            let of_setup = ["setuptools.", "distutils."]
                .iter()
                .any(|root| base.starts_with(root));
            of_setup && (base.contains(".command.") || base.ends_with(".Command"))
        };
        if !self
            .source
            .classes
            .get(class)
            .is_some_and(|class| class.bases.iter().any(is_command))
        {
            return;
        }
        for name in [
            "run",
            "initialize_options",
            "finalize_options",
            "build_extensions",
            "build_extension",
        ] {
            if let What::Function(function) = self.member(class, name).what
                && let Some(function) = self.source.functions.get_mut(function)
            {
                function.reach = function.reach.min(Reach::Construct);
            }
        }
    }

    fn bases(&mut self, it: &ruff_python_ast::StmtClassDef, class: usize) {
        let Some(arguments) = &it.arguments else {
            return;
        };
        let mut bases = Vec::new();
        for base in &arguments.args {
            let base = self.eval(base);
            self.runs_methods(&base, &["__init_subclass__"]);
            bases.push(base);
        }
        for keyword in &arguments.keywords {
            let value = self.eval(&keyword.value);
            if keyword
                .arg
                .as_ref()
                .is_some_and(|name| name.as_str() == "metaclass")
            {
                self.runs_methods(&value, &["__prepare__", "__new__", "__init__"]);
            }
        }
        if let Some(known) = self.source.classes.get_mut(class) {
            let names = bases
                .iter()
                .flat_map(|base| base.alternatives())
                .filter_map(|base| match &base.what {
                    What::Global(name) => Some(name.to_string()),
                    _ => None,
                });
            known.bases = names.collect();
        }
        if let Some(known) = self.classes.get_mut(class) {
            known.bases = bases;
        }
    }
}

/// Whether a decorator makes a method run when the attribute is read.
fn is_property(decorator: &Value) -> bool {
    matches!(&decorator.what, What::Global(name) if name.ends_with("property"))
}

/// What an element of a value is.
pub(super) fn element_of(value: &Value) -> Value {
    match &value.what {
        What::Items(items) => Value::any(items.iter().cloned()),
        What::Table(entries) => Value::any(entries.iter().map(|(key, _)| key.clone())),
        _ => Value::unknown().with(value.origin),
    }
}

/// `__name__ == '__main__'`, either way round.
fn is_program_test(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else {
        return false;
    };
    let [ruff_python_ast::CmpOp::Eq] = &*compare.ops else {
        return false;
    };
    let sides = [&*compare.left].into_iter().chain(&compare.comparators);
    let is_name = |side: &Expr| matches!(side, Expr::Name(name) if name.id.as_str() == "__name__");
    let is_main =
        |side: &Expr| matches!(side, Expr::StringLiteral(text) if text.value.to_str() == "__main__");
    sides.clone().any(is_name) && sides.clone().any(is_main)
}
