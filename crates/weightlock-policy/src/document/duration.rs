//! [`Age`]: how old evidence may be.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// An age in whole hours: `12h`, `30d`, `8w`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Age {
    hours: u32,
}

/// A statement dated later than now by more than this is not believed about its time.
pub(crate) const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

impl Age {
    /// A day.
    pub(crate) const DAY: Self = Self { hours: 24 };

    /// Longer ages are no limit: ten years.
    const MOST_HOURS: u32 = 10 * 366 * 24;

    /// Reads an age.
    ///
    /// # Errors
    /// A sentence that says how ages are written.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "an age is written as 12h, 30d or 8w";
        let unit = text.chars().last().ok_or(FORM)?;
        let hours = match unit {
            'h' => 1,
            'd' => 24,
            'w' => 7 * 24,
            _ => return Err(FORM),
        };
        let digits = text.strip_suffix(unit).unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FORM);
        }
        let count: u32 = digits.parse().map_err(|_| "the age is longer than ten years")?;
        match count.checked_mul(hours) {
            Some(0) => Err("nothing is as young as that"),
            Some(hours) if hours <= Self::MOST_HOURS => Ok(Self { hours }),
            _ => Err("the age is longer than ten years"),
        }
    }

    /// The time that is so long before now.
    #[must_use]
    pub fn before(self, now: Timestamp) -> Timestamp {
        now.checked_sub(SignedDuration::from_hours(i64::from(self.hours)))
            .unwrap_or(Timestamp::MIN)
    }

    /// Whether something of this time is young enough now.
    #[must_use]
    pub fn allows(self, made: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(made);
        age >= -CLOCKS_DIFFER && age <= SignedDuration::from_hours(i64::from(self.hours))
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.hours % (7 * 24), self.hours % 24) {
            (0, _) => write!(f, "{}w", self.hours / (7 * 24)),
            (_, 0) => write!(f, "{}d", self.hours / 24),
            _ => write!(f, "{}h", self.hours),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_and_written() {
        for (text, written) in [("12h", "12h"), ("24h", "1d"), ("30d", "30d"), ("14d", "2w")] {
            assert_eq!(Age::parse(text).unwrap().to_string(), written);
        }
        for text in [
            "",
            "d",
            "0d",
            "-1d",
            "1",
            "1m",
            "1.5d",
            "99999999w",
            "+3d",
            "3 d",
            "٣d",
        ] {
            assert!(Age::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn neither_old_nor_of_tomorrow() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let age = Age::parse("1d").unwrap();
        for (made, wanted) in [
            ("2026-11-22T12:00:00Z", true),
            ("2026-11-21T12:00:00Z", true),
            ("2026-11-21T11:59:59Z", false),
            ("2026-11-22T12:05:00Z", true),
            ("2026-11-22T12:05:01Z", false),
        ] {
            assert_eq!(age.allows(made.parse().unwrap(), now), wanted, "{made}");
        }
    }
}
