//! The verdict: what the policy asks for, at which line, and what came of it.

use weightlock_policy::Decision;

use super::{Markup, Report, Table, beyond, more, nothing, table};
use crate::commands::inspect::html::report::{Judging, Stop};
use crate::commands::verdict::{
    DemandTold, NOT_RUN, PolicyTold, ReasonTold, VerdictTold, WaivedTold, WaiverTold,
};

/// Demands and reasons of a list.
const MOST: usize = 300;
/// Reasons why the judging was stopped; there is hardly ever more than one.
const MOST_STOPS: usize = 20;
/// Digests that one demand or reason cites on the page.
const MOST_EVIDENCE: usize = 8;

/// The decision at the head of the page.
pub(super) fn banner(page: &mut Markup, report: &Report<'_>) {
    let decision = report.inspection.verdict.as_ref().map(|it| it.decision);
    let (class, word, says) = match decision {
        Some(Decision::Allow) => ("banner verified", "ALLOWED", "The policy allows this model."),
        Some(Decision::Quarantine) => (
            "banner unknown",
            "HELD",
            "The policy holds this model back: an answer that it needs is missing.",
        ),
        Some(Decision::Deny) => ("banner failed", "DENIED", "The policy denies this model."),
        None if matches!(report.judging, Judging::Stopped(_)) => (
            "banner failed",
            "NOT JUDGED",
            "The policy allows nothing here: the model is in no state that could be judged.",
        ),
        None => (
            "banner unknown",
            "NO VERDICT",
            "No policy was applied, so that nothing here is a decision and no signature was checked.",
        ),
    };
    page.element("p", &[("class", class)], |it| {
        it.says("strong", &[], word);
        it.text(" ");
        it.text(says);
    });
}

pub(super) fn write(page: &mut Markup, report: &Report<'_>) {
    if let Judging::Stopped(why) = &report.judging {
        return stopped(page, why);
    }
    let Some(verdict) = &report.inspection.verdict else {
        return nothing(
            page,
            "There is none: no policy was named, and none holds on this machine. A policy says whose word counts and what a model \
             must have; weightlock inspect --policy FILE judges by one.",
        );
    };
    summary(page, verdict);
    policies(page, &verdict.policies);
    demands(page, &verdict.demands);
    if !verdict.general.is_empty() {
        page.says("h3", &[], "Reasons beside the demands");
        reasons(page, &verdict.general);
    }
    if !verdict.waivers.is_empty() {
        waivers(page, &verdict.waivers);
    }
}

/// Why there is none although a policy was asked.
fn stopped(page: &mut Markup, why: &[Stop]) {
    nothing(
        page,
        "There is none: the judging was stopped, because the model is in no state that could be judged. It is not allowed.",
    );
    page.element("ul", &[("class", "reasons")], |list| {
        for stop in why.iter().take(MOST_STOPS) {
            list.element("li", &[], |it| {
                it.name(&stop.code);
                it.text(": ");
                it.text(&stop.why);
                if let Some(place) = &stop.place {
                    it.text(" ");
                    it.name(place);
                }
            });
        }
    });
    more(page, beyond(why.len(), MOST_STOPS), "reason", "");
}

fn summary(page: &mut Markup, verdict: &VerdictTold) {
    let cut_short = if verdict.cut_short {
        ". The scan that the policy asks for was not run for the verdict, because the answer is no without it"
    } else {
        ""
    };
    let says = format!(
        "Decision: {}, in {}, tier {}{cut_short}.",
        verdict.decision, verdict.mode, verdict.tier
    );
    page.says("p", &[("class", "lead")], &says);
}

fn policies(page: &mut Markup, policies: &[PolicyTold]) {
    let columns = ["Policy", "Where it comes from", "SHA-256"];
    table(
        page,
        "Policies that were applied, the floor first",
        &columns,
        |it| {
            for policy in policies.iter().take(MOST) {
                it.row(&[
                    &|cell| cell.name(&policy.source),
                    &|cell| cell.text(&policy.layer),
                    &|cell| cell.name(&policy.digest),
                ]);
            }
        },
    );
    more(page, beyond(policies.len(), MOST), "policy file", "");
}

