//! Rules on what a Keras model configuration or an HDF5 file asks for.

use super::Rule;

/// The rules of this family.
pub const RULES: &[&Rule] = &[];
