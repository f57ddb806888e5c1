//! [`Named`]: how metadata name a model or a data set: at a registry, by an address, or by a path on somebody's machine.

/// A model or data set that metadata name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Named {
    /// `name`, or `owner/name`.
    Registry {
        /// The owner; empty where none is named.
        namespace: String,
        /// The name.
        name: String,
    },
    /// A path that tells about a machine or a person.
    Local(String),
}

/// Longer names are no names.
const MOST_BYTES: usize = 512;

impl Named {
    /// What `text` names; `None` where it is empty or cannot be a name.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > MOST_BYTES || text.contains(['\n', '\r', '\0']) {
            return None;
        }
        if is_local(text) {
            return Some(Self::Local(text.to_owned()));
        }
        match address(text) {
            Some(path) => of_address(path),
            None => Some(of_parts(text)),
        }
    }

    /// The name without the owner.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Registry { name, .. } => Some(name),
            Self::Local(_) => None,
        }
    }

    /// `owner/name`.
    pub(super) fn full(&self) -> Option<String> {
        match self {
            Self::Registry { namespace, name } if namespace.is_empty() => Some(name.clone()),
            Self::Registry { namespace, name } => Some(format!("{namespace}/{name}")),
            Self::Local(_) => None,
        }
    }
}

/// What follows the host of an address.
fn address(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let is_web = matches!(
        scheme.to_ascii_lowercase().as_str(),
        "http" | "https" | "hf" | "git" | "ssh"
    );
    if !is_web {
        return Some(rest);
    }
    if scheme.eq_ignore_ascii_case("hf") {
        return Some(rest);
    }
    Some(rest.split_once('/').map_or("", |(_, path)| path))
}

/// The last two parts of a path are owner and name; what follows `tree`, `blob` or `resolve` is a place inside.
fn of_address(path: &str) -> Option<Named> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut parts: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
    if let Some(at) = parts
        .iter()
        .position(|it| matches!(*it, "tree" | "blob" | "resolve" | "-"))
    {
        parts.truncate(at);
    }
    let name = parts.pop()?.trim_end_matches(".git");
    let namespace = parts.pop().unwrap_or_default();
    Some(Named::Registry {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}

fn of_parts(text: &str) -> Named {
    let text = text.trim_end_matches('/');
    let (namespace, name) = text.rsplit_once('/').unwrap_or(("", text));
    Named::Registry {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

/// Whether a text is a path on a machine: absolute, in a home folder, with a drive, relative by dots, or with more
/// parts than a name at a registry has.
pub(super) fn is_local(text: &str) -> bool {
    let text = text.trim();
    let drive =
        text.as_bytes().get(1) == Some(&b':') && text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    let is_path = text.starts_with(['/', '~', '\\', '.', '$']) || drive || text.contains('\\');
    let is_file = text.to_ascii_lowercase().starts_with("file:");
    is_path || is_file || (!text.contains("://") && text.matches('/').count() > 1)
}

/// Whether any text, of which nobody knows what it is, is a path on somebody's machine: absolute with a folder in it, in a home
/// folder, behind a drive, or a file's address.
pub(super) fn is_on_a_machine(text: &str) -> bool {
    let text = text.trim();
    let is_drive = match text.as_bytes() {
        [letter, b':', b'/' | b'\\', ..] => letter.is_ascii_alphabetic(),
        _ => false,
    };
    let is_absolute = text.starts_with('/') && text.matches('/').count() > 1;
    is_drive || is_absolute || text.starts_with("~/") || text.to_ascii_lowercase().starts_with("file:")
}

/// The letters and digits of a name, small, so that `Pebble Base` and `pebble-base` are the same.
pub(super) fn slug(name: &str) -> String {
    name.chars()
        .filter(|it| it.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_split() {
        let full = |text: &str| Named::read(text).and_then(|it| it.full());
        for text in [
            "acme/pebble",
            "https://example.org/acme/pebble",
            "https://example.org/acme/pebble/",
            "https://example.org/acme/pebble/tree/main",
            "https://example.org/datasets/acme/pebble.git?x=1",
            "hf://acme/pebble",
        ] {
            assert_eq!(full(text).as_deref(), Some("acme/pebble"), "{text}");
        }
        assert_eq!(full("c4").as_deref(), Some("c4"));
        assert_eq!(full(" "), None);
        assert_eq!(full("https://example.org"), None);
    }

    #[test]
    fn paths_are_private() {
        for text in [
            "/home/x/m",
            "~/m",
            "./m",
            "../m",
            "C:\\m",
            "C:/m",
            "a/b/c",
            "file:///x",
            "$HOME/m",
        ] {
            assert!(matches!(Named::read(text), Some(Named::Local(_))), "{text}");
        }
        assert!(!is_local("acme/pebble"));
    }

    #[test]
    fn paths_are_private_wherever_they_stand() {
        for text in ["/home/x/m", "~/m", "C:\\m", "C:/m", "file:///x", " /data/x"] {
            assert!(is_on_a_machine(text), "{text}");
        }
        for text in [
            "/",
            "</s>",
            "a/b/c",
            "and/or",
            "https://example.org/a/b",
            "a: b",
            "1:1",
        ] {
            assert!(!is_on_a_machine(text), "{text}");
        }
    }

    #[test]
    fn names_are_compared_by_letters() {
        assert_eq!(slug("Pebble Base"), slug("pebble-base"));
        assert_ne!(slug("pebble-base"), slug("pebble-base-2"));
    }
}
