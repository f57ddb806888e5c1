//! The state of one walk: what is charged, read, explained and found; and the order of the walk.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Range,
    rc::Rc,
    sync::Arc,
};

use super::{
    Attribute, Fault, File, Foreign, Region, RegionKind, Superblock, checksum::lookup3, datatype::Datatype,
    fractal::Heap, limit,
};
use crate::{
    Error, Problem,
    content::Content,
    error::cut,
    limits::Budget,
    reader::{Endian, Reader, within},
};

/// How many bytes addresses and lengths have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Widths {
    pub(super) offsets: u8,
    pub(super) lengths: u8,
}

impl Widths {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Problem> {
        let at = reader.offset();
        let (offsets, lengths) = (reader.u8()?, reader.u8()?);
        let known = |width| matches!(width, 2 | 4 | 8);
        if !known(offsets) || !known(lengths) {
            return Err(Problem::malformed(at, Fault::Widths { offsets, lengths }));
        }
        Ok(Self { offsets, lengths })
    }
}

/// A cursor that knows the widths of the file.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    reader: Reader<'a>,
    widths: Widths,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(reader: Reader<'a>, widths: Widths) -> Self {
        Self { reader, widths }
    }

    pub(super) const fn offset(&self) -> u64 {
        self.reader.offset()
    }

    pub(super) const fn left(&self) -> u64 {
        self.reader.left()
    }

    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8], Problem> {
        self.reader.take(count)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Problem> {
        self.reader.u8()
    }

    pub(super) fn u16(&mut self) -> Result<u16, Problem> {
        self.reader.u16()
    }

    pub(super) fn u32(&mut self) -> Result<u32, Problem> {
        self.reader.u32()
    }

    pub(super) fn u64(&mut self) -> Result<u64, Problem> {
        self.reader.u64()
    }

    /// A number of `width` bytes; more than eight are refused.
    pub(super) fn number(&mut self, width: u8) -> Result<u64, Problem> {
        let at = self.offset();
        let bytes = self.reader.take(u64::from(width))?;
        let mut wide = [0; 8];
        if bytes.len() > wide.len() {
            let fault = Fault::Broken("a number has more than eight bytes");
            return Err(Problem::malformed(at, fault));
        }
        for (to, from) in wide.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(u64::from_le_bytes(wide))
    }

    pub(super) fn length(&mut self) -> Result<u64, Problem> {
        self.number(self.widths.lengths)
    }

    /// An address; `None` when it is undefined, which is all ones.
    pub(super) fn address(&mut self) -> Result<Option<u64>, Problem> {
        let width = self.widths.offsets;
        let address = self.number(width)?;
        let undefined = u64::MAX.checked_shr(64_u32.saturating_sub(u32::from(width).saturating_mul(8)));
        Ok((Some(address) != undefined).then_some(address))
    }

    /// The bytes before the next NUL, which is passed over.
    pub(super) fn terminated(&mut self) -> Result<&'a [u8], Problem> {
        let rest = self.reader.clone().take(self.left())?;
        let length = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
        let text = self.take(length as u64)?;
        self.take(1)?;
        Ok(text)
    }

    pub(super) fn sub(&mut self, count: u64) -> Result<Self, Problem> {
        Ok(Self::new(self.reader.sub(count)?, self.widths))
    }
}

/// Bytes of the file that were read as one structure.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    /// From the start of the content.
    pub(super) offset: u64,
}

/// An object of the file, as it was first met.
#[derive(Debug)]
struct Node {
    parent: Option<usize>,
    name: Box<str>,
}

/// One walk.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) content: &'a Content,
    budget: &'a mut Budget,
    granted: u64,
    pub(super) file: File,
    pub(super) widths: Widths,
    nodes: Vec<Node>,
    last_path: Option<(usize, Arc<str>)>,
    queue: VecDeque<(u64, usize)>,
    seen: BTreeSet<u64>,
    pub(super) heaps: BTreeMap<u64, Rc<Heap>>,
    pub(super) collections: BTreeMap<u64, Rc<BTreeMap<u64, Range<u64>>>>,
    pub(super) types: BTreeMap<u64, Rc<Datatype>>,
}

