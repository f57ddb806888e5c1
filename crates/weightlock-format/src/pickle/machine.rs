//! The machine: does what CPython's unpickler in C would do, with values of which nothing is run.
//!
//! What a C unpickler refuses ends the stream here too, because what follows is never loaded by it. Where the one
//! written in Python, or a loader with other settings, goes on (a list as arguments, bytes that are not UTF-8, a
//! frame longer than the file), so does the machine.

mod constants;
mod objects;

use std::{collections::BTreeMap, ops::Range};

use super::{
    Event, Fault, Frames, Inline, Observer, Op, Value, Values, View, What, abuse, input::Input, memo::Memo,
    value::Kind,
};
use crate::{
    Error, Problem,
    content::Content,
    limits::{Budget, Limits},
};

/// One stream, as far as it could be read.
#[derive(Debug)]
pub struct Stream {
    /// From its first opcode to behind its STOP, or to where it breaks.
    pub range: Range<u64>,
    /// What loading gives; `None` when it breaks.
    pub root: Option<Value>,
    /// Why it ends without STOP, or that it states a protocol that does not exist.
    pub broken: Option<Problem>,
    /// The highest protocol that it states.
    pub protocol: u8,
    /// Opcodes done.
    pub opcodes: u64,
    /// Whether something was imported.
    pub imports: bool,
    /// The first argument that crosses the end of a frame: read again with [`Frames::Dropped`] to see what other
    /// readers see.
    pub cut: Option<u64>,
    /// The values that [`Stream::root`] and events refer to.
    pub values: Values,
}

/// What a stream costs besides its opcodes, in opcodes: setting the machine up takes as long as some dozens, and a file
/// of millions of streams that do nothing must meet its limit.
const STREAM_COST: u64 = 50;

/// Reads the stream that begins at `start`, and tells `observer` what loading it would do. It is charged to
/// [`Budget::opcodes`], with 50 for itself.
///
/// # Errors
/// What reading raises. A stream that breaks is no error: see [`Stream::broken`].
pub fn read(
    content: &Content,
    start: u64,
    frames: Frames,
    limits: &Limits,
    budget: &mut Budget,
    observer: &mut impl Observer,
) -> std::io::Result<Stream> {
    let mut machine = Machine {
        input: Input::new(content, start, frames),
        values: Values::new(content),
        stack: Vec::new(),
        marks: Vec::new(),
        fence: 0,
        memo: Memo::default(),
        protocol: 0,
        highest: 0,
        unknown: None,
        registry: BTreeMap::new(),
        outer: Vec::new(),
        known: None,
        opcodes: 0,
        imports: false,
        limits,
        budget,
        observer,
    };
    machine.budget.opcodes = machine.budget.opcodes.saturating_sub(STREAM_COST);
    let ended = machine.run();
    machine.forget();
    machine.measure();
    let (root, broken) = match ended {
        Ok(root) => (Some(root), machine.unknown.take()),
        Err(Error::Refused(problem)) => (None, Some(problem)),
        Err(Error::Io(error)) => return Err(error),
    };
    Ok(Stream {
        range: start..machine.input.offset().min(content.size()),
        root,
        broken,
        protocol: machine.highest,
        opcodes: machine.opcodes,
        imports: machine.imports,
        cut: machine.input.cut,
        values: machine.values,
    })
}

/// The state of an unpickler.
struct Machine<'a, O> {
    input: Input,
    values: Values,
    stack: Vec<Value>,
    /// Heights of the stack at the marks.
    marks: Vec<usize>,
    /// The height at the last mark, below which nothing is popped.
    fence: usize,
    memo: Memo,
    /// The protocol stated last.
    protocol: u8,
    highest: u8,
    /// That it states a protocol that does not exist, where first.
    unknown: Option<Problem>,
    /// Extension codes that the stream itself registers.
    registry: BTreeMap<i64, (String, String)>,
    /// Unpicklers that wait for the end of a pickle within theirs.
    outer: Vec<Outer>,
    /// The last name that was imported from two strings, and what it is.
    known: Option<((Value, Value, bool), Value)>,
    opcodes: u64,
    imports: bool,
    limits: &'a Limits,
    budget: &'a mut Budget,
    observer: &'a mut O,
}

/// An unpickler that waits.
struct Outer {
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: Memo,
    protocol: u8,
}

