//! [`Coverage`]: which bytes were examined, and why the others were not.
//!
//! Each byte of each content is exactly one of
//! - *explained*: a reader took it apart,
//! - *data*: the format declares it as the bytes of a tensor or of a picture, and size, type and position agree,
//! - *passed on*: it is a content of its own, which has its own account,
//! - *unread*: anything else, with the reason ([`Gap`]).
//!
//! Bytes that no reader claims are unread; a reader cannot forget them. The default tolerance for unread is zero.

use std::{fmt, ops::Range};

use serde::Serialize;
use weightlock_artifact::reason::{Code, Explanation, Outcome};

use crate::Trail;

/// Why bytes were not examined.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Gap {
    /// No known format begins like this.
    UnknownFormat,
    /// A known format that this version does not read.
    UnsupportedFormat(&'static str),
    /// The content ends before what it announces.
    Truncated,
    /// The format is broken, and what follows cannot be told. The text names the rule.
    Malformed(String),
    /// The bytes are encrypted.
    Encrypted,
    /// A compression method that this version does not read.
    Compression(String),
    /// A limit was met.
    Limit {
        /// What was counted.
        what: &'static str,
        /// The most that is granted.
        limit: u64,
    },
    /// Contents lie deeper within each other than is granted.
    Depth,
    /// No part of the format owns these bytes.
    Unclaimed,
    /// Reading failed. The text is the system's.
    Unreadable(String),
}

/// The content has a format that is not read by this version.
pub const UNKNOWN: Code = Code::new("WL-SCAN-UNKNOWN-FORMAT");
/// The content is cut or broken.
pub const BROKEN: Code = Code::new("WL-SCAN-BROKEN");
/// The content is encrypted or compressed with an unknown method.
pub const SEALED: Code = Code::new("WL-SCAN-SEALED");
/// A limit was met.
pub const LIMIT: Code = Code::new("WL-SCAN-LIMIT");
/// Bytes that no part of the format owns.
pub const UNCLAIMED: Code = Code::new("WL-SCAN-UNCLAIMED");
/// Reading failed.
pub const UNREADABLE: Code = Code::new("WL-SCAN-UNREADABLE");

impl Gap {
    /// The stable reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::UnknownFormat | Self::UnsupportedFormat(_) => UNKNOWN,
            Self::Truncated | Self::Malformed(_) => BROKEN,
            Self::Encrypted | Self::Compression(_) => SEALED,
            Self::Limit { .. } | Self::Depth => LIMIT,
            Self::Unclaimed => UNCLAIMED,
            Self::Unreadable(_) => UNREADABLE,
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFormat => f.write_str("no known format begins like this"),
            Self::UnsupportedFormat(name) => write!(f, "{name} is recognised and not read by this version"),
            Self::Truncated => f.write_str("the content ends before what it announces"),
            Self::Malformed(rule) => write!(f, "the format is broken: {rule}"),
            Self::Encrypted => f.write_str("the content is encrypted"),
            Self::Compression(method) => write!(f, "compression {method} is not read by this version"),
            Self::Limit { what, limit } => write!(f, "more than {limit} {what}"),
            Self::Depth => f.write_str("contents lie too deep within each other"),
            Self::Unclaimed => f.write_str("no part of the format owns these bytes"),
            Self::Unreadable(why) => write!(f, "reading failed: {why}"),
        }
    }
}

/// Bytes that were not examined.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Unread {
    /// The content.
    pub trail: Trail,
    /// The first byte.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
    /// The stable reason code.
    #[serde(serialize_with = "code_of", rename = "code")]
    pub gap: Gap,
    /// The reason in words.
    pub why: String,
}

fn code_of<S: serde::Serializer>(gap: &Gap, serializer: S) -> Result<S::Ok, S::Error> {
    gap.code().serialize(serializer)
}

/// The account of a file and all that lies in it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Coverage {
    /// Contents examined: the file and everything in it.
    pub contents: u64,
    /// Bytes that a reader took apart.
    pub explained: u64,
    /// Bytes that a format declares as data.
    pub data: u64,
    /// Bytes that were not examined, in all of [`Coverage::gaps`] and those left out of it.
    pub unread: u64,
    /// What was not examined, in the order of the trail and the offset; the first [`Coverage::MOST_GAPS`].
    pub gaps: Vec<Unread>,
    /// Gaps that are not listed.
    pub gaps_left_out: u64,
}

