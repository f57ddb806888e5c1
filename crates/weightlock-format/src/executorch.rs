//! ExecuTorch programs: `.pte`. <https://github.com/pytorch/executorch/blob/main/schema/program.fbs>
//!
//! ```text
//! file    = flatbuffer padding segment*
//! offset 4: "ET12"   offset 8: "eh00" u32:header-length u64:flatbuffer-length u64:segments-start [u64:segments-length]
//! Program = version plans constants delegate-data segments constant-segment mutable-segments named-data
//! plan    = name container-types values inputs outputs chains operators delegates buffer-sizes
//! ```
//!
//! The runtime is small and runs on devices; it indexes tables by numbers of the file and maps segments at offsets of
//! the file. What counts here: which operators a program names, which backends it hands blobs to, and that every
//! segment lies in the file. Tables are taken apart as far as the schema goes, so that bytes nothing refers to show.

use std::ops::Range;

use weightlock_artifact::reason::Code;

use crate::{
    Error, Problem,
    content::Content,
    flatbuffer::{FlatBuffer, Table, Vector},
    limits::{Budget, Limits},
    reader::{Endian, Reader},
    reason,
};

/// A broken rule of ExecuTorch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The flatbuffer or a segment lies outside the file.
    #[error("{length} bytes at {offset} lie outside the file")]
    Outside {
        /// Where they begin.
        offset: u64,
        /// How many there are.
        length: u64,
    },
    /// A number that picks from a table is outside the table.
    #[error("{what} {index} is used, and there are {count}")]
    Index {
        /// What is picked.
        what: &'static str,
        /// The number.
        index: u64,
        /// Entries of the table.
        count: u64,
    },
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::Outside { .. } | Self::Index { .. } => reason::RANGE,
        }
    }
}

/// What a program is made of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Program {
    /// Operators, by name: `aten::add`, and where each is named.
    pub operators: Vec<(String, u64)>,
    /// Backends that blobs are handed to, and where each is named.
    pub delegates: Vec<(String, u64)>,
    /// Blobs: constants, data of backends, segments.
    pub blobs: Vec<Range<u64>>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Bytes of the flatbuffer that nothing refers to, and those between the segments.
    pub gaps: Vec<Range<u64>>,
}

