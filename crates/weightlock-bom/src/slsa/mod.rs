//! Which SLSA build level a model's provenance reaches, and whether it is what somebody expects (SLSA 1.2, "Verifying
//! artifacts").
//!
//! A level is no claim of the statement: whoever signs can write anything into it. It comes from a list of builders that the
//! user names ([`BuilderList`]), which says who signs for which `builder.id` and how well that builder keeps others from
//! writing its provenance. Without the list, the best is level 1: provenance exists.
//!
//! | question | where |
//! |---|---|
//! | who signed, and for which builder | [`BuilderList`], [`accept`] |
//! | is it about these files, by this kind of step, from this source | [`Expected::check`] |
//! | what of data, training, transformation and evaluation is known | [`Steps`] |
//! | what does our own list of requirements lack | [`Requirements`] |

mod builders;
mod expect;
pub mod reason;
mod requirement;
mod source;
mod steps;

use std::fmt;

use serde::Serialize;

pub use self::{
    builders::{
        Accepted, BuildType, Builder, BuilderList, LOCAL, ListError, Matching, NotAccepted, TrustedBuilder,
        Who, accept,
    },
    expect::{Expected, Refused, covers},
    requirement::{Facts, NotRequirements, Requirement, Requirements, Unmet},
    source::{NotASource, RefWanted, Source, SourceUri},
    steps::{Link, MlStep, OpenEnds, StepState, Steps},
};

/// A level of SLSA's build track.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Level {
    /// Nothing is known of how it was made.
    #[default]
    L0,
    /// Somebody says how it was made.
    L1,
    /// A builder that we know says so, and signed it.
    L2,
    /// A builder says so in which one build cannot reach another, nor the key that signs.
    L3,
}

impl Level {
    /// The level of this number.
    #[must_use]
    pub const fn of(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::L0),
            1 => Some(Self::L1),
            2 => Some(Self::L2),
            3 => Some(Self::L3),
            _ => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::L0 => 0,
            Self::L1 => 1,
            Self::L2 => 2,
            Self::L3 => 3,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

impl Serialize for Level {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}
