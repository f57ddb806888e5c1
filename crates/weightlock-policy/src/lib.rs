//! What an organisation demands of a model, and whether a model meets it.
//!
//! ```text
//! Policy (floor, then the others) + Evidence + Situation (now, asked mode and tier) ─ judge ─► Verdict
//! ```
//!
//! Everything here is pure: files are read, signatures checked and scans run by the caller, and the time is an argument. So
//! the same evidence gets the same verdict at every boundary: `gate`, `inspect`, `run`, the wheel.
//!
//! * A [`Policy`] is a stack of layers, each a [`Document`]. Every demand of every layer must be met, so that no layer can loosen
//!   another; the lowest, the floor, cannot be waived either.
//! * [`Evidence`] is what is known about a model. It says of each statement which identities of the policy signed it, and whether
//!   it is about these bytes. Whether that counts is decided here.
//! * A [`Verdict`] is a [`Decision`] with every demand, how it was met, and [`Reason`]s that name the demand's file and line.
//!
//! * A [`Lock`] says which models are used and what each was; [`Pins`] only which digest each must have. Neither authenticates anything.
//!
//! What cannot be read, is not known, or was not asked is never a yes: a document with an unknown word is no policy, a
//! policy that demands nothing allows nothing.

pub mod audit;
pub mod check;
mod demand;
pub mod document;
pub mod evidence;
mod judge;
mod layer;
mod level;
pub mod lock;
mod name;
pub mod pattern;
mod people;
pub mod pins;
pub mod reason;
pub mod summary;
pub mod verdict;
pub mod waiver;

pub use self::{
    check::Check,
    document::{Document, DocumentError, Vocabulary},
    evidence::Evidence,
    judge::{Situation, judge},
    layer::{Exception, IdentityId, Layer, LayerKind, Place, Policy, SignedWaivers},
    level::{Mode, Tier},
    lock::Lock,
    name::{ModelName, NameError},
    pins::Pins,
    verdict::{Decision, DeniedFile, Reason, Verdict},
    waiver::{Waiver, WaiverList},
};
