//! Tokens of TorchScript, by the rules of PyTorch's lexer (`torch/csrc/jit/frontend/lexer.h`).
//!
//! A string begins at a quote, whatever stands before it (there are no raw strings), a backslash takes the next byte
//! with it, and only three quotes let it run over a line.

use super::Fault;
use crate::Problem;

/// A token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token<'a> {
    Name(&'a str),
    /// A string without its quotes, escapes as written.
    Text(&'a str),
    Number,
    /// One byte of an operator, or of what is no token at all.
    Byte(u8),
    /// `==`, `->` and the like, which hold a `=` that assigns nothing or a `^` that is no prefix.
    Operator,
    Newline,
}

/// Takes a source apart.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// Where the next token is looked for.
    pub(super) const fn offset(&self) -> u64 {
        self.at as u64
    }

    /// The next token and where it begins; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Token<'a>)>, Problem> {
        self.skip_space();
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let Some(&byte) = rest.first() else {
            return Ok(None);
        };
        let (length, token) = match byte {
            b'\n' => (1, Token::Newline),
            b'\'' | b'"' => self.string(rest)?,
            b'0'..=b'9' => (number(rest), Token::Number),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let name = run(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                (name.len(), Token::Name(name))
            }
            _ => operator(rest),
        };
        self.at = start.saturating_add(length);
        Ok(Some((start as u64, token)))
    }

    fn string(&self, rest: &'a [u8]) -> Result<(usize, Token<'a>), Problem> {
        let end = string_end(rest).ok_or_else(|| Problem::malformed(self.at as u64, Fault::String))?;
        let inner = rest
            .get(end.quotes..end.length.saturating_sub(end.quotes))
            .unwrap_or_default();
        Ok((
            end.length,
            Token::Text(std::str::from_utf8(inner).unwrap_or_default()),
        ))
    }

    /// Skips blanks, comments and continued lines.
    fn skip_space(&mut self) {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let length = match rest {
                [b' ' | b'\t' | b'\r' | b'\x0c', ..] => 1,
                [b'\\', b'\n', ..] => 2,
                [b'#', ..] => rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()),
                _ => return,
            };
            self.at = self.at.saturating_add(length);
        }
    }
}

/// Where a string ends.
struct End {
    /// Bytes with both quotes.
    length: usize,
    /// Bytes of one quote.
    quotes: usize,
}

fn string_end(text: &[u8]) -> Option<End> {
    let quote = *text.first()?;
    let triple = [quote; 3];
    let delimiter = if text.starts_with(&triple) {
        triple.as_slice()
    } else {
        triple.get(..1)?
    };
    let quotes = delimiter.len();
    let mut at = quotes;
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with(delimiter) {
            let length = at.saturating_add(quotes);
            return Some(End { length, quotes });
        }
        at = at.saturating_add(match rest.first()? {
            b'\n' if quotes == 1 => return None,
            b'\\' => 2,
            _ => 1,
        });
    }
}

fn number(rest: &[u8]) -> usize {
    let mut before = b' ';
    let mut length = 0_usize;
    for &byte in rest {
        let is_sign = b"+-".contains(&byte) && matches!(before, b'e' | b'E');
        if !is_sign && !byte.is_ascii_alphanumeric() && !b"._".contains(&byte) {
            break;
        }
        before = byte;
        length = length.saturating_add(1);
    }
    length
}

fn operator(rest: &[u8]) -> (usize, Token<'_>) {
    match rest {
        [
            b'=' | b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'@',
            b'=',
            ..,
        ]
        | [b'-', b'>', ..] => (2, Token::Operator),
        [byte, ..] => (1, Token::Byte(*byte)),
        [] => (1, Token::Operator),
    }
}

fn run(text: &[u8], is_part: impl Fn(u8) -> bool) -> &str {
    let length = text.iter().take_while(|&&byte| is_part(byte)).count();
    text.get(..length)
        .and_then(|run| std::str::from_utf8(run).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Vec<Token<'_>>, Problem> {
        let mut lexer = Lexer::new(text.as_bytes());
        let mut tokens = Vec::new();
        while let Some((_, token)) = lexer.next()? {
            tokens.push(token);
        }
        Ok(tokens)
    }

    #[test]
    fn strings_end_where_pytorch_ends_them() {
        use Token::{Byte, Name, Newline, Number, Text};
        assert_eq!(
            tokens("a = \"x\\\"#\" # b\n'''c\n''' \\\n1e-5.d").unwrap(),
            [
                Name("a"),
                Byte(b'='),
                Text("x\\\"#"),
                Newline,
                Text("c\n"),
                Number
            ]
        );
        // No raw strings: the backslash takes the quote with it.
        assert_eq!(tokens("r'\\'a'").unwrap(), [Name("r"), Text("\\'a")]);
        for open in ["'a", "'a\nb'", "\"\"\"a\"\"", "'\\", "r'\\'"] {
            assert!(tokens(open).is_err(), "{open}");
        }
    }
}
