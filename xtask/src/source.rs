//! Rust source with comments, strings and test modules blanked out, so that a search finds code only.
//!
//! A full parser would be exact but is a large dependency for a question about a few words. What this lexer must
//! get right is where comments, string forms and character literals end; everything else passes through. Lines
//! keep their numbers.

/// Blanks comments, string and character literals with spaces.
pub(crate) fn code_only(text: &str) -> String {
    let chars = text.chars().collect::<Vec<_>>();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end > at {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// Where the comment or literal that starts at `at` ends; `at` itself when none starts there.
fn literal_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied().unwrap_or(' ');
    let after_name = at > 0 && is_name(chars[at - 1]);
    match chars[at] {
        '/' if next == '/' => position(chars, at, |window| window[0] == '\n').unwrap_or(chars.len()),
        '/' if next == '*' => block_comment_end(chars, at),
        '"' => string_end(chars, at + 1),
        'r' if !after_name => raw_string_end(chars, at + 1).unwrap_or(at),
        'b' | 'c' if !after_name && next == 'r' => raw_string_end(chars, at + 2).unwrap_or(at),
        '\'' => char_end(chars, at),
        _ => at,
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn position(chars: &[char], from: usize, test: impl Fn(&[char]) -> bool) -> Option<usize> {
    (from..chars.len()).find(|at| test(&chars[*at..]))
}

/// Block comments nest.
fn block_comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0_usize, at);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(chars.len())
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// `at` is behind the `r`; `None` when it is a raw identifier or a name that merely starts with r.
fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at.min(chars.len())..]
        .iter()
        .take_while(|c| **c == '#')
        .count();
    if chars.get(at + hashes) != Some(&'"') {
        return None;
    }
    let closing = |window: &[char]| {
        window[0] == '"' && window.len() > hashes && window[1..=hashes].iter().all(|c| *c == '#')
    };
    Some(position(chars, at + hashes + 1, closing).map_or(chars.len(), |end| end + 1 + hashes))
}

/// `'a'` and `'\n'` are literals, `'a` is a lifetime.
fn char_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => position(chars, at + 3, |window| window[0] == '\'').map_or(at, |end| end + 1),
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

/// Blanks every `#[cfg(test)] mod … { … }`. Expects the output of [`code_only`], where braces pair up.
pub(crate) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(found) = out[from..].find(MARK) {
        let start = from + found;
        let end = item_end(&out, start + MARK.len());
        let blank = out[start..end]
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect::<String>();
        from = start + blank.len();
        out.replace_range(start..end, &blank);
    }
    out
}

/// The end of the item at `from`: behind its closing brace, or behind its semicolon when it has no body.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, c) in code[from..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return from + offset + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return from + offset + 1,
            _ => {}
        }
    }
    code.len()
}

/// The 1-based lines on which `word` stands as a whole word.
pub(crate) fn lines_with_word(code: &str, word: &str) -> Vec<usize> {
    let has = |line: &str| {
        line.match_indices(word).any(|(at, _)| {
            !line[..at].chars().next_back().is_some_and(is_name)
                && !line[at + word.len()..].chars().next().is_some_and(is_name)
        })
    };
    code.lines()
        .zip(1..)
        .filter(|(line, _)| has(line))
        .map(|(_, number)| number)
        .collect()
}

/// The lines that reach into `root::item`, as a path or through a `use root::{…}` group.
pub(crate) fn lines_with_path(code: &str, root: &str, item: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let prefix = format!("{root}::");
    for (at, _) in code.match_indices(&prefix) {
        if code[..at].chars().next_back().is_some_and(is_name) {
            continue;
        }
        let line = 1 + code[..at].matches('\n').count();
        if first_names(&code[at + prefix.len()..]).contains(&item) {
            found.push(line);
        }
    }
    found.dedup();
    found
}

/// The names directly below a path prefix: one, or those of the group that follows.
fn first_names(rest: &str) -> Vec<&str> {
    let rest = rest.trim_start();
    let Some(group) = rest.strip_prefix('{') else {
        return vec![leading_name(rest)];
    };
    let (mut names, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(leading_name(&group[start..at]));
                return names;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(leading_name(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

fn leading_name(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_unsafe(text: &str) -> bool {
        !lines_with_word(&code_only(text), "unsafe").is_empty()
    }

    #[test]
    fn words_in_comments_and_literals_are_not_code() {
        for text in [
            "// unsafe",
            "/* a /* nested */ unsafe */",
            "let a = \"unsafe \\\" unsafe\";",
            "let a = r#\"unsafe \" unsafe\"#;",
            "let a = br\"unsafe\";",
            "let unsafe_code = 1;",
        ] {
            assert!(!has_unsafe(text), "{text}");
        }
    }

    #[test]
    fn code_behind_literals_is_still_seen() {
        for text in [
            "/* */ unsafe {}",
            "let q = '\"'; unsafe {}",
            "let q = '\\''; unsafe {}",
            "fn f<'a>(x: &'a str) { unsafe {} }",
            "let r#type = 1; unsafe {}",
            "let s = r\"\\\"; unsafe {}",
            "let b = b'\"'; unsafe {}",
            "let s = \"\\\\\"; unsafe {}",
        ] {
            assert!(has_unsafe(text), "{text}");
        }
    }

    #[test]
    fn an_unfinished_literal_ends_with_the_file() {
        for text in ["/* unsafe", "\"unsafe", "r#\"unsafe\"", "'", "r", "'\\"] {
            assert_eq!(code_only(text).chars().count(), text.chars().count(), "{text}");
        }
    }

    #[test]
    fn test_modules_are_left_out_and_lines_keep_their_numbers() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { std::fs::read(); }\n}\nfn c() { std::fs::read(); }\n";
        assert_eq!(lines_with_path(&without_tests(code), "std", "fs"), [6]);
        assert_eq!(
            without_tests("#[cfg(test)]\nmod tests;\nx"),
            "            \n          \nx"
        );
    }

    #[test]
    fn paths_are_found_plain_and_in_groups() {
        assert_eq!(lines_with_path("use std::fs;", "std", "fs"), [1]);
        assert_eq!(lines_with_path("use std::{io, fs::File};", "std", "fs"), [1]);
        assert_eq!(
            lines_with_path("use std::{\n io::{self, fs},\n fs};", "std", "fs"),
            [1]
        );
        assert_eq!(lines_with_path("use std::{io::{fs}};", "std", "fs"), [0_usize; 0]);
        assert_eq!(
            lines_with_path("use xstd::fs; use std::fsx;", "std", "fs"),
            [0_usize; 0]
        );
    }
}
