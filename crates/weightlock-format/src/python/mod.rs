//! Python source: which calls it makes, and when.
//!
//! ```text
//! bytes ─ encoding ─► text ─ nesting ─► parser ─► tree ─ walk (twice) ─► Source { calls, functions, … }
//! ```
//!
//! The grammar is that of the [language reference](https://docs.python.org/3/reference/grammar.html), read by
//! `ruff_python_parser`; nothing outside this module knows it. That parser recurses, and its trees are dropped by
//! recursion, so the depth of a text is measured first ([`nesting`]), and parser and walk run on a thread whose stack
//! is made for the greatest measure that is granted.
//!
//! What is refused: encodings in which source does not look like what it is, text that nests deeper than granted,
//! text over the size that is granted. Text that breaks the grammar is read as far as the parser recovers, and the
//! break is told: [`Source::broken`].
//!
//! Names are resolved through imports, aliases, attributes, containers, `getattr` and its relatives, and text that is
//! put together is folded ([`fold`]). What a name can do is no question here.

mod apply;
mod cell;
mod encoding;
mod eval;
mod facts;
mod fold;
mod nesting;
mod paths;
mod reach;
mod scope;
mod value;
mod walk;

use std::{io, thread};

use ruff_python_ast::Stmt;
use ruff_python_parser::{Mode, ParseErrorType, ParseOptions};
use weightlock_artifact::reason::Code;

pub use self::{
    facts::{Argument, Call, Class, Command, Function, How, Reach, Source, Store},
    value::{Origin, Value, What},
};
use crate::{Error, Named, Problem, limits::Limits, reader::within, reason};

/// What kind of text it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A module, which is imported.
    Module,
    /// A program, such as `setup.py`, which is run.
    Program,
    /// A cell of a notebook, with its commands.
    Cell,
}

/// A rule of Python source that a file breaks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// An encoding in which ASCII text does not look like itself, or an unknown one.
    #[error("the source is written in the encoding {0}, in which text does not show what it is")]
    Encoding(Named),
    /// The text is no UTF-8 and names no other encoding.
    #[error("the source is not UTF-8 and names no other encoding")]
    NotUtf8,
    /// The parser failed.
    #[error("the parser failed")]
    Parser,
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Encoding(_) | Self::Parser => reason::UNSUPPORTED,
            Self::NotUtf8 => reason::MALFORMED,
        }
    }
}

/// Bytes of stack for one unit of [`nesting::measure`], in an unoptimised build; measured below 8 KiB.
const STACK_PER_LEVEL: usize = 16 << 10;
/// Bytes of stack for a text that does not nest.
const STACK_BASE: usize = 2 << 20;
/// Operators that may be open for each bracket that may: chains of them are flat to the reader.
const OPERATORS_PER_BRACKET: u64 = 4;
/// The greatest nesting that is ever granted, so that the stack stays affordable. CPython itself refuses 200 brackets.
const MOST_NESTING: u64 = 1024;
/// Facts of one file.
const MOST_FACTS: usize = 200_000;
/// Bytes that folding may produce in one file.
const FOLDED: usize = 16 << 20;

/// Reads source text.
///
/// # Errors
/// A refusal: see the module. Findings made before a break of the grammar are not lost.
pub fn read(bytes: &[u8], kind: Kind, limits: &Limits) -> Result<Source, Error> {
    within(
        "the size of the source text",
        bytes.len() as u64,
        limits.text as u64,
        0,
    )?;
    let (text, base) = encoding::decode(bytes).map_err(|fault| Problem::malformed(0, fault))?;
    let plain = module(&text, base, kind, limits)?;
    if kind != Kind::Cell || plain.broken.is_none() {
        return Ok(plain);
    }
    let (python, commands) = cell::split(&text);
    let mut source = module(&python, base, kind, limits)?;
    source.commands = commands;
    for command in &mut source.commands {
        command.offset = command.offset.saturating_add(base);
    }
    Ok(source)
}

/// Reads Python.
fn module(text: &str, base: u64, kind: Kind, limits: &Limits) -> Result<Source, Error> {
    let granted = (limits.nesting as u64)
        .min(MOST_NESTING)
        .saturating_mul(OPERATORS_PER_BRACKET);
    let measure = within(
        "the nesting of the source text",
        nesting::measure(text, granted),
        granted,
        0,
    )?;
    let levels = usize::try_from(measure).unwrap_or(usize::MAX);
    let stack = levels.saturating_mul(STACK_PER_LEVEL).saturating_add(STACK_BASE);
    let depth = u16::try_from(granted).unwrap_or(u16::MAX);
    let work = || {
        parse(
            text,
            base,
            kind,
            ParseOptions::from(Mode::Module).with_max_recursion_depth(depth),
            limits,
        )
    };
    let read = thread::scope(|scope| {
        let worker = thread::Builder::new()
            .stack_size(stack)
            .spawn_scoped(scope, work)?;
        Ok::<_, io::Error>(worker.join())
    })?;
    let (source, is_full) = read.map_err(|_| Problem::malformed(0, Fault::Parser))?;
    if is_full {
        let limit = MOST_FACTS as u64;
        within(
            "the number of calls in the source text",
            limit.saturating_add(1),
            limit,
            0,
        )?;
    }
    Ok(source)
}

/// Parses and walks, on the thread that was made for it.
fn parse(text: &str, base: u64, kind: Kind, options: ParseOptions, limits: &Limits) -> (Source, bool) {
    let parsed = ruff_python_parser::parse_unchecked(text, options);
    let Some(module) = parsed.try_into_module() else {
        return (Source::default(), false);
    };
    let broken = module.errors().first().map(|error| {
        let offset = base.saturating_add(u64::from(u32::from(error.location.start())));
        let why = match error.error {
            ParseErrorType::RecursionLimitExceeded => "it nests too deep".to_owned(),
            _ => Named::new(&error.error.to_string()).to_string(),
        };
        (offset, why)
    });
    let fuel = fold::Fuel {
        one: limits.constant,
        all: FOLDED,
    };
    let body: &[Stmt] = module.suite();
    let (mut source, is_full) = walk::Walker::new(base, kind == Kind::Program, fuel, MOST_FACTS).run(body);
    source.broken = broken;
    (source, is_full)
}

#[cfg(test)]
mod tests;
