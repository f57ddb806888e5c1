//! Tar archives: the union of what readers of tar see.
//!
//! ```text
//! archive = { header data padding | zero block }          blocks of 512 bytes
//! header  = name:100 mode:8 uid:8 gid:8 size:12 mtime:12 checksum:8 type:1 target:100
//!           "ustar" version:3 user:32 group:32 major:8 minor:8 prefix:155
//! type    = 0 file, 1 hard link, 2 link, 3 4 devices, 5 folder, 6 pipe, x g PAX records, L K GNU long names, S sparse
//! PAX     = { length " " key "=" value "\n" }              path, linkpath and size count here
//! ```
//!
//! Readers disagree on where an archive ends (one zero block, two, or the end of the file), on whether a link or a
//! folder has data, and on what to do at a broken header. So reading never stops: blocks that are no header are
//! foreign, and the next header counts again. Old tar without `ustar`, ustar (POSIX.1-1988), PAX (POSIX.1-2001) and
//! GNU are read. Data is a part of the archive and is not read.

mod header;

use std::{collections::BTreeMap, fmt, io, ops::Range};

use header::{BLOCK, Header};

use super::name;
use crate::{Problem, content::Content, limits::Limits};

/// Everything that some reader could find in a tar archive.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Archive {
    /// The members, in the order of their headers.
    pub members: Vec<Member>,
    /// Headers, zero blocks and padding.
    pub structure: Vec<Range<u64>>,
    /// Bytes that belong to no part.
    pub foreign: Vec<Range<u64>>,
    /// What readers disagree on, in the order of the offsets.
    pub facts: Vec<Seen>,
    /// Limits that were met; what lies beyond is in [`Archive::foreign`].
    pub problems: Vec<Problem>,
    /// The last member ends behind the file.
    pub is_cut: bool,
}

/// A member.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Member {
    /// The name, by the long name or the PAX path where there is one.
    pub name: String,
    /// Where its header lies.
    pub at: u64,
    /// What it becomes when it is extracted.
    pub kind: Kind,
    /// What a link points to.
    pub target: String,
    /// Where its bytes lie in the archive.
    pub data: Range<u64>,
    /// Holes are left out of the bytes.
    pub is_sparse: bool,
}

/// What a member becomes when it is extracted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// A file; also of a type that nobody defined, as readers agree.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// Another name of an earlier member, or of a file that is already there.
    HardLink,
    /// A device or a pipe.
    Device,
}

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

/// What readers of one archive would not agree on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Fact {
    /// The checksum of a header is wrong: some readers stop, others skip it, others go on.
    Checksum,
    /// A number in a header is none.
    Number,
    /// The PAX size is another than the one in the header.
    Size {
        /// In the header.
        header: u64,
        /// In the PAX record.
        pax: u64,
    },
    /// A link, folder or device states a size: some readers skip as many bytes, others none.
    DataWithoutFile,
    /// A header follows the end mark.
    AfterEnd,
    /// Another member has the same name.
    Duplicate {
        /// The names are the same to the letter.
        exact: bool,
        /// The bytes are the same too.
        same: bool,
    },
    /// Bytes belong to no part of the archive.
    Foreign {
        /// How many.
        bytes: u64,
    },
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum => {
                f.write_str("the checksum of its header is wrong: some readers stop here, others go on")
            }
            Self::Number => f.write_str("a number in its header is none"),
            Self::Size { header, pax } => write!(
                f,
                "its size is {header} in the header and {pax} in the PAX record"
            ),
            Self::DataWithoutFile => {
                f.write_str("it is no file and states a size: some readers skip as many bytes, others none")
            }
            Self::AfterEnd => f.write_str("it follows the end of the archive, where only some readers look"),
            Self::Duplicate { same: true, .. } => {
                f.write_str("an earlier member has the same name and the same bytes")
            }
            Self::Duplicate { same: false, .. } => {
                f.write_str("an earlier member has the same name and other bytes")
            }
            Self::Foreign { bytes } => write!(f, "{bytes} bytes here belong to no part of the archive"),
        }
    }
}

