//! [`Finding`]: one answer to what a file can do, with the evidence for it.
//!
//! A file made to exhaust a scanner has a hundred thousand of them. The worst [`Findings::MOST`] are kept and the others
//! counted by severity ([`LeftOut`]): what is not listed can be in no baseline, and still decides the answer.

use std::mem;

use serde::Serialize;

use crate::{Confidence, Place, Severity, Trail, coverage::Unread};

/// Something a rule does not let pass, and where.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// The rule's stable id.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The CWE number of the weakness.
    pub cwe: u16,
    /// The opcode or the field that was seen: `REDUCE`, `config.layers[2].class_name`.
    pub construct: Option<String>,
    /// The name that it resolves to: `posix.system`. A stranger's text.
    pub name: Option<String>,
    /// What was seen, in one line. May quote a stranger's text.
    pub reason: String,
    /// What to do about it.
    pub fix: &'static str,
}

/// Findings that are counted and not listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct LeftOut([u64; Severity::ALL.len()]);

impl LeftOut {
    /// Counts one. A finding that was made twice may be counted twice.
    pub fn add(&mut self, severity: Severity) {
        let counts = Severity::ALL.iter().zip(&mut self.0);
        for (_, count) in counts.filter(|(one, _)| **one == severity) {
            *count = count.saturating_add(1);
        }
    }

    /// Those of this severity and above.
    #[must_use]
    pub fn at_least(&self, severity: Severity) -> u64 {
        let counts = Severity::ALL.iter().zip(self.0);
        let counts = counts.filter(|(one, _)| **one >= severity);
        counts.fold(0, |sum, (_, count)| sum.saturating_add(count))
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.at_least(Severity::Info)
    }

    /// How many there are of each severity, in the order of [`Severity::ALL`].
    #[must_use]
    pub const fn by_severity(&self) -> &[u64; Severity::ALL.len()] {
        &self.0
    }

    /// The worst of them; `None` when there are none.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        let counts = Severity::ALL.iter().zip(self.0);
        counts
            .filter(|(_, count)| *count > 0)
            .map(|(severity, _)| *severity)
            .max()
    }
}

/// Findings of one file as they are made. Which are kept depends on what they are, never on the order they come in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    kept: Vec<Finding>,
    left_out: LeftOut,
}

impl Findings {
    /// Findings that are kept of one file: the worst, and of those as bad, the first by place.
    pub(crate) const MOST: usize = 1000;

    /// Adds one.
    pub(crate) fn add(&mut self, finding: Finding) {
        self.kept.push(finding);
        if self.kept.len() >= Self::MOST.saturating_mul(2) {
            self.thin();
        }
    }

    /// Leaves out what is beyond the most.
    fn thin(&mut self) {
        let order = |a: &Finding, b: &Finding| b.severity.cmp(&a.severity).then_with(|| a.cmp(b));
        self.kept.sort_unstable_by(order);
        self.kept.dedup();
        for finding in self.kept.drain(Self::MOST.min(self.kept.len())..) {
            self.left_out.add(finding.severity);
        }
    }

    /// Those that are listed, sorted by place, and the count of the others.
    pub(crate) fn finish(mut self) -> (Vec<Finding>, LeftOut) {
        self.thin();
        self.kept.sort_unstable();
        (self.kept, self.left_out)
    }
}

/// Texts of a report, put next to each other in memory.
///
/// They were made among facts that are gone when the report is done, and each would keep a page of those from being given
/// back. So all are moved into one, the memory is put in order, and they are made again.
#[derive(Debug, Default)]
struct Gathered {
    texts: String,
    at: usize,
    last: Option<Trail>,
}

impl Gathered {
    /// Moves a text in, and tells its length.
    fn put(&mut self, text: &mut String) -> usize {
        let text = mem::take(text);
        self.texts.push_str(&text);
        text.len()
    }

    fn put_trail(&mut self, trail: &mut Trail) -> usize {
        let trail = mem::replace(trail, Trail::file(""));
        self.texts.push_str(trail.as_str());
        trail.as_str().len()
    }

    /// The next text, in the order in which they were moved in.
    fn next(&mut self, length: usize) -> &str {
        let end = self.at.saturating_add(length);
        let text = self.texts.get(self.at..end).unwrap_or_default();
        self.at = end;
        text
    }

    /// The next text as a trail; neighbours share theirs.
    fn next_trail(&mut self, length: usize) -> Trail {
        let last = self.last.take();
        let text = self.next(length);
        let trail = last
            .filter(|last| last.as_str() == text)
            .unwrap_or_else(|| Trail::file(text));
        self.last = Some(trail.clone());
        trail
    }
}

