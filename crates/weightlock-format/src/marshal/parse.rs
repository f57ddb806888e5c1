//! One attempt at marshalled data with one layout of code objects.

use std::collections::BTreeSet;

use super::{Code, Fault, Layout, Marshalled};
use crate::{
    Problem,
    limits::Limits,
    reader::{Endian, Reader, within},
};

/// CPython refuses what is nested deeper.
const DEPTH: u64 = 2000;
/// Objects of one piece of marshalled data. A large module has some ten thousand.
const OBJECTS: u64 = 500_000;
/// The bit of a tag that makes an object one that can be referred to.
const CAN_BE_REFERRED_TO: u8 = 0x80;

/// What comes next in a code object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Field {
    Number,
    ByteCode,
    Constants,
    Names,
    FileName,
    Name,
    /// An object that does not matter here.
    Other,
}

impl Layout {
    const fn fields(self) -> &'static [Field] {
        use Field::{ByteCode, Constants, FileName, Name, Names, Number, Other};
        match self {
            Self::Python2 => &[
                Number, Number, Number, Number, ByteCode, Constants, Names, Other, Other, Other, FileName,
                Name, Number, Other,
            ],
            Self::Python3 => &[
                Number, Number, Number, Number, Number, ByteCode, Constants, Names, Other, Other, Other,
                FileName, Name, Number, Other,
            ],
            Self::Python38 => &[
                Number, Number, Number, Number, Number, Number, ByteCode, Constants, Names, Other, Other,
                Other, FileName, Name, Number, Other,
            ],
            Self::Python311 => &[
                Number, Number, Number, Number, Number, ByteCode, Constants, Names, Other, Other, FileName,
                Name, Other, Number, Other, Other,
            ],
        }
    }
}

type Id = usize;

/// An object that was read.
#[derive(Debug)]
enum Object {
    Text(String),
    Bytes { offset: u64, length: u64 },
    Many(Vec<Id>),
    Code,
    Null,
    Other,
}

impl Object {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// An object that has begun.
#[derive(Debug)]
struct Open {
    kind: Kind,
    items: Vec<Id>,
    /// The object that it becomes.
    id: Id,
}

#[derive(Debug)]
enum Kind {
    Many { left: u64 },
    Dict,
    Code { index: usize, field: usize },
}

#[derive(Debug)]
struct Parser<'a> {
    reader: Reader<'a>,
    layout: Layout,
    constant: usize,
    objects: Vec<Object>,
    open: Vec<Open>,
    references: Vec<Id>,
    interned: Vec<Id>,
    codes: Vec<Code>,
    /// Constants of each code object.
    constants: Vec<Option<Id>>,
}

pub(super) fn read(
    bytes: &[u8],
    offset: u64,
    layout: Layout,
    limits: &Limits,
) -> Result<Marshalled, Problem> {
    let mut parser = Parser {
        reader: Reader::new(bytes, offset, Endian::Little),
        layout,
        constant: limits.constant,
        objects: Vec::new(),
        open: Vec::new(),
        references: Vec::new(),
        interned: Vec::new(),
        codes: Vec::new(),
        constants: Vec::new(),
    };
    loop {
        let done = parser.object()?;
        if parser.settle(done)? {
            break;
        }
    }
    parser.keep_constants();
    Ok(Marshalled {
        layout,
        codes: parser.codes,
        size: parser.reader.offset().saturating_sub(offset),
    })
}

