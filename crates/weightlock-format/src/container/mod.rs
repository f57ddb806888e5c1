//! Archives and compressed streams, read without unpacking: a member is a [`crate::content::Content`] of its own.
//!
//! - [`stream`]: what comes out of a decompressor, readable at any offset, within limits.
//! - [`name`]: where an extractor would put a member.
//! - [`sevenzip`]: the members of a 7z archive.
//! - [`tar`]: every member that any tar reader could see.
//! - [`zip`]: every member that any zip reader could see.
//!
//! Nothing here writes a file, follows a link or believes a declared size.

pub mod name;
pub mod sevenzip;
pub mod stream;
pub mod tar;
pub mod zip;
