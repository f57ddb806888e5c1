//! The audit log: one line of JSON for each decision and each refused override, each with the digest of the line before.
//!
//! ```json
//! {"version":1,"number":7,"time":"2026-11-22T12:00:00Z","event":"verdict","verb":"gate","model":"sha256:…","name":"acme/pebble",
//!  "decision":"deny","mode":"production","tier":"high","policies":"sha256:…","codes":["WL-POLICY-BOM"],"waived":[],"skipped":[],
//!  "previous":"sha256:…"}
//! ```
//!
//! The first line follows on 64 zeros. A line that is changed, removed from within, put in or moved breaks the chain at its place. Lines
//! that are cut off at the end leave a chain that is whole, only shorter: whoever wants to notice that keeps the digest of the
//! last line elsewhere ([`Chain::head`]) and asks for it.
//!
//! Nothing here opens a file.

use std::io::{self, BufRead};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    reason::Code,
};

use crate::{
    layer::Policy,
    level::Mode,
    reason, summary,
    verdict::{Decision, Verdict},
};

/// Bytes of a line at most; a verdict has some hundred.
pub const MAX_LINE: usize = 64 << 10;

/// Codes, waivers and checks that one line lists.
const MOST_LISTED: usize = 100;

/// Letters of a name that a line keeps.
const MOST_LETTERS: usize = 200;

/// One line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// 1.
    pub version: u32,
    /// How many lines are before it.
    pub number: u64,
    /// When.
    pub time: String,
    /// What happened.
    pub event: Event,
    /// The verb that asked.
    pub verb: String,
    /// The model: SHA-256 of its manifest, or of the one file.
    pub model: String,
    /// What the caller called it.
    pub name: String,
    /// `allow`, `quarantine` or `deny`.
    pub decision: String,
    /// In which mode.
    pub mode: String,
    /// Of which tier.
    pub tier: String,
    /// The digest of the policies that were applied, as a stated verdict has it.
    pub policies: String,
    /// Reason codes, each once.
    pub codes: Vec<String>,
    /// What was waived.
    pub waived: Vec<String>,
    /// Checks that somebody wanted to leave out, and flags that give up one of their own.
    pub skipped: Vec<String>,
    /// SHA-256 of the line before, without its end.
    pub previous: String,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A verdict was asked for and given.
    Verdict,
    /// Somebody wanted to leave out what cannot be left out; the verdict is in the same line.
    OverrideRefused,
    /// Somebody accepted that a locked model has another signer, or comes from somewhere else.
    ChangeAccepted,
}

/// That somebody wanted to accept a change of a locked model which a lock alone does not allow.
#[derive(Clone, Copy, Debug)]
pub struct Acceptance<'a> {
    /// The verb.
    pub verb: &'a str,
    /// The model as it is now.
    pub model: &'a Digest,
    /// What it is called.
    pub name: &'a str,
    /// What was to be accepted, as codes.
    pub codes: &'a [Code],
    /// In which mode.
    pub mode: Mode,
    /// It was refused.
    pub is_refused: bool,
}

/// Why a log is not whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// Reading failed.
    #[error("the log cannot be read")]
    Read(#[source] io::Error),
    /// A line is none of a log.
    #[error("line {line} is no line of a log: {why}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// Why.
        why: String,
    },
    /// Nothing can follow on the last line.
    #[error("the log does not end with a line of a log: {why}")]
    Last {
        /// Why.
        why: String,
    },
    /// A line does not follow on the one before.
    #[error("line {line} does not follow on the line before: one was changed, removed, put in or moved")]
    Chain {
        /// The line, from 1.
        line: u64,
    },
    /// The log ends before the line that somebody remembers, or holds another one.
    #[error("the log has no line {expected}: it was cut off, or is another one")]
    Head {
        /// What was expected.
        expected: Digest,
    },
}

impl Broken {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Read(_) => weightlock_artifact::reason::IO,
            Self::Line { .. } | Self::Last { .. } | Self::Chain { .. } | Self::Head { .. } => reason::AUDIT,
        }
    }
}

/// A log that is whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    /// Lines.
    pub lines: u64,
    /// Lines by decision: allow, quarantine, deny.
    pub decisions: [u64; 3],
    /// Lines that tell of a refused override.
    pub overrides: u64,
    /// SHA-256 of the last line; of an empty log, zeros.
    pub head: Digest,
}

/// What stands before the first line.
#[must_use]
pub fn beginning() -> Digest {
    Digest::from_hex(Algorithm::Sha256, &"0".repeat(64)).unwrap_or_else(|_| Algorithm::Sha256.digest(b""))
}

impl Entry {
    /// The line about a verdict.
    #[must_use]
    pub fn of(verdict: &Verdict, policy: &Policy, verb: &str, name: &str, now: Timestamp) -> Self {
        let mut codes: Vec<String> = verdict.reasons().iter().map(|it| it.code.to_string()).collect();
        codes.sort();
        codes.dedup();
        let is_override = codes.iter().any(|code| code == reason::OVERRIDE.as_str());
        let mut waived: Vec<String> = verdict
            .asked
            .iter()
            .flat_map(|asked| &asked.waived)
            .map(|it| it.waiver.parts().waives.to_string())
            .collect();
        waived.sort();
        waived.dedup();
        let skipped = verdict.asked.iter().filter(|asked| asked.skipped);
        let mut skipped: Vec<String> = skipped.map(|asked| asked.check.name().to_owned()).collect();
        skipped.sort();
        skipped.dedup();
        for list in [&mut codes, &mut waived, &mut skipped] {
            list.truncate(MOST_LISTED);
        }
        Self {
            version: 1,
            number: 0,
            time: now.to_string(),
            event: if is_override {
                Event::OverrideRefused
            } else {
                Event::Verdict
            },
            verb: verb.to_owned(),
            model: verdict.digest.to_string(),
            name: name.chars().take(MOST_LETTERS).collect(),
            decision: verdict.decision.word().to_owned(),
            mode: verdict.mode.to_string(),
            tier: verdict.tier.to_string(),
            policies: summary::digest_of(policy).to_string(),
            codes,
            waived,
            skipped,
            previous: beginning().to_string(),
        }
    }

