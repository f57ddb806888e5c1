//! What can a model file do when it is loaded?
//!
//! ```text
//! Content ─ detect ─► Format ─ analyzer ─► Observation ─ rules ─► Finding
//!                                 └──────► Regions ─────────────► Coverage
//! ```
//!
//! An *analyzer* turns one format into observations and accounts for its bytes; a *rule* judges observations, and
//! knows nothing of bytes. Contents within contents are queued and examined in turn, so nothing recurses on input.
//! Everything takes bytes, opens nothing, executes nothing, and depends on nothing but the bytes, the settings and
//! the version: the same file gives the same answer on every machine.
//!
//! Three questions are kept apart: can this run code (findings), could all of it be read ([`coverage`]), and does
//! it break its format (findings of the integrity rules). A file is clean only when the first and the third have
//! no answer at or above the threshold *and* nothing is unread.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]
#![deny(clippy::indexing_slicing, clippy::panic)]

pub mod analyze;
pub mod coverage;
pub mod engine;
pub mod finding;
pub mod folder;
pub mod imports;
pub mod listing;
pub mod observation;
pub mod place;
pub mod profile;
pub mod reach;
pub mod report;
pub mod rules;
pub mod severity;
mod sniff;

pub use engine::{FileReport, Settings, scan};
pub use finding::{Finding, LeftOut};
pub use place::{Place, Trail};
pub use profile::Profile;
pub use report::Report;
pub use severity::{Confidence, Severity};