impl Coverage {
    /// Gaps that are listed for one file.
    pub const MOST_GAPS: usize = 1000;

    /// Whether everything was examined.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.gaps.is_empty() && self.gaps_left_out == 0
    }

    /// Adds a gap.
    pub fn add_gap(&mut self, unread: Unread) {
        self.unread = self.unread.saturating_add(unread.bytes);
        if self.gaps.len() < Self::MOST_GAPS {
            self.gaps.push(unread);
        } else {
            self.gaps_left_out = self.gaps_left_out.saturating_add(1);
        }
    }
}

/// What a reader says of a range.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Class {
    /// Taken apart.
    Explained,
    /// Declared as data.
    Data,
    /// A content of its own.
    Passed,
    /// Not examined.
    Unread(Gap),
}

/// What the readers of one content said of its ranges.
///
/// Ranges may overlap, and several readers may speak of one content (a picture that is also an archive). For each
/// byte the strongest word counts: explained, then passed on, then data, then unread with a reason, then nothing.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    said: Vec<(Range<u64>, Class)>,
}

impl Regions {
    /// Says `class` of `range`.
    pub fn say(&mut self, range: Range<u64>, class: Class) {
        if let Some((last, last_class)) = self.said.last_mut()
            && last.end == range.start
            && *last_class == class
        {
            last.end = range.end;
        } else if !range.is_empty() {
            self.said.push((range, class));
        }
    }

    /// Whether the byte at `at` belongs to a content of its own, or to data.
    pub(crate) fn is_inner(&self, at: u64) -> bool {
        let inner = |class: &Class| matches!(class, Class::Passed | Class::Data);
        self.said
            .iter()
            .any(|(range, class)| inner(class) && range.contains(&at))
    }

    /// The parts of a content of `size` bytes that no reader took apart, passed on or knows as data; the first `most`.
    pub(crate) fn unclaimed(&self, size: u64, most: usize) -> Vec<Range<u64>> {
        let known = self
            .said
            .iter()
            .filter(|(_, class)| !matches!(class, Class::Unread(_)));
        let mut known: Vec<&Range<u64>> = known.map(|(range, _)| range).collect();
        known.sort_by_key(|range| range.start);
        let mut unclaimed = Vec::new();
        let mut at = 0;
        for range in known {
            if range.start > at && unclaimed.len() < most {
                unclaimed.push(at..range.start.min(size));
            }
            at = at.max(range.end);
        }
        if at < size && unclaimed.len() < most {
            unclaimed.push(at..size);
        }
        unclaimed
    }

    /// The account of a content of `size` bytes, added to `coverage`.
    pub fn close(mut self, trail: &Trail, size: u64, coverage: &mut Coverage) {
        coverage.contents = coverage.contents.saturating_add(1);
        let rank = |class: &Class| match class {
            Class::Explained => 0_u8,
            Class::Passed => 1,
            Class::Data => 2,
            Class::Unread(_) => 3,
        };
        let mut pieces = vec![(0..size, None)];
        self.said
            .sort_by(|(a, x), (b, y)| (a.start, rank(x), b.end).cmp(&(b.start, rank(y), a.end)));
        let mut kept = Vec::new();
        for wanted in [0, 1, 2, 3] {
            let claims = self.said.iter().filter(|(_, class)| rank(class) == wanted);
            let mut open = Vec::new();
            let mut claims = claims.peekable();
            // Claims come in the order of their starts, and so do the pieces nobody stronger has taken.
            for (piece, _) in pieces {
                let mut piece: Range<u64> = piece;
                while let Some((claim, class)) = claims.peek() {
                    if claim.end <= piece.start {
                        claims.next();
                        continue;
                    }
                    if claim.start >= piece.end {
                        break;
                    }
                    let from = claim.start.max(piece.start);
                    let to = claim.end.min(piece.end);
                    if piece.start < from {
                        open.push((piece.start..from, None));
                    }
                    kept.push((from..to, class.clone()));
                    piece.start = to;
                    if piece.is_empty() {
                        break;
                    }
                    claims.next();
                }
                if !piece.is_empty() {
                    open.push((piece, None::<Class>));
                }
            }
            pieces = open;
        }
        kept.extend(
            pieces
                .into_iter()
                .map(|(range, _)| (range, Class::Unread(Gap::Unclaimed))),
        );
        kept.sort_by_key(|(range, _)| range.start);
        for (range, class) in kept {
            let bytes = range.end.saturating_sub(range.start);
            match class {
                Class::Explained => coverage.explained = coverage.explained.saturating_add(bytes),
                Class::Data => coverage.data = coverage.data.saturating_add(bytes),
                Class::Passed => {}
                Class::Unread(gap) => coverage.add_gap(Unread {
                    trail: trail.clone(),
                    offset: range.start,
                    bytes,
                    why: gap.to_string(),
                    gap,
                }),
            }
        }
    }
}