    /// The line about an acceptance.
    #[must_use]
    pub fn accepting(acceptance: &Acceptance<'_>, policy: &Policy, now: Timestamp) -> Self {
        let (event, decision) = if acceptance.is_refused {
            (Event::OverrideRefused, Decision::Deny)
        } else {
            (Event::ChangeAccepted, Decision::Allow)
        };
        Self {
            version: 1,
            number: 0,
            time: now.to_string(),
            event,
            verb: acceptance.verb.to_owned(),
            model: acceptance.model.to_string(),
            name: acceptance.name.chars().take(MOST_LETTERS).collect(),
            decision: decision.word().to_owned(),
            mode: acceptance.mode.to_string(),
            tier: policy.default_tier().to_string(),
            policies: summary::digest_of(policy).to_string(),
            codes: acceptance.codes.iter().map(ToString::to_string).collect(),
            waived: Vec::new(),
            skipped: Vec::new(),
            previous: beginning().to_string(),
        }
    }

    /// The line about a flag that gives up a check, which was refused in production before a model was looked at. What is not known then
    /// is `-`.
    #[must_use]
    pub fn of_flag(flag: &str, policy: &Policy, now: Timestamp) -> Self {
        let unknown = || "-".to_owned();
        Self {
            version: 1,
            number: 0,
            time: now.to_string(),
            event: Event::OverrideRefused,
            verb: unknown(),
            model: unknown(),
            name: unknown(),
            decision: Decision::Deny.word().to_owned(),
            mode: Mode::Production.to_string(),
            tier: unknown(),
            policies: summary::digest_of(policy).to_string(),
            codes: vec![reason::OVERRIDE.to_string()],
            waived: Vec::new(),
            skipped: vec![flag.chars().take(MOST_LETTERS).collect()],
            previous: beginning().to_string(),
        }
    }

    /// The line that follows on `last`, the last line of a log without its end; the first one of an empty log. Without an end of
    /// its own.
    ///
    /// # Errors
    /// [`Broken::Last`] when the last line is none: a log with a fault is not written on.
    pub fn after(mut self, last: Option<&[u8]>) -> Result<String, Broken> {
        let no = |why: String| Broken::Last { why };
        if let Some(last) = last {
            let before = parse(last).map_err(no)?;
            let next = before.number.checked_add(1);
            self.number = next.ok_or_else(|| no("its number is the largest there is".to_owned()))?;
            self.previous = Algorithm::Sha256.digest(last).to_string();
        }
        serde_json::to_string(&self).map_err(|error| no(error.to_string()))
    }
}

/// A line; else why it is none.
fn parse(text: &[u8]) -> Result<Entry, String> {
    let entry: Entry = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if entry.version == 1 {
        Ok(entry)
    } else {
        Err(format!("its version is {}, and 1 is known", entry.version))
    }
}

/// Checks a log from its first line to its last. `remembered` is the digest of a line that must be there.
///
/// # Errors
/// [`Broken`] names the first line that does not fit.
pub fn verify(log: &mut dyn BufRead, remembered: Option<&Digest>) -> Result<Chain, Broken> {
    let mut chain = Chain {
        lines: 0,
        decisions: [0; 3],
        overrides: 0,
        head: beginning(),
    };
    let mut is_remembered = remembered.is_none_or(|digest| *digest == chain.head);
    while let Some(text) = next(log, chain.lines)? {
        let line = chain.lines.saturating_add(1);
        let entry = parse(&text).map_err(|why| Broken::Line { line, why })?;
        if entry.number != chain.lines || entry.previous != chain.head.to_string() {
            return Err(Broken::Chain { line });
        }
        chain.head = Algorithm::Sha256.digest(&text);
        chain.lines = line;
        is_remembered |= remembered == Some(&chain.head);
        chain.overrides += u64::from(entry.event == Event::OverrideRefused);
        let [allow, quarantine, deny] = &mut chain.decisions;
        *match entry.decision.as_str() {
            "allow" => allow,
            "quarantine" => quarantine,
            "deny" => deny,
            other => {
                return Err(Broken::Line {
                    line,
                    why: format!("{other:?} is no decision"),
                });
            }
        } += 1;
    }
    match remembered {
        Some(expected) if !is_remembered => Err(Broken::Head { expected: *expected }),
        _ => Ok(chain),
    }
}

/// The next line without its end. One that has no end was not written whole.
fn next(log: &mut dyn BufRead, before: u64) -> Result<Option<Vec<u8>>, Broken> {
    let line = before.saturating_add(1);
    let mut text = Vec::new();
    let most = MAX_LINE as u64 + 1;
    io::Read::take(&mut *log, most)
        .read_until(b'\n', &mut text)
        .map_err(Broken::Read)?;
    match text.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(text)),
        Some(_) if text.len() as u64 + 1 >= most => Err(Broken::Line {
            line,
            why: format!("it is longer than {MAX_LINE} bytes"),
        }),
        Some(_) => Err(Broken::Line {
            line,
            why: "it has no end: it was not written whole".to_owned(),
        }),
    }
}
