//! Words that policies use and that are defined elsewhere: formats of files, reason codes, rules of the scanner.

use weightlock_format::detect::Format;
use weightlock_policy::{
    Vocabulary,
    document::{FormatNames, ReasonNames},
};

use super::facts;
use crate::explanations;

#[derive(Debug)]
struct Words;

/// What this build knows.
pub(crate) const WORDS: Vocabulary<'static> = Vocabulary {
    is_format: &Words,
    is_reason: &Words,
};

impl FormatNames for Words {
    fn has_format(&self, name: &str) -> bool {
        Format::ALL.into_iter().any(|format| format.word() == name) || facts::KINDS.contains(&name)
    }
}

impl ReasonNames for Words {
    fn has_rule(&self, name: &str) -> bool {
        weightlock_scan::rules::all().any(|rule| rule.id == name)
    }

    fn has_code(&self, name: &str) -> bool {
        explanations::find(name).is_some()
    }
}
