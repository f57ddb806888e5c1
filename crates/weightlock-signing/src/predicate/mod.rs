//! What statements claim: our own predicates, one file each; the types of others ([`types`]) and what their specifications
//! demand ([`document`]).

mod binding;
pub mod dependency;
pub mod document;
pub mod leaves;
pub mod reason;
pub mod scan;
mod shape;
pub mod types;
pub mod verity;

pub use self::{
    document::{Predicate, PredicateError},
    types::{UnknownType, Wanted},
};
