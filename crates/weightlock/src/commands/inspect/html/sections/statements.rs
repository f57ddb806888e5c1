//! Signatures and statements: who signed each, and whether it counts.

use super::{Markup, Report, beyond, more, nothing, table};
use crate::{commands::inspect::html::report::Counts, text::quoted};

const MOST: usize = 150;

pub(super) fn write(page: &mut Markup, report: &Report<'_>) {
    let all = &report.statements;
    if all.is_empty() {
        return nothing(
            page,
            "Nothing is signed: no signature and no statement lies with this model.",
        );
    }
    let is_judged = report.inspection.verdict.is_some();
    let lead = if is_judged {
        "A statement counts when its signature holds, the policy takes its signer's word for its kind, and it is about exactly these \
         bytes. What does not count changes no answer."
    } else {
        "No signature was checked: what stands here is what each file claims of itself."
    };
    page.says("p", &[("class", "lead")], lead);
    let signer = if is_judged {
        "Signer"
    } else {
        "Said to be signed by"
    };
    let columns = ["File", "What it is", signer, "Counts"];
    table(page, "Signatures and statements", &columns, |it| {
        for one in all.iter().take(MOST) {
            it.row(&[
                &|cell| cell.name(&one.name),
                &|cell| {
                    cell.says("p", &[], one.kind);
                    if !one.says.is_empty() {
                        cell.says("p", &[("class", "soft")], &one.says);
                    }
                    if let Some(made) = &one.made {
                        cell.says("p", &[("class", "soft")], &format!("made {made}"));
                    }
                },
                &|cell| match &one.signer {
                    Some(signer) => cell.name(signer),
                    None => cell.text("not known"),
                },
                &|cell| counts(cell, &one.counts),
            ]);
        }
    });
    let command = format!("weightlock evidence list {}", quoted(&report.inspection.target));
    more(page, beyond(all.len(), MOST), "statement", &command);
}

fn counts(page: &mut Markup, counts: &Counts) {
    let (class, word) = match counts {
        Counts::Yes => ("badge verified", "COUNTS"),
        Counts::No(_) => ("badge failed", "DOES NOT COUNT"),
        Counts::NotChecked => ("badge unknown", "NOT CHECKED"),
    };
    page.says("span", &[("class", class)], word);
    if let Counts::No(why) = counts {
        page.says("p", &[("class", "soft")], why);
    }
}
