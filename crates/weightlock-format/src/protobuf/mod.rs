//! Protocol buffers on the wire, by a schema of our own. <https://protobuf.dev/programming-guides/encoding/>
//!
//! ```text
//! message = field*
//! field   = tag value             tag = number << 3 | wire, as varint
//! value   = varint                wire 0
//!         | 8 bytes               wire 1
//!         | length:varint bytes   wire 2: text, bytes, a message, packed numbers
//!         | 4 bytes               wire 5
//! ```
//!
//! [`Walker`] steps through a message of any size without holding it: a [`Schema`] says which fields are messages to
//! step into, texts to keep, numbers, or data to pass over. What the schema does not know is reported as such, since
//! a loader skips it and another reader may not. A field that occurs twice is seen twice. Messages within messages
//! are on a stack of its own, bounded by [`Limits::nesting`]. A length that reaches beyond its message is cut to what is left, so that a file whose
//! end is missing is still read as far as it goes, and the fault ends the walk.

pub mod text;

use std::{
    io::{BufRead as _, Read as _},
    ops::Range,
};

use weightlock_artifact::reason::Code;

use crate::{
    Error, Problem,
    content::{Content, Cursor},
    limits::{Budget, Limits},
    reason,
};

/// What the fields of a message are.
#[derive(Debug)]
pub struct Schema {
    /// The name of the message, for people.
    pub name: &'static str,
    /// Number, name and shape of each field.
    pub fields: &'static [Field],
}

/// A field that the schema knows.
#[derive(Debug)]
pub struct Field {
    /// Its number.
    pub number: u32,
    /// Its name, for people.
    pub name: &'static str,
    /// What its value is.
    pub shape: Shape,
}

/// What the value of a field is.
#[derive(Debug)]
pub enum Shape {
    /// A message that is stepped into.
    Message(&'static Schema),
    /// A text or short bytes: kept as far as [`Limits::constant`].
    Text,
    /// A number, or packed numbers.
    Number,
    /// Bytes, packed numbers or a message that are passed over.
    Data,
}

/// A field without a name of its own in the code that makes schemas.
#[must_use]
pub const fn field(number: u32, name: &'static str, shape: Shape) -> Field {
    Field { number, name, shape }
}

/// A broken rule of the wire format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A number of more than ten bytes, or beyond 64 bits.
    #[error("a number is longer than 64 bits")]
    Varint,
    /// A tag with field number 0 or beyond 2^29 - 1.
    #[error("a field number is 0 or beyond 536870911")]
    Number,
    /// A wire type that the format does not have, or a group, which none of these formats has.
    #[error("wire type {0} is not known")]
    Wire(u8),
    /// A field reaches beyond the message that holds it.
    #[error("a field of {needed} bytes lies in a message of which {left} are left")]
    Overrun {
        /// Bytes announced.
        needed: u64,
        /// Bytes left.
        left: u64,
    },
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::Varint | Self::Number | Self::Wire(_) => reason::MALFORMED,
            Self::Overrun { .. } => reason::RANGE,
        }
    }
}

/// A step of the walk.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// A message begins; `range` is its body.
    Enter {
        /// The message.
        schema: &'static Schema,
        /// The field that it is in.
        field: &'static str,
        /// Its body.
        range: Range<u64>,
    },
    /// The innermost message ends.
    Leave {
        /// The message.
        schema: &'static Schema,
    },
    /// A text.
    Text {
        /// The field.
        field: &'static str,
        /// The first [`Limits::constant`] bytes.
        bytes: Vec<u8>,
        /// Where it lies.
        range: Range<u64>,
    },
    /// A number; the bits of a float as they lie there.
    Number {
        /// The field.
        field: &'static str,
        /// The bits.
        bits: u64,
        /// Where it lies.
        range: Range<u64>,
    },
    /// Bytes that were passed over.
    Data {
        /// The field.
        field: &'static str,
        /// Where they lie.
        range: Range<u64>,
    },
    /// A field that the schema does not know, or with a wire type that does not go with its shape.
    Unknown {
        /// Its number.
        number: u32,
        /// Its value.
        range: Range<u64>,
    },
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// The value of a field as it lies on the wire.
enum Value {
    Bits(u64),
    Length(u64),
}

