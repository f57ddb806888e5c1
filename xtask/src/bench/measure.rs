//! Measuring one process exactly, and two alternately.
//!
//! The kernel adds up what finished children used, so each measurement runs in a helper process of its own, which
//! has no other children: processor time in microseconds, the largest resident set of any process of the tree,
//! and the bytes read through `read`-like calls (mapped pages are not in that count). The resident set has a
//! floor, the helper's own few megabytes at the time of the fork.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

use crate::say;

/// The hidden command of the helper.
pub(crate) const MEASURE: &str = "measure-child";

/// What one run used; after [`alternate`], the median of each.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Seconds on the clock.
    pub(crate) wall: f64,
    /// Seconds of processor, user and system.
    pub(crate) cpu: f64,
    /// Largest resident set in kilobytes.
    pub(crate) rss_kb: u64,
    /// Bytes read by calls.
    pub(crate) read: u64,
}

/// A command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    /// Whether an exit code other than 0 is an answer: a scanner that finds something.
    pub(crate) may_refuse: bool,
}

/// The helper: runs a command, prints its [`Sample`] as JSON.
pub(crate) fn measure_child(raw: &[String]) -> Result<bool> {
    let (program, args) = raw.split_first().context("nothing to measure")?;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null());
    let read_before = bytes_read();
    let started = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    let wall = started.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: nix::sys::time::TimeVal| f64_of(time.tv_sec()) + f64_of(time.tv_usec()) / 1e6;
    let sample = Sample {
        wall,
        cpu: seconds(usage.user_time()) + seconds(usage.system_time()),
        rss_kb: u64::try_from(usage.max_rss()).unwrap_or_default(),
        read: bytes_read().saturating_sub(read_before),
    };
    say(&serde_json::to_string(&sample)?);
    Ok(status.success())
}

/// Seconds and microseconds are far below the 2^52 at which the conversion would round.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn f64_of(value: i64) -> f64 {
    value as f64
}

/// What this process and its finished children have read.
fn bytes_read() -> u64 {
    let text = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix("rchar: "));
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

/// Runs both alternately, once each to warm up and then `rounds` times, and gives the medians.
pub(super) fn alternate(ours: &Line, peer: &Line, rounds: usize) -> Result<(Sample, Sample)> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let pair = (one(ours)?, one(peer)?);
        if round > 0 {
            a.push(pair.0);
            b.push(pair.1);
        }
    }
    Ok((median(&a), median(&b)))
}

/// Runs it once to warm up and then `rounds` times, and gives the median.
pub(super) fn alone(line: &Line, rounds: usize) -> Result<Sample> {
    let samples = (0..=rounds).map(|_| one(line)).collect::<Result<Vec<_>>>()?;
    Ok(median(samples.get(1..).unwrap_or_default()))
}

/// Runs it once.
pub(crate) fn one(line: &Line) -> Result<Sample> {
    let out = Command::new(env::current_exe()?)
        .arg(MEASURE)
        .arg(&line.program)
        .args(&line.args)
        .stdin(Stdio::null())
        .output()
        .context("cannot start the helper")?;
    // The helper itself ends with 4 when it could not start the program.
    let answered = line.may_refuse && out.status.code() == Some(1);
    if !out.status.success() && !answered {
        let talk = String::from_utf8_lossy(&out.stderr);
        bail!(
            "{} did not succeed: {}",
            line.program.display(),
            talk.lines().next().unwrap_or("no message")
        );
    }
    serde_json::from_slice(&out.stdout).context("cannot read the measurement")
}

/// The middle of each, and the worst of memory.
pub(super) fn median(samples: &[Sample]) -> Sample {
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        let upper = values.len() / 2;
        let lower = values.len().saturating_sub(1) / 2;
        (values[lower] + values[upper]) / 2.0
    };
    Sample {
        wall: middle(samples.iter().map(|sample| sample.wall).collect()),
        cpu: middle(samples.iter().map(|sample| sample.cpu).collect()),
        // The worst, not the middle: a bound on memory holds always or not at all.
        rss_kb: samples
            .iter()
            .map(|sample| sample.rss_kb)
            .max()
            .unwrap_or_default(),
        read: samples.iter().map(|sample| sample.read).max().unwrap_or_default(),
    }
}

/// Refuses a comparison in which the two programs print different SHA-256 or BLAKE3 digests, or none.
pub(super) fn same_digest(ours: &Line, peer: &Line) -> Result<()> {
    let (a, b) = (digest_printed_by(ours)?, digest_printed_by(peer)?);
    if a != b {
        bail!("the digests differ: {a} and {b}");
    }
    Ok(())
}

fn digest_printed_by(line: &Line) -> Result<String> {
    let out = Command::new(&line.program)
        .args(&line.args)
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&out.stdout);
    first_digest(&text).with_context(|| format!("{} printed no digest", line.program.display()))
}

fn first_digest(text: &str) -> Option<String> {
    let is_digest = |word: &&str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .find(is_digest)
        .map(ToOwned::to_owned)
}

/// The SHA-256 kernel that the program picks on this machine, as it says itself.
pub(super) fn kernel_of(program: &Path) -> String {
    let answer = Command::new(program)
        .args(["version", "--json"])
        .stdin(Stdio::null())
        .output();
    answer
        .ok()
        .and_then(|out| serde_json::from_slice::<serde_json::Value>(&out.stdout).ok())
        .and_then(|value| value["result"]["sha256_kernel"].as_str().map(str::to_owned))
        .unwrap_or_else(|| "not stated".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(wall: f64, rss_kb: u64) -> Sample {
        Sample {
            wall,
            rss_kb,
            ..Sample::default()
        }
    }

    #[test]
    fn times_are_medians_and_memory_is_the_worst() {
        assert_eq!(median(&[wall(3.0, 1), wall(1.0, 9), wall(2.0, 2)]), wall(2.0, 9));
        assert_eq!(median(&[wall(1.0, 1), wall(2.0, 1)]), wall(1.5, 1));
    }

    #[test]
    fn a_digest_is_found_in_each_form_of_output() {
        let hex = "0f".repeat(32);
        for text in [
            format!("{hex}  a.bin"),
            format!("SHA2-256(a.bin)= {hex}"),
            format!("sha256:{hex}"),
        ] {
            assert_eq!(first_digest(&text).as_deref(), Some(hex.as_str()), "{text}");
        }
        assert_eq!(first_digest(&format!("{hex}00")), None);
    }
}
