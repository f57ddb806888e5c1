//! An object: what each of its messages means (specification, IV.A.2).

use super::{Fault, dataset::Parts, header::Message, walk::Walk};
use crate::{Error, Problem};

impl Walk<'_> {
    /// Walks the object at `address`, which is called as `node` says.
    pub(super) fn object(&mut self, address: u64, node: usize) -> Result<(), Error> {
        self.spend(1, self.absolute(address))?;
        self.file.objects = self.file.objects.saturating_add(1);
        let messages = self.messages(address)?;
        let mut parts = Parts::default();
        for message in &messages {
            let read = self.message(message, node, &mut parts);
            self.forgive(read)?;
        }
        self.dataset(&parts, node)
    }

    fn message<'m>(&mut self, message: &'m Message, node: usize, parts: &mut Parts<'m>) -> Result<(), Error> {
        let fields = self.fields(&message.data);
        let at = message.data.offset;
        match message.kind {
            // Nothing, old and new fill values, group info, comment, times, ranks of trees, reference count.
            0x00 | 0x04 | 0x05 | 0x0a | 0x0d | 0x0e | 0x12 | 0x13 | 0x16 => {}
            0x01 => parts.space = Some(message),
            0x02 => self.link_info(fields, node)?,
            0x03 => parts.datatype = Some(message),
            0x06 => self.link(fields, node)?,
            0x07 => self.external_files(fields, node)?,
            0x08 => parts.layout = Some(message),
            0x0b => parts.is_filtered = true,
            0x0c if message.is_shared() => self.not_read(at, "a table of shared messages"),
            0x0c => self.attribute(&message.data, message.data.bytes.len() as u64, node)?,
            0x0f => self.not_read(at, "a table of shared messages"),
            0x11 => {
                let mut fields = fields;
                if let (Some(tree), Some(heap)) = (fields.address()?, fields.address()?) {
                    self.symbol_table(tree, heap, node, at)?;
                }
            }
            0x14 => self.not_read(at, "a file driver"),
            0x15 => self.attribute_info(fields, node)?,
            0x17 => self.file_space(fields)?,
            0x18 => self.not_read(at, "an image of cached metadata"),
            _ => self.not_read(at, "a message of an unknown kind"),
        }
        Ok(())
    }

    /// How free space is kept (specification, IV.A.2.x).
    fn file_space(&mut self, mut fields: super::walk::Fields<'_>) -> Result<(), Error> {
        let at = fields.offset();
        let version = fields.u8()?;
        match version {
            0 => {
                fields.u8()?;
                fields.length()?;
            }
            1 => {
                fields.take(2)?;
                fields.length()?;
                fields.length()?;
                fields.u16()?;
                fields.address()?;
            }
            _ => {
                let what = "a file space message";
                return Err(Problem::malformed(at, Fault::Version { what, version }).into());
            }
        }
        while fields.left() >= u64::from(self.widths.offsets) {
            if let Some(address) = fields.address()? {
                let read = self.free_space(address);
                self.forgive(read)?;
            }
        }
        Ok(())
    }
}
