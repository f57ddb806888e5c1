//! Known vulnerabilities of what it needs.

use weightlock_artifact::evidence::Kind;
use weightlock_scan::Severity;

use super::{Answer, Case};
use crate::{
    check::Check,
    demand::AgeOf,
    evidence::{AdvisoryMatch, AdvisoryReport, Content},
    reason::UNREADABLE,
    verdict::Reason,
};

impl Case<'_> {
    /// Every report counts that was named, or that somebody signed whose word on it counts; what one of them found, another
    /// one cannot take back.
    pub(super) fn advisories(&self, below: Severity) -> Answer {
        let code = Check::Advisories.code();
        let signed = self.candidates(Kind::Scan, |content| match content {
            Content::Advisories(report) => Some(report.clone()),
            _ => None,
        });
        let named = self.evidence.advisories.iter();
        let reports: Vec<&AdvisoryReport> = named
            .chain(signed.good.iter().map(|(_, report)| report))
            .collect();
        if reports.is_empty() {
            return Answer::no(signed.lack(Check::Advisories, "report about vulnerabilities"));
        }
        let mut reasons = Vec::new();
        for report in &reports {
            if let Some(why) = self.too_old(AgeOf::Advisories, report.made) {
                reasons.push(Reason::no(code, format!("{} {why}", report.name)).of([report.digest]));
            }
            match &report.found {
                Err(why) => reasons.push(
                    Reason::no(UNREADABLE, format!("{} cannot be read: {why}", report.name))
                        .of([report.digest]),
                ),
                Ok(found) => reasons.extend(found.iter().filter(|it| it.weight() >= below).map(|it| {
                    let text = format!(
                        "{} in {} ({}): {}",
                        it.id,
                        it.package,
                        it.weight().as_str(),
                        report.name
                    );
                    it.aliases
                        .iter()
                        .fold(Reason::no(code, text).named(&it.id), |reason, alias| {
                            reason.named(alias)
                        })
                        .of([report.digest])
                })),
            }
        }
        if !reasons.is_empty() {
            return Answer::no(reasons);
        }
        let count: usize = reports
            .iter()
            .filter_map(|it| it.found.as_ref().ok())
            .map(Vec::len)
            .sum();
        Answer::met(
            format!("none at or above {}; {count} below it", below.as_str()),
            reports.iter().map(|report| report.digest),
        )
    }
}

impl AdvisoryMatch {
    /// How bad it is; what nobody rated could be anything.
    fn weight(&self) -> Severity {
        self.severity.unwrap_or(Severity::Critical)
    }
}
