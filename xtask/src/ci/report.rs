//! The running sum, and the environment that every test gets.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use weightlock_peers::SKIPS;

use super::counts::Counts;
use super::step::{Ended, stream};
use crate::say;
use crate::workspace::cargo;

/// No single step of a healthy run comes near this; a hanging test must not hang the run.
const STEP_LIMIT: Duration = Duration::from_secs(25 * 60);

/// What has run so far.
pub(crate) struct Report {
    counts: Counts,
    lines: Vec<String>,
    skips: PathBuf,
    skips_seen: usize,
    /// Handed to every command.
    pub(crate) env: Vec<(String, OsString)>,
}

impl Report {
    /// Starts with an empty record of skips.
    pub(crate) fn start() -> Result<Self> {
        let skips = std::env::temp_dir().join(format!("weightlock-skips-{}", std::process::id()));
        fs::write(&skips, "").with_context(|| format!("cannot write {}", skips.display()))?;
        let env = vec![(SKIPS.to_owned(), skips.clone().into_os_string())];
        Ok(Self {
            counts: Counts::default(),
            lines: Vec::new(),
            skips,
            skips_seen: 0,
            env,
        })
    }

    /// Runs a command that passes or fails as one.
    pub(crate) fn check(&mut self, name: &str, command: &mut Command) -> bool {
        let (ended, seconds) = self.timed(name, command);
        self.close(name, Counts::check(ended.success), seconds);
        ended.success
    }

    /// Runs a check that is a function of ours.
    pub(crate) fn check_fn(&mut self, name: &str, check: impl FnOnce() -> Result<bool>) -> bool {
        header(name);
        let started = Instant::now();
        let passed = check().unwrap_or_else(|error| {
            say(&format!("error: {error:#}"));
            false
        });
        self.close(name, Counts::check(passed), started.elapsed());
        passed
    }

    /// Runs `cargo test …` and counts its tests. Property tests draw the same cases on every machine, unless the seed is
    /// set otherwise: what is new is looked for by the fuzz targets, and by whoever runs `cargo test`.
    pub(crate) fn tests(&mut self, name: &str, command: &mut Command) -> bool {
        if std::env::var_os(PROPERTY_SEED).is_none() {
            command.env(PROPERTY_SEED, "1");
        }
        let (ended, seconds) = self.timed(name, command);
        let skips = self.new_skips();
        let counts = Counts::of_tests(&ended.output)
            .with_skips(skips)
            .confirmed(ended.success);
        self.close(name, counts, seconds);
        counts.failed == 0
    }

    /// Runs `python -m unittest …` and counts its tests.
    pub(crate) fn python_tests(&mut self, name: &str, command: &mut Command) -> bool {
        let (ended, seconds) = self.timed(name, command);
        let counts = Counts::of_unittest(&ended.output).confirmed(ended.success);
        self.close(name, counts, seconds);
        counts.failed == 0
    }

    /// Notes something that did not run, and why.
    pub(crate) fn not_run(&mut self, name: &str, reason: &str) {
        self.note(&format!("{name}: NOT RUN ({reason})"));
        self.counts += Counts::skip();
    }

    /// Prints a line now and again in the summary.
    pub(crate) fn note(&mut self, line: &str) {
        say(line);
        self.lines.push(line.to_owned());
    }

    /// Runs a command with our environment, without counting it.
    pub(crate) fn quiet_step(&mut self, name: &str, command: &mut Command) -> bool {
        self.timed(name, command).0.success
    }

    fn timed(&mut self, name: &str, command: &mut Command) -> (Ended, Duration) {
        header(name);
        let started = Instant::now();
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        let ended = stream(command, STEP_LIMIT).unwrap_or_else(|error| {
            say(&format!("error: {error:#}"));
            Ended {
                success: false,
                output: String::new(),
            }
        });
        (ended, started.elapsed())
    }

    fn close(&mut self, name: &str, counts: Counts, took: Duration) {
        let word = if counts.failed == 0 { "ok" } else { "FAILED" };
        self.note(&format!(
            "{word:6} {name}: {counts} ({:.1} s)",
            took.as_secs_f64()
        ));
        self.counts += counts;
    }

    /// Skips recorded since the last time, each printed.
    fn new_skips(&mut self) -> u64 {
        // A record that cannot be read would turn skips into passes.
        let Ok(text) = fs::read_to_string(&self.skips) else {
            self.note("FAILED the record of skipped tests is gone");
            self.counts.failed += 1;
            return 0;
        };
        let fresh = text
            .lines()
            .skip(self.skips_seen)
            .map(|line| format!("SKIPPED {line}"))
            .collect::<Vec<_>>();
        self.skips_seen += fresh.len();
        fresh.iter().for_each(|line| self.note(line));
        fresh.len() as u64
    }

    /// Prints the summary and gives the sum.
    pub(crate) fn finish(self) -> Counts {
        header("summary");
        self.lines.iter().for_each(|line| say(line));
        let _ = fs::remove_file(&self.skips);
        self.counts
    }
}

fn header(name: &str) {
    say(&format!("\n== {name}"));
}

/// What the cases of property tests are drawn from.
const PROPERTY_SEED: &str = "PROPTEST_RNG_SEED";

/// `cargo` with arguments.
pub(crate) fn cargo_step(args: &[&str]) -> Command {
    let mut command = Command::new(cargo());
    command.args(args);
    command
}