/// Two zero blocks end an archive.
const END_BYTES: u64 = 1024;
/// Facts that are kept.
const MOST_FACTS: usize = 1000;
/// Bytes of all names together.
const NAME_BYTES: u64 = 32 << 20;
/// Bytes of PAX records and long names that are read; longer ones are longer than any path.
const RECORD_BYTES: usize = 64 << 10;
/// Bytes of members with one name that are compared.
const COMPARED_BYTES: u64 = 256 << 20;
/// Zero blocks are read in windows of this size.
const WINDOW_BYTES: usize = 1 << 20;

impl Archive {
    /// Collects what is in `content`.
    ///
    /// # Errors
    /// What reading raises.
    pub fn read(content: &Content, limits: &Limits) -> io::Result<Self> {
        let mut walk = Walk {
            content,
            limits,
            archive: Self::default(),
            at: 0,
            zeros: 0,
            ended: false,
            next: Overrides::default(),
            always: Overrides::default(),
            name_bytes: 0,
        };
        while walk.at < content.size() && walk.archive.problems.is_empty() {
            walk.block()?;
        }
        let left = walk.at.min(content.size())..content.size();
        walk.foreign(left);
        walk.duplicates()?;
        let mut archive = walk.archive;
        for foreign in archive.foreign.iter().take(MOST_FACTS) {
            let bytes = foreign.end.saturating_sub(foreign.start);
            archive.facts.push(Seen {
                at: foreign.start,
                member: None,
                fact: Fact::Foreign { bytes },
            });
        }
        archive.facts.sort();
        Ok(archive)
    }

    /// The first member called `name`, with or without `./` in front.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        let plain = |name: &str| name.strip_prefix("./").unwrap_or(name).to_owned();
        self.members
            .iter()
            .find(|member| plain(&member.name) == plain(name))
    }
}

/// What PAX records and long names say of the next member, or of all.
#[derive(Clone, Default)]
struct Overrides {
    name: Option<String>,
    target: Option<String>,
    size: Option<u64>,
    is_sparse: bool,
}

struct Walk<'a> {
    content: &'a Content,
    limits: &'a Limits,
    archive: Archive,
    at: u64,
    zeros: u64,
    ended: bool,
    next: Overrides,
    always: Overrides,
    name_bytes: u64,
}

