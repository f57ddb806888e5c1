//! What archives and compressed streams hold and how their readers disagree.

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {}
