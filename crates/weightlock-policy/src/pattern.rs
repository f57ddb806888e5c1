//! [`Pattern`]: names in rules. `*` stands for any characters within one segment, `**` as a whole segment for any number of
//! segments; the whole name must match.
//!
//! Matching takes time proportional to the product of both lengths at most and no memory, since names are strangers' words.

use std::fmt;

/// A pattern for paths, names and namespaces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern(String);

/// Why a text is no usable pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// Nothing, or longer than any name.
    #[error("a pattern has between 1 and {} bytes", Pattern::MAX_BYTES)]
    Length,
    /// It looks like another kind of pattern.
    #[error("the only special characters of a pattern are `*`, and `**` as a whole segment")]
    Special,
    /// An empty segment, which no name has.
    #[error("a pattern has no empty segment: nothing could match it")]
    Segment,
}

impl Pattern {
    /// Longer patterns are not read.
    pub const MAX_BYTES: usize = 1024;

    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`] says why it would match nothing, or something else than was meant.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() || text.len() > Self::MAX_BYTES {
            return Err(PatternError::Length);
        }
        if text.contains(['?', '[', ']', '{', '}', '\\', '^', '$', '|']) {
            return Err(PatternError::Special);
        }
        for segment in text.split('/') {
            if segment.is_empty() {
                return Err(PatternError::Segment);
            }
            if segment.contains("**") && segment != "**" {
                return Err(PatternError::Special);
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether the whole name matches, where capital and small letters are the same.
    #[must_use]
    pub fn matches_in_any_case(&self, name: &str) -> bool {
        let has_star = self.0.contains('*');
        if !has_star && self.0.is_ascii() && name.is_ascii() {
            return self.0.eq_ignore_ascii_case(name);
        }
        Self(self.0.to_lowercase()).matches(&name.to_lowercase())
    }

    /// Whether the whole name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        // A name without stars is compared at once: most rules of a long policy are such.
        let (Some((head, _)), Some((_, tail))) = (self.0.split_once('*'), self.0.rsplit_once('*')) else {
            return self.0 == name;
        };
        // Most names differ where there is no star. (A `**` and its slash can stand for nothing.)
        let head = head.trim_end_matches('/');
        let tail = tail.trim_start_matches('/');
        if !name.starts_with(head) || !name.ends_with(tail) {
            return false;
        }
        let pattern: Vec<&str> = self.0.split('/').collect();
        let name: Vec<&str> = name.split('/').collect();
        runs(
            &pattern,
            &name,
            |segment| *segment == "**",
            |segment, part| within(segment.as_bytes(), part.as_bytes()),
        )
    }
}

/// A segment against its pattern.
fn within(pattern: &[u8], text: &[u8]) -> bool {
    runs(pattern, text, |byte| *byte == b'*', |byte, found| byte == found)
}

/// Whether a sequence matches a pattern in which some elements stand for any run. Going back to the last such element is enough:
/// what an earlier one could take, the last one can.
fn runs<P, T>(pattern: &[P], text: &[T], is_any: impl Fn(&P) -> bool, fits: impl Fn(&P, &T) -> bool) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut last: Option<(usize, usize)> = None;
    while let Some(found) = text.get(read) {
        match pattern.get(at) {
            Some(element) if is_any(element) => {
                last = Some((at, read));
                at += 1;
            }
            Some(element) if fits(element, found) => {
                at += 1;
                read += 1;
            }
            _ => match last {
                Some((any, from)) => {
                    last = Some((any, from + 1));
                    (at, read) = (any + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(is_any))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(name)
    }

    #[test]
    fn a_star_stays_within_its_segment_and_two_cross() {
        for (pattern, name, wanted) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*.bin", "x.bin", true),
            ("*.bin", "a/x.bin", false),
            ("**/*.bin", "x.bin", true),
            ("**/*.bin", "a/b/x.bin", true),
            ("a/**", "a/b/c", true),
            ("a/**", "a", true),
            ("a/**/c", "a/c", true),
            ("a/**/c", "a/b/b/d", false),
            ("acme/*", "acme/x", true),
            ("acme/*", "acme/x/y", false),
            ("*", "", true),
            ("x*y*z", "xaybzz", true),
            ("x*y*z", "xayb", false),
        ] {
            assert_eq!(matches(pattern, name), wanted, "{pattern} {name}");
        }
    }

    #[test]
    fn what_looks_like_another_kind_of_pattern_is_refused() {
        for text in [
            "", "a?", "[ab]", "{a,b}", "a**", "/a", "a//b", "a/", "^a$", "a\\b",
        ] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
        assert!(Pattern::parse(&"a".repeat(Pattern::MAX_BYTES + 1)).is_err());
    }

    #[test]
    fn many_stars_take_no_long_time() {
        let pattern = Pattern::parse(&"*a".repeat(500)).unwrap();
        assert!(!pattern.matches(&"b".repeat(100_000)));
        assert!(
            !Pattern::parse("**/a/".repeat(200).trim_end_matches('/'))
                .unwrap()
                .matches(&"a/".repeat(300))
        );
    }
}
