//! Parts of a model that are read by signed leaves: whatever is asked for and whatever was changed, what is shown is what was
//! signed.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/weightlock-runtime/tests/it/requests.rs"]
mod requests;

fuzz_target!(|bytes: &[u8]| requests::play(bytes));
