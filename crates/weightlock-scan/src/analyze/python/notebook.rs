//! Jupyter notebooks ([nbformat 4](https://nbformat.readthedocs.io/)): JSON whose code cells are source.

use serde_json::Value;

use super::super::{Examination, Role};

/// Whether a JSON value is a notebook.
pub(in crate::analyze) fn is_notebook(value: &Value) -> bool {
    value.get("nbformat").is_some() && (value.get("cells").is_some() || value.get("worksheets").is_some())
}

/// Queues the code cells of a notebook.
pub(in crate::analyze) fn analyze(value: &Value, exam: &mut Examination<'_>) {
    let lists = value.get("cells").into_iter().chain(
        // Version 3 has its cells in worksheets.
        value
            .get("worksheets")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|sheet| sheet.get("cells")),
    );
    let cells = lists.filter_map(Value::as_array).flatten();
    for (at, cell) in cells
        .enumerate()
        .filter(|(_, cell)| cell.get("cell_type").and_then(Value::as_str) == Some("code"))
    {
        let source = cell.get("source").or_else(|| cell.get("input"));
        let text = match source {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
            _ => continue,
        };
        exam.inner(&format!("cell {at}"), text.into_bytes().into(), Role::PythonCell);
    }
}