impl Parser<'_> {
    /// Reads the next object; `None` when it has begun and others belong to it.
    fn object(&mut self) -> Result<Option<Id>, Problem> {
        let at = self.reader.offset();
        within(
            "objects in marshalled data",
            self.objects.len() as u64,
            OBJECTS,
            at,
        )?;
        let tag = self.reader.u8()?;
        let kind = tag & !CAN_BE_REFERRED_TO;
        match kind {
            b'r' | b'R' => {
                let index = usize::try_from(self.reader.u32()?).unwrap_or(usize::MAX);
                let table = if kind == b'r' {
                    &self.references
                } else {
                    &self.interned
                };
                let id = table.get(index).copied();
                return id
                    .map(Some)
                    .ok_or_else(|| Problem::malformed(at, Fault::Reference));
            }
            _ => {}
        }
        let id = self.objects.len();
        self.objects.push(Object::Other);
        if tag & CAN_BE_REFERRED_TO != 0 {
            self.references.push(id);
        }
        let many = |left: u64| Kind::Many { left };
        let begun = match kind {
            b'(' | b'[' | b'<' | b'>' => many(u64::from(self.reader.u32()?)),
            b')' => many(u64::from(self.reader.u8()?)),
            b':' => many(3),
            b'{' => Kind::Dict,
            b'c' => self.code(at),
            _ => {
                let object = self.leaf(kind, tag, at, id)?;
                if let Some(place) = self.objects.get_mut(id) {
                    *place = object;
                }
                return Ok(Some(id));
            }
        };
        within(
            "objects within each other in marshalled data",
            self.open.len() as u64,
            DEPTH,
            at,
        )?;
        self.open.push(Open {
            kind: begun,
            items: Vec::new(),
            id,
        });
        Ok(None)
    }

    fn code(&mut self, offset: u64) -> Kind {
        let index = self.codes.len();
        self.codes.push(Code {
            offset,
            ..Code::default()
        });
        self.constants.push(None);
        Kind::Code { index, field: 0 }
    }

    fn leaf(&mut self, kind: u8, tag: u8, at: u64, id: Id) -> Result<Object, Problem> {
        let skip = match kind {
            b'0' => return Ok(Object::Null),
            b'N' | b'F' | b'T' | b'S' | b'.' => 0,
            b'i' => 4,
            b'I' | b'g' => 8,
            b'y' => 16,
            b'l' => {
                // Digits of 15 bits; the sign is that of their count.
                let count = self.reader.u32()?.cast_signed().unsigned_abs();
                u64::from(count).saturating_mul(2)
            }
            b'f' => u64::from(self.reader.u8()?),
            b'x' => {
                let real = u64::from(self.reader.u8()?);
                self.reader.take(real)?;
                u64::from(self.reader.u8()?)
            }
            b's' => {
                let length = u64::from(self.reader.u32()?);
                if self.layout == Layout::Python2 {
                    return self.text(length);
                }
                let offset = self.reader.offset();
                self.reader.take(length)?;
                return Ok(Object::Bytes { offset, length });
            }
            b't' | b'u' | b'a' | b'A' => {
                if kind == b't' {
                    self.interned.push(id);
                }
                let length = self.reader.u32()?;
                return self.text(u64::from(length));
            }
            b'z' | b'Z' => {
                let length = self.reader.u8()?;
                return self.text(u64::from(length));
            }
            _ => return Err(Problem::malformed(at, Fault::Tag(tag))),
        };
        self.reader.take(skip)?;
        Ok(Object::Other)
    }

    fn text(&mut self, length: u64) -> Result<Object, Problem> {
        let bytes = self.reader.take(length)?;
        let kept = bytes.get(..bytes.len().min(self.constant)).unwrap_or_default();
        Ok(Object::Text(String::from_utf8_lossy(kept).into_owned()))
    }

    /// Hands what was read to the object around it, and that in turn when it is whole; whether everything is.
    fn settle(&mut self, mut done: Option<Id>) -> Result<bool, Problem> {
        loop {
            if let Some(id) = done.take() {
                let Some(open) = self.open.last_mut() else {
                    return Ok(true);
                };
                open.items.push(id);
                match &mut open.kind {
                    Kind::Many { left } => *left = left.saturating_sub(1),
                    Kind::Dict => {}
                    Kind::Code { index, field } => {
                        let (index, at) = (*index, *field);
                        *field = field.saturating_add(1);
                        self.field(index, at, id)?;
                    }
                }
            }
            self.numbers()?;
            if !self.is_whole() {
                return Ok(false);
            }
            if let Some(open) = self.open.pop() {
                let object = match open.kind {
                    Kind::Code { .. } => Object::Code,
                    _ => Object::Many(open.items),
                };
                if let Some(place) = self.objects.get_mut(open.id) {
                    *place = object;
                }
                done = Some(open.id);
            }
        }
    }

    fn is_whole(&self) -> bool {
        let Some(open) = self.open.last() else {
            return false;
        };
        match open.kind {
            Kind::Many { left } => left == 0,
            Kind::Dict => {
                let last = open.items.last().and_then(|&id| self.objects.get(id));
                matches!(last, Some(Object::Null))
            }
            Kind::Code { field, .. } => field >= self.layout.fields().len(),
        }
    }

    /// Reads the numbers that come next in a code object.
    fn numbers(&mut self) -> Result<(), Problem> {
        let fields = self.layout.fields();
        if let Some(Open {
            kind: Kind::Code { field, .. },
            ..
        }) = self.open.last_mut()
        {
            while fields.get(*field) == Some(&Field::Number) {
                self.reader.u32()?;
                *field = field.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Puts `id` where it belongs in a code object.
    fn field(&mut self, index: usize, field: usize, id: Id) -> Result<(), Problem> {
        let at = self.reader.offset();
        let wrong = || Problem::malformed(at, Fault::Field);
        let due = self.layout.fields().get(field).copied();
        let object = self.objects.get(id).ok_or_else(wrong)?;
        let code = self.codes.get_mut(index).ok_or_else(wrong)?;
        match (due, object) {
            (Some(Field::Other), _) | (Some(Field::ByteCode), Object::Bytes { .. }) => {}
            (Some(Field::ByteCode), Object::Text(_)) if self.layout == Layout::Python2 => {}
            (Some(Field::Constants), Object::Many(_)) => {
                if let Some(place) = self.constants.get_mut(index) {
                    *place = Some(id);
                }
            }
            (Some(Field::Names), Object::Many(items)) => {
                for &item in items {
                    let name = self.objects.get(item).and_then(Object::text).ok_or_else(wrong)?;
                    code.names.push(name.to_owned());
                }
            }
            (Some(Field::FileName), object) => {
                object.text().ok_or_else(wrong)?.clone_into(&mut code.filename)
            }
            (Some(Field::Name), object) => object.text().ok_or_else(wrong)?.clone_into(&mut code.name),
            _ => return Err(wrong()),
        }
        Ok(())
    }

    /// Gives each code object the texts and bytes among its constants, those in tuples and sets included.
    fn keep_constants(&mut self) {
        let mut seen = BTreeSet::new();
        for (code, constants) in self.codes.iter_mut().zip(&self.constants) {
            let mut open: Vec<Id> = constants.iter().copied().collect();
            while let Some(id) = open.pop() {
                if !seen.insert(id) {
                    continue;
                }
                match self.objects.get(id) {
                    Some(Object::Text(text)) => code.texts.push(text.clone()),
                    Some(&Object::Bytes { offset, length }) => code.bytes.push((offset, length)),
                    Some(Object::Many(items)) => open.extend(items.iter().rev()),
                    _ => {}
                }
            }
        }
    }
}
