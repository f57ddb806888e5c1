//! What NumPy and joblib files declare.

use weightlock_format::Problem;

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// An array of objects, or with objects in its structure: what is behind the header is a pickle.
    ObjectArray {
        /// The type, as written.
        descr: String,
    },
    /// The header of an array breaks a rule of the format.
    BrokenHeader {
        /// The rule or limit, with the offset.
        problem: Problem,
    },
}
