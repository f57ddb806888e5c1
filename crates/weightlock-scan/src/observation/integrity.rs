//! Rules of a format that a file breaks.

use weightlock_format::Problem;

/// A rule of a format that a file breaks, or a limit that it meets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// The rule or limit, with the offset.
    pub problem: Problem,
}
