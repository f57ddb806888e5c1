//! From text to pieces: text between tags, and the tokens of each tag.

use super::{Fault, Literal, limit, text};
use crate::{Problem, reader::within};

/// A part of the template.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Piece<'a> {
    /// Text that is printed.
    Text(&'a str),
    /// The tokens of `{{ … }}`, and where it ends.
    Output(Vec<Token<'a>>, u64),
    /// The tokens of `{% … %}`, and where it ends.
    Tag(Vec<Token<'a>>, u64),
}

/// A token and the byte that it begins at.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Token<'a> {
    pub(super) offset: u64,
    pub(super) kind: Kind<'a>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind<'a> {
    Name(&'a str),
    Literal(Literal),
    Symbol(&'static str),
}

/// Longer symbols before their prefixes.
const SYMBOLS: &[&str] = &[
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
    "=", ".", ":", "|", ",", ";",
];

#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// The tag before asked for the white space behind it to be dropped.
    strip: Strip,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Strip {
    Nothing,
    /// One line break, as `trim_blocks` has it.
    Break,
    All,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            strip: Strip::Nothing,
        }
    }

    /// The next piece; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'a>>, Problem> {
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return Ok(None);
            }
            let open = find_open(rest);
            if open != Some(0) {
                let (text, strips) = match open {
                    Some(open) => {
                        let next = rest.get(open.saturating_add(2)..).unwrap_or_default();
                        (rest.get(..open).unwrap_or_default(), next.starts_with('-'))
                    }
                    None => (rest, false),
                };
                self.at = self.at.saturating_add(text.len());
                let text = self.stripped(text);
                let text = if strips { text.trim_end() } else { text };
                if text.is_empty() {
                    continue;
                }
                return Ok(Some(Piece::Text(text)));
            }
            if rest.starts_with("{#") {
                self.comment()?;
            } else if let Some(raw) = self.raw()? {
                return Ok(Some(Piece::Text(raw)));
            } else {
                return self.tag().map(Some);
            }
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn stripped(&mut self, text: &'a str) -> &'a str {
        match std::mem::replace(&mut self.strip, Strip::Nothing) {
            Strip::Nothing => text,
            Strip::Break => text
                .strip_prefix("\r\n")
                .or_else(|| text.strip_prefix('\n'))
                .unwrap_or(text),
            Strip::All => text.trim_start(),
        }
    }

    fn comment(&mut self) -> Result<(), Problem> {
        let body = self.rest().get(2..).unwrap_or_default();
        let end = body.find("#}").ok_or_else(|| self.unclosed("#}"))?;
        self.strip = strip_at(body.get(..end).unwrap_or_default());
        self.at = self.at.saturating_add(end).saturating_add(4);
        Ok(())
    }

    /// `{% raw %} … {% endraw %}`.
    fn raw(&mut self) -> Result<Option<&'a str>, Problem> {
        let Some((begin, strip)) = word_tag(self.rest(), "raw") else {
            return Ok(None);
        };
        let body = self.rest().get(begin..).unwrap_or_default();
        let mut from = 0_usize;
        loop {
            let found = body.get(from..).and_then(|rest| rest.find("{%"));
            let open = found.ok_or_else(|| self.unclosed("endraw"))?.saturating_add(from);
            let tail = body.get(open..).unwrap_or_default();
            let Some((length, strip_behind)) = word_tag(tail, "endraw") else {
                from = open.saturating_add(2);
                continue;
            };
            self.at = self
                .at
                .saturating_add(begin)
                .saturating_add(open)
                .saturating_add(length);
            self.strip = strip;
            let text = self.stripped(body.get(..open).unwrap_or_default());
            self.strip = strip_behind;
            return Ok(Some(if tail.starts_with("{%-") {
                text.trim_end()
            } else {
                text
            }));
        }
    }

    /// `{{ … }}` or `{% … %}`.
    fn tag(&mut self) -> Result<Piece<'a>, Problem> {
        let is_output = self.rest().starts_with("{{");
        let close = if is_output { "}}" } else { "%}" };
        self.at = self.at.saturating_add(2);
        if self.rest().starts_with(['-', '+']) {
            self.at = self.at.saturating_add(1);
        }
        let mut tokens: Vec<Token<'a>> = Vec::new();
        // Closing brackets that are due: `}}` ends an output only where no dictionary is open.
        let mut due: Vec<&'static str> = Vec::new();
        loop {
            let rest = self.rest();
            let space = rest.len().saturating_sub(rest.trim_start().len());
            self.at = self.at.saturating_add(space);
            let rest = self.rest();
            let signs = usize::from(rest.starts_with(['-', '+']));
            if due.is_empty() && rest.get(signs..).is_some_and(|rest| rest.starts_with(close)) {
                let end = self.at as u64;
                self.strip = match (rest.as_bytes().first(), is_output) {
                    (Some(b'-'), _) => Strip::All,
                    (Some(b'%'), false) => Strip::Break,
                    _ => Strip::Nothing,
                };
                self.at = self.at.saturating_add(signs).saturating_add(2);
                return Ok(if is_output {
                    Piece::Output(tokens, end)
                } else {
                    Piece::Tag(tokens, end)
                });
            }
            if rest.is_empty() {
                return Err(self.unclosed(close));
            }
            let behind_dot = tokens.last().is_some_and(|token| token.kind == Kind::Symbol("."));
            let token = self.token(behind_dot)?;
            if let Kind::Symbol(symbol) = token.kind {
                balance(symbol, token.offset, &mut due)?;
            }
            tokens.push(token);
            // Each token becomes at most one expression and a little more.
            within(
                "the number of tokens in a template tag",
                tokens.len() as u64,
                limit::NODES,
                self.at as u64,
            )?;
        }
    }

    fn token(&mut self, behind_dot: bool) -> Result<Token<'a>, Problem> {
        let offset = self.at as u64;
        let rest = self.rest();
        let (kind, length) = match rest.chars().next() {
            Some('0'..='9') => number(rest, behind_dot),
            Some('"' | '\'') => {
                let length = string_length(rest).ok_or_else(|| self.unclosed("the end of a string"))?;
                let inner = rest.get(1..length.saturating_sub(1)).unwrap_or_default();
                let text = text::unescape(inner).ok_or_else(|| Problem::malformed(offset, Fault::Escape))?;
                (Kind::Literal(Literal::Text(text)), length)
            }
            Some(first) if is_word(first) => {
                let length = word_length(rest);
                (Kind::Name(rest.get(..length).unwrap_or_default()), length)
            }
            _ => {
                let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
                let symbol = symbol.ok_or_else(|| Problem::malformed(offset, Fault::Character))?;
                (Kind::Symbol(symbol), symbol.len())
            }
        };
        self.at = self.at.saturating_add(length);
        Ok(Token { offset, kind })
    }

    fn unclosed(&self, what: &'static str) -> Problem {
        Problem::malformed(self.at as u64, Fault::Unclosed(what))
    }
}

