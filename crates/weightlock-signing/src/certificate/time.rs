//! [`UnixTime`]: the instant a certificate is judged at. Always an argument; this crate has no clock.

use std::{fmt, time::Duration};

use serde::Serialize;

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct UnixTime(pub u64);

/// RFC 3339 in UTC, such as `2026-11-21T12:00:00Z`.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match der::DateTime::from_unix_duration(Duration::from_secs(self.0)) {
            Ok(time) => f.pad(&time.to_string()),
            // After the year 9999 there is no calendar form.
            Err(_) => write!(f, "{} s after 1970", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_as_a_date() {
        assert_eq!(UnixTime(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(UnixTime(1_795_262_400).to_string(), "2026-11-21T12:00:00Z");
        assert_eq!(
            UnixTime(u64::MAX).to_string(),
            "18446744073709551615 s after 1970"
        );
    }
}
