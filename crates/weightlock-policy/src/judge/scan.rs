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

/// A scan that decides.
struct Counted<'c> {
    scan: &'c ScanFact,
    evidence: Option<Digest>,
    whose: String,
}

impl Case<'_> {
    pub(super) fn scan(&self, below: Severity, by: ScanBy) -> Answer {
        let scans = match self.scans(by, Check::Scan) {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let reasons: Vec<Reason> = scans.iter().flat_map(|it| it.faults(below)).collect();
        answer(&scans, reasons, |whose| {
            format!("{whose} found nothing at or above {}", below.as_str())
        })
    }

    /// Every byte was accounted for, by whichever scan there is: the one that was run now before a signed one. By whom a demand for a
    /// clean scan wants it is that demand's own matter.
    pub(super) fn coverage(&self) -> Answer {
        let scans = match self.scans(ScanBy::Either, Check::Coverage) {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let reasons: Vec<Reason> = scans.iter().filter_map(Counted::unread).collect();
        answer(&scans, reasons, |whose| {
            format!("{whose} accounted for every byte")
        })
    }

    /// The scans that decide: the one that was run now, else the newest signed one, and the newest that each layer hears. Those of the
    /// same time, and those that do not say when they were made, could be the newest; then all of them decide.
    fn scans(&self, by: ScanBy, check: Check) -> Result<Vec<Counted<'_>>, Answer> {
        match (by, self.evidence.scan.as_ref()) {
            (ScanBy::Now | ScanBy::Either, Some(scan)) => Ok(vec![Counted {
                scan,
                evidence: None,
                whose: "the scan".to_owned(),
            }]),
            (ScanBy::Now, None) => Err(Answer::because(Reason::no(
                check.code(),
                "no scan was run now, and a signed one is not enough",
            ))),
            (ScanBy::Signed, _) | (ScanBy::Either, None) => self.signed_scans(check),
        }
    }

    fn signed_scans(&self, check: Check) -> Result<Vec<Counted<'_>>, Answer> {
        let signed = self.candidates(Kind::Scan, |content| {
            matches!(content, Content::Scan(_)).then_some(())
        });
        if signed.good.is_empty() {
            return Err(Answer::no(signed.lack(check, "signed scan")));
        }
        let doubts: Vec<Reason> = signed.doubts(check).collect();
        if !doubts.is_empty() {
            return Err(Answer::no(doubts));
        }
        let scans = signed
            .decisive(|()| true)
            .into_iter()
            .filter_map(|(statement, ())| match &statement.content {
                Content::Scan(scan) => Some(Counted {
                    scan,
                    evidence: Some(statement.id),
                    whose: format!(
                        "the scan signed by {}",
                        statement.signed_by.as_deref().unwrap_or("somebody known")
                    ),
                }),
                _ => None,
            });
        Ok(scans.collect())
    }
}

/// Met by all of these scans, or not.
fn answer(scans: &[Counted<'_>], reasons: Vec<Reason>, met: impl Fn(&str) -> String) -> Answer {
    if !reasons.is_empty() {
        return Answer::no(reasons);
    }
    let whose: Vec<&str> = scans.iter().map(|it| it.whose.as_str()).collect();
    Answer::met(
        met(&whose.join(" and ")),
        scans.iter().filter_map(|it| it.evidence),
    )
}

impl Counted<'_> {
    /// What it found at or above a line, and what it did not read.
    fn faults(&self, below: Severity) -> Vec<Reason> {
        let code = Check::Scan.code();
        let listed = self.scan.findings.iter();
        let mut reasons: Vec<Reason> = listed
            .filter(|(_, severity)| **severity >= below)
            .map(|(rule, severity)| {
                let text = format!("{} found {rule} ({})", self.whose, severity.as_str());
                Reason::no(code, text).named(rule).of(self.evidence)
            })
            .collect();
        if self.scan.unlisted.is_some_and(|worst| worst >= below) {
            let text = format!("{} found more than it lists", self.whose);
            reasons.push(Reason::no(code, text).of(self.evidence));
        }
        reasons.extend(self.unread());
        reasons
    }

    /// What was not read could hold anything: no answer, whatever was found elsewhere.
    fn unread(&self) -> Option<Reason> {
        let first = self.scan.unread.first()?;
        let more = match self.scan.unread.len() {
            1 => String::new(),
            count => format!(", and {} more", count - 1),
        };
        let text = format!("not everything was read: {first}{more}");
        Some(Reason::unknown(Check::Coverage.code(), text).of(self.evidence))
    }
}