/// Opens or closes a bracket.
fn balance(symbol: &'static str, offset: u64, due: &mut Vec<&'static str>) -> Result<(), Problem> {
    match symbol {
        "(" => due.push(")"),
        "[" => due.push("]"),
        "{" => due.push("}"),
        ")" | "]" | "}" if due.pop() != Some(symbol) => {
            let expected = "the bracket that was opened";
            return Err(Problem::malformed(offset, Fault::Unexpected { expected }));
        }
        _ => {}
    }
    Ok(())
}

fn find_open(text: &str) -> Option<usize> {
    let opens = |pair: &[u8]| matches!(pair, [b'{', b'{' | b'%' | b'#']);
    text.as_bytes().windows(2).position(opens)
}

/// What a tag ending so asks of the text behind it.
fn strip_at(body: &str) -> Strip {
    match body.as_bytes().last() {
        Some(b'-') => Strip::All,
        Some(b'+') => Strip::Nothing,
        _ => Strip::Break,
    }
}

/// The length of a tag that consists of `word` alone, when `text` begins with one, and what it strips behind it.
fn word_tag(text: &str, word: &str) -> Option<(usize, Strip)> {
    let inner = text.strip_prefix("{%")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let inner = inner.trim_start().strip_prefix(word)?.trim_start();
    let signs = usize::from(inner.starts_with(['-', '+']));
    let behind = inner.get(signs..)?.strip_prefix("%}")?;
    let length = text.len().saturating_sub(behind.len());
    Some((length, strip_at(inner.get(..signs)?)))
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

fn word_length(text: &str) -> usize {
    text.find(|character| !is_word(character)).unwrap_or(text.len())
}

/// The length of a string with both quotes.
fn string_length(text: &str) -> Option<usize> {
    let (quote, body) = text.as_bytes().split_first()?;
    let mut escaped = false;
    let end = body.iter().position(|byte| {
        let ends = byte == quote && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    Some(end.saturating_add(2))
}

/// A number. Behind a dot only digits count: `loop.0.1` is two indices.
fn number<'a>(text: &str, behind_dot: bool) -> (Kind<'a>, usize) {
    let digits = |from: usize| {
        let rest = text.as_bytes().get(from..).unwrap_or_default();
        rest.iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'_')
            .count()
    };
    let byte = |at: usize| text.as_bytes().get(at).copied().unwrap_or_default();
    if byte(0) == b'0' && matches!(byte(1), b'x' | b'X' | b'b' | b'B' | b'o' | b'O') {
        return radix(text);
    }
    let mut length = digits(0);
    let mut is_float = false;
    if !behind_dot && byte(length) == b'.' && byte(length.saturating_add(1)).is_ascii_digit() {
        is_float = true;
        length = length.saturating_add(1);
        length = length.saturating_add(digits(length));
    }
    if !behind_dot && matches!(byte(length), b'e' | b'E') {
        let sign = usize::from(matches!(byte(length.saturating_add(1)), b'+' | b'-'));
        let exponent = length.saturating_add(1).saturating_add(sign);
        if byte(exponent).is_ascii_digit() {
            is_float = true;
            length = exponent.saturating_add(digits(exponent));
        }
    }
    let plain = text.get(..length).unwrap_or_default().replace('_', "");
    let literal = if is_float {
        Literal::Float(plain.parse().unwrap_or(f64::MAX))
    } else {
        Literal::Integer(plain.parse().unwrap_or(i64::MAX))
    };
    (Kind::Literal(literal), length)
}

fn radix<'a>(text: &str) -> (Kind<'a>, usize) {
    let length = word_length(text);
    let radix = match text.as_bytes().get(1) {
        Some(b'x' | b'X') => 16,
        Some(b'b' | b'B') => 2,
        _ => 8,
    };
    let digits = text.get(2..length).unwrap_or_default().replace('_', "");
    let value = i64::from_str_radix(&digits, radix).unwrap_or(i64::MAX);
    (Kind::Literal(Literal::Integer(value)), length)
}
