//! Finds the parts of a zip archive.
//!
//! 1. End records near the end of the file, each with the directories that it leads to.
//! 2. The entries of each directory, each with the local header that it leads to.
//! 3. A sweep of the bytes that no part owns yet, for more end records (then 2 again) and for local headers.
//! 4. What is left over is padding when it is zero, and foreign otherwise.
//!
//! Step 3 is in [`super::sweep`], what follows in [`super::relations`].

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::Range,
};

use memchr::memmem;

use super::{
    Archive, Fact, Header, Kind, Member, Seen, View,
    record::{self, CENTRAL, DESCRIPTOR, Directory, END, Stated},
};
use crate::{
    Problem,
    container::name,
    content::Content,
    detect,
    limits::{Budget, Limits},
};

/// Bytes of all names together. Names are all that is held of a member.
pub(super) const NAME_BYTES: u64 = 32 << 20;
/// Bytes swept at once.
pub(super) const WINDOW_BYTES: usize = 1 << 20;
/// End records that are followed; each may lead to directories of its own.
const MOST_ENDS: usize = 64;
/// Facts that are kept.
pub(super) const MOST_FACTS: usize = 1000;

pub(super) fn survey(content: &Content, limits: &Limits, budget: &mut Budget) -> io::Result<Archive> {
    let mut survey = Survey {
        content,
        limits,
        budget,
        archive: Archive::default(),
        claimed: Vec::new(),
        ends: BTreeSet::new(),
        directories: BTreeMap::new(),
        locals: BTreeMap::new(),
        name_bytes: 0,
        full: false,
    };
    survey.ends_near_the_end()?;
    survey.sweep()?;
    survey.relations()?;
    survey.leftovers()?;
    let mut archive = survey.archive;
    if !archive.is_zip() {
        return Ok(Archive::default());
    }
    archive
        .members
        .sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
    archive.structure.sort_by_key(|range| (range.start, range.end));
    archive.facts.sort();
    archive.facts.dedup();
    archive.facts.truncate(MOST_FACTS);
    Ok(archive)
}

/// Where the last end record near the end lies that leads to a directory.
pub(super) fn last_end(content: &Content) -> io::Result<Option<u64>> {
    let tail = content.tail(detect::TAIL_BYTES)?;
    let from = content.size().saturating_sub(tail.len() as u64);
    for at in memmem::rfind_iter(&tail, &END).take(MOST_ENDS) {
        let at = from.saturating_add(at as u64);
        let Some(end) = record::end(content, at)? else {
            continue;
        };
        for stated in end.stated {
            let usual = stated.at.checked_sub(stated.size);
            let starts = [usual, Some(stated.offset)];
            if starts
                .into_iter()
                .flatten()
                .any(|start| record::is_at(content, start, CENTRAL))
            {
                return Ok(Some(at));
            }
        }
    }
    Ok(None)
}

pub(super) struct Survey<'a> {
    pub(super) content: &'a Content,
    pub(super) limits: &'a Limits,
    pub(super) budget: &'a mut Budget,
    pub(super) archive: Archive,
    /// What some part owns.
    pub(super) claimed: Vec<Range<u64>>,
    /// End records that were looked at.
    pub(super) ends: BTreeSet<u64>,
    /// Directories by where they begin: what offsets in them count from, the number of entries, and the end.
    pub(super) directories: BTreeMap<(u64, u64), (u64, u64)>,
    /// Members by where their local header lies.
    pub(super) locals: BTreeMap<u64, Vec<usize>>,
    pub(super) name_bytes: u64,
    pub(super) full: bool,
}

