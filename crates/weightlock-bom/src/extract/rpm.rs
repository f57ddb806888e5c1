//! The database of rpm in the form that has been usual since 2021: a table of SQLite whose rows are headers of packages.
//! <https://www.sqlite.org/fileformat2.html>, <https://rpm-software-management.github.io/rpm/manual/format_header.html>
//!
//! ```text
//! file   = page*                       page 1 begins with 100 bytes about the file
//! page   = kind(1) … cells(2) … cell*  of a tree: 5 inside, 13 at the end; a long cell goes on in pages of its own
//! row    = header(length, type*) value*         Packages(hnum, blob)
//! blob   = entries(4) bytes(4) entry(tag, type, offset, count)* data
//! ```
//!
//! Only what is needed to list packages is read: no index, no journal, no query. Every page is visited once at most. The older forms
//! (Berkeley DB, ndb) are not read and told as a gap.

use std::collections::BTreeSet;

use weightlock_format::{Error, content::Content};

/// Pages of a database. One of a gigabyte has some 250,000.
const MOST_PAGES: usize = 1 << 20;
/// Packages in it.
const MOST_PACKAGES: usize = 50_000;
/// Bytes of one header. Those of packages with many files have some megabytes.
const MOST_HEADER: usize = 32 << 20;

/// What a header says of its package.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) epoch: Option<u32>,
    pub(super) version: String,
    pub(super) release: String,
    pub(super) architecture: String,
    pub(super) licence: String,
    pub(super) vendor: String,
    /// The name of the archive that it was built from: `glibc-2.34-100.el9.src.rpm`.
    pub(super) source: String,
}

/// Why a database is not read to its end, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Broken {
    pub(super) offset: u64,
    pub(super) why: &'static str,
}

/// Reads every package that can be read.
///
/// # Errors
/// Reading failed. A broken database gives what was read before, and why there is no more.
pub(super) fn packages(content: &Content) -> Result<(Vec<Package>, Option<Broken>), Error> {
    let Some(mut database) = Database::open(content)? else {
        let why = "it is no database of SQLite";
        return Ok((Vec::new(), Some(Broken { offset: 0, why })));
    };
    let mut root = None;
    database.rows(1, &mut |row| {
        let values = values(row);
        let text = |at: usize| values.get(at).map(|it| String::from_utf8_lossy(it.bytes));
        if text(0).as_deref() == Some("table") && text(1).as_deref() == Some("Packages") {
            root = values.get(3).and_then(Column::number);
        }
    })?;
    let Some(root) = root.and_then(|it| u32::try_from(it).ok()) else {
        let why = "it has no table of packages that can be found";
        return Ok((Vec::new(), database.broken.or(Some(Broken { offset: 0, why }))));
    };
    let mut found = Vec::new();
    let mut is_whole = true;
    database.rows(root, &mut |row| {
        let package = values(row).get(1).and_then(|it| Package::read(it.bytes));
        match package {
            Some(package) if found.len() < MOST_PACKAGES => found.push(package),
            _ => is_whole = false,
        }
    })?;
    let why = "a header in it is broken, or there are too many";
    let broken = database
        .broken
        .or((!is_whole).then_some(Broken { offset: 0, why }));
    Ok((found, broken))
}

struct Database<'c> {
    content: &'c Content,
    page: usize,
    /// Bytes of a page that are used.
    usable: usize,
    seen: BTreeSet<u32>,
    broken: Option<Broken>,
}

impl<'c> Database<'c> {
    fn open(content: &'c Content) -> Result<Option<Self>, Error> {
        let head = content.read(0, 100)?;
        if !head.starts_with(b"SQLite format 3\0") || head.len() < 100 {
            return Ok(None);
        }
        let page = match u16_at(&head, 16) {
            Some(1) => 1 << 16,
            Some(size) if size >= 512 && size.is_power_of_two() => usize::from(size),
            _ => return Ok(None),
        };
        let reserved = usize::from(head.get(20).copied().unwrap_or_default());
        let usable = page.saturating_sub(reserved);
        Ok((usable >= 480).then_some(Self {
            content,
            page,
            usable,
            seen: BTreeSet::new(),
            broken: None,
        }))
    }

    fn offset(&self, number: u32) -> u64 {
        u64::from(number.saturating_sub(1)).saturating_mul(self.page as u64)
    }

    /// A page that was not read yet; nothing where there is none.
    fn take(&mut self, number: u32) -> Result<Option<Vec<u8>>, Error> {
        let is_new = number > 0 && self.seen.len() < MOST_PAGES && self.seen.insert(number);
        let bytes = if is_new {
            self.content.read(self.offset(number), self.page)?
        } else {
            Vec::new()
        };
        if bytes.len() < self.page {
            self.note(number, "a page is not there, or is used twice");
            return Ok(None);
        }
        Ok(Some(bytes))
    }

