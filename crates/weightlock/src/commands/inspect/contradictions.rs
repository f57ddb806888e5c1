//! Where sources disagree: files with each other, bills of materials and the configuration of an image with the files, cards with
//! everything. Each is told, and none decides.

use std::collections::BTreeSet;

use serde_json::Value;
use weightlock_bom::{
    document::read::read,
    graph::{Graph, Property},
};

use crate::{commands::bom, layout::Layout, text::Shown};

/// A bill of materials: its name, and its document.
pub(in crate::commands) type Bom = (String, Value);

/// Contradictions that are told.
const MOST: usize = 100;

/// What a document says of its subject that is compared with what the files say.
const COMPARED: [(Property, &str); 3] = [
    (Property::License, "licence"),
    (Property::Task, "task"),
    (Property::Version, "version"),
];

/// All of them, a line each; some more than once.
pub(super) fn of(graph: &Graph, boms: &[Bom], layout: &Layout) -> Vec<String> {
    let mut told: Vec<String> = graph
        .conflicts()
        .iter()
        .map(|it| bom::show::conflict(graph, it))
        .collect();
    for (name, document) in boms {
        told.extend(of_bom(graph, name, document));
    }
    if let Layout::Image(image) = layout {
        let stated: BTreeSet<String> = image.licenses.iter().cloned().collect();
        let line = differing(
            "licence",
            ("the configuration of the image", stated),
            graph,
            Property::License,
        );
        told.extend(line);
    }
    told
}

/// Each line once, as many as are told, and how many are left out.
pub(super) fn cut(mut lines: Vec<String>) -> (Vec<String>, u64) {
    let mut seen = BTreeSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    let left_out = lines.len().saturating_sub(MOST) as u64;
    lines.truncate(MOST);
    (lines, left_out)
}

fn of_bom(graph: &Graph, name: &str, document: &Value) -> Vec<String> {
    let Some(described) = serde_json::to_vec(document)
        .ok()
        .and_then(|text| read(&text, name).ok())
        .map(|foreign| foreign.graph())
    else {
        return Vec::new();
    };
    let lines = COMPARED.iter().filter_map(|(property, word)| {
        let stated = values(&described, *property);
        differing(word, (name, stated), graph, *property)
    });
    lines.collect()
}

/// A line where a source names something, the files name something, and nothing of it is the same.
fn differing(
    word: &str,
    (source, stated): (&str, BTreeSet<String>),
    graph: &Graph,
    property: Property,
) -> Option<String> {
    let own = values(graph, property);
    let same = |one: &String| own.iter().any(|other| one.eq_ignore_ascii_case(other));
    if own.is_empty() || stated.is_empty() || stated.iter().any(same) {
        return None;
    }
    let list = |values: BTreeSet<String>| values.into_iter().collect::<Vec<_>>().join(", ");
    Some(format!(
        "{}: {word} {}; the files: {}",
        Shown(source),
        list(stated),
        list(own)
    ))
}

fn values(graph: &Graph, property: Property) -> BTreeSet<String> {
    let subject = graph.component(graph.subject());
    let claims = subject.into_iter().flat_map(|it| it.claims(property));
    claims
        .filter(|claim| !claim.is_private)
        .filter_map(|claim| Some(claim.value.as_text()?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_counted_and_nothing_is_told_twice() {
        let lines = |count: usize| (0..count).map(|it| it.to_string()).collect::<Vec<_>>();
        for (given, told, left_out) in [(0, 0, 0), (MOST, MOST, 0), (MOST + 7, MOST, 7)] {
            let twice = [lines(given), lines(given)].concat();
            let (kept, more) = cut(twice);
            assert_eq!((kept.len(), more), (told, left_out));
        }
    }
}