/// One entry for each code above.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: UNKNOWN,
        outcome: Outcome::NoAnswer,
        what: "the content has a format that this version does not read",
        why: "nothing can be said about bytes that nobody took apart; a scanner that calls them clean would let \
              through whatever it does not know",
        example: "a file of raw bytes without a header, a RAR archive, a TensorRT engine",
        fix: "convert the model to a format that is read, or ask the publisher for one; see what is missing with \
              `weightlock scan --coverage ./model`",
    },
    Explanation {
        code: BROKEN,
        outcome: Outcome::NoAnswer,
        what: "the content ends too early or breaks its format, so the rest of it could not be read",
        why: "some loaders run what comes before the break, and some readers repair what others refuse; findings \
              made before the break stand, and the rest has no answer",
        example: "a zip archive whose end is missing, a pickle that ends without STOP",
        fix: "fetch the file again and compare its size and digest with those that the publisher states",
    },
    Explanation {
        code: SEALED,
        outcome: Outcome::NoAnswer,
        what: "the content is encrypted, or compressed with a method that this version does not read",
        why: "what is inside is not known until it is loaded, which is too late",
        example: "a 7z archive with a password",
        fix: "unpack it where that does no harm, and scan what comes out",
    },
    Explanation {
        code: LIMIT,
        outcome: Outcome::NoAnswer,
        what: "the content asks for more work, memory or depth than is granted to any file",
        why: "bombs stop scanners that have no limits; stopping at a limit leaves the rest unread, and unread is \
              never clean",
        example: "an archive within an archive, nine times; a member of 64 MiB that decompresses to 64 GiB",
        fix: "take the archive apart and scan its members on their own",
    },
    Explanation {
        code: UNCLAIMED,
        outcome: Outcome::NoAnswer,
        what: "bytes of the file belong to no part of its format",
        why: "padding looks like this, and so does a second file that another program finds in there",
        example: "bytes behind the last tensor of a file",
        fix: "write the file again with the library that made it, and treat the present copy with care until it is \
              known where the extra bytes come from",
    },
    Explanation {
        code: UNREADABLE,
        outcome: Outcome::NoAnswer,
        what: "reading the content failed",
        why: "what could not be read has no answer",
        example: "a disk error, or a file that shrank while it was read",
        fix: "make the file readable and run the command again",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn account(size: u64, said: &[(Range<u64>, Class)]) -> Coverage {
        let mut regions = Regions::default();
        for (range, class) in said {
            regions.say(range.clone(), class.clone());
        }
        let mut coverage = Coverage::default();
        regions.close(&Trail::file("f"), size, &mut coverage);
        coverage
    }

    #[test]
    fn what_nobody_claims_is_unread() {
        let coverage = account(100, &[(10..20, Class::Explained), (50..200, Class::Data)]);
        assert_eq!((coverage.explained, coverage.data, coverage.unread), (10, 50, 40));
        let gaps: Vec<_> = coverage.gaps.iter().map(|gap| (gap.offset, gap.bytes)).collect();
        assert_eq!(gaps, [(0, 10), (20, 30)]);
        assert!(!coverage.is_complete());
        assert!(account(0, &[]).is_complete());
    }

    #[test]
    fn the_strongest_word_counts() {
        let coverage = account(
            100,
            &[
                (0..100, Class::Unread(Gap::Truncated)),
                (0..90, Class::Data),
                (20..80, Class::Passed),
                (30..40, Class::Explained),
                (35..50, Class::Explained),
            ],
        );
        assert_eq!((coverage.explained, coverage.data, coverage.unread), (20, 30, 10));
        assert_eq!(coverage.gaps[0].gap, Gap::Truncated);
    }
}
