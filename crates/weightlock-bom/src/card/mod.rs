//! Model cards: the structured one (`model-card.yaml`), and the front matter of the hub's `README.md`.
//!
//! ```text
//! model-card.yaml ─ ModelCard ─┐
//! README.md ─ format's Card ───┼─ check ─► what is missing, what contradicts what, how each answer is known
//! files, statements, signer ───┘
//! ```
//!
//! A card is what somebody says. It is read in full, changed without being written anew ([`edit`]), and compared with what was
//! computed from the files, with statements whose signers count, and with the signature of the model ([`check`]).

pub mod check;
pub mod draft;
pub mod edit;
mod field;
mod front;
mod model;
pub mod reason;
pub mod statement;

pub use self::{
    field::{Field, Need, SCHEMA_ID, Shape, schema},
    front::FrontMatter,
    model::{MAX_BYTES, Misfit, ModelCard, json},
};

/// The name of a structured card in the folder of its model.
pub const FILE_NAME: &str = "model-card.yaml";
