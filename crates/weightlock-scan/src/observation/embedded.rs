//! Content of another kind where none belongs: executables, archives and pickles hidden in data, text or behind the end.

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {}