/// A field of a table of the schema. Numbers need no entry: they lie in the table itself.
#[derive(Clone, Copy)]
enum Field {
    Text(usize),
    /// A vector of numbers of so many bytes.
    Numbers(usize, u64),
    Table(usize, &'static [Self]),
    Tables(usize, &'static [Self]),
    /// A union: its kind lies in the field before; each kind has a schema.
    Union(usize, &'static [&'static [Self]]),
    /// A vector of bytes that is a blob.
    Blob(usize),
}

use Field::{Blob, Numbers, Table as One, Tables, Text, Union};

const NONE: &[Field] = &[];
const INTS: &[Field] = &[Numbers(0, 4)];
const LONGS: &[Field] = &[Numbers(0, 8)];
const ARGUMENTS: &[Field] = &[Numbers(1, 4)];
const TENSOR: &[Field] = &[Numbers(2, 4), Numbers(3, 1), One(6, NONE), One(9, &[Text(1)])];
/// Null, Int, Bool, Double, Tensor, String, IntList, DoubleList, BoolList, TensorList, OptionalTensorList.
const VALUES: &[&[Field]] = &[
    NONE,
    NONE,
    NONE,
    NONE,
    TENSOR,
    &[Text(0)],
    LONGS,
    LONGS,
    &[Numbers(0, 1)],
    INTS,
    INTS,
];
/// KernelCall, DelegateCall, MoveCall, JumpFalseCall, FreeCall.
const CALLS: &[&[Field]] = &[ARGUMENTS, ARGUMENTS, NONE, NONE, NONE];
const FRAME: &[Field] = &[Text(0), Text(2), Text(3)];
const CHAIN: &[Field] = &[
    Numbers(0, 4),
    Numbers(1, 4),
    Tables(2, &[Union(1, CALLS)]),
    Tables(3, &[Tables(0, FRAME)]),
];
const PLAN: &[Field] = &[
    Text(0),
    One(1, &[Text(0), Text(1)]),
    Tables(2, &[Union(1, VALUES)]),
    Numbers(3, 4),
    Numbers(4, 4),
    Tables(5, CHAIN),
    Numbers(8, 8),
];
const SUBSEGMENT: &[Field] = &[Numbers(1, 8)];
const PROGRAM: &[Field] = &[
    Tables(1, PLAN),
    Tables(2, &[Blob(0)]),
    Tables(3, &[Blob(0)]),
    One(5, SUBSEGMENT),
    Tables(6, SUBSEGMENT),
    Tables(7, &[Text(0), One(2, &[Numbers(1, 4), Numbers(2, 1)])]),
];

/// Bytes of a name.
const NAME_BYTES: usize = 256;
/// Problems that are listed.
const MOST_PROBLEMS: usize = 100;

/// The header behind the root of the flatbuffer.
struct Extended {
    program: u64,
    segments: u64,
}

/// Reads a program.
///
/// # Errors
/// The first offset that leads outside the file, a limit, or what reading raises.
pub fn read(content: &Content, limits: &Limits, budget: &mut Budget) -> Result<Program, Error> {
    let extended = extended(content)?;
    let size = content.size();
    let flat_size = extended.as_ref().map_or(size, |header| header.program);
    if flat_size > size {
        let fault = Fault::Outside {
            offset: 0,
            length: flat_size,
        };
        return Err(Problem::malformed(8, fault).into());
    }
    let flat_content = content.part(0, flat_size);
    let mut reading = Reading {
        flat: FlatBuffer::new(&flat_content),
        limits,
        budget,
        program: Program::default(),
    };
    if extended.is_some() {
        reading.flat.visit(8, 24);
    }
    let segments = reading.read()?;
    let mut program = reading.program;
    program.gaps = reading.flat.gaps();
    program.place(
        &segments,
        extended.map_or(0, |header| header.segments),
        flat_size,
        size,
    );
    Ok(program)
}

fn extended(content: &Content) -> Result<Option<Extended>, Error> {
    let head = content.read(8, 24)?;
    let mut reader = Reader::new(&head, 8, Endian::Little);
    if !head.starts_with(b"eh00") {
        return Ok(None);
    }
    reader.take(4)?;
    reader.u32()?;
    Ok(Some(Extended {
        program: reader.u64()?,
        segments: reader.u64()?,
    }))
}

impl Program {
    /// Puts the segments, each a start and a length, behind the flatbuffer, and tells what lies between them.
    fn place(&mut self, segments: &[(u64, u64)], base: u64, flat_size: u64, size: u64) {
        let mut placed = Vec::new();
        for &(offset, length) in segments {
            let start = base.checked_add(offset);
            let end = start
                .and_then(|start| start.checked_add(length))
                .filter(|&end| end <= size);
            match start.zip(end) {
                Some((start, end)) => placed.push(start..end),
                None => self.problem(flat_size, Fault::Outside { offset, length }),
            }
        }
        placed.sort_by_key(|range| (range.start, range.end));
        let mut at = flat_size;
        for range in &placed {
            if range.start > at {
                self.gaps.push(at..range.start);
            }
            at = range.end.max(at);
        }
        if at < size {
            self.gaps.push(at..size);
        }
        self.blobs.extend(placed);
    }

    fn problem(&mut self, offset: u64, fault: Fault) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem::malformed(offset, fault));
        }
    }
}

struct Reading<'a> {
    flat: FlatBuffer<'a>,
    limits: &'a Limits,
    budget: &'a mut Budget,
    program: Program,
}

