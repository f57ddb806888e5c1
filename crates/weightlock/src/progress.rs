//! Progress of hashing: bytes, rate and time left, after half a second, on standard error.

use std::{
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use weightlock_artifact::digest::engine::Observer;

use crate::{interrupt, terminal, text::Size};

/// How progress is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Show {
    /// Not at all.
    Nothing,
    /// One line, drawn anew ten times a second.
    Line,
    /// A further line every ten seconds.
    Log,
}

/// Counts bytes as they are hashed, and passes Ctrl-C on to the engine.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

impl Observer for Progress {
    fn begins(&self, bytes: u64) {
        self.total.fetch_add(bytes, Relaxed);
    }

    fn advanced(&self, bytes: u64) {
        self.done.fetch_add(bytes, Relaxed);
    }

    fn cancelled(&self) -> bool {
        interrupt::signal().is_some()
    }
}

/// Does the work while a second thread shows how far it is.
pub(crate) fn shown<T>(show: Show, work: impl FnOnce(&Progress) -> T) -> T {
    shown_as("hashing", show, work)
}

/// As [`shown`], with another word for the work.
pub(crate) fn shown_as<T>(doing: &str, show: Show, work: impl FnOnce(&Progress) -> T) -> T {
    let progress = Progress::default();
    if show == Show::Nothing {
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

fn watch(doing: &str, show: Show, progress: &Progress, finished: &(Mutex<bool>, Condvar)) {
    let started = Instant::now();
    let pause = match show {
        Show::Log => Duration::from_secs(10),
        Show::Line | Show::Nothing => Duration::from_millis(100),
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
            Show::Log | Show::Nothing => terminal::say(&format!("{line}\n")),
        }
        drawn = true;
        wait = pause;
    }
    if drawn && show == Show::Line {
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
    fn short_work_shows_nothing_and_returns() {
        assert_eq!(shown(Show::Line, |_| 7), 7);
    }
}
