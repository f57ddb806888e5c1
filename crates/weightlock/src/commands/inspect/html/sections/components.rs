//! What the model is made of: what is known about it, its lineage, and everything that it was made from or with.

use super::{Markup, Report, badge, beyond, folded, lineage, more, nothing, table};
use crate::{
    commands::inspect::html::report::{Component, Composition, Fact, Metric},
    text::{counted, quoted},
};

/// Components of a list.
const MOST: usize = 150;
/// Facts of the model.
const MOST_FACTS: usize = 100;
/// Values of a fact, and places that state it.
const MOST_VALUES: usize = 3;

pub(super) fn write(page: &mut Markup, report: &Report<'_>) {
    let composition = &report.composition;
    let target = quoted(&report.inspection.target);
    page.says("h3", &[], "Lineage");
    lineage::write(page, composition, &target);
    page.says("h3", &[], "What is known about the model");
    facts(page, composition, &target);
    page.says("h3", &[], "Components");
    components(page, &composition.components, &target);
    if !composition.metrics.is_empty() {
        page.says("h3", &[], "Measured values");
        metrics(page, &composition.metrics);
    }
    if !composition.unread.is_empty() {
        page.says("h3", &[], "What could not be read");
        page.element("ul", &[], |list| {
            for line in composition.unread.iter().take(MOST) {
                list.says("li", &[], line);
            }
        });
        more(page, beyond(composition.unread.len(), MOST), "file", "");
    }
}

fn facts(page: &mut Markup, composition: &Composition, target: &str) {
    let all = &composition.facts;
    if all.is_empty() {
        return nothing(page, "Nothing is known.");
    }
    let title = counted(all.len(), "fact");
    folded(page, &title, |it| {
        let columns = ["Fact", "Value", "How it is known", "Where it is said"];
        table(it, "Facts about the model", &columns, |table| {
            for fact in all.iter().take(MOST_FACTS) {
                table.row(&[
                    &|cell| cell.name(fact.name),
                    &|cell| some(cell, &fact.values),
                    &|cell| badge(cell, fact.standing),
                    &|cell| some(cell, &fact.sources),
                ]);
            }
        });
    });
    let command = format!("weightlock bom show {target}");
    more(page, beyond(all.len(), MOST_FACTS), "fact", &command);
}

/// The first few of many.
pub(super) fn some(cell: &mut Markup, all: &[String]) {
    for one in all.iter().take(MOST_VALUES) {
        cell.says("p", &[], one);
    }
    let rest = beyond(all.len(), MOST_VALUES);
    if rest > 0 {
        cell.says("p", &[("class", "soft")], &format!("and {rest} more"));
    }
}

fn components(page: &mut Markup, components: &[Component], target: &str) {
    if components.is_empty() {
        return nothing(page, "Nothing but its files is known.");
    }
    let columns = ["Component", "What it is", "What is known about it"];
    let title = counted(components.len(), "component");
    folded(page, &format!("{title} beside its files"), |it| {
        table(it, "Components", &columns, |table| {
            for component in components.iter().take(MOST) {
                table.row(&[
                    &|cell| cell.name(&component.title),
                    &|cell| cell.text(component.kind),
                    &|cell| known(cell, component),
                ]);
            }
        });
    });
    let command = format!("weightlock bom {target}");
    more(page, beyond(components.len(), MOST), "component", &command);
}

fn known(cell: &mut Markup, component: &Component) {
    for Fact {
        name,
        values,
        standing,
        ..
    } in &component.facts
    {
        cell.element("p", &[], |it| {
            let value = values.first().map_or("", String::as_str);
            it.text(&format!("{name}: "));
            it.name(value);
            if values.len() > 1 {
                it.text(&format!(" and {} more", values.len() - 1));
            }
            it.text(" ");
            badge(it, *standing);
        });
    }
    if component.facts_left_out > 0 {
        let told = counted(component.facts_left_out, "further fact");
        cell.says("p", &[("class", "soft")], &told);
    }
}

fn metrics(page: &mut Markup, metrics: &[Metric]) {
    let columns = ["Measured", "Value", "On", "How it is known"];
    table(page, "Measured values", &columns, |table| {
        for metric in metrics.iter().take(MOST) {
            table.row(&[
                &|cell| cell.text(&metric.metric),
                &|cell| cell.text(&metric.value),
                &|cell| cell.text(&metric.on),
                &|cell| badge(cell, metric.standing),
            ]);
        }
    });
    more(page, beyond(metrics.len(), MOST), "value", "");
}
