//! What archives and compressed streams hold and how their readers disagree.

use weightlock_format::container::name::Escape;

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// Readers of the archive see different files or different bytes.
    Disagreement {
        /// The member, when it is about one.
        member: Option<String>,
        /// On what, in words.
        what: String,
    },
    /// A member that is in no directory of its archive, or behind its end.
    Unlisted {
        /// The member.
        member: String,
        /// Why most readers do not see it, in words.
        what: String,
    },
    /// Bytes between, before or behind the parts of an archive.
    Foreign {
        /// How many.
        bytes: u64,
    },
    /// Two members with one name.
    Duplicate {
        /// The name.
        member: String,
        /// The bytes are the same.
        same: bool,
        /// The names are the same to the letter.
        exact: bool,
        /// Case is part of the name for those who read such archives.
        case_counts: bool,
    },
    /// The name of a member leads out of the folder.
    Escape {
        /// The name.
        member: String,
        /// How.
        how: Escape,
    },
    /// A member is a link.
    Link {
        /// Its name.
        member: String,
        /// Where it points.
        target: String,
        /// How it leaves the folder, if it does.
        how: Option<Escape>,
        /// Whether it is another name of a file rather than a pointer to a name.
        hard: bool,
        /// The archive is a layer of a system's files, in which links are usual.
        layer: bool,
    },
    /// A member would be written through a link that the archive makes.
    ThroughLink {
        /// The member.
        member: String,
        /// The link.
        link: String,
    },
    /// A member is a device or a pipe.
    Device {
        /// Its name.
        member: String,
    },
    /// Members share bytes, so that little makes much.
    Overlap {
        /// The member.
        member: String,
        /// With whom, in words.
        what: String,
    },
    /// A stream gives more than is granted.
    Bomb {
        /// What was counted.
        what: &'static str,
        /// The most that is granted.
        limit: u64,
    },
    /// Contents lie deeper within each other than is granted.
    TooDeep {
        /// The most that is granted.
        limit: u32,
    },
    /// A member of a PyTorch file is compressed with a method that some loaders do not read.
    Method {
        /// The member.
        member: String,
        /// The method.
        method: &'static str,
    },
    /// A blob does not have the digest that it is named by.
    Digest,
}
