//! The memory of this process: what it takes ([`resident`]), and giving back what is free ([`give_back`]).
//!
//! An allocator keeps what was freed for the next who asks. Whoever reads one strange file after the other would hold
//! the leavings of all of them at once.

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "the C library's own call for it")
)]

use std::{fs::File, os::unix::fs::FileExt as _, sync::OnceLock};

/// Bytes of memory that this process takes; `None` where the system does not say.
#[must_use]
pub fn resident() -> Option<u64> {
    // "size resident shared …" in pages (proc(5), /proc/pid/statm).
    static STATM: OnceLock<Option<File>> = OnceLock::new();
    let file = STATM
        .get_or_init(|| File::open("/proc/self/statm").ok())
        .as_ref()?;
    let mut text = [0; 128];
    let length = file.read_at(&mut text, 0).ok()?;
    let text = std::str::from_utf8(text.get(..length)?).ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    pages.checked_mul(rustix::param::page_size() as u64)
}

/// Has the allocator keep little of what is freed, from now on. By itself it learns from every large piece that is freed
/// to keep as much, up to 64 MiB for each thread, and small pieces that it sets aside without joining them to their
/// neighbours hold the end of a thread's memory in place. [`give_back`] reaches neither.
pub fn keep_little() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const KEPT_BYTES: libc::c_int = 2 << 20;
        // SAFETY: all only set numbers that later calls of the allocator go by.
        unsafe {
            libc::mallopt(libc::M_MXFAST, 0);
            libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_BYTES);
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES);
        }
    }
}

/// Gives free memory back to the system, as far as the allocator can.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes the allocator's own locks and moves nothing that is in use; nothing is asked of the caller.
    unsafe {
        libc::malloc_trim(0);
    }
}