impl Survey<'_> {
    pub(super) fn fact(&mut self, at: u64, member: Option<&str>, fact: Fact) {
        if self.archive.facts.len() < MOST_FACTS.saturating_mul(4) {
            self.archive.facts.push(Seen {
                at,
                member: member.map(str::to_owned),
                fact,
            });
        }
    }

    /// Meets a limit: nothing more is taken up, and it is told once.
    fn limit(&mut self, offset: u64, what: &'static str, asked: u64, limit: u64) {
        if !self.full {
            self.archive.problems.push(Problem::LimitExceeded {
                offset,
                what,
                asked,
                limit,
            });
        }
        self.full = true;
    }

    pub(super) fn structure(&mut self, range: Range<u64>) {
        self.claimed.push(range.clone());
        self.archive.structure.push(range);
    }

    // 1. End records.

    fn ends_near_the_end(&mut self) -> io::Result<()> {
        let tail = self.content.tail(detect::TAIL_BYTES)?;
        let from = self.content.size().saturating_sub(tail.len() as u64);
        let places: Vec<u64> = memmem::find_iter(&tail, &END)
            .map(|at| from.saturating_add(at as u64))
            .collect();
        // The last one is what most readers use. One that lies in the data of its members belongs to an archive within
        // this one, which is examined on its own.
        for at in places.into_iter().rev() {
            let in_data = |view: &View| view.data.contains(&at);
            if !self
                .archive
                .members
                .iter()
                .any(|member| member.views.iter().all(in_data))
            {
                self.end(at)?;
            }
        }
        Ok(())
    }

    /// Looks at the end record at `at`, and follows it.
    pub(super) fn end(&mut self, at: u64) -> io::Result<()> {
        if !self.ends.insert(at) {
            return Ok(());
        }
        if self.ends.len() > MOST_ENDS {
            self.limit(
                at,
                "end records of an archive",
                self.ends.len() as u64,
                MOST_ENDS as u64,
            );
            return Ok(());
        }
        let Some(end) = record::end(self.content, at)? else {
            return Ok(());
        };
        let mut found = false;
        for stated in &end.stated {
            found |= self.directories_of(stated, &end.stated)?;
        }
        let is_empty = end
            .stated
            .iter()
            .all(|stated| stated.entries == 0 && stated.size == 0);
        let closes = end.comment.end == self.content.size();
        if !(found || is_empty && closes) {
            if closes {
                self.fact(at, None, Fact::NoDirectory);
            }
            return Ok(());
        }
        self.archive.has_directory = true;
        self.structure(end.range);
        for wide in end.wide {
            self.structure(wide);
        }
        if end.comment_missing > 0 {
            self.fact(at, None, Fact::Comment);
        }
        if end.wide_missing {
            self.fact(at, None, Fact::NoWideRecord);
        }
        if end.several_disks {
            self.fact(at, None, Fact::Disks);
        }
        if !end.comment.is_empty() {
            self.archive.comments.push(end.comment);
        }
        Ok(())
    }

    /// Follows an end record to where its directory is stated to begin, and to where it would begin if it ended at the
    /// record, as it does when something was put in front of the archive. Between a directory and a narrow record lie
    /// the wide one and its locator: what looks like an entry that many bytes behind its beginning is an entry of it.
    fn directories_of(&mut self, stated: &Stated, all: &[Stated]) -> io::Result<bool> {
        let has_wide = all.len() > 1;
        let agrees = |wide: &Stated| {
            let ends = wide.offset.checked_add(wide.size) == Some(wide.at);
            !wide.narrow && ends && (wide.offset, wide.size) == (stated.offset, stated.size)
        };
        let is_repeated = stated.narrow && all.iter().any(agrees);
        let unused =
            stated.narrow && has_wide && (stated.offset == 0xffff_ffff || stated.size == 0xffff_ffff);
        let usual = match is_repeated {
            true => Some(stated.offset),
            false => stated.at.checked_sub(stated.size),
        };
        let mut starts: Vec<(u64, u64)> = Vec::new();
        if let Some(start) = usual
            && let Some(base) = start.checked_sub(stated.offset)
        {
            starts.push((start, base));
        } else if let Some(start) = usual {
            starts.push((start, 0));
        }
        if usual != Some(stated.offset) {
            starts.push((stated.offset, 0));
        }
        let mut found = Vec::new();
        for (start, base) in starts {
            if record::is_at(self.content, start, CENTRAL) {
                found.push(start);
                let (entries, end) = self.directory(start, base)?;
                if !unused {
                    self.compare(stated, start, entries, end);
                }
            }
        }
        if let [only] = found[..]
            && only != stated.offset
            && !unused
        {
            let place = Fact::DirectoryPlace {
                stated: stated.offset,
                found: only,
            };
            self.fact(stated.at, None, place);
        }
        Ok(!found.is_empty())
    }

    fn compare(&mut self, stated: &Stated, start: u64, entries: u64, end: u64) {
        let mask = if stated.narrow { 0xffff } else { u64::MAX };
        if stated.entries != entries & mask && !(stated.narrow && stated.entries == 0xffff) {
            let count = Fact::Count {
                stated: stated.entries,
                found: entries,
            };
            self.fact(stated.at, None, count);
        }
        let size = end.saturating_sub(start);
        if stated.size != size && !(stated.narrow && stated.size == 0xffff_ffff) {
            let size = Fact::DirectorySize {
                stated: stated.size,
                found: size,
            };
            self.fact(stated.at, None, size);
        }
    }

    // 2. Directories and their members.

    /// Reads the directory that begins at `start`; offsets in it count from `base`. Tells how many entries there are
    /// and where they end.
    fn directory(&mut self, start: u64, base: u64) -> io::Result<(u64, u64)> {
        if let Some(&known) = self.directories.get(&(start, base)) {
            return Ok(known);
        }
        let mut directory = Directory::new(self.content.clone(), start);
        let mut entries = 0_u64;
        while let Some(central) = directory.entry()? {
            if !self.admit(&central) {
                break;
            }
            entries = entries.saturating_add(1);
            self.entry(central, base)?;
        }
        self.structure(start..directory.at);
        self.directories.insert((start, base), (entries, directory.at));
        Ok((entries, directory.at))
    }

    /// Whether there is room for one more member.
    pub(super) fn admit(&mut self, header: &Header) -> bool {
        let members = self.archive.members.len() as u64;
        self.name_bytes = self.name_bytes.saturating_add(header.name.len() as u64);
        let asked = [
            (
                "members of an archive",
                members.saturating_add(1),
                self.limits.members,
            ),
            ("bytes of names in an archive", self.name_bytes, NAME_BYTES),
        ];
        if let Some((what, asked, limit)) = asked.into_iter().find(|(_, asked, limit)| asked > limit) {
            self.limit(header.range.start, what, asked, limit);
        }
        !self.full
    }

    /// Finds the local header of a central entry: where the offset counts from the archive, and from the file.
    fn entry(&mut self, central: Header, base: u64) -> io::Result<()> {
        let mut found = false;
        let from_base = base.saturating_add(central.local);
        let places = [Some(from_base), (base != 0).then_some(central.local)];
        for at in places.into_iter().flatten() {
            if let Some(local) = record::local(self.content, at)? {
                // A reader that counts from the file must not be shown a stranger's header.
                if found && local.name != central.name {
                    continue;
                }
                found = true;
                self.member(Some(&central), local);
            }
        }
        if !found {
            let name = name::text(&central.name);
            self.fact(central.range.start, Some(&name), Fact::Absent);
        }
        Ok(())
    }

    pub(super) fn member(&mut self, central: Option<&Header>, local: Header) {
        let at = local.range.start;
        let header = central.unwrap_or(&local);
        let member = Member {
            name: name::text(&header.name),
            at,
            kind: kind(header),
            views: views(central, &local, self.content.size()),
        };
        let known = self.locals.get(&at).is_some_and(|indices| {
            let same = |index: &usize| self.archive.members.get(*index) == Some(&member);
            // An archive of one header under thousands of names must not cost their square.
            indices.iter().rev().take(64).any(same)
        });
        if known {
            return;
        }
        self.headers(central, &local, &member);
        let end = member
            .views
            .iter()
            .map(|view| view.data.end)
            .min()
            .unwrap_or(local.range.end);
        self.structure(local.range.clone());
        self.claimed.push(local.range.end..end);
        if local.has_descriptor() || header.has_descriptor() {
            self.descriptor(end, &member);
        }
        self.locals
            .entry(at)
            .or_default()
            .push(self.archive.members.len());
        self.archive.members.push(member);
    }

    /// Puts down what the two headers of a member disagree on.
    fn headers(&mut self, central: Option<&Header>, local: &Header, member: &Member) {
        let at = local.range.start;
        let name = Some(member.name.as_str());
        let any = |flag: u16| (local.flags | central.map_or(0, |central| central.flags)) & flag != 0;
        if any(1 | 1 << 6 | 1 << 13) {
            self.fact(at, name, Fact::Encrypted);
        }
        if any(1 << 5) {
            self.fact(at, name, Fact::Patch);
        }
        if local.wide_contradicts || central.is_some_and(|central| central.wide_contradicts) {
            self.fact(at, name, Fact::Wide);
        }
        for header in [central, Some(local)].into_iter().flatten() {
            if let Some(other) = header
                .unicode_name
                .as_ref()
                .filter(|other| **other != header.name)
            {
                let other = name::text(other);
                self.fact(at, name, Fact::UnicodeName { other });
            }
        }
        let Some(central) = central else {
            return;
        };
        if local.name != central.name {
            let local = name::text(&local.name);
            self.fact(at, name, Fact::Name { local });
        }
        // Sizes that follow the data are zero, or right, in the header before it.
        let later = |value: u64| local.has_descriptor() && value == 0;
        let crc = (u64::from(local.crc), u64::from(central.crc));
        for (field, (local, central), may_be_zero) in [
            (
                "the method",
                (u64::from(local.method), u64::from(central.method)),
                false,
            ),
            ("the checksum", crc, true),
            ("the packed size", (local.packed, central.packed), true),
            ("the size", (local.size, central.size), true),
        ] {
            if local != central && !(may_be_zero && later(local)) {
                self.fact(
                    at,
                    name,
                    Fact::Field {
                        field,
                        local,
                        central,
                    },
                );
            }
        }
        let marks = 1 | 1 << 5 | 1 << 6 | 1 << 13;
        let (local, central) = (u64::from(local.flags & marks), u64::from(central.flags & marks));
        if local != central {
            let field = "the marks for encryption and patches";
            self.fact(
                at,
                name,
                Fact::Field {
                    field,
                    local,
                    central,
                },
            );
        }
    }

    /// Claims the data descriptor at `at`, with or without a signature, with narrow or wide sizes.
    fn descriptor(&mut self, at: u64, member: &Member) {
        let Some(view) = member.views.first() else {
            return;
        };
        let bytes = self.content.read(at, 24).unwrap_or_default();
        let signed = bytes.starts_with(&DESCRIPTOR);
        let body = bytes.get(if signed { 4 } else { 0 }..).unwrap_or_default();
        let packed = view.data.end.saturating_sub(view.data.start);
        let crc = view.crc.unwrap_or_default().to_le_bytes();
        let wide = [crc.as_slice(), &packed.to_le_bytes(), &view.size.to_le_bytes()].concat();
        let low = |number: u64| number.to_le_bytes().into_iter().take(4);
        let narrow: Vec<u8> = crc.into_iter().chain(low(packed)).chain(low(view.size)).collect();
        let signature = if signed { 4 } else { 0 };
        let length = if body.starts_with(&wide) {
            20_u64
        } else if body.starts_with(&narrow) {
            12
        } else if signed {
            let name = member.name.clone();
            self.fact(at, Some(&name), Fact::Descriptor);
            12
        } else {
            return;
        };
        self.structure(
            at..at
                .saturating_add(length)
                .saturating_add(signature)
                .min(self.content.size()),
        );
    }
}

