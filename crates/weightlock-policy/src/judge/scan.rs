//! What the model can do when it is loaded, and whether everything was looked at.

use weightlock_artifact::{digest::Digest, evidence::Kind};
use weightlock_scan::Severity;

use super::{Answer, Case};
use crate::{
    check::Check,
    demand::ScanBy,
    evidence::{Content, ScanFact},
    verdict::Reason,
};

impl Case<'_> {
    pub(super) fn scan(&self, below: Severity, by: ScanBy) -> Answer {
        let (scan, evidence, whose) = match self.best_scan(by, Check::Scan) {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let mut reasons: Vec<Reason> = scan
            .findings
            .iter()
            .filter(|(_, severity)| **severity >= below)
            .map(|(rule, severity)| {
                let text = format!("{whose} found {rule} ({})", severity.as_str());
                Reason::no(Check::Scan.code(), text).named(rule).of(evidence)
            })
            .collect();
        if scan.unlisted.is_some_and(|worst| worst >= below) {
            let text = format!("{whose} found more than it lists");
            reasons.push(Reason::no(Check::Scan.code(), text).of(evidence));
        }
        reasons.extend(unread(scan, evidence));
        if reasons.is_empty() {
            Answer::met(
                format!("{whose} found nothing at or above {}", below.as_str()),
                evidence,
            )
        } else {
            Answer::no(reasons)
        }
    }

    pub(super) fn coverage(&self) -> Answer {
        match self.best_scan(ScanBy::Either, Check::Coverage) {
            Err(answer) => answer,
            Ok((scan, evidence, whose)) => match unread(scan, evidence) {
                Some(reason) => Answer::because(reason),
                None => Answer::met(format!("{whose} accounted for every byte"), evidence),
            },
        }
    }

    /// The scan that counts: the one that was run now, else the newest signed one.
    fn best_scan(&self, by: ScanBy, check: Check) -> Result<(&ScanFact, Option<Digest>, String), Answer> {
        let now = self.evidence.scan.as_ref();
        match (by, now) {
            (ScanBy::Now | ScanBy::Either, Some(scan)) => Ok((scan, None, "the scan".to_owned())),
            (ScanBy::Now, None) => Err(Answer::because(Reason::no(
                check.code(),
                "no scan was run now, and a signed one is not enough",
            ))),
            (ScanBy::Signed, _) | (ScanBy::Either, None) => {
                let signed = self.candidates(Kind::Scan, |content| {
                    matches!(content, Content::Scan(_)).then_some(())
                });
                let newest = signed
                    .good
                    .first()
                    .and_then(|(statement, ())| match &statement.content {
                        Content::Scan(scan) => Some((statement, scan)),
                        _ => None,
                    });
                match newest {
                    Some((statement, scan)) => {
                        let who = statement.signed_by.as_deref().unwrap_or("somebody known");
                        Ok((scan, Some(statement.id), format!("the scan signed by {who}")))
                    }
                    None => Err(Answer::no(signed.lack(check, "signed scan"))),
                }
            }
        }
    }
}

/// What was not read could hold anything: no answer, whatever was found elsewhere.
fn unread(scan: &ScanFact, evidence: Option<Digest>) -> Option<Reason> {
    let first = scan.unread.first()?;
    let more = match scan.unread.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let text = format!("not everything was read: {first}{more}");
    Some(Reason::unknown(Check::Coverage.code(), text).of(evidence))
}
