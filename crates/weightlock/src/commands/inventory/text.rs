//! What `inventory` shows a person: counts, one line for each model, what is wrong, what to do next.

use std::path::Path;

use super::{Inventoried, Model, Risk, Signed, Totals};
use crate::{
    sources,
    terminal::{Paint, Style},
    text::{Shown, Size, counted, quoted},
};

/// Formats that are no weights.
const BESIDE_WEIGHTS: [&str; 6] = ["json", "text", "empty", "image", "xml", "script"];

pub(super) fn render(found: &Inventoried, paint: Paint) -> String {
    if found.models.is_empty() {
        return String::new();
    }
    let totals = &found.totals;
    let head = format!(
        "{}, {}",
        counted(number(totals.models), "model"),
        Size(totals.bytes)
    );
    let mut text = format!("{}\n  {}\n\n", paint.apply(Style::Strong, &head), counts(totals));
    let rows: Vec<[String; 6]> = found.models.iter().map(row).collect();
    let widths = widths(&rows);
    for (model, cells) in found.models.iter().zip(&rows) {
        text += &line(model, cells, &widths, paint);
        for problem in &model.problems {
            text += &format!("      ! {}\n", Shown(problem));
        }
        text += &scanned(model, paint);
    }
    text += &next(&found.models);
    text
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn counts(totals: &Totals) -> String {
    [
        (totals.can_run_code, "can run code when loaded"),
        (totals.custom_code, "with custom code"),
        (totals.not_understood, "not understood"),
        (totals.unsigned, "unsigned"),
        (totals.not_pinned, "not pinned to a revision"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect::<Vec<_>>()
    .join("     ")
}

/// Risk, name, size, formats, signature, revision.
fn row(model: &Model) -> [String; 6] {
    let formats = model
        .formats
        .iter()
        .filter(|one| !BESIDE_WEIGHTS.contains(&one.name.as_str()));
    let formats: Vec<&str> = formats.map(|one| one.name.as_str()).collect();
    let signature = match model.signature {
        Signed::None => "unsigned",
        Signed::Declared => "signed, not checked",
        Signed::Broken => "broken signature",
        Signed::Unread => "unread signature",
    };
    [
        risk(model.risk).to_owned(),
        format!("{} {}", model.store, Shown(&model.name)),
        Size(model.bytes).to_string(),
        formats.join("+"),
        signature.to_owned(),
        revision(model),
    ]
}

const fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::RunsCode => "can run code",
        Risk::CustomCode => "custom code",
        Risk::Unknown => "not understood",
        Risk::Template => "data, template",
        Risk::Data => "data",
    }
}

fn revision(model: &Model) -> String {
    const MOST: usize = 12;
    let Some(revision) = &model.revision else {
        return if model.pinned == Some(false) {
            "not pinned".to_owned()
        } else {
            String::new()
        };
    };
    let digits = revision.strip_prefix("sha256:").unwrap_or(revision);
    let short: String = digits.chars().take(MOST).collect();
    let how = match (model.pinned, model.references.first()) {
        (Some(true), _) => " pinned".to_owned(),
        (Some(false), Some(name)) => format!(" as {}, not pinned", Shown(name)),
        (Some(false), None) => " not pinned".to_owned(),
        (None, _) => String::new(),
    };
    format!("@{}{how}", Shown(&short))
}

fn widths(rows: &[[String; 6]]) -> [usize; 6] {
    // One long name does not push everything aside.
    const WIDEST: usize = 60;
    let mut widths = [0; 6];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().min(WIDEST).max(*width);
        }
    }
    widths
}

fn line(model: &Model, cells: &[String; 6], widths: &[usize; 6], paint: Paint) -> String {
    let mut line = String::from(" ");
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let padded = format!("{cell:width$}");
        let shown = match (column, model.risk) {
            (0, Risk::RunsCode) => paint.apply(Style::Error, &padded),
            (0, Risk::CustomCode | Risk::Unknown) => paint.apply(Style::Strong, &padded),
            _ => padded,
        };
        line += &format!(" {shown}  ");
    }
    format!("{}\n", line.trim_end())
}

fn scanned(model: &Model, paint: Paint) -> String {
    let Some(scan) = &model.scan else {
        return String::new();
    };
    let unread = if scan.complete {
        ""
    } else {
        "; not everything could be read"
    };
    match &scan.worst {
        Some(worst) => format!(
            "      {}: {}{unread}\n        {}   weightlock explain {}\n",
            paint.apply(Style::Strong, &format!("{}[{}]", worst.severity, worst.rule)),
            Shown(&worst.reason),
            Shown(&worst.place),
            worst.rule
        ),
        None if scan.complete => "      scanned: nothing found, every byte accounted for\n".to_owned(),
        None => "      scanned: nothing found, but not everything could be read\n".to_owned(),
    }
}

/// The command for the first model, which is the one that can do most.
fn next(models: &[Model]) -> String {
    let Some(first) = models.first() else {
        return String::new();
    };
    if models.iter().all(|model| model.scan.is_none()) && first.store != "ollama" {
        let path = quoted(&sources::shown(Path::new(&first.path)));
        return format!("\nnext: weightlock scan {path}\n");
    }
    String::new()
}
