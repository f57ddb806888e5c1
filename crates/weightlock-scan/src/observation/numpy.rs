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
    /// A wrapper of joblib whose array is in another file, which loading opens beside this one.
    ExternalArray {
        /// The name of the other file; `None` when it is not a constant.
        filename: Option<String>,
    },
    /// A wrapper of joblib of which shape or type cannot be told, so that what follows it cannot either.
    UnknownArray,
}