impl<O: Observer> Machine<'_, O> {
    /// Different names that one stream may import.
    const MOST_GLOBALS: usize = 100_000;

    fn run(&mut self) -> Result<Value, Error> {
        loop {
            let offset = self.input.offset();
            let Some(byte) = self.input.byte()? else {
                let fault = crate::Fault::Truncated { needed: 1, left: 0 };
                return Err(Problem::malformed(offset, fault).into());
            };
            let Some(op) = Op::of(byte) else {
                self.input.go_to(offset);
                return Err(Problem::malformed(offset, Fault::Opcode(byte)).into());
            };
            self.count(offset)?;
            if op == Op::Stop {
                let root = self.pop(op, offset)?;
                self.observer.step(offset, op, &[root], &self.values);
                match self.outer.pop() {
                    None => return Ok(root),
                    Some(outer) => self.resume(outer),
                }
            } else {
                self.step(op, offset)?;
                let since_mark = self.stack.get(self.fence..).unwrap_or_default();
                self.observer.step(offset, op, since_mark, &self.values);
            }
        }
    }

    /// Counts an opcode, and what lies on the stack and in the memo.
    fn count(&mut self, offset: u64) -> Result<(), Error> {
        self.opcodes = self.opcodes.saturating_add(1);
        let Some(left) = self.budget.opcodes.checked_sub(1) else {
            let limit = self.limits.opcodes;
            return Err(exceeded("pickle opcodes", limit.saturating_add(1), limit, offset));
        };
        self.budget.opcodes = left;
        let entries = (self.stack.len() as u64)
            .saturating_add(self.marks.len() as u64)
            .saturating_add(self.memo.count());
        if entries > self.limits.entries {
            return Err(exceeded(
                "values on stack and in memo",
                entries,
                self.limits.entries,
                offset,
            ));
        }
        if self.values.count_globals() > Self::MOST_GLOBALS {
            let most = Self::MOST_GLOBALS as u64;
            return Err(exceeded(
                "names imported by one pickle",
                most.saturating_add(1),
                most,
                offset,
            ));
        }
        Ok(())
    }

    fn step(&mut self, op: Op, at: u64) -> Result<(), Error> {
        match op {
            Op::Mark => {
                self.fence = self.stack.len();
                self.marks.push(self.fence);
            }
            Op::Pop => self.do_pop(at)?,
            Op::PopMark => {
                let height = self.mark(op, at)?;
                self.stack.truncate(height);
            }
            Op::Dup => {
                let top = self.top(op, at)?;
                self.stack.push(top);
            }
            Op::Proto => self.do_proto(at)?,
            Op::Frame => self.do_frame(at)?,
            Op::Get | Op::BinGet | Op::LongBinGet => self.do_get(op, at)?,
            Op::Put | Op::BinPut | Op::LongBinPut => self.do_put(op, at)?,
            Op::Memoize => {
                let top = self.top(op, at)?;
                self.memo.put(self.memo.count(), top);
            }
            Op::EmptyList => self.push_container(Kind::List, &[]),
            Op::EmptyDict => self.push_container(Kind::Dict, &[]),
            Op::EmptySet => self.push_container(Kind::Set, &[]),
            Op::EmptyTuple => self.push_container(Kind::Tuple, &[]),
            Op::Tuple1 => self.do_short_tuple(op, 1, at)?,
            Op::Tuple2 => self.do_short_tuple(op, 2, at)?,
            Op::Tuple3 => self.do_short_tuple(op, 3, at)?,
            Op::Tuple => self.do_container(op, Kind::Tuple, at)?,
            Op::List => self.do_container(op, Kind::List, at)?,
            Op::FrozenSet => self.do_container(op, Kind::FrozenSet, at)?,
            Op::Dict => self.do_container(op, Kind::Dict, at)?,
            Op::Append | Op::SetItem | Op::Appends | Op::SetItems | Op::AddItems => self.do_fill(op, at)?,
            Op::Global => self.do_global(at)?,
            Op::StackGlobal => self.do_stack_global(at)?,
            Op::Ext1 | Op::Ext2 | Op::Ext4 => self.do_extension(op, at)?,
            Op::Inst => self.do_inst(at)?,
            Op::Obj => self.do_obj(at)?,
            Op::Reduce | Op::NewObj | Op::NewObjEx => self.do_call(op, at)?,
            Op::Build => self.do_build(at)?,
            Op::PersId | Op::BinPersId => self.do_persistent(op, at)?,
            Op::NextBuffer => {
                self.tell(op, at, What::Buffer);
                let buffer = self.values.add_buffer();
                self.stack.push(buffer);
            }
            Op::ReadonlyBuffer => {
                self.top(op, at)?;
            }
            _ => self.push_constant(op, at)?,
        }
        Ok(())
    }

    fn tell(&mut self, op: Op, offset: u64, what: What) {
        self.observer.see(&Event { offset, op, what }, &self.values);
    }

    fn unusual(&mut self, op: Op, offset: u64, what: &'static str) {
        self.tell(op, offset, What::Unusual { what });
    }

    fn pop(&mut self, op: Op, at: u64) -> Result<Value, Error> {
        if self.stack.len() > self.fence
            && let Some(value) = self.stack.pop()
        {
            return Ok(value);
        }
        Err(broken(at, Fault::Underflow(op)))
    }

    fn top(&self, op: Op, at: u64) -> Result<Value, Error> {
        let top = self.stack.last().filter(|_| self.stack.len() > self.fence);
        top.copied().ok_or_else(|| broken(at, Fault::Underflow(op)))
    }

    /// Takes the last mark, and tells the height of the stack there.
    fn mark(&mut self, op: Op, at: u64) -> Result<usize, Error> {
        let height = self.marks.pop().ok_or_else(|| broken(at, Fault::NoMark(op)))?;
        self.fence = self.marks.last().copied().unwrap_or_default();
        Ok(height)
    }

    /// What lies above `height`.
    fn above(&self, height: usize) -> &[Value] {
        self.stack.get(height..).unwrap_or_default()
    }

    /// POP takes a mark when that is what lies on top.
    fn do_pop(&mut self, at: u64) -> Result<(), Error> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.mark(Op::Pop, at)?;
        } else {
            self.pop(Op::Pop, at)?;
        }
        Ok(())
    }

    fn do_proto(&mut self, at: u64) -> Result<(), Error> {
        let [protocol] = self.input.array()?;
        // CPython stops here; unpicklers that warn and go on exist, among them that of PyTorch.
        if protocol > 5 {
            let problem = || Problem::malformed(at, Fault::Protocol(protocol));
            self.unknown.get_or_insert_with(problem);
        }
        self.protocol = protocol;
        self.highest = self.highest.max(protocol);
        Ok(())
    }

    fn do_frame(&mut self, at: u64) -> Result<(), Error> {
        let length = u64::from_le_bytes(self.input.array()?);
        if length > i64::MAX.cast_unsigned() {
            return Err(broken(at, Fault::Range(Op::Frame)));
        }
        if !self.input.enter_frame(length) {
            // The unpickler in C stops here; the one written in Python reads on.
            self.unusual(Op::Frame, at, "a frame is longer than what is left of the stream");
        }
        Ok(())
    }

    fn do_get(&mut self, op: Op, at: u64) -> Result<(), Error> {
        let index = match op {
            Op::BinGet => u64::from(u8::from_le_bytes(self.input.array()?)),
            Op::LongBinGet => u64::from(u32::from_le_bytes(self.input.array()?)),
            _ => self.memo_index(op, at)?,
        };
        let value = self.memo.get(index).ok_or_else(|| broken(at, Fault::Memo(op)))?;
        self.stack.push(value);
        Ok(())
    }

    fn do_put(&mut self, op: Op, at: u64) -> Result<(), Error> {
        let index = match op {
            Op::BinPut => u64::from(u8::from_le_bytes(self.input.array()?)),
            Op::LongBinPut => u64::from(u32::from_le_bytes(self.input.array()?)),
            _ => self.memo_index(op, at)?,
        };
        let top = self.top(op, at)?;
        if index >= abuse::MEMO_INDEX && index > self.opcodes {
            let what = "an index that makes unpicklers allocate a huge memo";
            self.tell(op, at, What::Abuse { what, asked: index });
        }
        self.memo.put(index, top);
        Ok(())
    }

    /// The argument of GET and PUT.
    fn memo_index(&mut self, op: Op, at: u64) -> Result<u64, Error> {
        let line = self.input.line()?;
        if line.length == 0 {
            return Err(broken(at, Fault::EmptyLine(op)));
        }
        let number = super::literal::index(line.head).filter(|_| line.length == line.head.len() as u64);
        let number = number.ok_or_else(|| broken(at, Fault::Number(op)))?;
        if !number.plain {
            self.unusual(op, at, "a memo index is not spelt in plain digits");
        }
        let index = number.value.and_then(|value| u64::try_from(value).ok());
        index.ok_or_else(|| broken(at, Fault::Range(op)))
    }

    fn push_container(&mut self, kind: Kind, items: &[Value]) {
        let value = self.values.add_container(kind, items);
        self.stack.push(value);
    }

    /// Takes the last `count` values and puts a tuple in their place.
    fn do_short_tuple(&mut self, op: Op, count: usize, at: u64) -> Result<(), Error> {
        let height = self
            .stack
            .len()
            .checked_sub(count)
            .filter(|&height| height >= self.fence);
        let height = height.ok_or_else(|| broken(at, Fault::Underflow(op)))?;
        self.gather(Kind::Tuple, height);
        Ok(())
    }

    /// Takes what lies above the last mark and puts a container in its place.
    fn do_container(&mut self, op: Op, kind: Kind, at: u64) -> Result<(), Error> {
        let height = self.mark(op, at)?;
        if kind == Kind::Dict && self.above(height).len() & 1 == 1 {
            return Err(broken(at, Fault::OddItems(op)));
        }
        self.gather(kind, height);
        Ok(())
    }

    /// Takes what lies above `height` and puts a container in its place.
    fn gather(&mut self, kind: Kind, height: usize) {
        let items = self.stack.get(height..).unwrap_or_default();
        let value = self.values.add_container(kind, items);
        self.stack.truncate(height);
        self.stack.push(value);
    }

    /// APPEND, APPENDS, SETITEM, SETITEMS, ADDITEMS.
    fn do_fill(&mut self, op: Op, at: u64) -> Result<(), Error> {
        let one = match op {
            Op::Append => Some(1),
            Op::SetItem => Some(2),
            _ => None,
        };
        let height = match one {
            Some(count) => self.stack.len().checked_sub(count),
            None => Some(self.mark(op, at)?),
        };
        let below = height.and_then(|height| height.checked_sub(1));
        let (Some(height), Some(below)) = (height, below.filter(|&below| below >= self.fence)) else {
            return Err(broken(at, Fault::Underflow(op)));
        };
        let items = self.stack.get(height..).unwrap_or_default();
        if items.is_empty() {
            return Ok(());
        }
        if matches!(op, Op::SetItem | Op::SetItems) && items.len() & 1 == 1 {
            return Err(broken(at, Fault::OddItems(op)));
        }
        let object = self.stack.get(below).copied().unwrap_or(Value::UNKNOWN);
        let fits = matches!(
            (op, self.values.view(object)),
            (Op::Append | Op::Appends, View::List(_))
                | (Op::SetItem | Op::SetItems, View::Dict(_))
                | (Op::AddItems, View::Set(_))
        );
        if fits {
            self.values.fill(object, items);
        } else {
            let items = self.values.add_container(Kind::Tuple, items);
            self.tell(op, at, What::Modify { object, items });
        }
        self.stack.truncate(height);
        Ok(())
    }

    /// Goes on with the pickle around the one that ended.
    fn resume(&mut self, outer: Outer) {
        self.fence = outer.marks.last().copied().unwrap_or_default();
        self.stack = outer.stack;
        self.marks = outer.marks;
        self.memo = outer.memo;
        self.protocol = outer.protocol;
        self.input.go_to(self.input.offset());
    }

    /// Goes on with what the observer says follows.
    fn follow(&mut self, inline: Inline, at: u64) -> Result<(), Error> {
        match inline {
            Inline::Opcodes => {}
            Inline::Data(bytes) => {
                self.input.skip(bytes, true)?;
                self.input.go_to(self.input.offset());
            }
            Inline::Pickle => {
                let (deep, limit) = (self.outer.len() as u64, u64::from(self.limits.depth));
                if deep >= limit {
                    return Err(exceeded(
                        "pickles within pickles",
                        deep.saturating_add(1),
                        limit,
                        at,
                    ));
                }
                self.outer.push(Outer {
                    stack: std::mem::take(&mut self.stack),
                    marks: std::mem::take(&mut self.marks),
                    memo: std::mem::take(&mut self.memo),
                    protocol: std::mem::take(&mut self.protocol),
                });
                self.fence = 0;
            }
        }
        Ok(())
    }

    /// Gives back what only a running machine needs.
    fn forget(&mut self) {
        self.stack = Vec::new();
        self.marks = Vec::new();
        self.memo = Memo::default();
        self.outer = Vec::new();
    }

    /// Looks for values that are small here and endless when walked.
    fn measure(&mut self) {
        let at = self.input.offset();
        for abuse in abuse::measure(&self.values) {
            self.tell(Op::Stop, at, abuse);
        }
    }
}

fn broken(offset: u64, fault: Fault) -> Error {
    Problem::malformed(offset, fault).into()
}

const fn exceeded(what: &'static str, asked: u64, limit: u64, offset: u64) -> Error {
    Error::Refused(Problem::LimitExceeded {
        offset,
        what,
        asked,
        limit,
    })
}
