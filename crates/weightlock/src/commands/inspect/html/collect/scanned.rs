//! What the scanner found and what it did not read, with names below the model.

use std::cmp::Reverse;

use crate::commands::inspect::{
    answers::below,
    html::report::{Finding, Gap, Scanned},
    look::Seen,
};

pub(super) fn of(seen: &Seen) -> Scanned {
    let report = &seen.scan;
    let totals = report.totals();
    let listed = report.files.iter().flat_map(|file| &file.findings);
    let mut findings: Vec<Finding> = listed.map(|one| finding(one, seen)).collect();
    // The sort is stable: of findings as bad, the order of the scan stays.
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let left_out = report.files.iter().map(|file| file.findings_left_out.total());
    let gaps_left_out = report.files.iter().map(|file| file.coverage.gaps_left_out);
    Scanned {
        findings,
        left_out: left_out.fold(0, u64::saturating_add),
        gaps: gaps(seen),
        gaps_left_out: gaps_left_out.fold(0, u64::saturating_add),
        files: totals.files,
        explained: totals.explained,
        data: totals.data,
        unread: totals.unread,
    }
}

fn finding(one: &weightlock_scan::Finding, seen: &Seen) -> Finding {
    Finding {
        severity: one.severity,
        confidence: one.confidence.as_str(),
        rule: one.rule,
        cwe: one.cwe,
        place: below(one.place.trail.as_str(), seen).to_owned(),
        offset: one.place.offset,
        construct: one.construct.clone(),
        name: one.name.clone(),
        reason: one.reason.clone(),
        fix: one.fix,
    }
}

/// Everything that was not examined: what is no plain file, what could not be read, and ranges within files.
fn gaps(seen: &Seen) -> Vec<Gap> {
    let irregular = seen.irregular().iter().map(|one| Gap {
        place: one.name.clone(),
        bytes: None,
        code: None,
        why: one.kind.to_string(),
    });
    let others = seen.scan.not_examined.iter().map(|one| Gap {
        place: below(&one.name, seen).to_owned(),
        bytes: None,
        code: Some(one.code.to_string()),
        why: one.why.clone(),
    });
    let ranges = seen.scan.gaps().map(|gap| Gap {
        place: below(gap.trail.as_str(), seen).to_owned(),
        bytes: Some((gap.offset, gap.bytes)),
        code: Some(gap.gap.code().to_string()),
        why: gap.why.clone(),
    });
    irregular.chain(others).chain(ranges).collect()
}
