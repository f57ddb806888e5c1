//! Jupyter notebooks ([nbformat 4](https://nbformat.readthedocs.io/)): JSON whose code cells are source.

use weightlock_format::json::tree::{Node, NodeId, Tree};

use super::super::{Examination, Role};

/// Queues the code cells of a notebook. Version 3 has its cells in worksheets.
pub(in crate::analyze) fn analyze(tree: &Tree, exam: &mut Examination<'_>) {
    let cells = tree
        .nodes()
        .filter(|&(id, _)| tree.texts(id, "cell_type").any(|kind| kind == "code"));
    for (at, (cell, _)) in cells.enumerate() {
        for source in tree.all(cell, "source").chain(tree.all(cell, "input")) {
            let text = text(tree, source);
            if !text.is_empty() {
                exam.inner(&format!("cell {at}"), text.into_bytes().into(), Role::PythonCell);
            }
        }
    }
}

/// A text, or the lines of one.
fn text(tree: &Tree, id: NodeId) -> String {
    match tree.node(id) {
        Some(Node::Text(text)) => text.clone(),
        Some(Node::Array(lines)) => lines.iter().filter_map(|&line| tree.text(line)).collect(),
        _ => String::new(),
    }
}
