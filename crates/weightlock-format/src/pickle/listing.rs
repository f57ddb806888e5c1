//! A listing of a stream: every opcode with its offset, its argument, and what lies on top of the stack after it.

use super::{Event, Observer, Op, Value, Values, View, literal};
use crate::content::Content;

/// One opcode.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its offset.
    pub offset: u64,
    /// The opcode.
    pub op: Op,
    /// Its argument, shortened; empty when it has none.
    pub argument: String,
    /// How many values lie on the stack since the last mark.
    pub height: usize,
    /// The one on top, shortened; empty when there is none.
    pub top: String,
}

/// Gathers the rows of a stream: give it to [`super::read`].
#[derive(Debug)]
pub struct Listing {
    content: Content,
    most: usize,
    rows: Vec<Row>,
    left_out: u64,
}

impl Listing {
    /// Characters of an argument or a value that are shown.
    const MOST_CHARS: usize = 60;

    /// A listing of a stream of `content`, of at most `most` rows.
    #[must_use]
    pub fn new(content: &Content, most: usize) -> Self {
        Self {
            content: content.clone(),
            most,
            rows: Vec::new(),
            left_out: 0,
        }
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Opcodes that had no room.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    fn argument(&self, offset: u64, op: Op) -> String {
        let behind = offset.saturating_add(1);
        let number = |count: usize| {
            let mut bytes = [0; 8];
            let read = self.content.read(behind, count).unwrap_or_default();
            bytes.iter_mut().zip(read).for_each(|(to, from)| *to = from);
            u64::from_le_bytes(bytes)
        };
        match op {
            Op::BinInt1 | Op::BinGet | Op::BinPut | Op::Proto | Op::Ext1 => number(1).to_string(),
            Op::BinInt2 | Op::Ext2 => number(2).to_string(),
            Op::LongBinGet | Op::LongBinPut | Op::Ext4 => number(4).to_string(),
            Op::BinInt => number(4)
                .to_le_bytes()
                .first_chunk()
                .map_or_else(String::new, |bytes| i32::from_le_bytes(*bytes).to_string()),
            Op::Frame => number(8).to_string(),
            Op::BinFloat => f64::from_bits(number(8).swap_bytes()).to_string(),
            Op::Long1 | Op::Long4 => self.counted(offset, |bytes| {
                literal::little_endian(bytes).map_or_else(|| "…".to_owned(), |number| number.to_string())
            }),
            Op::ShortBinBytes | Op::BinBytes | Op::BinBytes8 | Op::ByteArray8 => self.size(offset),
            _ if op.length_bytes().is_some() => {
                self.counted(offset, |bytes| quoted(&String::from_utf8_lossy(bytes)))
            }
            Op::Global | Op::Inst => [self.line(behind, 0), self.line(behind, 1)].join(" "),
            Op::Int | Op::Long | Op::Float | Op::String | Op::Unicode | Op::Get | Op::Put | Op::PersId => {
                self.line(behind, 0)
            }
            _ => String::new(),
        }
    }

    fn counted(&self, offset: u64, show: impl FnOnce(&[u8]) -> String) -> String {
        let range = literal::range_at(&self.content, offset).unwrap_or_default();
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let most = Self::MOST_CHARS.saturating_mul(4);
        show(
            &self
                .content
                .read(range.start, length.min(most))
                .unwrap_or_default(),
        )
    }

    fn size(&self, offset: u64) -> String {
        let range = literal::range_at(&self.content, offset).unwrap_or_default();
        format!("{} bytes", range.end.saturating_sub(range.start))
    }

    /// The line at `offset`, or one of those behind it.
    fn line(&self, offset: u64, index: usize) -> String {
        let bytes = self.content.read(offset, 512).unwrap_or_default();
        let line = bytes.split(|&byte| byte == b'\n').nth(index).unwrap_or_default();
        short(&String::from_utf8_lossy(line))
    }
}

impl Observer for Listing {
    fn see(&mut self, _: &Event, _: &Values) {}

    fn step(&mut self, offset: u64, op: Op, stack: &[Value], values: &Values) {
        if self.rows.len() >= self.most {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        self.rows.push(Row {
            offset,
            op,
            argument: self.argument(offset, op),
            height: stack.len(),
            top: stack
                .last()
                .map_or_else(String::new, |&top| describe(values, top)),
        });
    }
}

/// A value in a few words.
fn describe(values: &Values, value: Value) -> String {
    let count = |kind: &str, kept: usize, left_out: u64| {
        format!("{kind} of {}", (kept as u64).saturating_add(left_out))
    };
    match values.view(value) {
        View::None => "None".to_owned(),
        View::Bool(true) => "True".to_owned(),
        View::Bool(false) => "False".to_owned(),
        View::Int(number) => number.to_string(),
        View::Long => "long integer".to_owned(),
        View::Float => "float".to_owned(),
        View::Text => quoted(&values.text(value, 4096).unwrap_or_else(|| "…".to_owned())),
        View::Bytes => format!("{} bytes", values.bytes(value).map_or(0, |bytes| bytes.size())),
        View::Tuple(items) => count("tuple", items.kept.len(), items.left_out),
        View::List(items) => count("list", items.kept.len(), items.left_out),
        View::Dict(items) => count("dict", items.kept.len() / 2, items.left_out / 2),
        View::Set(items) => count("set", items.kept.len(), items.left_out),
        View::FrozenSet(items) => count("frozenset", items.kept.len(), items.left_out),
        View::Global(global) => short(&global.dotted()),
        View::Instance(instance) => match values.view(instance.callable) {
            View::Global(global) => format!("{}(…)", short(&global.dotted())),
            _ => "result of a call".to_owned(),
        },
        View::Persistent(_) => "persistent object".to_owned(),
        View::Extension(code) => format!("extension {code}"),
        View::Buffer => "buffer".to_owned(),
        View::Unknown => "unknown".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", short(text))
}

fn short(text: &str) -> String {
    let mut start: String = text.chars().take(Listing::MOST_CHARS).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        limits::{Budget, Limits},
        pickle::{Frames, read},
    };

    #[test]
    fn a_listing_shows_argument_and_stack() {
        let content = Content::from(
            b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x93(J\xff\xff\xff\xffG?\xf0\0\0\0\0\0\0I5\ntR."
                .to_vec(),
        );
        let limits = Limits::default();
        let list = |most| {
            let mut listing = Listing::new(&content, most);
            read(
                &content,
                0,
                Frames::Ignored,
                &limits,
                &mut Budget::new(&limits),
                &mut listing,
            )
            .unwrap();
            listing
        };
        let listing = list(100);
        let lines: Vec<_> = listing
            .rows()
            .iter()
            .map(|row| {
                format!(
                    "{} {} {} [{}] {}",
                    row.offset, row.op, row.argument, row.height, row.top
                )
            })
            .collect();
        assert_eq!(
            lines,
            [
                "0 PROTO 4 [0] ",
                "2 SHORT_BINUNICODE 'posix' [1] 'posix'",
                "9 MEMOIZE  [1] 'posix'",
                "10 SHORT_BINUNICODE 'system' [2] 'system'",
                "18 STACK_GLOBAL  [1] posix.system",
                "19 MARK  [0] ",
                "20 BININT -1 [1] -1",
                "25 BINFLOAT 1 [2] float",
                "34 INT 5 [3] 5",
                "37 TUPLE  [2] tuple of 3",
                "38 REDUCE  [1] posix.system(…)",
                "39 STOP  [1] posix.system(…)",
            ]
        );
        assert_eq!((list(3).rows().len(), list(3).left_out()), (3, 9));
    }
}
