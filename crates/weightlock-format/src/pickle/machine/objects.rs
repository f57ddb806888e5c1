//! Opcodes that import, call, and build.

use super::{Machine, Observer, broken};
use crate::{
    Error,
    pickle::{
        Fault, Op, Value, View, What, evaluate, names,
        value::{Global, Instance, Kind},
    },
};

impl<O: Observer> Machine<'_, O> {
    /// The longest module or name that is read.
    const MOST_NAME: usize = 64 << 10;

    /// Two lines: module and name.
    fn two_lines(&mut self, op: Op, at: u64) -> Result<[String; 2], Error> {
        let mut line = || {
            let line = self.input.line()?;
            match line.length {
                0 => Err(broken(at, Fault::EmptyLine(op))),
                _ => Ok(String::from_utf8_lossy(line.head).into_owned()),
            }
        };
        Ok([line()?, line()?])
    }

    pub(super) fn do_global(&mut self, at: u64) -> Result<(), Error> {
        let [module, name] = self.two_lines(Op::Global, at)?;
        let global = self.import(Op::Global, at, Some(module), Some(name), false);
        self.stack.push(global);
        Ok(())
    }

    pub(super) fn do_stack_global(&mut self, at: u64) -> Result<(), Error> {
        let op = Op::StackGlobal;
        let name = self.pop(op, at)?;
        let module = self.pop(op, at)?;
        let key = (module, name, self.protocol < 3);
        if let Some((known, global)) = self.known
            && known == key
        {
            self.tell(op, at, What::Import { global });
            self.stack.push(global);
            return Ok(());
        }
        let may_be_name = |value| {
            let view = self.values.view(value);
            matches!(
                view,
                View::Text | View::Unknown | View::Instance(_) | View::Persistent(_)
            )
        };
        if !may_be_name(module) || !may_be_name(name) {
            return Err(broken(at, Fault::NotAName));
        }
        let text = |value| self.values.text(value, Self::MOST_NAME);
        let made = |value| self.values.is_made(value) || !matches!(self.values.view(value), View::Text);
        let computed = made(module) || made(name);
        let (module, name) = (text(module), text(name));
        let global = self.import(op, at, module, name, computed);
        self.known = Some((key, global));
        self.stack.push(global);
        Ok(())
    }

    fn import(
        &mut self,
        op: Op,
        at: u64,
        module: Option<String>,
        name: Option<String>,
        computed: bool,
    ) -> Value {
        let mapped = match (&module, &name) {
            (Some(module), Some(name)) if self.protocol < 3 => names::map(module, name),
            _ => None,
        };
        self.imports = true;
        let global = self.values.add_global(Global {
            module,
            name,
            mapped,
            computed,
        });
        self.tell(op, at, What::Import { global });
        global
    }

    pub(super) fn do_extension(&mut self, op: Op, at: u64) -> Result<(), Error> {
        let code = match op {
            Op::Ext1 => i64::from(u8::from_le_bytes(self.input.array()?)),
            Op::Ext2 => i64::from(u16::from_le_bytes(self.input.array()?)),
            _ => i64::from(i32::from_le_bytes(self.input.array()?)),
        };
        if code <= 0 {
            return Err(broken(at, Fault::Extension));
        }
        let value = match self.registry.get(&code).cloned() {
            Some((module, name)) => self.import(op, at, Some(module), Some(name), false),
            None => {
                self.tell(op, at, What::Extension { code });
                self.values.add_extension(code)
            }
        };
        self.stack.push(value);
        Ok(())
    }

    pub(super) fn do_inst(&mut self, at: u64) -> Result<(), Error> {
        let height = self.mark(Op::Inst, at)?;
        let [module, name] = self.two_lines(Op::Inst, at)?;
        let callable = self.import(Op::Inst, at, Some(module), Some(name), false);
        let args = self
            .values
            .add_container(Kind::Tuple, self.stack.get(height..).unwrap_or_default());
        self.stack.truncate(height);
        self.call(Op::Inst, at, callable, args, Value::NONE);
        Ok(())
    }

    pub(super) fn do_obj(&mut self, at: u64) -> Result<(), Error> {
        let height = self.mark(Op::Obj, at)?;
        let Some((&callable, args)) = self.stack.get(height..).and_then(<[Value]>::split_first) else {
            return Err(broken(at, Fault::Underflow(Op::Obj)));
        };
        let args = self.values.add_container(Kind::Tuple, args);
        self.stack.truncate(height);
        self.call(Op::Obj, at, callable, args, Value::NONE);
        Ok(())
    }

    /// REDUCE, NEWOBJ, NEWOBJ_EX.
    pub(super) fn do_call(&mut self, op: Op, at: u64) -> Result<(), Error> {
        let kwargs = if op == Op::NewObjEx {
            self.pop(op, at)?
        } else {
            Value::NONE
        };
        let args = self.pop(op, at)?;
        let callable = self.pop(op, at)?;
        self.call(op, at, callable, args, kwargs);
        Ok(())
    }

    fn call(&mut self, op: Op, at: u64, callable: Value, args: Value, kwargs: Value) {
        let known = match op {
            Op::Reduce | Op::Inst | Op::Obj => {
                evaluate::call(&mut self.values, callable, args, self.limits.constant)
            }
            _ => None,
        };
        let result = known.unwrap_or_else(|| {
            self.values.add_instance(Instance {
                callable,
                args,
                kwargs,
                state: Value::UNKNOWN,
                op,
            })
        });
        let what = What::Call {
            callable,
            args,
            kwargs,
            result,
        };
        self.tell(op, at, what);
        self.register(callable, args);
        self.stack.push(result);
    }

    /// Notes what the stream registers as an extension.
    fn register(&mut self, callable: Value, args: Value) {
        let is_registration = self
            .values
            .global(callable)
            .and_then(Global::resolved)
            .is_some_and(|(module, name)| module == "copyreg" && name == "add_extension");
        if !is_registration {
            return;
        }
        let Some(&[module, name, code]) = self.values.view(args).items() else {
            return;
        };
        let text = |value| self.values.text(value, Self::MOST_NAME);
        if let (Some(module), Some(name), View::Int(code)) =
            (text(module), text(name), self.values.view(code))
            && self.registry.len() < Self::MOST_GLOBALS
        {
            self.registry.insert(code, (module, name));
        }
    }

    pub(super) fn do_build(&mut self, at: u64) -> Result<(), Error> {
        let state = self.pop(Op::Build, at)?;
        let object = self.top(Op::Build, at)?;
        self.values.set_state(object, state);
        self.tell(Op::Build, at, What::Build { object, state });
        let next = self.input.offset();
        let inline = self.observer.after_build(object, state, next, &self.values);
        self.follow(inline, at)
    }

    pub(super) fn do_persistent(&mut self, op: Op, at: u64) -> Result<(), Error> {
        let id = if op == Op::BinPersId {
            self.pop(op, at)?
        } else {
            let text = String::from_utf8_lossy(self.input.line()?.head).into_owned();
            self.values.make(text.as_bytes(), true).unwrap_or(Value::UNKNOWN)
        };
        let result = self
            .module_of(id)
            .unwrap_or_else(|| self.values.add_persistent(id));
        self.tell(op, at, What::Persistent { id, result });
        self.stack.push(result);
        Ok(())
    }

    /// The class that an id `("module", class, file, source)` stands for, as PyTorch wrote it before version 1.6. Whoever
    /// else answers ids may answer otherwise, and so the id is told as well.
    fn module_of(&self, id: Value) -> Option<Value> {
        let View::Tuple(parts) = self.values.view(id) else {
            return None;
        };
        let &[kind, class, _, _] = parts.kept else {
            return None;
        };
        let is_module = self.values.text(kind, 16).is_some_and(|kind| kind == "module");
        (is_module && self.values.global(class).is_some()).then_some(class)
    }
}
