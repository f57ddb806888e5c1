//! The drawing: boxes and lines of SVG.

use weightlock_artifact::standing::Standing;

use super::tree::{Node, Tree};
use crate::{
    commands::inspect::html::{
        markup::Markup,
        report::{Composition, End},
    },
    text::{Shown, counted},
};

/// How the drawing is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Layout {
    /// A step further away is a column further to the right.
    Wide,
    /// A line for each, further in the further away.
    Narrow,
}

/// Height of a box.
const HEIGHT: usize = 62;
/// From the top of a box to that of the one below it.
const PITCH: usize = 76;
/// Room around everything, for the width of lines.
const MARGIN: usize = 4;
/// Characters of a title.
const MOST_TITLE: usize = 30;

impl Layout {
    const fn class(self) -> &'static str {
        match self {
            Self::Wide => "lineage wide",
            Self::Narrow => "lineage narrow",
        }
    }

    /// From one step away from the model to the next.
    const fn step(self) -> usize {
        match self {
            Self::Wide => 310,
            Self::Narrow => 22,
        }
    }

    const fn width(self) -> usize {
        match self {
            Self::Wide => 250,
            Self::Narrow => 270,
        }
    }

    /// The upper left corner of a node, which is the one at `place` in the order of reading.
    fn corner(self, node: &Node<'_>, place: usize) -> (usize, usize) {
        let line = match self {
            Self::Wide => node.line,
            Self::Narrow => place,
        };
        (MARGIN + node.depth * self.step(), MARGIN + line * PITCH)
    }
}

/// Draws the tree. Both layouts have the same words for a screen reader, which reads the one that is shown.
pub(super) fn draw(page: &mut Markup, tree: &Tree<'_>, composition: &Composition, layout: Layout) {
    let corners: Vec<(usize, usize)> = tree
        .nodes
        .iter()
        .enumerate()
        .map(|(place, node)| layout.corner(node, place))
        .collect();
    let right = corners.iter().map(|(x, _)| *x).max().unwrap_or(0) + layout.width() + MARGIN;
    let bottom = corners.iter().map(|(_, y)| *y).max().unwrap_or(0) + HEIGHT + MARGIN;
    let view = format!("0 0 {right} {bottom}");
    let (width, height) = (right.to_string(), bottom.to_string());
    let attributes = [
        ("class", layout.class()),
        ("role", "img"),
        ("aria-label", &*words(tree, composition)),
        ("viewBox", &view),
        ("width", &width),
        ("height", &height),
    ];
    page.element("svg", &attributes, |svg| {
        for (node, corner) in tree.nodes.iter().zip(&corners) {
            if let Some((parent, edge)) = node.hangs
                && let Some(from) = corners.get(parent)
            {
                line(svg, *from, *corner, layout, (edge.standing, edge.is_reversed));
            }
        }
        for (node, corner) in tree.nodes.iter().zip(&corners) {
            self::node(svg, node, *corner, layout, composition);
        }
    });
}

/// What the drawing shows, in a sentence.
fn words(tree: &Tree<'_>, composition: &Composition) -> String {
    let count = tree.nodes.len().saturating_sub(1);
    let near = tree.nodes.iter().filter(|node| node.depth == 1).take(6);
    let near = near.filter_map(|node| {
        let edge = node.hangs?.1;
        let title = title(composition.title(node.end));
        Some(if edge.is_reversed {
            format!("{title} {} this model", edge.verb)
        } else {
            format!("this model {} {title}", edge.verb)
        })
    });
    let near: Vec<String> = near.collect();
    format!(
        "Lineage of this model with {}: {}. All relations are in the list below.",
        counted(count, "component"),
        near.join("; ")
    )
}

/// A line from a box to one that hangs on it. The arrow's head stands before that one, and points the way that the relation reads.
fn line(
    svg: &mut Markup,
    from: (usize, usize),
    to: (usize, usize),
    layout: Layout,
    (standing, is_reversed): (Standing, bool),
) {
    let class = match standing {
        Standing::Verified => "edge sure",
        _ => "edge",
    };
    let middle = to.1 + HEIGHT / 2;
    let (start, end) = match layout {
        Layout::Wide => ((from.0 + layout.width(), from.1 + HEIGHT / 2), (to.0, middle)),
        Layout::Narrow => ((from.0 + 10, from.1 + HEIGHT), (to.0, middle)),
    };
    let bend = match layout {
        Layout::Wide => start.0 + 24,
        Layout::Narrow => start.0,
    };
    let path = format!("M{} {}H{bend}V{}H{}", start.0, start.1, end.1, end.0);
    svg.empty("path", &[("class", class), ("d", &path)]);
    let head = if is_reversed {
        format!("M{} {}l9 -5v10z", end.0 - 9, end.1)
    } else {
        format!("M{} {}l-9 -5v10z", end.0, end.1)
    };
    svg.empty("path", &[("class", "head"), ("d", &head)]);
}

/// A box with its relation, its title and what it is. A title that is too wide is cut at the edge of the box.
fn node(
    svg: &mut Markup,
    node: &Node<'_>,
    (x, y): (usize, usize),
    layout: Layout,
    composition: &Composition,
) {
    let (x, y, width, height) = (
        x.to_string(),
        y.to_string(),
        layout.width().to_string(),
        HEIGHT.to_string(),
    );
    let place = [("x", &*x), ("y", &*y), ("width", &*width), ("height", &*height)];
    let class = if node.end == End::Model {
        "node model"
    } else {
        "node"
    };
    svg.element("svg", &place, |it| {
        let (inner, tall) = ((layout.width() - 2).to_string(), (HEIGHT - 2).to_string());
        let size = [
            ("class", class),
            ("x", "1"),
            ("y", "1"),
            ("width", &*inner),
            ("height", &*tall),
            ("rx", "6"),
        ];
        it.empty("rect", &size);
        let first = match node.hangs {
            Some((_, edge)) => format!("{} \u{b7} {}", edge.verb, edge.standing.word().to_lowercase()),
            None => "the model of this report".to_owned(),
        };
        let title = title(composition.title(node.end));
        let lines = [
            ("small", "18", first),
            ("title", "37", title),
            ("small", "53", composition.kind(node.end).to_owned()),
        ];
        for (class, at, text) in lines {
            it.says("text", &[("class", class), ("x", "12"), ("y", at)], &text);
        }
    });
}

/// A title as far as there is room for it: the end of a name tells more than its start.
fn title(title: &str) -> String {
    let shown: Vec<char> = Shown(title).to_string().chars().collect();
    if shown.len() <= MOST_TITLE {
        return shown.into_iter().collect();
    }
    let head: String = shown.iter().take(MOST_TITLE / 3).collect();
    let tail = shown.len().saturating_sub(MOST_TITLE - MOST_TITLE / 3 - 1);
    let tail: String = shown.get(tail..).into_iter().flatten().collect();
    format!("{head}\u{2026}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_as_short_as_its_box() {
        assert_eq!(title("acme/base"), "acme/base");
        let long = title(&format!("acme/{}-chat-v2", "x".repeat(100)));
        assert_eq!(long.chars().count(), MOST_TITLE);
        assert!(long.starts_with("acme/") && long.ends_with("-chat-v2"), "{long}");
        assert!(title(&"\u{202e}".repeat(1 << 20)).chars().count() <= MOST_TITLE);
    }
}
