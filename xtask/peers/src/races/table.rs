//! What loads came to.

use std::{
    collections::BTreeMap,
    env, fmt,
    fmt::Write as _,
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use super::{Attack, Expected, Layout, Stage};

/// Names a folder into which tests write their tables and counts, as `cargo xtask races` wants them.
pub const RESULTS: &str = "WEIGHTLOCK_RACES_RESULTS";

/// How many free-running rounds there are to be.
pub const ROUNDS: &str = "WEIGHTLOCK_RACES_ROUNDS";

/// Rounds when nobody says how many.
const USUAL_ROUNDS: usize = 300;

/// What loads came to, by attack and stage. Tests of several threads fill one.
#[derive(Debug, Default)]
pub struct Table(Mutex<BTreeMap<(Attack, Stage), Count>>);

/// How loads ended.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Count {
    /// With the bytes that were signed.
    pub verified: usize,
    /// With an error.
    pub refused: usize,
    /// Of these, with the one that says that something changed while it was read.
    pub midway: usize,
}

impl Count {
    /// Adds how one load ended.
    pub fn add(&mut self, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.verified += 1,
            Err(why) => {
                self.refused += 1;
                self.midway += usize::from(why == "WL-ART-CHANGED");
            }
        }
    }

    /// Whether there was a race at all.
    #[must_use]
    pub const fn is_race(&self) -> bool {
        self.verified > 0 && self.refused > 0
    }

    /// Writes the count where `cargo xtask races` wants it, if it does.
    pub fn publish(self, of: &str, layout: Layout, what: &str) {
        let Self {
            verified,
            refused,
            midway,
        } = self;
        let row = format!(
            "| {what}, {} | {} | {verified} | {refused} | {midway} |\n",
            layout.name(),
            verified + refused
        );
        publish(&format!("rounds-{of}-{layout:?}.md"), &row);
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.verified, self.refused) {
            (0, refused) => write!(f, "refused {refused}"),
            (verified, 0) => write!(f, "bytes {verified}"),
            (verified, refused) => write!(f, "bytes {verified}, refused {refused}"),
        }
    }
}

impl Table {
    /// Adds how one load ended: what was read by the program, or why it was refused.
    ///
    /// # Panics
    /// When that is not what a load may come to: other bytes, a refusal too late, or none.
    pub fn add(&self, stage: Stage, attack: Attack, name: &str, outcome: Result<Result<(), String>, String>) {
        let here = format!("{} of {name} at {}", attack.name(), stage.name());
        let expected = stage.expected(attack, name);
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = table.entry((attack, stage)).or_default();
        match outcome {
            Ok(bytes) => {
                assert!(bytes.is_ok(), "{here}: other bytes were loaded: {bytes:?}");
                assert!(
                    expected != Expected::Refused,
                    "{here}: must be refused and was loaded"
                );
                count.verified += 1;
            }
            Err(why) => {
                assert!(
                    expected != Expected::Bytes,
                    "{here}: must be loaded and was refused: {why}"
                );
                count.refused += 1;
            }
        }
    }

    /// How many loads there were.
    #[must_use]
    pub fn loads(&self) -> usize {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.values().map(|count| count.verified + count.refused).sum()
    }

    /// Writes the table where `cargo xtask races` wants it, if it does.
    pub fn publish(&self, name: &str) {
        publish(name, &self.markdown());
    }

    fn markdown(&self) -> String {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stages: Vec<Stage> = table.keys().map(|(_, stage)| *stage).collect();
        stages.sort_unstable();
        stages.dedup();
        let mut text = String::from("| attack |");
        stages.iter().for_each(|stage| {
            let _ = write!(text, " {} |", stage.name());
        });
        let _ = write!(text, "\n|---|{}\n", "---|".repeat(stages.len()));
        for attack in Attack::ALL {
            let _ = write!(text, "| {} |", attack.name());
            for stage in &stages {
                let cell = table.get(&(attack, *stage)).map(ToString::to_string);
                let _ = write!(text, " {} |", cell.unwrap_or_default());
            }
            text.push('\n');
        }
        text
    }
}

/// Writes a result where `cargo xtask races` wants it, if it does.
///
/// # Panics
/// When it is wanted and cannot be written.
fn publish(name: &str, text: &str) {
    if let Some(folder) = env::var_os(RESULTS) {
        let written = fs::write(Path::new(&folder).join(name), text);
        assert!(
            written.is_ok(),
            "a result of {name} cannot be written: {written:?}"
        );
    }
}

/// How many free-running rounds there are to be.
#[must_use]
pub fn rounds() -> usize {
    env::var(ROUNDS)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(USUAL_ROUNDS)
}
