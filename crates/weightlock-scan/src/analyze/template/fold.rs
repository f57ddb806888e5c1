//! Operators, filters and methods on constants, as Jinja2 and Python compute them.
//!
//! Followed is what names can be assembled with: joining, cutting, replacing, reversing, changing case, filling in.
//! The rest is [`Folded::Unfollowed`], and the caller marks the result so.

use weightlock_format::jinja::Operator;

use super::{
    format,
    value::{Constant, TEXT_BYTES},
};

/// The result of an operation on constants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Folded {
    /// This.
    Is(Constant),
    /// Rendering stops there.
    Nothing,
    /// Something that is not followed.
    Unfollowed,
}

use Constant::{Dict, Integer, List, Text};
use Folded::{Is, Nothing, Unfollowed};

fn is_text(text: impl Into<String>) -> Folded {
    Is(Text(text.into()))
}

const fn is_number(number: i64) -> Folded {
    Is(Integer(number))
}

/// `left operator right`.
pub(super) fn binary(operator: Operator, left: &Constant, right: &Constant) -> Folded {
    let number = |result: Option<i64>| result.map_or(Unfollowed, |number| Is(Integer(number)));
    match (operator, left, right) {
        (Operator::Concatenate, left, right) => match (left.text(), right.text()) {
            (Some(left), Some(right)) => joined(&left, &right),
            _ => Unfollowed,
        },
        (Operator::Add, Text(left), Text(right)) => joined(left, right),
        (Operator::Add, List(left), List(right)) => Is(List(left.iter().chain(right).cloned().collect())),
        (Operator::Add, Integer(left), Integer(right)) => number(left.checked_add(*right)),
        (Operator::Subtract, Integer(left), Integer(right)) => number(left.checked_sub(*right)),
        (Operator::Multiply, Integer(left), Integer(right)) => number(left.checked_mul(*right)),
        (Operator::Multiply, Text(text), Integer(count))
        | (Operator::Multiply, Integer(count), Text(text)) => repeated(text, *count),
        (Operator::Divide, Integer(left), Integer(right)) => number(left.checked_div_euclid(*right)),
        (Operator::Remainder, Integer(left), Integer(right)) => number(left.checked_rem_euclid(*right)),
        (Operator::Remainder, Text(template), List(arguments)) => {
            format::percent(template, &arguments.iter().collect::<Vec<_>>())
        }
        (Operator::Remainder, Text(template), argument) => format::percent(template, &[argument]),
        (Operator::Power, Integer(left), Integer(right)) => number(
            u32::try_from(*right)
                .ok()
                .and_then(|right| left.checked_pow(right)),
        ),
        _ => Nothing,
    }
}

fn joined(left: &str, right: &str) -> Folded {
    let mut joined = String::with_capacity(left.len().saturating_add(right.len()));
    joined.push_str(left);
    joined.push_str(right);
    is_text(joined)
}

fn repeated(text: &str, count: i64) -> Folded {
    let count = usize::try_from(count).unwrap_or(0);
    if text.len().saturating_mul(count) > TEXT_BYTES {
        return Unfollowed;
    }
    is_text(text.repeat(count))
}

/// `of[key]`.
pub(super) fn item(of: &Constant, key: &Constant) -> Folded {
    let found = match (of, key) {
        (Dict(pairs), key) => pairs
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.clone()),
        (List(items), Integer(index)) => position(*index, items.len()).and_then(|at| items.get(at).cloned()),
        (Text(text), Integer(index)) => {
            let at = position(*index, text.chars().count());
            at.and_then(|at| text.chars().nth(at))
                .map(|character| Text(character.to_string()))
        }
        _ => None,
    };
    found.map_or(Nothing, Is)
}

/// A Python index as a position: negative ones count from the end.
fn position(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 {
        index.checked_add(length)?
    } else {
        index
    };
    usize::try_from(index).ok()
}

/// `of[start:stop:step]`.
pub(super) fn slice(of: &Constant, bounds: [Option<i64>; 3]) -> Folded {
    let items = match of {
        Text(_) | List(_) => of.items(),
        _ => return Nothing,
    };
    let [start, stop, step] = bounds;
    let step = step.unwrap_or(1);
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let clamp = |bound: i64, low: i64, high: i64| {
        let bound = if bound < 0 {
            bound.saturating_add(length)
        } else {
            bound
        };
        bound.clamp(low, high)
    };
    let last = length.saturating_sub(1);
    let (first, end) = match step {
        0 => return Nothing,
        1.. => (
            start.map_or(0, |bound| clamp(bound, 0, length)),
            stop.map_or(length, |bound| clamp(bound, 0, length)),
        ),
        _ => (
            start.map_or(last, |bound| clamp(bound, -1, last)),
            stop.map_or(-1, |bound| clamp(bound, -1, last)),
        ),
    };
    let mut taken = Vec::new();
    let mut at = first;
    while if step > 0 { at < end } else { at > end } {
        taken.extend(usize::try_from(at).ok().and_then(|at| items.get(at)).cloned());
        at = at.saturating_add(step);
    }
    Is(match of {
        Text(_) => Text(taken.iter().filter_map(Constant::text).collect()),
        _ => List(taken),
    })
}

