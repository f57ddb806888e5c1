//! [`Literal`]: the Python literals that a header of NumPy is written in, without recursion.
//!
//! ```text
//! value   = string+ | integer | True | False | None | ( items ) | [ items ] | { pairs }
//! items   = [ value *( , value ) [ , ] ]          one value in ( ) without a comma is the value itself
//! pairs   = [ value : value *( , value : value ) [ , ] ]
//! string  = [u|b|r] ' or " quoted, with escapes
//! integer = [+|-] decimal or 0x, 0o, 0b, with _ between digits; [L] of Python 2
//! ```
//!
//! NumPy evaluates exactly this; older readers evaluate any expression. So what is no literal is a fault of its
//! own ([`Fault::Code`]) when it names something, because to those readers it is a program.

use super::Fault;
use crate::{Problem, reader::within};

/// Literals within each other. NumPy itself gives up at 32 dimensions of nested types.
const NESTING: u64 = 64;
/// Literals of one header; the widest published tables have a few thousand columns.
const VALUES: u64 = 100_000;

/// A value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Literal {
    /// A string; bytes are read as Latin-1.
    Text(String),
    /// An integer; one of more than 128 bits is as large as fits.
    Integer(i128),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    None,
    /// A list.
    List(Vec<Self>),
    /// A tuple.
    Tuple(Vec<Self>),
    /// A dictionary, in the order as written, with keys as often as written.
    Dict(Vec<(Self, Self)>),
}

/// An open bracket and what is in it so far.
struct Open {
    kind: u8,
    items: Vec<Literal>,
    comma: bool,
}

/// Reads one literal from `text`, which begins at `offset` of its file; only white space may follow it.
///
/// # Errors
/// The first byte that is no literal, or a met limit.
pub(super) fn parse(text: &str, offset: u64) -> Result<Literal, Problem> {
    let mut parser = Parser {
        rest: text,
        offset,
        values: 0,
    };
    let value = parser.value()?;
    parser.skip_space();
    match parser.rest.is_empty() {
        true => Ok(value),
        false => Err(parser.fault(Fault::Literal)),
    }
}

struct Parser<'a> {
    rest: &'a str,
    offset: u64,
    values: u64,
}

/// What may come next in the innermost bracket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Value,
    ValueOrEnd,
    CommaOrEnd,
    Colon,
}

impl Parser<'_> {
    fn value(&mut self) -> Result<Literal, Problem> {
        let mut open: Vec<Open> = Vec::new();
        let mut due = Due::Value;
        loop {
            self.skip_space();
            let byte = self
                .rest
                .bytes()
                .next()
                .ok_or_else(|| self.fault(Fault::Literal))?;
            let done = match (due, byte) {
                (Due::Value | Due::ValueOrEnd, b'(' | b'[' | b'{') => {
                    within("the depth of the header", open.len() as u64, NESTING, self.offset)?;
                    self.count()?;
                    self.advance(1);
                    open.push(Open {
                        kind: byte,
                        items: Vec::new(),
                        comma: false,
                    });
                    due = Due::ValueOrEnd;
                    continue;
                }
                (Due::ValueOrEnd | Due::CommaOrEnd, b')' | b']' | b'}') => {
                    let inner = open.pop().ok_or_else(|| self.fault(Fault::Literal))?;
                    let value = close(inner, byte).ok_or_else(|| self.fault(Fault::Literal))?;
                    self.advance(1);
                    value
                }
                (Due::CommaOrEnd, b',') => {
                    if let Some(inner) = open.last_mut() {
                        inner.comma = true;
                    }
                    self.advance(1);
                    due = Due::ValueOrEnd;
                    continue;
                }
                (Due::Colon, b':') => {
                    self.advance(1);
                    due = Due::Value;
                    continue;
                }
                (Due::Value | Due::ValueOrEnd, _) => {
                    self.count()?;
                    self.scalar(byte)?
                }
                _ => return Err(self.fault(Fault::Literal)),
            };
            let Some(inner) = open.last_mut() else {
                return Ok(done);
            };
            inner.items.push(done);
            let is_key = inner.kind == b'{' && inner.items.len() % 2 == 1;
            due = if is_key { Due::Colon } else { Due::CommaOrEnd };
        }
    }

    fn count(&mut self) -> Result<(), Problem> {
        self.values = self.values.saturating_add(1);
        within(
            "the number of values in the header",
            self.values,
            VALUES,
            self.offset,
        )
        .map(drop)
    }

    fn scalar(&mut self, byte: u8) -> Result<Literal, Problem> {
        if let Some(text) = self.string()? {
            return self.strings(text);
        }
        if byte.is_ascii_digit() || b"+-".contains(&byte) {
            return self.integer();
        }
        let word = self.word();
        let known = match word {
            "True" => Literal::Bool(true),
            "False" => Literal::Bool(false),
            "None" => Literal::None,
            "" => return Err(self.fault(Fault::Literal)),
            _ => return Err(self.fault(Fault::Code)),
        };
        let length = word.len();
        self.advance(length);
        Ok(known)
    }

    /// Strings that follow each other are one.
    fn strings(&mut self, mut text: String) -> Result<Literal, Problem> {
        loop {
            self.skip_space();
            match self.string()? {
                Some(more) => text.push_str(&more),
                None => return Ok(Literal::Text(text)),
            }
        }
    }

    /// A string, when one begins here.
    fn string(&mut self) -> Result<Option<String>, Problem> {
        let prefix: &str = self.rest;
        let prefix = prefix
            .len()
            .saturating_sub(prefix.trim_start_matches(['u', 'b', 'r', 'U', 'B', 'R']).len());
        let body = self.rest.get(prefix..).unwrap_or_default();
        let Some(quote) = body.chars().next().filter(|quote| ['\'', '"'].contains(quote)) else {
            return Ok(None);
        };
        if prefix > 2 {
            return Err(self.fault(Fault::Literal));
        }
        let is_raw = self
            .rest
            .get(..prefix)
            .is_some_and(|prefix| prefix.contains(['r', 'R']));
        let mut text = String::new();
        let mut characters = body.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' if !is_raw => text.extend(escape(&mut characters)),
                '\n' => break,
                _ if character == quote => {
                    self.advance(prefix.saturating_add(at).saturating_add(1));
                    return Ok(Some(text));
                }
                _ => text.push(character),
            }
        }
        Err(self.fault(Fault::Literal))
    }

    fn integer(&mut self) -> Result<Literal, Problem> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_+-".contains(c);
        let length = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let token = self.rest.get(..length).unwrap_or_default();
        let (negative, digits) = match token.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, token.strip_prefix('+').unwrap_or(token)),
        };
        let digits = digits.trim_end_matches(['L', 'l']).replace('_', "");
        let lower = digits.to_ascii_lowercase();
        let (radix, digits) = [("0x", 16), ("0o", 8), ("0b", 2)]
            .into_iter()
            .find_map(|(prefix, radix)| Some((radix, lower.strip_prefix(prefix)?)))
            .unwrap_or((10, &lower));
        if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
            return Err(self.fault(Fault::Literal));
        }
        let value = i128::from_str_radix(digits, radix).unwrap_or(i128::MAX);
        self.advance(length);
        Ok(Literal::Integer(if negative {
            value.saturating_neg()
        } else {
            value
        }))
    }

    fn word(&self) -> &str {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let length = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        self.rest.get(..length).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let trimmed = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
        self.advance(self.rest.len().saturating_sub(trimmed.len()));
    }

    fn advance(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
        self.offset = self.offset.saturating_add(count as u64);
    }

    fn fault(&self, fault: Fault) -> Problem {
        Problem::malformed(self.offset, fault)
    }
}

