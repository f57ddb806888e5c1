//! The real binary, offline, in a folder of its own: what people and programs see.

mod diff;
mod digest;
mod inspect;
mod models;
mod run;
