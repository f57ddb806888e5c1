//! [`chain`]: archives one behind the other, as the shards of distributed checkpoints are written.
//!
//! ```text
//! shard = archive+            each complete in itself, with offsets that count from its own first byte
//! ```
//!
//! A list beside the shard says where each begins. Refused, so that the file is read as one archive with whatever it
//! hides: bytes between two archives, comments, and a directory that does not end where its end record begins.

use std::{io, ops::Range};

use memchr::memmem;

use super::record::{self, CENTRAL, END, LOCAL};
use crate::content::Content;

/// Archives of one file; a longer chain is none.
const MOST: usize = 100_000;
/// Bytes searched at once: most archives of a chain are small.
const WINDOW_BYTES: usize = 64 << 10;

/// The archives that `content` is made of, when it is two or more of them and nothing else.
///
/// # Errors
/// What reading raises.
pub fn chain(content: &Content) -> io::Result<Option<Vec<Range<u64>>>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < content.size() {
        let rest = content.part(at, content.size().saturating_sub(at));
        if parts.len() == MOST || !record::is_at(&rest, 0, LOCAL) {
            return Ok(None);
        }
        let Some(length) = first_archive(&rest)? else {
            return Ok(None);
        };
        let end = at.saturating_add(length);
        parts.push(at..end);
        at = end;
    }
    Ok((parts.len() > 1).then_some(parts))
}

/// Bytes of the archive that `content` begins with.
fn first_archive(content: &Content) -> io::Result<Option<u64>> {
    let mut from = 0;
    while from < content.size() {
        let window = content.read(from, WINDOW_BYTES)?;
        for at in memmem::find_iter(&window, &END) {
            let at = from.saturating_add(at as u64);
            if let Some(end) = closes(content, at)? {
                return Ok(Some(end));
            }
        }
        // A signature may lie across two windows.
        let step = (window.len() as u64).saturating_sub(3);
        from = from.saturating_add(step.max(1));
    }
    Ok(None)
}

/// Where the end record at `at` ends, when it closes an archive that begins with `content`.
fn closes(content: &Content, at: u64) -> io::Result<Option<u64>> {
    let Some(end) = record::end(content, at)? else {
        return Ok(None);
    };
    let is_plain = end.comment.is_empty() && end.comment_missing == 0 && !end.wide_missing;
    let leads = end.stated.iter().any(|stated| {
        let ends = stated.offset.checked_add(stated.size) == Some(stated.at);
        ends && stated.size > 0 && record::is_at(content, stated.offset, CENTRAL)
    });
    Ok((is_plain && leads).then_some(end.range.end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An archive of one stored member, with a name of `length` bytes.
    fn archive(length: u8, data: &[u8]) -> Vec<u8> {
        let name = vec![b'a'; usize::from(length)];
        let size = u8::try_from(data.len()).unwrap();
        let shared = |bytes: &mut Vec<u8>| {
            bytes.extend([0; 10]);
            bytes.extend([0; 4]);
            bytes.extend([size, 0, 0, 0, size, 0, 0, 0, length, 0, 0, 0]);
        };
        let mut bytes = LOCAL.to_vec();
        shared(&mut bytes);
        bytes.extend(&name);
        bytes.extend(data);
        let start = bytes.len();
        bytes.extend(CENTRAL);
        bytes.extend([0; 2]);
        shared(&mut bytes);
        bytes.extend([0; 14]);
        bytes.extend(&name);
        let length = bytes.len() - start;
        bytes.extend(END);
        bytes.extend([0, 0, 0, 0, 1, 0, 1, 0]);
        bytes.extend(u32::try_from(length).unwrap().to_le_bytes());
        bytes.extend(u32::try_from(start).unwrap().to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }

    fn parts(bytes: Vec<u8>) -> Option<Vec<Range<u64>>> {
        chain(&bytes.into()).unwrap()
    }

    #[test]
    fn only_whole_archives_are_a_chain() {
        let one = archive(5, b"PK\x05\x06 is data here");
        let two = archive(9, b"x");
        let length = |bytes: &[u8]| bytes.len() as u64;
        assert_eq!(
            parts([one.clone(), two.clone()].concat()),
            Some(vec![0..length(&one), length(&one)..length(&one) + length(&two)])
        );
        for bytes in [
            vec![],
            one.clone(),
            [one.clone(), b"junk".to_vec()].concat(),
            [one.clone(), vec![0], two.clone()].concat(),
            [b"junk".to_vec(), one.clone(), two.clone()].concat(),
            [one.clone(), two[..two.len() - 1].to_vec()].concat(),
        ] {
            assert_eq!(parts(bytes), None);
        }
    }

    proptest! {
        #[test]
        fn parts_meet_and_reach_the_end(noise in prop::collection::vec(any::<u8>(), 0..9), at in 0_usize..200) {
            let mut bytes = [archive(5, b"data"), archive(9, b"x")].concat();
            let at = at.min(bytes.len());
            bytes.splice(at..at, noise);
            let size = bytes.len() as u64;
            if let Some(parts) = parts(bytes) {
                prop_assert_eq!(parts[0].start, 0);
                prop_assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
                prop_assert_eq!(parts.last().unwrap().end, size);
            }
        }
    }
}
