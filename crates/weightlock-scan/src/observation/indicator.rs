//! Secrets, addresses and similar in metadata and text.

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {}
