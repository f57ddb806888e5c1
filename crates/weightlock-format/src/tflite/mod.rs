//! TensorFlow Lite models. <https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs>
//!
//! A FlatBuffer with the identifier `TFL3`: operator codes, subgraphs of tensors and operators, and buffers with the
//! tensors' data. Interpreters index tensors, buffers and operator codes by numbers of the file, and have read
//! outside their tables by such numbers, so each is compared with the table that it indexes.

use std::ops::Range;

use weightlock_artifact::reason::Code;

use crate::{
    Error, Problem,
    content::Content,
    flatbuffer::{FlatBuffer, Table, Vector},
    limits::{Budget, Limits},
    reason,
};

/// A broken rule of TensorFlow Lite.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A number that picks from a table is outside the table.
    #[error("{what} {index} is used, and there are {count}")]
    Index {
        /// What is picked.
        what: &'static str,
        /// The number.
        index: i64,
        /// Entries of the table.
        count: u32,
    },
    /// A buffer lies outside the file.
    #[error("a buffer of {length} bytes at {offset} lies outside the file")]
    Buffer {
        /// Where it begins.
        offset: u64,
        /// Its bytes.
        length: u64,
    },
}

impl Fault {
    pub(crate) const fn code(self) -> Code {
        reason::RANGE
    }
}

/// What a model is made of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Model {
    /// The operators that are no part of TensorFlow Lite, by name; `Flex` before the name of a TensorFlow operator.
    pub custom: Vec<String>,
    /// Where the buffers' data lies.
    pub buffers: Vec<Range<u64>>,
    /// Names of the metadata entries.
    pub metadata: Vec<String>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Bytes that nothing that was read refers to: options of operators, padding, or something hidden.
    pub gaps: Vec<Range<u64>>,
}

/// The number of the operator that stands for all that are no part of TensorFlow Lite.
const CUSTOM: i32 = 32;
/// Problems that are listed.
const MOST_PROBLEMS: usize = 100;
/// Bytes of a name.
const MOST_NAME: usize = 256;

/// Reads a model.
///
/// # Errors
/// The first offset that leads outside the file, a limit, or what reading raises.
pub fn read(content: &Content, limits: &Limits, budget: &mut Budget) -> Result<Model, Error> {
    let mut reader = Reading {
        flat: FlatBuffer::new(content),
        budget,
        limits,
        size: content.size(),
        model: Model::default(),
        codes: 0,
        buffers: 0,
    };
    reader.read()?;
    let mut model = reader.model;
    model.gaps = reader.flat.gaps();
    Ok(model)
}

struct Reading<'a> {
    flat: FlatBuffer<'a>,
    budget: &'a mut Budget,
    limits: &'a Limits,
    size: u64,
    model: Model,
    codes: u32,
    buffers: u32,
}

