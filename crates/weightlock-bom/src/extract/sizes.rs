//! Claims about the number of parameters: `16-thousand-parameter` in a text, `7B` in a name.

/// The words between which a number of parameters stands.
const UNITS: [&str; 10] = [
    "thousand", "million", "billion", "trillion", "bn", "k", "m", "b", "t", "",
];

/// The first claim in a text: a number, a unit, and the word parameter right behind.
pub(super) fn in_text(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|it: char| it.is_whitespace() || it == '-')
        .map(|it| it.trim_matches(|it: char| !it.is_alphanumeric() && it != '.'))
        .filter(|it| !it.is_empty())
        .collect();
    let at = words.iter().position(|it| it.starts_with("param"))?;
    let before = |back: usize| at.checked_sub(back).and_then(|at| words.get(at)).copied();
    let unit = before(1)?;
    if is_size(unit) {
        return Some(unit.to_owned());
    }
    let number = before(2).filter(|it| is_number(it))?;
    (UNITS.contains(&unit)).then(|| format!("{number} {unit}"))
}

/// The claim in a name: the part that is a number and `B`, `M` or `K`. Of a mixture (`8x7B`, `30B-A3B`) nothing is said:
/// what such a name counts differs from maker to maker.
pub(super) fn in_name(name: &str) -> Option<&str> {
    let parts: Vec<&str> = name.split(['-', '_', ' ']).collect();
    let is_mixture = parts.iter().any(|it| {
        let lower = it.to_ascii_lowercase();
        let is_active = lower.strip_prefix('a').is_some_and(is_size);
        is_active
            || lower
                .split_once('x')
                .is_some_and(|(many, of)| is_number(many) && is_size(of))
    });
    if is_mixture {
        return None;
    }
    let mut sizes = parts
        .into_iter()
        .filter(|it| it.ends_with(['B', 'b', 'M']) && is_size(it));
    let size = sizes.next()?;
    sizes.next().is_none().then_some(size)
}

fn is_size(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let number = text.strip_suffix(['k', 'm', 'b', 't']);
    number.is_some_and(is_number)
}

fn is_number(text: &str) -> bool {
    let is_digits = text
        .chars()
        .all(|it| it.is_ascii_digit() || it == '.' || it == ',');
    text.starts_with(|it: char| it.is_ascii_digit()) && is_digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_found_in_texts() {
        for (text, claim) in [
            (
                "A 16-thousand-parameter Llama-shaped toy model.",
                Some("16 thousand"),
            ),
            ("It has 7B parameters.", Some("7b")),
            ("a 1.5 billion parameter model", Some("1.5 billion")),
            ("with 26,784 trained parameters", None),
            ("Parameters are many.", None),
            ("set the 3 parameters", None),
            ("", None),
        ] {
            assert_eq!(in_text(text).as_deref(), claim, "{text}");
        }
    }

    #[test]
    fn claims_are_found_in_names() {
        for (name, claim) in [
            ("Llama-2-7b-hf", Some("7b")),
            ("Qwen2.5-0.5B", Some("0.5B")),
            ("Mixtral-8x7B", None),
            ("Qwen3-30B-A3B", None),
            ("pebble-base", None),
            ("int4b", None),
        ] {
            assert_eq!(in_name(name), claim, "{name}");
        }
    }
}
