//! What `diff` shows to people.

use super::{
    Difference, FileChange, SettingChange, SideInfo, TensorChange, TensorForm, ValueChange, Verdict,
};
use crate::{
    terminal::{Paint, Style},
    text::{Shown, Size, counted},
};

/// Lines of one list; JSON has more.
const MOST_LINES: usize = 40;

/// With more values than this, a tensor is shown as a count.
const FEW_VALUES: u64 = 8;

pub(super) fn render(difference: &Difference, paint: Paint) -> String {
    let mut text = String::new();
    for (name, side) in [("A", &difference.a), ("B", &difference.b)] {
        text += &format!("{name}  {}\n", info(side));
    }
    if difference.same {
        let files = usize::try_from(difference.a.files).unwrap_or(usize::MAX);
        text += &format!("\nthe same: {}\n", counted(files, "file"));
        return text;
    }
    text += &section("files", difference.files.iter().map(|one| vec![file(one)]), paint);
    let several = has_several_files(difference);
    text += &section(
        &format!(
            "tensors: {} of {} compared differ",
            difference.tensors.len(),
            difference.tensors_compared
        ),
        difference.tensors.iter().map(|one| tensor(one, several)),
        paint,
    );
    text += &section(
        "settings",
        difference.settings.iter().map(|one| vec![setting(one)]),
        paint,
    );
    let notes = difference.notes.iter().map(|note| vec![Shown(note).to_string()]);
    text += &section("not compared", notes, paint);
    text
}

fn info(side: &SideInfo) -> String {
    let files = counted(usize::try_from(side.files).unwrap_or(usize::MAX), "file");
    let path = Shown(&side.path);
    match side.standing {
        None => format!("{path}: {}, {files}", side.kind),
        Some(_) => format!("{path}: {}, lists {files} (not verified)", side.kind),
    }
}

fn section(title: &str, entries: impl ExactSizeIterator<Item = Vec<String>>, paint: Paint) -> String {
    let all = entries.len();
    if all == 0 {
        return String::new();
    }
    let mut text = format!("\n{}\n", paint.apply(Style::Strong, title));
    let mut lines = 0;
    let mut shown = 0;
    for entry in entries {
        if lines >= MOST_LINES {
            break;
        }
        lines += entry.len();
        shown += 1;
        for line in entry {
            text += &format!("  {line}\n");
        }
    }
    if shown < all {
        text += &format!("  and {} more; --json lists them\n", all - shown);
    }
    text
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Added => "added",
        Verdict::Removed => "removed",
        Verdict::Changed => "changed",
        Verdict::Renamed => "renamed",
        Verdict::Retyped => "retyped",
    }
}

fn file(change: &FileChange) -> String {
    let name = Shown(&change.path);
    let word = word(change.change);
    match (&change.to, change.size_a, change.size_b) {
        (Some(to), ..) => format!("{word:8} {name} -> {}", Shown(to)),
        (None, Some(a), Some(b)) if a != b => format!("{word:8} {name} ({} -> {} bytes)", a, b),
        (None, Some(size), None) | (None, None, Some(size)) => format!("{word:8} {name} ({})", Size(size)),
        _ => format!("{word:8} {name}"),
    }
}

fn has_several_files(difference: &Difference) -> bool {
    let mut files = difference
        .tensors
        .iter()
        .flat_map(|tensor| [&tensor.a, &tensor.b])
        .flatten()
        .map(|form| &form.file);
    let first = files.next();
    files.any(|file| Some(file) != first)
}

fn tensor(change: &TensorChange, several: bool) -> Vec<String> {
    let word = word(change.change);
    let place = match (&change.a, &change.b) {
        (Some(a), Some(b)) if a.file != b.file => format!(" ({} -> {})", Shown(&a.file), Shown(&b.file)),
        (Some(one), _) | (None, Some(one)) if several => format!(" ({})", Shown(&one.file)),
        _ => String::new(),
    };
    let name = Shown(&change.name);
    match (change.change, &change.a, &change.b) {
        (Verdict::Changed, ..) if change.units_changed <= FEW_VALUES => change
            .examples
            .iter()
            .map(|value| format!("{word:8} {}{place}", self::value(change, value)))
            .collect(),
        (Verdict::Changed, ..) => vec![format!("{word:8} {name}: {}{place}", share(change))],
        (Verdict::Retyped, Some(a), Some(b)) => {
            vec![format!("{word:8} {name}: {} -> {}{place}", form(a), form(b))]
        }
        (_, Some(one), _) | (_, _, Some(one)) => vec![format!("{word:8} {name}: {}{place}", form(one))],
        _ => Vec::new(),
    }
}

fn form(form: &TensorForm) -> String {
    format!("{} {}", form.dtype, indices(&form.shape))
}

fn indices(numbers: &[u64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    format!("[{}]", numbers.join(", "))
}

fn value(change: &TensorChange, value: &ValueChange) -> String {
    let name = Shown(&change.name);
    // A scalar has no index.
    let index = if value.index.is_empty() {
        String::new()
    } else {
        indices(&value.index)
    };
    let bits = match value.bits {
        1 => "1 bit".to_owned(),
        bits => format!("{bits} bits"),
    };
    match (&value.a, &value.b) {
        (Some(a), Some(b)) => format!("{name}{index}: {a} -> {b} ({bits})"),
        _ if change.values_per_unit > 1 => {
            format!(
                "{name}{index}: block of {} values ({bits})",
                change.values_per_unit
            )
        }
        _ => format!("{name}{index}: other bytes ({bits})"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn share(change: &TensorChange) -> String {
    let percent = change.units_changed as f64 / change.units.max(1) as f64 * 100.0;
    let what = if change.values_per_unit > 1 {
        format!("blocks of {} values", change.values_per_unit)
    } else {
        "values".to_owned()
    };
    format!(
        "{} of {} {what} ({percent:.3} %)",
        change.units_changed, change.units
    )
}

fn setting(change: &SettingChange) -> String {
    let shown = |value: &Option<String>| match value {
        Some(value) => Shown(value).to_string(),
        None => "none".to_owned(),
    };
    let key = if change.key.is_empty() {
        "the document"
    } else {
        &change.key
    };
    format!(
        "{}: {}: {} -> {}",
        Shown(&change.file),
        Shown(key),
        shown(&change.a),
        shown(&change.b)
    )
}
