//! [`Pattern`]: a family of names, such as every workflow of one repository.
//!
//! `*` stands for one or more characters other than `/` and `@`, so it stays within one segment of a path and never
//! crosses from a mailbox into a domain; everything else stands for itself, and the whole name must match. What
//! could match names of any host is refused: a URI needs its scheme and host in full, an address its domain; and on hosts
//! where anybody can have an account, whose it is. (Nobody can list the providers of mail addresses that are as open.)
//! Regular expressions were rejected: unanchored ones, and a dot in a host name, have let strangers in elsewhere.

use std::fmt;

/// A pattern for names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern(String);

/// Why a text is no usable pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// Nothing, or longer than any name.
    #[error("the pattern is empty or longer than {} characters", Pattern::MAX_BYTES)]
    Length,
    /// It looks like a regular expression.
    #[error("the pattern looks like a regular expression; the only special character is `*`")]
    Regex,
    /// It has no star.
    #[error("the pattern has no `*`: it is one name, and an exact identity says so better")]
    Exact,
    /// The host or domain is left open.
    #[error("the pattern leaves open whose host or domain it is")]
    TooWide,
    /// The account is left open, where anybody can have one.
    #[error("the pattern leaves open whose account it is, on a host where anybody can have one")]
    Account,
}

/// Hosts where anybody can have an account, and have a workflow of it vouched for. The first part of a path is whose it is.
const SHARED: [&str; 3] = ["bitbucket.org", "github.com", "gitlab.com"];

impl Pattern {
    /// Longer patterns are not read.
    pub const MAX_BYTES: usize = 1024;

    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`] says why it would match too much, or something else than was meant.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() || text.len() > Self::MAX_BYTES {
            return Err(PatternError::Length);
        }
        let any = text.starts_with(".*") || text.contains("/.*") || text.contains(".+");
        if any || text.contains(['^', '$', '\\', '(', '[', '|']) {
            return Err(PatternError::Regex);
        }
        if !text.contains('*') {
            return Err(PatternError::Exact);
        }
        let anchor = match (text.split_once("://"), text.rsplit_once('@')) {
            (Some((scheme, rest)), _) => match rest.split_once('/') {
                Some((host, _)) if !scheme.is_empty() && !host.is_empty() => [scheme, host],
                _ => return Err(PatternError::TooWide),
            },
            (None, Some((_, domain))) if !domain.is_empty() => ["", domain],
            _ => return Err(PatternError::TooWide),
        };
        if anchor.iter().any(|part| part.contains('*')) {
            return Err(PatternError::TooWide);
        }
        let [_, host] = anchor;
        let account = text.split('/').nth(3);
        if SHARED.contains(&host) && account.is_some_and(|account| account.contains('*')) {
            return Err(PatternError::Account);
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether the whole name matches. Takes time proportional to the product of both lengths at most.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (self.0.as_bytes(), name.as_bytes());
        let (mut at, mut read) = (0, 0);
        // Where the last star stands, and how far it reaches by now. A star cannot cross `/` or `@`, so going back to
        // an earlier star could not help where the last one failed within its segment.
        let mut star: Option<(usize, usize)> = None;
        while read < name.len() {
            if pattern.get(at) == Some(&b'*') && within_segment(name[read]) {
                star = Some((at, read + 1));
                (at, read) = (at + 1, read + 1);
            } else if pattern
                .get(at)
                .is_some_and(|byte| *byte != b'*' && *byte == name[read])
            {
                (at, read) = (at + 1, read + 1);
            } else {
                match star {
                    Some((before, reached)) if within_segment(name[reached]) => {
                        star = Some((before, reached + 1));
                        (at, read) = (before + 1, reached + 1);
                    }
                    _ => return false,
                }
            }
        }
        at == pattern.len()
    }
}

const fn within_segment(byte: u8) -> bool {
    !matches!(byte, b'/' | b'@')
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(name)
    }

    #[test]
    fn a_star_stays_within_its_segment() {
        let pattern = "https://ci.example/acme/models/.github/workflows/*.yml@refs/tags/v*";
        let workflow = "https://ci.example/acme/models/.github/workflows/release.yml@refs/tags/v1.2";
        assert!(matches(pattern, workflow));
        for other in [
            "https://ci.example/acme/models/.github/workflows/a/b.yml@refs/tags/v1",
            "https://ci.example/acme/models/.github/workflows/a.yml@refs/tags/v1/x",
            "https://ci.example/acme/models/.github/workflows/a.yml@refs/heads/x/a.yml@refs/tags/v1",
            "https://ci.example/acme/models/.github/workflows/.yml@refs/tags/v1",
            "https://ci.example/acme/models/.github/workflows/a.yml@refs/tags/v",
            "xhttps://ci.example/acme/models/.github/workflows/a.yml@refs/tags/v1",
            "https://ci-example/acme/models/.github/workflows/a.yml@refs/tags/v1",
            "",
        ] {
            assert!(!matches(pattern, other), "{other}");
        }
        assert!(matches("*@example.com", "ann@example.com"));
        assert!(!matches("*@example.com", "ann@evil.com@example.com"));
        assert!(!matches("*@example.com", "ann@example.com.evil.org"));
        assert!(matches("https://h.example/*a*b", "https://h.example/xaaxbxb"));
    }

    #[test]
    fn what_would_match_strangers_is_refused() {
        for (text, expected) in [
            ("", PatternError::Length),
            (".*", PatternError::Regex),
            ("^https://x.example/.+$", PatternError::Regex),
            ("ann@example.com", PatternError::Exact),
            ("*", PatternError::TooWide),
            ("https://*", PatternError::TooWide),
            ("https://*/acme/x", PatternError::TooWide),
            ("https://x.*/acme/x", PatternError::TooWide),
            ("*://x.example/a", PatternError::TooWide),
            ("ann@*", PatternError::TooWide),
            ("ann@*.com", PatternError::TooWide),
            ("*ann", PatternError::TooWide),
            ("https://github.com/*", PatternError::Account),
            (
                "https://github.com/*/*/.github/workflows/*@refs/tags/*",
                PatternError::Account,
            ),
            (
                "https://github.com/acme*/m/.github/workflows/r.yml@*",
                PatternError::Account,
            ),
            ("https://gitlab.com/*/m//.gitlab-ci.yml@*", PatternError::Account),
        ] {
            assert_eq!(Pattern::parse(text), Err(expected), "{text}");
        }
        for text in [
            "https://github.com/acme/*",
            "https://ci.example/*/m",
            "ann+*@github.com",
        ] {
            assert!(Pattern::parse(text).is_ok(), "{text}");
        }
    }

    proptest! {
        /// The matcher against the obvious slow one.
        #[test]
        fn agrees_with_the_definition(tail in "[ab*/]{0,8}", name in "[ab/]{0,8}") {
            fn slow(pattern: &[u8], name: &[u8]) -> bool {
                match (pattern, name) {
                    ([], []) => true,
                    ([b'*', rest @ ..], [first, after @ ..]) => {
                        within_segment(*first) && (slow(rest, after) || slow(pattern, after))
                    }
                    ([literal, rest @ ..], [first, after @ ..]) => literal == first && slow(rest, after),
                    _ => false,
                }
            }
            let (pattern, name) = (format!("https://h/{tail}*"), format!("https://h/{name}"));
            prop_assert_eq!(
                Pattern::parse(&pattern).unwrap().matches(&name),
                slow(pattern.as_bytes(), name.as_bytes())
            );
        }
    }
}