    fn note(&mut self, number: u32, why: &'static str) {
        let offset = self.offset(number);
        self.broken.get_or_insert(Broken { offset, why });
    }

    /// Hands out the rows of the tree below a page.
    fn rows(&mut self, root: u32, see: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        let mut due = vec![root];
        while let Some(number) = due.pop() {
            let Some(bytes) = self.take(number)? else {
                continue;
            };
            let start = if number == 1 { 100 } else { 0 };
            let kind = bytes.get(start).copied();
            let cells = usize::from(u16_at(&bytes, start.saturating_add(3)).unwrap_or_default());
            let list = start.saturating_add(if kind == Some(5) { 12 } else { 8 });
            if !matches!(kind, Some(5 | 13)) {
                self.note(number, "a page is none of a table");
                continue;
            }
            if kind == Some(5) {
                due.extend(u32_at(&bytes, start.saturating_add(8)));
            }
            for cell in 0..cells {
                let at = u16_at(&bytes, list.saturating_add(cell.saturating_mul(2))).map(usize::from);
                let cell = at.and_then(|at| bytes.get(at..)).unwrap_or_default();
                if kind == Some(5) {
                    due.extend(u32_at(cell, 0));
                } else if let Some(row) = self.row(number, cell)? {
                    see(&row);
                }
            }
        }
        Ok(())
    }

    /// The payload of a cell, with the pages that it goes on in.
    fn row(&mut self, number: u32, cell: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let mut rest = cell;
        let length = varint(&mut rest).and_then(|it| usize::try_from(it).ok());
        let (Some(length), Some(_)) = (length, varint(&mut rest)) else {
            self.note(number, "a row is cut off");
            return Ok(None);
        };
        if length > MOST_HEADER {
            self.note(number, "a row is longer than a header of a package is");
            return Ok(None);
        }
        let here = self.local(length);
        let Some(start) = rest.get(..here) else {
            self.note(number, "a row is cut off");
            return Ok(None);
        };
        let mut row = start.to_vec();
        let mut next = if here < length { u32_at(rest, here) } else { None };
        while row.len() < length {
            let Some(page) = next else {
                self.note(number, "a row is cut off");
                return Ok(None);
            };
            let Some(bytes) = self.take(page)? else {
                return Ok(None);
            };
            next = u32_at(&bytes, 0);
            let more = length
                .saturating_sub(row.len())
                .min(self.usable.saturating_sub(4));
            row.extend(bytes.get(4..more.saturating_add(4)).unwrap_or_default());
        }
        Ok(Some(row))
    }

    /// How much of a row stands in the page of its tree (section 1.6).
    fn local(&self, length: usize) -> usize {
        let most = self.usable.saturating_sub(35);
        if length <= most {
            return length;
        }
        let least = (self.usable.saturating_sub(12).saturating_mul(32) / 255).saturating_sub(23);
        let width = self.usable.saturating_sub(4).max(1);
        let behind = length
            .saturating_sub(least)
            .checked_rem(width)
            .unwrap_or_default();
        let wanted = least.saturating_add(behind);
        if wanted <= most { wanted } else { least }
    }
}

/// A value of a row.
struct Column<'r> {
    /// Whether it is a number, whose bytes are these.
    is_number: bool,
    bytes: &'r [u8],
}

impl Column<'_> {
    fn number(&self) -> Option<u64> {
        let is_short = self.is_number && self.bytes.len() <= 8;
        is_short.then(|| {
            self.bytes
                .iter()
                .fold(0_u64, |all, byte| all << 8 | u64::from(*byte))
        })
    }
}

/// The values of a row, as far as they are there.
fn values(row: &[u8]) -> Vec<Column<'_>> {
    const MOST: usize = 32;
    let mut head = row;
    let length = varint(&mut head)
        .and_then(|it| usize::try_from(it).ok())
        .unwrap_or_default();
    let Some((types, mut rest)) = row.split_at_checked(length) else {
        return Vec::new();
    };
    let mut types = types
        .get(row.len().saturating_sub(head.len())..)
        .unwrap_or_default();
    let mut values = Vec::new();
    while values.len() < MOST {
        let Some(kind) = varint(&mut types) else {
            break;
        };
        let width = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            _ => kind.saturating_sub(12) / 2,
        };
        let Some((bytes, behind)) = usize::try_from(width)
            .ok()
            .and_then(|it| rest.split_at_checked(it))
        else {
            break;
        };
        rest = behind;
        values.push(Column {
            is_number: (1..=6).contains(&kind),
            bytes,
        });
    }
    values
}

