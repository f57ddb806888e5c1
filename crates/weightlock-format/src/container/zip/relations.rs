//! Relations between members, and what is left over when all parts are known.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use super::{
    Fact, Kind, Member, View,
    survey::{MOST_FACTS, Survey, WINDOW_BYTES},
};
use crate::container::name;

/// Bytes of two members with one name that are compared.
const COMPARED_BYTES: u64 = 256 << 20;

impl Survey<'_> {
    pub(super) fn relations(&mut self) -> io::Result<()> {
        self.overlaps();
        let starts: BTreeSet<u64> = self.directories.keys().map(|&(start, _)| start).collect();
        if let Some(&other) = starts.first() {
            for &start in starts.iter().skip(1) {
                self.fact(start, None, Fact::OtherDirectory { other });
            }
        }
        let mut names: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, member) in self.archive.members.iter().enumerate() {
            if member.kind != Kind::Folder {
                names.entry(name::key(&member.name)).or_default().push(index);
            }
        }
        let mut left = COMPARED_BYTES;
        for indices in names.into_values() {
            let Some((&first, others)) = indices.split_first() else {
                continue;
            };
            for &other in others {
                self.duplicate(first, other, &mut left)?;
            }
        }
        Ok(())
    }

    fn overlaps(&mut self) {
        let members = &self.archive.members;
        let end = |member: &Member| member.views.first().map_or(member.at, |view| view.data.end);
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|&index| members.get(index).map(|member| member.at));
        let mut facts = Vec::new();
        let mut reach: Option<&Member> = None;
        for member in order.iter().filter_map(|&index| members.get(index)) {
            if let Some(before) = reach
                && end(before) > member.at
                && (before.at, &before.name) != (member.at, &member.name)
            {
                let other = before.name.clone();
                facts.push((member.at, member.name.clone(), Fact::Overlap { other }));
            }
            if reach.is_none_or(|before| end(member) > end(before)) {
                reach = Some(member);
            }
        }
        for (at, name, fact) in facts.into_iter().take(MOST_FACTS) {
            self.fact(at, Some(&name), fact);
        }
    }

    fn duplicate(&mut self, first: usize, second: usize, left: &mut u64) -> io::Result<()> {
        let members = &self.archive.members;
        let (Some(first), Some(second)) = (members.get(first), members.get(second)) else {
            return Ok(());
        };
        let same = match (first.views.first(), second.views.first()) {
            (Some(a), Some(b)) => a.data == b.data || self.same_bytes(a, b, left)?,
            _ => false,
        };
        let fact = Fact::Duplicate {
            other: first.name.clone(),
            same,
            exact: first.name == second.name,
        };
        let (at, name) = (second.at, second.name.clone());
        self.fact(at, Some(&name), fact);
        Ok(())
    }

    /// Whether two members have the same bytes in the archive. Different compression of the same bytes counts as
    /// different, and so does what would take too much reading.
    fn same_bytes(&self, a: &View, b: &View, left: &mut u64) -> io::Result<bool> {
        let length = |view: &View| view.data.end.saturating_sub(view.data.start);
        if (a.method, a.size, a.crc, length(a)) != (b.method, b.size, b.crc, length(b)) || length(a) > *left {
            return Ok(false);
        }
        *left = left.saturating_sub(length(a));
        let mut at = 0;
        while at < length(a) {
            let step =
                WINDOW_BYTES.min(usize::try_from(length(a).saturating_sub(at)).unwrap_or(WINDOW_BYTES));
            let one = self.content.read(a.data.start.saturating_add(at), step)?;
            let two = self.content.read(b.data.start.saturating_add(at), step)?;
            if one != two {
                return Ok(false);
            }
            at = at.saturating_add(step as u64);
        }
        Ok(true)
    }

    pub(super) fn leftovers(&mut self) -> io::Result<()> {
        let comments = self.archive.comments.clone();
        self.claimed.extend(comments);
        for gap in self.gaps() {
            let bytes = gap.end.saturating_sub(gap.start);
            if bytes <= WINDOW_BYTES as u64
                && self
                    .content
                    .read(gap.start, WINDOW_BYTES.min(usize::try_from(bytes).unwrap_or(0)))?
                    .iter()
                    .all(|&byte| byte == 0)
            {
                self.archive.structure.push(gap);
            } else {
                self.fact(gap.start, None, Fact::Foreign { bytes });
                self.archive.foreign.push(gap);
            }
        }
        Ok(())
    }
}
