//! Attributes (specification, IV.A.2.m): a name and a small value, which need not be small.
//!
//! ```text
//! version 1 = 01 00    name:u16 type:u16 space:u16 name type space value          each padded to eight bytes
//! version 2 = 02 flags name:u16 type:u16 space:u16 name type space value
//! version 3 = 03 flags name:u16 type:u16 space:u16 charset name type space value
//! info      = 00 flags highest:u16? heap:address by-name:address by-order:address?
//! ```

use std::{ops::Range, rc::Rc};

use super::{
    Attribute, Fault,
    datatype::{Datatype, Leaf, LeafKind},
    fractal::Heap,
    limit,
    space::Space,
    walk::{Block, Fields, Walk},
};
use crate::{Error, Problem, error::cut};

const WHAT: &str = "an attribute";

impl Walk<'_> {
    /// One attribute of `size` bytes, of which `head` has the first.
    pub(super) fn attribute(&mut self, head: &Block, size: u64, node: usize) -> Result<(), Error> {
        self.spend(1, head.offset)?;
        let mut fields = self.fields(head);
        let version = fields.u8()?;
        if !(1..=3).contains(&version) {
            return Err(Problem::malformed(head.offset, Fault::Version { what: WHAT, version }).into());
        }
        let flags = fields.u8()?;
        let sizes = [fields.u16()?, fields.u16()?, fields.u16()?].map(u64::from);
        if version == 3 {
            fields.u8()?;
        }
        let padded = |size: u64| {
            if version == 1 {
                size.next_multiple_of(8)
            } else {
                size
            }
        };
        let [name, datatype, space] = sizes.map(padded);
        let name = fields.take(name)?;
        let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
        let name = cut(&String::from_utf8_lossy(name), limit::NAME_CHARS);
        let shares = |bit: u8| version > 1 && flags & bit != 0;
        let datatype = self.datatype(fields.sub(datatype)?, shares(1))?;
        let mut space = fields.sub(space)?;
        if shares(2) {
            self.not_read(head.offset, "a shared dataspace");
            return Ok(());
        }
        let space = Space::read(&mut space)?;
        let Some(datatype) = datatype else {
            return Ok(());
        };
        let before = fields.offset().saturating_sub(head.offset);
        // A message may say that it is longer than the content that holds it.
        let end = fields.offset().saturating_add(size.saturating_sub(before));
        let value = fields.offset()..end.min(self.content.size());
        let values = self.values(&datatype, &space, &value)?;
        if !values.is_empty() {
            let path = self.shared_path(node);
            self.found(Attribute {
                path,
                name,
                offset: head.offset,
                values,
            });
        }
        Ok(())
    }

    /// Where the texts and bytes of a value lie, which itself lies at `value`.
    fn values(
        &mut self,
        datatype: &Datatype,
        space: &Space,
        value: &Range<u64>,
    ) -> Result<Vec<Range<u64>>, Error> {
        let broken = |what| Problem::malformed(value.start, Fault::Broken(what));
        let elements = space
            .elements()
            .ok_or_else(|| broken("the shape of an attribute overflows"))?;
        let needed = elements.checked_mul(datatype.size);
        let stored = value.end.saturating_sub(value.start);
        if needed.is_none_or(|needed| needed > stored) {
            return Err(broken("the value of an attribute is smaller than its type and shape need").into());
        }
        let mut values = Vec::new();
        if elements == 0 {
            return Ok(values);
        }
        for leaf in &datatype.leaves {
            for (at, count) in leaf.places(datatype.size, elements) {
                self.spend(1, value.start)?;
                let start = value.start.saturating_add(at);
                if start > value.end {
                    return Err(broken("a member of a type lies outside the type").into());
                }
                match leaf.kind {
                    LeafKind::Bytes => {
                        let size = leaf.size.saturating_mul(count);
                        values.push(start..start.saturating_add(size).min(value.end));
                    }
                    LeafKind::Heap => values.extend(self.in_heap(start)?),
                }
            }
        }
        Ok(values)
    }

    /// Where the object lies that the reference at `offset` of the content points to.
    fn in_heap(&mut self, offset: u64) -> Result<Option<Range<u64>>, Error> {
        let address = offset.saturating_sub(self.file.superblock.base);
        let size = u64::from(self.widths.offsets).saturating_add(8);
        let block = self.peek("a reference to a global heap", address, size)?;
        let mut fields = self.fields(&block);
        let length = fields.u32()?;
        let collection = fields.address()?;
        let index = u64::from(fields.u32()?);
        let Some(collection) = collection.filter(|&address| address != 0 && length > 0) else {
            return Ok(None);
        };
        let objects = self.collection(collection)?;
        match objects.get(&index) {
            Some(range) => Ok(Some(range.clone())),
            None => {
                let fault = Fault::Broken("a reference to a global heap leads nowhere");
                Err(Problem::malformed(offset, fault).into())
            }
        }
    }

    /// A datatype, which may lie in another object; `None` when this version does not find it.
    pub(super) fn datatype(
        &mut self,
        mut fields: Fields<'_>,
        is_shared: bool,
    ) -> Result<Option<Rc<Datatype>>, Error> {
        if !is_shared {
            return Ok(Some(Rc::new(Datatype::read(&mut fields)?)));
        }
        let Some(address) = self.shared(fields)? else {
            return Ok(None);
        };
        if let Some(known) = self.types.get(&address) {
            return Ok(Some(Rc::clone(known)));
        }
        let messages = self.messages(address)?;
        let offset = self.absolute(address);
        let message = messages
            .iter()
            .find(|message| message.kind == 3 && !message.is_shared());
        let Some(message) = message else {
            let fault = Fault::Broken("a shared type leads to an object that is none");
            return Err(Problem::malformed(offset, fault).into());
        };
        let datatype = Rc::new(Datatype::read(&mut self.fields(&message.data))?);
        self.types.insert(address, Rc::clone(&datatype));
        // A named type is an object of its own, and may have attributes.
        self.enqueue(address, None, "(named type)");
        Ok(Some(datatype))
    }

    /// The address of the object that has a shared message.
    fn shared(&mut self, mut fields: Fields<'_>) -> Result<Option<u64>, Error> {
        let offset = fields.offset();
        let version = fields.u8()?;
        let kind = fields.u8()?;
        match (version, kind) {
            (1, _) => drop(fields.take(6)?),
            (2, _) | (3, 2) => {}
            (3, _) => {
                self.not_read(offset, "a table of shared messages");
                return Ok(None);
            }
            _ => {
                let what = "a shared message";
                return Err(Problem::malformed(offset, Fault::Version { what, version }).into());
            }
        }
        Ok(fields.address()?)
    }

    /// The attributes of an object with many, or with large ones.
    pub(super) fn attribute_info(&mut self, mut fields: Fields<'_>, node: usize) -> Result<(), Error> {
        let offset = fields.offset();
        let version = fields.u8()?;
        if version != 0 {
            let what = "an attribute info message";
            return Err(Problem::malformed(offset, Fault::Version { what, version }).into());
        }
        let flags = fields.u8()?;
        if flags & 1 != 0 {
            fields.u16()?;
        }
        let (heap, by_name) = (fields.address()?, fields.address()?);
        let by_order = if flags & 2 != 0 { fields.address()? } else { None };
        let Some(heap) = heap else {
            return Ok(());
        };
        let heap = self.fractal_heap(heap)?;
        // Both indexes list all attributes; a loader may go by either. What both list is told once.
        let mut seen = std::collections::BTreeSet::new();
        for tree in [by_name, by_order].into_iter().flatten() {
            for record in self.tree2(tree)? {
                if !matches!(record.kind, 8 | 9) {
                    let fault = Fault::Broken("an index of attributes has records of another kind");
                    return Err(Problem::malformed(record.block.offset, fault).into());
                }
                if seen.insert(record.block.bytes.get(..9).map(<[u8]>::to_vec)) {
                    let read = self.dense_attribute(&heap, &record.block, node);
                    self.forgive(read)?;
                }
            }
        }
        Ok(())
    }

    fn dense_attribute(&mut self, heap: &Heap, record: &Block, node: usize) -> Result<(), Error> {
        let mut fields = self.fields(record);
        let id = fields.take(8)?;
        let flags = fields.u8()?;
        if flags & 2 != 0 {
            self.not_read(record.offset, "a table of shared messages");
            return Ok(());
        }
        match self.heap_object(heap, id, record.offset, limit::ATTRIBUTE_HEAD_BYTES)? {
            Some(object) => self.attribute(&object.block, object.size, node),
            None => Ok(()),
        }
    }
}

impl Leaf {
    /// Offset and number of neighbouring parts, over all elements and arrays. Single bytes that follow each other are
    /// one part; single bytes between others are none.
    fn places(&self, element: u64, elements: u64) -> impl Iterator<Item = (u64, u64)> {
        let mut around = vec![(elements, element)];
        around.extend(&self.repeats);
        let mut run = 1;
        if self.kind == LeafKind::Bytes && self.size == 1 {
            while let Some((count, _)) = around.pop_if(|(_, stride)| *stride == run) {
                run = run.saturating_mul(count);
            }
        }
        let is_noise = self.size == 1 && run == 1 && element > 1;
        let total = if is_noise {
            0
        } else {
            around
                .iter()
                .fold(1_u64, |all, &(count, _)| all.saturating_mul(count))
        };
        let offset = self.offset;
        (0..total).map(move |mut index| {
            let mut at = offset;
            for &(count, stride) in around.iter().rev() {
                let digit = index.checked_rem(count).unwrap_or(0);
                index = index.checked_div(count).unwrap_or(0);
                at = at.saturating_add(digit.saturating_mul(stride));
            }
            (at, run)
        })
    }
}
