//! [`Fact`]: what is claimed under one property, by whom, and how it is known.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use weightlock_artifact::{digest::Digest, standing::Standing};

use super::{Arity, Source};

/// What a claim says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// A text as it was written; not yet fit for a terminal.
    Text(String),
    /// A count, or bytes.
    Number(u64),
    /// A number as it was written, so that `2e-05` stays `2e-05`.
    Decimal(String),
    /// Yes or no.
    Flag(bool),
    /// A digest.
    Digest(Digest),
    /// Counts by name: elements by type.
    Counts(BTreeMap<String, u64>),
}

impl Value {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether both say the same: `8` and `8.0` do, whoever wrote them. Whole numbers are compared digit for digit.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let whole = |value: &Self| match value {
            Self::Number(number) => Some(*number),
            Self::Decimal(text) => text.parse().ok(),
            _ => None,
        };
        let decimal = |value: &Self| match value {
            Self::Number(number) => number.to_string().parse().ok(),
            Self::Decimal(text) => text.parse::<f64>().ok(),
            _ => None,
        };
        match (whole(self), whole(other)) {
            _ if self == other => true,
            (Some(one), Some(other)) => one == other,
            _ => decimal(self)
                .zip(decimal(other))
                .is_some_and(|(one, other)| one.total_cmp(&other).is_eq()),
        }
    }

    /// The number, where it is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// As documents write it: numbers in digits, flags as `true` and `false`, counts as `F16=12, I32=4`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Decimal(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Digest(digest) => write!(f, "{digest}"),
            Self::Counts(counts) => {
                for (index, (name, count)) in counts.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{name}={count}")?;
                }
                Ok(())
            }
        }
    }
}

/// One value and everything that says it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Claim {
    /// What is said.
    pub value: Value,
    /// How it is known; the best of its sources.
    pub standing: Standing,
    /// Which claim is shown where one must be chosen: the lowest. See [`Claim::rank`].
    pub rank: u8,
    /// Whether it tells about a machine or a person, as a path below a home folder does. Documents leave it out
    /// unless asked.
    pub is_private: bool,
    /// Where it is said, in the order of their names; never empty.
    pub sources: Vec<Source>,
}

impl Claim {
    /// The rank of a claim of which nothing else was said.
    pub const ORDINARY: u8 = 100;

    /// Computed from the bytes, or signed by somebody who counts for it.
    #[must_use]
    pub fn verified(value: Value, source: Source) -> Self {
        Self::new(value, Standing::Verified, source)
    }

    /// Said by metadata, or by the user.
    #[must_use]
    pub fn declared(value: Value, source: Source) -> Self {
        Self::new(value, Standing::Declared, source)
    }

    /// Worked out.
    #[must_use]
    pub fn inferred(value: Value, source: Source) -> Self {
        Self::new(value, Standing::Inferred, source)
    }

    fn new(value: Value, standing: Standing, source: Source) -> Self {
        Self {
            value,
            standing,
            rank: Self::ORDINARY,
            is_private: false,
            sources: vec![source],
        }
    }

    /// With another rank: sources are asked in the order of their strength, whatever their standing. A user's own fact
    /// has 0; below it each extractor follows the order that its fact has.
    #[must_use]
    pub const fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }

    /// Marked as private.
    #[must_use]
    pub const fn private(mut self) -> Self {
        self.is_private = true;
        self
    }

    fn join(&mut self, other: Self) {
        // Of two spellings the first in order stays, whichever was read first.
        self.value = other.value.min(self.value.clone());
        self.standing = self.standing.min(other.standing);
        self.rank = self.rank.min(other.rank);
        self.is_private |= other.is_private;
        for source in other.sources {
            if let Err(at) = self.sources.binary_search(&source) {
                self.sources.insert(at, source);
            }
        }
    }
}

/// Everything that is claimed under one property.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Fact {
    /// By rank, then by value; no value is there twice.
    claims: Vec<Claim>,
}

impl Fact {
    /// Adds a claim. One that says the same joins the earlier one.
    pub fn add(&mut self, claim: Claim) {
        match self
            .claims
            .iter_mut()
            .find(|it| it.value.says_the_same(&claim.value))
        {
            Some(earlier) => earlier.join(claim),
            None => self.claims.push(claim),
        }
        self.claims
            .sort_by(|one, other| (one.rank, &one.value).cmp(&(other.rank, &other.value)));
    }

    /// The claims: the one to show first, then the others.
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// The claim to show, where one must be chosen.
    #[must_use]
    pub fn first(&self) -> Option<&Claim> {
        self.claims.first()
    }

    /// How the fact is known: like the claim that is shown. Where claims of something that has one value differ, nothing
    /// vouches for the choice, and it is no better than declared.
    #[must_use]
    pub fn standing(&self, arity: Arity) -> Standing {
        let Some(first) = self.first() else {
            return Standing::Unknown;
        };
        if self.is_disputed(arity) {
            first.standing.max(Standing::Declared)
        } else {
            first.standing
        }
    }

    /// Whether several values are claimed where there can be one.
    #[must_use]
    pub fn is_disputed(&self, arity: Arity) -> bool {
        arity == Arity::One && self.claims.len() > 1
    }
}
