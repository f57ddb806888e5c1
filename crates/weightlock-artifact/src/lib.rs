//! A model as a tree of files.
//!
//! This crate is the ground everything else stands on: names that are safe to open ([`path`]), digests
//! ([`digest`]), what is in a folder now (`inventory`), the canonical list of it ([`manifest`]), and the words
//! for saying no ([`reason`]).

#[cfg(feature = "fs")]
pub mod cache;
pub mod digest;
pub mod drift;
#[cfg(feature = "fs")]
pub mod error;
pub mod evidence;
#[cfg(feature = "fs")]
pub mod input;
#[cfg(feature = "fs")]
pub mod inventory;
pub mod leaf;
pub mod manifest;
#[cfg(feature = "fs")]
pub mod measure;
pub mod path;
pub mod reason;
pub mod standing;
pub mod text;
#[cfg(feature = "fs")]
pub mod write;

#[cfg(feature = "fs")]
pub use error::Error;
