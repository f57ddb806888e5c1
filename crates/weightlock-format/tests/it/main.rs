//! Hostile and honest files, made here byte by byte, against the published rules of each format.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "helpers of tests build small files"
)]

mod corpus;
mod executorch;
mod gguf;
mod hdf5;
mod model;
mod numpy;
mod safetensors;
mod sevenzip;
mod tar;
mod zip;
