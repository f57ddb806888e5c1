//! How a run ends. One table for the whole tool and every output format.

use std::process::ExitCode;

use weightlock_artifact::reason::Outcome;
use weightlock_policy::Decision;

/// How a run ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// The answer is yes (0).
    Yes,
    /// The answer is no (1).
    No,
    /// The question was put wrongly (2).
    Usage,
    /// There is no answer (3).
    NoAnswer,
    /// Weightlock could not work (4).
    CouldNotWork,
    /// A signal ended the run (128 + its number).
    Signal(u8),
    /// What a program that was run ended with, for `run`.
    Program(u8),
    /// What a program that was run ended with, where that is why there is no answer.
    Unfinished(u8),
    /// The number another tool would use, for `compat`.
    Foreign(u8),
}

impl Exit {
    /// The number given to the operating system.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::NoAnswer => 3,
            Self::CouldNotWork => 4,
            Self::Signal(signal) => 128 + signal,
            Self::Program(number) | Self::Unfinished(number) | Self::Foreign(number) => number,
        }
    }

    /// The word used in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes | Self::Program(_) => "yes",
            Self::No => "no",
            Self::Usage => "usage",
            Self::NoAnswer | Self::Unfinished(_) => "no-answer",
            Self::CouldNotWork | Self::Foreign(_) => "could-not-work",
            Self::Signal(_) => "interrupted",
        }
    }
}

impl From<Decision> for Exit {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Allow => Self::Yes,
            Decision::Quarantine => Self::NoAnswer,
            Decision::Deny => Self::No,
        }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::No => Self::No,
            Outcome::Usage => Self::Usage,
            Outcome::NoAnswer => Self::NoAnswer,
            Outcome::CouldNotWork => Self::CouldNotWork,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