impl Walk<'_> {
    fn block(&mut self) -> io::Result<()> {
        let bytes = self.content.read(self.at, BLOCK)?;
        if bytes.iter().all(|&byte| byte == 0) {
            return self.zero_blocks();
        }
        let Some(header) = Header::parse(&bytes) else {
            let end = self.at.saturating_add(BLOCK as u64).min(self.content.size());
            self.foreign(self.at..end);
            self.at = end;
            return Ok(());
        };
        self.zeros = 0;
        let at = self.at;
        let data_from = at.saturating_add(BLOCK as u64);
        self.structure(at..data_from);
        self.at = data_from;
        match header.kind {
            b'x' | b'g' | b'L' | b'K' => self.record(&header),
            _ => self.member(at, &header),
        }
    }

    /// Goes over zero blocks. Two of them are the end mark.
    fn zero_blocks(&mut self) -> io::Result<()> {
        let window = self.content.read(self.at, WINDOW_BYTES)?;
        let zero = window.iter().take_while(|&&byte| byte == 0).count();
        let zero = if zero == window.len() {
            zero
        } else {
            zero.saturating_sub(zero.checked_rem(BLOCK).unwrap_or(0))
        };
        let end = self.at.saturating_add(zero as u64);
        self.structure(self.at..end);
        self.zeros = self.zeros.saturating_add(zero as u64);
        self.ended |= self.zeros >= END_BYTES;
        self.at = end;
        Ok(())
    }

    fn structure(&mut self, range: Range<u64>) {
        let range = range.start..range.end.min(self.content.size());
        match self.archive.structure.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.archive.structure.push(range),
        }
    }

    fn foreign(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        match self.archive.foreign.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.archive.foreign.push(range),
        }
    }

    fn fact(&mut self, at: u64, member: &str, fact: Fact) {
        if self.archive.facts.len() < MOST_FACTS {
            self.archive.facts.push(Seen {
                at,
                member: Some(member.to_owned()),
                fact,
            });
        }
    }

    /// PAX records or a long name: both say something of what follows.
    fn record(&mut self, header: &Header) -> io::Result<()> {
        let size = header.size.unwrap_or(0);
        let length = usize::try_from(size).map_or(RECORD_BYTES, |size| size.min(RECORD_BYTES));
        let bytes = self.content.read(self.at, length)?;
        let text = |bytes: &[u8]| name::text(bytes.split(|&byte| byte == 0).next().unwrap_or_default());
        match header.kind {
            b'L' => self.next.name = Some(text(&bytes)),
            b'K' => self.next.target = Some(text(&bytes)),
            b'g' => pax(&bytes, &mut self.always),
            _ => pax(&bytes, &mut self.next),
        }
        let end = self.at.saturating_add(padded(size));
        if size > RECORD_BYTES as u64 {
            let read = self.at.saturating_add(RECORD_BYTES as u64);
            self.structure(self.at..read);
            self.foreign(read.min(self.content.size())..end.min(self.content.size()));
        } else {
            self.structure(self.at..end);
        }
        self.at = end;
        Ok(())
    }

    fn member(&mut self, at: u64, header: &Header) -> io::Result<()> {
        let next = std::mem::take(&mut self.next);
        let name = next
            .name
            .or_else(|| self.always.name.clone())
            .unwrap_or_else(|| header.name());
        let target = next.target.or_else(|| self.always.target.clone());
        let pax_size = next.size.or(self.always.size);
        self.admit(at, &name);
        if !header.checksum_holds {
            self.fact(at, &name, Fact::Checksum);
        }
        if header.size.is_none() && pax_size.is_none() {
            self.fact(at, &name, Fact::Number);
        }
        if self.ended {
            self.fact(at, &name, Fact::AfterEnd);
        }
        let stated = header.size.unwrap_or(0);
        if let Some(pax) = pax_size
            && pax != stated
            && stated != 0
        {
            self.fact(at, &name, Fact::Size { header: stated, pax });
        }
        let size = pax_size.unwrap_or(stated);
        let kind = header.kind(&name);
        let mut data_from = self.at;
        if header.kind == b'S' {
            data_from = self.sparse_map(data_from, header)?;
        }
        let has_data = match kind {
            Kind::File => true,
            _ if size == 0 => false,
            _ => {
                self.fact(at, &name, Fact::DataWithoutFile);
                // Where a header follows at once, some reader goes there; the walk comes across the rest anyway.
                Header::parse(&self.content.read(data_from, BLOCK)?).is_none()
            }
        };
        let size = if has_data { size } else { 0 };
        let file_size = self.content.size();
        let end = data_from.saturating_add(size);
        self.archive.is_cut |= end > file_size;
        self.archive.members.push(Member {
            name,
            at,
            kind,
            target: target.unwrap_or_else(|| header.target.clone()),
            data: data_from.min(file_size)..end.min(file_size),
            is_sparse: header.kind == b'S' || next.is_sparse,
        });
        self.at = data_from.saturating_add(padded(size));
        self.padding(end.min(file_size)..self.at.min(file_size))
    }

    /// Padding up to the next block is zero, or it is foreign.
    fn padding(&mut self, range: Range<u64>) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let bytes = self.content.read(range.start, BLOCK)?;
        let count = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
        if bytes.iter().take(count).all(|&byte| byte == 0) {
            self.structure(range);
        } else {
            self.foreign(range);
        }
        Ok(())
    }

    /// Goes over the blocks that continue the map of a sparse member of GNU tar.
    fn sparse_map(&mut self, mut at: u64, header: &Header) -> io::Result<u64> {
        let mut more = header.map_goes_on;
        while more {
            let block = self.content.read(at, BLOCK)?;
            more = block.get(504).is_some_and(|&byte| byte != 0);
            let end = at.saturating_add(BLOCK as u64);
            self.structure(at..end);
            at = end;
        }
        Ok(at)
    }

    fn admit(&mut self, at: u64, name: &str) {
        self.name_bytes = self.name_bytes.saturating_add(name.len() as u64);
        let members = (self.archive.members.len() as u64).saturating_add(1);
        for (what, asked, limit) in [
            ("members of an archive", members, self.limits.members),
            ("bytes of names in an archive", self.name_bytes, NAME_BYTES),
        ] {
            if asked > limit && self.archive.problems.is_empty() {
                self.archive.problems.push(Problem::LimitExceeded {
                    offset: at,
                    what,
                    asked,
                    limit,
                });
            }
        }
    }

    fn duplicates(&mut self) -> io::Result<()> {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let mut facts = Vec::new();
        let mut left = COMPARED_BYTES;
        for (index, member) in self.archive.members.iter().enumerate() {
            if member.kind == Kind::Folder {
                continue;
            }
            let key = name::key(&member.name);
            let Some(&first) = names.get(&key) else {
                names.insert(key, index);
                continue;
            };
            if let Some(first) = self.archive.members.get(first) {
                let same = first.kind == member.kind
                    && first.target == member.target
                    && self.same_bytes(&first.data, &member.data, &mut left)?;
                let exact = first.name == member.name;
                facts.push((member.at, member.name.clone(), Fact::Duplicate { exact, same }));
            }
        }
        for (at, name, fact) in facts {
            self.fact(at, &name, fact);
        }
        Ok(())
    }

    fn same_bytes(&self, a: &Range<u64>, b: &Range<u64>, left: &mut u64) -> io::Result<bool> {
        let length = |range: &Range<u64>| range.end.saturating_sub(range.start);
        if length(a) != length(b) || length(a) > *left {
            return Ok(false);
        }
        *left = left.saturating_sub(length(a));
        let mut at = 0_u64;
        while at < length(a) {
            let step =
                usize::try_from(length(a).saturating_sub(at)).map_or(WINDOW_BYTES, |s| s.min(WINDOW_BYTES));
            let one = self.content.read(a.start.saturating_add(at), step)?;
            if one != self.content.read(b.start.saturating_add(at), step)? {
                return Ok(false);
            }
            at = at.saturating_add(step as u64);
        }
        Ok(true)
    }
}

fn padded(size: u64) -> u64 {
    size.checked_next_multiple_of(BLOCK as u64).unwrap_or(u64::MAX)
}

/// Reads PAX records. A later one of the same key counts.
fn pax(mut bytes: &[u8], into: &mut Overrides) {
    loop {
        let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let length = bytes
            .get(..digits)
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
        let Some(record) = length.and_then(|length| bytes.get(digits.saturating_add(1)..length)) else {
            return;
        };
        bytes = length.and_then(|length| bytes.get(length..)).unwrap_or_default();
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let Some(equals) = record.iter().position(|&byte| byte == b'=') else {
            continue;
        };
        let value = name::text(record.get(equals.saturating_add(1)..).unwrap_or_default());
        match record.get(..equals).unwrap_or_default() {
            b"path" => into.name = Some(value),
            b"linkpath" => into.target = Some(value),
            b"size" => into.size = value.trim().parse().ok(),
            b"GNU.sparse.name" => {
                into.name = Some(value);
                into.is_sparse = true;
            }
            key if key.starts_with(b"GNU.sparse.") => into.is_sparse = true,
            _ => {}
        }
    }
}