fn kind(header: &Header) -> Kind {
    match header.mode & 0o170_000 {
        0o120_000 => Kind::Link,
        // What an archiver read from a pipe keeps the mode of the pipe, and is a file.
        0o010_000 if header.size > 0 => Kind::File,
        0o020_000 | 0o060_000 | 0o010_000 | 0o140_000 => Kind::Device,
        0o040_000 => Kind::Folder,
        _ if header.name.ends_with(b"/") && header.size == 0 => Kind::Folder,
        _ => Kind::File,
    }
}

/// The bytes of a member as the central directory and as the local header describe them.
fn views(central: Option<&Header>, local: &Header, file_size: u64) -> Vec<View> {
    let start = local.range.end;
    let view = |header: &Header, packed: u64, size: u64, crc: Option<u32>| View {
        data: start..start.saturating_add(packed).min(file_size),
        method: header.method,
        size,
        crc,
        encrypted: header.is_encrypted(),
        end_marker: header.flags & 1 << 1 != 0,
    };
    let Some(central) = central else {
        return vec![view(local, local.packed, local.size, Some(local.crc))];
    };
    let first = view(central, central.packed, central.size, Some(central.crc));
    let without_sizes = local.packed == 0 && local.size == 0;
    let second = if without_sizes {
        view(local, central.packed, central.size, Some(central.crc))
    } else {
        view(local, local.packed, local.size, Some(local.crc))
    };
    let differ = (&first.data, first.method) != (&second.data, second.method);
    if differ { vec![first, second] } else { vec![first] }
}
