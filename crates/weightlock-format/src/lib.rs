//! Model formats, read as an attacker would write them.
//!
//! Everything here takes bytes or `Read + Seek`, opens nothing by name and executes nothing. A file that breaks
//! its format is a result, not a failure: what could be read survives beside a list of [`Problem`]s with
//! offsets, and a strict accessor (`sound`) refuses such a file. [`Error`] means the bytes could not be read at
//! all, or that nothing in them could be believed.
//!
//! | question | where |
//! |---|---|
//! | what is this file, whatever its name? | [`detect`] |
//! | is this a program? | [`executable`] |
//! | what lies in this archive, what comes out of this stream? | [`container`] |
//! | could a loader read it? | [`loadable`] |
//! | which tensor lies at these bytes, and what value is there? | [`layout`], [`value`] |
//! | what does its header say? | [`safetensors`], [`gguf`], [`config`] |
//! | what does this source do, and when? | [`python`] |
//! | what does this YAML ask for? | [`yaml`] |
//! | what is the model made of all these files? | [`model`] |
//!
//! The lints below are stricter than the workspace's: in this crate attackers choose the numbers.

#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::panic)]
// Tests build files of known size; there is no setting that would exempt them from this lint alone.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod config;
pub mod container;
pub mod content;
pub mod coreml;
pub mod detect;
mod dtype;
mod error;
pub mod executable;
pub mod executorch;
pub mod flatbuffer;
pub mod ggml;
pub mod gguf;
pub mod hdf5;
pub mod image;
pub mod jinja;
pub mod joblib;
pub mod json;
pub mod layout;
pub mod limits;
pub mod loadable;
pub mod marshal;
pub mod model;
pub mod msgpack;
pub mod ndarrays;
pub mod numpy;
pub mod onnx;
pub mod pickle;
pub mod protobuf;
pub mod python;
pub mod rds;
pub mod reader;
pub mod reason;
pub mod safetensors;
pub mod sentencepiece;
pub mod stream;
pub mod tensorflow;
pub mod tflite;
pub mod torch;
pub mod torch7;
pub mod torchscript;
pub mod ubjson;
pub mod unpickled;
pub mod value;
pub mod xml;
pub mod yaml;

pub use dtype::{Dtype, Quantization};
pub use error::{Error, Fault, Named, Problem};
pub(crate) use gguf::dtype_of_ggml;
