//! Known vulnerabilities of what it needs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use weightlock_artifact::evidence::Kind;
use weightlock_scan::Severity;

use super::{Answer, Case};
use crate::{
    check::Check,
    demand::{AgeOf, ReportBy},
    evidence::{AdvisoryMatch, AdvisoryReport, Content, StatementFact},
    reason::UNREADABLE,
    verdict::Reason,
};

impl Case<'_> {
    /// Every report counts that was named, and that somebody signed whose word on it counts. What one of them found, another one
    /// cannot take back, but a later one by the same tool about the same thing.
    pub(super) fn advisories(&self, below: Severity, by: ReportBy) -> Answer {
        let signed = self.candidates(Kind::Scan, |content| match content {
            Content::Advisories(report) => Some(report.clone()),
            _ => None,
        });
        let named: &[AdvisoryReport] = match by {
            ReportBy::Either => &self.evidence.advisories,
            ReportBy::Signed => &[],
        };
        let mut reports: Vec<&AdvisoryReport> = named.iter().collect();
        reports.extend(latest(&signed.good));
        if reports.is_empty() {
            let what = match by {
                ReportBy::Either => "report about vulnerabilities",
                ReportBy::Signed => "signed report about vulnerabilities",
            };
            return Answer::no(signed.lack(Check::Advisories, what));
        }
        let reasons: Vec<Reason> = reports.iter().flat_map(|it| self.faults(it, below)).collect();
        if !reasons.is_empty() {
            return Answer::no(reasons);
        }
        let count: usize = reports
            .iter()
            .filter_map(|it| it.found.as_ref().ok())
            .map(Vec::len)
            .sum();
        let whose = if reports.len() == named.len() {
            ", in reports that the caller named"
        } else {
            ""
        };
        Answer::met(
            format!("none at or above {}; {count} below it{whose}", below.as_str()),
            reports.iter().filter_map(|report| report.digest),
        )
    }

    fn faults(&self, report: &AdvisoryReport, below: Severity) -> Vec<Reason> {
        let code = Check::Advisories.code();
        let too_old = self.too_old(AgeOf::Advisories, report.made);
        let mut reasons: Vec<Reason> = too_old
            .map(|why| Reason::no(code, format!("{} {why}", report.name)).of(report.digest))
            .into_iter()
            .collect();
        match &report.found {
            Err(why) => {
                let text = format!("{} cannot be read: {why}", report.name);
                reasons.push(Reason::no(UNREADABLE, text).of(report.digest));
            }
            Ok(found) => reasons.extend(found.iter().filter(|it| it.weight() >= below).map(|it| {
                let weight = it.weight().as_str();
                let text = format!("{} in {} ({weight}): {}", it.id, it.package, report.name);
                let reason = Reason::no(code, text).named(&it.id).of(report.digest);
                it.aliases
                    .iter()
                    .fold(reason, |reason, alias| reason.named(alias))
            })),
        }
        reasons
    }
}

/// Of signed reports by the same tool about the same thing, those that could be the newest; and those that do not say about what.
fn latest<'c>(good: &'c [(&StatementFact, AdvisoryReport)]) -> impl Iterator<Item = &'c AdvisoryReport> {
    let mut newest: BTreeMap<(&str, &str), Option<Timestamp>> = BTreeMap::new();
    let about = |report: &'c AdvisoryReport| (report.tool.as_str(), report.about.as_str());
    for (_, report) in good {
        let time = newest.entry(about(report)).or_default();
        *time = (*time).max(report.made);
    }
    good.iter().map(|(_, report)| report).filter(move |report| {
        report.made.is_none()
            || report.about.is_empty()
            || newest
                .get(&about(report))
                .is_some_and(|newest| *newest == report.made)
    })
}

impl AdvisoryMatch {
    /// How bad it is; what nobody rated could be anything.
    fn weight(&self) -> Severity {
        self.severity.unwrap_or(Severity::Critical)
    }
}
