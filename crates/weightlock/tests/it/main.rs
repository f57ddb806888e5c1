//! The binary as a user runs it: one module per topic.
#![expect(
    clippy::unwrap_used,
    reason = "what a test did not expect should stop it loudly"
)]

mod agreement;
mod archives;
mod attest;
mod blobs;
mod bom;
mod bound;
mod bypasses;
mod card;
mod compat_scan;
mod contract;
mod cookbook;
mod demo;
mod diff;
mod digest;
mod disassemble;
mod doctor;
mod documents;
mod evidence;
mod exceptions;
mod export;
mod floor;
mod formats;
mod gate;
mod guarded;
mod help;
mod hostile;
mod identity;
mod inspect;
mod inspect_golden;
mod inventory;
mod judged;
mod keyless;
mod keyless_reference;
mod keys;
mod kms;
mod layouts;
mod lineage;
mod lock;
mod manners;
mod models;
mod oms_native;
mod oms_reference;
mod oms_vectors;
mod outside;
mod pins;
mod promotion;
mod provenance;
mod races;
mod run;
mod scan;
mod sign;
mod slsa;
mod traced;
mod troubles;
mod trust;
mod trust_update;
mod vectors;
mod verify;
