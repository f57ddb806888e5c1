//! Integration tests: the real binary, offline.

mod oms_native;
mod oms_vectors;
mod vectors;
