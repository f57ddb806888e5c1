//! [`Fact`]: what two readers of one archive would not agree on, or what no writer would write.

use std::fmt;

use crate::Named;

/// A fact about an archive, and where it was seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Seen {
    /// Offset in the content.
    pub at: u64,
    /// The member it is about.
    pub member: Option<String>,
    /// The fact.
    pub fact: Fact,
}

/// See the variants.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Fact {
    /// The local header has another name than the central directory.
    Name {
        /// The name in the local header.
        local: String,
    },
    /// A field beside the name gives the member another one, which some readers take.
    UnicodeName {
        /// The other name.
        other: String,
    },
    /// The local header has another value than the central directory.
    Field {
        /// The field.
        field: &'static str,
        /// In the local header.
        local: u64,
        /// In the central directory.
        central: u64,
    },
    /// A flag says that the bytes are encrypted.
    Encrypted,
    /// A flag says that the bytes are a patch.
    Patch,
    /// A field of wide numbers contradicts the header.
    Wide,
    /// The data descriptor contradicts the directory.
    Descriptor,
    /// The end record states another number of entries than there are.
    Count {
        /// As stated.
        stated: u64,
        /// As found.
        found: u64,
    },
    /// The end record states another size of the directory.
    DirectorySize {
        /// As stated.
        stated: u64,
        /// As found.
        found: u64,
    },
    /// The end record points elsewhere than to where the directory lies.
    DirectoryPlace {
        /// As stated.
        stated: u64,
        /// As found.
        found: u64,
    },
    /// A locator points to a wide end record that is not there.
    NoWideRecord,
    /// The end record leads to no directory.
    NoDirectory,
    /// There is another central directory, which other readers use.
    OtherDirectory {
        /// Where.
        other: u64,
    },
    /// The bytes of the member are those of another, in whole or in part.
    Overlap {
        /// The other.
        other: String,
    },
    /// Another member has the same name.
    Duplicate {
        /// The other's name, as written.
        other: String,
        /// The bytes are the same too.
        same: bool,
        /// The names are the same to the letter.
        exact: bool,
    },
    /// The member is in no central directory: only readers of streams see it.
    LocalOnly,
    /// The central directory names a member that is not there.
    Absent,
    /// The archive says it is one of several parts.
    Disks,
    /// The comment ends behind the file.
    Comment,
    /// Bytes lie before, between or behind the parts of the archive.
    Foreign {
        /// How many.
        bytes: u64,
    },
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { local } => write!(f, "its local header calls it {}", Named::new(local)),
            Self::UnicodeName { other } => {
                write!(f, "its field for names in UTF-8 calls it {}", Named::new(other))
            }
            Self::Field {
                field,
                local,
                central,
            } => {
                write!(
                    f,
                    "{field} is {local} in its local header and {central} in the central directory"
                )
            }
            Self::Encrypted => {
                f.write_str("it is marked as encrypted: some readers skip it, others read it as it is")
            }
            Self::Patch => {
                f.write_str("it is marked as a patch: some readers skip it, others read it as it is")
            }
            Self::Wide => f.write_str("its zip64 field contradicts its header"),
            Self::Descriptor => f.write_str("its data descriptor contradicts the central directory"),
            Self::Count { stated, found } => {
                write!(
                    f,
                    "the end record states {stated} entries and the directory has {found}"
                )
            }
            Self::DirectorySize { stated, found } => {
                write!(
                    f,
                    "the end record states {stated} bytes of directory and there are {found}"
                )
            }
            Self::DirectoryPlace { stated, found } => write!(
                f,
                "the end record states that the directory begins at byte {stated}, and one begins at byte {found}"
            ),
            Self::NoWideRecord => {
                f.write_str("a zip64 locator leads to no end record: some readers refuse the archive")
            }
            Self::NoDirectory => f.write_str("the end record leads to no central directory"),
            Self::OtherDirectory { other } => {
                write!(
                    f,
                    "another central directory begins at byte {other}, and readers choose differently"
                )
            }
            Self::Overlap { other } => write!(f, "its bytes are also bytes of {}", Named::new(other)),
            Self::Duplicate {
                other, same: true, ..
            } => {
                write!(f, "{} has the same name and the same bytes", Named::new(other))
            }
            Self::Duplicate {
                other, same: false, ..
            } => {
                write!(f, "{} has the same name and other bytes", Named::new(other))
            }
            Self::LocalOnly => {
                f.write_str("it is in no central directory, so only readers of streams see it")
            }
            Self::Absent => f.write_str("the central directory names it and no local header is there"),
            Self::Disks => f.write_str("the archive says that it is one of several parts"),
            Self::Comment => f.write_str("the comment is longer than the file"),
            Self::Foreign { bytes } => write!(f, "{bytes} bytes here belong to no part of the archive"),
        }
    }
}
