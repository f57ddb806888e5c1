//! Values in a line of text, shortened: what a call is given.

use weightlock_format::pickle::{Value, Values, View};

/// Characters of one line.
const MOST: usize = 120;
/// Characters of one string.
const MOST_TEXT: usize = 60;
/// Containers within each other that are shown.
const DEEP: u32 = 3;

/// The arguments of a call, without the parentheses: `'echo', 1`.
pub(super) fn arguments(values: &Values, args: Value) -> String {
    let mut line = String::new();
    match values.view(args) {
        View::Tuple(items) => list(values, items.kept, DEEP, &mut line),
        _ => {
            line.push('*');
            one(values, args, DEEP, &mut line);
        }
    }
    line
}

/// One value.
pub(super) fn value(values: &Values, value: Value) -> String {
    let mut line = String::new();
    one(values, value, DEEP, &mut line);
    line
}

fn list(values: &Values, items: &[Value], deep: u32, line: &mut String) {
    for (index, &item) in items.iter().enumerate() {
        if index > 0 {
            line.push_str(", ");
        }
        if line.chars().count() > MOST {
            line.push('…');
            return;
        }
        one(values, item, deep, line);
    }
}

/// Recursion is bounded by `deep`.
fn one(values: &Values, value: Value, deep: u32, line: &mut String) {
    let nested = |items: &[Value], open: &str, close: &str, line: &mut String| {
        line.push_str(open);
        match deep.checked_sub(1) {
            Some(deep) => list(values, items, deep, line),
            None => line.push('…'),
        }
        line.push_str(close);
    };
    match values.view(value) {
        View::None => line.push_str("None"),
        View::Bool(true) => line.push_str("True"),
        View::Bool(false) => line.push_str("False"),
        View::Int(number) => line.push_str(&number.to_string()),
        View::Long => line.push_str("a long integer"),
        View::Float => line.push_str("a float"),
        View::Text => text(values, value, line),
        View::Bytes => {
            let size = values.bytes(value).map_or(0, |bytes| bytes.size());
            line.push_str(&format!("{size} bytes"));
        }
        View::Tuple(items) => nested(items.kept, "(", ")", line),
        View::List(items) => nested(items.kept, "[", "]", line),
        View::Dict(items) => nested(items.kept, "{", "}", line),
        View::Set(items) | View::FrozenSet(items) => nested(items.kept, "{", "}", line),
        View::Global(global) => line.push_str(&short(&global.dotted())),
        View::Instance(instance) => {
            match values.view(instance.callable) {
                View::Global(global) => line.push_str(&short(&global.dotted())),
                _ => line.push_str("(a call)"),
            }
            line.push_str("(…)");
        }
        View::Persistent(_) => line.push_str("a persistent object"),
        View::Extension(code) => line.push_str(&format!("extension {code}")),
        _ => line.push_str("something unknown"),
    }
}

fn text(values: &Values, value: Value, line: &mut String) {
    let whole = values.text(value, 64 << 10);
    let shown = match &whole {
        Some(text) => short(text),
        None => "a long text".to_owned(),
    };
    line.push('\'');
    line.push_str(&shown);
    line.push('\'');
}

/// The start of a stranger's text.
pub(super) fn short(text: &str) -> String {
    let mut start: String = text.chars().take(MOST_TEXT).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}
