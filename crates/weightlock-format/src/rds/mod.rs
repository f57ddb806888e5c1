//! R's serialized objects: `.rds`, `.rda`. <https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats>
//!
//! ```text
//! file  = ("RDX2\n" | "RDX3\n")? "X\n" version:i32 writer:i32 reader:i32 (length:i32 encoding)? item
//! item  = flags:i32 …            type = flags & 255; object 256, attributes 512, tag 1024
//! pair  = attributes? tag? car cdr            (lists, closures, promises, calls, dots)
//! array = length elements attributes?
//! ```
//!
//! Reading such a file runs nothing by itself, but it can hold a *promise*: code that R runs the moment somebody looks
//! at the value, and calls and closures that other code runs. So [`read`] hands out every call with the name that is
//! called and what it stands in. The items within items are on a stack of its own; nothing recurses.

use std::ops::Range;

use weightlock_artifact::reason::Code;

use crate::{
    Error, Problem,
    content::Content,
    limits::{Budget, Limits},
    reader::Endian,
    reason,
    stream::{Stream, spend},
};

/// A broken rule of the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Not one of the headers.
    #[error("the file does not begin like a serialized R object")]
    Header,
    /// The text form, which R writes only when it is asked to.
    #[error("the object is serialized as text or in the byte order of a machine")]
    Form,
    /// A type that R does not have.
    #[error("item type {0} is not known")]
    Type(u8),
    /// A negative length.
    #[error("a length is negative")]
    Length,
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::Form | Self::Type(_) => reason::UNSUPPORTED,
            Self::Header | Self::Length => reason::MALFORMED,
        }
    }
}

/// What a call stands in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Within {
    /// A value: nothing runs it by itself.
    Value,
    /// The body of a function.
    Closure,
    /// A promise: runs when the value is looked at.
    Promise,
}

/// A call of a function by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The name.
    pub name: String,
    /// What it stands in.
    pub within: Within,
    /// The offset of the call.
    pub offset: u64,
}

/// Something that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fact {
    /// A call.
    Call(Call),
    /// The numbers of a vector.
    Data(Range<u64>),
}

/// Whether `head` begins like a file of this format.
#[must_use]
pub fn begins(head: &[u8]) -> bool {
    let rest = head
        .strip_prefix(b"RDX2\n")
        .or_else(|| head.strip_prefix(b"RDX3\n"))
        .unwrap_or(head);
    matches!(rest, [b'X', b'\n', 0, 0, 0, 2 | 3, 0, ..])
}

/// Reads `content` and hands each fact to `tell`. Returns where the object ends.
///
/// # Errors
/// The first broken rule, a limit, or what reading raises.
pub fn read(
    content: &Content,
    limits: &Limits,
    budget: &mut Budget,
    tell: &mut dyn FnMut(Fact),
) -> Result<u64, Error> {
    let mut reading = Reading {
        stream: Stream::new(content, Endian::Big),
        limits,
        budget,
        tell,
        tasks: Vec::new(),
        symbols: Vec::new(),
    };
    reading.header()?;
    reading.tasks.push(Task::Item(Within::Value, Head::No));
    while let Some(task) = reading.tasks.pop() {
        reading.step(task)?;
    }
    Ok(reading.stream.offset())
}

/// Whether the item to be read is what a call calls, and where the call began.
#[derive(Clone, Copy)]
enum Head {
    No,
    Of(u64),
}

/// Something that is still to be read.
#[derive(Clone, Copy)]
enum Task {
    /// An item.
    Item(Within, Head),
    /// As many items.
    Items(u64, Within),
    /// The text of a symbol, which can be referred to from then on.
    Symbol(Within, Head),
    /// Constants of byte code.
    Constants(u64, Within),
    /// A call or list in byte code, of the type that comes next.
    Code(Within, Head),
    /// Byte code: its instructions have been read, the number of its constants comes next.
    CodeConstants(Within),
}

/// Tasks that wait: lists are read without adding any, so this counts depth.
const MOST_TASKS: usize = 100_000;
/// Symbols that can be referred to.
const MOST_SYMBOLS: usize = 100_000;
/// Bytes of a symbol.
const MOST_NAME: usize = 256;

struct Reading<'a> {
    stream: Stream,
    limits: &'a Limits,
    budget: &'a mut Budget,
    tell: &'a mut dyn FnMut(Fact),
    tasks: Vec<Task>,
    /// What can be referred to, in order; `None` for what has no name.
    symbols: Vec<Option<String>>,
}

