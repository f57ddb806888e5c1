//! The one screen that `inspect` shows.

use weightlock_artifact::standing::Standing;

use super::{Answer, Counted, Inspection, Judging, Model, answers::listed, read};
use crate::{
    terminal::{Paint, Style},
    text::{Shown, Size, counted},
};

/// Formats that are no weights; what they are shows in the answers.
const BESIDE_WEIGHTS: [&str; 5] = ["json", "text", "empty", "image", "xml"];

pub(super) fn render(inspection: &Inspection, judging: &Judging, paint: Paint) -> String {
    let title = Shown(&inspection.target).to_string();
    let mut text = format!(
        "{}   {}\n",
        paint.apply(Style::Strong, &title),
        Shown(&headline(inspection))
    );
    if let Some(chosen) = &inspection.chosen {
        text += &format!("  {}\n", Shown(chosen));
    }
    text += "\n";
    for (question, answer) in inspection.answers.all() {
        text += &row(question, answer, paint);
    }
    if !inspection.contradictions.is_empty() {
        text += "\ncontradictions\n";
        for line in &inspection.contradictions {
            text += &format!("  {}\n", Shown(line));
        }
        if inspection.contradictions_left_out > 0 {
            text += &format!("  and {} more\n", inspection.contradictions_left_out);
        }
    }
    text + &format!("\nread: {}\n", read(inspection, judging))
}

pub(super) fn headline(inspection: &Inspection) -> String {
    let model = &inspection.model;
    let mut parts = Vec::new();
    if !model.architectures.is_empty() {
        parts.push(listed(&model.architectures));
    }
    parts.extend(model.task.clone());
    if let Some(parameters) = model.parameters {
        parts.push(format!("{} parameters", short(parameters)));
    }
    parts.extend(types(model));
    let weights: Vec<String> = model.formats.iter().filter_map(weights).collect();
    if !weights.is_empty() {
        parts.push(weights.join(" + "));
    }
    let files = usize::try_from(inspection.files).unwrap_or(usize::MAX);
    parts.push(format!(
        "{} in {}",
        Size(inspection.bytes),
        counted(files, "file")
    ));
    parts.join(", ")
}

fn types(model: &Model) -> Option<String> {
    let names: Vec<String> = model.dtypes.iter().map(|dtype| dtype.name.clone()).collect();
    (!names.is_empty()).then(|| names.into_iter().take(3).collect::<Vec<_>>().join("/"))
}

fn weights(format: &Counted) -> Option<String> {
    let beside = BESIDE_WEIGHTS.contains(&format.name.as_str());
    match format.count {
        _ if beside => None,
        1 => Some(format.name.clone()),
        count => Some(format!("{count} {}", format.name)),
    }
}

fn row(question: &str, answer: &Answer, paint: Paint) -> String {
    const INDENT: usize = 25;
    let word = format!("{:10}", answer.standing().word());
    let word = match answer.standing() {
        Standing::Verified => paint.apply(Style::Good, &word),
        Standing::Failed => paint.apply(Style::Error, &word),
        _ => word,
    };
    let mut text = format!("  {question:11} {word} {}\n", Shown(&answer.says));
    for detail in &answer.details {
        text += &format!("{:INDENT$}{}\n", "", Shown(detail));
    }
    if answer.details_left_out > 0 {
        text += &format!("{:INDENT$}and {} more\n", "", answer.details_left_out);
    }
    if let Some(next) = &answer.next {
        text += &format!("{:INDENT$}-> {}\n", "", Shown(next));
    }
    text
}

/// `8.03 B`, `22.7 M`; exact below ten thousand.
#[expect(clippy::cast_precision_loss, reason = "three significant digits are shown")]
fn short(count: u64) -> String {
    let (divisor, unit) = match count {
        0..10_000 => return count.to_string(),
        10_000..1_000_000 => (1e3, "k"),
        1_000_000..1_000_000_000 => (1e6, "M"),
        1_000_000_000..1_000_000_000_000 => (1e9, "B"),
        _ => (1e12, "T"),
    };
    let value = count as f64 / divisor;
    match value {
        0.0..10.0 => format!("{value:.2} {unit}"),
        10.0..100.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_read_well() {
        for (count, text) in [
            (0, "0"),
            (9_999, "9999"),
            (22_713_216, "22.7 M"),
            (134_515_008, "135 M"),
            (8_030_261_248, "8.03 B"),
            (1_000_000_000_000, "1.00 T"),
        ] {
            assert_eq!(short(count), text);
        }
    }
}
