//! The memory of a process, in one that does nothing else meanwhile.
#![cfg(target_os = "linux")]

use weightlock_artifact::memory::{give_back, resident};

#[test]
fn what_is_taken_shows_and_what_is_freed_goes_back() {
    const BYTES: u64 = 64 << 20;
    let before = resident().unwrap();
    // Small pieces, which an allocator likes to keep.
    let pieces: Vec<Vec<u8>> = (0..BYTES >> 10).map(|_| vec![1; 1 << 10]).collect();
    let with = resident().unwrap();
    assert!(with > before + BYTES / 2, "{before} {with}");
    drop(pieces);
    give_back();
    let after = resident().unwrap();
    assert!(after < with - BYTES / 2, "{with} {after}");
}
