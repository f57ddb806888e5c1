//! A verdict about a target: the policies that hold here, everything that is known about the model, and what follows.
//!
//! `gate`, `inspect`, `run` and the wheel all ask here, so that they cannot disagree:
//!
//! 1. [`Policies::find`] reads the floor and the policy that was named, and everything they name. A fault in one is the answer.
//! 2. [`gather`] makes the evidence, cheap things first: names, then signatures, then the bytes, then statements about them, and the
//!    scan last, which is left out when the answer is no without it.
//! 3. [`weightlock_policy::judge`] decides.

mod advisories;
mod card;
mod facts;
mod flags;
mod gather;
mod licences;
mod log;
mod parts;
mod passed_over;
mod people;
mod policies;
mod references;
mod remedy;
mod signatures;
mod statements;
mod told;
mod words;

pub(in crate::commands) use self::facts::is_pinned;
pub use self::told::{DemandTold, PolicyTold, ReasonTold, VerdictTold, WaivedTold, WaiverTold};
pub(crate) use self::{
    flags::{Asked, PolicyFlags, WhichPolicy},
    gather::{Bytes, Judged, judge, judge_bytes},
    log::{log_acceptance, logs, write_overrides},
    people::of_blobs,
    policies::{Policies, is_production, refused_in_production},
    told::{NOT_RUN, exceptions, notes, reasons, unheard, was_not_run},
    words::WORDS,
};
