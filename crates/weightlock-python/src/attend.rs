//! [`attend`]: work on a thread of its own, while the thread of the caller looks after Python.
//!
//! Python runs signal handlers on its main thread only, and only when it is asked. So the caller's thread sleeps without
//! the interpreter's lock, and wakes up a few times a second to let handlers run (Ctrl-C raises `KeyboardInterrupt`) and to
//! tell how far the work is. If either raises, the work is stopped, waited for, and its result dropped.
//!
//! Rejected: calling Python from the threads that hash. They would wait for the lock instead of hashing.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use pyo3::prelude::*;
use weightlock::embedded::Progress;

/// How long Python waits to be looked after.
const PATIENCE: Duration = Duration::from_millis(50);

/// The stack of the thread that works: what a main thread has.
const STACK: usize = 8 << 20;

/// Does the work. `told` is called with the bytes that were read and those that are to be read.
pub(crate) fn attend<T: Send>(
    py: Python<'_>,
    told: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Arc<Progress>) -> T + Send,
) -> PyResult<T> {
    let progress = Arc::new(Progress::default());
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        let counters = Arc::clone(&progress);
        let worker = thread::Builder::new()
            .name("weightlock".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, move || {
                // Nobody receives it when the caller has given up.
                let _ = sender.send(work(&counters));
            })?;
        let mut waiting = Waiting { receiver, seen: None };
        let outcome = loop {
            let received;
            (received, waiting) = py.detach(move || waiting.wait());
            match received {
                Ok(done) => break waiting.tell(&progress, told).map(|()| Some(done)),
                Err(RecvTimeoutError::Disconnected) => break Ok(None),
                Err(RecvTimeoutError::Timeout) => {
                    let looked_after = py.check_signals();
                    if let Err(raised) = looked_after.and_then(|()| waiting.tell(&progress, told)) {
                        progress.stop();
                        break Err(raised);
                    }
                }
            }
        };
        // Also the end of a work that was stopped: it may still hold memory and descriptors.
        let ended = py.detach(|| worker.join());
        match (outcome?, ended) {
            (Some(done), Ok(())) => Ok(done),
            (_, Err(panic)) => resume_unwind(panic),
            (None, Ok(())) => Err(pyo3::exceptions::PyRuntimeError::new_err(
                "the work ended without a result",
            )),
        }
    })
}

/// The caller's side of the work.
struct Waiting<T> {
    receiver: Receiver<T>,
    /// What was told last.
    seen: Option<(u64, u64)>,
}

impl<T> Waiting<T> {
    fn wait(self) -> (Result<T, RecvTimeoutError>, Self) {
        (self.receiver.recv_timeout(PATIENCE), self)
    }

    fn tell(&mut self, progress: &Progress, told: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let now = Some(progress.bytes()).filter(|now| self.seen != Some(*now));
        if let (Some(told), Some(now)) = (told, now) {
            self.seen = Some(now);
            told.call1(now)?;
        }
        Ok(())
    }
}
