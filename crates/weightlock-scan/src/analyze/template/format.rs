//! The two ways in which Python fills in texts: `'%s' % …` and `'{}'.format(…)`.

use super::{fold::Folded, value::Constant};

/// `template % (arguments)`.
pub(super) fn percent(template: &str, arguments: &[&Constant]) -> Folded {
    let mut filled = String::new();
    let mut arguments = arguments.iter();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        filled.push_str(rest.get(..at).unwrap_or_default());
        let directive = rest.get(at.saturating_add(1)..).unwrap_or_default();
        let mut characters = directive.chars();
        match characters.next() {
            Some('%') => filled.push('%'),
            Some(kind) => {
                let written = arguments.next().and_then(|argument| written(kind, argument));
                match written {
                    Some(text) => filled.push_str(&text),
                    None => return Folded::Unfollowed,
                }
            }
            None => return Folded::Nothing,
        }
        rest = characters.as_str();
    }
    filled.push_str(rest);
    Folded::Is(Constant::Text(filled))
}

fn written(kind: char, argument: &Constant) -> Option<String> {
    match (kind, argument) {
        ('s', argument) => argument.text(),
        ('d' | 'i' | 'u', Constant::Integer(number)) => Some(number.to_string()),
        ('x', Constant::Integer(number)) => Some(format!("{number:x}")),
        ('X', Constant::Integer(number)) => Some(format!("{number:X}")),
        ('c', Constant::Integer(number)) => character(*number),
        ('c', Constant::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

fn character(number: i64) -> Option<String> {
    let code = u32::try_from(number).ok()?;
    char::from_u32(code).map(String::from)
}

/// A field of a brace template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Field {
    /// Number, name or nothing.
    pub(super) argument: String,
    /// Attributes and items that it takes of the argument.
    pub(super) names: Vec<String>,
    /// How it is written.
    pub(super) specification: String,
}

/// Text, then the field behind it.
type Part = (String, Option<Field>);

/// The fields of `'…{0.name[item]!r:spec}…'`.
pub(super) fn fields(template: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(rest.get(..at).unwrap_or_default());
        let tail = rest.get(at..).unwrap_or_default();
        if tail.starts_with("{{") || tail.starts_with("}}") {
            text.push_str(tail.get(..1).unwrap_or_default());
            rest = tail.get(2..).unwrap_or_default();
        } else if tail.starts_with('{') {
            let inner = tail.get(1..).unwrap_or_default();
            let end = field_end(inner);
            let field = field(inner.get(..end).unwrap_or_default());
            parts.push((std::mem::take(&mut text), Some(field)));
            rest = inner.get(end.saturating_add(1)..).unwrap_or_default();
        } else {
            rest = tail.get(1..).unwrap_or_default();
        }
    }
    text.push_str(rest);
    parts.push((text, None));
    parts
}

/// Where a field ends: fields within its specification are part of it.
fn field_end(inner: &str) -> usize {
    let mut open = 0_u32;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' => open = open.saturating_add(1),
            b'}' if open == 0 => return at,
            b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    inner.len()
}

fn field(inner: &str) -> Field {
    let mut brackets = 0_u32;
    let ends = |character: char| {
        match character {
            '[' => brackets = brackets.saturating_add(1),
            ']' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        brackets == 0 && matches!(character, ':' | '!')
    };
    let (path, specification) = match inner.find(ends) {
        Some(at) => inner.split_at(at),
        None => (inner, ""),
    };
    let mut names = path.split(['.', '[']).map(|name| name.trim_end_matches(']'));
    Field {
        argument: names.next().unwrap_or_default().to_owned(),
        names: names.map(str::to_owned).collect(),
        specification: specification.to_owned(),
    }
}

/// `template.format(positional, named)`.
pub(super) fn braces(template: &str, positional: &[&Constant], named: &[(&str, &Constant)]) -> Folded {
    let mut filled = String::new();
    let mut next = 0_usize;
    for (text, field) in fields(template) {
        filled.push_str(&text);
        let Some(field) = field else { continue };
        let argument = if field.argument.is_empty() {
            let argument = positional.get(next);
            next = next.saturating_add(1);
            argument
        } else if let Ok(index) = field.argument.parse::<usize>() {
            positional.get(index)
        } else {
            let found = named.iter().find(|(name, _)| *name == field.argument);
            found.map(|(_, value)| value)
        };
        let written = match (argument, field.specification.as_str()) {
            _ if !field.names.is_empty() => None,
            (Some(argument), "" | ":s" | ":" | "!s") => argument.text(),
            (Some(Constant::Integer(number)), ":c") => character(*number),
            (Some(Constant::Integer(number)), ":d") => Some(number.to_string()),
            (Some(Constant::Integer(number)), ":x") => Some(format!("{number:x}")),
            _ => None,
        };
        match written {
            Some(text) => filled.push_str(&text),
            None => return Folded::Unfollowed,
        }
    }
    Folded::Is(Constant::Text(filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Constant {
        Constant::Text(text.to_owned())
    }

    #[test]
    fn both_ways_are_followed() {
        let class = text("class");
        let low = Constant::Integer(95);
        let is = |folded, expected: &str| assert_eq!(folded, Folded::Is(text(expected)));
        is(percent("__%s__%%", &[&class]), "__class__%");
        is(percent("%c%c", &[&low, &text("x")]), "_x");
        is(braces("__{}__{{}}", &[&class], &[]), "__class__{}");
        is(braces("{1:c}{0}{a}", &[&class, &low], &[("a", &low)]), "_class95");
        assert_eq!(percent("%5.2f", &[&low]), Folded::Unfollowed);
        assert_eq!(braces("{0.x}", &[&class], &[]), Folded::Unfollowed);
    }

    #[test]
    fn the_names_of_fields_are_found() {
        let names = |template: &str| -> Vec<String> {
            let fields = fields(template).into_iter().filter_map(|(_, field)| field);
            fields.flat_map(|field| field.names).collect()
        };
        assert_eq!(
            names("{0.__init__.__globals__[os]}"),
            ["__init__", "__globals__", "os"]
        );
        assert_eq!(names("a {x[role]!r:>{width}} {} {{0.a}} {y:.2f}"), ["role"]);
        assert_eq!(names("{"), [""; 0]);
        assert_eq!(names("{a.b"), ["b"]);
    }
}
