//! [`Fingerprint`]: tells findings apart from one run to the next.

use std::{fmt, str::FromStr};

use weightlock_artifact::digest::{Algorithm, hex};

use crate::Finding;

/// What names a finding: the start of the SHA-256 of its rule, severity, place, construct, name and reason.
///
/// Everything goes in that a reviewer saw: a finding that got worse, moved, or calls something else is a new one. Only
/// a leading `./` of the file does not count, which depends on how the target was typed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Fingerprint(String);

/// The text is no fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a fingerprint of a finding")]
pub struct NotAFingerprint;

impl Fingerprint {
    /// Hexadecimal digits.
    const DIGITS: usize = 32;

    /// The fingerprint of a finding.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        let trail = finding.place.trail.as_str();
        let offset = finding
            .place
            .offset
            .map(|offset| offset.to_string())
            .unwrap_or_default();
        let mut text = String::new();
        for part in [
            finding.rule,
            finding.severity.as_str(),
            trail.trim_start_matches("./"),
            &offset,
            finding.construct.as_deref().unwrap_or_default(),
            finding.name.as_deref().unwrap_or_default(),
            &finding.reason,
        ] {
            // With its length before it, no part can pass for two.
            text.push_str(&format!("{}:{part}", part.len()));
        }
        let mut digits = hex(Algorithm::Sha256.digest(text.as_bytes()).as_bytes());
        digits.truncate(Self::DIGITS);
        Self(digits)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == Self::DIGITS && text.bytes().all(digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAFingerprint)
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Severity, Trail, report::tests::finding};

    #[test]
    fn everything_that_was_reviewed_counts() {
        let one = finding(Severity::Low, Trail::file("a"), Some(1), "x");
        let mut others = vec![
            finding(Severity::High, Trail::file("a"), Some(1), "x"),
            finding(Severity::Low, Trail::file("b"), Some(1), "x"),
            finding(Severity::Low, Trail::file("a").member("x"), Some(1), "x"),
            finding(Severity::Low, Trail::file("a"), Some(2), "x"),
            finding(Severity::Low, Trail::file("a"), None, "x"),
            finding(Severity::Low, Trail::file("a"), Some(1), "y"),
        ];
        let mut renamed = one.clone();
        renamed.name = Some("builtins.eval".to_owned());
        others.push(renamed);
        for other in others {
            assert_ne!(Fingerprint::of(&one), Fingerprint::of(&other), "{other:?}");
        }
        let typed = finding(Severity::Low, Trail::file("./a"), Some(1), "x");
        assert_eq!(Fingerprint::of(&one), Fingerprint::of(&typed));
    }

    #[test]
    fn reads_back_what_it_writes_and_nothing_else() {
        let one = Fingerprint::of(&finding(Severity::Low, Trail::file("a"), Some(1), "x"));
        assert_eq!(one.to_string().parse(), Ok(one.clone()));
        for text in ["", "abc", &one.as_str().to_uppercase(), &format!("{one}0")] {
            if text != one.as_str() {
                assert_eq!(text.parse::<Fingerprint>(), Err(NotAFingerprint), "{text}");
            }
        }
    }
}
