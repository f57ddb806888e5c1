//! The entries of the header, read event by event: no tree of the JSON text is built, so memory is bounded by
//! what is kept, whatever else a header may hold.

use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
};

use serde_json::Value;

use super::{
    Fault,
    header::{Limits, limit},
};
use crate::{
    Dtype, Named, Problem,
    json::{
        self,
        events::{Event, Events},
    },
    layout::{Tensor, elements},
    reader::within,
};

/// All that a header holds.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) metadata: Option<BTreeMap<String, String>>,
    pub(super) tensors: Vec<Tensor>,
    /// Tensors with a range that means nothing.
    pub(super) lost: u64,
    pub(super) problems: Vec<Problem>,
}

/// An entry as written.
#[derive(Default)]
struct Raw {
    dtype: Option<String>,
    shape: Option<Vec<u64>>,
    offsets: Option<Vec<u64>>,
}

impl Entries {
    /// Reads `text`, which begins at `offset`; the data begins at `data_start`.
    pub(super) fn read(text: &[u8], offset: u64, data_start: u64, limits: Limits) -> Result<Self, Problem> {
        let json = json::Limits {
            bytes: limits.bytes,
            depth: json::Limits::default().depth,
            // Each entry is an object, a text, two arrays, two offsets and its dimensions.
            values: limits.bytes,
        };
        let mut parser = Parser {
            events: Events::new(text, offset, json),
            data_start,
            most: limits.tensors,
            names: HashSet::new(),
            entries: Self::default(),
        };
        parser.header()?;
        Ok(parser.entries)
    }
}

struct Parser<'a> {
    events: Events<'a>,
    data_start: u64,
    most: u64,
    names: HashSet<String>,
    entries: Entries,
}

