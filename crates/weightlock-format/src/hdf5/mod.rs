//! HDF5, as Keras and others keep weights and configurations in it. File Format Specification, version 3.0 and 4.0:
//! <https://support.hdfgroup.org/documentation/hdf5/latest/_s_p_e_c.html>
//!
//! ```text
//! file        = user-block? superblock ( object | heap | tree | data | free )*
//! superblock  = signature at 0, 512, 1024, 2048 … ; every address counts from there
//! object      = header: message*                          (version 1, or OHDR of version 2, in chunks)
//! group       = object with links: messages | B-tree 1 + local heap | B-tree 2 + fractal heap
//! attribute   = name datatype dataspace value: a message, or one in a fractal heap
//! dataset     = datatype dataspace layout: compact | contiguous | chunked (six indexes) | external | virtual
//! text        = of fixed length in place | of variable length in a global heap
//! ```
//!
//! [`File::read`] walks every object that can be reached from the root group, in the order of the file's own links,
//! with a queue, so neither depth nor cycles cost anything. Facts are ranges of the file, not copies. All that is
//! counted is charged to [`Budget::objects`](crate::limits::Budget::objects), reading to it too, by the KiB.
//!
//! HDF5 takes data from other files in three ways: external links, external data files, and virtual datasets. All
//! are told ([`Foreign`]), none is followed. What this version does not read (shared-message tables, cache images,
//! filtered heaps, file drivers) is told too ([`File::unread`]), and then nothing is vouched for.

mod attribute;
mod btree1;
mod btree2;
mod checksum;
mod chunk;
mod dataset;
mod datatype;
mod fractal;
mod global;
mod group;
mod header;
mod object;
mod space;
mod superblock;
mod virtual_dataset;
mod walk;

use std::{ops::Range, sync::Arc};

use weightlock_artifact::reason::Code;

pub use self::superblock::{Superblock, locate};
use crate::{Error, Named, Problem, content::Content, limits::Budget, reason};

/// What is accepted from any file.
pub mod limit {
    /// Bytes of one block of metadata. Those of real files stay below a mebibyte.
    pub const BLOCK_BYTES: u64 = 32 << 20;
    /// Problems listed.
    pub const PROBLEMS: usize = 100;
    /// Characters of a path that is told; of a longer one the end.
    pub const PATH_CHARS: usize = 512;
    /// Characters of one name that is told.
    pub const NAME_CHARS: usize = 96;
    /// Messages of one object. The first version counts them with 16 bits.
    pub const MESSAGES: u64 = 1 << 16;
    /// References to other files that are told; more are more of the same.
    pub const FOREIGN: usize = 1000;
    /// Members of compound and array types together.
    pub const TYPE_MEMBERS: u64 = 4096;
    /// Types within each other.
    pub const TYPE_DEPTH: u64 = 64;
    /// Bytes of the parts of an attribute before its value, or of a name. The fields that state them have 16 bits.
    pub(super) const ATTRIBUTE_HEAD_BYTES: u64 = 256 << 10;
}

/// A broken rule of HDF5.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The signature is at none of the offsets where it may be.
    #[error("the file has no HDF5 signature")]
    Signature,
    /// Another structure was announced for this place.
    #[error("{0} is announced here, and there is none")]
    Missing(&'static str),
    /// A version that the specification does not know.
    #[error("{what} has version {version}, which is not known")]
    Version {
        /// The structure.
        what: &'static str,
        /// As written.
        version: u8,
    },
    /// Addresses or lengths of an impossible width.
    #[error("addresses have {offsets} bytes and lengths {lengths}")]
    Widths {
        /// Of addresses.
        offsets: u8,
        /// Of lengths.
        lengths: u8,
    },
    /// A checksum does not match.
    #[error("the checksum of {0} is wrong")]
    Checksum(&'static str),
    /// A structure reaches beyond the end of the file.
    #[error("{0} lies outside the file")]
    Outside(&'static str),
    /// A field contradicts another or the specification.
    #[error("{0}")]
    Broken(&'static str),
    /// The data of a dataset is smaller than its type and shape need.
    #[error("dataset {path}: {stored} bytes are stored, and type and shape need {needed}")]
    Size {
        /// The dataset.
        path: Named,
        /// By the layout.
        stored: u64,
        /// By type and shape.
        needed: u64,
    },
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Signature | Self::Missing(_) | Self::Checksum(_) | Self::Broken(_) => reason::MALFORMED,
            Self::Version { .. } | Self::Widths { .. } => reason::UNSUPPORTED,
            Self::Outside(_) | Self::Size { .. } => reason::RANGE,
        }
    }
}

/// What an HDF5 file holds.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct File {
    /// Its head.
    pub superblock: Superblock,
    /// The attributes that hold text or raw bytes, of every object.
    pub attributes: Vec<Attribute>,
    /// What it takes from other files, at most [`limit::FOREIGN`].
    pub foreign: Vec<Foreign>,
    /// Datasets, named types and groups that were walked.
    pub objects: u64,
    /// Ranges and what they are. They may overlap.
    pub regions: Vec<Region>,
    /// Broken rules, at most [`limit::PROBLEMS`].
    pub problems: Vec<Problem>,
    /// What this version does not read, and where.
    pub unread: Vec<(u64, &'static str)>,
    /// Whether the walk reached its end, so that what it did not touch is in no use.
    pub complete: bool,
}

/// An attribute and where the text or bytes of its value lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// The object that has it.
    pub path: Arc<str>,
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub offset: u64,
    /// The elements of its value, with their padding. Of a compound type every member that is text or bytes.
    pub values: Vec<Range<u64>>,
}

/// Something that a file takes from another file, or has another program fetch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreign {
    /// The link or dataset.
    pub path: String,
    /// Where it is stated.
    pub offset: u64,
    /// How.
    pub kind: ForeignKind,
    /// The other file, as written.
    pub file: String,
}

/// How a file refers to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum ForeignKind {
    /// A link to an object of another file.
    ExternalLink,
    /// The raw data of a dataset lies in another file, of any format.
    ExternalData,
    /// A dataset is composed of parts of datasets in other files.
    Virtual,
    /// A link of a class that an application defines, and follows as it likes.
    UserLink,
}

/// A range of the file and what it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    /// The bytes.
    pub range: Range<u64>,
    /// What they are.
    pub kind: RegionKind,
}

/// What a range of the file is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RegionKind {
    /// A structure of the format, or a value that the facts point to.
    Metadata,
    /// Data of a dataset as it is, with the dataset's path.
    Data(Arc<str>),
    /// Data of a dataset that went through filters, such as compression.
    Filtered,
    /// A text or byte string of variable length in a global heap.
    HeapObject,
}

impl File {
    /// Walks the file whose superblock lies at `base` (see [`locate`]).
    ///
    /// # Errors
    /// [`Error::Refused`] when the superblock cannot be believed; [`Error::Io`]. Later problems are facts.
    pub fn read(content: &Content, base: u64, budget: &mut Budget) -> Result<Self, Error> {
        walk::walk(content, base, budget)
    }
}

#[cfg(test)]
mod tests;
