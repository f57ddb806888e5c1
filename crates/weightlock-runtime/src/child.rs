//! [`run`]: a program beside which this process stays, because the program reads through its descriptors.
//!
//! Signals that are meant for the program are passed on, and how it ended is told. The terminal sends its own signals
//! (Ctrl-C, Ctrl-Z's kin) to the whole group of processes, so those are not sent twice. If this process is killed, the
//! program is told to end too: its model is gone.
#![expect(unsafe_code, reason = "what a child does before it becomes another program")]

use std::{
    ffi::OsString,
    io,
    os::{
        fd::{AsFd as _, AsRawFd as _, BorrowedFd, RawFd},
        unix::process::{CommandExt as _, ExitStatusExt as _},
    },
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::{
    consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH},
    iterator::{SignalsInfo, exfiltrator::WithOrigin},
    low_level::siginfo::{Cause, Origin, Sent},
};

use crate::Error;

/// Signals that the program gets when this process gets them.
const PASSED_ON: [i32; 8] = [
    SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT,
];

/// Where a program's standard output goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// To this process's own.
    Inherited,
    /// To standard error, where this process has something of its own to print.
    ToStandardError,
}

/// How a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended(ExitStatus);

impl Ended {
    /// The exit code to end with: the program's own, or 128 and the number of the signal that ended it, as shells say it.
    #[must_use]
    pub fn code(self) -> u8 {
        let signalled = || self.0.signal().map(|signal| signal.saturating_add(128));
        let code = self.0.code().or_else(signalled).unwrap_or(1);
        u8::try_from(code).unwrap_or(u8::MAX)
    }
}

/// Runs a program to its end. `inherited` are descriptors that stay open in it.
///
/// `takes_over` is called as soon as signals are caught here, and before the program starts: the caller lets go of them
/// then, so that none is lost in between, and says whether there is still to be a program.
///
/// # Errors
/// [`Error::Start`]; [`weightlock_artifact::Error::Interrupted`] when there is to be none.
pub fn run(
    program: &OsString,
    arguments: &[OsString],
    inherited: &[BorrowedFd<'_>],
    output: Output,
    takes_over: impl FnOnce() -> bool,
) -> Result<Ended, Error> {
    let failed = |source| Error::Start {
        program: program.to_string_lossy().into_owned(),
        source,
    };
    // Before it starts, so that no signal is lost in between.
    let mut signals = SignalsInfo::<WithOrigin>::new(PASSED_ON.iter().chain(&[SIGCHLD])).map_err(failed)?;
    if !takes_over() {
        return Err(weightlock_artifact::Error::Interrupted.into());
    }
    let mut child = start(program, arguments, inherited, output).map_err(failed)?;
    let pid = Pid::from_child(&child);
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(Ended(status));
        }
        for origin in signals.wait() {
            pass_on(pid, &origin);
        }
    }
}

fn start(
    program: &OsString,
    arguments: &[OsString],
    inherited: &[BorrowedFd<'_>],
    output: Output,
) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments);
    if output == Output::ToStandardError {
        command.stdout(Stdio::from(io::stderr()));
    }
    let parent = std::process::id();
    let inherited: Vec<RawFd> = inherited
        .iter()
        .map(|handle| handle.as_fd().as_raw_fd())
        .collect();
    // SAFETY: between fork and exec only calls that are safe there are made (signal-safety(7)), and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            for &handle in &inherited {
                // The descriptor stays open in the program; its other flags are none.
                if libc::fcntl(handle, libc::F_SETFD, 0) == -1 {
                    return Err(io::Error::last_os_error());
                }
            }
            if libc::prctl(libc::PR_SET_PDEATHSIG, SIGTERM) == -1 {
                return Err(io::Error::last_os_error());
            }
            // It may have died before it could be watched.
            if u32::try_from(libc::getppid()) != Ok(parent) {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
    command.spawn()
}

fn pass_on(child: Pid, origin: &Origin) {
    // What the terminal sends has no sender, and reaches the program by itself.
    let is_sent = matches!(origin.cause, Cause::Sent(Sent::User | Sent::TKill | Sent::Queue));
    if !is_sent || origin.signal == SIGCHLD {
        return;
    }
    if let Some(signal) = Signal::from_named_raw(origin.signal) {
        // It may have ended just now.
        let _: rustix::io::Result<()> = kill_process(child, signal);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _, Write as _};

    use super::*;

    fn shell(script: &str, inherited: &[BorrowedFd<'_>]) -> Result<Ended, Error> {
        run(
            &"/bin/sh".into(),
            &["-c".into(), script.into()],
            inherited,
            Output::Inherited,
            || true,
        )
    }

    #[test]
    fn it_is_told_how_a_program_ended() {
        assert_eq!(shell("exit 0", &[]).unwrap().code(), 0);
        assert_eq!(shell("exit 37", &[]).unwrap().code(), 37);
        assert_eq!(shell("kill -KILL $$", &[]).unwrap().code(), 128 + 9);
        let missing = run(&"/no/such/program".into(), &[], &[], Output::Inherited, || true).unwrap_err();
        assert_eq!(missing.code(), crate::error::START);
    }

    #[test]
    fn nothing_starts_when_it_is_not_wanted_any_more() {
        let started = tempfile::tempdir().unwrap().path().join("started");
        let refused = run(
            &"/bin/touch".into(),
            &[started.clone().into()],
            &[],
            Output::Inherited,
            || false,
        )
        .unwrap_err();
        assert_eq!(refused.code(), weightlock_artifact::error::INTERRUPTED);
        assert!(!started.exists());
    }

    #[test]
    fn what_is_inherited_is_open_in_the_program_and_nothing_else_is() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"weights").unwrap();
        file.rewind().unwrap();
        let mut output = tempfile::NamedTempFile::new().unwrap();
        let script = format!(
            "cat /proc/self/fd/{} > {}",
            file.as_raw_fd(),
            output.path().display()
        );
        assert_ne!(shell(&script, &[]).unwrap().code(), 0);
        assert_eq!(shell(&script, &[file.as_fd()]).unwrap().code(), 0);
        let mut text = String::new();
        output.read_to_string(&mut text).unwrap();
        assert_eq!(text, "weights");
    }
}
