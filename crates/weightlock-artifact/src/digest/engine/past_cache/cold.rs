//! What the system tells of a file: how requests past the page cache must lie, and how much of it is cached.
#![expect(unsafe_code, reason = "a system call without a wrapper")]

use std::{fs::File, io::IoSliceMut, os::fd::AsRawFd as _};

use rustix::{
    fs::{AtFlags, StatxFlags, statx},
    io::{Errno, ReadWriteFlags, preadv2},
};

use super::{BLOCK, PAGE};

/// What requests past the cache must be multiples of; `None` where the file system takes none or does not say.
pub(in super::super) fn alignment(file: &File) -> Option<usize> {
    let stat = statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN).ok()?;
    if stat.stx_mask & StatxFlags::DIOALIGN.bits() == 0 {
        return None;
    }
    let (memory, offset) = (stat.stx_dio_mem_align, stat.stx_dio_offset_align);
    let align = usize::try_from(memory.max(offset)).ok()?.max(PAGE);
    let usable = memory > 0 && offset > 0 && align.is_power_of_two() && align as u64 <= BLOCK;
    usable.then_some(align)
}

/// Whether less than half of the file is in the page cache. Where nobody can tell, it is not cold.
pub(in super::super) fn is_cold(file: &File, size: u64) -> bool {
    match cached(file) {
        Some(pages) => pages.saturating_mul(rustix::param::page_size() as u64) < size / 2,
        None => looks_cold(file, size),
    }
}

/// Pages of the file in the cache: `cachestat(2)`, Linux 6.5; refused for files of others that the caller cannot write to.
pub(in super::super) fn cached(file: &File) -> Option<u64> {
    /// The same on every architecture but Alpha.
    const CACHESTAT: libc::c_long = 451;
    /// From the first byte to the end (`struct cachestat_range`).
    const ALL: [u64; 2] = [0, 0];
    // `struct cachestat`: cached, dirty, in writeback, evicted, recently evicted.
    let mut counts = [0_u64; 5];
    // SAFETY: both structures consist of as many words as the kernel reads and writes, and live through the call.
    let answer = unsafe { libc::syscall(CACHESTAT, file.as_raw_fd(), ALL.as_ptr(), counts.as_mut_ptr(), 0) };
    (answer == 0).then_some(counts[0])
}

/// Asks for single bytes, spread over the file, that are given only from the cache (`RWF_NOWAIT`).
pub(in super::super) fn looks_cold(file: &File, size: u64) -> bool {
    const SAMPLES: u64 = 8;
    let mut missing = 0;
    for sample in 0..SAMPLES {
        let mut byte = [0];
        let offset = size / SAMPLES * sample;
        match preadv2(
            file,
            &mut [IoSliceMut::new(&mut byte)],
            offset,
            ReadWriteFlags::NOWAIT,
        ) {
            Ok(_) => {}
            Err(Errno::AGAIN) => missing += 1,
            // The file system does not know the question.
            Err(_) => return false,
        }
    }
    missing > SAMPLES / 2
}