impl Parser<'_> {
    fn header(&mut self) -> Result<(), Problem> {
        self.start_object(|| Fault::NotObject)?;
        while let Some((offset, name)) = self.key()? {
            if name == "__metadata__" {
                if self.entries.metadata.is_some() {
                    return Err(duplicate_key(offset, &name));
                }
                self.entries.metadata = Some(self.metadata()?);
            } else {
                self.tensor(offset, name)?;
            }
        }
        // The events end with an error where text other than padding follows the object.
        match self.events.next()? {
            None => Ok(()),
            Some((offset, _)) => Err(Problem::malformed(offset, json::Fault::Trailing)),
        }
    }

    fn metadata(&mut self) -> Result<BTreeMap<String, String>, Problem> {
        let mut texts = BTreeMap::new();
        self.start_object(|| Fault::Metadata)?;
        while let Some((offset, key)) = self.key()? {
            let Some((_, Event::Scalar(Value::String(text)))) = self.events.next()? else {
                return Err(Problem::malformed(offset, Fault::Metadata));
            };
            if texts.contains_key(&key) {
                return Err(duplicate_key(offset, &key));
            }
            let count = (texts.len() as u64).saturating_add(1);
            within("the number of metadata texts", count, limit::METADATA, offset)?;
            texts.insert(key, text);
        }
        Ok(texts)
    }

    fn tensor(&mut self, offset: u64, name: String) -> Result<(), Problem> {
        let count = (self.names.len() as u64).saturating_add(1);
        within("the number of tensors", count, self.most, offset)?;
        if !self.names.insert(name.clone()) {
            return Err(Problem::malformed(
                offset,
                Fault::DuplicateTensor(Named::new(&name)),
            ));
        }
        let field = |field| Fault::Field {
            name: Named::new(&name),
            field,
        };
        self.start_object(|| field("the entry"))?;
        let raw = self.fields(&name)?;
        let missing = |name| Problem::malformed(offset, field(name));
        let dtype = raw.dtype.ok_or_else(|| missing("dtype"))?;
        let shape = raw.shape.ok_or_else(|| missing("shape"))?;
        let [begin, end] = raw.offsets.unwrap_or_default()[..] else {
            return Err(missing("data_offsets"));
        };
        let written = Written {
            offset,
            dtype,
            shape,
            begin,
            end,
        };
        let tensor = written.check(name, self.data_start, &mut self.entries.problems);
        self.entries.lost = self.entries.lost.saturating_add(u64::from(tensor.is_none()));
        self.entries.tensors.extend(tensor);
        Ok(())
    }

    /// A field the format does not know: other readers may take a meaning from it.
    fn unknown_field(&mut self, offset: u64, name: &str, field: &str) -> Result<(), Problem> {
        let fault = Fault::UnknownField {
            name: Named::new(name),
            field: Named::new(field),
        };
        report(&mut self.entries.problems, offset, fault);
        let mut depth = 0_u64;
        loop {
            depth = match self.events.next()? {
                Some((_, Event::StartObject | Event::StartArray)) => depth.saturating_add(1),
                Some((_, Event::End)) => depth.saturating_sub(1),
                Some(_) => depth,
                None => 0,
            };
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn fields(&mut self, name: &str) -> Result<Raw, Problem> {
        let mut raw = Raw::default();
        while let Some((offset, key)) = self.key()? {
            let again = match key.as_str() {
                "dtype" => raw.dtype.replace(self.text(name)?).is_some(),
                "shape" => raw.shape.replace(self.numbers(name, "shape")?).is_some(),
                "data_offsets" => raw.offsets.replace(self.numbers(name, "data_offsets")?).is_some(),
                _ => {
                    self.unknown_field(offset, name, &key)?;
                    false
                }
            };
            if again {
                return Err(duplicate_key(offset, &key));
            }
        }
        Ok(raw)
    }

    fn text(&mut self, name: &str) -> Result<String, Problem> {
        match self.events.next()? {
            Some((_, Event::Scalar(Value::String(text)))) => Ok(text),
            other => Err(wrong_kind(other, name, "dtype")),
        }
    }

    /// An array of at most [`limit::DIMENSIONS`] whole numbers.
    fn numbers(&mut self, name: &str, field: &'static str) -> Result<Vec<u64>, Problem> {
        match self.events.next()? {
            Some((_, Event::StartArray)) => {}
            other => return Err(wrong_kind(other, name, field)),
        }
        let mut numbers = Vec::new();
        loop {
            match self.events.next()? {
                Some((_, Event::End)) => return Ok(numbers),
                Some((offset, Event::Scalar(Value::Number(number)))) => {
                    let count = (numbers.len() as u64).saturating_add(1);
                    within("the number of dimensions", count, limit::DIMENSIONS, offset)?;
                    let fault = || Fault::Field {
                        name: Named::new(name),
                        field,
                    };
                    numbers.push(
                        number
                            .as_u64()
                            .ok_or_else(|| Problem::malformed(offset, fault()))?,
                    );
                }
                other => return Err(wrong_kind(other, name, field)),
            }
        }
    }

    fn start_object(&mut self, fault: impl FnOnce() -> Fault) -> Result<(), Problem> {
        match self.events.next()? {
            Some((_, Event::StartObject)) => Ok(()),
            other => Err(Problem::malformed(offset_of(other.as_ref()), fault())),
        }
    }

    /// The next key of the open object; `None` at its end.
    fn key(&mut self) -> Result<Option<(u64, String)>, Problem> {
        Ok(match self.events.next()? {
            Some((offset, Event::Key(key))) => Some((offset, key)),
            _ => None,
        })
    }
}

/// An entry with all its fields, not yet judged.
struct Written {
    offset: u64,
    dtype: String,
    shape: Vec<u64>,
    begin: u64,
    end: u64,
}

impl Written {
    /// The tensor, with what is wrong about it by itself. `None` when its range means nothing.
    fn check(self, name: String, data_start: u64, problems: &mut Vec<Problem>) -> Option<Tensor> {
        let mut report = |fault| report(problems, self.offset, fault);
        let Some(found) = self.end.checked_sub(self.begin) else {
            report(Fault::Reversed(Named::new(&name)));
            return None;
        };
        let Some(bytes) = absolute(data_start, self.begin, self.end) else {
            report(Fault::OutsideFile {
                name: Named::new(&name),
                beyond: self.end,
            });
            return None;
        };
        let dtype = Dtype::from_safetensors(&self.dtype);
        match dtype {
            None => report(Fault::UnknownDtype {
                name: Named::new(&name),
                dtype: Named::new(&self.dtype),
            }),
            Some(dtype) => {
                if let Some(fault) = size_fault(&name, dtype, &self.shape, found) {
                    report(fault);
                }
            }
        }
        Some(Tensor {
            name,
            dtype,
            shape: self.shape,
            bytes,
        })
    }
}

fn report(problems: &mut Vec<Problem>, offset: u64, fault: Fault) {
    if problems.len() < limit::PROBLEMS {
        problems.push(Problem::malformed(offset, fault));
    }
}

fn absolute(data_start: u64, begin: u64, end: u64) -> Option<Range<u64>> {
    Some(data_start.checked_add(begin)?..data_start.checked_add(end)?)
}

/// What is wrong about the size of a tensor of this type and shape that has `found` bytes.
fn size_fault(name: &str, dtype: Dtype, shape: &[u64], found: u64) -> Option<Fault> {
    let name = || Named::new(name);
    let Some(elements) = elements(shape) else {
        return Some(Fault::ShapeOverflow(name()));
    };
    if elements.checked_rem(dtype.block().elements) != Some(0) {
        return Some(Fault::PartialByte(name()));
    }
    match dtype.bytes_of(elements) {
        None => Some(Fault::ShapeOverflow(name())),
        Some(needed) if needed != found => Some(Fault::WrongSize {
            name: name(),
            needed,
            found,
        }),
        Some(_) => None,
    }
}

fn wrong_kind(found: Option<(u64, Event)>, name: &str, field: &'static str) -> Problem {
    let fault = Fault::Field {
        name: Named::new(name),
        field,
    };
    Problem::malformed(offset_of(found.as_ref()), fault)
}

/// The offset of an event. Inside an object there always is one: the text cannot end there without an error.
fn offset_of(event: Option<&(u64, Event)>) -> u64 {
    event.map_or(0, |(offset, _)| *offset)
}

fn duplicate_key(offset: u64, key: &str) -> Problem {
    Problem::malformed(offset, json::Fault::DuplicateKey(Named::new(key)))
}