/// The value that the bracket `end` completes; `None` when it closes another kind.
fn close(open: Open, end: u8) -> Option<Literal> {
    let mut items = open.items;
    match (open.kind, end) {
        (b'(', b')') if !open.comma && items.len() == 1 => items.pop(),
        (b'(', b')') => Some(Literal::Tuple(items)),
        (b'[', b']') => Some(Literal::List(items)),
        (b'{', b'}') if items.len().is_multiple_of(2) => {
            let mut pairs = Vec::new();
            let mut items = items.into_iter();
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                pairs.push((key, value));
            }
            Some(Literal::Dict(pairs))
        }
        _ => None,
    }
}

/// What stands behind a backslash. An escape that names no character is left out: no type and no key needs one.
fn escape(characters: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    let digits = |characters: &mut dyn Iterator<Item = (usize, char)>, count: usize| {
        let digits: String = characters.take(count).map(|(_, c)| c).collect();
        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
    };
    match characters.next()?.1 {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        '0' => Some('\0'),
        'x' => digits(characters, 2),
        'u' => digits(characters, 4),
        'U' => digits(characters, 8),
        '\n' => None,
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Literal {
        Literal::Text(text.to_owned())
    }

    #[test]
    fn reads_what_numpy_writes() {
        let header =
            "{'descr': [('a', '<f4'), ('b', '|O', (2,))], 'fortran_order': False, 'shape': (3L,), }   \n";
        let Literal::Dict(pairs) = parse(header, 0).unwrap() else {
            panic!("a dictionary");
        };
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs[2].1, Literal::Tuple(vec![Literal::Integer(3)]));
        assert_eq!(parse("()", 0), Ok(Literal::Tuple(vec![])));
        assert_eq!(parse("('a')", 0), Ok(text("a")));
        assert_eq!(parse("'a' \"b\" u'\\x63'", 0), Ok(text("abc")));
        assert_eq!(parse("r'\\x'", 0), Ok(text("\\x")));
        assert_eq!(parse("-0x1_0", 0), Ok(Literal::Integer(-16)));
        assert_eq!(parse(&"9".repeat(60), 0), Ok(Literal::Integer(i128::MAX)));
    }

    #[test]
    fn what_is_no_literal_is_refused() {
        for bad in [
            "",
            "{",
            "{1}",
            "{1:}",
            "(1,,2)",
            "(,)",
            "[1)",
            "1 2",
            "'a",
            "'a\nb'",
            "1.5",
            "{'a': 1,, }",
            "]",
            "1__L0x",
        ] {
            let problem = parse(bad, 0).unwrap_err();
            assert!(
                matches!(
                    &problem,
                    Problem::Malformed {
                        fault: crate::Fault::Numpy(Fault::Literal),
                        ..
                    }
                ),
                "{bad}: {problem}"
            );
        }
        for code in [
            "__import__('os')",
            "{'a': f(1)}",
            "x",
            "lambda: 1",
            "(i for i in ())",
        ] {
            let problem = parse(code, 0).unwrap_err();
            assert!(
                matches!(
                    &problem,
                    Problem::Malformed {
                        fault: crate::Fault::Numpy(Fault::Code),
                        ..
                    }
                ),
                "{code}: {problem}"
            );
        }
    }

    #[test]
    fn depth_and_number_are_limited() {
        assert!(parse(&format!("{}{}", "(".repeat(60), ")".repeat(60)), 0).is_ok());
        for deep in [
            "(".repeat(100_000),
            "[".repeat(66),
            format!("({})", "0,".repeat(100_001)),
        ] {
            assert!(matches!(parse(&deep, 0), Err(Problem::LimitExceeded { .. })));
        }
    }
}
