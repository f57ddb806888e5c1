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
    /// cannot take back, but a later one by the same tool about the same thing; nor can its age, or a layer that does not know who
    /// signed it.
    pub(super) fn advisories(&self, below: Severity, by: ReportBy) -> Answer {
        let signed = self.candidates(Kind::Scan, |content| match content {
            Content::Advisories(report) => Some(report.clone()),
            _ => None,
        });
        let named: &[AdvisoryReport] = match by {
            ReportBy::Either => &self.evidence.advisories,
            ReportBy::Signed => &[],
        };
        let counting: Vec<&(&StatementFact, AdvisoryReport)> = signed.good.iter().collect();
        let mut reports: Vec<&AdvisoryReport> = named.iter().collect();
        reports.extend(latest(&counting));
        let mut reasons: Vec<Reason> = signed
            .by_layer()
            .flat_map(|here| latest(&here).cloned().collect::<Vec<_>>())
            .filter(|report| !reports.contains(&report))
            .flat_map(|report| self.faults(&report, below))
            .collect();
        if reports.is_empty() {
            let what = match by {
                ReportBy::Either => "report about vulnerabilities",
                ReportBy::Signed => "signed report about vulnerabilities",
            };
            reasons.extend(signed.lack(Check::Advisories, what));
            return Answer::no(reasons);
        }
        reasons.extend(reports.iter().flat_map(|it| self.faults(it, below)));
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
        let too_old = too_old.map(|why| Reason::no(code, format!("{} {why}", report.name)).of(report.digest));
        too_old.into_iter().chain(findings(report, below)).collect()
    }
}

/// What a report says against the model, or that it cannot be read.
fn findings(report: &AdvisoryReport, below: Severity) -> Vec<Reason> {
    let found = match &report.found {
        Ok(found) => found.iter().filter(|it| it.weight() >= below),
        Err(why) => {
            let text = format!("{} cannot be read: {why}", report.name);
            return vec![Reason::no(UNREADABLE, text).of(report.digest)];
        }
    };
    let reasons = found.map(|it| {
        let weight = it.weight().as_str();
        let text = format!("{} in {} ({weight}): {}", it.id, it.package, report.name);
        let reason = Reason::no(Check::Advisories.code(), text)
            .named(&it.id)
            .of(report.digest);
        match it.only_alias() {
            Some(alias) => reason.named(alias),
            None => reason,
        }
    });
    reasons.collect()
}

/// Of signed reports by the same tool about the same thing, those that could be the newest; and those that do not say about what.
fn latest<'c>(signed: &[&'c (&StatementFact, AdvisoryReport)]) -> impl Iterator<Item = &'c AdvisoryReport> {
    let mut newest: BTreeMap<(&str, &str), Option<Timestamp>> = BTreeMap::new();
    let about = |report: &'c AdvisoryReport| (report.tool.as_str(), report.about.as_str());
    for (_, report) in signed {
        let time = newest.entry(about(report)).or_default();
        *time = (*time).max(report.made);
    }
    let reports: Vec<&AdvisoryReport> = signed.iter().map(|(_, report)| report).collect();
    reports.into_iter().filter(move |report| {
        report.made.is_none()
            || report.about.is_empty()
            || newest
                .get(&about(report))
                .is_some_and(|newest| *newest == report.made)
    })
}

impl AdvisoryMatch {
    /// The other name that means this and nothing else: the one CVE of a record that is none itself. A vendor's name can stand for
    /// several, and whoever waives one of them has not looked at the others.
    fn only_alias(&self) -> Option<&str> {
        let is_cve = |name: &str| name.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("CVE-"));
        let mut all: Vec<&str> = self
            .aliases
            .iter()
            .map(String::as_str)
            .filter(|it| is_cve(it))
            .collect();
        all.dedup();
        match all.as_slice() {
            [alias] if !is_cve(&self.id) => Some(alias),
            _ => None,
        }
    }

    /// How bad it is; what nobody rated could be anything.
    fn weight(&self) -> Severity {
        self.severity.unwrap_or(Severity::Critical)
    }
}
