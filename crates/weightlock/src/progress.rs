//! Progress of hashing: bytes, rate and time left, after half a second, on standard error. Or, where this library is part
//! of another program, counters that the program looks at, and may stop the work by.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use weightlock_artifact::digest::engine::Observer;

use crate::{interrupt, terminal, text::Size};

/// How progress is shown.
#[derive(Clone, Debug)]
pub(crate) enum Show {
    /// Not at all.
    Nothing,
    /// One line, drawn anew ten times a second.
    Line,
    /// A further line every ten seconds.
    Log,
    /// By these counters, to a program.
    Told(Arc<Progress>),
}

/// Counts bytes as they are hashed, and passes the wish to stop on to the engine.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    stop: Stop,
}

impl Progress {
    /// Bytes that were read, and bytes that are to be read as far as that is known by now.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        (self.done.load(Relaxed), self.total.load(Relaxed))
    }

    /// Has the work end soon, as if interrupted.
    pub fn stop(&self) {
        self.stop.0.store(true, Relaxed);
    }

    /// Whether to stop, for whoever works without these counters.
    pub(crate) fn stopping(&self) -> Stop {
        self.stop.clone()
    }
}

/// Whether somebody wants the work to stop: a signal, or the program that this library is part of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Reads on until somebody wants the work to stop; then reading fails. Whoever reads asks [`Stop::is_wanted`] why.
    pub(crate) const fn reading<R>(&self, inner: R) -> Stoppable<'_, R> {
        Stoppable { inner, stop: self }
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.0.load(Relaxed) || interrupt::signal().is_some()
    }
}

/// Something that is read until somebody wants the work to stop.
#[derive(Debug)]
pub(crate) struct Stoppable<'a, R> {
    inner: R,
    stop: &'a Stop,
}

impl<R: io::Read> io::Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // What is only `Interrupted` is read again.
        let stopped = || Err(io::Error::other("somebody asked to stop"));
        if self.stop.is_wanted() {
            return stopped();
        }
        let count = self.inner.read(buffer)?;
        // The end of a pipe, whose writer the same signal ended, is not that of what it had to say.
        if self.stop.is_wanted() {
            stopped()
        } else {
            Ok(count)
        }
    }
}

/// Work that is watched by nobody stops all the same.
impl Observer for Stop {
    fn cancelled(&self) -> bool {
        self.is_wanted()
    }
}

impl Observer for Progress {
    fn begins(&self, bytes: u64) {
        self.total.fetch_add(bytes, Relaxed);
    }

    fn advanced(&self, bytes: u64) {
        self.done.fetch_add(bytes, Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.stop.is_wanted()
    }
}

/// Does the work while a second thread shows how far it is.
pub(crate) fn shown<T>(show: &Show, work: impl FnOnce(&Progress) -> T) -> T {
    shown_as("hashing", show, work)
}

/// As [`shown`], with another word for the work.
pub(crate) fn shown_as<T>(doing: &str, show: &Show, work: impl FnOnce(&Progress) -> T) -> T {
    let progress = match show {
        Show::Told(progress) => return work(progress),
        _ => Progress::default(),
    };
    if matches!(show, Show::Nothing) {
        return work(&progress);
    }
    let finished = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| watch(doing, show, &progress, &finished));
        // Signals the watcher also when the work unwinds, for a scope waits for its threads.
        let _signal = Finish(&finished);
        work(&progress)
    })
}

struct Finish<'a>(&'a (Mutex<bool>, Condvar));

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }
}

fn watch(doing: &str, show: &Show, progress: &Progress, finished: &(Mutex<bool>, Condvar)) {
    let started = Instant::now();
    let pause = match show {
        Show::Log => Duration::from_secs(10),
        _ => Duration::from_millis(100),
    };
    let mut wait = Duration::from_millis(500);
    let mut drawn = false;
    let mut done = finished.0.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let woken = finished.1.wait_timeout_while(done, wait, |done| !*done);
        done = woken.map_or_else(|poisoned| poisoned.into_inner().0, |(done, _)| done);
        if *done {
            break;
        }
        let total = Some(progress.total.load(Relaxed)).filter(|total| *total > 0);
        let line = line(doing, progress.done.load(Relaxed), total, started.elapsed());
        match show {
            Show::Line => terminal::say(&format!("\r\x1b[2K{line}")),
            _ => terminal::say(&format!("{line}\n")),
        }
        drawn = true;
        wait = pause;
    }
    if drawn && matches!(show, Show::Line) {
        terminal::say("\r\x1b[2K");
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate for people"
)]
fn line(doing: &str, done: u64, total: Option<u64>, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    let rate = done as f64 / seconds;
    let speed = Size(rate as u64);
    match total.filter(|total| *total > 0) {
        Some(total) => {
            let percent = (done as f64 / total as f64 * 100.0).min(100.0);
            // Of less than a hundredth nothing can be told about the rest.
            let left = if percent < 1.0 {
                String::new()
            } else {
                let left = total.saturating_sub(done) as f64 / rate.max(1.0);
                format!(", {left:.0} s left")
            };
            format!(
                "{doing} {} of {} ({percent:.0} %), {speed}/s{left}",
                Size(done),
                Size(total)
            )
        }
        None => format!("{doing} {}, {speed}/s", Size(done)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_bytes_rate_and_time_left() {
        let one = 1 << 30;
        assert_eq!(
            line("hashing", one, Some(4 * one), Duration::from_secs(1)),
            "hashing 1.0 GiB of 4.0 GiB (25 %), 1.0 GiB/s, 3 s left"
        );
        let stuck = line("scanning", 1, Some(1 << 20), Duration::from_secs(9));
        assert!(!stuck.contains("left"), "{stuck}");
        assert_eq!(
            line("hashing", one, None, Duration::from_secs(2)),
            "hashing 1.0 GiB, 512.0 MiB/s"
        );
    }

    #[test]
    fn reading_ends_where_somebody_asks_for_it() {
        use std::io::Read as _;
        let progress = Progress::default();
        let stop = progress.stopping();
        let mut reader = stop.reading(&b"ab"[..]);
        let mut one = [0];
        assert_eq!(reader.read(&mut one).unwrap(), 1);
        progress.stop();
        let told = reader.read(&mut one).unwrap_err();
        assert_ne!(
            told.kind(),
            io::ErrorKind::Interrupted,
            "that would be read again"
        );
    }

    #[test]
    fn short_work_shows_nothing_and_returns() {
        assert_eq!(shown(&Show::Line, |_| 7), 7);
    }

    #[test]
    fn a_program_sees_the_bytes_and_may_stop_the_work() {
        let told = Arc::new(Progress::default());
        shown(&Show::Told(Arc::clone(&told)), |progress| {
            progress.begins(10);
            progress.advanced(4);
            assert!(!progress.cancelled());
            told.stop();
            assert!(progress.cancelled());
        });
        assert_eq!(told.bytes(), (4, 10));
    }
}
