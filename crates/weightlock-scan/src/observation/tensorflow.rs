//! What TensorFlow graphs and TensorFlow Lite models call.

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {}
