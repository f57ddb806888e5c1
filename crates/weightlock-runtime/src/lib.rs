//! Guarded loading: the bytes that were verified are the bytes that are loaded.
//!
//! A path that was verified and is opened again by a framework is another file. So verifying and reading are one act
//! here: each byte is read once, into memory that nobody else can write to, and hashed where it lies.
//!
//! | question | where |
//! |---|---|
//! | is the model what was signed, and where are its bytes? | [`guard`] |
//! | how are parts of it read, each verified? | [`guard::lazy`] |
//! | how do several processes verify it once? | [`guard::share`] |
//! | what is memory that nobody can change? | [`sealed`], [`private`] |
//! | which files does the kernel let nobody change? | [`verity`] |
//! | where do processes of one user meet? | [`folder`] |
//! | how does a program that knows only paths read it? | [`view`] |
//! | how is such a program run? | [`child`] |
//!
//! Linux only: sealed memory (`memfd_create(2)`) is what all of it stands on.

pub mod child;
pub mod error;
pub mod folder;
pub mod guard;
pub mod private;
pub mod sealed;
pub mod verity;
pub mod view;

pub use error::Error;
