//! Reason codes: why Weightlock said no, could not tell, or could not work.
//!
//! Every refusal carries one [`Code`] of the form `WL-AREA-NAME`. Codes are stable: scripts, waivers and
//! `weightlock explain` rely on them. Each crate describes its own codes in one [`Explanation`] table next to
//! the code that raises them; the binary joins the tables, and a test there fails when a code is missing.

use std::fmt;

use serde::{Serialize, Serializer};

/// A stable reason code, `WL-AREA-NAME`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

/// Any other failure of the operating system while reading or writing. It stands here and not with the other codes of
/// `error`, because rooms that open no files have it too.
pub const IO: Code = Code::new("WL-IO-FAILED");

impl Code {
    /// Names a code. Checked at compile time when used in a `const`: `WL-`, then two or more upper-case words.
    ///
    /// # Panics
    /// When the text has another form; in a `const` this is a compile error.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        assert!(bytes.len() > 6 && bytes[0] == b'W' && bytes[1] == b'L' && bytes[2] == b'-');
        let (mut at, mut dashes) = (0, 0);
        while at < bytes.len() {
            match bytes[at] {
                b'-' => dashes += 1,
                b'A'..=b'Z' | b'0'..=b'9' => {}
                _ => panic!("a code is made of upper-case letters, digits and dashes"),
            }
            at += 1;
        }
        assert!(dashes >= 2);
        Self(text)
    }

    /// The code as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// What kind of answer a code stands for. One table for the whole tool; the binary maps it to exit codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The answer is no: unsigned, tampered, wrong key, drift (exit 1).
    No,
    /// The question was put wrongly: flags, configuration (exit 2).
    Usage,
    /// There is no answer: unsupported, over a limit, nothing to check (exit 3). Gates treat it as no.
    NoAnswer,
    /// Weightlock could not work: input/output, a token or key that cannot be reached (exit 4).
    CouldNotWork,
}

impl Outcome {
    /// The process exit code for this outcome.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::No => 1,
            Self::Usage => 2,
            Self::NoAnswer => 3,
            Self::CouldNotWork => 4,
        }
    }
}

/// What `weightlock explain CODE` says: one entry per code, next to the code that raises it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Explanation {
    /// The code explained.
    pub code: Code,
    /// The kind of answer it is.
    pub outcome: Outcome,
    /// One sentence: what happened.
    pub what: &'static str,
    /// Why it matters: what an attacker gains, or what breaks.
    pub why: &'static str,
    /// A situation that raises it.
    pub example: &'static str,
    /// What to do. Never weakens a check.
    pub fix: &'static str,
}
