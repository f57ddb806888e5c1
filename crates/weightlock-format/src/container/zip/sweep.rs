//! The sweep: what no directory leads to.
//!
//! Bytes that no part of the archive owns are searched for end records and local headers. Data of members is never
//! swept: a record of weights may hold any bytes.

use std::{io, ops::Range};

use memchr::memmem;

use super::{
    Fact, Header,
    record::{self, DESCRIPTOR, END, LOCAL},
    survey::{Survey, WINDOW_BYTES},
};
use crate::container::{
    name,
    stream::{Coder, Packed},
};

/// Bytes that are swept for headers; more stay foreign.
const SWEEP_BYTES: u64 = 1 << 30;
/// Headers that are noted in a sweep.
const MOST_HITS: usize = 1 << 20;

impl Survey<'_> {
    pub(super) fn gaps(&mut self) -> Vec<Range<u64>> {
        self.claimed.sort_by_key(|range| (range.start, range.end));
        let mut gaps = Vec::new();
        let mut at = 0;
        for range in &self.claimed {
            if range.start > at {
                gaps.push(at..range.start);
            }
            at = at.max(range.end);
        }
        if at < self.content.size() {
            gaps.push(at..self.content.size());
        }
        gaps
    }

    pub(super) fn sweep(&mut self) -> io::Result<()> {
        let starts_here = record::is_at(self.content, 0, LOCAL);
        if !self.archive.has_directory && !starts_here {
            return Ok(());
        }
        let mut left = SWEEP_BYTES;
        let mut hits = Vec::new();
        for gap in self.gaps() {
            self.hits(gap, &mut left, &mut hits)?;
        }
        for &(at, signature) in &hits {
            if signature == END {
                self.end(at)?;
            }
        }
        let owned = self.merged();
        let mut reach = 0;
        for (at, signature) in hits {
            if signature == LOCAL && at >= reach && !owns(&owned, at) && self.local_only(at)? {
                reach = self.claimed.last().map_or(at, |range| range.end);
            }
        }
        Ok(())
    }

    /// What is claimed, as ranges that neither touch nor overlap.
    fn merged(&mut self) -> Vec<Range<u64>> {
        self.claimed.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<u64>> = Vec::new();
        for range in &self.claimed {
            match merged.last_mut() {
                Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
                _ => merged.push(range.clone()),
            }
        }
        self.claimed.clone_from(&merged);
        merged
    }

    /// Notes where in `gap` something lies that looks like a local header or an end record.
    fn hits(&self, gap: Range<u64>, left: &mut u64, hits: &mut Vec<(u64, [u8; 4])>) -> io::Result<()> {
        let finder = memmem::Finder::new(b"PK");
        let mut at = gap.start;
        while at < gap.end && *left > 0 && hits.len() < MOST_HITS {
            let length =
                usize::try_from(gap.end.saturating_sub(at)).map_or(WINDOW_BYTES, |l| l.min(WINDOW_BYTES));
            // Three bytes more: a signature may lie across the edge of the window.
            let window = self.content.read(at, length.saturating_add(3))?;
            for hit in finder.find_iter(&window).take_while(|hit| *hit < length) {
                let signature = window.get(hit..).and_then(|rest| rest.first_chunk::<4>());
                if let Some(&signature) = signature.filter(|signature| matches!(**signature, LOCAL | END)) {
                    hits.push((at.saturating_add(hit as u64), signature));
                }
            }
            *left = left.saturating_sub(length as u64);
            at = at.saturating_add(length as u64);
        }
        Ok(())
    }

    /// Takes up a member that no directory names.
    fn local_only(&mut self, at: u64) -> io::Result<bool> {
        let Some(mut local) = record::local(self.content, at)? else {
            return Ok(false);
        };
        if !is_plausible(&local) || !self.admit(&local) {
            return Ok(false);
        }
        if local.has_descriptor() && local.packed == 0 {
            self.size_from_descriptor(&mut local)?;
        }
        let name = name::text(&local.name);
        self.member(None, local);
        if self.archive.has_directory {
            self.fact(at, Some(&name), Fact::LocalOnly);
        }
        Ok(true)
    }

    /// Finds the end of data whose size follows it: where the stream ends, or where a descriptor states the distance.
    fn size_from_descriptor(&mut self, local: &mut Header) -> io::Result<()> {
        let start = local.range.end;
        let rest = self.content.since(start);
        if local.method == 8 {
            let opened = Packed::new(rest.clone(), vec![Coder::Deflate]).open(self.limits, self.budget);
            (local.packed, local.size) = (opened.used, opened.content.size());
            let stated = self.content.read(start.saturating_add(opened.used), 8)?;
            if let Some(crc) = stated.get(4..8).and_then(|crc| crc.try_into().ok()) {
                local.crc = u32::from_le_bytes(crc);
            }
            return Ok(());
        }
        let finder = memmem::Finder::new(&DESCRIPTOR);
        let mut at = 0_u64;
        while at < rest.size() {
            let window = rest.read(at, WINDOW_BYTES)?;
            for hit in finder.find_iter(&window) {
                let distance = at.saturating_add(hit as u64);
                let body = rest.read(distance, 16)?;
                let crc = body.get(4..8).and_then(|crc| crc.try_into().ok());
                let packed = body.get(8..12).and_then(|packed| packed.try_into().ok());
                let stated = packed.map(u32::from_le_bytes).map(u64::from);
                if stated == Some(distance & 0xffff_ffff) {
                    (local.packed, local.size) = (distance, distance);
                    local.crc = crc.map_or(0, u32::from_le_bytes);
                    return Ok(());
                }
            }
            let step = window.len().saturating_sub(15).max(1);
            at = at.saturating_add(step as u64);
        }
        local.packed = rest.size();
        local.size = rest.size();
        Ok(())
    }
}

fn owns(merged: &[Range<u64>], at: u64) -> bool {
    let after = merged.partition_point(|range| range.start <= at);
    after
        .checked_sub(1)
        .and_then(|index| merged.get(index))
        .is_some_and(|range| range.contains(&at))
}

/// Whether bytes that begin like a local header are one. Four bytes alone may be there by chance.
fn is_plausible(local: &Header) -> bool {
    let known = |method| super::method_name(method) != super::method_name(u16::MAX);
    let printable = |byte: &u8| *byte >= 0x20 && *byte != 0x7f;
    known(local.method)
        && local.flags & 0b1101_0111_1000_0000 & !(1 << 13) == 0
        && (1..=4096).contains(&local.name.len())
        && local.name.iter().all(printable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_does_not_make_a_header() {
        let header = Header {
            name: b"a/b".to_vec(),
            ..Header::default()
        };
        assert!(is_plausible(&header));
        for odd in [
            Header {
                method: 7000,
                ..header.clone()
            },
            Header {
                flags: 0x8000,
                ..header.clone()
            },
            Header {
                name: vec![],
                ..header.clone()
            },
            Header {
                name: vec![1],
                ..header
            },
        ] {
            assert!(!is_plausible(&odd), "{odd:?}");
        }
        assert!(owns(&[0..3, 5..9], 8) && !owns(&[0..3, 5..9], 4));
    }
}
