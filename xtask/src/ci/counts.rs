//! Counting what ran, from the output of the test harness.

use std::fmt;
use std::ops::AddAssign;

/// How many checks and tests passed, failed and were skipped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// One check that passed or failed as a whole.
    pub(crate) fn check(passed: bool) -> Self {
        Self {
            passed: u64::from(passed),
            failed: u64::from(!passed),
            skipped: 0,
        }
    }

    /// Something that did not run.
    pub(crate) fn skip() -> Self {
        Self {
            skipped: 1,
            ..Self::default()
        }
    }

    /// Sums every result line of `cargo test` in `output`.
    pub(crate) fn of_tests(output: &str) -> Self {
        let mut sum = Self::default();
        for line in output.lines() {
            sum += Self::result_line(line).unwrap_or_default();
        }
        sum
    }

    /// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
    fn result_line(line: &str) -> Option<Self> {
        let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let count = |what: &str| {
            let part = numbers.split("; ").find(|part| part.ends_with(what))?;
            part.split(' ').next()?.parse::<u64>().ok()
        };
        Some(Self {
            passed: count(" passed")?,
            failed: count(" failed")?,
            skipped: count(" ignored")?,
        })
    }

    /// Sums the results of `python -m unittest` in `output`: how many ran, and then how they ended.
    ///
    /// ```text
    /// Ran 12 tests in 0.123s
    ///
    /// FAILED (failures=1, errors=2, skipped=3)
    /// ```
    pub(crate) fn of_unittest(output: &str) -> Self {
        let mut sum = Self::default();
        let mut ran = None;
        for line in output.lines() {
            if let Some(count) = ran_line(line) {
                ran = Some(count);
            } else if let Some((word, counts)) = ended_line(line)
                && let Some(ran) = ran.take()
            {
                let failed = counts("failures") + counts("errors") + counts("unexpected successes");
                let skipped = counts("skipped");
                sum += Self {
                    passed: ran - (failed + skipped).min(ran),
                    // A word that counts do not bear out is still no success.
                    failed: failed.max(u64::from(word != "OK")),
                    skipped,
                };
            }
        }
        sum
    }

    /// The harness reported `skips` tests as passed which said themselves that they were skipped.
    pub(crate) fn with_skips(self, skips: u64) -> Self {
        Self {
            passed: self.passed.saturating_sub(skips),
            skipped: self.skipped + skips,
            ..self
        }
    }

    /// A test run that failed without naming a failed test (it did not build, crashed, ran out of time), or that
    /// ran nothing at all, is one failure.
    pub(crate) fn confirmed(mut self, success: bool) -> Self {
        if self.failed == 0 && (!success || self.passed + self.skipped == 0) {
            self.failed = 1;
        }
        self
    }
}

/// `Ran 12 tests in 0.123s`
fn ran_line(line: &str) -> Option<u64> {
    let (count, rest) = line.strip_prefix("Ran ")?.split_once(" test")?;
    rest.contains(" in ").then(|| count.parse().ok())?
}

/// `OK`, `OK (skipped=1)` or `FAILED (failures=1, errors=2)`: the word, and the counts by name.
fn ended_line(line: &str) -> Option<(&str, impl Fn(&str) -> u64)> {
    let (word, counts) = line.split_once(" (").unwrap_or((line, ""));
    let counts = counts.trim_end_matches(')').to_owned();
    let count = move |name: &str| {
        let found = counts
            .split(", ")
            .find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        found.and_then(|count| count.parse().ok()).unwrap_or(0)
    };
    ["OK", "FAILED", "NO TESTS RAN"]
        .contains(&word)
        .then_some((word, count))
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "running 3 tests\n\
        test a ... ok\n\
        test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
        test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.00s\n";

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn result_lines_are_summed() {
        assert_eq!(Counts::of_tests(OUTPUT), counts(6, 1, 1));
    }

    #[test]
    fn lines_that_only_resemble_a_result_count_nothing() {
        for line in [
            "  test result: ok. 9 passed; 0 failed; 0 ignored",
            "test result: ok",
            "9 passed; 0 failed",
        ] {
            assert_eq!(Counts::of_tests(line), Counts::default(), "{line}");
        }
    }

    #[test]
    fn results_of_python_are_summed() {
        let ended = |words: &str| Counts::of_unittest(&format!("..F.\nRan 6 tests in 0.1s\n\n{words}\n"));
        assert_eq!(ended("OK"), counts(6, 0, 0));
        assert_eq!(ended("OK (skipped=2)"), counts(4, 0, 2));
        assert_eq!(ended("FAILED (failures=1, errors=2, skipped=1)"), counts(2, 3, 1));
        assert_eq!(ended("FAILED (strange=1)"), counts(6, 1, 0));
        assert_eq!(ended("NO TESTS RAN"), counts(6, 1, 0));
        assert_eq!(Counts::of_unittest("OK\nRan 3 tests\nKilled\n"), counts(0, 0, 0));
    }

    #[test]
    fn skipped_tests_are_not_passed_tests() {
        assert_eq!(counts(5, 0, 1).with_skips(2), counts(3, 0, 3));
    }

    #[test]
    fn a_failure_is_counted_even_when_no_test_was_named() {
        assert_eq!(counts(5, 0, 0).confirmed(false), counts(5, 1, 0));
        assert_eq!(counts(5, 2, 0).confirmed(false), counts(5, 2, 0));
        assert_eq!(counts(0, 0, 0).confirmed(true), counts(0, 1, 0));
        assert_eq!(counts(5, 0, 0).confirmed(true), counts(5, 0, 0));
    }
}
