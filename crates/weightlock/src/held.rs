//! Waits for a file that one process at a time may write to.

use std::{
    fs::File,
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};
use weightlock_artifact::Error;

use crate::{diagnostic::Diagnostic, interrupt};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);
/// Who holds it does one small write; longer than this it hangs.
const MOST: Duration = Duration::from_secs(30);

/// Holds the file until it is closed.
///
/// # Errors
///
/// An interrupted wait, one of 30 seconds, a file system without locks.
pub(crate) fn hold(file: &File, path: &Path) -> Result<(), Diagnostic> {
    hold_within(file, path, MOST)
}

fn hold_within(file: &File, path: &Path, most: Duration) -> Result<(), Diagnostic> {
    let begin = Instant::now();
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK | Errno::INTR) => {}
            Err(error) => return Err(Error::io("lock", path, error.into()).into()),
        }
        if interrupt::signal().is_some() {
            return Err(Error::Interrupted.into());
        }
        if begin.elapsed() >= most {
            let told = format!("another process has held it for {} seconds", most.as_secs());
            let late = Error::io("lock", path, io::Error::new(io::ErrorKind::TimedOut, told));
            return Err(Diagnostic::from(late)
                .help("run it again when that has ended; lsof or fuser say which process it is"));
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_holds_is_waited_for_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let first = File::create(&path).unwrap();
        hold(&first, &path).unwrap();
        let second = File::open(&path).unwrap();
        let told = hold_within(&second, &path, Duration::ZERO).unwrap_err();
        assert!(format!("{told:?}").contains("another process"), "{told:?}");
        drop(first);
        hold_within(&second, &path, Duration::ZERO).unwrap();
    }
}
