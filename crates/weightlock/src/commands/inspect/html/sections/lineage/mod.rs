//! The lineage: a drawing of what the model was made from and with, and the same in words.
//!
//! The drawing is a tree of the shortest ways from the model, so that it can be read at any width: side by side on a wide screen
//! and on paper, below each other on a phone. The style sheet shows one of the two. Relations that are no part of the tree stand in
//! the list, which has all of them and is what a screen reader reads.

mod draw;
mod tree;

use super::{Markup, badge, beyond, folded, more, nothing, table};
use crate::{commands::inspect::html::report::Composition, text::counted};
use draw::Layout;
use tree::Tree;

/// Relations of the list.
const MOST: usize = 150;

pub(super) fn write(page: &mut Markup, composition: &Composition, target: &str) {
    if composition.relations.is_empty() {
        return nothing(
            page,
            "Nobody says what this model was made from, what it was trained on, or what made it.",
        );
    }
    let tree = Tree::of(composition);
    page.element("figure", &[], |it| {
        draw::draw(it, &tree, composition, Layout::Wide);
        draw::draw(it, &tree, composition, Layout::Narrow);
        it.says("figcaption", &[], &caption(&tree));
    });
    list(page, composition, target);
}

fn caption(tree: &Tree<'_>) -> String {
    let mut says = "Arrows point the way that the words read: a model was made from another, a step made a model. A whole line is \
                    verified, a broken one is only declared or inferred."
        .to_owned();
    match tree.left_out {
        0 => {}
        1 => says += " One more component is not drawn.",
        count => says += &format!(" {count} more components are not drawn."),
    }
    says
}

fn list(page: &mut Markup, composition: &Composition, target: &str) {
    let all = &composition.relations;
    let columns = ["From", "Relation", "To", "How it is known", "Where it is said"];
    folded(
        page,
        &format!("{}, in words", counted(all.len(), "relation")),
        |it| {
            table(it, "Relations", &columns, |table| {
                for relation in all.iter().take(MOST) {
                    table.row(&[
                        &|cell| cell.name(composition.title(relation.from)),
                        &|cell| cell.text(&relation.verb),
                        &|cell| {
                            cell.name(composition.title(relation.to));
                            cell.says("p", &[("class", "soft")], composition.kind(relation.to));
                        },
                        &|cell| badge(cell, relation.standing),
                        &|cell| super::components::some(cell, &relation.sources),
                    ]);
                }
            });
        },
    );
    more(
        page,
        beyond(all.len(), MOST),
        "relation",
        &format!("weightlock bom {target}"),
    );
}
