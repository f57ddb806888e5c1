//! No file is of a denied format.

use std::collections::BTreeSet;

use super::{Answer, Case};
use crate::{check::Check, verdict::Reason};

/// Files that are named.
const MOST_TOLD: usize = 8;

impl Case<'_> {
    pub(super) fn formats(&self, layer: usize, deny: &BTreeSet<String>, unless: &[String]) -> Answer {
        let denied: Vec<(&str, &str)> = self
            .evidence
            .model
            .files
            .iter()
            .filter_map(|file| {
                let format = file.formats.iter().find(|format| deny.contains(*format))?;
                Some((file.path.as_str(), format.as_str()))
            })
            .collect();
        if denied.is_empty() {
            return Answer::met("no file has a denied format", []);
        }
        if self.is_signed_by(layer, unless) {
            return Answer::met(format!("signed by one of {}", unless.join(", ")), []);
        }
        let code = Check::Formats.code();
        let mut reasons: Vec<Reason> = denied
            .iter()
            .take(MOST_TOLD)
            .map(|(path, format)| {
                Reason::no(code, format!("{path} is of the denied format {format}")).about(path, format)
            })
            .collect();
        if let Some(more) = denied.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
            reasons.push(Reason::no(
                code,
                format!("{more} more files are of a denied format"),
            ));
        }
        Answer::no(reasons)
    }
}