/// Makes the texts of findings and gaps again, behind `order`, which puts the memory in order.
pub(crate) fn gather(findings: &mut Vec<Finding>, gaps: &mut Vec<Unread>, order: impl FnOnce()) {
    let mut all = Gathered::default();
    let mut of_findings = Vec::with_capacity(findings.len());
    for finding in findings.iter_mut() {
        let trail = all.put_trail(&mut finding.place.trail);
        let construct = finding.construct.as_mut().map(|text| all.put(text));
        let name = finding.name.as_mut().map(|text| all.put(text));
        of_findings.push((trail, construct, name, all.put(&mut finding.reason)));
    }
    let mut of_gaps = Vec::with_capacity(gaps.len());
    for gap in gaps.iter_mut() {
        of_gaps.push((all.put_trail(&mut gap.trail), all.put(&mut gap.why)));
    }
    findings.shrink_to_fit();
    gaps.shrink_to_fit();
    order();
    for (finding, (trail, construct, name, reason)) in findings.iter_mut().zip(of_findings) {
        finding.place.trail = all.next_trail(trail);
        finding.construct = construct.map(|length| all.next(length).to_owned());
        finding.name = name.map(|length| all.next(length).to_owned());
        finding.reason = all.next(reason).to_owned();
    }
    for (gap, (trail, why)) in gaps.iter_mut().zip(of_gaps) {
        gap.trail = all.next_trail(trail);
        gap.why = all.next(why).to_owned();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{coverage::Gap, report::tests::finding};

    fn at(severity: Severity, offset: u64) -> Finding {
        finding(severity, Trail::file("a"), Some(offset), "x")
    }

    fn finish(findings: impl IntoIterator<Item = Finding>) -> (Vec<Finding>, LeftOut) {
        let mut all = Findings::default();
        findings.into_iter().for_each(|one| all.add(one));
        all.finish()
    }

    #[test]
    fn as_many_as_are_kept_are_all_listed_and_one_more_is_counted() {
        let most = Findings::MOST as u64;
        let (kept, left_out) = finish((0..most).rev().map(|n| at(Severity::Low, n)));
        assert_eq!((kept.len() as u64, left_out), (most, LeftOut::default()));
        assert_eq!(left_out.worst(), None);
        let (kept, left_out) = finish((0..=most).map(|n| at(Severity::Low, n)));
        assert_eq!(kept.last().unwrap().place.offset, Some(most - 1));
        assert_eq!((left_out.total(), left_out.worst()), (1, Some(Severity::Low)));
        let (kept, left_out) = finish((0..9 * most).map(|_| at(Severity::Low, 1)));
        assert_eq!((kept.len(), left_out.total()), (1, 0), "the same one is one");
    }

    #[test]
    fn texts_stay_with_their_findings() {
        let some = |n: u64| {
            let mut one = finding(Severity::Low, Trail::file("a"), Some(n), &format!("é{n}"));
            one.name = n.is_multiple_of(2).then(|| format!("name{n}"));
            one.construct = n.is_multiple_of(3).then(String::new);
            one
        };
        let mut findings: Vec<_> = (0..20).map(some).collect();
        findings[7].place.trail = Trail::file("b").member("é");
        let gap = |n: u64| Unread {
            trail: Trail::file("g").member(&(n / 2).to_string()),
            offset: n,
            bytes: n,
            why: format!("why{n}"),
            gap: Gap::Unclaimed,
        };
        let mut gaps: Vec<_> = (0..20).map(gap).collect();
        let (before, mut called) = ((findings.clone(), gaps.clone()), false);
        gather(&mut findings, &mut gaps, || called = true);
        assert!(called);
        assert_eq!((findings, gaps), before);
    }

    #[test]
    fn the_worst_stays_wherever_it_comes() {
        let many = || (0..50_000).map(|n| at(Severity::Low, n));
        for (before, behind) in [(true, false), (false, true)] {
            let worst = at(Severity::Critical, 70_000);
            let first = before.then(|| worst.clone());
            let (kept, left_out) = finish(
                first
                    .into_iter()
                    .chain(many())
                    .chain(behind.then(|| worst.clone())),
            );
            assert_eq!(kept.last(), Some(&worst));
            assert_eq!(left_out.at_least(Severity::Medium), 0);
            assert_eq!(left_out.total(), 49_001);
        }
    }

    proptest! {
        #[test]
        fn the_order_they_come_in_does_not_show(
            severities in prop::collection::vec(0..5_usize, 1..6000),
            turn in 0..6000_usize,
        ) {
            let all: Vec<_> = severities.iter().zip(0..).map(|(s, n)| at(Severity::ALL[*s], n)).collect();
            let mut turned = all.clone();
            turned.rotate_left(turn % all.len());
            prop_assert_eq!(finish(all), finish(turned));
        }
    }
}
