//! [`escape`]: does a path that a file names leave the folder of the file?
//!
//! A loader joins the path to the folder, and what comes of it depends on the loader and the system: some cut at `#`
//! or NUL, some decode `%2e`, on some `\` separates. So the answer is yes when any reading leaves the folder.

use std::fmt;

use serde::Serialize;

/// How a path leaves the folder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Escape {
    /// It begins at the root of the file system, or of a drive.
    Absolute,
    /// It climbs above the folder with `..`.
    Parent,
    /// It names a server: a URL or a UNC path.
    Remote,
    /// It begins with `~` or holds a variable that a shell or loader fills in.
    Expanded,
    /// It holds a NUL character, at which some readers cut.
    Nul,
}

impl fmt::Display for Escape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absolute => "is absolute",
            Self::Parent => "climbs above the folder",
            Self::Remote => "names a server",
            Self::Expanded => "is filled in from the environment",
            Self::Nul => "holds a NUL character",
        })
    }
}

/// How `path` leaves its folder under any reading; `None` when it stays inside under all.
#[must_use]
pub fn escape(path: &str) -> Option<Escape> {
    if path.contains('\0') {
        return Some(Escape::Nul);
    }
    let decoded = percent_decoded(path);
    [path, decoded.as_str()].into_iter().find_map(plain)
}

fn plain(path: &str) -> Option<Escape> {
    let path = path.trim();
    let slashed = path.replace('\\', "/");
    if slashed.starts_with("//") || is_url(path) {
        return Some(Escape::Remote);
    }
    let bytes = path.as_bytes();
    let drive = matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic());
    if slashed.starts_with('/') || drive {
        return Some(Escape::Absolute);
    }
    if path.starts_with('~') || path.contains("${") || path.contains("$(") {
        return Some(Escape::Expanded);
    }
    slashed
        .split(['/', '#', '?', ';'])
        .any(|part| part.trim_end_matches([' ', '.']).is_empty() && part.trim_end().starts_with(".."))
        .then_some(Escape::Parent)
}

/// `scheme://`, or one of the schemes that do without slashes.
fn is_url(path: &str) -> bool {
    let scheme = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let bare = ["file:", "data:", "http:", "https:", "ftp:", "jar:"];
    let lower = path.to_ascii_lowercase();
    path.split_once("://").is_some_and(|(before, _)| scheme(before))
        || bare.iter().any(|bare| lower.starts_with(bare))
}

fn percent_decoded(path: &str) -> String {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                decoded.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_reading_counts() {
        for (path, how) in [
            ("weights.bin", None),
            ("sub/weights.bin", None),
            ("a..b/c", None),
            ("model.onnx.data", None),
            ("...", Some(Escape::Parent)),
            ("100%", None),
            ("../x", Some(Escape::Parent)),
            ("a/../../x", Some(Escape::Parent)),
            ("a/.. /x", Some(Escape::Parent)),
            ("..\\Windows\\win.ini", Some(Escape::Parent)),
            ("w.bin#/../../../secret", Some(Escape::Parent)),
            ("%2e%2e/x", Some(Escape::Parent)),
            ("/etc/shadow", Some(Escape::Absolute)),
            ("C:\\x", Some(Escape::Absolute)),
            ("C:x", Some(Escape::Absolute)),
            ("\\\\server\\share", Some(Escape::Remote)),
            ("//server/share", Some(Escape::Remote)),
            ("https://example.org/x", Some(Escape::Remote)),
            ("file:/etc/passwd", Some(Escape::Remote)),
            ("~/x", Some(Escape::Expanded)),
            ("${HOME}/x", Some(Escape::Expanded)),
            ("a\0b", Some(Escape::Nul)),
        ] {
            assert_eq!(escape(path), how, "{path:?}");
        }
    }
}
