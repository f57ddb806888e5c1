//! The escapes of a string, as Python's `unicode-escape` resolves them.

/// The text behind the escapes; `None` where Python refuses them.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        result.push_str(rest.get(..at)?);
        rest = rest.get(at.checked_add(1)?..)?;
        let letter = rest.chars().next()?;
        let mut length = letter.len_utf8();
        match letter {
            '\n' => {}
            '\\' | '\'' | '"' => result.push(letter),
            'a' => result.push('\x07'),
            'b' => result.push('\x08'),
            'f' => result.push('\x0c'),
            'n' => result.push('\n'),
            'r' => result.push('\r'),
            't' => result.push('\t'),
            'v' => result.push('\x0b'),
            '0'..='7' => {
                length = rest
                    .bytes()
                    .take(3)
                    .take_while(|byte| (b'0'..=b'7').contains(byte))
                    .count();
                result.push(number(rest.get(..length)?, 8)?);
            }
            'x' | 'u' | 'U' => {
                let digits: usize = match letter {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                length = digits.checked_add(1)?;
                result.push(number(rest.get(1..length)?, 16)?);
            }
            'N' => {
                let name = rest.strip_prefix("N{")?;
                let end = name.find('}')?;
                result.push(named(name.get(..end)?));
                length = end.checked_add(3)?;
            }
            other => {
                result.push('\\');
                result.push(other);
            }
        }
        rest = rest.get(length..)?;
    }
    result.push_str(rest);
    Some(result)
}

/// Half a surrogate pair is a character to Python, and stands for any here.
fn number(digits: &str, radix: u32) -> Option<char> {
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    match char::from_u32(code) {
        None if code > 0x10_ffff => None,
        None => Some(char::REPLACEMENT_CHARACTER),
        found => found,
    }
}

/// A character by its Unicode name: those that Python's names are made of. Others stand for any character.
fn named(name: &str) -> char {
    let upper = name.to_ascii_uppercase();
    let letter = |prefix: &str| {
        let mut letters = upper.strip_prefix(prefix)?.chars();
        letters.next().filter(|_| letters.next().is_none())
    };
    if upper == "LOW LINE" || upper == "SPACING UNDERSCORE" {
        '_'
    } else if let Some(letter) = letter("LATIN SMALL LETTER ") {
        letter.to_ascii_lowercase()
    } else if let Some(letter) = letter("LATIN CAPITAL LETTER ") {
        letter
    } else {
        char::REPLACEMENT_CHARACTER
    }
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escapes_mean_what_python_means() {
        for (escaped, text) in [
            (r"a\x5f\u005f\U0000005f\137b", "a____b"),
            (r"\N{LOW LINE}\N{latin small letter c}", "_c"),
            (r"\d+\.", r"\d+\."),
            (r"\'\n\\n", "'\n\\n"),
            ("a\\\nb", "ab"),
            (r"\1234", "S4"),
            (r"\ud800", "\u{fffd}"),
        ] {
            assert_eq!(unescape(escaped).as_deref(), Some(text), "{escaped}");
        }
        for broken in [r"\x5", r"\u00_1", r"\N{LOW", r"\U00110000", "\\"] {
            assert_eq!(unescape(broken), None, "{broken}");
        }
    }
}
