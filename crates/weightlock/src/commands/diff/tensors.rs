//! Which tensors differ, and which values in them.
//!
//! Tensors are paired by name: first within the files of one name, then across files, so that a model that was
//! divided into other files is still compared. Bytes are read in pieces of a megabyte; what is kept is a count and
//! the first few values.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    os::unix::fs::FileExt as _,
};

use weightlock_artifact::{Error, digest::engine::Observer as _, path::ArtifactPath};
use weightlock_format::{
    Dtype,
    layout::{Element, Tensor},
    reader::Endian,
    value::Value,
};

use super::{TensorChange, TensorForm, ValueChange, Verdict};
use crate::{progress::Progress, sources::Source};

/// Values of one tensor that are shown.
const MOST_VALUES: usize = 8;

/// Bytes read at once from each side.
const PIECE: u64 = 1 << 20;

/// A file with tensors.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) path: ArtifactPath,
    pub(super) source: Source,
    pub(super) tensors: Vec<Tensor>,
    pub(super) endian: Endian,
}

/// One tensor and the file it lies in.
#[derive(Clone, Copy, Debug)]
struct Placed<'a> {
    file: &'a Weights,
    tensor: &'a Tensor,
}

/// Tensors of both sides, paired by name.
#[derive(Debug, Default)]
pub(super) struct Pairs<'a> {
    both: Vec<(Placed<'a>, Placed<'a>)>,
    removed: Vec<Placed<'a>>,
    added: Vec<Placed<'a>>,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(a: &'a [Weights], b: &'a [Weights]) -> Self {
        let mut pairs = Self::default();
        let mut left: BTreeMap<(&ArtifactPath, &str), Placed<'a>> = placed(b)
            .map(|one| ((&one.file.path, one.tensor.name.as_str()), one))
            .collect();
        for one in placed(a) {
            match left.remove(&(&one.file.path, one.tensor.name.as_str())) {
                Some(other) => pairs.both.push((one, other)),
                None => pairs.removed.push(one),
            }
        }
        pairs.added = left.into_values().collect();
        pairs.across_files();
        pairs
    }

    /// Pairs what is left by name alone, where the name is left once on each side.
    fn across_files(&mut self) {
        let once = |list: &[Placed<'a>]| {
            let mut seen: HashMap<&'a str, Option<Placed<'a>>> = HashMap::new();
            for one in list {
                seen.entry(&one.tensor.name)
                    .and_modify(|several| *several = None)
                    .or_insert(Some(*one));
            }
            seen
        };
        let (a, b) = (once(&self.removed), once(&self.added));
        let partner = |one: &Placed<'a>,
                       own: &HashMap<&'a str, Option<Placed<'a>>>,
                       others: &HashMap<&'a str, Option<Placed<'a>>>| {
            let name = one.tensor.name.as_str();
            own.get(name).copied().flatten()?;
            others.get(name).copied().flatten()
        };
        let found = self
            .removed
            .iter()
            .filter_map(|one| Some((*one, partner(one, &a, &b)?)));
        self.both.extend(found);
        self.removed.retain(|one| partner(one, &a, &b).is_none());
        self.added.retain(|one| partner(one, &b, &a).is_none());
    }

    /// How many tensors are there to compare, on either side.
    pub(super) fn len(&self) -> usize {
        self.both.len() + self.removed.len() + self.added.len()
    }

    /// Bytes to read from each side.
    pub(super) fn bytes(&self) -> u64 {
        self.both
            .iter()
            .map(|(a, _)| a.tensor.bytes.end - a.tensor.bytes.start)
            .sum()
    }

    /// What differs, in order of names.
    pub(super) fn compare(&self, progress: &Progress) -> Result<Vec<TensorChange>, Error> {
        let mut changes: Vec<TensorChange> = Vec::new();
        changes.extend(
            self.removed
                .iter()
                .map(|one| one_sided(Verdict::Removed, Some(one), None)),
        );
        changes.extend(
            self.added
                .iter()
                .map(|one| one_sided(Verdict::Added, None, Some(one))),
        );
        let mut open = Open::default();
        for (a, b) in &self.both {
            changes.extend(compare(a, b, &mut open, progress)?);
        }
        open.still_the_same()?;
        changes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(changes)
    }
}

fn placed(files: &[Weights]) -> impl Iterator<Item = Placed<'_>> {
    files
        .iter()
        .flat_map(|file| file.tensors.iter().map(move |tensor| Placed { file, tensor }))
}