/// Seven bits a byte, the highest first; the ninth byte has eight.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for at in 0..9 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if at == 8 {
            return Some(number << 8 | u64::from(*byte));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

impl Package {
    /// Reads a header; `None` where it is none, or has no name.
    fn read(blob: &[u8]) -> Option<Self> {
        const ENTRY: usize = 16;
        const MOST_TEXT: usize = 1024;
        let count = usize::try_from(u32_at(blob, 0)?).ok()?;
        let index = blob.get(8..)?;
        let data = index.get(count.checked_mul(ENTRY)?..)?;
        let mut package = Self::default();
        for entry in index.chunks_exact(ENTRY).take(count) {
            let (tag, kind, offset) = (u32_at(entry, 0)?, u32_at(entry, 4)?, u32_at(entry, 8)?);
            let Some(value) = usize::try_from(offset).ok().and_then(|it| data.get(it..)) else {
                continue;
            };
            // A text, or the first of a list of texts.
            if matches!(kind, 6 | 8 | 9) {
                let field = match tag {
                    1000 => &mut package.name,
                    1001 => &mut package.version,
                    1002 => &mut package.release,
                    1011 => &mut package.vendor,
                    1014 => &mut package.licence,
                    1022 => &mut package.architecture,
                    1044 => &mut package.source,
                    _ => continue,
                };
                let end = value.iter().take(MOST_TEXT).position(|it| *it == 0)?;
                *field = String::from_utf8_lossy(value.get(..end)?).into_owned();
            } else if tag == 1003 && kind == 4 {
                package.epoch = u32_at(value, 0);
            }
        }
        (!package.name.is_empty() && !package.version.is_empty()).then_some(package)
    }

    /// Epoch, version and release as rpm compares them.
    pub(super) fn full_version(&self) -> String {
        let plain = format!("{}-{}", self.version, self.release);
        match self.epoch {
            Some(epoch) if epoch > 0 => format!("{epoch}:{plain}"),
            _ => plain,
        }
    }

