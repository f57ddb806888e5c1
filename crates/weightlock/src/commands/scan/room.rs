//! [`Room`]: the memory that files which are examined at once share.
//!
//! Limits bound what the examination of one file takes; several at once would take several times as much. So whoever is
//! examined beside others is refused further bytes once all of them together take too much, what came of it is thrown
//! away, and the file is examined again when it has the memory for itself. Refusing costs time and nothing else: an
//! examination that was not refused has seen every byte as it would have alone.
//!
//! Rejected: smaller limits for files that are examined at once. Each of a hundred limits would have to say when it was
//! met, and one that forgot to would change the answer with the number of threads.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use weightlock_artifact::memory;
use weightlock_scan::FileReport;

/// The most that all of them take, with the program. What one takes alone may be more, and what is taken between two
/// looks comes on top.
const MOST_BYTES: u64 = 56 << 20;
/// Bytes that are looked at until the memory is. A pickle of pushes takes some twenty times as much.
const LOOK_BYTES: u64 = 128 << 10;
/// Memory that nobody need ask for.
const SMALL_BYTES: u64 = 512 << 10;
/// Memory that is worth giving back.
const WORTH_BYTES: u64 = 24 << 20;

/// The memory of all.
#[derive(Debug)]
pub(super) struct Room {
    /// Memory that was asked for and need not show yet.
    asked: AtomicU64,
    /// Bytes that were looked at.
    passed: AtomicU64,
    most: u64,
    /// The memory of this process, where the system says.
    resident: fn() -> Option<u64>,
}

impl Room {
    /// All the memory there is for files that are examined at once.
    pub(super) fn new() -> Arc<Self> {
        Self::with(MOST_BYTES, memory::resident)
    }

    fn with(most: u64, resident: fn() -> Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            asked: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            most,
            resident,
        })
    }

    /// Where the system does not say what is taken, little is granted.
    fn is_left(&self) -> bool {
        let taken = (self.resident)().map(|taken| taken.saturating_add(self.asked.load(Relaxed)));
        taken.is_some_and(|taken| taken <= self.most)
    }
}

/// One file's share.
#[derive(Debug)]
pub(super) struct Share {
    room: Arc<Room>,
    asked: AtomicU64,
    refused: AtomicBool,
}

impl Share {
    pub(super) fn of(room: &Arc<Room>) -> Self {
        Self {
            room: Arc::clone(room),
            asked: AtomicU64::new(0),
            refused: AtomicBool::new(false),
        }
    }

    /// See [`weightlock_format::content::Bytes::passing`].
    pub(super) fn passing(&self, bytes: u64, memory: u64) -> io::Result<()> {
        let before = self.room.passed.fetch_add(bytes, Relaxed);
        let mut look = before / LOOK_BYTES != before.wrapping_add(bytes) / LOOK_BYTES;
        if memory > SMALL_BYTES {
            let asked = self.asked.fetch_max(memory, Relaxed);
            self.room.asked.fetch_add(memory.saturating_sub(asked), Relaxed);
            look |= memory > asked;
        }
        if look && !self.room.is_left() {
            self.refused.store(true, Relaxed);
        }
        if self.refused() {
            return Err(io::Error::new(
                io::ErrorKind::OutOfMemory,
                "there is no room at present",
            ));
        }
        Ok(())
    }

    /// Whether the file was refused bytes, so that nothing which came of it counts.
    pub(super) fn refused(&self) -> bool {
        self.refused.load(Relaxed)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.asked.fetch_sub(*self.asked.get_mut(), Relaxed);
    }
}

/// Gives back what a file leaves behind, if that is much, and keeps its report.
pub(super) fn tidy(report: &mut FileReport) {
    if is_worth_it() {
        report.gather(memory::give_back);
    }
}

/// Gives back free memory, if there may be much.
pub(super) fn give_back() {
    if is_worth_it() {
        memory::give_back();
    }
}

fn is_worth_it() -> bool {
    memory::resident().is_none_or(|taken| taken > WORTH_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_refused_once_stays_refused_and_leaves_room_to_others() {
        let room = Room::with(10 << 20, || Some(4 << 20));
        let (large, small) = (Share::of(&room), Share::of(&room));
        assert!(small.passing(LOOK_BYTES, 0).is_ok());
        assert!(large.passing(0, 5 << 20).is_ok());
        assert!(large.passing(0, 7 << 20).is_err());
        assert!(large.passing(0, 0).is_err() && large.refused());
        assert!(small.passing(0, SMALL_BYTES).is_ok(), "nobody asks for little");
        drop(large);
        assert!(small.passing(LOOK_BYTES, 6 << 20).is_ok() && !small.refused());
        assert_eq!(room.asked.load(Relaxed), 6 << 20);
        drop(small);
        assert_eq!(room.asked.load(Relaxed), 0);
    }

    #[test]
    fn memory_is_looked_at_every_so_many_bytes_of_all_files() {
        let room = Room::with(10 << 20, || Some(11 << 20));
        let (one, other) = (Share::of(&room), Share::of(&room));
        assert!(one.passing(LOOK_BYTES - 1, 0).is_ok());
        assert!(other.passing(1, 0).is_err());
        assert!(!one.refused() && other.refused());
    }

    #[test]
    fn where_the_system_does_not_say_little_is_granted() {
        let share = Share::of(&Room::with(u64::MAX, || None));
        assert!(share.passing(LOOK_BYTES - 1, 0).is_ok());
        assert!(share.passing(1, 0).is_err());
    }
}
