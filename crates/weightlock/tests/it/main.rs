//! The binary as a user runs it: one module per topic.
#![expect(
    clippy::unwrap_used,
    reason = "what a test did not expect should stop it loudly"
)]

mod attest;
mod blobs;
mod bom;
mod bypasses;
mod card;
mod compat_scan;
mod contract;
mod demo;
mod diff;
mod digest;
mod disassemble;
mod doctor;
mod documents;
mod evidence;
mod formats;
mod gate;
mod guarded;
mod help;
mod hostile;
mod identity;
mod inspect;
mod inventory;
mod keyless;
mod keyless_reference;
mod keys;
mod kms;
mod lineage;
mod manners;
mod models;
mod oms_native;
mod oms_reference;
mod oms_vectors;
mod provenance;
mod races;
mod run;
mod scan;
mod sign;
mod slsa;
mod traced;
mod trust;
mod trust_update;
mod vectors;
mod verify;