/// `of|name(arguments)` and `of.name(arguments)`: what both have in common.
fn common(name: &str, text: &str, arguments: &[&Constant]) -> Option<Folded> {
    Some(match (name, arguments) {
        ("upper", []) => is_text(text.to_uppercase()),
        ("lower" | "casefold", []) => is_text(text.to_lowercase()),
        ("capitalize", []) => is_text(capitalized(text)),
        ("title", []) => is_text(titled(text)),
        ("replace", [Text(from), Text(to)]) if !from.is_empty() => {
            if text.len().saturating_mul(to.len().saturating_add(1)) > TEXT_BYTES * 16 {
                Unfollowed
            } else {
                is_text(text.replace(from.as_str(), to))
            }
        }
        _ => return None,
    })
}

/// `of.name(positional, named)` of a constant.
pub(super) fn method(
    of: &Constant,
    name: &str,
    positional: &[&Constant],
    named: &[(&str, &Constant)],
) -> Folded {
    match of {
        Text(text) => text_method(text, name, positional, named),
        Dict(pairs) => match (name, positional) {
            ("get", [key]) => item(of, key),
            ("items", []) => Is(List(
                pairs
                    .iter()
                    .map(|(key, value)| List(vec![key.clone(), value.clone()]))
                    .collect(),
            )),
            ("keys", []) => Is(List(of.items())),
            ("values", []) => Is(List(pairs.iter().map(|(_, value)| value.clone()).collect())),
            ("copy", []) => Is(of.clone()),
            _ => Unfollowed,
        },
        List(items) => match (name, positional) {
            ("pop", []) => items.last().cloned().map_or(Nothing, Is),
            ("pop", [index]) => item(of, index),
            ("copy", []) => Is(of.clone()),
            _ => Unfollowed,
        },
        _ => Unfollowed,
    }
}

fn text_method(text: &str, name: &str, positional: &[&Constant], named: &[(&str, &Constant)]) -> Folded {
    if let Some(folded) = common(name, text, positional) {
        return folded;
    }
    let texts =
        |parts: &mut dyn Iterator<Item = &str>| Is(List(parts.map(|part| Text(part.to_owned())).collect()));
    match (name, positional) {
        ("strip", []) => is_text(text.trim()),
        ("lstrip", []) => is_text(text.trim_start()),
        ("rstrip", []) => is_text(text.trim_end()),
        ("strip", [Text(set)]) => is_text(text.trim_matches(|character| set.contains(character))),
        ("lstrip", [Text(set)]) => is_text(text.trim_start_matches(|character| set.contains(character))),
        ("rstrip", [Text(set)]) => is_text(text.trim_end_matches(|character| set.contains(character))),
        ("removeprefix", [Text(prefix)]) => is_text(text.strip_prefix(prefix.as_str()).unwrap_or(text)),
        ("removesuffix", [Text(suffix)]) => is_text(text.strip_suffix(suffix.as_str()).unwrap_or(text)),
        ("swapcase", []) => is_text(text.chars().map(swapped).collect::<String>()),
        ("join", [of]) => join(of, text),
        ("format", _) => format::braces(text, positional, named),
        ("split", []) => texts(&mut text.split_whitespace()),
        ("split", [Text(by), ..]) if !by.is_empty() => texts(&mut text.split(by.as_str())),
        ("splitlines", []) => texts(&mut text.lines()),
        ("encode" | "decode" | "expandtabs", _) => is_text(text),
        ("find" | "index", [Text(part)]) => {
            let at = text.find(part.as_str()).and_then(|at| text.get(..at));
            is_number(at.map_or(-1, |before| {
                i64::try_from(before.chars().count()).unwrap_or(i64::MAX)
            }))
        }
        ("count", [Text(part)]) if !part.is_empty() => {
            is_number(i64::try_from(text.matches(part.as_str()).count()).unwrap_or(i64::MAX))
        }
        _ => Unfollowed,
    }
}

