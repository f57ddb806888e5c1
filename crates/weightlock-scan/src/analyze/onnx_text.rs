//! ONNX in its own syntax, `.onnxtxt`. <https://github.com/onnx/onnx/blob/main/docs/Syntax.md>
//!
//! ```text
//! model = "<" "ir_version" ":" number … ">" graph { "<" "domain" ":" text … ">" function }
//! node  = outputs "=" [domain "."] operator [attributes] "(" inputs ")"
//! data  = type name "=" "[" "location" ":" text … "]"
//! ```
//!
//! Only words, texts and signs are told apart: that is enough for operators and for where data lies.

use super::{Examination, Subject, onnx};
use crate::coverage::Gap;

/// Bytes of a file that are read.
const BYTES: usize = 40 << 20;

enum Token {
    Word(String),
    Text(String),
    Sign(u8),
}

/// Whether the text begins like a model.
fn begins(head: &[u8]) -> bool {
    let mut rest = head.trim_ascii_start();
    while rest.starts_with(b"#") {
        let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        rest = rest.get(end..).unwrap_or_default().trim_ascii_start();
    }
    rest.strip_prefix(b"<")
        .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"ir_version"))
}

/// Examines text that could be a model. `true`: it is one, and was read here or put down as unread.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) -> bool {
    let name = subject.trail.base_name().to_ascii_lowercase();
    let is_named = name.ends_with(".onnxtxt") || name.ends_with(".onnxtext");
    let size = subject.content.size();
    let Ok(head) = subject.content.read(0, 4096) else {
        return false;
    };
    if !is_named && !begins(&head) {
        return false;
    }
    match subject.content.whole(BYTES) {
        Ok(Some(text)) => {
            exam.explain(0..size);
            judge(&text, exam);
        }
        Ok(None) => {
            let (what, limit) = ("bytes of ONNX text", BYTES as u64);
            exam.unread(0..size, Gap::Limit { what, limit });
        }
        Err(error) => exam.unread(0..size, Gap::Unreadable(error.to_string())),
    }
    true
}

fn judge(text: &[u8], exam: &mut Examination<'_>) {
    let mut model = onnx::Text::default();
    let mut domain = String::new();
    let (mut before, mut last) = (Token::Sign(b' '), Token::Sign(b' '));
    let mut at = 0;
    while let Some((start, token)) = next(text, &mut at) {
        let offset = start as u64;
        match (&before, &last, &token) {
            (Token::Text(key) | Token::Word(key), Token::Sign(b':'), Token::Text(value)) => {
                match key.as_str() {
                    "location" => model.location(value, offset),
                    "domain" => value.clone_into(&mut domain),
                    _ => {}
                }
            }
            (Token::Sign(b'='), Token::Word(name), Token::Sign(b'(' | b'<' | b':')) => {
                let (domain, operator) = name.rsplit_once('.').unwrap_or(("", name));
                model.node(domain, operator, offset);
            }
            (Token::Sign(b'>'), Token::Word(name), Token::Sign(b'(' | b'<')) => model.define(&domain, name),
            _ => {}
        }
        before = std::mem::replace(&mut last, token);
    }
    model.conclude(exam);
}

/// The next token and where it begins.
fn next(text: &[u8], at: &mut usize) -> Option<(usize, Token)> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte) || *byte >= 0x80;
    loop {
        let start = *at;
        let &byte = text.get(start)?;
        let rest = text.get(start..)?;
        let length = |is: &dyn Fn(&u8) -> bool| rest.iter().position(|byte| !is(byte)).unwrap_or(rest.len());
        if byte.is_ascii_whitespace() {
            *at = start.saturating_add(1);
        } else if byte == b'#' {
            *at = start.saturating_add(length(&|byte| *byte != b'\n'));
        } else if byte == b'"' {
            return Some((start, Token::Text(string(text, at))));
        } else if is_word(&byte) {
            let end = start.saturating_add(length(&is_word));
            *at = end;
            let word = String::from_utf8_lossy(text.get(start..end)?).into_owned();
            return Some((start, Token::Word(word)));
        } else {
            *at = start.saturating_add(1);
            return Some((start, Token::Sign(byte)));
        }
    }
}

/// A text in quotes, in which a backslash stands before a character that is meant as it is.
fn string(text: &[u8], at: &mut usize) -> String {
    let mut bytes = Vec::new();
    *at = at.saturating_add(1);
    while let Some(&byte) = text.get(*at) {
        *at = at.saturating_add(1);
        match byte {
            b'"' => break,
            b'\\' => {
                bytes.extend(text.get(*at));
                *at = at.saturating_add(1);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
