//! Names of archive members: where an extractor would put them, and which of them are one name to some reader.

/// Where an extractor that believes the name would write.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Escape {
    /// `..` leaves the folder.
    Parent,
    /// From the root.
    Absolute,
    /// On a drive: `C:`.
    Drive,
    /// On another machine: `\\server\share`.
    Unc,
}

impl Escape {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "leaves the folder by `..`",
            Self::Absolute => "begins at the root",
            Self::Drive => "names a drive",
            Self::Unc => "names another machine",
        }
    }
}

/// How `name` leaves the folder that its archive is extracted to; `None` when it stays. Backslashes separate too:
/// they do on Windows.
#[must_use]
pub fn escape(name: &str) -> Option<Escape> {
    let bytes = name.as_bytes();
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    match bytes {
        [a, b, c, ..] if is_separator(a) && is_separator(b) && !is_separator(c) => return Some(Escape::Unc),
        [a, ..] if is_separator(a) => return Some(Escape::Absolute),
        [drive, b':', ..] if drive.is_ascii_alphabetic() => return Some(Escape::Drive),
        _ => {}
    }
    leaves(name).then_some(Escape::Parent)
}

/// Whether the path climbs above its start, at any point.
fn leaves(path: &str) -> bool {
    let mut depth = 0_u32;
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth = depth.saturating_sub(1),
            _ => depth = depth.saturating_add(1),
        }
    }
    false
}

/// How a link at `name` that points to `target` leaves the folder.
#[must_use]
pub fn link_escape(name: &str, target: &str) -> Option<Escape> {
    match escape(target) {
        None | Some(Escape::Parent) => {
            let folder = name
                .rfind(['/', '\\'])
                .and_then(|end| name.get(..end))
                .unwrap_or_default();
            leaves(&format!("{folder}/{target}")).then_some(Escape::Parent)
        }
        escape => escape,
    }
}

/// The name as the least particular reader sees it: without case, `./`, doubled separators and what follows a NUL,
/// and with one kind of separator. Names with the same key are one file to some reader.
#[must_use]
pub fn key(name: &str) -> String {
    let name = name.split('\0').next().unwrap_or_default();
    let parts = name.split(['/', '\\']).filter(|part| !matches!(*part, "" | "."));
    let mut key = String::with_capacity(name.len());
    for part in parts {
        if !key.is_empty() {
            key.push('/');
        }
        key.extend(part.chars().flat_map(char::to_lowercase));
    }
    key
}

/// A name's bytes as text: UTF-8, or else each byte as the character of its number, so that no two names become one.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_are_told() {
        for (name, expected) in [
            ("archive/data.pkl", None),
            ("./a/../b", None),
            ("..a/b..", None),
            ("a:b", Some(Escape::Drive)),
            ("ab:c", None),
            ("../a", Some(Escape::Parent)),
            ("a/../../b", Some(Escape::Parent)),
            ("a\\..\\..\\b", Some(Escape::Parent)),
            ("/etc/passwd", Some(Escape::Absolute)),
            ("\\windows", Some(Escape::Absolute)),
            ("\\\\server\\share", Some(Escape::Unc)),
            ("//server/share", Some(Escape::Unc)),
            ("C:\\x", Some(Escape::Drive)),
        ] {
            assert_eq!(escape(name), expected, "{name}");
        }
        assert_eq!(link_escape("a/b", "../c"), None);
        assert_eq!(link_escape("b", "../c"), Some(Escape::Parent));
        assert_eq!(link_escape("b", "/etc"), Some(Escape::Absolute));
    }

    #[test]
    fn names_that_are_one_to_some_reader_have_one_key() {
        for name in ["a/b", "A/B", "./a//b", "a\\b", "a/b\0.txt"] {
            assert_eq!(key(name), "a/b");
        }
        assert_ne!(key("a/bc"), "a/b");
        assert_eq!(text(b"\xff\xfe"), "\u{ff}\u{fe}");
    }
}
