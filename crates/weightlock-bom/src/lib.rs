//! What is a model made of?
//!
//! ```text
//! files ─ extract ─► Graph ─► documents (CycloneDX, SPDX)
//!                     ├─────► profiles: which elements are there, and how they are known
//!                     └─────► lineage: what came from what
//! ```
//!
//! One [`graph::Graph`] is between what is read and what is written. Every fact in it says where it comes from and how it
//! is known ([`Standing`](weightlock_artifact::standing::Standing)); two sources that disagree are both kept. Nothing
//! here opens a file or a socket, and nothing that is read is executed.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]
#![deny(clippy::indexing_slicing, clippy::panic)]

pub mod card;
pub mod compare;
pub mod document;
pub mod extract;
pub mod facts;
pub mod graph;
pub mod lineage;
pub mod profile;
pub mod provenance;
pub mod slsa;
pub mod typed;