/// Steps through a message.
#[derive(Debug)]
pub struct Walker<'a> {
    cursor: Cursor,
    limits: &'a Limits,
    budget: &'a mut Budget,
    /// The messages around the next field, and where each ends.
    open: Vec<(&'static Schema, u64)>,
    /// Packed numbers that are being handed out: the field and where they end.
    packed: Option<(&'static Field, u64)>,
    /// The first length that had to be cut.
    cut: Option<Problem>,
}

impl<'a> Walker<'a> {
    /// Steps through `content` as a message of `schema`.
    pub fn new(
        content: &Content,
        schema: &'static Schema,
        limits: &'a Limits,
        budget: &'a mut Budget,
    ) -> Self {
        Self {
            cursor: content.cursor(),
            limits,
            budget,
            open: vec![(schema, content.size())],
            packed: None,
            cut: None,
        }
    }

    /// The offset of the next byte: everything before it has been stepped through.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.cursor.offset()
    }

    /// The next step; `None` behind the last field of the outermost message.
    ///
    /// # Errors
    /// [`Fault`], a limit, or what reading raises. The walk is over then.
    pub fn step(&mut self) -> Result<Option<Event>, Error> {
        if let Some(event) = self.packed()? {
            return Ok(Some(event));
        }
        let Some(&(schema, end)) = self.open.last() else {
            return self.cut.take().map_or(Ok(None), |problem| Err(problem.into()));
        };
        if self.offset() >= end {
            self.open.pop();
            if self.open.is_empty() {
                return self.step();
            }
            return Ok(Some(Event::Leave { schema }));
        }
        let (number, value) = self.field(end)?;
        let known = schema.fields.iter().find(|field| field.number == number);
        match value {
            Value::Bits(bits) => Ok(Some(self.bits(known, number, bits))),
            Value::Length(length) => self.delimited(known, number, length).map(Some),
        }
    }

    /// A tag and its value; of a delimited one only the length.
    fn field(&mut self, end: u64) -> Result<(u32, Value), Error> {
        let at = self.offset();
        let tag = self.varint(end)?;
        let number = u32::try_from(tag >> 3)
            .ok()
            .filter(|number| (1..1 << 29).contains(number))
            .ok_or_else(|| Problem::malformed(at, Fault::Number))?;
        let value = match tag & 7 {
            0 => Value::Bits(self.varint(end)?),
            1 => Value::Bits(u64::from_le_bytes(self.fixed(end)?)),
            5 => Value::Bits(u64::from(u32::from_le_bytes(self.fixed(end)?))),
            2 => {
                let needed = self.varint(end)?;
                let left = end.saturating_sub(self.offset());
                if needed > left {
                    let fault = Fault::Overrun { needed, left };
                    self.cut.get_or_insert_with(|| Problem::malformed(at, fault));
                }
                Value::Length(needed.min(left))
            }
            wire => {
                let wire = u8::try_from(wire).unwrap_or_default();
                return Err(Problem::malformed(at, Fault::Wire(wire)).into());
            }
        };
        Ok((number, value))
    }

    fn bits(&self, known: Option<&'static Field>, number: u32, bits: u64) -> Event {
        let end = self.offset();
        let range = end.saturating_sub(1)..end;
        match known {
            Some(field) if matches!(field.shape, Shape::Number) => Event::Number {
                field: field.name,
                bits,
                range,
            },
            Some(field) if matches!(field.shape, Shape::Data) => Event::Data {
                field: field.name,
                range,
            },
            _ => Event::Unknown { number, range },
        }
    }

    fn delimited(&mut self, known: Option<&'static Field>, number: u32, length: u64) -> Result<Event, Error> {
        let start = self.offset();
        let range = start..start.saturating_add(length);
        let Some(field) = known else {
            self.cursor.set_offset(range.end);
            return Ok(Event::Unknown { number, range });
        };
        match field.shape {
            Shape::Message(schema) => self.enter(field, schema, range),
            Shape::Text => {
                let kept = length.min(self.limits.constant as u64);
                let mut bytes = Vec::new();
                self.cursor.by_ref().take(kept).read_to_end(&mut bytes)?;
                self.cursor.set_offset(range.end);
                Ok(Event::Text {
                    field: field.name,
                    bytes,
                    range,
                })
            }
            Shape::Number => {
                self.packed = Some((field, range.end));
                Ok(Event::Data {
                    field: field.name,
                    range,
                })
            }
            Shape::Data => {
                self.cursor.set_offset(range.end);
                Ok(Event::Data {
                    field: field.name,
                    range,
                })
            }
        }
    }

    fn enter(
        &mut self,
        field: &'static Field,
        schema: &'static Schema,
        range: Range<u64>,
    ) -> Result<Event, Error> {
        let depth = self.open.len() as u64;
        crate::reader::within(
            "messages within messages",
            depth,
            self.limits.nesting as u64,
            range.start,
        )?;
        self.budget.objects = self
            .budget
            .objects
            .checked_sub(1)
            .ok_or_else(|| Problem::LimitExceeded {
                offset: range.start,
                what: "messages",
                asked: self.limits.objects.saturating_add(1),
                limit: self.limits.objects,
            })?;
        self.open.push((schema, range.end));
        Ok(Event::Enter {
            schema,
            field: field.name,
            range,
        })
    }

    /// The next of packed numbers. They are varints in every schema here that has packed numbers worth reading.
    fn packed(&mut self) -> Result<Option<Event>, Error> {
        let Some((field, end)) = self.packed else {
            return Ok(None);
        };
        if self.offset() >= end {
            self.packed = None;
            return Ok(None);
        }
        let start = self.offset();
        let bits = self.varint(end)?;
        Ok(Some(Event::Number {
            field: field.name,
            bits,
            range: start..self.offset(),
        }))
    }

    fn varint(&mut self, end: u64) -> Result<u64, Error> {
        let at = self.offset();
        let mut value = 0_u64;
        for index in 0..10_u32 {
            let [byte] = self.fixed::<1>(end)?;
            let bits = u64::from(byte & 0x7f);
            let shift = index.saturating_mul(7);
            if index == 9 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Problem::malformed(at, Fault::Varint).into())
    }

    fn fixed<const N: usize>(&mut self, end: u64) -> Result<[u8; N], Error> {
        let left = end.saturating_sub(self.offset());
        let mut bytes = [0; N];
        if left < N as u64 || self.cursor.fill_buf()?.is_empty() {
            let needed = N as u64;
            return Err(Problem::malformed(self.offset(), Fault::Overrun { needed, left }).into());
        }
        self.cursor.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Whether `content` steps through as fields that `schema` knows with the right shapes, at the outermost level, from
/// its first to its last byte, and has one of `required`. Reads a few bytes for each field.
///
/// # Errors
/// What reading raises.
pub fn fits(
    content: &Content,
    schema: &'static Schema,
    required: &[u32],
    limits: &Limits,
) -> std::io::Result<bool> {
    /// Fields that are looked at: a frozen graph has one for each node.
    const MOST_FIELDS: usize = 100_000;
    let mut budget = Budget::new(limits);
    let mut walker = Walker::new(content, schema, limits, &mut budget);
    let end = content.size();
    let mut has_required = false;
    for _ in 0..MOST_FIELDS {
        if walker.cut.is_some() {
            return Ok(false);
        }
        if walker.offset() >= end {
            return Ok(has_required);
        }
        let (number, value) = match walker.field(end) {
            Ok(field) => field,
            Err(Error::Io(error)) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(error),
            Err(_) => return Ok(false),
        };
        let known = schema.fields.iter().find(|field| field.number == number);
        let Some(field) = known else {
            return Ok(false);
        };
        if !matches!(field.shape, Shape::Number) && matches!(value, Value::Bits(_)) {
            return Ok(false);
        }
        has_required |= required.contains(&number);
        if let Value::Length(length) = value {
            walker.cursor.set_offset(walker.offset().saturating_add(length));
        }
    }
    Ok(has_required)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    static INNER: Schema = Schema {
        name: "Inner",
        fields: &[
            field(1, "text", Shape::Text),
            field(2, "again", Shape::Message(&INNER)),
        ],
    };
    static OUTER: Schema = Schema {
        name: "Outer",
        fields: &[
            field(1, "number", Shape::Number),
            field(2, "inner", Shape::Message(&INNER)),
            field(3, "data", Shape::Data),
        ],
    };

    fn walk(bytes: &[u8]) -> (Vec<Event>, Option<Error>) {
        let limits = Limits::default();
        let mut budget = Budget::new(&limits);
        let content = Content::from(bytes.to_vec());
        let mut walker = Walker::new(&content, &OUTER, &limits, &mut budget);
        let mut events = Vec::new();
        loop {
            match walker.step() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => return (events, None),
                Err(error) => return (events, Some(error)),
            }
        }
    }

    #[test]
    fn steps_into_messages_and_over_data() {
        let (events, error) = walk(b"\x08\x96\x01\x12\x03\x0a\x01x\x1a\x02zz\x22\x01?\x0a\x02\x01\x02");
        assert!(error.is_none(), "{error:?}");
        let seen: Vec<String> = events
            .iter()
            .map(|event| match event {
                Event::Enter { field, range, .. } => format!("enter {field} {range:?}"),
                Event::Leave { schema } => format!("leave {}", schema.name),
                Event::Text { bytes, .. } => format!("text {}", String::from_utf8_lossy(bytes)),
                Event::Number { bits, .. } => format!("number {bits}"),
                Event::Data { field, range } => format!("{field} {range:?}"),
                Event::Unknown { number, range } => format!("unknown {number} {range:?}"),
            })
            .collect();
        assert_eq!(
            seen,
            [
                "number 150",
                "enter inner 5..8",
                "text x",
                "leave Inner",
                "data 10..12",
                "unknown 4 14..15",
                "number 17..19",
                "number 1",
                "number 2"
            ]
        );
    }

    #[test]
    fn a_field_cannot_reach_beyond_its_message() {
        for bytes in [
            &b"\x12\x05\x0a\x01x"[..],
            b"\x12\x03\x0a\x05x",
            b"\x08\x80",
            b"\x08",
            b"\x0d\x01\x02",
            b"\x00\x01",
            b"\x0b",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        ] {
            assert!(walk(bytes).1.is_some(), "{bytes:?}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let mut bytes = Vec::new();
        for _ in 0..1000_u32 {
            let length = u16::try_from(bytes.len()).unwrap();
            let low = u8::try_from(length & 0x7f).unwrap() | 0x80;
            let high = u8::try_from(length >> 7).unwrap();
            bytes = [&[0x12, low, high], bytes.as_slice()].concat();
        }
        let (events, error) = walk(&bytes);
        assert_eq!(events.len(), Limits::default().nesting);
        assert!(matches!(
            error,
            Some(Error::Refused(Problem::LimitExceeded { .. }))
        ));
    }

    #[test]
    fn a_whole_file_of_known_fields_fits() {
        let whole =
            |bytes: &[u8]| fits(&Content::from(bytes.to_vec()), &OUTER, &[2], &Limits::default()).unwrap();
        assert!(whole(b"\x08\x01\x12\x00"));
        assert!(!whole(b"\x08\x01"), "what is required is missing");
        assert!(!whole(b"\x08\x01\x12\x00\x22\x00"), "an unknown field");
        assert!(!whole(b"\x08\x01\x12\x01"), "cut");
        assert!(!whole(b""));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let (events, _) = walk(&bytes);
            prop_assert!(events.len() <= bytes.len() * 2);
        }
    }
}