/// The file of each side that was read last; tensors of one file follow each other.
#[derive(Default)]
struct Open<'a> {
    a: Option<(&'a Weights, File)>,
    b: Option<(&'a Weights, File)>,
}

impl<'a> Open<'a> {
    fn both(&mut self, a: &'a Weights, b: &'a Weights) -> Result<(&File, &File), Error> {
        let a = handle(&mut self.a, a)?;
        let b = handle(&mut self.b, b)?;
        Ok((a, b))
    }

    fn still_the_same(&self) -> Result<(), Error> {
        for (weights, file) in [&self.a, &self.b].into_iter().flatten() {
            weights.source.same(file)?;
        }
        Ok(())
    }
}

fn handle<'o, 'a>(slot: &'o mut Option<(&'a Weights, File)>, wanted: &'a Weights) -> Result<&'o File, Error> {
    let held = match slot.take() {
        Some((weights, file)) if std::ptr::eq(weights, wanted) => (weights, file),
        other => {
            if let Some((weights, file)) = other {
                weights.source.same(&file)?;
            }
            (wanted, wanted.source.open()?)
        }
    };
    Ok(&slot.insert(held).1)
}

fn one_sided(verdict: Verdict, a: Option<&Placed<'_>>, b: Option<&Placed<'_>>) -> TensorChange {
    let name = a.or(b).map_or("", |one| one.tensor.name.as_str());
    TensorChange {
        name: name.to_owned(),
        change: verdict,
        a: a.map(Placed::form),
        b: b.map(Placed::form),
        units: 0,
        units_changed: 0,
        values_per_unit: 0,
        examples: Vec::new(),
    }
}

fn compare<'a>(
    a: &Placed<'a>,
    b: &Placed<'a>,
    open: &mut Open<'a>,
    progress: &Progress,
) -> Result<Option<TensorChange>, Error> {
    let same_form = a.tensor.dtype == b.tensor.dtype
        && a.tensor.shape == b.tensor.shape
        && a.file.endian == b.file.endian
        && length(a.tensor) == length(b.tensor);
    if !same_form {
        return Ok(Some(one_sided(Verdict::Retyped, Some(a), Some(b))));
    }
    let mut found = Values::new(a);
    let (file_a, file_b) = open.both(a.file, b.file)?;
    let piece = (PIECE / found.unit_bytes).max(1) * found.unit_bytes;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < length(a.tensor) {
        if progress.cancelled() {
            return Err(Error::Interrupted);
        }
        let count = piece.min(length(a.tensor) - at);
        fill(&mut ours, a, file_a, at, count)?;
        fill(&mut theirs, b, file_b, at, count)?;
        if ours != theirs {
            found.add(at, &ours, &theirs);
        }
        at += count;
        progress.advanced(count);
    }
    Ok((found.changed > 0).then(|| TensorChange {
        units: length(a.tensor) / found.unit_bytes,
        units_changed: found.changed,
        values_per_unit: found.unit_values,
        examples: found.examples,
        ..one_sided(Verdict::Changed, Some(a), Some(b))
    }))
}

const fn length(tensor: &Tensor) -> u64 {
    tensor.bytes.end - tensor.bytes.start
}

fn fill(buffer: &mut Vec<u8>, one: &Placed<'_>, file: &File, at: u64, count: u64) -> Result<(), Error> {
    // At most a piece, so that it fits.
    buffer.resize(usize::try_from(count).unwrap_or(0), 0);
    file.read_exact_at(buffer, one.tensor.bytes.start + at)
        .map_err(|source| Error::io("read", &one.file.source.name, source))
}

/// What was found out about one tensor so far. A unit is what has bytes of its own: a value, or a block of them.
struct Values<'a> {
    one: Placed<'a>,
    unit_bytes: u64,
    unit_values: u64,
    changed: u64,
    examples: Vec<ValueChange>,
}

impl<'a> Values<'a> {
    fn new(one: &Placed<'a>) -> Self {
        let block = one.tensor.dtype.map(Dtype::block);
        Self {
            one: *one,
            unit_bytes: block.map_or(1, |block| block.bytes),
            unit_values: block.map_or(1, |block| block.elements),
            changed: 0,
            examples: Vec::new(),
        }
    }

    fn add(&mut self, at: u64, a: &[u8], b: &[u8]) {
        let unit = usize::try_from(self.unit_bytes).unwrap_or(1);
        for (number, (a, b)) in a.chunks(unit).zip(b.chunks(unit)).enumerate() {
            if a != b {
                self.changed += 1;
                if self.examples.len() < MOST_VALUES {
                    let index = (at / self.unit_bytes + number as u64) * self.unit_values;
                    self.examples.push(self.example(index, a, b));
                }
            }
        }
    }

    fn example(&self, index: u64, a: &[u8], b: &[u8]) -> ValueChange {
        let Tensor { dtype, bytes, .. } = self.one.tensor;
        let element = Element {
            tensor: self.one.tensor,
            index,
            bytes: bytes.clone(),
        };
        let value = |bytes| Value::decode((*dtype)?, self.one.file.endian, bytes);
        let shown = |bytes| value(bytes).map(|value| value.to_string());
        ValueChange {
            index: element.indices(),
            a: shown(a),
            b: shown(b),
            bits: a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum(),
        }
    }
}

impl Placed<'_> {
    fn form(&self) -> TensorForm {
        TensorForm {
            file: self.file.path.as_str().to_owned(),
            dtype: self
                .tensor
                .dtype
                .map_or_else(|| "unknown".to_owned(), |dtype| dtype.name().to_owned()),
            shape: self.tensor.shape.clone(),
        }
    }
}