/// Walks the file whose superblock lies at `base`.
pub(super) fn walk(content: &Content, base: u64, budget: &mut Budget) -> Result<File, Error> {
    let superblock = Superblock::read(content, base)?;
    let granted = budget.objects;
    let mut walk = Walk {
        content,
        budget,
        granted,
        widths: superblock.widths,
        file: File {
            superblock,
            attributes: Vec::new(),
            foreign: Vec::new(),
            objects: 0,
            regions: Vec::new(),
            problems: Vec::new(),
            unread: Vec::new(),
            complete: true,
        },
        nodes: Vec::new(),
        last_path: None,
        queue: VecDeque::new(),
        seen: BTreeSet::new(),
        heaps: BTreeMap::new(),
        collections: BTreeMap::new(),
        types: BTreeMap::new(),
    };
    match walk.run() {
        Ok(()) => {}
        Err(Error::Refused(problem)) => walk.problem(problem),
        Err(error) => return Err(error),
    }
    Ok(walk.file)
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(), Error> {
        let superblock = self.file.superblock;
        self.explain(0, superblock.size);
        if !superblock.is_sound(self.content)? {
            self.fault(superblock.base, Fault::Checksum("the superblock"));
        }
        if let Some(address) = superblock.extension {
            self.enqueue(address, None, "(superblock extension)");
            self.drain()?;
        }
        if superblock.driver.is_some() {
            self.not_read(superblock.base, "a file driver");
        }
        if superblock.free_space.is_some() {
            self.not_read(superblock.base, "a global index of free space");
        }
        if let Some(address) = superblock.root {
            self.enqueue(address, None, "/");
        }
        self.drain()?;
        if let Some((tree, heap)) = superblock.root_table {
            let root = self.node(None, "/");
            let walked = self.symbol_table(tree, heap, root, superblock.base);
            self.forgive(walked)?;
            self.drain()?;
        }
        self.unreferenced_collections()
    }

    fn drain(&mut self) -> Result<(), Error> {
        while let Some((address, node)) = self.queue.pop_front() {
            let walked = self.object(address, node);
            self.forgive(walked)?;
        }
        Ok(())
    }

    /// Has the object at `address` walked, unless it was met before.
    pub(super) fn enqueue(&mut self, address: u64, parent: Option<usize>, name: &str) {
        if self.seen.insert(address) {
            let node = self.node(parent, name);
            self.queue.push_back((address, node));
        }
    }

    /// A place in the tree of names.
    fn node(&mut self, parent: Option<usize>, name: &str) -> usize {
        let name = cut(name, limit::NAME_CHARS).into();
        self.nodes.push(Node { parent, name });
        self.nodes.len().saturating_sub(1)
    }

    /// The path of a node; of a long one the end.
    pub(super) fn path(&self, node: usize) -> String {
        let mut names = Vec::new();
        let mut length = 0_usize;
        let mut next = Some(node);
        while let Some(node) = next.and_then(|node| self.nodes.get(node)) {
            if node.parent.is_none() && !names.is_empty() && &*node.name == "/" {
                names.push("");
                break;
            }
            length = length.saturating_add(node.name.len()).saturating_add(1);
            if length > limit::PATH_CHARS && !names.is_empty() {
                names.push("…");
                break;
            }
            names.push(&*node.name);
            next = node.parent;
        }
        names.reverse();
        names.join("/")
    }

    /// The path of a node, made once while the same node is asked for.
    pub(super) fn shared_path(&mut self, node: usize) -> Arc<str> {
        match &self.last_path {
            Some((last, path)) if *last == node => Arc::clone(path),
            _ => {
                let path: Arc<str> = self.path(node).into();
                self.last_path = Some((node, Arc::clone(&path)));
                path
            }
        }
    }

    /// Charges `count` objects.
    pub(super) fn spend(&mut self, count: u64, at: u64) -> Result<(), Error> {
        let left = self.budget.objects;
        within("the number of HDF5 objects and KiB of metadata", count, left, at).map_err(|_| {
            Problem::LimitExceeded {
                offset: at,
                what: "the number of HDF5 objects and KiB of metadata",
                asked: self.granted.saturating_sub(left).saturating_add(count),
                limit: self.granted,
            }
        })?;
        self.budget.objects = left.saturating_sub(count);
        Ok(())
    }

    /// The offset in the content of an address of the file.
    pub(super) const fn absolute(&self, address: u64) -> u64 {
        self.file.superblock.base.saturating_add(address)
    }

    /// Bytes of the content behind an address.
    pub(super) const fn room(&self, address: u64) -> u64 {
        self.content.size().saturating_sub(self.absolute(address))
    }

    /// The bytes of a structure, charged and explained.
    pub(super) fn block(&mut self, what: &'static str, address: u64, size: u64) -> Result<Block, Error> {
        let block = self.peek(what, address, size)?;
        self.explain(address, size);
        Ok(block)
    }

    /// As [`Walk::block`], without explaining them.
    pub(super) fn peek(&mut self, what: &'static str, address: u64, size: u64) -> Result<Block, Error> {
        let offset = self.absolute(address);
        within("bytes of one HDF5 structure", size, limit::BLOCK_BYTES, offset)?;
        self.spend((size >> 10).saturating_add(1), offset)?;
        if size > self.room(address) {
            return Err(Problem::malformed(offset, Fault::Outside(what)).into());
        }
        let bytes = self.content.read(offset, usize::try_from(size).unwrap_or(0))?;
        if bytes.len() as u64 != size {
            return Err(Problem::malformed(offset, Fault::Outside(what)).into());
        }
        Ok(Block { bytes, offset })
    }

    /// As [`Walk::peek`], but as many bytes as there are when there are fewer.
    pub(super) fn head(&mut self, what: &'static str, address: u64, most: u64) -> Result<Block, Error> {
        let size = self.room(address).min(most);
        self.peek(what, address, size)
    }

    /// A cursor over a block.
    pub(super) const fn fields<'b>(&self, block: &'b Block) -> Fields<'b> {
        let reader = Reader::new(block.bytes.as_slice(), block.offset, Endian::Little);
        Fields::new(reader, self.widths)
    }

    /// Checks that `block` begins with `magic`, and returns what follows.
    pub(super) fn signed<'b>(
        &self,
        what: &'static str,
        magic: [u8; 4],
        block: &'b Block,
    ) -> Result<Fields<'b>, Error> {
        let mut fields = self.fields(block);
        if fields.take(4)? != magic {
            return Err(Problem::malformed(block.offset, Fault::Missing(what)).into());
        }
        Ok(fields)
    }

    /// Reports when the last four of `bytes` are not the checksum of those before.
    pub(super) fn verify(&mut self, what: &'static str, bytes: &[u8], offset: u64) {
        let sound = bytes
            .split_last_chunk::<4>()
            .is_some_and(|(body, stated)| lookup3(body) == u32::from_le_bytes(*stated));
        if !sound {
            self.fault(offset, Fault::Checksum(what));
        }
    }

    /// `size` bytes at `address` are structure.
    pub(super) fn explain(&mut self, address: u64, size: u64) {
        self.region(address, size, RegionKind::Metadata);
    }

    /// `size` bytes at `address` are what `kind` says.
    pub(super) fn region(&mut self, address: u64, size: u64, kind: RegionKind) {
        let start = self.absolute(address).min(self.content.size());
        let end = start.saturating_add(size).min(self.content.size());
        if start == end {
            return;
        }
        match self.file.regions.last_mut() {
            Some(last) if last.range.end == start && last.kind == kind && kind == RegionKind::Metadata => {
                last.range.end = end;
            }
            _ => self.file.regions.push(Region {
                range: start..end,
                kind,
            }),
        }
    }

    /// Puts down an attribute.
    pub(super) fn found(&mut self, attribute: Attribute) {
        self.file.attributes.push(attribute);
    }

    /// Puts down what comes from another file.
    pub(super) fn foreign(&mut self, foreign: Foreign) {
        if self.file.foreign.len() < limit::FOREIGN {
            let file = cut(&foreign.file, limit::PATH_CHARS);
            self.file.foreign.push(Foreign { file, ..foreign });
        } else {
            self.not_read(foreign.offset, "more references to other files");
        }
    }

    /// Puts down what this version does not read.
    pub(super) fn not_read(&mut self, offset: u64, what: &'static str) {
        self.file.complete = false;
        if self.file.unread.len() < limit::PROBLEMS {
            self.file.unread.push((offset, what));
        }
    }

    /// Puts down a broken rule.
    pub(super) fn fault(&mut self, offset: u64, fault: Fault) {
        self.problem(Problem::malformed(offset, fault));
    }

    fn problem(&mut self, problem: Problem) {
        self.file.complete = false;
        if self.file.problems.len() < limit::PROBLEMS {
            self.file.problems.push(problem);
        } else if matches!(problem, Problem::LimitExceeded { .. }) {
            self.file.problems.pop();
            self.file.problems.push(problem);
        }
    }

    /// Goes on after a broken rule, and stops at a limit.
    pub(super) fn forgive(&mut self, result: Result<(), Error>) -> Result<(), Error> {
        match result {
            Err(Error::Refused(problem @ Problem::Malformed { .. })) => {
                self.problem(problem);
                Ok(())
            }
            other => other,
        }
    }
}

/// The bytes that a number up to `most` takes, as the library encodes lengths.
pub(super) fn width_for(most: u64) -> u8 {
    (1..8_u8)
        .find(|&width| most >> u32::from(width).saturating_mul(8) == 0)
        .unwrap_or(8)
}
