//! What PyTorch containers declare.

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {}
