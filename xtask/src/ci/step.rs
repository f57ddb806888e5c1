//! One command of the test run: streamed, timed, and ended when it overstays.

use std::io::{self, BufRead as _, BufReader, PipeReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) success: bool,
    /// Both streams, in the order written.
    pub(crate) output: String,
}

/// How often a running command is looked at.
const PATIENCE: Duration = Duration::from_millis(20);

/// Runs `command` without input, echoing its output, for at most `limit`.
pub(crate) fn stream(command: &mut Command, limit: Duration) -> Result<Ended> {
    let (reader, writer) = io::pipe()?;
    // A group of its own, so that what it started ends with it.
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0);
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().with_context(|| format!("cannot run {program}"))?;
    // The command holds the writing ends; while it does, the reader never sees the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let echo = thread::spawn(move || echo(reader));
    let success = wait(&mut child, limit)?;
    let output = echo.join().unwrap_or_default();
    Ok(Ended { success, output })
}

fn echo(reader: PipeReader) -> String {
    let mut seen = String::new();
    for line in BufReader::new(reader).split(b'\n') {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line);
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{line}");
        seen.push_str(&line);
        seen.push('\n');
    }
    seen
}

fn wait(child: &mut Child, limit: Duration) -> Result<bool> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            end_group(child);
            return Ok(status.success());
        }
        if started.elapsed() > limit {
            crate::say(&format!("over its limit of {} s: ended", limit.as_secs()));
            end_group(child);
            child.wait()?;
            return Ok(false);
        }
        thread::sleep(PATIENCE);
    }
}

/// Ends what the command left running in its group; otherwise a forgotten child keeps the pipe open for ever.
fn end_group(child: &Child) {
    if let Ok(id) = i32::try_from(child.id()) {
        let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Ended {
        stream(Command::new("sh").args(["-c", script]), limit).unwrap()
    }

    #[test]
    fn output_of_both_streams_is_kept_in_order() {
        let ended = sh("echo one; echo two >&2; echo three", Duration::from_secs(10));
        assert!(ended.success);
        assert_eq!(ended.output, "one\ntwo\nthree\n");
    }

    #[test]
    fn a_failing_command_is_a_failure() {
        assert!(!sh("exit 3", Duration::from_secs(10)).success);
    }

    #[test]
    fn a_command_that_overstays_is_ended_with_its_children() {
        let started = Instant::now();
        assert!(!sh("sleep 60 & sleep 60", Duration::from_millis(100)).success);
        assert!(!sh("sleep 60 & exit 1", Duration::from_secs(50)).success);
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_program_that_does_not_exist_is_an_error() {
        assert!(
            stream(
                &mut Command::new("weightlock-no-such-program"),
                Duration::from_secs(1)
            )
            .is_err()
        );
    }
}