impl Reading<'_> {
    fn read(&mut self) -> Result<(), Error> {
        let root = self.flat.root()?;
        let codes = self.flat.vector(&root, 1, 4)?;
        self.codes = codes.map_or(0, |vector| vector.count);
        self.each(codes, Self::operator_code)?;
        let buffers = self.flat.vector(&root, 4, 4)?;
        self.buffers = buffers.map_or(0, |vector| vector.count);
        self.each(buffers, Self::buffer)?;
        let graphs = self.flat.vector(&root, 2, 4)?;
        self.each(graphs, Self::subgraph)?;
        self.flat.text(&root, 3, MOST_NAME)?;
        self.flat.vector(&root, 5, 4)?;
        let metadata = self.flat.vector(&root, 6, 4)?;
        self.each(metadata, Self::metadata)
    }

    fn each(
        &mut self,
        vector: Option<Vector>,
        read: fn(&mut Self, &Table) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(vector) = vector else {
            return Ok(());
        };
        self.spend(vector)?;
        for index in 0..vector.count {
            let table = self.flat.table_element(vector, index)?;
            read(self, &table)?;
        }
        Ok(())
    }

    /// Tables and vectors can be referred to many times, so each use of an element counts.
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

    fn operator_code(&mut self, table: &Table) -> Result<(), Error> {
        let old = self
            .flat
            .number::<1>(table, 0)?
            .map_or(0, |[byte]| i32::from(byte.cast_signed()));
        let new = self.flat.number(table, 3)?.map_or(0, i32::from_le_bytes);
        let name = self.flat.text(table, 1, MOST_NAME)?;
        match name {
            Some(name) => self.model.custom.push(name),
            None if old.max(new) == CUSTOM => self.model.custom.push(String::new()),
            None => {}
        }
        Ok(())
    }

    fn buffer(&mut self, table: &Table) -> Result<(), Error> {
        if let Some(data) = self.flat.vector(table, 0, 1)?
            && data.count > 0
        {
            self.model
                .buffers
                .push(data.start..data.start.saturating_add(u64::from(data.count)));
        }
        let offset = self.flat.number(table, 1)?.map_or(0, u64::from_le_bytes);
        let length = self.flat.number(table, 2)?.map_or(0, u64::from_le_bytes);
        // Offsets of 0 and 1 say that the data is in the vector.
        if offset > 1 {
            let end = offset.checked_add(length).filter(|&end| end <= self.size);
            match end {
                Some(end) => {
                    self.flat.visit(offset, length);
                    self.model.buffers.push(offset..end);
                }
                None => self.problem(offset, Fault::Buffer { offset, length }),
            }
        }
        Ok(())
    }

    fn subgraph(&mut self, table: &Table) -> Result<(), Error> {
        let tensors = self.flat.vector(table, 0, 4)?;
        let count = tensors.map_or(0, |vector| vector.count);
        self.each(tensors, Self::tensor)?;
        for index in [1, 2] {
            self.indices(table, index, count)?;
        }
        self.flat.text(table, 4, MOST_NAME)?;
        let Some(operators) = self.flat.vector(table, 3, 4)? else {
            return Ok(());
        };
        self.spend(operators)?;
        for index in 0..operators.count {
            let operator = self.flat.table_element(operators, index)?;
            self.operator(&operator, count)?;
        }
        Ok(())
    }

    fn tensor(&mut self, table: &Table) -> Result<(), Error> {
        self.flat.vector(table, 0, 4)?;
        self.flat.text(table, 3, MOST_NAME)?;
        let buffer = self.flat.number(table, 2)?.map_or(0, u32::from_le_bytes);
        if buffer != 0 && buffer >= self.buffers {
            let at = FlatBuffer::field(table, 2).unwrap_or_default();
            let count = self.buffers;
            self.out_of(at, "buffer", i64::from(buffer), count);
        }
        Ok(())
    }

    fn operator(&mut self, table: &Table, tensors: u32) -> Result<(), Error> {
        let code = self.flat.number(table, 0)?.map_or(0, u32::from_le_bytes);
        if code >= self.codes {
            let at = FlatBuffer::field(table, 0).unwrap_or_default();
            let count = self.codes;
            self.out_of(at, "operator code", i64::from(code), count);
        }
        for index in [1, 2] {
            self.indices(table, index, tensors)?;
        }
        Ok(())
    }

    /// Indices of tensors; -1 stands for none.
    fn indices(&mut self, table: &Table, field: usize, tensors: u32) -> Result<(), Error> {
        let Some(vector) = self.flat.vector(table, field, 4)? else {
            return Ok(());
        };
        self.spend(vector)?;
        for element in 0..vector.count {
            let index = self.flat.i32_element(vector, element)?;
            let inside = u32::try_from(index).is_ok_and(|index| index < tensors);
            if index != -1 && !inside {
                self.out_of(vector.start, "tensor", i64::from(index), tensors);
            }
        }
        Ok(())
    }

    fn metadata(&mut self, table: &Table) -> Result<(), Error> {
        let name = self.flat.text(table, 0, MOST_NAME)?;
        self.model.metadata.extend(name);
        Ok(())
    }

    fn out_of(&mut self, at: u64, what: &'static str, index: i64, count: u32) {
        self.problem(at, Fault::Index { what, index, count });
    }

    fn problem(&mut self, at: u64, fault: Fault) {
        if self.model.problems.len() < MOST_PROBLEMS {
            self.model.problems.push(Problem::malformed(at, fault));
        }
    }
}
