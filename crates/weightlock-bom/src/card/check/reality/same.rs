//! When two values that are written differently mean the same.

use crate::card::Field;

/// A licence or a name for comparing.
pub(super) fn normal(field: Field, text: &str) -> String {
    let text = text.trim().to_lowercase();
    match field {
        Field::License => {
            let text = text.trim_start_matches("licenseref-");
            let bare = text.trim_end_matches(" license").trim_end_matches(" licence");
            bare.trim_end_matches("-only")
                .trim_end_matches("-or-later")
                .replace(' ', "-")
        }
        _ => text.split('@').next().unwrap_or_default().to_owned(),
    }
}

/// The number that a metric is, per cent as a share.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let (digits, scale) = match text.strip_suffix('%') {
        Some(digits) => (digits.trim(), 0.01),
        None => (text, 1.0),
    };
    let number = digits.parse::<f64>().ok()? * scale;
    number.is_finite().then_some(number)
}

/// Whether two metrics are the same number: as written, rounded to three digits, or one of them in per cent.
pub(super) fn is_same_number(one: f64, other: f64) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= a.abs().max(b.abs()) * 0.0005;
    near(one, other) || near(one * 100.0, other) || near(one, other * 100.0)
}
