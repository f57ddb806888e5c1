//! A model as a tree of files.
//!
//! This crate is the ground everything else stands on:
//!
//! | question | where |
//! |---|---|
//! | is this name safe to open, and to show? | [`path`], [`text`] |
//! | what is in the folder now? | `inventory`, with `input` for the small files that are named apart |
//! | what are its bytes? | [`digest`] computes, `measure` asks for what is needed, `cache` remembers |
//! | what is it called, by its content? | [`manifest`], and [`leaf`] for every 1 MiB |
//! | how does it differ from what was claimed? | [`drift`] |
//! | where do claims lie, and how are they written? | [`evidence`], `write` |
//! | how is an answer known, and how is no said? | [`standing`], [`reason`] |
//! | how much memory does all this take? | `memory` |
//!
//! What has no link needs the feature `fs`.

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
#[cfg(feature = "fs")]
pub mod memory;
pub mod path;
pub mod reason;
pub mod standing;
pub mod text;
#[cfg(feature = "fs")]
pub mod write;

#[cfg(feature = "fs")]
pub use error::Error;