impl Reading<'_> {
    /// Walks the flatbuffer, and gives the segments.
    fn read(&mut self) -> Result<Vec<(u64, u64)>, Error> {
        let root = self.flat.root()?;
        self.walk(root.clone())?;
        let inline = self.flat.vector(&root, 3, 4)?.map_or(0, |vector| vector.count);
        let segments = self.segments(&root)?;
        if let Some(plans) = self.flat.vector(&root, 1, 4)? {
            for index in 0..plans.count {
                let plan = self.flat.table_element(plans, index)?;
                self.operators(&plan)?;
                self.delegates(&plan, u64::from(inline), segments.len() as u64)?;
            }
        }
        Ok(segments)
    }

    /// Takes apart what the schema describes, without recursion: the schema itself is a few levels deep, and each
    /// element of a vector counts against the budget, however often it is referred to.
    fn walk(&mut self, root: Table) -> Result<(), Error> {
        let mut open: Vec<(Table, &'static [Field])> = vec![(root, PROGRAM)];
        while let Some((table, fields)) = open.pop() {
            for &field in fields {
                match field {
                    Text(index) => {
                        self.flat.text(&table, index, 0)?;
                    }
                    Numbers(index, bytes) => {
                        self.flat.vector(&table, index, bytes)?;
                    }
                    One(index, inner) => {
                        open.extend(self.flat.table_field(&table, index)?.map(|table| (table, inner)));
                    }
                    Tables(index, inner) => {
                        if let Some(vector) = self.flat.vector(&table, index, 4)? {
                            self.spend(vector)?;
                            for element in 0..vector.count {
                                open.push((self.flat.table_element(vector, element)?, inner));
                            }
                        }
                    }
                    Union(index, kinds) => {
                        let kind = self.flat.number::<1>(&table, index.saturating_sub(1))?;
                        let kind = kind.and_then(|[kind]| kinds.get(usize::from(kind).checked_sub(1)?));
                        if let Some(inner) = kind {
                            open.extend(self.flat.table_field(&table, index)?.map(|table| (table, *inner)));
                        }
                    }
                    Blob(index) => {
                        if let Some(blob) = self.flat.vector(&table, index, 1)?.filter(|blob| blob.count > 0)
                        {
                            let end = blob.start.saturating_add(u64::from(blob.count));
                            self.program.blobs.push(blob.start..end);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn operators(&mut self, plan: &Table) -> Result<(), Error> {
        let Some(operators) = self.flat.vector(plan, 6, 4)? else {
            return Ok(());
        };
        self.spend(operators)?;
        for index in 0..operators.count {
            let operator = self.flat.table_element(operators, index)?;
            let at = FlatBuffer::field(&operator, 0).unwrap_or_default();
            let name = self.flat.text(&operator, 0, NAME_BYTES)?.unwrap_or_default();
            self.flat.text(&operator, 1, 0)?;
            self.program.operators.push((name, at));
        }
        Ok(())
    }

    fn delegates(&mut self, plan: &Table, inline: u64, segments: u64) -> Result<(), Error> {
        let Some(delegates) = self.flat.vector(plan, 7, 4)? else {
            return Ok(());
        };
        self.spend(delegates)?;
        for index in 0..delegates.count {
            let delegate = self.flat.table_element(delegates, index)?;
            let at = FlatBuffer::field(&delegate, 0).unwrap_or_default();
            let name = self.flat.text(&delegate, 0, NAME_BYTES)?.unwrap_or_default();
            self.program.delegates.push((name, at));
            if let Some(processed) = self.flat.table_field(&delegate, 1)? {
                let in_segment = self
                    .flat
                    .number::<1>(&processed, 0)?
                    .is_some_and(|[place]| place != 0);
                let index = self.flat.number(&processed, 1)?.map_or(0, u32::from_le_bytes);
                let (what, count) = match in_segment {
                    true => ("segment", segments),
                    false => ("delegate data", inline),
                };
                if u64::from(index) >= count {
                    let index = u64::from(index);
                    self.program.problem(at, Fault::Index { what, index, count });
                }
            }
            if let Some(specs) = self.flat.vector(&delegate, 2, 4)? {
                self.spend(specs)?;
                for index in 0..specs.count {
                    let spec = self.flat.table_element(specs, index)?;
                    self.flat.text(&spec, 0, 0)?;
                    self.flat.vector(&spec, 1, 1)?;
                }
            }
        }
        Ok(())
    }

    fn segments(&mut self, root: &Table) -> Result<Vec<(u64, u64)>, Error> {
        let mut segments = Vec::new();
        let Some(vector) = self.flat.vector(root, 4, 4)? else {
            return Ok(segments);
        };
        self.spend(vector)?;
        for index in 0..vector.count {
            let segment = self.flat.table_element(vector, index)?;
            let offset = self.flat.number(&segment, 0)?.map_or(0, u64::from_le_bytes);
            let length = self.flat.number(&segment, 1)?.map_or(0, u64::from_le_bytes);
            segments.push((offset, length));
        }
        Ok(segments)
    }

    fn spend(&mut self, vector: Vector) -> Result<(), Error> {
        let asked = u64::from(vector.count);
        let Some(left) = self.budget.objects.checked_sub(asked) else {
            let limit = self.limits.objects;
            return Err(Problem::LimitExceeded {
                offset: vector.start,
                what: "elements of tables",
                asked,
                limit,
            }
            .into());
        };
        self.budget.objects = left;
        Ok(())
    }
}