/// `of|name(arguments)` of a constant.
pub(super) fn filter(of: &Constant, name: &str, arguments: &[&Constant]) -> Folded {
    if let Text(text) = of
        && let Some(folded) = common(name, text, arguments)
    {
        return folded;
    }
    let plain = |text: &String, stops: &[char]| {
        if text.contains(stops) {
            Unfollowed
        } else {
            is_text(text)
        }
    };
    match (name, of, arguments) {
        ("trim", Text(text), []) => is_text(text.trim()),
        ("trim", Text(text), [Text(set)]) => is_text(text.trim_matches(|character| set.contains(character))),
        ("string" | "safe" | "e" | "escape" | "forceescape", Text(text), []) => {
            plain(text, &['<', '>', '&', '\'', '"'])
        }
        ("string", of, []) => of.text().map_or(Unfollowed, is_text),
        ("striptags", Text(text), []) => plain(text, &['<', '&']),
        ("urlencode", Text(text), []) if text.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) => {
            is_text(text)
        }
        ("tojson", Text(text), _) if !text.contains(['"', '\\', '<', '>', '&', '\'']) => {
            is_text(format!("\"{text}\""))
        }
        ("indent" | "wordwrap" | "truncate", Text(text), _) if text.len() < 64 && !text.contains('\n') => {
            is_text(text)
        }
        ("reverse", Text(text), []) => is_text(text.chars().rev().collect::<String>()),
        ("reverse", List(items), []) => Is(List(items.iter().rev().cloned().collect())),
        ("list", of, []) => Is(List(of.items())),
        ("first", of, []) => of.items().first().cloned().map_or(Nothing, Is),
        ("last", of, []) => of.items().last().cloned().map_or(Nothing, Is),
        ("join", of, []) => join(of, ""),
        ("join", of, [by]) => by.text().map_or(Unfollowed, |by| join(of, &by)),
        ("format", Text(template), arguments) => format::percent(template, arguments),
        ("length" | "count", of, []) => Is(Integer(i64::try_from(of.length()).unwrap_or(i64::MAX))),
        ("int", Text(text), []) => Is(Integer(text.trim().parse().unwrap_or(0))),
        ("int" | "abs", Integer(number), []) => Is(Integer(number.saturating_abs())),
        ("items" | "dictsort", Dict(_), _) => method(of, "items", &[], &[]),
        ("sort", List(items), []) => Is(List(sorted(items))),
        ("unique", List(items), []) => Is(List(unique(items))),
        _ => Unfollowed,
    }
}

fn join(of: &Constant, by: &str) -> Folded {
    let texts: Option<Vec<String>> = of.items().iter().map(Constant::text).collect();
    match texts {
        Some(texts) if texts.len().saturating_mul(by.len()) <= TEXT_BYTES * 16 => is_text(texts.join(by)),
        _ => Unfollowed,
    }
}

fn sorted(items: &[Constant]) -> Vec<Constant> {
    let mut items = items.to_vec();
    items.sort_by_cached_key(|item| item.text().map(|text| text.to_lowercase()));
    items
}

fn unique(items: &[Constant]) -> Vec<Constant> {
    let mut kept: Vec<Constant> = Vec::new();
    for item in items {
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
    kept
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters.as_str().to_lowercase().chars()).collect()
}

fn titled(text: &str) -> String {
    let mut inside = false;
    let letter = |character: char| {
        let cased = if inside {
            character.to_lowercase().to_string()
        } else {
            character.to_uppercase().to_string()
        };
        inside = character.is_alphabetic();
        cased
    };
    text.chars().map(letter).collect()
}

fn swapped(character: char) -> char {
    if character.is_lowercase() {
        character.to_ascii_uppercase()
    } else {
        character.to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Constant {
        Text(text.to_owned())
    }

    #[test]
    fn names_can_be_cut_and_turned_as_in_python() {
        let word = text("__ssalc__");
        assert_eq!(slice(&word, [None, None, Some(-1)]), is_text("__class__"));
        assert_eq!(
            slice(&text("abcdef"), [Some(1), Some(-1), Some(2)]),
            is_text("bd")
        );
        assert_eq!(slice(&text("abcdef"), [Some(-2), None, None]), is_text("ef"));
        assert_eq!(
            slice(&text("abcdef"), [Some(4), Some(1), Some(-1)]),
            is_text("edc")
        );
        assert_eq!(
            slice(&text("abc"), [Some(i64::MIN), Some(i64::MAX), None]),
            is_text("abc")
        );
        assert_eq!(slice(&text("abc"), [None, None, Some(0)]), Nothing);
        assert_eq!(filter(&word, "reverse", &[]), is_text("__class__"));
        assert_eq!(item(&text("abc"), &Integer(-1)), is_text("c"));
        assert_eq!(item(&text("abc"), &Integer(3)), Nothing);
    }

    #[test]
    fn nothing_grows_without_bound() {
        let long = text(&"a".repeat(TEXT_BYTES));
        assert_eq!(binary(Operator::Multiply, &long, &Integer(1 << 40)), Unfollowed);
        assert_eq!(
            text_method(&"a".repeat(1000), "replace", &[&text("a"), &long], &[]),
            Unfollowed
        );
        assert_eq!(join(&text(&"a".repeat(1000)), &"b".repeat(1000)), Unfollowed);
        assert_eq!(binary(Operator::Power, &Integer(10), &Integer(1000)), Unfollowed);
        assert_eq!(binary(Operator::Divide, &Integer(1), &Integer(0)), Unfollowed);
    }
}
