//! Whether a large text could be a lock at all, by its lines: asked before a parser of TOML reads it, which makes a table of each dotted
//! key. Sixteen megabytes of those are a gigabyte of tables.
//!
//! ```text
//! line   = "" | "# …" | "[[model]]" | "]" | "files = [" | "signed-by = ["
//!        | member " = " ( quoted | number | table ) | "  " quoted "," | "  " table ","
//! table  = "{ " member " = " quoted { ", " member " = " quoted } " }"
//! ```

use super::{Lock, LockError};

/// Bytes of a text that is read as it is, so that a parser can say what is wrong with it.
const SMALL: usize = 64 << 10;

/// Signers of all models.
const MOST_SIGNERS: usize = 50_000;

/// Lines of a model that are none of a list.
const MOST_MEMBERS: usize = 16;

/// Members of a table.
const MOST_OF_TABLE: usize = 8;

/// Refuses a large text that has other lines than a lock, or more.
pub(super) fn check(text: &str) -> Result<(), LockError> {
    if text.len() <= SMALL {
        return Ok(());
    }
    let (mut signers, mut members) = (0_usize, 0_usize);
    for (at, line) in text.split('\n').enumerate() {
        match kind(line) {
            None => return Err(LockError::NotCanonical(at + 1)),
            Some(Kind::File) => {}
            Some(Kind::Signer) => signers += 1,
            Some(Kind::Member) => members += 1,
        }
        if signers > MOST_SIGNERS || members > Lock::MAX_MODELS * MOST_MEMBERS {
            return Err(LockError::TooMany);
        }
    }
    Ok(())
}

enum Kind {
    File,
    Signer,
    Member,
}

fn kind(line: &str) -> Option<Kind> {
    if let Some(item) = line.strip_prefix("  ") {
        let item = item.strip_suffix(',')?;
        return match table(item) {
            Some(()) => Some(Kind::Signer),
            // A digest stands before each name.
            None => (item.len() > 64 && quoted(item)? == item.len()).then_some(Kind::File),
        };
    }
    let is_fixed = matches!(line, "" | "[[model]]" | "]" | "files = [" | "signed-by = [");
    if is_fixed || line.starts_with('#') {
        return Some(Kind::Member);
    }
    let (member, value) = line.split_once(" = ")?;
    let is_number = !value.is_empty() && value.len() <= 20 && value.bytes().all(|it| it.is_ascii_digit());
    let is_value = is_number || quoted(value) == Some(value.len()) || table(value).is_some();
    (is_member(member) && is_value).then_some(Kind::Member)
}

fn is_member(name: &str) -> bool {
    (1..=16).contains(&name.len()) && name.bytes().all(|it| it.is_ascii_lowercase() || it == b'-')
}

/// The length of the quoted text that this begins with.
fn quoted(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('"')?;
    let mut is_escaped = false;
    let end = inner.bytes().position(|it| {
        let ends = it == b'"' && !is_escaped;
        is_escaped = it == b'\\' && !is_escaped;
        ends
    })?;
    Some(end + 2)
}

/// A table in one line.
fn table(text: &str) -> Option<()> {
    let mut rest = text.strip_prefix("{ ")?.strip_suffix(" }")?;
    for _ in 0..MOST_OF_TABLE {
        let (member, value) = rest.split_once(" = ")?;
        let behind = value.get(quoted(value)?..)?;
        if !is_member(member) {
            return None;
        }
        if behind.is_empty() {
            return Some(());
        }
        rest = behind.strip_prefix(", ")?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_lock_are_known() {
        let digest = "0".repeat(64);
        let file = format!("  \"{digest} 12 a \\\"b\\\\\",");
        for line in [
            "",
            "# Made by",
            "version = 1",
            "[[model]]",
            "name = \"acme/pebble\"",
            "size = 12",
            "files = [",
            &file,
            "]",
            "  { kind = \"key\", fingerprint = \"00\" },",
            "verdict = { digest = \"sha256:0\", mode = \"staging\" }",
        ] {
            assert!(kind(line).is_some(), "{line}");
        }
        for line in [
            "a.b = 1",
            "a.b.c = \"x\"",
            "[a]",
            "[[model.signed-by]]",
            "name = \"a\" \"b\"",
            "name = \"a\\\"",
            "name = [[[1]]]",
            "  [],",
            "  \"a\",",
            "  { kind = \"key\", a.b = \"00\" },",
            "  { kind = { a = \"b\" } },",
            "x = { }",
        ] {
            assert!(kind(line).is_none(), "{line}");
        }
    }

    #[test]
    fn what_is_large_and_no_lock_is_refused_before_it_is_read() {
        let many = |line: &str| format!("version = 1\n{}", line.repeat(SMALL / line.len() + 1));
        assert_eq!(check(&many("a.b.c.d = 1\n")), Err(LockError::NotCanonical(2)));
        assert_eq!(check(&many("[x]\n")), Err(LockError::NotCanonical(2)));
        assert_eq!(check("a.b.c.d = 1\n"), Ok(()));
        let signers = "  { kind = \"k\" },\n".repeat(MOST_SIGNERS + 1);
        assert_eq!(check(&signers), Err(LockError::TooMany));
        let names = "name = \"\"\n".repeat(Lock::MAX_MODELS * MOST_MEMBERS + 1);
        assert_eq!(check(&names), Err(LockError::TooMany));
    }
}