    /// Name and version of what it was built from.
    pub(super) fn built_from(&self) -> Option<(&str, &str)> {
        let stem = self
            .source
            .strip_suffix(".src.rpm")
            .or_else(|| self.source.strip_suffix(".nosrc.rpm"))?;
        let release = stem.rfind('-')?;
        let version = stem.get(..release)?.rfind('-')?;
        Some((stem.get(..version)?, stem.get(version.saturating_add(1)..)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with these texts, and an epoch.
    fn header(texts: &[(u32, &str)], epoch: u32, filler: usize) -> Vec<u8> {
        let (mut index, mut data) = (Vec::new(), Vec::new());
        let mut entry = |tag: u32, kind: u32, bytes: &[u8], data: &mut Vec<u8>| {
            for number in [tag, kind, u32::try_from(data.len()).unwrap(), 1] {
                index.extend(number.to_be_bytes());
            }
            data.extend(bytes);
        };
        entry(63, 7, &vec![b'x'; filler], &mut data);
        for (tag, text) in texts {
            entry(*tag, 6, format!("{text}\0").as_bytes(), &mut data);
        }
        entry(1003, 4, &epoch.to_be_bytes(), &mut data);
        let count = u32::try_from(texts.len() + 2).unwrap();
        let length = u32::try_from(data.len()).unwrap();
        [&count.to_be_bytes()[..], &length.to_be_bytes(), &index, &data].concat()
    }

    fn number(value: usize) -> Vec<u8> {
        let low = u8::try_from(value & 0x7f).unwrap();
        match u8::try_from(value >> 7).unwrap() {
            0 => vec![low],
            high => vec![high | 0x80, low],
        }
    }

    /// A row: types and values.
    fn row(values: &[(usize, &[u8])]) -> Vec<u8> {
        let types: Vec<u8> = values.iter().flat_map(|(kind, _)| number(*kind)).collect();
        let mut row = number(types.len() + 1);
        row.extend(types);
        values.iter().for_each(|(_, bytes)| row.extend(*bytes));
        row
    }

    const PAGE: usize = 512;

    /// A page of a table with these rows; what does not fit goes on in pages from `spare` on.
    fn leaf(start: usize, rows: &[Vec<u8>], spare: &mut Vec<Vec<u8>>, first_spare: u32) -> Vec<u8> {
        let (mut page, mut end, mut list) = (vec![0; PAGE], PAGE, Vec::new());
        let shape = Database {
            content: &Content::from(Vec::new()),
            page: PAGE,
            usable: PAGE,
            seen: BTreeSet::new(),
            broken: None,
        };
        for (id, row) in rows.iter().enumerate() {
            let here = shape.local(row.len());
            let mut cell = [number(row.len()), number(id + 1), row[..here].to_vec()].concat();
            let chunks: Vec<&[u8]> = row[here..].chunks(PAGE - 4).collect();
            for (at, chunk) in chunks.iter().enumerate() {
                let own = first_spare + u32::try_from(spare.len()).unwrap();
                if at == 0 {
                    cell.extend(own.to_be_bytes());
                }
                let next = if at + 1 < chunks.len() { own + 1 } else { 0 };
                let mut bytes = [&next.to_be_bytes()[..], chunk].concat();
                bytes.resize(PAGE, 0);
                spare.push(bytes);
            }
            end -= cell.len();
            page[end..end + cell.len()].copy_from_slice(&cell);
            list.extend(u16::try_from(end).unwrap().to_be_bytes());
        }
        page[start] = 13;
        page[start + 3..start + 5].copy_from_slice(&u16::try_from(rows.len()).unwrap().to_be_bytes());
        page[start + 8..start + 8 + list.len()].copy_from_slice(&list);
        page
    }

    /// A database: the schema, a page inside the tree, a leaf on either side, and what went on elsewhere.
    fn database(headers: [Vec<u8>; 2]) -> Vec<u8> {
        let schema = row(&[
            (23, b"table"),
            (29, b"Packages"),
            (29, b"Packages"),
            (1, &[2]),
            (13, b""),
        ]);
        let mut first = leaf(100, &[schema], &mut Vec::new(), 0);
        first[..16].copy_from_slice(b"SQLite format 3\0");
        first[16..18].copy_from_slice(&512_u16.to_be_bytes());
        let mut inside = vec![0; PAGE];
        inside[0] = 5;
        inside[3..5].copy_from_slice(&1_u16.to_be_bytes());
        inside[8..12].copy_from_slice(&4_u32.to_be_bytes());
        inside[12..14].copy_from_slice(&500_u16.to_be_bytes());
        inside[500..505].copy_from_slice(&[0, 0, 0, 3, 1]);
        let mut spare = Vec::new();
        let leaves = headers.map(|it| leaf(0, &[row(&[(0, b""), (12 + 2 * it.len(), &it)])], &mut spare, 5));
        [vec![first, inside], leaves.to_vec(), spare].concat().concat()
    }

    const GLIBC: [(u32, &str); 6] = [
        (1000, "glibc"),
        (1001, "2.34"),
        (1002, "100.el9"),
        (1014, "LGPLv2+"),
        (1022, "x86_64"),
        (1044, "glibc-2.34-100.el9.src.rpm"),
    ];

    fn two() -> Vec<u8> {
        let openssl = [
            (1000, "openssl-libs"),
            (1001, "3.0.7"),
            (1002, "27.el9"),
            (1044, "openssl-3.0.7-27.el9.src.rpm"),
        ];
        database([header(&GLIBC, 0, 0), header(&openssl, 1, 3000)])
    }

    #[test]
    fn packages_are_read_with_what_goes_on_in_other_pages() {
        let (mut found, broken) = packages(&Content::from(two())).expect("memory does not fail");
        found.sort_by(|one, other| one.name.cmp(&other.name));
        assert_eq!(broken, None);
        let told: Vec<_> = found
            .iter()
            .map(|it| (it.name.as_str(), it.full_version(), it.built_from()))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "glibc",
                    "2.34-100.el9".to_owned(),
                    Some(("glibc", "2.34-100.el9"))
                ),
                (
                    "openssl-libs",
                    "1:3.0.7-27.el9".to_owned(),
                    Some(("openssl", "3.0.7-27.el9"))
                ),
            ]
        );
        assert_eq!(
            (found[0].architecture.as_str(), found[0].licence.as_str()),
            ("x86_64", "LGPLv2+")
        );
    }

    #[test]
    fn what_is_broken_is_told_and_never_ends_in_a_circle() {
        let whole = two();
        for cut in [0, 50, 100, 511, 600, 1200, 1800, whole.len() - 1] {
            let (found, broken) =
                packages(&Content::from(whole[..cut].to_vec())).expect("memory does not fail");
            assert!(broken.is_some() && found.len() < 2, "{cut}: {found:?}");
        }
        let mut circle = whole.clone();
        circle[PAGE + 8..PAGE + 12].copy_from_slice(&2_u32.to_be_bytes());
        let (found, broken) = packages(&Content::from(circle)).expect("memory does not fail");
        assert_eq!(
            (found.len(), broken.map(|it| it.why)),
            (1, Some("a page is not there, or is used twice"))
        );
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0xff;
            packages(&Content::from(changed)).expect("memory does not fail");
        }
    }
}