impl Reading<'_> {
    fn header(&mut self) -> Result<(), Error> {
        let mut form = self.stream.array::<2>()?;
        if form == *b"RD" {
            self.stream.skip(3)?;
            form = self.stream.array::<2>()?;
        }
        match form {
            [b'X', b'\n'] => {}
            [b'A' | b'B', b'\n'] => return Err(Problem::malformed(0, Fault::Form).into()),
            _ => return Err(Problem::malformed(0, Fault::Header).into()),
        }
        let version = self.stream.i32()?;
        self.stream.skip(8)?;
        if version == 3 {
            let length = self.length()?;
            self.stream.skip(length)?;
        }
        Ok(())
    }

    fn push(&mut self, task: Task) -> Result<(), Error> {
        let most = MOST_TASKS.min(self.limits.nesting.saturating_mul(256));
        crate::reader::within(
            "items within items",
            self.tasks.len() as u64,
            most as u64,
            self.stream.offset(),
        )?;
        self.tasks.push(task);
        Ok(())
    }

    fn step(&mut self, task: Task) -> Result<(), Error> {
        match task {
            Task::Item(within, head) => self.item(within, head),
            Task::Items(0, _) | Task::Constants(0, _) => Ok(()),
            Task::Items(count, within) => {
                self.push(Task::Items(count.saturating_sub(1), within))?;
                self.push(Task::Item(within, Head::No))
            }
            Task::Symbol(within, head) => self.symbol(within, head),
            Task::Constants(count, within) => {
                self.push(Task::Constants(count.saturating_sub(1), within))?;
                self.constant(within)
            }
            Task::Code(within, head) => self.code(within, head),
            Task::CodeConstants(within) => {
                let count = self.length()?;
                self.push(Task::Constants(count, within))
            }
        }
    }

    fn item(&mut self, within: Within, head: Head) -> Result<(), Error> {
        let offset = self.stream.offset();
        spend(self.budget, offset)?;
        let flags = self.stream.i32()?.cast_unsigned();
        let [kind, bits, ..] = flags.to_le_bytes();
        let (has_attributes, has_tag) = (bits & 2 != 0, bits & 4 != 0);
        match kind {
            // Singletons, the missing argument, and the like.
            241 | 242 | 250..=254 => Ok(()),
            255 => self.reference(flags, head),
            1 => self.push(Task::Symbol(within, head)),
            2 | 3 | 5 | 6 | 17 | 239 | 240 => {
                let part = match kind {
                    3 => Within::Closure.max(within),
                    5 => Within::Promise,
                    _ => within,
                };
                let is_call = matches!(kind, 6 | 240);
                self.push(Task::Item(part, Head::No))?;
                self.push(Task::Item(
                    part,
                    if is_call { Head::Of(offset) } else { Head::No },
                ))?;
                self.optional(has_tag, part)?;
                self.optional(has_attributes || kind > 200, within)
            }
            4 => {
                self.symbols.push(None);
                self.stream.i32()?;
                self.push(Task::Items(4, within))
            }
            7 | 8 => {
                let length = self.length()?;
                let name = self.stream.text(length, MOST_NAME)?;
                self.called(name, within, head);
                Ok(())
            }
            9 => {
                let length = self.stream.i32()?;
                self.stream.skip(u64::try_from(length).unwrap_or(0)).map(drop)
            }
            10 | 13 => self.numbers(4, has_attributes, within),
            14 => self.numbers(8, has_attributes, within),
            15 => self.numbers(16, has_attributes, within),
            24 => self.numbers(1, has_attributes, within),
            16 | 19 | 20 => {
                let count = self.long_length()?;
                self.optional(has_attributes, within)?;
                self.push(Task::Items(count, within))
            }
            21 => {
                self.stream.i32()?;
                self.optional(has_attributes, within)?;
                self.push(Task::CodeConstants(within))?;
                self.push(Task::Item(within, Head::No))
            }
            22 => {
                self.symbols.push(None);
                self.optional(has_attributes, within)?;
                self.push(Task::Items(2, within))
            }
            23 => {
                self.symbols.push(None);
                self.optional(has_attributes, within)
            }
            25 => self.optional(has_attributes, within),
            238 => self.push(Task::Items(3, within)),
            247..=249 => {
                self.symbols.push(None);
                self.stream.i32()?;
                let count = self.length()?;
                self.push(Task::Items(count, within))
            }
            kind => Err(Problem::malformed(offset, Fault::Type(kind)).into()),
        }
    }

    fn optional(&mut self, is_there: bool, within: Within) -> Result<(), Error> {
        if is_there {
            self.push(Task::Item(within, Head::No))?;
        }
        Ok(())
    }

    /// A reference to something that has been read: a symbol has a name.
    fn reference(&mut self, flags: u32, head: Head) -> Result<(), Error> {
        let packed = flags >> 8;
        let index = if packed == 0 {
            self.stream.i32()?.cast_unsigned()
        } else {
            packed
        };
        let name = usize::try_from(index)
            .ok()
            .and_then(|index| self.symbols.get(index.checked_sub(1)?))
            .cloned()
            .flatten();
        if let Some(name) = name {
            // What is referred to stands here again, in the place of the reference.
            let within = self.innermost();
            self.called(name, within, head);
        }
        Ok(())
    }

    /// What the task behind the present one stands in: the rest of the same call.
    fn innermost(&self) -> Within {
        match self.tasks.last() {
            Some(
                Task::Item(within, _)
                | Task::Items(_, within)
                | Task::Symbol(within, _)
                | Task::Constants(_, within)
                | Task::Code(within, _)
                | Task::CodeConstants(within),
            ) => *within,
            None => Within::Value,
        }
    }

    fn symbol(&mut self, within: Within, head: Head) -> Result<(), Error> {
        self.stream.i32()?;
        let length = u64::try_from(self.stream.i32()?).unwrap_or(0);
        let name = self.stream.text(length, MOST_NAME)?;
        if self.symbols.len() < MOST_SYMBOLS {
            self.symbols.push(Some(name.clone()));
        }
        self.called(name, within, head);
        Ok(())
    }

    fn called(&mut self, name: String, within: Within, head: Head) {
        if let Head::Of(offset) = head {
            (self.tell)(Fact::Call(Call { name, within, offset }));
        }
    }

    fn numbers(&mut self, each: u64, has_attributes: bool, within: Within) -> Result<(), Error> {
        let count = self.long_length()?;
        let range = self.stream.skip(count.saturating_mul(each))?;
        (self.tell)(Fact::Data(range));
        self.optional(has_attributes, within)
    }

    /// A constant of byte code: a type, then what it says.
    fn constant(&mut self, within: Within) -> Result<(), Error> {
        let offset = self.stream.offset();
        spend(self.budget, offset)?;
        match self.stream.i32()? {
            21 => {
                self.push(Task::CodeConstants(within))?;
                self.push(Task::Item(within, Head::No))
            }
            kind @ (6 | 2 | 239 | 240 | 243 | 244) => self.code_of(kind, offset, within, Head::No),
            _ => self.push(Task::Item(within, Head::No)),
        }
    }

    fn code(&mut self, within: Within, head: Head) -> Result<(), Error> {
        let offset = self.stream.offset();
        spend(self.budget, offset)?;
        let kind = self.stream.i32()?;
        self.code_of(kind, offset, within, head)
    }

    fn code_of(&mut self, mut kind: i32, offset: u64, within: Within, head: Head) -> Result<(), Error> {
        if kind == 243 {
            return self.stream.i32().map(drop);
        }
        if kind == 244 {
            self.stream.i32()?;
            kind = self.stream.i32()?;
        }
        match kind {
            2 | 6 | 239 | 240 => {
                let is_call = matches!(kind, 6 | 240);
                self.push(Task::Code(within, Head::No))?;
                self.push(Task::Code(
                    within,
                    if is_call { Head::Of(offset) } else { Head::No },
                ))?;
                self.push(Task::Item(within, Head::No))?;
                self.optional(kind > 200, within)
            }
            _ => self.push(Task::Item(within, head)),
        }
    }

    fn length(&mut self) -> Result<u64, Error> {
        let offset = self.stream.offset();
        let length = self.stream.i32()?;
        u64::try_from(length).map_err(|_| Problem::malformed(offset, Fault::Length).into())
    }

    /// A length that may need two numbers more.
    fn long_length(&mut self) -> Result<u64, Error> {
        let offset = self.stream.offset();
        match self.stream.i32()? {
            -1 => {
                let high = u64::from(self.stream.i32()?.cast_unsigned());
                let low = u64::from(self.stream.i32()?.cast_unsigned());
                Ok(high << 32 | low)
            }
            length => u64::try_from(length).map_err(|_| Problem::malformed(offset, Fault::Length).into()),
        }
    }
}