fn demands(page: &mut Markup, demands: &[DemandTold]) {
    if demands.is_empty() {
        return nothing(page, "The policy demands nothing of this model.");
    }
    let columns = ["Check", "What is demanded", "Result", "Why, and on what evidence"];
    table(
        page,
        "What the policy demands, and what came of it",
        &columns,
        |it| {
            // What is not met is read first.
            let (met, unmet): (Vec<_>, Vec<_>) = demands.iter().partition(|it| it.state == "met");
            for demand in unmet.into_iter().chain(met).take(MOST) {
                row(it, demand);
            }
        },
    );
    more(page, beyond(demands.len(), MOST), "demand", "");
}

fn row(table: &mut Table<'_>, demand: &DemandTold) {
    table.row(&[
        &|cell| cell.name(&demand.check),
        &|cell| {
            cell.says("p", &[], &demand.demand);
            cell.element("p", &[("class", "place")], |it| {
                it.name(&demand.place);
                if let Some(rule) = &demand.rule {
                    it.text(" in rule ");
                    it.name(rule);
                }
            });
        },
        &|cell| state(cell, &demand.state),
        &|cell| {
            if let Some(by) = &demand.met_by {
                cell.says("p", &[], by);
            }
            reasons(cell, &demand.reasons);
            if demand.state == "not-run" {
                cell.says("p", &[], NOT_RUN);
            }
            waived(cell, &demand.waived);
            evidence(cell, &demand.evidence);
        },
    ]);
}

fn state(page: &mut Markup, state: &str) {
    let (class, word) = match state {
        "met" => ("badge verified", "MET"),
        "not-met" => ("badge failed", "NOT MET"),
        "no-answer" => ("badge unknown", "NO ANSWER"),
        "waived" => ("badge declared", "WAIVED"),
        "not-run" => ("badge unknown", "NOT RUN"),
        _ => ("badge unknown", "LEFT OUT"),
    };
    page.says("span", &[("class", class)], word);
}

fn reasons(page: &mut Markup, reasons: &[ReasonTold]) {
    if reasons.is_empty() {
        return;
    }
    page.element("ul", &[("class", "reasons")], |list| {
        for one in reasons.iter().take(MOST) {
            list.element("li", &[], |it| reason(it, one));
        }
    });
    more(page, beyond(reasons.len(), MOST), "reason", "");
}

fn reason(page: &mut Markup, reason: &ReasonTold) {
    page.name(&reason.code);
    page.text(": ");
    page.text(&reason.text);
    if let Some(place) = &reason.place {
        page.text(" ");
        page.name(place);
    }
    evidence(page, &reason.evidence);
}

/// Reasons that are set aside, each with the waiver that does it.
fn waived(page: &mut Markup, waived: &[WaivedTold]) {
    if waived.is_empty() {
        return;
    }
    page.says("p", &[], "waived:");
    page.element("ul", &[("class", "reasons")], |list| {
        for one in waived.iter().take(MOST) {
            list.element("li", &[], |it| {
                reason(it, &one.reason);
                it.says("p", &[("class", "soft")], &format!("by {}", one.by()));
            });
        }
    });
    more(page, beyond(waived.len(), MOST), "reason", "");
}

fn evidence(page: &mut Markup, digests: &[String]) {
    if digests.is_empty() {
        return;
    }
    page.element("div", &[("class", "place")], |it| {
        it.text("evidence ");
        for digest in digests.iter().take(MOST_EVIDENCE) {
            it.name(digest);
            it.text(" ");
        }
    });
    more(page, beyond(digests.len(), MOST_EVIDENCE), "digest", "");
}

fn waivers(page: &mut Markup, waivers: &[WaiverTold]) {
    let columns = ["Waives", "Why", "Owner and approver", "State"];
    table(page, "Waivers for this model", &columns, |it| {
        for waiver in waivers.iter().take(MOST) {
            it.row(&[
                &|cell| {
                    cell.name(&waiver.waives);
                    cell.element("p", &[("class", "place")], |it| it.name(&waiver.place));
                },
                &|cell| cell.text(&waiver.reason),
                &|cell| cell.text(&format!("{}, approved by {}", waiver.owner, waiver.approver)),
                &|cell| {
                    let used = if waiver.used { "used" } else { "not used" };
                    cell.text(&format!("{}, until {}, {used}", waiver.state, waiver.expires));
                    if let Some(why) = &waiver.not_counted {
                        cell.says("p", &[], why);
                    }
                },
            ]);
        }
    });
    more(page, beyond(waivers.len(), MOST), "waiver", "");
}
