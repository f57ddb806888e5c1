//! Where sources disagree. Nothing is resolved in silence.

use super::{Markup, Report, beyond, more, nothing};

const MOST: usize = 100;

pub(super) fn write(page: &mut Markup, report: &Report<'_>) {
    let all = &report.contradictions;
    if all.is_empty() {
        return nothing(page, "The sources that were read do not contradict each other.");
    }
    page.says(
        "p",
        &[("class", "lead")],
        "Sources of this model do not agree. What each says is shown, and none was chosen in silence.",
    );
    page.element("ul", &[("class", "contradictions")], |list| {
        for line in all.iter().take(MOST) {
            list.says("li", &[], line);
        }
    });
    let left_out = report.inspection.contradictions_left_out;
    more(page, beyond(all.len(), MOST) + left_out, "contradiction", "");
}
